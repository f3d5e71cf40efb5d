//! Commands that read the register and record nothing.

pub mod checkpoint;
pub mod diff;
pub mod export;
pub mod inbox;
pub mod list;
pub mod log;
pub mod show;
