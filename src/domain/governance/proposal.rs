//! Proposals: governance acts that one admin proposes and another seconds, and the rules about them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::governance::rules::judge_active;
use crate::domain::records::{Denied, Unloaded};
use crate::domain::value::time::DAY;
use crate::domain::{
    Action, Digest, Event, Fingerprint, Governance, KeyState, MOST_OPERATORS, Member, Moment, NewGrants, PersonId,
    ProposalId, ProposalRef, PublicKey, Refusal, Role, Rule, TOLERANCE, Time, Timed, Vouch,
};

/// The time that a proposal stays open, in seconds.
pub const PROPOSAL_SECONDS: i64 = 7 * DAY;

/// The state of a proposal according to the log alone. Whether it lapsed depends on the time of reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposalState {
    /// Open, with its action. The action of an ended proposal is read from the entry that opened it.
    Open(Box<Action>),
    /// Another admin seconded it.
    Seconded(PersonId),
    /// Another admin declined it.
    Declined(PersonId),
    /// Its proposer withdrew it.
    Withdrawn,
}

impl ProposalState {
    /// The name used in tables, JSON and on screens.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open(_) => "open",
            Self::Seconded(_) => "seconded",
            Self::Declined(_) => "declined",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The leaf hash of the entry that opened it.
    pub opened: Digest,
    /// The sequence number of that entry.
    pub seq: u64,
    /// The proposer.
    pub proposer: PersonId,
    /// The key that signed the proposal.
    pub key: Fingerprint,
    /// The time that the proposer claimed, and the effective time of the proposal.
    pub moment: Moment,
    /// Whether its claimed time turned out to be ahead of what others claimed afterwards.
    pub ahead: bool,
    /// The digest of the data part.
    pub data: Option<Digest>,
    /// The digest of the text part.
    pub text: Option<Digest>,
    /// The current state.
    pub state: ProposalState,
    /// The recorded refusals to second it: the account and the rule.
    pub refused: BTreeSet<(PersonId, Rule)>,
}

impl Proposal {
    /// The proposal that an entry with this header and leaf hash opens.
    pub(in crate::domain) fn opened(header: &Timed<'_>, leaf: Digest, action: &Action) -> Self {
        Self {
            opened: leaf,
            seq: header.seq,
            proposer: header.actor.clone(),
            key: header.key,
            moment: header.moment,
            ahead: false,
            data: header.data,
            text: header.text.as_ref().map(|text| text.digest),
            state: ProposalState::Open(Box::new(action.clone())),
            refused: BTreeSet::new(),
        }
    }

    /// The action, while the proposal is open.
    pub fn action(&self) -> Option<&Action> {
        match &self.state {
            ProposalState::Open(action) => Some(action),
            ProposalState::Seconded(_) | ProposalState::Declined(_) | ProposalState::Withdrawn => None,
        }
    }

    /// The effective time at which it lapses unless an admin seconds it; the latest possible one among selected entries.
    pub fn lapses(&self) -> Time {
        self.moment.latest.plus(PROPOSAL_SECONDS)
    }
}

/// The position at which a proposal is judged.
#[derive(Debug, Clone, Copy)]
pub(in crate::domain) struct At {
    /// The sequence number of the entry there.
    pub seq: u64,
    /// The sequence number of the entry that opens the proposal.
    pub opened: u64,
    /// The moment there.
    pub moment: Moment,
}

impl From<&Timed<'_>> for At {
    fn from(header: &Timed<'_>) -> Self {
        Self { seq: header.seq, opened: header.seq, moment: header.moment }
    }
}

impl Governance {
    /// Checks a step of a proposal against every rule.
    pub(in crate::domain) fn judge_proposal(&self, header: &Timed<'_>, event: &Event) -> Result<(), Denied> {
        self.judge_actor(header)?;
        self.judge_role(header, Role::Admin)?;
        match event {
            Event::Propose { proposal, .. } if *proposal != self.next_proposal() => {
                Err(Refusal::ProposalNumber { expected: self.next_proposal() }.into())
            }
            Event::Propose { action, .. } => {
                self.judge_action(header.into(), action, header.data)?;
                self.judge_requests(header, action)
            }
            Event::Second(at) => self.judge_second(header, *at),
            Event::Decline(at) => self.judge_decline(header, *at),
            Event::ProposalWithdraw(at) if self.open(*at)?.0.proposer != header.actor => {
                Err(Refusal::NotProposer { proposal: at.proposal }.into())
            }
            _ => Ok(()),
        }
    }

    /// An open proposal and its action.
    pub(super) fn open(&self, at: ProposalRef) -> Result<(&Proposal, &Action), Denied> {
        let proposal = self.judge_known(at)?;
        let action = proposal.action().ok_or(Refusal::ProposalOver { proposal: at.proposal })?;
        Ok((proposal, action))
    }

    /// Fails unless a proposal with this number and leaf hash exists.
    pub(in crate::domain) fn judge_known(&self, at: ProposalRef) -> Result<&Proposal, Denied> {
        let proposal = self.proposal(at.proposal)?;
        let known = proposal.opened == at.opened;
        if known { Ok(proposal) } else { Err(Refusal::NoProposal { proposal: at.proposal }.into()) }
    }

    /// Another admin than the proposer ends it; one whose freeze it would end does not keep that freeze alone.
    fn judge_decline(&self, header: &Timed<'_>, at: ProposalRef) -> Result<(), Denied> {
        let (proposal, action) = self.open(at)?;
        if proposal.proposer == header.actor {
            return Err(Refusal::OwnProposal { proposal: at.proposal }.into());
        }
        let Action::LiftFreeze(it) = action else { return Ok(()) };
        match self.lifted_with(it) {
            Some((person, _)) if *person == header.actor => {
                Err(Refusal::OwnFreezeKept { proposal: at.proposal, freeze: it.name.clone() }.into())
            }
            _ => Ok(()),
        }
    }

    fn judge_second(&self, header: &Timed<'_>, at: ProposalRef) -> Result<(), Denied> {
        let (proposal, action) = self.open(at)?;
        if proposal.proposer == header.actor {
            return Err(Refusal::OwnProposal { proposal: at.proposal }.into());
        }
        if self.is_subject(action, &header.actor)? {
            return Err(Refusal::SubjectSeconds { proposal: at.proposal }.into());
        }
        self.judge_lapse(at.proposal, proposal, header.moment)?;
        // The state may have changed since the proposal was opened.
        self.judge_action(At { opened: proposal.seq, ..header.into() }, action, proposal.data)
    }

    /// Checks whether an admin who is neither its proposer nor its subject could second a proposal.
    pub(in crate::domain) fn judge_pending(&self, id: ProposalId, at: At) -> Result<(), Denied> {
        let proposal = self.proposal(id)?;
        let action = proposal.action().ok_or(Refusal::ProposalOver { proposal: id })?;
        self.judge_lapse(id, proposal, at.moment)?;
        self.judge_action(At { opened: proposal.seq, ..at }, action, proposal.data)
    }

    /// Checks whether any admin can still second a proposal.
    fn judge_lapse(&self, id: ProposalId, proposal: &Proposal, at: Moment) -> Result<(), Denied> {
        if proposal.ahead || at.latest.plus(TOLERANCE) < proposal.moment.claimed {
            return Err(Refusal::ProposalAhead { proposal: id, claimed: proposal.moment.claimed }.into());
        }
        if at.effective >= proposal.lapses() {
            return Err(Refusal::ProposalLapsed { proposal: id, since: proposal.lapses() }.into());
        }
        let proposer = &proposal.proposer;
        if !self.has_role(proposer, Role::Admin, at)? || !self.is_live(proposal.key, proposer)? {
            return Err(Refusal::NotBacked { proposal: id, proposer: proposer.clone() }.into());
        }
        match proposal.text {
            Some(text) if self.redacted(proposal.seq, text)?.is_some() => {
                Err(Refusal::ProposalRedacted { proposal: id }.into())
            }
            _ => Ok(()),
        }
    }

    /// Whether a proposal is about this person, who then cannot second it.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn is_subject(&self, action: &Action, person: &PersonId) -> Result<bool, Unloaded> {
        let is = |subject: &PersonId| -> Result<bool, Unloaded> {
            Ok(subject == person || self.person(subject)?.is_some_and(|it| it.grants.operators.contains(person)))
        };
        match action {
            Action::Enrol(members) => {
                Ok(members.iter().any(|it| it.person == *person || it.grants.operators.contains(person)))
            }
            Action::Roles(changes) => {
                for (subject, new) in changes {
                    if new.grants.operators.contains(person) || is(subject)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Action::Retire { person: subject, .. } | Action::AddKey { person: subject, .. } => is(subject),
            Action::Lift { key, .. } => self.key(*key)?.map_or(Ok(false), |key| is(&key.person)),
            Action::Policy { .. }
            | Action::Redact(_)
            | Action::Restored(_)
            | Action::SetFreeze(_)
            | Action::LiftFreeze(_)
            | Action::SetCalendar(_)
            | Action::SetServices(_)
            | Action::SetTemplate(_)
            | Action::EndTemplate(_) => Ok(false),
        }
    }

    /// Checks what a proposal asks for. `data` is the digest of the data part of the entry that opens it.
    fn judge_action(&self, at: At, action: &Action, data: Option<Digest>) -> Result<(), Denied> {
        match action {
            Action::Enrol(members) => self.judge_members(members, at.moment),
            Action::Roles(changes) => self.judge_roles(at.moment, changes),
            Action::Retire { person, replaces } => {
                let retiring = self.enrolled(person)?;
                in_force(retiring.since, *replaces)?;
                if retiring.retired {
                    Err(Refusal::NothingChanges.into())
                } else {
                    self.judge_admins_after([(person, false)].into_iter())
                }
            }
            Action::AddKey { person, key, vouch, .. } => {
                judge_active(person, self.enrolled(person)?)?;
                self.judge_new_key(key)?;
                self.judge_vouch(person, vouch.as_ref())
            }
            Action::Lift { key, replaces } => {
                let suspended = self.known_key(*key)?;
                if suspended.state != KeyState::Suspended {
                    return Err(Refusal::NotSuspended { key: *key }.into());
                }
                Ok(in_force(suspended.since, *replaces)?)
            }
            Action::Policy { replaces, policy } => {
                in_force(self.policy_since(), *replaces)?;
                if self.policy() == Some(policy) { Err(Refusal::NothingChanges.into()) } else { Ok(()) }
            }
            Action::Redact(texts) => {
                if let Some(seq) = texts.keys().find(|seq| **seq >= at.seq) {
                    return Err(Refusal::RedactsAhead { seq: *seq }.into());
                }
                texts.iter().try_for_each(|(seq, text)| self.judge_redaction(*seq, *text))?;
                if texts.is_empty() { Err(Refusal::NothingChanges.into()) } else { Ok(()) }
            }
            Action::SetFreeze(it) => self.judge_set_freeze(it),
            Action::SetCalendar(it) => self.judge_set_calendar(it),
            Action::SetServices(it) => self.judge_set_services(it),
            Action::SetTemplate(it) => self.judge_set_template(at.moment, it),
            Action::EndTemplate(it) => self.judge_end_template(it),
            Action::LiftFreeze(it) => Ok(self.judge_lift_freeze(it, (at.opened, at.moment))?),
            Action::Restored(it) if it.ends.restored.seq >= at.seq => Err(Refusal::NothingLost.into()),
            Action::Restored(it) => {
                // The same ends with another list in between are another restoration.
                let same = self.restorations().any(|accepted| (accepted.ends, accepted.data) == (it.ends, data));
                if same { Err(Refusal::NothingChanges.into()) } else { Ok(()) }
            }
        }
    }

    /// Each text that a proposal names must be there to redact.
    fn judge_redaction(&self, seq: u64, text: Digest) -> Result<(), Denied> {
        match self.text(seq)? {
            Some(it) if it.digest == text && it.redacted.is_none() => Ok(()),
            Some(it) if it.digest == text => Err(Refusal::NothingChanges.into()),
            _ => Err(Refusal::NoSuchText { seq }.into()),
        }
    }

    fn judge_roles(&self, at: Moment, changes: &BTreeMap<PersonId, NewGrants>) -> Result<(), Denied> {
        for (person, NewGrants { replaces, grants, revokes }) in changes {
            let current = self.enrolled(person)?;
            in_force(current.since, *replaces)?;
            if current.grants.is_machine() != grants.is_machine() {
                return Err(Refusal::MachineStays { person: person.clone() }.into());
            }
            grants.judge(person, at, |it| self.can_operate(it))?;
            for key in revokes {
                self.judge_machine_key(person, *key)?;
            }
            // Without a key left, nobody answers for a later act by having operated the machine before.
            let since = current.oldest_key(revokes);
            let mut operators: BTreeSet<&PersonId> = grants.operators.iter().collect();
            operators.extend(since.into_iter().flat_map(|since| current.operators_since(since)));
            if operators.len() > MOST_OPERATORS {
                return Err(Refusal::TooManyOperators { machine: person.clone() }.into());
            }
            if current.grants == *grants && current.is_active() && revokes.is_empty() {
                return Err(Refusal::NothingChanges.into());
            }
        }
        self.judge_admins_after(changes.iter().map(|(person, new)| (person, new.grants.has_permanently(Role::Admin))))
    }

    /// New grants revoke only keys of a machine account that they are about, which are not revoked yet.
    fn judge_machine_key(&self, machine: &PersonId, key: Fingerprint) -> Result<(), Denied> {
        let its = self.known_key(key)?;
        let machine = its.person == *machine && self.enrolled(machine)?.grants.is_machine();
        match machine && its.state != KeyState::Revoked {
            true => Ok(()),
            false => Err(Refusal::NotMachineKey { key }.into()),
        }
    }

    /// If one of these people loses the permanent role admin, checks that two people with a live key have it afterwards.
    fn judge_admins_after<'a>(&'a self, changes: impl Iterator<Item = (&'a PersonId, bool)>) -> Result<(), Denied> {
        let (mut admins, mut lost) = (self.able_admins()?, false);
        for (person, admin) in changes {
            lost |= self.admins().contains(person) && !admin;
            _ = if admin && self.has_live_key(person)? { admins.insert(person) } else { admins.remove(person) };
        }
        if lost && admins.len() < 2 { Err(Refusal::TooFewAdmins { have: admins.len() }.into()) } else { Ok(()) }
    }

    fn judge_vouch(&self, person: &PersonId, vouch: Option<&Vouch>) -> Result<(), Denied> {
        match vouch {
            Some(vouch) if !self.is_live(vouch.key, person)? => {
                Err(Refusal::VouchNotTheirs { person: person.clone(), key: vouch.key }.into())
            }
            _ => Ok(()),
        }
    }

    /// Each enrolled account is new, with a new key and consistent grants.
    pub(in crate::domain) fn judge_members(&self, members: &[Member], at: Moment) -> Result<(), Denied> {
        if members.is_empty() {
            return Err(Refusal::NobodyNamed.into());
        }
        let (mut people, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for Member { person, key, .. } in members {
            let person = person.clone();
            if self.person(&person)?.is_some() || !people.insert(person.clone()) {
                return Err(Refusal::AlreadyEnrolled { person }.into());
            }
            self.judge_new_key(key)?;
            if !keys.insert(key.point()) {
                return Err(Refusal::KeyTaken { key: key.fingerprint() }.into());
            }
        }
        let named = |it: &PersonId| members.iter().any(|new| new.person == *it && !new.grants.is_machine());
        let can_operate = |it: &PersonId| Ok(named(it) || self.can_operate(it)?);
        members.iter().try_for_each(|new| new.grants.judge(&new.person, at, can_operate))
    }

    /// No key of the same point was ever enrolled: whoever has its private half signs for every application.
    fn judge_new_key(&self, key: &PublicKey) -> Result<(), Denied> {
        let taken = Refusal::KeyTaken { key: key.fingerprint() };
        if self.has_point(key)? { Err(taken.into()) } else { Ok(()) }
    }
}

/// Fails if the proposal's base is stale.
fn in_force(since: Digest, replaces: Digest) -> Result<(), Refusal> {
    if since == replaces { Ok(()) } else { Err(Refusal::NotInForce) }
}
