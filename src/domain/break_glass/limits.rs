//! What a policy says about break-glass.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::records::Unloaded;
use crate::domain::{Governance, Group, Invalid, Moment, PersonId};

/// How long a break-glass is open, and whose can be ratified. It never keeps anybody from opening one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlassLimits {
    minutes: u64,
    groups: BTreeSet<Group>,
}

impl Default for BreakGlassLimits {
    fn default() -> Self {
        Self { minutes: Self::MOST_MINUTES, groups: BTreeSet::new() }
    }
}

impl BreakGlassLimits {
    /// The longest time for which one is open: four hours.
    pub const MOST_MINUTES: u64 = 240;

    /// Open for so many minutes, and ratified only if its opener is in one of the groups; no groups mean everybody.
    ///
    /// # Errors
    /// [`Invalid::BreakGlassMinutes`] outside 1 to 240.
    pub fn new(minutes: u64, groups: BTreeSet<Group>) -> Result<Self, Invalid> {
        Self::check_minutes(minutes)?;
        Ok(Self { minutes, groups })
    }

    /// Checks that one can be open for this number of minutes.
    ///
    /// # Errors
    /// [`Invalid::BreakGlassMinutes`] outside 1 to 240.
    pub fn check_minutes(found: u64) -> Result<(), Invalid> {
        let fine = (1..=Self::MOST_MINUTES).contains(&found);
        if fine { Ok(()) } else { Err(Invalid::BreakGlassMinutes { found }) }
    }

    /// How long one is open, in minutes.
    pub fn minutes(&self) -> u64 {
        self.minutes
    }

    /// How long one is open, in seconds.
    pub fn seconds(&self) -> i64 {
        i64::try_from(self.minutes).map_or(0, |minutes| minutes * 60)
    }

    /// The groups of which its opener must be in one; empty for everybody.
    pub fn groups(&self) -> &BTreeSet<Group> {
        &self.groups
    }

    /// Whether the policy provides for break-glass by this person.
    pub(super) fn cover(&self, governance: &Governance, person: &PersonId, at: Moment) -> Result<bool, Unloaded> {
        let Some(person) = governance.person(person)? else { return Ok(false) };
        let is_in = |group: &Group| person.grants.groups.get(group).is_some_and(|periods| periods.hold(at));
        Ok(self.groups.is_empty() || self.groups.iter().any(is_in))
    }
}
