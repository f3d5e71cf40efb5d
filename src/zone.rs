//! Time zones from the IANA database compiled into the program, so that every host computes the same times.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use jiff::tz::{AmbiguousOffset, TimeZone, db};
use jiff::{Timestamp, civil};

use crate::domain::{Invalid, Time};

/// A zone of the IANA time zone database.
#[derive(Debug, Clone)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// Why a local time does not name exactly one point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalTimeError {
    /// Clocks skip it when they are set forward.
    Skipped,
    /// Clocks show it twice when they are set back: first with one offset, then with the other.
    Repeated([FixedOffset; 2]),
    /// Before 1970 or after 9999.
    OutOfRange,
}

impl Zone {
    /// The zone with exactly this name; `None` if there is none.
    pub fn named(name: &str) -> Option<Self> {
        let rules = TimeZone::get(name).ok()?;
        // The lookup ignores case, but a name in an entry must have one spelling.
        (rules.iana_name() == Some(name)).then(|| Self { name: name.to_owned(), rules })
    }

    /// UTC.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// The names of all zones.
    pub fn names() -> impl Iterator<Item = String> {
        db().available().map(|name| name.to_string())
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The local date and time at `time`, with its offset.
    pub fn at(&self, time: Time) -> DateTime<FixedOffset> {
        // jiff's timestamps end some hours before the year 9999 does.
        let moment = Timestamp::from_second(time.unix()).unwrap_or(Timestamp::MAX);
        let offset = FixedOffset::east_opt(self.rules.to_offset(moment).seconds());
        offset.map_or_else(|| time.utc().fixed_offset(), |offset| time.utc().with_timezone(&offset))
    }

    /// The point in time at which clocks in this zone show `local`.
    ///
    /// # Errors
    /// [`LocalTimeError`] if there is none, or more than one.
    pub fn moment(&self, local: NaiveDateTime) -> Result<Time, LocalTimeError> {
        let shown = local.and_utc().timestamp();
        match self.rules.to_ambiguous_timestamp(civil(local).ok_or(LocalTimeError::OutOfRange)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                Time::from_unix(shown - i64::from(offset.seconds())).map_err(|_: Invalid| LocalTimeError::OutOfRange)
            }
            AmbiguousOffset::Gap { .. } => Err(LocalTimeError::Skipped),
            AmbiguousOffset::Fold { before, after } => {
                match [before, after].map(|it| FixedOffset::east_opt(it.seconds())) {
                    [Some(first), Some(second)] => Err(LocalTimeError::Repeated([first, second])),
                    _ => Err(LocalTimeError::OutOfRange),
                }
            }
        }
    }
}

impl Zone {
    /// The first moment of a local day: midnight, or the time to which clocks are set where they skip it. `None` outside
    /// the years of [`Time`].
    pub fn day_begins(&self, day: NaiveDate) -> Option<Time> {
        let midnight = civil(day.and_time(NaiveTime::MIN))?;
        let moment = self.rules.to_ambiguous_timestamp(midnight).compatible().ok()?;
        Time::from_unix(moment.as_second()).ok()
    }
}

/// Converts to jiff's type; `None` after the year 9999.
fn civil(local: NaiveDateTime) -> Option<civil::DateTime> {
    let small = |n: u32| n.try_into().ok();
    let year = local.year().try_into().ok()?;
    let (month, day) = (small(local.month())?, small(local.day())?);
    let (hour, minute, second) = (small(local.hour())?, small(local.minute())?, small(local.second())?);
    civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(zone: &str, local: &str) -> Result<String, LocalTimeError> {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        Zone::named(zone).unwrap().moment(local).map(|time| time.to_string())
    }

    #[test]
    fn skipped_and_repeated_local_times_are_refused() {
        assert_eq!(moment("Europe/Berlin", "2026-07-01 12:00"), Ok("2026-07-01T10:00:00Z".to_owned()));
        assert_eq!(moment("Europe/Berlin", "2026-12-01 12:00"), Ok("2026-12-01T11:00:00Z".to_owned()));
        // The rules apply to all later years.
        assert_eq!(moment("Europe/Berlin", "2086-07-01 12:00"), Ok("2086-07-01T10:00:00Z".to_owned()));
        assert_eq!(moment("America/New_York", "2026-03-08 02:30"), Err(LocalTimeError::Skipped));
        let offsets = [-4, -5].map(|hours| FixedOffset::east_opt(hours * 3600).unwrap());
        assert_eq!(moment("America/New_York", "2026-11-01 01:30"), Err(LocalTimeError::Repeated(offsets)));
        assert_eq!(moment("UTC", "1969-12-31 23:59"), Err(LocalTimeError::OutOfRange));
        assert_eq!(moment("Asia/Tokyo", "1970-01-01 08:59"), Err(LocalTimeError::OutOfRange));
        assert_eq!(moment("Asia/Tokyo", "9999-12-31 23:59"), Ok("9999-12-31T14:59:00Z".to_owned()));
        assert_eq!(moment("America/New_York", "9999-12-31 23:59"), Err(LocalTimeError::OutOfRange));
    }

    #[test]
    fn zone_names_in_another_spelling_are_unknown() {
        for name in ["Asia/Shanghai", "UTC", "Etc/UTC", "America/Argentina/Buenos_Aires"] {
            assert_eq!(Zone::named(name).unwrap().name(), name);
        }
        for name in ["asia/shanghai", "utc", "Asia/Shangai", "", "+01:00", "../etc/passwd", "EST5EDT,M3.2.0,M11.1.0"] {
            assert!(Zone::named(name).is_none(), "{name}");
        }
        assert!(Zone::names().any(|name| name == "Asia/Shanghai"));
    }

    #[test]
    fn local_times_have_their_offset() {
        let time = "2026-07-01T10:00:00Z".parse().unwrap();
        assert_eq!(Zone::named("Asia/Kolkata").unwrap().at(time).to_rfc3339(), "2026-07-01T15:30:00+05:30");
        assert_eq!(Zone::utc().at(time).to_rfc3339(), "2026-07-01T10:00:00+00:00");
        let last = "9999-12-31T23:59:59Z".parse().unwrap();
        assert_eq!(Zone::named("Europe/Berlin").unwrap().at(last).to_rfc3339(), "+10000-01-01T00:59:59+01:00");
    }
}
