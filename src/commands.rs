//! What people can do: one folder a noun, one file a verb.

pub mod change;
pub mod context;
pub mod govern;
pub mod look;
mod lookup;
pub mod people;
mod recorded;
pub mod upkeep;

pub use context::{Context, Options};
use recorded::report_recorded;
