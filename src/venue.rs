//! Trading sessions of exchanges, as the exchanges publish them; the only user of exchange-hours.

mod drawing;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime};
use exchange_hours::{Exchange, HolidayKind, calendar_for_exchange};

pub use drawing::{Drawing, Hours, MERGE_GAP};

use crate::domain::Time;
use crate::zone::{LocalTimeError, Zone};
use crate::{tr, trf};

/// An exchange by its market identifier code (ISO 10383).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Venue {
    /// The code.
    pub mic: &'static str,
    /// Its name, in the language of the reader.
    pub name: &'static str,
    /// The IANA name of its time zone.
    pub zone: &'static str,
    /// What a reader of its calendar must know; empty if there is nothing.
    pub note: &'static str,
    exchange: Exchange,
}

/// The codes of the exchanges whose holidays are known.
pub const MICS: [&str; 5] = ["XSHG", "XSHE", "XHKG", "XNYS", "XLON"];

/// The exchanges whose holidays are known, in the order of [`MICS`].
pub fn venues() -> [Venue; 5] {
    let venue = |mic, name, zone, exchange| Venue { mic, name, zone, note: "", exchange };
    let [shanghai, shenzhen, hong_kong, new_york, london] = MICS;
    let shanghai_days = tr!(
        "The days and sessions are those that the Shanghai Stock Exchange (XSHG) publishes: check them against the \
         notices of XSHE.",
        "日期和时段取自上海证券交易所（XSHG）公布的日历，请与 XSHE 的通知核对。"
    );
    [
        venue(shanghai, tr!("Shanghai Stock Exchange", "上海证券交易所"), "Asia/Shanghai", Exchange::Sse),
        Venue {
            note: shanghai_days,
            ..venue(shenzhen, tr!("Shenzhen Stock Exchange", "深圳证券交易所"), "Asia/Shanghai", Exchange::Sse)
        },
        venue(
            hong_kong,
            tr!("Hong Kong Exchanges, securities market", "香港交易所证券市场"),
            "Asia/Hong_Kong",
            Exchange::Hkex,
        ),
        venue(new_york, tr!("New York Stock Exchange", "纽约证券交易所"), "America/New_York", Exchange::Nyse),
        venue(london, tr!("London Stock Exchange", "伦敦证券交易所"), "Europe/London", Exchange::Lse),
    ]
}

/// Why there are no sessions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VenueError {
    /// Not one of the [`MICS`].
    #[error("{}", trf!("no calendar of venue {mic}{}; known: {}", "没有交易所 {mic} 的日历{}；已知：{}", near(.mic), MICS.join(", ")))]
    Unknown {
        /// The code given.
        mic: String,
    },
    /// A year for which the exchange has not published its trading days, as far as this program knows.
    #[error(
        "{}",
        trf!(
            "the trading days of {mic} in {year} are not known: they are published up to {last}",
            "{mic} {year} 年的交易日未知：目前公布到 {last}"
        )
    )]
    NotPublished {
        /// The code.
        mic: &'static str,
        /// The year.
        year: i32,
        /// The last day that is known.
        last: NaiveDate,
    },
    /// A day that is named as a trading day and is none.
    #[error("{}", trf!("{day} is no trading day of {mic}", "{day} 不是 {mic} 的交易日"))]
    NotTraded {
        /// The code.
        mic: &'static str,
        /// The day.
        day: NaiveDate,
    },
    /// A session that begins or ends when clocks are set.
    #[error("{}", unclear(local, zone, .error))]
    Clocks {
        /// The local time.
        local: NaiveDateTime,
        /// The zone.
        zone: &'static str,
        /// Why it is no point in time.
        error: LocalTimeError,
    },
}

fn unclear(local: &NaiveDateTime, zone: &str, error: &LocalTimeError) -> String {
    match error {
        LocalTimeError::Skipped => trf!(
            "{local} does not exist in {zone}: choose another time of day",
            "{local} 在 {zone} 不存在：请改用其他时刻"
        ),
        LocalTimeError::Repeated(_) => trf!(
            "{local} occurs twice in {zone}: choose another time of day",
            "{local} 在 {zone} 出现两次：请改用其他时刻"
        ),
        LocalTimeError::OutOfRange => trf!(
            "{local} is out of range in {zone}: choose another time of day",
            "{local} 在 {zone} 超出范围：请改用其他时刻"
        ),
    }
}

/// A suggestion for a code that differs in two letters at most.
fn near(mic: &str) -> String {
    let upper = mic.to_ascii_uppercase();
    let distance = |mic: &&str| strsim::damerau_levenshtein(&upper, mic);
    let near = MICS.into_iter().min_by_key(distance).filter(|mic| distance(mic) < 2);
    near.map_or(String::new(), |mic| trf!(" (did you mean {mic}?)", "（是否想输入 {mic}？）"))
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

/// The longest time before the first trade of a day in which orders can be entered, in seconds.
const ORDERS: i64 = 3 * 3600;

impl Venue {
    /// The venue with this code.
    ///
    /// # Errors
    /// [`VenueError::Unknown`].
    pub fn named(mic: &str) -> Result<Self, VenueError> {
        let found = venues().into_iter().find(|venue| venue.mic == mic);
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
        let unpublished = || VenueError::NotPublished { mic: self.mic, year, last: self.published() };
        let whole = days(year).all(|day| self.is_published(day));
        let (Some(begin), Some(end)) = (self.year_begins(year), self.year_begins(year + 1)) else {
            return Err(unpublished());
        };
        if whole { self.sessions_between(begin, end).ok_or_else(unpublished) } else { Err(unpublished()) }
    }

    /// Whether the exchange has published if it trades on a day, as far as this program knows.
    pub fn is_published(&self, day: NaiveDate) -> bool {
        let calendar = calendar_for_exchange(self.exchange);
        let covered = calendar.holiday_coverage().is_some_and(|coverage| coverage.contains(day));
        covered && calendar.holiday_on(day).is_none_or(|holiday| holiday.kind() != HolidayKind::Unsourced)
    }

    /// The last day that is published.
    fn published(&self) -> NaiveDate {
        calendar_for_exchange(self.exchange).holiday_coverage().map_or(NaiveDate::MIN, |coverage| coverage.last())
    }

    /// The sessions between two times at which it is closed; `None` if not all of them are known.
    pub fn sessions_between(&self, begin: Time, end: Time) -> Option<Vec<Session>> {
        let calendar = calendar_for_exchange(self.exchange);
        let open = |time: Time| calendar.is_accepting_orders(time.utc()).ok();
        let (mut sessions, mut opened, mut before) = (Vec::new(), None, begin);
        while before < end {
            let next = before.plus(STEP).min(end);
            let is_open = next < end && open(next)?;
            if opened.is_some() != is_open {
                let at = change(before, next, |time| Some(open(time)? == is_open))?;
                match opened.take() {
                    Some(from) => sessions.push(Session { from, until: at }),
                    None => opened = Some(at),
                }
            }
            // While nothing trades, only the time just before the next session matters. Unknown: look at every time.
            let opens = calendar.next_session_open_after(next.utc()).ok().flatten().filter(|_| !is_open);
            let orders = opens.and_then(|at| Time::from_unix(at.timestamp()).ok()).map(|at| at.plus(-ORDERS));
            before = orders.map_or(next, |at| at.max(next).min(end));
        }
        Some(sessions)
    }
}

/// The first time after `before` at which something holds that holds at `then`.
fn change(mut before: Time, mut then: Time, holds: impl Fn(Time) -> Option<bool>) -> Option<Time> {
    while then.unix() - before.unix() > 1 {
        let middle = before.plus((then.unix() - before.unix()) / 2);
        match holds(middle)? {
            true => then = middle,
            false => before = middle,
        }
    }
    Some(then)
}

fn days(year: i32) -> impl Iterator<Item = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1);
    first.into_iter().flat_map(move |first| first.iter_days().take_while(move |day| day.year() == year))
}
