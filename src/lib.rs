//! twinseal: a change register with two-person control.
//!
//! A change is filed with its owner, window, impact and rollback plan; it can be started only after two other people
//! have signed that exact revision; every action is an entry in one append-only, hash-chained, signed log.
//!
//! Three sentences decide most questions. The log is the truth; every table is a view of it. Whatever is shown or
//! decided comes from entries that this person's own twinseal has verified. Rules read the body of an entry, people
//! read its text.
//!
//! Imports go one way, and a test holds it: `domain ← format ← store ← commands ← cli`.
//!
//! - [`domain`]: what can be recorded (`Event`), every rule that can say no (`Refusal`), and the state that events
//!   make (`Register`). Pure: no input, no output, no clock. The same code judges when writing and when verifying.
//! - [`mod@format`]: the exact bytes of an entry, how they are signed and chained, and everything that can be checked about
//!   them without knowing what they mean.
//! - [`store`]: where a register is kept: the shared SQLite file that anybody may tamper with, and this account's
//!   verified copy and pin, which only verified entries reach.
//! - [`commands`]: one file a verb; `record()` there is the only way in which anything is written.
//! - [`cli`]: the tree of verbs and one match.
//! - Beside `store`: [`signer`] makes signatures, [`input`] reads the TOML that people write, [`output`] makes what
//!   people read. [`mod@env`] is the only door to the process, [`config`] what an account prefers and trusts, [`error`]
//!   what a command answers when it does not do what it was asked.
//!
//! A new verb is one file and one match arm. A new rule is one `Refusal` variant and one place in the domain.

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
pub mod output;
pub mod record;
pub mod signer;
pub mod signing;
pub mod store;
pub mod trust;
pub mod zone;
