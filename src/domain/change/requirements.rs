//! What each requirement of a policy says of a change: one line each, for screens, programs and the gate.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::policy::Lacking;
use crate::domain::records::Unloaded;
use crate::domain::{
    About, Change, Content, Governance, Group, Independence, KeyNeed, Moment, PersonId, Policy, Refusal, Requirement,
    RequirementName, Tally, Touched, Void,
};
use crate::tr;

/// Who took responsibility for what a requirement goes without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The approvers who signed for it.
    pub by: BTreeSet<PersonId>,
    /// The group that signs for an exception; `None` if the policy lets an emergency go without it.
    pub group: Option<Group>,
}

/// What a requirement says of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementResult {
    /// The change has all that is required.
    Satisfied,
    /// It lacks something: the rules that would refuse its start.
    Unsatisfied(Vec<Refusal>),
    /// It goes without something, for which somebody signed.
    Overridden(Override),
    /// The requirement is about other changes.
    NotApplicable,
    /// It cannot be judged, so nothing can be started.
    Error(Refusal),
}

impl RequirementResult {
    /// The name used in JSON and on screens.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Unsatisfied(_) => "unsatisfied",
            Self::Overridden(_) => "overridden",
            Self::NotApplicable => "not-applicable",
            Self::Error(_) => "error",
        }
    }

    /// Whether it keeps the change from being started.
    pub fn denies(&self) -> bool {
        matches!(self, Self::Unsatisfied(_) | Self::Error(_))
    }

    /// Why it keeps the change from being started; empty if it does not.
    pub fn refusals(&self) -> &[Refusal] {
        match self {
            Self::Unsatisfied(refusals) => refusals,
            Self::Error(refusal) => std::slice::from_ref(refusal),
            Self::Satisfied | Self::Overridden(_) | Self::NotApplicable => &[],
        }
    }
}

/// A requirement and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementLine {
    /// Its name; `None` for the approvals that every change needs.
    pub name: Option<RequirementName>,
    /// Its result.
    pub result: RequirementResult,
}

impl RequirementLine {
    /// The name for screens and JSON. No requirement can have the name of the first line.
    pub fn label(&self) -> &str {
        self.name.as_ref().map_or(tr!("every change", "所有变更单"), RequirementName::as_str)
    }
}

/// The result of a requirement at a start, which nothing refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct SettledLine {
    name: Option<RequirementName>,
    result: SettledResult,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum SettledResult {
    Satisfied,
    Overridden(Override),
    NotApplicable,
}

impl From<RequirementLine> for SettledLine {
    fn from(line: RequirementLine) -> Self {
        let result = match line.result {
            RequirementResult::Overridden(it) => SettledResult::Overridden(it),
            RequirementResult::NotApplicable => SettledResult::NotApplicable,
            _ => SettledResult::Satisfied,
        };
        Self { name: line.name, result }
    }
}

impl From<&SettledLine> for RequirementLine {
    fn from(line: &SettledLine) -> Self {
        let result = match &line.result {
            SettledResult::Satisfied => RequirementResult::Satisfied,
            SettledResult::Overridden(it) => RequirementResult::Overridden(it.clone()),
            SettledResult::NotApplicable => RequirementResult::NotApplicable,
        };
        Self { name: line.name.clone(), result }
    }
}

/// What the requirements of one policy are judged by.
struct Judged<'j> {
    change: &'j Change,
    policy: &'j Policy,
    content: Content<'j>,
    tally: &'j Tally<'j>,
    redacted: bool,
}

impl Change {
    /// What each requirement of the policy in force says of the current revision at the moment `now`; once the change
    /// was started, what the policy said then. The first line is about the approvals that every change needs.
    ///
    /// The rules at a start refuse it exactly if one of the lines [denies](RequirementResult::denies) it, or if another
    /// rule than those about requirements does.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn requirements(&self, governance: &Governance, now: Moment) -> Result<Vec<RequirementLine>, Unloaded> {
        if let Some(settled) = self.settled() {
            return Ok(settled.lines.iter().map(RequirementLine::from).collect());
        }
        let tally = self.tally(governance, now)?;
        self.requirements_with(governance, &tally)
    }

    /// What each requirement says of a start at the moment `now`. Without targets that is [`Change::requirements`]; with
    /// targets each start is judged by what holds then.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn requirements_for_start(
        &self,
        governance: &Governance,
        now: Moment,
    ) -> Result<Vec<RequirementLine>, Unloaded> {
        if self.current().targets.is_empty() {
            return self.requirements(governance, now);
        }
        self.requirements_with(governance, &self.tally_for_start(governance, now)?)
    }

    /// The same with the approvals that were counted already.
    pub(in crate::domain) fn requirements_with(
        &self,
        governance: &Governance,
        tally: &Tally<'_>,
    ) -> Result<Vec<RequirementLine>, Unloaded> {
        let Some(policy) = governance.policy() else {
            return Ok(vec![RequirementLine { name: None, result: RequirementResult::Error(Refusal::NotSealed) }]);
        };
        let touched = governance.touched(&self.current().facts)?;
        let (content, redacted) = (self.content(&touched), self.current().is_redacted(governance)?);
        let judged = Judged { change: self, policy, content, tally, redacted };
        let every = RequirementLine { name: None, result: judged.unless_lacking(judged.count(policy.approvals())) };
        let line = |it: &Requirement| RequirementLine { name: Some(it.name.clone()), result: judged.result(it) };
        Ok(std::iter::once(every).chain(policy.requirements().iter().map(line)).collect())
    }

    /// The content of the current revision, as requirements read it.
    pub(in crate::domain) fn content<'a>(&'a self, touched: &'a Touched) -> Content<'a> {
        let revision = self.current();
        Content { about: self.about(touched), filled: &revision.filled, filed: revision.effective }
    }

    /// The most that the policy in force asks of the key with which somebody approves the current revision. A requirement
    /// with groups asks it of their members, another of everybody.
    pub(in crate::domain) fn key_need(
        &self,
        governance: &Governance,
        person: &PersonId,
        now: Moment,
    ) -> Result<Option<KeyNeed>, Unloaded> {
        let asking = |policy: &&Policy| policy.requirements().iter().any(|it| it.keys.is_some());
        let Some(policy) = governance.policy().filter(asking) else { return Ok(None) };
        let touched = governance.touched(&self.current().facts)?;
        let groups = governance.groups(person, now)?;
        Ok(policy.applying(self.about(&touched)).filter_map(|it| it.key_need(&groups)).max())
    }

    /// The current revision, as conditions read it; `touched` is what it touches.
    pub(in crate::domain) fn about<'a>(&'a self, touched: &'a Touched) -> About<'a> {
        About { facts: &self.current().facts, commands: &self.current().commands, touched }
    }
}

impl Judged<'_> {
    fn result(&self, it: &Requirement) -> RequirementResult {
        let change = self.change.id();
        if !it.when.hold(self.content.about) {
            return RequirementResult::NotApplicable;
        }
        if self.redacted && it.needed.iter().any(|needed| needed.is_text()) {
            return RequirementResult::Error(Refusal::RevisionRedacted { change });
        }
        let (waived, lacking): (Vec<Lacking<'_>>, Vec<Lacking<'_>>) = it
            .lacking(&self.content)
            .into_iter()
            .partition(|lacking| self.policy.waives(self.content.about.facts, lacking));
        let mut refusals: Vec<Refusal> = lacking.into_iter().map(|it| it.refusal).collect();
        refusals.extend(self.approvals_lacking(it));
        match self.overridden(it, &waived) {
            Some(by) if refusals.is_empty() => RequirementResult::Overridden(by),
            _ => self.unless_lacking(refusals),
        }
    }

    fn unless_lacking(&self, refusals: Vec<Refusal>) -> RequirementResult {
        if refusals.is_empty() { RequirementResult::Satisfied } else { RequirementResult::Unsatisfied(refusals) }
    }

    /// What is missing of the approvals that a requirement asks for, those for its exception included.
    fn approvals_lacking(&self, it: &Requirement) -> Vec<Refusal> {
        let change = self.change.id();
        let mut refusals = self.count(it.approvals.unwrap_or(0));
        let excepting = it.exception_for(self.content.about.facts).map(|group| (group, 1));
        for (group, count) in it.from.iter().map(|(group, count)| (group, *count)).chain(excepting) {
            let filled = self.tally.slots.iter().filter(|slot| slot.group == *group && slot.person.is_some()).count();
            if u64::try_from(filled).unwrap_or(u64::MAX) < count {
                refusals.push(Refusal::GroupMissing { change, group: group.clone() });
            }
        }
        if it.independent && self.tally.independence == Independence::Missing {
            refusals.push(Refusal::NotIndependent { change });
        }
        if let Some(need) = it.keys.filter(|need| self.misses(*need)) {
            refusals.push(Refusal::KeyNeeded { change, need });
        }
        refusals
    }

    /// Whether approvals are missing, and one does not count because of the key that signed it.
    fn misses(&self, need: KeyNeed) -> bool {
        let void = self.tally.void.iter().any(|(_, why)| *why == Void::Keys(need));
        void && (self.tally.counted.len() < self.tally.need || self.tally.unfilled().next().is_some())
    }

    fn count(&self, need: u64) -> Vec<Refusal> {
        let (change, have) = (self.change.id(), self.tally.counted.len());
        let need = usize::try_from(need).unwrap_or(usize::MAX);
        if have < need { vec![Refusal::TooFewApprovals { change, have, need }] } else { Vec::new() }
    }

    /// Who signed for what a requirement goes without; `None` if it goes without nothing.
    fn overridden(&self, it: &Requirement, waived: &[Lacking<'_>]) -> Option<Override> {
        let facts = self.content.about.facts;
        let of_emergency = |it: &Lacking<'_>| it.waivable.is_some_and(|it| self.policy.emergency_waives(facts, it));
        if waived.is_empty() {
            return None;
        }
        if waived.iter().all(of_emergency) {
            let by = self.tally.counted.iter().map(|vote| vote.person.clone()).collect();
            return Some(Override { by, group: None });
        }
        let group = it.exception_for(facts)?;
        let by = self.tally.slots.iter().filter(|slot| slot.group == *group).filter_map(|slot| slot.person.clone());
        Some(Override { by: by.collect(), group: Some(group.clone()) })
    }
}

impl Change {
    /// Who could remove this obstacle at the moment `now`: approve the change, or revise it. All people and keys must be
    /// loaded.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn who_could(
        &self,
        refusal: &Refusal,
        governance: &Governance,
        now: Moment,
    ) -> Result<Vec<PersonId>, Unloaded> {
        let (capacity, tally) = (self.capacity(governance, now)?, self.tally(governance, now)?);
        let counted: BTreeSet<&PersonId> = tally.counted.iter().map(|vote| &vote.person).collect();
        let able: Vec<&PersonId> = match refusal {
            Refusal::TooFewApprovals { .. } | Refusal::KeyNeeded { .. } => capacity.able.iter().collect(),
            Refusal::GroupMissing { group, .. } => capacity.able_in(group).collect(),
            Refusal::NotIndependent { .. } => capacity.independent().collect(),
            Refusal::PolicyField { .. } | Refusal::LeadTime { .. } | Refusal::LongestWindow { .. } => {
                return self.may_revise(governance);
            }
            Refusal::NotExcepted { .. } => {
                let mut able = Vec::new();
                for person in &capacity.able {
                    if self.would_except(governance, person, now)? {
                        able.push(person);
                    }
                }
                able
            }
            _ => Vec::new(),
        };
        Ok(able.into_iter().filter(|person| !counted.contains(person)).cloned().collect())
    }

    /// The requesters and the owner who have not left and can sign.
    fn may_revise(&self, governance: &Governance) -> Result<Vec<PersonId>, Unloaded> {
        let mut people: BTreeSet<&PersonId> = self.requesters().map(|(person, _)| person).collect();
        people.insert(&self.current().facts.owner);
        let mut here = Vec::new();
        for person in people {
            if !governance.has_left(person)? && governance.has_live_key(person)? {
                here.push(person.clone());
            }
        }
        Ok(here)
    }
}
