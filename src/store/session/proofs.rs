//! Roots of the verified log, and the proofs under them: what a checkpoint states, and what a reader who has one can check.
//!
//! The stored hashes come from the verified cache. Leaf hashes are computed from the file and compared with the verified
//! ones, as for every entry that is read.

use std::ops::Range;

use super::verified_log::VerifiedLog;
use crate::domain::Digest;
use crate::format::tree;
use crate::store::StoreError;
use crate::trf;

impl VerifiedLog {
    /// The root of the Merkle tree over the first `size` entries, as a checkpoint of this size states it.
    ///
    /// # Errors
    /// [`StoreError::Broken`] if an entry of the file that it reads differs from the verified one;
    /// [`StoreError::CacheDamaged`], also if the verified log has fewer entries; or an SQLite error.
    pub fn root(&self, size: u64) -> Result<Digest, StoreError> {
        let _snapshot = self.hold_snapshot()?;
        self.subtree(0..size)
    }

    /// The hashes that prove that an entry is number `seq` of the first `size` entries, in the order of RFC 9162
    /// (2.1.3.1). [`tree::includes`] checks them against the root of that size. `None` unless `seq` is less than `size`.
    ///
    /// # Errors
    /// As [`VerifiedLog::root`].
    pub fn inclusion_proof(&self, seq: u64, size: u64) -> Result<Option<Vec<Digest>>, StoreError> {
        tree::inclusion(seq, size).map(|subtrees| self.subtrees(subtrees)).transpose()
    }

    /// The hashes that prove that the log of `size` entries begins with the log of `old` entries, in the order of RFC 9162
    /// (2.1.4.1). [`tree::extends`] checks them against both roots. `None` unless `old` is from 1 to `size`.
    ///
    /// # Errors
    /// As [`VerifiedLog::root`].
    pub fn consistency_proof(&self, old: u64, size: u64) -> Result<Option<Vec<Digest>>, StoreError> {
        tree::consistency(old, size).map(|subtrees| self.subtrees(subtrees)).transpose()
    }

    fn subtrees(&self, subtrees: Vec<Range<u64>>) -> Result<Vec<Digest>, StoreError> {
        let _snapshot = self.hold_snapshot()?;
        subtrees.into_iter().map(|leaves| self.subtree(leaves)).collect()
    }

    /// The hash of a subtree, as proofs name them.
    ///
    /// # Errors
    /// As [`VerifiedLog::root`].
    pub(in crate::store) fn subtree(&self, leaves: Range<u64>) -> Result<Digest, StoreError> {
        tree::subtree(leaves, |row| match row.level {
            0 => row.numbers.map(|seq| self.leaf_in_file(seq)).collect(),
            _ => self.cache.tree_row(row),
        })
    }

    fn leaf_in_file(&self, seq: u64) -> Result<Digest, StoreError> {
        let raw = self.raw(seq)?;
        raw.map(|raw| raw.leaf()).ok_or_else(|| self.cache.damaged(trf!("it lacks entry {seq}", "缺少第 {seq} 条")))
    }
}
