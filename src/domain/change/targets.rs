//! Carrying out a change: its start and outcome, as a whole or target by target.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{Act, Artifact, Change, Outcome, Refusal, RevisionRef, RunId, Target};

/// A start, as an entry records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The approved revision.
    pub revision: RevisionRef,
    /// The target that is started; `None` for a change without targets.
    pub target: Option<Target>,
    /// The run of a pipeline that starts it.
    pub run: Option<RunId>,
    /// The artifacts as read at the start.
    pub artifacts: Vec<Artifact>,
}

impl Start {
    /// A start without a target, a run or artifacts.
    pub fn of(revision: RevisionRef) -> Self {
        Self { revision, target: None, run: None, artifacts: Vec::new() }
    }
}

/// An outcome, as an entry records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// The started revision.
    pub revision: RevisionRef,
    /// The target that is finished; `None` for the change as a whole.
    pub target: Option<Target>,
    /// The run of a pipeline that finishes it.
    pub run: Option<RunId>,
    /// The outcome.
    pub outcome: Outcome,
}

impl Finish {
    /// An outcome of a change as a whole, by no run.
    pub fn of(revision: RevisionRef, outcome: Outcome) -> Self {
        Self { revision, target: None, run: None, outcome }
    }
}

/// What was done on a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnTarget {
    /// The start.
    pub started: Act,
    /// The outcomes: none yet, one, or one followed by a rollback.
    pub outcomes: Vec<(Outcome, Act)>,
}

impl OnTarget {
    /// The latest outcome; `None` while it is in progress.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcomes.last().map(|(outcome, _)| *outcome)
    }
}

/// The targets of a change on which it was started.
pub type OnTargets = BTreeMap<Target, OnTarget>;

impl Change {
    /// How many targets have failed: they did not succeed, or were rolled back since.
    pub fn failed_targets(&self) -> u64 {
        let failed = |it: &&OnTarget| it.outcome().is_some_and(|outcome| outcome != Outcome::Succeeded);
        u64::try_from(self.on_targets().values().filter(failed).count()).unwrap_or(u64::MAX)
    }

    /// The targets in progress.
    pub fn targets_in_progress(&self) -> impl Iterator<Item = &Target> {
        self.on_targets().iter().filter(|(_, it)| it.outcome().is_none()).map(|(target, _)| target)
    }

    /// The outcome of a change with targets, by those of its targets: succeeded if every target did, rolled back if
    /// every started one was, otherwise failed.
    pub fn derived_outcome(&self) -> Outcome {
        let all = |outcome| self.on_targets().values().all(|it| it.outcome() == Some(outcome));
        let every_one_started = self.on_targets().len() == self.current().targets.len();
        match (all(Outcome::Succeeded), all(Outcome::RolledBack)) {
            (true, _) if every_one_started => Outcome::Succeeded,
            (_, true) => Outcome::RolledBack,
            _ => Outcome::Failed,
        }
    }

    /// What became of it: its newest outcome. Of a change with targets it is the one that they have by now: some may have
    /// been rolled back after the end.
    pub fn result(&self) -> Option<Outcome> {
        let outcome = self.outcome()?;
        Some(if self.on_targets().is_empty() { outcome } else { self.derived_outcome() })
    }

    /// Checks which target a start names.
    pub(super) fn judge_start_target(&self, target: Option<&Target>) -> Result<(), Refusal> {
        match target {
            None if !self.current().targets.is_empty() => Err(Refusal::TargetRequired { change: self.id() }),
            Some(target) => self.judge_known_target(target),
            None => Ok(()),
        }
    }

    fn judge_known_target(&self, target: &Target) -> Result<(), Refusal> {
        match self.current().targets.contains(target) {
            true => Ok(()),
            false => Err(Refusal::TargetUnknown { target: target.clone(), change: self.id() }),
        }
    }

    /// A change, and each target of one, is started once.
    pub(super) fn judge_not_started(&self, target: Option<&Target>) -> Result<(), Refusal> {
        match target.map(|target| (target, self.on_targets().get(target))) {
            Some((target, Some(_))) => Err(Refusal::TargetStarted { target: target.clone(), change: self.id() }),
            _ if self.current().targets.is_empty() && self.started().is_some() => {
                Err(Refusal::Started { change: self.id() })
            }
            _ => match self.outcomes().last() {
                Some((outcome, _)) => Err(Refusal::Finished { change: self.id(), outcome: *outcome }),
                None => Ok(()),
            },
        }
    }

    /// After as many failures as the revision says, the other targets stay as they are.
    pub(super) fn judge_not_stopped(&self) -> Result<(), Refusal> {
        let failed = self.failed_targets();
        match self.current().facts.stop_after {
            Some(most) if failed >= most => Err(Refusal::Stopped { change: self.id(), failed }),
            _ => Ok(()),
        }
    }

    /// Checks an outcome of a target, or of the change as a whole.
    pub(super) fn judge_outcome(&self, finish: &Finish) -> Result<(), Refusal> {
        match &finish.target {
            Some(target) => self.judge_target_outcome(target, finish),
            None => self.judge_whole_outcome(finish),
        }
    }

    /// A target has one outcome, which a rollback may follow.
    fn judge_target_outcome(&self, target: &Target, finish: &Finish) -> Result<(), Refusal> {
        self.judge_known_target(target)?;
        let Some(on) = self.on_targets().get(target) else {
            return Err(Refusal::TargetNotStarted { target: target.clone(), change: self.id() });
        };
        match on.outcome() {
            None => judge_run(finish, [&on.started]),
            Some(Outcome::Succeeded | Outcome::Failed) if finish.outcome == Outcome::RolledBack => Ok(()),
            Some(outcome) => Err(Refusal::TargetFinished { target: target.clone(), outcome }),
        }
    }

    /// A change has one outcome, which a rollback may follow. With targets it is the one that those of the targets give.
    fn judge_whole_outcome(&self, finish: &Finish) -> Result<(), Refusal> {
        let Some(started) = self.started() else { return Err(Refusal::NotStarted { change: self.id() }) };
        match self.outcomes().last() {
            None => {}
            Some((Outcome::Succeeded | Outcome::Failed, _)) if finish.outcome == Outcome::RolledBack => {}
            Some((outcome, _)) => return Err(Refusal::Finished { change: self.id(), outcome: *outcome }),
        }
        if let Some(target) = self.targets_in_progress().next() {
            return Err(Refusal::TargetInProgress { target: target.clone(), change: self.id() });
        }
        let derived = self.derived_outcome();
        if !self.current().targets.is_empty() && finish.outcome != derived {
            return Err(Refusal::OtherOutcome { change: self.id(), outcome: derived });
        }
        match self.outcomes() {
            [] => judge_run(finish, self.on_targets().values().map(|it| &it.started).chain([started])),
            _ => Ok(()),
        }
    }
}

/// A run of a pipeline finishes only what it started: a second run must not finish what another is doing. A rollback
/// later may come from any run.
fn judge_run<'a>(finish: &Finish, starts: impl IntoIterator<Item = &'a Act>) -> Result<(), Refusal> {
    let same = |run: &RunId| starts.into_iter().any(|act| act.run.as_ref() == Some(run));
    match &finish.run {
        Some(run) if !same(run) => Err(Refusal::OtherRun { run: run.clone() }),
        _ => Ok(()),
    }
}
