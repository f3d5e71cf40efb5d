//! People, keys, motions and policy: who may do what, as the entries so far decide it.

use std::collections::{BTreeMap, BTreeSet};

use super::time::DAY;
use super::words::words;
use super::{
    Digest, Event, Fingerprint, Header, Member, MotionId, MotionRef, PersonId, Policy, Proposal, PublicKey, Refusal,
    Role, Time,
};

/// The level of the format and its rules that this program knows.
pub const FORMAT: u64 = 1;

/// For how many seconds a motion stays open.
pub const MOTION_SECONDS: i64 = 7 * DAY;

/// Somebody enrolled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// The entry that enrolled them.
    pub enrolled: u64,
}

words!(
    /// Whether a key may be used.
    KeyState, "a state of a key", {
        /// It may.
        Live => "live",
        /// Not until a motion lifts that.
        Suspended => "suspended",
        /// Never again.
        Revoked => "revoked",
    }
);

/// A key that was enrolled; it stays its person's for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub public: PublicKey,
    /// Whose it is.
    pub person: PersonId,
    /// The entry that enrolled it.
    pub enrolled: u64,
    /// Whether it may be used.
    pub state: KeyState,
}

/// How a motion stands by the entries alone; that it lapsed is computed when read.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// A governance act proposed by one admin, to be seconded by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Motion {
    /// The leaf hash of the entry that opened it.
    pub opened: Digest,
    /// That entry's place.
    pub seq: u64,
    /// Who proposed it.
    pub proposer: PersonId,
    /// When they claim to have.
    pub time: Time,
    /// What it asks for.
    pub proposal: Proposal,
    /// How it stands.
    pub state: MotionState,
}

impl Motion {
    /// When it lapses if nobody seconds it.
    pub fn lapses(&self) -> Time {
        self.time.plus(MOTION_SECONDS)
    }
}

/// How far the founding has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    #[default]
    Nothing,
    Founded,
    Sealed,
}

/// The state that governance entries make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Governance {
    phase: Phase,
    founder: Option<PersonId>,
    policy: Option<Policy>,
    people: BTreeMap<PersonId, Person>,
    keys: BTreeMap<Fingerprint, Key>,
    motions: BTreeMap<MotionId, Motion>,
}

impl Governance {
    /// Whether two founding admins have signed.
    pub fn is_sealed(&self) -> bool {
        self.phase == Phase::Sealed
    }

    /// The policy in force; none before entry 0, and none denies.
    pub fn policy(&self) -> Option<Policy> {
        self.policy
    }

    /// Everybody enrolled.
    pub fn people(&self) -> &BTreeMap<PersonId, Person> {
        &self.people
    }

    /// Every key ever enrolled.
    pub fn keys(&self) -> &BTreeMap<Fingerprint, Key> {
        &self.keys
    }

    /// Every motion ever opened.
    pub fn motions(&self) -> &BTreeMap<MotionId, Motion> {
        &self.motions
    }

    /// Whether the person is enrolled with this role.
    pub fn has_role(&self, person: &PersonId, role: Role) -> bool {
        self.people.get(person).is_some_and(|it| it.roles.contains(&role))
    }

    /// Whether the key is this person's and may be used.
    pub fn is_live(&self, key: Fingerprint, person: &PersonId) -> bool {
        self.keys.get(&key).is_some_and(|it| it.person == *person && it.state == KeyState::Live)
    }

    /// The number that the next motion takes.
    pub fn next_motion(&self) -> MotionId {
        MotionId::after(self.motions.len() as u64)
    }

    /// An open motion by number.
    ///
    /// # Errors
    /// [`Refusal::NoMotion`].
    pub fn motion(&self, motion: MotionId) -> Result<&Motion, Refusal> {
        self.motions.get(&motion).ok_or(Refusal::NoMotion { motion })
    }

    fn key(&self, key: Fingerprint) -> Result<&Key, Refusal> {
        self.keys.get(&key).ok_or(Refusal::NoKey { key })
    }

    /// The people whom a motion is about: none of them may second it.
    fn is_subject(&self, proposal: &Proposal, person: &PersonId) -> bool {
        match proposal {
            Proposal::Enrol(members) => members.iter().any(|member| member.person == *person),
            Proposal::Lift(key) => self.keys.get(key).is_some_and(|key| key.person == *person),
        }
    }

    /// Asks whether this person, with this key, may act at all.
    pub(super) fn judge_actor(&self, header: &Header) -> Result<(), Refusal> {
        let person = header.actor.clone();
        if !self.people.contains_key(&person) {
            return Err(Refusal::NotEnrolled { person });
        }
        match self.keys.get(&header.key) {
            Some(key) if key.person == person => self.judge_live(header.key, key.state),
            _ => Err(Refusal::NotTheirKey { person, key: header.key }),
        }
    }

    fn judge_live(&self, key: Fingerprint, state: KeyState) -> Result<(), Refusal> {
        if state == KeyState::Live { Ok(()) } else { Err(Refusal::KeyNotLive { key, state }) }
    }

    /// Asks whether the actor has a role.
    pub(super) fn judge_role(&self, person: &PersonId, role: Role) -> Result<(), Refusal> {
        if self.has_role(person, role) { Ok(()) } else { Err(Refusal::NoRole { person: person.clone(), role }) }
    }

    /// Asks every rule about a governance event.
    pub(super) fn judge(&self, header: &Header, event: &Event) -> Result<(), Refusal> {
        match event {
            Event::Init { format, members, .. } => self.judge_init(header, *format, members),
            _ if self.phase == Phase::Nothing => Err(Refusal::NotFounding),
            Event::Seal => self.judge_seal(header),
            _ if self.phase == Phase::Founded => Err(Refusal::NotSealed),
            Event::KeyRevoke(key) => {
                self.judge_actor(header)?;
                match self.keys.get(key) {
                    Some(it) if it.person == header.actor && it.state != KeyState::Revoked => Ok(()),
                    Some(it) if it.person == header.actor => self.judge_live(*key, it.state),
                    _ => Err(Refusal::RevokeOther { key: *key }),
                }
            }
            Event::KeySuspend(key) => {
                self.judge_actor(header)?;
                self.judge_role(&header.actor, Role::Admin)?;
                self.judge_live(*key, self.key(*key)?.state)
            }
            _ => self.judge_motion(header, event),
        }
    }

    fn judge_init(&self, header: &Header, format: u64, members: &[Member]) -> Result<(), Refusal> {
        if self.phase != Phase::Nothing {
            return Err(Refusal::NotFounding);
        }
        if format != FORMAT {
            return Err(Refusal::Format { found: format });
        }
        self.judge_members(members)?;
        let admins = || members.iter().filter(|member| member.roles.contains(&Role::Admin));
        if admins().count() < 2 {
            return Err(Refusal::TooFewAdmins { have: admins().count() });
        }
        let signed = |member: &Member| member.person == header.actor && member.key.fingerprint() == header.key;
        if admins().any(signed) { Ok(()) } else { Err(Refusal::FounderNotAdmin) }
    }

    fn judge_seal(&self, header: &Header) -> Result<(), Refusal> {
        if self.phase == Phase::Sealed {
            return Err(Refusal::AlreadySealed);
        }
        self.judge_actor(header)?;
        let other = self.founder.as_ref() != Some(&header.actor);
        if other && self.has_role(&header.actor, Role::Admin) { Ok(()) } else { Err(Refusal::SealNotByOtherAdmin) }
    }

    /// Whoever is enrolled is new, with a new key, and with roles that go together.
    fn judge_members(&self, members: &[Member]) -> Result<(), Refusal> {
        if members.is_empty() {
            return Err(Refusal::NobodyNamed);
        }
        let mut people = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for Member { person, roles, key, .. } in members {
            let (person, key) = (person.clone(), key.fingerprint());
            if self.people.contains_key(&person) || !people.insert(person.clone()) {
                return Err(Refusal::AlreadyEnrolled { person });
            }
            if self.keys.contains_key(&key) || !keys.insert(key) {
                return Err(Refusal::KeyTaken { key });
            }
            if roles.is_empty() {
                return Err(Refusal::NoRoles { person });
            }
            if roles.contains(&Role::Auditor) && roles.len() > 1 {
                return Err(Refusal::AuditorExcludes { person });
            }
        }
        Ok(())
    }

    fn judge_motion(&self, header: &Header, event: &Event) -> Result<(), Refusal> {
        self.judge_actor(header)?;
        self.judge_role(&header.actor, Role::Admin)?;
        match event {
            Event::Propose { motion, .. } if *motion != self.next_motion() => {
                Err(Refusal::MotionNumber { expected: self.next_motion() })
            }
            Event::Propose { proposal, .. } => self.judge_proposal(proposal),
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

    fn judge_second(&self, header: &Header, at: MotionRef) -> Result<(), Refusal> {
        let motion = self.open(at)?;
        if header.time >= motion.lapses() {
            return Err(Refusal::MotionLapsed { motion: at.motion, since: motion.lapses() });
        }
        if motion.proposer == header.actor {
            return Err(Refusal::OwnMotion { motion: at.motion });
        }
        if self.is_subject(&motion.proposal, &header.actor) {
            return Err(Refusal::SubjectSeconds { motion: at.motion });
        }
        // What was right when it was proposed may be wrong by now.
        self.judge_proposal(&motion.proposal)
    }

    fn judge_proposal(&self, proposal: &Proposal) -> Result<(), Refusal> {
        match proposal {
            Proposal::Enrol(members) => self.judge_members(members),
            Proposal::Lift(key) if self.key(*key)?.state != KeyState::Suspended => {
                Err(Refusal::NotSuspended { key: *key })
            }
            Proposal::Lift(_) => Ok(()),
        }
    }

    fn open(&self, at: MotionRef) -> Result<&Motion, Refusal> {
        let motion = self.motion(at.motion)?;
        if motion.opened != at.opened {
            return Err(Refusal::NoMotion { motion: at.motion });
        }
        match motion.state {
            MotionState::Open => Ok(motion),
            _ => Err(Refusal::MotionOver { motion: at.motion }),
        }
    }

    /// Takes in a governance event that was judged; `leaf` is the leaf hash of its entry.
    pub(super) fn apply(&mut self, header: &Header, leaf: Digest, event: &Event) {
        match event {
            Event::Init { policy, members, .. } => {
                self.phase = Phase::Founded;
                self.founder = Some(header.actor.clone());
                self.policy = Some(*policy);
                self.enrol(members, header.seq);
            }
            Event::Seal => self.phase = Phase::Sealed,
            Event::Propose { motion, proposal } => {
                let opened = Motion {
                    opened: leaf,
                    seq: header.seq,
                    proposer: header.actor.clone(),
                    time: header.time,
                    proposal: proposal.clone(),
                    state: MotionState::Open,
                };
                self.motions.insert(*motion, opened);
            }
            Event::Second(at) => {
                self.end_motion(at.motion, MotionState::Carried(header.actor.clone()));
                match self.motions.get(&at.motion).map(|it| it.proposal.clone()) {
                    Some(Proposal::Enrol(members)) => self.enrol(&members, header.seq),
                    Some(Proposal::Lift(key)) => self.set_key(key, KeyState::Live),
                    None => {}
                }
            }
            Event::KeyRevoke(key) => self.set_key(*key, KeyState::Revoked),
            Event::KeySuspend(key) => self.set_key(*key, KeyState::Suspended),
            Event::Decline(at) => self.end_motion(at.motion, MotionState::Declined(header.actor.clone())),
            Event::MotionWithdraw(at) => self.end_motion(at.motion, MotionState::Withdrawn),
            _ => {}
        }
    }

    fn set_key(&mut self, key: Fingerprint, state: KeyState) {
        if let Some(key) = self.keys.get_mut(&key) {
            key.state = state;
        }
    }

    fn end_motion(&mut self, motion: MotionId, state: MotionState) {
        if let Some(motion) = self.motions.get_mut(&motion) {
            motion.state = state;
        }
    }

    fn enrol(&mut self, members: &[Member], seq: u64) {
        for Member { person, roles, key, .. } in members {
            let enrolled = Key { public: *key, person: person.clone(), enrolled: seq, state: KeyState::Live };
            self.keys.insert(key.fingerprint(), enrolled);
            self.people.insert(person.clone(), Person { roles: roles.clone(), enrolled: seq });
        }
    }
}
