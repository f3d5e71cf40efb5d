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

/// The most registers of a database that are listed.
const MOST: usize = 20;

/// Asks for the newest row of a register, whose id has no character that would have to be quoted.
pub fn newest_of(register: &str) -> String {
    format!("SELECT seq, blob, text, data FROM twinseal.entry WHERE register = '{register}' ORDER BY seq DESC LIMIT 1")
}

/// The registers of this name or id. If it is one, also its newest row, its entry 0, and where it has moved to, after its
/// id once more: what follows counts only if that is the one that was meant.
///
/// Whoever may write can put any word there, so only an id counts, before anything is chosen. An id is looked up; otherwise
/// each register of the database is found by one step of the index.
fn opening(named: Option<&str>) -> String {
    // The name or id of a register has no character that would have to be quoted.
    let named = named.unwrap_or_default();
    let found = match named.contains('#') {
        true => {
            format!("SELECT '{named}' AS register WHERE EXISTS (SELECT FROM twinseal.entry WHERE register = '{named}')")
        }
        false => "(SELECT register FROM twinseal.entry ORDER BY register LIMIT 1)
            UNION ALL
            SELECT (SELECT e.register FROM twinseal.entry AS e WHERE e.register > found.register ORDER BY 1 LIMIT 1)
            FROM found WHERE found.register IS NOT NULL"
            .to_owned(),
    };
    let one = "current_setting('twinseal.register', true)";
    format!(
        "WITH RECURSIVE found AS ({found}),
        ids AS (SELECT register FROM found WHERE register ~ '^[a-z][a-z0-9._-]{{0,31}}#[0-9a-f]{{32}}$'
            AND '{named}' IN ('', register, split_part(register, '#', 1)) LIMIT {MOST})
        SELECT register, set_config('twinseal.register', CASE WHEN (SELECT count(*) FROM ids) = 1 THEN register END, false)
            FROM ids;
        SELECT {one};
        SELECT seq, blob, text, data FROM twinseal.entry WHERE register = {one} ORDER BY seq DESC LIMIT 1;
        SELECT seq, blob, text, data FROM twinseal.entry WHERE register = {one} AND seq = 0;
        SELECT place FROM twinseal.moved WHERE register = {one}"
    )
}

/// What the server tells of a database and of a register in it.
pub struct Opening {
    /// How the schema differs from ours; nothing else is told then.
    pub findings: Vec<Finding>,
    /// The ids of the registers that are meant.
    pub ids: Vec<RegisterId>,
    /// Whether there are more than are listed.
    pub cut: bool,
    /// Whether nothing of ours is there at all.
    pub unprepared: bool,
    /// What the server told of the only one that is meant.
    pub told: Option<ToldOfOne>,
}

/// What the server tells of a register.
pub struct ToldOfOne {
    /// The newest row.
    pub newest: Option<Raw>,
    /// Entry 0.
    pub first: Option<Raw>,
    /// Where it has moved to.
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
            let ours = "SELECT FROM pg_namespace WHERE nspname = 'twinseal'";
            let unprepared = link.with(Doing::CompareSchema, |client| client.query_typed_opt(ours, &[]))?.is_none();
            return match findings.is_empty() {
                true => Err(failed(Doing::OpenRegister)(error)),
                false => Ok(Opening { findings, ids: Vec::new(), cut: false, unprepared, told: None }),
            };
        }
    };
    let mut answers = answers(&told).into_iter();
    let mut next = || answers.next().unwrap_or_default();
    let findings = schema::judge(&next());
    let found = next().iter().map(|row| word(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let ids: Vec<RegisterId> = found.iter().filter_map(|id| id.parse().ok()).collect();
    let one = next().first().and_then(|row| word(row, 0).ok());
    let newest = next().first().map(|row| raw(row)).transpose()?;
    let first = next().first().map(|row| raw(row)).transpose()?;
    let moved = next().first().map(|row| word(row, 0)).transpose()?.map(new_place);
    // A register that is there has a newest row.
    let agreed = newest.is_some() && matches!(&ids[..], [only] if one == Some(only.to_string()));
    let told = agreed.then_some(ToldOfOne { newest, first, moved });
    Ok(Opening { findings, ids, cut: found.len() >= MOST, unprepared: false, told })
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

/// A word in a row.
///
/// # Errors
/// [`StoreError::Broken`] if there is none.
pub fn word(row: &SimpleQueryRow, column: usize) -> Result<String, StoreError> {
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
