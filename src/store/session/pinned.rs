//! The pin of an open register. A log without the pinned entry is refused.

use std::path::Path;

use super::pin::{Pin, PinFile};
use super::verified_log::{VerifiedLog, leaf};
use crate::domain::{Action, Digest, Event, Head, LostEntries, Time};
use crate::store::StoreError;
use crate::store::cache::verified::VerifiedCache;
use crate::trf;

/// What a log lacks that this account verified.
///
/// The log was then verified from entry 0 without the pin and the cache, which stay unchanged. Only a proposal to
/// continue without the lost entries can be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behind {
    /// The newest entry that this account verified.
    pub remembered: Head,
    /// The newest entry that both the verified cache and the log hold; `None` if the cache was lost.
    pub common: Option<Head>,
    /// When the pin was last advanced; `None` without a pin.
    pub verified: Option<Time>,
}

impl Behind {
    pub(super) fn lost(&self) -> StoreError {
        let Self { remembered: Head { seq, leaf }, verified, .. } = *self;
        StoreError::PinLost { seq, leaf, verified, found: None }
    }
}

/// How the entries that this account verified relate to those that a restoration lists as lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The log has every entry that this account verified.
    Nothing,
    /// The restoration lists the newest entry that this account verified.
    Listed(Head),
    /// This account verified a later entry than the last listed one.
    Beyond(Head),
    /// This account verified other entries than the listed ones.
    OtherBranch(Head),
}

/// The pin of a register, and the file that it is stored in.
#[derive(Default)]
pub struct Pinned {
    file: Option<PinFile>,
    pin: Option<Pin>,
    behind: Option<Behind>,
    /// What this account verified, if the log lacks some of it: its cache, and the newest entries of pin and cache that
    /// the log lacks.
    own: Option<(VerifiedCache, Vec<Head>)>,
}

impl Pinned {
    pub(super) fn in_folder(folder: &Path, fingerprint: Digest) -> Result<Self, StoreError> {
        let file = PinFile::in_folder(folder);
        let pin = file.read(fingerprint)?;
        Ok(Self { file: Some(file), pin, ..Self::default() })
    }

    /// Of a log without the entries `missing`, the newest ones in the pin and in the cache `own`.
    pub(super) fn behind_of(behind: Option<Behind>, own: VerifiedCache, missing: Vec<Head>) -> Self {
        Self { behind, own: Some((own, missing)), ..Self::default() }
    }

    /// Keeps the pin unchanged from now on. Returns whether it could change before.
    pub(super) fn detach(&mut self) -> bool {
        self.file.take().is_some()
    }

    /// The pin as it was read or last advanced; `None` on first use, and if this session does not use a pin.
    pub fn pin(&self) -> Option<&Pin> {
        self.pin.as_ref()
    }

    /// The entry up to which this account verified the register when it met it; `None` if that is not known, or if this
    /// session does not use a pin.
    pub(super) fn first_verified(&self, fingerprint: Digest) -> Result<Option<u64>, StoreError> {
        let first = self.file.as_ref().map_or(Ok(None), |file| file.first(fingerprint))?;
        Ok(first.map(|pin| pin.head.seq))
    }

    /// The verified cache of this account, if the log was read without the pin.
    pub(super) fn own(&self) -> Option<&VerifiedCache> {
        self.own.as_ref().map(|(own, _)| own)
    }

    /// What the log lacks, if it was read without the pin.
    pub fn behind(&self) -> Option<&Behind> {
        self.behind.as_ref()
    }

    /// Checks that this account may record an event.
    ///
    /// # Errors
    /// [`StoreError::PinLost`] if the log lacks verified entries, and the event is not the proposal of a restoration or
    /// its second; [`StoreError::NotListed`] if that restoration does not list them; [`StoreError::OtherRestoration`] if it
    /// does not fit the log.
    pub(super) fn may_record(&self, event: &Event, log: &VerifiedLog) -> Result<(), StoreError> {
        if !matches!(event, Event::Propose { .. } | Event::Second(_)) {
            return self.behind.map_or(Ok(()), |behind| Err(behind.lost()));
        }
        let seconded = match event {
            Event::Second(at) => log.ask(|state| Ok(state.governance().proposal(at.proposal)?.action().cloned()))?,
            _ => Ok(None),
        };
        let action = match event {
            Event::Propose { action, .. } => Some(action),
            _ => seconded.as_ref().ok().and_then(Option::as_ref),
        };
        let Some(Action::Restored(lost)) = action else {
            return self.behind.map_or(Ok(()), |behind| Err(behind.lost()));
        };
        check_fits(lost, log)?;
        match self.held(lost)? {
            Held::Nothing | Held::Listed(_) => Ok(()),
            Held::Beyond(held) | Held::OtherBranch(held) => {
                Err(StoreError::NotListed { held, last: lost.ends.lost.seq })
            }
        }
    }

    /// How the entries that this account verified relate to those that a restoration lists.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn held(&self, lost: &LostEntries) -> Result<Held, StoreError> {
        let (Some(Behind { remembered, .. }), Some((own, missing))) = (self.behind, &self.own) else {
            return Ok(Held::Nothing);
        };
        let agrees = |head: Head| Ok::<_, StoreError>(own.leaf(head.seq)?.is_none_or(|leaf| leaf == head.leaf));
        let same = agrees(lost.ends.restored)? && agrees(lost.ends.lost)?;
        Ok(match same {
            true if missing.iter().all(|head| lost.contains(*head)) => Held::Listed(remembered),
            true if remembered.seq > lost.ends.lost.seq => Held::Beyond(remembered),
            _ => Held::OtherBranch(remembered),
        })
    }

    /// The entries that this account verified and that the log lacks; `None` if the verified cache does not have them
    /// all, or if the log lacks none.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn lost_entries(&self) -> Result<Option<LostEntries>, StoreError> {
        let (Some(behind), Some((own, _))) = (self.behind, &self.own) else { return Ok(None) };
        let Behind { remembered, common: Some(common), .. } = behind else { return Ok(None) };
        let count = usize::try_from(remembered.seq.saturating_sub(common.seq)).unwrap_or(usize::MAX);
        let leaves = own.heads(common.seq + 1, count)?.into_iter().map(|head| head.leaf).collect();
        Ok(LostEntries::after(common, leaves).filter(|lost| lost.ends.lost == remembered))
    }

    /// Compares the pin and the cache's head with the shared file.
    pub(super) fn check_file(&self, log: &VerifiedLog) -> Result<(), StoreError> {
        let cached = log.cache.head()?;
        let holds = |head: Head| Ok::<_, StoreError>(leaf(&*log.shared, head.seq)? == Some(head.leaf));
        let pinned = self.pin.map(|pin| pin.head);
        if let Some(pinned) = pinned
            && !holds(pinned)?
        {
            return Err(self.lost_at(pinned, leaf(&*log.shared, pinned.seq)?));
        }
        // The log holds the pinned entry and so every earlier one. If the cache differs there, the cache is wrong.
        match (cached, pinned) {
            (None, _) => Ok(()),
            (Some(cached), Some(pinned))
                if cached.seq >= pinned.seq && log.cache.leaf(pinned.seq)? != Some(pinned.leaf)
                    || cached.seq < pinned.seq && !holds(cached)? =>
            {
                Err(log.cache.damaged(trf!(
                    "it is of another log than the pinned entry {}",
                    "它与已验证位置第 {} 条不属于同一日志",
                    pinned.seq
                )))
            }
            (Some(cached), pinned) if pinned != Some(cached) && !holds(cached)? => {
                Err(self.lost_at(cached, leaf(&*log.shared, cached.seq)?))
            }
            _ => Ok(()),
        }
    }

    /// Compares the pin with the cache after it has caught up, in case the file was replaced meanwhile.
    pub(super) fn check_cache(&self, log: &VerifiedLog) -> Result<(), StoreError> {
        let Some(Pin { head, .. }) = self.pin.filter(|_| log.fault().is_none()) else { return Ok(()) };
        match log.cache.leaf(head.seq)? {
            Some(found) if found == head.leaf => Ok(()),
            found => Err(self.lost_at(head, found)),
        }
    }

    pub(super) fn lost_at(&self, head: Head, found: Option<Digest>) -> StoreError {
        let verified = self.pin.map(|pin| pin.verified);
        StoreError::PinLost { seq: head.seq, leaf: head.leaf, verified, found: found.map(Box::new) }
    }

    /// Returns the pinned entry and the cache's head if a log lacks them. `leaf` returns the leaf hashes of that log.
    pub(super) fn lost(
        &self,
        cache: &VerifiedCache,
        leaf: impl Fn(u64) -> Result<Option<Digest>, StoreError>,
    ) -> Result<Vec<Head>, StoreError> {
        let mut lost = Vec::new();
        for head in [self.pin.map(|pin| pin.head), cache.head()?].into_iter().flatten() {
            if leaf(head.seq)? != Some(head.leaf) {
                lost.push(head);
            }
        }
        Ok(lost)
    }

    /// The head that the pin should advance to; `None` if the pin is already there, or this session does not use a pin.
    pub(super) fn pending(&self, log: &VerifiedLog) -> Option<Head> {
        let head = log.state.head().filter(|_| self.file.is_some())?;
        (self.pin.is_none_or(|pin| pin.head.seq < head.seq)).then_some(head)
    }

    /// Advances the pin to the log's head. The cache must be committed and the file synced up to that entry.
    pub(super) fn advance(&mut self, log: &VerifiedLog, now: Time) -> Result<(), StoreError> {
        let (Some(file), Some(head)) = (&self.file, self.pending(log)) else { return Ok(()) };
        self.pin = Some(file.advance(Pin { fingerprint: log.fingerprint, head, verified: now })?);
        Ok(())
    }

    /// Replaces the pin with the log's head, which may be an earlier entry.
    pub(super) fn replace(&mut self, log: &VerifiedLog, now: Time) -> Result<(), StoreError> {
        if let (Some(file), Some(head)) = (&self.file, log.state.head()) {
            log.shared.sync()?;
            let pin = Pin { fingerprint: log.fingerprint, head, verified: now };
            self.pin = Some(file.replace(self.pin, pin)?);
        }
        Ok(())
    }
}

/// Fails unless a restoration continues after an entry of this log and lists none that the log has: no rule can see that,
/// and two admins who do not look would put a false loss on record.
fn check_fits(lost: &LostEntries, log: &VerifiedLog) -> Result<(), StoreError> {
    let restored = lost.ends.restored;
    if log.cache.leaf(restored.seq)? != Some(restored.leaf) {
        let meaning = trf!(
            "its entry {} is not the entry {restored} that the proposal names",
            "日志第 {} 条不是提案所指的 {restored}",
            restored.seq
        );
        return Err(StoreError::OtherRestoration(meaning));
    }
    for head in lost.heads() {
        if log.cache.leaf(head.seq)? == Some(head.leaf) {
            return Err(StoreError::OtherRestoration(trf!(
                "it has entry {}, which the proposal lists as lost",
                "日志中有第 {} 条，而提案将其列为丢失",
                head.seq
            )));
        }
    }
    Ok(())
}
