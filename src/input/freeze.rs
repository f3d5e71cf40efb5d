//! Reads freezes and calendars from TOML.

use super::fault::Fault;
use super::problem::Problem;
use super::sessions::read_sessions;
use super::times;
use super::tree::{Source, Table, Value};
use crate::domain::{
    CalendarName, ClosedPeriod, ClosedPeriods, FreezeName, Group, Invalid, Known, Line, Prose, Reserved, Scope, Terms,
    Time,
};
use crate::zone::Zone;

/// A valid draft of a freeze.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreezeDraft {
    /// Its name.
    pub name: FreezeName,
    /// What it says.
    pub terms: Terms,
    /// The calendar to which it refers; the terms then have no periods.
    pub calendar: Option<CalendarName>,
    /// Why it is proposed.
    pub reason: Option<Prose>,
}

/// A valid draft of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarDraft {
    /// Its name.
    pub name: CalendarName,
    /// Until when its periods are known.
    pub known: Known,
    /// The closed periods.
    pub periods: ClosedPeriods,
    /// Why it is proposed.
    pub reason: Option<Prose>,
}

/// Reads a freeze.
///
/// # Errors
/// Every fault of the file, in the order of lines. If there are syntax errors, only those.
pub fn read_freeze(text: &str) -> Result<FreezeDraft, Vec<Fault>> {
    read_all(text, read)
}

/// Reads a calendar.
///
/// # Errors
/// As [`read_freeze`].
pub fn read_calendar(text: &str) -> Result<CalendarDraft, Vec<Fault>> {
    read_all(text, read_calendar_draft)
}

/// Reads a file of one kind.
///
/// # Errors
/// As [`read_freeze`].
pub(super) fn read_all<D>(text: &str, read: impl FnOnce(Table<'_, '_>) -> Option<D>) -> Result<D, Vec<Fault>> {
    let source = Source::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let parsed = source.parse();
    let draft = read(Table::root(&source, parsed.get_ref()));
    let faults = source.finish();
    // A syntax error hides fields, which would be reported as missing.
    let syntax: Vec<Fault> = faults.iter().filter(|it| it.problem.is_syntax()).cloned().collect();
    match draft {
        _ if !syntax.is_empty() => Err(syntax),
        Some(draft) if faults.is_empty() => Ok(draft),
        _ => Err(faults),
    }
}

fn read(root: Table<'_, '_>) -> Option<FreezeDraft> {
    let name = root.required("name").and_then(|value| value.text(FreezeName::from_proposal));
    let reason = root.prose("reason");
    let group: Option<Group> = root.required_word("exception_group");
    let scope = root.table("scope").map(read_scope).unwrap_or_default();
    let (except_kinds, except_tags) = root.table("except").map_or_else(Default::default, |table| {
        let found = (table.words("kind"), table.words("tag"));
        table.finish();
        found
    });
    let (calendar, schedule) = match root.get("calendar") {
        Some(value) => (Some(read_reference(&root, &value)), Some((Known::Complete, ClosedPeriods::default()))),
        None => (None, read_schedule(&root)),
    };
    root.finish();
    let (known, periods) = schedule?;
    let terms = Terms { scope, except_kinds, except_tags, group: group?, calendar: None, known, periods };
    let calendar = match calendar {
        Some(found) => Some(found?),
        None => None,
    };
    Some(FreezeDraft { name: name?, terms, calendar, reason })
}

/// The calendar to which a freeze refers instead of having periods of its own.
fn read_reference(root: &Table<'_, '_>, value: &Value<'_, '_>) -> Option<CalendarName> {
    let others = ["known_until", "zone", "periods", "sessions"].into_iter().filter_map(|key| root.get(key));
    let others = others.map(|value| value.fault(Problem::InCalendar)).count();
    value.text(str::parse).filter(|_| others == 0)
}

fn read_calendar_draft(root: Table<'_, '_>) -> Option<CalendarDraft> {
    let name = root.required_word("name");
    let reason = root.prose("reason");
    let schedule = read_schedule(&root);
    root.finish();
    let (known, periods) = schedule?;
    Some(CalendarDraft { name: name?, known, periods, reason })
}

fn read_scope(table: Table<'_, '_>) -> Scope {
    let scope = Scope {
        kinds: table.words("kind"),
        risks: table.words("risk"),
        services: table.words("service"),
        environments: table.words("environment"),
        tags: table.words("tag"),
    };
    table.finish();
    scope
}

/// Until when the closed periods are known, and the periods: as they are written, or drawn from `[sessions]`.
fn read_schedule(root: &Table<'_, '_>) -> Option<(Known, ClosedPeriods)> {
    if let Some(sessions) = root.table("sessions") {
        let others = ["known_until", "zone", "periods"].into_iter().filter_map(|key| root.get(key));
        let others = others.map(|value| value.fault(Problem::InSessions)).count();
        return read_sessions(sessions).filter(|_| others == 0);
    }
    let zone = read_zone(root);
    // Beside a wrong zone, whose fault is reported, times are read in UTC to find their other faults.
    let times_in = zone.clone().unwrap_or_else(|()| Some(Zone::utc()));
    let known = root.required("known_until").and_then(|value| read_known(&value, times_in.as_ref()));
    let periods = read_periods(root, known, times_in.as_ref());
    known.zip(periods).filter(|_| zone.is_ok())
}

/// The zone of local times, if there is one; an error if it is unknown, and its fault is reported.
pub(super) fn read_zone(root: &Table<'_, '_>) -> Result<Option<Zone>, ()> {
    let Some(value) = root.get("zone") else { return Ok(None) };
    let Some(name) = value.text(|text| Ok(text.to_owned())) else { return Err(()) };
    times::zone(&name).map(Some).map_err(|problem| value.fault(problem))
}

fn read_known(value: &Value<'_, '_>, zone: Option<&Zone>) -> Option<Known> {
    let written = value.time()?;
    if written == Known::Complete.to_string() {
        return Some(Known::Complete);
    }
    times::time(&written, zone).map(Known::Until).map_err(|problem| value.fault(problem)).ok()
}

fn read_periods(root: &Table<'_, '_>, known: Option<Known>, zone: Option<&Zone>) -> Option<ClosedPeriods> {
    let (mut periods, mut last) = (Vec::new(), None::<Time>);
    for table in root.tables("periods") {
        let name: Option<Line> = table.required_line("name");
        let bounds = [table.required("from"), table.required("until")];
        let time =
            |value: &Value<'_, '_>| times::time(&value.time()?, zone).map_err(|problem| value.fault(problem)).ok();
        let [from, until] = [0, 1].map(|at| bounds.get(at).and_then(|it| it.as_ref()).and_then(time));
        let fault = |at: usize, invalid: Invalid| {
            bounds.get(at).and_then(|it| it.as_ref()).into_iter().for_each(|value| value.fault(invalid.clone()));
        };
        if from.zip(last).is_some_and(|(from, last)| from < last) {
            fault(0, Invalid::ClosedOrder);
        }
        if until.zip(known.and_then(Known::until)).is_some_and(|(until, known)| until > known) {
            fault(1, Invalid::ClosedUnknown);
        }
        let reserved = read_reserved(&table, zone, from);
        table.finish();
        last = until.or(last);
        let Some(((from, until), name)) = from.zip(until).zip(name) else { continue };
        match ClosedPeriod::new(from, until, name) {
            // A fault of what it is reserved for is reported.
            Ok(period) => periods.extend(reserved.map_or(Ok(period.clone()), |it| period.for_only(it))),
            Err(invalid) => fault(1, invalid),
        }
    }
    root.require_items("periods");
    ClosedPeriods::new(periods).ok()
}

/// For which changes a period that begins at `from` is reserved: both fields or neither.
fn read_reserved(table: &Table<'_, '_>, zone: Option<&Zone>, from: Option<Time>) -> Option<Reserved> {
    if table.get("reserved").is_none() && table.get("restored_by").is_none() {
        return None;
    }
    let (tag, value) = (table.required_word("reserved"), table.required("restored_by")?);
    let restored_by = times::time(&value.time()?, zone).map_err(|problem| value.fault(problem)).ok()?;
    if from.is_some_and(|from| restored_by <= from) {
        value.fault(Invalid::RestoredBy);
    }
    Some(Reserved { tag: tag?, restored_by })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREEZE: &str = "name = 'month-end'\nexception_group = 'finance'\nknown_until = 'complete'\n\
        zone = 'Asia/Shanghai'\nscope = { service = 'ledger', risk = ['high'] }\nexcept = { tag = 'text-only' }\n\
        [[periods]]\nname = 'December'\nfrom = '2026-12-30 18:00'\nuntil = '2027-01-04 09:00'\n";

    #[test]
    fn a_freeze_is_read_with_local_times_in_utc() {
        let draft = read_freeze(FREEZE).unwrap();
        let periods: Vec<String> = draft.terms.periods.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(periods, ["2026-12-30T10:00:00Z 2027-01-04T01:00:00Z December"]);
        assert_eq!((draft.name.as_str(), draft.terms.known), ("month-end", Known::Complete));
        assert_eq!((draft.terms.scope.services.len(), draft.terms.except_tags.len()), (1, 1));
    }

    #[test]
    fn every_fault_of_a_freeze_is_found_at_once() {
        let text = "name = 'now-7'\nknown_until = '2026-12-05T00:00:00Z'\nexeption_group = 'finance'\n\
            scope = { services = ['ledger'] }\nexcept = { tag = 'Text' }\nperiods = [\n\
            { name = 'one', from = '2026-12-01T00:00:00Z', until = '2026-12-03T00:00:00Z' },\n\
            { name = 'two', from = '2026-12-02T00:00:00Z', until = '2026-12-06T00:00:00Z' },\n\
            { name = '', from = '2026-12-07 10:00' },\n\
            { name = 'four', from = '2026-12-08T00:00:00Z', until = '2026-12-08T00:00:00Z' },\n]\n";
        let faults = read_freeze(text).unwrap_err();
        let mut found: Vec<(usize, &str)> = faults.iter().map(|it| (it.line, it.field.as_str())).collect();
        found.sort_unstable();
        let expected = [
            (0, "exception_group"),
            (1, "name"),
            (3, "exeption_group"),
            (4, "scope.services"),
            (5, "except.tag"),
            (8, "periods[2].from"),
            (8, "periods[2].until"),
            (9, "periods[3].from"),
            (9, "periods[3].name"),
            (9, "periods[3].until"),
            (10, "periods[4].until"),
            (10, "periods[4].until"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn until_when_a_calendar_is_known_must_be_said() {
        let faults = |text: &str| {
            let faults = read_freeze(text).unwrap_err();
            faults.iter().map(|it| format!("{}: {}", it.line, it.field)).collect::<Vec<String>>()
        };
        assert_eq!(faults(&FREEZE.replace("known_until = 'complete'\n", "")), ["0: known_until"]);
        assert_eq!(faults(&FREEZE.replace("'complete'", "'forever'")), ["3: known_until"]);
        assert_eq!(faults(&FREEZE.replace("Asia/Shanghai", "Asia/Shangai")), ["4: zone"]);
        let without = FREEZE.split("[[periods]]").next().unwrap();
        assert_eq!(faults(without), ["0: periods"]);
    }

    #[test]
    fn a_wrong_zone_hides_no_fault_of_a_time() {
        let wrong = FREEZE.replace("Asia/Shanghai", "Asia/Shangai").replace("2026-12-30 18:00", "30.12.2026");
        let wrong = wrong.replace("'complete'", "'2026-12-20'").replace("2027-01-04 09:00", "2027-01-04 25:00");
        let faults = read_freeze(&wrong).unwrap_err();
        let found: Vec<(usize, &str)> = faults.iter().map(|it| (it.line, it.field.as_str())).collect();
        assert_eq!(found, [(3, "known_until"), (4, "zone"), (9, "periods[1].from"), (10, "periods[1].until")]);
    }

    #[test]
    fn the_hour_that_clocks_skip_or_repeat_is_refused() {
        let in_new_york = FREEZE.replace("Asia/Shanghai", "America/New_York");
        for (from, problem) in [("2026-11-01 01:30", "occurs twice"), ("2026-03-08 02:30", "does not exist")] {
            let faults = read_freeze(&in_new_york.replace("2026-12-30 18:00", from)).unwrap_err();
            assert!(faults.len() == 1 && faults[0].to_string().contains(problem), "{faults:?}");
            assert_eq!((faults[0].line, faults[0].field.as_str()), (9, "periods[1].from"));
        }
    }
}
