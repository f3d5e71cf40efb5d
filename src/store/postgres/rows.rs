//! Rows of the table of entries.

use postgres::Row;
use postgres::types::{ToSql, Type};

use crate::format::Raw;
use crate::store::doing::Doing;
use crate::store::postgres::fault::malformed;
use crate::store::{Finding, StoreError};
use crate::tr;

/// A value of a statement, and its type: the server need not be asked for that.
pub type Value<'v> = (&'v (dyn ToSql + Sync), Type);

/// How many rows one statement inserts, and about how many bytes.
const ROWS: usize = 500;
const BYTES: usize = 4 << 20;

const EXTEND: &str = "INSERT INTO twinseal.entry (register, seq, blob, text, data)
    SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[])";

/// Rows that one statement inserts.
#[derive(Default)]
pub struct Batch {
    seqs: Vec<i64>,
    blobs: Vec<Vec<u8>>,
    texts: Vec<Option<Vec<u8>>>,
    data: Vec<Option<Vec<u8>>>,
    bytes: usize,
}

impl Batch {
    /// Adds a row.
    pub fn push(&mut self, raw: Raw) {
        let part = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        self.bytes += raw.blob.len() + part(&raw.text) + part(&raw.data);
        self.seqs.push(signed(raw.seq));
        self.blobs.push(raw.blob);
        self.texts.push(raw.text);
        self.data.push(raw.data);
    }

    /// Whether it should be inserted.
    pub fn is_full(&self) -> bool {
        self.seqs.len() >= ROWS || self.bytes >= BYTES
    }

    /// Inserts the rows, and is empty then.
    ///
    /// # Errors
    /// What the server reports.
    pub fn insert(&mut self, tx: &mut postgres::Transaction<'_>, register: &str) -> Result<(), postgres::Error> {
        let Self { seqs, blobs, texts, data, .. } = std::mem::take(self);
        let values: &[Value<'_>] = &[
            (&register, Type::TEXT),
            (&seqs, Type::INT8_ARRAY),
            (&blobs, Type::BYTEA_ARRAY),
            (&texts, Type::BYTEA_ARRAY),
            (&data, Type::BYTEA_ARRAY),
        ];
        tx.execute_typed(EXTEND, values).map(|_| ())
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
