//! Reading all of it, whatever was verified before.

use super::Session;
use crate::domain::{Register, Time};
use crate::store::cache::compare;
use crate::store::cache::verified::replaced;
use crate::store::session::pin::Pin;
use crate::store::verify::replay::{Mode, Reading, replay};
use crate::store::{BUSY, Finding, StoreError};

impl Session {
    /// Reads everything from entry 0 on, whatever was verified before, compares the tables, and has SQLite check the file.
    ///
    /// # Errors
    /// What SQLite says, or a format that needs a newer twinseal. Everything else is a finding.
    pub fn verify(&mut self, now: Time, progress: &mut dyn FnMut(u64)) -> Result<Reading, StoreError> {
        let mut state = Register::default();
        // Entries and tables are read at one moment: others may record meanwhile.
        let snapshot = self.shared.snapshot()?;
        let tx = self.cache.begin(BUSY)?;
        let mut reading = replay(&self.shared, &self.cache, &mut state, self.fingerprint, Mode::Everything, progress)?;
        self.state = state;
        if reading.findings.is_empty() {
            reading.findings.extend(self.forgotten()?);
        }
        let whole = reading.findings.is_empty() && self.state.head().is_some();
        let (compared, integrity) = self.shared.integrity_beside(|| match whole {
            true => compare::compare(self.shared.conn(), self.cache.conn()),
            false => Ok(Vec::new()),
        });
        reading.findings.extend(match compared {
            Err(StoreError::Broken(finding)) => vec![finding],
            compared => compared?,
        });
        if whole {
            reading.findings.extend(self.redacted_again()?);
        }
        if self.is_suspect(&reading) && self.cache_is_wrong(progress)? {
            return Err(self.cache.damaged("it is not what the log says".to_owned()));
        }
        drop(snapshot);
        if whole {
            if !self.cache.keeps(&self.state)? {
                return Err(self.cache.damaged("its governance is not what the log says".to_owned()));
            }
            self.cache.write_down(&self.state)?;
            tx.commit().map_err(StoreError::cache(self.cache.conn(), "bringing the verified cache on"))?;
            if self.state.governance().redactions().next().is_some() {
                self.cache.flush()?;
            }
            self.advance_pin(now)?;
        }
        let integrity = match integrity {
            Err(StoreError::Broken(finding)) => vec![finding],
            integrity => integrity?,
        };
        reading.findings.splice(..0, integrity);
        Ok(reading)
    }

    /// Whether a finding may come of a damaged cache: it says what the cache says, and not what the pin says.
    fn is_suspect(&self, reading: &Reading) -> bool {
        let pinned = self.pin.map(|pin| pin.head.seq);
        reading.findings.first().is_some_and(|it| match it.rule {
            "tables" => true,
            "replaced" => it.seq <= pinned,
            _ => false,
        })
    }

    /// Whether the cache is not what the log says, while the log is whole and holds what the pin remembers: a cache made
    /// anew tells.
    pub(super) fn cache_is_wrong(&self, progress: &mut dyn FnMut(u64)) -> Result<bool, StoreError> {
        let (anew, _, reading) = self.read_anew(progress)?;
        let holds = match self.pin {
            Some(Pin { head, .. }) => anew.leaf(head.seq)? == Some(head.leaf),
            None => true,
        };
        Ok(holds && reading.findings.is_empty() && !compare::compare(self.cache.conn(), anew.conn())?.is_empty())
    }

    /// Entries that were verified before and are not in the log any more.
    fn forgotten(&self) -> Result<Option<Finding>, StoreError> {
        let remembered = [self.cache.head()?, self.pin.map(|pin| pin.head)].into_iter().flatten();
        let Some(remembered) = remembered.max_by_key(|head| head.seq) else { return Ok(None) };
        let newest = self.state.head().map_or(0, |head| head.seq);
        if remembered.seq > newest || self.state.head().is_none() {
            let meaning = format!(
                "the log ends at entry {newest}, and this account verified it up to entry {} before: \
                 it was truncated or rolled back",
                remembered.seq
            );
            return Ok(Some(Finding::of_file("truncated", meaning)));
        }
        match self.pin {
            Some(pin) if self.cache.leaf(pin.head.seq)? != Some(pin.head.leaf) => Ok(Some(replaced(pin.head.seq))),
            _ => Ok(None),
        }
    }
}
