//! The register as a fold over its entries: one function judges an event, one applies it.

pub(in crate::domain) mod audit_work;
pub(in crate::domain) mod checkpoint;
mod deviations;
mod loading;
mod overlaps;
pub(in crate::domain) mod reviews;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::change::filing_rules::{judge_execution, judge_facts, judge_named};
use crate::domain::governance::proposal::At;
use crate::domain::records::{Denied, Records, StateKey, Unloaded};
use crate::domain::register::overlaps::Open;
use crate::domain::register::reviews::ReviewsDue;
use crate::domain::trees::{Frontier, Trees};
use crate::domain::{
    Action, Attempt, BreakGlass, BreakGlassId, Change, ChangeId, Condition, Deviation, DeviationId, Digest, Event,
    Facts, Field, Governance, Header, Invalid, Moment, Outcome, PersonId, ProposalId, Refusal, RefusedAttempt,
    RegisterId, Rule, Since, Statement, Stream, Text, TextRef, Time, Timed, Watched, Witnesses, number,
};

/// The links from the next entry to the entries before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The sequence number.
    pub seq: u64,
    /// The leaf hash of the previous entry, or [`Digest::NONE`].
    pub prev: Digest,
    /// The leaf hash of the latest governance entry, or [`Digest::NONE`].
    pub governance: Digest,
    /// For an entry about a subject: the leaf hash of the latest entry about it, or [`Digest::NONE`].
    pub last: Option<Digest>,
}

/// The newest entry of a log, written as its sequence number, a space and its leaf hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The sequence number.
    pub seq: u64,
    /// Its leaf hash, which commits to all earlier entries.
    pub leaf: Digest,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, self.leaf)
    }
}

impl FromStr for Head {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (seq, leaf) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { seq: number(seq)?, leaf: leaf.parse()? })
    }
}

/// The register's identity, its head, the numbers of changes filed and of break-glasses opened, and the tree of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterSummary {
    id: Option<RegisterId>,
    head: Option<Head>,
    governance_tip: Option<Digest>,
    filed: u64,
    break_glasses: u64,
    deviations: u64,
    witnesses: Witnesses,
    log: Frontier,
    checkpoint: Option<Head>,
}

/// The state of a register after some entry, as the working set of its loaded records.
///
/// The default is the state before entry 0, where no record exists. All records stay in memory until some
/// are unloaded. A lookup of an unloaded record fails with [`Unloaded`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    summary: RegisterSummary,
    /// Whether entries were applied since the changed records were last taken for writing.
    changed: bool,
    governance: Governance,
    changes: Records<ChangeId, Change>,
    break_glasses: Records<BreakGlassId, BreakGlass>,
    words: Records<Digest, BreakGlassId>,
    reviews: Records<PersonId, ReviewsDue>,
    deviations: Records<DeviationId, Deviation>,
    open: Open,
    trees: Trees,
    /// The break-glasses whose end the newest entry corrected.
    corrected: Vec<BreakGlassId>,
    /// Whether only selected entries are applied.
    selected: bool,
}

impl Register {
    /// The identity of the register; `None` before entry 0.
    pub fn id(&self) -> Option<&RegisterId> {
        self.summary.id.as_ref()
    }

    /// The newest entry; `None` before entry 0.
    pub fn head(&self) -> Option<Head> {
        self.summary.head
    }

    /// The leaf hash of the newest governance entry, or [`Digest::NONE`].
    pub fn governance_tip(&self) -> Digest {
        self.summary.governance_tip.unwrap_or(Digest::NONE)
    }

    /// The governance state.
    pub fn governance(&self) -> &Governance {
        &self.governance
    }

    /// The number of changes filed so far.
    pub fn filed(&self) -> u64 {
        self.summary.filed
    }

    /// The number of the next change.
    pub fn next_change(&self) -> ChangeId {
        ChangeId::after(self.summary.filed)
    }

    /// A change by number.
    ///
    /// # Errors
    /// [`Refusal::NoChange`], or [`Unloaded`].
    pub fn change(&self, change: ChangeId) -> Result<&Change, Denied> {
        let missing = Refusal::NoChange { change };
        if change.number() > self.summary.filed {
            return Err(missing.into());
        }
        Ok(self.changes.get(&change, StateKey::Change)?.ok_or(missing)?)
    }

    /// The number of break-glasses opened so far.
    pub fn break_glasses(&self) -> u64 {
        self.summary.break_glasses
    }

    /// The number of the next break-glass.
    pub fn next_break_glass(&self) -> BreakGlassId {
        BreakGlassId::after(self.summary.break_glasses)
    }

    /// A break-glass by number.
    ///
    /// # Errors
    /// [`Refusal::NoBreakGlass`], or [`Unloaded`].
    pub fn break_glass(&self, id: BreakGlassId) -> Result<&BreakGlass, Denied> {
        let missing = Refusal::NoBreakGlass { id };
        if id.number() > self.summary.break_glasses {
            return Err(missing.into());
        }
        Ok(self.break_glasses.get(&id, StateKey::BreakGlass)?.ok_or(missing)?)
    }

    /// The break-glasses whose end the newest entry corrected, because the clock of their opener ran ahead.
    pub fn corrected_break_glasses(&self) -> impl Iterator<Item = BreakGlassId> {
        self.corrected.iter().copied()
    }

    /// As which break-glass the text with this digest was entered, if it was.
    pub(in crate::domain) fn entered(&self, text: Digest) -> Result<Option<BreakGlassId>, Unloaded> {
        Ok(self.words.get(&text, StateKey::Word)?.copied())
    }

    /// The moment of reading at a time: as if somebody acted then who has not acted before.
    pub fn moment(&self, now: Time) -> Moment {
        self.moment_for(now, &BTreeSet::new())
    }

    fn moment_for(&self, claimed: Time, actors: &BTreeSet<PersonId>) -> Moment {
        if self.selected { Moment::unknown(claimed) } else { self.summary.witnesses.moment(claimed, actors) }
    }

    /// The moment at which the next entry is judged if it has this header. The state after that entry gives the same
    /// answer, because the claims of those who answer for an entry never count for it.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn moment_of(&self, header: &Header) -> Result<Moment, Unloaded> {
        let actors = self.governance.answer_for_act(&header.actor, header.key)?;
        Ok(self.moment_for(header.time, &actors))
    }

    /// Checks whether an admin who is neither its proposer nor its subject could second a proposal at the moment `now`.
    ///
    /// # Errors
    /// The rule that refuses it, for example because another proposal changed what it would replace; [`Unloaded`].
    pub fn judge_pending(&self, proposal: ProposalId, now: Moment) -> Result<(), Denied> {
        let seq = self.summary.head.map_or(0, |head| head.seq + 1);
        self.governance.judge_pending(proposal, At { seq, opened: seq, moment: now })
    }

    /// Whether the claimed time of the newest entry, which has this header, is behind what others had claimed.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn is_behind(&self, header: &Header) -> Result<bool, Unloaded> {
        let actors = self.governance.answer_for_act(&header.actor, header.key)?;
        Ok(self.summary.witnesses.is_behind(header.time, &actors))
    }

    fn timed<'h>(&self, header: &'h Header) -> Result<Timed<'h>, Unloaded> {
        let actors = self.governance.answer_for_act(&header.actor, header.key)?;
        Ok(self.timed_for(header, &actors))
    }

    fn timed_for<'h>(&self, header: &'h Header, actors: &BTreeSet<PersonId>) -> Timed<'h> {
        let witnessed = if self.selected { Some(Time::LAST) } else { self.summary.witnesses.time(actors) };
        Timed { header, moment: self.moment_for(header.time, actors), witnessed }
    }

    /// The links that the next entry must have to the entries before it.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn position(&self, stream: Stream) -> Result<Position, Unloaded> {
        let last = match stream {
            Stream::Governance | Stream::Log => None,
            Stream::Change(id) => Some(self.change(id).map(Change::last)),
            Stream::BreakGlass(id) => Some(self.break_glass(id).map(BreakGlass::last)),
            Stream::Deviation(id) => Some(self.deviation(id).map(Deviation::last)),
        };
        let last = match last {
            Some(Err(Denied::Refused(_))) => Some(Digest::NONE),
            Some(Err(Denied::Unloaded(unloaded))) => return Err(unloaded),
            Some(Ok(last)) => Some(last),
            None => None,
        };
        let head = self.summary.head;
        Ok(Position {
            seq: head.map_or(0, |head| head.seq + 1),
            prev: head.map_or(Digest::NONE, |head| head.leaf),
            governance: self.governance_tip(),
            last,
        })
    }

    /// Checks an event against every rule. Writing and verifying both use this one function.
    ///
    /// # Errors
    /// The first rule that refuses the event, or a record that a rule needs and that is not loaded.
    pub fn judge(&self, header: &Header, event: &Event) -> Result<(), Denied> {
        let header = &self.timed(header)?;
        if self.selected && matches!(event, Event::Refused { .. }) {
            return self.governance.judge_actor(header);
        }
        if event.stream() == Stream::Governance {
            return self.governance.judge(header, event);
        }
        if !self.governance.is_sealed() {
            return Err(Refusal::NotSealed.into());
        }
        self.governance.judge_actor(header)?;
        match event {
            Event::File { change, .. } if !self.may_be_next(*change) => {
                Err(Refusal::ChangeNumber { expected: self.next_change() }.into())
            }
            Event::File { change, facts, execution } => {
                judge_facts(&self.governance, header, (facts, execution))?;
                judge_execution(facts, execution)?;
                self.judge_follows(*change, facts)?;
                self.judge_reviews(header, facts)?;
                self.judge_conflicts(*change, facts, execution)
            }
            Event::Refused { attempt, rule } => self.judge_refused(header, attempt, *rule),
            Event::Checkpoint(stated) => self.judge_checkpoint(header, stated),
            Event::Sample(it) => self.judge_sample(header, it),
            Event::Reconciliation(it) => self.judge_audit_work(header, &it.log),
            _ if event.break_glass().is_some() => self.judge_break_glass(header, event),
            _ if event.deviation().is_some() => self.judge_deviation(header, event),
            _ => self.judge_on_change(header, event),
        }
    }

    /// The same fields at the moment that the claims of neither the actor nor the signer of this statement count for.
    fn without_claims_of<'h>(&self, header: &Timed<'h>, statement: &Statement) -> Result<Timed<'h>, Unloaded> {
        let mut actors = self.governance.answer_for_act(&header.actor, header.key)?;
        actors.insert(statement.approver.clone());
        Ok(self.timed_for(header.header, &actors))
    }

    fn may_be_next(&self, change: ChangeId) -> bool {
        change == self.next_change() || self.selected && change > self.next_change()
    }

    /// Checks what a revision says in its body about its text, where the text is at hand: it may have been redacted since.
    ///
    /// # Errors
    /// [`Refusal::NotMarked`].
    pub fn judge_text(&self, event: &Event, text: Option<&Text>) -> Result<(), Refusal> {
        match (event, text) {
            (Event::File { facts, .. } | Event::Revise { facts, .. }, Some(Text::Description(description))) => {
                judge_named(&self.governance, facts, description)
            }
            _ => Ok(()),
        }
    }

    /// Checks an event on a change that exists. The rules about that change and governance come first, then those that
    /// read the changes which it follows.
    fn judge_on_change(&self, header: &Timed<'_>, event: &Event) -> Result<(), Denied> {
        let Some(id) = event.change() else { return Ok(()) };
        let change = self.change(id)?;
        match event {
            Event::Submit(it) => {
                change.judge(&self.governance, &self.without_claims_of(header, &it.statement)?, event)?
            }
            _ => change.judge(&self.governance, header, event)?,
        }
        match event {
            Event::Revise { facts, execution, .. } => {
                judge_execution(facts, execution)?;
                self.judge_follows(id, facts)?;
                self.judge_reviews(header, facts)?;
                self.judge_conflicts(id, facts, execution)
            }
            Event::Start(_) => {
                self.judge_followed(change)?;
                self.judge_undisturbed(change)
            }
            _ => Ok(()),
        }
    }

    /// Checks a start of a change against one condition.
    ///
    /// # Errors
    /// The rule that refuses it, or [`Unloaded`].
    pub fn judge_condition(&self, change: &Change, start: Attempt<'_>, condition: Condition) -> Result<(), Denied> {
        match condition {
            Condition::Follows => self.judge_followed(change),
            Condition::Conflicts => self.judge_undisturbed(change),
            _ => change.judge_condition(&self.governance, start, condition),
        }
    }

    /// A change follows only other changes that exist.
    fn judge_follows(&self, change: ChangeId, facts: &Facts) -> Result<(), Refusal> {
        let missing = facts.follows.iter().find(|it| **it == change || it.number() > self.summary.filed);
        missing.map_or(Ok(()), |follows| Err(Refusal::FollowsUnknown { follows: *follows }))
    }

    /// Every change that this one follows has succeeded, and was not rolled back.
    fn judge_followed(&self, change: &Change) -> Result<(), Denied> {
        for follows in &change.current().facts.follows {
            let followed = self.change(*follows)?;
            // Targets may be rolled back after the change has ended.
            let rolled_back = !followed.on_targets().is_empty() && followed.derived_outcome() != Outcome::Succeeded;
            if followed.outcome() != Some(Outcome::Succeeded) || rolled_back {
                return Err(Refusal::FollowsUnfinished { change: change.id(), follows: *follows }.into());
            }
        }
        Ok(())
    }

    /// A recorded refusal must be true: the rule refuses that attempt in this state. It is recorded only once.
    fn judge_refused(&self, header: &Timed<'_>, attempt: &RefusedAttempt, rule: Rule) -> Result<(), Denied> {
        let event = attempt.event();
        // The log does not keep the reason of a refused rejection, so assume that there was one.
        let text = Some(TextRef { filled: [Field::Reason].into(), digest: Digest::NONE });
        let Some(change) = event.change() else { return Ok(()) };
        let change = self.change(change)?;
        let with_reason = Header { text, ..header.header.clone() };
        match self.judge_on_change(&Timed { header: &with_reason, ..*header }, &event) {
            Err(Denied::Refused(refusal)) if refusal.rule() == rule => {}
            Err(Denied::Unloaded(unloaded)) => return Err(unloaded.into()),
            Err(Denied::Refused(_)) | Ok(()) => return Err(Refusal::NotRefused { rule }.into()),
        }
        Ok(change.judge_refused_once(header, attempt, rule)?)
    }

    /// Applies a judged event, and returns the action of the proposal that it seconded; `leaf` is the leaf hash
    /// of its entry.
    ///
    /// # Errors
    /// [`Denied`] if a record that the event changes does not exist or is not loaded. The state is then unchanged.
    pub fn apply(&mut self, header: &Header, leaf: Digest, event: &Event) -> Result<Option<Action>, Denied> {
        let header = &self.timed(header)?;
        let machine = self.governance.person(&header.actor)?.is_some_and(|it| it.grants.is_machine());
        for watched in self.summary.witnesses.unsettled() {
            match watched {
                Watched::Proposal(id) => self.governance.proposal(id).map(|_| ())?,
                Watched::BreakGlass(id) => self.break_glass(id).map(|_| ())?,
            }
        }
        let given = self.governance.given_by(header, event)?;
        let in_tree = self.leaf_to_set(event.stream(), leaf)?;
        let mut seconded = None;
        self.corrected.clear();
        if event.stream() == Stream::Governance {
            seconded = self.governance.apply(header, leaf, event)?;
            if matches!(event, Event::Init { .. }) {
                self.summary.id = Some(header.register.clone());
            }
            self.summary.governance_tip = Some(leaf);
        } else if let Some(glass) = self.after_act(header, leaf, event)? {
            self.take_break_glass(header, event, glass)?;
        } else if let Some(it) = self.deviation_after(header, leaf, event)? {
            self.take_deviation(it);
        } else if let Event::File { change, facts, .. } = event {
            let moves = self.open_before(None, event)?;
            self.summary.filed = change.number();
            self.changes.insert(*change, Change::filed(*change, header, leaf, (facts, given)));
            self.take_open(*change, moves);
        } else if let Some(id) = event.change() {
            let change = self.change(id)?;
            let settled = match event {
                Event::Start(_) if change.started().is_none() => {
                    Some(change.settlement(&self.governance, header.moment)?)
                }
                _ => None,
            };
            let (reviews, moves) = (self.reviews_before(change, event)?, self.open_before(Some(change), event)?);
            if let Some(change) = self.changes.change(&id) {
                change.apply(header, leaf, event, given);
                settled.into_iter().for_each(|settled| change.settle(settled));
            }
            self.take_awaited(id, reviews);
            self.take_open(id, moves);
        }
        if let Some(text) = &header.text {
            self.governance.add_text(header.seq, text.digest);
        }
        if !machine && !self.selected {
            self.witness(header, event);
        }
        if event.stream() == Stream::Log {
            self.summary.checkpoint = Some(Head { seq: header.seq, leaf });
        }
        in_tree.into_iter().for_each(|(leaf, hash)| self.trees.set(leaf, hash));
        self.summary.log.push(leaf);
        self.summary.head = Some(Head { seq: header.seq, leaf });
        self.changed = true;
        Ok(seconded)
    }

    /// Takes in a break-glass after an act on it. The claim of its opener is watched from the beginning.
    fn take_break_glass(&mut self, header: &Timed<'_>, event: &Event, glass: BreakGlass) -> Result<(), Unloaded> {
        if matches!(event, Event::BreakGlassOpen { .. } | Event::BreakGlassEnter { .. }) {
            let opener = glass.opener();
            let mut actors = self.governance.answer_for_act(&opener.person, opener.key)?;
            actors.extend(self.governance.answer_for_act(&header.actor, header.key)?);
            let watched = Watched::BreakGlass(glass.id());
            self.summary.witnesses.watch(watched, opener.moment.claimed, Since::nobody(actors));
        }
        if let (Event::BreakGlassEnter { .. }, Some(text)) = (event, &header.text) {
            self.words.insert(text.digest, glass.id());
        }
        self.summary.break_glasses = self.summary.break_glasses.max(glass.id().number());
        self.break_glasses.insert(glass.id(), glass);
        Ok(())
    }

    /// Takes in the claimed time of a person's entry.
    fn witness(&mut self, header: &Timed<'_>, event: &Event) {
        let witnesses = &mut self.summary.witnesses;
        witnesses.record(&header.actor, header.time);
        match event {
            Event::Propose { proposal, .. } => {
                let actors = BTreeSet::from([header.actor.clone()]);
                witnesses.watch(Watched::Proposal(*proposal), header.time, Since::nobody(actors));
            }
            Event::Second(at) | Event::Decline(at) | Event::ProposalWithdraw(at) => witnesses.forget(at.proposal),
            _ => {}
        }
        for (watched, time) in witnesses.settle(&header.actor, header.time) {
            match watched {
                Watched::Proposal(id) => self.governance.set_ahead(id),
                Watched::BreakGlass(id) => {
                    self.break_glasses.change(&id).into_iter().for_each(|it| it.end_by(time));
                    self.corrected.push(id);
                }
            }
        }
    }
}
