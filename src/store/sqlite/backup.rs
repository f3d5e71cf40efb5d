//! Backups of a register: made while others write, and turned into a register again. Also copies the valid part of a
//! broken register into a new file.

use std::fs;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use crate::store::sqlite::connect::{APPLICATION, COPY, beside, connect};
use crate::store::sqlite::mount::{Mount, local};
use crate::store::sqlite::schema;
use crate::store::{SharedFile, StoreError, Turn, VerifiedLog};

/// The number of pages copied at a time; other processes can write in between.
const PAGES: i32 = 1024;

/// Makes a backup: a consistent copy in a new file, marked as a backup. Other processes may write meanwhile. The backup
/// is durable when this returns.
///
/// # Errors
/// [`StoreError::Exists`], or what the system or SQLite reports; no file is left behind then.
pub fn back_up(shared: &SharedFile, out: &Path) -> Result<(), StoreError> {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o640).open(out);
    made.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => StoreError::Exists { path: out.to_owned() },
        _ => StoreError::io("make", out)(error),
    })?;
    // It gets its name once it is complete and marked. Until then an empty file reserves the name, so that a partial
    // copy of a killed process is never mistaken for a register.
    let part = beside(out, ".part");
    let copied = fresh(&part).and_then(|()| {
        copy(shared, &part).map_err(StoreError::sqlite("copying the register"))?;
        sync(&part)?;
        fs::rename(&part, out).map_err(StoreError::io("make", out))?;
        sync(out)
    });
    clear_away(&part);
    if copied.is_err() {
        let _ = fs::remove_file(out);
    }
    copied
}

/// Removes a partial file and SQLite's files beside it. Errors are ignored: the next backup removes the rest.
pub fn clear_away(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(beside(path, suffix));
    }
}

/// Creates an empty file, in place of what a killed process left there.
fn fresh(part: &Path) -> Result<(), StoreError> {
    let _ = fs::remove_file(beside(part, "-journal"));
    let _ = fs::remove_file(part);
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o640).open(part);
    made.map(drop).map_err(StoreError::io("make", part))
}

fn copy(shared: &SharedFile, out: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut conn = Connection::open_with_flags(out, flags)?;
    Backup::new(shared.conn(), &mut conn)?.run_to_completion(PAGES, Duration::ZERO, None)?;
    // A backup is one file, so that it can be copied alone: it must not have a WAL file.
    conn.pragma_update(None, "journal_mode", "DELETE")?;
    conn.pragma_update(None, "application_id", COPY)
}

fn sync(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for it in [path, folder] {
        fs::File::open(it).and_then(|file| file.sync_all()).map_err(StoreError::io("write", it))?;
    }
    Ok(())
}

/// Turns a backup into a register, in place.
///
/// # Errors
/// [`StoreError::NotABackup`], [`StoreError::Network`], a schema that is not ours, or what the system or SQLite
/// reports.
pub fn restore(path: &Path, scratch: &Path) -> Result<PathBuf, StoreError> {
    let opened = connect(path, scratch)?;
    let path = opened.path;
    if opened.access != crate::store::sqlite::connect::Access::Backup {
        return Err(StoreError::NotABackup { path });
    }
    if let Some(finding) = schema::compare(&opened.conn, schema::Part::Register)?.into_iter().next() {
        return Err(StoreError::Broken(finding));
    }
    local(&path, Mount::of(&path).as_ref())?;
    drop(opened.conn);
    let rights = fs::set_permissions(&path, fs::Permissions::from_mode(0o660));
    rights.map_err(StoreError::io("set the rights of", &path))?;
    let unmarked = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|conn| {
        // The change is within one sector. A rollback journal would survive a crash and make the file unreadable for
        // us.
        conn.pragma_update(None, "journal_mode", "MEMORY")?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "application_id", APPLICATION)
    });
    unmarked.map_err(StoreError::sqlite("turning the backup into a register"))?;
    sync(&path)?;
    Ok(path)
}

/// Makes a new register from the verified entries of another. It is durable when this returns.
///
/// # Errors
/// As [`SharedFile::create`] and [`VerifiedLog::copy_into`]; no file is left behind then.
pub fn copy_valid(log: &VerifiedLog, out: &Path) -> Result<(), StoreError> {
    let mut file = SharedFile::create(out)?;
    // Everything must be in the file itself before it is renamed; closing it does not report whether it is.
    let copied = log.copy_into(&mut file).and_then(|()| match file.flush()? {
        true => Ok(()),
        false => Err(StoreError::InUse { path: out.to_owned() }),
    });
    drop(file);
    if copied.is_err() {
        clear_away(out);
    }
    copied
}

/// Replaces a broken register by a repaired one and keeps the broken one under another name, durably.
///
/// No other process may have the broken one open: when the last connection closes, SQLite deletes the files beside a
/// database by name, and would delete those of the new one. While this connection is exclusive, no other can open it.
///
/// # Errors
/// As `SharedFile::alone`, or what the system reports; the register is unchanged until the exchange.
pub fn put_in_place(
    broken: SharedFile,
    turn: &Turn,
    newest: Option<u64>,
    repaired: &Path,
    aside: &Path,
) -> Result<(), StoreError> {
    let path = broken.path().to_owned();
    let placed = as_before(&path, repaired).and_then(|()| {
        broken.alone(turn, newest, || {
            // SQLite does not report that it could not delete the WAL file, which would be applied to the new file.
            match fs::remove_file(beside(&path, "-wal")) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove the write-ahead log of", &path)(error));
                }
                _ => {}
            }
            fs::hard_link(&path, aside).map_err(StoreError::io("keep the broken file as", aside))?;
            fs::rename(repaired, &path).map_err(|error| {
                // It is a second name of the register. If it stays, nothing is lost.
                let _ = fs::remove_file(aside);
                StoreError::io("replace", &path)(error)
            })
        })
    });
    clear_away(repaired);
    placed.and_then(|()| sync(&path))
}

/// Gives a file the group, the permissions and, if allowed, the owner of another.
fn as_before(path: &Path, file: &Path) -> Result<(), StoreError> {
    let was = fs::metadata(path).map_err(StoreError::io("read", path))?;
    let made = fs::metadata(file).map_err(StoreError::io("read", file))?;
    if made.gid() != was.gid() {
        chown(file, None, Some(was.gid())).map_err(StoreError::io("give to the register's group", file))?;
    }
    // Only root may do this. Otherwise the account that repairs the register owns the new file.
    let _ = chown(file, Some(was.uid()), None);
    let rights = fs::Permissions::from_mode(was.mode() & 0o777);
    fs::set_permissions(file, rights).map_err(StoreError::io("set the rights of", file))
}
