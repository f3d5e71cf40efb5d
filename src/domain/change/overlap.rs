//! Overlapping changes: open changes that touch what another one touches, or have an implementer in common, at the same
//! time.
//!
//! A revision lists every open change that it overlaps, so that its approvers sign for that. Open changes are kept by the
//! day on which their window ends, and those in progress by themselves, so that a rule reads only those that can
//! overlap. An act takes a change out of its row, and never a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::value::time::DAY;
use crate::domain::{
    Change, ChangeId, CountedRoot, Digest, PersonId, ServiceId, Status, Time, Window, root_of, subject_leaf,
};

/// The changes that a revision overlaps, each with the leaf hash of the entry that filed its current revision.
pub type Conflicts = BTreeMap<ChangeId, Digest>;

/// The number of conflicts and the root over them (RFC 6962), each leaf being that of a subject: `CHG-7 5d07…`. `None`
/// without any.
pub fn conflicts_root(conflicts: &Conflicts) -> Option<CountedRoot> {
    let leaves: Vec<Digest> = conflicts.iter().map(|(change, filed)| subject_leaf(change, *filed)).collect();
    let count = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
    (count > 0).then(|| CountedRoot { count, root: root_of(leaves) })
}

/// Where an open change is kept. A row that is in the set of rows has at least one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum OpenRow {
    /// With the changes that are in progress.
    InProgress,
    /// With the changes that are not started and whose window ends on this day: the number of days since 1970 (UTC).
    Ending(i64),
}

impl OpenRow {
    /// The row of changes whose window ends at this time.
    pub(in crate::domain) fn ending(end: Time) -> Self {
        Self::Ending(end.unix() / DAY)
    }
}

impl fmt::Display for OpenRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InProgress => f.write_str("in-progress"),
            Self::Ending(day) => write!(f, "{day}"),
        }
    }
}

/// What decides whether an open change overlaps another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenChange {
    /// The leaf hash of the entry that filed its current revision.
    pub filed: Digest,
    /// Its window.
    pub window: Window,
    /// Its services.
    pub services: BTreeSet<ServiceId>,
    /// Its implementers.
    pub implementers: BTreeSet<PersonId>,
}

/// The changes of a row.
pub type OpenChanges = BTreeMap<ChangeId, OpenChange>;

impl Change {
    /// The row in which it is kept; `None` if it is not open.
    pub(in crate::domain) fn open_row(&self) -> Option<OpenRow> {
        match self.state() {
            Status::InProgress => Some(OpenRow::InProgress),
            Status::AwaitingApproval => Some(OpenRow::ending(self.current().facts.window.end())),
            _ => None,
        }
    }

    /// Whether it is neither rejected, withdrawn nor finished.
    pub fn is_open(&self) -> bool {
        self.open_row().is_some()
    }

    /// What is kept of it there.
    pub(in crate::domain) fn open(&self) -> OpenChange {
        let (facts, filed) = (&self.current().facts, self.current().id.filed);
        let (services, implementers) = (facts.services.clone(), facts.implementers.clone());
        OpenChange { filed, window: facts.window.clone(), services, implementers }
    }
}

/// An open change that overlaps another one, and in what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The open change.
    pub change: ChangeId,
    /// The leaf hash of the entry that filed its current revision.
    pub filed: Digest,
    /// Whether it is in progress: then it lasts until it is finished.
    pub in_progress: bool,
    /// Its window.
    pub window: Window,
    /// Those of its services that the other change names, or that depend on one of these or are needed by it.
    pub services: BTreeSet<ServiceId>,
    /// The people who implement both.
    pub implementers: BTreeSet<PersonId>,
}

impl Overlap {
    /// Whether these conflicts name it by its current revision.
    pub fn is_listed(&self, conflicts: &Conflicts) -> bool {
        conflicts.get(&self.change) == Some(&self.filed)
    }

    /// Whether it keeps a change that lists these conflicts from being started.
    pub fn stops(&self, conflicts: &Conflicts) -> bool {
        self.in_progress && !self.is_listed(conflicts)
    }
}
