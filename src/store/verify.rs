//! Reading the log: entries opened on all cores, then judged one after the other.

mod counters;
pub mod outliers;
pub mod parallel;
pub mod replay;
