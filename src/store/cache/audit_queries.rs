//! The SQL of audits: populations, and periods by their place in the log.

use std::collections::BTreeMap;

use rusqlite::{Params, params};

use super::queries::{Queries, change_id};
use crate::domain::{ChangeId, Digest, PersonId, Time, Whose};
use crate::store::StoreError;
use crate::store::cache::verified::parsed;

/// A change that was started, by the entry of its first start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The change.
    pub change: ChangeId,
    /// The entry of its first start.
    pub seq: u64,
    /// The leaf hash of that entry.
    pub leaf: Digest,
    /// The time that it claims.
    pub time: Time,
    /// Who started it.
    pub person: PersonId,
}

impl Queries<'_> {
    /// The changes whose first start claims a time from `from` to before `to`, among the first `size` entries, in the order
    /// of their numbers.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn started_between(&self, from: Time, to: Time, size: u64) -> Result<Vec<Started>, StoreError> {
        let params = params![from.to_string(), to.to_string(), size];
        self.started("time >= ?1 AND time < ?2 AND seq < ?3", params)
    }

    /// The changes whose first start is one of the entries from `first` to `last`, in the order of their numbers.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn started_in(&self, first: u64, last: u64) -> Result<Vec<Started>, StoreError> {
        self.started("seq >= ?1 AND seq <= ?2", params![first, last])
    }

    fn started(&self, which: &str, params: impl Params) -> Result<Vec<Started>, StoreError> {
        let sql = format!(
            "SELECT change, seq, leaf, time, person
                FROM (SELECT change, min(seq) AS seq FROM runs WHERE act = 'start' GROUP BY change)
                JOIN (SELECT seq, time, person FROM runs) USING (seq)
                JOIN (SELECT seq, leaf FROM log_entries) USING (seq)
                WHERE {which} ORDER BY change"
        );
        self.select(&sql, params, |row| {
            let (seq, person) = (row.get(1)?, parsed(row, 4)?);
            Ok(Started { change: change_id(row)?, seq, leaf: parsed(row, 2)?, time: parsed(row, 3)?, person })
        })
    }

    /// Where a time begins in the log: the first entry that claims it or a later one, and the entry after the newest one
    /// that claims an earlier time and is not behind what others had claimed; the smaller number first. They differ where
    /// clocks do. Either is the number after the newest entry if there is none.
    ///
    /// Whoever takes a period from the first number of its beginning to the second one of its end has every entry in at
    /// least one of two neighbouring periods, whatever anybody claims.
    ///
    /// `apart_from` does not say where it begins later: where its acts are in question, its claims are too.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn beginning_of(&self, time: Time, apart_from: Option<&Whose>) -> Result<(u64, u64), StoreError> {
        let (column, not) = match apart_from {
            Some(Whose::Account(account)) => ("actor", account.to_string()),
            Some(Whose::Key(key)) => ("key", key.to_string()),
            None => ("actor", String::new()),
        };
        let sql = format!(
            "SELECT seq FROM log_entries WHERE time < ?1 AND NOT behind AND {column} <> ?2 ORDER BY seq DESC LIMIT 1"
        );
        let before = self.select(&sql, params![time.to_string(), not], |row| row.get::<_, u64>(0))?.pop();
        let after = before.map_or(0, |seq| seq + 1);
        let sql = "SELECT coalesce((SELECT min(seq) FROM log_entries WHERE time >= ?1), (SELECT max(seq) + 1 FROM log_entries), 0)";
        let first = self.select(sql, [time.to_string()], |row| row.get::<_, u64>(0))?.pop().unwrap_or(0);
        Ok((first.min(after), first.max(after)))
    }

    /// The effective times of the entries whose claims were behind by more than is tolerated.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn corrected_times(&self) -> Result<BTreeMap<u64, Time>, StoreError> {
        let sql = "SELECT seq, effective FROM log_entries WHERE effective <> time";
        Ok(self.select(sql, [], |row| Ok((row.get(0)?, parsed(row, 1)?)))?.into_iter().collect())
    }

    /// The entry among the first `size` that claims the latest time, and that time.
    ///
    /// # Errors
    /// What SQLite reports, or a damaged cache.
    pub fn latest_claim(&self, size: u64) -> Result<Option<(u64, Time)>, StoreError> {
        let sql = "SELECT seq, time FROM log_entries WHERE seq < ?1 ORDER BY time DESC, seq LIMIT 1";
        Ok(self.select(sql, [size], |row| Ok((row.get(0)?, parsed(row, 1)?)))?.pop())
    }

    /// The newest entry of each account, with the time that it claims.
    ///
    /// # Errors
    /// What SQLite reports, or a damaged cache.
    pub fn newest_acts(&self) -> Result<Vec<(PersonId, u64, Time)>, StoreError> {
        let sql = "SELECT actor, seq, time FROM (SELECT actor, max(seq) AS seq FROM log_entries GROUP BY actor)
            JOIN (SELECT seq, time FROM log_entries) USING (seq)";
        self.select(sql, [], |row| Ok((parsed(row, 0)?, row.get(1)?, parsed(row, 2)?)))
    }
}
