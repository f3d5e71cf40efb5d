//! Filing, deciding and carrying out changes.

pub mod approve;
pub mod check;
pub mod draft;
pub mod file;
pub mod finish;
pub mod note;
pub mod reject;
pub mod retract;
pub mod revise;
pub mod start;
pub mod withdraw;
