//! Private copies of files that are not to be changed by reading them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::process::geteuid;

use crate::private;
use crate::store::sqlite::place::{FileId, beside, open_file};
use crate::store::{BUSY, StoreError};

/// How often a file is copied again because it changed during the copy.
const ATTEMPTS: usize = 20;

/// A private copy of a database in a directory of this account, removed when it is dropped.
pub struct PrivateCopy {
    folder: PathBuf,
    // Locked while the copy is in use.
    _held: File,
}

impl PrivateCopy {
    /// Copies a file and the files beside it with these suffixes, again and again until none changed during the copy. The
    /// copy is in `scratch`, or in memory if there is no room or no permission.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if it always changed, or what the system reports.
    pub fn make(path: &Path, suffixes: &[&str], scratch: &Path) -> Result<Self, StoreError> {
        let in_memory = PathBuf::from(format!("/dev/shm/twinseal-{}", geteuid().as_raw()));
        Self::make_in(path, suffixes, scratch).or_else(|first| {
            let copied = own_folder(&in_memory).ok().and_then(|()| Self::make_in(path, suffixes, &in_memory).ok());
            copied.ok_or(first)
        })
    }

    fn make_in(path: &Path, suffixes: &[&str], scratch: &Path) -> Result<Self, StoreError> {
        let copy = Self::folder(scratch).map_err(StoreError::io("make a private copy in", scratch))?;
        for _ in 0..ATTEMPTS {
            let before = state(path);
            for suffix in [""].iter().chain(suffixes) {
                copy.take(path, suffix)?;
            }
            if state(path) == before {
                return Ok(copy);
            }
        }
        Err(StoreError::Busy { seconds: BUSY.as_secs() })
    }

    /// Copies a file, or removes the copy of one that is gone.
    fn take(&self, path: &Path, suffix: &str) -> Result<(), StoreError> {
        let (from, to) = (beside(path, suffix), beside(&self.file(), suffix));
        let mut file = match open_file(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !suffix.is_empty() => {
                let _ = fs::remove_file(&to);
                return Ok(());
            }
            opened => opened.map_err(StoreError::io("read", &from))?,
        };
        let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&to);
        let copied = made.and_then(|mut to| io::copy(&mut file, &mut to));
        copied.map(drop).map_err(StoreError::io("make a private copy in", &self.folder))
    }

    /// Creates a directory for the copy, and removes unlocked ones, which killed processes left behind.
    fn folder(scratch: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        private::make_folder(scratch).map_err(io::Error::other)?;
        // A new directory that is not locked yet is kept. If the file system has no locks, nothing is removed.
        let turn = File::open(scratch)?;
        let _ = turn.lock();
        for left in fs::read_dir(scratch)?.filter_map(|item| Some(item.ok()?.path())) {
            if is_copy(&left) && File::open(&left).is_ok_and(|held| held.try_lock().is_ok()) {
                fs::remove_dir_all(&left)?;
            }
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = scratch.join(format!("reading.{}-{number}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let held = File::open(&folder)?;
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

/// Makes a directory that only this account can use, in one that everybody may write: whatever else has the name is not
/// used.
fn own_folder(path: &Path) -> io::Result<()> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let it = fs::symlink_metadata(path)?;
    let own = it.is_dir() && it.uid() == geteuid().as_raw() && it.mode() & 0o777 == 0o700;
    if own { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// Whether this is the directory of a private copy: `reading.PROCESS-NUMBER`, and no link.
fn is_copy(path: &Path) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("reading."));
    name.and_then(|name| name.split_once('-')).is_some_and(|(process, number)| digits(process) && digits(number))
        && fs::symlink_metadata(path).is_ok_and(|it| it.is_dir())
}

/// What changes with the content of a file or of a file beside it.
fn state(path: &Path) -> Vec<Option<(FileId, u64, [i64; 4])>> {
    let of = |suffix| {
        let it = fs::symlink_metadata(beside(path, suffix)).ok()?;
        Some((FileId::of(&it), it.len(), [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()]))
    };
    ["", "-wal", "-journal"].into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_directory_of_anybody_else_is_used_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        own_folder(&path("own")).unwrap();
        own_folder(&path("own")).unwrap();
        fs::create_dir(path("open")).unwrap();
        fs::set_permissions(path("open"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink(path("own"), path("link")).unwrap();
        fs::write(path("file"), "").unwrap();
        for other in ["open", "link", "file"] {
            assert!(own_folder(&path(other)).is_err(), "{other}");
        }
        for kept in ["reading", "reading.list", "reading.1", "reading.1-x", "other.1-2"] {
            fs::create_dir(path(kept)).unwrap();
            assert!(!is_copy(&path(kept)), "{kept}");
        }
        std::os::unix::fs::symlink(path("own"), path("reading.3-4")).unwrap();
        assert!(!is_copy(&path("reading.3-4")));
        fs::create_dir(path("reading.17-0")).unwrap();
        assert!(is_copy(&path("reading.17-0")));
    }
}
