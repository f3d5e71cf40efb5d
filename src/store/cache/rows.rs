//! Rows of a derived table in the order of its key, wherever the table is, and how two such tables differ.

use std::cmp::Ordering;

use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator as _;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Rows};

use crate::store::StoreError;
use crate::store::doing::Doing;
use crate::store::sqlite::schema::Table;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'r> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// Text, which may not be UTF-8 if an attacker wrote it.
    Text(&'r [u8]),
    /// Bytes, or a value of a type that no derived table has.
    Bytes(&'r [u8]),
}

impl Cell<'_> {
    /// The order of SQLite, and of PostgreSQL with the collation C.
    fn order(self, other: Self) -> Ordering {
        let class = |cell: Self| match cell {
            Self::Null => 0,
            Self::Integer(_) | Self::Real(_) => 1,
            Self::Text(_) => 2,
            Self::Bytes(_) => 3,
        };
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => class(self).cmp(&class(other)),
        }
    }
}

/// Rows in the order of their key, one at a time.
pub trait OrderedRows {
    /// Goes on to the next row; `false` after the last one.
    ///
    /// # Errors
    /// What the database reports.
    fn advance(&mut self) -> Result<bool, StoreError>;

    /// A value of the current row.
    ///
    /// # Errors
    /// What the database reports.
    fn cell(&self, column: usize) -> Result<Cell<'_>, StoreError>;
}

/// Rows of a table in an SQLite file.
struct FileRows<'s> {
    rows: Rows<'s>,
    /// Wraps an error, which must name the damaged one of two files.
    failed: &'s dyn Fn(rusqlite::Error) -> StoreError,
}

impl OrderedRows for FileRows<'_> {
    fn advance(&mut self) -> Result<bool, StoreError> {
        self.rows.advance().map_err(self.failed)?;
        Ok(self.rows.get().is_some())
    }

    fn cell(&self, column: usize) -> Result<Cell<'_>, StoreError> {
        let Some(row) = self.rows.get() else { return Ok(Cell::Null) };
        Ok(match row.get_ref(column).map_err(self.failed)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(n) => Cell::Integer(n),
            ValueRef::Real(n) => Cell::Real(n),
            ValueRef::Text(text) => Cell::Text(text),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes),
        })
    }
}

/// The rows of a table that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// All rows.
    All,
    /// The rows of later entries than this one.
    After(u64),
    /// The rows of these changes; the column has the number of the change.
    Changes(&'static str, Vec<u64>),
}

impl Span {
    /// Whether there is no such row.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Changes(_, changes) if changes.is_empty())
    }

    /// The condition in SQL, of SQLite and PostgreSQL.
    pub fn condition(&self) -> String {
        match self {
            Self::All => "true".to_owned(),
            Self::After(seq) => format!("seq > {seq}"),
            Self::Changes(column, changes) => {
                let changes: Vec<String> = changes.iter().map(u64::to_string).collect();
                format!("{column} IN ({})", changes.join(", "))
            }
        }
    }
}

/// The kind of difference of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The row is in the shared table only.
    Added,
    /// The row is missing from the shared table.
    Missing,
    /// The row has other values in the shared table.
    Changed,
}

/// A row of a shared table that differs from the verified cache.
pub struct Difference<'r> {
    /// The kind.
    pub kind: Kind,
    /// The row of the verified cache, unless it was added.
    pub ours: &'r dyn OrderedRows,
    /// The row of the shared table, unless it is missing.
    pub theirs: &'r dyn OrderedRows,
}

impl<'r> Difference<'r> {
    /// The row of the side that has it: of the verified cache if both have it.
    pub fn row(&self) -> &'r dyn OrderedRows {
        if self.kind == Kind::Added { self.theirs } else { self.ours }
    }
}

/// Passes on each difference between two tables, in the order of the key, until `visit` returns `false`.
///
/// # Errors
/// What a database or `visit` reports.
pub fn merge(
    ours: &mut dyn OrderedRows,
    theirs: &mut dyn OrderedRows,
    (keys, columns): (usize, usize),
    visit: &mut dyn FnMut(Difference<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let (mut ours_left, mut theirs_left) = (ours.advance()?, theirs.advance()?);
    while ours_left || theirs_left {
        let ordering = match (ours_left, theirs_left) {
            (true, false) => Ordering::Less,
            (false, _) => Ordering::Greater,
            (true, true) => order_by_key(ours, theirs, keys)?,
        };
        let kind = match ordering {
            Ordering::Less => Some(Kind::Missing),
            Ordering::Greater => Some(Kind::Added),
            Ordering::Equal => (!is_same(ours, theirs, columns)?).then_some(Kind::Changed),
        };
        if let Some(kind) = kind
            && !visit(Difference { kind, ours, theirs })?
        {
            return Ok(());
        }
        if ordering.is_le() {
            ours_left = ours.advance()?;
        }
        if ordering.is_ge() {
            theirs_left = theirs.advance()?;
        }
    }
    Ok(())
}

/// The order of two rows by their key, which is their first `keys` columns.
fn order_by_key(a: &dyn OrderedRows, b: &dyn OrderedRows, keys: usize) -> Result<Ordering, StoreError> {
    for n in 0..keys {
        let ordering = a.cell(n)?.order(b.cell(n)?);
        if ordering.is_ne() {
            return Ok(ordering);
        }
    }
    Ok(Ordering::Equal)
}

fn is_same(a: &dyn OrderedRows, b: &dyn OrderedRows, columns: usize) -> Result<bool, StoreError> {
    for n in 0..columns {
        if a.cell(n)? != b.cell(n)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The rows of a table in the order of its key.
pub fn select_in_order((table, keys): Table, span: &Span) -> String {
    let order: Vec<String> = (1..=keys).map(|n| n.to_string()).collect();
    format!("SELECT * FROM {table} WHERE {} ORDER BY {}", span.condition(), order.join(", "))
}

/// As [`merge`], with a table of a verified cache.
///
/// # Errors
/// As [`merge`].
pub fn merge_with_cache(
    cache: &Connection,
    (table, span): (Table, &Span),
    theirs: &mut dyn OrderedRows,
    visit: &mut dyn FnMut(Difference<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::cache(cache, Doing::CompareTables)(error);
    let mut select = cache.prepare(&select_in_order(table, span)).map_err(failed)?;
    let columns = select.column_count();
    let mut ours = FileRows { rows: select.query([]).map_err(failed)?, failed: &failed };
    merge(&mut ours, theirs, (table.1, columns), visit)
}

/// As [`merge_with_cache`], for all rows of a table in a file.
///
/// # Errors
/// As [`merge`].
pub fn merge_files(
    shared: &Connection,
    cache: &Connection,
    table: Table,
    visit: &mut dyn FnMut(Difference<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let failed = |error| StoreError::sqlite(Doing::CompareTables)(error);
    let mut select = shared.prepare(&select_in_order(table, &Span::All)).map_err(failed)?;
    let mut theirs = FileRows { rows: select.query([]).map_err(failed)?, failed: &failed };
    merge_with_cache(cache, (table, &Span::All), &mut theirs, visit)
}
