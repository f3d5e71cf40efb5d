//! Reads a rota: a CSV file with one line for each period in which somebody has a role or belongs to a group.

use std::collections::BTreeMap;
use std::ops::Range;

use super::fault::Fault;
use super::problem::Problem;
use super::times::time;
use crate::domain::{Grants, Period, Periods, PersonId, Time};

/// The first line of a rota.
pub const ROTA_HEADER: &str = "person,grant,from,until";

const PERSON: usize = 0;
const GRANT: usize = 1;
const FROM: usize = 2;
const UNTIL: usize = 3;

/// Reads a rota. The result has each person's periods, those that overlap or touch joined.
///
/// # Errors
/// Every fault of the file, in the order of lines.
pub fn read_rota(text: &str) -> Result<BTreeMap<PersonId, Grants>, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = (1..).zip(text.lines());
    let mut faults = Vec::new();
    let header = lines.next().map_or(String::new(), |(_, line)| cells(line).join(","));
    if header != ROTA_HEADER {
        faults.push(Fault::at(text, 0..text.find('\n').unwrap_or(text.len()), "", header_fault()));
    }
    let mut rota: BTreeMap<PersonId, Grants> = BTreeMap::new();
    let mut shifts = 0;
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        shifts += 1;
        match read_shift(line, text) {
            Ok((person, grants)) => rota.entry(person).or_default().add(&grants),
            Err(found) => faults.extend(found),
        }
    }
    if shifts == 0 {
        faults.push(Fault::of_file("", Problem::Missing));
    }
    faults.sort_by_key(|it| it.line);
    if faults.is_empty() { Ok(rota) } else { Err(faults) }
}

fn header_fault() -> Problem {
    Problem::Header { expected: ROTA_HEADER }
}

/// The bytes of a cell in its line, without the spaces around it.
fn span_of(text: &str, cell: usize) -> Range<usize> {
    let begin: usize = text.split(',').take(cell).map(|it| it.len() + 1).sum();
    let whole = text.split(',').nth(cell).unwrap_or_default();
    let begin = begin + whole.len() - whole.trim_start().len();
    begin..begin + whole.trim().len()
}

fn cells(line: &str) -> Vec<&str> {
    line.split(',').map(str::trim).collect()
}

fn read_shift(line: usize, text: &str) -> Result<(PersonId, Grants), Vec<Fault>> {
    let [person, grant, from, until] = cells(text)[..] else {
        return Err(vec![Fault::in_line(line, text, 0..text.len(), "", header_fault())]);
    };
    let fault = |column: usize, problem: Problem| {
        let name = ROTA_HEADER.split(',').nth(column).unwrap_or_default();
        Fault::in_line(line, text, span_of(text, column), name, problem)
    };
    let mut faults = Vec::new();
    let person = person.parse::<PersonId>().map_err(|it| faults.push(fault(PERSON, it.into())));
    let bounds = (bound(from), bound(until));
    let period = match bounds {
        (Ok(from), Ok(until)) => Period::new(from, until).map_err(|it| faults.push(fault(UNTIL, it.into()))),
        (from, until) => {
            faults.extend(from.err().map(|problem| fault(FROM, problem)));
            faults.extend(until.err().map(|problem| fault(UNTIL, problem)));
            Err(())
        }
    };
    let periods = Periods::from(period.unwrap_or(Period::PERMANENT));
    let granted = granted(grant, periods).map_err(|problem| faults.push(fault(GRANT, problem)));
    match (person, granted) {
        (Ok(person), Ok(grants)) if faults.is_empty() => Ok((person, grants)),
        _ => Err(faults),
    }
}

/// A beginning or an end; empty if there is none.
fn bound(text: &str) -> Result<Option<Time>, Problem> {
    if text.is_empty() { Ok(None) } else { time(text, None).map(Some) }
}

/// `approver` is a role, `group dba` a group.
fn granted(grant: &str, periods: Periods) -> Result<Grants, Problem> {
    let mut grants = Grants::default();
    match grant.strip_prefix("group ") {
        Some(group) => _ = grants.groups.insert(group.trim().parse()?, periods),
        None => _ = grants.roles.insert(grant.parse()?, periods),
    }
    Ok(grants)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_with_its_shifts_joined() {
        let text = "\u{feff}person,grant,from,until\r\n\
                    carol,group duty,2026-12-01T09:00+08:00,2026-12-08T09:00+08:00\r\n\
                    dave, group duty, 2026-12-08T09:00+08:00, 2026-12-15T09:00+08:00\r\n\
                    carol,group duty,2026-12-08T01:00:00Z,2026-12-09T01:00:00Z\n\n\
                    carol,approver,,2026-12-31T00:00:00Z\n";
        let rota = read_rota(text).unwrap();
        let groups = |person: &str| {
            let grants = &rota[&person.parse::<PersonId>().unwrap()];
            grants.groups.values().flat_map(Periods::iter).map(|it| it.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(groups("carol"), ["2026-12-01T01:00:00Z 2026-12-09T01:00:00Z"]);
        assert_eq!(groups("dave"), ["2026-12-08T01:00:00Z 2026-12-15T01:00:00Z"]);
        assert_eq!(rota[&"carol".parse::<PersonId>().unwrap()].roles.len(), 1);
    }

    #[test]
    fn every_fault_of_a_rota_is_found_at_once() {
        let text = "person;grant;from;until\n\
                    Carol,king,tomorrow,2026-12-01\n\
                    carol,approver\n\
                    carol,approver,2026-12-02T00:00:00Z,2026-12-01T00:00:00Z\n\
                    carol,group Dba,,\n";
        let found = read_rota(text).unwrap_err();
        let found: Vec<(usize, &str)> = found.iter().map(|fault| (fault.line, fault.field.as_str())).collect();
        let expected =
            [(1, ""), (2, "person"), (2, "from"), (2, "until"), (2, "grant"), (3, ""), (4, "until"), (5, "grant")];
        assert_eq!(found, expected);
        for empty in ["", "person,grant,from,until\n", "person,grant,from,until\n\n \n"] {
            assert!(read_rota(empty).is_err(), "{empty:?}");
        }
    }
}
