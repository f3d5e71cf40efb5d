//! The byte format: entries as they are signed and kept, and everything that can be checked about them without
//! knowing what they mean. `docs/format.md` is the specification.

pub mod body;
pub mod chain;
mod defect;
pub mod entry;
mod governance;
mod lines;
pub mod request;
mod signatures;
pub mod sshsig;
pub mod text;

pub use defect::Defect;
pub use entry::{Entry, Raw, Unsigned};
pub use signatures::Keys;
