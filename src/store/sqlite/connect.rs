//! Opens the file of a register, checks what it is and whether it may be written, and reads it where writing is
//! impossible.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::private;
use crate::store::sqlite::mount::may_write;
use crate::store::{Finding, StoreError};

/// How long to wait for other writers.
pub const BUSY: Duration = Duration::from_secs(30);

/// `application_id` of a register: "TWSL".
pub const APPLICATION: i32 = i32::from_be_bytes(*b"TWSL");

/// `application_id` of a backup: "TWSC".
pub const COPY: i32 = i32::from_be_bytes(*b"TWSC");

/// `user_version`: the layout of the file. The format level of the log is separate, in entry 0.
pub const LAYOUT: i64 = 1;

/// The limit of a value in the file, in bytes: 4 MiB and some room.
const LONGEST_VALUE: i32 = 5 * 1024 * 1024;

/// What this account may do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A register that this account may write.
    Writable,
    /// A register that this account may only read.
    ReadOnly,
    /// A register that this account may write, but no file can be written beside it: the disk is full or fails.
    Stuck,
    /// A backup, in which nothing may be recorded.
    Backup,
}

/// An open register file with hardened settings.
pub struct Opened {
    /// The connection.
    pub conn: Connection,
    /// The path without links.
    pub path: PathBuf,
    /// What this account may do with it.
    pub access: Access,
    /// The private copy that is read instead.
    pub private: Option<PrivateCopy>,
}

/// Opens a file. If SQLite would need to write beside it but cannot, opens a private copy in `scratch`.
///
/// # Errors
/// There is no file, it is not a register, or its layout is unknown.
pub fn connect(path: &Path, scratch: &Path) -> Result<Opened, StoreError> {
    let path = path.canonicalize().map_err(|_| StoreError::NotFound { path: path.to_owned() })?;
    if !path.is_file() {
        return Err(StoreError::NotADatabase { path });
    }
    // A register is in WAL mode, so a rollback journal beside it was planted there, for SQLite to apply.
    if fs::symlink_metadata(beside(&path, "-journal")).is_ok() {
        return Err(StoreError::Broken(Finding::of_file("file", "there is a rollback journal beside it")));
    }
    let writable = may_open(&path)?;
    match open(&path, writable) {
        Ok((conn, copy)) => {
            let read_only = if writable { Access::Writable } else { Access::ReadOnly };
            Ok(Opened { conn, path, access: if copy { Access::Backup } else { read_only }, private: None })
        }
        Err(StoreError::Sqlite { source, .. }) if source.needs_write_access() => {
            let private = PrivateCopy::make(&path, scratch)?;
            let (conn, copy) = open(&private.file(), true)?;
            let stuck = writable && path.parent().is_some_and(may_write);
            let read_only = if stuck { Access::Stuck } else { Access::ReadOnly };
            Ok(Opened { conn, path, access: if copy { Access::Backup } else { read_only }, private: Some(private) })
        }
        Err(error) => Err(error),
    }
}

/// Whether this account may open a file for writing. An error of the disk is not a refusal.
fn may_open(path: &Path) -> Result<bool, StoreError> {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    match fs::OpenOptions::new().write(true).open(path) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem) => Ok(false),
        Err(error) => Err(StoreError::io("open", path)(error)),
    }
}

fn open(path: &Path, writable: bool) -> Result<(Connection, bool), StoreError> {
    let doing = || StoreError::sqlite("opening the register");
    let mode = if writable { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let mut conn = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(doing())?;
    harden(&conn).map_err(doing())?;
    let endless = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => {
            StoreError::Broken(Finding::of_file("file", "its schema has no end: pages refer to each other"))
        }
        _ => doing()(error),
    };
    bound(&mut conn).map_err(doing())?;
    let copy = check_identity(&conn, path)?;
    // In WAL mode, the first read needs the files beside the database.
    let view = "SELECT count(*) FROM sqlite_schema WHERE name = 'entry' AND type <> 'table'";
    let views: i64 = conn.query_row(view, [], |row| row.get(0)).map_err(endless)?;
    conn.progress_handler(0, None::<fn() -> bool>).map_err(doing())?;
    // A view could produce rows without end.
    if views > 0 {
        return Err(StoreError::Broken(Finding::of_file("schema", "entry is no table")));
    }
    Ok((conn, copy))
}

/// Interrupts what takes more steps than reading a schema can take. In a hostile file, pages can refer to each other, so
/// that a small file has rows without end.
pub(super) fn bound(conn: &mut Connection) -> rusqlite::Result<()> {
    let mut left = 10_000;
    conn.progress_handler(
        1_000,
        Some(move || {
            left -= 1;
            left < 0
        }),
    )
}

/// A path with a suffix appended to its file name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A private copy of a register in a directory of this account, removed when it is dropped.
pub struct PrivateCopy {
    folder: PathBuf,
    // Locked while the copy is in use.
    _held: fs::File,
}

/// How often a file is copied again because it changed during the copy.
const ATTEMPTS: usize = 20;

impl PrivateCopy {
    /// Copies a register and its WAL file, again and again until neither changed during the copy.
    fn make(path: &Path, scratch: &Path) -> Result<Self, StoreError> {
        let copy = Self::folder(scratch).map_err(StoreError::io("make a private copy in", scratch))?;
        for _ in 0..ATTEMPTS {
            let before = state(path);
            for suffix in ["", "-wal"] {
                let (from, to) = (beside(path, suffix), beside(&copy.file(), suffix));
                match fs::copy(&from, &to) {
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound && !suffix.is_empty() => {
                        let _ = fs::remove_file(&to);
                    }
                    copied => _ = copied.map_err(StoreError::io("copy", &from))?,
                }
            }
            if state(path) == before {
                writable(&copy.file())?;
                return Ok(copy);
            }
        }
        Err(StoreError::Busy { seconds: BUSY.as_secs() })
    }

    /// Creates a directory for the copy, and removes unlocked ones, which killed processes left behind.
    fn folder(scratch: &Path) -> std::io::Result<Self> {
        private::make_folder(scratch).map_err(std::io::Error::other)?;
        // A new directory that is not locked yet is kept. If the file system has no locks, nothing is removed.
        let turn = fs::File::open(scratch)?;
        let _ = turn.lock();
        for left in fs::read_dir(scratch)?.filter_map(|item| Some(item.ok()?.path())) {
            let ours = left.is_dir() && left.file_stem().is_some_and(|stem| stem == "reading");
            if ours && fs::File::open(&left).is_ok_and(|held| held.try_lock().is_ok()) {
                fs::remove_dir_all(&left)?;
            }
        }
        let folder = scratch.join(format!("reading.{}", std::process::id()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let held = fs::File::open(&folder)?;
        let _ = held.lock_shared();
        Ok(Self { folder, _held: held })
    }

    /// The path of the copy.
    pub fn file(&self) -> PathBuf {
        self.folder.join("register.sqlite")
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        // Errors are ignored: the copy holds nothing that readers of the register cannot read.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// `fs::copy` would copy the permissions, but the copy must be writable even if the original is read-only.
fn writable(path: &Path) -> Result<(), StoreError> {
    for file in [path.to_owned(), beside(path, "-wal")] {
        if file.exists() {
            let set = fs::set_permissions(&file, fs::Permissions::from_mode(0o600));
            set.map_err(StoreError::io("set the rights of", &file))?;
        }
    }
    Ok(())
}

/// Size and modification time of a file and its WAL file.
fn state(path: &Path) -> Vec<Option<(u64, i64, i64)>> {
    let of = |suffix| {
        let metadata = fs::metadata(beside(path, suffix)).ok()?;
        Some((metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
    };
    ["", "-wal"].into_iter().map(of).collect()
}

/// Settings for a file that an attacker may have written.
pub fn harden(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(BUSY)?;
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    // Keep the plan of a prepared statement when its parameters change.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update(None, "recursive_triggers", true)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    // Overwrite deleted content, so that redacted texts leave the file.
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(None, "mmap_size", 0)
}

/// Checks the `application_id` and returns whether the file is a backup.
fn check_identity(conn: &Connection, path: &Path) -> Result<bool, StoreError> {
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id").map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::NotADatabase { path: path.to_owned() },
        _ => StoreError::sqlite("opening the register")(error),
    })?;
    if application != i64::from(APPLICATION) && application != i64::from(COPY) {
        // SQLite treats a file that is shorter than its header as an empty database.
        let mut header = [0; 16];
        let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
        let foreign = read.is_err() || header != *b"SQLite format 3\0";
        let path = path.to_owned();
        return Err(if foreign { StoreError::NotADatabase { path } } else { StoreError::OtherApplication { path } });
    }
    // In another encoding the same rows would compare differently, and no register is made that way.
    let encoding = conn.pragma_query_value(None, "encoding", |row| row.get::<_, String>(0));
    let found = encoding.map_err(StoreError::sqlite("opening the register"))?;
    if found != "UTF-8" {
        return Err(StoreError::Encoding { path: path.to_owned(), found });
    }
    let found = pragma("user_version").map_err(StoreError::sqlite("opening the register"))?;
    if found != LAYOUT {
        return Err(StoreError::Layout { path: path.to_owned(), found, known: LAYOUT });
    }
    Ok(application == i64::from(COPY))
}
