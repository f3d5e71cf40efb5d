//! Verifying the whole log regardless of what was verified before, and refilling the shared tables.

use super::pinned::Pinned;
use super::verified_log::VerifiedLog;
use super::{Closed, Session};
use crate::domain::{Register, Time};
use crate::store::cache::verified::replaced;
use crate::store::shared::{Compared, Refilled};
use crate::store::verify::replay::{Mode, Reading, replay};
use crate::store::{BUSY, Extent, Finding, Projected, Projection, StoreError, Turn};
use crate::{tr, trf};

/// What [`Session::rebuild`] changed.
#[derive(Debug)]
pub struct Rebuilt {
    /// The rows that differed from the log; `None` if this account may not write the tables.
    pub differed: Option<Vec<Finding>>,
    /// The entries whose redacted texts were in the file again.
    pub redacted: Vec<u64>,
}

/// Compares a valid log with evidence from elsewhere, and returns the differences.
type Against<'a> = &'a mut dyn FnMut(&VerifiedLog) -> Result<Vec<Finding>, StoreError>;

impl Session {
    /// Verifies every entry from entry 0 on, compares the shared tables with the cache, and runs SQLite's integrity
    /// check. `against` compares the log with evidence from elsewhere, and returns what it finds. Advances the pin if
    /// there are no findings: this account must not remember a log that the evidence contradicts.
    ///
    /// # Errors
    /// An SQLite error, a damaged cache, or a format that needs a newer twinseal. Everything else is a finding.
    pub fn verify(
        &mut self,
        now: Time,
        against: Against<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Reading, StoreError> {
        match self.verify_and_keep(now, against, progress) {
            Err(error) if error.lacks_room() && self.closed != Some(Closed::NoRoom) => {
                self.remember_nothing()?;
                self.verify_and_keep(now, against, progress)
            }
            read => read,
        }
    }

    fn verify_and_keep(
        &mut self,
        now: Time,
        against: Against<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Reading, StoreError> {
        let Self { log, pinned, .. } = self;
        let mut state = Register::default();
        // Other processes may record meanwhile, so read the entries and the tables from one snapshot.
        let snapshot = log.shared.hold_snapshot()?;
        let tx = log.cache.begin(BUSY)?;
        let mut reading = replay(&*log.shared, &log.cache, &mut state, log.fingerprint, Mode::Everything, progress)?;
        state.unload();
        log.state = state;
        // A log that ends early does so whatever else is wrong with it. Elsewhere it counts only if nothing is.
        match reading.findings.is_empty() {
            true => reading.findings.extend(missing(log, pinned)?),
            // If the table cannot be read, that is the fault.
            false => {
                if let Ok(newest) = log.shared.newest() {
                    reading.findings.extend(truncated(log, pinned, newest)?);
                }
            }
        }
        let valid = reading.findings.is_empty() && log.state.head().is_some();
        let mut compared = Ok(Compared::default());
        let integrity = log.shared.integrity_beside(&mut || {
            if valid {
                compared = log.compare_tables().and_then(|found| log.cache.check_tree().map(|()| found));
            }
        });
        take_in(compared, &mut reading)?;
        // Also after a fault: the redactions before it hold.
        reading.findings.extend(log.unredacted()?);
        if is_suspect(&reading, pinned) && log.cache_is_wrong(pinned, progress)? {
            return Err(log.cache.damaged(tr!("it differs from the log", "与日志不符").to_owned()));
        }
        if valid && let Some(key) = reading.differs {
            return Err(log.cache.damaged(trf!("its row {key} differs from the log", "其行 {key} 与日志不符")));
        }
        let contradicted = if valid { against(log)? } else { Vec::new() };
        drop(snapshot);
        if valid && contradicted.is_empty() {
            tx.commit()?;
            if !log.redactions()?.is_empty() {
                log.cache.flush()?;
            }
            self.advance_pin(now)?;
        }
        let integrity = match integrity {
            Err(StoreError::Broken(finding)) => vec![finding],
            integrity => integrity?,
        };
        reading.findings.splice(..0, integrity);
        reading.findings.extend(contradicted);
        Ok(reading)
    }

    /// Rebuilds the shared tables from the verified cache, and redacts again what was put back. Returns `None` and writes
    /// nothing if another process recorded meanwhile.
    ///
    /// # Errors
    /// As [`SharedStore::append`](crate::store::SharedStore::append); [`StoreError::CacheDamaged`] if the cache differs
    /// from the log.
    pub fn rebuild(&mut self, turn: &Turn) -> Result<Option<Rebuilt>, StoreError> {
        self.may_write()?;
        let log = &mut self.log;
        // If they differ, the cache may be wrong. A wrong cache must not be written to the shared tables.
        let found = log.compare_tables()?.findings;
        if !found.is_empty() && log.cache_is_wrong(&self.pinned, &mut |_| {})? {
            return Err(log.cache.damaged(tr!("it differs from the log", "与日志不符").to_owned()));
        }
        let redacted: Vec<u64> = log.unredacted()?.into_iter().filter_map(|finding| finding.seq).collect();
        let done = log.shared.refill(turn, log.state.head(), &redacted, &log.cache)?;
        if !matches!(done, Refilled::HeadMoved) {
            self.log.redacted_now(&redacted)?;
        }
        self.redact_from_wal(&redacted)?;
        Ok(match done {
            Refilled::HeadMoved => None,
            Refilled::Done(differed) => {
                Some(Rebuilt { differed: Some(if differed.is_empty() { found } else { differed }), redacted })
            }
            Refilled::LeftAlone => Some(Rebuilt { differed: None, redacted }),
        })
    }

    /// Makes the tables of a register on a server those of the verified log, as of its head; with `all`, also rows that
    /// no new entry can have changed. `None` if the register is a file, which has its tables in it.
    ///
    /// # Errors
    /// [`StoreError::TablesAhead`] if the tables claim an entry that the log does not have, unless all rows are compared;
    /// [`StoreError::NoTables`], or the register cannot be read or the tables not be written.
    pub fn project(&mut self, all: bool, now: Time) -> Result<Option<Projected>, StoreError> {
        if self.log.shared.server().is_none() {
            return Ok(None);
        }
        self.may_write()?;
        let (mut extent, mut ahead) = (if all { Extent::All } else { Extent::News }, None);
        loop {
            if let Some(fault) = self.log.fault() {
                return Err(StoreError::Broken(fault.clone()));
            }
            let projection = {
                let Some(server) = self.log.shared.server() else { return Ok(None) };
                let _snapshot = self.log.cache.hold_snapshot()?;
                server.project(&self.log.cache, extent)?
            };
            match (projection, ahead) {
                (Projection::Done(projected), _) => return Ok(Some(projected)),
                // Another projector may be further. Whatever it had verified can be read by now.
                (Projection::Ahead(filled), None) => ahead = Some(filled),
                (Projection::Ahead(filled), Some(seen)) if self.newest_verified() >= seen => ahead = Some(filled),
                (Projection::Ahead(_), Some(_)) if all => extent = Extent::AllOfEarlier,
                (Projection::Ahead(filled), Some(_)) => {
                    return Err(StoreError::TablesAhead { filled, newest: self.newest_verified() });
                }
            }
            self.refresh(now, &mut |_| {})?;
        }
    }

    fn newest_verified(&self) -> u64 {
        self.log.state.head().map_or(0, |head| head.seq)
    }
}

fn take_in(compared: Result<Compared, StoreError>, reading: &mut Reading) -> Result<(), StoreError> {
    match compared {
        Err(StoreError::Broken(finding)) => reading.findings.push(finding),
        compared => {
            let Compared { findings, notices } = compared?;
            reading.findings.extend(findings);
            reading.notices.extend(notices);
        }
    }
    Ok(())
}

/// Whether the first finding may come from a damaged cache: the check compares with the cache rather than with the pin.
fn is_suspect(reading: &Reading, pinned: &Pinned) -> bool {
    let newest = pinned.pin().map(|pin| pin.head.seq);
    reading.findings.first().is_some_and(|it| match it.rule {
        "tables" => true,
        "replaced" => it.seq <= newest,
        _ => false,
    })
}

/// The finding for a log that ends before an entry that this account verified.
fn truncated(log: &VerifiedLog, pinned: &Pinned, newest: Option<u64>) -> Result<Option<Finding>, StoreError> {
    let remembered = [log.cache.head()?, pinned.pin().map(|pin| pin.head)].into_iter().flatten();
    let Some(remembered) = remembered.map(|head| head.seq).max() else { return Ok(None) };
    if newest.is_some_and(|newest| newest >= remembered) {
        return Ok(None);
    }
    let newest = newest.unwrap_or(0);
    let meaning = trf!(
        "the log ends at entry {newest}, but this account verified it up to entry {remembered}: \
         it was truncated or rolled back",
        "日志止于第 {newest} 条，但本账号已核验到第 {remembered} 条：日志被截断或被换回旧版本"
    );
    Ok(Some(Finding::of_file("truncated", meaning)))
}

/// The finding for an entry that this account verified before and that the log lacks now.
fn missing(log: &VerifiedLog, pinned: &Pinned) -> Result<Option<Finding>, StoreError> {
    if let Some(finding) = truncated(log, pinned, log.state.head().map(|head| head.seq))? {
        return Ok(Some(finding));
    }
    match pinned.pin() {
        Some(pin) if log.cache.leaf(pin.head.seq)? != Some(pin.head.leaf) => Ok(Some(replaced(pin.head.seq))),
        _ => Ok(None),
    }
}
