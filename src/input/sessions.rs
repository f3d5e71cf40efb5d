//! Reads a freeze that is drawn from the trading days of a market: `[sessions]`.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};

use super::problem::Problem;
use super::tree::{Table, Value};
use crate::domain::{ClosedPeriods, Invalid, Known};
use crate::venue::{Drawing, Hours, MERGE_GAP, Venue, VenueError};

/// The most minutes of a gap, and of the time around a session: a day.
const MINUTES: u64 = 1440;

/// Until when the periods are known, and the periods that the table draws.
pub fn read_sessions(table: Table<'_, '_>) -> Option<(Known, ClosedPeriods)> {
    let drawing = read_drawing(&table);
    let drawn = drawing.and_then(|drawing| {
        let periods = drawing.periods().map_err(|error| report(&table, &drawing, error)).ok()?;
        Some((Known::Until(drawing.known_until()), ClosedPeriods::new(periods).ok()?))
    });
    table.finish();
    drawn
}

fn read_drawing(table: &Table<'_, '_>) -> Option<Drawing> {
    let venue = table.required("venue").and_then(|value| read_venue(&value));
    let year = table.required("year").and_then(|_| table.number("year"));
    let (day, night) = (read_hours(table, "day"), read_hours(table, "night"));
    let no_night = read_dates(table);
    let merge_gap = read_minutes(table, "merge_gaps_minutes", MERGE_GAP);
    let (before, after) = (read_minutes(table, "before_minutes", 0), read_minutes(table, "after_minutes", 0));
    if day.as_ref().ok()?.is_some_and(|hours| hours.until <= hours.from) {
        table.get("day")?.fault(Invalid::PeriodOrder);
        return None;
    }
    Some(Drawing {
        venue: venue?,
        // Years that are too large are not published either.
        year: i32::try_from(year?).unwrap_or(i32::MAX - 1),
        day: day.ok()?,
        night: night.ok()?,
        no_night: no_night?,
        merge_gap: merge_gap?,
        before: before?,
        after: after?,
    })
}

fn read_venue(value: &Value<'_, '_>) -> Option<Venue> {
    let mic = value.text(|text| Ok(text.to_owned()))?;
    Venue::named(&mic).map_err(|error| value.fault(error)).ok()
}

/// The hours under a key, if they are there; an error if they have a fault, which is reported.
fn read_hours(table: &Table<'_, '_>, key: &'static str) -> Result<Option<Hours>, ()> {
    if table.get(key).is_none() {
        return Ok(None);
    }
    let hours = table.table(key).ok_or(())?;
    let [from, until] = ["from", "until"].map(|key| hours.required(key).and_then(|value| read_clock(&value)));
    hours.finish();
    let (from, until) = from.zip(until).ok_or(())?;
    Ok(Some(Hours { from, until }))
}

fn read_clock(value: &Value<'_, '_>) -> Option<NaiveTime> {
    let written = value.time()?;
    let read = ["%H:%M", "%H:%M:%S"].iter().find_map(|form| NaiveTime::parse_from_str(&written, form).ok());
    if read.is_none() {
        value.fault(Problem::Clock);
    }
    read
}

fn read_dates(table: &Table<'_, '_>) -> Option<BTreeSet<NaiveDate>> {
    let values = table.get("no_night").map(Value::items).unwrap_or_default();
    let read = |value: &Value<'_, '_>| {
        let date = NaiveDate::parse_from_str(&value.time()?, "%Y-%m-%d");
        date.map_err(|_| value.fault(Problem::Date)).ok()
    };
    let dates: Vec<Option<NaiveDate>> = values.iter().map(read).collect();
    dates.into_iter().collect()
}

/// Minutes in seconds.
fn read_minutes(table: &Table<'_, '_>, key: &'static str, otherwise: i64) -> Option<i64> {
    let Some(value) = table.get(key) else { return Some(otherwise) };
    let minutes = table.number(key)?;
    if minutes > MINUTES {
        value.fault(Problem::Minutes);
        return None;
    }
    Some(i64::try_from(minutes).ok()? * 60)
}

/// Reports an error of the calendar where it can be fixed.
fn report(table: &Table<'_, '_>, drawing: &Drawing, error: VenueError) {
    let key = match &error {
        VenueError::NotTraded { .. } => "no_night",
        VenueError::Clocks { local, .. } => {
            let ends = |hours: Hours| hours.from == local.time() || hours.until == local.time();
            if drawing.day.is_some_and(ends) { "day" } else { "night" }
        }
        VenueError::Unknown { .. } | VenueError::NotPublished { .. } => "year",
    };
    table.get(key).into_iter().for_each(|value| value.fault(error.clone()));
}

#[cfg(test)]
mod tests {
    use crate::input::{Fault, read_freeze};

    fn faults(sessions: &str) -> Vec<String> {
        let text = format!("name = 'night'\nexception_group = 'duty'\n[sessions]\n{sessions}");
        read_freeze(&text).unwrap_err().iter().map(Fault::to_string).collect()
    }

    #[test]
    fn every_fault_of_the_sessions_is_found_at_once() {
        let found = faults(
            "venue = 'XSHF'\nyear = 'soon'\nday = { from = '9', untill = '15:00' }\nnight = { from = '21:00' }\n\
             no_night = ['2026-02-30']\nmerge_gaps_minutes = 1441\nbefore = 5\n",
        );
        let expected = [
            "4: sessions.venue: no calendar of venue XSHF (did you mean XSHG?); known: XSHG, XSHE, XHKG, XNYS, XLON",
            "5: sessions.year: expected an integer, found a string",
            "6: sessions.day.from: not a time of day: write 21:00",
            "6: sessions.day.until: required, but missing or empty",
            "6: sessions.day.untill: unknown key; did you mean until?",
            "7: sessions.night.until: required, but missing or empty",
            "8: sessions.no_night[1]: not a date: write 2026-02-13",
            "9: sessions.merge_gaps_minutes: at most 1440 minutes, which are a day",
            "10: sessions.before: unknown key",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_year_that_is_not_published_is_refused() {
        let found = faults("venue = 'XSHG'\nyear = 2027\nnight = { from = '21:00', until = '02:30' }\n");
        let published = "the trading days of XSHG in 2027 are not known: they are published up to 2026-12-31";
        assert_eq!(found, [format!("5: sessions.year: {published}")]);
        assert_eq!(faults("venue = 'XSHG'\nyear = 99999999999\n").len(), 1);
    }

    #[test]
    fn a_day_ends_after_it_begins_and_no_evening_is_without_a_trading_day() {
        let found = faults("venue = 'XSHG'\nyear = 2026\nday = { from = '15:00', until = '09:00' }\n");
        assert_eq!(found, ["6: sessions.day: the period ends before it begins, or at that moment"]);
        let found = faults("venue = 'XSHG'\nyear = 2026\nno_night = ['2026-02-15']\n");
        assert_eq!(found, ["6: sessions.no_night: 2026-02-15 is no trading day of XSHG"]);
    }

    #[test]
    fn sessions_take_the_place_of_periods() {
        let text = "name = 'night'\nexception_group = 'duty'\nknown_until = 'complete'\nzone = 'UTC'\nperiods = []\n\
            [sessions]\nvenue = 'XSHG'\nyear = 2026\n";
        let found: Vec<String> = read_freeze(text).unwrap_err().iter().map(Fault::to_string).collect();
        let instead = "leave it out, or leave out [sessions], which says it too";
        let expected = [(3, "known_until"), (4, "zone"), (5, "periods")];
        assert_eq!(found, expected.map(|(line, key)| format!("{line}: {key}: {instead}")));
    }
}
