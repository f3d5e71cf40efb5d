//! The shared file: one SQLite database that everybody who may write can tamper with.

pub mod backup;
pub mod closing;
pub mod connect;
pub mod error;
pub mod fault;
pub mod founding;
pub mod integrity;
pub mod mount;
pub mod moved;
pub mod place;
pub mod private_copy;
pub mod queue;
pub mod schema;
pub mod shared;
pub mod snapshot;
pub mod staging;
