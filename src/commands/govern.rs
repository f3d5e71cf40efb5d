//! Founding a register, and changing it by proposals.

pub mod init;
pub mod policy;
pub mod proposal;
pub mod seal;
