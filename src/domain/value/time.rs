//! Time as entries claim it: UTC, whole seconds; and windows.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::value::ids::ascii;
use crate::domain::{Invalid, ZoneName};

/// A moment in UTC with whole seconds, from 1970 to 9999 (RFC 3339, always written with `Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Time(i64);

const LATEST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z

impl Time {
    /// A moment from Unix seconds.
    ///
    /// # Errors
    /// [`Invalid::Time`] before 1970 and after 9999.
    pub fn from_unix(seconds: i64) -> Result<Self, Invalid> {
        if (0..=LATEST).contains(&seconds) { Ok(Self(seconds)) } else { Err(Invalid::Time) }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// This moment moved by so many seconds, kept within what a [`Time`] can say.
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds).clamp(0, LATEST))
    }

    /// The same moment for calendar arithmetic.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (day, second) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = date(day);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let mut text = *b"0000-00-00T00:00:00Z";
        let parts = [(0, year / 100), (2, year % 100), (5, month), (8, day), (11, hour), (14, minute), (17, second)];
        for (at, two_digits) in parts {
            text[at] += (two_digits / 10) as u8;
            text[at + 1] += (two_digits % 10) as u8;
        }
        f.pad(ascii(&text))
    }
}

impl FromStr for Time {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let number = |from: usize, to: usize| {
            let digits = text.as_bytes().get(from..to)?;
            digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| 10 * n + i64::from(b - b'0')))
        };
        let seconds = || {
            let days = days(number(0, 4)?, number(5, 7)?, number(8, 10)?);
            Some(days * DAY + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?)
        };
        let time = Self::from_unix(seconds().ok_or(Invalid::Time)?)?;
        // Any other spelling, and days, hours and minutes that there are not, come out differently.
        if time.to_string() == text { Ok(time) } else { Err(Invalid::Time) }
    }
}

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// Days in four hundred years, after which the calendar repeats, and days from 0000-03-01 to 1970-01-01.
const ERA: i64 = 146_097;
const BEFORE: i64 = 719_468;

/// How many days after 1970-01-01 a date is. Years are counted from March on, so that a leap day is the last of one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let month = (month + 9) % 12;
    let leap = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap + (153 * month + 2) / 5 + day - 1 - BEFORE
}

/// Year, month and day of so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let (era, day) = ((days + BEFORE).div_euclid(ERA), (days + BEFORE).rem_euclid(ERA));
    // Without the leap days of all years before, every year has 365.
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = 400 * era + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

/// When a change may run: from its start up to, not including, its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    start: Time,
    end: Time,
    zone: ZoneName,
}

impl Window {
    /// The longest window, in days.
    pub const LONGEST_DAYS: i64 = 366;

    /// A window; the zone is for display only.
    ///
    /// # Errors
    /// [`Invalid::WindowOrder`] unless it ends after it starts, [`Invalid::WindowLong`] beyond
    /// [`Window::LONGEST_DAYS`].
    pub fn new(start: Time, end: Time, zone: ZoneName) -> Result<Self, Invalid> {
        if end <= start {
            return Err(Invalid::WindowOrder);
        }
        if end.unix() - start.unix() > Self::LONGEST_DAYS * DAY {
            return Err(Invalid::WindowLong);
        }
        Ok(Self { start, end, zone })
    }

    /// The first moment inside.
    pub fn start(&self) -> Time {
        self.start
    }

    /// The first moment after.
    pub fn end(&self) -> Time {
        self.end
    }

    /// The zone in which people think of it.
    pub fn zone(&self) -> &ZoneName {
        &self.zone
    }

    /// Whether the moment lies inside.
    pub fn contains(&self, time: Time) -> bool {
        self.start <= time && time < self.end
    }

    /// Whether it is over at that moment.
    pub fn ended(&self, time: Time) -> bool {
        self.end <= time
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.start, self.end, self.zone)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Datelike;

    use super::*;

    #[test]
    fn times_have_one_spelling() {
        assert_eq!("2026-12-01T09:30:05Z".parse::<Time>().map(|t| t.to_string()), Ok("2026-12-01T09:30:05Z".into()));
        for bad in [
            "2026-12-01T09:30:05+00:00",
            "2026-12-01t09:30:05z",
            "2026-12-01 09:30:05Z",
            "2026-12-01T09:30:05.0Z",
            "2026-12-01T24:00:00Z",
            "2026-12-31T23:59:60Z",
            "2026-02-30T00:00:00Z",
            "+12026-12-01T09:30:05Z",
            "1969-12-31T23:59:59Z",
            "2026-12-1T09:30:05Z",
            "",
        ] {
            assert_eq!(bad.parse::<Time>(), Err(Invalid::Time), "{bad:?}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for day in 0..=LATEST / DAY {
            let time = Time::from_unix(day * DAY + day % DAY).unwrap();
            let expected = time.utc();
            let (year, month, of_month) = (expected.year().into(), expected.month().into(), expected.day().into());
            assert_eq!((date(day), days(year, month, of_month)), ((year, month, of_month), day));
            if day % 97 == 0 {
                let text = expected.format("%Y-%m-%dT%H:%M:%SZ").to_string();
                assert_eq!((text.parse(), time.to_string()), (Ok(time), text));
            }
        }
    }

    #[test]
    fn windows_include_their_start_and_exclude_their_end() {
        let zone: ZoneName = "UTC".parse().unwrap();
        let t = |s| Time::from_unix(s).unwrap();
        let window = Window::new(t(100), t(200), zone.clone()).unwrap();
        assert!(window.contains(t(100)) && window.contains(t(199)));
        assert!(!window.contains(t(99)) && !window.contains(t(200)) && window.ended(t(200)));
        assert_eq!(Window::new(t(5), t(5), zone.clone()), Err(Invalid::WindowOrder));
        assert_eq!(Window::new(t(0), t(367 * DAY), zone), Err(Invalid::WindowLong));
    }
}
