//! Replays the log from the verified part on: decodes each entry, checks its links, judges it by every rule, applies it
//! to the state and projects it onto the verified cache. No other code marks an entry as verified.

use std::collections::{BTreeMap, BTreeSet};
use std::vec;

use crate::domain::{Action, Digest, Head, Register};
use crate::format::{Defect, Entry, chain};
use crate::store::cache::state::Rows;
use crate::store::cache::verified::{VerifiedCache, replaced};
use crate::store::error::MOST;
use crate::store::shared::SharedStore;
use crate::store::verify::counters::Counters;
use crate::store::verify::outliers::Outliers;
use crate::store::verify::parallel::{Opened, read_opened};
use crate::store::{BUSY, Finding, StoreError};
use crate::trf;

/// The number of leaf hashes read from the cache at a time.
const AT_A_TIME: usize = 512;

/// Whether to stop at the first fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Bring the cache up to date. Stop at the first fault: the cache cannot use what follows.
    Advance,
    /// Verify: after a fault, signatures and links are still checked.
    Everything,
    /// Stop after this entry, or at the first fault.
    Until(u64),
}

/// The result of a replay.
#[derive(Debug, Default)]
pub struct Reading {
    /// The faults.
    pub findings: Vec<Finding>,
    /// Anomalies that break no rule.
    pub notices: Vec<Finding>,
    /// The number of entries read.
    pub entries: u64,
    /// The number of them after a fault: only signature and link were checked.
    pub partly_checked: u64,
    /// The key of the first row of the cached state that differs from the log.
    pub differs: Option<String>,
}

/// Replays the log from the head of `state` on; entries after the head of the cache are projected onto it.
///
/// A missing text is valid only if a proposal redacted it, and that proposal comes later in the log. So entries are
/// first applied without their texts. If nothing explains one of them, the log is read again, and is valid up to there.
///
/// # Errors
/// What SQLite reports, or a format that needs a newer twinseal. Faults of entries are findings.
pub fn replay(
    shared: &dyn SharedStore,
    cache: &VerifiedCache,
    state: &mut Register,
    fingerprint: Digest,
    mode: Mode,
    progress: &mut dyn FnMut(u64),
) -> Result<Reading, StoreError> {
    let before = state.clone();
    cache.mark()?;
    let (mut first, missing) = read_on(shared, cache, state, fingerprint, mode, BTreeSet::new(), progress)?;
    let unexplained = unexplained(state.head(), &missing);
    if unexplained.is_empty() {
        return Ok(first);
    }
    cache.back_to_mark()?;
    *state = before;
    let (mut reading, _) = read_on(shared, cache, state, fingerprint, mode, unexplained, progress)?;
    // The second pass judges nothing after the missing text, so keep what the first one found there.
    first.findings.retain(|finding| reading.findings.iter().all(|it| (it.seq, it.rule) != (finding.seq, finding.rule)));
    reading.findings.append(&mut first.findings);
    reading.findings.sort_by_key(|finding| finding.seq);
    reading.findings.truncate(MOST);
    Ok(reading)
}

/// Replays the log from entry 0 to the entry `until` into a temporary cache. Also returns the entries whose texts are
/// missing: whether a later entry redacted them is not judged here.
///
/// # Errors
/// [`StoreError::Broken`] at the first fault, or what SQLite reports.
pub fn replay_until(
    shared: &dyn SharedStore,
    fingerprint: Digest,
    until: Head,
    progress: &mut dyn FnMut(u64),
) -> Result<(VerifiedCache, Register, Vec<u64>), StoreError> {
    let (cache, mut state) = (VerifiedCache::temporary()?, Register::default());
    let tx = cache.begin(BUSY)?;
    let mode = Mode::Until(until.seq);
    let (reading, missing) = read_on(shared, &cache, &mut state, fingerprint, mode, BTreeSet::new(), progress)?;
    if let Some(finding) = reading.findings.into_iter().next() {
        return Err(StoreError::Broken(finding));
    }
    // Each entry covers all earlier ones, so this compares them all with what was verified before.
    if state.head() != Some(until) {
        return Err(StoreError::Broken(replaced(until.seq)));
    }
    tx.commit()?;
    state.unload();
    Ok((cache, state, missing.into_keys().collect()))
}

/// The missing texts that nothing explains. A proposal explains a missing text only if every entry up to the one that
/// seconds it is valid, itself included. So one unexplained text also leaves every earlier text unexplained whose
/// proposal was seconded after it.
fn unexplained(head: Option<Head>, missing: &Missing) -> BTreeSet<u64> {
    let mut invalid = head.map_or(0, |head| head.seq + 1);
    let mut latest: Vec<(u64, u64)> = missing.iter().map(|(seq, (_, by))| (by.unwrap_or(u64::MAX), *seq)).collect();
    latest.sort_unstable_by(|a, b| b.cmp(a));
    for (by, seq) in latest {
        if by >= invalid {
            invalid = invalid.min(seq);
        }
    }
    missing.range(invalid..).map(|(seq, _)| *seq).collect()
}

/// Missing texts by entry: the digest, and the entry that seconded the proposal that redacted it.
type Missing = BTreeMap<u64, (Digest, Option<u64>)>;

/// Replays once. Also returns the missing texts.
fn read_on(
    shared: &dyn SharedStore,
    cache: &VerifiedCache,
    state: &mut Register,
    fingerprint: Digest,
    mode: Mode,
    unexplained: BTreeSet<u64>,
    progress: &mut dyn FnMut(u64),
) -> Result<(Reading, Missing), StoreError> {
    let from = state.head().map_or(0, |head| head.seq + 1);
    let mut follower = Replayer {
        cache,
        fingerprint,
        cached: cache.head()?.map(|head| head.seq),
        known: Vec::new().into_iter(),
        next: from,
        previous: state.head().map(|head| head.leaf),
        rows: Rows::Cache,
        state,
        outliers: (mode == Mode::Everything).then(Outliers::default),
        counters: Counters::default(),
        unexplained,
        missing: Missing::new(),
        out: Reading::default(),
    };
    follower.choose_rows()?;
    let read = read_opened(shared, from, |opened| {
        progress(opened.seq);
        follower.take(opened)?;
        // More faults are not reported; and a hostile file can have rows without end.
        let most = if mode == Mode::Everything { MOST } else { 1 };
        let last = matches!(mode, Mode::Until(last) if opened.seq >= last);
        Ok(follower.out.findings.len() < most && !last)
    });
    match read {
        // The file itself is damaged from here on. The findings before still count.
        Err(StoreError::Broken(finding)) => {
            let seq = finding.seq.or(Some(follower.next));
            follower.out.findings.push(Finding { seq, ..finding });
        }
        read => read?,
    }
    cache.write(follower.rows, follower.state)?;
    follower.out.notices = follower.outliers.map(Outliers::notices).unwrap_or_default();
    if mode == Mode::Everything {
        follower.out.notices.extend(follower.counters.notices());
    }
    Ok((follower.out, follower.missing))
}

struct Replayer<'a> {
    cache: &'a VerifiedCache,
    /// The leaf hash that entry 0 must have: the fingerprint that was trusted, whatever the file holds by now.
    fingerprint: Digest,
    cached: Option<u64>,
    /// The leaf hashes that the cache has for the next entries.
    known: vec::IntoIter<Head>,
    /// The rows that the state is read from and written to.
    rows: Rows,
    state: &'a mut Register,
    /// The sequence number that the next row must have.
    next: u64,
    /// The leaf hash of the previous row, if that row is valid by itself.
    previous: Option<Digest>,
    /// Wrong clocks, for a verification.
    outliers: Option<Outliers>,
    /// The counters of FIDO tokens.
    counters: Counters,
    /// Entries with a missing text that no proposal redacted, as an earlier pass showed.
    unexplained: BTreeSet<u64>,
    missing: Missing,
    out: Reading,
}

impl Replayer<'_> {
    /// Entries that the cache already has are replayed with separate rows, up to the newest entry of the cache.
    fn choose_rows(&mut self) -> Result<(), StoreError> {
        match self.cached {
            None => self.cache.check_no_state(),
            Some(cached) if self.next <= cached => {
                self.rows = Rows::Replay;
                self.cache.begin_replay()
            }
            Some(_) => Ok(()),
        }
    }

    /// Writes the changed records and unloads the state if many records are loaded.
    fn unload(&mut self) -> Result<(), StoreError> {
        if self.state.loaded() > self.cache.most_loaded {
            self.cache.write(self.rows, self.state)?;
            self.state.unload();
        }
        Ok(())
    }

    fn take(&mut self, opened: &Opened) -> Result<(), StoreError> {
        let Opened { seq, leaf, ref entry } = *opened;
        // Only entry 0 states the format of the log. In any other entry, such a claim is an ordinary fault.
        if let (0, 0, Err(Defect::Newer { format })) = (seq, self.next, entry) {
            return Err(StoreError::Newer { found: *format });
        }
        self.out.entries += 1;
        let judged = self.out.findings.is_empty();
        let sound = entry.is_ok();
        let finding = if seq != self.next {
            Some(Finding::at(self.next, Defect::Missing.rule(), Defect::Missing))
        } else {
            match entry {
                _ if self.unexplained.contains(&seq) => {
                    Some(Finding::at(seq, Defect::TextMissing.rule(), Defect::TextMissing))
                }
                Err(defect) => Some(Finding::at(seq, defect.rule(), defect)),
                Ok(entry) if judged => self.admit(entry)?,
                Ok(entry) => self.link(seq, entry),
            }
        };
        self.out.partly_checked += u64::from(!judged);
        let room = self.out.findings.len() < MOST;
        self.out.findings.extend(finding.filter(|_| room));
        self.next = seq + 1;
        self.previous = sound.then_some(leaf);
        Ok(())
    }

    /// Applies an entry if its links are right and no rule refuses it.
    fn admit(&mut self, entry: &Entry) -> Result<Option<Finding>, StoreError> {
        let Entry { header, event, leaf, text } = entry;
        let seq = header.seq;
        self.unload()?;
        if seq == 0 && *leaf != self.fingerprint {
            let expected = self.fingerprint;
            let meaning =
                trf!("has the leaf hash {leaf}, and {expected} was expected", "叶哈希为 {leaf}，应为 {expected}");
            return Ok(Some(Finding::at(seq, "fingerprint", meaning)));
        }
        let position = |state: &mut Register| Ok(state.position(event.stream())?);
        let position = match self.cache.ask(self.rows, self.state, position)? {
            Ok(position) => position,
            Err(refusal) => return Ok(Some(Finding::at(seq, refusal.rule().as_str(), refusal))),
        };
        if let Err(defect) = chain::check_position(self.state.id(), &position, header) {
            return Ok(Some(Finding::at(seq, defect.rule(), defect)));
        }
        let judge = |state: &mut Register| {
            state.judge(header, event)?;
            Ok(state.judge_text(event, text.as_ref())?)
        };
        if let Err(refusal) = self.cache.ask(self.rows, self.state, judge)? {
            return Ok(Some(Finding::at(seq, refusal.rule().as_str(), refusal)));
        }
        let cached = self.cached.is_some_and(|cached| seq <= cached);
        if cached && self.known(seq)? != *leaf {
            return Ok(Some(replaced(seq)));
        }
        let seconded = match self.cache.ask(self.rows, self.state, |state| state.apply(header, *leaf, event))? {
            Ok(seconded) => seconded,
            Err(refusal) => return Ok(Some(Finding::at(seq, refusal.rule().as_str(), refusal))),
        };
        if let Some(outliers) = &mut self.outliers {
            let taken_in = self.cache.ask(self.rows, self.state, |state| Ok(outliers.take(header, state)?))?;
            taken_in.map_err(|refusal| self.cache.damaged(refusal.to_string()))?;
        }
        self.counters.take(header);
        self.missing.extend(entry.missing_text().map(|text| (seq, (text, None))));
        if let Some(Action::Redact(texts)) = &seconded {
            for (redacted, text) in texts {
                let missing = self.missing.get_mut(redacted).filter(|(digest, by)| digest == text && by.is_none());
                missing.into_iter().for_each(|(_, by)| *by = Some(seq));
            }
        }
        if !cached {
            self.cache.project(entry, seconded.as_ref(), self.state)?;
        } else if self.cached == Some(seq) {
            self.compare_state()?;
        }
        Ok(None)
    }

    /// Compares the state with that of the cache, at the newest entry of the cache.
    fn compare_state(&mut self) -> Result<(), StoreError> {
        self.cache.write(self.rows, self.state)?;
        self.out.differs = self.cache.differs_from_replay()?;
        // From here on, the replay uses the rows of the cache.
        if self.out.differs.is_none() {
            self.rows = Rows::Cache;
        }
        Ok(())
    }

    /// The leaf hash that the cache has for an entry. Entries come in order, so many are read at a time.
    fn known(&mut self, seq: u64) -> Result<Digest, StoreError> {
        if self.known.len() == 0 {
            self.known = self.cache.heads(seq, AT_A_TIME)?.into_iter();
        }
        match self.known.next() {
            Some(head) if head.seq == seq => Ok(head.leaf),
            _ => Err(self.cache.damaged(trf!("entry {seq} is missing", "缺少第 {seq} 条"))),
        }
    }

    /// After a fault: whether the entry links to the previous row, if that row is valid by itself.
    fn link(&self, seq: u64, entry: &Entry) -> Option<Finding> {
        let expected = self.previous?;
        let found = entry.header.prev;
        let defect = Defect::Prev { found, expected };
        (found != expected).then(|| Finding::at(seq, defect.rule(), defect))
    }
}
