//! The derived tables: how an entry is projected onto them, how they are compared, and how they are refilled.

use std::cmp::Ordering;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params};

use super::error::MOST;
use super::schema::TABLES;
use super::{Finding, StoreError};
use crate::domain::{
    Change, Event, Fingerprint, Member, MotionId, MotionState, Proposal, Register, RevisionRef, Terms, Text, Verdict,
};
use crate::log::Entry;

/// Projects an entry; `after` is the state with it taken in.
///
/// # Errors
/// What SQLite says.
pub fn project(conn: &Connection, entry: &Entry, after: &Register) -> rusqlite::Result<()> {
    let Entry { header, event, text, leaf } = entry;
    conn.prepare_cached("INSERT INTO actions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(params![
        header.seq,
        leaf.to_string(),
        event.kind().as_str(),
        header.time.to_string(),
        header.actor.as_str(),
        header.key.to_string(),
        event.change().map(|change| change.number()),
        event.motion().map(|motion| motion.number()),
    ])?;
    if let Some(Text::Names(names)) = text {
        for (person, name) in names {
            conn.prepare_cached("INSERT INTO names VALUES (?1, ?2, ?3)")?.execute(params![
                person.as_str(),
                header.seq,
                name.as_str()
            ])?;
        }
    }
    match event {
        Event::Init { members, .. } => project_members(conn, members, header.seq)?,
        Event::Propose { motion, .. } => project_motion(conn, entry, motion.number())?,
        Event::Second(at) | Event::Decline(at) | Event::MotionWithdraw(at) => {
            project_motion_end(conn, entry, at.motion, after)?;
        }
        Event::KeyRevoke(key) | Event::KeySuspend(key) => project_key(conn, *key, after)?,
        Event::File { change, terms } => {
            let at = RevisionRef { change: *change, number: 1, filed: *leaf };
            project_revision(conn, entry, &at, terms)?;
        }
        Event::Revise { replaces, terms } => {
            let at = RevisionRef { number: replaces.number + 1, filed: *leaf, ..*replaces };
            project_revision(conn, entry, &at, terms)?;
        }
        Event::Retract(at) => project_vote(conn, entry, at, Verdict::Retract)?,
        Event::Approve(at) => project_vote(conn, entry, at, Verdict::Approve)?,
        Event::Reject(at) => project_vote(conn, entry, at, Verdict::Reject)?,
        Event::Start { revision, .. } => project_run(conn, entry, revision, "start")?,
        Event::Finish { revision, outcome } => project_run(conn, entry, revision, outcome.as_str())?,
        Event::Seal | Event::ChangeWithdraw(_) | Event::Note(_) => {}
    }
    match event.change().map(|change| after.change(change)) {
        Some(Ok(change)) => project_change(conn, change),
        _ => Ok(()),
    }
}

/// How a motion's state is called in its table and on the screen.
pub fn state_word(state: &MotionState) -> &'static str {
    match state {
        MotionState::Open => "open",
        MotionState::Carried(_) => "carried",
        MotionState::Declined(_) => "declined",
        MotionState::Withdrawn => "withdrawn",
    }
}

fn project_members(conn: &Connection, members: &[Member], seq: u64) -> rusqlite::Result<()> {
    for Member { person, roles, key, .. } in members {
        let person = person.as_str();
        conn.prepare_cached("INSERT INTO people VALUES (?1, ?2)")?.execute(params![person, seq])?;
        conn.prepare_cached("INSERT INTO keys VALUES (?1, ?2, ?3, ?4, 'live')")?.execute(params![
            key.fingerprint().to_string(),
            person,
            key.to_string(),
            seq
        ])?;
        for role in roles {
            conn.prepare_cached("INSERT INTO roles VALUES (?1, ?2)")?.execute(params![person, role.as_str()])?;
        }
    }
    Ok(())
}

fn project_motion_end(conn: &Connection, entry: &Entry, id: MotionId, after: &Register) -> rusqlite::Result<()> {
    let header = &entry.header;
    let Ok(motion) = after.governance().motion(id) else { return Ok(()) };
    conn.prepare_cached("UPDATE motions SET state = ?2, ended = ?3, ended_by = ?4 WHERE id = ?1")?.execute(params![
        id.number(),
        state_word(&motion.state),
        header.seq,
        header.actor.as_str()
    ])?;
    match (&motion.state, &motion.proposal) {
        (MotionState::Carried(_), Proposal::Enrol(members)) => project_members(conn, members, header.seq),
        (MotionState::Carried(_), Proposal::Lift(key)) => project_key(conn, *key, after),
        _ => Ok(()),
    }
}

fn project_key(conn: &Connection, key: Fingerprint, after: &Register) -> rusqlite::Result<()> {
    let state = after.governance().keys().get(&key).map(|key| key.state.as_str());
    conn.prepare_cached("UPDATE keys SET state = ?2 WHERE fingerprint = ?1")?
        .execute(params![key.to_string(), state])?;
    Ok(())
}

fn project_motion(conn: &Connection, Entry { header, event, .. }: &Entry, motion: u64) -> rusqlite::Result<()> {
    conn.prepare_cached("INSERT INTO motions VALUES (?1, ?2, ?3, ?4, ?5, 'open', NULL, NULL)")?.execute(params![
        motion,
        header.seq,
        event.kind().as_str(),
        header.actor.as_str(),
        header.time.to_string()
    ])?;
    Ok(())
}

fn project_revision(conn: &Connection, entry: &Entry, at: &RevisionRef, terms: &Terms) -> rusqlite::Result<()> {
    let Entry { header, text, .. } = entry;
    let title = match text {
        Some(Text::Description(description)) => description.title.as_ref().map(|title| title.as_str()),
        _ => None,
    };
    let (change, number) = (at.change.number(), at.number);
    conn.prepare_cached(
        "INSERT INTO revisions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        change,
        number,
        at.filed.to_string(),
        header.seq,
        header.actor.as_str(),
        header.time.to_string(),
        title,
        terms.kind.as_str(),
        terms.risk.as_str(),
        terms.owner.as_str(),
        terms.window.start().to_string(),
        terms.window.end().to_string(),
        terms.window.zone().as_str(),
        terms.outage_minutes,
        terms.rollback_minutes,
    ])?;
    let item = |item: &str, value: &str, digest: Option<String>| {
        conn.prepare_cached("INSERT INTO revision_items VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![change, number, item, value, digest])
            .map(|_| ())
    };
    terms.implementers.iter().try_for_each(|it| item("implementer", it.as_str(), None))?;
    terms.services.iter().try_for_each(|it| item("service", it.as_str(), None))?;
    terms.tags.iter().try_for_each(|it| item("tag", it.as_str(), None))?;
    terms.artifacts.iter().try_for_each(|it| item("artifact", it.name.as_str(), Some(it.digest.to_string())))?;
    terms.links.iter().try_for_each(|it| item(it.kind.as_str(), it.reference.as_str(), None))
}

fn project_vote(conn: &Connection, entry: &Entry, at: &RevisionRef, verdict: Verdict) -> rusqlite::Result<()> {
    let header = &entry.header;
    conn.prepare_cached("INSERT INTO votes VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?.execute(params![
        header.seq,
        at.change.number(),
        at.number,
        verdict.as_str(),
        header.actor.as_str(),
        header.time.to_string()
    ])?;
    Ok(())
}

fn project_run(conn: &Connection, entry: &Entry, at: &RevisionRef, act: &str) -> rusqlite::Result<()> {
    let header = &entry.header;
    conn.prepare_cached("INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
        header.seq,
        at.change.number(),
        act,
        header.actor.as_str(),
        header.time.to_string()
    ])?;
    Ok(())
}

fn project_change(conn: &Connection, change: &Change) -> rusqlite::Result<()> {
    conn.prepare_cached(
        "INSERT INTO changes VALUES (?1, ?2, ?3)
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, revision = excluded.revision",
    )?
    .execute(params![change.id().number(), change.state().as_str(), change.current().id.number])?;
    Ok(())
}

type Row = Vec<Value>;

/// Rows of a table in the order of its key, one at a time.
fn select_in_order((table, keys): (&str, usize)) -> String {
    let order: Vec<String> = (1..=keys).map(|n| n.to_string()).collect();
    format!("SELECT * FROM {table} ORDER BY {}", order.join(", "))
}

fn next_row(rows: &mut rusqlite::Rows<'_>, columns: usize) -> rusqlite::Result<Option<Row>> {
    match rows.next()? {
        Some(row) => (0..columns).map(|n| row.get_ref(n).map(value)).collect::<Result<_, _>>().map(Some),
        None => Ok(None),
    }
}

/// A value as it stands; text that is not UTF-8, which only an adversary writes, as its bytes.
fn value(found: ValueRef<'_>) -> Value {
    match found {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Integer(n),
        ValueRef::Real(n) => Value::Real(n),
        ValueRef::Text(bytes) => {
            String::from_utf8(bytes.to_vec()).map_or_else(|error| Value::Blob(error.into_bytes()), Value::Text)
        }
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// SQLite's own order of values.
fn order(a: &Value, b: &Value) -> Ordering {
    let class = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => class(a).cmp(&class(b)),
    }
}

/// How one row differs.
enum Difference {
    /// It stands in the shared table only.
    Added,
    /// It is missing there.
    Missing,
    /// It stands there with other values.
    Changed,
}

/// Holds the shared tables against those of a verified copy, in both directions, a row at a time.
///
/// # Errors
/// What SQLite says.
pub fn compare(shared: &Connection, copy: &Connection) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    for table in TABLES {
        compare_table(shared, copy, *table, &mut findings).map_err(StoreError::sqlite("comparing the tables"))?;
    }
    Ok(findings)
}

fn compare_table(
    shared: &Connection,
    copy: &Connection,
    (table, keys): (&str, usize),
    findings: &mut Vec<Finding>,
) -> rusqlite::Result<()> {
    let sql = select_in_order((table, keys));
    let (mut ours, mut theirs) = (copy.prepare(&sql)?, shared.prepare(&sql)?);
    let columns = ours.column_count();
    let (mut ours, mut theirs) = (ours.query([])?, theirs.query([])?);
    let mut pair = (next_row(&mut ours, columns)?, next_row(&mut theirs, columns)?);
    loop {
        let by_key = |a: &Row, b: &Row| {
            a.iter().zip(b).take(keys).map(|(a, b)| order(a, b)).find(|it| it.is_ne()).unwrap_or(Ordering::Equal)
        };
        let ordering = match &pair {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => by_key(a, b),
        };
        let difference = match (&pair, ordering) {
            (_, Ordering::Less) => Some(Difference::Missing),
            (_, Ordering::Greater) => Some(Difference::Added),
            ((a, b), Ordering::Equal) if a != b => Some(Difference::Changed),
            _ => None,
        };
        if let Some(difference) = difference.filter(|_| findings.len() < MOST) {
            findings.push(describe(table, keys, &difference, &pair));
        }
        if ordering.is_le() {
            pair.0 = next_row(&mut ours, columns)?;
        }
        if ordering.is_ge() {
            pair.1 = next_row(&mut theirs, columns)?;
        }
    }
}

fn describe(table: &str, keys: usize, difference: &Difference, pair: &(Option<Row>, Option<Row>)) -> Finding {
    let row = match difference {
        Difference::Added => pair.1.as_ref(),
        _ => pair.0.as_ref(),
    };
    let show = |value: &Value| match value {
        Value::Integer(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let key: Vec<String> = row.into_iter().flatten().take(keys).map(show).collect();
    let meaning = match difference {
        Difference::Added => "is not what the log says: no entry makes it",
        Difference::Missing => "is missing",
        Difference::Changed => "is not what the log says: its values were changed",
    };
    Finding::of_file("tables", format_args!("the row {} of the table {table} {meaning}", key.join(", ")))
}

/// Empties the tables and fills them from a verified copy.
///
/// # Errors
/// What SQLite says.
pub fn refill(into: &Connection, copy: &Connection) -> rusqlite::Result<()> {
    for (table, keys) in TABLES {
        into.execute(&format!("DELETE FROM {table}"), [])?;
        let mut select = copy.prepare(&select_in_order((table, *keys)))?;
        let columns = select.column_count();
        let places: Vec<String> = (1..=columns).map(|n| format!("?{n}")).collect();
        let mut insert = into.prepare(&format!("INSERT INTO {table} VALUES ({})", places.join(", ")))?;
        let mut rows = select.query([])?;
        while let Some(row) = next_row(&mut rows, columns)? {
            insert.execute(rusqlite::params_from_iter(row))?;
        }
    }
    Ok(())
}
