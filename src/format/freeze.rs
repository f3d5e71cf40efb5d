//! Encoding of freezes and calendars: the fields in a body, and the periods in a data part.

use super::Defect;
use super::governance::{put_words, take_words};
use super::lines::{Reader, Writer};
use crate::domain::{
    Action, ClosedPeriod, ClosedPeriods, Event, FreezeName, Invalid, Known, LiftFreeze, Reserved, Scope, SetCalendar,
    SetFreeze, Terms,
};

/// The value of the line that lets the person who opened a freeze open another one.
const AGAIN: &str = "allowed";

/// Encodes a proposal to set a freeze, all but its periods.
pub fn write_set(out: &mut Writer, it: &SetFreeze) {
    let SetFreeze { name, replaces, terms } = it;
    let Terms { scope, except_kinds, except_tags, group, calendar, known, .. } = terms;
    out.put("freeze", name);
    out.put_all("replaces", *replaces);
    put_words(out, "when-kind", &scope.kinds);
    put_words(out, "when-risk", &scope.risks);
    out.put_all("service", &scope.services);
    out.put_all("environment", &scope.environments);
    out.put_all("tag", &scope.tags);
    put_words(out, "except-kind", except_kinds);
    out.put_all("except-tag", except_tags);
    out.put("exception-group", group);
    match calendar {
        Some(calendar) => out.put("calendar", calendar),
        None => out.put("known-until", known),
    }
}

/// Decodes a proposal to set a freeze. The data part has its periods, unless it refers to a calendar.
///
/// # Errors
/// A defect of the grammar.
pub fn read_set(lines: &mut Reader<'_>) -> Result<Action, Defect> {
    let name = lines.parse_with("freeze", FreezeName::from_proposal)?;
    let replaces = if lines.next_is("replaces") { Some(lines.parse("replaces")?) } else { None };
    let scope = Scope {
        kinds: take_words(lines, "when-kind")?,
        risks: take_words(lines, "when-risk")?,
        services: lines.parse_all("service", str::parse)?,
        environments: lines.parse_all("environment", str::parse)?,
        tags: lines.parse_all("tag", str::parse)?,
    };
    let (except_kinds, except_tags) = (take_words(lines, "except-kind")?, lines.parse_all("except-tag", str::parse)?);
    let group = lines.parse("exception-group")?;
    let (calendar, known) = match lines.next_is("calendar") {
        true => (Some(lines.parse("calendar")?), Known::Complete),
        false => (None, lines.parse("known-until")?),
    };
    let periods = ClosedPeriods::default();
    let terms = Terms { scope, except_kinds, except_tags, group, calendar, known, periods };
    Ok(Action::SetFreeze(Box::new(SetFreeze { name, replaces, terms })))
}

/// Encodes a proposal to set a calendar, all but its periods.
pub fn write_calendar(out: &mut Writer, SetCalendar { name, replaces, known, .. }: &SetCalendar) {
    out.put("calendar", name);
    out.put_all("replaces", *replaces);
    out.put("known-until", known);
}

/// Decodes a proposal to set a calendar. The data part has its periods.
///
/// # Errors
/// A defect of the grammar.
pub fn read_calendar(lines: &mut Reader<'_>) -> Result<Action, Defect> {
    let name = lines.parse("calendar")?;
    let replaces = if lines.next_is("replaces") { Some(lines.parse("replaces")?) } else { None };
    let (known, periods) = (lines.parse("known-until")?, ClosedPeriods::default());
    Ok(Action::SetCalendar(SetCalendar { name, replaces, known, periods }))
}

/// Encodes a proposal to end a freeze.
pub fn write_lift(out: &mut Writer, it: &LiftFreeze) {
    out.put("freeze", &it.name);
    out.put("replaces", it.replaces);
    if it.again {
        out.put("again", AGAIN);
    }
}

/// Decodes a proposal to end a freeze.
///
/// # Errors
/// A defect of the grammar.
pub fn read_lift(lines: &mut Reader<'_>) -> Result<Action, Defect> {
    let (name, replaces) = (lines.parse("freeze")?, lines.parse("replaces")?);
    let again = lines.next_is("again");
    if again {
        lines.parse_with("again", |value| if value == AGAIN { Ok(()) } else { Err(Invalid::Again) })?;
    }
    Ok(Action::LiftFreeze(LiftFreeze { name, replaces, again }))
}

/// Decodes a freeze that one person opens.
///
/// # Errors
/// A defect of the grammar.
pub fn read_now(lines: &mut Reader<'_>) -> Result<Event, Defect> {
    let services = lines.parse_all("service", str::parse)?;
    Ok(Event::FreezeNow { services, until: lines.parse("until")? })
}

/// Encodes closed periods.
pub fn write_periods(out: &mut Writer, periods: &ClosedPeriods) {
    for period in periods.as_slice() {
        let (from, until, name) = (period.from(), period.until(), period.name());
        match period.reserved() {
            Some(Reserved { tag, restored_by }) => {
                out.put("reserved", format_args!("{from} {until} {tag} {restored_by} {name}"));
            }
            None => out.put("period", format_args!("{from} {until} {name}")),
        }
    }
}

/// Decodes closed periods, at least one.
///
/// # Errors
/// A defect of the grammar.
pub fn read_periods(lines: &mut Reader<'_>) -> Result<ClosedPeriods, Defect> {
    let mut periods = Vec::new();
    loop {
        periods.push(match lines.next_is("reserved") {
            true => lines.parse_with("reserved", read_reserved)?,
            false => lines.parse_with("period", read_period)?,
        });
        if !lines.next_is("reserved") && !lines.next_is("period") {
            break;
        }
    }
    ClosedPeriods::new(periods).map_err(|invalid| lines.defect("period", invalid))
}

fn read_period(value: &str) -> Result<ClosedPeriod, Invalid> {
    let mut parts = value.splitn(3, ' ');
    let mut part = || parts.next().unwrap_or("");
    ClosedPeriod::new(part().parse()?, part().parse()?, part().parse()?)
}

fn read_reserved(value: &str) -> Result<ClosedPeriod, Invalid> {
    let mut parts = value.splitn(5, ' ');
    let mut part = || parts.next().unwrap_or("");
    let (from, until) = (part().parse()?, part().parse()?);
    let reserved = Reserved { tag: part().parse()?, restored_by: part().parse()? };
    ClosedPeriod::new(from, until, part().parse()?)?.for_only(reserved)
}
