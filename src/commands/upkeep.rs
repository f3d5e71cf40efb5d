//! Verifying, copying and repairing the register and what surrounds it.

pub mod backup;
pub mod doctor;
pub mod rebuild;
pub mod recover;
pub mod repair;
pub mod restore;
pub mod verify;
