//! Comparing and refilling the derived tables.

use std::cmp::Ordering;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator as _;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row};

use crate::store::doing::Doing;
use crate::store::error::MOST;
use crate::store::sqlite::schema::{STATE, TABLES};
use crate::store::{Finding, StoreError};
use crate::trf;

/// Rows of a table in the order of its key, one at a time.
fn select_in_order((table, keys): (&str, usize)) -> String {
    let order: Vec<String> = (1..=keys).map(|n| n.to_string()).collect();
    format!("SELECT * FROM {table} ORDER BY {}", order.join(", "))
}

/// The first columns of a row; empty if there is no row.
fn first_columns(row: Option<&Row<'_>>, columns: usize) -> rusqlite::Result<Vec<Value>> {
    row.into_iter().flat_map(|row| (0..columns).map(|n| row.get_ref(n).map(value))).collect()
}

/// The value of a column. Text that is not UTF-8, which only an attacker writes, is returned as bytes.
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

/// The order in which SQLite sorts values.
fn order(a: ValueRef<'_>, b: ValueRef<'_>) -> Ordering {
    let class = |value: ValueRef<'_>| match value {
        ValueRef::Null => 0,
        ValueRef::Integer(_) | ValueRef::Real(_) => 1,
        ValueRef::Text(_) => 2,
        ValueRef::Blob(_) => 3,
    };
    match (a, b) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => a.cmp(&b),
        (ValueRef::Text(a), ValueRef::Text(b)) => a.cmp(b),
        _ => class(a).cmp(&class(b)),
    }
}

/// The order of two rows by their key, which is their first `keys` columns.
fn order_by_key(a: &Row<'_>, b: &Row<'_>, keys: usize) -> rusqlite::Result<Ordering> {
    for n in 0..keys {
        let ordering = order(a.get_ref(n)?, b.get_ref(n)?);
        if ordering.is_ne() {
            return Ok(ordering);
        }
    }
    Ok(Ordering::Equal)
}

fn is_same(a: &Row<'_>, b: &Row<'_>, columns: usize) -> rusqlite::Result<bool> {
    for n in 0..columns {
        if a.get_ref(n)? != b.get_ref(n)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The kind of difference of a row.
enum Difference {
    /// The row is in the shared table only.
    Added,
    /// The row is missing from the shared table.
    Missing,
    /// The row has other values in the shared table.
    Changed,
}

/// Compares the shared tables with those of a verified cache, in both directions, a row at a time.
///
/// # Errors
/// What SQLite reports.
pub fn compare(shared: &Connection, cache: &Connection) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    for table in TABLES {
        compare_table(shared, cache, *table, &mut findings)?;
    }
    Ok(findings)
}

/// Whether two verified caches differ, in their tables or in their state.
///
/// # Errors
/// What SQLite reports.
pub fn differs(one: &Connection, other: &Connection) -> Result<bool, StoreError> {
    let mut findings = compare(one, other)?;
    for table in STATE {
        compare_table(one, other, *table, &mut findings)?;
    }
    Ok(!findings.is_empty())
}

fn compare_table(
    shared: &Connection,
    cache: &Connection,
    (table, keys): (&str, usize),
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    // The error must name the damaged one of the two files.
    let of_shared = || StoreError::sqlite(Doing::CompareTables);
    let of_copy = || StoreError::cache(cache, Doing::CompareTables);
    let sql = select_in_order((table, keys));
    let mut ours = cache.prepare(&sql).map_err(of_copy())?;
    let mut theirs = shared.prepare(&sql).map_err(of_shared())?;
    let columns = ours.column_count();
    let mut ours = ours.query([]).map_err(of_copy())?;
    let mut theirs = theirs.query([]).map_err(of_shared())?;
    ours.advance().map_err(of_copy())?;
    theirs.advance().map_err(of_shared())?;
    loop {
        let (ordering, difference) = match (ours.get(), theirs.get()) {
            (None, None) => return Ok(()),
            (Some(_), None) => (Ordering::Less, Some(Difference::Missing)),
            (None, Some(_)) => (Ordering::Greater, Some(Difference::Added)),
            (Some(a), Some(b)) => match order_by_key(a, b, keys).map_err(of_shared())? {
                Ordering::Less => (Ordering::Less, Some(Difference::Missing)),
                Ordering::Greater => (Ordering::Greater, Some(Difference::Added)),
                equal => {
                    let same = is_same(a, b, columns).map_err(of_shared())?;
                    (equal, (!same).then_some(Difference::Changed))
                }
            },
        };
        // More are not reported; and a hostile file can have rows without end.
        if findings.len() >= MOST {
            return Ok(());
        }
        if let Some(difference) = difference {
            let row = if matches!(difference, Difference::Added) { theirs.get() } else { ours.get() };
            findings.push(describe(table, &difference, &first_columns(row, keys).map_err(of_shared())?));
        }
        if ordering.is_le() {
            ours.advance().map_err(of_copy())?;
        }
        if ordering.is_ge() {
            theirs.advance().map_err(of_shared())?;
        }
    }
}

fn describe(table: &str, difference: &Difference, key: &[Value]) -> Finding {
    let show = |value: &Value| match value {
        Value::Integer(n) => n.to_string(),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let key: Vec<String> = key.iter().map(show).collect();
    let row = trf!("the row {} of the table {table}", "数据表 {table} 的行 {}", key.join(", "));
    let meaning = match difference {
        Difference::Added => {
            trf!("{row} differs from the log: no entry makes it", "{row} 与日志不符：没有日志条目产生该行")
        }
        Difference::Missing => trf!("{row} is missing", "{row} 缺失"),
        Difference::Changed => {
            trf!("{row} differs from the log: its values were changed", "{row} 与日志不符：其值已被更改")
        }
    };
    Finding::of_file("tables", meaning)
}

/// Empties tables and fills them from a verified cache.
///
/// # Errors
/// What SQLite reports.
pub fn refill(into: &Connection, cache: &Connection, tables: &[(&str, usize)]) -> rusqlite::Result<()> {
    for (table, keys) in tables {
        into.execute(&format!("DELETE FROM {table}"), [])?;
        let mut select = cache.prepare(&select_in_order((table, *keys)))?;
        let columns = select.column_count();
        let places: Vec<String> = (1..=columns).map(|n| format!("?{n}")).collect();
        let mut insert = into.prepare(&format!("INSERT INTO {table} VALUES ({})", places.join(", ")))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            insert.execute(rusqlite::params_from_iter(first_columns(Some(row), columns)?))?;
        }
    }
    Ok(())
}
