//! The shared file: one SQLite database that everybody who may write can tamper with.

pub mod backup;
pub mod connect;
pub mod fault;
pub mod integrity;
pub mod mount;
pub mod queue;
pub mod schema;
pub mod shared;
pub mod snapshot;
