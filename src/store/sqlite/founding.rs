//! Creates the file of a new register, and removes one that was not completed.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rustix::fs::{Mode, OFlags, fchmod};
use rustix::process::geteuid;

use crate::store::doing::{Doing, FileOp};
use crate::store::sqlite::connect::{APPLICATION, LAYOUT, bound};
use crate::store::sqlite::error::FileError;
use crate::store::sqlite::mount::{Mount, local};
use crate::store::sqlite::place::{FileId, beside};
use crate::store::sqlite::private_copy::PrivateCopy;
use crate::store::sqlite::shared::SharedFile;
use crate::store::sqlite::staging::open_folder;
use crate::store::sqlite::{queue, schema};
use crate::store::{SharedStore, StoreError};

impl SharedFile {
    /// Creates an empty register, readable and writable by owner and group, and its directory if that is missing. An
    /// existing register without entry 0, left by an interrupted `init`, is used. `scratch` is a directory of this
    /// account.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`FileError::Network`], or what the system or SQLite reports.
    pub fn create(path: &Path, scratch: &Path) -> Result<Self, StoreError> {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.exists() {
            make_folder(folder)?;
        }
        let folder = folder.canonicalize().map_err(StoreError::io(FileOp::OpenDirectory, folder))?;
        let path = &folder.join(path.file_name().unwrap_or_default());
        local(path, Mount::of(&folder).as_ref())?;
        let file = make_file(path, scratch)?;
        let id = FileId::of(&file.metadata().map_err(StoreError::io(FileOp::Make, path))?);
        // Closing it later would release the locks that SQLite holds on the file.
        drop(file);
        let filled = Self::fill(path, scratch).and_then(|file| id.check(path).map(|_| file));
        filled.inspect_err(|_| remove_unfounded(path, id, scratch))
    }

    /// Makes an empty file a register.
    ///
    /// # Errors
    /// What SQLite reports; [`StoreError::Broken`] if somebody prepared the file.
    pub fn fill(path: &Path, scratch: &Path) -> Result<Self, StoreError> {
        fill(path).map_err(StoreError::sqlite(Doing::MakeRegister))?;
        // A file that somebody prepared could have more than our schema.
        Self::open_valid(path, scratch)
    }

    /// Whether a file is a register without entry 0, so that nothing would be lost with it. It is read in a private copy
    /// in `scratch`.
    pub fn never_founded(path: &Path, scratch: &Path) -> bool {
        let empty = |mut conn: Connection| {
            bound(&mut conn)?;
            let count =
                |table| conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u64>(0));
            let application = conn.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))?;
            Ok(match application {
                0 => count("sqlite_schema")? == 0,
                APPLICATION => count("sqlite_schema")? == 0 || count("entry")? == 0,
                _ => false,
            })
        };
        // A killed process may have left a rollback journal.
        let copy = PrivateCopy::make(path, &["-wal", "-journal"], scratch);
        copy.is_ok_and(|copy| plainly(&copy.file()).and_then(empty).unwrap_or(false))
    }

    /// Removes a new register without entry 0; `false` if it cannot be removed, or another process recorded entry 0.
    pub(super) fn remove_unfounded(self) -> bool {
        let founded = self.newest().is_ok_and(|newest| newest.is_some());
        let path: PathBuf = self.path().to_owned();
        drop(self);
        let discarded = !founded && remove(&path);
        if discarded {
            queue::remove(&path);
        }
        discarded
    }
}

/// Makes the directory of a register, for its group. The umask removes the permissions of the group, and mkdir the
/// set-group-ID bit: both are set again, by the handle.
fn make_folder(path: &Path) -> Result<(), StoreError> {
    // Whoever may write a directory above could exchange this one.
    let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(path);
    let folder = made.and_then(|()| Ok(open_folder(path)?)).map_err(StoreError::io(FileOp::MakeDirectory, path))?;
    let ours = folder.metadata().is_ok_and(|it| it.uid() == geteuid().as_raw());
    if !ours {
        return Err(FileError::Replaced { path: path.to_owned() }.into());
    }
    fchmod(&folder, Mode::from_raw_mode(0o2770))
        .map_err(|error| StoreError::io(FileOp::MakeDirectory, path)(error.into()))
}

/// Makes the file, or opens one without entry 0.
fn make_file(path: &Path, scratch: &Path) -> Result<File, StoreError> {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o660).open(path);
    let file = match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let found = fs::symlink_metadata(path).ok().filter(|it| it.is_file() && it.nlink() == 1);
            let Some(found) = found.filter(|_| SharedFile::never_founded(path, scratch)) else {
                return Err(StoreError::Exists { path: path.to_owned() });
            };
            let follow_no_link = OFlags::NOFOLLOW.bits().cast_signed();
            let file = fs::OpenOptions::new().write(true).custom_flags(follow_no_link).open(path);
            let same = |file: &File| file.metadata().is_ok_and(|it| FileId::of(&it) == FileId::of(&found));
            if file.as_ref().is_ok_and(|file| !same(file)) {
                return Err(FileError::Replaced { path: path.to_owned() }.into());
            }
            file
        }
        made => made,
    };
    let file = file.map_err(StoreError::io(FileOp::Make, path))?;
    // The umask may have removed the permissions of the group, which SQLite's files beside it inherit.
    file.set_permissions(fs::Permissions::from_mode(0o660)).map_err(StoreError::io(FileOp::SetRights, path))?;
    Ok(file)
}

/// Removes the file of a register that could not be made, unless another process recorded entry 0 in it meanwhile, or put
/// another file there.
fn remove_unfounded(path: &Path, id: FileId, scratch: &Path) {
    if id.check(path).is_ok() && SharedFile::never_founded(path, scratch) {
        remove(path);
    }
}

/// Removes a register without entries; `false` if that is impossible.
fn remove(path: &Path) -> bool {
    let removed = fs::remove_file(path).is_ok();
    for suffix in ["-wal", "-shm"] {
        // They are already gone, unless the disk fails.
        let _ = fs::remove_file(beside(path, suffix));
    }
    removed
}

/// Opens any file for writing, without following links.
pub fn plainly(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    Connection::open_with_flags(path, flags)
}

/// Turns an empty database into a register, in one transaction.
fn fill(path: &Path) -> rusqlite::Result<()> {
    let mut conn = plainly(path)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if tx.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, u64>(0))? == 0 {
        tx.pragma_update(None, "application_id", APPLICATION)?;
        tx.pragma_update(None, "user_version", LAYOUT)?;
        tx.execute_batch(&schema::statements(schema::Part::Register))?;
    }
    tx.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_init_removes_no_register_that_another_one_founded_and_no_other_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, scratch) = (folder.path().join("prod.db"), folder.path().join("scratch"));
        let id = || FileId::of(&fs::metadata(&path).unwrap());
        drop(SharedFile::create(&path, &scratch).unwrap());
        let conn = plainly(&path).unwrap();
        conn.execute("INSERT INTO entry (seq, blob) VALUES (0, x'00')", []).unwrap();
        remove_unfounded(&path, id(), &scratch);
        assert!(path.exists(), "entry 0 is in the WAL file alone");
        drop(conn);
        let old = id();
        fs::rename(&path, folder.path().join("moved.db")).unwrap();
        drop(SharedFile::create(&path, &scratch).unwrap());
        remove_unfounded(&path, old, &scratch);
        assert!(path.exists(), "another file has the name");
        remove_unfounded(&path, id(), &scratch);
        assert!(!path.exists());
    }
}
