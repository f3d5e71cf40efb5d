//! The byte format: encoding, decoding and signing of entries, and every check that does not depend on what an entry
//! means. `docs/format.md` is the specification.

mod about_log;
pub mod body;
pub mod chain;
pub mod checkpoint;
pub mod data;
mod defect;
mod deviation;
pub mod entry;
mod freeze;
mod governance;
mod keys;
mod lines;
pub mod note;
pub mod pack;
pub mod request;
mod review;
mod service;
pub mod sshsig;
pub mod statement;
pub mod template;
pub mod text;
pub mod timestamp;
pub mod tree;
pub mod word;

pub use defect::Defect;
pub use entry::{Entry, Raw, Unsigned};
pub use keys::Keys;
