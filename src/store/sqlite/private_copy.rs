//! Databases in a directory that nobody else can change: private copies of files that reading must not change, and new
//! files until they are complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::geteuid;

use crate::private;
use crate::store::doing::FileOp;
use crate::store::sqlite::mount::free;
use crate::store::sqlite::place::{FileId, beside, open_file};
use crate::store::{BUSY, StoreError};

/// Where there is room if the disk of this account is full.
const MEMORY: &str = "/dev/shm";

/// What the name of a directory begins with.
const PREFIX: &str = "twinseal-private.";

/// The same, before it is locked.
const NEW: &str = "new-twinseal-private.";

/// A database in a directory of this account, removed when it is dropped. SQLite opens files by their path, and nobody
/// else can change where this one leads.
pub struct PrivateCopy {
    folder: PathBuf,
    // Locked while the copy is in use.
    _held: File,
}

impl PrivateCopy {
    /// Makes a directory with an empty file in `scratch`, and runs `work`, which fills the file. If that fails, as on a
    /// full disk, it is tried once more in memory.
    ///
    /// # Errors
    /// What `work` or the system reports.
    pub fn with<T>(scratch: &Path, work: impl Fn(&Self) -> Result<T, StoreError>) -> Result<(Self, T), StoreError> {
        let attempt = |scratch: &Path| {
            let copy = Self::folder(scratch).map_err(StoreError::io(FileOp::PrivateCopy, scratch))?;
            let done = work(&copy)?;
            Ok((copy, done))
        };
        let made = private::make_folder(scratch).map_err(io::Error::other);
        // SQLite follows no link, and a home may be reached by one.
        let made = made.and_then(|()| scratch.canonicalize()).map_err(StoreError::io(FileOp::PrivateCopy, scratch));
        made.and_then(|scratch| attempt(&scratch)).or_else(|first| attempt(Path::new(MEMORY)).map_err(|_| first))
    }

    /// Copies a file and the files beside it with these suffixes, again and again until none changed during the copy.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if it always changed, or what the system reports.
    pub fn make(path: &Path, suffixes: &[&str], scratch: &Path) -> Result<Self, StoreError> {
        let copied = Self::with(scratch, |copy| {
            let began = Instant::now();
            while began.elapsed() < BUSY {
                let before = state(path);
                copy.check_room(&before)?;
                for suffix in [""].iter().chain(suffixes) {
                    copy.take(path, suffix)?;
                }
                if state(path) == before {
                    return Ok(());
                }
            }
            Err(StoreError::Busy { seconds: BUSY.as_secs() })
        });
        copied.map(|(copy, ())| copy)
    }

    /// Fails if the copies would fill the disk. A file with holes can be larger than any disk.
    fn check_room(&self, files: &[Option<State>]) -> Result<(), StoreError> {
        let size = files.iter().flatten().map(|(_, size, _)| size).fold(0u64, |sum, size| sum.saturating_add(*size));
        let room = free(&self.folder).map_err(StoreError::io(FileOp::PrivateCopy, &self.folder))?;
        match size <= room - room / 10 {
            true => Ok(()),
            false => Err(StoreError::io(FileOp::PrivateCopy, &self.folder)(io::ErrorKind::StorageFull.into())),
        }
    }

    /// Copies a file, or removes the copy of one that is gone.
    fn take(&self, path: &Path, suffix: &str) -> Result<(), StoreError> {
        let (from, to) = (beside(path, suffix), beside(&self.file(), suffix));
        let mut file = match open_file(&from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !suffix.is_empty() => {
                let _ = fs::remove_file(&to);
                return Ok(());
            }
            opened => opened.map_err(StoreError::io(FileOp::Read, &from))?,
        };
        write(&mut file, &to).map_err(StoreError::io(FileOp::PrivateCopy, &self.folder))
    }

    /// Copies an open file, from its beginning.
    ///
    /// # Errors
    /// What the system reports.
    pub fn take_open(&self, mut file: &File) -> Result<(), StoreError> {
        let copied = file.rewind().and_then(|()| write(&mut file, &self.file()));
        copied.map_err(StoreError::io(FileOp::PrivateCopy, &self.folder))
    }

    /// Removes the copies that killed processes left behind: they may hold texts that were redacted since.
    pub fn clear(scratch: &Path) {
        for scratch in [scratch, Path::new(MEMORY)] {
            let items = fs::read_dir(scratch).into_iter().flatten();
            for left in items.filter_map(|item| Some(item.ok()?.path())) {
                if is_ours(&left, PREFIX) && File::open(&left).is_ok_and(|held| held.try_lock().is_ok()) {
                    let _ = fs::remove_dir_all(&left);
                } else if is_ours(&left, NEW) && is_old(&left) {
                    let _ = fs::remove_dir(&left);
                }
            }
        }
    }

    /// Creates a directory with a random name and an empty file.
    fn folder(scratch: &Path) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random)?;
        let random = format!("{:016x}", u64::from_be_bytes(random));
        // Another process removes what it can lock. It must not find this one before it is locked.
        let new = scratch.join(format!("{NEW}{random}"));
        fs::DirBuilder::new().mode(0o700).create(&new)?;
        let held = File::open(&new)?;
        let _ = held.lock_shared();
        let folder = scratch.join(format!("{PREFIX}{random}"));
        fs::rename(&new, &folder).inspect_err(|_| _ = fs::remove_dir(&new))?;
        let copy = Self { folder, _held: held };
        write(&mut io::empty(), &copy.file())?;
        Ok(copy)
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

fn write(from: &mut impl io::Read, to: &Path) -> io::Result<()> {
    let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to);
    made.and_then(|mut to| io::copy(from, &mut to)).map(drop)
}

/// Whether this is a directory of this account whose name begins so, and no link.
fn is_ours(path: &Path, prefix: &str) -> bool {
    let named = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix));
    named && fs::symlink_metadata(path).is_ok_and(|it| it.is_dir() && it.uid() == geteuid().as_raw())
}

/// Whether a directory was made a minute ago or earlier. It is locked at once, unless its process was killed.
fn is_old(path: &Path) -> bool {
    let made = fs::symlink_metadata(path).and_then(|it| it.modified());
    made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age >= Duration::from_secs(60)))
}

/// What changes with the content of a file: its identity, its size in bytes, and its times.
type State = (FileId, u64, [i64; 4]);

/// The state of a file and of the files beside it.
fn state(path: &Path) -> Vec<Option<State>> {
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
    fn only_unlocked_directories_of_killed_processes_are_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let path = |name: &str| scratch.path().join(name);
        let names = ["other.1", "new-twinseal-private.1", "twinseal-private.held", "twinseal-private.left"];
        for name in names {
            fs::create_dir(path(name)).unwrap();
        }
        let held = File::open(path(names[2])).unwrap();
        held.lock_shared().unwrap();
        std::os::unix::fs::symlink(path("other.1"), path("twinseal-private.link")).unwrap();
        PrivateCopy::clear(scratch.path());
        let copy = PrivateCopy::folder(scratch.path()).unwrap();
        assert!(copy.file().is_file());
        let left: Vec<_> = names.iter().filter(|name| path(name).exists()).collect();
        assert_eq!(left, [&names[0], &names[1], &names[2]]);
        assert!(path("twinseal-private.link").exists());
        drop(copy);
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 4);
    }
}
