//! The rules about break-glass.

use crate::domain::records::{Denied, Unloaded};
use crate::domain::{
    BreakGlass, BreakGlassId, BreakGlassStatus, Digest, Duty, Event, Field, Header, Moment, PartInBreakGlass, PersonId,
    Policy, Refusal, Register, Role, SignedAct, TOLERANCE, Timed, VoidRatification, Word,
};

impl Register {
    /// Checks an act on a break-glass against every rule; the caller has already checked the actor and the key.
    pub(in crate::domain) fn judge_break_glass(&self, header: &Timed<'_>, event: &Event) -> Result<(), Denied> {
        match event {
            Event::BreakGlassOpen { id, .. } => self.judge_open(header, *id),
            Event::BreakGlassEnter { id, word, .. } => self.judge_enter(header, *id, word),
            Event::BreakGlassClose(id) => self.judge_close(header, self.break_glass(*id)?),
            Event::BreakGlassRatify { id, closed } => self.judge_ratify(header, self.break_glass(*id)?, *closed),
            _ => Ok(()),
        }
    }

    /// An engineer opens one with a reason. No other rule may stand in the way: who is refused acts unrecorded.
    fn judge_open(&self, header: &Timed<'_>, id: BreakGlassId) -> Result<(), Denied> {
        if id != self.next_break_glass() {
            return Err(Refusal::BreakGlassNumber { expected: self.next_break_glass() }.into());
        }
        self.governance().judge_role(header, Role::Engineer)?;
        if header.fills(Field::Reason) { Ok(()) } else { Err(Refusal::ReasonMissing.into()) }
    }

    /// Anybody enters what an engineer signed without the register, once. The key of the engineer must still be live.
    fn judge_enter(&self, header: &Timed<'_>, id: BreakGlassId, word: &Word) -> Result<(), Denied> {
        if id != self.next_break_glass() {
            return Err(Refusal::BreakGlassNumber { expected: self.next_break_glass() }.into());
        }
        if self.governance().fingerprint() != Some(word.fingerprint) {
            return Err(Refusal::WordElsewhere { person: word.person.clone() }.into());
        }
        let moment = Moment::unwitnessed(word.time);
        let signer = Header { actor: word.person.clone(), key: word.key, time: word.time, ..header.header.clone() };
        self.governance().judge_actor(&signer)?;
        self.governance().judge_role(&Timed { header: &signer, moment, witnessed: None }, Role::Engineer)?;
        if word.time > header.moment.effective.plus(TOLERANCE) {
            return Err(Refusal::WordAhead { time: word.time }.into());
        }
        let Some(text) = header.text.as_ref().filter(|_| header.fills(Field::Reason)) else {
            return Err(Refusal::ReasonMissing.into());
        };
        match self.entered(text.digest)? {
            Some(id) => Err(Refusal::EnteredBefore { id }.into()),
            None => Ok(()),
        }
    }

    /// Its opener says what was done at any time, and again until it is ratified. Another engineer says it once, if its
    /// opener has not said so before it ended by itself: nobody speaks for an opener who is still at work.
    fn judge_close(&self, header: &Timed<'_>, glass: &BreakGlass) -> Result<(), Denied> {
        let id = glass.id();
        if self.is_opener(glass, &header.actor)? {
            if glass.ratified().is_some() {
                return Err(Refusal::RatifiedBefore { id }.into());
            }
        } else {
            self.governance().judge_role(header, Role::Engineer)?;
            match glass.status(header.moment) {
                _ if glass.close().is_some() => return Err(Refusal::ClosedBefore { id }.into()),
                BreakGlassStatus::Open => return Err(Refusal::OpenStill { id, end: glass.end() }.into()),
                _ => {}
            }
        }
        let reported = header.fills(Field::Note);
        if reported { Ok(()) } else { Err(Refusal::NothingReported { id: glass.id() }.into()) }
    }

    /// An approver who had no part in it agrees with what was done, in time.
    fn judge_ratify(&self, header: &Timed<'_>, glass: &BreakGlass, closed: Digest) -> Result<(), Denied> {
        let id = glass.id();
        self.governance().judge_role(header, Role::Approver)?;
        if self.governance().is_kept_from_approving(&header.actor, header.moment)? {
            return Err(Refusal::DutiesSeparate { person: header.actor.clone(), duty: Duty::AdminApprover }.into());
        }
        if let Some(part) = self.part_in(glass, &header.actor)? {
            return Err(Refusal::OwnBreakGlass { id, part }.into());
        }
        if !glass.is_provided_for() {
            return Err(Refusal::NotProvidedFor { id }.into());
        }
        let Some(close) = glass.close() else { return Err(Refusal::NotClosed { id }.into()) };
        if close.leaf != closed {
            return Err(Refusal::OtherClose { id, closed: close.leaf }.into());
        }
        self.judge_unsettled(header, glass)?;
        if self.ratifiers(glass, header.moment)?.iter().any(|it| it.person == header.actor) {
            return Err(Refusal::RatifiedAlready { id, person: header.actor.clone() }.into());
        }
        for act in [glass.opener(), close] {
            if self.is_redacted(act)? {
                return Err(Refusal::BreakGlassRedacted { id }.into());
            }
        }
        Ok(())
    }

    /// It can be ratified once, from its end until a day later.
    fn judge_unsettled(&self, header: &Timed<'_>, glass: &BreakGlass) -> Result<(), Refusal> {
        let (id, now) = (glass.id(), header.moment.effective);
        if glass.ratified().is_some() {
            return Err(Refusal::RatifiedBefore { id });
        }
        if glass.end() > now.plus(TOLERANCE) {
            return Err(Refusal::EndsLater { id, end: glass.end() });
        }
        let since = glass.deadline();
        if now < since { Ok(()) } else { Err(Refusal::Unauthorised { id, since }) }
    }

    fn is_redacted(&self, act: &SignedAct) -> Result<bool, Unloaded> {
        match &act.text {
            Some(text) => Ok(self.governance().redacted(act.seq, text.digest)?.is_some()),
            None => Ok(false),
        }
    }

    /// Whether a person opened it, or answers for the machine account that did.
    fn is_opener(&self, glass: &BreakGlass, person: &PersonId) -> Result<bool, Unloaded> {
        let opener = glass.opener();
        Ok(self.governance().answer_for_act(&opener.person, opener.key)?.contains(person))
    }

    /// The part that this person had in a break-glass, if any: they opened or closed it, answer for a machine account
    /// that did, or have a conflict of interest in the change that it acts on.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn part_in(&self, glass: &BreakGlass, person: &PersonId) -> Result<Option<PartInBreakGlass>, Unloaded> {
        if glass.opener().person == *person {
            return Ok(Some(PartInBreakGlass::Opened));
        }
        if glass.reports().iter().any(|report| report.person == *person) {
            return Ok(Some(PartInBreakGlass::Closed));
        }
        for act in std::iter::once(glass.opener()).chain(glass.reports()) {
            if self.governance().answer_for_act(&act.person, act.key)?.contains(person) {
                return Ok(Some(PartInBreakGlass::Operates));
            }
        }
        let Some(affects) = glass.opening().affects else { return Ok(None) };
        match self.change(affects) {
            Ok(change) => {
                let conflict = change.conflict_of_interest(self.governance(), person)?;
                Ok(conflict.map(PartInBreakGlass::Change))
            }
            // It named a change that nobody has filed.
            Err(Denied::Refused(_)) => Ok(None),
            Err(Denied::Unloaded(unloaded)) => Err(unloaded),
        }
    }

    /// The ratifications that count at a moment, at most one per person: the signer is still an approver with that key,
    /// and had no part in it. No other code counts ratifications.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn ratifiers<'g>(&self, glass: &'g BreakGlass, now: Moment) -> Result<Vec<&'g SignedAct>, Unloaded> {
        if let Some(ratified) = glass.ratified() {
            return Ok(ratified.collect());
        }
        let mut counted = Vec::new();
        for act in glass.latest_ratifications() {
            if self.void_ratification(glass, act, now)?.is_none() {
                counted.push(act);
            }
        }
        Ok(counted)
    }

    /// Why a ratification does not count at a moment as long as too few do; `None` if it counts.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn void_ratification(
        &self,
        glass: &BreakGlass,
        act: &SignedAct,
        now: Moment,
    ) -> Result<Option<VoidRatification>, Unloaded> {
        let governance = self.governance();
        Ok(if !glass.latest_ratifications().any(|it| it.seq == act.seq) {
            Some(VoidRatification::Replaced)
        } else if !governance.is_live(act.key, &act.person)? {
            Some(VoidRatification::DeadKey)
        } else if !governance.has_role(&act.person, Role::Approver, now)? {
            Some(VoidRatification::NoApprover)
        } else if governance.is_kept_from_approving(&act.person, now)? {
            Some(VoidRatification::Separate)
        } else if self.part_in(glass, &act.person)?.is_some() {
            Some(VoidRatification::TookPart)
        } else {
            None
        })
    }

    /// A break-glass after a judged act on it.
    pub(in crate::domain) fn after_act(
        &self,
        header: &Timed<'_>,
        leaf: Digest,
        event: &Event,
    ) -> Result<Option<BreakGlass>, Denied> {
        match event {
            Event::BreakGlassOpen { id, opening } => {
                let limits = self.governance().policy().map(Policy::break_glass).cloned().unwrap_or_default();
                let provided = limits.cover(self.governance(), &header.actor, header.moment)?;
                Ok(Some(BreakGlass::opened(*id, opening, header, leaf, (&limits, provided))))
            }
            Event::BreakGlassEnter { id, opening, word } => {
                let limits = self.governance().policy().map(Policy::break_glass).cloned().unwrap_or_default();
                let provided = limits.cover(self.governance(), &word.person, Moment::unwitnessed(word.time))?;
                let said = (opening, &**word);
                Ok(Some(BreakGlass::entered(*id, said, header, leaf, (&limits, provided))))
            }
            Event::BreakGlassClose(id) => {
                let glass = self.break_glass(*id)?;
                Ok(Some(glass.after(header, leaf, event, self.is_opener(glass, &header.actor)?)))
            }
            Event::BreakGlassRatify { id, .. } => {
                let mut after = self.break_glass(*id)?.after(header, leaf, event, false);
                let counted: Vec<u64> = self.ratifiers(&after, header.moment)?.iter().map(|act| act.seq).collect();
                if counted.len() >= BreakGlass::RATIFIERS {
                    after.settle(counted);
                }
                Ok(Some(after))
            }
            _ => Ok(None),
        }
    }
}
