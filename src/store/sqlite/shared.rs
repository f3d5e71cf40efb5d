//! The shared file: the log and its tables, in one SQLite file that all accounts read and write.

use std::cell::OnceCell;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::domain::Head;
use crate::format::Raw;
use crate::store::cache::compare;
use crate::store::cache::tables::Tables;
use crate::store::cache::verified::VerifiedCache;
use crate::store::doing::{Doing, FileOp};
use crate::store::shared::{Appended, Compared, Past, Refilled, SharedStore, Snapshot, Turn, Writer};
use crate::store::sqlite::closing::Reader;
use crate::store::sqlite::connect::{Access, Opened, Site, Source, connect};
use crate::store::sqlite::error::FileError;
use crate::store::sqlite::mount::{Mount, local};
use crate::store::sqlite::place::{FileId, SecondPath, beside, open_file};
use crate::store::sqlite::schema::{self, TABLES};
use crate::store::sqlite::snapshot::view;
use crate::store::sqlite::{moved, queue};
use crate::store::{Finding, StoreError};

/// The file of a register, open for reading.
pub struct SharedFile {
    // Declared first, so that it is closed before a private copy is removed, and before the WAL file that was synced.
    conn: Reader,
    path: PathBuf,
    id: FileId,
    access: Access,
    /// The mount of the file, looked up before writing.
    mount: OnceCell<Option<Mount>>,
    source: Source,
    /// The WAL file, once it was synced. Closing it earlier would release locks, if it is a link to the register.
    synced: OnceCell<File>,
}

impl SharedFile {
    /// Opens a register or a backup. The findings tell how its schema differs from ours; only `verify` may continue if
    /// there are any. Elsewhere than at a register's own path, and if no file can be written beside it, a private copy is
    /// read in `scratch`, a directory of this account.
    ///
    /// # Errors
    /// There is no file, it is not a register, its layout is unknown, or a file beside it cannot be its own.
    pub fn open(path: &Path, site: Site, scratch: &Path) -> Result<(Self, Vec<Finding>), StoreError> {
        let Opened { conn, path, id, access, source, kind } = connect(path, site, scratch)?;
        let conn = Reader::new(conn, &path);
        conn.pragma_update(None, "synchronous", "FULL").map_err(StoreError::sqlite(Doing::OpenRegister))?;
        conn.pragma_update(None, "query_only", true).map_err(StoreError::sqlite(Doing::OpenRegister))?;
        let findings = schema::compare(&conn, kind.part())?;
        let (mount, synced) = (OnceCell::new(), OnceCell::new());
        Ok((Self { conn, path, id, access, mount, source, synced }, findings))
    }

    /// Opens a register at its own path, whose schema must be ours.
    pub(super) fn open_valid(path: &Path, scratch: &Path) -> Result<Self, StoreError> {
        let (file, findings) = Self::open(path, Site::Register, scratch)?;
        findings.into_iter().next().map_or(Ok(file), |finding| Err(StoreError::Broken(finding)))
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that was opened.
    pub(super) fn id(&self) -> FileId {
        self.id
    }

    /// What is read.
    pub(super) fn source(&self) -> &Source {
        &self.source
    }

    /// The connection, for reading tables.
    pub(in crate::store) fn conn(&self) -> &Connection {
        &self.conn
    }

    /// Checks that a writable file is still the one at its path, by no other path, and on a local disk.
    fn check_place(&self) -> Result<(), StoreError> {
        let metadata = self.id.check(&self.path)?;
        let mount = self.mount.get_or_init(|| Mount::of(&self.path)).as_ref();
        match SecondPath::of(&self.path, &metadata, mount) {
            Some(second) => Err(FileError::SecondPath { path: self.path.clone(), second }.into()),
            None => local(&self.path, mount),
        }
    }

    /// Runs `work` while no other process has the file open, if no entry was recorded after `newest`.
    ///
    /// # Errors
    /// As [`SharedFile::writable`], [`FileError::InUse`], or what `work` reports.
    pub(in crate::store) fn alone(
        self,
        turn: &Turn,
        newest: Option<u64>,
        work: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let doing = || StoreError::sqlite(Doing::LockRegister);
        self.writable()?;
        self.conn.will_write();
        self.conn.busy_timeout(turn.patience).map_err(doing())?;
        self.conn.pragma_update(None, "query_only", false).map_err(doing())?;
        // SQLite leaves WAL mode only if no other process has the file open. The change is within one page, and a
        // rollback journal would survive a crash and make the file unreadable for us.
        let left = self.conn.pragma_update(None, "journal_mode", "MEMORY").map_err(doing());
        // This lock excludes readers too, unless another process has returned the file to WAL mode in between.
        let exclusive = TransactionBehavior::Exclusive;
        let locked = left.and_then(|()| Transaction::new_unchecked(&self.conn, exclusive).map_err(doing()));
        let done = locked.and_then(|_alone| {
            let mode = self.conn.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
            // Damage may hide the newest entry from both.
            let alone = mode.map_err(doing())? == "memory" && self.newest().ok().flatten() == newest;
            if alone { work() } else { Err(FileError::InUse { path: self.path.clone() }.into()) }
        });
        if done.is_err() {
            // The next process that records does it again.
            let _ = self.conn.pragma_update(None, "journal_mode", "WAL");
        }
        done.map_err(|error| match error {
            StoreError::Busy { .. } => FileError::InUse { path: self.path.clone() }.into(),
            error => error,
        })
    }

    /// Runs one writing transaction; rolled back unless it succeeds.
    fn write<T>(
        &mut self,
        turn: &Turn,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let doing = || StoreError::sqlite(Doing::Record);
        self.writable()?;
        self.conn.will_write();
        // Also wait for programs that do not queue, such as the SQLite shell.
        self.conn.busy_timeout(turn.patience).map_err(doing())?;
        self.conn.pragma_update(None, "query_only", false).map_err(doing())?;
        // This has no effect unless another program left WAL mode: a rollback journal would block all other processes.
        let logged = self.conn.pragma_update(None, "journal_mode", "WAL").map_err(doing());
        let done = logged
            .and_then(|()| Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate).map_err(doing()))
            // An entry in a file that is no longer at its path would be lost.
            .and_then(|tx| {
                moved::check(&tx, &self.path)?;
                work(&tx)
                    .and_then(|done| self.check_place().map(|()| done))
                    .and_then(|done| tx.commit().map(|()| done).map_err(StoreError::commit))
            });
        self.conn.pragma_update(None, "query_only", true).map_err(doing())?;
        done.map_err(|error| match error {
            StoreError::Busy { .. } => {
                FileError::Locked { path: self.path.clone(), seconds: turn.patience.as_secs() }.into()
            }
            error => error,
        })
    }
}

impl SharedStore for SharedFile {
    fn place(&self) -> &Path {
        &self.path
    }

    fn is_backup(&self) -> bool {
        self.access == Access::Backup
    }

    fn newest(&self) -> Result<Option<u64>, StoreError> {
        let newest = self.conn.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0));
        newest.map_err(StoreError::sqlite(Doing::ReadLog))
    }

    fn entry(&self, seq: u64) -> Result<Option<Raw>, StoreError> {
        entry(&self.conn, seq).map_err(StoreError::sqlite(Doing::ReadLog))
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(Raw) -> Result<bool, StoreError>) -> Result<(), StoreError> {
        let doing = || StoreError::sqlite(Doing::ReadLog);
        let mut select = self
            .conn
            .prepare("SELECT seq, blob, text, data FROM entry WHERE seq >= ?1 ORDER BY seq")
            .map_err(doing())?;
        let mut rows = select.query([from]).map_err(doing())?;
        while let Some(row) = rows.next().map_err(doing())? {
            if !visit(raw(row).map_err(doing())?)? {
                break;
            }
        }
        Ok(())
    }

    fn hold_snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        Ok(Snapshot::of(view(&self.conn).map_err(StoreError::sqlite(Doing::ReadLog))?))
    }

    fn writable(&self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let folder = || self.path.parent().unwrap_or(Path::new("/")).to_owned();
        match self.access {
            Access::Writable => self.check_place(),
            Access::ReadOnly(denied) => Err(denied.error(path)),
            Access::ReadOnlyFolder(denied) => Err(denied.error(folder())),
            Access::Stuck => Err(FileError::Stuck { path }.into()),
            Access::SecondPath(second) => Err(FileError::SecondPath { path, second }.into()),
            Access::Backup => Err(StoreError::IsBackup { path }),
            Access::Moved => Err(StoreError::Moved { path, to: self.moved()?.unwrap_or_default() }),
            Access::Elsewhere => Err(StoreError::Copy { path }),
        }
    }

    fn turn(&self, writer: &Writer) -> Result<Turn, StoreError> {
        self.writable()?;
        queue::wait(&self.path, writer)
    }

    fn append(
        &mut self,
        turn: &Turn,
        head: Option<Head>,
        raw: &Raw,
        redact: &[u64],
        project: &dyn Fn(&Tables<'_>) -> Result<(), StoreError>,
    ) -> Result<Appended, StoreError> {
        let doing = || StoreError::sqlite(Doing::Record);
        let done = self.write(turn, |tx| {
            if !is_head(tx, head).map_err(doing())? {
                return Ok(Appended::HeadMoved);
            }
            insert(tx, raw).map_err(doing())?;
            project(&Tables::of(tx))?;
            redact_texts(tx, redact).map_err(doing())?;
            kept(tx, raw).map(|()| Appended::Done)
        });
        // A commit can fail and still be durable, so look at the file before reporting.
        match done {
            Err(_) if entry(&self.conn, raw.seq).is_ok_and(|found| found.as_ref() == Some(raw)) => Ok(Appended::Done),
            done => done,
        }
    }

    fn extend(
        &mut self,
        turn: &Turn,
        (head, until): (Option<Head>, u64),
        read: &dyn Fn(u64) -> Result<Raw, StoreError>,
        redact: &[u64],
        cache: &VerifiedCache,
    ) -> Result<Appended, StoreError> {
        let doing = || StoreError::sqlite(Doing::Record);
        self.write(turn, |tx| {
            if !is_head(tx, head).map_err(doing())? {
                return Ok(Appended::HeadMoved);
            }
            for seq in head.map_or(0, |head| head.seq + 1)..=until {
                let raw = read(seq)?;
                insert(tx, &raw).map_err(doing())?;
                kept(tx, &raw)?;
            }
            redact_texts(tx, redact).map_err(doing())?;
            compare::refill(tx, cache.conn(), TABLES).map_err(doing())?;
            Ok(Appended::Done)
        })
    }

    fn mark_moved(&mut self, turn: &Turn, head: Option<Head>, to: &Path) -> Result<Appended, StoreError> {
        let doing = || StoreError::sqlite(Doing::Move);
        let done = self.write(turn, |tx| {
            if !is_head(tx, head).map_err(doing())? {
                return Ok(Appended::HeadMoved);
            }
            moved::mark(tx, to).map_err(doing()).map(|()| Appended::Done)
        })?;
        if done == Appended::Done {
            self.access = Access::Moved;
        }
        Ok(done)
    }

    fn moved(&self) -> Result<Option<PathBuf>, StoreError> {
        moved::new_place(&self.conn).map_err(StoreError::sqlite(Doing::OpenRegister))
    }

    fn refill(
        &mut self,
        turn: &Turn,
        head: Option<Head>,
        redact: &[u64],
        cache: &VerifiedCache,
    ) -> Result<Refilled, StoreError> {
        let doing = || StoreError::sqlite(Doing::RefillTables);
        self.write(turn, |tx| {
            if !is_head(tx, head).map_err(doing())? {
                return Ok(Refilled::HeadMoved);
            }
            redact_texts(tx, redact).map_err(doing())?;
            let differed = compare::compare(tx, cache.conn())?;
            if !differed.is_empty() {
                compare::refill(tx, cache.conn(), TABLES).map_err(doing())?;
            }
            Ok(Refilled::Done(differed))
        })
    }

    fn compare_tables(&self, cache: &VerifiedCache, _past: Past<'_>) -> Result<Compared, StoreError> {
        let findings = compare::compare(&self.conn, cache.conn())?;
        Ok(Compared { findings, notices: Vec::new() })
    }

    fn integrity_beside(&self, work: &mut dyn FnMut()) -> Result<Vec<Finding>, StoreError> {
        self.check_beside(work)
    }

    fn wait_for_news(&self, _limit: Duration) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Entries that are not in the file itself are in its WAL file.
    fn sync(&self) -> Result<(), StoreError> {
        let log = beside(&self.path, "-wal");
        let file = match (self.synced.get(), open_file(&log)) {
            (Some(file), _) => file,
            (None, Err(error)) if error.kind() == ErrorKind::NotFound => return Ok(()),
            (None, opened) => {
                let file = opened.map_err(StoreError::io(FileOp::Sync, &log))?;
                self.synced.get_or_init(|| file)
            }
        };
        file.sync_data().map_err(StoreError::io(FileOp::Sync, &log))
    }

    /// The WAL file may still hold redacted texts.
    fn flush(&self) -> Result<bool, StoreError> {
        flush(&self.conn).map_err(StoreError::sqlite(Doing::Redact))
    }

    fn at_its_place(self: Box<Self>, scratch: &Path) -> Result<Box<dyn SharedStore>, StoreError> {
        if self.access != Access::Elsewhere {
            return Ok(self);
        }
        let path = self.path.clone();
        drop(self);
        Ok(Box::new(Self::open_valid(&path, scratch)?))
    }

    fn discard(self: Box<Self>) -> bool {
        self.remove_unfounded()
    }

    fn file(&self) -> Option<&SharedFile> {
        Some(self)
    }

    fn into_file(self: Box<Self>) -> Option<SharedFile> {
        Some(*self)
    }
}

/// Empties the WAL file; `false` if other processes are reading.
pub fn flush(conn: &Connection) -> rusqlite::Result<bool> {
    let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0))?;
    Ok(busy == 0)
}

fn insert(conn: &Connection, raw: &Raw) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached("INSERT INTO entry (seq, blob, text, data) VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![raw.seq, raw.blob, raw.text, raw.data]).map(|_| ())
}

/// Reads the row back, because a planted trigger can discard an insert without an error.
fn kept(conn: &Connection, raw: &Raw) -> Result<(), StoreError> {
    match entry(conn, raw.seq).map_err(StoreError::sqlite(Doing::Record))? {
        Some(found) if found == *raw => Ok(()),
        _ => Err(StoreError::not_kept(raw.seq)),
    }
}

fn redact_texts(conn: &Connection, seqs: &[u64]) -> rusqlite::Result<()> {
    let mut update = conn.prepare("UPDATE entry SET text = NULL WHERE seq = ?1 AND text IS NOT NULL")?;
    seqs.iter().try_for_each(|seq| update.execute([seq]).map(|_| ()))
}

/// Reads a row of `seq`, `blob`, `text` and `data`.
pub(in crate::store) fn raw(row: &rusqlite::Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw { seq: row.get(0)?, blob: row.get(1)?, text: row.get(2)?, data: row.get(3)? })
}

fn entry(conn: &Connection, seq: u64) -> rusqlite::Result<Option<Raw>> {
    conn.prepare_cached("SELECT seq, blob, text, data FROM entry WHERE seq = ?1")?.query_row([seq], raw).optional()
}

/// Whether this is the newest entry of the log, by sequence number and content.
fn is_head(conn: &Connection, head: Option<Head>) -> rusqlite::Result<bool> {
    let newest: Option<u64> = conn.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0))?;
    match (newest, head) {
        (None, None) => Ok(true),
        (Some(newest), Some(head)) if newest == head.seq => {
            Ok(entry(conn, newest)?.is_some_and(|raw| raw.leaf() == head.leaf))
        }
        _ => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_register_on_a_network_file_system_is_read_and_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = SharedFile::create(&folder.path().join("prod.db"), folder.path()).unwrap();
        let raw = Raw { seq: 0, blob: b"blob".to_vec(), text: None, data: None };
        let turn = file.turn(&Writer { account: "alice".to_owned(), patience: Duration::ZERO }).unwrap();
        file.mount = Some(Mount { point: "/srv".into(), kind: "nfs4".to_owned() }).into();
        assert!(matches!(
            file.append(&turn, None, &raw, &[], &|_| Ok(())),
            Err(StoreError::File(FileError::Network { .. }))
        ));
        assert!(matches!(
            file.refill(&turn, None, &[], &VerifiedCache::temporary().unwrap()),
            Err(StoreError::File(FileError::Network { .. }))
        ));
        assert_eq!(file.newest().unwrap(), None);
        file.mount = None.into();
        assert!(matches!(file.append(&turn, None, &raw, &[], &|_| Ok(())), Ok(Appended::Done)));
    }
}
