//! The SQL of audits: populations, and periods by their place in the log.

use rusqlite::{Params, params};

use super::queries::{Queries, change_id};
use crate::domain::{ChangeId, Digest, PersonId, Time};
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

    /// The entries of a period, by their place in the log: from the first to the last one that claims a time from `from`
    /// to before `to` and is not behind what others had claimed. An entry between them is one of them, whatever it claims.
    /// `None` if there is none.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn entries_between(&self, from: Time, to: Time) -> Result<Option<(u64, u64)>, StoreError> {
        let sql = "SELECT min(seq), max(seq) FROM log_entries WHERE time >= ?1 AND time < ?2 AND NOT behind";
        let found = self.select(sql, [from.to_string(), to.to_string()], |row| {
            Ok(row.get::<_, Option<u64>>(0)?.zip(row.get::<_, Option<u64>>(1)?))
        })?;
        Ok(found.into_iter().flatten().next())
    }

    /// The first entry that claims this time or a later one; `None` if none does.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn first_since(&self, time: Time) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT min(seq) FROM log_entries WHERE time >= ?1";
        Ok(self.select(sql, [time.to_string()], |row| row.get::<_, Option<u64>>(0))?.into_iter().flatten().next())
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
