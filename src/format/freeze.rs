//! Encoding of freezes: the fields in a body, and the periods in a data part.

use super::Defect;
use super::governance::{put_words, take_words};
use super::lines::{Reader, Writer};
use crate::domain::{
    Action, ClosedPeriod, ClosedPeriods, Event, FreezeName, Invalid, LiftFreeze, Scope, SetFreeze, Terms,
};

/// The value of the line that lets the person who opened a freeze open another one.
const AGAIN: &str = "allowed";

/// Encodes a proposal to set a freeze, all but its periods.
pub fn write_set(out: &mut Writer, it: &SetFreeze) {
    let SetFreeze { name, replaces, terms: Terms { scope, except_kinds, except_tags, group, known, .. } } = it;
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
    out.put("known-until", known);
}

/// Decodes a proposal to set a freeze. The data part has its periods.
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
    let terms = Terms {
        scope,
        except_kinds: take_words(lines, "except-kind")?,
        except_tags: lines.parse_all("except-tag", str::parse)?,
        group: lines.parse("exception-group")?,
        known: lines.parse("known-until")?,
        periods: ClosedPeriods::default(),
    };
    Ok(Action::SetFreeze(Box::new(SetFreeze { name, replaces, terms })))
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
    out.put_all("period", periods.as_slice());
}

/// Decodes closed periods, at least one.
///
/// # Errors
/// A defect of the grammar.
pub fn read_periods(lines: &mut Reader<'_>) -> Result<ClosedPeriods, Defect> {
    let first: ClosedPeriod = lines.parse("period")?;
    let mut periods = vec![first];
    periods.extend(lines.parse_all::<ClosedPeriod, Vec<_>>("period", str::parse)?);
    ClosedPeriods::new(periods).map_err(|invalid| lines.defect("period", invalid))
}
