//! Folds the verified log once more into a state of its own: for questions about every moment, and about what would have
//! been without some entries. Nothing of it is kept.

use std::vec;

use super::verified_log::VerifiedLog;
use crate::domain::{Denied, Digest, Event, Head, Header, Refusal, Register};
use crate::format::entry;
use crate::store::cache::state::Rows;
use crate::store::cache::verified::{VerifiedCache, verified_before};
use crate::store::verify::outliers::Outliers;
use crate::store::{Finding, StoreError};

/// The number of leaf hashes read from the cache at a time.
const AT_A_TIME: usize = 512;

/// A verified entry without its text.
#[derive(Debug)]
pub struct EntryBody {
    /// Its header.
    pub header: Header,
    /// Its event.
    pub event: Event,
    /// Its leaf hash.
    pub leaf: Digest,
}

/// A second fold of the verified log, entry by entry.
pub struct Refold<'l> {
    log: &'l VerifiedLog,
    /// Holds the records of the state that are not loaded.
    cache: VerifiedCache,
    state: Register,
    heads: vec::IntoIter<Head>,
    next: u64,
}

impl VerifiedLog {
    /// A fold from entry 0 on.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn refold(&self) -> Result<Refold<'_>, StoreError> {
        let cache = VerifiedCache::temporary()?;
        // In one transaction, which is never committed.
        cache.mark()?;
        cache.begin_replay()?;
        Ok(Refold { log: self, cache, state: Register::default(), heads: Vec::new().into_iter(), next: 0 })
    }

    /// The wrong clocks among the entries from `first` to `last`: claims that are behind or ahead of what most other people
    /// claim. Later entries show that one was ahead.
    ///
    /// # Errors
    /// As [`Refold::next_entry`].
    pub fn outliers(
        &self,
        (first, last): (u64, u64),
        progress: &mut dyn FnMut(u64),
    ) -> Result<Vec<Finding>, StoreError> {
        let (mut fold, mut outliers) = (self.refold()?, Outliers::default());
        while let Some(it) = fold.next_entry()? {
            progress(it.header.seq);
            if it.header.seq == first {
                outliers.begin_runs_anew();
            }
            fold.apply(&it)?.map_err(|refusal| self.cache.damaged(refusal.to_string()))?;
            let taken = fold.ask(|state| Ok(outliers.take(&it.header, state)?))?;
            taken.map_err(|refusal| self.cache.damaged(refusal.to_string()))?;
        }
        let within = |it: &Finding| it.seq.is_some_and(|seq| (first..=last).contains(&seq));
        Ok(outliers.notices().into_iter().filter(within).collect())
    }
}

impl Refold<'_> {
    /// The next entry; `None` after the last one. It is not applied.
    ///
    /// # Errors
    /// An entry of the shared file that differs from the verified one, or an SQLite error.
    pub fn next_entry(&mut self) -> Result<Option<EntryBody>, StoreError> {
        if self.heads.len() == 0 {
            self.heads = self.log.cache.heads(self.next, AT_A_TIME)?.into_iter();
        }
        let Some(head) = self.heads.next() else { return Ok(None) };
        self.next = head.seq + 1;
        let raw = verified_before(&*self.log.shared, head)?;
        let (header, event) =
            entry::read_verified_body(&raw).map_err(|defect| StoreError::defect(head.seq, &defect))?;
        Ok(Some(EntryBody { header, event, leaf: head.leaf }))
    }

    /// Runs `question` on the state after the entries that were applied.
    ///
    /// # Errors
    /// The outer result: an SQLite error. The refusal of a rule is the inner result.
    pub fn ask<T>(
        &mut self,
        question: impl FnMut(&mut Register) -> Result<T, Denied>,
    ) -> Result<Result<T, Refusal>, StoreError> {
        if self.state.loaded() > self.cache.most_loaded {
            self.cache.write(Rows::Replay, &mut self.state)?;
            self.state.unload();
        }
        self.cache.ask(Rows::Replay, &mut self.state, question)
    }

    /// Applies an entry. Without the entries that it rests on, it may have nothing to change: the inner result says so, and
    /// the state is as before.
    ///
    /// # Errors
    /// An SQLite error.
    pub fn apply(&mut self, it: &EntryBody) -> Result<Result<(), Refusal>, StoreError> {
        self.ask(|state| state.apply(&it.header, it.leaf, &it.event).map(|_| ()))
    }
}
