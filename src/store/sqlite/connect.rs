//! Opens the file of a register, checks what it is and whether it may be written, and reads it where writing is
//! impossible.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::store::doing::{Doing, FileOp};
use crate::store::sqlite::error::FileError;
use crate::store::sqlite::mount::Mount;
use crate::store::sqlite::place::{Denied, FileId, Main, SecondPath, beside, is_filled, open_main, write_access};
use crate::store::sqlite::private_copy::PrivateCopy;
use crate::store::sqlite::schema::Part;
use crate::store::{Finding, StoreError};
use crate::tr;

/// How long to wait for other writers.
pub const BUSY: Duration = Duration::from_secs(30);

/// `application_id` of a register: "TWSL".
pub const APPLICATION: i32 = i32::from_be_bytes(*b"TWSL");

/// `application_id` of a backup: "TWSC".
pub const COPY: i32 = i32::from_be_bytes(*b"TWSC");

/// `application_id` of a register that has moved to another place: "TWSM".
pub const MOVED: i32 = i32::from_be_bytes(*b"TWSM");

/// What the header of a file says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A register.
    Register,
    /// A backup.
    Backup,
    /// A register that has moved to another place.
    Moved,
}

impl Kind {
    /// The kind with this `application_id`.
    pub fn of(application: i64) -> Option<Self> {
        match i32::try_from(application).ok()? {
            APPLICATION => Some(Self::Register),
            COPY => Some(Self::Backup),
            MOVED => Some(Self::Moved),
            _ => None,
        }
    }

    /// The schema that such a file has.
    pub fn part(self) -> Part {
        if self == Self::Moved { Part::Moved } else { Part::Register }
    }
}

/// `user_version`: the layout of the file. The format level of the log is separate, in entry 0.
pub const LAYOUT: i64 = 1;

/// The length of an SQLite file's header, in bytes.
const HEADER: u64 = 100;

/// The limit of a value in the file, in bytes: 4 MiB and some room.
const LONGEST_VALUE: i32 = 5 * 1024 * 1024;

/// Where a file stands, and so what reading it may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// At a register's own path. It is read where it is, so that SQLite may create its files beside it.
    Register,
    /// Anywhere else. A private copy is read, so that nothing of the file or beside it changes.
    Elsewhere,
}

/// What this account may do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A register that this account may write.
    Writable,
    /// A register that this account may only read.
    ReadOnly(Denied),
    /// A register in a directory in which this account may not write.
    ReadOnlyFolder(Denied),
    /// A register that this account may write, but no file can be written beside it: the disk is full or fails.
    Stuck,
    /// A register that can be reached by a second path.
    SecondPath(SecondPath),
    /// A backup, in which nothing may be recorded.
    Backup,
    /// A register that has moved, in which nothing may be recorded.
    Moved,
    /// A file that is not at a register's own path.
    Elsewhere,
}

/// What is read.
pub enum Source {
    /// The file itself.
    Itself,
    /// The main file, without a WAL file, as a file that cannot change.
    Main,
    /// A private copy.
    Copy(PrivateCopy),
}

/// An open register file with hardened settings.
pub struct Opened {
    /// The connection.
    pub conn: Connection,
    /// The path without links.
    pub path: PathBuf,
    /// The file at that path.
    pub id: FileId,
    /// What this account may do with it.
    pub access: Access,
    /// What is read.
    pub source: Source,
    /// What it says that it is.
    pub kind: Kind,
}

/// Opens a file. Elsewhere than at a register's own path, and if SQLite would need to write beside it but cannot, opens a
/// private copy in `scratch`.
///
/// # Errors
/// There is no file, it is not a register, its layout is unknown, or a file beside it cannot be its own.
pub fn connect(path: &Path, site: Site, scratch: &Path) -> Result<Opened, StoreError> {
    let path = path.canonicalize().map_err(|_| StoreError::NotFound { path: path.to_owned() })?;
    let metadata = fs::symlink_metadata(&path).ok().filter(Metadata::is_file);
    let metadata = metadata.ok_or_else(|| FileError::NotADatabase { path: path.clone() })?;
    let id = FileId::of(&metadata);
    let main = Main::read(&path);
    main.judge_side_files(&path)?;
    let second = SecondPath::of(&path, &metadata, Mount::of(&path).as_ref());
    let denied = write_access(&path).err();
    if site == Site::Register && second.is_none() && !main.backup {
        let opened = open(&path, denied.is_none()).and_then(|conn| checked(conn, &path));
        match main.judge_wal(&beside(&path, "-wal"), opened) {
            Ok((conn, kind)) => {
                id.check(&path)?;
                let access = match kind {
                    Kind::Moved => Access::Moved,
                    _ => denied.map_or(Access::Writable, Access::ReadOnly),
                };
                return Ok(Opened { conn, path, id, access, source: Source::Itself, kind });
            }
            Err(StoreError::Failed { source, .. }) if source.lacks_room() => {}
            Err(error) => return Err(error),
        }
    }
    let (conn, source, kind) = read_apart(&path, &main, scratch)?;
    id.check(&path)?;
    let access = match (kind, second, site) {
        (Kind::Backup, ..) => Access::Backup,
        (Kind::Moved, ..) => Access::Moved,
        (_, Some(second), _) => Access::SecondPath(second),
        (_, _, Site::Elsewhere) => Access::Elsewhere,
        (_, _, Site::Register) => {
            let folder = path.parent().and_then(|folder| write_access(folder).err());
            match (denied, folder) {
                (Some(denied), _) => Access::ReadOnly(denied),
                (None, Some(denied)) => Access::ReadOnlyFolder(denied),
                (None, None) => Access::Stuck,
            }
        }
    };
    Ok(Opened { conn, path, id, access, source, kind })
}

/// Opens a private copy; without a WAL file, and if no copy can be made, the file itself as one that cannot change.
fn read_apart(path: &Path, main: &Main, scratch: &Path) -> Result<(Connection, Source, Kind), StoreError> {
    match PrivateCopy::make(path, &["-wal"], scratch) {
        Ok(copy) => {
            let opened = open(&copy.file(), true).and_then(|conn| checked(conn, path));
            let (conn, kind) = main.judge_wal(&beside(&copy.file(), "-wal"), opened)?;
            Ok((conn, Source::Copy(copy), kind))
        }
        Err(error @ StoreError::Io { doing: FileOp::PrivateCopy, .. }) if is_filled(&beside(path, "-wal")) => {
            Err(error)
        }
        Err(StoreError::Io { doing: FileOp::PrivateCopy, .. }) => {
            let conn = open_main(path).map_err(StoreError::sqlite(Doing::OpenRegister))?;
            let (conn, kind) = checked(conn, path)?;
            Ok((conn, Source::Main, kind))
        }
        Err(error) => Err(error),
    }
}

/// Opens a file that SQLite may write beside.
fn open(path: &Path, writable: bool) -> Result<Connection, StoreError> {
    let mode = if writable { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let flags = mode | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let conn = Connection::open_with_flags(path, flags).and_then(|conn| {
        // Closing a connection that only reads must not write the WAL file into the file and delete it.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        harden(&conn)?;
        Ok(conn)
    });
    conn.map_err(StoreError::sqlite(Doing::OpenRegister))
}

/// Checks what a file is, and returns what it says that it is. `path` is its path in messages.
pub fn checked(mut conn: Connection, path: &Path) -> Result<(Connection, Kind), StoreError> {
    let doing = || StoreError::sqlite(Doing::OpenRegister);
    let endless = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => StoreError::Broken(Finding::of_file(
            "file",
            tr!("its schema has no end: pages refer to each other", "表结构没有终点：页面相互引用"),
        )),
        _ => doing()(error),
    };
    bound(&mut conn).map_err(doing())?;
    let kind = check_identity(&conn, path)?;
    // In WAL mode, the first read needs the files beside the database.
    let view = "SELECT count(*) FROM sqlite_schema WHERE name = 'entry' AND type <> 'table'";
    let views: i64 = conn.query_row(view, [], |row| row.get(0)).map_err(endless)?;
    conn.progress_handler(0, None::<fn() -> bool>).map_err(doing())?;
    // A view could produce rows without end.
    if views > 0 {
        return Err(StoreError::Broken(Finding::of_file("schema", tr!("entry is no table", "entry 不是数据表"))));
    }
    Ok((conn, kind))
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

/// Checks the `application_id` and returns what the file is by it.
fn check_identity(conn: &Connection, path: &Path) -> Result<Kind, StoreError> {
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let application = pragma("application_id").map_err(|error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => FileError::NotADatabase { path: path.to_owned() }.into(),
        _ => StoreError::sqlite(Doing::OpenRegister)(error),
    })?;
    let Some(kind) = Kind::of(application) else {
        // SQLite takes a file that is shorter than its header for an empty database.
        let path = path.to_owned();
        let empty = fs::metadata(&path).is_ok_and(|it| it.len() < HEADER);
        return Err(if empty {
            FileError::NotADatabase { path }.into()
        } else {
            FileError::OtherApplication { path }.into()
        });
    };
    // In another encoding the same rows would compare differently, and no register is made that way.
    let encoding = conn.pragma_query_value(None, "encoding", |row| row.get::<_, String>(0));
    let found = encoding.map_err(StoreError::sqlite(Doing::OpenRegister))?;
    if found != "UTF-8" {
        return Err(FileError::Encoding { path: path.to_owned(), found }.into());
    }
    let found = pragma("user_version").map_err(StoreError::sqlite(Doing::OpenRegister))?;
    if found != LAYOUT {
        return Err(FileError::Layout { path: path.to_owned(), found, known: LAYOUT }.into());
    }
    Ok(kind)
}
