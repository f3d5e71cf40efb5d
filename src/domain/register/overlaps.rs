//! Which open changes a change overlaps, and the rules about it.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::change::overlap::{Conflicts, OpenChange, OpenChanges, OpenRow, Overlap, conflicts_root};
use crate::domain::records::{Denied, Records, StateKey, StateRecord, Unloaded};
use crate::domain::{Change, ChangeId, Event, Execution, Facts, PersonId, Refusal, Register, ServiceId, Window};

/// The open changes, by row, and the rows that have any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Open {
    rows: Records<(), BTreeSet<OpenRow>>,
    each: Records<OpenRow, OpenChanges>,
}

impl Open {
    pub(super) fn unloaded() -> Self {
        Self { rows: Records::unloaded(), each: Records::unloaded() }
    }

    pub(super) fn load(&mut self, record: StateRecord) {
        match record {
            StateRecord::OpenRows(rows) => self.rows.load((), Some(rows)),
            StateRecord::Open(row, changes) => self.each.load(row, Some(changes)),
            _ => {}
        }
    }

    pub(super) fn load_absent(&mut self, key: StateKey) {
        match key {
            StateKey::OpenRows => self.rows.load((), None),
            StateKey::Open(row) => self.each.load(row, None),
            _ => {}
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len() + self.each.len()
    }

    pub(super) fn take_changed(&mut self) -> Vec<StateRecord> {
        let rows = self.rows.take_changed().map(|((), rows)| StateRecord::OpenRows(rows));
        rows.chain(self.each.take_changed().map(|(row, changes)| StateRecord::Open(row, changes))).collect()
    }

    pub(super) fn unload(&mut self) {
        self.rows.unload();
        self.each.unload();
    }

    /// The rows that have changes.
    fn rows(&self) -> Result<BTreeSet<OpenRow>, Unloaded> {
        Ok(self.rows.get(&(), |()| StateKey::OpenRows)?.cloned().unwrap_or_default())
    }

    /// The changes of a row. One that is not among the rows may be stored from a time when it had some.
    fn row(&self, row: OpenRow) -> Result<OpenChanges, Unloaded> {
        match self.rows()?.contains(&row) {
            true => Ok(self.each.get(&row, StateKey::Open)?.cloned().unwrap_or_default()),
            false => Ok(OpenChanges::new()),
        }
    }

    fn put(&mut self, row: OpenRow, changes: OpenChanges) {
        let Ok(mut rows) = self.rows() else { return };
        let known = if changes.is_empty() { rows.remove(&row) } else { rows.insert(row) };
        if known {
            self.rows.insert((), rows);
        }
        self.each.insert(row, changes);
    }
}

/// Where a change was before an event, and the rows that it is taken from and put into.
pub(super) struct Moves {
    from: Option<(OpenRow, OpenChanges)>,
    to: Option<(OpenRow, OpenChanges)>,
}

impl Register {
    /// The open changes that a change with these facts overlaps; `of` is that change itself.
    ///
    /// Two changes overlap if their windows do, and one names a service that is the other's or that the other's depend on,
    /// at any distance, or if one person implements both. A change in progress lasts until it is finished.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn overlaps(&self, of: ChangeId, facts: &Facts) -> Result<Vec<Overlap>, Unloaded> {
        self.open_beside(Some(of), &facts.window, (&facts.services, &facts.implementers))
    }

    /// The open changes in this window that touch these services, or have one of these implementers.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn open_beside(
        &self,
        of: Option<ChangeId>,
        window: &Window,
        (services, implementers): (&BTreeSet<ServiceId>, &BTreeSet<PersonId>),
    ) -> Result<Vec<Overlap>, Unloaded> {
        let mut met: Vec<(ChangeId, &OpenChange, bool)> = Vec::new();
        for row in self.open.rows()? {
            let in_progress = row == OpenRow::InProgress;
            if !in_progress && row < OpenRow::ending(window.start()) {
                continue;
            }
            let changes = self.open.each.get(&row, StateKey::Open)?.into_iter().flatten();
            let here = changes.filter(|(id, it)| Some(**id) != of && (in_progress || it.window.overlaps(window)));
            met.extend(here.map(|(id, it)| (*id, it, in_progress)));
        }
        let mut overlaps = Vec::new();
        if met.is_empty() {
            return Ok(overlaps);
        }
        // Whoever lacks a record begins the question again, so all are loaded before the graph is walked.
        let (mut numbers, mut people) = (BTreeMap::new(), BTreeMap::new());
        for (change, it, _) in &met {
            for id in &it.services {
                numbers.insert(id, self.governance.service_number(id)?);
            }
            people.insert(*change, self.people_of(it.implementers.intersection(implementers))?);
        }
        let near = self.governance.related(services)?;
        for (change, it, in_progress) in met {
            let is_near = |id: &&ServiceId| near.contains(id, numbers.get(id).copied().flatten());
            let services: BTreeSet<ServiceId> = it.services.iter().filter(is_near).cloned().collect();
            let implementers = people.remove(&change).unwrap_or_default();
            if !services.is_empty() || !implementers.is_empty() {
                let (filed, window) = (it.filed, it.window.clone());
                overlaps.push(Overlap { change, filed, in_progress, window, services, implementers });
            }
        }
        overlaps.sort_by_key(|it| it.change);
        Ok(overlaps)
    }

    /// The changes that a revision must list.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn conflicts(&self, of: ChangeId, facts: &Facts) -> Result<Conflicts, Unloaded> {
        Ok(self.overlaps(of, facts)?.into_iter().map(|it| (it.change, it.filed)).collect())
    }

    /// The same event; if it files a revision, that lists what it overlaps.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn listing(&self, mut event: Event) -> Result<Event, Unloaded> {
        let (of, facts, execution) = match &mut event {
            Event::File { change, facts, execution } => (*change, facts, execution),
            Event::Revise { replaces, facts, execution } => (replaces.change, facts, execution),
            _ => return Ok(event),
        };
        execution.conflicts = self.conflicts(of, facts)?;
        facts.conflicts = conflicts_root(&execution.conflicts);
        Ok(event)
    }

    /// Those of these accounts that are people: a machine account carries out several changes at one time.
    fn people_of<'p>(&self, accounts: impl Iterator<Item = &'p PersonId>) -> Result<BTreeSet<PersonId>, Unloaded> {
        let mut people = BTreeSet::new();
        for account in accounts {
            if self.governance.person(account)?.is_some_and(|it| !it.grants.is_machine()) {
                people.insert(account.clone());
            }
        }
        Ok(people)
    }

    /// A revision lists exactly the changes that it overlaps when it is filed.
    pub(super) fn judge_conflicts(&self, of: ChangeId, facts: &Facts, listed: &Execution) -> Result<(), Denied> {
        // Among selected entries it is not known which changes were open.
        if self.selected {
            return Ok(());
        }
        let (found, listed) = (self.conflicts(of, facts)?, &listed.conflicts);
        if let Some((with, _)) = found.iter().find(|(with, filed)| listed.get(with) != Some(filed)) {
            return Err(Refusal::ConflictMissing { with: *with }.into());
        }
        match listed.keys().find(|with| !found.contains_key(with)) {
            Some(with) => Err(Refusal::ConflictNone { with: *with }.into()),
            None => Ok(()),
        }
    }

    /// A change that overlaps one in progress starts only if its approvers signed for that: its revision lists the other
    /// one's current revision. What is under way already is not stopped.
    pub(super) fn judge_undisturbed(&self, change: &Change) -> Result<(), Denied> {
        if self.selected || change.started().is_some() {
            return Ok(());
        }
        let listed = &change.current().conflicts;
        let overlaps = self.overlaps(change.id(), &change.current().facts)?;
        match overlaps.iter().find(|it| it.stops(listed)) {
            Some(with) => Err(Refusal::ConflictInProgress { change: change.id(), with: with.change }.into()),
            None => Ok(()),
        }
    }

    /// The rows that an event can change; `change` is its change before it, `None` if it files one.
    pub(super) fn open_before(&self, change: Option<&Change>, event: &Event) -> Result<Option<Moves>, Unloaded> {
        let to = match event {
            Event::File { facts, .. } | Event::Revise { facts, .. } => Some(OpenRow::ending(facts.window.end())),
            Event::Start(_) => Some(OpenRow::InProgress),
            Event::Reject(_) | Event::ChangeWithdraw(_) | Event::Finish(_) => None,
            _ => return Ok(None),
        };
        let row = |row: Option<OpenRow>| row.map(|row| Ok((row, self.open.row(row)?))).transpose();
        Ok(Some(Moves { from: row(change.and_then(Change::open_row))?, to: row(to)? }))
    }

    /// Takes in where a change stands after that event.
    pub(super) fn take_open(&mut self, id: ChangeId, moves: Option<Moves>) {
        let (Some(Moves { from, to }), Ok(change)) = (moves, self.change(id)) else { return };
        let (now, open) = (change.open_row(), change.open());
        let left = from.filter(|(row, _)| Some(*row) != now);
        if let Some((row, mut changes)) = left {
            changes.remove(&id);
            self.open.put(row, changes);
        }
        if let Some((row, mut changes)) = to.filter(|(row, _)| Some(*row) == now) {
            changes.insert(id, open);
            self.open.put(row, changes);
        }
    }
}
