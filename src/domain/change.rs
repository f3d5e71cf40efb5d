//! Changes: what rules read of a revision, what happened to a change, and every rule about filing and deciding it.

pub mod decision_rules;
pub mod facts;
pub mod filing_rules;
pub mod history;
pub mod tally;
