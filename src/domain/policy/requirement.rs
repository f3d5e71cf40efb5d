//! One requirement of a policy: the changes that it applies to, and what it asks of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{
    ChangeKind, Environment, Facts, Group, Invalid, MOST_TARGETS, Needed, Policy, RequirementName, Risk, ServiceId, Tag,
};

/// The changes that a requirement applies to: those that meet every condition. An empty set is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The kinds of change.
    pub kinds: BTreeSet<ChangeKind>,
    /// The risks.
    pub risks: BTreeSet<Risk>,
    /// Tags, of which the change has at least one.
    pub tags: BTreeSet<Tag>,
    /// Services, of which the change affects at least one.
    pub services: BTreeSet<ServiceId>,
    /// Environments, of which the change touches at least one.
    pub environments: BTreeSet<Environment>,
    /// The fewest targets.
    pub targets: Option<u64>,
}

impl Conditions {
    /// Whether a change with these facts meets every condition. One that names no environment may touch any, so it meets
    /// each condition on them.
    pub fn hold(&self, facts: &Facts) -> bool {
        has_one(&self.kinds, &[facts.kind].into())
            && has_one(&self.risks, &[facts.risk].into())
            && has_one(&self.tags, &facts.tags)
            && has_one(&self.services, &facts.services)
            && (facts.environments.is_empty() || has_one(&self.environments, &facts.environments))
            && self.targets.is_none_or(|fewest| facts.targets >= fewest)
    }

    /// Checks a number of targets.
    ///
    /// # Errors
    /// [`Invalid::PolicyTargets`] outside 1 to [`MOST_TARGETS`].
    pub fn check_targets(found: u64) -> Result<(), Invalid> {
        if (1..=MOST_TARGETS).contains(&found) { Ok(()) } else { Err(Invalid::PolicyTargets { found }) }
    }
}

fn has_one<T: Ord>(listed: &BTreeSet<T>, present: &BTreeSet<T>) -> bool {
    listed.is_empty() || !listed.is_disjoint(present)
}

/// A requirement on some changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Its name.
    pub name: RequirementName,
    /// The changes that it applies to.
    pub when: Conditions,
    /// The number of approvals that it requires, if any.
    pub approvals: Option<u64>,
    /// For each group, how many of the approvers must be in it. Nobody is counted for two groups.
    pub from: BTreeMap<Group, u64>,
    /// The content that it requires.
    pub needed: BTreeSet<Needed>,
    /// The fewest minutes between the filing of the revision and the start of its window.
    pub lead_minutes: Option<u64>,
    /// The most minutes that its window may last.
    pub longest_minutes: Option<u64>,
    /// Whether one of the approvers must be independent of everybody who takes part in the change.
    pub independent: bool,
    /// The group that signs for exceptions to what [`crate::domain::Waivable`] names; without one there are none.
    pub exception: Option<Group>,
}

impl Requirement {
    /// The most minutes that a policy can name: 366 days.
    pub const MOST_MINUTES: u64 = 366 * 24 * 60;

    /// A requirement that asks for nothing yet, of every change.
    pub fn named(name: RequirementName) -> Self {
        Self {
            name,
            when: Conditions::default(),
            approvals: None,
            from: BTreeMap::new(),
            needed: BTreeSet::new(),
            lead_minutes: None,
            longest_minutes: None,
            independent: false,
            exception: None,
        }
    }

    /// Whether it asks for anything.
    pub fn asks(&self) -> bool {
        let approvals = self.approvals.is_some() || !self.from.is_empty() || self.independent;
        approvals || !self.needed.is_empty() || self.lead_minutes.is_some() || self.longest_minutes.is_some()
    }

    /// The group that signs for the exception to this requirement that a revision names; `None` if it names none.
    pub fn exception_for(&self, facts: &Facts) -> Option<&Group> {
        self.exception.as_ref().filter(|_| facts.exceptions.contains(&self.name))
    }

    /// Whether it applies to a change with these facts.
    pub fn applies(&self, facts: &Facts) -> bool {
        self.when.hold(facts)
    }

    /// Checks the values that have limits.
    ///
    /// # Errors
    /// [`Invalid::PolicyApprovals`], [`Invalid::PolicySlots`], [`Invalid::PolicyTargets`],
    /// [`Invalid::PolicyMinutes`], or [`Invalid::RequirementEmpty`].
    pub(super) fn check(&self) -> Result<(), Invalid> {
        self.when.targets.map_or(Ok(()), Conditions::check_targets)?;
        self.approvals.map_or(Ok(()), Policy::check_approvals)?;
        self.from.values().try_for_each(|count| Self::check_slots(*count))?;
        self.lead_minutes.into_iter().chain(self.longest_minutes).try_for_each(Self::check_minutes)?;
        if self.asks() { Ok(()) } else { Err(Invalid::RequirementEmpty) }
    }

    /// Checks a number of minutes.
    ///
    /// # Errors
    /// [`Invalid::PolicyMinutes`] outside 1 to [`Requirement::MOST_MINUTES`].
    pub fn check_minutes(found: u64) -> Result<(), Invalid> {
        if (1..=Self::MOST_MINUTES).contains(&found) { Ok(()) } else { Err(Invalid::PolicyMinutes { found }) }
    }

    /// Checks how many approvers of one group can be required.
    ///
    /// # Errors
    /// [`Invalid::PolicySlots`] outside 1 to 9.
    pub fn check_slots(found: u64) -> Result<(), Invalid> {
        if (1..=Policy::MOST_APPROVALS).contains(&found) { Ok(()) } else { Err(Invalid::PolicySlots { found }) }
    }
}
