//! Loading the records of a state, and taking those that changed for writing.

use crate::domain::governance::state::GovernanceSummary;
use crate::domain::records::{Records, StateKey, StateRecord};
use crate::domain::register::overlaps::Open;
use crate::domain::register::{Register, RegisterSummary};
use crate::domain::trees::Trees;
use crate::domain::{Governance, Policy};

impl Register {
    /// The state with these two records loaded; the caller loads the others when a lookup fails.
    pub fn resume(register: RegisterSummary, governance: GovernanceSummary) -> Self {
        let governance = Governance::resume(governance);
        Self {
            summary: register,
            changed: false,
            governance,
            changes: Records::unloaded(),
            break_glasses: Records::unloaded(),
            words: Records::unloaded(),
            reviews: Records::unloaded(),
            deviations: Records::unloaded(),
            open: Open::unloaded(),
            trees: Trees::unloaded(),
            corrected: Vec::new(),
            selected: false,
        }
    }

    /// The state before entry 0, to which selected entries of a log are applied: those of governance, and those about some
    /// changes and all that they follow. What the other entries would tell is taken as it is:
    ///
    /// - Others' claims are missing, so the effective time of an entry is its claim or any later time. No rule refuses what
    ///   it would not refuse at some effective time.
    /// - Changes are numbered in ascending order, with gaps.
    /// - Recorded refusals are not judged: they give nobody anything.
    /// - Of a `log.checkpoint` only the number of entries is compared: its roots are over entries that are not there.
    pub fn of_selected() -> Self {
        Self { selected: true, ..Self::default() }
    }

    /// Loads a stored record of this state. A record that is already loaded is kept.
    pub fn load(&mut self, record: StateRecord) {
        match record {
            StateRecord::Change(id, change) => self.changes.load(id, Some(*change)),
            StateRecord::BreakGlass(id, glass) => self.break_glasses.load(id, Some(*glass)),
            StateRecord::Word(text, id) => self.words.load(text, Some(id)),
            StateRecord::Reviews(owner, due) => self.reviews.load(owner, Some(due)),
            StateRecord::Deviation(id, it) => self.deviations.load(id, Some(*it)),
            StateRecord::OpenRows(_) | StateRecord::Open(..) => self.open.load(record),
            StateRecord::Tree(at, row) => self.trees.rows.load(at, Some(row)),
            record => self.governance.load(record),
        }
    }

    /// Marks a record of this state as known not to exist.
    pub fn load_absent(&mut self, key: StateKey) {
        match key {
            StateKey::Change(id) => self.changes.load(id, None),
            StateKey::BreakGlass(id) => self.break_glasses.load(id, None),
            StateKey::Word(text) => self.words.load(text, None),
            StateKey::Reviews(owner) => self.reviews.load(owner, None),
            StateKey::Deviation(id) => self.deviations.load(id, None),
            StateKey::OpenRows | StateKey::Open(_) => self.open.load_absent(key),
            StateKey::Tree(at) => self.trees.rows.load(at, None),
            key => self.governance.load_absent(key),
        }
    }

    /// Whether a record with this key must exist according to the counters. If storage lacks it, the record was lost.
    pub fn counts(&self, key: &StateKey) -> bool {
        match key {
            StateKey::Register | StateKey::Governance => self.summary.head.is_some(),
            StateKey::Proposal(id) => id.number() <= self.governance.proposals(),
            StateKey::Freeze(name) => self.governance.freezes().any(|(it, _)| it == name),
            StateKey::Calendar(name) => self.governance.calendars().contains_key(name),
            StateKey::ServiceLeaves | StateKey::ServiceGraph => self.governance.services_in_force().is_some(),
            StateKey::Template(since) => self.governance.had_template(*since),
            StateKey::Change(id) => id.number() <= self.summary.filed,
            StateKey::OpenRows => self.summary.filed > 0,
            // A row is looked up only if it has changes.
            StateKey::Open(_) => true,
            StateKey::BreakGlass(id) => id.number() <= self.summary.break_glasses,
            StateKey::Deviation(id) => id.number() <= self.summary.deviations,
            StateKey::Tree(row) => row.exists(self.summary.leaves(row.tree)),
            StateKey::Person(_)
            | StateKey::Key(_)
            | StateKey::Point(_)
            | StateKey::Text(_)
            | StateKey::Service(_)
            | StateKey::Word(_)
            | StateKey::Reviews(_) => false,
        }
    }

    /// The same state under another policy, to preview its effect. It must not be written to a cache that is kept.
    #[must_use]
    pub fn under(&self, policy: Policy) -> Self {
        Self { governance: self.governance.under(policy), ..self.clone() }
    }

    /// The number of loaded records.
    pub fn loaded(&self) -> usize {
        self.changes.len()
            + self.break_glasses.len()
            + self.words.len()
            + self.reviews.len()
            + self.deviations.len()
            + self.open.len()
            + self.trees.rows.len()
            + self.governance.loaded()
    }

    /// The records that changed since the last call, for writing.
    pub fn take_changed(&mut self) -> Vec<StateRecord> {
        self.settle_trees();
        let summary = std::mem::take(&mut self.changed).then(|| StateRecord::Register(self.summary.clone()));
        let mut changed: Vec<StateRecord> = summary.into_iter().collect();
        changed.extend(self.governance.take_changed());
        changed.extend(self.changes.take_changed().map(|(id, change)| StateRecord::Change(id, Box::new(change))));
        let glasses = self.break_glasses.take_changed();
        changed.extend(glasses.map(|(id, glass)| StateRecord::BreakGlass(id, Box::new(glass))));
        changed.extend(self.words.take_changed().map(|(text, id)| StateRecord::Word(text, id)));
        changed.extend(self.reviews.take_changed().map(|(owner, due)| StateRecord::Reviews(owner, due)));
        let deviations = self.deviations.take_changed();
        changed.extend(deviations.map(|(id, it)| StateRecord::Deviation(id, Box::new(it))));
        changed.extend(self.open.take_changed());
        changed.extend(self.trees.rows.take_changed().map(|(at, row)| StateRecord::Tree(at, row)));
        changed
    }

    /// Unloads every record that [`Register::take_changed`] would not return.
    pub fn unload(&mut self) {
        // What is above a leaf that was set must still be loaded.
        self.settle_trees();
        self.governance.unload();
        self.changes.unload();
        self.break_glasses.unload();
        self.words.unload();
        self.reviews.unload();
        self.deviations.unload();
        self.open.unload();
        self.trees.rows.unload();
    }
}
