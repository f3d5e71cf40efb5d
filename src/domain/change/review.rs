//! After the finish: the post-implementation review of a change, the actions that it asks for, and the close.
//!
//! A review is due after a change that failed or was rolled back, and after every emergency and every change of critical
//! risk. The policy in force at the start says within how many days. A rollback that follows a review asks for another.

use serde::{Deserialize, Serialize};

use crate::domain::records::Denied;
use crate::domain::value::time::DAY;
use crate::domain::{
    Act, Change, ConfirmationState, Field, Governance, Outcome, PersonId, Refusal, RevisionRef, Role, Time, Timed,
    judge_party,
};

/// An action that a review asks for, as an entry records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewAction {
    /// Its number: the actions of all reviews of a change are numbered from 1.
    pub number: u64,
    /// Who sees to it.
    pub owner: PersonId,
    /// By when.
    pub due: Time,
}

/// A review, as an entry records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The revision that was carried out.
    pub revision: RevisionRef,
    /// The actions that it asks for, in order.
    pub actions: Vec<ReviewAction>,
}

/// An action that is done, as an entry records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionDone {
    /// The revision that was carried out.
    pub revision: RevisionRef,
    /// The number of the action.
    pub number: u64,
}

/// An action of a review, and whether it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Who sees to it.
    pub owner: PersonId,
    /// By when.
    pub due: Time,
    /// The sequence number of the review that asks for it.
    pub review: u64,
    /// Who said that it is done.
    pub done: Option<Act>,
}

/// What happened to a change since its finish.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct AfterFinish {
    reviews: Vec<Act>,
    actions: Vec<FollowUp>,
    closed: Option<Act>,
    /// By when it is to be reviewed, or was.
    due: Option<Time>,
    /// Whether the review that is due is not there yet.
    awaited: bool,
}

impl AfterFinish {
    pub(super) fn review(&mut self, it: &Review, act: Act) {
        let action = |it: &ReviewAction| FollowUp { owner: it.owner.clone(), due: it.due, review: act.seq, done: None };
        self.actions.extend(it.actions.iter().map(action));
        self.reviews.push(act);
        self.awaited = false;
    }

    pub(super) fn done(&mut self, number: u64, act: Act) {
        let at = usize::try_from(number).unwrap_or(usize::MAX).wrapping_sub(1);
        self.actions.get_mut(at).into_iter().for_each(|it| it.done = Some(act.clone()));
    }

    pub(super) fn close(&mut self, act: Act) {
        self.closed = Some(act);
    }

    /// Takes in an outcome that was recorded at an effective time; `demanded` is within how many days a review of the
    /// change is due, if one is.
    pub(super) fn finish(&mut self, outcome: Outcome, at: Time, demanded: Option<u64>) {
        let again = !self.awaited && outcome != Outcome::Succeeded;
        if let Some(days) = demanded.filter(|_| self.due.is_none() || again) {
            self.due = Some(at.plus(i64::try_from(days).unwrap_or(0) * DAY));
            self.awaited = true;
        }
    }
}

impl Change {
    /// The reviews, in order.
    pub fn reviews(&self) -> &[Act] {
        &self.after_finish().reviews
    }

    /// The actions that its reviews ask for, in order: action 1 is the first.
    pub fn actions(&self) -> &[FollowUp] {
        &self.after_finish().actions
    }

    /// The close, if any.
    pub fn closed(&self) -> Option<&Act> {
        self.after_finish().closed.as_ref()
    }

    /// The deadline of the review, from the effective time of the finish on; `None` while the change is not finished, or
    /// if no review is due. It stays once there is a review.
    pub fn review_due(&self) -> Option<Time> {
        self.after_finish().due
    }

    /// The deadline of the review that is due and not there yet.
    pub fn awaited_review(&self) -> Option<Time> {
        self.review_due().filter(|_| self.after_finish().awaited)
    }

    /// Within how many days a review is due now, if one is: after a bad outcome, and where the kind or the risk of the
    /// change asks for one after any.
    pub(super) fn review_demanded(&self) -> Option<u64> {
        let duties = &self.settled()?.duties;
        let outcome = self.outcome_to_confirm()?;
        Some(duties.review_days).filter(|_| duties.review || outcome != Outcome::Succeeded)
    }

    /// A closed change takes notes, and actions that are done.
    pub(super) fn judge_not_closed(&self) -> Result<(), Refusal> {
        if self.closed().is_some() { Err(Refusal::ChangeClosed { change: self.id() }) } else { Ok(()) }
    }

    /// An engineer or an approver writes what happened. Whoever knows something may: a review looks for causes, and not
    /// for who is to blame, so there is nobody to keep away from it.
    pub(super) fn judge_review(&self, governance: &Governance, header: &Timed<'_>, it: &Review) -> Result<(), Denied> {
        let person = header.actor.clone();
        let has = |role| governance.has_role(&person, role, header.moment);
        let is_machine = governance.person(&person)?.is_some_and(|it| it.grants.is_machine());
        if is_machine || !(has(Role::Engineer)? || has(Role::Approver)?) {
            return Err(Refusal::NoReviewer { person }.into());
        }
        self.judge_current(it.revision)?;
        self.judge_finished()?;
        if let Some(field) = [Field::Happened, Field::Learned].into_iter().find(|field| !header.fills(*field)) {
            return Err(Refusal::FieldMissing { field }.into());
        }
        for (expected, action) in (self.actions().len() as u64 + 1..).zip(&it.actions) {
            if action.number != expected {
                return Err(Refusal::ActionNumber { expected }.into());
            }
            judge_party(governance, &action.owner)?;
            if action.due <= header.time {
                return Err(Refusal::ActionDueBefore { number: action.number, due: action.due }.into());
            }
        }
        Ok(())
    }

    /// The owner of an action, or that of the change, says once that it is done.
    pub(super) fn judge_action(&self, header: &Timed<'_>, it: &ActionDone) -> Result<(), Refusal> {
        let (change, number) = (self.id(), it.number);
        self.judge_current(it.revision)?;
        let Some(action) = self.action(number) else { return Err(Refusal::NoAction { change, number }) };
        if ![&action.owner, &self.current().facts.owner].contains(&&header.actor) {
            return Err(Refusal::NotActionOwner { person: header.actor.clone(), change, number });
        }
        if action.done.is_some() { Err(Refusal::ActionDoneBefore { change, number }) } else { Ok(()) }
    }

    /// The action with this number.
    pub fn action(&self, number: u64) -> Option<&FollowUp> {
        self.actions().get(usize::try_from(number).ok()?.checked_sub(1)?)
    }

    /// Whoever may finish a change closes it, once everything is there that the policy at its start asked for. Open
    /// actions do not keep it from being closed.
    pub(super) fn judge_close(
        &self,
        governance: &Governance,
        header: &Timed<'_>,
        at: RevisionRef,
    ) -> Result<(), Denied> {
        let change = self.id();
        self.judge_finisher(governance, header)?;
        self.judge_current(at)?;
        self.judge_finished()?;
        if self.confirmation() == ConfirmationState::Awaiting {
            return Err(Refusal::CloseUnconfirmed { change }.into());
        }
        match self.awaited_review() {
            Some(_) => Err(Refusal::CloseUnreviewed { change }.into()),
            None => Ok(()),
        }
    }

    fn judge_finished(&self) -> Result<(), Refusal> {
        if self.outcomes().is_empty() { Err(Refusal::NotFinished { change: self.id() }) } else { Ok(()) }
    }
}
