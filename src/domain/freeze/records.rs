//! The freezes and calendars in force.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::freeze::alone::AloneByPerson;
use crate::domain::records::{Records, StateKey, Unloaded};
use crate::domain::value::time::DAY;
use crate::domain::{Calendar, CalendarName, Digest, FreezeName, Governance, PersonId, ProposalId, Terms, Time};

/// The longest freeze that one person can open alone, and the longest for which all those together can count that one
/// person opens alone within a week, in seconds.
pub const LONGEST_NOW: i64 = DAY;

/// The freezes of one person that begin less than this apart count together, in seconds.
pub const WITHIN: i64 = 7 * DAY;

/// What a freeze that one person opens alone counts for at least, in seconds. Many short ones would otherwise close
/// every window that is longer than what lies between them.
pub const LEAST_COUNTED: i64 = 4 * 3600;

/// How long a person whose freeze was ended by a proposal opens no other one, in seconds.
pub const BARRED: i64 = 7 * DAY;

/// The group whose members may begin a freeze alone, beside the admins.
pub const DUTY: &str = "duty";

/// Who put a freeze in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FreezeOrigin {
    /// Two admins, by this proposal.
    Proposal(ProposalId),
    /// One person, alone.
    Alone(PersonId),
}

/// A freeze in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Who put it in force.
    pub origin: FreezeOrigin,
    /// The leaf hash of the entry that put it in force.
    pub since: Digest,
    /// The sequence number of that entry.
    pub seq: u64,
    /// What it says.
    pub terms: Terms,
}

/// What is kept of each freeze in force beside its record, so that a start loads only those that can close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeMark {
    /// The leaf hash of the entry that put it in force.
    pub since: Digest,
    /// The end of its last closed time; `None` if it has no end.
    pub end: Option<Time>,
}

/// Freezes and calendars.
impl Governance {
    pub(in crate::domain) fn freeze_marks(&self) -> &BTreeMap<FreezeName, FreezeMark> {
        &self.summary.freezes
    }

    pub(in crate::domain) fn freeze_record(&self, name: &FreezeName) -> Result<Option<&Freeze>, Unloaded> {
        self.freezes.get(name, StateKey::Freeze)
    }

    pub(in crate::domain) fn put_freeze(&mut self, name: FreezeName, freeze: Freeze) {
        let mark = FreezeMark { since: freeze.since, end: freeze.terms.end() };
        self.summary_mut().freezes.insert(name.clone(), mark);
        self.freezes.insert(name, freeze);
    }

    /// Ends a freeze. Its record stays, and nothing asks for it any more.
    pub(in crate::domain) fn drop_freeze(&mut self, name: &FreezeName) {
        self.summary_mut().freezes.remove(name);
    }

    /// The calendars in force, each with the leaf hash of the entry that put it in force.
    pub fn calendars(&self) -> &BTreeMap<CalendarName, Digest> {
        &self.summary.calendars
    }

    pub(in crate::domain) fn calendar_records(&self) -> &Records<CalendarName, Calendar> {
        &self.calendars
    }

    pub(in crate::domain) fn put_calendar(&mut self, name: CalendarName, calendar: Calendar) {
        self.summary_mut().calendars.insert(name.clone(), calendar.since);
        self.calendars.insert(name, calendar);
    }

    pub(in crate::domain) fn alone(&self) -> &AloneByPerson {
        &self.summary.alone
    }

    pub(in crate::domain) fn alone_mut(&mut self) -> &mut AloneByPerson {
        &mut self.summary_mut().alone
    }
}
