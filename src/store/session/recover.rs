//! Recovering lost entries from another file of the same register.

use std::time::Duration;

use super::Session;
use super::verified_log::{VerifiedLog, agree, leaf};
use crate::domain::Head;
use crate::format::{Defect, Raw, entry, text};
use crate::store::cache::verified::{VerifiedCache, verified_before};
use crate::store::shared::{Appended, SharedStore};
use crate::store::verify::replay::{Mode, replay};
use crate::store::{BUSY, Finding, StoreError, Turn, Writer};

/// The result of [`Session::recover`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The first and the last recovered entry; `None` if the other file has no valid entry beyond the head.
    pub entries: Option<(u64, u64)>,
    /// The first broken entry of the other file.
    pub fault: Option<Finding>,
}

impl Session {
    /// Appends the valid entries that another file of the same register has beyond the head, without redacted texts.
    /// Each entry is verified like a new one.
    ///
    /// # Errors
    /// [`StoreError::Parted`] if the files differ before the end of the shorter one, or another process recorded
    /// meanwhile; nothing is written then. [`StoreError::PinLost`] if the other file contradicts the pin. Otherwise as
    /// [`SharedStore::append`].
    pub fn recover(
        &mut self,
        from: &dyn SharedStore,
        writer: &Writer,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Recovered, StoreError> {
        self.may_write()?;
        let log = &mut self.log;
        let head = log.state.head();
        let next = head.map_or(0, |head| head.seq + 1);
        same_beginning(log, from, next)?;
        // The other file may change meanwhile. One snapshot makes sure that the written entries are the verified ones.
        let _snapshot = from.hold_snapshot()?;
        let mut state = log.state.clone();
        let tx = log.cache.begin(BUSY)?;
        let reading = replay(from, &log.cache, &mut state, log.fingerprint, Mode::Advance, progress)?;
        let fault = reading.findings.into_iter().next();
        let Some(until) = state.head().map(|head| head.seq).filter(|seq| *seq >= next) else {
            return Ok(Recovered { entries: None, fault });
        };
        // The recovered entries must be those that this account verified, as far as it did.
        if let (Some(behind), Some(before)) = (self.pinned.behind(), self.pinned.own()) {
            let pinned = log.cache.leaf(behind.remembered.seq)?.is_some_and(|it| it != behind.remembered.leaf);
            let last = before.head()?.map_or(0, |head| head.seq).min(until);
            if pinned || before.leaf(last)?.is_some_and(|it| log.cache.leaf(last).is_ok_and(|ours| ours != Some(it))) {
                return Err(behind.lost());
            }
        }
        let redacted = log.cache.redactions(head.map(|head| head.seq), until)?;
        let redact = log.to_redact(redacted.into_iter().map(|(seq, text, _)| (seq, text)))?;
        let read = |seq| without_redacted(from, &log.cache, seq);
        let turn = log.shared.turn(writer)?;
        if let Appended::HeadMoved = log.shared.extend(&turn, (head, until), &read, &redact, &log.cache)? {
            return Err(parted(from, next));
        }
        drop(turn);
        // What a server has committed may be other than what it read back before.
        kept(&*log.shared, (next, until), &read)?;
        let cached = tx.commit();
        log.state = state;
        let done = cached.and_then(|()| self.redact_from_wal(&redact));
        done.map_err(|source| StoreError::RecordedButNotPinned { seq: until, source: source.into() })?;
        Ok(Recovered { entries: Some((next, until)), fault })
    }
}

impl VerifiedLog {
    /// Writes every verified entry to an empty file, without redacted texts.
    ///
    /// # Errors
    /// As [`SharedStore::append`].
    pub fn copy_into(&self, file: &mut dyn SharedStore) -> Result<(), StoreError> {
        let Some(head) = self.state.head() else { return Ok(()) };
        let read = |seq| without_redacted(&*self.shared, &self.cache, seq);
        let alone = Turn::unqueued(Duration::ZERO);
        file.extend(&alone, (None, head.seq), &read, &[], &self.cache).map(|_| ())
    }
}

/// Fails unless a store has these entries as they are read elsewhere, but for texts that were redacted since.
fn kept(
    store: &dyn SharedStore,
    (mut next, until): (u64, u64),
    read: &dyn Fn(u64) -> Result<Raw, StoreError>,
) -> Result<(), StoreError> {
    store.scan(next, &mut |found| {
        let ours = read(next)?;
        let text = found.text.is_none() || found.text == ours.text;
        if !text || (Raw { text: None, ..found }) != (Raw { text: None, ..ours }) {
            return Err(StoreError::not_kept(next));
        }
        next += 1;
        Ok(next <= until)
    })?;
    if next <= until { Err(StoreError::not_kept(next)) } else { Ok(()) }
}

fn same_beginning(log: &VerifiedLog, from: &dyn SharedStore, next: u64) -> Result<(), StoreError> {
    let theirs = from.newest()?.map_or(0, |newest| newest + 1);
    let common = agree(next.min(theirs), |seq| {
        let (ours, theirs) = (log.cache.leaf(seq)?, leaf(from, seq)?);
        Ok(ours.filter(|ours| Some(*ours) == theirs))
    })?;
    let common = common.map_or(0, |head| head.seq + 1);
    if common == next.min(theirs) { Ok(()) } else { Err(parted(from, common)) }
}

fn parted(from: &dyn SharedStore, seq: u64) -> StoreError {
    StoreError::Parted { path: from.place().to_owned(), seq }
}

/// Reads a verified entry from a file that other processes may write, and checks it against the cache. Leaves out the
/// text if it is redacted.
fn without_redacted(from: &dyn SharedStore, cache: &VerifiedCache, seq: u64) -> Result<Raw, StoreError> {
    let leaf = cache.leaf(seq)?.ok_or_else(|| parted(from, seq))?;
    let raw = verified_before(from, Head { seq, leaf })?;
    let defect = |defect: Defect| StoreError::defect(seq, &defect);
    let (header, _) = entry::read_verified_body(&raw).map_err(defect)?;
    let named = header.text.map(|text| text.digest);
    if cache.redacted(seq)?.is_some() {
        return Ok(Raw { text: None, ..raw });
    }
    if raw.text.as_deref().map(text::digest) == named { Ok(raw) } else { Err(defect(Defect::TextMissing)) }
}
