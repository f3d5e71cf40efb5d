//! The write queue: an advisory lock of the connection, which the server gives in the order of arrival. It only gives an
//! order, and anybody who may connect can hold it; the primary key alone prevents two entries of one number.

use std::path::Path;
use std::rc::Rc;

use postgres::SimpleQueryMessage;
use postgres::error::SqlState;
use postgres::types::Type;
use sha2::{Digest as _, Sha256};

use crate::domain::Time;
use crate::store::doing::Doing;
use crate::store::postgres::fault::{failed, malformed};
use crate::store::postgres::link::Link;
use crate::store::postgres::rows::Value;
use crate::store::postgres::told::{Newest, answers, newest_of, raw};
use crate::store::shared::{Holder, Turn, Writer};
use crate::store::{BUSY, StoreError};

/// The first half of the lock's number: "TWSL".
const SPACE: i32 = i32::from_be_bytes(*b"TWSL");
/// The same for those who fill the tables, whom no writer waits for: "TWSP".
const PROJECTORS: i32 = i32::from_be_bytes(*b"TWSP");

/// Waits for the turn to write a register.
///
/// # Errors
/// [`StoreError::Queue`] if the wait takes longer than the writer allows.
pub fn wait(
    link: &Rc<Link>,
    newest: &Rc<Newest>,
    (place, register): (&Path, &str),
    writer: &Writer,
) -> Result<Turn, StoreError> {
    let (patience, number) = (writer.patience, number(register));
    // Zero would wait for ever.
    let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX).max(1);
    let ask = newest_of(register);
    let lock = format!(
        "SELECT set_config('lock_timeout', '{millis}', false); SELECT pg_advisory_lock({SPACE}, {number}); {ask}"
    );
    newest.forget();
    let waited = link.client_within(patience)?.simple_query(&lock);
    match waited {
        Ok(told) => {
            let unlock = format!("SELECT pg_advisory_unlock({SPACE}, {number}); {ask}");
            let held = Held { link: Rc::clone(link), newest: Rc::clone(newest), unlock };
            take(newest, &told, 2)?;
            Ok(Turn::of(patience, held))
        }
        Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Err(StoreError::Queue {
            path: place.to_owned(),
            queue: None,
            seconds: patience.as_secs(),
            holder: holder(link, number).ok().flatten().map(Box::new),
        }),
        Err(error) => Err(failed(Doing::LockRegister)(error)),
    }
}

/// Waits until no other projector of a register is at work, and keeps others waiting until the transaction ends.
///
/// # Errors
/// [`StoreError::Busy`] if another one is still at work after [`BUSY`].
pub fn wait_for_projector(link: &Link, register: &str) -> Result<(), StoreError> {
    let (millis, number) = (BUSY.as_millis(), number(register));
    let lock = format!(
        "SELECT set_config('lock_timeout', '{millis}', true); SELECT pg_advisory_xact_lock({PROJECTORS}, {number})"
    );
    let waited = link.client_within(BUSY)?.batch_execute(&lock);
    waited.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => StoreError::Busy { seconds: BUSY.as_secs() },
        _ => failed(Doing::RefillTables)(error),
    })
}

/// The second half of the lock's number. Two registers whose numbers are the same wait for each other, and no more.
fn number(register: &str) -> i32 {
    let digest = Sha256::digest(register);
    i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]])
}

/// The lock, until this is dropped.
struct Held {
    link: Rc<Link>,
    newest: Rc<Newest>,
    /// The statements that give it back, and ask for the newest row.
    unlock: String,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.newest.forget();
        // If the connection is lost, the lock is too.
        if let Ok(told) = self.link.with(Doing::LockRegister, |client| client.simple_query(&self.unlock)) {
            let _ = take(&self.newest, &told, 1);
        }
    }
}

/// Takes in the newest row, which is the answer to this statement of a message.
fn take(newest: &Newest, told: &[SimpleQueryMessage], at: usize) -> Result<(), StoreError> {
    let answers = answers(told);
    let row = answers.get(at).and_then(|rows| rows.first());
    newest.put(row.map(|row| raw(row)).transpose()?);
    Ok(())
}

/// Who holds it: the user of the database, and the server's process for them.
fn holder(link: &Link, number: i32) -> Result<Option<Holder>, StoreError> {
    let sql = "SELECT usename::text, pid, extract(epoch FROM state_change)::bigint
        FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND granted AND classid::bigint::int = $1 AND objid::bigint = $2 LIMIT 1";
    // An `oid` is unsigned.
    let unsigned = i64::from(number.cast_unsigned());
    let values: &[Value<'_>] = &[(&SPACE, Type::INT4), (&unsigned, Type::INT8)];
    let found = link.with(Doing::LockRegister, |client| client.query_typed_opt(sql, values))?;
    let Some(row) = found else { return Ok(None) };
    let malformed = || malformed(Doing::LockRegister);
    let account: Option<String> = row.try_get(0).map_err(malformed())?;
    let process: i32 = row.try_get(1).map_err(malformed())?;
    let since: Option<i64> = row.try_get(2).map_err(malformed())?;
    let since = since.and_then(|seconds| Time::from_unix(seconds).ok());
    // Of the sessions of others the server tells no times.
    Ok(account.map(|account| Holder { account, process: process.cast_unsigned(), since }))
}
