//! The governance state: people, keys, proposals and policy. This file holds the lookups; `rules` judges an event and
//! `fold` applies it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::freeze::alone::AloneByPerson;
use crate::domain::records::{Denied, Records, StateKey, StateRecord, Unloaded};
use crate::domain::service::records::ServiceRecords;
use crate::domain::template::records::TemplateMarks;
use crate::domain::{
    Calendar, CalendarName, Digest, Duty, Fingerprint, Freeze, FreezeMark, FreezeName, Group, Key, KeyState, Moment,
    Person, PersonId, Policy, Proposal, ProposalId, PublicKey, Refusal, Restoration, Role, ServicesInForce,
    TemplateState, TextState,
};

/// The format level that this program reads and writes.
pub const FORMAT: u64 = 1;

/// The phase of the founding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Phase {
    #[default]
    Nothing,
    Founded,
    Sealed,
}

/// The governance state other than people, keys, proposals and texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GovernanceSummary {
    pub(super) phase: Phase,
    pub(super) founder: Option<PersonId>,
    /// The leaf hash of entry 0.
    pub(super) fingerprint: Option<Digest>,
    pub(super) policy: Option<(Policy, Digest)>,
    /// The accounts with the role admin without beginning and end.
    pub(super) admins: BTreeSet<PersonId>,
    /// The number of proposals opened so far.
    pub(super) proposals: u64,
    /// Whether a text was ever redacted.
    pub(super) redacted: bool,
    pub(super) restored: Vec<AcceptedLoss>,
    /// The freezes in force.
    pub(in crate::domain) freezes: BTreeMap<FreezeName, FreezeMark>,
    /// The freezes that people began alone.
    pub(in crate::domain) alone: AloneByPerson,
    /// The calendars in force, each with the leaf hash of the entry that put it in force.
    pub(in crate::domain) calendars: BTreeMap<CalendarName, Digest>,
    /// The set of services in force.
    pub(in crate::domain) services: Option<ServicesInForce>,
    /// The templates.
    pub(in crate::domain) templates: TemplateMarks,
}

/// A restoration that was seconded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedLoss {
    /// The proposal.
    pub proposal: ProposalId,
    /// The sequence number of the entry that opened it, whose data part lists the lost entries.
    pub opened: u64,
    /// The digest of that data part.
    pub data: Option<Digest>,
    /// The first and the last lost entry.
    pub ends: Restoration,
}

/// The state that results from the governance entries.
///
/// People, keys, proposals and texts are loaded one by one: a lookup of one that is not loaded fails with
/// [`Unloaded`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Governance {
    pub(in crate::domain) summary: GovernanceSummary,
    pub(super) summary_changed: bool,
    pub(super) people: Records<PersonId, Person>,
    pub(super) keys: Records<Fingerprint, Key>,
    pub(super) points: Records<Fingerprint, Fingerprint>,
    pub(super) proposals: Records<ProposalId, Proposal>,
    pub(super) texts: Records<u64, TextState>,
    pub(in crate::domain) freezes: Records<FreezeName, Freeze>,
    pub(in crate::domain) calendars: Records<CalendarName, Calendar>,
    pub(in crate::domain) services: ServiceRecords,
    /// By the leaf hash of the entry that put it in force.
    pub(in crate::domain) templates: Records<Digest, TemplateState>,
}

/// Loading and writing.
impl Governance {
    /// A state with only this record loaded.
    pub(in crate::domain) fn resume(summary: GovernanceSummary) -> Self {
        Self {
            summary,
            summary_changed: false,
            people: Records::unloaded(),
            keys: Records::unloaded(),
            points: Records::unloaded(),
            proposals: Records::unloaded(),
            texts: Records::unloaded(),
            freezes: Records::unloaded(),
            calendars: Records::unloaded(),
            services: ServiceRecords::unloaded(),
            templates: Records::unloaded(),
        }
    }

    pub(in crate::domain) fn load(&mut self, record: StateRecord) {
        match record {
            StateRecord::Person(id, person) => self.people.load(id, Some(person)),
            StateRecord::Key(key, it) => self.keys.load(key, Some(it)),
            StateRecord::Point(point, key) => self.points.load(point, Some(key)),
            StateRecord::Proposal(id, proposal) => self.proposals.load(id, Some(proposal)),
            StateRecord::Text(seq, text) => self.texts.load(seq, Some(text)),
            StateRecord::Freeze(name, freeze) => self.freezes.load(name, Some(freeze)),
            StateRecord::Calendar(name, calendar) => self.calendars.load(name, Some(calendar)),
            StateRecord::Template(since, it) => self.templates.load(since, Some(it)),
            StateRecord::Service(..) | StateRecord::ServiceLeaves(_) | StateRecord::ServiceGraph(_) => {
                self.services.load(record);
            }
            // The others are not of governance.
            _ => {}
        }
    }

    pub(in crate::domain) fn load_absent(&mut self, key: StateKey) {
        match key {
            StateKey::Person(id) => self.people.load(id, None),
            StateKey::Key(key) => self.keys.load(key, None),
            StateKey::Point(point) => self.points.load(point, None),
            StateKey::Proposal(id) => self.proposals.load(id, None),
            StateKey::Text(seq) => self.texts.load(seq, None),
            StateKey::Freeze(name) => self.freezes.load(name, None),
            StateKey::Calendar(name) => self.calendars.load(name, None),
            StateKey::Template(since) => self.templates.load(since, None),
            StateKey::Service(_) | StateKey::ServiceLeaves | StateKey::ServiceGraph => self.services.load_absent(key),
            _ => {}
        }
    }

    pub(in crate::domain) fn loaded(&self) -> usize {
        let governed = self.people.len() + self.keys.len() + self.proposals.len() + self.texts.len();
        governed
            + self.points.len()
            + self.freezes.len()
            + self.calendars.len()
            + self.services.loaded()
            + self.templates.len()
    }

    pub(in crate::domain) fn take_changed(&mut self) -> Vec<StateRecord> {
        let summary = std::mem::take(&mut self.summary_changed).then(|| self.summary.clone());
        let mut changed: Vec<StateRecord> = summary.into_iter().map(StateRecord::Governance).collect();
        changed.extend(self.people.take_changed().map(|(id, it)| StateRecord::Person(id, it)));
        changed.extend(self.keys.take_changed().map(|(key, it)| StateRecord::Key(key, it)));
        changed.extend(self.points.take_changed().map(|(point, key)| StateRecord::Point(point, key)));
        changed.extend(self.proposals.take_changed().map(|(id, it)| StateRecord::Proposal(id, it)));
        changed.extend(self.texts.take_changed().map(|(seq, it)| StateRecord::Text(seq, it)));
        changed.extend(self.freezes.take_changed().map(|(name, it)| StateRecord::Freeze(name, it)));
        changed.extend(self.calendars.take_changed().map(|(name, it)| StateRecord::Calendar(name, it)));
        changed.extend(self.services.take_changed());
        changed.extend(self.templates.take_changed().map(|(since, it)| StateRecord::Template(since, it)));
        changed
    }

    pub(in crate::domain) fn unload(&mut self) {
        self.people.unload();
        self.keys.unload();
        self.points.unload();
        self.proposals.unload();
        self.texts.unload();
        self.freezes.unload();
        self.calendars.unload();
        self.services.unload();
        self.templates.unload();
    }
}

/// Lookups.
impl Governance {
    /// Whether two founding admins have signed.
    pub fn is_sealed(&self) -> bool {
        self.summary.phase == Phase::Sealed
    }

    /// Who founded the register; `None` before entry 0.
    pub fn founder(&self) -> Option<&PersonId> {
        self.summary.founder.as_ref()
    }

    /// The leaf hash of entry 0; `None` before it.
    pub fn fingerprint(&self) -> Option<Digest> {
        self.summary.fingerprint
    }

    /// The policy in force; `None` before entry 0.
    pub fn policy(&self) -> Option<&Policy> {
        self.summary.policy.as_ref().map(|(policy, _)| policy)
    }

    /// The leaf hash of the entry that put the policy in force.
    pub fn policy_since(&self) -> Digest {
        self.summary.policy.as_ref().map_or(Digest::NONE, |(_, since)| *since)
    }

    /// The same state under another policy, to preview its effect.
    #[must_use]
    pub fn under(&self, policy: Policy) -> Self {
        let mut other = self.clone();
        other.summary.policy = Some((policy, Digest::NONE));
        other
    }

    /// An enrolled account, retired or not.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn person(&self, person: &PersonId) -> Result<Option<&Person>, Unloaded> {
        self.people.get(person, StateKey::Person)
    }

    /// A key that was ever enrolled.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn key(&self, key: Fingerprint) -> Result<Option<&Key>, Unloaded> {
        self.keys.get(&key, StateKey::Key)
    }

    /// Whether a key with the same point of the curve was ever enrolled, as a plain key or for any application.
    pub(super) fn has_point(&self, key: &PublicKey) -> Result<bool, Unloaded> {
        let plain = key.point();
        Ok(self.key(plain)?.is_some() || self.points.get(&plain, StateKey::Point)?.is_some())
    }

    /// The accounts that are loaded. To list all accounts, load them all first.
    pub fn loaded_people(&self) -> impl Iterator<Item = (&PersonId, &Person)> {
        self.people.iter()
    }

    /// The keys that are loaded. To list all keys, load them all first.
    pub fn loaded_keys(&self) -> impl Iterator<Item = (&Fingerprint, &Key)> {
        self.keys.iter()
    }

    /// The number of proposals opened so far.
    pub fn proposals(&self) -> u64 {
        self.summary.proposals
    }

    /// The proposal that redacted the text with this digest of this entry, if one did.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn redacted(&self, seq: u64, text: Digest) -> Result<Option<ProposalId>, Unloaded> {
        if !self.summary.redacted {
            return Ok(None);
        }
        Ok(self.text(seq)?.filter(|it| it.digest == text).and_then(|it| it.redacted))
    }

    /// The text part of an entry, redacted or not.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn text(&self, seq: u64) -> Result<Option<TextState>, Unloaded> {
        Ok(self.texts.get(&seq, StateKey::Text)?.copied())
    }

    /// Every restoration that was seconded, in order.
    pub fn restorations(&self) -> impl Iterator<Item = AcceptedLoss> {
        self.summary.restored.iter().copied()
    }

    /// The accounts with a permanent role admin, whatever the state of their keys.
    pub(in crate::domain) fn admins(&self) -> &BTreeSet<PersonId> {
        &self.summary.admins
    }

    /// The accounts with a permanent role admin and a live key. If there are fewer than two, only delegations can second a
    /// proposal, and nothing can once they have ended.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn able_admins(&self) -> Result<BTreeSet<&PersonId>, Unloaded> {
        let mut able = BTreeSet::new();
        for admin in self.admins() {
            if self.has_live_key(admin)? {
                able.insert(admin);
            }
        }
        Ok(able)
    }

    /// Whether fewer than two admins are able after this key, or all keys of this person, are taken away.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn is_left_short(&self, person: &PersonId, key: Option<Fingerprint>) -> Result<bool, Unloaded> {
        let mut other_key = false;
        for other in self.person(person)?.into_iter().flat_map(Person::keys) {
            other_key |= key.is_some_and(|key| key != other) && self.is_live(other, person)?;
        }
        let able = self.able_admins()?;
        Ok(able.contains(person) && able.len() <= 2 && !other_key)
    }

    /// Whether the account is enrolled and has a key that may be used.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn has_live_key(&self, account: &PersonId) -> Result<bool, Unloaded> {
        for key in self.person(account)?.into_iter().flat_map(Person::keys) {
            if self.is_live(key, account)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the account is enrolled and has this role at a given moment.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn has_role(&self, person: &PersonId, role: Role, at: Moment) -> Result<bool, Unloaded> {
        Ok(self.person(person)?.is_some_and(|it| it.grants.has_role(role, at)))
    }

    /// The groups that the account is in at a given moment.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn groups(&self, person: &PersonId, at: Moment) -> Result<BTreeSet<Group>, Unloaded> {
        let granted = self.person(person)?.into_iter().flat_map(|it| &it.grants.groups);
        Ok(granted.filter(|(_, periods)| periods.hold(at)).map(|(group, _)| group.clone()).collect())
    }

    /// The groups of these people at a given moment that are teams under the policy in force.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn teams_of<'a>(
        &self,
        people: impl IntoIterator<Item = &'a PersonId>,
        at: Moment,
    ) -> Result<BTreeSet<Group>, Unloaded> {
        let mut groups = BTreeSet::new();
        for person in people {
            groups.append(&mut self.groups(person, at)?);
        }
        let is_team = |group: &Group| self.policy().is_some_and(|policy| policy.teams().contains(group));
        groups.retain(is_team);
        Ok(groups)
    }

    /// Whether the key belongs to this person and may be used.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn is_live(&self, key: Fingerprint, person: &PersonId) -> Result<bool, Unloaded> {
        Ok(self.key(key)?.is_some_and(|it| it.person == *person && it.state == KeyState::Live))
    }

    /// Whether an account can be an operator of a machine account.
    pub(in crate::domain) fn can_operate(&self, person: &PersonId) -> Result<bool, Unloaded> {
        Ok(self.person(person)?.is_some_and(|it| it.is_active() && !it.grants.is_machine()))
    }

    /// Whether two admins have retired an account, or all operators of a machine account. A suspension is one admin's act,
    /// so it lets nobody take over what is others'.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn has_left(&self, account: &PersonId) -> Result<bool, Unloaded> {
        let Some(it) = self.person(account)? else { return Ok(true) };
        let mut operated = !it.grants.is_machine();
        for operator in &it.grants.operators {
            operated |= self.person(operator)?.is_some_and(|it| !it.retired);
        }
        Ok(it.retired || !operated)
    }

    /// Who answers for an act that a key signed: the actor, and for a machine account everybody who operated it at any
    /// time since that key was enrolled. An operator who leaves still holds that key.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn answer_for_act(&self, actor: &PersonId, key: Fingerprint) -> Result<BTreeSet<PersonId>, Unloaded> {
        self.answerable(actor, |machine| Ok(self.key(key)?.map_or(machine.enrolled, |key| key.enrolled)))
    }

    /// Who answers for what an account may do: the account, and for a machine account everybody who operated it at any
    /// time since its oldest key that is not revoked was enrolled.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn answer_for_account(&self, account: &PersonId) -> Result<BTreeSet<PersonId>, Unloaded> {
        self.answerable(account, |machine| Ok(machine.oldest_key(&BTreeSet::new()).unwrap_or(machine.enrolled)))
    }

    /// Who answers for what an account wrote: the account, and for a machine account everybody who ever operated it.
    /// Revoking keys changes nothing about work that is done.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn answer_for_author(&self, author: &PersonId) -> Result<BTreeSet<PersonId>, Unloaded> {
        self.answerable(author, |machine| Ok(machine.enrolled))
    }

    fn answerable(
        &self,
        account: &PersonId,
        since: impl Fn(&Person) -> Result<u64, Unloaded>,
    ) -> Result<BTreeSet<PersonId>, Unloaded> {
        let mut people = BTreeSet::from([account.clone()]);
        if let Some(machine) = self.person(account)?.filter(|it| it.grants.is_machine()) {
            people.extend(machine.operators_since(since(machine)?).cloned());
        }
        Ok(people)
    }

    /// Whether the policy forbids this person to approve because they are an admin.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn is_kept_from_approving(&self, person: &PersonId, at: Moment) -> Result<bool, Unloaded> {
        let separates = self.policy().is_some_and(|it| it.separates(Duty::AdminApprover));
        Ok(separates && self.has_role(person, Role::Admin, at)?)
    }

    /// The number of the next proposal.
    pub fn next_proposal(&self) -> ProposalId {
        ProposalId::after(self.summary.proposals)
    }

    /// A proposal by number.
    ///
    /// # Errors
    /// [`Refusal::NoProposal`], or [`Unloaded`].
    pub fn proposal(&self, proposal: ProposalId) -> Result<&Proposal, Denied> {
        let missing = Refusal::NoProposal { proposal };
        if proposal.number() > self.summary.proposals {
            return Err(missing.into());
        }
        Ok(self.proposals.get(&proposal, StateKey::Proposal)?.ok_or(missing)?)
    }

    pub(in crate::domain) fn known_key(&self, key: Fingerprint) -> Result<&Key, Denied> {
        Ok(self.key(key)?.ok_or(Refusal::NoKey { key })?)
    }

    pub(in crate::domain) fn enrolled(&self, person: &PersonId) -> Result<&Person, Denied> {
        Ok(self.person(person)?.ok_or_else(|| Refusal::NotEnrolled { person: person.clone() })?)
    }
}
