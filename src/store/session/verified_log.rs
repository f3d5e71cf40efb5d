//! The log as this account has verified it: the shared file, the verified cache, and the state at the newest entry.
//! Everything shown or decided is read here.

use std::collections::BTreeSet;
use std::time::Duration;

use super::pinned::Pinned;
use crate::domain::{
    Change, ChangeId, Denied, Digest, Governance, Head, Header, Policy, ProposalId, Refusal, Register, ServiceId,
};
use crate::format::{Defect, Entry, Raw, entry, text};
use crate::store::cache::queries::Queries;
use crate::store::cache::state::Rows;
use crate::store::cache::verified::{VerifiedCache, verified_before};
use crate::store::shared::{Compared, SharedStore};
use crate::store::verify::replay::{Mode, Reading, replay, replay_until};
use crate::store::{BUSY, Finding, StoreError};
use crate::{tr, trf};

/// The verified entries of a register and the state that results from them.
pub struct VerifiedLog {
    pub(super) shared: Box<dyn SharedStore>,
    pub(super) cache: VerifiedCache,
    pub(super) fingerprint: Digest,
    pub(super) state: Register,
    fault: Option<Finding>,
    /// The verified cache as of now, of a log that was rewound.
    present: Option<VerifiedCache>,
}

impl VerifiedLog {
    pub(super) fn new(shared: Box<dyn SharedStore>, cache: VerifiedCache, fingerprint: Digest) -> Self {
        Self { shared, cache, fingerprint, state: Register::default(), fault: None, present: None }
    }

    /// The shared store.
    pub fn shared(&self) -> &dyn SharedStore {
        &*self.shared
    }

    /// Queries of the verified cache for lists and reports.
    pub fn queries(&self) -> Queries<'_> {
        self.cache.queries()
    }

    /// The state at the head, or before the first broken entry.
    pub fn state(&self) -> &Register {
        &self.state
    }

    /// The leaf hash of entry 0.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// The first broken entry. The verified log ends before it, and nothing can be recorded.
    pub fn fault(&self) -> Option<&Finding> {
        self.fault.as_ref()
    }

    /// Sets the maximum number of records of the state that a replay holds in memory.
    pub fn limit_loaded(&mut self, records: usize) {
        self.cache.most_loaded = records;
    }

    /// Runs `question` on the state at the head. Loads the records that it lacks and runs it again.
    ///
    /// If another process of this account has advanced the cache, the state is the one at the cache's head.
    ///
    /// # Errors
    /// The outer result: [`StoreError::CacheDamaged`], or an SQLite error. The refusal of a rule is the inner result.
    pub fn ask<T>(
        &self,
        mut question: impl FnMut(&Register) -> Result<T, Denied>,
    ) -> Result<Result<T, Refusal>, StoreError> {
        match question(&self.state) {
            Ok(answer) => Ok(Ok(answer)),
            Err(Denied::Refused(refusal)) => Ok(Err(refusal)),
            Err(Denied::Unloaded(_)) => {
                let _snapshot = self.cache.hold_snapshot()?;
                self.cache.ask(Rows::Cache, &mut self.at_cache_head()?, |state| question(state))
            }
        }
    }

    /// Whether another process of this account has advanced the cache since this state was read, so that
    /// [`VerifiedLog::ask`] may have answered at a later head.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn is_behind_cache(&self) -> Result<bool, StoreError> {
        Ok(self.state.head() != self.cache.head()?)
    }

    /// Runs `question` on each of several changes, in one snapshot. `under` replaces the policy, to preview a new one.
    ///
    /// # Errors
    /// As [`VerifiedLog::ask`].
    pub fn ask_each<T>(
        &self,
        under: Option<&Policy>,
        changes: impl IntoIterator<Item = ChangeId>,
        question: impl Fn(&Change, &Governance) -> Result<T, Denied>,
    ) -> Result<Result<Vec<T>, Refusal>, StoreError> {
        let _snapshot = self.cache.hold_snapshot()?;
        let mut state = self.at_cache_head()?;
        if let Some(policy) = under {
            state = state.under(policy.clone());
        }
        let mut answers = Vec::new();
        for change in changes {
            if state.loaded() > self.cache.most_loaded {
                state.unload();
            }
            let about = |state: &mut Register| question(state.change(change)?, state.governance());
            match self.cache.ask(Rows::Cache, &mut state, about)? {
                Ok(answer) => answers.push(answer),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(answers))
    }

    /// A copy of the state, advanced to the head of the cache.
    fn at_cache_head(&self) -> Result<Register, StoreError> {
        let mut state = self.state.clone();
        self.cache.load(&*self.shared, &mut state)?;
        Ok(state)
    }

    /// The governance at the head, with every person, key and freeze loaded.
    ///
    /// # Errors
    /// As [`VerifiedLog::ask`].
    pub fn governed(&self) -> Result<Governance, StoreError> {
        self.governed_about(&BTreeSet::new())
    }

    /// As [`VerifiedLog::governed`], with these services and the calendars of their maintenance hours loaded too.
    ///
    /// # Errors
    /// As [`VerifiedLog::ask`].
    pub fn governed_about(&self, services: &BTreeSet<ServiceId>) -> Result<Governance, StoreError> {
        let _snapshot = self.cache.hold_snapshot()?;
        let mut state = self.at_cache_head()?;
        self.cache.load_governed(&mut state)?;
        let loaded = |state: &mut Register| Ok(state.governance().outside_hours(services).map(drop)?);
        // No rule is asked that could refuse.
        let _ = self.cache.ask(Rows::Cache, &mut state, loaded)?;
        Ok(state.governance().clone())
    }

    /// The governance after entry `until`, replayed from the governance entries, with every person and key loaded.
    ///
    /// # Errors
    /// As [`VerifiedLog::replay_governance`].
    pub fn governed_at(&self, until: u64) -> Result<Governance, StoreError> {
        Ok(self.replay_governance(until, |_, _| {})?.governance().clone())
    }

    /// Replays the governance entries up to entry `until`. After each one `visit` gets its fields, and the state, with
    /// every person and key loaded.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`], an entry of the shared file that differs from the verified one, or an SQLite
    /// error.
    pub fn replay_governance(
        &self,
        until: u64,
        mut visit: impl FnMut(&Header, &mut Register),
    ) -> Result<Register, StoreError> {
        let _snapshot = self.hold_snapshot()?;
        let mut state = Register::default();
        for at in self.cache.governance_until(until)? {
            let raw = verified_before(&*self.shared, at)?;
            let (header, event) =
                entry::read_verified_body(&raw).map_err(|defect| StoreError::defect(at.seq, &defect))?;
            self.cache.links(at.seq, header.governance, state.governance_tip())?;
            let applied = state.apply(&header, at.leaf, &event);
            let does_not_follow =
                |denied| trf!("entry {} does not follow: {denied}", "第 {} 条无法承接前文：{denied}", at.seq);
            applied.map_err(|denied| self.cache.damaged(does_not_follow(denied)))?;
            visit(&header, &mut state);
        }
        Ok(state)
    }

    /// Every redacted text up to the head: its entry, its digest, and the proposal that redacted it.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn redactions(&self) -> Result<Vec<(u64, Digest, ProposalId)>, StoreError> {
        self.state.head().map_or(Ok(Vec::new()), |head| self.cache.redactions(None, head.seq))
    }

    /// The proposal that redacted the text of an entry.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn redacted(&self, seq: u64) -> Result<Option<ProposalId>, StoreError> {
        // A text that was redacted since is gone, whatever the state that is read.
        self.present.as_ref().unwrap_or(&self.cache).redacted(seq)
    }

    /// Whether the log was rewound to an earlier entry.
    pub fn is_rewound(&self) -> bool {
        self.present.is_some()
    }

    /// Rewinds the log to an entry: the state and the tables become those after that entry. Replays the entries up to
    /// it into a temporary cache.
    pub(super) fn rewind(&mut self, seq: u64, progress: &mut dyn FnMut(u64)) -> Result<bool, StoreError> {
        let Some(leaf) = self.cache.leaf(seq)? else { return Ok(false) };
        let (past, state, missing) = replay_until(&*self.shared, self.fingerprint, Head { seq, leaf }, progress)?;
        let present = std::mem::replace(&mut self.cache, past);
        (self.state, self.present) = (state, Some(present));
        for seq in missing {
            if self.redacted(seq)?.is_none() {
                return Err(StoreError::defect(seq, &Defect::TextMissing));
            }
        }
        Ok(true)
    }

    /// Holds one snapshot of the file and one of the cache until the result is dropped. Many reads then take one lock
    /// each.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn hold_snapshot(&self) -> Result<impl Sized, StoreError> {
        Ok((self.shared.hold_snapshot()?, self.cache.hold_snapshot()?))
    }

    /// A verified entry with its text; `None` if the log has no such entry.
    ///
    /// # Errors
    /// [`StoreError::Broken`] if the file's entry differs from the verified one, or lacks a text that is not redacted.
    pub fn entry(&self, seq: u64) -> Result<Option<Entry>, StoreError> {
        Ok(self.entry_and_bytes(seq)?.map(|(entry, _)| entry))
    }

    /// As [`VerifiedLog::entry`], with the bytes that it was read from.
    ///
    /// # Errors
    /// As [`VerifiedLog::entry`].
    pub fn entry_and_bytes(&self, seq: u64) -> Result<Option<(Entry, Raw)>, StoreError> {
        let Some(raw) = self.raw(seq)? else { return Ok(None) };
        let entry = entry::parse(&raw).map_err(|defect| StoreError::defect(seq, &defect))?;
        match entry.missing_text() {
            Some(_) if self.redacted(seq)?.is_none() => Err(StoreError::defect(seq, &Defect::TextMissing)),
            _ => Ok(Some((entry, raw))),
        }
    }

    /// The bytes of a verified entry; `None` if the log has no such entry. Text and data part are not compared with their
    /// digests.
    ///
    /// # Errors
    /// As [`VerifiedLog::entry`].
    pub fn raw(&self, seq: u64) -> Result<Option<Raw>, StoreError> {
        match self.cache.leaf(seq)? {
            Some(leaf) => verified_before(&*self.shared, Head { seq, leaf }).map(Some),
            None => Ok(None),
        }
    }

    /// Begins again with an empty cache.
    pub(super) fn forget(&mut self, empty: VerifiedCache) {
        (self.cache, self.state, self.fault) = (empty, Register::default(), None);
    }

    /// Brings the cache and the state up to the head of the file. Waits up to `patience` for other processes of this
    /// account.
    pub(super) fn catch_up(
        &mut self,
        pinned: &Pinned,
        patience: Duration,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), StoreError> {
        let (newest, damage) = match self.shared.newest() {
            // The replay finds the entries before the damage.
            Err(StoreError::Broken(finding)) => (None, Some(finding)),
            newest => (newest?, None),
        };
        if damage.is_none() {
            self.check_head(newest, pinned)?;
        }
        let is_newest = |state: &Register| newest.is_some() && state.head().map(|head| head.seq) == newest;
        if is_newest(&self.state) {
            return Ok(());
        }
        // Another process of this account may have verified the new entries already. Then only read the cache.
        let snapshot = self.cache.hold_snapshot()?;
        self.cache.load(&*self.shared, &mut self.state)?;
        drop(snapshot);
        if is_newest(&self.state) {
            self.fault = None;
            return pinned.check_cache(self);
        }
        let tx = self.cache.begin(patience)?;
        let mut state = self.state.clone();
        self.cache.load(&*self.shared, &mut state)?;
        let known = state.head().map(|head| head.seq);
        let reading = replay(&*self.shared, &self.cache, &mut state, self.fingerprint, Mode::Advance, progress)?;
        // Every entry up to the pin was valid before, so a finding there may come from a damaged cache.
        let newest = pinned.pin().map(|pin| pin.head.seq);
        if reading.findings.first().is_some_and(|it| it.seq <= newest) && self.cache_is_wrong(pinned, progress)? {
            return Err(self.cache.damaged(tr!("it differs from the log", "与日志不符").to_owned()));
        }
        tx.commit()?;
        state.unload();
        self.state = state;
        if let Some(head) = self.state.head()
            && !self.cache.redactions(known, head.seq)?.is_empty()
        {
            self.cache.flush()?;
        }
        self.fault = reading.findings.into_iter().next().or(damage);
        pinned.check_cache(self)
    }

    /// Fails if the file no longer has the entry that this session has as the head: it was cut off or replaced.
    fn check_head(&self, newest: Option<u64>, pinned: &Pinned) -> Result<(), StoreError> {
        match self.state.head() {
            // The newest entry may have been told before another process of this account verified this one, so ask for it.
            Some(head) if newest <= Some(head.seq) => match leaf(&*self.shared, head.seq)? {
                Some(found) if found == head.leaf => Ok(()),
                found => Err(pinned.lost_at(head, found)),
            },
            _ => Ok(()),
        }
    }

    /// Replays the log from entry 0 into a temporary cache, without the verified cache and the pin.
    pub(super) fn replay_from_start(
        &self,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(VerifiedCache, Register, Reading), StoreError> {
        let (fresh, mut state) = (VerifiedCache::temporary()?, Register::default());
        let tx = fresh.begin(BUSY)?;
        let reading = replay(&*self.shared, &fresh, &mut state, self.fingerprint, Mode::Advance, progress)?;
        tx.commit()?;
        Ok((fresh, state, reading))
    }

    /// Whether the log is valid and holds the pinned entry, but the cache differs from it.
    pub(super) fn cache_is_wrong(&self, pinned: &Pinned, progress: &mut dyn FnMut(u64)) -> Result<bool, StoreError> {
        let (fresh, _, reading) = self.replay_from_start(progress)?;
        let holds_pinned = match pinned.pin() {
            Some(pin) => fresh.leaf(pin.head.seq)? == Some(pin.head.leaf),
            None => true,
        };
        Ok(holds_pinned && reading.findings.is_empty() && self.cache.differs(&fresh)?)
    }

    /// Whether the verified log has an entry with this leaf hash.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn holds(&self, head: Head) -> Result<bool, StoreError> {
        Ok(self.cache.leaf(head.seq)? == Some(head.leaf))
    }

    /// How the derived tables of the register differ from the verified log.
    pub(super) fn compare_tables(&self) -> Result<Compared, StoreError> {
        let past = |at| Ok(replay_until(&*self.shared, self.fingerprint, at, &mut |_| {})?.0);
        self.shared.compare_tables(&self.cache, &past)
    }

    /// A finding for each redacted text that is in the file.
    ///
    /// # Errors
    /// The file or the cache cannot be read.
    pub fn unredacted(&self) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        for (seq, text, proposal) in self.redactions()? {
            if self.has_text(seq, text)? {
                let meaning = trf!(
                    "the file holds the text that proposal {proposal} redacted",
                    "文件中仍有提案 {proposal} 已隐去的文本"
                );
                findings.push(Finding::at(seq, "redacted", meaning));
            }
        }
        Ok(findings)
    }

    /// Fails if the text of one of these entries, which was redacted just now, is still there.
    pub(super) fn redacted_now(&self, seqs: &[u64]) -> Result<(), StoreError> {
        for seq in seqs {
            if self.shared.entry(*seq)?.is_some_and(|raw| raw.text.is_some()) {
                let meaning = tr!("the register still has the text that was redacted", "变更台账中仍有已隐去的文本");
                return Err(StoreError::Broken(Finding::at(*seq, "redacted", meaning)));
            }
        }
        Ok(())
    }

    /// The entries among `texts` whose text with this digest is still in the file.
    pub(super) fn to_redact(&self, texts: impl IntoIterator<Item = (u64, Digest)>) -> Result<Vec<u64>, StoreError> {
        let mut seqs = Vec::new();
        for (seq, text) in texts {
            if self.has_text(seq, text)? {
                seqs.push(seq);
            }
        }
        Ok(seqs)
    }

    /// Whether an entry of the file has the text with this digest.
    fn has_text(&self, seq: u64, text: Digest) -> Result<bool, StoreError> {
        let found = self.shared.entry(seq)?.and_then(|raw| raw.text);
        Ok(found.is_some_and(|found| text::digest(&found) == text))
    }
}

/// The leaf hash of an entry of the file, computed from its bytes.
pub(super) fn leaf(shared: &dyn SharedStore, seq: u64) -> Result<Option<Digest>, StoreError> {
    Ok(shared.entry(seq)?.map(|raw| raw.leaf()))
}

/// Returns the last of the first `until` entries that is the same in two logs. `same` returns the leaf hash of an entry
/// if it is the same in both.
///
/// Searches by halves: entries are chained by hash, so logs that agree on an entry agree on every earlier one.
pub(super) fn agree(
    until: u64,
    same: impl Fn(u64) -> Result<Option<Digest>, StoreError>,
) -> Result<Option<Head>, StoreError> {
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
