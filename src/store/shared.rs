//! The log of a register as everybody reads and writes it, whatever holds it. Nothing here is believed: each entry is
//! verified before it is used, and whoever owns the store is the adversary.

use std::any::Any;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::{Head, Time};
use crate::format::Raw;
use crate::store::cache::tables::Tables;
use crate::store::cache::verified::VerifiedCache;
use crate::store::postgres::shared::SharedDatabase;
use crate::store::sqlite::shared::SharedFile;
use crate::store::{Finding, StoreError};

/// What is asked of whatever holds the log.
///
/// An implementation MUST make an entry durable before it says that the entry was appended, and MUST NOT append unless
/// the head is still the one that it was told. It MUST NOT change or remove an entry, except that it removes the texts
/// that it is told to redact. It need not judge or verify anything.
pub trait SharedStore {
    /// Where it is: the path of a file, without links, or the address of a server.
    fn place(&self) -> &Path;

    /// Whether it is a backup: read and verified, never written.
    fn is_backup(&self) -> bool;

    /// How far it is, if it only follows another store and may lack the newest entries. Such a store is read, never
    /// written.
    ///
    /// # Errors
    /// What the database reports.
    fn following(&self) -> Result<Option<Following>, StoreError> {
        Ok(None)
    }

    /// The sequence number of the newest row, verified or not.
    ///
    /// # Errors
    /// What the database reports.
    fn newest(&self) -> Result<Option<u64>, StoreError>;

    /// The entry with a sequence number, unverified.
    ///
    /// # Errors
    /// What the database reports.
    fn entry(&self, seq: u64) -> Result<Option<Raw>, StoreError>;

    /// Passes every entry from a sequence number on to `visit`, in order, from one consistent snapshot, until that stops.
    ///
    /// # Errors
    /// What the database or `visit` reports.
    fn scan(&self, from: u64, visit: &mut dyn FnMut(Raw) -> Result<bool, StoreError>) -> Result<(), StoreError>;

    /// Holds a consistent view until the result is dropped, or joins the one that is held; others may append.
    ///
    /// # Errors
    /// What the database reports.
    fn hold_snapshot(&self) -> Result<Snapshot<'_>, StoreError>;

    /// Checks that this account may write it, and that it is still the store that was opened.
    ///
    /// # Errors
    /// The reason why it cannot be written.
    fn writable(&self) -> Result<(), StoreError>;

    /// Waits for the turn to write.
    ///
    /// # Errors
    /// As [`SharedStore::writable`]; [`StoreError::Queue`] if the wait takes longer than the writer allows.
    fn turn(&self, writer: &Writer) -> Result<Turn, StoreError>;

    /// Appends an entry if `head` is still the newest, redacts the texts whose redaction it seconds, and projects it onto
    /// the tables if it has any, in one transaction that is durable when this returns.
    ///
    /// # Errors
    /// As [`SharedStore::writable`], or what the database reports; nothing was recorded then, except possibly after
    /// [`StoreError::Uncertain`].
    fn append(
        &mut self,
        turn: &Turn,
        head: Option<Head>,
        raw: &Raw,
        redact: &[u64],
        project: &dyn Fn(&Tables<'_>) -> Result<(), StoreError>,
    ) -> Result<Appended, StoreError>;

    /// Appends signed entries if `head` is still the newest, up to the head of a verified cache, redacts texts, and
    /// refills the tables from that cache, in one transaction that is durable when this returns.
    ///
    /// # Errors
    /// As [`SharedStore::append`], or what `read` reports; nothing was recorded then.
    fn extend(
        &mut self,
        turn: &Turn,
        span: (Option<Head>, u64),
        read: &dyn Fn(u64) -> Result<Raw, StoreError>,
        redact: &[u64],
        cache: &VerifiedCache,
    ) -> Result<Appended, StoreError>;

    /// Marks the register as moved to another place if `head` is still the newest, durably: nothing can be recorded here
    /// from then on.
    ///
    /// # Errors
    /// As [`SharedStore::append`].
    fn mark_moved(&mut self, turn: &Turn, head: Option<Head>, to: &Path) -> Result<Appended, StoreError>;

    /// Waits until the mark is durable wherever entries are, and until nobody appends any more who began before it.
    ///
    /// # Errors
    /// What the database reports; [`StoreError::Uncertain`] if the mark may be lost.
    fn settle_mark(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Where the register has moved to by now, as its mark says. Whoever may write the store may have written that.
    ///
    /// # Errors
    /// What the database reports.
    fn moved(&self) -> Result<Option<PathBuf>, StoreError>;

    /// Redacts texts again, and refills the derived tables from a verified cache with the head `head`.
    ///
    /// # Errors
    /// As [`SharedStore::append`].
    fn refill(
        &mut self,
        turn: &Turn,
        head: Option<Head>,
        redact: &[u64],
        cache: &VerifiedCache,
    ) -> Result<Refilled, StoreError>;

    /// How its derived tables differ from those of a verified cache. `past` makes the cache of an earlier entry, for
    /// tables that are filled up to there.
    ///
    /// # Errors
    /// What the database or `past` reports.
    fn compare_tables(&self, cache: &VerifiedCache, past: Past<'_>) -> Result<Compared, StoreError>;

    /// What the database's own check of everything reports, while `work` is done beside it.
    ///
    /// # Errors
    /// What the database reports.
    fn integrity_beside(&self, work: &mut dyn FnMut()) -> Result<Vec<Finding>, StoreError>;

    /// Waits until something is recorded, at most so long. `false` at once if this store does not tell. What is recorded
    /// before the first call is not told.
    ///
    /// # Errors
    /// What the database reports.
    fn wait_for_news(&self, limit: Duration) -> Result<bool, StoreError>;

    /// Makes everything durable that can be read, whichever process wrote it.
    ///
    /// # Errors
    /// What the system reports.
    fn sync(&self) -> Result<(), StoreError>;

    /// Removes what may be left of redacted texts; `false` if others are reading, and the texts may stay until somebody
    /// writes after they have finished.
    ///
    /// # Errors
    /// What the database reports.
    fn flush(&self) -> Result<bool, StoreError>;

    /// Opens the store again for writing, now that this account uses it as a register, if only a copy of it was read.
    ///
    /// # Errors
    /// As [`open`](crate::store::open); [`StoreError::Broken`] if its schema is not ours.
    fn at_its_place(self: Box<Self>, scratch: &Path) -> Result<Box<dyn SharedStore>, StoreError>;

    /// Removes a new register without entry 0; `false` if it cannot be removed, or another process recorded entry 0.
    fn discard(self: Box<Self>) -> bool;

    /// The file, if it is one: for what only a file can do.
    fn file(&self) -> Option<&SharedFile> {
        None
    }

    /// The database, if it is one: for what only a server can tell.
    fn server(&self) -> Option<&SharedDatabase> {
        None
    }

    /// As [`SharedStore::file`], owned.
    fn into_file(self: Box<Self>) -> Option<SharedFile> {
        None
    }
}

/// A store that follows another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Following {
    /// When the newest transaction that it has was committed, by the clock of the other; `None` if it has none.
    pub until: Option<Time>,
    /// How old that is, in seconds, by its own clock. If nothing happens meanwhile, it grows and nothing is missing.
    pub age: u64,
}

/// Makes the verified cache of an entry.
pub type Past<'p> = &'p dyn Fn(Head) -> Result<VerifiedCache, StoreError>;

/// How derived tables differ from the log.
#[derive(Debug, Default)]
pub struct Compared {
    /// The rows that differ.
    pub findings: Vec<Finding>,
    /// Up to which entry they were compared, if that is not the newest.
    pub notices: Vec<Finding>,
}

/// The result of an attempt to refill the derived tables.
#[derive(Debug)]
pub enum Refilled {
    /// The log has a newer entry, and nothing was done.
    HeadMoved,
    /// They are as the log makes them. The rows that differed just before, if the store compared them.
    Done(Vec<Finding>),
    /// This account may not write them. The texts are redacted.
    LeftAlone,
}

/// The result of an attempt to append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// The entry is in the log, durably.
    Done,
    /// Another process appended first, and nothing was written.
    HeadMoved,
}

/// A consistent view of a store: reads see one state of it until this is dropped.
pub struct Snapshot<'s>(Option<Box<dyn Held + 's>>);

/// Anything that is held until it is dropped.
trait Held {}
impl<T> Held for T {}

impl<'s> Snapshot<'s> {
    /// A view that lasts as long as `held`; `None` joins a view that is held already.
    pub(in crate::store) fn of(held: Option<impl Sized + 's>) -> Self {
        Self(held.map(|held| Box::new(held) as Box<dyn Held>))
    }
}

impl fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Snapshot" } else { "Snapshot (joined)" })
    }
}

/// The writer, and how long it waits for others.
#[derive(Debug, Clone)]
pub struct Writer {
    /// The name of the account.
    pub account: String,
    /// How long it waits.
    pub patience: Duration,
}

/// The turn to write. Dropping it passes the turn to the next in the queue.
#[derive(Debug)]
pub struct Turn {
    /// How long to wait for other programs.
    pub patience: Duration,
    _held: Option<Box<dyn Any>>,
}

impl Turn {
    /// A turn that lasts as long as `held`.
    pub(in crate::store) fn of(patience: Duration, held: impl Any) -> Self {
        Self { patience, _held: Some(Box::new(held)) }
    }

    /// A turn without a queue: what prevents two writers at once does so all the same.
    pub(in crate::store) fn unqueued(patience: Duration) -> Self {
        Self { patience, _held: None }
    }
}

/// The current writer, as whatever keeps the queue says. Others may have written it, so it is only displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The account.
    pub account: String,
    /// The process.
    pub process: u32,
    /// Since when, if that can be seen.
    pub since: Option<Time>,
}
