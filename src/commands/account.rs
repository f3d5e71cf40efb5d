//! This account: who it is, its settings, the registers that it trusts, and the page without a command.

pub mod config;
pub mod home;
pub mod trusted;
pub mod whoami;
