//! Commands that verify, back up, restore and repair a register.

pub(in crate::commands) mod against;
pub mod backup;
pub mod doctor;
pub mod rebuild;
pub mod recover;
pub mod register;
pub mod repair;
pub mod restore;
pub mod verify;
