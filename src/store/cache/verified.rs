//! The verified cache: the derived tables, filled only from entries that this account's twinseal has verified.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use rusqlite::Error::FromSqlConversionFailure;
use rusqlite::config::DbConfig;
use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row, Transaction, TransactionBehavior};

use crate::domain::{Action, Digest, Head, Invalid, ProposalId, Register};
use crate::format::{Entry, Raw};
use crate::private;
use crate::store::cache::rows::{Difference, OrderedRows, Span};
use crate::store::cache::{compare, rows, tables};
use crate::store::doing::{Doing, FileOp};
use crate::store::shared::{SharedStore, Snapshot};
use crate::store::sqlite::connect::harden;
use crate::store::sqlite::place::{beside, is_filled, open_main, open_with_wal};
use crate::store::sqlite::schema;
use crate::store::sqlite::schema::{STATE, TABLES, Table};
use crate::store::sqlite::shared::flush;
use crate::store::sqlite::snapshot::view;
use crate::store::{BUSY, Finding, StoreError};
use crate::{tr, trf};

/// `application_id` of a verified cache: "TWSV".
const APPLICATION: i32 = i32::from_be_bytes(*b"TWSV");

/// `user_version` of a verified cache: the layout and the version of the program, since another version may derive or
/// encode the state differently. A cache of another version is rebuilt, not converted.
const LAYOUT: i32 = i32::from_be_bytes([
    11,
    part(env!("CARGO_PKG_VERSION_MAJOR")),
    part(env!("CARGO_PKG_VERSION_MINOR")),
    part(env!("CARGO_PKG_VERSION_PATCH")),
]);

const fn part(version: &str) -> u8 {
    match u8::from_str_radix(version, 10) {
        Ok(part) => part,
        Err(_) => u8::MAX,
    }
}

/// The number of records of the state that a replay holds in memory: some megabytes.
const MOST_LOADED: usize = 4096;

/// The number of statements kept prepared: about as many as one entry needs.
const STATEMENTS: usize = 64;

/// Opening the cache reads the whole WAL file. Up to this size, in bytes, the cost is negligible.
const SHORT_LOG: u64 = 256 * 1024;

/// A writing transaction on a verified cache, rolled back unless it is committed.
pub struct CacheTransaction<'c> {
    cache: &'c VerifiedCache,
    transaction: Transaction<'c>,
}

impl CacheTransaction<'_> {
    /// Commits what was written since [`VerifiedCache::begin`].
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn commit(self) -> Result<(), StoreError> {
        let committed = self.transaction.commit();
        committed.map_err(StoreError::cache(&self.cache.conn, Doing::UpdateCache))
    }
}

/// One account's verified cache of one register.
pub struct VerifiedCache {
    conn: Connection,
    /// The number of records of the state that a replay may hold in memory.
    pub most_loaded: usize,
}

impl VerifiedCache {
    /// Opens the cache at a path, or creates an empty one; `true` if it replaced an unusable one.
    ///
    /// # Errors
    /// Others may write it, or what the system or SQLite reports.
    pub fn open(path: &Path) -> Result<(Self, bool), StoreError> {
        // Only one process of the account at a time: it must not delete a cache that another is creating.
        let _turn = turn(path)?;
        private::check_file(path)?;
        let stood = path.exists();
        if stood {
            match Self::open_existing(path) {
                Ok(cache) => {
                    cache.keep_log(path).map_err(StoreError::cache(&cache.conn, Doing::OpenCache))?;
                    return Ok((cache, false));
                }
                Err(error) if matches!(error, StoreError::Busy { .. }) || error.lacks_room() => return Err(error),
                Err(_) => {}
            }
        }
        remove(path)?;
        // SQLite would make it by the umask, and the files beside it with the same permissions.
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        made.map_err(StoreError::io(FileOp::MakeCache, path))?;
        let conn = Connection::open(path).and_then(Self::fill_new);
        Ok((Self::with(conn.map_err(StoreError::sqlite(Doing::MakeCache))?), stood))
    }

    /// Keeps the WAL file when the last process closes the cache, if it is short and nothing was redacted. Writing it
    /// back and starting a new one costs four syncs, more than the rest of a small command. Entries that a power
    /// failure takes from the cache are verified again.
    fn keep_log(&self, path: &Path) -> rusqlite::Result<()> {
        let length = fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
        let redacted =
            self.conn.query_row("SELECT EXISTS (SELECT 1 FROM redactions)", [], |row| row.get::<_, bool>(0))?;
        let keep = length < SHORT_LOG && !redacted;
        self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map(|_| ())
    }

    /// An empty cache that is deleted when it is closed.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn temporary() -> Result<Self, StoreError> {
        // SQLite opens a temporary file for an empty name.
        let conn = Connection::open("").and_then(Self::fill_new);
        Ok(Self::with(conn.map_err(StoreError::sqlite(Doing::MakeTemporaryCache))?))
    }

    fn open_existing(path: &Path) -> Result<Self, StoreError> {
        let doing = || StoreError::sqlite(Doing::OpenCache);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(doing())?;
        harden(&conn).map_err(doing())?;
        conn.pragma_update(None, "synchronous", "NORMAL").map_err(doing())?;
        Self::checked(conn)
    }

    /// Opens the cache at a path as it is, to read it. Creates, repairs and changes nothing, and waits for nobody.
    ///
    /// # Errors
    /// There is none or it is not usable, others may write it, or what SQLite reports.
    pub fn open_as_it_is(path: &Path) -> Result<Self, StoreError> {
        let doing = || StoreError::sqlite(Doing::OpenCache);
        let path = &path.canonicalize().map_err(StoreError::io(FileOp::Read, path))?;
        private::check_file(path)?;
        let conn = if is_filled(&beside(path, "-wal")) { open_with_wal(path) } else { open_main(path) };
        let conn = conn.map_err(doing())?;
        conn.busy_timeout(Duration::ZERO).map_err(doing())?;
        Self::checked(conn)
    }

    fn checked(conn: Connection) -> Result<Self, StoreError> {
        let doing = || StoreError::sqlite(Doing::OpenCache);
        let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
        let ours = pragma("application_id").map_err(doing())? == APPLICATION
            && pragma("user_version").map_err(doing())? == LAYOUT
            && schema::compare(&conn, schema::Part::Copy)?.is_empty();
        if ours {
            Ok(Self::with(conn))
        } else {
            Err(StoreError::Broken(Finding::of_file("cache", tr!("not a verified cache", "不是已验证缓存"))))
        }
    }

    fn with(conn: Connection) -> Self {
        conn.set_prepared_statement_cache_capacity(STATEMENTS);
        Self { conn, most_loaded: MOST_LOADED }
    }

    fn fill_new(conn: Connection) -> rusqlite::Result<Connection> {
        harden(&conn)?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "NORMAL")?;
        conn.pragma_update(None, "application_id", APPLICATION)?;
        conn.pragma_update(None, "user_version", LAYOUT)?;
        conn.execute_batch(&format!("BEGIN; {} COMMIT;", schema::statements(schema::Part::Copy)))?;
        Ok(conn)
    }

    /// The connection, for the modules with SQL.
    pub(in crate::store) fn conn(&self) -> &Connection {
        &self.conn
    }

    /// Begins a writing transaction. Waits a limited time for other processes of this account.
    ///
    /// # Errors
    /// [`StoreError::Busy`], or another error of SQLite.
    pub fn begin(&self, patience: Duration) -> Result<CacheTransaction<'_>, StoreError> {
        let begun = self.conn.busy_timeout(patience);
        let transaction = begun
            .and_then(|()| Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate))
            .map_err(StoreError::cache(&self.conn, Doing::UpdateCache))?;
        Ok(CacheTransaction { cache: self, transaction })
    }

    /// Projects a verified entry onto the tables and the Merkle tree; `after` is the state with the entry applied, and
    /// `seconded` the action of the proposal that it seconded.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn project(&self, entry: &Entry, seconded: Option<&Action>, after: &Register) -> Result<(), StoreError> {
        let projected = tables::project(&self.conn, entry, seconded, after);
        projected.map_err(StoreError::cache(&self.conn, Doing::UpdateCache))?;
        self.extend_tree(entry.header.seq)
    }

    /// Whether another cache of the same register differs in its tables or its state.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn differs(&self, other: &Self) -> Result<bool, StoreError> {
        compare::differs(&self.conn, &other.conn)
    }

    /// Passes on each difference between rows of a table here and elsewhere: [`rows::merge`].
    ///
    /// # Errors
    /// What SQLite, the rows or `visit` reports.
    pub fn merge(
        &self,
        table: (Table, &Span),
        theirs: &mut dyn OrderedRows,
        visit: &mut dyn FnMut(Difference<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        rows::merge_with_cache(&self.conn, table, theirs, visit)
    }

    /// The changes that entries after `seq` concern, or a redaction that was seconded after it.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn changes_after(&self, seq: u64) -> Result<Vec<u64>, StoreError> {
        let sql = "SELECT change FROM log_entries WHERE seq > ?1 AND change IS NOT NULL
            UNION SELECT l.change FROM redactions r JOIN log_entries l USING (seq) JOIN proposals p ON p.id = r.proposal
            WHERE p.ended > ?1 AND l.change IS NOT NULL";
        let select = self.conn.prepare_cached(sql);
        let rows = select.and_then(|mut select| select.query_map([seq], |row| row.get(0))?.collect());
        rows.map_err(StoreError::cache(&self.conn, Doing::ReadCache))
    }

    /// Marks a point within the transaction.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn mark(&self) -> Result<(), StoreError> {
        let doing = Doing::UpdateCache;
        self.conn.execute_batch("SAVEPOINT mark").map_err(StoreError::cache(&self.conn, doing))
    }

    /// Rolls back to the point marked last.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn back_to_mark(&self) -> Result<(), StoreError> {
        let doing = Doing::UpdateCache;
        self.conn.execute_batch("ROLLBACK TO mark").map_err(StoreError::cache(&self.conn, doing))
    }

    /// A consistent view until it is dropped, while other processes of this account may write.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn hold_snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let view = view(&self.conn).map_err(StoreError::cache(&self.conn, Doing::ReadCache));
        view.map(Snapshot::of)
    }

    /// The newest entry in it.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        let newest = self.conn.prepare_cached("SELECT seq, leaf FROM log_entries ORDER BY seq DESC LIMIT 1");
        let row = newest.and_then(|mut newest| newest.query_row([], head).optional());
        row.map_err(StoreError::cache(&self.conn, Doing::ReadCache))
    }

    /// The leaf hash of an entry in it.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn leaf(&self, seq: u64) -> Result<Option<Digest>, StoreError> {
        let doing = || StoreError::cache(&self.conn, Doing::ReadCache);
        let mut select =
            self.conn.prepare_cached("SELECT seq, leaf FROM log_entries WHERE seq = ?1").map_err(doing())?;
        Ok(select.query_row([seq], head).optional().map_err(doing())?.map(|head| head.leaf))
    }

    /// Up to `count` entries, starting at `from`.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn heads(&self, from: u64, count: usize) -> Result<Vec<Head>, StoreError> {
        self.select_heads("SELECT seq, leaf FROM log_entries WHERE seq >= ?1 ORDER BY seq LIMIT ?2", (from, count))
    }

    pub(super) fn select_heads(&self, sql: &str, params: impl Params) -> Result<Vec<Head>, StoreError> {
        let select = self.conn.prepare_cached(sql);
        let rows = select.and_then(|mut select| select.query_map(params, head)?.collect());
        rows.map_err(StoreError::cache(&self.conn, Doing::ReadCache))
    }

    /// The governance entries up to some entry.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn governance_until(&self, until: u64) -> Result<Vec<Head>, StoreError> {
        self.select_heads("SELECT seq, leaf FROM log_entries WHERE change IS NULL AND seq <= ?1 ORDER BY seq", [until])
    }

    /// Every text that was redacted up to some entry, by a proposal that was seconded after another: its entry, its
    /// digest, and the proposal.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn redactions(&self, after: Option<u64>, until: u64) -> Result<Vec<(u64, Digest, ProposalId)>, StoreError> {
        let sql = "SELECT r.seq, l.text, r.proposal FROM redactions r JOIN log_entries l USING (seq)
            JOIN proposals p ON p.id = r.proposal
            WHERE p.ended > ifnull(?1, -1) AND p.ended <= ?2 ORDER BY r.seq";
        let select = self.conn.prepare_cached(sql);
        let rows = select.and_then(|mut select| {
            let row = |row: &Row<'_>| Ok((row.get(0)?, parsed(row, 1)?, proposal(row.get(2)?)));
            select.query_map((after, until), row)?.collect()
        });
        rows.map_err(StoreError::cache(&self.conn, Doing::ReadCache))
    }

    /// Whether an entry can have said the name of a person: it enrolled them, or it asked for that without success.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn may_name(&self, seq: u64, person: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM log_entries l WHERE seq = ?1 AND kind IN ('init', 'propose')
            AND (EXISTS (SELECT 1 FROM people WHERE id = ?2)
                OR EXISTS (SELECT 1 FROM proposals WHERE id = l.proposal AND state <> 'seconded')))";
        let found = self.conn.query_row(sql, (seq, person), |row| row.get(0));
        found.map_err(StoreError::cache(&self.conn, Doing::ReadCache))
    }

    /// The proposal that redacted the text of an entry, if one did.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn redacted(&self, seq: u64) -> Result<Option<ProposalId>, StoreError> {
        let select = self.conn.prepare_cached("SELECT proposal FROM redactions WHERE seq = ?1");
        let row = select.and_then(|mut select| select.query_row([seq], |row| row.get::<_, u64>(0)).optional());
        let row = row.map_err(StoreError::cache(&self.conn, Doing::ReadCache))?;
        Ok(row.map(proposal))
    }

    /// Removes redacted texts from the WAL file too. If another process of this account is reading, the next redaction
    /// does it, or the last process to close the cache.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn flush(&self) -> Result<(), StoreError> {
        let closing = self.conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false);
        closing.and_then(|_| flush(&self.conn)).map(|_| ()).map_err(StoreError::cache(&self.conn, Doing::Redact))
    }

    /// Replaces the content of this cache by that of another.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn replace_with(&self, other: &Self) -> Result<(), StoreError> {
        let doing = || StoreError::cache(&self.conn, Doing::FillCache);
        let tx = self.begin(BUSY)?;
        compare::refill(&self.conn, &other.conn, TABLES).map_err(doing())?;
        compare::refill(&self.conn, &other.conn, STATE).map_err(doing())?;
        tx.commit()
    }

    /// Compares the earlier entry that an entry links to with the cache. If they differ, rows of the cache are missing.
    pub(in crate::store) fn links(&self, seq: u64, named: Digest, before: Digest) -> Result<(), StoreError> {
        if named == before {
            Ok(())
        } else {
            Err(self.damaged(trf!("rows before entry {seq} are missing", "缺少第 {seq} 条之前的行")))
        }
    }

    /// The error for a damaged cache.
    pub fn damaged(&self, what: String) -> StoreError {
        StoreError::CacheDamaged { path: self.conn.path().unwrap_or_default().into(), what }
    }
}

pub(super) fn proposal(number: u64) -> ProposalId {
    ProposalId::after(number.saturating_sub(1))
}

fn head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head { seq: row.get(0)?, leaf: parsed(row, 1)? })
}

/// Parses the text of a column.
///
/// # Errors
/// What SQLite reports, or [`FromSqlConversionFailure`] if the text is not a valid value.
pub fn parsed<T: FromStr<Err = Invalid>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|invalid| FromSqlConversionFailure(column, Type::Text, Box::<Invalid>::new(invalid)))
}

/// An entry that was verified before, read from the shared file and compared with its known leaf hash.
///
/// # Errors
/// [`StoreError::Broken`] if the file now has another entry there, or none.
pub fn verified_before(shared: &dyn SharedStore, at: Head) -> Result<Raw, StoreError> {
    match shared.entry(at.seq)? {
        Some(raw) if raw.leaf() == at.leaf => Ok(raw),
        _ => Err(StoreError::Broken(replaced(at.seq))),
    }
}

/// Deletes a damaged cache; the next command builds a new one.
///
/// # Errors
/// What the system reports.
pub fn discard(path: &Path) -> Result<(), StoreError> {
    let _turn = turn(path)?;
    remove(path)
}

fn turn(path: &Path) -> Result<fs::File, StoreError> {
    Ok(private::lock(&path.with_extension("lock"))?)
}

fn remove(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        match fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io(FileOp::Remove, path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The finding for an entry that differs from the one verified before.
pub fn replaced(seq: u64) -> Finding {
    let meaning = tr!("is not the entry that this account verified here before", "不是本账号此前在此核验过的日志条目");
    Finding::at(seq, "replaced", meaning)
}
