//! The derived tables: how they are compared, and how they are refilled.

use std::cmp::Ordering;

use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};

use super::error::MOST;
use super::schema::TABLES;
use super::{Finding, StoreError};

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
