//! SQLite's own check of the pages, indexes and constraints of a file.

use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::lang::{lang, within};
use crate::store::doing::Doing;
use crate::store::sqlite::connect::{Source, harden};
use crate::store::sqlite::place::open_main;
use crate::store::sqlite::shared::SharedFile;
use crate::store::{Finding, StoreError};
use crate::tr;

impl SharedFile {
    /// The faults that SQLite's own check of the whole file reports. It runs in parallel to other work, on a separate
    /// connection.
    ///
    /// # Errors
    /// What SQLite reports.
    pub(super) fn check_beside(&self, work: &mut dyn FnMut()) -> Result<Vec<Finding>, StoreError> {
        let (source, path) = (self.source(), self.path());
        thread::scope(|scope| {
            let again = || read_again(source, path).map_err(StoreError::sqlite(Doing::CheckFile));
            let reader = lang();
            let check = move || within(reader, || integrity(&again()?));
            let beside = thread::Builder::new().spawn_scoped(scope, check);
            work();
            match beside {
                Ok(checked) => checked.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_) => check(),
            }
        })
    }
}

/// A second connection to an open file. It is writable if possible, because SQLite does not check constraints on a
/// read-only connection.
fn read_again(source: &Source, path: &Path) -> rusqlite::Result<Connection> {
    let file = match source {
        Source::Itself => path.to_owned(),
        Source::Copy(copy) => copy.file(),
        Source::Main => return open_main(path),
    };
    let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    harden(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn integrity(conn: &Connection) -> Result<Vec<Finding>, StoreError> {
    let doing = || StoreError::sqlite(Doing::CheckFile);
    let mut select = conn.prepare("PRAGMA integrity_check(20)").map_err(doing())?;
    let lines = select.query_map([], |row| row.get::<_, String>(0)).map_err(doing())?;
    let lines = lines.collect::<Result<Vec<_>, _>>().map_err(doing())?;
    // A row may have several lines, of which the first is a heading.
    let lines = lines.iter().flat_map(|row| row.lines()).filter(|line| *line != "ok" && !line.starts_with("***"));
    let mut findings: Vec<Finding> = lines.map(|line| Finding::of_file("integrity", line)).collect();
    // No command reads such rows, so in a read-only file no other check would report them.
    let before = conn.query_row("SELECT EXISTS (SELECT 1 FROM entry WHERE seq < 0)", [], |row| row.get(0));
    if before.map_err(doing())? {
        findings.push(Finding::of_file("integrity", tr!("the log has rows before entry 0", "日志在第 0 条之前还有行")));
    }
    Ok(findings)
}
