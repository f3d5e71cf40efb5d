//! A register as this account sees it: the verified log, and the pin that it is compared with.

mod audit;
mod notice;
mod open;
pub mod pin;
mod pinned;
mod proofs;
mod recover;
mod refold;
mod subjects;
mod verified_log;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

pub use audit::Rebuilt;
pub use notice::Notice;
pub use open::{Anchor, Excuse, remembered, remembered_leaf};
pub use pinned::{Behind, Held, Pinned};
pub use recover::Recovered;
pub use refold::{EntryBody, Refold};
pub use subjects::SubjectProof;
pub use verified_log::VerifiedLog;
use verified_log::leaf;

use super::cache::tables::Tables;
use super::shared::{Appended, SharedStore, Turn, Writer};
use super::{BUSY, StoreError};
use crate::domain::{Action, Denied, Digest, Event, Head, Register, Time};
use crate::format::{Entry, Raw};

/// The maximum number of new entries verified while holding the turn to write; 200 take a few tens of milliseconds.
const SHORT_TAIL: u64 = 200;

/// How long to wait, while holding the turn to write, for another process that holds the verified cache.
const SOON: Duration = Duration::from_millis(250);

/// An open register. It dereferences to its [`VerifiedLog`] for reading, and advances the pin after each write.
pub struct Session {
    log: VerifiedLog,
    pinned: Pinned,
    notices: Vec<Notice>,
    /// The newest entry that this session appended, and which is therefore durable.
    durable: Option<Head>,
    closed: Option<Closed>,
}

/// Why nothing can be recorded, although the file could be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    /// This account accepted another register in place of this one.
    Superseded,
    /// The register itself is at another path.
    Copy,
    /// What this account verifies cannot be kept.
    NoRoom,
    /// It was rewound to an earlier entry.
    Rewound,
}

/// The effect of an entry on a state.
struct Applied {
    /// The head before the entry.
    before: Option<Head>,
    after: Register,
    /// The action of the proposal that the entry seconds.
    seconded: Option<Action>,
    /// The texts that no earlier entry redacted.
    redacts: Vec<(u64, Digest)>,
}

fn apply(state: &Register, Entry { header, event, leaf, .. }: &Entry) -> Result<Applied, Denied> {
    let mut after = state.clone();
    let seconded = after.apply(header, *leaf, event)?;
    let mut redacts = Vec::new();
    if let Some(Action::Redact(texts)) = &seconded {
        for (seq, text) in texts {
            if state.governance().redacted(*seq, *text)?.is_none() {
                redacts.push((*seq, *text));
            }
        }
    }
    Ok(Applied { before: state.head(), after, seconded, redacts })
}

impl Deref for Session {
    type Target = VerifiedLog;

    fn deref(&self) -> &VerifiedLog {
        &self.log
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut VerifiedLog {
        &mut self.log
    }
}

impl Session {
    /// The pin, and what the log lacks compared with it.
    pub fn pinned(&self) -> &Pinned {
        &self.pinned
    }

    /// The entry up to which this account verified the register when it met it. What was recorded later cannot be hidden
    /// from it without losing entries that it has verified. `None` if that is not known.
    ///
    /// # Errors
    /// An I/O error.
    pub fn first_verified(&self) -> Result<Option<u64>, StoreError> {
        self.pinned.first_verified(self.log.fingerprint)
    }

    /// The notices since the session was opened.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Closes the session and returns the shared store, still open.
    pub fn into_shared(self) -> Box<dyn SharedStore> {
        self.log.shared
    }

    /// The session as of an entry, for reading: every query and every rule sees the state after that entry. `None` if the
    /// verified log has no such entry. It is never brought up to the head again.
    ///
    /// # Errors
    /// [`StoreError::Broken`] if the file differs from what was verified, or an SQLite error.
    pub fn rewind(mut self, seq: u64, progress: &mut dyn FnMut(u64)) -> Result<Option<Self>, StoreError> {
        self.closed = Some(Closed::Rewound);
        Ok(self.log.rewind(seq, progress)?.then_some(self))
    }

    /// Brings the verified cache, the state and the pin up to the head.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn refresh(&mut self, now: Time, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        self.log.catch_up(&self.pinned, BUSY, progress)?;
        self.advance_pin(now)
    }

    /// Brings the verified cache and the state up to the head while holding the turn to write. Returns `false` if that
    /// could take long: the caller must then end the turn and call [`Session::refresh`].
    ///
    /// Does not advance the pin, so that no other writer waits for its syncs.
    ///
    /// # Errors
    /// As [`Session::refresh`].
    pub fn refresh_soon(&mut self, _turn: &Turn) -> Result<bool, StoreError> {
        let (newest, known) = (self.log.shared.newest()?, self.log.state.head().map(|head| head.seq));
        if newest.unwrap_or(0).saturating_sub(known.unwrap_or(0)) > SHORT_TAIL {
            return Ok(false);
        }
        match self.log.catch_up(&self.pinned, SOON, &mut |_| {}) {
            Err(StoreError::Busy { .. }) => Ok(false),
            caught_up => caught_up.map(|()| true),
        }
    }

    /// Checks that this account may record an event in this register, by the file and by the pin.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] if the register is superseded; [`StoreError::Copy`] if the register itself is elsewhere; [`StoreError::PinLost`] if the log lacks entries that
    /// this account verified.
    pub fn may_record(&self, event: &Event) -> Result<(), StoreError> {
        self.may_write()?;
        self.pinned.may_record(event, &self.log)
    }

    /// Waits for the turn to write the register.
    ///
    /// # Errors
    /// As [`SharedStore::turn`]; [`StoreError::Superseded`] or [`StoreError::Copy`] if it is not to be written.
    pub fn turn(&self, writer: &Writer) -> Result<Turn, StoreError> {
        self.may_write()?;
        self.log.shared.turn(writer)
    }

    /// Marks the register as moved to another place, if the verified head is still the newest entry: nothing can be
    /// recorded here from then on.
    ///
    /// # Errors
    /// As [`SharedStore::append`].
    pub fn mark_moved(&mut self, turn: &Turn, to: &Path) -> Result<bool, StoreError> {
        self.may_write()?;
        let head = self.log.state.head();
        Ok(self.log.shared.mark_moved(turn, head, to)? == Appended::Done)
    }

    /// Waits until a mark is durable, and until nobody appends any more who began before it.
    ///
    /// # Errors
    /// As [`SharedStore::settle_mark`].
    pub fn settle_mark(&self) -> Result<(), StoreError> {
        self.log.shared.settle_mark()
    }

    /// Fails if what is read here may be the past: a backup, or a register that has moved by now. Nothing may be decided from
    /// it.
    ///
    /// # Errors
    /// [`StoreError::IsBackup`], [`StoreError::Moved`], or what the database reports.
    pub fn is_present(&self) -> Result<(), StoreError> {
        let shared = self.log.shared();
        let path = shared.place().to_owned();
        match shared.moved()? {
            _ if shared.is_backup() => Err(StoreError::IsBackup { path }),
            Some(to) => Err(StoreError::Moved { path, to }),
            None => Ok(()),
        }
    }

    fn may_write(&self) -> Result<(), StoreError> {
        let path = || self.log.shared.place().to_owned();
        match self.closed {
            Some(Closed::Superseded) => Err(StoreError::Superseded { path: path() }),
            Some(Closed::Copy | Closed::Rewound) => Err(StoreError::Copy { path: path() }),
            Some(Closed::NoRoom) => Err(StoreError::NoRoom),
            None => Ok(()),
        }
    }

    /// Appends a sealed entry, ends the turn, and brings the cache, the state and the pin up to the entry. Returns
    /// `false` and writes nothing if another process recorded first.
    ///
    /// # Errors
    /// As [`Session::may_record`] and [`SharedStore::append`]; [`StoreError::RecordedButNotPinned`] if the entry was
    /// appended and a later step failed.
    pub fn append(&mut self, turn: Turn, raw: &Raw, entry: &Entry, now: Time) -> Result<bool, StoreError> {
        self.may_record(&entry.event)?;
        let log = &mut self.log;
        let Applied { before: head, after, seconded, redacts } = match log.ask(|state| apply(state, entry))? {
            Ok(applied) if applied.before.map_or(Digest::NONE, |head| head.leaf) == entry.header.prev => applied,
            // Every rule allowed the entry when it was sealed, so the head has moved since.
            Ok(_) | Err(_) => return Ok(false),
        };
        let redact = log.to_redact(redacts)?;
        let project = |tables: &Tables<'_>| tables.project(entry, seconded.as_ref(), &after);
        let done = log.shared.append(&turn, head, raw, &redact, &project);
        drop(turn);
        match done? {
            Appended::HeadMoved => Ok(false),
            Appended::Done => {
                self.durable = Some(Head { seq: raw.seq, leaf: entry.leaf });
                let redacted = self.redact_from_wal(&redact).and_then(|()| self.log.redacted_now(&redact));
                let after = redacted.and_then(|()| self.refresh(now, &mut |_| {}));
                // Whatever else is wrong, the entry is there, or it is not recorded.
                let kept = match after {
                    Ok(()) => self.log.holds(Head { seq: raw.seq, leaf: entry.leaf }),
                    Err(_) => leaf(self.log.shared(), raw.seq).map(|found| found == Some(entry.leaf)),
                };
                match (after, kept) {
                    (_, Ok(false)) => Err(StoreError::not_kept(raw.seq)),
                    (Ok(()), Ok(true)) => Ok(true),
                    (Err(source), _) | (Ok(()), Err(source)) => {
                        Err(StoreError::RecordedButNotPinned { seq: raw.seq, source: source.into() })
                    }
                }
            }
        }
    }

    /// Advances the pin to the head. Called after the cache is committed, so that the pin is never ahead of the cache.
    fn advance_pin(&mut self, now: Time) -> Result<(), StoreError> {
        let Some(head) = self.pinned.pending(&self.log) else { return Ok(()) };
        // Another process may have written the head and died before syncing it. A pinned entry must survive a power
        // failure.
        if self.durable != Some(head) {
            self.log.shared.sync()?;
        }
        self.pinned.advance(&self.log, now)
    }

    /// Removes the redacted texts from the WAL file.
    fn redact_from_wal(&mut self, redacted: &[u64]) -> Result<(), StoreError> {
        if !redacted.is_empty() && !self.log.shared.flush()? {
            self.notices.push(Notice::RedactedLater);
        }
        Ok(())
    }
}
