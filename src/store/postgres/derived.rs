//! The tables for SQL and BI tools as a server has them: up to which entry they are filled, their rows, and how they
//! differ from the log. Whoever fills them, and the owner of the database, can write anything there.

use std::collections::BTreeSet;
use std::error::Error;
use std::vec;

use postgres::Row;
use postgres::error::SqlState;
use postgres::types::{FromSql, Type};

use crate::domain::Head;
use crate::store::cache::compare::collect;
use crate::store::cache::rows::{Cell, Difference, Kind, OrderedRows, Span};
use crate::store::cache::verified::VerifiedCache;
use crate::store::doing::Doing;
use crate::store::error::MOST;
use crate::store::postgres::error::brief;
use crate::store::postgres::fault::{failed, fault};
use crate::store::postgres::link::Link;
use crate::store::postgres::rows::{Value, unsigned};
use crate::store::postgres::shared::SharedDatabase;
use crate::store::postgres::tables::SqlTable;
use crate::store::shared::{Compared, Past, SharedStore as _};
use crate::store::{Finding, StoreError};
use crate::{tr, trf};

/// How many rows are fetched at a time.
const AT_A_TIME: usize = 500;

const PROJECTED: &str = "SELECT seq, leaf, time < now() - interval '1 day' FROM twinseal_tables.projected
    WHERE register = $1 LIMIT 2";

/// How long tables are waited for that somebody has locked. Nothing rests on them, so that is not long.
const PATIENCE: &str = "SET LOCAL lock_timeout = '3s'";

/// Asks for what is in the schema and not as our statements make it: the schema or a relation of somebody else, a view, a
/// trigger, a rule, a policy, an heir, a function, other columns.
fn foreign() -> String {
    let mut ours: Vec<String> = SqlTable::all().unwrap_or_default().iter().map(SqlTable::fact).collect();
    ours.push("('projected', 'leaf text, register text, seq bigint, time timestamp with time zone')".to_owned());
    let ours = ours.join(", ");
    format!(
        "WITH ns AS (SELECT * FROM pg_namespace WHERE nspname = 'twinseal_tables'),
        rel AS (SELECT c.*, pg_get_userbyid(relowner) AS owner FROM pg_class AS c JOIN ns ON relnamespace = ns.oid),
        found AS (SELECT relname::text AS name, coalesce((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod)
                || CASE WHEN atthasdef OR attidentity <> '' OR attgenerated <> '' THEN ' default' ELSE '' END, ', '
                ORDER BY attname) FROM pg_attribute WHERE attrelid = rel.oid AND attnum > 0 AND NOT attisdropped), '') AS columns
            FROM rel WHERE relkind = 'r'),
        ours (name, columns) AS (VALUES {ours})
        SELECT nspname::text FROM ns WHERE pg_get_userbyid(nspowner) <> 'twinseal_owner'
        UNION ALL SELECT relname::text FROM rel WHERE owner <> 'twinseal_owner' OR relkind NOT IN ('r', 'i')
            OR relkind = 'r' AND (relhasrules OR relhastriggers OR relrowsecurity OR relhassubclass OR relispartition)
        UNION ALL SELECT proname::text FROM pg_proc JOIN ns ON pronamespace = ns.oid
        UNION ALL SELECT coalesce(ours.name, found.name) FROM ours FULL JOIN found USING (name)
            WHERE ours.columns IS DISTINCT FROM found.columns"
    )
}

/// The rule of findings about these tables.
const RULE: &str = "tables";

/// Up to which entry the tables of a register are filled, as the database says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// The database has no such tables: it was prepared by an earlier twinseal.
    NoTables,
    /// Never.
    Never,
    /// It names no entry: somebody else wrote there.
    Unclear,
    /// Up to this entry.
    To {
        /// The entry.
        head: Head,
        /// Whether that was more than a day ago, by the clock of the server.
        is_old: bool,
    },
}

/// Wraps an error in reading the tables: what somebody made of them is a finding, and a lost connection is not.
fn unreadable(error: postgres::Error) -> StoreError {
    // What somebody made of them: names, types, rights, values, damaged pages.
    let theirs = |code: &SqlState| ["42", "22", "XX"].contains(&&code.code()[..2]);
    if !error.code().is_some_and(theirs) {
        return failed(Doing::CompareTables)(error);
    }
    let said = fault(&error);
    StoreError::Broken(Finding::of_file(RULE, trf!("the tables cannot be read: {said}", "无法读取数据表：{said}")))
}

impl<'r> FromSql<'r> for Cell<'r> {
    fn from_sql(kind: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT8 => Cell::Integer(i64::from_sql(kind, raw)?),
            Type::TEXT => Cell::Text(raw),
            _ => Cell::Bytes(raw),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Cell::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Rows of a table, fetched by a cursor of the transaction.
pub struct TableRows<'l> {
    link: &'l Link,
    fetched: vec::IntoIter<Row>,
    current: Option<Row>,
    /// Whether the cursor has given its last row.
    is_done: bool,
}

impl<'l> TableRows<'l> {
    /// Opens the only cursor of a transaction. After an error the transaction can go back to the savepoint `derived`.
    ///
    /// # Errors
    /// A finding `tables` if they cannot be read.
    pub fn open(link: &'l Link, select: &str) -> Result<Self, StoreError> {
        let open = format!("CLOSE ALL; SAVEPOINT derived; DECLARE derived NO SCROLL CURSOR FOR {select}");
        link.client()?.batch_execute(&open).map_err(unreadable)?;
        Ok(Self { link, fetched: Vec::new().into_iter(), current: None, is_done: false })
    }
}

impl OrderedRows for TableRows<'_> {
    fn advance(&mut self) -> Result<bool, StoreError> {
        if self.fetched.len() == 0 && !self.is_done {
            let fetch = format!("FETCH {AT_A_TIME} FROM derived");
            let rows = self.link.client()?.query_typed(&fetch, &[]).map_err(unreadable)?;
            self.is_done = rows.len() < AT_A_TIME;
            self.fetched = rows.into_iter();
        }
        self.current = self.fetched.next();
        Ok(self.current.is_some())
    }

    fn cell(&self, column: usize) -> Result<Cell<'_>, StoreError> {
        self.current.as_ref().map_or(Ok(Cell::Null), |row| row.try_get(column).map_err(unreadable))
    }
}

impl SharedDatabase {
    /// Up to which entry the tables are filled, read without writing anything.
    ///
    /// # Errors
    /// A finding `tables` if that cannot be read; [`StoreError::Busy`] if somebody has locked them.
    pub fn filled(&self) -> Result<Filled, StoreError> {
        let _snapshot = self.hold_snapshot()?;
        self.link().with(Doing::CompareTables, |client| client.batch_execute(PATIENCE))?;
        self.read_filled()
    }

    /// As [`SharedDatabase::filled`], in the transaction that is held.
    pub(super) fn read_filled(&self) -> Result<Filled, StoreError> {
        let mut client = self.link().client()?;
        let schema = "SELECT FROM pg_namespace WHERE nspname = 'twinseal_tables'";
        if client.query_typed(schema, &[]).map_err(unreadable)?.is_empty() {
            return Ok(Filled::NoTables);
        }
        // Whoever made them otherwise could make reading them do something.
        let foreign = client.query_typed(&foreign(), &[]).map_err(unreadable)?;
        if let Some(row) = foreign.first() {
            let name: String = row.try_get(0).map_err(unreadable)?;
            let meaning = trf!(
                "{:?} in the schema twinseal_tables is not as `twinseal register grant-sql` makes it",
                "schema twinseal_tables 中的 {:?} 不是 `twinseal register grant-sql` 所创建的样子",
                brief(&name)
            );
            return Err(StoreError::Broken(Finding::of_file(RULE, meaning)));
        }
        let values: &[Value<'_>] = &[(&self.register, Type::TEXT)];
        let rows = client.query_typed(PROJECTED, values).map_err(unreadable)?;
        match rows.as_slice() {
            [] => Ok(Filled::Never),
            [row] => Ok(filled_to(row).unwrap_or(Filled::Unclear)),
            _ => Ok(Filled::Unclear),
        }
    }

    /// The findings about the tables, compared at the entry up to which they are filled.
    pub(super) fn compare_derived(&self, cache: &VerifiedCache, past: Past<'_>) -> Result<Compared, StoreError> {
        let _snapshot = self.hold_snapshot()?;
        let begin = format!("{PATIENCE}; SAVEPOINT derived");
        self.link().with(Doing::CompareTables, |client| client.batch_execute(&begin))?;
        let mut compared = Compared::default();
        let filled = self.unless_unreadable(self.read_filled(), &mut compared)?;
        match filled {
            None | Some(Filled::NoTables) => {}
            Some(Filled::Never) => {
                let stray = self.unless_unreadable(self.stray_rows(), &mut compared)?;
                compared.findings.extend(stray.into_iter().flatten().map(|table| never_filled(&table)));
            }
            Some(Filled::Unclear) => compared.findings.push(says_no_entry()),
            Some(Filled::To { head, .. }) if cache.head()? == Some(head) => {
                self.compare_rows(cache, &BTreeSet::new(), &mut compared)?;
            }
            Some(Filled::To { head, .. }) if cache.leaf(head.seq)? == Some(head.leaf) => {
                let newest = cache.head()?.map_or(head.seq, |newest| newest.seq);
                let later = cache.redactions(Some(head.seq), newest)?.into_iter().map(|(seq, ..)| seq).collect();
                compared.notices.push(compared_up_to(head.seq));
                self.compare_rows(&past(head)?, &later, &mut compared)?;
            }
            Some(Filled::To { head, .. }) => compared.findings.push(of_no_entry(head)),
        }
        Ok(compared)
    }

    /// The tables that have rows of this register.
    ///
    /// # Errors
    /// A finding `tables` if they cannot be read.
    pub(super) fn stray_rows(&self) -> Result<Vec<String>, StoreError> {
        let each: Vec<String> = SqlTable::all()?.iter().map(|table| table.named_if_any(&self.register)).collect();
        let rows = self.link().client()?.query_typed(&each.join(" UNION ALL "), &[]).map_err(unreadable)?;
        rows.iter().map(|row| row.try_get(0).map_err(unreadable)).collect()
    }

    fn compare_rows(
        &self,
        cache: &VerifiedCache,
        later: &BTreeSet<u64>,
        compared: &mut Compared,
    ) -> Result<(), StoreError> {
        for table in SqlTable::all()? {
            let mut visit = |difference: Difference<'_>| match redacted_later(cache, &table, &difference, later)? {
                Some(seq) if compared.notices.len() < MOST => {
                    compared.notices.push(still_there(seq, table.table.0));
                    Ok(true)
                }
                Some(_) => Ok(true),
                None => collect(table.table, &difference, &mut compared.findings),
            };
            let rows = TableRows::open(self.link(), &table.select(&self.register, &Span::All));
            let merged = rows.and_then(|mut rows| cache.merge((table.table, &Span::All), &mut rows, &mut visit));
            self.unless_unreadable(merged, compared)?;
        }
        Ok(())
    }

    /// Takes in that tables cannot be read as a finding, and lets the transaction go on.
    fn unless_unreadable<T>(
        &self,
        read: Result<T, StoreError>,
        compared: &mut Compared,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Err(StoreError::Broken(finding)) if finding.rule == RULE => compared.findings.push(finding),
            Err(StoreError::Busy { .. }) => {
                let meaning = tr!("not compared: somebody has locked the tables", "未比对：数据表被他人锁定");
                compared.notices.push(Finding::of_file(RULE, meaning));
            }
            read => return read.map(Some),
        }
        let back = "ROLLBACK TO SAVEPOINT derived";
        self.link().with(Doing::CompareTables, |client| client.batch_execute(back)).map(|()| None)
    }
}

fn filled_to(row: &Row) -> Option<Filled> {
    let (seq, leaf): (i64, &str) = (row.try_get(0).ok()?, row.try_get(1).ok()?);
    let head = Head { seq: unsigned(seq)?, leaf: leaf.parse().ok()? };
    Some(Filled::To { head, is_old: row.try_get(2).ok()? })
}

fn says_no_entry() -> Finding {
    let meaning = tr!("the table projected does not name one entry", "数据表 projected 未指明唯一的日志条目");
    Finding::of_file(RULE, meaning)
}

/// The finding that the tables are filled up to an entry that the log does not have.
fn of_no_entry(Head { seq, leaf }: Head) -> Finding {
    let meaning = trf!(
        "the tables are of entry {seq} {leaf}, which the log does not have",
        "数据表对应第 {seq} 条 {leaf}，而日志中没有该条"
    );
    Finding::of_file(RULE, meaning)
}

fn never_filled(table: &str) -> Finding {
    let meaning = trf!(
        "the table {table} has rows, although the tables were never filled",
        "数据表 {table} 中有行，而数据表从未填充"
    );
    Finding::of_file(RULE, meaning)
}

fn compared_up_to(seq: u64) -> Finding {
    let meaning =
        trf!("compared at entry {seq}, up to which the tables are filled", "数据表填充至第 {seq} 条，已按该条比对");
    Finding::of_file(RULE, meaning)
}

fn still_there(seq: u64, table: &str) -> Finding {
    let meaning = trf!(
        "its redacted text is in the table {table} until the tables are filled further",
        "其已隐去的文本仍在数据表 {table} 中，直到数据表继续填充"
    );
    Finding::at(seq, RULE, meaning)
}

/// The entry whose text is all that differs, because it was redacted after the entry up to which the tables are filled:
/// nobody can tell any more what the text was.
fn redacted_later(
    cache: &VerifiedCache,
    table: &SqlTable,
    difference: &Difference<'_>,
    later: &BTreeSet<u64>,
) -> Result<Option<u64>, StoreError> {
    let (text, kind) = match table.table.0 {
        "revisions" => ("title", Kind::Changed),
        "names" => ("name", Kind::Added),
        _ => return Ok(None),
    };
    let Some(at) = table.column("seq").filter(|_| difference.kind == kind) else { return Ok(None) };
    let Cell::Integer(seq) = difference.row().cell(at)? else { return Ok(None) };
    let Some(seq) = unsigned(seq).filter(|seq| later.contains(seq)) else { return Ok(None) };
    // A name is of somebody who is enrolled, in an entry that enrols or asks for it.
    if kind == Kind::Added {
        let Cell::Text(person) = difference.row().cell(0)? else { return Ok(None) };
        if !cache.may_name(seq, &String::from_utf8_lossy(person))? {
            return Ok(None);
        }
    }
    for (n, column) in table.columns.iter().enumerate().filter(|_| kind == Kind::Changed) {
        if column.name != text && difference.ours.cell(n)? != difference.theirs.cell(n)? {
            return Ok(None);
        }
    }
    Ok(Some(seq))
}
