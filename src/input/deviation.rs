//! Reads a deviation from TOML, and has its template.

use super::fault::Fault;
use super::freeze::{read_all, read_zone};
use super::times;
use super::tree::Table;
use crate::domain::{Prose, Told};
use crate::tr;
use crate::zone::Zone;

/// A valid draft of a deviation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviationDraft {
    /// What rules read of it.
    pub told: Told,
    /// What was done.
    pub what: Prose,
}

/// The deviation to fill in.
pub fn deviation_template() -> &'static str {
    tr!(include_str!("deviation.toml"), include_str!("deviation.zh.toml"))
}

/// Reads a deviation.
///
/// # Errors
/// Every fault of the file, in the order of lines. If there are syntax errors, only those.
pub fn read_deviation(text: &str) -> Result<DeviationDraft, Vec<Fault>> {
    read_all(text, read)
}

fn read(root: Table<'_, '_>) -> Option<DeviationDraft> {
    // Beside a wrong zone, whose fault is reported, the time is read in UTC to find its other faults.
    let zone = read_zone(&root).unwrap_or_else(|()| Some(Zone::utc()));
    let done = root.required("done").and_then(|value| {
        let written = value.time()?;
        times::time(&written, zone.as_ref()).map_err(|problem| value.fault(problem)).ok()
    });
    let (by, services, incident) = (root.words("by"), root.words("services"), root.word("incident"));
    let what = root.required_prose("what");
    root.finish();
    Some(DeviationDraft { told: Told { done: done?, by, services, incident }, what: what? })
}
