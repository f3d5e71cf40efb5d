//! A register as this account sees it: the shared file, the verified copy, the pin, and the state that they make.

mod memory;
mod recover;
mod whole;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

pub use memory::Behind;
use memory::older_copy;
pub use recover::Recovered;

use super::copy::{VerifiedCopy, verified_before};
use super::follow::{Mode, follow};
use super::pin::{Pin, PinFile};
use super::queue::Turn;
use super::shared::{Appended, SharedFile};
use super::{BUSY, Finding, StoreError, compare, tables};
use crate::domain::{Change, ChangeId, Digest, Head, MotionId, Register, Time};
use crate::log::{Defect, Entry, Raw, entry, text};

/// How many new entries may be verified while others wait for their turn: some milliseconds, at most some tens.
const SHORT_TAIL: u64 = 200;

/// How long others wait while another process of this account is busy with the verified copy.
const SOON: Duration = Duration::from_millis(250);

/// Something that was noticed and did not stop the work, to be said aloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// There was a pin and no usable copy: the whole log was verified again.
    CopyRebuilt,
    /// There was neither: a first contact, or all that was remembered is gone.
    FirstVerification,
    /// The copy was behind the pin: an older one, or the power failed before it was on the disk.
    CopyBehind,
    /// There was a copy and no pin: what was remembered outside the copy is gone.
    PinMissing,
    /// Texts were erased, and others were reading: until they have finished, the file beside the register that ends in
    /// `-wal` may still hold them.
    ErasedLater,
    /// It is a marked copy, and holds less than this account verified before: nothing that it should not.
    OlderCopy {
        /// The newest entry of the copy.
        ends: u64,
        /// The newest entry that this account verified.
        known: u64,
    },
    /// What was remembered was lost, and two admins said so: this account goes on with the log as it is.
    MovedOver {
        /// The newest entry that this account verified before.
        from: u64,
        /// The newest entry that the copy held, from which the register was restored.
        restored: u64,
        /// The motion that says so.
        motion: MotionId,
    },
}

/// A register in use.
pub struct Session {
    shared: SharedFile,
    copy: VerifiedCopy,
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
    /// Opens a register whose fingerprint this account trusts, with its pin and verified copy in `folder`, and
    /// brings the copy up to the head; `at_home` as [`Session::reconcile`] has it.
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
    pub fn open_behind(
        shared: SharedFile,
        folder: &Path,
        fingerprint: Digest,
        at_home: bool,
        now: Time,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, StoreError> {
        let mut session = Self::attach(shared, folder, fingerprint)?;
        match session.reconcile(at_home, now, progress) {
            Err(StoreError::PinLost { .. }) => session.look_past()?,
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
        let (copy, useless) = VerifiedCopy::open(&folder.join("verified.sqlite"))?;
        if let Some(notice) = older_copy(&shared, &copy)? {
            // Everything is read anew, and nothing of it is remembered: the memory is of more than that.
            let mut session = Self::with(shared, VerifiedCopy::temporary()?, fingerprint);
            session.notices.push(notice);
            return Ok(session);
        }
        let notice = match (pin, copy.head()?) {
            (Some(_), None) => Some(Notice::CopyRebuilt),
            (None, Some(_)) => Some(Notice::PinMissing),
            (None, None) if useless => Some(Notice::CopyRebuilt),
            (None, None) => Some(Notice::FirstVerification),
            // The pin was read first: another process of this account that goes on cannot look like this.
            (Some(pin), Some(copied)) if copied.seq < pin.head.seq => Some(Notice::CopyBehind),
            _ => None,
        };
        let mut session = Self::with(shared, copy, fingerprint);
        (session.pin_file, session.pin) = (Some(pin_file), pin);
        session.notices.extend(notice);
        Ok(session)
    }

    /// Looks at a register that this account does not know: nothing is remembered.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unanchored(shared: SharedFile, fingerprint: Digest) -> Result<Self, StoreError> {
        Ok(Self::with(shared, VerifiedCopy::temporary()?, fingerprint))
    }

    fn with(shared: SharedFile, copy: VerifiedCopy, fingerprint: Digest) -> Self {
        let (state, notices) = (Register::default(), Vec::new());
        let (fault, behind, durable) = (None, None, None);
        Self { shared, copy, pin_file: None, pin: None, fingerprint, state, fault, notices, behind, durable }
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

    /// The verified copy's tables, for lists.
    pub fn tables(&self) -> &rusqlite::Connection {
        self.copy.conn()
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

    /// Brings the verified copy, the state and the pin up to the head.
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

    /// Brings the verified copy and the state up to the head; waits so long for other processes of this account.
    fn catch_up(&mut self, patience: Duration, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        let newest = self.shared.newest()?;
        let is_newest = |state: &Register| newest.is_some() && state.head().map(|head| head.seq) == newest;
        if is_newest(&self.state) {
            return Ok(());
        }
        // Mostly nothing is new but to this process: then nothing is written.
        let still = self.copy.still()?;
        self.copy.load(&self.shared, &mut self.state)?;
        drop(still);
        if is_newest(&self.state) {
            self.fault = None;
            return self.check_pin();
        }
        let erasures = self.state.governance().erasures().count();
        let tx = self.copy.begin(patience)?;
        self.copy.load(&self.shared, &mut self.state)?;
        let reading = follow(&self.shared, &self.copy, &mut self.state, self.fingerprint, Mode::Advance, progress)?;
        // Up to the pin everything was right once.
        let pinned = self.pin.map(|pin| pin.head.seq);
        if reading.findings.first().is_some_and(|it| it.seq <= pinned) && self.copy_is_wrong(progress)? {
            return Err(self.copy.damaged("it is not what the log says".to_owned()));
        }
        self.copy.write_down(&self.state)?;
        tx.commit().map_err(StoreError::copy(self.copy.conn(), "bringing the verified copy on"))?;
        if self.state.governance().erasures().count() != erasures {
            self.copy.flush()?;
        }
        self.fault = reading.findings.into_iter().next();
        self.check_pin()
    }

    /// The file may have been exchanged since memory was held against it.
    fn check_pin(&self) -> Result<(), StoreError> {
        if let Some(Pin { head, verified, .. }) = self.pin.filter(|_| self.fault.is_none())
            && self.copy.leaf(head.seq)? != Some(head.leaf)
        {
            return Err(StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified: Some(verified) });
        }
        Ok(())
    }

    /// The pin advances after the copy's commit, so that it never runs ahead of what was verified, nor of what is
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
        let pin = self.pin_at(head, now, |seq| self.copy.leaf(seq))?;
        self.pin = Some(file.advance(pin)?);
        Ok(())
    }

    /// Erased texts that stand in the file again.
    fn standing_again(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        for (seq, text, motion) in self.state.governance().erasures() {
            if self.has_text(seq, text)? {
                let meaning = format!("the text that motion {motion} erased stands there again");
                findings.push(Finding::at(seq, "erased", meaning));
            }
        }
        Ok(findings)
    }

    /// Whether an entry of the file has the text with this digest.
    fn has_text(&self, seq: u64, text: Digest) -> Result<bool, StoreError> {
        let found = self.shared.entry(seq)?.and_then(|raw| raw.text);
        Ok(found.is_some_and(|found| text::digest(&found) == text))
    }

    /// The entries whose texts these motions, once carried, have erased and the file still has.
    fn to_erase(&self, after: &Register) -> Result<Vec<u64>, StoreError> {
        let erasures = after.governance().erasures();
        let fresh = erasures.filter(|(seq, text, _)| self.state.governance().erased(*seq, *text).is_none());
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
    /// As [`VerifiedCopy::governed`].
    pub fn governed(&self, until: u64) -> Result<Register, StoreError> {
        self.copy.governed(until)
    }

    /// Makes sure that a change is part of the state.
    ///
    /// # Errors
    /// As [`VerifiedCopy::change`].
    pub fn load(&mut self, change: ChangeId) -> Result<Option<&Change>, StoreError> {
        if !self.state.knows(change)
            && let Some(change) = self.copy.change(&self.shared, change)?
        {
            self.state.adopt(change);
        }
        Ok(self.state.change(change).ok())
    }

    /// Holds file and copy still, until what is returned is dropped: many readings in a row then cost one lock each.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn still(&self) -> Result<impl Sized, StoreError> {
        Ok((self.shared.still()?, self.copy.still()?))
    }

    /// Makes sure that changes are part of the state: as [`Session::load`] each of them, in less time.
    ///
    /// # Errors
    /// As [`VerifiedCopy::change`].
    pub fn load_all(&mut self, changes: &[ChangeId]) -> Result<(), StoreError> {
        let _still = (self.shared.still()?, self.copy.still()?);
        for change in changes {
            if !self.state.knows(*change)
                && let Some(change) = self.copy.change(&self.shared, *change)?
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
            Some(text) if self.state.governance().erased(seq, text).is_none() => {
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
        match self.copy.leaf(seq)? {
            Some(leaf) => verified_before(&self.shared, Head { seq, leaf }).map(Some),
            None => Ok(None),
        }
    }

    /// Puts a sealed entry behind the head, which ends the turn, and brings copy, state and pin on. `false` where
    /// somebody was faster and nothing was written.
    ///
    /// # Errors
    /// As [`SharedFile::append`].
    pub fn append(&mut self, turn: Turn, raw: &Raw, entry: &Entry, now: Time) -> Result<bool, StoreError> {
        self.may_record(&entry.event)?;
        let mut after = self.state.clone();
        after.apply(&entry.header, entry.leaf, &entry.event);
        let erase = self.to_erase(&after)?;
        let done = self.shared.append(&turn, self.state.head(), raw, &erase, |tx| tables::project(tx, entry, &after));
        drop(turn);
        match done? {
            Appended::HeadMoved => Ok(false),
            Appended::Done => {
                self.durable = Some(Head { seq: raw.seq, leaf: entry.leaf });
                let erased = self.erased_from_log(&erase);
                let after = erased.and_then(|()| self.refresh(now, &mut |_| {}));
                after.map(|()| true).map_err(|source| StoreError::Unremembered { seq: raw.seq, source: source.into() })
            }
        }
    }

    /// Compares the shared tables with the verified copy, refills them, and says what differed; none where somebody
    /// recorded meanwhile and nothing was done.
    ///
    /// # Errors
    /// As [`SharedFile::append`].
    pub fn rebuild(&mut self, turn: &Turn) -> Result<Option<Vec<Finding>>, StoreError> {
        // Where the two differ, either may be wrong, and nothing wrong may be written for everybody.
        let differ = !compare::compare(self.shared.conn(), self.copy.conn())?.is_empty();
        if differ && self.copy_is_wrong(&mut |_| {})? {
            return Err(self.copy.damaged("it is not what the log says".to_owned()));
        }
        let erase: Vec<u64> = self.standing_again()?.into_iter().filter_map(|finding| finding.seq).collect();
        let done = self.shared.refill(turn, self.state.head(), &erase, self.copy.conn())?;
        self.erased_from_log(&erase)?;
        Ok(done)
    }

    /// What was erased goes out of the write-ahead log too.
    fn erased_from_log(&mut self, erased: &[u64]) -> Result<(), StoreError> {
        if !erased.is_empty() && !self.shared.flush()? {
            self.notices.push(Notice::ErasedLater);
        }
        Ok(())
    }
}
