//! Comparing and refilling the derived tables.

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, params_from_iter};

use crate::store::cache::rows::{Cell, Difference, Kind, Span, merge_files, select_in_order};
use crate::store::error::MOST;
use crate::store::sqlite::schema::{STATE, TABLES, Table};
use crate::store::{Finding, StoreError};
use crate::trf;

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
    table: Table,
    findings: &mut Vec<Finding>,
) -> Result<(), StoreError> {
    merge_files(shared, cache, table, &mut |difference| collect(table, &difference, findings))
}

/// Adds a finding about a row; `false` if no more are reported, because a hostile table can have rows without end.
///
/// # Errors
/// What the database reports.
pub fn collect(
    (table, keys): Table,
    difference: &Difference<'_>,
    findings: &mut Vec<Finding>,
) -> Result<bool, StoreError> {
    if findings.len() >= MOST {
        return Ok(false);
    }
    let key = (0..keys).map(|n| difference.row().cell(n).map(show)).collect::<Result<Vec<_>, _>>()?;
    findings.push(describe(table, difference.kind, &key.join(", ")));
    Ok(true)
}

fn show(cell: Cell<'_>) -> String {
    match cell {
        Cell::Integer(n) => n.to_string(),
        Cell::Text(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    }
}

fn describe(table: &str, kind: Kind, key: &str) -> Finding {
    let row = trf!("the row {key} of the table {table}", "数据表 {table} 的行 {key}");
    let meaning = match kind {
        Kind::Added => {
            trf!("{row} differs from the log: no entry makes it", "{row} 与日志不符：没有日志条目产生该行")
        }
        Kind::Missing => trf!("{row} is missing", "{row} 缺失"),
        Kind::Changed => {
            trf!("{row} differs from the log: its values were changed", "{row} 与日志不符：其值已被更改")
        }
    };
    Finding::of_file("tables", meaning)
}

/// Empties tables and fills them from a verified cache.
///
/// # Errors
/// What SQLite reports.
pub fn refill(into: &Connection, cache: &Connection, tables: &[Table]) -> rusqlite::Result<()> {
    for (table, keys) in tables {
        into.execute(&format!("DELETE FROM {table}"), [])?;
        let mut select = cache.prepare(&select_in_order((table, *keys), &Span::All))?;
        let columns = select.column_count();
        let places: Vec<String> = (1..=columns).map(|n| format!("?{n}")).collect();
        let mut insert = into.prepare(&format!("INSERT INTO {table} VALUES ({})", places.join(", ")))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|n| row.get_ref(n).map(ToSqlOutput::Borrowed));
            insert.execute(params_from_iter(values.collect::<rusqlite::Result<Vec<_>>>()?))?;
        }
    }
    Ok(())
}
