//! Commands that create a register and govern it by proposals.

pub mod explain;
pub mod found;
pub mod init;
pub mod policy;
mod policy_history;
pub mod proposal;
mod proposal_page;
pub mod seal;
mod stopped;

pub use proposal_page::{key_history, stranded_by, summary_of};
