//! Trading sessions of exchanges, as the exchanges publish them; the only user of exchange-hours.

use chrono::{Datelike, NaiveDate, NaiveTime};
use exchange_hours::{Exchange, ExchangeCalendar, HolidayKind, calendar_for_exchange};

use crate::domain::Time;
use crate::zone::Zone;

/// An exchange by its market identifier code (ISO 10383).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Venue {
    /// The code.
    pub mic: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The IANA name of its time zone.
    pub zone: &'static str,
    /// What a reader of its calendar must know; empty if there is nothing.
    pub note: &'static str,
    exchange: Exchange,
}

/// The exchanges whose holidays are known.
pub const VENUES: [Venue; 5] = [
    Venue { mic: "XSHG", name: "Shanghai Stock Exchange", zone: "Asia/Shanghai", note: "", exchange: Exchange::Sse },
    Venue {
        mic: "XSHE",
        name: "Shenzhen Stock Exchange",
        zone: "Asia/Shanghai",
        note: "The days and sessions are those that the Shanghai Stock Exchange (XSHG) publishes: check them against the \
               notices of XSHE.",
        exchange: Exchange::Sse,
    },
    Venue {
        mic: "XHKG",
        name: "Hong Kong Exchanges, securities market",
        zone: "Asia/Hong_Kong",
        note: "",
        exchange: Exchange::Hkex,
    },
    Venue {
        mic: "XNYS",
        name: "New York Stock Exchange",
        zone: "America/New_York",
        note: "",
        exchange: Exchange::Nyse,
    },
    Venue { mic: "XLON", name: "London Stock Exchange", zone: "Europe/London", note: "", exchange: Exchange::Lse },
];

/// Why there are no sessions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VenueError {
    /// Not the code of one of the [`VENUES`].
    #[error("no calendar of venue {mic}; known: {}", codes())]
    Unknown {
        /// The code given.
        mic: String,
    },
    /// A year for which the exchange has not published its trading days, as far as this program knows.
    #[error("the trading days of {mic} in {year} are not known: they are published up to {last}")]
    NotPublished {
        /// The code.
        mic: &'static str,
        /// The year.
        year: i32,
        /// The last day that is known.
        last: NaiveDate,
    },
}

fn codes() -> String {
    VENUES.map(|venue| venue.mic).join(", ")
}

/// A time in which orders are accepted, matched or not: up to, not including, its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Its beginning.
    pub from: Time,
    /// Its end.
    pub until: Time,
}

/// How far apart two looks at a calendar are, in seconds: less than any session, or gap between two, takes.
const STEP: i64 = 300;

impl Venue {
    /// The venue with this code.
    ///
    /// # Errors
    /// [`VenueError::Unknown`].
    pub fn named(mic: &str) -> Result<Self, VenueError> {
        let found = VENUES.into_iter().find(|venue| venue.mic == mic);
        found.ok_or_else(|| VenueError::Unknown { mic: mic.to_owned() })
    }

    /// The time at which a year begins there; `None` outside the years of [`Time`].
    pub fn year_begins(&self, year: i32) -> Option<Time> {
        let midnight = NaiveDate::from_ymd_opt(year, 1, 1)?.and_time(NaiveTime::MIN);
        Zone::named(self.zone)?.moment(midnight).ok()
    }

    /// Every session of a year: regular and extended ones, and those in which orders are only entered.
    ///
    /// # Errors
    /// [`VenueError::NotPublished`] unless every day of the year is.
    pub fn sessions(&self, year: i32) -> Result<Vec<Session>, VenueError> {
        let calendar = calendar_for_exchange(self.exchange);
        let last = published(calendar);
        let unpublished = || VenueError::NotPublished { mic: self.mic, year, last };
        let whole = days(year).all(|day| is_published(calendar, day));
        let (Some(begin), Some(end)) = (self.year_begins(year), self.year_begins(year + 1)) else {
            return Err(unpublished());
        };
        if !whole {
            return Err(unpublished());
        }
        let open = |time: Time| calendar.is_accepting_orders(time.utc()).map_err(|_| unpublished());
        let (mut sessions, mut opened, mut before) = (Vec::new(), None, begin);
        while before < end {
            let next = before.plus(STEP).min(end);
            let is_open = next < end && open(next)?;
            if opened.is_some() != is_open {
                let at = change(before, next, |time| Ok(open(time)? == is_open))?;
                match opened.take() {
                    Some(from) => sessions.push(Session { from, until: at }),
                    None => opened = Some(at),
                }
            }
            before = next;
        }
        Ok(sessions)
    }
}

/// The first time after `before` at which something holds that holds at `then`.
fn change<E>(mut before: Time, mut then: Time, holds: impl Fn(Time) -> Result<bool, E>) -> Result<Time, E> {
    while then.unix() - before.unix() > 1 {
        let middle = before.plus((then.unix() - before.unix()) / 2);
        match holds(middle)? {
            true => then = middle,
            false => before = middle,
        }
    }
    Ok(then)
}

fn days(year: i32) -> impl Iterator<Item = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1);
    first.into_iter().flat_map(move |first| first.iter_days().take_while(move |day| day.year() == year))
}

fn is_published(calendar: ExchangeCalendar, day: NaiveDate) -> bool {
    let covered = calendar.holiday_coverage().is_some_and(|coverage| coverage.contains(day));
    covered && calendar.holiday_on(day).is_none_or(|holiday| holiday.kind() != HolidayKind::Unsourced)
}

/// The last day that is published.
fn published(calendar: ExchangeCalendar) -> NaiveDate {
    calendar.holiday_coverage().map_or(NaiveDate::MIN, |coverage| coverage.last())
}
