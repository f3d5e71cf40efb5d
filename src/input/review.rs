//! Reads a review from TOML, and writes its template.

use super::fault::Fault;
use super::freeze::{read_all, read_zone};
use super::times;
use super::tree::Table;
use crate::domain::{Change, PersonId, Prose, ReviewText, Time};
use crate::tr;
use crate::zone::Zone;

/// The most lines of a timeline in a template: the newest.
const MOST_LINES: usize = 200;

/// A valid draft of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDraft {
    /// What it says, without its actions.
    pub text: ReviewText,
    /// What is to be done, by whom, and by when.
    pub actions: Vec<(Prose, PersonId, Time)>,
}

/// Reads a review.
///
/// # Errors
/// Every fault of the file, in the order of lines. If there are syntax errors, only those.
pub fn read_review(text: &str) -> Result<ReviewDraft, Vec<Fault>> {
    read_all(text, read)
}

fn read(root: Table<'_, '_>) -> Option<ReviewDraft> {
    let zone = read_zone(&root);
    // Beside a wrong zone, whose fault is reported, times are read in UTC to find their other faults.
    let times_in = zone.unwrap_or_else(|()| Some(Zone::utc()));
    let happened = root.required_prose("happened");
    let (helped, hindered) = (root.prose("helped"), root.prose("hindered"));
    let learned = root.required_prose("learned");
    let mut actions = Vec::new();
    for table in root.tables("action") {
        let (text, owner) = (table.required_prose("text"), table.required_word("owner"));
        let due = table.required("due").and_then(|value| {
            let written = value.time()?;
            times::time(&written, times_in.as_ref()).map_err(|problem| value.fault(problem)).ok()
        });
        table.finish();
        actions.extend(text.zip(owner).zip(due).map(|((text, owner), due)| (text, owner, due)));
    }
    root.finish();
    let text = ReviewText { happened, helped, hindered, learned, ..ReviewText::default() };
    Some(ReviewDraft { text, actions })
}

/// A review to fill in, with the timeline of the change as comments. An action would be due in two weeks.
pub fn review_template(change: &Change, title: Option<&str>, timeline: &[String], now: Time) -> String {
    let facts = &change.current().facts;
    let newest = timeline.get(timeline.len().saturating_sub(MOST_LINES)..).unwrap_or_default();
    let timeline: String = newest.iter().map(|line| format!("#   {line}\n")).collect();
    tr!(include_str!("review.toml"), include_str!("review.zh.toml"))
        .replace("{change}", &change.id().to_string())
        .replace("{zone}", facts.window.zone().as_str())
        .replace("{owner}", facts.owner.as_str())
        .replace("{day}", &now.plus(14 * 86_400).utc().format("%Y-%m-%d").to_string())
        .replace("{timeline}", &timeline)
        // Last, because somebody chose it.
        .replace("{title}", title.unwrap_or(tr!("(text redacted)", "（文本已隐去）")))
}
