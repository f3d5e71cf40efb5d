//! Rows of the table of entries.

use postgres::Row;
use postgres::types::{ToSql, Type};

use crate::format::Raw;
use crate::store::doing::Doing;
use crate::store::postgres::fault::{failed, malformed};
use crate::store::{Finding, StoreError};
use crate::tr;

/// A value of a statement, and its type: the server need not be asked for that.
pub type Value<'v> = (&'v (dyn ToSql + Sync), Type);

/// How many rows one statement inserts, and about how many bytes.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;

const EXTEND: &str = "WITH inserted AS (
    INSERT INTO twinseal.entry (register, seq, blob, text, data)
    SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[]))
    SELECT pg_notify('twinseal', $1)";

const INSERTED: &str = "SELECT seq, blob, text, data FROM twinseal.entry
    WHERE register = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq";

/// Rows that one statement inserts.
#[derive(Default)]
pub struct Batch {
    rows: Vec<Raw>,
    bytes: usize,
}

impl Batch {
    /// Adds a row.
    pub fn push(&mut self, raw: Raw) {
        let part = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        self.bytes += raw.blob.len() + part(&raw.text) + part(&raw.data);
        self.rows.push(raw);
    }

    /// Whether it should be inserted.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= ROWS || self.bytes >= BYTES
    }

    /// Inserts the rows, reads them back, and is empty then.
    ///
    /// # Errors
    /// What the server reports, or that it does not keep what is written.
    pub fn insert(&mut self, tx: &mut postgres::Transaction<'_>, register: &str) -> Result<(), StoreError> {
        let Self { rows, .. } = std::mem::take(self);
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        let seqs: Vec<i64> = rows.iter().map(|raw| signed(raw.seq)).collect();
        let blobs: Vec<&[u8]> = rows.iter().map(|raw| &raw.blob[..]).collect();
        let [texts, data]: [Vec<Option<&[u8]>>; 2] = [
            rows.iter().map(|raw| raw.text.as_deref()).collect(),
            rows.iter().map(|raw| raw.data.as_deref()).collect(),
        ];
        let values: &[Value<'_>] = &[
            (&register, Type::TEXT),
            (&seqs, Type::INT8_ARRAY),
            (&blobs, Type::BYTEA_ARRAY),
            (&texts, Type::BYTEA_ARRAY),
            (&data, Type::BYTEA_ARRAY),
        ];
        tx.execute_typed(EXTEND, values).map_err(failed(Doing::Record))?;
        let span: &[Value<'_>] =
            &[(&register, Type::TEXT), (&signed(first.seq), Type::INT8), (&signed(last.seq), Type::INT8)];
        let found = tx.query_typed(INSERTED, span).map_err(failed(Doing::Record))?;
        let mut found = found.iter().map(raw);
        for row in &rows {
            if found.next().transpose()?.as_ref() != Some(row) {
                return Err(StoreError::not_kept(row.seq));
            }
        }
        Ok(())
    }
}

/// Removes the texts of entries.
///
/// # Errors
/// What the server reports: only the role `twinseal_admin` may.
pub fn redact_texts(tx: &mut postgres::Transaction<'_>, register: &str, seqs: &[u64]) -> Result<(), postgres::Error> {
    if seqs.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = seqs.iter().map(|seq| signed(*seq)).collect();
    let values: &[Value<'_>] = &[(&register, Type::TEXT), (&seqs, Type::INT8_ARRAY)];
    tx.query_typed("SELECT twinseal.redact($1, $2)", values).map(|_| ())
}

/// Reads a row of `seq`, `blob`, `text` and `data`.
///
/// # Errors
/// [`StoreError::Broken`] if the server holds something else.
pub fn raw(row: &Row) -> Result<Raw, StoreError> {
    let malformed = || malformed(Doing::ReadLog);
    let seq: i64 = row.try_get(0).map_err(malformed())?;
    Ok(Raw {
        seq: unsigned(seq).ok_or_else(before_entry_0)?,
        blob: row.try_get(1).map_err(malformed())?,
        text: row.try_get(2).map_err(malformed())?,
        data: row.try_get(3).map_err(malformed())?,
    })
}

/// The error for a row that no log has.
pub fn before_entry_0() -> StoreError {
    StoreError::Broken(Finding::of_file("file", tr!("the log has rows before entry 0", "日志在第 0 条之前还有行")))
}

/// Sequence numbers are never that large; a larger one names no row.
pub fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// The sequence number; `None` for a row before entry 0.
pub fn unsigned(seq: i64) -> Option<u64> {
    u64::try_from(seq).ok()
}
