//! What was noticed and what is still to be sent: one SQLite file of this account, beside the verified cache.
//!
//! It holds no secret, no address and no text of a change. Every change is one durable transaction.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::failure::Reason;
use super::notice::{Choice, Notice};
use crate::domain::{Digest, Head, Time};
use crate::private::{self, PrivateError};
use crate::{tr, trf};

const SCHEMA: &str = "
    CREATE TABLE position (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, leaf TEXT NOT NULL) STRICT;
    CREATE TABLE told (key TEXT NOT NULL, person TEXT NOT NULL, PRIMARY KEY (key, person)) STRICT, WITHOUT ROWID;
    CREATE TABLE queue (
        n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, target TEXT NOT NULL, recipient TEXT NOT NULL,
        notice TEXT NOT NULL, choice TEXT NOT NULL, queued INTEGER NOT NULL, refused TEXT
    ) STRICT;
    CREATE INDEX queue_by_target ON queue (target, n);
    CREATE TABLE pause (
        target TEXT NOT NULL, recipient TEXT NOT NULL, failures INTEGER NOT NULL, until INTEGER NOT NULL,
        reason TEXT NOT NULL, PRIMARY KEY (target, recipient)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sent (target TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
    CREATE INDEX sent_by_target ON sent (target, at);
    PRAGMA user_version = 2;
";

/// The layout of the file.
const LAYOUT: i64 = 2;

/// After how many seconds a message that cannot be delivered is given up: a week.
const GIVEN_UP: i64 = 7 * 86_400;

/// The first and the longest pause after a failure, in seconds.
const FIRST_PAUSE: i64 = 30;
const LONGEST_PAUSE: i64 = 900;

/// In place of a recipient: the whole target.
const WHOLE: &str = "*";

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be made, or others could write it.
    #[error(transparent)]
    Private(#[from] PrivateError),
    /// SQLite cannot read or write it.
    #[error("{}", trf!("{}: {source}", "{}：{source}", .path.display()))]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A newer twinseal wrote it, or it is something else.
    #[error(
        "{}",
        trf!(
            "{} has layout {found}, and this twinseal knows {LAYOUT}",
            "{} 的布局为 {found}，而本版 twinseal 的布局为 {LAYOUT}",
            .path.display()
        )
    )]
    Layout {
        /// The file.
        path: PathBuf,
        /// Its layout.
        found: i64,
    },
    /// A row is not what was written.
    #[error("{}", trf!("{}: {what} is damaged", "{}：{what}已损坏", .path.display()))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which row.
        what: &'static str,
    },
}

/// Conditions that hold and were told: each a key, and a person whom it concerns.
pub type Told = BTreeSet<(String, String)>;

/// A message to queue.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Its id, by which a receiver can recognise a repeated one.
    pub id: String,
    /// The target.
    pub target: String,
    /// The person, or nothing if the target has its own recipients.
    pub recipient: String,
    /// What it says.
    pub notice: Notice,
    /// By what its receiver was chosen.
    pub choice: Choice,
}

/// A message of the queue that was not refused, for judging its receiver again.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its place.
    pub n: i64,
    /// See [`Queued::target`].
    pub target: String,
    /// See [`Queued::recipient`].
    pub recipient: String,
    /// See [`Queued::notice`].
    pub notice: Notice,
    /// See [`Queued::choice`].
    pub choice: Choice,
}

/// A message of the queue.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its place.
    pub n: i64,
    /// See [`Queued::id`].
    pub id: String,
    /// See [`Queued::recipient`].
    pub recipient: String,
    /// See [`Queued::notice`].
    pub notice: Notice,
}

/// Where the notices are.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The newest entry that was noticed.
    pub head: Head,
    /// What was told and still holds.
    pub told: Told,
}

/// What `notify status` says of a target.
#[derive(Debug, Clone)]
pub struct TargetState {
    /// Its name.
    pub name: String,
    /// The number of messages that wait.
    pub waiting: u64,
    /// When the oldest of them was queued.
    pub oldest: Option<Time>,
    /// The reasons of the messages that were refused or given up, oldest first, each with its subject.
    pub refused: Vec<(String, Reason)>,
    /// Until when it is left alone, and why.
    pub pause: Option<(Time, Reason)>,
    /// When a message was delivered last, within a week.
    pub delivered: Option<Time>,
}

/// The state.
pub struct State {
    conn: Connection,
    path: PathBuf,
}

impl State {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(path: &Path) -> Result<Self, StateError> {
        if !path.exists() {
            private::replace(path, "")?;
        }
        private::check_file(path)?;
        let failed = |source| StateError::Sqlite { path: path.to_owned(), source };
        let open = || -> rusqlite::Result<(Connection, i64)> {
            let conn = Connection::open(path)?;
            conn.busy_timeout(Duration::from_secs(5))?;
            conn.pragma_update(None, "trusted_schema", false)?;
            conn.pragma_update(None, "synchronous", "FULL")?;
            // What was delivered is overwritten.
            conn.pragma_update(None, "secure_delete", true)?;
            let layout: i64 = conn.query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))?;
            let empty: bool = conn.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
            if layout == 0 && empty {
                conn.execute_batch(&format!("BEGIN IMMEDIATE; {SCHEMA} COMMIT"))?;
                return Ok((conn, LAYOUT));
            }
            Ok((conn, layout))
        };
        match open().map_err(failed)? {
            (conn, LAYOUT) => Ok(Self { conn, path: path.to_owned() }),
            (_, found) => Err(StateError::Layout { path: path.to_owned(), found }),
        }
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> StateError + '_ {
        |source| StateError::Sqlite { path: self.path.clone(), source }
    }

    fn damaged(&self, what: &'static str) -> StateError {
        StateError::Damaged { path: self.path.clone(), what }
    }

    /// Where the notices are; `None` before the first run.
    ///
    /// # Errors
    /// SQLite's, or a damaged row.
    pub fn begun(&self) -> Result<Option<Begun>, StateError> {
        let row = |row: &Row<'_>| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?));
        let found = self.conn.query_row("SELECT seq, leaf FROM position", [], row).optional().map_err(self.failed())?;
        let Some((seq, leaf)) = found else { return Ok(None) };
        let leaf: Digest = leaf.parse().map_err(|_| self.damaged(tr!("the position", "位置")))?;
        let read = || -> rusqlite::Result<Told> {
            let mut select = self.conn.prepare("SELECT key, person FROM told")?;
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        Ok(Some(Begun { head: Head { seq, leaf }, told: read().map_err(self.failed())? }))
    }

    /// Saves where the notices are, and queues messages: all or nothing.
    ///
    /// # Errors
    /// SQLite's.
    pub fn advance(&mut self, old: &Told, begun: &Begun, queued: &[Queued], now: Time) -> Result<(), StateError> {
        let path = self.path.clone();
        let mut write = || -> rusqlite::Result<()> {
            let tx = self.conn.transaction()?;
            let Head { seq, leaf } = begun.head;
            tx.execute("INSERT OR REPLACE INTO position VALUES (1, ?1, ?2)", params![seq, leaf.to_string()])?;
            for (key, person) in old.difference(&begun.told) {
                tx.execute("DELETE FROM told WHERE key = ?1 AND person = ?2", [key, person])?;
            }
            for (key, person) in begun.told.difference(old) {
                tx.execute("INSERT OR IGNORE INTO told VALUES (?1, ?2)", [key, person])?;
            }
            for it in queued {
                let invalid = |error| rusqlite::Error::ToSqlConversionFailure(Box::new(error));
                let notice = serde_json::to_string(&it.notice).map_err(invalid)?;
                let choice = serde_json::to_string(&it.choice).map_err(invalid)?;
                tx.execute(
                    "INSERT OR IGNORE INTO queue (id, target, recipient, notice, choice, queued)
                        VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![it.id, it.target, it.recipient, notice, choice, now.unix()],
                )?;
            }
            tx.execute("DELETE FROM sent WHERE at < ?1", [now.unix() - GIVEN_UP])?;
            tx.execute(
                "UPDATE queue SET refused = ?2 WHERE refused IS NULL AND queued < ?1",
                params![now.unix() - GIVEN_UP, Reason::GivenUp.kept()],
            )?;
            tx.commit()
        };
        write().map_err(|source| StateError::Sqlite { path, source })
    }

    /// Every message that was not refused, oldest first.
    ///
    /// # Errors
    /// SQLite's, or a damaged row.
    pub fn pending(&self) -> Result<Vec<Pending>, StateError> {
        type Found = (i64, String, String, String, String);
        let read = || -> rusqlite::Result<Vec<Found>> {
            let sql = "SELECT n, target, recipient, notice, choice FROM queue WHERE refused IS NULL ORDER BY n";
            let mut select = self.conn.prepare(sql)?;
            select.query_map([], |row| row.try_into())?.collect()
        };
        let found = read().map_err(self.failed())?.into_iter();
        let whole = |(n, target, recipient, notice, choice): Found| {
            let notice = serde_json::from_str(&notice).ok()?;
            let choice = serde_json::from_str(&choice).ok()?;
            Some(Pending { n, target, recipient, notice, choice })
        };
        found
            .map(|row| whole(row).ok_or_else(|| self.damaged(tr!("a message of the queue", "队列中的一条消息"))))
            .collect()
    }

    /// Deletes messages that nobody is to get any more.
    ///
    /// # Errors
    /// SQLite's.
    pub fn withdraw(&mut self, places: &[i64]) -> Result<(), StateError> {
        self.change(|tx| {
            let mut delete = tx.prepare("DELETE FROM queue WHERE n = ?1")?;
            places.iter().try_for_each(|n| delete.execute([n]).map(|_| ()))
        })
    }

    /// The first message that can be sent to a target now.
    ///
    /// # Errors
    /// SQLite's, or a damaged row.
    pub fn next(&self, target: &str, now: Time) -> Result<Option<Job>, StateError> {
        let sql = "SELECT n, id, recipient, notice FROM queue AS q WHERE target = ?1 AND refused IS NULL
            AND NOT EXISTS (SELECT 1 FROM pause AS p WHERE p.target = q.target
                AND p.recipient IN (q.recipient, '*') AND p.until > ?2)
            ORDER BY n LIMIT 1";
        let row = |row: &Row<'_>| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
        };
        let found = self.conn.query_row(sql, params![target, now.unix()], row).optional().map_err(self.failed())?;
        let Some((n, id, recipient, notice)) = found else { return Ok(None) };
        let notice = serde_json::from_str(&notice)
            .map_err(|_| self.damaged(tr!("a message of the queue", "队列中的一条消息")))?;
        Ok(Some(Job { n, id, recipient, notice }))
    }

    /// The number of messages that were delivered to a target since a time.
    ///
    /// # Errors
    /// SQLite's.
    pub fn sent_since(&self, target: &str, since: Time) -> Result<u32, StateError> {
        let sql = "SELECT count(*) FROM sent WHERE target = ?1 AND at > ?2";
        self.conn.query_row(sql, params![target, since.unix()], |row| row.get(0)).map_err(self.failed())
    }

    /// A message was delivered.
    ///
    /// # Errors
    /// SQLite's.
    pub fn sent(&mut self, target: &str, job: &Job, now: Time) -> Result<(), StateError> {
        self.change(|tx| {
            tx.execute("DELETE FROM queue WHERE n = ?1", [job.n])?;
            tx.execute("INSERT INTO sent VALUES (?1, ?2)", params![target, now.unix()])?;
            tx.execute("DELETE FROM pause WHERE target = ?1 AND recipient IN (?2, '*')", [target, &job.recipient])?;
            Ok(())
        })
    }

    /// A message was refused: it is not sent again, unless somebody asks.
    ///
    /// # Errors
    /// SQLite's.
    pub fn refused(&mut self, job: &Job, reason: &Reason) -> Result<(), StateError> {
        self.change(|tx| {
            tx.execute("UPDATE queue SET refused = ?2 WHERE n = ?1", params![job.n, reason.kept()])?;
            Ok(())
        })
    }

    /// Leaves a recipient alone for a while, or the whole target: longer after each failure, or as long as it asks.
    ///
    /// # Errors
    /// SQLite's.
    pub fn pause(
        &mut self,
        (target, recipient): (&str, Option<&str>),
        (reason, after): (&Reason, Option<i64>),
        now: Time,
    ) -> Result<(), StateError> {
        let recipient = recipient.unwrap_or(WHOLE);
        self.change(|tx| {
            let known = "SELECT failures FROM pause WHERE target = ?1 AND recipient = ?2";
            let failures: u32 = tx.query_row(known, [target, recipient], |row| row.get(0)).optional()?.unwrap_or(0);
            let usual = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
            let until = now.unix() + after.map_or(usual, |asked| asked.max(1));
            tx.execute(
                "INSERT OR REPLACE INTO pause VALUES (?1, ?2, ?3, ?4, ?5)",
                params![target, recipient, failures + 1, until, reason.kept()],
            )?;
            Ok(())
        })
    }

    /// Puts the refused messages of a target back into the queue, ends its pauses, and returns how many there were.
    ///
    /// # Errors
    /// SQLite's.
    pub fn retry(&mut self, target: &str, now: Time) -> Result<usize, StateError> {
        self.change(|tx| {
            tx.execute("DELETE FROM pause WHERE target = ?1", [target])?;
            // They get another week.
            let again = "UPDATE queue SET refused = NULL, queued = ?2 WHERE target = ?1 AND refused IS NOT NULL";
            tx.execute(again, params![target, now.unix()])
        })
    }

    /// Deletes the refused messages of a target, and returns how many there were.
    ///
    /// # Errors
    /// SQLite's.
    pub fn drop_refused(&mut self, target: &str) -> Result<usize, StateError> {
        self.change(|tx| tx.execute("DELETE FROM queue WHERE target = ?1 AND refused IS NOT NULL", [target]))
    }

    fn change<T>(
        &mut self,
        change: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let path = self.path.clone();
        let write = || -> rusqlite::Result<T> {
            let tx = self.conn.transaction()?;
            let done = change(&tx)?;
            tx.commit()?;
            Ok(done)
        };
        write().map_err(|source| StateError::Sqlite { path, source })
    }

    /// What to say of each target that was ever sent something or has something to be sent, and of those named.
    ///
    /// # Errors
    /// SQLite's.
    pub fn targets(&self, named: BTreeSet<String>, now: Time) -> Result<Vec<TargetState>, StateError> {
        let read = || -> rusqlite::Result<Vec<TargetState>> {
            let mut select = self.conn.prepare("SELECT DISTINCT target FROM queue")?;
            let queued = select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
            let names: BTreeSet<String> = named.into_iter().chain(queued).collect();
            names.into_iter().map(|name| self.target(name, now)).collect()
        };
        read().map_err(self.failed())
    }

    fn target(&self, name: String, now: Time) -> rusqlite::Result<TargetState> {
        let time = |unix: Option<i64>| unix.and_then(|it| Time::from_unix(it).ok());
        let sql = "SELECT count(*), min(queued) FROM queue WHERE target = ?1 AND refused IS NULL";
        let (waiting, oldest) = self.conn.query_row(sql, [&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let sql =
            "SELECT notice ->> 'subject', refused FROM queue WHERE target = ?1 AND refused IS NOT NULL ORDER BY n";
        let mut select = self.conn.prepare(sql)?;
        let row = |row: &Row<'_>| Ok((row.get(0)?, Reason::of_kept(&row.get::<_, String>(1)?)));
        let refused = select.query_map([&name], row)?.collect::<Result<_, _>>()?;
        let sql = "SELECT until, reason FROM pause WHERE target = ?1 AND until > ?2 ORDER BY until DESC LIMIT 1";
        let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?));
        let pause = self.conn.query_row(sql, params![name, now.unix()], row).optional()?;
        let sql = "SELECT max(at) FROM sent WHERE target = ?1";
        let delivered = time(self.conn.query_row(sql, [&name], |row| row.get(0))?);
        let pause = pause.and_then(|(until, reason)| Some((Time::from_unix(until).ok()?, Reason::of_kept(&reason))));
        Ok(TargetState { name, waiting, oldest: time(oldest), refused, pause, delivered })
    }
}
