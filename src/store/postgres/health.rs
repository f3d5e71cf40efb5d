//! What a server says of the things on which entries depend once they are acknowledged. Only shown: it may lie.

use crate::store::StoreError;
use crate::store::doing::Doing;
use crate::store::postgres::error::ConnectError;
use crate::store::postgres::fault::malformed;
use crate::store::postgres::shared::SharedDatabase;

/// The condition of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Its version.
    pub version: String,
    /// `synchronous_standby_names`: empty if no standby confirms a commit.
    pub standbys: String,
    /// How many standbys follow it, without those that are known to confirm nothing: only a role with the rights of
    /// `pg_monitor` is told that.
    pub followers: i64,
    /// Whether a commit reaches the disk before it is acknowledged: `fsync` and `full_page_writes`.
    pub durable: bool,
    /// Whether two statements of one connection reached two sessions: a pooler gives each transaction another one, and the
    /// turn to write stays with the session that took it.
    pub pooled: bool,
    /// The role of this connection.
    pub role: String,
    /// Whether it may record entries.
    pub records: bool,
    /// Whether it may redact texts, and mark a register as moved.
    pub administers: bool,
    /// Whether it is a superuser, whom no right limits.
    pub superuser: bool,
}

impl SharedDatabase {
    /// Why no standby is read, if one was asked for and others failed.
    pub fn without_standby(&self) -> Option<&ConnectError> {
        self.link().without_standby()
    }

    /// Asks for the condition of the server.
    ///
    /// # Errors
    /// What the server reports.
    pub fn health(&self) -> Result<Health, StoreError> {
        let settings = "SELECT current_setting('server_version'), current_setting('synchronous_standby_names'),
            current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on', pg_backend_pid(),
            (SELECT count(*) FROM pg_stat_replication WHERE sync_state IS DISTINCT FROM 'async'), current_user::text,
            has_table_privilege('twinseal.entry', 'INSERT'), has_table_privilege('twinseal.moved', 'INSERT'),
            current_setting('is_superuser') = 'on'";
        let (doing, link) = (Doing::ReadLog, self.link());
        let row = link.with(doing, |client| client.query_typed_one(settings, &[]))?;
        let again = link.with(doing, |client| client.query_typed_one("SELECT pg_backend_pid()", &[]))?;
        let (before, after): (i32, i32) =
            (row.try_get(3).map_err(malformed(doing))?, again.try_get(0).map_err(malformed(doing))?);
        Ok(Health {
            version: row.try_get(0).map_err(malformed(doing))?,
            standbys: row.try_get(1).map_err(malformed(doing))?,
            durable: row.try_get(2).map_err(malformed(doing))?,
            followers: row.try_get(4).map_err(malformed(doing))?,
            pooled: before != after,
            role: row.try_get(5).map_err(malformed(doing))?,
            records: row.try_get(6).map_err(malformed(doing))?,
            administers: row.try_get(7).map_err(malformed(doing))?,
            superuser: row.try_get(8).map_err(malformed(doing))?,
        })
    }
}
