//! Governance as a verified cache keeps it: its entries, and the state that they made.

use rusqlite::{OptionalExtension, params};

use crate::domain::Register;
use crate::format::{Raw, entry, text};
use crate::store::StoreError;
use crate::store::cache::verified::VerifiedCache;
use crate::store::sqlite::shared::raw;

/// So many entries are folded again each time, at most, before the state is written down anew.
const AGAIN: u64 = 32;

/// Another program may fold them otherwise, or write the state otherwise: what it left is not read.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

impl VerifiedCache {
    /// Keeps an entry of governance that was verified.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep(&self, raw: &Raw) -> Result<(), StoreError> {
        let insert = self.conn().prepare_cached("INSERT INTO governance VALUES (?1, ?2)");
        let kept = insert.and_then(|mut insert| insert.execute((raw.seq, &raw.blob)));
        kept.map(|_| ()).map_err(StoreError::cache(self.conn(), "bringing the verified cache on"))
    }

    /// Writes down the state at the head where many entries of governance came since that was last done.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn write_down(&self, state: &Register) -> Result<(), StoreError> {
        let doing = || StoreError::cache(self.conn(), "bringing the verified cache on");
        let since = "SELECT count(*) FROM governance
            WHERE seq > (SELECT ifnull(max(seq), -1) FROM folded WHERE program = ?1)";
        if self.conn().query_row(since, [PROGRAM], |row| row.get::<_, u64>(0)).map_err(doing())? < AGAIN {
            return Ok(());
        }
        // What cannot be written down is folded again.
        let Ok(state) = postcard::to_allocvec(state) else { return Ok(()) };
        self.conn().execute("DELETE FROM folded", []).map_err(doing())?;
        let insert = "INSERT INTO folded SELECT max(seq), ?1, ?2, ?3 FROM governance";
        let row = params![PROGRAM, text::digest(&state).to_string(), state];
        self.conn().execute(insert, row).map(|_| ()).map_err(doing())
    }

    /// The state that was written down, unless that was after some entry; and the last entry in it.
    fn written_down(&self, until: u64) -> Result<Option<(u64, Register)>, StoreError> {
        let doing = || StoreError::cache(self.conn(), "reading the verified cache");
        let sql = "SELECT seq, digest, state FROM folded WHERE program = ?1 AND seq <= ?2";
        let row = self.conn().query_row(sql, params![PROGRAM, until], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
        });
        let Some((seq, named, state)) = row.optional().map_err(doing())? else { return Ok(None) };
        if text::digest(&state).to_string() != named {
            return Err(self.damaged(format!("the state after entry {seq} is not what was written down")));
        }
        Ok(postcard::from_bytes(&state).ok().map(|state| (seq, state)))
    }

    /// The governance as it was after some entry. Each of its entries names the one before by its leaf hash, so none can
    /// be another than it was.
    ///
    /// # Errors
    /// What SQLite says, or [`StoreError::CacheDamaged`].
    pub fn governed(&self, until: u64) -> Result<Register, StoreError> {
        match self.written_down(until)? {
            Some((seq, state)) => self.fold(state, seq + 1, until),
            None => self.fold(Register::default(), 0, until),
        }
    }

    /// Whether all that is kept makes this state, which is that at the head: the entries, and what was written down.
    ///
    /// # Errors
    /// As [`VerifiedCache::governed`].
    pub fn keeps(&self, state: &Register) -> Result<bool, StoreError> {
        let newest = state.head().map_or(0, |head| head.seq);
        let kept = [self.fold(Register::default(), 0, newest)?, self.governed(newest)?];
        Ok(kept.iter().all(|it| it.id() == state.id() && it.governance() == state.governance()))
    }

    /// Takes in the entries of governance from one place to another.
    fn fold(&self, mut state: Register, from: u64, until: u64) -> Result<Register, StoreError> {
        let doing = || StoreError::cache(self.conn(), "reading the verified cache");
        let sql = "SELECT seq, blob, NULL FROM governance WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq";
        let mut select = self.conn().prepare_cached(sql).map_err(doing())?;
        let mut rows = select.query([from, until]).map_err(doing())?;
        while let Some(row) = rows.next().map_err(doing())? {
            let raw = raw(row).map_err(doing())?;
            let (header, event) = entry::read_verified_body(&raw).map_err(|defect| self.damaged(defect.to_string()))?;
            self.links(raw.seq, header.governance, state.position(None).governance)?;
            state.apply_governance(&header, raw.leaf(), &event);
        }
        Ok(state)
    }
}
