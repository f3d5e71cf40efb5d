//! Times claimed by entries (UTC, whole seconds), and change windows.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::value::ids::ascii;
use crate::domain::{Invalid, ZoneName};

/// A moment in UTC with whole seconds, from 1970 to 9999 (RFC 3339, always written with `Z`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Time(i64);

const LATEST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z

impl Time {
    /// The last moment.
    pub const LAST: Self = Self(LATEST);

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

    /// This moment plus `seconds`, clamped to the range of [`Time`].
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds).clamp(0, LATEST))
    }

    /// The same moment as a calendar date and time.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.utc();
        let (year, month, day) = (at.year().unsigned_abs(), at.month(), at.day());
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
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
            digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| 10 * n + u32::from(b - b'0')))
        };
        let moment = || {
            let day = NaiveDate::from_ymd_opt(number(0, 4)?.cast_signed(), number(5, 7)?, number(8, 10)?)?;
            day.and_hms_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?)
        };
        let time = Self::from_unix(moment().ok_or(Invalid::Time)?.and_utc().timestamp())?;
        // Comparing with the canonical spelling rejects other separators and lengths.
        if time.to_string() == text { Ok(time) } else { Err(Invalid::Time) }
    }
}

/// Seconds in a day.
pub const DAY: i64 = 86_400;

/// When a change may run: from its start up to, not including, its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

    /// The first moment inside the window.
    pub fn start(&self) -> Time {
        self.start
    }

    /// The first moment after the window.
    pub fn end(&self) -> Time {
        self.end
    }

    /// The last moment at which a rollback of so many minutes can begin and still end with the window.
    pub fn last_rollback(&self, minutes: u64) -> Time {
        self.end.plus(i64::try_from(minutes).unwrap_or(i64::MAX).saturating_mul(-60))
    }

    /// The last moment at which a change can start whose rollback takes so many minutes.
    pub fn last_start(&self, minutes: u64) -> Time {
        // The end itself is not in the window.
        self.last_rollback(minutes).min(self.end.plus(-1))
    }

    /// The time zone in which to display the window.
    pub fn zone(&self) -> &ZoneName {
        &self.zone
    }

    /// Whether the window contains `time`.
    pub fn contains(&self, time: Time) -> bool {
        self.start <= time && time < self.end
    }

    /// Whether some moment is in both windows.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether the window has ended at `time`.
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
    fn every_day_until_9999_is_read_as_it_is_written() {
        for day in 0..=LATEST / DAY {
            let time = Time::from_unix(day * DAY + day % DAY).unwrap();
            let text = time.to_string();
            assert_eq!((text.len(), text.parse()), (20, Ok(time)));
            if day % 97 == 0 {
                assert_eq!(time.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string(), text);
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
