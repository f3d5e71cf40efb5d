//! The verified cache: one account's own database, filled only from entries that it verified.

pub mod action_queries;
pub mod audit_queries;
pub mod compare;
mod deviation_tables;
pub mod offered;
pub mod queries;
mod revision_tables;
pub mod rows;
pub mod service_queries;
pub mod state;
pub mod tables;
pub mod template_tables;
mod tree;
pub mod verified;
