//! The conditions for the start of a change. The first one that does not hold refuses a start; the gate asks each.

use crate::domain::change::decision_rules::judge_tally;
use crate::domain::change::filing_rules::{judge_artifact_names, judge_starter, judge_time_left};
use crate::domain::records::{Denied, Unloaded};
use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Artifact, Change, Governance, Moment, PersonId, Refusal, Start, Time};

closed_enum!(
    /// A condition for the start of a change. They are judged in this order.
    Condition, ["a condition for a start", "开始条件"], {
        /// An implementer starts it.
        Implementer => "implementer", "实施人";
        /// The revision is the current one.
        Revision => "revision", "修订";
        /// It names a target, if the revision has targets.
        Target => "target", "目标";
        /// It, or the target, was not started before, and the change has not ended.
        NotStarted => "not-started", "尚未开始";
        /// Not too many targets have failed.
        NotStopped => "not-stopped", "未被叫停";
        /// It was not withdrawn.
        NotWithdrawn => "not-withdrawn", "未撤回";
        /// The revision was not rejected.
        NotRejected => "not-rejected", "未驳回";
        /// The text of the revision was not redacted.
        Text => "text", "文本";
        /// Its services exist, in the environments that it names.
        Services => "services", "服务";
        /// The template of a standard change is in force.
        Template => "template", "模板";
        /// The revision has what the policy requires.
        Policy => "policy", "策略";
        /// The policy does not separate the implementer from a requester.
        Duties => "duties", "职责分离";
        /// Enough approvals count.
        Approvals => "approvals", "审批";
        /// The time lies in the window.
        Window => "window", "变更窗口";
        /// A rollback could still end with the window.
        TimeToRollBack => "time-to-roll-back", "回退时间";
        /// No freeze stops it up to the end of its window.
        Freezes => "freezes", "封网";
        /// The artifacts are the approved ones.
        Artifacts => "artifacts", "制品";
        /// The changes that it follows have succeeded.
        Follows => "follows", "前置变更";
        /// No change is in progress that it overlaps unknown to its approvers.
        Conflicts => "conflicts", "变更冲突";
    }
);

/// A start that somebody attempts or asks about.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The account that starts the change.
    pub actor: &'a PersonId,
    /// When.
    pub moment: Moment,
    /// What would be recorded.
    pub start: &'a Start,
}

/// What can make a refused start possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// Time alone: from this moment on it is allowed.
    At(Time),
    /// An act of somebody.
    ByAct,
    /// Nothing: it needs another revision, another change or other artifacts.
    Never,
}

impl Refusal {
    /// Whether a freeze stops the start.
    pub fn is_by_freeze(&self) -> bool {
        matches!(self, Self::Frozen { .. } | Self::Reserved { .. } | Self::RestoredLate { .. })
    }

    /// What can make the start possible that this refusal is about.
    pub fn opens(&self) -> Opens {
        match self {
            Self::OutsideWindow { time, window } if *time < window.start() => Opens::At(window.start()),
            Self::Frozen { opens, .. } | Self::Reserved { opens, .. } | Self::RestoredLate { opens, .. } => *opens,
            Self::OutsideWindow { .. }
            | Self::TooLateToStart { .. }
            | Self::Withdrawn { .. }
            | Self::Started { .. }
            | Self::Finished { .. }
            | Self::TargetRequired { .. }
            | Self::TargetUnknown { .. }
            | Self::TargetStarted { .. }
            | Self::Stopped { .. }
            | Self::Rejected { .. }
            | Self::RevisionRedacted { .. }
            | Self::NotCurrent { .. }
            | Self::NotImplementer { .. }
            | Self::NoService { .. }
            | Self::ServiceEnvironment { .. }
            | Self::TemplateNone { .. }
            | Self::TemplateReplaced { .. }
            | Self::TemplateEnded { .. }
            | Self::PolicyField { .. }
            | Self::LeadTime { .. }
            | Self::LongestWindow { .. }
            | Self::ArtifactMissing { .. }
            | Self::ArtifactDiffers { .. }
            | Self::ArtifactUnknown { .. }
            | Self::ArtifactTwice { .. } => Opens::Never,
            _ => Opens::ByAct,
        }
    }
}

impl Change {
    /// Checks a start against one condition; the caller has already checked the actor's account and key. For
    /// [`Condition::Follows`] and [`Condition::Conflicts`] other changes are needed: see [`Register::judge_condition`].
    ///
    /// [`Register::judge_condition`]: crate::domain::Register::judge_condition
    pub(in crate::domain) fn judge_condition(
        &self,
        governance: &Governance,
        attempt: Attempt<'_>,
        condition: Condition,
    ) -> Result<(), Denied> {
        let facts = &self.current().facts;
        let Attempt { actor, moment, start } = attempt;
        let time = moment.claimed;
        match condition {
            Condition::Implementer if !facts.implementers.contains(actor) => {
                Err(Refusal::NotImplementer { person: actor.clone(), change: self.id() }.into())
            }
            Condition::Revision => Ok(self.judge_current(start.revision)?),
            Condition::Target => Ok(self.judge_start_target(start.target.as_ref())?),
            Condition::NotStarted => Ok(self.judge_not_started(start.target.as_ref())?),
            Condition::NotStopped => Ok(self.judge_not_stopped()?),
            Condition::NotWithdrawn if self.withdrawn().is_some() => {
                Err(Refusal::Withdrawn { change: self.id() }.into())
            }
            Condition::NotRejected => Ok(self.judge_not_rejected()?),
            Condition::Text => self.judge_readable(governance),
            Condition::Services => governance.judge_services(facts),
            Condition::Template => governance.judge_template(facts, moment.effective, self.current().effective),
            Condition::Policy => self.judge_facts(governance),
            Condition::Duties => judge_starter(governance, self.requesters(), actor),
            Condition::Approvals => self.judge_approvals(governance, moment),
            Condition::Window if !facts.window.contains(time) => {
                Err(Refusal::OutsideWindow { time, window: facts.window.clone() }.into())
            }
            Condition::TimeToRollBack => Ok(judge_time_left(&facts.window, facts.rollback_minutes, time)?),
            Condition::Freezes => self.judge_frozen(governance, moment),
            Condition::Artifacts => Ok(judge_artifacts(&facts.artifacts, &start.artifacts)?),
            Condition::Implementer
            | Condition::NotWithdrawn
            | Condition::Window
            | Condition::Follows
            | Condition::Conflicts => Ok(()),
        }
    }

    /// The start of each target is judged by the approvals that count at that moment.
    fn judge_approvals(&self, governance: &Governance, moment: Moment) -> Result<(), Denied> {
        let tally = self.tally_for_start(governance, moment)?;
        Ok(judge_tally(self.id(), &tally)?)
    }

    /// What keeps the current revision from being started by anybody from now on, however many approve it: a redacted
    /// text, its services, its template, the policy, or that none of its implementers could start it.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn obstacle(&self, governance: &Governance, now: Moment) -> Result<Option<Refusal>, Unloaded> {
        let (facts, starters) = (&self.current().facts, || Ok(self.starters(governance)?.map(drop)?));
        let judged = self
            .judge_readable(governance)
            .and_then(|()| governance.judge_services(facts))
            .and_then(|()| {
                governance.judge_template(facts, facts.window.start().max(now.effective), self.current().effective)
            })
            .and_then(|()| self.judge_facts(governance))
            .and_then(|()| starters());
        match judged {
            Ok(()) => Ok(None),
            Err(Denied::Refused(refusal)) => Ok(Some(refusal)),
            Err(Denied::Unloaded(unloaded)) => Err(unloaded),
        }
    }

    /// The implementers who could start the change now, as far as their accounts and the separation of duties go. If
    /// there is none, the reason why the last one could not.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn starters(&self, governance: &Governance) -> Result<Result<Vec<PersonId>, Refusal>, Unloaded> {
        let (mut able, mut refused) = (Vec::new(), Refusal::NoImplementers);
        for person in &self.current().facts.implementers {
            let judged =
                governance.judge_account(person).and_then(|()| judge_starter(governance, self.requesters(), person));
            match judged {
                Ok(()) => able.push(person.clone()),
                Err(Denied::Refused(refusal)) => refused = refusal,
                Err(Denied::Unloaded(unloaded)) => return Err(unloaded),
            }
        }
        Ok(if able.is_empty() { Err(refused) } else { Ok(able) })
    }
}

/// The artifacts read at the start must be exactly the approved ones, with the approved content.
fn judge_artifacts(approved: &[Artifact], read: &[Artifact]) -> Result<(), Refusal> {
    let named = |list: &[Artifact], it: &Artifact| list.iter().find(|other| other.name == it.name).cloned();
    for it in approved {
        match named(read, it) {
            None => return Err(Refusal::ArtifactMissing { name: it.name.clone() }),
            Some(found) if found.digest != it.digest => {
                return Err(Refusal::ArtifactDiffers {
                    name: it.name.clone(),
                    approved: it.digest,
                    read: found.digest,
                });
            }
            Some(_) => {}
        }
    }
    judge_artifact_names(read)?;
    match read.iter().find(|it| named(approved, it).is_none()) {
        Some(it) => Err(Refusal::ArtifactUnknown { name: it.name.clone() }),
        None => Ok(()),
    }
}
