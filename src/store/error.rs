//! Errors of the register's file, the verified cache and the pin.

use std::fmt;
use std::path::{Path, PathBuf};

use super::sqlite::fault::Fault;
use super::sqlite::place::SecondPath;
use super::sqlite::queue::Holder;
use crate::domain::{Digest, Head, Time, Unloaded};
use crate::format::Defect;
use crate::private::PrivateError;

/// The most findings, and the most notices, that are kept: a damaged file can cause millions.
pub const MOST: usize = 100;

/// A line of `verify`'s report: something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The entry, if the finding is about one.
    pub seq: Option<u64>,
    /// The name of the broken rule.
    pub rule: &'static str,
    /// The message.
    pub meaning: String,
}

impl Finding {
    /// A finding about an entry.
    pub fn at(seq: u64, rule: &'static str, meaning: impl fmt::Display) -> Self {
        Self { seq: Some(seq), rule, meaning: meaning.to_string() }
    }

    /// A finding about the file as a whole.
    pub fn of_file(rule: &'static str, meaning: impl fmt::Display) -> Self {
        Self { seq: None, rule, meaning: meaning.to_string() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seq {
            Some(seq) => write!(f, "entry {seq}: [{}] {}", self.rule, self.meaning),
            None => write!(f, "[{}] {}", self.rule, self.meaning),
        }
    }
}

/// Why the register's file, the verified cache or the pin cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such file.
    #[error("no register at {}", .path.display())]
    NotFound {
        /// The path.
        path: PathBuf,
    },
    /// The path of a new file is taken.
    #[error("{} already exists", .path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Not an SQLite file.
    #[error("{} is not a register: not an SQLite database", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// An SQLite file of another program.
    #[error("{} is not a register: an SQLite database of another application", .path.display())]
    OtherApplication {
        /// The file.
        path: PathBuf,
    },
    /// A register's file whose text is not stored as UTF-8.
    #[error("{} is not a register: its text encoding is {found}, not UTF-8", .path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// Its encoding, as SQLite names it.
        found: String,
    },
    /// A file layout that this version does not know.
    #[error("unsupported layout {found} of {}: this twinseal reads layout {known}", .path.display())]
    Layout {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// The layout of this version.
        known: i64,
    },
    /// A format level that this version does not know.
    #[error("unsupported format level {found}: a newer twinseal is required")]
    Newer {
        /// Its level.
        found: u64,
    },
    /// This account has no permission to write.
    #[error("no permission to write {}", .path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// A file system that is mounted read-only.
    #[error("{} is on a file system that is mounted read-only", .path.display())]
    ReadOnlyMount {
        /// The file.
        path: PathBuf,
    },
    /// A register that can be reached by a second path.
    #[error("{} {second}: a program that opens it by another path does not see its WAL file", .path.display())]
    SecondPath {
        /// The file.
        path: PathBuf,
        /// How there can be a second path.
        second: SecondPath,
    },
    /// The register itself where another file is expected.
    #[error("{} is the register itself", .path.display())]
    SameFile {
        /// The path.
        path: PathBuf,
    },
    /// Another file was put at the path of an open one.
    #[error("{} was replaced or removed while it was in use", .path.display())]
    Replaced {
        /// The path.
        path: PathBuf,
    },
    /// Permission to write, but the disk refuses it.
    #[error("cannot write beside {}, although permissions allow it", .path.display())]
    Stuck {
        /// The file.
        path: PathBuf,
    },
    /// Recording in a backup.
    #[error("{} is a backup, which is read-only", .path.display())]
    IsBackup {
        /// The file.
        path: PathBuf,
    },
    /// A register where a backup is expected.
    #[error("{} is not a backup", .path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// Another process has the file open, and the operation needs it exclusively.
    #[error("{} is in use by another process", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Two files of one register that diverge.
    #[error("{} and the register diverge at entry {seq}", .path.display())]
    Parted {
        /// The other file.
        path: PathBuf,
        /// The first entry that differs.
        seq: u64,
    },
    /// A network file system, where other hosts may write too.
    #[error(
        "{} is on a network file system ({kind} at {}): writing is refused", .path.display(), .point.display()
    )]
    Network {
        /// The file.
        path: PathBuf,
        /// The kind of file system.
        kind: String,
        /// Its mount point.
        point: PathBuf,
    },
    /// SQLite reported the file as busy until the timeout.
    #[error("register is busy: gave up after {seconds} s")]
    Busy {
        /// The timeout.
        seconds: u64,
    },
    /// Another writer held the write queue until the timeout.
    #[error("{} is busy: gave up after {seconds} s; {}", .path.display(), who(.holder.as_ref()))]
    Queue {
        /// The register's file.
        path: PathBuf,
        /// The lock file of the queue.
        queue: PathBuf,
        /// The timeout.
        seconds: u64,
        /// The writer, as recorded in the lock file.
        holder: Option<Holder>,
    },
    /// Another program held the file's lock until the timeout.
    #[error("{} is locked by another program: gave up after {seconds} s", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// The timeout.
        seconds: u64,
    },
    /// SQLite reported an error.
    #[error("SQLite failed while {doing}: {source}")]
    Sqlite {
        /// The operation, such as `recording`.
        doing: &'static str,
        /// SQLite's error.
        source: Fault,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// The operation, such as `read`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The log or its file fails verification.
    #[error("register is broken: {0}")]
    Broken(Finding),
    /// The entry was written, but may not be durable: it may or may not be there when the file is next opened.
    #[error("the entry may or may not be recorded: SQLite failed while committing: {source}")]
    Uncertain {
        /// SQLite's error.
        source: Fault,
    },
    /// The entry is recorded, but a later step failed.
    #[error("entry {seq} is recorded, but a later step failed: {source}")]
    RecordedButNotPinned {
        /// The entry.
        seq: u64,
        /// The error of that step.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The verified cache is damaged; the register is not affected.
    #[error("verified cache {} is damaged: {what}", .path.display())]
    CacheDamaged {
        /// Its file; empty if it is a temporary one.
        path: PathBuf,
        /// The problem.
        what: String,
    },
    /// A question about the state was asked without loading what it needs: a fault of twinseal.
    #[error("internal error: {0}")]
    Unloaded(#[from] Unloaded),
    /// The log lacks an entry that this account verified.
    #[error("the log lacks entry {seq} {leaf}, which this account verified{}", at(.verified))]
    PinLost {
        /// The pinned entry.
        seq: u64,
        /// Its leaf hash.
        leaf: Digest,
        /// The time of the pin, if there is one.
        verified: Option<Time>,
    },
    /// A restoration that does not list every entry that this account verified and the log lacks.
    #[error(
        "this account verified entry {} {}, which the restoration does not list as lost: its list ends at entry {last}",
        .held.seq, .held.leaf
    )]
    NotListed {
        /// The newest entry that this account verified.
        held: Head,
        /// The last entry that the restoration lists.
        last: u64,
    },
    /// This account's directory has no room for what it verifies, so nothing is recorded.
    #[error("no room for the verified cache of this account: nothing is recorded")]
    NoRoom,
    /// A restoration that cannot be one of this log.
    #[error("the restoration does not fit this log: {0}")]
    OtherRestoration(String),
    /// This account accepted another register in place of this one.
    #[error("{} is superseded: this account accepted another register in its place, so nothing is recorded in it", .path.display())]
    Superseded {
        /// The superseded register.
        path: PathBuf,
    },
    /// A file or directory of this account cannot be used.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// The register itself is at another path.
    #[error("{} is a copy: this account has the register at another path, so nothing is recorded in the copy", .path.display())]
    Copy {
        /// The copy.
        path: PathBuf,
    },
    /// A pin file that is malformed.
    #[error("pin {} is unreadable: line {line} is malformed", .path.display())]
    PinUnreadable {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
}

fn at(verified: &Option<Time>) -> String {
    verified.map_or(" before".to_owned(), |time| format!(" at {time}"))
}

fn who(holder: Option<&Holder>) -> String {
    match holder {
        Some(Holder { account, process, since }) => {
            format!("{account} (process {process}) has been writing since {since}")
        }
        None => "the writer is unknown".to_owned(),
    }
}

impl StoreError {
    /// Whether a file of this account could not be made or written, for lack of room or because its disk is read-only.
    pub(in crate::store) fn lacks_room(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match self {
            Self::Sqlite { source, .. } => source.needs_files_beside(),
            Self::Io { source, .. } | Self::Private(PrivateError::Io { source, .. }) => {
                matches!(source.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem)
            }
            _ => false,
        }
    }

    /// Wraps an I/O error with the operation that failed.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// A defect found on reading a verified entry again.
    pub fn defect(seq: u64, defect: &Defect) -> Self {
        Self::Broken(Finding::at(seq, defect.rule(), defect))
    }
}
