//! People, keys, motions and policy: who may do what, as the entries so far decide it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Attempt, Digest, Duty, Event, Fingerprint, Header, Key, KeyState, Member, Motion, MotionId, MotionState, Person,
    PersonId, Policy, Proposal, Refusal, Restoration, Role, Rule, Time,
};

/// The level of the format and its rules that this program knows.
pub const FORMAT: u64 = 1;

/// How far the founding has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Phase {
    #[default]
    Nothing,
    Founded,
    Sealed,
}

/// The state that governance entries make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Governance {
    phase: Phase,
    founder: Option<PersonId>,
    policy: Option<(Policy, Digest)>,
    people: BTreeMap<PersonId, Person>,
    keys: BTreeMap<Fingerprint, Key>,
    motions: BTreeMap<MotionId, Motion>,
    erased: BTreeMap<(u64, Digest), MotionId>,
    restored: Vec<(MotionId, u64, Restoration)>,
    refused: Vec<(PersonId, Digest, Rule)>,
}

impl Governance {
    /// Whether two founding admins have signed.
    pub fn is_sealed(&self) -> bool {
        self.phase == Phase::Sealed
    }

    /// The policy in force; none before entry 0, and none denies.
    pub fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref().map(|(policy, _)| policy)
    }

    /// The leaf hash of the entry that put the policy in force.
    pub fn policy_since(&self) -> Digest {
        self.policy.as_ref().map_or(Digest::NONE, |(_, since)| *since)
    }

    /// The same state under another policy: to see what that would change.
    pub fn under(&self, policy: Policy) -> Self {
        Self { policy: Some((policy, Digest::NONE)), ..self.clone() }
    }

    /// Everybody enrolled, machines and those who retired included.
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

    /// The motion that erased the text with this digest of this entry, if one did.
    pub fn erased(&self, seq: u64, text: Digest) -> Option<MotionId> {
        self.erased.get(&(seq, text)).copied()
    }

    /// Every text that was erased: its entry, its digest, and the motion.
    pub fn erasures(&self) -> impl Iterator<Item = (u64, Digest, MotionId)> {
        self.erased.iter().map(|((seq, text), motion)| (*seq, *text, *motion))
    }

    /// Every restoration that was carried: the motion, the entry that carried it, and what it says.
    pub fn restorations(&self) -> impl Iterator<Item = (MotionId, u64, Restoration)> {
        self.restored.iter().copied()
    }

    /// Whether the person is enrolled and has this role at a moment.
    pub fn has_role(&self, person: &PersonId, role: Role, at: Time) -> bool {
        self.people.get(person).is_some_and(|it| it.standing.has_role(role, at))
    }

    /// Whether the key is this person's and may be used.
    pub fn is_live(&self, key: Fingerprint, person: &PersonId) -> bool {
        self.keys.get(&key).is_some_and(|it| it.person == *person && it.state == KeyState::Live)
    }

    /// Whether somebody can answer for a machine.
    pub(super) fn can_operate(&self, person: &PersonId) -> bool {
        self.people.get(person).is_some_and(|it| !it.retired && !it.standing.is_machine())
    }

    /// Whether what one did counts as the doing of the other: they are the same, or the one is a machine and the other
    /// answered for it at any time since an entry.
    pub fn answers_for(&self, person: &PersonId, actor: &PersonId, since: u64) -> bool {
        person == actor || self.people.get(actor).is_some_and(|it| it.was_operated_by(person, since))
    }

    /// Whether what one actor did counts as the doing of somebody as whom the other counts too.
    pub(super) fn same_doing(&self, one: &PersonId, other: &PersonId, since: u64) -> bool {
        let people = self.people.keys().filter(|it| self.answers_for(it, other, since));
        people.into_iter().any(|it| self.answers_for(it, one, since))
    }

    /// Whether the policy keeps this person, as an admin, from approving.
    pub fn is_kept_from_approving(&self, person: &PersonId, at: Time) -> bool {
        let separates = self.policy().is_some_and(|it| it.separates(Duty::AdminApprover));
        separates && self.has_role(person, Role::Admin, at)
    }

    /// The number that the next motion takes.
    pub fn next_motion(&self) -> MotionId {
        MotionId::after(self.motions.len() as u64)
    }

    /// A motion by number.
    ///
    /// # Errors
    /// [`Refusal::NoMotion`].
    pub fn motion(&self, motion: MotionId) -> Result<&Motion, Refusal> {
        self.motions.get(&motion).ok_or(Refusal::NoMotion { motion })
    }

    pub(super) fn key(&self, key: Fingerprint) -> Result<&Key, Refusal> {
        self.keys.get(&key).ok_or(Refusal::NoKey { key })
    }

    pub(super) fn enrolled(&self, person: &PersonId) -> Result<&Person, Refusal> {
        self.people.get(person).ok_or_else(|| Refusal::NotEnrolled { person: person.clone() })
    }

    /// Asks whether this person, with this key, may act at all.
    pub(super) fn judge_actor(&self, header: &Header) -> Result<(), Refusal> {
        let person = header.actor.clone();
        let actor = self.enrolled(&person)?;
        match self.keys.get(&header.key) {
            Some(key) if key.person == person => self.judge_live(header.key, key.state)?,
            _ => return Err(Refusal::NotTheirKey { person, key: header.key }),
        }
        if actor.retired {
            return Err(Refusal::Retired { person });
        }
        let operators = &actor.standing.operators;
        let operated = operators.is_empty() || operators.iter().any(|it| self.can_operate(it));
        if operated { Ok(()) } else { Err(Refusal::NotOperated { machine: person }) }
    }

    fn judge_live(&self, key: Fingerprint, state: KeyState) -> Result<(), Refusal> {
        if state == KeyState::Live { Ok(()) } else { Err(Refusal::KeyNotLive { key, state }) }
    }

    /// Asks whether the actor has a role.
    pub(super) fn judge_role(&self, header: &Header, role: Role) -> Result<(), Refusal> {
        let person = &header.actor;
        let granted = self.has_role(person, role, header.time);
        if granted { Ok(()) } else { Err(Refusal::NoRole { person: person.clone(), role }) }
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
                self.judge_role(header, Role::Admin)?;
                self.judge_live(*key, self.key(*key)?.state)
            }
            Event::Refused { attempt, rule } => self.judge_refused(header, attempt, *rule),
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
        self.judge_members(members, header.time)?;
        let admins = || members.iter().filter(|member| member.standing.has_for_good(Role::Admin));
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
        let admin = self.has_role(&header.actor, Role::Admin, header.time);
        if other && admin { Ok(()) } else { Err(Refusal::SealNotByOtherAdmin) }
    }

    fn judge_refused(&self, header: &Header, attempt: &Attempt, rule: Rule) -> Result<(), Refusal> {
        self.judge_actor(header)?;
        let Attempt::Second(at) = attempt else { return Err(Refusal::NotRefused { rule }) };
        self.judge_known(*at)?;
        match self.judge_motion(header, &attempt.event()) {
            Err(refusal) if refusal.rule() == rule => {}
            _ => return Err(Refusal::NotRefused { rule }),
        }
        let before = self.refused.contains(&(header.actor.clone(), at.opened, rule));
        if before { Err(Refusal::RefusedBefore) } else { Ok(()) }
    }

    /// Takes in a governance event that was judged; `leaf` is the leaf hash of its entry.
    pub(super) fn apply(&mut self, header: &Header, leaf: Digest, event: &Event) {
        match event {
            Event::Init { policy, members, .. } => {
                self.phase = Phase::Founded;
                self.founder = Some(header.actor.clone());
                self.policy = Some((policy.clone(), leaf));
                self.enrol(members, header.seq, leaf);
            }
            Event::Seal => self.phase = Phase::Sealed,
            Event::Propose { motion, proposal } => {
                self.motions.insert(*motion, Motion::opened(header, leaf, proposal));
            }
            Event::Second(at) => {
                self.end_motion(at.motion, MotionState::Carried(header.actor.clone()));
                if let Some(proposal) = self.motions.get(&at.motion).map(|it| it.proposal.clone()) {
                    self.carry(at.motion, &proposal, header.seq, leaf);
                }
            }
            Event::KeyRevoke(key) => self.set_key(*key, KeyState::Revoked, leaf),
            Event::KeySuspend(key) => self.set_key(*key, KeyState::Suspended, leaf),
            Event::Decline(at) => self.end_motion(at.motion, MotionState::Declined(header.actor.clone())),
            Event::MotionWithdraw(at) => self.end_motion(at.motion, MotionState::Withdrawn),
            Event::Refused { attempt, rule } => {
                self.refused.push((header.actor.clone(), attempt.target(), *rule));
            }
            _ => {}
        }
    }

    fn carry(&mut self, motion: MotionId, proposal: &Proposal, seq: u64, leaf: Digest) {
        match proposal {
            Proposal::Enrol(members) => self.enrol(members, seq, leaf),
            Proposal::Roles { person, standing, .. } => self.stand(person, Some(standing), seq, leaf),
            Proposal::Retire { person, .. } => self.stand(person, None, seq, leaf),
            Proposal::AddKey { person, key, .. } => {
                let (person, state) = (person.clone(), KeyState::Live);
                self.keys.insert(key.fingerprint(), Key { public: *key, person, enrolled: seq, state, since: leaf });
            }
            Proposal::Lift { key, .. } => self.set_key(*key, KeyState::Live, leaf),
            Proposal::Policy { policy, .. } => self.policy = Some((policy.clone(), leaf)),
            Proposal::Redact(texts) => {
                for (seq, text) in texts {
                    self.erased.entry((*seq, *text)).or_insert(motion);
                }
            }
            Proposal::Restored(heads) => self.restored.push((motion, seq, *heads)),
        }
    }

    fn stand(&mut self, person: &PersonId, standing: Option<&super::Standing>, seq: u64, leaf: Digest) {
        if let Some(person) = self.people.get_mut(person) {
            person.stand(standing, seq, leaf);
        }
    }

    fn set_key(&mut self, key: Fingerprint, state: KeyState, leaf: Digest) {
        if let Some(key) = self.keys.get_mut(&key) {
            (key.state, key.since) = (state, leaf);
        }
    }

    fn end_motion(&mut self, motion: MotionId, state: MotionState) {
        if let Some(motion) = self.motions.get_mut(&motion) {
            motion.state = state;
        }
    }

    fn enrol(&mut self, members: &[Member], seq: u64, leaf: Digest) {
        for Member { person, standing, key, .. } in members {
            let (public, state) = (*key, KeyState::Live);
            let enrolled = Key { public, person: person.clone(), enrolled: seq, state, since: leaf };
            self.keys.insert(key.fingerprint(), enrolled);
            self.people.insert(person.clone(), Person::enrolled(standing, seq, leaf));
        }
    }
}
