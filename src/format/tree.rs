//! The Merkle tree over the leaf hashes of a log (RFC 6962 and RFC 9162, section 2.1), and its two proofs.
//!
//! The leaves are the leaf hashes of entries 0 to n - 1, in order. `MTH` is the hash of a list of leaves:
//!
//! ```text
//! MTH([])      = SHA-256 of nothing
//! MTH([leaf])  = leaf
//! MTH(leaves)  = SHA-256(0x01 ‖ MTH(leaves[..k]) ‖ MTH(leaves[k..]))
//!                where k is the largest power of two smaller than their number
//! ```
//!
//! The **root** of n leaves is MTH of all of them. A leaf hash begins with 0x00 inside, so no leaf is an inner node.
//!
//! # Stored hashes
//!
//! A subtree of 2^level leaves that begins at a multiple of 2^level is **complete** when its last leaf is there, and
//! its hash never changes again. It is a [`Node`]: number k of a level covers the leaves from k·2^level to
//! (k + 1)·2^level - 1. Level 0 holds the leaves themselves, which are kept with their entries. Of the others, only
//! every fourth level is stored: 4, 8, 12 and so on. So 15 leaves add one hash on average, a node between two stored
//! levels is computed from at most eight below it, and nothing that is stored is ever changed.
//!
//! Any other subtree that occurs in a root or a proof begins at a complete node and ends at the last leaf. It consists of
//! at most log2(n) complete nodes. [`subtree`] reads at most 15 stored hashes of each level for it.
//!
//! # Proofs
//!
//! A proof is a list of hashes of subtrees. [`inclusion`] and [`consistency`] say of which, as ranges of leaves; the
//! caller computes their hashes with [`subtree`]. RFC 9162 calls the lists PATH (2.1.3.1) and PROOF (2.1.4.1).
//!
//! - An inclusion proof shows that a leaf is at its place among the n leaves of a root: the siblings on the way up.
//! - A consistency proof shows that the tree of a root has the leaves of an earlier root at its beginning.
//!
//! [`includes`] and [`extends`] check them, step by step as RFC 9162 says (2.1.3.2 and 2.1.4.2). They MUST NOT panic on
//! any input. They MUST refuse a proof with a hash too many or too few, so that a fact has one proof.

use std::ops::Range;

use crate::domain::{Digest, empty_root, join, root_of};

/// Every how many levels hashes are stored.
const STRIDE: u32 = 4;

/// A complete subtree: 2^`level` leaves, beginning with leaf `number`·2^`level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Its height; the leaves are level 0.
    pub level: u32,
    /// Its number among those of its level, from 0.
    pub number: u64,
}

/// Nodes beside each other, of the leaves or of a stored level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Their level, a multiple of four.
    pub level: u32,
    /// Their numbers.
    pub numbers: Range<u64>,
}

impl Row {
    /// The nodes `levels` below a node.
    fn below(node: Node, levels: u32) -> Self {
        Self { level: node.level - levels, numbers: node.number << levels..(node.number + 1) << levels }
    }
}

/// The nodes whose hashes are to be stored when leaf `leaf` is appended, from the bottom up.
pub fn completed(leaf: u64) -> impl Iterator<Item = Node> {
    // Its number ends with as many 1 bits as it completes levels.
    let levels = (STRIDE..=leaf.trailing_ones().min(u64::BITS - 1)).step_by(STRIDE as usize);
    levels.map(move |level| Node { level, number: leaf >> level })
}

/// The nodes of the stored levels of a log with this many leaves: how many each level has, from level 4 on.
pub fn stored(leaves: u64) -> impl Iterator<Item = (u32, u64)> {
    let levels = (STRIDE..u64::BITS).step_by(STRIDE as usize);
    levels.map(move |level| (level, leaves >> level)).take_while(|(_, count)| *count > 0)
}

/// The hash of a stored node, from the stored level below it. `read` returns the hashes of a row, all of them.
///
/// # Errors
/// What `read` returns.
pub fn from_below<E>(node: Node, mut read: impl FnMut(Row) -> Result<Vec<Digest>, E>) -> Result<Digest, E> {
    read(Row::below(node, STRIDE)).map(root_of)
}

/// The hash of the leaves in a range: of a whole tree, which is its root, or of a subtree in a proof. `read` returns
/// the hashes of a row, all of them. The range must begin where a subtree can begin, as those of proofs do.
///
/// # Errors
/// What `read` returns.
pub fn subtree<E>(leaves: Range<u64>, mut read: impl FnMut(Row) -> Result<Vec<Digest>, E>) -> Result<Digest, E> {
    let (mut nodes, mut rest) = (Vec::new(), leaves);
    while !rest.is_empty() {
        let level = (rest.end - rest.start).ilog2();
        let node = Node { level, number: rest.start >> level };
        nodes.push(read(Row::below(node, level % STRIDE)).map(root_of)?);
        rest.start += 1 << level;
    }
    let joined = nodes.into_iter().rev().reduce(|right, left| join(left, right));
    Ok(joined.unwrap_or_else(empty_root))
}

/// Where RFC 6962 splits two or more leaves.
pub fn split(leaves: &Range<u64>) -> u64 {
    leaves.start + (1 << (leaves.end - leaves.start - 1).ilog2())
}

/// The subtrees whose hashes prove that a leaf is in the tree of the first `size` leaves, in the order of the proof.
/// `None` if there is no such leaf.
pub fn inclusion(leaf: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if leaf >= size {
        return None;
    }
    let (mut proof, mut within) = (Vec::new(), 0..size);
    while within.end - within.start > 1 {
        let middle = split(&within);
        if leaf < middle {
            proof.push(middle..within.end);
            within.end = middle;
        } else {
            proof.push(within.start..middle);
            within.start = middle;
        }
    }
    proof.reverse();
    Some(proof)
}

/// The subtrees whose hashes prove that the tree of the first `size` leaves extends that of the first `old`, in the
/// order of the proof. `None` if `old` is 0 or more than `size`: nothing is to be proved about an empty log.
pub fn consistency(old: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if old == 0 || old > size {
        return None;
    }
    let (mut proof, mut within) = (Vec::new(), 0..size);
    while within.end != old {
        let middle = split(&within);
        if old <= middle {
            proof.push(middle..within.end);
            within.end = middle;
        } else {
            proof.push(within.start..middle);
            within.start = middle;
        }
    }
    // If it begins with the first leaf, it is the old tree, whose root the verifier has.
    if within.start > 0 {
        proof.push(within);
    }
    proof.reverse();
    Some(proof)
}

/// Whether a proof shows that `hash` is number `leaf` of the `size` leaves under a root (RFC 9162, 2.1.3.2).
pub fn includes(root: Digest, size: u64, leaf: u64, hash: Digest, proof: &[Digest]) -> bool {
    if leaf >= size {
        return false;
    }
    let (mut at, mut last, mut computed) = (leaf, size - 1, hash);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            computed = join(*sibling, computed);
            (at, last) = up_to_left_sibling(at, last);
        } else {
            computed = join(computed, *sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && computed == root
}

/// Whether a proof shows that the tree of `size` leaves under `root` extends that of `old` leaves under `old_root`
/// (RFC 9162, 2.1.4.2).
pub fn extends(root: Digest, size: u64, old_root: Digest, old: u64, proof: &[Digest]) -> bool {
    if old == 0 || old > size {
        return false;
    }
    if old == size {
        return proof.is_empty() && root == old_root;
    }
    let (first, rest) = match proof.split_first() {
        _ if old.is_power_of_two() => (old_root, proof),
        Some((first, rest)) => (*first, rest),
        None => return false,
    };
    // Up to the largest complete subtree that ends with the old tree.
    let level = (old - 1).trailing_ones();
    let (mut at, mut last) = ((old - 1) >> level, (size - 1) >> level);
    let (mut computed_old, mut computed) = (first, first);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            computed_old = join(*sibling, computed_old);
            computed = join(*sibling, computed);
            (at, last) = up_to_left_sibling(at, last);
        } else {
            computed = join(computed, *sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && computed_old == old_root && computed == root
}

/// Goes up from a last node without a sibling, which is itself the node above, to where it is the right one of two.
/// `at` is not 0: it is odd, or the last of several.
fn up_to_left_sibling(at: u64, last: u64) -> (u64, u64) {
    let levels = at.trailing_zeros();
    (at >> levels, last >> levels)
}
