//! Times as people write them: with an offset, or local with a zone. An ambiguous time is an error, never a guess.

use chrono::{DateTime, NaiveDateTime, Timelike};

use super::problem::{Problem, nearest};
use crate::domain::Time;
use crate::zone::{LocalTimeError, Zone};

/// The zone with an IANA name. For an unknown one, [`Problem::UnknownZone`] suggests the nearest name, except for an
/// abbreviation or an offset: the nearest name would be a guess at the place.
///
/// # Errors
/// [`Problem::UnknownZone`], or [`Problem::NoPlace`].
pub fn zone(name: &str) -> Result<Zone, Problem> {
    let names = || Zone::names().collect::<Vec<_>>();
    match Zone::named(name) {
        // The database has some abbreviations: EST is five hours behind UTC, also in a summer of New York.
        _ if name != "UTC" && is_abbreviation(name) => Err(Problem::NoPlace),
        Some(zone) => Ok(zone),
        None => Err(Problem::UnknownZone(nearest(name, names().iter().map(String::as_str)).or_else(|| place(name)))),
    }
}

/// The zone of a place that is named without its region: `Asia/Shanghai` for `Shanghai` or `new york`.
fn place(name: &str) -> Option<String> {
    let wanted = name.replace(' ', "_");
    let is_it = |zone: &String| zone.rsplit('/').next().is_some_and(|place| place.eq_ignore_ascii_case(&wanted));
    let mut found = Zone::names().filter(|zone| zone.contains('/') && is_it(zone));
    // Two places of one name: neither is suggested.
    found.next().filter(|_| found.next().is_none())
}

/// Whether this is no place, such as `CST`, `GMT+1` or `+08:00`.
fn is_abbreviation(name: &str) -> bool {
    // These belong to a time of twelve hours, and no zone has them.
    !["AM", "PM"].contains(&name)
        && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || ['+', '-', ':'].contains(&c))
}

/// Parses a time in whole seconds. `zone` applies to a time without an offset.
pub fn time(written: &str, zone: Option<&Zone>) -> Result<Time, Problem> {
    match DateTime::parse_from_rfc3339(&with_seconds(written)) {
        // chrono reads second 60 as second 59 with a fraction, and cuts long fractions.
        Ok(time) if time.nanosecond() != 0 || written.contains('.') => Err(Problem::Seconds),
        Ok(time) => Time::from_unix(time.timestamp()).map_err(|_| Problem::Time),
        Err(_) => local(written, zone),
    }
}

/// Adds the seconds that RFC 3339 requires and people leave out, as in `20:00+08:00`.
fn with_seconds(written: &str) -> String {
    let colons = written.matches(':').count();
    match written.rfind(['+', '-', 'Z']) {
        Some(at) if at > 10 && (colons == 1 || (colons == 2 && !written.ends_with('Z'))) => {
            format!("{}:00{}", &written[..at], &written[at..])
        }
        _ => written.to_owned(),
    }
}

fn local(written: &str, zone: Option<&Zone>) -> Result<Time, Problem> {
    let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"];
    let parse = |written| forms.iter().find_map(|form| NaiveDateTime::parse_from_str(written, form).ok());
    let parsed = parse(written).ok_or_else(|| match written.rsplit_once(' ') {
        Some((time, zone)) if parse(time).is_some() && is_abbreviation(zone) => Problem::Abbreviation(zone.to_owned()),
        _ => Problem::Time,
    })?;
    if parsed.nanosecond() != 0 || written.contains('.') {
        return Err(Problem::Seconds);
    }
    in_zone(parsed, zone.ok_or(Problem::NoZone)?)
}

/// The point in time at which clocks in a zone show `local`.
pub fn in_zone(local: NaiveDateTime, zone: &Zone) -> Result<Time, Problem> {
    zone.moment(local).map_err(|error| match error {
        LocalTimeError::Skipped => Problem::TimeGap { zone: zone.name().to_owned() },
        LocalTimeError::Repeated(offsets) => {
            let [first, second] = offsets.map(|offset| format!("{}{offset}", local.format("%Y-%m-%dT%H:%M:%S")));
            Problem::TimeTwice { zone: zone.name().to_owned(), first, second }
        }
        LocalTimeError::OutOfRange => Problem::Time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str, name: &str) -> Result<String, Problem> {
        time(written, Zone::named(name).as_ref()).map(|time| time.to_string())
    }

    #[test]
    fn times_are_read_with_an_offset_or_in_a_zone() {
        for written in ["2026-12-05T20:00:00+08:00", "2026-12-05T20:00+08:00", "2026-12-05 12:00:00Z"] {
            assert_eq!(read(written, ""), Ok("2026-12-05T12:00:00Z".into()), "{written}");
        }
        for written in ["2026-12-05 20:00", "2026-12-05T20:00:00", "2026-12-05 20:00:00"] {
            assert_eq!(read(written, "Asia/Shanghai"), Ok("2026-12-05T12:00:00Z".into()), "{written}");
        }
        assert_eq!(read("2026-12-05T12:00Z", ""), Ok("2026-12-05T12:00:00Z".into()));
    }

    #[test]
    fn ambiguous_and_nonexistent_local_times_are_refused() {
        let new_york = || "America/New_York".to_owned();
        assert_eq!(read("2026-03-08 02:30", "America/New_York"), Err(Problem::TimeGap { zone: new_york() }));
        let [first, second] = ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"].map(str::to_owned);
        let twice = Problem::TimeTwice { zone: new_york(), first: first.clone(), second: second.clone() };
        assert_eq!(read("2026-11-01 01:30", "America/New_York"), Err(twice));
        for (written, utc) in [(first, "2026-11-01T05:30:00Z"), (second, "2026-11-01T06:30:00Z")] {
            assert_eq!(read(&written, "America/New_York"), Ok(utc.to_owned()), "what the message proposes is read");
        }
        assert_eq!(read("2026-12-05 20:00", ""), Err(Problem::NoZone));
        for bad in ["tomorrow", "20:00", "2026-13-01 20:00", "2026-12-05", "12026-12-05 20:00", "99999-01-01T00:00:00Z"]
        {
            assert_eq!(read(bad, "UTC"), Err(Problem::Time), "{bad}");
        }
        assert_eq!(zone("Asia/Shangai").err(), Some(Problem::UnknownZone(Some("Asia/Shanghai".into()))));
    }

    #[test]
    fn no_second_is_rounded() {
        for written in [
            "2026-12-05T12:00:60Z",
            "2026-12-31T23:59:60Z",
            "2026-12-05T12:00:00.5Z",
            "2026-12-05T12:00:00.0000000001Z",
            "2026-12-05 20:00:60",
            "2026-12-05 20:00:00.5",
            "2026-12-05T20:00:00.0",
        ] {
            assert_eq!(read(written, "Asia/Shanghai"), Err(Problem::Seconds), "{written}");
        }
    }

    #[test]
    fn no_place_is_guessed_from_an_abbreviation() {
        for name in ["CST", "PST", "BST", "IST", "HKT", "EST", "GMT", "CST6CDT", "GMT+1", "UTC+8", "+08:00", "8", ""] {
            assert_eq!(zone(name).err(), Some(Problem::NoPlace), "{name}");
        }
        assert!(zone("UTC").is_ok());
        for name in ["CST", "PST", "GMT+1", "UTC"] {
            let written = format!("2026-12-05 20:00 {name}");
            assert_eq!(read(&written, "Asia/Shanghai"), Err(Problem::Abbreviation(name.to_owned())), "{name}");
        }
        assert_eq!(read("2026-12-05 8:00 PM", "Asia/Shanghai"), Err(Problem::Time));
        assert_eq!(zone("nowhere").err(), Some(Problem::UnknownZone(None)));
        for (name, full) in [("Shanghai", "Asia/Shanghai"), ("new york", "America/New_York"), ("tokyo", "Asia/Tokyo")] {
            assert_eq!(zone(name).err(), Some(Problem::UnknownZone(Some(full.to_owned()))), "{name}");
        }
    }
}
