//! Opening a register: the pin and the verified cache are compared with the file, unless `trust` excuses a difference.

use std::path::Path;
use std::time::{Duration, Instant};

use super::pin::{Pin, PinFile};
use super::pinned::{Behind, Pinned};
use super::verified_log::{VerifiedLog, agree, leaf};
use super::{Closed, Notice, Session};
use crate::domain::{Action, Digest, Event, Head, LostEntries, Time};
use crate::format::entry;
use crate::private;
use crate::store::StoreError;
use crate::store::cache::queries::Queries;
use crate::store::cache::verified::{VerifiedCache, verified_before};
use crate::store::shared::SharedStore;

/// The verified cache in the folder of a register.
const CACHE: &str = "verified.sqlite";

/// How long a store that follows another one is waited for, and how often it is asked.
const CATCHING_UP: Duration = Duration::from_secs(5);
const OFTEN: Duration = Duration::from_millis(200);

/// Why a log may lack entries that this account verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excuse {
    /// No excuse: the log is refused.
    None,
    /// The file is an earlier backup. It is verified in full; the pin and the cache stay unchanged.
    EarlierBackup,
    /// No excuse; and this account accepted a successor, so nothing can be recorded.
    Superseded,
    /// A seconded proposal names the lost entries. The pin moves to the log's head.
    AgreedRestoration,
    /// As [`Excuse::AgreedRestoration`]. Without a seconded proposal, the log is read without the pin, so that a
    /// restoration can be proposed or seconded, or the lost entries recovered: see [`Behind`].
    PendingRestoration,
    /// No excuse. The file is a copy of the register at another path: it is verified in full and compared with the pin,
    /// the pin and the cache stay unchanged, and nothing can be recorded.
    Copy,
}

/// A trusted register to open, the folder of its pin and cache, and the excuse for missing entries.
#[derive(Debug, Clone, Copy)]
pub struct Anchor<'a> {
    /// The folder of the pin and the verified cache.
    pub folder: &'a Path,
    /// The leaf hash of entry 0.
    pub fingerprint: Digest,
    /// Why the log may lack entries that this account verified.
    pub excuse: Excuse,
}

impl Session {
    /// Opens a register whose fingerprint this account trusts, and verifies its new entries.
    ///
    /// # Errors
    /// [`StoreError::PinLost`] if the log lacks entries that this account verified, without an excuse. A broken entry
    /// is not an error: see [`VerifiedLog::fault`].
    pub fn open(
        shared: Box<dyn SharedStore>,
        anchor: Anchor<'_>,
        now: Time,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Self, StoreError> {
        let mut session = Self::attach(shared, anchor)?;
        match session.reconcile(anchor.excuse, now, progress) {
            Err(StoreError::PinLost { .. }) if anchor.excuse == Excuse::PendingRestoration => {
                session.ignore_pin()?;
            }
            reconciled => reconciled?,
        }
        session.detach(anchor.excuse)?;
        match session.refresh(now, progress) {
            Err(error) if error.lacks_room() && session.closed != Some(Closed::NoRoom) => {
                session.remember_nothing()?;
                session.refresh(now, progress)?;
            }
            refreshed => refreshed?,
        }
        Ok(session)
    }

    /// Opens a register for [`Session::verify`], which reports lost, replaced and broken entries as findings.
    ///
    /// # Errors
    /// An I/O or SQLite error, or a damaged pin or cache.
    pub fn open_to_verify(shared: Box<dyn SharedStore>, anchor: Anchor<'_>, now: Time) -> Result<Self, StoreError> {
        let mut session = Self::attach(shared, anchor)?;
        match session.reconcile(anchor.excuse, now, &mut |_| {}) {
            // It is compared with the pin and the cache as they are. Findings leave both unchanged.
            Err(StoreError::PinLost { .. } | StoreError::Broken(_) | StoreError::Newer { .. }) => {}
            reconciled => {
                reconciled?;
                session.detach(anchor.excuse)?;
            }
        }
        Ok(session)
    }

    /// Opens a register without a pin, and with a temporary cache: nothing is stored for this account.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn unanchored(shared: Box<dyn SharedStore>, fingerprint: Digest) -> Result<Self, StoreError> {
        Ok(Self::of(shared, VerifiedCache::temporary()?, fingerprint))
    }

    /// Verifies another store of this register from entry 0 on, and checks that it has every entry that is verified here.
    ///
    /// # Errors
    /// [`StoreError::Broken`] at the first fault; [`StoreError::Parted`], or what the store reports.
    pub fn verify_elsewhere(&self, other: Box<dyn SharedStore>, now: Time) -> Result<(), StoreError> {
        let mut there = Self::unanchored(other, self.log.fingerprint)?;
        there.refresh(now, &mut |_| {})?;
        if let Some(fault) = there.log.fault() {
            return Err(StoreError::Broken(fault.clone()));
        }
        match self.log.state.head() {
            Some(head) if !there.log.holds(head)? => {
                Err(StoreError::Parted { path: there.log.shared.place().to_owned(), seq: head.seq })
            }
            _ => Ok(()),
        }
    }

    fn attach(shared: Box<dyn SharedStore>, anchor: Anchor<'_>) -> Result<Self, StoreError> {
        let Anchor { folder, fingerprint, excuse } = anchor;
        private::make_folder(folder)?;
        let pinned = Pinned::in_folder(folder, fingerprint)?;
        // What is in the file can be read also if nothing can be written beside the pin.
        let (cache, unusable, full) = match VerifiedCache::open(&folder.join(CACHE)) {
            Err(error) if error.lacks_room() => (VerifiedCache::temporary()?, false, true),
            opened => {
                let (cache, unusable) = opened?;
                (cache, unusable, false)
            }
        };
        if excuse == Excuse::EarlierBackup
            && let Some(notice) = earlier(&*shared, &cache)?
        {
            let mut session = Self::unanchored(shared, fingerprint)?;
            session.notices.push(notice);
            return Ok(session);
        }
        let notice = match (pinned.pin(), cache.head()?) {
            _ if full => None,
            (Some(_), None) => Some(Notice::CacheRebuilt),
            (None, Some(_)) => Some(Notice::PinMissing),
            (None, None) if unusable => Some(Notice::CacheRebuilt),
            (None, None) => Some(Notice::FirstVerification),
            // The pin was read first and the cache advances first, so a concurrent process cannot cause this.
            (Some(pin), Some(cached)) if cached.seq < pin.head.seq => Some(Notice::CacheBehind),
            _ => None,
        };
        let mut session = Self::of(shared, cache, fingerprint);
        session.pinned = pinned;
        session.closed = match excuse {
            Excuse::Superseded => Some(Closed::Superseded),
            Excuse::Copy => Some(Closed::Copy),
            _ => None,
        };
        session.notices.extend(notice);
        let moved = session.log.shared.moved()?;
        session.notices.extend(moved.map(|to| Notice::Moved { to }));
        if session.log.shared.following()?.is_some() {
            session.await_known()?;
            session.notices.extend(session.log.shared.following()?.map(Notice::Standby));
        }
        if full {
            session.remember_nothing()?;
        }
        Ok(session)
    }

    /// Waits until a store that follows another one has what this account verified: an entry that it recorded just now may be
    /// on its way. A log that went another way is not waited for, and refused like that of any store.
    fn await_known(&self) -> Result<(), StoreError> {
        let VerifiedLog { shared, cache, .. } = &self.log;
        let known = [self.pinned.pin().map(|pin| pin.head), cache.head()?];
        let Some(known) = known.into_iter().flatten().map(|head| head.seq).max() else { return Ok(()) };
        let begun = Instant::now();
        loop {
            let newest = shared.newest()?.unwrap_or(0);
            let ours = cache.leaf(newest)?;
            if newest >= known || ours.is_some() && ours != leaf(&**shared, newest)? {
                return Ok(());
            }
            if begun.elapsed() > CATCHING_UP {
                return Err(StoreError::Behind { place: shared.place().to_owned(), newest, known });
            }
            std::thread::sleep(OFTEN);
        }
    }

    /// Makes this session leave the pin and the cache as they are, and record nothing: its account could not remember it.
    pub(super) fn remember_nothing(&mut self) -> Result<(), StoreError> {
        self.pinned.detach();
        self.log.forget(VerifiedCache::temporary()?);
        self.closed = self.closed.or(Some(Closed::NoRoom));
        self.notices.push(Notice::NoRoom);
        Ok(())
    }

    fn of(shared: Box<dyn SharedStore>, cache: VerifiedCache, fingerprint: Digest) -> Self {
        let log = VerifiedLog::new(shared, cache, fingerprint);
        Self { log, pinned: Pinned::default(), notices: Vec::new(), durable: None, closed: None }
    }

    /// Makes this session leave the pin and the cache unchanged if the file is not the register itself. The file was
    /// compared with both.
    fn detach(&mut self, excuse: Excuse) -> Result<(), StoreError> {
        if matches!(excuse, Excuse::Copy | Excuse::EarlierBackup) && self.pinned.detach() {
            self.log.cache = VerifiedCache::temporary()?;
            self.notices.push(Notice::Copy);
        }
        Ok(())
    }

    fn reconcile(&mut self, excuse: Excuse, now: Time, progress: &mut dyn FnMut(u64)) -> Result<(), StoreError> {
        let may_move = matches!(excuse, Excuse::AgreedRestoration | Excuse::PendingRestoration);
        match self.pinned.check_file(&self.log) {
            Err(StoreError::PinLost { .. }) if may_move && self.move_pin(now, progress)? => Ok(()),
            checked => checked,
        }
    }

    /// Moves the pin to the log's head if the log holds a seconded restoration that lists what this account lost. Returns
    /// whether it did.
    ///
    /// A restoration excuses no entries recorded after it: it cannot list them, because their leaf hashes follow from its
    /// own.
    fn move_pin(&mut self, now: Time, progress: &mut dyn FnMut(u64)) -> Result<bool, StoreError> {
        let (fresh, state, _) = self.log.replay_from_start(progress)?;
        let ours = &self.log.cache;
        let lost = self.pinned.lost(ours, |seq| fresh.leaf(seq))?;
        let mut allowed = None;
        for accepted in state.governance().restorations() {
            let Head { seq, leaf } = accepted.ends.restored;
            let held = ours.leaf(seq)?.is_none_or(|ours| ours == leaf) && fresh.leaf(seq)? == Some(leaf);
            if held
                && let Some(listed) = listed(&*self.log.shared, &fresh, accepted.opened)?
                && lost.iter().all(|head| listed.contains(*head))
            {
                allowed = Some((accepted.proposal, seq));
            }
        }
        let (Some((proposal, restored)), Some(from)) = (allowed, lost.iter().map(|head| head.seq).max()) else {
            return Ok(false);
        };
        self.log.state = state;
        // Replace the pin first: after a crash in between, the cache is found damaged and discarded.
        self.pinned.replace(&self.log, now)?;
        self.log.cache.replace_with(&fresh)?;
        self.notices.push(Notice::PinMoved { from, restored, proposal });
        Ok(true)
    }

    /// Makes this session use no pin and a temporary cache, and notes what the log lacks.
    fn ignore_pin(&mut self) -> Result<(), StoreError> {
        let VerifiedLog { shared, cache, .. } = &self.log;
        let newest = shared.newest()?.map_or(0, |newest| newest + 1);
        let until = cache.head()?.map_or(0, |head| head.seq + 1).min(newest);
        let common = agree(until, |seq| {
            let (ours, theirs) = (cache.leaf(seq)?, leaf(&**shared, seq)?);
            Ok(ours.filter(|ours| Some(*ours) == theirs))
        })?;
        let lost = self.pinned.lost(cache, |seq| leaf(&**shared, seq))?;
        let verified = self.pinned.pin().map(|pin| pin.verified);
        let remembered = lost.iter().copied().max_by_key(|head| head.seq);
        let behind = remembered.map(|remembered| Behind { remembered, common, verified });
        if let Some(Behind { remembered, .. }) = behind {
            self.notices.push(Notice::PinLost { remembered });
        }
        let own = std::mem::replace(&mut self.log.cache, VerifiedCache::temporary()?);
        self.pinned = Pinned::behind_of(behind, own, lost);
        Ok(())
    }
}

/// The lost entries that the proposal of a restoration lists. `opened` is the entry that opened it, and `cache` holds the
/// log.
fn listed(shared: &dyn SharedStore, cache: &VerifiedCache, opened: u64) -> Result<Option<LostEntries>, StoreError> {
    let Some(leaf) = cache.leaf(opened)? else { return Ok(None) };
    let raw = verified_before(shared, Head { seq: opened, leaf })?;
    match entry::read_verified_body(&raw).map_err(|defect| StoreError::defect(opened, &defect))? {
        (_, Event::Propose { action: Action::Restored(lost), .. }) => Ok(Some(lost)),
        _ => Ok(None),
    }
}

/// Returns a notice if the file is a backup and a prefix of the log that this account verified.
fn earlier(shared: &dyn SharedStore, cache: &VerifiedCache) -> Result<Option<Notice>, StoreError> {
    let (Some(known), Some(ends)) = (cache.head()?, shared.newest()?) else { return Ok(None) };
    if !shared.is_backup() || ends >= known.seq {
        return Ok(None);
    }
    let same = cache.leaf(ends)? == leaf(shared, ends)?;
    Ok(same.then_some(Notice::EarlierBackup { ends, known: known.seq }))
}

/// The leaf hash of an entry that this account verified; `None` if its verified cache does not have the entry.
///
/// # Errors
/// The cache cannot be read.
pub fn remembered_leaf(folder: &Path, seq: u64) -> Result<Option<Digest>, StoreError> {
    let path = folder.join(CACHE);
    if path.is_file() { VerifiedCache::open(&path)?.0.leaf(seq) } else { Ok(None) }
}

/// What this account remembers of a register: `read` gets its verified cache as it is. `None` unless there are a pin and a
/// cache, and the cache has the pinned entry. The register is not opened, and nothing is verified or written.
///
/// # Errors
/// The pin or the cache cannot be read.
pub fn remembered<T>(
    folder: &Path,
    fingerprint: Digest,
    read: impl FnOnce(Queries<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let Some(Pin { head, .. }) = PinFile::in_folder(folder).read(fingerprint)? else { return Ok(None) };
    let cache = VerifiedCache::open_as_it_is(&folder.join(CACHE))?;
    if cache.leaf(head.seq)? == Some(head.leaf) { read(cache.queries()).map(Some) } else { Ok(None) }
}
