//! Opening a register: what this account remembers is compared with the file, unless `trust` excuses that.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::log::{VerifiedLog, agree, leaf};
use super::memory::{Behind, Memory};
use super::{Notice, Session};
use crate::domain::{Digest, Head, Time};
use crate::store::StoreError;
use crate::store::cache::verified::VerifiedCache;
use crate::store::sqlite::shared::SharedFile;

/// Why a log may be read although it lacks what this account verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excuse {
    /// It may not.
    None,
    /// It is a backup, made before. It is read in full, and nothing of it is remembered.
    EarlierBackup,
    /// It may not; and another register was accepted in its place, so nothing is recorded in it.
    Superseded,
    /// Two admins agreed to go on without what a restoration lost. The pin moves to the log as it is.
    AgreedRestoration,
    /// As [`Excuse::AgreedRestoration`]; and two admins may be about to agree, or the lost entries about to be
    /// recovered. The log is then read without the pin: see [`Behind`].
    PendingRestoration,
    /// A copy of the register elsewhere, on which a restoration is practised. It is read without the pin, which stays.
    Drill,
}

/// Which register is opened, where this account remembers it, and when a missing pin is excused.
#[derive(Debug, Clone, Copy)]
pub struct Anchor<'a> {
    /// The folder of the pin and the verified cache.
    pub folder: &'a Path,
    /// The leaf hash of entry 0.
    pub fingerprint: Digest,
    /// Why the log may lack the pin.
    pub excuse: Excuse,
}

impl Session {
    /// Opens a register whose fingerprint this account trusts, and verifies what is new in it.
    ///
    /// # Errors
    /// [`StoreError::PinLost`] if the log lacks what was verified before, and that is not excused. A broken entry is
    /// not an error here: see [`VerifiedLog::fault`].
    pub fn open(
        shared: SharedFile,
        anchor: Anchor<'_>,
        now: Time,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, StoreError> {
        let mut session = Self::attach(shared, anchor)?;
        match session.reconcile(anchor.excuse, now, progress) {
            Err(StoreError::PinLost { .. }) if matches!(anchor.excuse, Excuse::PendingRestoration | Excuse::Drill) => {
                session.ignore_pin()?;
            }
            reconciled => reconciled?,
        }
        session.refresh(now, progress)?;
        Ok(session)
    }

    /// Opens a register for [`Session::verify`], which finds what is lost, replaced or broken.
    ///
    /// # Errors
    /// What the system or SQLite says, or a damaged pin.
    pub fn open_to_verify(shared: SharedFile, anchor: Anchor<'_>, now: Time) -> Result<Self, StoreError> {
        let mut session = Self::attach(shared, anchor)?;
        match session.reconcile(anchor.excuse, now, &mut |_| {}) {
            Err(StoreError::PinLost { .. } | StoreError::Broken(_) | StoreError::Newer { .. }) => {}
            reconciled => reconciled?,
        }
        Ok(session)
    }

    /// Opens a register that this account does not know. Nothing of it is remembered.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unanchored(shared: SharedFile, fingerprint: Digest) -> Result<Self, StoreError> {
        Ok(Self::of(shared, VerifiedCache::temporary()?, fingerprint))
    }

    fn attach(shared: SharedFile, anchor: Anchor<'_>) -> Result<Self, StoreError> {
        let Anchor { folder, fingerprint, excuse } = anchor;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(StoreError::io("make the folder", folder))?;
        let memory = Memory::in_folder(folder, fingerprint)?;
        let (cache, useless) = VerifiedCache::open(&folder.join("verified.sqlite"))?;
        if excuse == Excuse::EarlierBackup
            && let Some(notice) = earlier(&shared, &cache)?
        {
            let mut session = Self::unanchored(shared, fingerprint)?;
            session.notices.push(notice);
            return Ok(session);
        }
        let notice = match (memory.pin(), cache.head()?) {
            (Some(_), None) => Some(Notice::CacheRebuilt),
            (None, Some(_)) => Some(Notice::PinMissing),
            (None, None) if useless => Some(Notice::CacheRebuilt),
            (None, None) => Some(Notice::FirstVerification),
            // The pin was read first, so another process of this account that advances both does not look like this.
            (Some(pin), Some(cached)) if cached.seq < pin.head.seq => Some(Notice::CacheBehind),
            _ => None,
        };
        let mut session = Self::of(shared, cache, fingerprint);
        session.memory = memory;
        session.superseded = excuse == Excuse::Superseded;
        session.notices.extend(notice);
        Ok(session)
    }

    fn of(shared: SharedFile, cache: VerifiedCache, fingerprint: Digest) -> Self {
        let log = VerifiedLog::new(shared, cache, fingerprint);
        Self { log, memory: Memory::default(), notices: Vec::new(), durable: None, superseded: false }
    }

    fn reconcile(&mut self, excuse: Excuse, now: Time, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        let may_move = matches!(excuse, Excuse::AgreedRestoration | Excuse::PendingRestoration);
        match self.memory.check_file(&self.log) {
            Err(StoreError::PinLost { .. }) if may_move && self.move_pin(now, progress)? => Ok(()),
            checked => checked,
        }
    }

    /// Moves the pin to the log as it is, if the log says that two admins agreed to a restoration which explains all
    /// that is lost, and which this account has not seen: a restoration that it has seen explains nothing lost later.
    fn move_pin(&mut self, now: Time, progress: &mut dyn FnMut(u64)) -> Result<bool, StoreError> {
        let (fresh, state, _) = self.log.read_anew(progress)?;
        let ours = &self.log.cache;
        let lost = self.memory.lost(ours, |seq| fresh.leaf(seq))?;
        let mut allowed = None;
        for (proposal, carried, heads) in state.governance().restorations() {
            let Head { seq, leaf } = heads.restored;
            let held = ours.leaf(seq)?.is_none_or(|ours| ours == leaf);
            let fits = held && fresh.leaf(seq)? == Some(leaf) && lost.iter().all(|head| heads.lost(*head));
            if fits && !self.memory.has_seen(carried, ours, &fresh)? {
                allowed = Some((proposal, seq));
            }
        }
        let (Some((proposal, restored)), Some(from)) = (allowed, lost.iter().map(|head| head.seq).max()) else {
            return Ok(false);
        };
        self.log.state = state;
        // The pin first: if this is interrupted, a cache that does not fit the pin is thrown away.
        self.memory.replace(&self.log, &fresh, now)?;
        self.log.cache.replace_with(&fresh)?;
        self.notices.push(Notice::PinMoved { from, restored, proposal });
        Ok(true)
    }

    /// Reads the log without the pin and the cache.
    fn ignore_pin(&mut self) -> Result<(), StoreError> {
        let VerifiedLog { shared, cache, .. } = &self.log;
        let newest = shared.newest()?.map_or(0, |newest| newest + 1);
        let until = cache.head()?.map_or(0, |head| head.seq + 1).min(newest);
        let common = agree(until, |seq| {
            let (ours, theirs) = (cache.leaf(seq)?, leaf(shared, seq)?);
            Ok(ours.filter(|ours| Some(*ours) == theirs))
        })?;
        let lost = self.memory.lost(cache, |seq| leaf(shared, seq))?;
        let verified = self.memory.pin().map(|pin| pin.verified);
        let remembered = lost.into_iter().max_by_key(|head| head.seq);
        let behind = remembered.map(|remembered| Behind { remembered, common, verified });
        self.memory = Memory::behind_of(behind);
        self.log.cache = VerifiedCache::temporary()?;
        Ok(())
    }
}

/// Whether a backup is an earlier state of what this account verified.
fn earlier(shared: &SharedFile, cache: &VerifiedCache) -> Result<Option<Notice>, StoreError> {
    let (Some(known), Some(ends)) = (cache.head()?, shared.newest()?) else { return Ok(None) };
    if !shared.is_backup() || ends >= known.seq {
        return Ok(None);
    }
    let same = cache.leaf(ends)? == leaf(shared, ends)?;
    Ok(same.then_some(Notice::EarlierBackup { ends, known: known.seq }))
}
