//! The projector: fills the tables for SQL and BI tools from a verified cache, in one transaction.

use postgres::types::Type;
use serde_json::{Map, Value as Json};

use crate::domain::Head;
use crate::store::StoreError;
use crate::store::cache::rows::{Cell, Difference, Kind, OrderedRows, Span};
use crate::store::cache::verified::VerifiedCache;
use crate::store::doing::Doing;
use crate::store::fault::Fault;
use crate::store::postgres::derived::{Filled, TableRows};
use crate::store::postgres::fault::ENGINE;
use crate::store::postgres::link::Link;
use crate::store::postgres::queue;
use crate::store::postgres::rows::{Value, signed};
use crate::store::postgres::shared::SharedDatabase;
use crate::store::postgres::tables::SqlTable;
use crate::store::shared::{Refilled, SharedStore as _};
use crate::tr;

/// How many rows one statement writes.
const ROWS: usize = 1000;

const MARK: &str = "INSERT INTO twinseal_tables.projected (register, seq, leaf, time) VALUES ($1, $2, $3, now())
    ON CONFLICT (register) DO UPDATE SET seq = excluded.seq, leaf = excluded.leaf, time = excluded.time";

/// Somebody who has locked the tables is not waited for without end.
const BEGIN: &str = "BEGIN; SET LOCAL lock_timeout = '30s'";

/// Whether this account may fill the tables. No name is looked up, which fails for somebody without USAGE.
const MAY_FILL: &str = "SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname = 'twinseal_tables' AND relname = 'projected' AND has_table_privilege(c.oid, 'INSERT')";

/// Which rows a projector compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Those that entries since the last projection can have changed.
    News,
    /// All of them.
    All,
    /// All of them, even if the tables are filled up to a later entry.
    AllOfEarlier,
}

/// What a projector did.
#[derive(Debug)]
pub struct Projected {
    /// The entry up to which the tables were filled, if they were filled from this log.
    pub before: Option<u64>,
    /// The entry up to which they are filled now.
    pub head: Head,
    /// The number of rows that were written or deleted.
    pub rows: u64,
}

/// The result of an attempt to project.
#[derive(Debug)]
pub enum Projection {
    /// The tables are those of the verified cache.
    Done(Projected),
    /// The tables are filled up to this entry, which is later than the verified cache; nothing was done.
    Ahead(u64),
}

/// A transaction, rolled back unless it is committed.
struct Transaction<'l>(Option<&'l Link>);

impl<'l> Transaction<'l> {
    fn begin(link: &'l Link) -> Result<Self, StoreError> {
        link.with(Doing::RefillTables, |client| client.batch_execute(BEGIN))?;
        Ok(Self(Some(link)))
    }

    fn commit(mut self) -> Result<(), StoreError> {
        let commit = |link: &Link| link.with(Doing::RefillTables, |client| client.batch_execute("COMMIT"));
        self.0.take().map_or(Ok(()), commit)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // If the connection is lost, the transaction is too.
        let _ = self.0.map(|link| link.with(Doing::RefillTables, |client| client.batch_execute("ROLLBACK")));
    }
}

/// Rows of a table that are about to be written.
struct Batch<'d> {
    database: &'d SharedDatabase,
    table: &'d SqlTable,
    put: Vec<Json>,
    gone: Vec<Json>,
}

impl Batch<'_> {
    fn take(&mut self, difference: &Difference<'_>) -> Result<(), StoreError> {
        let (row, keys, columns) = (difference.row(), self.table.table.1, self.table.columns.len());
        match difference.kind {
            Kind::Added => self.gone.push(self.object(row, keys)?),
            Kind::Missing | Kind::Changed => self.put.push(self.object(row, columns)?),
        }
        if self.put.len() + self.gone.len() >= ROWS { self.write() } else { Ok(()) }
    }

    fn object(&self, row: &dyn OrderedRows, columns: usize) -> Result<Json, StoreError> {
        let mut object = Map::new();
        for (n, column) in self.table.columns.iter().enumerate().take(columns) {
            let value = match row.cell(n)? {
                Cell::Integer(number) => Json::from(number),
                Cell::Text(text) => Json::from(String::from_utf8_lossy(text)),
                // No derived table has another value. A row with such a key stays, and `verify` finds it.
                Cell::Null | Cell::Real(_) | Cell::Bytes(_) => Json::Null,
            };
            object.insert(column.name.clone(), value);
        }
        Ok(Json::Object(object))
    }

    fn write(&mut self) -> Result<(), StoreError> {
        for (sql, rows) in [(self.table.delete(), &mut self.gone), (self.table.put(), &mut self.put)] {
            if rows.is_empty() {
                continue;
            }
            let rows = Json::Array(std::mem::take(rows)).to_string();
            let values: &[Value<'_>] = &[(&self.database.register, Type::TEXT), (&rows, Type::TEXT)];
            self.database.link().with(Doing::RefillTables, |client| client.execute_typed(&sql, values))?;
        }
        Ok(())
    }
}

/// The rows that entries after `since` can have changed. Rows of other entries and changes stay as they are; the other
/// tables are small.
fn span((table, _): (&str, usize), since: Option<u64>, changes: &[u64]) -> Span {
    /// With more changes than this, reading all rows costs less.
    const MOST: usize = 1000;
    let Some(since) = since else { return Span::All };
    let of_changes = |column| match changes.len() > MOST {
        true => Span::All,
        false => Span::Changes(column, changes.to_vec()),
    };
    match table {
        "log_entries" | "votes" | "runs" | "refusals" | "ratifications" | "deviation_reviews" => Span::After(since),
        "changes" => of_changes("id"),
        "revisions" | "revision_items" | "actions" => of_changes("change"),
        _ => Span::All,
    }
}

impl SharedDatabase {
    /// Makes the tables those of a verified cache, in one transaction. Projectors of a register wait for each other.
    ///
    /// # Errors
    /// [`StoreError::NoTables`], or what the server or SQLite reports.
    pub fn project(&self, cache: &VerifiedCache, extent: Extent) -> Result<Projection, StoreError> {
        self.writable()?;
        self.newest.forget();
        let head = cache.head()?.ok_or_else(|| StoreError::NotFound { path: self.place.clone() })?;
        let transaction = Transaction::begin(self.link())?;
        queue::wait_for_projector(self.link(), &self.register)?;
        let told = match self.read_filled()? {
            Filled::NoTables => return Err(StoreError::NoTables { place: self.place.clone() }),
            Filled::Never | Filled::Unclear => None,
            Filled::To { head, .. } => Some(head),
        };
        if !self.may_fill()? {
            let source =
                Fault::of_server(ENGINE, tr!("the role twinseal_projector is needed", "需要角色 twinseal_projector"));
            return Err(StoreError::NoRight { doing: Doing::RefillTables, source });
        }
        if let Some(told) = told.filter(|told| told.seq > head.seq && extent != Extent::AllOfEarlier) {
            return Ok(Projection::Ahead(told.seq));
        }
        let before = match told {
            Some(told) if cache.leaf(told.seq)? == Some(told.leaf) => Some(told.seq),
            _ => None,
        };
        let mut projected = Projected { before, head, rows: 0 };
        if before != Some(head.seq) || extent != Extent::News {
            let since = before.filter(|_| extent == Extent::News);
            self.merge_all(cache, since, &mut projected)?;
            if before != Some(head.seq) {
                self.mark_projected(head)?;
            }
            transaction.commit()?;
        }
        Ok(Projection::Done(projected))
    }

    fn may_fill(&self) -> Result<bool, StoreError> {
        let may = self.link().with(Doing::RefillTables, |client| client.query_typed(MAY_FILL, &[]))?;
        Ok(!may.is_empty())
    }

    fn merge_all(
        &self,
        cache: &VerifiedCache,
        since: Option<u64>,
        projected: &mut Projected,
    ) -> Result<(), StoreError> {
        let changes = since.map_or(Ok(Vec::new()), |since| cache.changes_after(since))?;
        for table in SqlTable::all()? {
            let span = span(table.table, since, &changes);
            if span.is_empty() {
                continue;
            }
            let mut batch = Batch { database: self, table: &table, put: Vec::new(), gone: Vec::new() };
            let mut rows = TableRows::open(self.link(), &table.select(&self.register, &span))?;
            let mut visit = |difference: Difference<'_>| {
                projected.rows += 1;
                batch.take(&difference).map(|()| true)
            };
            cache.merge((table.table, &span), &mut rows, &mut visit)?;
            batch.write()?;
        }
        Ok(())
    }

    fn mark_projected(&self, head: Head) -> Result<(), StoreError> {
        let (seq, leaf) = (signed(head.seq), head.leaf.to_string());
        let values: &[Value<'_>] = &[(&self.register, Type::TEXT), (&seq, Type::INT8), (&leaf, Type::TEXT)];
        self.link().with(Doing::RefillTables, |client| client.execute_typed(MARK, values)).map(|_| ())
    }

    /// Makes the tables right again if they were ever filled, and if this account may.
    pub(super) fn refill_derived(&self, cache: &VerifiedCache) -> Result<Refilled, StoreError> {
        let filled = self.filled()?;
        if filled == Filled::NoTables || filled == Filled::Never && self.stray_rows()?.is_empty() {
            return Ok(Refilled::Done(Vec::new()));
        }
        if !self.may_fill()? {
            return Ok(Refilled::LeftAlone);
        }
        // What entries since the last projection add is no difference, so those of a comparison count.
        self.project(cache, Extent::AllOfEarlier).map(|_| Refilled::Done(Vec::new()))
    }
}
