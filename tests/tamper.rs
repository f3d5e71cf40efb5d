//! What an adversary does to a register's file, and what is said about it. They may read, write, replace, truncate
//! and roll the file back, and hold one person's key. What they need for each, and where it is written down what comes
//! of it: the table in `docs/threat-model.md`, which `threats` holds against the tests.

mod bytes;
mod cache;
mod checkpoints;
mod clocks;
mod data;
mod ends;
mod entries;
mod files;
mod pin;
mod recorded;
pub mod scene;
pub mod schema;
mod state;
mod tables;
mod texts;
mod threats;
