//! Policies: what a register requires of its changes beyond two-person control.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::value::time::DAY;
use crate::domain::{BreakGlassLimits, ChangeKind, Facts, Field, Group, Invalid, Refusal, RequirementName};
use crate::lang::{Lang, lang};

mod content;
mod needs;
mod requirement;
mod sensitive;

pub(in crate::domain) use content::Lacking;
pub use content::{About, Content, Touched};
pub use needs::Needs;
pub use requirement::{Conditions, KeyNeed, Requirement};
pub use sensitive::{Folded, Phrase};

closed_enum!(
    /// A separation of duties that a policy can add to the built-in conflicts of interest.
    Duty, ["a separation of duties", "职责分离"], {
        /// The requester must not start the change.
        RequesterImplementer => "requester-implementer", "申请人与实施人";
        /// The owner must not implement the change.
        OwnerImplementer => "owner-implementer", "变更负责人与实施人";
        /// Admins must not approve changes.
        AdminApprover => "admin-approver", "管理员与审批人";
    }
);

closed_enum!(
    /// Content that a policy can require in a revision.
    Needed, ["a field that a policy can require", "策略可要求的字段"], {
        /// See [`Field::Security`].
        Security => "security", "安全影响";
        /// See [`Field::AbortIf`].
        AbortIf => "abort-if", "中止条件";
        /// See [`Field::Tests`].
        Tests => "tests", "测试";
        /// See [`Field::Success`].
        Success => "success", "成功标准";
        /// A test with an evidence file.
        Evidence => "evidence", "测试证据";
        /// An artifact with its SHA-256.
        Artifact => "artifact", "制品";
        /// A link to an incident.
        Incident => "incident", "事件";
        /// A link to a ticket.
        Ticket => "ticket", "工单";
        /// A link to a vulnerability.
        Vulnerability => "vulnerability", "漏洞";
    }
);

impl Duty {
    /// The two duties that one person must not have: `requester and implementer`.
    pub fn both(self) -> String {
        match lang() {
            Lang::En => self.as_str().replace('-', " and "),
            Lang::Zh => self.phrase(),
        }
    }
}

closed_enum!(
    /// What a policy can let an emergency go without, and an exception to a requirement override. Never approvals.
    Waivable, ["something that an emergency can go without", "紧急变更可豁免的要求"], {
        /// The time between filing and the window.
        LeadTime => "lead-time", "提前量";
        /// The longest window.
        LongestWindow => "longest-window", "窗口最长时间";
        /// See [`Needed::Tests`].
        Tests => "tests", "测试";
        /// See [`Needed::Evidence`].
        Evidence => "evidence", "测试证据";
    }
);

/// What a policy says of emergency changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// What they can go without.
    pub waives: BTreeSet<Waivable>,
    /// The days after the finish within which the change must be reviewed; see [`Policy::review_days`].
    pub review_days: u64,
}

/// The parts of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyParts {
    /// The number of different people who must approve every revision.
    pub approvals: u64,
    /// The validity of an approval, in days.
    pub approval_days: u64,
    /// The separations of duties.
    pub separate: BTreeSet<Duty>,
    /// The groups that are teams: an independent approver shares none with those who take part in the change.
    pub teams: BTreeSet<Group>,
    /// What holds for emergencies.
    pub emergency: Emergency,
    /// What it says about break-glass.
    pub break_glass: BreakGlassLimits,
    /// How old a checkpoint may be that is shown to the gate, in hours.
    pub checkpoint_hours: u64,
    /// The days after the finish within which another change than an emergency must be reviewed, if it must be.
    pub review_days: u64,
    /// The requirements, in order.
    pub requirements: Vec<Requirement>,
}

/// Two approvals, valid for 14 days; an emergency goes without nothing and is reviewed within 5 days, other changes
/// within 14.
impl Default for PolicyParts {
    fn default() -> Self {
        Self {
            approvals: Policy::FEWEST_APPROVALS,
            approval_days: 14,
            separate: BTreeSet::new(),
            teams: BTreeSet::new(),
            emergency: Emergency { waives: BTreeSet::new(), review_days: 5 },
            break_glass: BreakGlassLimits::default(),
            checkpoint_hours: Policy::CHECKPOINT_HOURS,
            review_days: Policy::REVIEW_DAYS,
            requirements: Vec::new(),
        }
    }
}

/// A policy, valid by construction: at least two approvals are always required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy(PolicyParts);

impl Policy {
    /// The fewest approvals that a policy can require: two-person control.
    pub const FEWEST_APPROVALS: u64 = 2;
    /// The most approvals that a policy can require.
    pub const MOST_APPROVALS: u64 = 9;
    /// The longest validity of an approval, in days.
    pub const MOST_DAYS: u64 = 365;

    /// How old a checkpoint may be that is shown to the gate, in hours, unless the policy says otherwise.
    pub const CHECKPOINT_HOURS: u64 = 24;
    /// The days within which a review is due, unless the policy says otherwise.
    pub const REVIEW_DAYS: u64 = 14;
    /// The greatest age of a checkpoint that a policy can allow, in hours.
    pub const MOST_CHECKPOINT_HOURS: u64 = 720;

    /// The policy of a new register: that of [`PolicyParts::default`].
    pub fn built_in() -> Self {
        Self(PolicyParts::default())
    }

    /// A policy with these parts.
    ///
    /// # Errors
    /// [`Invalid::PolicyApprovals`] outside 2 to 9, [`Invalid::PolicyExpiry`] for days outside 1 to 365,
    /// [`Invalid::RequirementTwice`], [`Invalid::NoTeams`], or what is wrong with a requirement.
    pub fn new(parts: PolicyParts) -> Result<Self, Invalid> {
        Self::check_approvals(parts.approvals)?;
        Self::check_days(parts.approval_days)?;
        Self::check_days(parts.emergency.review_days)?;
        Self::check_days(parts.review_days)?;
        Self::check_checkpoint_hours(parts.checkpoint_hours)?;
        let mut names = BTreeSet::new();
        for it in &parts.requirements {
            it.check()?;
            if !names.insert(&it.name) {
                return Err(Invalid::RequirementTwice { name: it.name.clone() });
            }
            if it.independent && parts.teams.is_empty() {
                return Err(Invalid::NoTeams);
            }
        }
        Ok(Self(parts))
    }

    /// Its parts.
    pub fn parts(&self) -> &PolicyParts {
        &self.0
    }

    /// What it says about break-glass.
    pub fn break_glass(&self) -> &BreakGlassLimits {
        &self.0.break_glass
    }

    /// Checks that a policy can require this number of approvals.
    ///
    /// # Errors
    /// [`Invalid::PolicyApprovals`] outside 2 to 9.
    pub fn check_approvals(found: u64) -> Result<(), Invalid> {
        let fine = (Self::FEWEST_APPROVALS..=Self::MOST_APPROVALS).contains(&found);
        if fine { Ok(()) } else { Err(Invalid::PolicyApprovals { found }) }
    }

    /// Checks that a period of a policy can have this number of days.
    ///
    /// # Errors
    /// [`Invalid::PolicyExpiry`] outside 1 to 365.
    pub fn check_days(found: u64) -> Result<(), Invalid> {
        if (1..=Self::MOST_DAYS).contains(&found) { Ok(()) } else { Err(Invalid::PolicyExpiry { found }) }
    }

    /// Checks that a policy can allow a checkpoint of this age, in hours.
    ///
    /// # Errors
    /// [`Invalid::CheckpointHours`] outside 1 to 720.
    pub fn check_checkpoint_hours(found: u64) -> Result<(), Invalid> {
        let fine = (1..=Self::MOST_CHECKPOINT_HOURS).contains(&found);
        if fine { Ok(()) } else { Err(Invalid::CheckpointHours { found }) }
    }

    /// How old a checkpoint may be that is shown to the gate, in hours.
    pub fn checkpoint_hours(&self) -> u64 {
        self.0.checkpoint_hours
    }

    /// The days after the finish within which a review of a change of this kind is due, if one is.
    pub fn review_days(&self, kind: ChangeKind) -> u64 {
        if kind == ChangeKind::Emergency { self.0.emergency.review_days } else { self.0.review_days }
    }

    /// The number of different people who must approve every revision.
    pub fn approvals(&self) -> u64 {
        self.0.approvals
    }

    /// The validity of an approval, in days.
    pub fn approval_days(&self) -> u64 {
        self.0.approval_days
    }

    /// The validity of an approval, in seconds.
    pub fn approval_seconds(&self) -> i64 {
        i64::try_from(self.0.approval_days).map_or(0, |days| days * DAY)
    }

    /// The separations of duties.
    pub fn separate(&self) -> &BTreeSet<Duty> {
        &self.0.separate
    }

    /// Whether the policy separates these duties.
    pub fn separates(&self, duty: Duty) -> bool {
        self.0.separate.contains(&duty)
    }

    /// The requirements, in order.
    pub fn requirements(&self) -> &[Requirement] {
        &self.0.requirements
    }

    /// The groups that are teams.
    pub fn teams(&self) -> &BTreeSet<Group> {
        &self.0.teams
    }

    /// What holds for emergencies.
    pub fn emergency(&self) -> &Emergency {
        &self.0.emergency
    }

    /// The requirements that apply to a revision.
    pub fn applying<'p>(&'p self, about: About<'p>) -> impl Iterator<Item = &'p Requirement> {
        self.requirements().iter().filter(move |it| it.when.hold(about))
    }

    /// The approvals that a revision needs, with those for its exceptions.
    pub fn needs(&self, about: About<'_>) -> Needs {
        let mut needs = Needs::of(self, self.applying(about));
        needs.except(self.applying(about).filter_map(|it| it.exception_for(about.facts)));
        needs
    }

    /// Every group that it names.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        let of_requirements = self.requirements().iter().flat_map(|it| it.from.keys().chain(&it.exception));
        of_requirements.chain(&self.0.teams).chain(self.0.break_glass.groups())
    }

    /// Whether a condition of a requirement is about tiers.
    pub(in crate::domain) fn reads_tiers(&self) -> bool {
        self.requirements().iter().any(|it| !it.when.tiers.is_empty())
    }

    /// Whether a condition of a requirement is about freezes.
    pub(in crate::domain) fn reads_freezes(&self) -> bool {
        self.requirements().iter().any(|it| !it.when.freezes.is_empty())
    }

    /// The phrases by which requirements recognise sensitive commands, each once.
    pub fn sensitive(&self) -> BTreeSet<&Phrase> {
        self.requirements().iter().flat_map(|it| &it.when.sensitive).collect()
    }

    /// Checks that a revision has the content that the policy requires and does not let it go without.
    ///
    /// # Errors
    /// The first of [`Policy::refusals`].
    pub fn judge(&self, content: &Content<'_>) -> Result<(), Refusal> {
        self.refusals(content).into_iter().next().map_or(Ok(()), Err)
    }

    /// Every rule that refuses the content of a revision.
    pub fn refusals(&self, content: &Content<'_>) -> Vec<Refusal> {
        let lacking = self.applying(content.about).flat_map(|it| it.lacking(content));
        lacking.filter(|it| !self.waives(content.about.facts, it)).map(|it| it.refusal).collect()
    }

    /// Checks that each exception is to a requirement that applies and allows one, and that there is a reason for them.
    ///
    /// # Errors
    /// [`Refusal::NoException`], [`Refusal::FieldMissing`].
    pub fn judge_exceptions(&self, content: &Content<'_>) -> Result<(), Refusal> {
        let (about, facts) = (content.about, content.about.facts);
        let allowed =
            |name: &RequirementName| self.applying(about).any(|it| it.name == *name && it.exception.is_some());
        match facts.exceptions.iter().find(|name| !allowed(name)) {
            Some(requirement) => Err(Refusal::NoException { requirement: requirement.clone() }),
            None if facts.exceptions.is_empty() || content.filled.contains(&Field::Exception) => Ok(()),
            None => Err(Refusal::FieldMissing { field: Field::Exception }),
        }
    }

    /// Whether a revision may go without this: by an exception that it names, or as an emergency.
    pub(in crate::domain) fn waives(&self, facts: &Facts, lacking: &Lacking<'_>) -> bool {
        let excepted = || lacking.requirement.exception_for(facts).is_some();
        lacking.waivable.is_some_and(|it| self.emergency_waives(facts, it) || excepted())
    }

    /// Whether the policy lets a revision go without this because it is an emergency.
    pub(in crate::domain) fn emergency_waives(&self, facts: &Facts, waivable: Waivable) -> bool {
        facts.kind == ChangeKind::Emergency && self.0.emergency.waives.contains(&waivable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(name: &str, approvals: Option<u64>) -> Requirement {
        Requirement { approvals, ..Requirement::named(name.parse().unwrap()) }
    }

    fn policy(approvals: u64, days: u64, requirements: Vec<Requirement>) -> Result<Policy, Invalid> {
        Policy::new(PolicyParts { approvals, approval_days: days, requirements, ..PolicyParts::default() })
    }

    #[test]
    fn a_policy_with_fewer_than_two_approvals_is_refused() {
        for found in [0, 1, 10, 256, 258] {
            assert_eq!(policy(found, 14, Vec::new()), Err(Invalid::PolicyApprovals { found }));
            let found_policy = policy(2, 14, vec![requirement("some", Some(found))]);
            assert_eq!(found_policy, Err(Invalid::PolicyApprovals { found }));
        }
        let emergency = Emergency { waives: BTreeSet::new(), review_days: 0 };
        let parts = PolicyParts { emergency, ..PolicyParts::default() };
        assert_eq!(Policy::new(parts), Err(Invalid::PolicyExpiry { found: 0 }));
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

    #[test]
    fn a_policy_without_teams_requires_no_independent_approver() {
        let independent = Requirement { independent: true, ..requirement("some", None) };
        assert_eq!(policy(2, 14, vec![independent.clone()]), Err(Invalid::NoTeams));
        let teams = ["trading".parse().unwrap()].into();
        assert!(Policy::new(PolicyParts { teams, requirements: vec![independent], ..PolicyParts::default() }).is_ok());
    }
}
