//! The verified cache: one account's own database, filled only from entries that it verified.

pub mod compare;
pub mod folded_state;
pub mod queries;
pub mod tables;
pub mod verified;
