//! The write queue: a lock on a file beside the register.
//!
//! SQLite's own lock is polled with growing pauses, so the process that came last tends to get it first. The kernel
//! wakes the processes that wait for a file lock in the order in which they came. The lock is not on the register
//! itself, because closing any handle of that file would release SQLite's locks on it (POSIX advisory locks).
//!
//! The queue only gives an order. SQLite alone prevents two writers at once. If the lock file is unusable, writers
//! proceed without the queue.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::OFlags;

use crate::domain::Time;
use crate::store::StoreError;
use crate::store::shared::{Holder, Turn, Writer};
use crate::store::sqlite::place::beside;

/// The suffix of the lock file, after the register's name.
const SUFFIX: &str = "-queue";

/// The length of the note in the file, which names the writer. It is fixed, so that one write replaces the note.
const NOTE: usize = 80;

/// The limit of an account name in the note, in bytes.
const NAME: usize = 64;

/// The name noted for an account without a usable name.
const NOBODY: &str = "somebody";

/// Waits for the turn to write a register.
///
/// # Errors
/// [`StoreError::Queue`] if the wait takes longer than the writer allows.
pub fn wait(register: &Path, writer: &Writer) -> Result<Turn, StoreError> {
    let patience = writer.patience;
    let path = beside(register, SUFFIX);
    let Some(file) = open(register, &path) else { return Ok(Turn::unqueued(patience)) };
    let reading = file.try_clone();
    match lock(file, patience) {
        Locked::Ours(file) => {
            note(&file, &writer.account);
            Ok(Turn::of(patience, file))
        }
        Locked::Never => Ok(Turn::unqueued(patience)),
        Locked::TooLate => Err(StoreError::Queue {
            path: register.to_owned(),
            queue: Some(path),
            seconds: patience.as_secs(),
            holder: reading.ok().and_then(|file| holder(&file)).map(Box::new),
        }),
    }
}

/// Removes the lock file of a register that was not completed.
pub fn remove(register: &Path) {
    // If it stays, the next register at this path uses it.
    let _ = fs::remove_file(beside(register, SUFFIX));
}

/// The result of waiting for a lock.
enum Locked {
    Ours(File),
    TooLate,
    /// This file system has no such locks.
    Never,
}

/// The kernel has no file lock with a timeout. So a thread waits, and may still wait after the timeout.
fn lock(file: File, patience: Duration) -> Locked {
    match file.try_lock() {
        Ok(()) => return Locked::Ours(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(_)) => return Locked::Never,
    }
    let (sender, receiver) = mpsc::channel();
    let waiting = thread::Builder::new().spawn(move || {
        let locked = file.lock().map(|()| file);
        // After the timeout, dropping the file here releases the lock.
        let _ = sender.send(locked);
    });
    if waiting.is_err() {
        return Locked::Never;
    }
    match receiver.recv_timeout(patience) {
        Ok(Ok(file)) => Locked::Ours(file),
        Ok(Err(_)) => Locked::Never,
        Err(_) => Locked::TooLate,
    }
}

/// Opens the lock file of the queue, and creates it if it is missing. `None` if the path is something else, or this
/// account may not open it.
fn open(register: &Path, path: &Path) -> Option<File> {
    // Checked before it is opened, because it may be a link to the register itself.
    match fs::symlink_metadata(path) {
        Ok(found) if !usable(&found) => return None,
        Err(error) if error.kind() == ErrorKind::NotFound => make(register, path),
        _ => {}
    }
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).ok()?;
    file.metadata().is_ok_and(|found| usable(&found)).then_some(file)
}

fn usable(found: &Metadata) -> bool {
    found.is_file() && found.nlink() == 1
}

/// Creates it with the permissions of the register, as SQLite does for its files.
fn make(register: &Path, path: &Path) {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    // If this fails, another process created it, or no one can; opening it will tell.
    let (Ok(file), Ok(register)) = (made, fs::metadata(register)) else { return };
    if file.metadata().is_ok_and(|made| made.gid() != register.gid()) {
        let _ = fchown(&file, None, Some(register.gid()));
    }
    let _ = file.set_permissions(fs::Permissions::from_mode(register.mode() & 0o666));
}

/// Notes the writer, for the message to those who wait too long. Errors are ignored, and no sync is needed.
fn note(file: &File, account: &str) {
    let account = if is_name(account) { account } else { NOBODY };
    let line = format!("{:<width$}\n", format_args!("{account} {}", std::process::id()).to_string(), width = NOTE - 1);
    let _ = file.write_all_at(line.as_bytes(), 0);
}

/// The noted writer: any member of the group can write the note. The modification time of the file is the start of their turn.
fn holder(file: &File) -> Option<Holder> {
    let mut line = [0; NOTE];
    file.read_exact_at(&mut line, 0).ok()?;
    let (account, process) = str::from_utf8(&line).ok()?.trim_end().split_once(' ')?;
    let since = Time::from_unix(file.metadata().ok()?.mtime()).ok()?;
    let process = process.parse().ok()?;
    is_name(account).then(|| Holder { account: account.to_owned(), process, since: Some(since) })
}

/// Whether the text can be the name of an account.
fn is_name(account: &str) -> bool {
    (1..=NAME).contains(&account.len())
        && account.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-@$+\\".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_an_account_and_a_process_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue");
        let read = |content: &[u8]| {
            fs::write(&path, content).unwrap();
            holder(&File::open(&path).unwrap()).map(|it| (it.account, it.process))
        };
        let line = |text: &str| format!("{text:<79}\n").into_bytes();
        assert_eq!(read(&line("bob 4711")), Some(("bob".to_owned(), 4711)));
        assert_eq!(read(&line("EXAMPLE\\b.ob-2@host 1")), Some(("EXAMPLE\\b.ob-2@host".to_owned(), 1)));
        assert_eq!(read(&[line("bob 4711"), vec![0; 1 << 20]].concat()), Some(("bob".to_owned(), 4711)));
        for hostile in
            ["\u{1b}[2Jroot 1", "ro\u{202e}ot 1", "root is innocent 1", "root -1", "root", " 1", "root 99999999999"]
        {
            assert_eq!(read(&line(hostile)), None, "{hostile:?}");
        }
        assert_eq!(read(&line(&format!("{} 1", "a".repeat(65)))), None);
        for hostile in [&[0xff; 80][..], &[0; 80], b"root 1", b""] {
            assert_eq!(read(hostile), None, "{hostile:?}");
        }
    }

    #[test]
    fn what_is_noted_is_read_again_whatever_the_account_is_called() {
        let file = tempfile::tempfile().unwrap();
        for (account, shown) in
            [("bob", "bob"), (&"a".repeat(64), &"a".repeat(64)), ("", NOBODY), ("two words", NOBODY)]
        {
            note(&file, account);
            let found = holder(&file).unwrap();
            assert_eq!((found.account.as_str(), found.process), (shown, std::process::id()));
            assert_eq!(file.metadata().unwrap().len(), NOTE as u64);
        }
    }
}
