//! Evidence packs: gathered from a verified log, written and read as a folder or a zip, and judged without the log.

pub mod files;
mod judge;
mod select;
mod zip;

pub use judge::{Proven, Verdict, judge};
pub use select::Extras;
