//! Calendars: named lists of closed periods that two admins sign once, and to which freezes refer.
//!
//! A freeze names the calendar by the entry that put it in force, so what the freeze says never changes. A newer calendar
//! changes no freeze: each one that is to follow it is proposed again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::records::{Denied, StateKey};
use crate::domain::{CalendarName, ClosedPeriods, Digest, Governance, Invalid, Known, ProposalId, Refusal, Terms};

/// A calendar in force, by its name and the leaf hash of the entry that put it in force; written with a space between.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CalendarRef {
    /// Its name.
    pub name: CalendarName,
    /// The leaf hash.
    pub since: Digest,
}

impl fmt::Display for CalendarRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.since)
    }
}

impl FromStr for CalendarRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (name, since) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { name: name.parse()?, since: since.parse()? })
    }
}

/// A calendar in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// The proposal that set it.
    pub proposal: ProposalId,
    /// The leaf hash of the entry that put it in force.
    pub since: Digest,
    /// The sequence number of that entry.
    pub seq: u64,
    /// Until when its periods are known.
    pub known: Known,
    /// The closed periods.
    pub periods: ClosedPeriods,
}

/// A calendar as a proposal would set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetCalendar {
    /// Its name.
    pub name: CalendarName,
    /// The leaf hash of the entry that put the calendar of this name in force; `None` if there is none.
    pub replaces: Option<Digest>,
    /// Until when its periods are known.
    pub known: Known,
    /// The closed periods.
    pub periods: ClosedPeriods,
}

/// Lookups and judging.
impl Governance {
    /// The calendar in force with this name.
    ///
    /// # Errors
    /// [`Refusal::NoCalendar`], or [`Unloaded`].
    ///
    /// [`Unloaded`]: crate::domain::Unloaded
    pub fn calendar(&self, name: &CalendarName) -> Result<&Calendar, Denied> {
        let missing = || Refusal::NoCalendar { calendar: name.clone() };
        if !self.calendars().contains_key(name) {
            return Err(missing().into());
        }
        Ok(self.calendar_records().get(name, StateKey::Calendar)?.ok_or_else(missing)?)
    }

    /// What a freeze says, with the periods of the calendar to which it refers, if that is in force.
    ///
    /// # Errors
    /// [`Refusal::NoCalendar`], or [`Unloaded`].
    ///
    /// [`Unloaded`]: crate::domain::Unloaded
    pub fn with_periods(&self, terms: &Terms) -> Result<Terms, Denied> {
        let Some(named) = &terms.calendar else { return Ok(terms.clone()) };
        let calendar = self.calendar(&named.name)?;
        if calendar.since != named.since {
            return Err(Refusal::NoCalendar { calendar: named.name.clone() }.into());
        }
        Ok(Terms { known: calendar.known, periods: calendar.periods.clone(), ..terms.clone() })
    }

    pub(in crate::domain) fn judge_set_calendar(&self, it: &SetCalendar) -> Result<(), Denied> {
        if self.calendars().get(&it.name).copied() != it.replaces {
            return Err(Refusal::NotInForce.into());
        }
        if it.replaces.is_none() {
            return Ok(());
        }
        let present = self.calendar(&it.name)?;
        let same = (present.known, &present.periods) == (it.known, &it.periods);
        if same { Err(Refusal::NothingChanges.into()) } else { Ok(()) }
    }

    pub(in crate::domain) fn set_calendar(&mut self, proposal: ProposalId, it: &SetCalendar, seq: u64, since: Digest) {
        let SetCalendar { name, known, periods, .. } = it.clone();
        self.put_calendar(name, Calendar { proposal, since, seq, known, periods });
    }
}
