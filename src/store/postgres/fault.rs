//! What PostgreSQL reports, and which error of the store that is.

use std::error::Error;
use std::io;
use std::time::Duration;

use postgres::error::SqlState;

use crate::store::doing::Doing;
use crate::store::fault::Fault;
use crate::store::postgres::error::brief;
use crate::store::{Finding, StoreError};
use crate::trf;

/// Its name in messages.
pub const ENGINE: &str = "PostgreSQL";

/// How long a statement waits for a row or a table that somebody else holds.
pub const BUSY: Duration = Duration::from_secs(30);

/// Its error, in its own words.
pub fn fault(error: &postgres::Error) -> Fault {
    let said = match (error.as_db_error(), error.source()) {
        (Some(said), _) => brief(said.message()),
        (None, Some(source)) => brief(&format!("{error}: {source}")),
        (None, None) => brief(&error.to_string()),
    };
    Fault::of_server(ENGINE, said)
}

/// Wraps an error with the action that failed.
pub fn failed(doing: Doing) -> impl FnOnce(postgres::Error) -> StoreError {
    move |error| match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => StoreError::NoRight { doing, source: fault(&error) },
        Some(&SqlState::LOCK_NOT_AVAILABLE) => StoreError::Busy { seconds: BUSY.as_secs() },
        // Our own statements fail like this only on tables that somebody damaged or remade.
        Some(
            &SqlState::UNDEFINED_TABLE
            | &SqlState::UNDEFINED_COLUMN
            | &SqlState::UNDEFINED_FUNCTION
            | &SqlState::INVALID_SCHEMA_NAME
            | &SqlState::DATA_CORRUPTED
            | &SqlState::INDEX_CORRUPTED,
        ) => broken(doing, &error),
        _ => StoreError::Failed { doing, source: fault(&error) },
    }
}

/// Wraps an error about a value of another type than ours: the server does not hold what we wrote.
pub fn malformed(doing: Doing) -> impl FnOnce(postgres::Error) -> StoreError {
    move |error| broken(doing, &error)
}

fn broken(doing: Doing, error: &postgres::Error) -> StoreError {
    let said = fault(error);
    StoreError::Broken(Finding::of_file("file", trf!("{doing}: {said}", "{doing}：{said}")))
}

/// Whether the answer may be lost: the connection broke, or the server ended it, perhaps after it had committed.
pub fn is_lost(error: &postgres::Error) -> bool {
    let ended = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW];
    let broke = || error.is_closed() || error.source().is_some_and(|source| source.is::<io::Error>());
    error.code().map_or_else(broke, |code| ended.contains(code) || code.code().starts_with("08"))
}
