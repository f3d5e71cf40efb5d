//! Motions: governance acts proposed by one admin, to be seconded by another; and what they may ask for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::time::DAY;
use super::{
    Digest, Event, Fingerprint, Governance, Header, KeyState, Member, MotionId, MotionRef, PersonId, Proposal, Refusal,
    Role, Standing, Time, Vouch,
};

/// For how many seconds a motion stays open.
pub const MOTION_SECONDS: i64 = 7 * DAY;

/// How a motion stands by the entries alone; that it lapsed is computed when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MotionState {
    /// It waits for a second.
    Open,
    /// Another admin carried it.
    Carried(PersonId),
    /// Another admin ended it.
    Declined(PersonId),
    /// Its proposer took it back.
    Withdrawn,
}

/// A motion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Motion {
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
    pub proposal: Proposal,
    /// The digest of what was written with it.
    pub text: Option<Digest>,
    /// How it stands.
    pub state: MotionState,
}

impl Motion {
    /// As opened by an entry with this header and leaf hash.
    pub(super) fn opened(header: &Header, leaf: Digest, proposal: &Proposal) -> Self {
        Self {
            opened: leaf,
            seq: header.seq,
            proposer: header.actor.clone(),
            key: header.key,
            time: header.time,
            proposal: proposal.clone(),
            text: header.text.as_ref().map(|text| text.digest),
            state: MotionState::Open,
        }
    }

    /// When it lapses if nobody seconds it.
    pub fn lapses(&self) -> Time {
        self.time.plus(MOTION_SECONDS)
    }
}

impl Governance {
    /// Asks every rule about a step of a motion.
    pub(super) fn judge_motion(&self, header: &Header, event: &Event) -> Result<(), Refusal> {
        self.judge_actor(header)?;
        self.judge_role(header, Role::Admin)?;
        match event {
            Event::Propose { motion, .. } if *motion != self.next_motion() => {
                Err(Refusal::MotionNumber { expected: self.next_motion() })
            }
            Event::Propose { proposal, .. } => self.judge_proposal(header, proposal),
            Event::Second(at) => self.judge_second(header, *at),
            Event::Decline(at) if self.open(*at)?.proposer == header.actor => {
                Err(Refusal::OwnMotion { motion: at.motion })
            }
            Event::MotionWithdraw(at) if self.open(*at)?.proposer != header.actor => {
                Err(Refusal::NotProposer { motion: at.motion })
            }
            _ => Ok(()),
        }
    }

    fn open(&self, at: MotionRef) -> Result<&Motion, Refusal> {
        let motion = self.judge_known(at)?;
        match motion.state {
            MotionState::Open => Ok(motion),
            _ => Err(Refusal::MotionOver { motion: at.motion }),
        }
    }

    /// Asks whether there is this very motion.
    pub(super) fn judge_known(&self, at: MotionRef) -> Result<&Motion, Refusal> {
        let motion = self.motion(at.motion)?;
        if motion.opened == at.opened { Ok(motion) } else { Err(Refusal::NoMotion { motion: at.motion }) }
    }

    fn judge_second(&self, header: &Header, at: MotionRef) -> Result<(), Refusal> {
        let motion = self.open(at)?;
        if motion.proposer == header.actor {
            return Err(Refusal::OwnMotion { motion: at.motion });
        }
        if self.is_subject(&motion.proposal, &header.actor) {
            return Err(Refusal::SubjectSeconds { motion: at.motion });
        }
        self.judge_lapse(at.motion, motion, header)
    }

    /// Asks whether a motion can still be carried, by whomever.
    fn judge_lapse(&self, id: MotionId, motion: &Motion, header: &Header) -> Result<(), Refusal> {
        if header.time >= motion.lapses() {
            return Err(Refusal::MotionLapsed { motion: id, since: motion.lapses() });
        }
        let proposer = &motion.proposer;
        if !self.has_role(proposer, Role::Admin, header.time) || !self.is_live(motion.key, proposer) {
            return Err(Refusal::NotBacked { motion: id, proposer: proposer.clone() });
        }
        if motion.text.is_some_and(|text| self.erased(motion.seq, text).is_some()) {
            return Err(Refusal::MotionErased { motion: id });
        }
        // What was right when it was proposed may be wrong by now.
        self.judge_proposal(header, &motion.proposal)
    }

    /// The people whom a motion is about: none of them may second it.
    fn is_subject(&self, proposal: &Proposal, person: &PersonId) -> bool {
        let is = |subject: &PersonId| {
            subject == person || self.people().get(subject).is_some_and(|it| it.standing.operators.contains(person))
        };
        match proposal {
            Proposal::Enrol(members) => {
                members.iter().any(|it| it.person == *person || it.standing.operators.contains(person))
            }
            Proposal::Roles { person: subject, standing, .. } => is(subject) || standing.operators.contains(person),
            Proposal::Retire { person: subject, .. } | Proposal::AddKey { person: subject, .. } => is(subject),
            Proposal::Lift { key, .. } => self.keys().get(key).is_some_and(|key| is(&key.person)),
            Proposal::Policy { .. } | Proposal::Redact(_) | Proposal::Restored(_) => false,
        }
    }

    fn judge_proposal(&self, header: &Header, proposal: &Proposal) -> Result<(), Refusal> {
        match proposal {
            Proposal::Enrol(members) => self.judge_members(members, header.time),
            Proposal::Roles { person, replaces, standing } => self.judge_roles(header, person, *replaces, standing),
            Proposal::Retire { person, replaces } => {
                let retiring = self.enrolled(person)?;
                in_force(retiring.since, *replaces)?;
                if retiring.retired { Err(Refusal::NothingChanges) } else { self.judge_admins_without(person) }
            }
            Proposal::AddKey { person, key, vouch, .. } => {
                if self.enrolled(person)?.retired {
                    return Err(Refusal::Retired { person: person.clone() });
                }
                self.judge_new_key(key.fingerprint())?;
                self.judge_vouch(person, vouch.as_ref())
            }
            Proposal::Lift { key, replaces } => {
                let suspended = self.key(*key)?;
                if suspended.state != KeyState::Suspended {
                    return Err(Refusal::NotSuspended { key: *key });
                }
                in_force(suspended.since, *replaces)
            }
            Proposal::Policy { replaces, policy } => {
                in_force(self.policy_since(), *replaces)?;
                if self.policy() == Some(policy) { Err(Refusal::NothingChanges) } else { Ok(()) }
            }
            Proposal::Redact(texts) => {
                if let Some(seq) = texts.keys().find(|seq| **seq >= header.seq) {
                    return Err(Refusal::ErasesAhead { seq: *seq });
                }
                let erased = texts.iter().all(|(seq, text)| self.erased(*seq, *text).is_some());
                if erased { Err(Refusal::NothingChanges) } else { Ok(()) }
            }
            Proposal::Restored(it) if it.restored.seq >= it.lost.seq || it.restored.seq >= header.seq => {
                Err(Refusal::NothingLost)
            }
            Proposal::Restored(it) if self.restorations().any(|(_, _, carried)| carried == *it) => {
                Err(Refusal::NothingChanges)
            }
            Proposal::Restored(_) => Ok(()),
        }
    }

    fn judge_roles(
        &self,
        header: &Header,
        person: &PersonId,
        replaces: Digest,
        standing: &Standing,
    ) -> Result<(), Refusal> {
        let present = self.enrolled(person)?;
        in_force(present.since, replaces)?;
        if present.standing.is_machine() != standing.is_machine() {
            return Err(Refusal::MachineStays { person: person.clone() });
        }
        standing.judge(person, header.time, |it| self.can_operate(it))?;
        if present.standing == *standing && !present.retired {
            return Err(Refusal::NothingChanges);
        }
        if standing.has_for_good(Role::Admin) { Ok(()) } else { self.judge_admins_without(person) }
    }

    /// Removing roles never leaves fewer than two admins; those who are admins for a while do not count.
    fn judge_admins_without(&self, person: &PersonId) -> Result<(), Refusal> {
        let admin = |standing: &Standing| standing.has_for_good(Role::Admin);
        let was = self.people().get(person).is_some_and(|it| admin(&it.standing));
        let have = self.people().iter().filter(|(id, it)| *id != person && admin(&it.standing)).count();
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

    /// Whoever is enrolled is new, with a new key, and with a standing that goes together.
    pub(super) fn judge_members(&self, members: &[Member], at: Time) -> Result<(), Refusal> {
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
        let named = |it: &PersonId| members.iter().any(|new| new.person == *it && !new.standing.is_machine());
        let can_operate = |it: &PersonId| named(it) || self.can_operate(it);
        members.iter().try_for_each(|new| new.standing.judge(&new.person, at, can_operate))
    }

    fn judge_new_key(&self, key: Fingerprint) -> Result<(), Refusal> {
        if self.keys().contains_key(&key) { Err(Refusal::KeyTaken { key }) } else { Ok(()) }
    }
}

/// Asks whether what a motion would replace is what there is.
fn in_force(since: Digest, replaces: Digest) -> Result<(), Refusal> {
    if since == replaces { Ok(()) } else { Err(Refusal::NotInForce) }
}
