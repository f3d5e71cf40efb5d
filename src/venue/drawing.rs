//! The closed periods of a freeze, drawn from the trading days of a venue.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use super::{Session, Venue, VenueError};
use crate::domain::{ClosedPeriod, Invalid, Time};
use crate::zone::Zone;

/// A time of day, from its beginning up to its end. An end that is not later is on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Its beginning.
    pub from: NaiveTime,
    /// Its end.
    pub until: NaiveTime,
}

/// How the trading days of a year become closed periods: one for each trading day, and one for each night session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The venue whose trading days count.
    pub venue: Venue,
    /// The year.
    pub year: i32,
    /// The hours of a trading day; `None` for the sessions of the venue.
    pub day: Option<Hours>,
    /// The hours of a night session; `None` for a market without one. It belongs to the next trading day. There is none
    /// on the eve of a holiday: before a trading day with another weekday between, and at the end of the year.
    pub night: Option<Hours>,
    /// Further trading days whose evening has no night session: a holiday that falls on a weekend closes no weekday.
    pub no_night: BTreeSet<NaiveDate>,
    /// Gaps up to this length are closed too, in seconds.
    pub merge_gap: i64,
    /// The time before each session that is closed too, in seconds.
    pub before: i64,
    /// The time after each session that is closed too, in seconds.
    pub after: i64,
}

/// The gap that is closed unless another one is asked for, in seconds: four hours.
pub const MERGE_GAP: i64 = 4 * 3600;

/// A session, with the name that its closed period gets.
struct Named {
    session: Session,
    name: String,
}

impl Drawing {
    /// The time until which the trading days are known: the end of the year there.
    pub fn known_until(&self) -> Time {
        self.venue.year_begins(self.year + 1).unwrap_or(Time::LAST)
    }

    /// The closed periods, in the order of time and without an overlap.
    ///
    /// # Errors
    /// [`VenueError`].
    pub fn periods(&self) -> Result<Vec<ClosedPeriod>, VenueError> {
        let zone = Zone::named(self.venue.zone).unwrap_or_else(Zone::utc);
        let own: Vec<Named> = self.venue.sessions(self.year)?.into_iter().map(|it| own(&zone, it)).collect();
        let days: BTreeSet<NaiveDate> = own.iter().map(|it| zone.at(it.session.from).date_naive()).collect();
        if let Some(day) = self.no_night.iter().find(|day| !days.contains(day)) {
            return Err(VenueError::NotTraded { mic: self.venue.mic, day: *day });
        }
        let mut sessions = match self.day {
            Some(hours) => days.iter().map(|day| self.named(&zone, *day, hours, *day)).collect::<Result<_, _>>()?,
            None => own,
        };
        for (evening, day) in days.iter().zip(days.iter().skip(1)) {
            if let Some(hours) = self.night.filter(|_| !is_eve(*evening, *day) && !self.no_night.contains(evening)) {
                sessions.push(self.named(&zone, *evening, hours, *day)?);
            }
        }
        sessions.sort_by_key(|it| it.session.from);
        let mut closed = self.closed(sessions);
        // From that time on the freeze is closed anyway.
        closed.last_mut().into_iter().for_each(|it| it.session.until = it.session.until.min(self.known_until()));
        let period =
            |Named { session: Session { from, until }, name }: Named| ClosedPeriod::new(from, until, name.parse()?);
        // A session has a length, and a date is a line.
        Ok(closed.into_iter().map(period).collect::<Result<_, Invalid>>().unwrap_or_default())
    }

    /// The hours that begin on a day, as a session of a trading day, which may be a later one.
    fn named(&self, zone: &Zone, begins: NaiveDate, hours: Hours, of: NaiveDate) -> Result<Named, VenueError> {
        let ends = if hours.until > hours.from { begins } else { begins + Days::new(1) };
        let at = |day: NaiveDate, time: NaiveTime| {
            let local = day.and_time(time);
            zone.moment(local).map_err(|error| VenueError::Clocks { local, zone: self.venue.zone, error })
        };
        let session = Session { from: at(begins, hours.from)?, until: at(ends, hours.until)? };
        let name = if begins == of { day_name(of) } else { format!("night session of {}", day_name(of)) };
        Ok(Named { session, name })
    }

    /// Closes the gaps between sessions, and the time before and after. Periods that overlap then are one.
    fn closed(&self, sessions: Vec<Named>) -> Vec<Named> {
        let wide = |it: Named| {
            let Session { from, until } = it.session;
            Named { session: Session { from: from.plus(-self.before), until: until.plus(self.after) }, name: it.name }
        };
        joined(joined(sessions, self.merge_gap).into_iter().map(wide).collect(), 0)
    }
}

/// A session of the venue, named for its local day.
fn own(zone: &Zone, session: Session) -> Named {
    Named { session, name: day_name(zone.at(session.from).date_naive()) }
}

/// Whether there is a holiday between two trading days that follow each other: a weekday without trading.
fn is_eve(day: NaiveDate, next: NaiveDate) -> bool {
    let between = day.iter_days().skip(1).take_while(|it| *it < next);
    between.into_iter().any(|it| !matches!(it.weekday(), Weekday::Sat | Weekday::Sun))
}

fn day_name(day: NaiveDate) -> String {
    day.format("%a %Y-%m-%d").to_string()
}

/// Joins sessions with gaps between them up to this length.
fn joined(sessions: Vec<Named>, gap: i64) -> Vec<Named> {
    let mut joined: Vec<Named> = Vec::new();
    for it in sessions {
        match joined.last_mut().map(|last| &mut last.session) {
            Some(last) if it.session.from.unix() - last.until.unix() <= gap => {
                last.until = last.until.max(it.session.until)
            }
            _ => joined.push(it),
        }
    }
    joined
}
