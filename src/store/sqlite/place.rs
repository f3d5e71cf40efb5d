//! Which file a path leads to, and what may be done there: its names, the files of SQLite beside it, its permissions.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{Access, AtFlags, CWD, OFlags, Stat, accessat};
use rustix::io::Errno;

use crate::store::sqlite::connect::{COPY, bound, harden};
use crate::store::sqlite::error::FileError;
use crate::store::sqlite::mount::Mount;
use crate::store::{Finding, StoreError};
use crate::{tr, trf};

/// A path with a suffix appended to its file name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The device and inode of a file, which are the same under each of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// The identity in a file's metadata.
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    /// Whether this is the identity in what the system says of a file.
    pub fn is_of(self, found: &Stat) -> bool {
        self == Self { device: found.st_dev, inode: found.st_ino }
    }

    /// Checks that a path still leads to this file, and returns its metadata.
    ///
    /// # Errors
    /// [`FileError::Replaced`].
    pub fn check(self, path: &Path) -> Result<Metadata, StoreError> {
        let found = fs::symlink_metadata(path).ok().filter(|found| found.is_file() && Self::of(found) == self);
        found.ok_or_else(|| FileError::Replaced { path: path.to_owned() }.into())
    }
}

/// Opens a file for reading. Follows no link, and does not wait at a pipe.
pub fn open_file(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(ErrorKind::InvalidInput.into()) }
}

/// How a file can be reached by a second path. SQLite keeps a WAL file for each path, so that two writers would damage
/// the file or lose entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondPath {
    /// It has so many hard links.
    Links(u64),
    /// It is mounted by itself, as into a container, so that its directory is another one than elsewhere.
    Mounted,
}

impl SecondPath {
    /// The second path of a file, if there can be one.
    pub fn of(path: &Path, metadata: &Metadata, mount: Option<&Mount>) -> Option<Self> {
        match metadata.nlink() {
            links @ 2.. => Some(Self::Links(links)),
            _ => mount.filter(|mount| mount.point == path).map(|_| Self::Mounted),
        }
    }
}

impl std::fmt::Display for SecondPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Links(links) => f.write_str(&trf!("has {links} hard links", "有 {links} 个硬链接")),
            Self::Mounted => {
                f.write_str(tr!("is mounted by itself, without its directory", "被单独挂载，不含其所在目录"))
            }
        }
    }
}

/// Why a file cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No permission.
    Permission,
    /// Its file system is mounted read-only.
    ReadOnlyMount,
}

impl Denied {
    /// The error for a file or directory that cannot be written.
    pub fn error(self, path: PathBuf) -> StoreError {
        match self {
            Self::Permission => FileError::ReadOnly { path }.into(),
            Self::ReadOnlyMount => FileError::ReadOnlyMount { path }.into(),
        }
    }
}

/// Checks whether this account may write a file, or create files in a directory. Does not open it: closing a file
/// releases every lock that this process holds on it.
pub fn write_access(path: &Path) -> Result<(), Denied> {
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).map_err(|error| match error {
        Errno::ROFS => Denied::ReadOnlyMount,
        _ => Denied::Permission,
    })
}

/// Whether this account may write a file, or create files in a directory.
pub fn may_write(path: &Path) -> bool {
    write_access(path).is_ok()
}

/// Whether this account may read a file. Does not open it: closing it would drop the locks of SQLite on it.
pub fn may_read(path: &Path) -> bool {
    accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS).is_ok()
}

/// Whether there is a file with content.
pub fn is_filled(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.len() > 0)
}

/// What the main file of a database holds by itself, without a WAL file.
#[derive(Debug, Default)]
pub struct Main {
    /// Whether it is marked as a backup.
    pub backup: bool,
    /// Its newest entry; `None` also if it cannot be read.
    newest: Option<(i64, Vec<u8>)>,
}

impl Main {
    /// Reads it. A process that was killed during a checkpoint leaves a file that cannot be read by itself.
    pub fn read(path: &Path) -> Self {
        let Ok(conn) = open_main(path) else { return Self::default() };
        let mark = conn.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0));
        let newest = "SELECT seq, blob FROM entry ORDER BY seq DESC LIMIT 1";
        let newest = conn.query_row(newest, [], |row| Ok((row.get(0)?, row.get(1)?)));
        Self { backup: mark.is_ok_and(|mark| mark == COPY), newest: newest.ok() }
    }

    /// Checks that the files beside it can be its own, before SQLite applies them.
    ///
    /// # Errors
    /// A finding `side-file`.
    pub fn judge_side_files(&self, path: &Path) -> Result<(), StoreError> {
        for suffix in ["-journal", "-wal", "-shm"] {
            let Ok(found) = fs::symlink_metadata(beside(path, suffix)) else { continue };
            let name = path.file_name().map(OsString::from).unwrap_or_default();
            let name = format!("{}{suffix}", name.display());
            if !found.is_file() || found.nlink() > 1 {
                return refuse(trf!("{name} beside it is no file of its own", "其旁的 {name} 不是独立的文件"));
            }
            // A register is in WAL mode, so a rollback journal was planted there, for SQLite to apply.
            if suffix == "-journal" {
                return refuse(tr!("there is a rollback journal beside it", "其旁有 SQLite 的回滚文件（-journal）"));
            }
            if suffix == "-wal" && self.backup && found.len() > 0 {
                return refuse(trf!(
                    "it is a backup, which is one file, and {name} beside it is not a part of it",
                    "它是备份，只有一个文件，其旁的 {name} 不属于它"
                ));
            }
        }
        Ok(())
    }

    /// Checks that the log with the WAL file, which was opened, continues the log without it. If it does not, another file
    /// was put in place beside an old WAL file.
    ///
    /// # Errors
    /// A finding `side-file`, or the error of opening.
    pub fn judge_wal<T>(
        &self,
        wal: &Path,
        opened: Result<(Connection, T), StoreError>,
    ) -> Result<(Connection, T), StoreError> {
        let Some((seq, blob)) = self.newest.as_ref().filter(|_| is_filled(wal)) else { return opened };
        let entry = "SELECT blob FROM entry WHERE seq = ?1";
        let continues = match &opened {
            Ok((conn, _)) => conn.query_row(entry, [seq], |row| row.get::<_, Vec<u8>>(0)).is_ok_and(|it| it == *blob),
            Err(StoreError::Broken(finding)) => finding.rule != "file",
            Err(_) => true,
        };
        if !continues {
            refuse(trf!(
                "the WAL file beside it is not its own: without it, the log has another entry {seq}",
                "其旁的 WAL 文件不是它自己的：不含该文件时，日志第 {seq} 条是另一条"
            ))?;
        }
        opened
    }
}

fn refuse(meaning: impl std::fmt::Display) -> Result<(), StoreError> {
    Err(StoreError::Broken(Finding::of_file("side-file", meaning)))
}

/// Opens the main file of a database by itself, without a WAL file. Takes no locks, and creates and changes nothing.
///
/// # Errors
/// What SQLite reports.
pub fn open_main(path: &Path) -> rusqlite::Result<Connection> {
    open_to_read(path, "immutable=1")
}

/// Opens a database with its WAL file. Creates and changes nothing: without the files beside it, that is an error.
///
/// # Errors
/// What SQLite reports.
pub fn open_with_wal(path: &Path) -> rusqlite::Result<Connection> {
    open_to_read(path, "readonly_shm=1")
}

fn open_to_read(path: &Path, how: &str) -> rusqlite::Result<Connection> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_.-".contains(byte);
    let encode = |byte: &u8| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    let uri: String = path.as_os_str().as_bytes().iter().map(encode).collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut conn = Connection::open_with_flags(format!("file:{uri}?{how}"), flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Closing it must not write the WAL file into the file and delete it.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    harden(&conn)?;
    bound(&mut conn)?;
    Ok(conn)
}
