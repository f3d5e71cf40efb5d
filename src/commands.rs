//! The commands: one folder a topic, one file a verb.

pub mod account;
pub mod action;
mod ask;
pub mod audit;
pub mod breakglass;
pub mod calendar;
pub mod change;
mod chinese;
pub mod context;
pub mod deviation;
mod duration;
pub mod evidence;
mod files;
pub mod freeze;
pub mod gate;
pub mod govern;
pub mod help;
mod known;
pub mod look;
mod lookup;
pub mod notify;
mod overlaps;
pub mod people;
mod recorded;
mod registers;
pub mod service;
pub mod shell;
mod signed_acts;
pub mod template;
mod timestamp;
mod ui;
pub mod upkeep;

pub use chinese::Zh;
pub use context::{Context, Options};
pub use recorded::report_dry_run;
use recorded::{
    Question, about_to_sign, record_asked, record_shown, report_already, report_recorded, report_recorded_with,
};
