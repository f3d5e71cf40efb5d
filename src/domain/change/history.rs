//! One change: its revisions, their votes, and its outcome.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::change::review::AfterFinish;
use crate::domain::change::tally::Settled;
use crate::domain::records::Unloaded;
use crate::domain::template::rules::Given;
use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    ChangeId, ConflictOfInterest, Conflicts, Digest, Event, Facts, Field, Fingerprint, Finish, Folded, Governance,
    Header, Moment, OnTarget, OnTargets, Outcome, PersonId, RevisionRef, Rule, RunId, Start, Target, TextRef, Time,
    Timed, Verb, Verdict, Vote,
};

closed_enum!(
    /// The status of a change. Always derived, never recorded.
    Status, ["a status", "状态"], {
        /// It does not have enough approvals yet.
        AwaitingApproval => "awaiting-approval", "待审批";
        /// It has enough approvals and may be started in its window.
        Approved => "approved", "已批准";
        /// A requester or the owner withdrew it.
        Withdrawn => "withdrawn", "已撤回";
        /// An approver rejected its current revision.
        Rejected => "rejected", "已驳回";
        /// It was not started while there was still time to roll it back in its window.
        Expired => "expired", "已过期";
        /// It was started.
        InProgress => "in-progress", "实施中";
        /// It was started, and its window has ended.
        Overrun => "overrun", "已超窗口";
        /// See [`Outcome::Succeeded`].
        Succeeded => "succeeded", "成功";
        /// See [`Outcome::Failed`].
        Failed => "failed", "失败";
        /// See [`Outcome::RolledBack`].
        RolledBack => "rolled-back", "已回退";
        /// It is finished, and the review that is due is not there yet.
        InReview => "in-review", "待评估";
        /// It is finished, and closed.
        Closed => "closed", "已关闭";
    }
);

impl Status {
    /// Whether the change is over: a change that was rejected can be revised, and is not.
    pub fn is_ended(self) -> bool {
        match self {
            Self::AwaitingApproval | Self::Approved | Self::Rejected | Self::InProgress | Self::Overrun => false,
            Self::Withdrawn | Self::Expired | Self::Succeeded | Self::Failed | Self::RolledBack => true,
            Self::InReview | Self::Closed => true,
        }
    }
}

/// A revision as it was filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The change, the number of the revision, and the leaf hash of its entry.
    pub id: RevisionRef,
    /// The account that filed it.
    pub requester: PersonId,
    /// The key that signed it.
    pub key: Fingerprint,
    /// The time that the actor claimed.
    pub time: Time,
    /// The effective time of the entry that filed it.
    pub effective: Time,
    /// The sequence number of the entry that filed it.
    pub seq: u64,
    /// The structured part, which rules can read.
    pub facts: Facts,
    /// The fields that its text fills, and the digest of that text.
    pub text: Option<TextRef>,
    /// The fields that its text or its template fills, redacted or not.
    pub filled: BTreeSet<Field>,
    /// The open changes that it overlapped when it was filed.
    pub conflicts: Conflicts,
    /// The targets, in order.
    pub targets: Vec<Target>,
    /// The commands that a machine could carry out, as requirements search them; none once it is replaced.
    pub commands: Vec<Folded>,
}

impl Revision {
    fn filed(id: RevisionRef, header: &Timed<'_>, facts: &Facts, given: Given) -> Self {
        let (requester, facts, text) = (header.actor.clone(), facts.clone(), header.text.clone());
        let Given { filled, conflicts, targets, commands } = given;
        let (key, time, effective, seq) = (header.key, header.time, header.moment.effective, header.seq);
        Self { id, requester, key, time, effective, seq, facts, text, filled, conflicts, targets, commands }
    }

    /// A revision that was read from a file, without the log.
    pub fn read(id: RevisionRef, header: &Header, event: &Event) -> Option<Self> {
        let (Event::File { facts, execution, .. } | Event::Revise { facts, execution, .. }) = event else {
            return None;
        };
        let timed = Timed { header, moment: Moment::unwitnessed(header.time), witnessed: None };
        Some(Self::filed(id, &timed, facts, Given::own(header.text.as_ref(), execution)))
    }

    /// Whether its text was redacted.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn is_redacted(&self, governance: &Governance) -> Result<bool, Unloaded> {
        match &self.text {
            Some(text) => Ok(governance.redacted(self.seq, text.digest)?.is_some()),
            None => Ok(false),
        }
    }
}

/// An act: the actor, the time and the entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// The actor.
    pub person: PersonId,
    /// The time that the actor claimed.
    pub time: Time,
    /// The sequence number of the entry that records the act.
    pub seq: u64,
    /// The run of a pipeline that a start or an outcome belongs to.
    pub run: Option<RunId>,
}

/// A recorded refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedAct {
    /// The actor and the time.
    pub act: Act,
    /// The attempted act.
    pub verb: Verb,
    /// The leaf hash of the entry that filed the revision.
    pub revision: Digest,
    /// The target that was to be started.
    pub target: Option<Target>,
    /// The rule that refused it.
    pub rule: Rule,
}

/// A change: its revisions, and every act on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    id: ChangeId,
    /// The entries about it, in order: the leaf hash of each, and whose act it is.
    stream: Vec<(Digest, PersonId)>,
    earlier: Vec<Revision>,
    current: Revision,
    /// The conflict of interest of each account that a revision names.
    conflicts: BTreeMap<PersonId, ConflictOfInterest>,
    votes: Vec<Vote>,
    notes: Vec<Act>,
    withdrawn: Option<Act>,
    /// The first start.
    started: Option<Act>,
    on_targets: OnTargets,
    /// Which approvals counted at the start.
    settled: Option<Settled>,
    outcomes: Vec<(Outcome, Act)>,
    /// The confirmed outcomes.
    confirmations: Vec<(Outcome, Act)>,
    refused: Vec<RefusedAct>,
    after: AfterFinish,
}

impl Change {
    /// A change as filed by an entry with this header and leaf hash.
    pub(in crate::domain) fn filed(
        id: ChangeId,
        header: &Timed<'_>,
        leaf: Digest,
        (facts, given): (&Facts, Given),
    ) -> Self {
        Self::new(Revision::filed(RevisionRef { change: id, number: 1, filed: leaf }, header, facts, given))
    }

    /// A change that nobody has filed, or a further revision of one, to ask who could approve it.
    pub fn supposed(before: Option<&Self>, requester: &PersonId, key: Fingerprint, facts: &Facts) -> Self {
        let change = before.map_or(ChangeId::after(0), Self::id);
        let revision = Revision {
            id: RevisionRef { change, number: 1, filed: Digest::NONE },
            requester: requester.clone(),
            key,
            time: facts.window.start(),
            effective: facts.window.start(),
            seq: 0,
            facts: facts.clone(),
            text: None,
            filled: BTreeSet::new(),
            conflicts: Conflicts::new(),
            targets: Vec::new(),
            commands: Vec::new(),
        };
        match before.cloned() {
            None => Self::new(revision),
            Some(mut change) => {
                change.replace(revision);
                change
            }
        }
    }

    fn new(current: Revision) -> Self {
        let mut change = Self {
            id: current.id.change,
            stream: vec![(current.id.filed, current.requester.clone())],
            earlier: Vec::new(),
            current,
            conflicts: BTreeMap::new(),
            votes: Vec::new(),
            notes: Vec::new(),
            withdrawn: None,
            started: None,
            on_targets: OnTargets::new(),
            settled: None,
            outcomes: Vec::new(),
            confirmations: Vec::new(),
            refused: Vec::new(),
            after: AfterFinish::default(),
        };
        change.record_conflicts();
        change
    }

    fn replace(&mut self, revision: Revision) {
        let replaced = std::mem::replace(&mut self.current, revision);
        self.earlier.push(Revision { commands: Vec::new(), ..replaced });
        self.record_conflicts();
    }

    /// Records a conflict of interest for every account that the current revision names. A later revision never
    /// removes one.
    fn record_conflicts(&mut self) {
        let Revision { requester, facts, .. } = &self.current;
        let named = std::iter::once((requester, ConflictOfInterest::Requested))
            .chain(facts.enrolled_authors().map(|person| (person, ConflictOfInterest::Authored)))
            .chain([(&facts.owner, ConflictOfInterest::Owns)])
            .chain(facts.implementers.iter().map(|person| (person, ConflictOfInterest::Implements)));
        for (person, conflict) in named {
            let known = self.conflicts.entry(person.clone()).or_insert(conflict);
            *known = conflict.min(*known);
        }
    }

    /// Its number.
    pub fn id(&self) -> ChangeId {
        self.id
    }

    /// The leaf hash of the latest entry about it.
    pub fn last(&self) -> Digest {
        self.stream.last().map_or(Digest::NONE, |(leaf, _)| *leaf)
    }

    /// The entries about it, in order: the leaf hash of each, and whose act it is. A detached approval is the act of its
    /// approver, whoever submitted it.
    pub(in crate::domain) fn stream(&self) -> &[(Digest, PersonId)] {
        &self.stream
    }

    /// The current revision: the latest one filed.
    pub fn current(&self) -> &Revision {
        &self.current
    }

    /// All its revisions, the current one last.
    pub fn revisions(&self) -> impl DoubleEndedIterator<Item = &Revision> {
        self.earlier.iter().chain([&self.current])
    }

    /// The notes, in order.
    pub fn notes(&self) -> &[Act] {
        &self.notes
    }

    /// The withdrawal, if any.
    pub fn withdrawn(&self) -> Option<&Act> {
        self.withdrawn.as_ref()
    }

    /// The conflict of interest of this person, if any: a revision names them, or they answer for a machine account that
    /// a revision names or that filed one.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn conflict_of_interest(
        &self,
        governance: &Governance,
        person: &PersonId,
    ) -> Result<Option<ConflictOfInterest>, Unloaded> {
        if let Some(conflict) = self.conflicts.get(person) {
            return Ok(Some(*conflict));
        }
        for (requester, key) in self.requesters() {
            if governance.answer_for_act(requester, key)?.contains(person) {
                return Ok(Some(ConflictOfInterest::Operates));
            }
        }
        let all = || self.revisions().map(|it| &it.facts);
        for author in all().flat_map(Facts::enrolled_authors).collect::<BTreeSet<_>>() {
            if governance.answer_for_author(author)?.contains(person) {
                return Ok(Some(ConflictOfInterest::OperatesAuthor));
            }
        }
        for named in all().flat_map(|it| it.implementers.iter().chain([&it.owner])).collect::<BTreeSet<_>>() {
            if governance.answer_for_account(named)?.contains(person) {
                return Ok(Some(ConflictOfInterest::Operates));
            }
        }
        Ok(None)
    }

    /// Everybody who takes part in any revision: requesters, authors, owners and implementers, and who answers for them.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub(in crate::domain) fn involved(&self, governance: &Governance) -> Result<BTreeSet<PersonId>, Unloaded> {
        let mut people = BTreeSet::new();
        for (requester, key) in self.requesters() {
            people.extend(governance.answer_for_act(requester, key)?);
        }
        for Revision { facts, .. } in self.revisions() {
            for author in facts.enrolled_authors() {
                people.extend(governance.answer_for_author(author)?);
            }
            for named in facts.implementers.iter().chain([&facts.owner]) {
                people.extend(governance.answer_for_account(named)?);
            }
        }
        Ok(people)
    }

    /// What happened since its finish.
    pub(in crate::domain) fn after_finish(&self) -> &AfterFinish {
        &self.after
    }

    /// The requester of each revision, with the key that signed it.
    pub(in crate::domain) fn requesters(&self) -> impl Iterator<Item = (&PersonId, Fingerprint)> {
        self.revisions().map(|it| (&it.requester, it.key))
    }

    /// Every recorded refusal of an attempt on it, in order.
    pub fn refused(&self) -> &[RefusedAct] {
        &self.refused
    }

    /// Every approval, rejection and retraction, in order.
    pub fn votes(&self) -> &[Vote] {
        &self.votes
    }

    /// Which approvals counted at the start, if it was started.
    pub(in crate::domain) fn settled(&self) -> Option<&Settled> {
        self.settled.as_ref()
    }

    /// Settles which approvals counted.
    pub(in crate::domain) fn settle(&mut self, settled: Settled) {
        self.settled = Some(settled);
    }

    /// The start, if any; of a change with targets the first one.
    pub fn started(&self) -> Option<&Act> {
        self.started.as_ref()
    }

    /// The targets on which it was started.
    pub fn on_targets(&self) -> &OnTargets {
        &self.on_targets
    }

    /// The outcomes: none yet, one, or one followed by a rollback.
    pub fn outcomes(&self) -> &[(Outcome, Act)] {
        &self.outcomes
    }

    /// The newest outcome; `None` before the finish.
    pub fn outcome(&self) -> Option<Outcome> {
        self.outcomes.last().map(|(outcome, _)| *outcome)
    }

    /// The confirmations, each with the outcome that it confirms.
    pub fn confirmations(&self) -> &[(Outcome, Act)] {
        &self.confirmations
    }

    /// The rejection that blocks the current revision.
    pub fn rejection(&self) -> Option<&Vote> {
        self.votes.iter().find(|vote| vote.verdict == Verdict::Reject && vote.revision == self.current.id.filed)
    }

    /// The status according to the entries of the change alone, independent of time and governance: never
    /// [`Status::Approved`], [`Status::Expired`] or [`Status::Overrun`].
    pub fn state(&self) -> Status {
        match (self.result(), &self.started) {
            (Some(_), _) if self.closed().is_some() => Status::Closed,
            (Some(_), _) if self.awaited_review().is_some() => Status::InReview,
            (Some(Outcome::Succeeded), _) => Status::Succeeded,
            (Some(Outcome::Failed), _) => Status::Failed,
            (Some(Outcome::RolledBack), _) => Status::RolledBack,
            (None, Some(_)) => Status::InProgress,
            (None, None) if self.withdrawn.is_some() => Status::Withdrawn,
            (None, None) if self.rejection().is_some() => Status::Rejected,
            (None, None) => Status::AwaitingApproval,
        }
    }

    /// The status at the moment `now`, under the grants, keys and policy in force.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn status(&self, governance: &Governance, now: Moment) -> Result<Status, Unloaded> {
        match self.state() {
            Status::InProgress if self.current.facts.window.ended(now.claimed) => Ok(Status::Overrun),
            Status::AwaitingApproval if now.claimed > self.current.facts.last_start() => Ok(Status::Expired),
            Status::AwaitingApproval if self.tally(governance, now)?.is_enough() => Ok(Status::Approved),
            state => Ok(state),
        }
    }

    /// Applies a judged event; `leaf` is the leaf hash of its entry, and `given` what it gives if it is a revision.
    pub(in crate::domain) fn apply(&mut self, header: &Timed<'_>, leaf: Digest, event: &Event, given: Given) {
        let act = Act { person: header.actor.clone(), time: header.time, seq: header.seq, run: None };
        self.stream.push((leaf, event.whose(header).0.clone()));
        match event {
            Event::Approve(at) => self.votes.push(Vote::cast(at, Verdict::Approve, header)),
            Event::Submit(it) => self.votes.push(it.statement.vote(header, it.touch)),
            Event::Reject(at) => self.votes.push(Vote::cast(at, Verdict::Reject, header)),
            Event::Retract(at) => self.votes.push(Vote::cast(at, Verdict::Retract, header)),
            Event::Revise { replaces, facts, .. } => {
                let id = RevisionRef { change: self.id, number: replaces.number + 1, filed: leaf };
                self.replace(Revision::filed(id, header, facts, given));
            }
            Event::ChangeWithdraw(_) => self.withdrawn = Some(act),
            Event::Note(_) => self.notes.push(act),
            Event::Start(start) => self.apply_start(start, act),
            Event::Finish(finish) => {
                self.apply_finish(finish, act);
                self.after.finish(finish.outcome, header.moment.effective, self.review_demanded());
            }
            Event::Review(it) => self.after.review(it, act),
            Event::ActionDone(it) => self.after.done(it.number, act),
            Event::Close(_) => self.after.close(act),
            Event::Confirm(it) => self.confirmations.push((it.outcome, act)),
            Event::Refused { attempt, rule } => {
                let (verb, revision, rule) = (attempt.verb(), attempt.target(), *rule);
                let target = attempt.on_target().cloned();
                self.refused.push(RefusedAct { act, verb, revision, target, rule });
            }
            // `judge` refuses every other event for a change that exists.
            _ => {}
        }
    }

    fn apply_start(&mut self, start: &Start, act: Act) {
        let act = Act { run: start.run.clone(), ..act };
        if let Some(target) = &start.target {
            self.on_targets.insert(target.clone(), OnTarget { started: act.clone(), outcomes: Vec::new() });
        }
        self.started.get_or_insert(act);
    }

    fn apply_finish(&mut self, finish: &Finish, act: Act) {
        let act = Act { run: finish.run.clone(), ..act };
        match finish.target.as_ref().map(|target| self.on_targets.get_mut(target)) {
            Some(on) => on.into_iter().for_each(|it| it.outcomes.push((finish.outcome, act.clone()))),
            None => self.outcomes.push((finish.outcome, act)),
        }
    }
}
