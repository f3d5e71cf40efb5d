//! Reading the log on: every entry opened, held against its place, judged by every rule, taken in, and projected
//! onto the verified copy. The one way in which an entry becomes verified.

use super::copy::{VerifiedCopy, replaced};
use super::error::MOST;
use super::opening::{Opened, read_opened};
use super::shared::SharedFile;
use super::{Finding, StoreError, tables};
use crate::domain::{Digest, Register, Time};
use crate::log::{Defect, Entry, chain};

/// By how many seconds a time may run behind an earlier entry's before it is reported.
const CLOCK_TOLERANCE: i64 = 300;

/// Whether to stop at the first fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Bring the copy on: what follows a fault is of no use.
    Advance,
    /// Verify: after a fault, signatures and links are still checked.
    Everything,
}

/// What reading found.
#[derive(Debug, Default)]
pub struct Reading {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What is odd and breaks no rule.
    pub notices: Vec<Finding>,
    /// How many entries were read.
    pub entries: u64,
    /// How many of them follow a fault, and were checked for signature and link alone.
    pub unjudged: u64,
}

/// Reads the log on from where `state` is; entries beyond the copy's head are projected onto it.
///
/// # Errors
/// What SQLite says, or a format that needs a newer twinseal. Faults of entries are findings.
pub fn follow(
    shared: &SharedFile,
    copy: &VerifiedCopy,
    state: &mut Register,
    fingerprint: Digest,
    mode: Mode,
    progress: &mut dyn FnMut(u64),
) -> Result<Reading, StoreError> {
    let from = state.head().map_or(0, |head| head.seq + 1);
    let copied = copy.head()?.map(|head| head.seq);
    let previous = state.head().map(|head| head.leaf);
    let mut follower = Follower {
        shared,
        copy,
        fingerprint,
        copied,
        state,
        next: from,
        previous,
        latest: None,
        out: Reading::default(),
    };
    let read = read_opened(shared, from, |opened| {
        progress(opened.seq);
        follower.take(opened)?;
        Ok(mode == Mode::Everything || follower.out.findings.is_empty())
    });
    match read {
        // The file itself is damaged from here on: what was found before still counts.
        Err(StoreError::Broken(finding)) => {
            let seq = finding.seq.or(Some(follower.next));
            follower.out.findings.push(Finding { seq, ..finding });
        }
        read => read?,
    }
    Ok(follower.out)
}

struct Follower<'a> {
    shared: &'a SharedFile,
    copy: &'a VerifiedCopy,
    /// The leaf hash that entry 0 must have, whatever stood there when somebody was asked.
    fingerprint: Digest,
    copied: Option<u64>,
    state: &'a mut Register,
    /// The place where the next row must stand.
    next: u64,
    /// The leaf hash of the row before, where its own bytes are sound.
    previous: Option<Digest>,
    /// The latest time claimed so far, and where.
    latest: Option<(u64, Time)>,
    out: Reading,
}

impl Follower<'_> {
    fn take(&mut self, opened: Opened) -> Result<(), StoreError> {
        let Opened { seq, leaf, entry } = opened;
        // Only entry 0 says which format the log has; anywhere else such a claim is a fault like any other.
        if let (0, 0, Err(Defect::Newer { format })) = (seq, self.next, &entry) {
            return Err(StoreError::Newer { found: *format });
        }
        self.out.entries += 1;
        let judged = self.out.findings.is_empty();
        let sound = entry.is_ok();
        let finding = if seq != self.next {
            Some(Finding::at(self.next, Defect::Missing.rule(), Defect::Missing))
        } else {
            match entry {
                Err(defect) => Some(Finding::at(seq, defect.rule(), defect)),
                Ok(entry) if judged => self.admit(&entry)?,
                Ok(entry) => self.link(seq, &entry),
            }
        };
        self.out.unjudged += u64::from(!judged);
        let room = self.out.findings.len() < MOST;
        self.out.findings.extend(finding.filter(|_| room));
        self.next = seq + 1;
        self.previous = sound.then_some(leaf);
        Ok(())
    }

    /// Takes an entry in if it belongs here and no rule says no.
    fn admit(&mut self, entry: &Entry) -> Result<Option<Finding>, StoreError> {
        let Entry { header, event, leaf, .. } = entry;
        let seq = header.seq;
        if let Some(change) = event.change().filter(|change| !self.state.knows(*change))
            && let Some(change) = self.copy.change(self.shared, change)?
        {
            self.state.adopt(change);
        }
        if seq == 0 && *leaf != self.fingerprint {
            let meaning = format!("has the leaf hash {leaf}, and {} was expected", self.fingerprint);
            return Ok(Some(Finding::at(seq, "fingerprint", meaning)));
        }
        let position = self.state.position(event.change());
        if let Err(defect) = chain::follows(self.state.id(), &position, header) {
            return Ok(Some(Finding::at(seq, defect.rule(), defect)));
        }
        if let Err(refusal) = self.state.judge(header, event) {
            return Ok(Some(Finding::at(seq, refusal.rule(), refusal)));
        }
        self.watch_clock(seq, header.time);
        self.state.apply(header, *leaf, event);
        if self.copied.is_some_and(|copied| seq <= copied) {
            let known = self.copy.leaf(seq)?;
            return Ok((known != Some(*leaf)).then(|| replaced(seq)));
        }
        let projected = tables::project(self.copy.conn(), entry, self.state);
        projected.map_err(StoreError::sqlite("bringing the verified copy on"))?;
        Ok(None)
    }

    /// After a fault: whether the entry follows the row before, where that row is sound.
    fn link(&self, seq: u64, entry: &Entry) -> Option<Finding> {
        let expected = self.previous?;
        let found = entry.header.prev;
        let defect = Defect::Prev { found, expected };
        (found != expected).then(|| Finding::at(seq, defect.rule(), defect))
    }

    /// A clock that runs behind stops nobody; it is reported.
    fn watch_clock(&mut self, seq: u64, time: Time) {
        match self.latest {
            Some((earlier, latest)) if time.plus(CLOCK_TOLERANCE) < latest => {
                let meaning =
                    format!("claims {time}, and entry {earlier} before it claims {latest}: a clock was wrong");
                if self.out.notices.len() < MOST {
                    self.out.notices.push(Finding::at(seq, "clock", meaning));
                }
            }
            Some((_, latest)) if time <= latest => {}
            _ => self.latest = Some((seq, time)),
        }
    }
}
