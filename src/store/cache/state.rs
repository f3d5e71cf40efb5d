//! The state that rules read, as rows of the verified cache. A row is read when a rule needs it, and written together
//! with the tables.

use rusqlite::{OptionalExtension, params};
use sha2::{Digest as _, Sha256};

use crate::domain::{
    BreakGlassId, ChangeId, Denied, DeviationId, Digest, Fingerprint, PublicKey, Refusal, Register, StateKey,
    StateRecord, Stream, TextState,
};
use crate::format::entry;
use crate::store::StoreError;
use crate::store::cache::verified::{VerifiedCache, verified_before};
use crate::store::doing::Doing;
use crate::store::shared::SharedStore;
use crate::{tr, trf};

/// The rows that a state is read from and written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// The rows of the cache: the state after its newest entry.
    Cache,
    /// Separate rows of a replay from entry 0, which must not read the effects of later entries.
    Replay,
}

/// SHA-256 of a row's key and record, stored at the end of the value. SQLite does not detect changed bytes in a page.
pub(super) fn checksum(key: &str, record: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(key).chain_update([0]).chain_update(record).finalize().into()
}

impl Rows {
    fn table(self) -> &'static str {
        match self {
            Self::Cache => "main.state",
            Self::Replay => "temp.replayed",
        }
    }
}

impl VerifiedCache {
    /// The state after the newest entry of the cache, with no record loaded yet.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`], an entry of the shared file that differs from the verified one, or what SQLite
    /// reports.
    pub fn state(&self, shared: &dyn SharedStore) -> Result<Register, StoreError> {
        let Some(newest) = self.head()? else { return Ok(Register::default()) };
        let register = self.record(Rows::Cache, &StateKey::Register)?;
        let governance = self.record(Rows::Cache, &StateKey::Governance)?;
        let (Some(StateRecord::Register(register)), Some(StateRecord::Governance(governance))) = (register, governance)
        else {
            return Err(self.damaged(tr!("the state of the register is missing", "缺少变更台账的状态").to_owned()));
        };
        let state = Register::resume(register, governance);
        if state.head() != Some(newest) {
            return Err(self.damaged(trf!(
                "its state differs from that after entry {}",
                "其状态与第 {} 条之后的状态不符",
                newest.seq
            )));
        }
        let raw = verified_before(shared, newest)?;
        let (header, event) = entry::read_verified_body(&raw).map_err(|defect| StoreError::defect(raw.seq, &defect))?;
        let tip = if event.stream() == Stream::Governance { newest.leaf } else { header.governance };
        self.links(newest.seq, tip, state.governance_tip())?;
        Ok(state)
    }

    /// Reloads a state if the cache has newer entries: another process of this account may have brought the cache up to
    /// date.
    ///
    /// # Errors
    /// As [`VerifiedCache::state`].
    pub fn load(&self, shared: &dyn SharedStore, state: &mut Register) -> Result<(), StoreError> {
        if state.head() != self.head()? {
            *state = self.state(shared)?;
        }
        Ok(())
    }

    /// Runs a query on a state, and loads the records that it needs.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`], or what SQLite reports. A refusal by a rule is a result, not an error.
    pub fn ask<T>(
        &self,
        rows: Rows,
        state: &mut Register,
        mut question: impl FnMut(&mut Register) -> Result<T, Denied>,
    ) -> Result<Result<T, Refusal>, StoreError> {
        loop {
            match question(state) {
                Ok(answer) => return Ok(Ok(answer)),
                Err(Denied::Refused(refusal)) => return Ok(Err(refusal)),
                Err(Denied::Unloaded(unloaded)) => self.load_record(rows, state, unloaded.0)?,
            }
        }
    }

    /// Loads a record, or the fact that it does not exist.
    ///
    /// # Errors
    /// As [`VerifiedCache::ask`].
    pub fn load_record(&self, rows: Rows, state: &mut Register, key: StateKey) -> Result<(), StoreError> {
        match self.record(rows, &key)? {
            Some(StateRecord::Change(id, change)) if rows == Rows::Cache && self.newest_about(id)? != change.last() => {
                Err(self.damaged(trf!(
                    "its row {key} differs from that after the newest entry about it",
                    "其行 {key} 与相关最新日志条目之后的内容不符"
                )))
            }
            Some(StateRecord::BreakGlass(id, glass))
                if rows == Rows::Cache && self.newest_about_break_glass(id)? != glass.last() =>
            {
                Err(self.damaged(trf!(
                    "its row {key} differs from that after the newest entry about it",
                    "其行 {key} 与相关最新日志条目之后的内容不符"
                )))
            }
            Some(StateRecord::Deviation(id, it))
                if rows == Rows::Cache && self.newest_about_deviation(id)? != it.last() =>
            {
                Err(self.damaged(trf!(
                    "its row {key} differs from that after the newest entry about it",
                    "其行 {key} 与相关最新日志条目之后的内容不符"
                )))
            }
            Some(record) => {
                state.load(record);
                Ok(())
            }
            None if state.counts(&key) || rows == Rows::Cache && self.is_in_tables(&key)? => {
                Err(self.damaged(trf!("its row {key} is missing", "缺少行 {key}")))
            }
            None => {
                match self.text(&key)? {
                    Some(text) => state.load(text),
                    None => state.load_absent(key),
                }
                Ok(())
            }
        }
    }

    /// A text part that was not redacted: it has no row of its own, because the table of entries has its digest.
    fn text(&self, key: &StateKey) -> Result<Option<StateRecord>, StoreError> {
        let StateKey::Text(seq) = key else { return Ok(None) };
        let doing = || StoreError::cache(self.conn(), Doing::ReadCache);
        let malformed = || trf!("the digest of the text of entry {seq} is malformed", "第 {seq} 条文本的摘要格式有误");
        let select = self.conn().prepare_cached("SELECT text FROM log_entries WHERE seq = ?1");
        let digest =
            select.and_then(|mut select| select.query_row([seq], |row| row.get::<_, Option<String>>(0)).optional());
        let Some(digest) = digest.map_err(doing())?.flatten() else { return Ok(None) };
        let digest = digest.parse().map_err(|_| self.damaged(malformed()))?;
        Ok(Some(StateRecord::Text(*seq, TextState { digest, redacted: None })))
    }

    /// Loads all people, keys and freezes.
    ///
    /// # Errors
    /// As [`VerifiedCache::ask`].
    pub fn load_governed(&self, state: &mut Register) -> Result<(), StoreError> {
        let doing = || StoreError::cache(self.conn(), Doing::ReadCache);
        // '0' is the character after '/'.
        let sql = "SELECT key, value FROM state WHERE key > 'key/' AND key < 'key0'
            UNION ALL SELECT key, value FROM state WHERE key > 'person/' AND key < 'person0'
            UNION ALL SELECT key, value FROM state WHERE key > 'freeze/' AND key < 'freeze0'";
        let mut select = self.conn().prepare(sql).map_err(doing())?;
        let mut rows = select.query([]).map_err(doing())?;
        while let Some(row) = rows.next().map_err(doing())? {
            let key: String = row.get(0).map_err(doing())?;
            state.load(self.decode(&key, row.get_ref(1).and_then(|it| Ok(it.as_blob()?)).map_err(doing())?)?);
        }
        Ok(())
    }

    /// Writes the records of a state that changed since they were last written.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn write(&self, rows: Rows, state: &mut Register) -> Result<(), StoreError> {
        let doing = || StoreError::cache(self.conn(), Doing::UpdateCache);
        let sql = format!(
            "INSERT INTO {} VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            rows.table()
        );
        let mut insert = self.conn().prepare_cached(&sql).map_err(doing())?;
        for record in state.take_changed() {
            let (key, value) = (record.key().to_string(), postcard::to_allocvec(&record));
            let mut value = value.map_err(|error| doing()(rusqlite::Error::ToSqlConversionFailure(error.into())))?;
            value.extend(checksum(&key, &value));
            insert.execute(params![key, value]).map_err(doing())?;
        }
        Ok(())
    }

    /// Creates an empty table for the rows of a replay from entry 0.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn begin_replay(&self) -> Result<(), StoreError> {
        let sql = "DROP TABLE IF EXISTS temp.replayed;
            CREATE TEMPORARY TABLE replayed (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;";
        self.conn().execute_batch(sql).map_err(StoreError::cache(self.conn(), Doing::ReplayLog))
    }

    /// The first key whose row differs between the cache and a replay up to the newest entry of the cache: another
    /// value, or a row that only one of them has.
    ///
    /// # Errors
    /// What SQLite reports.
    pub fn differs_from_replay(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT a.key FROM main.state a LEFT JOIN temp.replayed b USING (key) WHERE b.value IS NOT a.value
            UNION ALL SELECT key FROM temp.replayed b WHERE NOT EXISTS (SELECT 1 FROM main.state a WHERE a.key = b.key)
            LIMIT 1";
        let differing = self.conn().query_row(sql, [], |row| row.get(0)).optional();
        differing.map_err(StoreError::cache(self.conn(), Doing::CompareState))
    }

    /// Fails if a cache without entries has a state.
    ///
    /// # Errors
    /// [`StoreError::CacheDamaged`], or what SQLite reports.
    pub fn check_no_state(&self) -> Result<(), StoreError> {
        let any = self.conn().query_row("SELECT EXISTS (SELECT 1 FROM main.state)", [], |row| row.get::<_, bool>(0));
        match any.map_err(StoreError::cache(self.conn(), Doing::ReadCache))? {
            true => Err(self.damaged(tr!("it has a state and no entries", "其中有状态，却没有日志条目").to_owned())),
            false => Ok(()),
        }
    }

    pub(super) fn record(&self, rows: Rows, key: &StateKey) -> Result<Option<StateRecord>, StoreError> {
        let doing = || StoreError::cache(self.conn(), Doing::ReadCache);
        let key = key.to_string();
        let sql = format!("SELECT value FROM {} WHERE key = ?1", rows.table());
        let mut select = self.conn().prepare_cached(&sql).map_err(doing())?;
        let mut found = select.query([&key]).map_err(doing())?;
        let Some(row) = found.next().map_err(doing())? else { return Ok(None) };
        let value = row.get_ref(0).and_then(|value| Ok(value.as_blob()?)).map_err(doing())?;
        self.decode(&key, value).map(Some)
    }

    fn decode(&self, key: &str, value: &[u8]) -> Result<StateRecord, StoreError> {
        let record = value.split_last_chunk().filter(|(record, sum)| checksum(key, record) == **sum);
        let record = record.and_then(|(record, _)| postcard::from_bytes::<StateRecord>(record).ok());
        let record = record.filter(|record| record.key().to_string() == key);
        record
            .ok_or_else(|| self.damaged(trf!("its row {key} is not what was written", "其行 {key} 不是当初写入的内容")))
    }

    /// The leaf hash of the newest entry about a change.
    fn newest_about(&self, change: ChangeId) -> Result<Digest, StoreError> {
        let sql = "SELECT seq, leaf FROM log_entries WHERE change = ?1 ORDER BY seq DESC LIMIT 1";
        let newest = self.select_heads(sql, [change.number()])?;
        Ok(newest.first().map_or(Digest::NONE, |head| head.leaf))
    }

    /// The leaf hash of the newest entry about a break-glass.
    fn newest_about_break_glass(&self, id: BreakGlassId) -> Result<Digest, StoreError> {
        let sql = "SELECT seq, leaf FROM log_entries WHERE breakglass = ?1 ORDER BY seq DESC LIMIT 1";
        let newest = self.select_heads(sql, [id.number()])?;
        Ok(newest.first().map_or(Digest::NONE, |head| head.leaf))
    }

    /// The leaf hash of the newest entry about a deviation.
    fn newest_about_deviation(&self, id: DeviationId) -> Result<Digest, StoreError> {
        let sql = "SELECT seq, leaf FROM log_entries WHERE deviation = ?1 ORDER BY seq DESC LIMIT 1";
        let newest = self.select_heads(sql, [id.number()])?;
        Ok(newest.first().map_or(Digest::NONE, |head| head.leaf))
    }

    /// Whether the tables have the record that a key names, so that the state must have a row for it.
    fn is_in_tables(&self, key: &StateKey) -> Result<bool, StoreError> {
        let exists = |sql, name: String| {
            let select = self.conn().prepare_cached(sql);
            let found = select.and_then(|mut select| select.exists([name]));
            found.map_err(StoreError::cache(self.conn(), Doing::ReadCache))
        };
        match key {
            StateKey::Person(id) => exists("SELECT 1 FROM people WHERE id = ?1", id.to_string()),
            StateKey::Key(key) => exists("SELECT 1 FROM keys WHERE fingerprint = ?1", key.to_string()),
            StateKey::Point(point) => self.has_fido_key(*point),
            StateKey::Word(text) => exists(
                "SELECT 1 FROM breakglass JOIN log_entries ON seq = opened WHERE late IS NOT NULL AND text = ?1",
                text.to_string(),
            ),
            StateKey::Service(id) => exists("SELECT 1 FROM services WHERE id = ?1", id.to_string()),
            StateKey::Template(since) => exists("SELECT 1 FROM templates WHERE leaf = ?1", since.to_string()),
            StateKey::Reviews(owner) => exists(
                "SELECT 1 FROM changes JOIN revisions ON revisions.change = changes.id AND number = revision
                    WHERE state = 'in-review' AND owner = ?1",
                owner.to_string(),
            ),
            StateKey::Text(seq) => exists("SELECT 1 FROM redactions WHERE seq = ?1", seq.to_string()),
            StateKey::Register
            | StateKey::Governance
            | StateKey::Proposal(_)
            | StateKey::Freeze(_)
            | StateKey::Calendar(_)
            | StateKey::ServiceLeaves
            | StateKey::ServiceGraph
            | StateKey::Change(_)
            | StateKey::BreakGlass(_)
            | StateKey::Deviation(_)
            | StateKey::OpenRows
            | StateKey::Open(_)
            | StateKey::Tree(_) => Ok(false),
        }
    }

    /// Whether the tables have a FIDO key with this point.
    fn has_fido_key(&self, point: Fingerprint) -> Result<bool, StoreError> {
        let doing = || StoreError::cache(self.conn(), Doing::ReadCache);
        let sql = "SELECT public_key FROM keys WHERE public_key >= 'sk-' AND public_key < 'sk.'";
        let mut select = self.conn().prepare_cached(sql).map_err(doing())?;
        let mut keys = select.query_map([], |row| row.get::<_, String>(0)).map_err(doing())?;
        keys.try_fold(false, |found, key| {
            let key = key.map_err(doing())?;
            Ok(found || PublicKey::again(&key).is_ok_and(|key| key.point() == point))
        })
    }
}
