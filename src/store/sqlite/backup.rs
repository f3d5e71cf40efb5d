//! Backups of a register: made while others write, and turned into a register again. Also copies the valid part of a
//! broken register into a new file.

use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use crate::store::doing::{Doing, FileOp};
use crate::store::sqlite::connect::{APPLICATION, COPY, Kind, checked};
use crate::store::sqlite::error::FileError;
use crate::store::sqlite::founding::plainly;
use crate::store::sqlite::mount::{Mount, local};
use crate::store::sqlite::place::{FileId, Main, beside, open_file, open_main};
use crate::store::sqlite::private_copy::PrivateCopy;
use crate::store::sqlite::shared::SharedFile;
use crate::store::sqlite::staging::Staging;
use crate::store::sqlite::{queue, schema};
use crate::store::{SharedStore, StoreError, Turn, VerifiedLog, Writer};

/// The number of pages copied at a time; other processes can write in between.
const PAGES: i32 = 1024;

/// What is appended to the name of a broken register that is kept, before the time.
pub const ASIDE: &str = ".broken-";

/// Makes a backup: a consistent copy in a new file, marked as a backup. Other processes may write meanwhile. Of a file it
/// has everything; of a server, the entries that this account verified. The backup is durable when this returns. Returns
/// its newest entry.
///
/// # Errors
/// [`StoreError::Exists`], or what the system or SQLite reports; no file is left behind then.
pub fn back_up(log: &VerifiedLog, out: &Path, scratch: &Path) -> Result<Option<u64>, StoreError> {
    let staging = new_file(out, 0o640)?;
    let (database, newest) = match log.shared().file() {
        Some(file) => PrivateCopy::with(scratch, |to| {
            let copied = copy(file, &to.file()).and_then(|conn| mark(&conn));
            copied.map_err(StoreError::sqlite(Doing::CopyRegister))
        })?,
        None => {
            let valid = valid(log, scratch)?;
            let marked = plainly(&valid.file()).and_then(|conn| mark(&conn));
            let newest = marked.map_err(StoreError::sqlite(Doing::CopyRegister))?;
            (valid, newest)
        }
    };
    staging.write(&database)?;
    staging.name()?;
    Ok(newest)
}

/// A file that is to get a name which no file has.
fn new_file(out: &Path, mode: u32) -> Result<Staging, StoreError> {
    match fs::symlink_metadata(out) {
        Ok(_) => Err(StoreError::Exists { path: out.to_owned() }),
        Err(_) => Staging::beside(out, mode),
    }
}

fn copy(file: &SharedFile, out: &Path) -> rusqlite::Result<Connection> {
    let mut conn = plainly(out)?;
    Backup::new(file.conn(), &mut conn)?.run_to_completion(PAGES, Duration::ZERO, None)?;
    Ok(conn)
}

/// Makes a copy of a register a backup, and returns its newest entry.
fn mark(conn: &Connection) -> rusqlite::Result<Option<u64>> {
    // A backup is one file, so that it can be copied alone: it must not have a WAL file.
    conn.pragma_update(None, "journal_mode", "DELETE")?;
    conn.pragma_update(None, "application_id", COPY)?;
    // The register may have grown meanwhile.
    conn.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0))
}

/// Turns a backup into a register: a register is made of a copy, which then replaces the backup.
///
/// # Errors
/// [`StoreError::NotABackup`], [`FileError::Network`], a schema that is not ours, files beside it that it cannot have,
/// or what the system or SQLite reports; the backup is unchanged then, unless only the directory could not be synced.
pub fn restore(path: &Path, scratch: &Path) -> Result<PathBuf, StoreError> {
    let path = path.canonicalize().map_err(|_| StoreError::NotFound { path: path.to_owned() })?;
    let backup = open_file(&path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => FileError::NotADatabase { path: path.clone() }.into(),
        _ => StoreError::io(FileOp::Open, &path)(error),
    })?;
    let was = FileId::of(&backup.metadata().map_err(StoreError::io(FileOp::Read, &path))?);
    // Two restorations of one backup: the later one would replace what was recorded after the earlier one.
    if matches!(backup.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(FileError::InUse { path }.into());
    }
    Main::read(&path).judge_side_files(&path)?;
    local(&path, Mount::of(&path).as_ref())?;
    let staging = Staging::beside(&path, 0o600)?;
    let (register, ()) = PrivateCopy::with(scratch, |copy| {
        copy.take_open(&backup)?;
        judge_backup(&copy.file(), &path)?;
        let unmarked = plainly(&copy.file()).and_then(|conn| {
            conn.pragma_update(None, "application_id", APPLICATION)?;
            conn.pragma_update(None, "journal_mode", "WAL")
        });
        unmarked.map_err(StoreError::sqlite(Doing::RestoreBackup))
    })?;
    staging.write(&register)?;
    staging.set_rights(0o660, &staging.check_target(was)?)?;
    staging.replace(was)?;
    staging.sync_name()?;
    Ok(path)
}

/// Checks that a file is a backup with our schema. `path` is its path in messages.
fn judge_backup(file: &Path, path: &Path) -> Result<(), StoreError> {
    let conn = open_main(file).map_err(StoreError::sqlite(Doing::OpenBackup))?;
    let (conn, kind) = checked(conn, path)?;
    if kind != Kind::Backup {
        return Err(StoreError::NotABackup { path: path.to_owned() });
    }
    schema::compare(&conn, schema::Part::Register)?.into_iter().next().map_or(Ok(()), |it| Err(StoreError::Broken(it)))
}

/// Makes a new register from the verified entries of another. It is durable when this returns.
///
/// # Errors
/// [`StoreError::Exists`], or as [`VerifiedLog::copy_into`]; no file is left behind then.
pub fn copy_valid(log: &VerifiedLog, out: &Path, scratch: &Path) -> Result<(), StoreError> {
    let staging = new_file(out, 0o660)?;
    staging.write(&valid(log, scratch)?)?;
    staging.name()
}

fn not_a_file(place: &Path) -> StoreError {
    StoreError::OnServer { place: place.to_owned() }
}

/// A register of the verified entries of another.
fn valid(log: &VerifiedLog, scratch: &Path) -> Result<PrivateCopy, StoreError> {
    let filled = PrivateCopy::with(scratch, |copy| {
        let mut file = SharedFile::fill(&copy.file(), scratch)?;
        // Everything must be in the file itself before it is copied; closing it does not report whether it is.
        log.copy_into(&mut file).and_then(|()| match file.flush()? {
            true => Ok(()),
            false => Err(FileError::InUse { path: copy.file() }.into()),
        })
    });
    filled.map(|(copy, ())| copy)
}

/// Makes a new register from the verified entries of a broken one, which it is to replace.
///
/// # Errors
/// As [`VerifiedLog::copy_into`], or the broken register is no longer at its path.
pub fn stage_valid(log: &VerifiedLog, scratch: &Path) -> Result<Staging, StoreError> {
    let broken = log.shared().file().ok_or_else(|| not_a_file(log.shared().place()))?;
    let staging = Staging::beside(broken.path(), 0o600)?;
    staging.write(&valid(log, scratch)?)?;
    let was = staging.check_target(broken.id())?;
    staging.set_rights(was.st_mode & 0o777, &was)?;
    Ok(staging)
}

/// Replaces a broken register by a repaired one and keeps the broken one under another name, durably.
///
/// No other process may have the broken one open: when the last connection closes, SQLite deletes the files beside a
/// database by name, and would delete those of the new one. While this connection is exclusive, no other can open it.
///
/// # Errors
/// As `SharedFile::alone`, or what the system reports; the register is unchanged until the exchange.
pub fn put_in_place(
    broken: Box<dyn SharedStore>,
    turn: &Turn,
    newest: Option<u64>,
    repaired: Staging,
    aside: &Path,
) -> Result<(), StoreError> {
    let place = broken.place().to_owned();
    let broken = broken.into_file().ok_or_else(|| not_a_file(&place))?;
    let (path, id) = (broken.path().to_owned(), broken.id());
    broken.alone(turn, newest, || {
        // SQLite does not report that it could not delete the WAL file, which would be applied to the new file.
        repaired.check_target(id)?;
        repaired.remove(&beside(&path, "-wal"))?;
        repaired.keep(id, aside)?;
        repaired.replace(id).inspect_err(|_| _ = repaired.remove(aside))?;
        repaired.sync_name()
    })
}

/// Removes the second name that a killed repair gave a register: with it, the register cannot be written. A repair that
/// is running holds the turn.
///
/// # Errors
/// [`StoreError::Queue`].
pub fn undo_interrupted(register: &Path, writer: &Writer) -> Result<(), StoreError> {
    let Ok(register) = register.canonicalize() else { return Ok(()) };
    if second_names(&register).is_empty() {
        return Ok(());
    }
    let _turn = queue::wait(&register, writer)?;
    second_names(&register).iter().for_each(|second| _ = fs::remove_file(second));
    Ok(())
}

/// The names beside a register that a repair gave it.
fn second_names(register: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (register.parent(), register.file_name()) else { return Vec::new() };
    let is_second = |path: &PathBuf| {
        let begins = beside(Path::new(name), ASIDE);
        let named =
            path.file_name().is_some_and(|it| it.as_encoded_bytes().starts_with(begins.as_os_str().as_encoded_bytes()));
        let id = |path: &Path| fs::symlink_metadata(path).ok().map(|it| FileId::of(&it));
        named && id(path) == id(register)
    };
    let names = fs::read_dir(folder).into_iter().flatten().filter_map(|item| Some(item.ok()?.path()));
    names.filter(is_second).collect()
}
