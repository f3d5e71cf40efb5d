//! A register as this account sees it: the verified log, and the pin that it is compared with.

mod audit;
mod log;
mod memory;
mod notice;
mod open;
pub mod pin;
mod recover;

use std::ops::{Deref, DerefMut};
use std::time::Duration;

pub use log::VerifiedLog;
pub use memory::{Behind, Memory};
pub use notice::Notice;
pub use open::{Anchor, Excuse};
pub use recover::Recovered;

use super::cache::tables::Tables;
use super::sqlite::queue::Turn;
use super::sqlite::shared::{Appended, SharedFile};
use super::{BUSY, StoreError};
use crate::domain::{Action, Denied, Digest, Event, Head, Register, Time};
use crate::format::{Entry, Raw};

/// How many new entries may be verified while others wait for their turn: some milliseconds, at most some tens.
const SHORT_TAIL: u64 = 200;

/// How long others wait while another process of this account is busy with the verified cache.
const SOON: Duration = Duration::from_millis(250);

/// An open register. It is read as its [`VerifiedLog`], and written with the pin kept in step.
pub struct Session {
    log: VerifiedLog,
    memory: Memory,
    notices: Vec<Notice>,
    /// The newest entry that is known to be durable: this session appended it.
    durable: Option<Head>,
    /// This account accepted another register in place of this one.
    superseded: bool,
}

/// A state with an entry taken in, the head before it, the action that it seconded, and the texts that it redacts for the
/// first time.
struct TakenIn {
    before: Option<Head>,
    after: Register,
    seconded: Option<Action>,
    redacts: Vec<(u64, Digest)>,
}

fn taken_in(state: &Register, Entry { header, event, leaf, .. }: &Entry) -> Result<TakenIn, Denied> {
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
    Ok(TakenIn { before: state.head(), after, seconded, redacts })
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
    /// What this account remembers of the register.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// What was noticed so far.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Closes everything but the shared file.
    pub fn into_shared(self) -> SharedFile {
        self.log.shared
    }

    /// Brings the verified cache, the state and the pin up to the head.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn refresh(&mut self, now: Time, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        self.log.catch_up(&self.memory, BUSY, progress)?;
        self.advance_pin(now)
    }

    /// Does the same while holding the turn to write; returns `false` if that could take long and must be done without
    /// the turn. The pin stays behind until then, so that nobody waits for its syncs.
    ///
    /// # Errors
    /// As [`Session::refresh`].
    pub fn refresh_soon(&mut self, _turn: &Turn) -> Result<bool, StoreError> {
        let (newest, known) = (self.log.shared.newest()?, self.log.state.head().map(|head| head.seq));
        if newest.unwrap_or(0).saturating_sub(known.unwrap_or(0)) > SHORT_TAIL {
            return Ok(false);
        }
        match self.log.catch_up(&self.memory, SOON, &mut |_| {}) {
            Err(StoreError::Busy { .. }) => Ok(false),
            caught_up => caught_up.map(|()| true),
        }
    }

    /// Whether this account may record an event here: not in a superseded register, else see [`Memory::may_record`].
    ///
    /// # Errors
    /// [`StoreError::Superseded`], [`StoreError::PinLost`].
    pub fn may_record(&self, event: &Event) -> Result<(), StoreError> {
        self.may_write()?;
        self.memory.may_record(event, &self.log)
    }

    fn may_write(&self) -> Result<(), StoreError> {
        match self.superseded {
            true => Err(StoreError::Superseded { path: self.log.shared.path().to_owned() }),
            false => Ok(()),
        }
    }

    /// Appends a sealed entry, which ends the turn, and brings cache, state and pin up to it. Returns `false` if
    /// somebody else recorded first and nothing was written.
    ///
    /// # Errors
    /// As [`SharedFile::append`].
    pub fn append(&mut self, turn: Turn, raw: &Raw, entry: &Entry, now: Time) -> Result<bool, StoreError> {
        self.may_record(&entry.event)?;
        let log = &mut self.log;
        let TakenIn { before: head, after, seconded, redacts } = match log.ask(|state| taken_in(state, entry))? {
            Ok(taken_in) if taken_in.before.map_or(Digest::NONE, |head| head.leaf) == entry.header.prev => taken_in,
            // It was judged when it was sealed: the head has moved since.
            Ok(_) | Err(_) => return Ok(false),
        };
        let redact = log.to_redact(redacts)?;
        let project = |tables: &Tables<'_>| tables.project(entry, seconded.as_ref(), &after);
        let done = log.shared.append(&turn, head, raw, &redact, project);
        drop(turn);
        match done? {
            Appended::HeadMoved => Ok(false),
            Appended::Done => {
                self.durable = Some(Head { seq: raw.seq, leaf: entry.leaf });
                let redacted = self.redact_from_wal(&redact);
                let after = redacted.and_then(|()| self.refresh(now, &mut |_| {}));
                after
                    .map(|()| true)
                    .map_err(|source| StoreError::RecordedButNotPinned { seq: raw.seq, source: source.into() })
            }
        }
    }

    /// The pin advances after the cache is committed, so that it never runs ahead of what was verified, nor of what is
    /// durable.
    fn advance_pin(&mut self, now: Time) -> Result<(), StoreError> {
        let Some(head) = self.memory.pending(&self.log) else { return Ok(()) };
        // A process may have died between writing and syncing. What it wrote is read like the rest, and must not be lost
        // with the power once it is pinned.
        if self.durable != Some(head) {
            self.log.shared.sync()?;
        }
        self.memory.advance(&self.log, now)
    }

    /// Removes redacted texts from the WAL file too.
    fn redact_from_wal(&mut self, redacted: &[u64]) -> Result<(), StoreError> {
        if !redacted.is_empty() && !self.log.shared.flush()? {
            self.notices.push(Notice::RedactedLater);
        }
        Ok(())
    }
}
