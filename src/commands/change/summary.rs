//! What a person is about to sign about a change, in a few lines.

use crate::commands::lookup::{change, parts};
use crate::domain::{Revision, RevisionRef};
use crate::error::Error;
use crate::output::{Page, window_lines};
use crate::store::Session;

/// Begins the end of a page: what is about to be signed, and what an act on this revision may cause.
///
/// # Errors
/// The register cannot be read.
pub fn summary(page: &mut Page, session: &Session, at: RevisionRef, verb: &str) -> Result<(), Error> {
    let change = change(session, at.change)?;
    page.block(&format!("about to sign: {verb} {} revision {}", at.change, at.number));
    let Some(revision) = change.revisions().find(|it| it.id == at) else { return Ok(()) };
    content(page, session, revision)?;
    // Each target has a start of its own, also after the first one.
    let (facts, started) = (&revision.facts, change.started().is_some() && !verb.starts_with("start"));
    let (what, last) =
        if started { ("begin the rollback", facts.last_rollback()) } else { ("start", facts.last_start()) };
    let last = format!("{}{}", page.minute(last, facts.window.zone().as_str()), page.away(last));
    page.text("", format_args!("last moment to {what}: {last}"));
    Ok(())
}

/// Writes what matters of a revision: title, risk, owner, window, outage and rollback.
///
/// # Errors
/// The register cannot be read.
pub fn content(page: &mut Page, session: &Session, revision: &Revision) -> Result<(), Error> {
    for block in parts(session, revision.seq)?.content().iter().filter(|block| block.name == "title") {
        page.lines(&block.lines);
    }
    let facts = &revision.facts;
    page.text("", format_args!("{} risk, {}, owner {}", facts.risk, facts.kind, facts.owner));
    page.text("", window_lines(&facts.window));
    let (outage, rollback) = (facts.outage_minutes, facts.rollback_minutes);
    page.text("", format_args!("outage {outage} min expected, rollback {rollback} min"));
    Ok(())
}
