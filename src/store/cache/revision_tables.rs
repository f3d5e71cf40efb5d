//! The tables of the revisions of changes.

use rusqlite::{Connection, params};

use crate::domain::{Execution, Facts, RevisionRef, Text};
use crate::format::Entry;
use crate::store::cache::template_tables;

/// Projects a revision.
pub(super) fn project(
    conn: &Connection,
    entry: &Entry,
    at: &RevisionRef,
    (facts, execution): (&Facts, &Execution),
) -> rusqlite::Result<()> {
    let Entry { header, text, .. } = entry;
    let title = match text {
        Some(Text::Description(description)) => description.title.as_ref().map(|title| title.as_str()),
        _ => None,
    };
    let (change, number) = (at.change.number(), at.number);
    conn.prepare_cached(
        "INSERT INTO revisions VALUES
            (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
    )?
    .execute(params![
        change,
        number,
        at.filed.to_string(),
        header.seq,
        header.actor.as_str(),
        header.time.to_string(),
        title,
        facts.kind.as_str(),
        facts.risk.as_str(),
        facts.owner.as_str(),
        facts.window.start().to_string(),
        facts.window.end().to_string(),
        facts.window.zone().as_str(),
        facts.outage_minutes,
        facts.rollback_minutes,
        facts.targets,
        facts.stop_after,
    ])?;
    let item = |item: &str, value: &str, digest: Option<String>| {
        conn.prepare_cached("INSERT INTO revision_items VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![change, number, item, value, digest])
            .map(|_| ())
    };
    facts.authors.iter().try_for_each(|it| item("author", &it.to_string(), None))?;
    facts.environments.iter().try_for_each(|it| item("environment", it.as_str(), None))?;
    facts.exceptions.iter().try_for_each(|it| item("exception", it.as_str(), None))?;
    facts.sensitive.iter().try_for_each(|it| item("sensitive", it.as_str(), None))?;
    facts.follows.iter().try_for_each(|it| item("follows", &it.to_string(), None))?;
    execution
        .conflicts
        .iter()
        .try_for_each(|(it, filed)| item("conflict", &it.to_string(), Some(filed.to_string())))?;
    facts.excepted.iter().try_for_each(|(it, since)| item("freeze-exception", it.as_str(), Some(since.to_string())))?;
    facts.implementers.iter().try_for_each(|it| item("implementer", it.as_str(), None))?;
    facts.services.iter().try_for_each(|it| item("service", it.as_str(), None))?;
    facts.tags.iter().try_for_each(|it| item("tag", it.as_str(), None))?;
    template_tables::project_used(facts, item)?;
    facts.artifacts.iter().try_for_each(|it| item("artifact", it.name.as_str(), Some(it.digest.to_string())))?;
    facts.links.iter().try_for_each(|it| item(it.kind.as_str(), it.reference.as_str(), None))
}
