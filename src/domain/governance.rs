//! Governance: people, keys, grants and proposals, and every rule about who may change them.

pub mod action;
pub mod grants;
pub mod people;
pub mod proposal;
pub mod state;
