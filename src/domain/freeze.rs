//! Change freezes: when nothing may be changed, what they concern, and who may except from them; and calendars.

pub mod alone;
pub mod calendar;
pub mod free;
pub mod judging;
pub mod records;
pub mod terms;
