//! What this account remembers of a register, held against the file; and how it goes on where that was restored from a
//! cache, and lost what came after.

use super::{Notice, Session};
use crate::domain::{Action, Digest, Event, Head, Register, Time};
use crate::store::cache::verified::VerifiedCache;
use crate::store::session::pin::Pin;
use crate::store::sqlite::shared::SharedFile;
use crate::store::verify::replay::{Mode, Reading, replay};
use crate::store::{BUSY, StoreError};

/// A memory of entries that the log does not hold. It is read from entry 0 on then, nothing of it is remembered, and
/// nothing is recorded but a proposal to go on without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The newest entry that this account verified.
    pub remembered: Head,
    /// The newest entry up to which its memory and the log agree, where it remembers so much.
    pub common: Option<Head>,
    /// When it was verified, if a pin remembers it.
    pub verified: Option<Time>,
}

impl Behind {
    /// What stops this account.
    pub(super) fn lost(&self) -> StoreError {
        let Self { remembered: Head { seq, leaf }, verified, .. } = *self;
        StoreError::PinLost { seq, leaf, verified }
    }
}

impl Session {
    /// What the log does not hold any more, where this session looks at it all the same.
    pub fn behind(&self) -> Option<&Behind> {
        self.behind.as_ref()
    }

    /// Whether this account may record such an event: anything, unless it remembers what the log does not hold.
    ///
    /// # Errors
    /// [`StoreError::PinLost`].
    pub fn may_record(&self, event: &Event) -> Result<(), StoreError> {
        let Some(behind) = self.behind else { return Ok(()) };
        let action = match event {
            Event::Propose { action, .. } => Some(action),
            Event::Second(at) => self.state.governance().proposal(at.proposal).ok().map(|proposal| &proposal.action),
            _ => None,
        };
        match action {
            Some(Action::Restored(_)) => Ok(()),
            _ => Err(behind.lost()),
        }
    }

    /// Holds what this account remembers against the shared file: the pin and the cache's own head.
    fn check_memory(&self) -> Result<(), StoreError> {
        let cached = self.cache.head()?;
        let stands = |head: Head| Ok(leaf(&self.shared, head.seq)? == Some(head.leaf));
        let verified = self.pin.map(|pin| pin.verified);
        let lost = |head: Head| Err(StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified });
        let pinned = self.pin.map(|pin| pin.head);
        if let Some(pinned) = pinned
            && !stands(pinned)?
        {
            return lost(pinned);
        }
        // The log holds the pinned entry, and so all before it: where the cache says otherwise, the cache is wrong.
        match (cached, pinned) {
            (None, _) => Ok(()),
            (Some(cached), Some(pinned))
                if cached.seq >= pinned.seq && self.cache.leaf(pinned.seq)? != Some(pinned.leaf)
                    || cached.seq < pinned.seq && !stands(cached)? =>
            {
                Err(self.cache.damaged(format!("it is not of the log that holds entry {}", pinned.seq)))
            }
            (Some(cached), pinned) if pinned != Some(cached) && !stands(cached)? => lost(cached),
            _ => Ok(()),
        }
    }

    /// Holds what this account remembers against the shared file. Where that was lost in a restoration, as two admins
    /// said since, the memory moves over to the log as it is; but only `at_home`, where the register is that it is of.
    ///
    /// # Errors
    /// [`StoreError::PinLost`], or what SQLite says.
    pub fn reconcile(&mut self, at_home: bool, now: Time, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        match self.check_memory() {
            Err(StoreError::PinLost { .. }) if at_home && self.move_pin(now, progress)? => Ok(()),
            checked => checked,
        }
    }

    /// What is remembered and does not stand in a log.
    fn lost(&self, stands: impl Fn(u64) -> Result<Option<Digest>, StoreError>) -> Result<Vec<Head>, StoreError> {
        let mut lost = Vec::new();
        for head in [self.pin.map(|pin| pin.head), self.cache.head()?].into_iter().flatten() {
            if stands(head.seq)? != Some(head.leaf) {
                lost.push(head);
            }
        }
        Ok(lost)
    }

    /// Moves over, where a restoration allows it that this account has not seen yet: one that it has seen says nothing
    /// about what came later.
    fn move_pin(&mut self, now: Time, progress: &mut dyn FnMut(u64)) -> Result<bool, StoreError> {
        let (fresh, state, _) = self.read_anew(progress)?;
        let lost = self.lost(|seq| fresh.leaf(seq))?;
        let mut allowed = None;
        for (proposal, carried, heads) in state.governance().restorations() {
            let Head { seq, leaf } = heads.restored;
            let ours = self.cache.leaf(seq)?.is_none_or(|ours| ours == leaf);
            let fits = ours && fresh.leaf(seq)? == Some(leaf) && lost.iter().all(|head| heads.lost(*head));
            if fits && !self.has_seen(carried, &fresh)? {
                allowed = Some((proposal, seq));
            }
        }
        let (Some((proposal, restored)), Some(from)) = (allowed, lost.iter().map(|head| head.seq).max()) else {
            return Ok(false);
        };
        self.state = state;
        // The pin first: a cache that does not fit it is thrown away, where this ends in between.
        if let (Some(file), Some(head)) = (&self.pin_file, self.state.head()) {
            self.shared.sync()?;
            let pin = self.pin_at(head, now, |seq| fresh.leaf(seq))?;
            self.pin = Some(file.replace(self.pin, pin)?);
        }
        self.cache.replace_with(&fresh)?;
        self.notices.push(Notice::PinMoved { from, restored, proposal });
        Ok(true)
    }

    /// Whether this account had verified the entry of this log that carried a restoration.
    fn has_seen(&self, carried: u64, log: &VerifiedCache) -> Result<bool, StoreError> {
        let cached = self.cache.leaf(carried)?.is_some_and(|ours| log.leaf(carried).is_ok_and(|it| it == Some(ours)));
        let pinned = match self.pin.and_then(|pin| pin.restored) {
            Some(seen) => carried <= seen.seq && log.leaf(seen.seq)? == Some(seen.leaf),
            None => false,
        };
        Ok(cached || pinned)
    }

    /// The log read from entry 0 on into a temporary cache, whatever is remembered.
    pub(super) fn read_anew(
        &self,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(VerifiedCache, Register, Reading), StoreError> {
        let (anew, mut state) = (VerifiedCache::temporary()?, Register::default());
        let tx = anew.begin(BUSY)?;
        let reading = replay(&self.shared, &anew, &mut state, self.fingerprint, Mode::Advance, progress)?;
        tx.commit().map_err(StoreError::cache(anew.conn(), "filling a temporary cache"))?;
        Ok((anew, state, reading))
    }

    /// Looks at the log all the same, without its memory.
    pub(super) fn ignore_pin(&mut self) -> Result<(), StoreError> {
        let newest = self.shared.newest()?.map_or(0, |newest| newest + 1);
        let until = self.cache.head()?.map_or(0, |head| head.seq + 1).min(newest);
        let common = agree(until, |seq| {
            let (ours, theirs) = (self.cache.leaf(seq)?, leaf(&self.shared, seq)?);
            Ok(ours.filter(|ours| Some(*ours) == theirs))
        })?;
        let lost = self.lost(|seq| leaf(&self.shared, seq))?;
        let verified = self.pin.map(|pin| pin.verified);
        let remembered = lost.into_iter().max_by_key(|head| head.seq);
        self.behind = remembered.map(|remembered| Behind { remembered, common, verified });
        (self.cache, self.pin_file, self.pin) = (VerifiedCache::temporary()?, None, None);
        Ok(())
    }

    /// What is to be remembered of a head that was verified now; `leaf` tells what else was.
    pub(super) fn pin_at(
        &self,
        head: Head,
        verified: Time,
        leaf: impl Fn(u64) -> Result<Option<Digest>, StoreError>,
    ) -> Result<Pin, StoreError> {
        let restored = match self.state.governance().restorations().map(|(_, carried, _)| carried).max() {
            Some(seq) => leaf(seq)?.map(|leaf| Head { seq, leaf }),
            None => None,
        };
        Ok(Pin { fingerprint: self.fingerprint, head, verified, restored })
    }
}

/// The leaf hash of what stands in a row.
pub fn leaf(shared: &SharedFile, seq: u64) -> Result<Option<Digest>, StoreError> {
    Ok(shared.entry(seq)?.map(|raw| raw.leaf()))
}

/// The last of so many entries on which two logs agree: one that has it has all before it.
///
/// # Errors
/// What reading says.
pub fn agree(until: u64, same: impl Fn(u64) -> Result<Option<Digest>, StoreError>) -> Result<Option<Head>, StoreError> {
    let (mut found, mut low, mut high) = (None, 0, until);
    while low < high {
        let seq = low + (high - low) / 2;
        match same(seq)? {
            Some(leaf) => (found, low) = (Some(Head { seq, leaf }), seq + 1),
            None => high = seq,
        }
    }
    Ok(found)
}

/// Whether a marked cache is an earlier state of what this account verified: then it is behind, and not truncated.
pub(super) fn older_backup(shared: &SharedFile, cache: &VerifiedCache) -> Result<Option<Notice>, StoreError> {
    let (Some(known), Some(ends)) = (cache.head()?, shared.newest()?) else { return Ok(None) };
    if !shared.is_backup() || ends >= known.seq {
        return Ok(None);
    }
    let same = cache.leaf(ends)? == leaf(shared, ends)?;
    Ok(same.then_some(Notice::OlderBackup { ends, known: known.seq }))
}
