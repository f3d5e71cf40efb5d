//! One requirement of a policy: the changes that it applies to, and what it asks of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    About, ChangeKind, Environment, Facts, FreezeName, Group, Invalid, MOST_TARGETS, Needed, Phrase, Policy,
    RequirementName, Risk, ServiceId, Tag, Tier, Touch,
};
use crate::tr;

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
    /// Tiers, of which at least one of its services has one.
    pub tiers: BTreeSet<Tier>,
    /// Environments, of which the change touches at least one.
    pub environments: BTreeSet<Environment>,
    /// The fewest targets.
    pub targets: Option<u64>,
    /// Freezes, of which the window touches at least one; the name `any` stands for every freeze.
    pub freezes: BTreeSet<FreezeName>,
    /// Phrases, of which at least one occurs in a command of a step.
    pub sensitive: BTreeSet<Phrase>,
}

impl Conditions {
    /// Whether a revision meets every condition. One that names no environment may touch any, so it meets each condition
    /// on them.
    pub fn hold(&self, about: About<'_>) -> bool {
        let facts = about.facts;
        has_one(&self.kinds, &[facts.kind].into())
            && has_one(&self.risks, &[facts.risk].into())
            && has_one(&self.tags, &facts.tags)
            && has_one(&self.services, &facts.services)
            && has_one(&self.tiers, &about.touched.tiers)
            && (facts.environments.is_empty() || has_one(&self.environments, &facts.environments))
            && self.targets.is_none_or(|fewest| facts.targets >= fewest)
            && (has_one(&self.freezes, &about.touched.freezes)
                || self.freezes.iter().any(FreezeName::is_any) && !about.touched.freezes.is_empty())
            && (self.sensitive.is_empty() || self.sensitive.iter().any(|phrase| about.has(phrase)))
    }

    /// Checks a number of targets.
    ///
    /// # Errors
    /// [`Invalid::PolicyTargets`] outside 1 to [`MOST_TARGETS`].
    pub fn check_targets(found: u64) -> Result<(), Invalid> {
        if (1..=MOST_TARGETS).contains(&found) { Ok(()) } else { Err(Invalid::PolicyTargets { found }) }
    }
}

impl About<'_> {
    /// Whether a command has the phrase: one of the data part, or one of the text, as the body says.
    pub fn has(&self, phrase: &Phrase) -> bool {
        self.facts.sensitive.contains(phrase) || self.commands.iter().any(|command| command.has(phrase))
    }
}

fn has_one<T: Ord>(listed: &BTreeSet<T>, present: &BTreeSet<T>) -> bool {
    listed.is_empty() || !listed.is_disjoint(present)
}

closed_enum!(
    /// What a policy asks of the keys that approve, in increasing order.
    KeyNeed, ["a kind of key", "密钥种类"], {
        /// A FIDO key, whose token somebody touched.
        Touch => "touch", "经触摸的 FIDO 密钥";
        /// A FIDO key, whose token checked a PIN or a fingerprint too.
        Pin => "pin", "经 PIN 验证的 FIDO 密钥";
    }
);

impl KeyNeed {
    /// What must sign, for sentences.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Touch => tr!("a FIDO key that is touched", "经触摸的 FIDO 密钥"),
            Self::Pin => tr!("a FIDO key and its PIN", "经 PIN 验证的 FIDO 密钥"),
        }
    }

    /// Whether a signature is enough of which a FIDO token says this; `None` for other keys.
    pub fn is_met(self, touch: Option<Touch>) -> bool {
        match self {
            Self::Touch => touch.is_some_and(Touch::is_touched),
            Self::Pin => touch.is_some_and(|it| it.is_touched() && it.is_verified()),
        }
    }
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
    /// What the approvers' keys must be: of those in the groups of `from`, or of all if there are none.
    pub keys: Option<KeyNeed>,
    /// Whether somebody who took no part must confirm the outcome.
    pub confirm: bool,
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
            keys: None,
            confirm: false,
            exception: None,
        }
    }

    /// What it asks of the key of an approver in these groups.
    pub fn key_need<'g>(&self, groups: impl IntoIterator<Item = &'g Group>) -> Option<KeyNeed> {
        let concerned = self.from.is_empty() || groups.into_iter().any(|group| self.from.contains_key(group));
        self.keys.filter(|_| concerned)
    }

    /// Whether it asks for anything.
    pub fn asks(&self) -> bool {
        let approvals = self.approvals.is_some() || !self.from.is_empty() || self.independent || self.keys.is_some();
        let times = self.lead_minutes.is_some() || self.longest_minutes.is_some();
        approvals || !self.needed.is_empty() || times || self.confirm
    }

    /// The group that signs for the exception to this requirement that a revision names; `None` if it names none.
    pub fn exception_for(&self, facts: &Facts) -> Option<&Group> {
        self.exception.as_ref().filter(|_| facts.exceptions.contains(&self.name))
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
