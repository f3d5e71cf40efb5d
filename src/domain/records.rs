//! The state as keyed records, each loaded or not.
//!
//! A rule looks up the records that it needs. If a record is not loaded, the lookup fails with [`Unloaded`], and the
//! caller loads the record and retries. An unloaded record is never mistaken for one that does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::change::overlap::{OpenChanges, OpenRow};
use crate::domain::governance::state::GovernanceSummary;
use crate::domain::register::RegisterSummary;
use crate::domain::register::reviews::ReviewsDue;
use crate::domain::service::set::ServiceLeaves;
use crate::domain::trees::TreeRow;
use crate::domain::{
    BreakGlass, BreakGlassId, Calendar, CalendarName, Change, ChangeId, Deviation, DeviationId, Digest, Fingerprint,
    Freeze, FreezeName, Key, Person, PersonId, Proposal, ProposalId, Refusal, ServiceGraph, ServiceId, ServiceState,
    TemplateState,
};
use crate::trf;

/// The key of a record. Its `Display` form is unique: `person/alice`, `change/42`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum StateKey {
    /// The register's identity, its head, and the number of changes filed.
    Register,
    /// The phase of the founding, the policy in force, the admins, and the counts of governance.
    Governance,
    /// A person or machine account.
    Person(PersonId),
    /// A key.
    Key(Fingerprint),
    /// The point of a FIDO key, by the fingerprint that a plain key with this point has.
    Point(Fingerprint),
    /// A proposal.
    Proposal(ProposalId),
    /// The text part of the entry with this sequence number.
    Text(u64),
    /// A freeze.
    Freeze(FreezeName),
    /// A calendar.
    Calendar(CalendarName),
    /// A service.
    Service(ServiceId),
    /// The leaf hashes of all services.
    ServiceLeaves,
    /// The dependencies of all services.
    ServiceGraph,
    /// A template, by the leaf hash of the entry that put it in force.
    Template(Digest),
    /// A change.
    Change(ChangeId),
    /// A break-glass.
    BreakGlass(BreakGlassId),
    /// A break-glass that was signed without the register, by the digest of its text.
    Word(Digest),
    /// A row of the tree of changes or of break-glasses.
    Tree(TreeRow),
    /// The reviews due of the changes that this person owns.
    Reviews(PersonId),
    /// A deviation.
    Deviation(DeviationId),
    /// The rows that have open changes.
    OpenRows,
    /// Open changes.
    Open(OpenRow),
}

impl fmt::Display for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register => f.write_str("register"),
            Self::Governance => f.write_str("governance"),
            Self::Person(id) => write!(f, "person/{id}"),
            Self::Key(key) => write!(f, "key/{key}"),
            Self::Point(key) => write!(f, "point/{key}"),
            Self::Proposal(id) => write!(f, "proposal/{id}"),
            Self::Text(seq) => write!(f, "text/{seq}"),
            Self::Freeze(name) => write!(f, "freeze/{name}"),
            Self::Calendar(name) => write!(f, "calendar/{name}"),
            Self::Service(id) => write!(f, "service/{id}"),
            Self::ServiceLeaves => f.write_str("service-leaves"),
            Self::ServiceGraph => f.write_str("service-graph"),
            Self::Template(since) => write!(f, "template/{since}"),
            Self::Change(id) => write!(f, "change/{}", id.number()),
            Self::BreakGlass(id) => write!(f, "breakglass/{}", id.number()),
            Self::Word(text) => write!(f, "word/{text}"),
            Self::Tree(row) => write!(f, "tree/{row}"),
            Self::Reviews(owner) => write!(f, "reviews/{owner}"),
            Self::Deviation(id) => write!(f, "deviation/{}", id.number()),
            Self::OpenRows => f.write_str("open-rows"),
            Self::Open(row) => write!(f, "open/{row}"),
        }
    }
}

/// A record, together with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateRecord {
    /// See [`StateKey::Register`]; likewise below.
    Register(RegisterSummary),
    /// The governance state that has no records of its own.
    Governance(GovernanceSummary),
    /// An enrolled account.
    Person(PersonId, Person),
    /// A key that was enrolled.
    Key(Fingerprint, Key),
    /// The FIDO key that was enrolled with it.
    Point(Fingerprint, Fingerprint),
    /// A proposal that was opened.
    Proposal(ProposalId, Proposal),
    /// The text part of an entry.
    Text(u64, TextState),
    /// A freeze that is in force, or was the last of its name.
    Freeze(FreezeName, Freeze),
    /// A calendar that is in force.
    Calendar(CalendarName, Calendar),
    /// A service that is or was in force.
    Service(ServiceId, ServiceState),
    /// The leaf hashes of all services in force.
    ServiceLeaves(ServiceLeaves),
    /// Their dependencies.
    ServiceGraph(ServiceGraph),
    /// A template that is or was in force.
    Template(Digest, TemplateState),
    /// A change that was filed.
    Change(ChangeId, Box<Change>),
    /// A break-glass that was opened.
    BreakGlass(BreakGlassId, Box<BreakGlass>),
    /// As which break-glass it was entered.
    Word(Digest, BreakGlassId),
    /// Its hashes.
    Tree(TreeRow, Vec<Digest>),
    /// The changes that await their review, with the deadlines.
    Reviews(PersonId, ReviewsDue),
    /// A deviation that was told.
    Deviation(DeviationId, Box<Deviation>),
    /// The rows that have any.
    OpenRows(BTreeSet<OpenRow>),
    /// The changes of a row.
    Open(OpenRow, OpenChanges),
}

impl StateRecord {
    /// The key of this record.
    pub fn key(&self) -> StateKey {
        match self {
            Self::Register(_) => StateKey::Register,
            Self::Governance(_) => StateKey::Governance,
            Self::Person(id, _) => StateKey::Person(id.clone()),
            Self::Key(key, _) => StateKey::Key(*key),
            Self::Point(point, _) => StateKey::Point(*point),
            Self::Proposal(id, _) => StateKey::Proposal(*id),
            Self::Text(seq, _) => StateKey::Text(*seq),
            Self::Freeze(name, _) => StateKey::Freeze(name.clone()),
            Self::Calendar(name, _) => StateKey::Calendar(name.clone()),
            Self::Service(id, _) => StateKey::Service(id.clone()),
            Self::ServiceLeaves(_) => StateKey::ServiceLeaves,
            Self::ServiceGraph(_) => StateKey::ServiceGraph,
            Self::Template(since, _) => StateKey::Template(*since),
            Self::Change(id, _) => StateKey::Change(*id),
            Self::BreakGlass(id, _) => StateKey::BreakGlass(*id),
            Self::Word(text, _) => StateKey::Word(*text),
            Self::Tree(row, _) => StateKey::Tree(*row),
            Self::Reviews(owner, _) => StateKey::Reviews(owner.clone()),
            Self::Deviation(id, _) => StateKey::Deviation(*id),
            Self::OpenRows(_) => StateKey::OpenRows,
            Self::Open(row, _) => StateKey::Open(*row),
        }
    }
}

/// The text part of an entry: its digest, and the proposal that redacted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextState {
    /// The SHA-256 that the body holds.
    pub digest: Digest,
    /// The proposal that redacted it.
    pub redacted: Option<ProposalId>,
}

/// A record that a lookup needs and that is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", trf!("the record {} of the state is not loaded", "状态记录 {} 未加载", .0))]
pub struct Unloaded(pub StateKey);

/// Why an event was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// A rule refuses the event.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A record is not loaded: load it and retry.
    #[error(transparent)]
    Unloaded(#[from] Unloaded),
}

/// The records of one kind that are loaded, and which of them changed since they were last taken for writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::domain) struct Records<K, V> {
    /// A record that is known not to exist is `None`.
    loaded: BTreeMap<K, Option<V>>,
    changed: BTreeSet<K>,
    /// Whether every record that exists is loaded.
    complete: bool,
}

/// Before entry 0 no record exists, so all are loaded.
impl<K, V> Default for Records<K, V> {
    fn default() -> Self {
        Self { loaded: BTreeMap::new(), changed: BTreeSet::new(), complete: true }
    }
}

impl<K: Ord + Clone, V: Clone> Records<K, V> {
    /// No record loaded. The caller loads each one from storage when a lookup fails.
    pub(in crate::domain) fn unloaded() -> Self {
        Self { complete: false, ..Self::default() }
    }

    /// The record with this key, `None` if there is no such record; `name` makes the [`StateKey`].
    pub(in crate::domain) fn get(&self, key: &K, name: impl FnOnce(K) -> StateKey) -> Result<Option<&V>, Unloaded> {
        match self.loaded.get(key) {
            Some(record) => Ok(record.as_ref()),
            None if self.complete => Ok(None),
            None => Err(Unloaded(name(key.clone()))),
        }
    }

    /// The record with this key for changing; `None` if it is not loaded or does not exist.
    pub(in crate::domain) fn change(&mut self, key: &K) -> Option<&mut V> {
        let record = self.loaded.get_mut(key)?.as_mut()?;
        self.changed.insert(key.clone());
        Some(record)
    }

    pub(in crate::domain) fn insert(&mut self, key: K, record: V) {
        self.changed.insert(key.clone());
        self.loaded.insert(key, Some(record));
    }

    /// Loads a stored record. A record that is already loaded is kept.
    pub(in crate::domain) fn load(&mut self, key: K, record: Option<V>) {
        self.loaded.entry(key).or_insert(record);
    }

    pub(in crate::domain) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.loaded.iter().filter_map(|(key, record)| Some((key, record.as_ref()?)))
    }

    pub(in crate::domain) fn len(&self) -> usize {
        self.loaded.len()
    }

    pub(in crate::domain) fn take_changed(&mut self) -> impl Iterator<Item = (K, V)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|key| self.loaded.get(&key)?.clone().map(|record| (key, record)))
    }

    /// Unloads every record that was not changed.
    pub(in crate::domain) fn unload(&mut self) {
        self.complete = false;
        let changed = &self.changed;
        self.loaded.retain(|key, _| changed.contains(key));
    }
}
