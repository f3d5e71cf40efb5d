//! Reads a list of the staff: who is there, and who has left.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::fault::Fault;
use super::problem::Problem;
use super::sheet::read_csv;
use super::times;
use crate::domain::{PersonId, Time};
use crate::zone::Zone;

/// A list of the staff.
pub type Staff = BTreeMap<PersonId, Employed>;

/// Somebody in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Employed {
    /// From when on they are gone.
    pub left: Option<Time>,
}

impl Employed {
    /// Whether they have left by now.
    pub fn has_left(self, now: Time) -> bool {
        self.left.is_some_and(|left| left <= now)
    }
}

/// Reads a list in CSV with the columns `person` and `left`. A day is over at its end, in the zone, or in UTC.
///
/// # Errors
/// Every fault of the file.
pub fn read_staff(text: &str, zone: Option<&Zone>) -> Result<Staff, Vec<Fault>> {
    let sheet = read_csv(text)?;
    let (person, left) = match (sheet.column("person"), sheet.column("left")) {
        (Ok(person), Ok(left)) => (person, left),
        (person, left) => return Err(person.err().into_iter().chain(left.err()).flatten().collect()),
    };
    let (mut staff, mut faults) = (Staff::new(), Vec::new());
    for (line, row) in &sheet.rows {
        let mut fault = |field, problem| faults.push(Fault { line: *line, ..Fault::of_file(field, problem) });
        match (row[person].parse::<PersonId>(), day_or_time(&row[left], zone)) {
            (Ok(id), Ok(left)) => {
                if staff.insert(id, Employed { left }).is_some() {
                    fault("person", Problem::Twice(row[person].clone()));
                }
            }
            (id, left) => {
                id.err().into_iter().for_each(|invalid| fault("person", invalid.into()));
                left.err().into_iter().for_each(|problem| fault("left", problem));
            }
        }
    }
    if faults.is_empty() { Ok(staff) } else { Err(faults) }
}

/// The time at which somebody left; `None` if they have not.
fn day_or_time(written: &str, zone: Option<&Zone>) -> Result<Option<Time>, Problem> {
    if written.is_empty() {
        return Ok(None);
    }
    match NaiveDate::parse_from_str(written, "%Y-%m-%d") {
        Ok(day) => {
            let utc = Zone::utc();
            let after = day.succ_opt().and_then(|after| zone.unwrap_or(&utc).day_begins(after));
            after.map(Some).ok_or(Problem::Date)
        }
        Err(_) => times::time(written, zone).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_has_left_at_the_end_of_their_last_day() {
        let text = "name,person,left\nAnn,ann,\nBo,bo,2026-11-30\nCy,cy,2026-11-30T08:00:00Z\n";
        let staff = read_staff(text, Zone::named("Asia/Shanghai").as_ref()).unwrap();
        let left = |id: &str| staff[&id.parse::<PersonId>().unwrap()].left.map(|it| it.to_string());
        assert_eq!(left("ann"), None);
        assert_eq!(left("bo").as_deref(), Some("2026-11-30T16:00:00Z"));
        assert_eq!(left("cy").as_deref(), Some("2026-11-30T08:00:00Z"));
    }

    #[test]
    fn no_list_is_read_with_a_wrong_line() {
        let faults = |text: &str| {
            let found = read_staff(text, None).unwrap_err();
            found.iter().map(|it| format!("{}:{}", it.line, it.field)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(faults("person,since\nann,\n"), "0:left");
        assert_eq!(faults("id\nann\n"), "0:person 0:left");
        assert_eq!(faults("person,left\nAnn Lee,soon\nbo,\nbo,\n"), "2:person 2:left 4:person");
    }
}
