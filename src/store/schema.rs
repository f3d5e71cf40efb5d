//! `schema.sql`, and holding a file's schema against it byte for byte.

use rusqlite::Connection;

use super::{Finding, StoreError};

const SCHEMA: &str = include_str!("../../schema.sql");
const MARK: &str = "-- [the tables]";

/// The statements of both halves.
pub fn whole() -> &'static str {
    SCHEMA
}

/// The statements of the second half.
pub fn tables() -> &'static str {
    SCHEMA.find(MARK).map_or("", |at| &SCHEMA[at..])
}

/// Every derived table and how many of its first columns are its key.
pub const TABLES: &[(&str, usize)] = &[
    ("actions", 1),
    ("people", 1),
    ("names", 2),
    ("roles", 2),
    ("groups", 2),
    ("operators", 2),
    ("keys", 1),
    ("motions", 1),
    ("changes", 1),
    ("revisions", 2),
    ("revision_items", 4),
    ("votes", 1),
    ("runs", 1),
    ("refusals", 1),
    ("erasures", 1),
];

type Object = (String, String, Option<String>);

fn objects(conn: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut select = conn.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// Holds the schema of an open file against ours: what is missing, added or changed.
///
/// # Errors
/// What SQLite says.
pub fn compare(conn: &Connection, ours: &str) -> Result<Vec<Finding>, StoreError> {
    let doing = || StoreError::sqlite("comparing the schema");
    let model = Connection::open_in_memory().map_err(doing())?;
    model.execute_batch(ours).map_err(doing())?;
    let expected = objects(&model).map_err(doing())?;
    let found = objects(conn).map_err(doing())?;
    let named = |list: &[Object], it: &Object| list.iter().find(|(t, n, _)| (t, n) == (&it.0, &it.1)).cloned();
    let mut findings = Vec::new();
    for it in &expected {
        match named(&found, it) {
            None => findings.push(Finding::of_file("schema", format_args!("the {} {} is missing", it.0, it.1))),
            Some(other) if other.2 != it.2 => {
                findings.push(Finding::of_file("schema", format_args!("the {} {} was changed", it.0, it.1)));
            }
            Some(_) => {}
        }
    }
    for (at, it) in found.iter().enumerate() {
        if named(&found[..at], it).is_some() {
            findings.push(Finding::of_file("schema", format_args!("the {} {:?} stands there twice", it.0, it.1)));
        }
    }
    for it in found.iter().filter(|it| named(&expected, it).is_none()) {
        findings.push(Finding::of_file("schema", format_args!("the {} {:?} does not belong here", it.0, it.1)));
    }
    Ok(findings)
}
