//! One change: its revisions, what was decided about them, and what came of it.

use std::collections::BTreeMap;

use super::filing::{judge_artifact_names, judge_filing};
use super::words::words;
use super::{
    Artifact, ChangeId, Digest, Event, Field, Fingerprint, Governance, Header, Outcome, PersonId, Policy, Refusal,
    RevisionRef, Role, Terms, Tie, Time,
};

words!(
    /// Where a change stands. Always derived, never recorded.
    Status, "a status", {
        /// It waits for approvals.
        Submitted => "submitted",
        /// It has its approvals, and may start in its window.
        Approved => "approved",
        /// Whoever filed or owns it took it back.
        Withdrawn => "withdrawn",
        /// An approver rejected its current revision.
        Rejected => "rejected",
        /// Its window ended before it was started.
        Expired => "expired",
        /// It was started.
        Executing => "executing",
        /// See [`Outcome::Succeeded`].
        Succeeded => "succeeded",
        /// See [`Outcome::Failed`].
        Failed => "failed",
        /// See [`Outcome::RolledBack`].
        RolledBack => "rolled-back",
    }
);

/// A revision as it was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Its name.
    pub id: RevisionRef,
    /// Who filed it.
    pub requester: PersonId,
    /// When they claim to have.
    pub time: Time,
    /// The entry that filed it.
    pub seq: u64,
    /// What rules can read of it.
    pub terms: Terms,
}

impl Revision {
    fn filed(id: RevisionRef, header: &Header, terms: &Terms) -> Self {
        Self { id, requester: header.actor.clone(), time: header.time, seq: header.seq, terms: terms.clone() }
    }
}

words!(
    /// What an approver says about a revision.
    Verdict, "a verdict", {
        /// It may run.
        Approve => "approve",
        /// It may not.
        Reject => "reject",
        /// What they said before, for it, does not count any more.
        Retract => "retract",
    }
);

/// What an approver said about a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// The leaf hash of the entry that filed the revision.
    pub revision: Digest,
    /// What they said.
    pub verdict: Verdict,
    /// Who.
    pub person: PersonId,
    /// With which key.
    pub key: Fingerprint,
    /// When they claim to have.
    pub time: Time,
    /// The entry that says so.
    pub seq: u64,
}

/// Why an approval of the current revision does not count at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    /// It is older than the policy lets it be.
    Expired(Time),
    /// Its signer is no approver any more.
    NoApprover,
    /// Its key may not be used any more.
    DeadKey,
    /// Its signer is tied to the change.
    Tied(Tie),
}

/// The approvals of the current revision, judged at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<'a> {
    /// Those that count: at most one of each person.
    pub counted: Vec<&'a Vote>,
    /// Those that do not, each with its reason.
    pub void: Vec<(&'a Vote, Void)>,
    /// How many are needed.
    pub need: usize,
}

impl Tally<'_> {
    /// Whether enough count.
    pub fn is_enough(&self) -> bool {
        self.counted.len() >= self.need
    }
}

/// Somebody did something, at some time, by some entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// Who.
    pub person: PersonId,
    /// When they claim to have.
    pub time: Time,
    /// The entry that says so.
    pub seq: u64,
}

/// A change and all that was decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    id: ChangeId,
    last: Digest,
    earlier: Vec<Revision>,
    current: Revision,
    ties: BTreeMap<PersonId, Tie>,
    votes: Vec<Vote>,
    notes: Vec<Act>,
    withdrawn: Option<Act>,
    started: Option<Act>,
    outcomes: Vec<(Outcome, Act)>,
}

impl Change {
    /// A change as filed by an entry with this header and leaf hash.
    pub fn filed(id: ChangeId, header: &Header, leaf: Digest, terms: &Terms) -> Self {
        let mut change = Self {
            id,
            last: leaf,
            earlier: Vec::new(),
            current: Revision::filed(RevisionRef { change: id, number: 1, filed: leaf }, header, terms),
            ties: BTreeMap::new(),
            votes: Vec::new(),
            notes: Vec::new(),
            withdrawn: None,
            started: None,
            outcomes: Vec::new(),
        };
        change.bind();
        change
    }

    /// Ties everybody whom the current revision names to the change, for good.
    fn bind(&mut self) {
        let Revision { requester, terms, .. } = &self.current;
        let named = std::iter::once((requester, Tie::Requested))
            .chain([(&terms.owner, Tie::Owns)])
            .chain(terms.implementers.iter().map(|person| (person, Tie::Implements)));
        for (person, tie) in named {
            self.ties.entry(person.clone()).and_modify(|known| *known = tie.min(*known)).or_insert(tie);
        }
    }

    /// Its number.
    pub fn id(&self) -> ChangeId {
        self.id
    }

    /// The leaf hash of the latest entry about it.
    pub fn last(&self) -> Digest {
        self.last
    }

    /// The revision that counts.
    pub fn current(&self) -> &Revision {
        &self.current
    }

    /// All its revisions, the current one last.
    pub fn revisions(&self) -> impl DoubleEndedIterator<Item = &Revision> {
        self.earlier.iter().chain([&self.current])
    }

    /// What people remarked, in order.
    pub fn notes(&self) -> &[Act] {
        &self.notes
    }

    /// When and by whom it was taken back.
    pub fn withdrawn(&self) -> Option<&Act> {
        self.withdrawn.as_ref()
    }

    /// How this person is tied to it, by any of its revisions.
    pub fn tie(&self, person: &PersonId) -> Option<Tie> {
        self.ties.get(person).copied()
    }

    /// Everything that approvers said, in order.
    pub fn votes(&self) -> &[Vote] {
        &self.votes
    }

    /// When and by whom it was started.
    pub fn started(&self) -> Option<&Act> {
        self.started.as_ref()
    }

    /// What came of it: nothing yet, an outcome, or an outcome and then a rollback.
    pub fn outcomes(&self) -> &[(Outcome, Act)] {
        &self.outcomes
    }

    /// The rejection that blocks the current revision.
    pub fn rejection(&self) -> Option<&Vote> {
        self.votes.iter().find(|vote| vote.verdict == Verdict::Reject && vote.revision == self.current.id.filed)
    }

    /// Where it stands by its own entries alone: what neither time nor governance can change.
    pub fn state(&self) -> Status {
        match (self.outcomes.last(), &self.started) {
            (Some((Outcome::Succeeded, _)), _) => Status::Succeeded,
            (Some((Outcome::Failed, _)), _) => Status::Failed,
            (Some((Outcome::RolledBack, _)), _) => Status::RolledBack,
            (None, Some(_)) => Status::Executing,
            (None, None) if self.withdrawn.is_some() => Status::Withdrawn,
            (None, None) if self.rejection().is_some() => Status::Rejected,
            (None, None) => Status::Submitted,
        }
    }

    /// Where it stands at a moment, under the people, keys and policy in force.
    pub fn status(&self, governance: &Governance, now: Time) -> Status {
        match self.state() {
            Status::Submitted if self.current.terms.window.ended(now) => Status::Expired,
            Status::Submitted if self.tally(governance, now).is_enough() => Status::Approved,
            state => state,
        }
    }

    /// Judges the approvals of the current revision at a moment. The one place where approvals are counted.
    pub fn tally(&self, governance: &Governance, now: Time) -> Tally<'_> {
        let latest = self.latest_votes().filter(|vote| vote.verdict == Verdict::Approve);
        let need = governance.policy().map_or(usize::MAX, Policy::approvals);
        let mut tally = Tally { counted: Vec::new(), void: Vec::new(), need };
        for vote in latest {
            match self.why_void(vote, governance, now) {
                None => tally.counted.push(vote),
                Some(why) => tally.void.push((vote, why)),
            }
        }
        tally
    }

    /// For each person, what they said last for the current revision. Approving again replaces one's own earlier
    /// approval, and a retraction takes it back: persons count, not signatures.
    fn latest_votes(&self) -> impl Iterator<Item = &Vote> {
        let about = self.votes.iter().filter(|vote| vote.revision == self.current.id.filed);
        let latest: BTreeMap<&PersonId, &Vote> =
            about.filter(|vote| vote.verdict != Verdict::Reject).map(|vote| (&vote.person, vote)).collect();
        latest.into_values()
    }

    fn why_void(&self, vote: &Vote, governance: &Governance, now: Time) -> Option<Void> {
        let expires = vote.time.plus(governance.policy().map_or(0, Policy::approval_seconds));
        if let Some(tie) = self.tie(&vote.person) {
            Some(Void::Tied(tie))
        } else if !governance.has_role(&vote.person, Role::Approver) {
            Some(Void::NoApprover)
        } else if !governance.is_live(vote.key, &vote.person) {
            Some(Void::DeadKey)
        } else if now >= expires {
            Some(Void::Expired(expires))
        } else {
            None
        }
    }

    /// Asks every rule about an event on this change; the actor and their key were judged before.
    pub(super) fn judge(&self, governance: &Governance, header: &Header, event: &Event) -> Result<(), Refusal> {
        match event {
            Event::Approve(at) => self.judge_approve(governance, header, *at),
            Event::Reject(at) => self.judge_reject(governance, header, *at),
            Event::Start { revision, artifacts } => self.judge_start(governance, header, *revision, artifacts),
            Event::Finish { revision, outcome } => self.judge_finish(header, *revision, *outcome),
            Event::Revise { replaces, terms } => {
                self.judge_open_to(header, *replaces)?;
                judge_filing(governance, header, terms)
            }
            Event::ChangeWithdraw(at) => self.judge_open_to(header, *at),
            Event::Retract(at) => self.judge_retract(header, *at),
            Event::Note(_) if !header.fills(Field::Note) => Err(Refusal::NoteMissing),
            _ => Ok(()),
        }
    }

    /// Revising and withdrawing are for those who filed, revised or own it, before the start.
    fn judge_open_to(&self, header: &Header, at: RevisionRef) -> Result<(), Refusal> {
        let requested = self.revisions().any(|revision| revision.requester == header.actor);
        if !requested && self.current.terms.owner != header.actor {
            return Err(Refusal::NotRequesterOrOwner { person: header.actor.clone(), change: self.id });
        }
        self.judge_current(at)?;
        self.judge_undecided()
    }

    fn judge_retract(&self, header: &Header, at: RevisionRef) -> Result<(), Refusal> {
        self.judge_current(at)?;
        self.judge_undecided()?;
        let mine = self.latest_votes().find(|vote| vote.person == header.actor);
        if mine.is_none_or(|vote| vote.verdict == Verdict::Retract) {
            return Err(Refusal::NothingToRetract { person: header.actor.clone(), change: self.id });
        }
        if header.fills(Field::Reason) { Ok(()) } else { Err(Refusal::ReasonMissing) }
    }

    fn judge_current(&self, at: RevisionRef) -> Result<(), Refusal> {
        let current = self.current.id;
        if at == current { Ok(()) } else { Err(Refusal::NotCurrent { change: self.id, current: current.filed }) }
    }

    fn judge_undecided(&self) -> Result<(), Refusal> {
        if self.withdrawn.is_some() {
            return Err(Refusal::Withdrawn { change: self.id });
        }
        match self.started {
            Some(_) => Err(Refusal::NotUndecided { change: self.id, status: self.state() }),
            None => Ok(()),
        }
    }

    fn judge_not_rejected(&self) -> Result<(), Refusal> {
        match self.rejection() {
            Some(vote) => Err(Refusal::Rejected { change: self.id, by: vote.person.clone() }),
            None => Ok(()),
        }
    }

    fn judge_approve(&self, governance: &Governance, header: &Header, at: RevisionRef) -> Result<(), Refusal> {
        governance.judge_role(&header.actor, Role::Approver)?;
        if let Some(tie) = self.tie(&header.actor) {
            return Err(Refusal::OwnChange { change: self.id, tie });
        }
        self.judge_current(at)?;
        self.judge_undecided()?;
        self.judge_not_rejected()?;
        let window = &self.current.terms.window;
        if window.ended(header.time) {
            return Err(Refusal::WindowEnded { window: window.clone() });
        }
        Ok(())
    }

    fn judge_reject(&self, governance: &Governance, header: &Header, at: RevisionRef) -> Result<(), Refusal> {
        governance.judge_role(&header.actor, Role::Approver)?;
        self.judge_current(at)?;
        self.judge_undecided()?;
        if header.fills(Field::Reason) { Ok(()) } else { Err(Refusal::ReasonMissing) }
    }

    fn judge_start(
        &self,
        governance: &Governance,
        header: &Header,
        at: RevisionRef,
        artifacts: &[Artifact],
    ) -> Result<(), Refusal> {
        let terms = &self.current.terms;
        if !terms.implementers.contains(&header.actor) {
            return Err(Refusal::NotImplementer { person: header.actor.clone(), change: self.id });
        }
        self.judge_current(at)?;
        if self.started.is_some() {
            return Err(Refusal::Started { change: self.id });
        }
        self.judge_undecided()?;
        self.judge_not_rejected()?;
        let tally = self.tally(governance, header.time);
        if !tally.is_enough() {
            return Err(Refusal::TooFewApprovals { change: self.id, have: tally.counted.len(), need: tally.need });
        }
        if !terms.window.contains(header.time) {
            return Err(Refusal::OutsideWindow { time: header.time, window: terms.window.clone() });
        }
        judge_artifacts(&terms.artifacts, artifacts)
    }

    fn judge_finish(&self, header: &Header, at: RevisionRef, outcome: Outcome) -> Result<(), Refusal> {
        let terms = &self.current.terms;
        if header.actor != terms.owner && !terms.implementers.contains(&header.actor) {
            return Err(Refusal::NotImplementerOrOwner { person: header.actor.clone(), change: self.id });
        }
        self.judge_current(at)?;
        match (&self.started, self.outcomes.last()) {
            (None, _) => Err(Refusal::NotStarted { change: self.id }),
            (Some(_), None) => Ok(()),
            (Some(_), Some((Outcome::Succeeded | Outcome::Failed, _))) if outcome == Outcome::RolledBack => Ok(()),
            (Some(_), Some((outcome, _))) => Err(Refusal::Finished { change: self.id, outcome: *outcome }),
        }
    }

    /// Takes in an event that was judged; `leaf` is the leaf hash of its entry.
    pub fn apply(&mut self, header: &Header, leaf: Digest, event: &Event) {
        let act = Act { person: header.actor.clone(), time: header.time, seq: header.seq };
        self.last = leaf;
        match event {
            Event::Approve(at) => self.votes.push(vote(at, Verdict::Approve, header)),
            Event::Reject(at) => self.votes.push(vote(at, Verdict::Reject, header)),
            Event::Retract(at) => self.votes.push(vote(at, Verdict::Retract, header)),
            Event::Revise { replaces, terms } => {
                let id = RevisionRef { change: self.id, number: replaces.number + 1, filed: leaf };
                let replaced = std::mem::replace(&mut self.current, Revision::filed(id, header, terms));
                self.earlier.push(replaced);
                self.bind();
            }
            Event::ChangeWithdraw(_) => self.withdrawn = Some(act),
            Event::Note(_) => self.notes.push(act),
            Event::Start { .. } => self.started = Some(act),
            Event::Finish { outcome, .. } => self.outcomes.push((*outcome, act)),
            _ => {}
        }
    }
}

fn vote(at: &RevisionRef, verdict: Verdict, header: &Header) -> Vote {
    Vote {
        revision: at.filed,
        verdict,
        person: header.actor.clone(),
        key: header.key,
        time: header.time,
        seq: header.seq,
    }
}

/// What was read must be what was approved: each artifact, with that content, and no other.
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
