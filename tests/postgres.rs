//! PostgreSQL: connecting, rights, the comparison of the schema, and registers, against clusters in temporary folders.

mod address;
mod answers;
pub mod cluster;
mod comparing;
mod connecting;
mod cut_off;
mod derived;
mod encrypted;
mod examples;
mod failover;
mod failure;
mod founding;
mod latency;
mod moving;
mod network;
mod projecting;
mod proxy;
mod registers;
mod restoring;
mod rights;
mod scene;
mod standby;
mod tricked;
mod words;
mod writers;
