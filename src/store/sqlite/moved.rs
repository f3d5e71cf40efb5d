//! The mark of a register that has moved to another place: in the same transaction the header says so, and a table where
//! to. Whoever may write the file can set or remove it, so it is only shown: nobody is led anywhere by it.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::store::StoreError;
use crate::store::doing::Doing;
use crate::store::sqlite::connect::{APPLICATION, MOVED};
use crate::store::sqlite::place::{open_main, open_with_wal};
use crate::store::sqlite::schema::{MOVED_TO, NEW_PLACE};

/// Marks a register.
pub fn mark(conn: &Connection, to: &Path) -> rusqlite::Result<()> {
    conn.execute_batch(NEW_PLACE)?;
    conn.execute(&format!("INSERT INTO {MOVED_TO} (place) VALUES (?1)"), [to.to_string_lossy()])?;
    conn.pragma_update(None, "application_id", MOVED)
}

/// Where a register has moved to by now, as its mark says.
pub fn new_place(conn: &Connection) -> rusqlite::Result<Option<PathBuf>> {
    if header(conn)? != MOVED {
        return Ok(None);
    }
    let place: String = conn.query_row(&format!("SELECT place FROM {MOVED_TO}"), [], |row| row.get(0))?;
    Ok(Some(PathBuf::from(place)))
}

fn header(conn: &Connection) -> rusqlite::Result<i32> {
    conn.pragma_query_value(None, "application_id", |row| row.get(0))
}

/// Fails if a register was marked since it was opened.
///
/// # Errors
/// [`StoreError::Moved`], or what SQLite reports.
pub fn check(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let doing = || StoreError::sqlite(Doing::Record);
    match header(conn).map_err(doing())? {
        APPLICATION => Ok(()),
        _ => {
            Err(StoreError::Moved { path: path.to_owned(), to: new_place(conn).map_err(doing())?.unwrap_or_default() })
        }
    }
}

/// Whether a file is marked as a register that has moved.
pub fn has_moved(path: &Path) -> bool {
    let marked = |conn: Connection| header(&conn);
    // Without a WAL file only asking shows that it cannot be opened with one.
    let found = open_with_wal(path).and_then(marked).or_else(|_| open_main(path).and_then(marked));
    found.is_ok_and(|found| found == MOVED)
}
