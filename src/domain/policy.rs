//! Policies: what a register requires of its changes beyond two-person control.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::value::time::DAY;
use crate::domain::{BreakGlassLimits, Facts, Field, Invalid, LinkKind, Refusal};

mod needs;
mod requirement;

pub use needs::Needs;
pub use requirement::{Conditions, Requirement};

closed_enum!(
    /// A separation of duties that a policy can add to the built-in conflicts of interest.
    Duty, "a separation of duties", {
        /// The requester must not start the change.
        RequesterImplementer => "requester-implementer",
        /// The owner must not implement the change.
        OwnerImplementer => "owner-implementer",
        /// Admins must not approve changes.
        AdminApprover => "admin-approver",
    }
);

closed_enum!(
    /// Content that a policy can require in a revision.
    Needed, "a field that a policy can require", {
        /// See [`Field::Security`].
        Security => "security",
        /// See [`Field::AbortIf`].
        AbortIf => "abort-if",
        /// See [`Field::Tests`].
        Tests => "tests",
        /// See [`Field::Success`].
        Success => "success",
        /// A test with an evidence file.
        Evidence => "evidence",
        /// An artifact with its SHA-256.
        Artifact => "artifact",
        /// A link to an incident.
        Incident => "incident",
        /// A link to a ticket.
        Ticket => "ticket",
        /// A link to a vulnerability.
        Vulnerability => "vulnerability",
    }
);

impl Duty {
    /// The two duties that one person must not have: `requester and implementer`.
    pub fn both(self) -> String {
        self.as_str().replace('-', " and ")
    }
}

impl Needed {
    fn is_present(self, facts: &Facts, filled: &BTreeSet<Field>) -> bool {
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

/// A policy, valid by construction: at least two approvals are always required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    approvals: u64,
    approval_days: u64,
    separate: BTreeSet<Duty>,
    requirements: Vec<Requirement>,
    break_glass: BreakGlassLimits,
}

impl Policy {
    /// The fewest approvals that a policy can require: two-person control.
    pub const FEWEST_APPROVALS: u64 = 2;
    /// The most approvals that a policy can require.
    pub const MOST_APPROVALS: u64 = 9;
    /// The longest validity of an approval, in days.
    pub const MOST_DAYS: u64 = 365;

    /// The policy of a new register: two approvals, valid for 14 days.
    pub fn built_in() -> Self {
        let (separate, requirements) = (BTreeSet::new(), Vec::new());
        let break_glass = BreakGlassLimits::default();
        Self { approvals: Self::FEWEST_APPROVALS, approval_days: 14, separate, requirements, break_glass }
    }

    /// A policy that requires `approvals` approvals, each valid for `approval_days` days.
    ///
    /// # Errors
    /// [`Invalid::PolicyApprovals`] outside 2 to 9, [`Invalid::PolicyExpiry`] outside 1 to 365,
    /// [`Invalid::RequirementTwice`], or what is wrong with a requirement.
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
            it.check()?;
            if !names.insert(&it.name) {
                return Err(Invalid::RequirementTwice { name: it.name.clone() });
            }
        }
        Ok(Self { approvals, approval_days, separate, requirements, break_glass: BreakGlassLimits::default() })
    }

    /// The same policy with these limits of break-glass.
    #[must_use]
    pub fn with_break_glass(self, break_glass: BreakGlassLimits) -> Self {
        Self { break_glass, ..self }
    }

    /// What it says about break-glass.
    pub fn break_glass(&self) -> &BreakGlassLimits {
        &self.break_glass
    }

    /// Checks that a policy can require this number of approvals.
    ///
    /// # Errors
    /// [`Invalid::PolicyApprovals`] outside 2 to 9.
    pub fn check_approvals(found: u64) -> Result<(), Invalid> {
        let fine = (Self::FEWEST_APPROVALS..=Self::MOST_APPROVALS).contains(&found);
        if fine { Ok(()) } else { Err(Invalid::PolicyApprovals { found }) }
    }

    /// Checks that approvals can be valid for this number of days.
    ///
    /// # Errors
    /// [`Invalid::PolicyExpiry`] outside 1 to 365.
    pub fn check_days(found: u64) -> Result<(), Invalid> {
        if (1..=Self::MOST_DAYS).contains(&found) { Ok(()) } else { Err(Invalid::PolicyExpiry { found }) }
    }

    /// The number of different people who must approve every revision.
    pub fn approvals(&self) -> u64 {
        self.approvals
    }

    /// The validity of an approval, in days.
    pub fn approval_days(&self) -> u64 {
        self.approval_days
    }

    /// The validity of an approval, in seconds.
    pub fn approval_seconds(&self) -> i64 {
        i64::try_from(self.approval_days).map_or(0, |days| days * DAY)
    }

    /// The separations of duties.
    pub fn separate(&self) -> &BTreeSet<Duty> {
        &self.separate
    }

    /// Whether the policy separates these duties.
    pub fn separates(&self, duty: Duty) -> bool {
        self.separate.contains(&duty)
    }

    /// The requirements, in order.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The requirements that apply to a revision with these facts.
    pub fn applying<'p>(&'p self, facts: &'p Facts) -> impl Iterator<Item = &'p Requirement> {
        self.requirements.iter().filter(|it| it.applies(facts))
    }

    /// The approvals that a revision with these facts needs.
    pub fn needs(&self, facts: &Facts) -> Needs {
        Needs::of(self, self.applying(facts))
    }

    /// Checks that a revision has all required content.
    ///
    /// # Errors
    /// [`Refusal::PolicyField`] for the first missing field.
    pub fn judge(&self, facts: &Facts, filled: &BTreeSet<Field>) -> Result<(), Refusal> {
        for it in self.applying(facts) {
            if let Some(needed) = it.needed.iter().find(|needed| !needed.is_present(facts, filled)) {
                return Err(Refusal::PolicyField { needed: *needed, requirement: it.name.clone() });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(name: &str, approvals: Option<u64>) -> Requirement {
        Requirement { approvals, ..Requirement::named(name.parse().unwrap()) }
    }

    fn policy(approvals: u64, days: u64, requirements: Vec<Requirement>) -> Result<Policy, Invalid> {
        Policy::new(approvals, days, BTreeSet::new(), requirements)
    }

    #[test]
    fn a_policy_with_fewer_than_two_approvals_is_refused() {
        for found in [0, 1, 10, 256, 258] {
            assert_eq!(policy(found, 14, Vec::new()), Err(Invalid::PolicyApprovals { found }));
            let found_policy = policy(2, 14, vec![requirement("some", Some(found))]);
            assert_eq!(found_policy, Err(Invalid::PolicyApprovals { found }));
        }
        assert_eq!(policy(2, 0, Vec::new()), Err(Invalid::PolicyExpiry { found: 0 }));
        assert_eq!(policy(2, 366, Vec::new()), Err(Invalid::PolicyExpiry { found: 366 }));
        assert_eq!(policy(9, 365, Vec::new()).map(|it| (it.approvals(), it.approval_seconds())), Ok((9, 365 * DAY)));
    }

    #[test]
    fn an_empty_or_repeated_requirement_is_refused() {
        assert_eq!(policy(2, 14, vec![requirement("some", None)]), Err(Invalid::RequirementEmpty));
        let twice = vec![requirement("some", Some(3)), requirement("some", Some(4))];
        assert_eq!(policy(2, 14, twice), Err(Invalid::RequirementTwice { name: "some".parse().unwrap() }));
    }
}
