//! Proposals: governance acts proposed by one admin, to be seconded by another; and what they may ask for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::value::time::DAY;
use crate::domain::{
    Action, Digest, Event, Fingerprint, Governance, Grants, Header, KeyState, Member, PersonId, ProposalId,
    ProposalRef, Refusal, Role, Time, Vouch,
};

/// For how many seconds a proposal stays open.
pub const PROPOSAL_SECONDS: i64 = 7 * DAY;

/// How a proposal stands by the entries alone; that it lapsed is computed when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposalState {
    /// It waits for a second.
    Open,
    /// Another admin carried it.
    Seconded(PersonId),
    /// Another admin ended it.
    Declined(PersonId),
    /// Its proposer took it back.
    Withdrawn,
}

impl ProposalState {
    /// The word for it in tables, JSON and on screens.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
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
    /// That entry's place.
    pub seq: u64,
    /// Who proposed it.
    pub proposer: PersonId,
    /// With which key.
    pub key: Fingerprint,
    /// When they claim to have.
    pub time: Time,
    /// What it asks for.
    pub action: Action,
    /// The digest of what was written with it.
    pub text: Option<Digest>,
    /// How it stands.
    pub state: ProposalState,
}

impl Proposal {
    /// As opened by an entry with this header and leaf hash.
    pub(in crate::domain) fn opened(header: &Header, leaf: Digest, action: &Action) -> Self {
        Self {
            opened: leaf,
            seq: header.seq,
            proposer: header.actor.clone(),
            key: header.key,
            time: header.time,
            action: action.clone(),
            text: header.text.as_ref().map(|text| text.digest),
            state: ProposalState::Open,
        }
    }

    /// When it lapses if nobody seconds it.
    pub fn lapses(&self) -> Time {
        self.time.plus(PROPOSAL_SECONDS)
    }
}

impl Governance {
    /// Asks every rule about a step of a proposal.
    pub(in crate::domain) fn judge_proposal(&self, header: &Header, event: &Event) -> Result<(), Refusal> {
        self.judge_actor(header)?;
        self.judge_role(header, Role::Admin)?;
        match event {
            Event::Propose { proposal, .. } if *proposal != self.next_proposal() => {
                Err(Refusal::ProposalNumber { expected: self.next_proposal() })
            }
            Event::Propose { action, .. } => self.judge_action(header, action),
            Event::Second(at) => self.judge_second(header, *at),
            Event::Decline(at) if self.open(*at)?.proposer == header.actor => {
                Err(Refusal::OwnProposal { proposal: at.proposal })
            }
            Event::ProposalWithdraw(at) if self.open(*at)?.proposer != header.actor => {
                Err(Refusal::NotProposer { proposal: at.proposal })
            }
            _ => Ok(()),
        }
    }

    fn open(&self, at: ProposalRef) -> Result<&Proposal, Refusal> {
        let proposal = self.judge_known(at)?;
        match proposal.state {
            ProposalState::Open => Ok(proposal),
            _ => Err(Refusal::ProposalOver { proposal: at.proposal }),
        }
    }

    /// Asks whether there is this very proposal.
    pub(in crate::domain) fn judge_known(&self, at: ProposalRef) -> Result<&Proposal, Refusal> {
        let proposal = self.proposal(at.proposal)?;
        if proposal.opened == at.opened { Ok(proposal) } else { Err(Refusal::NoProposal { proposal: at.proposal }) }
    }

    fn judge_second(&self, header: &Header, at: ProposalRef) -> Result<(), Refusal> {
        let proposal = self.open(at)?;
        if proposal.proposer == header.actor {
            return Err(Refusal::OwnProposal { proposal: at.proposal });
        }
        if self.is_subject(&proposal.action, &header.actor) {
            return Err(Refusal::SubjectSeconds { proposal: at.proposal });
        }
        self.judge_lapse(at.proposal, proposal, header)
    }

    /// Asks whether a proposal can still be carried, by whomever.
    fn judge_lapse(&self, id: ProposalId, proposal: &Proposal, header: &Header) -> Result<(), Refusal> {
        if header.time >= proposal.lapses() {
            return Err(Refusal::ProposalLapsed { proposal: id, since: proposal.lapses() });
        }
        let proposer = &proposal.proposer;
        if !self.has_role(proposer, Role::Admin, header.time) || !self.is_live(proposal.key, proposer) {
            return Err(Refusal::NotBacked { proposal: id, proposer: proposer.clone() });
        }
        if proposal.text.is_some_and(|text| self.redacted(proposal.seq, text).is_some()) {
            return Err(Refusal::ProposalRedacted { proposal: id });
        }
        // What was right when it was proposed may be wrong by now.
        self.judge_action(header, &proposal.action)
    }

    /// The people whom a proposal is about: none of them may second it.
    fn is_subject(&self, action: &Action, person: &PersonId) -> bool {
        let is = |subject: &PersonId| {
            subject == person || self.people().get(subject).is_some_and(|it| it.grants.operators.contains(person))
        };
        match action {
            Action::Enrol(members) => {
                members.iter().any(|it| it.person == *person || it.grants.operators.contains(person))
            }
            Action::Roles { person: subject, grants, .. } => is(subject) || grants.operators.contains(person),
            Action::Retire { person: subject, .. } | Action::AddKey { person: subject, .. } => is(subject),
            Action::Lift { key, .. } => self.keys().get(key).is_some_and(|key| is(&key.person)),
            Action::Policy { .. } | Action::Redact(_) | Action::Restored(_) => false,
        }
    }

    fn judge_action(&self, header: &Header, action: &Action) -> Result<(), Refusal> {
        match action {
            Action::Enrol(members) => self.judge_members(members, header.time),
            Action::Roles { person, replaces, grants } => self.judge_roles(header, person, *replaces, grants),
            Action::Retire { person, replaces } => {
                let retiring = self.enrolled(person)?;
                in_force(retiring.since, *replaces)?;
                if retiring.retired { Err(Refusal::NothingChanges) } else { self.judge_admins_without(person) }
            }
            Action::AddKey { person, key, vouch, .. } => {
                if self.enrolled(person)?.retired {
                    return Err(Refusal::Retired { person: person.clone() });
                }
                self.judge_new_key(key.fingerprint())?;
                self.judge_vouch(person, vouch.as_ref())
            }
            Action::Lift { key, replaces } => {
                let suspended = self.key(*key)?;
                if suspended.state != KeyState::Suspended {
                    return Err(Refusal::NotSuspended { key: *key });
                }
                in_force(suspended.since, *replaces)
            }
            Action::Policy { replaces, policy } => {
                in_force(self.policy_since(), *replaces)?;
                if self.policy() == Some(policy) { Err(Refusal::NothingChanges) } else { Ok(()) }
            }
            Action::Redact(texts) => {
                if let Some(seq) = texts.keys().find(|seq| **seq >= header.seq) {
                    return Err(Refusal::RedactsAhead { seq: *seq });
                }
                let redacted = texts.iter().all(|(seq, text)| self.redacted(*seq, *text).is_some());
                if redacted { Err(Refusal::NothingChanges) } else { Ok(()) }
            }
            Action::Restored(it) if it.restored.seq >= it.lost.seq || it.restored.seq >= header.seq => {
                Err(Refusal::NothingLost)
            }
            Action::Restored(it) if self.restorations().any(|(_, _, carried)| carried == *it) => {
                Err(Refusal::NothingChanges)
            }
            Action::Restored(_) => Ok(()),
        }
    }

    fn judge_roles(
        &self,
        header: &Header,
        person: &PersonId,
        replaces: Digest,
        grants: &Grants,
    ) -> Result<(), Refusal> {
        let present = self.enrolled(person)?;
        in_force(present.since, replaces)?;
        if present.grants.is_machine() != grants.is_machine() {
            return Err(Refusal::MachineStays { person: person.clone() });
        }
        grants.judge(person, header.time, |it| self.can_operate(it))?;
        if present.grants == *grants && !present.retired {
            return Err(Refusal::NothingChanges);
        }
        if grants.has_for_good(Role::Admin) { Ok(()) } else { self.judge_admins_without(person) }
    }

    /// Removing roles never leaves fewer than two admins; those who are admins for a while do not count.
    fn judge_admins_without(&self, person: &PersonId) -> Result<(), Refusal> {
        let admin = |grants: &Grants| grants.has_for_good(Role::Admin);
        let was = self.people().get(person).is_some_and(|it| admin(&it.grants));
        let have = self.people().iter().filter(|(id, it)| *id != person && admin(&it.grants)).count();
        if was && have < 2 { Err(Refusal::TooFewAdmins { have }) } else { Ok(()) }
    }

    fn judge_vouch(&self, person: &PersonId, vouch: Option<&Vouch>) -> Result<(), Refusal> {
        match vouch {
            Some(vouch) if !self.is_live(vouch.key, person) => {
                Err(Refusal::VouchNotTheirs { person: person.clone(), key: vouch.key })
            }
            _ => Ok(()),
        }
    }

    /// Whoever is enrolled is new, with a new key, and with a grants that goes together.
    pub(in crate::domain) fn judge_members(&self, members: &[Member], at: Time) -> Result<(), Refusal> {
        if members.is_empty() {
            return Err(Refusal::NobodyNamed);
        }
        let (mut people, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for Member { person, key, .. } in members {
            let (person, key) = (person.clone(), key.fingerprint());
            if self.people().contains_key(&person) || !people.insert(person.clone()) {
                return Err(Refusal::AlreadyEnrolled { person });
            }
            self.judge_new_key(key)?;
            if !keys.insert(key) {
                return Err(Refusal::KeyTaken { key });
            }
        }
        let named = |it: &PersonId| members.iter().any(|new| new.person == *it && !new.grants.is_machine());
        let can_operate = |it: &PersonId| named(it) || self.can_operate(it);
        members.iter().try_for_each(|new| new.grants.judge(&new.person, at, can_operate))
    }

    fn judge_new_key(&self, key: Fingerprint) -> Result<(), Refusal> {
        if self.keys().contains_key(&key) { Err(Refusal::KeyTaken { key }) } else { Ok(()) }
    }
}

/// Asks whether what a proposal would replace is what there is.
fn in_force(since: Digest, replaces: Digest) -> Result<(), Refusal> {
    if since == replaces { Ok(()) } else { Err(Refusal::NotInForce) }
}
