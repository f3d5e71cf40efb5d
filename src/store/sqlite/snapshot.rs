//! A consistent view of a database while others write.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Reads see one state of the database until this is dropped, and share one lock.
pub struct Snapshot<'c> {
    /// `None` inside a transaction, which is a consistent view itself.
    _transaction: Option<Transaction<'c>>,
}

impl<'c> Snapshot<'c> {
    /// Begins a consistent view, or joins the transaction that is open.
    ///
    /// # Errors
    /// What SQLite reports.
    pub(in crate::store) fn hold(conn: &'c Connection) -> rusqlite::Result<Self> {
        let begin = || Transaction::new_unchecked(conn, TransactionBehavior::Deferred);
        Ok(Self { _transaction: if conn.is_autocommit() { Some(begin()?) } else { None } })
    }
}
