//! A consistent view of a database while others write.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Begins a consistent view, which lasts until the transaction is dropped; `None` inside a transaction, which is a
/// consistent view itself.
///
/// # Errors
/// What SQLite reports.
pub fn view(conn: &Connection) -> rusqlite::Result<Option<Transaction<'_>>> {
    let begin = || Transaction::new_unchecked(conn, TransactionBehavior::Deferred);
    conn.is_autocommit().then(begin).transpose()
}
