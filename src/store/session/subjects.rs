//! Proofs under the roots that a `log.checkpoint` entry states: which entry about a change or a break-glass was the latest.
//!
//! The state keeps these trees as they are now. A proof is of the tree as it was at the checkpoint: its hashes are those
//! of now wherever nothing was recorded since about the subjects below them. The others are computed again, from the
//! entries that were the latest about each subject then. So a proof costs what was recorded after the checkpoint.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::verified_log::VerifiedLog;
use crate::domain::{
    BreakGlassId, ChangeId, CountedRoot, Digest, Event, Head, LogRoots, SubjectTree, TreeRow, join, subject_leaf,
};
use crate::format::tree;
use crate::store::StoreError;
use crate::tr;

/// How many hashes a row of the state has.
const ROW: u64 = 16;

/// A proof that an entry was the latest about a change or a break-glass when a checkpoint was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectProof {
    /// The latest entry about it before the checkpoint.
    pub latest: Head,
    /// The number of its leaf, from 0: one less than that of its id.
    pub leaf: u64,
    /// The tree that the checkpoint states: the number of its leaves, and the root.
    pub tree: CountedRoot,
    /// The hashes, in the order of RFC 9162 (2.1.3.1). [`tree::includes`] checks them for the leaf that
    /// [`subject_leaf`] makes of the id and the latest entry.
    pub hashes: Vec<Digest>,
}

/// A tree as it was at a checkpoint.
struct Past<'l> {
    log: &'l VerifiedLog,
    tree: SubjectTree,
    /// The entry of the checkpoint.
    seq: u64,
    /// The numbers of the leaves that changed since.
    changed: BTreeSet<u64>,
    rows: RefCell<BTreeMap<TreeRow, Vec<Digest>>>,
}

impl VerifiedLog {
    /// What an entry states, if it is a `log.checkpoint`. [`Register::checkpoint`](crate::domain::Register::checkpoint)
    /// says which is the newest one.
    ///
    /// # Errors
    /// As [`VerifiedLog::entry`].
    pub fn recorded_checkpoint(&self, seq: u64) -> Result<Option<LogRoots>, StoreError> {
        Ok(match self.entry(seq)?.map(|entry| entry.event) {
            Some(Event::Checkpoint(roots)) => Some(roots),
            _ => None,
        })
    }

    /// Proves which entry about a change was the latest when entry `checkpoint` was recorded. `None` unless that is a
    /// `log.checkpoint` whose tree has the change.
    ///
    /// # Errors
    /// [`StoreError::Broken`] if an entry of the file that it reads differs from the verified one;
    /// [`StoreError::CacheDamaged`], or an SQLite error.
    pub fn change_proof(&self, change: ChangeId, checkpoint: u64) -> Result<Option<SubjectProof>, StoreError> {
        self.subject_proof(SubjectTree::Changes, change.number(), checkpoint)
    }

    /// As [`VerifiedLog::change_proof`], of a break-glass.
    ///
    /// # Errors
    /// As [`VerifiedLog::change_proof`].
    pub fn break_glass_proof(&self, id: BreakGlassId, checkpoint: u64) -> Result<Option<SubjectProof>, StoreError> {
        self.subject_proof(SubjectTree::BreakGlasses, id.number(), checkpoint)
    }

    fn subject_proof(&self, of: SubjectTree, number: u64, seq: u64) -> Result<Option<SubjectProof>, StoreError> {
        let _snapshot = self.hold_snapshot()?;
        let Some(LogRoots { changes, break_glasses, .. }) = self.recorded_checkpoint(seq)? else { return Ok(None) };
        let stated = match of {
            SubjectTree::Changes => changes,
            SubjectTree::BreakGlasses => break_glasses,
        };
        let leaf = number - 1;
        let Some(subtrees) = tree::inclusion(leaf, stated.count) else { return Ok(None) };
        let changed = self.cache.subjects_after(of, seq)?.into_iter().map(|number| number - 1).collect();
        let past = Past { log: self, tree: of, seq, changed, rows: RefCell::default() };
        let latest = past.latest(leaf)?;
        let hashes = subtrees.into_iter().map(|leaves| past.subtree(leaves)).collect::<Result<Vec<_>, _>>()?;
        if !tree::includes(stated.root, stated.count, leaf, past.leaf(leaf, latest.leaf), &hashes) {
            return Err(self.cache.damaged(tr!("its tree differs from the log", "其中的树与日志不符").to_owned()));
        }
        Ok(Some(SubjectProof { latest, leaf, tree: stated, hashes }))
    }
}

impl Past<'_> {
    /// The latest entry about a subject at the checkpoint, compared with the file.
    fn latest(&self, leaf: u64) -> Result<Head, StoreError> {
        let cache = &self.log.cache;
        let latest = cache.latest_before(self.tree, leaf + 1, self.seq)?;
        let latest = latest.ok_or_else(|| cache.damaged(tr!("it lacks an entry", "缺少日志条目").to_owned()))?;
        self.log.raw(latest.seq)?;
        Ok(latest)
    }

    fn leaf(&self, leaf: u64, latest: Digest) -> Digest {
        match self.tree {
            SubjectTree::Changes => subject_leaf(ChangeId::after(leaf), latest),
            SubjectTree::BreakGlasses => subject_leaf(BreakGlassId::after(leaf), latest),
        }
    }

    fn subtree(&self, leaves: Range<u64>) -> Result<Digest, StoreError> {
        let size = leaves.end - leaves.start;
        let same = self.changed.range(leaves.clone()).next().is_none();
        if same && let Some(level) = stored_level(&leaves) {
            return self.stored(level, leaves.start / size);
        }
        if size == 1 {
            return Ok(self.leaf(leaves.start, self.latest(leaves.start)?.leaf));
        }
        let middle = tree::split(&leaves);
        Ok(join(self.subtree(leaves.start..middle)?, self.subtree(middle..leaves.end)?))
    }

    /// A hash that the state has now.
    fn stored(&self, level: u32, number: u64) -> Result<Digest, StoreError> {
        let at = TreeRow { tree: self.tree, level, number: number / ROW };
        let mut rows = self.rows.borrow_mut();
        if let Entry::Vacant(row) = rows.entry(at) {
            row.insert(self.log.cache.subject_row(at)?);
        }
        let place = usize::try_from(number % ROW).ok();
        let hash = place.and_then(|place| rows.get(&at)?.get(place).copied());
        let missing = || self.log.cache.damaged(tr!("a hash of its trees is missing", "其中的树缺少哈希").to_owned());
        hash.ok_or_else(missing)
    }
}

/// The level of the rows whose hashes are of such subtrees; `None` if they are of larger or smaller ones.
fn stored_level(leaves: &Range<u64>) -> Option<u32> {
    let size = leaves.end - leaves.start;
    let level = size.ilog2() / ROW.ilog2();
    (size == ROW.pow(level) && leaves.start.is_multiple_of(size)).then_some(level)
}
