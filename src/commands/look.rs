//! Reading the register: nothing here records anything.

pub mod diff;
pub mod export;
pub mod inbox;
pub mod list;
pub mod log;
pub mod show;
