//! Governance: people, keys, grants and proposals, and every rule about who may change them.

pub mod action;
mod fold;
pub mod grants;
pub mod people;
pub mod proposal;
mod rules;
pub mod state;
