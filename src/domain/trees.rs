//! The Merkle trees whose roots a `log.checkpoint` entry states, all as RFC 6962 has them:
//!
//! - the tree of the log, over the leaf hashes of its entries; [`Frontier`] computes its root as entries come.
//! - the trees of changes and of break-glasses. Ids have no gaps, so leaf `i`, from 0, is CHG-(i + 1), and says which entry
//!   about it is the latest: [`subject_leaf`]. A list of all is then provably complete, and each of them up to date.
//!
//! A leaf of the last two changes with each entry about its subject. So these trees are kept in rows of 16 hashes:
//! level 0 holds the leaves, and each hash of a higher level is the root of a row below it. RFC 6962 splits at powers of
//! two, so the tree over the roots of such rows is the tree over their leaves. An entry changes one row of each level.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::closed_enum;
use crate::domain::records::{Records, StateKey, Unloaded};
use crate::domain::{Digest, Stream};

/// How many hashes a row has.
const ROW: u64 = 16;

closed_enum!(
    /// A tree over the subjects of the log.
    SubjectTree, ["a tree of subjects", "对象树"], {
        /// The tree of changes.
        Changes => "changes", "变更单";
        /// The tree of break-glasses.
        BreakGlasses => "breakglasses", "紧急处置";
    }
);

/// The hash of an inner node.
pub fn join(left: Digest, right: Digest) -> Digest {
    let hash = Sha256::new().chain_update([1]).chain_update(left.as_bytes()).chain_update(right.as_bytes());
    Digest::new(hash.finalize().into())
}

/// The root of a tree without leaves.
pub fn empty_root() -> Digest {
    Digest::new(Sha256::digest([]).into())
}

/// The root over these hashes: of leaves, or of equally large complete subtrees, of which the last may be smaller.
pub fn root_of(mut hashes: Vec<Digest>) -> Digest {
    // From the bottom up: in pairs, and an odd last one goes up as it is.
    while hashes.len() > 1 {
        let pairs = hashes.chunks(2);
        hashes = pairs.map(|pair| if let [left, right] = *pair { join(left, right) } else { pair[0] }).collect();
    }
    hashes.first().copied().unwrap_or_else(empty_root)
}

/// The leaf of a subject: the hash of a line such as `CHG-42 5d07…`, with the leaf hash of the latest entry about it.
pub fn subject_leaf(subject: impl fmt::Display, latest: Digest) -> Digest {
    let hash = Sha256::new().chain_update([0]).chain_update(format!("{subject} {latest}\n"));
    Digest::new(hash.finalize().into())
}

/// The tree of the log, as the hashes of its largest complete subtrees from the left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frontier {
    size: u64,
    subtrees: Vec<Digest>,
}

impl Frontier {
    /// Appends a leaf.
    pub(in crate::domain) fn push(&mut self, leaf: Digest) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            node = self.subtrees.pop().map_or(node, |left| join(left, node));
        }
        self.subtrees.push(node);
        self.size += 1;
    }

    /// The root.
    pub fn root(&self) -> Digest {
        let joined = self.subtrees.iter().rev().copied().reduce(|right, left| join(left, right));
        joined.unwrap_or_else(empty_root)
    }
}

/// A row of a tree: up to 16 hashes beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TreeRow {
    /// The tree.
    pub tree: SubjectTree,
    /// The level: 0 for the leaves.
    pub level: u32,
    /// Its number among the rows of its level, from 0.
    pub number: u64,
}

impl TreeRow {
    /// Whether a tree with this many leaves has the row.
    pub(in crate::domain) fn exists(self, leaves: u64) -> bool {
        let mut hashes = leaves;
        for _ in 0..self.level {
            // The only row of a level is the last one.
            if hashes <= ROW {
                return false;
            }
            hashes = hashes.div_ceil(ROW);
        }
        self.number < hashes.div_ceil(ROW)
    }

    /// The row with the hash of this one, in a tree with this many leaves. `None` if this one is the whole level.
    fn above(self, leaves: u64) -> Option<Self> {
        let above = Self { level: self.level + 1, number: self.number / ROW, ..self };
        Self { number: 0, ..above }.exists(leaves).then_some(above)
    }
}

impl fmt::Display for TreeRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tree, self.level, self.number)
    }
}

/// The rows of the trees of changes and of break-glasses.
///
/// An entry changes a leaf. The hashes above it are computed when they are needed: a replay of many entries then computes
/// each of them once, not once an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::domain) struct Trees {
    pub(in crate::domain) rows: Records<TreeRow, Vec<Digest>>,
    /// The rows that changed since the hashes above them were computed.
    stale: BTreeSet<TreeRow>,
}

impl Trees {
    /// No row loaded.
    pub(in crate::domain) fn unloaded() -> Self {
        Self { rows: Records::unloaded(), stale: BTreeSet::new() }
    }

    fn row(&self, row: TreeRow) -> Result<&[Digest], Unloaded> {
        Ok(self.rows.get(&row, StateKey::Tree)?.map_or(&[], Vec::as_slice))
    }

    /// Fails unless every row is loaded that a leaf changes. `leaves` is how many there are then.
    pub(in crate::domain) fn check_loaded(&self, (tree, leaf): Leaf, leaves: u64) -> Result<(), Unloaded> {
        let mut at = TreeRow { tree, level: 0, number: leaf / ROW };
        self.row(at)?;
        while let Some(above) = at.above(leaves) {
            self.row(above)?;
            // Until now it may have been the whole level, without a row above.
            self.row(TreeRow { number: above.number * ROW, ..at })?;
            at = above;
        }
        Ok(())
    }

    /// Sets a leaf, after [`Trees::check_loaded`].
    pub(in crate::domain) fn set(&mut self, (tree, leaf): Leaf, hash: Digest) {
        let at = TreeRow { tree, level: 0, number: leaf / ROW };
        self.put(at, leaf % ROW, hash);
        self.stale.insert(at);
    }

    fn put(&mut self, at: TreeRow, place: u64, hash: Digest) {
        match self.rows.change(&at) {
            Some(row) => match usize::try_from(place).ok().and_then(|place| row.get_mut(place)) {
                Some(place) => *place = hash,
                None => row.push(hash),
            },
            None => self.rows.insert(at, vec![hash]),
        }
    }

    /// Computes the hashes above the leaves that were set. `leaves` is how many a tree has.
    pub(in crate::domain) fn settle(&mut self, leaves: impl Fn(SubjectTree) -> u64) {
        // The rows of a tree come by level, so each is complete when it is taken.
        while let Some(at) = self.stale.pop_first() {
            let Some(above) = at.above(leaves(at.tree)) else { continue };
            let first = above.number * ROW;
            if at.number > first && self.rows.get(&above, StateKey::Tree).is_ok_and(|row| row.is_none()) {
                self.put(above, 0, self.hash(TreeRow { number: first, ..at }));
            }
            self.put(above, at.number - first, self.hash(at));
            self.stale.insert(above);
        }
    }

    fn hash(&self, row: TreeRow) -> Digest {
        root_of(self.row(row).unwrap_or_default().to_vec())
    }

    /// The root of a tree with this many leaves.
    pub(in crate::domain) fn root(&self, tree: SubjectTree, leaves: u64) -> Result<Digest, Unloaded> {
        if self.stale.iter().any(|row| row.tree == tree) {
            let mut settled = self.clone();
            settled.settle(|it| if it == tree { leaves } else { 0 });
            return settled.root(tree, leaves);
        }
        let mut top = TreeRow { tree, level: 0, number: 0 };
        while let Some(above) = top.above(leaves) {
            top = above;
        }
        if leaves == 0 { Ok(empty_root()) } else { Ok(root_of(self.row(top)?.to_vec())) }
    }
}

/// A tree, and the number of one of its leaves.
pub(in crate::domain) type Leaf = (SubjectTree, u64);

/// The leaf that an act in a stream changes: its tree, and its number from 0.
pub(in crate::domain) fn leaf_of(stream: Stream, entry: Digest) -> Option<(Leaf, Digest)> {
    match stream {
        Stream::Change(id) => Some(((SubjectTree::Changes, id.number() - 1), subject_leaf(id, entry))),
        Stream::BreakGlass(id) => Some(((SubjectTree::BreakGlasses, id.number() - 1), subject_leaf(id, entry))),
        // Deviations are in no tree yet.
        Stream::Governance | Stream::Deviation(_) | Stream::Log => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u64) -> Digest {
        Digest::new(Sha256::digest(n.to_be_bytes()).into())
    }

    /// As RFC 6962 defines it.
    fn expected(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
                join(expected(left), expected(right))
            }
        }
    }

    /// Sets leaves, settles after every `step` of them, and compares roots and rows with what they must be.
    fn grows(step: u64) {
        let (tree, mut trees, mut leaves) = (SubjectTree::Changes, Trees::default(), Vec::new());
        for n in 0..600 {
            // A new subject, and a later entry about an earlier one.
            for leaf in [n, n * n % (n + 1)] {
                let hash = digest(leaf + 1_000_000 * n);
                match leaves.get_mut(usize::try_from(leaf).unwrap()) {
                    Some(it) => *it = hash,
                    None => leaves.push(hash),
                }
                trees.check_loaded((tree, leaf), n + 1).unwrap();
                trees.set((tree, leaf), hash);
            }
            if n % 13 == 0 {
                assert_eq!(trees.root(tree, n + 1).unwrap(), expected(&leaves), "{n}");
            }
            if n % step == 0 {
                trees.settle(|_| n + 1);
                assert_eq!(trees.root(tree, n + 1).unwrap(), expected(&leaves), "{n}");
                let exist =
                    |level| (0..50).filter(move |number| TreeRow { tree, level, number: *number }.exists(n + 1));
                let rows: usize = (0..4).map(|level| exist(level).count()).sum();
                assert_eq!(trees.rows.iter().count(), rows, "{n}: no row is missing or surplus");
                assert!(trees.rows.iter().all(|(_, row)| row.len() <= 16), "{n}");
            }
        }
    }

    #[test]
    fn a_tree_that_grows_and_changes_has_the_root_of_the_rfc() {
        [1, 3, 50, 599].into_iter().for_each(grows);
        assert_eq!(Trees::default().root(SubjectTree::BreakGlasses, 0).unwrap(), empty_root());
    }

    #[test]
    fn the_frontier_of_a_log_has_its_root() {
        let (mut frontier, mut leaves) = (Frontier::default(), Vec::new());
        for n in 0..100 {
            assert_eq!(frontier.root(), expected(&leaves), "{n} leaves");
            leaves.push(digest(n));
            frontier.push(digest(n));
        }
    }

    #[test]
    fn no_row_that_is_not_loaded_is_taken_for_an_empty_one() {
        let trees = Trees::unloaded();
        assert!(trees.root(SubjectTree::Changes, 3).is_err());
        assert!(trees.check_loaded((SubjectTree::Changes, 1), 2).is_err());
        let mut part = Trees::unloaded();
        part.rows.load(TreeRow { tree: SubjectTree::Changes, level: 0, number: 1 }, None);
        part.rows.load(TreeRow { tree: SubjectTree::Changes, level: 1, number: 0 }, None);
        assert!(part.check_loaded((SubjectTree::Changes, 16), 17).is_err(), "the first row is needed too");
    }
}
