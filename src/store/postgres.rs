//! The shared database on PostgreSQL, whose owner can tamper with everything in it.

pub mod address;
pub mod connect;
pub mod derived;
pub mod error;
pub mod fault;
pub mod health;
pub mod link;
mod opening;
pub mod passfile;
mod percent;
pub mod projecting;
pub mod queue;
pub mod rows;
pub mod schema;
pub mod service;
mod settling;
pub mod shared;
pub mod silence;
pub mod tables;
pub mod tls;
mod told;
