//! The Merkle tree of the verified log: the stored hashes, beside the leaf hashes of the entries. `format::tree` says which
//! are stored.

use std::collections::BTreeSet;

use rusqlite::{Row as Found, params};

use crate::domain::{Digest, Head, StateKey, StateRecord, SubjectTree, TreeRow};
use crate::format::tree::{self, Node, Row};
use crate::store::StoreError;
use crate::store::cache::state::{Rows, checksum};
use crate::store::cache::verified::VerifiedCache;
use crate::store::doing::Doing;
use crate::{tr, trf};

impl VerifiedCache {
    /// Stores the hashes that the entry just projected completes.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`], or what SQLite reports.
    pub(super) fn extend_tree(&self, seq: u64) -> Result<(), StoreError> {
        let doing = || StoreError::cache(self.conn(), Doing::UpdateCache);
        for node in tree::completed(seq) {
            let hash = tree::from_below(node, |row| self.tree_row(row))?;
            let insert = self.conn().prepare_cached("INSERT INTO tree VALUES (?1, ?2, ?3)");
            let row = params![node.level, node.number, summed(node, hash)];
            insert.and_then(|mut insert| insert.execute(row)).map_err(doing())?;
        }
        Ok(())
    }

    /// Fails if a stored hash is missing, surplus, or not the one that the leaf hashes make.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`], or what SQLite reports.
    pub fn check_tree(&self) -> Result<(), StoreError> {
        let doing = || StoreError::cache(self.conn(), Doing::ReadCache);
        let leaves = self.head()?.map_or(0, |head| head.seq + 1);
        for (level, count) in tree::stored(leaves) {
            for node in (0..count).map(|number| Node { level, number }) {
                let stored = self.tree_row(Row { level, numbers: node.number..node.number + 1 })?;
                if stored != [tree::from_below(node, |row| self.tree_row(row))?] {
                    return Err(
                        self.damaged(tr!("its Merkle tree differs from the log", "其 Merkle 树与日志不符").to_owned())
                    );
                }
            }
        }
        let expected: u64 = tree::stored(leaves).map(|(_, count)| count).sum();
        let rows = self.conn().query_row("SELECT count(*) FROM tree", [], |row| row.get::<_, u64>(0));
        if rows.map_err(doing())? == expected {
            Ok(())
        } else {
            Err(self.damaged(tr!("its Merkle tree has surplus hashes", "其 Merkle 树中有多余的哈希").to_owned()))
        }
    }

    /// The hashes of a row.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`] if one is missing or not what was written, or what SQLite reports.
    pub(in crate::store) fn tree_row(&self, Row { level, numbers }: Row) -> Result<Vec<Digest>, StoreError> {
        let doing = || StoreError::cache(self.conn(), Doing::ReadCache);
        let count = numbers.end - numbers.start;
        let hashes: Vec<Digest> = if level == 0 {
            let sql = "SELECT seq, leaf FROM log_entries WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
            self.select_heads(sql, (numbers.start, numbers.end))?.into_iter().map(|head| head.leaf).collect()
        } else {
            let sql = "SELECT number, hash FROM tree WHERE level = ?1 AND number >= ?2 AND number < ?3 ORDER BY number";
            let mut select = self.conn().prepare_cached(sql).map_err(doing())?;
            let hash = |row: &Found<'_>| Ok(hash(level, row.get(0)?, row.get_ref(1)?.as_blob()?));
            let rows = select.query_map(params![level, numbers.start, numbers.end], hash);
            let rows: Option<Vec<Digest>> = rows.and_then(Iterator::collect).map_err(doing())?;
            let changed =
                tr!("a hash of its Merkle tree is not what was written", "其 Merkle 树中有一个哈希不是当初写入的内容");
            rows.ok_or_else(|| self.damaged(changed.to_owned()))?
        };
        if hashes.len() as u64 == count {
            Ok(hashes)
        } else {
            Err(self.damaged(trf!(
                "hashes of its Merkle tree are missing at level {level}",
                "其 Merkle 树第 {level} 层缺少哈希"
            )))
        }
    }
}

/// The trees of changes and of break-glasses, whose rows are part of the state.
impl VerifiedCache {
    /// The hashes of a row.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`] if it is missing or not what was written, or what SQLite reports.
    pub(in crate::store) fn subject_row(&self, row: TreeRow) -> Result<Vec<Digest>, StoreError> {
        let key = StateKey::Tree(row);
        match self.record(Rows::Cache, &key)? {
            Some(StateRecord::Tree(_, hashes)) => Ok(hashes),
            _ => Err(self.damaged(trf!("its row {key} is missing", "缺少行 {key}"))),
        }
    }

    /// The numbers of the subjects, from 1, about which there are entries after entry `seq`.
    ///
    /// # Errors
    /// What SQLite reports.
    pub(in crate::store) fn subjects_after(&self, tree: SubjectTree, seq: u64) -> Result<BTreeSet<u64>, StoreError> {
        let column = column(tree);
        let sql = format!("SELECT DISTINCT {column} FROM log_entries WHERE seq > ?1 AND {column} IS NOT NULL");
        let select = self.conn().prepare_cached(&sql);
        let numbers = select.and_then(|mut select| select.query_map([seq], |row| row.get(0))?.collect());
        numbers.map_err(StoreError::cache(self.conn(), Doing::ReadCache))
    }

    /// The newest entry about a subject before entry `seq`.
    ///
    /// # Errors
    /// What SQLite reports.
    pub(in crate::store) fn latest_before(
        &self,
        tree: SubjectTree,
        number: u64,
        seq: u64,
    ) -> Result<Option<Head>, StoreError> {
        let column = column(tree);
        let sql =
            format!("SELECT seq, leaf FROM log_entries WHERE {column} = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1");
        Ok(self.select_heads(&sql, (number, seq))?.first().copied())
    }
}

/// The column of `log_entries` with the numbers of a tree's subjects.
fn column(tree: SubjectTree) -> &'static str {
    match tree {
        SubjectTree::Changes => "change",
        SubjectTree::BreakGlasses => "breakglass",
    }
}

fn key(level: u32, number: u64) -> String {
    format!("tree/{level}/{number}")
}

/// The value of a row: the hash, then the checksum of key and hash. SQLite does not detect changed bytes in a page.
fn summed(Node { level, number }: Node, hash: Digest) -> Vec<u8> {
    [*hash.as_bytes(), checksum(&key(level, number), hash.as_bytes())].concat()
}

fn hash(level: u32, number: u64, value: &[u8]) -> Option<Digest> {
    let (hash, sum) = value.split_first_chunk()?;
    (sum == checksum(&key(level, number), hash)).then(|| Digest::new(*hash))
}
