//! What a freeze says: its closed periods, what it concerns, and who may except from it.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{
    CalendarRef, ChangeKind, Digest, Environment, Facts, FreezeName, Group, Invalid, Line, Risk, ServiceId, Tag, Time,
};
use crate::{tr, trf};

/// The name of the period that begins where a calendar ends.
pub const CALENDAR_UNKNOWN: &str = "calendar unknown";
/// The name of the period of a freeze that one person began. It is kept, so it is English.
const BEGUN_ALONE: &str = "begun by one person";

/// The changes that a freeze concerns. An empty set means every one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The kinds of change.
    pub kinds: BTreeSet<ChangeKind>,
    /// The risks.
    pub risks: BTreeSet<Risk>,
    /// The services: a change that affects one of them is concerned.
    pub services: BTreeSet<ServiceId>,
    /// The environments. A change that names none may touch any, so it is concerned.
    pub environments: BTreeSet<Environment>,
    /// The tags: a change with one of them is concerned.
    pub tags: BTreeSet<Tag>,
}

impl Scope {
    /// Whether a change with these facts is within it.
    pub fn covers(&self, facts: &Facts) -> bool {
        let of = |all: bool, one: bool| all || one;
        of(self.kinds.is_empty(), self.kinds.contains(&facts.kind))
            && of(self.risks.is_empty(), self.risks.contains(&facts.risk))
            && of(self.services.is_empty(), !self.services.is_disjoint(&facts.services))
            && of(
                self.environments.is_empty() || facts.environments.is_empty(),
                !self.environments.is_disjoint(&facts.environments),
            )
            && of(self.tags.is_empty(), !self.tags.is_disjoint(&facts.tags))
    }
}

/// For which changes a period is reserved: those with a tag whose windows end by a time, when what was tested must be
/// restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reserved {
    /// The tag.
    pub tag: Tag,
    /// The time.
    pub restored_by: Time,
}

impl Reserved {
    /// Whether a change with these facts may be started in the period.
    fn admits(&self, facts: &Facts) -> bool {
        facts.tags.contains(&self.tag) && facts.window.end() <= self.restored_by
    }
}

/// `reserved for tag network-test, to be restored by 2026-12-05T10:00:00Z`.
impl fmt::Display for Reserved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tag, restored_by } = self;
        f.write_str(&trf!(
            "reserved for tag {tag}, to be restored by {restored_by}",
            "专供带标签 {tag} 的变更，须在 {restored_by} 前恢复"
        ))
    }
}

/// A period in which a freeze is closed, from its start up to, not including, its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedPeriod {
    from: Time,
    until: Time,
    name: Line,
    reserved: Option<Reserved>,
}

impl ClosedPeriod {
    /// A closed period.
    ///
    /// # Errors
    /// [`Invalid::PeriodOrder`] unless it ends after it begins.
    pub fn new(from: Time, until: Time, name: Line) -> Result<Self, Invalid> {
        if until <= from { Err(Invalid::PeriodOrder) } else { Ok(Self { from, until, name, reserved: None }) }
    }

    /// The same period, reserved for some changes.
    ///
    /// # Errors
    /// [`Invalid::RestoredBy`] unless they must be restored after the period begins.
    pub fn for_only(self, reserved: Reserved) -> Result<Self, Invalid> {
        let fits = reserved.restored_by > self.from;
        if fits { Ok(Self { reserved: Some(reserved), ..self }) } else { Err(Invalid::RestoredBy) }
    }

    /// The period of a freeze that one person opened, which has begun.
    pub(in crate::domain) fn opened_alone(from: Time, until: Time) -> Self {
        Self { from, until, name: Line::fixed(BEGUN_ALONE), reserved: None }
    }

    /// The first moment in it.
    pub fn from(&self) -> Time {
        self.from
    }

    /// The first moment after it.
    pub fn until(&self) -> Time {
        self.until
    }

    /// Its name: `2026-12-01`, `month end`.
    pub fn name(&self) -> &Line {
        &self.name
    }

    /// For which changes it is reserved; `None` if it is closed for every one.
    pub fn reserved(&self) -> Option<&Reserved> {
        self.reserved.as_ref()
    }

    /// Whether a change with these facts may not be started in it.
    fn stops(&self, facts: &Facts) -> bool {
        self.reserved.as_ref().is_none_or(|reserved| !reserved.admits(facts))
    }
}

/// `2026-12-05T00:00:00Z 2026-12-05T08:00:00Z market test (reserved for tag …)`.
impl fmt::Display for ClosedPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.from, self.until, self.name)?;
        self.reserved.as_ref().map_or(Ok(()), |reserved| write!(f, " ({reserved})"))
    }
}

/// The closed periods of a freeze: at least one, in the order of time, without an overlap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedPeriods(Vec<ClosedPeriod>);

impl ClosedPeriods {
    /// The periods in their order.
    ///
    /// # Errors
    /// [`Invalid::ClosedNever`] without a period, [`Invalid::ClosedOrder`] if one begins before the one before it ends.
    pub fn new(periods: Vec<ClosedPeriod>) -> Result<Self, Invalid> {
        let ordered = periods.iter().zip(periods.iter().skip(1)).all(|(one, next)| one.until <= next.from);
        match periods.is_empty() {
            true => Err(Invalid::ClosedNever),
            false if ordered => Ok(Self(periods)),
            false => Err(Invalid::ClosedOrder),
        }
    }

    /// A single period.
    pub fn one(period: ClosedPeriod) -> Self {
        Self(vec![period])
    }

    /// The periods.
    pub fn as_slice(&self) -> &[ClosedPeriod] {
        &self.0
    }

    /// The end of the last period; `None` while the periods are not read yet.
    pub fn end(&self) -> Option<Time> {
        self.0.last().map(ClosedPeriod::until)
    }

    /// Whether they end by the time until which they are known.
    pub fn fit(&self, known: Known) -> bool {
        known.until().is_none_or(|known| self.end().is_none_or(|end| end <= known))
    }

    /// The periods that have a moment in common with the time from `from` up to `until`, in order.
    fn within(&self, from: Time, until: Time) -> impl DoubleEndedIterator<Item = &ClosedPeriod> {
        let (first, end) =
            (self.0.partition_point(|it| it.until <= from), self.0.partition_point(|it| it.from < until));
        self.0.get(first..end).unwrap_or_default().iter()
    }
}

/// Until when the periods of a freeze are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Known {
    /// There are no other periods.
    Complete,
    /// What comes at this time and later is not known, so it is closed.
    Until(Time),
}

impl Known {
    /// The time from which on the calendar is not known; `None` if it is complete.
    pub fn until(self) -> Option<Time> {
        match self {
            Self::Complete => None,
            Self::Until(time) => Some(time),
        }
    }
}

/// A time, or `complete`.
impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.pad("complete"),
            Self::Until(time) => time.fmt(f),
        }
    }
}

impl FromStr for Known {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "complete" { Ok(Self::Complete) } else { text.parse().map(Self::Until) }
    }
}

/// What a freeze says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The changes that it concerns.
    pub scope: Scope,
    /// The kinds of change that it does not concern.
    pub except_kinds: BTreeSet<ChangeKind>,
    /// The tags of changes that it does not concern.
    pub except_tags: BTreeSet<Tag>,
    /// The group whose approval excepts a change from it.
    pub group: Group,
    /// The calendar that has its periods, if it does not list them itself. A body names the calendar alone: there `known`
    /// and `periods` are empty, until [`Governance::with_periods`] takes them from the calendar.
    ///
    /// [`Governance::with_periods`]: crate::domain::Governance::with_periods
    pub calendar: Option<CalendarRef>,
    /// Until when its periods are known.
    pub known: Known,
    /// When it is closed.
    pub periods: ClosedPeriods,
}

/// A time at which a freeze is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Its beginning.
    pub from: Time,
    /// Its end; `None` if the calendar is not known from `from` on.
    pub until: Option<Time>,
    /// Its name.
    pub name: String,
    /// For which changes it is reserved; `None` if it is closed for every one.
    pub reserved: Option<Reserved>,
}

impl From<&ClosedPeriod> for Closed {
    fn from(it: &ClosedPeriod) -> Self {
        Self { from: it.from, until: Some(it.until), name: it.name.to_string(), reserved: it.reserved.clone() }
    }
}

impl Closed {
    /// Its name for screens. Names that twinseal gives are in the language of the reader.
    pub fn phrase(&self) -> &str {
        match self.name.as_str() {
            CALENDAR_UNKNOWN => tr!(CALENDAR_UNKNOWN, "日历未知"),
            BEGUN_ALONE => tr!(BEGUN_ALONE, "单独发起"),
            name => name,
        }
    }
}

/// `closed from … to … (month end)`; for which changes it is reserved stands after the name.
impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, name) = (self.from, self.phrase());
        let reserved = self.reserved.as_ref().map_or_else(String::new, |it| trf!("; {it}", "；{it}"));
        f.write_str(&match self.until {
            Some(until) => {
                trf!("closed from {from} to {until} ({name}{reserved})", "{from} 至 {until} 封网（{name}{reserved}）")
            }
            None => trf!("closed from {from} on ({name}{reserved})", "自 {from} 起封网（{name}{reserved}）"),
        })
    }
}

impl Terms {
    /// Whether it concerns a change with these facts.
    pub fn concerns(&self, facts: &Facts) -> bool {
        let excepted = self.except_kinds.contains(&facts.kind) || !self.except_tags.is_disjoint(&facts.tags);
        self.scope.covers(facts) && !excepted
    }

    /// Whether a change with these facts, as an emergency, may go on in spite of it.
    pub fn is_waived(&self, facts: &Facts) -> bool {
        facts.kind == ChangeKind::Emergency && !self.scope.kinds.contains(&ChangeKind::Emergency)
    }

    /// If it stops a change with these facts at every time from `from` on at which the change can be started and rolled
    /// back within its window: when it is closed then. Exceptions are left aside.
    pub fn stops(&self, facts: &Facts, from: Time) -> Option<Closed> {
        let closed = self.stops_in(facts, facts.last_start_from(from), facts.window.end());
        closed.filter(|_| self.concerns(facts) && !self.is_waived(facts))
    }

    /// The first time at which it is closed between `from` and `until`, which is not included.
    pub fn closed_in(&self, from: Time, until: Time) -> Option<Closed> {
        self.periods.within(from, until).next().map(Closed::from).or_else(|| self.unknown_in(until))
    }

    /// The first time between `from` and `until`, which is not included, at which it stops a change with these facts: a
    /// period that is reserved for such changes does not.
    pub fn stops_in(&self, facts: &Facts, from: Time, until: Time) -> Option<Closed> {
        let stops = self.periods.within(from, until).find(|it| it.stops(facts));
        stops.map(Closed::from).or_else(|| self.unknown_in(until))
    }

    /// The time from which on its calendar is not known, if that is before `until`.
    fn unknown_in(&self, until: Time) -> Option<Closed> {
        let known = self.known.until().filter(|known| *known < until)?;
        Some(Closed { from: known, until: None, name: CALENDAR_UNKNOWN.to_owned(), reserved: None })
    }

    /// The end of the last time between `from` and `until`, which is not included, at which it stops a change with these
    /// facts; `None` if that has no end, or if there is none.
    pub fn opens_in(&self, facts: &Facts, from: Time, until: Time) -> Option<Time> {
        match self.unknown_in(until) {
            Some(_) => None,
            None => self.periods.within(from, until).rfind(|it| it.stops(facts)).map(ClosedPeriod::until),
        }
    }

    /// Every time at which it is closed between `from` and `until`, which is not included, in order.
    pub fn all_closed_in(&self, from: Time, until: Time) -> Vec<Closed> {
        let mut all = Vec::new();
        let mut next = Some(from);
        while let Some(closed) = next.and_then(|from| self.closed_in(from, until)) {
            next = closed.until;
            all.push(closed);
        }
        all
    }

    /// The first time at or after `from` at which it is closed; `None` if there is none.
    pub fn closed_from(&self, from: Time) -> Option<Closed> {
        self.closed_in(from, Time::LAST)
    }

    /// The end of its last closed time; `None` if it has no end.
    pub fn end(&self) -> Option<Time> {
        match self.known {
            Known::Complete => self.periods.end(),
            Known::Until(_) => None,
        }
    }
}

/// A freeze as a proposal would set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFreeze {
    /// Its name.
    pub name: FreezeName,
    /// The leaf hash of the entry that put the freeze of this name in force; `None` if there is none.
    pub replaces: Option<Digest>,
    /// What it says.
    pub terms: Terms,
}

/// The end of a freeze, as a proposal would make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiftFreeze {
    /// Its name.
    pub name: FreezeName,
    /// The leaf hash of the entry that put it in force.
    pub replaces: Digest,
    /// Whether the person who opened it alone may open another one within seven days.
    pub again: bool,
}

/// A freeze in force, by its name and the leaf hash of the entry that put it in force; written with a space between.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FreezeRef {
    /// Its name.
    pub name: FreezeName,
    /// The leaf hash.
    pub since: Digest,
}

impl fmt::Display for FreezeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.since)
    }
}

impl FromStr for FreezeRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (name, since) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { name: name.parse()?, since: since.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(minutes: i64) -> Time {
        Time::from_unix(minutes * 60).unwrap()
    }

    fn periods(of: &[(i64, i64)]) -> Result<ClosedPeriods, Invalid> {
        let period = |(from, until): &(i64, i64)| ClosedPeriod::new(time(*from), time(*until), "day".parse().unwrap());
        ClosedPeriods::new(of.iter().map(period).collect::<Result<_, _>>()?)
    }

    fn terms(known: Known) -> Terms {
        Terms {
            scope: Scope::default(),
            except_kinds: BTreeSet::new(),
            except_tags: BTreeSet::new(),
            group: "duty".parse().unwrap(),
            calendar: None,
            known,
            periods: periods(&[(10, 20), (20, 30), (40, 50)]).unwrap(),
        }
    }

    #[test]
    fn periods_follow_each_other_and_may_touch() {
        assert!(periods(&[(10, 20), (20, 30)]).is_ok());
        assert_eq!(periods(&[]), Err(Invalid::ClosedNever));
        assert_eq!(periods(&[(10, 20), (19, 30)]), Err(Invalid::ClosedOrder));
        assert_eq!(periods(&[(20, 30), (10, 20)]), Err(Invalid::ClosedOrder));
        assert_eq!(periods(&[(20, 20)]), Err(Invalid::PeriodOrder));
    }

    #[test]
    fn a_period_is_closed_from_its_start_and_open_at_its_end() {
        let complete = terms(Known::Complete);
        let closed = |from, until| complete.closed_in(time(from), time(until)).map(|it| (it.from, it.until));
        assert_eq!(closed(0, 10), None);
        assert_eq!(closed(0, 11), Some((time(10), Some(time(20)))));
        assert_eq!(closed(20, 21), Some((time(20), Some(time(30)))));
        assert_eq!(closed(30, 40), None);
        assert_eq!(closed(0, 1000), Some((time(10), Some(time(20)))));
        assert_eq!(closed(50, 1000), None);
        assert_eq!(complete.end(), Some(time(50)));
        let all: Vec<Time> = complete.all_closed_in(time(15), time(41)).into_iter().map(|it| it.from).collect();
        assert_eq!(all, [time(10), time(20), time(40)]);
    }

    #[test]
    fn beyond_its_calendar_a_freeze_is_closed_without_an_end() {
        let known = terms(Known::Until(time(60)));
        assert_eq!(known.closed_in(time(50), time(60)), None);
        let closed = known.closed_in(time(50), time(61)).unwrap();
        assert_eq!((closed.from, closed.until, closed.name.as_str()), (time(60), None, CALENDAR_UNKNOWN));
        assert!(known.closed_in(time(9000), time(9001)).is_some() && known.end().is_none());
        assert_eq!(known.all_closed_in(time(45), time(9000)).len(), 2);
        assert!(known.periods.fit(known.known) && !known.periods.fit(Known::Until(time(49))));
    }
}
