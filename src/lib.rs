//! twinseal: a change register with two-person control.
//!
//! A change is filed with its owner, window, impact and rollback plan; it can be started only after two other people
//! have signed that exact revision; every action is an entry in one append-only, hash-chained, signed log.
//!
//! Three principles decide most design questions:
//!
//! - The log is authoritative; every table is derived from it.
//! - Everything shown or decided comes from entries that this account's twinseal has verified.
//! - Rules read the body of an entry; its free text is for people.
//!
//! Imports go one way, which a test checks: `domain ← format ← store ← record ← commands ← cli`.
//!
//! - [`domain`]: what can be recorded (`Event`), every rule (`Refusal`), and the state that results (`Register`).
//!   Pure: no I/O and no clock. The same code checks the rules when writing and when verifying.
//! - [`mod@format`]: the exact bytes of an entry, how they are signed and chained, and every check that does not need
//!   their meaning.
//! - [`store`]: the shared SQLite file, which anyone with write access may tamper with, and this account's verified
//!   cache and pin, which only verified entries reach.
//! - [`record`]: the only code that records an entry: rehearse, confirm, sign, append.
//! - [`commands`]: one file per command.
//! - [`cli`]: the command line, and one match that runs a command.
//! - [`trust`] decides which register a file holds, and [`key_choice`] which key signs. [`signer`] makes signatures,
//!   [`input`] reads the TOML that people write, and [`output`] formats what people read. [`mod@env`] is the only
//!   access to the process environment, [`config`] has an account's settings and trusted registers, [`error`] the
//!   errors and exit codes of commands, [`private`] guards the files of an account, [`zone`] has the time zones,
//!   [`lang`] both languages of what people read, [`venue`] the trading sessions of exchanges, and [`notify`] the queue of notices and their targets. `tls` has
//!   the certificate authorities that connections trust.
//!
//! A new command is one file and one match arm. A new rule is one `Refusal` variant and one place in the domain.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod cli;
pub mod commands;
pub mod config;
pub mod domain;
pub mod env;
pub mod error;
pub mod format;
pub mod input;
pub mod key_choice;
pub mod lang;
pub mod notify;
pub mod output;
pub mod private;
pub mod record;
pub mod settings;
pub mod signer;
pub mod store;
mod tls;
pub mod trust;
pub mod venue;
pub mod zone;
