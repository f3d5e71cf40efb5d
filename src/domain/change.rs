//! Changes: the facts of a revision, the history of a change, and the rules about both.

pub mod capacity;
pub mod confirmation;
pub mod conflict;
pub mod decision_rules;
pub mod detached;
pub mod execution;
pub mod facts;
pub mod filing_rules;
pub mod history;
pub mod left;
pub mod overlap;
pub mod requirements;
pub mod review;
pub mod start_rules;
pub mod tally;
pub mod targets;
