//! The deviations of a register.

use crate::domain::records::{Denied, StateKey};
use crate::domain::{Deviation, DeviationId, Refusal, Register};

impl Register {
    /// The number of deviations told so far.
    pub fn deviations(&self) -> u64 {
        self.summary.deviations
    }

    /// The number of the next deviation.
    pub fn next_deviation(&self) -> DeviationId {
        DeviationId::after(self.summary.deviations)
    }

    /// A deviation by number.
    ///
    /// # Errors
    /// [`Refusal::NoDeviation`], or [`Unloaded`](crate::domain::Unloaded).
    pub fn deviation(&self, id: DeviationId) -> Result<&Deviation, Denied> {
        let missing = Refusal::NoDeviation { id };
        if id.number() > self.summary.deviations {
            return Err(missing.into());
        }
        Ok(self.deviations.get(&id, StateKey::Deviation)?.ok_or(missing)?)
    }

    /// Takes in a deviation after an act on it.
    pub(super) fn take_deviation(&mut self, it: Deviation) {
        self.summary.deviations = self.summary.deviations.max(it.id().number());
        self.deviations.insert(it.id(), it);
    }
}
