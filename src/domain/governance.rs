//! Governance: people, keys, grants and proposals, and every rule about who may change them.

pub mod action;
pub mod asked;
mod fold;
pub mod grants;
pub mod people;
pub mod periods;
pub mod proposal;
mod rules;
pub mod state;
