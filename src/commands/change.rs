//! Commands that file, decide, start and finish changes.

pub mod again;
pub mod against;
pub mod approve;
mod approve_all;
mod artifacts;
pub mod check;
pub mod close;
mod commits;
mod compose;
pub mod confirm;
mod detached;
pub mod draft;
pub mod drafts;
pub mod file;
mod filing;
pub mod finish;
pub mod note;
pub mod once;
pub mod reject;
pub mod retract;
pub mod review;
pub mod revise;
pub mod start;
mod summary;
pub mod withdraw;
