//! How a connection to a register is closed.

use std::cell::Cell;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::store::sqlite::place::{beside, is_filled};

/// A connection that leaves the WAL file as it is when it is closed, unless it wrote. The last connection to a database
/// would write the WAL file into the file and delete it: reading would change evidence.
///
/// An empty WAL file is deleted all the same. It was made for this connection, and its group can be one that keeps others
/// from writing.
pub struct Reader {
    conn: Connection,
    log: PathBuf,
    writes: Cell<bool>,
}

impl Reader {
    /// Wraps the connection to the file at a path.
    pub fn new(conn: Connection, path: &Path) -> Self {
        Self { conn, log: beside(path, "-wal"), writes: Cell::new(false) }
    }

    /// Lets the connection write. When it is closed as the last one, the WAL file is written into the file and deleted.
    pub fn will_write(&self) {
        self.writes.set(true);
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.conn
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let keep = !self.writes.get() && is_filled(&self.log);
        // If this fails, the WAL file stays, which loses nothing.
        let _ = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep);
    }
}
