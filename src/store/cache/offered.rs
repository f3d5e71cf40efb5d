//! What completion offers of a register, each word with what it means.

use crate::domain::{ChangeId, StateKey, StateRecord, Target};
use crate::store::StoreError;
use crate::store::cache::queries::Queries;
use crate::store::cache::state::Rows;

/// Words, each with what it means.
pub type Offered = Vec<(String, String)>;

impl Queries<'_> {
    /// The proposals that are neither seconded, declined nor withdrawn, the newest first.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn offered_proposals(&self) -> Result<Offered, StoreError> {
        let sql = "SELECT id, kind || ' by ' || proposer FROM proposals WHERE state = 'open' ORDER BY id DESC";
        self.select(sql, [], |row| Ok((row.get::<_, i64>(0)?.to_string(), row.get(1)?)))
    }

    /// The freezes in force.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn offered_freezes(&self) -> Result<Offered, StoreError> {
        let sql = "SELECT name, coalesce('until ' || closes, '') FROM freezes WHERE ended IS NULL ORDER BY name";
        self.select(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The break-glasses, the newest first.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn offered_break_glasses(&self) -> Result<Offered, StoreError> {
        let sql = "SELECT 'BG-' || id, incident || ', by ' || person FROM breakglass ORDER BY id DESC";
        self.select(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The groups that somebody is or was in.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn groups(&self) -> Result<Vec<String>, StoreError> {
        self.select("SELECT DISTINCT name FROM groups ORDER BY name", [], |row| row.get(0))
    }

    /// The targets of a change's current revision; none if there is no such change.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`], or what SQLite reports.
    pub fn targets(&self, change: ChangeId) -> Result<Vec<Target>, StoreError> {
        match self.cache().record(Rows::Cache, &StateKey::Change(change))? {
            Some(StateRecord::Change(_, change)) => Ok(change.current().targets.to_vec()),
            _ => Ok(Vec::new()),
        }
    }
}
