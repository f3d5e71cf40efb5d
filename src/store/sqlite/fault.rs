//! What SQLite reports, and which error of the store that is.

use std::path::PathBuf;

use rusqlite::ffi::{SQLITE_FULL, SQLITE_IOERR_WRITE};
use rusqlite::{Connection, ErrorCode};

use crate::store::doing::Doing;
use crate::store::fault::Fault;
use crate::store::{BUSY, Finding, StoreError};
use crate::trf;

fn fault(source: rusqlite::Error) -> Fault {
    use ErrorCode::{CannotOpen, DiskFull, ReadOnly, SystemIoFailure};
    let files = matches!(source.sqlite_error_code(), Some(CannotOpen | DiskFull | ReadOnly | SystemIoFailure));
    Fault::of("SQLite", files, source)
}

impl StoreError {
    /// Wraps a fault of a verified cache: what would mean a broken register there means a damaged cache here.
    pub(in crate::store) fn cache(conn: &Connection, doing: Doing) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| {
            let path = PathBuf::from(conn.path().unwrap_or_default());
            // An undamaged cache takes every row projected onto it, and holds only values that were written there.
            let conflicts = source.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
                || matches!(
                    source,
                    rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::QueryReturnedNoRows
                );
            let what = source.to_string();
            match Self::sqlite(doing)(source) {
                Self::Failed { .. } if conflicts => Self::CacheDamaged { path, what },
                Self::Broken(_) => Self::CacheDamaged { path, what },
                other => other,
            }
        }
    }

    /// Wraps a fault with the action that failed.
    pub(in crate::store) fn sqlite(doing: Doing) -> impl FnOnce(rusqlite::Error) -> Self {
        use rusqlite::Error;
        move |source| match (source.sqlite_error_code(), &source) {
            (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => Self::Busy { seconds: BUSY.as_secs() },
            // Our own statements fail like this only on a file that somebody damaged or remade.
            (
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TooBig | ErrorCode::Unknown),
                _,
            )
            | (_, Error::InvalidColumnType(..) | Error::IntegralValueOutOfRange(..) | Error::SqlInputError { .. }) => {
                Self::Broken(Finding::of_file("file", trf!("{doing}: {source}", "{doing}：{source}")))
            }
            _ => Self::Failed { doing, source: fault(source) },
        }
    }

    /// Wraps a fault of a commit. SQLite writes the commit record last: if writing failed, there is none. If a later
    /// step failed, such as syncing, the transaction may be in the file all the same.
    pub(in crate::store) fn commit(source: rusqlite::Error) -> Self {
        match source.sqlite_error().map(|it| it.extended_code) {
            Some(SQLITE_FULL | SQLITE_IOERR_WRITE) => Self::sqlite(Doing::Record)(source),
            _ => Self::Uncertain { source: fault(source) },
        }
    }
}
