//! This account: who it is, its settings, the registers that it trusts, and the page without a command.

pub mod config;
pub mod home;
pub mod join;
mod own_changes;
mod own_key;
mod settle;
pub mod trusted;
pub mod whoami;

pub use own_key::own_key;
pub use settle::settle;
