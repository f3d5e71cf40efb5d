//! The shared database: the log on a PostgreSQL server, which orders the entries and keeps them. Like a file, it is
//! believed in nothing: whoever owns the server is the adversary.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use postgres::Client;
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::Type;

use crate::domain::{Head, Time};
use crate::format::Raw;
use crate::store::cache::tables::Tables;
use crate::store::cache::verified::VerifiedCache;
use crate::store::doing::Doing;
use crate::store::postgres::fault::{BUSY, failed, fault, is_lost, malformed};
use crate::store::postgres::link::Link;
use crate::store::postgres::queue;
use crate::store::postgres::rows::{Batch, Value, before_entry_0, raw, redact_texts, signed, unsigned};
use crate::store::postgres::told::{self, Newest};
use crate::store::shared::{Appended, Compared, Following, Past, Refilled, SharedStore, Snapshot, Turn, Writer};
use crate::store::{Finding, StoreError};
use crate::tr;

const ENTRY: &str = "SELECT seq, blob, text, data FROM twinseal.entry WHERE register = $1 AND seq = $2";
const SCAN: &str = "SELECT seq, blob, text, data FROM twinseal.entry WHERE register = $1 AND seq >= $2 ORDER BY seq";

/// Inserts an entry if the leaf hash of the newest one is still the given one, and wakes who waits for entries: the answer
/// has one row then. Two that do so at once violate the primary key. Everybody in the database can listen, so only the
/// register is told.
const APPEND: &str = r"WITH inserted AS (
    INSERT INTO twinseal.entry (register, seq, blob, text, data) SELECT $1, $2, $3, $4, $5
    WHERE NOT EXISTS (SELECT FROM twinseal.entry WHERE register = $1 AND seq >= $2)
    AND NOT EXISTS (SELECT FROM twinseal.moved WHERE register = $1)
    AND ($2 = 0 OR (SELECT sha256('\x00'::bytea || blob) = $6 FROM twinseal.entry WHERE register = $1 AND seq = $2 - 1))
    RETURNING register)
    SELECT pg_notify('twinseal', register) FROM inserted";

/// Marks a register if the leaf hash of its newest entry is the given one. Nothing is inserted into a marked one.
const MARK: &str = r"INSERT INTO twinseal.moved (register, place) SELECT $1, $2
    WHERE NOT EXISTS (SELECT FROM twinseal.entry WHERE register = $1 AND seq > $3)
    AND (SELECT sha256('\x00'::bytea || blob) = $4 FROM twinseal.entry WHERE register = $1 AND seq = $3)";

/// A register on a server.
pub struct SharedDatabase {
    pub(super) link: Rc<Link>,
    /// The address, with the name of the register in it.
    pub(super) place: PathBuf,
    /// The id of the register, by which the database knows it.
    pub(super) register: String,
    /// The newest row, as long as the server told it just now.
    pub(super) newest: Rc<Newest>,
    /// Entry 0, once the server has told it.
    pub(super) first: RefCell<Option<Raw>>,
    /// Where the register had moved to when it was opened.
    pub(super) moved: RefCell<Option<PathBuf>>,
    /// Whether a consistent view is held.
    view: Cell<bool>,
    /// Whether the server was asked to tell what is recorded.
    pub(super) listening: Cell<bool>,
}

impl SharedDatabase {
    /// The connection.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    pub(super) fn of(link: Link, place: PathBuf, register: String) -> Self {
        let (newest, first, moved) = (Rc::default(), RefCell::default(), RefCell::default());
        let (view, listening) = (Cell::new(false), Cell::new(false));
        Self { link: Rc::new(link), place, register, newest, first, moved, view, listening }
    }

    /// Inserts an entry, and redacts texts in the same transaction. Returns the number of rows inserted.
    fn insert(
        &self,
        client: &mut Client,
        (head, raw): (Option<Head>, &Raw),
        redact: &[u64],
    ) -> Result<u64, postgres::Error> {
        let (seq, leaf) = (signed(raw.seq), head.map(|head| head.leaf.as_bytes().to_vec()));
        let values: &[Value<'_>] = &[
            (&self.register, Type::TEXT),
            (&seq, Type::INT8),
            (&raw.blob, Type::BYTEA),
            (&raw.text, Type::BYTEA),
            (&raw.data, Type::BYTEA),
            (&leaf, Type::BYTEA),
        ];
        if redact.is_empty() {
            return client.execute_typed(APPEND, values);
        }
        let mut tx = client.transaction()?;
        let inserted = tx.execute_typed(APPEND, values)?;
        if inserted == 1 {
            redact_texts(&mut tx, &self.register, redact)?;
            tx.commit()?;
        }
        Ok(inserted)
    }

    /// Nothing was inserted: somebody was first, or the server discards what is written.
    fn not_inserted(&self, head: Option<Head>, seq: u64) -> Result<Appended, StoreError> {
        if let Some(to) = self.moved_by_now()? {
            return Err(StoreError::Moved { path: self.place.clone(), to });
        }
        let newest = self.newest()?;
        let found = newest.map(|seq| self.entry(seq)).transpose()?.flatten().map(|raw| raw.leaf());
        if newest == head.map(|head| head.seq) && found == head.map(|head| head.leaf) {
            return Err(StoreError::not_kept(seq));
        }
        Ok(Appended::HeadMoved)
    }

    /// Where the register has moved to by now.
    pub(super) fn moved_by_now(&self) -> Result<Option<PathBuf>, StoreError> {
        let sql = "SELECT place FROM twinseal.moved WHERE register = $1";
        let values: &[Value<'_>] = &[(&self.register, Type::TEXT)];
        let row = self.link.with(Doing::OpenRegister, |client| client.query_typed_opt(sql, values))?;
        let place = row.map(|row| row.try_get::<_, String>(0).map_err(malformed(Doing::OpenRegister))).transpose()?;
        Ok(place.map(told::new_place))
    }

    /// The server is asked again for the newest row, and for entry 0 if its text is redacted now.
    fn forget(&self, redacted: &[u64]) {
        self.newest.forget();
        if redacted.contains(&0) {
            self.first.replace(None);
        }
    }

    fn redact(&self, seqs: &[u64]) -> Result<(), StoreError> {
        if seqs.is_empty() {
            return Ok(());
        }
        self.link.with(Doing::Redact, |client| {
            let mut tx = client.transaction()?;
            redact_texts(&mut tx, &self.register, seqs)?;
            tx.commit()
        })
    }
}

impl SharedStore for SharedDatabase {
    fn place(&self) -> &Path {
        &self.place
    }

    fn is_backup(&self) -> bool {
        false
    }

    fn following(&self) -> Result<Option<Following>, StoreError> {
        if !self.link.is_standby() {
            return Ok(None);
        }
        let sql = "SELECT extract(epoch FROM pg_last_xact_replay_timestamp())::bigint,
            extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::bigint";
        let (doing, row) =
            (Doing::OpenRegister, self.link.with(Doing::OpenRegister, |client| client.query_typed_one(sql, &[]))?);
        let [until, age]: [Option<i64>; 2] =
            [row.try_get(0).map_err(malformed(doing))?, row.try_get(1).map_err(malformed(doing))?];
        let until = until.and_then(|seconds| Time::from_unix(seconds).ok());
        Ok(Some(Following { until, age: age.and_then(unsigned).unwrap_or(0) }))
    }

    fn newest(&self) -> Result<Option<u64>, StoreError> {
        if let Some(told) = self.newest.ask(|newest| newest.map(|raw| raw.seq)) {
            return Ok(told);
        }
        let sql = "SELECT max(seq) FROM twinseal.entry WHERE register = $1";
        let row =
            self.link.with(Doing::ReadLog, |client| client.query_typed_one(sql, &[(&self.register, Type::TEXT)]))?;
        let newest: Option<i64> = row.try_get(0).map_err(malformed(Doing::ReadLog))?;
        newest.map(|seq| unsigned(seq).ok_or_else(before_entry_0)).transpose()
    }

    fn entry(&self, seq: u64) -> Result<Option<Raw>, StoreError> {
        let first = self.first.borrow().clone().filter(|_| seq == 0);
        let newest = || self.newest.ask(|newest| newest.filter(|raw| raw.seq == seq).cloned()).flatten();
        if let Some(told) = first.or_else(newest) {
            return Ok(Some(told));
        }
        let values: &[Value<'_>] = &[(&self.register, Type::TEXT), (&signed(seq), Type::INT8)];
        let found = self.link.with(Doing::ReadLog, |client| client.query_typed_opt(ENTRY, values))?;
        found.as_ref().map(raw).transpose()
    }

    fn scan(&self, from: u64, visit: &mut dyn FnMut(Raw) -> Result<bool, StoreError>) -> Result<(), StoreError> {
        let told = self.newest.ask(|newest| match newest {
            Some(raw) if raw.seq == from => Some(Some(raw.clone())),
            Some(raw) if raw.seq > from => None,
            _ => Some(None),
        });
        if let Some(rest) = told.flatten() {
            return rest.map_or(Ok(()), |raw| visit(raw).map(|_| ()));
        }
        let mut client = self.link.client()?;
        let seq = signed(from);
        let values: [Value<'_>; 2] = [(&self.register, Type::TEXT), (&seq, Type::INT8)];
        let mut rows = client.query_typed_raw(SCAN, values).map_err(failed(Doing::ReadLog))?;
        while let Some(row) = rows.next().map_err(failed(Doing::ReadLog))? {
            if !visit(raw(&row)?)? {
                break;
            }
            // The server did not have to say anything meanwhile.
            self.link.begin(Duration::ZERO);
        }
        Ok(())
    }

    fn hold_snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        self.newest.forget();
        if self.view.replace(true) {
            return Ok(Snapshot::of(None::<View<'_>>));
        }
        let view = View(self);
        // Where nothing is named, nothing can be asked.
        let marked = match self.register.as_str() {
            "" => String::new(),
            register => format!("; SELECT place FROM twinseal.moved WHERE register = '{register}'"),
        };
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY{marked}");
        let told = self.link.with(Doing::ReadLog, |client| client.simple_query(&begin))?;
        if let Some(to) = told::answers(&told).get(1).and_then(|rows| rows.first()) {
            self.moved.replace(Some(told::new_place(told::word(to, 0)?)));
        }
        Ok(Snapshot::of(Some(view)))
    }

    fn writable(&self) -> Result<(), StoreError> {
        match (self.moved.borrow().clone(), self.link.read_only()) {
            (Some(to), _) => Err(StoreError::Moved { path: self.place.clone(), to }),
            (None, true) => Err(StoreError::OnlyRead { place: self.place.clone() }),
            (None, false) => Ok(()),
        }
    }

    fn turn(&self, writer: &Writer) -> Result<Turn, StoreError> {
        self.writable()?;
        queue::wait(&self.link, &self.newest, (&self.place, &self.register), writer)
    }

    fn append(
        &mut self,
        turn: &Turn,
        head: Option<Head>,
        raw: &Raw,
        redact: &[u64],
        _project: &dyn Fn(&Tables<'_>) -> Result<(), StoreError>,
    ) -> Result<Appended, StoreError> {
        self.writable()?;
        self.link.warning();
        self.forget(redact);
        if raw.seq != head.map_or(0, |head| head.seq + 1) {
            return Ok(Appended::HeadMoved);
        }
        let inserted = self.insert(&mut *self.link.client()?, (head, raw), redact);
        match inserted {
            // The server warns if it stopped waiting for a standby.
            Ok(1) => match self.link.warning() {
                None => Ok(Appended::Done),
                Some(warning) => Err(StoreError::Uncertain { source: warning }),
            },
            Ok(_) => self.not_inserted(head, raw.seq),
            Err(error) if is_beaten(&error) => Ok(Appended::HeadMoved),
            Err(error) if is_lost(&error) => {
                let found = self.look_again(&nobody(turn), &error, || self.entry(raw.seq))?;
                Ok(if found.as_ref() == Some(raw) { Appended::Done } else { Appended::HeadMoved })
            }
            Err(error) => Err(failed(Doing::Record)(error)),
        }
    }

    fn extend(
        &mut self,
        _turn: &Turn,
        (head, until): (Option<Head>, u64),
        read: &dyn Fn(u64) -> Result<Raw, StoreError>,
        redact: &[u64],
        _cache: &VerifiedCache,
    ) -> Result<Appended, StoreError> {
        self.writable()?;
        self.forget(redact);
        self.link.warning();
        let failed = || failed(Doing::Record);
        let mut client = self.link.client()?;
        let mut tx = client.transaction().map_err(failed())?;
        let patience = format!("SET LOCAL lock_timeout = {}", BUSY.as_millis());
        tx.batch_execute(&patience).map_err(failed())?;
        let marked = "SELECT FROM twinseal.moved WHERE register = $1";
        if tx.query_typed_opt(marked, &[(&self.register, Type::TEXT)]).map_err(failed())?.is_some() {
            return Err(StoreError::Moved { path: self.place.clone(), to: PathBuf::new() });
        }
        let newest = tx.query_typed_opt(NEWEST, &[(&self.register, Type::TEXT)]).map_err(failed())?;
        let newest = newest.as_ref().map(raw).transpose()?.map(|raw| Head { seq: raw.seq, leaf: raw.leaf() });
        if newest != head {
            return Ok(Appended::HeadMoved);
        }
        let mut batch = Batch::default();
        for seq in head.map_or(0, |head| head.seq + 1)..=until {
            batch.push(read(seq)?);
            if batch.is_full() || seq == until {
                batch.insert(&mut tx, &self.register)?;
            }
        }
        redact_texts(&mut tx, &self.register, redact).map_err(failed())?;
        tx.commit().map_err(|error| match is_lost(&error) {
            true => StoreError::Uncertain { source: fault(&error) },
            false => failed()(error),
        })?;
        match self.link.warning() {
            None => Ok(Appended::Done),
            Some(warning) => Err(StoreError::Uncertain { source: warning }),
        }
    }

    fn mark_moved(&mut self, turn: &Turn, head: Option<Head>, to: &Path) -> Result<Appended, StoreError> {
        self.writable()?;
        let (seq, leaf) = (head.map(|head| signed(head.seq)), head.map(|head| head.leaf.as_bytes().to_vec()));
        let values: &[Value<'_>] = &[
            (&self.register, Type::TEXT),
            (&to.to_string_lossy(), Type::TEXT),
            (&seq, Type::INT8),
            (&leaf, Type::BYTEA),
        ];
        let marked = self.link.client()?.execute_typed(MARK, values);
        let there = match marked {
            Ok(0) => return Ok(Appended::HeadMoved),
            Err(error) if is_lost(&error) => self.look_again(&nobody(turn), &error, || self.moved_by_now())?,
            Err(error) if !is_beaten(&error) => return Err(failed(Doing::Move)(error)),
            _ => self.moved_by_now()?,
        };
        match there {
            None => return Ok(Appended::HeadMoved),
            Some(there) if there == *to => self.moved.replace(Some(there)),
            Some(there) => return Err(StoreError::Moved { path: self.place.clone(), to: there }),
        };
        Ok(Appended::Done)
    }

    fn settle_mark(&self) -> Result<(), StoreError> {
        self.settle()
    }

    fn moved(&self) -> Result<Option<PathBuf>, StoreError> {
        let told = self.moved.borrow().clone();
        // A view was told when it began. Otherwise what was told holds as long as the newest row that was told with it.
        if told.is_none() && !self.view.get() && self.newest.ask(|_| ()).is_none() {
            self.moved.replace(self.moved_by_now()?);
        }
        Ok(self.moved.borrow().clone())
    }

    fn refill(
        &mut self,
        _turn: &Turn,
        head: Option<Head>,
        redact: &[u64],
        cache: &VerifiedCache,
    ) -> Result<Refilled, StoreError> {
        self.writable()?;
        self.forget(redact);
        if self.newest()? != head.map(|head| head.seq) {
            return Ok(Refilled::HeadMoved);
        }
        self.redact(redact)?;
        self.refill_derived(cache)
    }

    fn compare_tables(&self, cache: &VerifiedCache, past: Past<'_>) -> Result<Compared, StoreError> {
        self.compare_derived(cache, past)
    }

    fn integrity_beside(&self, work: &mut dyn FnMut()) -> Result<Vec<Finding>, StoreError> {
        work();
        let sql = "SELECT FROM twinseal.entry WHERE register = $1 AND seq < 0 LIMIT 1";
        let before =
            self.link.with(Doing::CheckFile, |client| client.query_typed_opt(sql, &[(&self.register, Type::TEXT)]))?;
        let finding =
            || Finding::of_file("integrity", tr!("the log has rows before entry 0", "日志在第 0 条之前还有行"));
        Ok(before.map(|_| finding()).into_iter().collect())
    }

    fn wait_for_news(&self, limit: Duration) -> Result<bool, StoreError> {
        let (begun, failed) = (Instant::now(), || failed(Doing::ReadLog));
        self.newest.forget();
        // A standby tells no news.
        if self.link.is_standby() {
            return Ok(false);
        }
        let mut client = self.link.client_within(limit)?;
        if !self.listening.replace(true) {
            client.batch_execute("LISTEN twinseal").map_err(failed())?;
        }
        let mut notifications = client.notifications();
        // The names of other registers come too.
        loop {
            let left = limit.saturating_sub(begun.elapsed());
            match notifications.timeout_iter(left).next().map_err(failed())? {
                Some(told) if told.payload() != self.register && !left.is_zero() => {}
                _ => return Ok(true),
            }
        }
    }

    /// A row can be read only once its commit is durable.
    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// What the server keeps of a redacted text is its administrator's to remove.
    fn flush(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn at_its_place(self: Box<Self>, _scratch: &Path) -> Result<Box<dyn SharedStore>, StoreError> {
        Ok(self)
    }

    fn server(&self) -> Option<&SharedDatabase> {
        Some(self)
    }

    /// There is nothing to remove: a register without entries is no row.
    fn discard(self: Box<Self>) -> bool {
        false
    }
}

/// A read-only transaction, which ends when this is dropped.
struct View<'d>(&'d SharedDatabase);

impl Drop for View<'_> {
    fn drop(&mut self) {
        self.0.view.set(false);
        // If the connection is lost, the transaction is too.
        let _ = self.0.link.with(Doing::ReadLog, |client| client.batch_execute("ROLLBACK"));
    }
}

const NEWEST: &str = "SELECT seq, blob, text, data FROM twinseal.entry WHERE register = $1 ORDER BY seq DESC LIMIT 1";

/// A writer who waits as long as somebody waits for this turn.
fn nobody(turn: &Turn) -> Writer {
    Writer { account: String::new(), patience: turn.patience }
}

/// Whether another process was first.
fn is_beaten(error: &postgres::Error) -> bool {
    let beaten = [SqlState::UNIQUE_VIOLATION, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED];
    error.code().is_some_and(|code| beaten.contains(code))
}
