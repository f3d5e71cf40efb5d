//! What the server tells together with what is asked anyway, because each round trip costs the latency of the network: the
//! newest row, with the schema, with the turn to write, and with its end.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::domain::RegisterId;
use crate::format::Raw;
use crate::store::doing::Doing;
use crate::store::postgres::fault::failed;
use crate::store::postgres::link::Link;
use crate::store::postgres::schema;
use crate::store::{Finding, StoreError};
use crate::{tr, trf};

/// For how long the newest row counts as the newest.
const FRESH: Duration = Duration::from_millis(500);

/// The most bytes of a place in a mark that are taken in: those of an address.
const MAX_PLACE: usize = 2000;

/// The newest row of the register of this connection.
pub const NEWEST: &str = "SELECT seq, blob, text, data FROM twinseal.entry
    WHERE register = current_setting('twinseal.register', true) ORDER BY seq DESC LIMIT 1";

/// The registers of this name or id, found by one step of the index for each of the database. If it is one, it is meant by
/// whatever this connection asks without an id: its newest row, its entry 0, and where it has moved to.
///
/// Whoever may write can put any word there, so only an id counts, before anything is chosen.
fn opening(named: Option<&str>) -> String {
    // The name or id of a register has no character that would have to be quoted.
    let named = named.unwrap_or_default();
    format!(
        "WITH RECURSIVE found AS (
            (SELECT register FROM twinseal.entry ORDER BY register LIMIT 1)
            UNION ALL
            SELECT (SELECT e.register FROM twinseal.entry AS e WHERE e.register > found.register ORDER BY 1 LIMIT 1)
            FROM found WHERE found.register IS NOT NULL),
        ids AS (SELECT register FROM found
            WHERE register ~ '^[^#]+#[0-9a-f]{{32}}$' AND '{named}' IN ('', register, split_part(register, '#', 1))
            LIMIT 20)
        SELECT register, set_config('twinseal.register', CASE WHEN (SELECT count(*) FROM ids) = 1 THEN register END, false)
            FROM ids;
        {NEWEST};
        SELECT seq, blob, text, data FROM twinseal.entry
            WHERE register = current_setting('twinseal.register', true) AND seq = 0;
        SELECT place FROM twinseal.moved WHERE register = current_setting('twinseal.register', true)"
    )
}

/// What the server tells of a database and of a register in it.
pub struct Opening {
    /// How the schema differs from ours; nothing else is told then.
    pub findings: Vec<Finding>,
    /// The ids of the registers that are meant.
    pub ids: Vec<RegisterId>,
    /// The newest row.
    pub newest: Option<Raw>,
    /// Entry 0.
    pub first: Option<Raw>,
    /// Where the register has moved to.
    pub moved: Option<PathBuf>,
}

/// Asks for everything that opening a register needs, in one round trip.
///
/// # Errors
/// What the server reports.
pub fn open(link: &Link, named: Option<&str>) -> Result<Opening, StoreError> {
    let all = format!("{};\n{}", schema::COMPARE.trim_end().trim_end_matches(';'), opening(named));
    let told = link.client()?.simple_query(&all);
    let told = match told {
        Ok(told) => told,
        Err(error) if error.as_db_error().is_none() => return Err(failed(Doing::OpenRegister)(error)),
        // Something is missing that the rest asks for: say what.
        Err(error) => {
            let findings = link.with(Doing::CompareSchema, schema::compare)?;
            return match findings.is_empty() {
                true => Err(failed(Doing::OpenRegister)(error)),
                false => Ok(Opening { findings, ids: Vec::new(), newest: None, first: None, moved: None }),
            };
        }
    };
    let mut answers = answers(&told).into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let findings = schema::judge(&next());
    let ids = next().iter().map(|row| word(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let ids = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let newest = next().first().map(|row| raw(row)).transpose()?;
    let first = next().first().map(|row| raw(row)).transpose()?;
    let moved = next().first().map(|row| word(row, 0)).transpose()?.map(new_place);
    Ok(Opening { findings, ids, newest, first, moved })
}

/// The rows of each statement of a message.
pub fn answers(told: &[SimpleQueryMessage]) -> Vec<Vec<&SimpleQueryRow>> {
    let mut answers = vec![Vec::new()];
    for message in told {
        match message {
            SimpleQueryMessage::Row(row) => answers.last_mut().into_iter().for_each(|rows| rows.push(row)),
            SimpleQueryMessage::CommandComplete(_) => answers.push(Vec::new()),
            _ => {}
        }
    }
    answers
}

/// A place as a mark has it, which anybody may have written.
pub fn new_place(mut marked: String) -> PathBuf {
    marked.truncate(marked.floor_char_boundary(MAX_PLACE));
    PathBuf::from(marked)
}

fn word(row: &SimpleQueryRow, column: usize) -> Result<String, StoreError> {
    let found = row.try_get(column).ok().flatten();
    found.map(str::to_owned).ok_or_else(|| malformed(tr!("a value is missing", "缺少值")))
}

fn bytes(row: &SimpleQueryRow, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
    let malformed = || malformed(trf!("column {column} is not bytea", "第 {column} 列不是 bytea"));
    let Some(found) = row.try_get(column).map_err(|_| malformed())? else { return Ok(None) };
    let hex = found.strip_prefix("\\x").ok_or_else(malformed)?;
    HEXLOWER.decode(hex.as_bytes()).map(Some).map_err(|_| malformed())
}

/// Reads a row of `seq`, `blob`, `text` and `data`.
pub fn raw(row: &SimpleQueryRow) -> Result<Raw, StoreError> {
    let seq = word(row, 0)?.parse::<i64>().ok().and_then(|seq| seq.try_into().ok());
    let seq = seq.ok_or_else(|| malformed(tr!("seq is no number of an entry", "seq 不是条目编号")))?;
    let blob = bytes(row, 1)?.ok_or_else(|| malformed(tr!("a value is missing", "缺少值")))?;
    Ok(Raw { seq, blob, text: bytes(row, 2)?, data: bytes(row, 3)? })
}

fn malformed(meaning: impl std::fmt::Display) -> StoreError {
    let doing = Doing::ReadLog;
    StoreError::Broken(Finding::of_file("file", trf!("{doing}: {meaning}", "{doing}：{meaning}")))
}

/// The newest row, as long as it counts as that.
#[derive(Default)]
pub struct Newest(RefCell<Option<(Instant, Option<Raw>)>>);

impl Newest {
    /// The server told it just now.
    pub fn put(&self, newest: Option<Raw>) {
        self.0.replace(Some((Instant::now(), newest)));
    }

    /// Something may have been recorded since.
    pub fn forget(&self) {
        self.0.replace(None);
    }

    /// What the server told, if it told that just now; the inner option is `None` for a register without entries.
    pub fn ask<T>(&self, question: impl FnOnce(Option<&Raw>) -> T) -> Option<T> {
        let told = self.0.borrow();
        let (at, newest) = told.as_ref()?;
        (at.elapsed() < FRESH).then(|| question(newest.as_ref()))
    }
}
