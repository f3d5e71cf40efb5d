//! People, keys, proposals and policy: who may do what, as the entries so far decide it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Action, Digest, Duty, Event, Fingerprint, Header, Key, KeyState, Member, Person, PersonId, Policy, Proposal,
    ProposalId, ProposalState, Refusal, RefusedAttempt, Restoration, Role, Rule, Time,
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
    proposals: BTreeMap<ProposalId, Proposal>,
    redacted: BTreeMap<(u64, Digest), ProposalId>,
    restored: Vec<(ProposalId, u64, Restoration)>,
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

    /// Every proposal ever opened.
    pub fn proposals(&self) -> &BTreeMap<ProposalId, Proposal> {
        &self.proposals
    }

    /// The proposal that redacted the text with this digest of this entry, if one did.
    pub fn redacted(&self, seq: u64, text: Digest) -> Option<ProposalId> {
        self.redacted.get(&(seq, text)).copied()
    }

    /// Every text that was redacted: its entry, its digest, and the proposal.
    pub fn redactions(&self) -> impl Iterator<Item = (u64, Digest, ProposalId)> {
        self.redacted.iter().map(|((seq, text), proposal)| (*seq, *text, *proposal))
    }

    /// Every restoration that was carried: the proposal, the entry that carried it, and what it says.
    pub fn restorations(&self) -> impl Iterator<Item = (ProposalId, u64, Restoration)> {
        self.restored.iter().copied()
    }

    /// Whether the person is enrolled and has this role at a moment.
    pub fn has_role(&self, person: &PersonId, role: Role, at: Time) -> bool {
        self.people.get(person).is_some_and(|it| it.grants.has_role(role, at))
    }

    /// Whether the key is this person's and may be used.
    pub fn is_live(&self, key: Fingerprint, person: &PersonId) -> bool {
        self.keys.get(&key).is_some_and(|it| it.person == *person && it.state == KeyState::Live)
    }

    /// Whether somebody can answer for a machine.
    pub(in crate::domain) fn can_operate(&self, person: &PersonId) -> bool {
        self.people.get(person).is_some_and(|it| !it.retired && !it.grants.is_machine())
    }

    /// Whether what one did counts as the doing of the other: they are the same, or the one is a machine and the other
    /// answered for it at any time since an entry.
    pub fn answers_for(&self, person: &PersonId, actor: &PersonId, since: u64) -> bool {
        person == actor || self.people.get(actor).is_some_and(|it| it.was_operated_by(person, since))
    }

    /// Whether what one actor did counts as the doing of somebody as whom the other counts too.
    pub(in crate::domain) fn share_responsibility(&self, one: &PersonId, other: &PersonId, since: u64) -> bool {
        let people = self.people.keys().filter(|it| self.answers_for(it, other, since));
        people.into_iter().any(|it| self.answers_for(it, one, since))
    }

    /// Whether the policy keeps this person, as an admin, from approving.
    pub fn is_kept_from_approving(&self, person: &PersonId, at: Time) -> bool {
        let separates = self.policy().is_some_and(|it| it.separates(Duty::AdminApprover));
        separates && self.has_role(person, Role::Admin, at)
    }

    /// The number that the next proposal takes.
    pub fn next_proposal(&self) -> ProposalId {
        ProposalId::after(self.proposals.len() as u64)
    }

    /// A proposal by number.
    ///
    /// # Errors
    /// [`Refusal::NoProposal`].
    pub fn proposal(&self, proposal: ProposalId) -> Result<&Proposal, Refusal> {
        self.proposals.get(&proposal).ok_or(Refusal::NoProposal { proposal })
    }

    pub(in crate::domain) fn key(&self, key: Fingerprint) -> Result<&Key, Refusal> {
        self.keys.get(&key).ok_or(Refusal::NoKey { key })
    }

    pub(in crate::domain) fn enrolled(&self, person: &PersonId) -> Result<&Person, Refusal> {
        self.people.get(person).ok_or_else(|| Refusal::NotEnrolled { person: person.clone() })
    }

    /// Asks whether this person, with this key, may act at all.
    pub(in crate::domain) fn judge_actor(&self, header: &Header) -> Result<(), Refusal> {
        let person = header.actor.clone();
        let actor = self.enrolled(&person)?;
        match self.keys.get(&header.key) {
            Some(key) if key.person == person => self.judge_live(header.key, key.state)?,
            _ => return Err(Refusal::NotTheirKey { person, key: header.key }),
        }
        if actor.retired {
            return Err(Refusal::Retired { person });
        }
        let operators = &actor.grants.operators;
        let operated = operators.is_empty() || operators.iter().any(|it| self.can_operate(it));
        if operated { Ok(()) } else { Err(Refusal::NotOperated { machine: person }) }
    }

    fn judge_live(&self, key: Fingerprint, state: KeyState) -> Result<(), Refusal> {
        if state == KeyState::Live { Ok(()) } else { Err(Refusal::KeyNotLive { key, state }) }
    }

    /// Asks whether the actor has a role.
    pub(in crate::domain) fn judge_role(&self, header: &Header, role: Role) -> Result<(), Refusal> {
        let person = &header.actor;
        let granted = self.has_role(person, role, header.time);
        if granted { Ok(()) } else { Err(Refusal::NoRole { person: person.clone(), role }) }
    }

    /// Asks every rule about a governance event.
    pub(in crate::domain) fn judge(&self, header: &Header, event: &Event) -> Result<(), Refusal> {
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
            _ => self.judge_proposal(header, event),
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
        let admins = || members.iter().filter(|member| member.grants.has_for_good(Role::Admin));
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

    fn judge_refused(&self, header: &Header, attempt: &RefusedAttempt, rule: Rule) -> Result<(), Refusal> {
        self.judge_actor(header)?;
        let RefusedAttempt::Second(at) = attempt else { return Err(Refusal::NotRefused { rule }) };
        self.judge_known(*at)?;
        match self.judge_proposal(header, &attempt.event()) {
            Err(refusal) if refusal.rule() == rule => {}
            _ => return Err(Refusal::NotRefused { rule }),
        }
        let before = self.refused.contains(&(header.actor.clone(), at.opened, rule));
        if before { Err(Refusal::RefusedBefore) } else { Ok(()) }
    }

    /// Takes in a governance event that was judged; `leaf` is the leaf hash of its entry.
    pub(in crate::domain) fn apply(&mut self, header: &Header, leaf: Digest, event: &Event) {
        match event {
            Event::Init { policy, members, .. } => {
                self.phase = Phase::Founded;
                self.founder = Some(header.actor.clone());
                self.policy = Some((policy.clone(), leaf));
                self.enrol(members, header.seq, leaf);
            }
            Event::Seal => self.phase = Phase::Sealed,
            Event::Propose { proposal, action } => {
                self.proposals.insert(*proposal, Proposal::opened(header, leaf, action));
            }
            Event::Second(at) => {
                self.end_proposal(at.proposal, ProposalState::Seconded(header.actor.clone()));
                if let Some(action) = self.proposals.get(&at.proposal).map(|it| it.action.clone()) {
                    self.carry(at.proposal, &action, header.seq, leaf);
                }
            }
            Event::KeyRevoke(key) => self.set_key(*key, KeyState::Revoked, leaf),
            Event::KeySuspend(key) => self.set_key(*key, KeyState::Suspended, leaf),
            Event::Decline(at) => self.end_proposal(at.proposal, ProposalState::Declined(header.actor.clone())),
            Event::ProposalWithdraw(at) => self.end_proposal(at.proposal, ProposalState::Withdrawn),
            Event::Refused { attempt, rule } => {
                self.refused.push((header.actor.clone(), attempt.target(), *rule));
            }
            _ => {}
        }
    }

    fn carry(&mut self, proposal: ProposalId, action: &Action, seq: u64, leaf: Digest) {
        match action {
            Action::Enrol(members) => self.enrol(members, seq, leaf),
            Action::Roles { person, grants, .. } => self.stand(person, Some(grants), seq, leaf),
            Action::Retire { person, .. } => self.stand(person, None, seq, leaf),
            Action::AddKey { person, key, .. } => {
                let (person, state) = (person.clone(), KeyState::Live);
                self.keys.insert(key.fingerprint(), Key { public: *key, person, enrolled: seq, state, since: leaf });
            }
            Action::Lift { key, .. } => self.set_key(*key, KeyState::Live, leaf),
            Action::Policy { policy, .. } => self.policy = Some((policy.clone(), leaf)),
            Action::Redact(texts) => {
                for (seq, text) in texts {
                    self.redacted.entry((*seq, *text)).or_insert(proposal);
                }
            }
            Action::Restored(heads) => self.restored.push((proposal, seq, *heads)),
        }
    }

    fn stand(&mut self, person: &PersonId, grants: Option<&crate::domain::Grants>, seq: u64, leaf: Digest) {
        if let Some(person) = self.people.get_mut(person) {
            person.stand(grants, seq, leaf);
        }
    }

    fn set_key(&mut self, key: Fingerprint, state: KeyState, leaf: Digest) {
        if let Some(key) = self.keys.get_mut(&key) {
            (key.state, key.since) = (state, leaf);
        }
    }

    fn end_proposal(&mut self, proposal: ProposalId, state: ProposalState) {
        if let Some(proposal) = self.proposals.get_mut(&proposal) {
            proposal.state = state;
        }
    }

    fn enrol(&mut self, members: &[Member], seq: u64, leaf: Digest) {
        for Member { person, grants, key, .. } in members {
            let (public, state) = (*key, KeyState::Live);
            let enrolled = Key { public, person: person.clone(), enrolled: seq, state, since: leaf };
            self.keys.insert(key.fingerprint(), enrolled);
            self.people.insert(person.clone(), Person::enrolled(grants, seq, leaf));
        }
    }
}
