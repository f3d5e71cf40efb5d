//! Hints about the register's file, the verified cache and the disk.

use std::path::Path;

use super::{private_hint, shell_word, word};
use crate::store::{Finding, SecondPath, StoreError};

pub(in crate::error) fn store_hint(error: &StoreError) -> Option<String> {
    let hint = match error {
        StoreError::Queue { queue, .. } => return Some(busy_hint(queue)),
        StoreError::Locked { path, .. } | StoreError::InUse { path } => return Some(busy_hint(path)),
        StoreError::NotFound { .. } => {
            "check the path; if the register is lost, `twinseal restore` turns a backup into a register; `twinseal found` creates a new \
             one"
        }
        StoreError::Exists { .. } => "choose another path; twinseal never overwrites a register",
        StoreError::NotADatabase { .. } | StoreError::OtherApplication { .. } | StoreError::Encoding { .. } => {
            "check the path given with --register"
        }
        StoreError::Layout { .. } | StoreError::Newer { .. } => "use a newer twinseal",
        StoreError::NotABackup { .. } => "it is already a register, or not a copy that `twinseal backup` made",
        StoreError::Busy { .. } => {
            "another command or a program such as the sqlite3 shell is using the file; wait, or end it"
        }
        StoreError::Broken(Finding { rule: "side-file", .. }) => {
            "if no program uses the file, move the file beside it away, and keep it as evidence; then run `twinseal verify`"
        }
        StoreError::Broken(Finding { rule: "file", .. }) => {
            "the file is damaged or the disk fails: check the system log, then run `twinseal verify`; keep the file as \
             evidence"
        }
        StoreError::Broken(_) => "`twinseal verify` lists every finding; keep the file as evidence",
        StoreError::Private(error) => return Some(private_hint(error)),
        StoreError::Superseded { .. } | StoreError::Copy { .. } | StoreError::IsBackup { .. } => closed_hint(error),
        StoreError::PinLost { .. }
        | StoreError::OtherRestoration(_)
        | StoreError::NotListed { .. }
        | StoreError::Parted { .. } => loss_hint(error),
        StoreError::PinUnreadable { .. } => {
            "pin.previous in the same directory is the last pin but one; confirm it with the admins before you put it back"
        }
        StoreError::CacheDamaged { .. } => {
            "the register itself is fine: the cache was deleted, and the next command verifies the whole log again"
        }
        StoreError::RecordedButNotPinned { .. } => {
            "do not record it again; fix what failed, then check with `twinseal log`"
        }
        StoreError::Uncertain { .. } => {
            "check whether the disk is full or failing; before you try again, check with `twinseal log` whether the entry \
             is there"
        }
        StoreError::Sqlite { .. } => {
            "nothing was recorded; check whether the disk is full or failing (`twinseal doctor` shows the free space), \
             then try again"
        }
        StoreError::Unloaded(_) => "this is a fault of twinseal: report it, with the command that shows it",
        StoreError::Io { source, .. } => disk_hint(source, "check the path and its permissions"),
        _ => return place_hint(error),
    };
    Some(hint.to_owned())
}

/// What to do where a file stands in the way of writing it.
fn place_hint(error: &StoreError) -> Option<String> {
    let hint = match error {
        StoreError::NoRoom => "free space on the disk of your home directory, then try again",
        StoreError::Network { .. } => {
            "move the register to a local disk and run twinseal on that host, for example over ssh with a forwarded \
             agent"
        }
        StoreError::ReadOnly { .. } => "ask to join the group that owns it",
        StoreError::ReadOnlyMount { .. } => {
            "nothing was recorded; mount it read-write, or record on the host that can write it"
        }
        StoreError::SecondPath { path, second: SecondPath::Links(_) } => {
            return Some(format!("remove the other names, which `find DIRECTORY -samefile {}` prints", word(path)));
        }
        StoreError::SecondPath { .. } => "mount the directory of the register instead of its file",
        StoreError::SameFile { .. } => "name another file",
        StoreError::Replaced { .. } => "nothing was recorded; run the command again",
        StoreError::Stuck { .. } => "nothing was recorded; check whether the disk is full or failing, then try again",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// What to do about entries that were lost.
fn loss_hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::OtherRestoration(_) => {
            "decline it, and ask its proposer which backup was restored: `twinseal proposal decline`"
        }
        StoreError::NotListed { .. } => "propose one that lists it, from this account: `twinseal proposal restored`",
        StoreError::Parted { seq: 0, .. } => "it is a backup of another register; nothing was recorded",
        StoreError::Parted { .. } => {
            "new entries were recorded since, so the lost ones cannot be added; two admins can accept the loss: \
             `twinseal proposal restored`"
        }
        _ => {
            "the log was truncated, rolled back or replaced: keep this file and ask the admins. If they restored a \
             backup, recover the rest from a later one (`twinseal recover FILE`), or let two admins accept the loss \
             (`twinseal proposal restored`)"
        }
    }
}

/// Where to record instead of a file in which nothing is recorded.
fn closed_hint(error: &StoreError) -> &'static str {
    match error {
        StoreError::Superseded { .. } => "use the register that was accepted: name it with --register NAME",
        StoreError::Copy { .. } => {
            "name the register itself with --register NAME; if it has moved here for good, remove the file at its old path, and \
             give its fingerprint once: --fingerprint FINGERPRINT"
        }
        _ => "record in the register itself; `twinseal restore FILE` restores a register from a backup",
    }
}

/// How to find the process that holds a file. `fuser` shows other accounts' processes to root only.
fn busy_hint(file: &Path) -> String {
    let file = shell_word(&file.display().to_string());
    format!(
        "nothing was recorded; find the process with `fuser -v {file}` or `lsof {file}`, and try again when it has ended"
    )
}

/// The hint for an I/O error: about the disk if it is full or failing, else `otherwise`.
pub(super) fn disk_hint(error: &std::io::Error, otherwise: &'static str) -> &'static str {
    match error {
        full if disk_is_full(full) => "free space on that disk, then try again; nothing was recorded",
        fails if disk_fails(fails) => "the disk is failing: check the system log; nothing was recorded",
        _ => otherwise,
    }
}

/// Whether the disk or the quota is full.
pub fn disk_is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Whether the disk fails: EIO, for which `ErrorKind` has no variant.
pub fn disk_fails(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(5)
}
