//! The rules about events on a change that exists.

use crate::domain::change::filing_rules::{judge_filing, judge_owner, judge_policy, judge_starters, judge_time_left};
use crate::domain::change::left::Left;
use crate::domain::records::{Denied, Unloaded};
use crate::domain::{
    Attempt, Change, ChangeId, Condition, Duty, Event, Facts, Field, Finish, Governance, Header, Independence,
    PersonId, Refusal, RefusedAct, RefusedAttempt, RevisionRef, Role, Rule, Start, Tally, Timed, Verdict,
};

impl Change {
    /// Checks an event on this change against every rule; the caller has already checked the actor and the key.
    pub(in crate::domain) fn judge(
        &self,
        governance: &Governance,
        header: &Timed<'_>,
        event: &Event,
    ) -> Result<(), Denied> {
        // Every other act on a change that was finished is refused by its own rules, but for notes and actions.
        if matches!(event, Event::Finish(_) | Event::Confirm(_) | Event::Review(_) | Event::Close(_)) {
            self.judge_not_closed()?;
        }
        match event {
            Event::Approve(at) => self.judge_approve(governance, header, *at),
            Event::Submit(it) => self.judge_submit(governance, header, it),
            Event::Reject(at) => self.judge_reject(governance, header, *at),
            Event::Start(start) => self.judge_start(governance, header, start),
            Event::Finish(finish) => self.judge_finish(governance, header, finish),
            Event::Confirm(it) => self.judge_confirm(governance, header, it),
            Event::Review(it) => self.judge_review(governance, header, it),
            Event::ActionDone(it) => Ok(self.judge_action(header, it)?),
            Event::Close(at) => self.judge_close(governance, header, *at),
            Event::Revise { replaces, facts, execution } => {
                self.judge_reviser(governance, header, *replaces)?;
                judge_filing(governance, header, (facts, execution))?;
                judge_starters(governance, self.requesters().chain([(&header.actor, header.key)]), facts)
            }
            Event::ChangeWithdraw(at) => Ok(self.judge_withdraw(header, *at)?),
            Event::Retract(at) => Ok(self.judge_retract(header, *at)?),
            Event::Note(_) if !header.fills(Field::Note) => Err(Refusal::NoteMissing.into()),
            Event::Note(_) => Ok(()),
            // These events are not about an existing change. Listing them all makes a new kind fail to compile until
            // it has its rules.
            Event::File { .. }
            | Event::Refused { .. }
            | Event::Init { .. }
            | Event::Seal
            | Event::Propose { .. }
            | Event::Second(_)
            | Event::Decline(_)
            | Event::ProposalWithdraw(_)
            | Event::KeyRevoke(_)
            | Event::KeySuspend(_)
            | Event::PersonSuspend(_)
            | Event::FreezeNow { .. }
            | Event::FreezeEnd(_)
            | Event::BreakGlassOpen { .. }
            | Event::BreakGlassEnter { .. }
            | Event::BreakGlassClose(_)
            | Event::BreakGlassRatify { .. }
            | Event::DeviationRecord { .. }
            | Event::DeviationReview { .. }
            | Event::Checkpoint(_)
            | Event::Sample(_)
            | Event::Reconciliation(_) => Err(Refusal::NoChange { change: self.id() }.into()),
        }
    }

    /// A refusal is recorded only once.
    pub(in crate::domain) fn judge_refused_once(
        &self,
        header: &Header,
        attempt: &RefusedAttempt,
        rule: Rule,
    ) -> Result<(), Refusal> {
        let same = |it: &&RefusedAct| {
            (it.verb, it.revision, it.rule) == (attempt.verb(), attempt.target(), rule)
                && (&it.act.person, it.target.as_ref()) == (&header.actor, attempt.on_target())
        };
        if self.refused().iter().any(|it| same(&it)) { Err(Refusal::RefusedBefore) } else { Ok(()) }
    }

    /// Only a requester or the owner may revise a change, and only before it starts. If the owner or all implementers
    /// have left, any engineer may take it over.
    fn judge_reviser(&self, governance: &Governance, header: &Timed<'_>, at: RevisionRef) -> Result<(), Denied> {
        let taken_over =
            self.left(governance)?.is_any() && governance.has_role(&header.actor, Role::Engineer, header.moment)?;
        if !taken_over {
            self.judge_requester_or_owner(header)?;
        }
        self.judge_current(at)?;
        Ok(self.judge_undecided()?)
    }

    /// Only a requester or the owner may withdraw a change, and only before it starts.
    fn judge_withdraw(&self, header: &Header, at: RevisionRef) -> Result<(), Refusal> {
        self.judge_requester_or_owner(header)?;
        self.judge_current(at)?;
        self.judge_undecided()
    }

    /// Whether this person filed or revised the change, or owns it now, and so may revise and withdraw it.
    pub fn is_requester_or_owner(&self, person: &PersonId) -> bool {
        self.revisions().any(|revision| revision.requester == *person) || self.current().facts.owner == *person
    }

    fn judge_requester_or_owner(&self, header: &Header) -> Result<(), Refusal> {
        match self.is_requester_or_owner(&header.actor) {
            true => Ok(()),
            false => Err(Refusal::NotRequesterOrOwner { person: header.actor.clone(), change: self.id() }),
        }
    }

    fn judge_retract(&self, header: &Header, at: RevisionRef) -> Result<(), Refusal> {
        self.judge_current(at)?;
        self.judge_undecided()?;
        let own = self.latest_votes().find(|vote| vote.person == header.actor);
        if own.is_none_or(|vote| vote.verdict == Verdict::Retract) {
            return Err(Refusal::NothingToRetract { person: header.actor.clone(), change: self.id() });
        }
        if header.fills(Field::Reason) { Ok(()) } else { Err(Refusal::ReasonMissing) }
    }

    pub(super) fn judge_current(&self, at: RevisionRef) -> Result<(), Refusal> {
        let current = self.current().id;
        if at == current { Ok(()) } else { Err(Refusal::NotCurrent { change: self.id(), current: current.filed }) }
    }

    fn judge_undecided(&self) -> Result<(), Refusal> {
        if self.withdrawn().is_some() {
            return Err(Refusal::Withdrawn { change: self.id() });
        }
        match self.started() {
            Some(_) => Err(Refusal::NotUndecided { change: self.id(), status: self.state() }),
            None => Ok(()),
        }
    }

    pub(super) fn judge_not_rejected(&self) -> Result<(), Refusal> {
        match self.rejection() {
            Some(vote) => Err(Refusal::Rejected { change: self.id(), by: vote.person.clone() }),
            None => Ok(()),
        }
    }

    pub(super) fn judge_approve(
        &self,
        governance: &Governance,
        header: &Timed<'_>,
        at: RevisionRef,
    ) -> Result<(), Denied> {
        governance.judge_role(header, Role::Approver)?;
        if governance.is_kept_from_approving(&header.actor, header.moment)? {
            return Err(Refusal::DutiesSeparate { person: header.actor.clone(), duty: Duty::AdminApprover }.into());
        }
        if let Some(conflict) = self.conflict_of_interest(governance, &header.actor)? {
            return Err(Refusal::OwnChange { change: self.id(), conflict }.into());
        }
        self.judge_current(at)?;
        self.judge_undecided()?;
        self.judge_not_rejected()?;
        self.judge_readable(governance)?;
        let need = self.key_need(governance, &header.actor, header.moment)?;
        if let Some(need) = need.filter(|need| !need.is_met(header.touch)) {
            return Err(Refusal::KeyNeeded { change: self.id(), need }.into());
        }
        let Facts { window, rollback_minutes, .. } = &self.current().facts;
        if window.ended(header.time) {
            return Err(Refusal::WindowEnded { window: window.clone() }.into());
        }
        Ok(judge_time_left(window, *rollback_minutes, header.time)?)
    }

    fn judge_reject(&self, governance: &Governance, header: &Timed<'_>, at: RevisionRef) -> Result<(), Denied> {
        governance.judge_role(header, Role::Approver)?;
        self.judge_current(at)?;
        self.judge_undecided()?;
        if header.fills(Field::Reason) { Ok(()) } else { Err(Refusal::ReasonMissing.into()) }
    }

    fn judge_start(&self, governance: &Governance, header: &Timed<'_>, start: &Start) -> Result<(), Denied> {
        let attempt = Attempt { actor: &header.actor, moment: header.moment, start };
        Condition::ALL.iter().try_for_each(|condition| self.judge_condition(governance, attempt, *condition))
    }

    /// A revision whose text was redacted can be neither approved nor started.
    pub(super) fn judge_readable(&self, governance: &Governance) -> Result<(), Denied> {
        let redacted = self.current().is_redacted(governance)?;
        if redacted { Err(Refusal::RevisionRedacted { change: self.id() }.into()) } else { Ok(()) }
    }

    /// Checks whether the policy in force allows the current revision to be started.
    ///
    /// # Errors
    /// What the requirements of the policy refuse, [`Refusal::DutiesSeparate`], or an unloaded record.
    pub fn judge_facts(&self, governance: &Governance) -> Result<(), Denied> {
        let touched = governance.touched(&self.current().facts)?;
        judge_policy(governance, &self.content(&touched))?;
        judge_starters(governance, self.requesters(), &self.current().facts)
    }

    /// Every rule about separated duties that refuses the current revision, whoever approves it.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn duty_refusals(&self, governance: &Governance) -> Result<Vec<Refusal>, Unloaded> {
        let facts = &self.current().facts;
        let judged = [judge_owner(governance, facts), judge_starters(governance, self.requesters(), facts)];
        let mut refusals = Vec::new();
        for judged in judged {
            match judged {
                Ok(()) => {}
                Err(Denied::Refused(refusal)) => refusals.push(refusal),
                Err(Denied::Unloaded(unloaded)) => return Err(unloaded),
            }
        }
        Ok(refusals)
    }

    fn judge_finish(&self, governance: &Governance, header: &Timed<'_>, finish: &Finish) -> Result<(), Denied> {
        self.judge_finisher(governance, header)?;
        self.judge_current(finish.revision)?;
        Ok(self.judge_outcome(finish)?)
    }

    /// An implementer or the owner finishes and closes a change. If all of them have left, any admin may.
    pub(super) fn judge_finisher(&self, governance: &Governance, header: &Timed<'_>) -> Result<(), Denied> {
        let facts = &self.current().facts;
        let named = header.actor == facts.owner || facts.implementers.contains(&header.actor);
        let stands_in = || -> Result<bool, Unloaded> {
            Ok(self.left(governance)? == Left::All && governance.has_role(&header.actor, Role::Admin, header.moment)?)
        };
        if !named && !stands_in()? {
            return Err(Refusal::NotImplementerOrOwner { person: header.actor.clone(), change: self.id() }.into());
        }
        Ok(())
    }
}

/// Enough people approved, and among them those of groups that the policy requires.
pub(super) fn judge_tally(change: ChangeId, tally: &Tally<'_>) -> Result<(), Refusal> {
    let (have, need) = (tally.counted.len(), tally.need);
    if have < need {
        return Err(Refusal::TooFewApprovals { change, have, need });
    }
    if let Some(group) = tally.unfilled().next() {
        return Err(Refusal::GroupMissing { change, group: group.clone() });
    }
    match tally.independence {
        Independence::Missing => Err(Refusal::NotIndependent { change }),
        Independence::NotRequired | Independence::By(_) => Ok(()),
    }
}
