//! What can go wrong with files.

use std::fmt;
use std::path::{Path, PathBuf};

use super::sqlite::fault::Fault;
use super::sqlite::queue::Holder;
use crate::domain::{Digest, Time};
use crate::format::Defect;

/// How many findings, and how many notices, are kept: a file can hold millions of faults, and nobody reads them all.
pub const MOST: usize = 100;

/// Something that is not as it must be, and what that means: a line of what `verify` reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The entry, where it is about one.
    pub seq: Option<u64>,
    /// The rule that is broken.
    pub rule: &'static str,
    /// What is wrong.
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

/// What can go wrong with the shared file, the verified copy or the pin.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such file.
    #[error("there is no register at {}", .path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Something stands where a register is to be made.
    #[error("{} exists already", .path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// Not an SQLite file.
    #[error("{} is not a register: it is no SQLite database", .path.display())]
    NotADatabase {
        /// Which file.
        path: PathBuf,
    },
    /// An SQLite file of another program.
    #[error("{} is not a register: it is another application's SQLite database", .path.display())]
    OtherApplication {
        /// Which file.
        path: PathBuf,
    },
    /// A layout of the file that this program does not know.
    #[error("{} has layout {found}, and this twinseal knows layout {known}", .path.display())]
    Layout {
        /// Which file.
        path: PathBuf,
        /// Its layout.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A format of the log that this program does not know.
    #[error("the register has format level {found}, and this twinseal knows fewer")]
    Newer {
        /// Its level.
        found: u64,
    },
    /// No permission to write.
    #[error("{} can only be read by this account", .path.display())]
    ReadOnly {
        /// Which file.
        path: PathBuf,
    },
    /// Permission to write, and a disk that does not take it.
    #[error("nothing can be written beside {}, though its rights allow it", .path.display())]
    Stuck {
        /// Which file.
        path: PathBuf,
    },
    /// A copy, which is never written.
    #[error("{} is marked as a copy, and a copy is never written", .path.display())]
    IsBackup {
        /// Which file.
        path: PathBuf,
    },
    /// A register where a copy was expected.
    #[error("{} is not marked as a copy", .path.display())]
    NotABackup {
        /// Which file.
        path: PathBuf,
    },
    /// Others have it open, where it must be open here alone.
    #[error("others are using {}", .path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// Two files of one register that went on differently.
    #[error("{} and the register part at entry {seq}", .path.display())]
    Parted {
        /// The other file.
        path: PathBuf,
        /// The first entry that differs.
        seq: u64,
    },
    /// Other hosts may write there too.
    #[error(
        "{} lies on a network file system ({kind} at {}), so nothing is written there", .path.display(), .point.display()
    )]
    Network {
        /// Which file.
        path: PathBuf,
        /// The kind of file system.
        kind: String,
        /// Where that is mounted.
        point: PathBuf,
    },
    /// Others wrote for longer than we wait.
    #[error("the register was busy for more than {seconds} s")]
    Busy {
        /// For how long it was tried.
        seconds: u64,
    },
    /// Somebody has had their turn to write for longer than we wait.
    #[error("{} was busy for more than {seconds} s: {}", .path.display(), who(.holder.as_ref()))]
    Queue {
        /// Which register.
        path: PathBuf,
        /// The file of the queue.
        queue: PathBuf,
        /// For how long it was waited.
        seconds: u64,
        /// Who it is, as they say.
        holder: Option<Holder>,
    },
    /// It was our turn, and another program held the file for longer than we wait.
    #[error("{} was locked by another program for more than {seconds} s", .path.display())]
    Locked {
        /// Which file.
        path: PathBuf,
        /// For how long it was tried.
        seconds: u64,
    },
    /// SQLite says no.
    #[error("SQLite, while {doing}: {source}")]
    Sqlite {
        /// What was tried.
        doing: &'static str,
        /// What it said.
        source: Fault,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried: read, write, make…
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The log or the file around it is not whole.
    #[error("the register is broken: {0}")]
    Broken(Finding),
    /// All was written, and the system does not say that it is durable: whoever opens the file next may find it there.
    #[error("whether it was recorded is not certain; SQLite, while committing: {source}")]
    Uncertain {
        /// What SQLite said.
        source: Fault,
    },
    /// It is recorded, and something failed afterwards.
    #[error("entry {seq} was recorded; what failed came after: {source}")]
    RecordedButNotPinned {
        /// The entry.
        seq: u64,
        /// What failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// This account's verified copy is not what it was; nothing is wrong with the register.
    #[error("the verified copy {} is damaged: {what}", .path.display())]
    CacheDamaged {
        /// Which file; empty where it is a temporary one.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The log does not hold what this account verified before.
    #[error("the log does not hold entry {seq} {leaf} any more, which this account verified{}", at(.verified))]
    PinLost {
        /// The pinned entry.
        seq: u64,
        /// Its leaf hash.
        leaf: Digest,
        /// When it was pinned, if a pin remembers it.
        verified: Option<Time>,
    },
    /// This account accepted another register in place of this one.
    #[error("{} is superseded: this account accepted another register in its place, so nothing is recorded in it", .path.display())]
    Superseded {
        /// The superseded register.
        path: PathBuf,
    },
    /// A pin that says nothing.
    #[error("the pin {} cannot be read: line {line} is not as it was written", .path.display())]
    PinUnreadable {
        /// Which file.
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
        None => "some process has its turn to write, and does not say whose".to_owned(),
    }
}

impl StoreError {
    /// Wraps what the system says with what was tried.
    pub fn io(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing, path: path.to_owned(), source }
    }

    /// A defect of an entry that was verified before, found when it is read again.
    pub fn defect(seq: u64, defect: &Defect) -> Self {
        Self::Broken(Finding::at(seq, defect.rule(), defect))
    }
}
