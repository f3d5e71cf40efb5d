//! Commands that create a register and govern it by proposals.

pub mod explain;
pub mod init;
pub mod policy;
pub mod proposal;
pub mod seal;
