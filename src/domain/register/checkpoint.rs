//! `log.checkpoint`: the roots of the log and of its subjects, as an entry states them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::records::{Denied, Unloaded};
use crate::domain::trees::{Leaf, SubjectTree, leaf_of};
use crate::domain::{Digest, Head, Invalid, Refusal, Register, RegisterSummary, Role, Stream, Timed, number};

/// A number of leaves and the root over them, written with a space between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedRoot {
    /// The number of leaves.
    pub count: u64,
    /// The root.
    pub root: Digest,
}

impl fmt::Display for CountedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.count, self.root)
    }
}

impl FromStr for CountedRoot {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (count, root) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { count: number(count)?, root: root.parse()? })
    }
}

/// The roots of a log after some entry: what the next entry may state in a `log.checkpoint`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogRoots {
    /// The number of entries, and the root over their leaf hashes.
    pub log: CountedRoot,
    /// The tree of changes.
    pub changes: CountedRoot,
    /// The tree of break-glasses.
    pub break_glasses: CountedRoot,
}

impl RegisterSummary {
    /// The number of leaves of a tree.
    pub(super) fn leaves(&self, tree: SubjectTree) -> u64 {
        match tree {
            SubjectTree::Changes => self.filed,
            SubjectTree::BreakGlasses => self.break_glasses,
        }
    }
}

impl Register {
    /// The roots of the log and of its subjects.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn roots(&self) -> Result<LogRoots, Unloaded> {
        let subjects = |tree| {
            let count = self.summary.leaves(tree);
            Ok::<_, Unloaded>(CountedRoot { count, root: self.trees.root(tree, count)? })
        };
        Ok(LogRoots {
            log: CountedRoot { count: self.head().map_or(0, |head| head.seq + 1), root: self.summary.log.root() },
            changes: subjects(SubjectTree::Changes)?,
            break_glasses: subjects(SubjectTree::BreakGlasses)?,
        })
    }

    /// The newest `log.checkpoint` entry.
    pub fn checkpoint(&self) -> Option<Head> {
        self.summary.checkpoint
    }

    /// The leaf that an entry in a stream sets. Fails unless its tree is loaded as far as it changes.
    pub(super) fn leaf_to_set(&self, stream: Stream, entry: Digest) -> Result<Option<(Leaf, Digest)>, Unloaded> {
        let Some((leaf, hash)) = leaf_of(stream, entry).filter(|_| !self.selected) else { return Ok(None) };
        self.trees.check_loaded(leaf, self.summary.leaves(leaf.0).max(leaf.1 + 1))?;
        Ok(Some((leaf, hash)))
    }

    /// Computes what is above the leaves that were set.
    pub(super) fn settle_trees(&mut self) {
        let summary = &self.summary;
        self.trees.settle(|tree| summary.leaves(tree));
    }

    /// Who may record the roots, and that they are those of this log: a false one would vouch for another log.
    pub(super) fn judge_checkpoint(&self, header: &Timed<'_>, stated: &LogRoots) -> Result<(), Denied> {
        let (actor, governance) = (&header.actor, &self.governance);
        let machine = governance.person(actor)?.is_some_and(|it| it.grants.is_machine());
        let may = machine
            || governance.has_role(actor, Role::Admin, header.moment)?
            || governance.has_role(actor, Role::Auditor, header.moment)?;
        if !may {
            return Err(Refusal::NotCheckpointer { person: actor.clone() }.into());
        }
        self.judge_log_root(header, &stated.log)?;
        if self.selected {
            return Ok(());
        }
        let LogRoots { changes, break_glasses, .. } = self.roots()?;
        if stated.changes != changes {
            return Err(Refusal::CheckpointChanges { count: changes.count, expected: changes.root }.into());
        }
        if stated.break_glasses != break_glasses {
            let CountedRoot { count, root: expected } = break_glasses;
            return Err(Refusal::CheckpointBreakGlasses { count, expected }.into());
        }
        Ok(())
    }

    /// That a root is that of the entries before this one.
    pub(super) fn judge_log_root(&self, header: &Timed<'_>, stated: &CountedRoot) -> Result<(), Denied> {
        if stated.count != header.seq {
            return Err(Refusal::CheckpointSize { expected: header.seq }.into());
        }
        let expected = self.summary.log.root();
        if !self.selected && stated.root != expected {
            return Err(Refusal::CheckpointRoot { size: stated.count, expected }.into());
        }
        Ok(())
    }
}
