//! A change as TOML.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::fault::{Fault, Problem};
use super::times;
use super::tree::{Source, Table, Value};
use crate::domain::{
    Artifact, ChangeKind, Description, Digest, Link, LinkKind, PersonId, Prose, Reference, Risk, Step, Terms, Trial,
    Window, ZoneName,
};

/// A change that was read, with the line of each of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What rules can read of it.
    pub terms: Terms,
    /// What people wrote.
    pub description: Description,
    /// Field to line, for faults that only a register can find.
    pub lines: BTreeMap<String, usize>,
}

/// The SHA-256 of a file, named relative to the draft.
pub type DigestOf<'f> = &'f mut dyn FnMut(&str) -> io::Result<Digest>;

/// Reads a change.
///
/// # Errors
/// Every fault of the file, in the order of lines.
pub fn read(text: &str, digest_of: DigestOf<'_>) -> Result<Draft, Vec<Fault>> {
    let source = Source::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let parsed = source.parse();
    let change = read_change(Table::root(&source, parsed.get_ref()), digest_of);
    let (faults, lines) = source.finish();
    // A broken grammar hides fields: what seems to be missing then may only be unread.
    let syntax: Vec<Fault> = faults.iter().filter(|it| matches!(it.problem, Problem::Syntax(_))).cloned().collect();
    match change {
        _ if !syntax.is_empty() => Err(syntax),
        Some((terms, description)) if faults.is_empty() => Ok(Draft { terms, description, lines }),
        _ => Err(faults),
    }
}

fn read_change(root: Table<'_, '_>, digest_of: DigestOf<'_>) -> Option<(Terms, Description)> {
    let title = root.need_line("title");
    let kind: Option<ChangeKind> = root.need_word("kind");
    let risk: Option<Risk> = root.need_word("risk");
    let owner: Option<PersonId> = root.need_word("owner");
    let mut implementers: BTreeSet<PersonId> = root.words("implementers");
    if implementers.is_empty() {
        implementers.extend(owner.clone());
    }
    let services = root.words("services");
    if services.is_empty() {
        root.missing("services");
    }
    let tags = root.words("tags");
    let reason = root.need_prose("reason");
    let (security, success) = (root.prose("security"), root.prose("success"));
    let window = root.need("window").and_then(|_| root.table("window")).and_then(read_window);
    let (impact, outage_minutes) = read_impact(&root);
    let plan = read_steps(&root, "plan");
    let rollback = read_rollback(&root);
    let (tests, evidence) = read_tests(&root, digest_of);
    let artifacts = read_artifacts(&root, digest_of);
    let links = root.table("links").map(read_links).unwrap_or_default();
    root.finish();

    let (rollback_minutes, abort_if, rollback) = rollback?;
    let description = Description { title, reason, impact, security, plan, rollback, abort_if, tests, success };
    let terms = Terms {
        kind: kind?,
        risk: risk?,
        owner: owner?,
        implementers,
        services,
        tags,
        window: window?,
        outage_minutes,
        rollback_minutes: rollback_minutes?,
        artifacts,
        evidence,
        links,
    };
    Some((terms, description))
}

fn read_window(table: Table<'_, '_>) -> Option<Window> {
    let zone_value = table.get("zone");
    let name = zone_value.as_ref().and_then(|value| value.text(|text| Ok(text.to_owned())));
    let zone = match name.as_deref().map(times::zone) {
        Some(Err(problem)) => {
            zone_value.iter().for_each(|value| value.fault(problem.clone()));
            // The times cannot be read without it; one fault is enough.
            let _ = (table.get("start"), table.get("end"));
            table.finish();
            return None;
        }
        Some(Ok(zone)) => Some(zone),
        None => None,
    };
    let time = |value: Option<Value<'_, '_>>| {
        let value = value?;
        let written = value.time()?;
        times::time(&written, zone).map_err(|problem| value.fault(problem)).ok()
    };
    let (start, end) = (time(table.need("start")), time(table.need("end")));
    let zone: ZoneName = name.as_deref().unwrap_or("UTC").parse().ok()?;
    let window = Window::new(start?, end?, zone).map_err(|invalid| table.fault("end", invalid)).ok();
    table.finish();
    window
}

fn read_impact(root: &Table<'_, '_>) -> (Option<Prose>, u64) {
    let Some(table) = root.need("impact").and_then(|_| root.table("impact")) else { return (None, 0) };
    let text = table.need_prose("text");
    let minutes = table.number("outage_minutes").unwrap_or(0);
    table.finish();
    (text, minutes)
}

fn read_steps(table: &Table<'_, '_>, key: &'static str) -> Vec<Step> {
    let mut steps = Vec::new();
    let tables = table.tables(key);
    if tables.is_empty() {
        table.missing(key);
    }
    for it in tables {
        let (text, command) = (it.need_prose("step"), it.prose("command"));
        steps.extend(text.map(|text| Step { text, command }));
        it.finish();
    }
    steps
}

type Rollback = (Option<u64>, Vec<Prose>, Vec<Step>);

fn read_rollback(root: &Table<'_, '_>) -> Option<Rollback> {
    let table = root.need("rollback").and_then(|_| root.table("rollback"))?;
    let minutes = table.number("minutes");
    if minutes.is_none() && table.get("minutes").is_none() {
        table.missing("minutes");
    }
    let criteria = table.get("abort_if").map(|value| value.items(true)).unwrap_or_default();
    let abort_if = criteria.iter().filter_map(|value| value.text(Prose::from_typed)).collect();
    let steps = read_steps(&table, "steps");
    table.finish();
    Some((minutes, abort_if, steps))
}

fn read_tests(root: &Table<'_, '_>, digest_of: DigestOf<'_>) -> (Vec<Trial>, Vec<(u64, Digest)>) {
    let (mut tests, mut evidence) = (Vec::new(), Vec::new());
    for (number, table) in (1..).zip(root.tables("tests")) {
        let (what, result) = (table.need_prose("what"), table.need_prose("result"));
        let shown = table.get("evidence").and_then(|value| {
            let path = value.text(crate::domain::Line::from_typed)?;
            let digest = digest_file(path.as_str(), digest_of).map_err(|problem| value.fault(problem)).ok()?;
            Some((path, digest))
        });
        table.finish();
        if let (Some(what), Some(result)) = (what, result) {
            evidence.extend(shown.as_ref().map(|(_, digest)| (number, *digest)));
            tests.push(Trial { what, result, evidence: shown.map(|(path, _)| path) });
        }
    }
    (tests, evidence)
}

fn read_artifacts(root: &Table<'_, '_>, digest_of: DigestOf<'_>) -> Vec<Artifact> {
    let mut artifacts = Vec::new();
    for table in root.tables("artifacts") {
        let name = table.need_word("name");
        let written: Option<Digest> = table.word("sha256");
        let file = table.get("file").and_then(|value| {
            let path = value.text(|text| Ok(text.to_owned()))?;
            let found = digest_file(&path, digest_of).map_err(|problem| value.fault(problem)).ok()?;
            if written.is_some_and(|written| written != found) {
                value.fault(Problem::Digest { path, found });
            }
            Some(found)
        });
        if table.get("file").is_none() && table.get("sha256").is_none() {
            table.fault("name", Problem::NoContent);
        }
        table.finish();
        if let (Some(name), Some(digest)) = (name, file.or(written)) {
            artifacts.push(Artifact { name, digest });
        }
    }
    artifacts
}

fn digest_file(path: &str, digest_of: DigestOf<'_>) -> Result<Digest, Problem> {
    digest_of(path).map_err(|error| Problem::File { path: path.to_owned(), reason: error.to_string() })
}

fn read_links(table: Table<'_, '_>) -> BTreeSet<Link> {
    let mut links = BTreeSet::new();
    for (kind, key) in
        [(LinkKind::Incident, "incident"), (LinkKind::Ticket, "ticket"), (LinkKind::Vulnerability, "vulnerability")]
    {
        links.extend(table.words::<Reference>(key).into_iter().map(|reference| Link { kind, reference }));
    }
    table.finish();
    links
}
