//! `schema.sql`, and the comparison of a file's schema with it, byte for byte.

use rusqlite::{Connection, Row};

use crate::store::doing::Doing;
use crate::store::{Finding, StoreError};
use crate::trf;

const SCHEMA: &str = include_str!("../../../schema.sql");
const TABLES_BEGIN: &str = "-- [the tables]";
const STATE_BEGINS: &str = "-- [the state]";
const MOVED_BEGINS: &str = "-- [the new place]";

/// The table of a register that has moved, and the statement that makes it.
pub const MOVED_TO: &str = "moved_to";
pub const NEW_PLACE: &str = "CREATE TABLE moved_to (\n    place TEXT NOT NULL\n) STRICT";

/// The statements that create a file of this kind.
pub fn statements(part: Part) -> String {
    let at = |mark| SCHEMA.find(mark).unwrap_or(SCHEMA.len());
    match part {
        Part::Register => SCHEMA[..at(STATE_BEGINS)].to_owned(),
        Part::Copy => SCHEMA[at(TABLES_BEGIN)..at(MOVED_BEGINS)].to_owned(),
        Part::Moved => [&SCHEMA[..at(STATE_BEGINS)], &SCHEMA[at(MOVED_BEGINS)..]].concat(),
    }
}

/// A table, and the number of first columns that form its key.
pub type Table = (&'static str, usize);

/// Every derived table.
pub const TABLES: &[Table] = &[
    ("log_entries", 1),
    ("people", 1),
    ("names", 2),
    ("roles", 3),
    ("groups", 3),
    ("operators", 2),
    ("keys", 1),
    ("proposals", 1),
    ("changes", 1),
    ("revisions", 2),
    ("revision_items", 4),
    ("votes", 1),
    ("runs", 1),
    ("actions", 2),
    ("refusals", 1),
    ("breakglass", 1),
    ("breakglass_services", 2),
    ("ratifications", 1),
    ("deviations", 1),
    ("deviation_items", 3),
    ("deviation_reviews", 1),
    ("freezes", 1),
    ("templates", 1),
    ("services", 1),
    ("service_items", 3),
    ("redactions", 1),
];

/// A column of a derived table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Whether it holds whole numbers; the others hold text.
    pub is_integer: bool,
    /// Whether it must have a value.
    pub is_required: bool,
}

/// The derived tables as `schema.sql` declares them, for a database that is no SQLite file.
pub struct Derived {
    /// Each table with its columns, those of the key first.
    pub tables: Vec<(Table, Vec<Column>)>,
    /// The statements that create the indexes.
    pub indexes: Vec<String>,
}

impl Derived {
    /// Lets SQLite read the declarations, so that nothing else has to.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn read() -> Result<Self, StoreError> {
        Self::of(&Connection::open_in_memory().map_err(StoreError::sqlite(Doing::CompareSchema))?)
            .map_err(StoreError::sqlite(Doing::CompareSchema))
    }

    fn of(model: &Connection) -> rusqlite::Result<Self> {
        model.execute_batch(&statements(Part::Copy))?;
        let mut tables = Vec::new();
        for table in TABLES {
            let mut select =
                model.prepare("SELECT name, type = 'INTEGER', \"notnull\" OR pk FROM pragma_table_info(?1)")?;
            let column =
                |row: &Row<'_>| Ok(Column { name: row.get(0)?, is_integer: row.get(1)?, is_required: row.get(2)? });
            tables.push((*table, select.query_map([table.0], column)?.collect::<rusqlite::Result<_>>()?));
        }
        let mut select = model.prepare("SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")?;
        let indexes = select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Self { tables, indexes })
    }
}

/// The tables that only a verified cache has.
pub const STATE: &[Table] = &[("state", 1), ("tree", 2)];

/// An object of a schema: type, name and statement.
type Object = (String, String, Option<String>);

/// The part of the schema that a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The log and the tables.
    Register,
    /// A register that has moved: also where to.
    Moved,
    /// The tables and the state: a verified cache.
    Copy,
}

fn objects(conn: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut select = conn.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
}

/// The objects of our schema as SQLite stores them: each statement from its CREATE on, with the comments in it.
fn ours(part: Part) -> Vec<Object> {
    let statement = |rest: &str| {
        let statement = rest.split(";\n").next().unwrap_or_default().trim_end_matches(';');
        let statement = format!("CREATE {statement}");
        let mut words = statement.split_whitespace().skip(1).map(str::to_owned);
        (words.next().unwrap_or_default().to_lowercase(), words.next().unwrap_or_default(), Some(statement))
    };
    let mut ours: Vec<Object> = statements(part).split("\nCREATE ").skip(1).map(statement).collect();
    ours.sort();
    ours
}

/// Compares the schema of an open file with ours; the findings name what is missing, added or changed.
///
/// # Errors
/// What SQLite reports.
pub fn compare(conn: &Connection, part: Part) -> Result<Vec<Finding>, StoreError> {
    let doing = || StoreError::sqlite(Doing::CompareSchema);
    let expected = ours(part);
    let found = objects(conn).map_err(doing())?;
    if found == expected {
        return Ok(Vec::new());
    }
    let same = |a: &Object, b: &Object| (&a.0, &a.1) == (&b.0, &b.1);
    let named = |list: &[Object], it: &Object| list.iter().find(|other| same(other, it)).cloned();
    let mut findings = Vec::new();
    for it in &expected {
        match named(&found, it) {
            None => findings.push(Finding::of_file("schema", trf!("the {} {} is missing", "{} {} 缺失", it.0, it.1))),
            Some(other) if other.2 != it.2 => {
                findings.push(Finding::of_file("schema", trf!("the {} {} was changed", "{} {} 已被更改", it.0, it.1)));
            }
            Some(_) => {}
        }
    }
    for (at, it) in found.iter().enumerate() {
        if named(&found[..at], it).is_some() {
            findings.push(Finding::of_file(
                "schema",
                trf!("the {} {:?} is defined twice", "{} {:?} 定义了两次", it.0, it.1),
            ));
        }
    }
    for it in found.iter().filter(|it| !expected.iter().any(|other| same(other, it))) {
        findings.push(Finding::of_file(
            "schema",
            trf!("the {} {:?} does not belong here", "{} {:?} 不应出现在此", it.0, it.1),
        ));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_keeps_our_schema_as_it_is_written() {
        for part in [Part::Register, Part::Copy, Part::Moved] {
            let model = Connection::open_in_memory().unwrap();
            model.execute_batch(&statements(part)).unwrap();
            assert_eq!(ours(part), objects(&model).unwrap());
        }
    }
}
