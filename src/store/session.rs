//! A register as this account sees it: the shared file, the verified cache, the pin, and the state that they make.

mod audit;
pub mod pin;
mod reconcile;
mod recover;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

pub use reconcile::Behind;
use reconcile::older_backup;
pub use recover::Recovered;

use self::pin::{Pin, PinFile};
use super::cache::verified::{VerifiedCache, verified_before};
use super::cache::{compare, tables};
use super::sqlite::queue::Turn;
use super::sqlite::shared::{Appended, SharedFile};
use super::verify::replay::{Mode, replay};
use super::{BUSY, Finding, StoreError};
use crate::domain::{Change, ChangeId, Digest, Head, ProposalId, Register, Time};
use crate::format::{Defect, Entry, Raw, entry, text};

/// How many new entries may be verified while others wait for their turn: some milliseconds, at most some tens.
const SHORT_TAIL: u64 = 200;

/// How long others wait while another process of this account is busy with the verified cache.
const SOON: Duration = Duration::from_millis(250);

/// Something that was noticed and did not stop the work, to be said aloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// There was a pin and no usable cache: the whole log was verified again.
    CacheRebuilt,
    /// There was neither: a first contact, or all that was remembered is gone.
    FirstVerification,
    /// The cache was behind the pin: an older one, or the power failed before it was on the disk.
    CacheBehind,
    /// There was a cache and no pin: what was remembered outside the cache is gone.
    PinMissing,
    /// Texts were redacted, and others were reading: until they have finished, the file beside the register that ends in
    /// `-wal` may still hold them.
    RedactedLater,
    /// It is a marked cache, and holds less than this account verified before: nothing that it should not.
    OlderBackup {
        /// The newest entry of the cache.
        ends: u64,
        /// The newest entry that this account verified.
        known: u64,
    },
    /// What was remembered was lost, and two admins said so: this account goes on with the log as it is.
    PinMoved {
        /// The newest entry that this account verified before.
        from: u64,
        /// The newest entry that the cache held, from which the register was restored.
        restored: u64,
        /// The proposal that says so.
        proposal: ProposalId,
    },
}

/// A register in use.
pub struct Session {
    shared: SharedFile,
    cache: VerifiedCache,
    pin_file: Option<PinFile>,
    pin: Option<Pin>,
    fingerprint: Digest,
    state: Register,
    fault: Option<Finding>,
    notices: Vec<Notice>,
    behind: Option<Behind>,
    /// The newest entry that is known to be durable: this session appended it.
    durable: Option<Head>,
}

impl Session {
    /// Opens a register whose fingerprint this account trusts, with its pin and verified cache in `folder`, and
    /// brings the cache up to the head; `at_home` as [`Session::reconcile`] has it.
    ///
    /// # Errors
    /// [`StoreError::PinLost`] where the log is not the one that was verified before; a broken entry is no error
    /// here: see [`Session::fault`].
    pub fn open(
        shared: SharedFile,
        folder: &Path,
        fingerprint: Digest,
        at_home: bool,
        now: Time,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, StoreError> {
        let mut session = Self::attach(shared, folder, fingerprint)?;
        session.reconcile(at_home, now, progress)?;
        session.refresh(now, progress)?;
        Ok(session)
    }

    /// As [`Session::open`], also where the log does not hold what this account verified: see [`Behind`].
    ///
    /// # Errors
    /// As [`Session::open`], without that.
    pub fn open_ignoring_pin(
        shared: SharedFile,
        folder: &Path,
        fingerprint: Digest,
        at_home: bool,
        now: Time,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, StoreError> {
        let mut session = Self::attach(shared, folder, fingerprint)?;
        match session.reconcile(at_home, now, progress) {
            Err(StoreError::PinLost { .. }) => session.ignore_pin()?,
            reconciled => reconciled?,
        }
        session.refresh(now, progress)?;
        Ok(session)
    }

    /// As [`Session::open`], without asking yet whether the log is the one that was verified before: for
    /// [`Session::verify`], which finds that out.
    ///
    /// # Errors
    /// What the system or SQLite says, or a damaged pin.
    pub fn attach(shared: SharedFile, folder: &Path, fingerprint: Digest) -> Result<Self, StoreError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(StoreError::io("make the folder", folder))?;
        let pin_file = PinFile::in_folder(folder);
        let pin = pin_file.read(fingerprint)?;
        let (cache, useless) = VerifiedCache::open(&folder.join("verified.sqlite"))?;
        if let Some(notice) = older_backup(&shared, &cache)? {
            // Everything is read anew, and nothing of it is remembered: the memory is of more than that.
            let mut session = Self::with(shared, VerifiedCache::temporary()?, fingerprint);
            session.notices.push(notice);
            return Ok(session);
        }
        let notice = match (pin, cache.head()?) {
            (Some(_), None) => Some(Notice::CacheRebuilt),
            (None, Some(_)) => Some(Notice::PinMissing),
            (None, None) if useless => Some(Notice::CacheRebuilt),
            (None, None) => Some(Notice::FirstVerification),
            // The pin was read first: another process of this account that goes on cannot look like this.
            (Some(pin), Some(cached)) if cached.seq < pin.head.seq => Some(Notice::CacheBehind),
            _ => None,
        };
        let mut session = Self::with(shared, cache, fingerprint);
        (session.pin_file, session.pin) = (Some(pin_file), pin);
        session.notices.extend(notice);
        Ok(session)
    }

    /// Looks at a register that this account does not know: nothing is remembered.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unanchored(shared: SharedFile, fingerprint: Digest) -> Result<Self, StoreError> {
        Ok(Self::with(shared, VerifiedCache::temporary()?, fingerprint))
    }

    fn with(shared: SharedFile, cache: VerifiedCache, fingerprint: Digest) -> Self {
        let (state, notices) = (Register::default(), Vec::new());
        let (fault, behind, durable) = (None, None, None);
        Self { shared, cache, pin_file: None, pin: None, fingerprint, state, fault, notices, behind, durable }
    }

    /// Closes the files. The state is left to the end of the process: to take that of a long log down takes longer than
    /// any small command.
    pub fn leave(self) {
        std::mem::forget(self.state);
    }

    /// The shared file.
    pub fn shared(&self) -> &SharedFile {
        &self.shared
    }

    /// The verified cache's tables, for lists.
    pub fn tables(&self) -> &rusqlite::Connection {
        self.cache.conn()
    }

    /// The state at the head, or before the first broken entry.
    pub fn state(&self) -> &Register {
        &self.state
    }

    /// The leaf hash of entry 0.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// What this account remembered before this session began or last advanced it.
    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    /// The first broken entry: nothing after it counts, and nothing may be recorded.
    pub fn fault(&self) -> Option<&Finding> {
        self.fault.as_ref()
    }

    /// What was noticed on opening.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Brings the verified cache, the state and the pin up to the head.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn refresh(&mut self, now: Time, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        self.catch_up(BUSY, progress)?;
        self.advance_pin(now)
    }

    /// The same in one's turn to write, where others wait: `false` where that could take long, and it is to be done
    /// outside. The pin stays behind until then: its syncs are not for others to wait for.
    ///
    /// # Errors
    /// As [`Session::refresh`].
    pub fn refresh_soon(&mut self, _turn: &Turn) -> Result<bool, StoreError> {
        let (newest, known) = (self.shared.newest()?, self.state.head().map(|head| head.seq));
        if newest.unwrap_or(0).saturating_sub(known.unwrap_or(0)) > SHORT_TAIL {
            return Ok(false);
        }
        match self.catch_up(SOON, &mut |_| {}) {
            Err(StoreError::Busy { .. }) => Ok(false),
            caught_up => caught_up.map(|()| true),
        }
    }

    /// Brings the verified cache and the state up to the head; waits so long for other processes of this account.
    fn catch_up(&mut self, patience: Duration, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        let newest = self.shared.newest()?;
        let is_newest = |state: &Register| newest.is_some() && state.head().map(|head| head.seq) == newest;
        if is_newest(&self.state) {
            return Ok(());
        }
        // Mostly nothing is new but to this process: then nothing is written.
        let still = self.cache.hold_snapshot()?;
        self.cache.load(&self.shared, &mut self.state)?;
        drop(still);
        if is_newest(&self.state) {
            self.fault = None;
            return self.check_pin();
        }
        let redactions = self.state.governance().redactions().count();
        let tx = self.cache.begin(patience)?;
        self.cache.load(&self.shared, &mut self.state)?;
        let reading = replay(&self.shared, &self.cache, &mut self.state, self.fingerprint, Mode::Advance, progress)?;
        // Up to the pin everything was right once.
        let pinned = self.pin.map(|pin| pin.head.seq);
        if reading.findings.first().is_some_and(|it| it.seq <= pinned) && self.cache_is_wrong(progress)? {
            return Err(self.cache.damaged("it is not what the log says".to_owned()));
        }
        self.cache.write_down(&self.state)?;
        tx.commit().map_err(StoreError::cache(self.cache.conn(), "bringing the verified cache on"))?;
        if self.state.governance().redactions().count() != redactions {
            self.cache.flush()?;
        }
        self.fault = reading.findings.into_iter().next();
        self.check_pin()
    }

    /// The file may have been exchanged since memory was held against it.
    fn check_pin(&self) -> Result<(), StoreError> {
        if let Some(Pin { head, verified, .. }) = self.pin.filter(|_| self.fault.is_none())
            && self.cache.leaf(head.seq)? != Some(head.leaf)
        {
            return Err(StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified: Some(verified) });
        }
        Ok(())
    }

    /// The pin advances after the cache's commit, so that it never runs ahead of what was verified, nor of what is
    /// durable.
    fn advance_pin(&mut self, now: Time) -> Result<(), StoreError> {
        let (Some(file), Some(head)) = (&self.pin_file, self.state.head()) else { return Ok(()) };
        if self.pin.is_some_and(|pin| pin.head.seq >= head.seq) {
            return Ok(());
        }
        // Somebody may have died between writing and syncing. What they wrote is read like all the rest, and must not
        // be lost with the power once it is pinned.
        if self.durable != Some(head) {
            self.shared.sync()?;
        }
        let pin = self.pin_at(head, now, |seq| self.cache.leaf(seq))?;
        self.pin = Some(file.advance(pin)?);
        Ok(())
    }

    /// Redacted texts that stand in the file again.
    fn redacted_again(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        for (seq, text, proposal) in self.state.governance().redactions() {
            if self.has_text(seq, text)? {
                let meaning = format!("the text that proposal {proposal} redacted stands there again");
                findings.push(Finding::at(seq, "redacted", meaning));
            }
        }
        Ok(findings)
    }

    /// Whether an entry of the file has the text with this digest.
    fn has_text(&self, seq: u64, text: Digest) -> Result<bool, StoreError> {
        let found = self.shared.entry(seq)?.and_then(|raw| raw.text);
        Ok(found.is_some_and(|found| text::digest(&found) == text))
    }

    /// The entries whose texts these proposals, once carried, have redacted and the file still has.
    fn to_redact(&self, after: &Register) -> Result<Vec<u64>, StoreError> {
        let redactions = after.governance().redactions();
        let fresh = redactions.filter(|(seq, text, _)| self.state.governance().redacted(*seq, *text).is_none());
        let mut seqs = Vec::new();
        for (seq, text, _) in fresh {
            if self.has_text(seq, text)? {
                seqs.push(seq);
            }
        }
        Ok(seqs)
    }

    /// The register's governance as it was after some entry, in a state without changes.
    ///
    /// # Errors
    /// As [`VerifiedCache::governed`].
    pub fn governed(&self, until: u64) -> Result<Register, StoreError> {
        self.cache.governed(until)
    }

    /// Makes sure that a change is part of the state.
    ///
    /// # Errors
    /// As [`VerifiedCache::change`].
    pub fn load(&mut self, change: ChangeId) -> Result<Option<&Change>, StoreError> {
        if !self.state.knows(change)
            && let Some(change) = self.cache.change(&self.shared, change)?
        {
            self.state.adopt(change);
        }
        Ok(self.state.change(change).ok())
    }

    /// Holds file and cache still, until what is returned is dropped: many readings in a row then cost one lock each.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn hold_snapshot(&self) -> Result<impl Sized, StoreError> {
        Ok((self.shared.hold_snapshot()?, self.cache.hold_snapshot()?))
    }

    /// Makes sure that changes are part of the state: as [`Session::load`] each of them, in less time.
    ///
    /// # Errors
    /// As [`VerifiedCache::change`].
    pub fn load_all(&mut self, changes: &[ChangeId]) -> Result<(), StoreError> {
        let _snapshot = (self.shared.hold_snapshot()?, self.cache.hold_snapshot()?);
        for change in changes {
            if !self.state.knows(*change)
                && let Some(change) = self.cache.change(&self.shared, *change)?
            {
                self.state.adopt(change);
            }
        }
        Ok(())
    }

    /// A verified entry with its text.
    ///
    /// # Errors
    /// [`StoreError::Broken`] where the file holds another one by now.
    pub fn entry(&self, seq: u64) -> Result<Option<Entry>, StoreError> {
        let Some(raw) = self.raw(seq)? else { return Ok(None) };
        let entry = entry::parse(&raw).map_err(|defect| StoreError::defect(seq, &defect))?;
        match entry.gone() {
            Some(text) if self.state.governance().redacted(seq, text).is_none() => {
                Err(StoreError::defect(seq, &Defect::TextMissing))
            }
            _ => Ok(Some(entry)),
        }
    }

    /// The exact bytes of a verified entry.
    ///
    /// # Errors
    /// As [`Session::entry`].
    pub fn raw(&self, seq: u64) -> Result<Option<Raw>, StoreError> {
        match self.cache.leaf(seq)? {
            Some(leaf) => verified_before(&self.shared, Head { seq, leaf }).map(Some),
            None => Ok(None),
        }
    }

    /// Puts a sealed entry behind the head, which ends the turn, and brings cache, state and pin on. `false` where
    /// somebody was faster and nothing was written.
    ///
    /// # Errors
    /// As [`SharedFile::append`].
    pub fn append(&mut self, turn: Turn, raw: &Raw, entry: &Entry, now: Time) -> Result<bool, StoreError> {
        self.may_record(&entry.event)?;
        let mut after = self.state.clone();
        after.apply(&entry.header, entry.leaf, &entry.event);
        let redact = self.to_redact(&after)?;
        let done = self.shared.append(&turn, self.state.head(), raw, &redact, |tx| tables::project(tx, entry, &after));
        drop(turn);
        match done? {
            Appended::HeadMoved => Ok(false),
            Appended::Done => {
                self.durable = Some(Head { seq: raw.seq, leaf: entry.leaf });
                let redacted = self.redacted_from_wal(&redact);
                let after = redacted.and_then(|()| self.refresh(now, &mut |_| {}));
                after
                    .map(|()| true)
                    .map_err(|source| StoreError::RecordedButNotPinned { seq: raw.seq, source: source.into() })
            }
        }
    }

    /// Compares the shared tables with the verified cache, refills them, and says what differed; none where somebody
    /// recorded meanwhile and nothing was done.
    ///
    /// # Errors
    /// As [`SharedFile::append`].
    pub fn rebuild(&mut self, turn: &Turn) -> Result<Option<Vec<Finding>>, StoreError> {
        // Where the two differ, either may be wrong, and nothing wrong may be written for everybody.
        let differ = !compare::compare(self.shared.conn(), self.cache.conn())?.is_empty();
        if differ && self.cache_is_wrong(&mut |_| {})? {
            return Err(self.cache.damaged("it is not what the log says".to_owned()));
        }
        let redact: Vec<u64> = self.redacted_again()?.into_iter().filter_map(|finding| finding.seq).collect();
        let done = self.shared.refill(turn, self.state.head(), &redact, self.cache.conn())?;
        self.redacted_from_wal(&redact)?;
        Ok(done)
    }

    /// What was redacted goes out of the write-ahead log too.
    fn redacted_from_wal(&mut self, redacted: &[u64]) -> Result<(), StoreError> {
        if !redacted.is_empty() && !self.shared.flush()? {
            self.notices.push(Notice::RedactedLater);
        }
        Ok(())
    }
}
