//! What this account remembers of a register beside the cache: the pin. A log that does not hold it is refused.

use std::path::Path;

use super::log::{VerifiedLog, leaf};
use super::pin::{Pin, PinFile};
use crate::domain::{Action, Digest, Event, Head, Register, Time};
use crate::store::StoreError;
use crate::store::cache::verified::VerifiedCache;

/// The log lacks entries that this account verified. It was read from entry 0 without the pin, nothing of it is
/// remembered, and nothing is recorded but a proposal to go on without the lost entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The newest entry that this account verified.
    pub remembered: Head,
    /// The newest entry that both the verified cache and the log hold; `None` if the cache was lost.
    pub common: Option<Head>,
    /// When `remembered` was verified; `None` without a pin.
    pub verified: Option<Time>,
}

impl Behind {
    pub(super) fn lost(&self) -> StoreError {
        let Self { remembered: Head { seq, leaf }, verified, .. } = *self;
        StoreError::PinLost { seq, leaf, verified }
    }
}

/// The pin of one register and its file.
#[derive(Default)]
pub struct Memory {
    file: Option<PinFile>,
    pin: Option<Pin>,
    behind: Option<Behind>,
}

impl Memory {
    pub(super) fn in_folder(folder: &Path, fingerprint: Digest) -> Result<Self, StoreError> {
        let file = PinFile::in_folder(folder);
        let pin = file.read(fingerprint)?;
        Ok(Self { file: Some(file), pin, behind: None })
    }

    pub(super) fn behind_of(behind: Option<Behind>) -> Self {
        Self { behind, ..Self::default() }
    }

    /// The pin as it was read or last advanced; `None` at first contact, and where nothing is remembered.
    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    /// What the log lacks, if it was read without the pin.
    pub fn behind(&self) -> Option<&Behind> {
        self.behind.as_ref()
    }

    /// Whether this account may record an event: anything, unless the log lacks what it verified.
    ///
    /// # Errors
    /// [`StoreError::PinLost`].
    pub(super) fn may_record(&self, event: &Event, log: &VerifiedLog) -> Result<(), StoreError> {
        let Some(behind) = self.behind else { return Ok(()) };
        let seconded = match event {
            Event::Second(at) => log.ask(|state| Ok(state.governance().proposal(at.proposal)?.action().cloned()))?,
            _ => Ok(None),
        };
        let action = match event {
            Event::Propose { action, .. } => Some(action),
            _ => seconded.as_ref().ok().and_then(Option::as_ref),
        };
        match action {
            Some(Action::Restored(_)) => Ok(()),
            _ => Err(behind.lost()),
        }
    }

    /// Compares the pin and the cache's head with the shared file.
    pub(super) fn check_file(&self, log: &VerifiedLog) -> Result<(), StoreError> {
        let cached = log.cache.head()?;
        let stands = |head: Head| Ok::<_, StoreError>(leaf(&log.shared, head.seq)? == Some(head.leaf));
        let pinned = self.pin.map(|pin| pin.head);
        if let Some(pinned) = pinned
            && !stands(pinned)?
        {
            return Err(self.lost_at(pinned));
        }
        // The log holds the pinned entry, and so all before it: where the cache says otherwise, the cache is wrong.
        match (cached, pinned) {
            (None, _) => Ok(()),
            (Some(cached), Some(pinned))
                if cached.seq >= pinned.seq && log.cache.leaf(pinned.seq)? != Some(pinned.leaf)
                    || cached.seq < pinned.seq && !stands(cached)? =>
            {
                Err(log.cache.damaged(format!("it is not of the log that holds entry {}", pinned.seq)))
            }
            (Some(cached), pinned) if pinned != Some(cached) && !stands(cached)? => Err(self.lost_at(cached)),
            _ => Ok(()),
        }
    }

    /// Compares the pin with the cache after it has caught up: the file may have been replaced meanwhile.
    pub(super) fn check_cache(&self, log: &VerifiedLog) -> Result<(), StoreError> {
        match self.pin.filter(|_| log.fault().is_none()) {
            Some(Pin { head, .. }) if log.cache.leaf(head.seq)? != Some(head.leaf) => Err(self.lost_at(head)),
            _ => Ok(()),
        }
    }

    fn lost_at(&self, head: Head) -> StoreError {
        StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified: self.pin.map(|pin| pin.verified) }
    }

    /// Which of the pin and the cache's head a log lacks, whose leaf hashes `stands` returns.
    pub(super) fn lost(
        &self,
        cache: &VerifiedCache,
        stands: impl Fn(u64) -> Result<Option<Digest>, StoreError>,
    ) -> Result<Vec<Head>, StoreError> {
        let mut lost = Vec::new();
        for head in [self.pin.map(|pin| pin.head), cache.head()?].into_iter().flatten() {
            if stands(head.seq)? != Some(head.leaf) {
                lost.push(head);
            }
        }
        Ok(lost)
    }

    /// Whether this account verified the entry of another log that carried a restoration.
    pub(super) fn has_seen(&self, carried: u64, ours: &VerifiedCache, log: &VerifiedCache) -> Result<bool, StoreError> {
        let cached = ours.leaf(carried)?.is_some_and(|ours| log.leaf(carried).is_ok_and(|it| it == Some(ours)));
        let pinned = match self.pin.and_then(|pin| pin.restored) {
            Some(seen) => carried <= seen.seq && log.leaf(seen.seq)? == Some(seen.leaf),
            None => false,
        };
        Ok(cached || pinned)
    }

    /// The head that the pin should advance to; `None` if the pin is there already, or nothing is remembered.
    pub(super) fn pending(&self, log: &VerifiedLog) -> Option<Head> {
        let head = log.state.head().filter(|_| self.file.is_some())?;
        (self.pin.is_none_or(|pin| pin.head.seq < head.seq)).then_some(head)
    }

    /// Advances the pin to the log's head. The cache must be committed and the file durable up to there.
    pub(super) fn advance(&mut self, log: &VerifiedLog, now: Time) -> Result<(), StoreError> {
        let (Some(file), Some(head)) = (&self.file, self.pending(log)) else { return Ok(()) };
        let pin = pin_at((log.fingerprint, head, now), &log.state, &log.cache)?;
        self.pin = Some(file.advance(pin)?);
        Ok(())
    }

    /// Replaces the pin by the head of another state of the log, read into `cache`: forward or back.
    pub(super) fn replace(&mut self, log: &VerifiedLog, cache: &VerifiedCache, now: Time) -> Result<(), StoreError> {
        if let (Some(file), Some(head)) = (&self.file, log.state.head()) {
            log.shared.sync()?;
            let pin = pin_at((log.fingerprint, head, now), &log.state, cache)?;
            self.pin = Some(file.replace(self.pin, pin)?);
        }
        Ok(())
    }
}

fn pin_at(
    (fingerprint, head, verified): (Digest, Head, Time),
    state: &Register,
    cache: &VerifiedCache,
) -> Result<Pin, StoreError> {
    let restored = match state.governance().restorations().map(|(_, carried, _)| carried).max() {
        Some(seq) => cache.leaf(seq)?.map(|leaf| Head { seq, leaf }),
        None => None,
    };
    Ok(Pin { fingerprint, head, verified, restored })
}
