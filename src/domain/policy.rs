//! What a register asks of its changes, beyond what no policy can lower.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::value::time::DAY;
use crate::domain::{ChangeKind, Facts, Field, Invalid, LinkKind, Refusal, RequirementName, Risk};

closed_enum!(
    /// Two duties that a policy can keep apart, beyond those that are always apart.
    Duty, "a separation of duties", {
        /// Whoever filed or revised a change does not start it.
        RequesterImplementer => "requester-implementer",
        /// Whoever owns a change does not implement it.
        OwnerImplementer => "owner-implementer",
        /// No admin approves.
        AdminApprover => "admin-approver",
    }
);

closed_enum!(
    /// Something that a policy can ask a revision to have, beyond what every revision has.
    Needed, "something to ask for", {
        /// See [`Field::Security`].
        Security => "security",
        /// See [`Field::AbortIf`].
        AbortIf => "abort-if",
        /// See [`Field::Tests`].
        Tests => "tests",
        /// See [`Field::Success`].
        Success => "success",
        /// A test with a file that shows it.
        Evidence => "evidence",
        /// Something deployed, by its digest.
        Artifact => "artifact",
        /// A link to an incident.
        Incident => "incident",
        /// A link to a ticket.
        Ticket => "ticket",
        /// A link to a vulnerability.
        Vulnerability => "vulnerability",
    }
);

impl Needed {
    fn is_there(self, facts: &Facts, filled: &BTreeSet<Field>) -> bool {
        let linked = |kind| facts.links.iter().any(|link| link.kind == kind);
        match self {
            Self::Security => filled.contains(&Field::Security),
            Self::AbortIf => filled.contains(&Field::AbortIf),
            Self::Tests => filled.contains(&Field::Tests),
            Self::Success => filled.contains(&Field::Success),
            Self::Evidence => !facts.evidence.is_empty(),
            Self::Artifact => !facts.artifacts.is_empty(),
            Self::Incident => linked(LinkKind::Incident),
            Self::Ticket => linked(LinkKind::Ticket),
            Self::Vulnerability => linked(LinkKind::Vulnerability),
        }
    }
}

/// What a policy asks of some changes: those of these kinds and these risks, where an empty set means all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// What people call it.
    pub name: RequirementName,
    /// The kinds of change that it is about.
    pub kinds: BTreeSet<ChangeKind>,
    /// The risks that it is about.
    pub risks: BTreeSet<Risk>,
    /// How many approvals these need, if more than others.
    pub approvals: Option<u64>,
    /// What they must have.
    pub needed: BTreeSet<Needed>,
}

impl Requirement {
    /// Whether it is about a change with these facts.
    pub fn applies(&self, facts: &Facts) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&facts.kind);
        kind && (self.risks.is_empty() || self.risks.contains(&facts.risk))
    }
}

/// A policy. Whoever holds one holds a valid one: there is none that asks for fewer than two approvals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    approvals: u64,
    approval_days: u64,
    separate: BTreeSet<Duty>,
    requirements: Vec<Requirement>,
}

impl Policy {
    /// Two-person control: no policy can ask for fewer approvals.
    pub const FEWEST_APPROVALS: u64 = 2;
    /// More is no control but a standstill.
    pub const MOST_APPROVALS: u64 = 9;
    /// The longest that an approval can count, in days.
    pub const MOST_DAYS: u64 = 365;

    /// The policy that a new register begins with.
    pub fn built_in() -> Self {
        let (separate, requirements) = (BTreeSet::new(), Vec::new());
        Self { approvals: Self::FEWEST_APPROVALS, approval_days: 14, separate, requirements }
    }

    /// A policy of so many approvals, each valid for so many days, with duties kept apart and requirements.
    ///
    /// # Errors
    /// [`Invalid::PolicyApprovals`] outside 2 to 9, [`Invalid::PolicyExpiry`] outside 1 to 365, a requirement that asks
    /// for nothing or has the name of another.
    pub fn new(
        approvals: u64,
        approval_days: u64,
        separate: BTreeSet<Duty>,
        requirements: Vec<Requirement>,
    ) -> Result<Self, Invalid> {
        Self::check_approvals(approvals)?;
        Self::check_days(approval_days)?;
        let mut names = BTreeSet::new();
        for it in &requirements {
            it.approvals.map_or(Ok(()), Self::check_approvals)?;
            if it.approvals.is_none() && it.needed.is_empty() {
                return Err(Invalid::RequirementEmpty);
            }
            if !names.insert(&it.name) {
                return Err(Invalid::RequirementTwice { name: it.name.clone() });
            }
        }
        Ok(Self { approvals, approval_days, separate, requirements })
    }

    /// Checks a number of approvals on its own.
    ///
    /// # Errors
    /// [`Invalid::PolicyApprovals`].
    pub fn check_approvals(found: u64) -> Result<(), Invalid> {
        let fine = (Self::FEWEST_APPROVALS..=Self::MOST_APPROVALS).contains(&found);
        if fine { Ok(()) } else { Err(Invalid::PolicyApprovals { found }) }
    }

    /// Checks a number of days on its own.
    ///
    /// # Errors
    /// [`Invalid::PolicyExpiry`].
    pub fn check_days(found: u64) -> Result<(), Invalid> {
        if (1..=Self::MOST_DAYS).contains(&found) { Ok(()) } else { Err(Invalid::PolicyExpiry { found }) }
    }

    /// How many different people must approve any revision.
    pub fn approvals(&self) -> u64 {
        self.approvals
    }

    /// For how many days an approval counts.
    pub fn approval_days(&self) -> u64 {
        self.approval_days
    }

    /// For how many seconds an approval counts.
    pub fn approval_seconds(&self) -> i64 {
        i64::try_from(self.approval_days).map_or(0, |days| days * DAY)
    }

    /// The duties that it keeps apart.
    pub fn separate(&self) -> &BTreeSet<Duty> {
        &self.separate
    }

    /// Whether it keeps these duties apart.
    pub fn separates(&self, duty: Duty) -> bool {
        self.separate.contains(&duty)
    }

    /// What it asks of some changes.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// How many different people must approve a revision with these facts: the most that anything asks for.
    pub fn approvals_for(&self, facts: &Facts) -> usize {
        let asked = self.requirements.iter().filter(|it| it.applies(facts)).filter_map(|it| it.approvals);
        let most = asked.fold(self.approvals, u64::max).max(Self::FEWEST_APPROVALS);
        usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// Asks whether a revision has what it must have.
    ///
    /// # Errors
    /// [`Refusal::PolicyField`].
    pub fn judge(&self, facts: &Facts, filled: &BTreeSet<Field>) -> Result<(), Refusal> {
        for it in self.requirements.iter().filter(|it| it.applies(facts)) {
            if let Some(needed) = it.needed.iter().find(|needed| !needed.is_there(facts, filled)) {
                return Err(Refusal::PolicyField { needed: *needed, requirement: it.name.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(name: &str, approvals: Option<u64>) -> Requirement {
        let name = name.parse().unwrap();
        Requirement { name, kinds: BTreeSet::new(), risks: BTreeSet::new(), approvals, needed: BTreeSet::new() }
    }

    fn policy(approvals: u64, days: u64, requirements: Vec<Requirement>) -> Result<Policy, Invalid> {
        Policy::new(approvals, days, BTreeSet::new(), requirements)
    }

    #[test]
    fn no_policy_asks_for_fewer_than_two_approvals() {
        for found in [0, 1, 10, 256, 258] {
            assert_eq!(policy(found, 14, Vec::new()), Err(Invalid::PolicyApprovals { found }));
            let asked = policy(2, 14, vec![asking("some", Some(found))]);
            assert_eq!(asked, Err(Invalid::PolicyApprovals { found }));
        }
        assert_eq!(policy(2, 0, Vec::new()), Err(Invalid::PolicyExpiry { found: 0 }));
        assert_eq!(policy(2, 366, Vec::new()), Err(Invalid::PolicyExpiry { found: 366 }));
        assert_eq!(policy(9, 365, Vec::new()).map(|it| (it.approvals(), it.approval_seconds())), Ok((9, 365 * DAY)));
    }

    #[test]
    fn no_requirement_is_empty_or_named_twice() {
        assert_eq!(policy(2, 14, vec![asking("some", None)]), Err(Invalid::RequirementEmpty));
        let twice = vec![asking("some", Some(3)), asking("some", Some(4))];
        assert_eq!(policy(2, 14, twice), Err(Invalid::RequirementTwice { name: "some".parse().unwrap() }));
    }
}
