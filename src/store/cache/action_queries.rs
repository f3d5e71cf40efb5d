//! The SQL about the actions that reviews ask for, and about deviations.

use rusqlite::{Row, params};

use super::queries::{Queries, change_id};
use crate::domain::{ChangeId, DeviationId, PersonId, Time};
use crate::store::StoreError;
use crate::store::cache::verified::parsed;

/// An action that a review asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRow {
    /// The change.
    pub change: ChangeId,
    /// Its number among the actions of the change.
    pub number: u64,
    /// Who sees to it.
    pub owner: PersonId,
    /// By when.
    pub due: Time,
    /// The entry of the review, whose text says what it is.
    pub review: u64,
    /// The entry that says that it is done.
    pub done: Option<u64>,
}

impl Queries<'_> {
    /// The actions of all changes, or of one owner, the first due first; `open` leaves out those that are done.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn actions(&self, owner: Option<&PersonId>, open: bool) -> Result<Vec<ActionRow>, StoreError> {
        let sql = "SELECT change, number, owner, due, review, done FROM actions
            WHERE (?1 IS NULL OR owner = ?1) AND (NOT ?2 OR done IS NULL) ORDER BY due, change, number";
        self.select(sql, params![owner.map(PersonId::as_str), open], action_row)
    }

    /// The actions of this owner that are not done, the first due first.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn open_actions_of(&self, owner: &PersonId) -> Result<Vec<ActionRow>, StoreError> {
        let sql = "SELECT change, number, owner, due, review, done FROM actions
            WHERE owner = ?1 AND done IS NULL ORDER BY due, change, number";
        self.select(sql, [owner.as_str()], action_row)
    }

    /// The deviations that are not reviewed, in order.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn unreviewed_deviations(&self) -> Result<Vec<DeviationId>, StoreError> {
        let sql = "SELECT id FROM deviations WHERE reviewed IS NULL ORDER BY id";
        let numbers: Vec<u64> = self.select(sql, [], |row| row.get(0))?;
        Ok(numbers.into_iter().map(|number| DeviationId::after(number - 1)).collect())
    }
}

fn action_row(row: &Row<'_>) -> rusqlite::Result<ActionRow> {
    Ok(ActionRow {
        change: change_id(row)?,
        number: row.get(1)?,
        owner: parsed(row, 2)?,
        due: parsed(row, 3)?,
        review: row.get(4)?,
        done: row.get(5)?,
    })
}
