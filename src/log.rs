//! The byte format: entries as they are signed and kept, and everything that can be checked about them without
//! knowing what they mean. `docs/format.md` is the specification.

pub mod body;
pub mod chain;
mod defect;
pub mod entry;
mod governing;
mod lines;
pub mod request;
pub mod sshsig;
mod strict;
pub mod text;

pub use defect::Defect;
pub use entry::{Entry, Raw, Unsigned};
pub use strict::Keys;
