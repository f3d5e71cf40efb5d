//! Files that get their name once they are complete. Until then they are in a private directory beside that name.
//!
//! The directory of a register can be written by its whole group, so that any name in it may lead to another file from
//! one moment to the next. Nobody else can write the private directory. It is used by its handle, and so is the file:
//! SQLite, which opens files by their path only, never opens it, but makes a private copy whose bytes are copied.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Gid, Mode, OFlags, RenameFlags, Stat, Uid};
use rustix::fs::{fchmod, fchown, linkat, mkdirat, openat, renameat, renameat_with, statat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::store::StoreError;
use crate::store::doing::FileOp;
use crate::store::sqlite::error::FileError;
use crate::store::sqlite::place::{FileId, beside, open_file};
use crate::store::sqlite::private_copy::PrivateCopy;

/// The name of the file in the private directory.
const FILE: &str = "twinseal.part";

/// How many private directories beside one file are tried: others are in use, or not ours.
const ATTEMPTS: u32 = 100;

/// A file in a private directory. Both are removed when it is dropped, unless the file got its name.
pub struct Staging {
    /// The directory of the file's name.
    parent: File,
    /// The private directory, locked while it is in use.
    folder: File,
    folder_name: OsString,
    file: File,
    target: PathBuf,
}

fn system(doing: FileOp, path: &Path) -> impl FnOnce(Errno) -> StoreError {
    move |error| StoreError::io(doing, path)(error.into())
}

/// Opens a directory and follows no link at its last name.
pub fn open_folder(path: &Path) -> rustix::io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(rustix::fs::CWD, path, flags, Mode::empty()).map(File::from)
}

impl Staging {
    /// Creates an empty file with these permissions, less the umask, that is to get the name `target`.
    ///
    /// # Errors
    /// What the system reports.
    pub fn beside(target: &Path, mode: u32) -> Result<Self, StoreError> {
        let failed = || system(FileOp::Make, target);
        let folder = target.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folder.canonicalize().map_err(StoreError::io(FileOp::Make, target))?;
        let name = target.file_name().ok_or_else(|| failed()(Errno::INVAL))?;
        let target = folder.join(name);
        let parent = open_folder(&folder).map_err(failed())?;
        for number in 1..=ATTEMPTS {
            let mut folder_name = OsString::from(".");
            folder_name.push(name);
            // The first name is the one that a killed process left. Others are not easily planted.
            let suffix = format!(".part-{}-{number}", std::process::id());
            folder_name.push(if number > 1 { suffix.as_str() } else { ".part" });
            if let Some(folder) = private_folder(&parent, &folder_name).map_err(failed())? {
                clear(&folder);
                let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = openat(&folder, FILE, flags, Mode::from_raw_mode(mode)).map(File::from).map_err(failed())?;
                return Ok(Self { parent, folder, folder_name, file, target });
            }
        }
        Err(failed()(Errno::EXIST))
    }

    /// Writes what a complete database holds, which no process has open.
    ///
    /// # Errors
    /// What the system reports.
    pub fn write(&self, database: &PrivateCopy) -> Result<(), StoreError> {
        let copied = open_file(&database.file()).and_then(|mut from| io::copy(&mut from, &mut &self.file));
        copied.map(drop).map_err(StoreError::io(FileOp::Write, &self.target))
    }

    /// Checks that the name that the file is to get is still that of a file, in the directory that was opened, and not in
    /// another one that has the path now. Returns what the system says of it.
    ///
    /// # Errors
    /// [`FileError::Replaced`].
    pub fn check_target(&self, id: FileId) -> Result<Stat, StoreError> {
        self.check_beside(id, &self.target)
    }

    fn check_beside(&self, id: FileId, path: &Path) -> Result<Stat, StoreError> {
        let found = statat(&self.parent, path.file_name().unwrap_or_default(), AtFlags::SYMLINK_NOFOLLOW);
        let found = found.ok().filter(|found| id.is_of(found));
        found.ok_or_else(|| FileError::Replaced { path: path.to_owned() }.into())
    }

    /// Gives the file permissions, and the group and, if allowed, the owner of another.
    ///
    /// # Errors
    /// What the system reports.
    pub fn set_rights(&self, mode: u32, like: &Stat) -> Result<(), StoreError> {
        let made = self.file.metadata().map_err(StoreError::io(FileOp::Make, &self.target))?;
        if made.gid() != like.st_gid {
            let given = fchown(&self.file, None, Some(Gid::from_raw(like.st_gid)));
            given.map_err(system(FileOp::GiveToGroup, &self.target))?;
        }
        // Only root may do this. Otherwise the account that makes the file owns it.
        let _ = fchown(&self.file, Some(Uid::from_raw(like.st_uid)), None);
        fchmod(&self.file, Mode::from_raw_mode(mode)).map_err(system(FileOp::SetRights, &self.target))
    }

    /// Gives the file its name, durably, if no other file has it.
    ///
    /// # Errors
    /// [`StoreError::Exists`], or what the system reports; the name is not taken then.
    pub fn name(self) -> Result<(), StoreError> {
        self.sync_file()?;
        let name = self.name_of_target();
        let named = match renameat_with(&self.folder, FILE, &self.parent, name, RenameFlags::NOREPLACE) {
            // As on network file systems.
            Err(Errno::INVAL | Errno::NOSYS) => linkat(&self.folder, FILE, &self.parent, name, AtFlags::empty()),
            named => named,
        };
        named.map_err(|error| match error {
            Errno::EXIST => StoreError::Exists { path: self.target.clone() },
            error => system(FileOp::Make, &self.target)(error),
        })?;
        self.sync_name().inspect_err(|_| _ = unlinkat(&self.parent, name, AtFlags::empty()))
    }

    /// Gives the file its name in place of the file that has it, which must be `id`. Durable after
    /// [`Staging::sync_name`].
    ///
    /// # Errors
    /// [`FileError::Replaced`], or what the system reports; the other file still has the name then.
    pub fn replace(&self, id: FileId) -> Result<(), StoreError> {
        self.sync_file()?;
        self.check_target(id)?;
        let name = self.name_of_target();
        renameat(&self.folder, FILE, &self.parent, name).map_err(system(FileOp::Replace, &self.target))
    }

    /// Gives the file that has the name a second one in the same directory, which must be new.
    ///
    /// # Errors
    /// [`FileError::Replaced`] if it is another file than `id`, or what the system reports.
    pub fn keep(&self, id: FileId, aside: &Path) -> Result<(), StoreError> {
        let (name, new) = (self.name_of_target(), aside.file_name().unwrap_or_default());
        let kept = linkat(&self.parent, name, &self.parent, new, AtFlags::empty());
        kept.map_err(system(FileOp::KeepBroken, aside))?;
        // It is a second name of the register. If it stays, nothing is lost.
        self.check_beside(id, aside).map(drop).inspect_err(|_| _ = self.remove(aside))
    }

    /// Removes a name in the directory of the target, if there is one.
    ///
    /// # Errors
    /// What the system reports.
    pub fn remove(&self, path: &Path) -> Result<(), StoreError> {
        match unlinkat(&self.parent, path.file_name().unwrap_or_default(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(system(FileOp::Remove, path)(error)),
        }
    }

    fn name_of_target(&self) -> &OsStr {
        self.target.file_name().unwrap_or_default()
    }

    fn sync_file(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(StoreError::io(FileOp::Write, &self.target))
    }

    /// Makes the name of the file durable.
    ///
    /// # Errors
    /// What the system reports. The file has its name, but may lose it if the host stops.
    pub fn sync_name(&self) -> Result<(), StoreError> {
        self.parent.sync_all().map_err(StoreError::io(FileOp::SyncDirectory, &self.target))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Errors are ignored: the next one removes the rest.
        clear(&self.folder);
        let _ = unlinkat(&self.parent, &self.folder_name, AtFlags::REMOVEDIR);
    }
}

/// Makes a private directory, or takes one that a killed process left there. `None` if the name is in use.
fn private_folder(parent: &File, name: &OsStr) -> rustix::io::Result<Option<File>> {
    let made = match mkdirat(parent, name, Mode::RWXU) {
        Ok(()) => true,
        Err(Errno::EXIST) => false,
        Err(error) => return Err(error),
    };
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = match openat(parent, name, flags, Mode::empty()) {
        Ok(folder) => File::from(folder),
        // Something else has the name.
        Err(Errno::LOOP | Errno::NOTDIR | Errno::NOENT | Errno::ACCESS) if !made => return Ok(None),
        Err(error) => {
            let _ = unlinkat(parent, name, AtFlags::REMOVEDIR);
            return Err(error);
        }
    };
    let private = folder.metadata().is_ok_and(|it| it.uid() == geteuid().as_raw() && it.mode() & 0o077 == 0);
    // A file system without locks has no second process that would know.
    let free = !matches!(folder.try_lock(), Err(std::fs::TryLockError::WouldBlock));
    Ok((private && free).then_some(folder))
}

/// Removes the file, and SQLite's files beside it.
fn clear(folder: &File) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = unlinkat(folder, beside(Path::new(FILE), suffix), AtFlags::empty());
    }
}
