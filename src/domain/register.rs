//! The register as a fold over its entries: one function judges an event, one takes it in.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::change::filing_rules::judge_facts;
use crate::domain::{Change, ChangeId, Digest, Event, Governance, Header, Invalid, Refusal, RegisterId, number};

/// Where the next entry goes: what it must say about the entries before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Its place.
    pub seq: u64,
    /// The leaf hash of the entry before, or [`Digest::NONE`].
    pub prev: Digest,
    /// The leaf hash of the latest governance entry before, or [`Digest::NONE`].
    pub governance: Digest,
    /// For an entry about a change: the leaf hash of the latest one about it, or [`Digest::NONE`].
    pub last: Option<Digest>,
}

/// The newest entry of a log; written as its place, a space, its leaf hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its place.
    pub seq: u64,
    /// Its leaf hash, which stands for all that came before.
    pub leaf: Digest,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, self.leaf)
    }
}

impl FromStr for Head {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (seq, leaf) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { seq: number(seq)?, leaf: leaf.parse()? })
    }
}

/// The state of a register after some entry.
///
/// It may hold only some of the changes: [`Register::knows`] tells, [`Register::adopt`] brings one in. Decisions
/// about a change need that change and the governance, never the whole log.
///
/// Written down it is what entries of governance made of it; [`Register::resume`] adds the rest. Whoever reads it again
/// must know who wrote it: no value in it is checked anew.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Register {
    id: Option<RegisterId>,
    #[serde(skip)]
    head: Option<Head>,
    governance_tip: Option<Digest>,
    /// It grows with the years. A state that is kept while another goes on shares it until an entry of governance comes.
    governance: Arc<Governance>,
    #[serde(skip)]
    filed: u64,
    #[serde(skip)]
    changes: BTreeMap<ChangeId, Change>,
}

impl Register {
    /// Its identity; none before entry 0.
    pub fn id(&self) -> Option<&RegisterId> {
        self.id.as_ref()
    }

    /// Its newest entry; none before entry 0.
    pub fn head(&self) -> Option<Head> {
        self.head
    }

    /// People, keys, proposals, policy.
    pub fn governance(&self) -> &Governance {
        &self.governance
    }

    /// How many changes were ever filed.
    pub fn filed(&self) -> u64 {
        self.filed
    }

    /// The number that the next change takes.
    pub fn next_change(&self) -> ChangeId {
        ChangeId::after(self.filed)
    }

    /// Whether nothing about this change has to be brought in before it is judged.
    pub fn knows(&self, change: ChangeId) -> bool {
        change.number() > self.filed || self.changes.contains_key(&change)
    }

    /// A change.
    ///
    /// # Errors
    /// [`Refusal::NoChange`].
    pub fn change(&self, change: ChangeId) -> Result<&Change, Refusal> {
        self.changes.get(&change).ok_or(Refusal::NoChange { change })
    }

    /// The changes that are part of this state.
    pub fn loaded(&self) -> impl Iterator<Item = ChangeId> {
        self.changes.keys().copied()
    }

    /// Brings in a change that was folded from its own entries.
    pub fn adopt(&mut self, change: Change) {
        self.changes.insert(change.id(), change);
    }

    /// Sets the position of a state that was brought in piece by piece.
    pub fn resume(&mut self, head: Head, filed: u64) {
        self.head = Some(head);
        self.filed = filed;
    }

    /// What the next entry must say about the entries before it.
    pub fn position(&self, change: Option<ChangeId>) -> Position {
        let last = |change| self.changes.get(&change).map_or(Digest::NONE, Change::last);
        Position {
            seq: self.head.map_or(0, |head| head.seq + 1),
            prev: self.head.map_or(Digest::NONE, |head| head.leaf),
            governance: self.governance_tip.unwrap_or(Digest::NONE),
            last: change.map(last),
        }
    }

    /// Asks every rule whether this event may be recorded here: the only judge, when writing and when verifying.
    ///
    /// # Errors
    /// The first rule that says no.
    pub fn judge(&self, header: &Header, event: &Event) -> Result<(), Refusal> {
        if event.is_governance() {
            return self.governance.judge(header, event);
        }
        if !self.governance.is_sealed() {
            return Err(Refusal::NotSealed);
        }
        self.governance.judge_actor(header)?;
        match event {
            Event::File { change, .. } if *change != self.next_change() => {
                Err(Refusal::ChangeNumber { expected: self.next_change() })
            }
            Event::File { facts, .. } => judge_facts(&self.governance, header, facts),
            _ => match event.change() {
                Some(change) => self.change(change)?.judge(&self.governance, header, event),
                None => Ok(()),
            },
        }
    }

    /// Takes in an event that was judged; `leaf` is the leaf hash of its entry.
    pub fn apply(&mut self, header: &Header, leaf: Digest, event: &Event) {
        if event.is_governance() {
            self.apply_governance(header, leaf, event);
        } else if let Event::File { change, facts } = event {
            self.filed = change.number();
            self.adopt(Change::filed(*change, header, leaf, facts));
        } else if let Some(change) = event.change().and_then(|change| self.changes.get_mut(&change)) {
            change.apply(header, leaf, event);
        }
        self.head = Some(Head { seq: header.seq, leaf });
    }

    /// Takes in a governance event on its own, when a state is brought in piece by piece.
    pub fn apply_governance(&mut self, header: &Header, leaf: Digest, event: &Event) {
        if matches!(event, Event::Init { .. }) {
            self.id = Some(header.register.clone());
        }
        self.governance_tip = Some(leaf);
        Arc::make_mut(&mut self.governance).apply(header, leaf, event);
    }
}
