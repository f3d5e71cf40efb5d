//! Reads lists of services in TOML and CSV. [`super::catalog`] reads those of Backstage.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::fault::Fault;
use super::problem::Problem;
use super::sheet::{MOST_FAULTS, read_csv};
use super::tree::{Source, Table};
use crate::domain::{Environment, Group, Invalid, Line, PersonId, Service, ServiceId, ServiceKind, Tier};

/// A service of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its line in the file.
    pub line: usize,
    /// What the list says of it.
    pub service: Service,
}

/// A list of services.
pub type Listing = BTreeMap<ServiceId, Listed>;

/// What holds for services of which the list does not say it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Otherwise {
    /// Who answers for them.
    pub owner: Option<PersonId>,
    /// The group that runs them.
    pub team: Option<Group>,
    /// Their tier.
    pub tier: Option<Tier>,
    /// Their environment.
    pub environment: Option<Environment>,
}

/// The columns of a list in CSV. Several values in a cell are separated by spaces. All but `id` may be missing.
pub const SERVICE_COLUMNS: [&str; 10] =
    ["id", "name", "owner", "team", "tier", "kind", "environment", "tags", "depends_on", "hours"];

/// The kind of a service of which the list says none.
const KIND: &str = "service";

/// Reads `[[service]]` tables.
///
/// # Errors
/// Every fault of the file.
pub fn read_services_toml(text: &str, otherwise: &Otherwise) -> Result<Listing, Vec<Fault>> {
    let source = Source::new(text);
    let parsed = source.parse();
    let root = Table::root(&source, parsed.get_ref());
    let mut listing = Listing::new();
    root.require_items("service");
    for table in root.tables("service") {
        let (id, line) = (table.required_word::<ServiceId>("id"), table.line());
        let service = read_table(&table, id.as_ref(), otherwise);
        if let Some(id) = id.filter(|id| listing.contains_key(id)) {
            table.fault("id", Problem::Twice(id.to_string()));
        } else if let (Some(id), Some(service)) = (table.word("id"), service) {
            listing.insert(id, Listed { line, service });
        }
        table.finish();
    }
    root.finish();
    let faults = source.finish();
    if faults.is_empty() { Ok(listing) } else { Err(faults) }
}

fn read_table(table: &Table<'_, '_>, id: Option<&ServiceId>, otherwise: &Otherwise) -> Option<Service> {
    fn word_or<T: FromStr<Err = Invalid> + Clone>(
        table: &Table<'_, '_>,
        key: &'static str,
        otherwise: Option<&T>,
    ) -> Option<T> {
        match otherwise {
            Some(otherwise) if table.get(key).is_none() => Some(otherwise.clone()),
            _ => table.required_word(key),
        }
    }
    let name = match table.get("name") {
        Some(_) => table.required_line("name"),
        None => id.and_then(|id| id.as_str().parse().ok()),
    };
    let owner = word_or(table, "owner", otherwise.owner.as_ref());
    let team = word_or(table, "team", otherwise.team.as_ref());
    let tier = match (table.get("tier"), otherwise.tier) {
        (None, None) => {
            table.report_missing("tier");
            None
        }
        (None, tier) => tier,
        (Some(value), _) => value.number().and_then(|it| Tier::new(it).map_err(|invalid| value.fault(invalid)).ok()),
    };
    let kind = word_or(table, "kind", KIND.parse::<ServiceKind>().ok().as_ref());
    let environment = word_or(table, "environment", otherwise.environment.as_ref());
    let (tags, depends_on, hours) = (table.words("tags"), table.words("depends_on"), table.word("hours"));
    Some(Service {
        name: name?,
        owner: owner?,
        team: team?,
        tier: tier?,
        kind: kind?,
        environment: environment?,
        tags,
        depends_on,
        hours,
    })
}

/// Reads CSV with the columns of [`SERVICE_COLUMNS`].
///
/// # Errors
/// Every fault of the file, up to a limit.
pub fn read_services_csv(text: &str, otherwise: &Otherwise) -> Result<Listing, Vec<Fault>> {
    let sheet = read_csv(text)?;
    sheet.column("id")?;
    let mut faults: Vec<Fault> = Vec::new();
    for (at, column) in sheet.columns.iter().enumerate() {
        let again = sheet.columns.iter().position(|it| it == column) != Some(at);
        match SERVICE_COLUMNS.contains(&column.as_str()) {
            true if again => faults.push(Fault::of_file(column, Problem::Twice(column.clone()))),
            true => {}
            false => faults.push(Fault::of_file(
                column,
                Problem::UnknownKey(super::problem::nearest(column, SERVICE_COLUMNS.iter().copied())),
            )),
        }
    }
    let rows = sheet.rows.iter().map(|(line, cells)| {
        let cell = |(column, value): (&String, &String)| {
            let column = SERVICE_COLUMNS.iter().find(|it| **it == column.as_str())?;
            Some((*column, value.clone()))
        };
        Row { line: *line, cells: sheet.columns.iter().zip(cells).filter_map(cell).collect() }
    });
    listed(rows, otherwise, faults)
}

/// A service as a program wrote it: each cell by its name, values of a list separated by spaces.
pub(super) struct Row {
    pub line: usize,
    pub cells: BTreeMap<&'static str, String>,
}

/// The services of these rows.
pub(super) fn listed(
    rows: impl Iterator<Item = Row>,
    otherwise: &Otherwise,
    mut faults: Vec<Fault>,
) -> Result<Listing, Vec<Fault>> {
    let mut listing = Listing::new();
    for row in rows {
        let (id, service) = (row.required::<ServiceId>("id", None, &mut faults), row.read(otherwise, &mut faults));
        let (Some(id), Some(service)) = (id, service) else { continue };
        if listing.contains_key(&id) {
            faults.push(row.fault("id", Problem::Twice(id.to_string())));
        }
        listing.insert(id, Listed { line: row.line, service });
        if faults.len() >= MOST_FAULTS {
            break;
        }
    }
    if listing.is_empty() && faults.is_empty() {
        faults.push(Fault::of_file("", Problem::NoServices));
    }
    if faults.is_empty() { Ok(listing) } else { Err(faults) }
}

impl Row {
    fn fault(&self, field: &str, problem: impl Into<Problem>) -> Fault {
        Fault { line: self.line, ..Fault::of_file(field, problem) }
    }

    fn cell(&self, name: &str) -> Option<&str> {
        self.cells.get(name).map(String::as_str).filter(|it| !it.trim().is_empty())
    }

    /// The value of a cell; `otherwise` if it is empty.
    fn required<T: FromStr<Err = Invalid> + Clone>(
        &self,
        name: &'static str,
        otherwise: Option<&T>,
        faults: &mut Vec<Fault>,
    ) -> Option<T> {
        match (self.cell(name), otherwise) {
            (Some(cell), _) => {
                cell.trim().parse().map_err(|invalid: Invalid| faults.push(self.fault(name, invalid))).ok()
            }
            (None, Some(otherwise)) => Some(otherwise.clone()),
            (None, None) => {
                faults.push(self.fault(name, Problem::Missing));
                None
            }
        }
    }

    fn list<T: FromStr<Err = Invalid> + Ord>(&self, name: &'static str, faults: &mut Vec<Fault>) -> BTreeSet<T> {
        let mut list = BTreeSet::new();
        for word in self.cell(name).unwrap_or_default().split_whitespace() {
            match word.parse() {
                Ok(it) if list.contains(&it) => faults.push(self.fault(name, Problem::Twice(word.to_owned()))),
                Ok(it) => _ = list.insert(it),
                Err(invalid) => faults.push(self.fault(name, invalid)),
            }
        }
        list
    }

    fn read(&self, otherwise: &Otherwise, faults: &mut Vec<Fault>) -> Option<Service> {
        let name = Line::from_typed(self.cell("name").or_else(|| self.cell("id")).unwrap_or_default());
        let name = name.map_err(|invalid| faults.push(self.fault("name", invalid)));
        let owner = self.required("owner", otherwise.owner.as_ref(), faults);
        let team = self.required("team", otherwise.team.as_ref(), faults);
        let tier = self.required("tier", otherwise.tier.as_ref(), faults);
        let kind = self.required("kind", KIND.parse::<ServiceKind>().ok().as_ref(), faults);
        let environment = self.required("environment", otherwise.environment.as_ref(), faults);
        let (tags, depends_on) = (self.list("tags", faults), self.list("depends_on", faults));
        let hours = match self.cell("hours") {
            Some(_) => Some(self.required("hours", None, faults)?),
            None => None,
        };
        Some(Service {
            name: name.ok()?,
            owner: owner?,
            team: team?,
            tier: tier?,
            kind: kind?,
            environment: environment?,
            tags,
            depends_on,
            hours,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(read: Result<Listing, Vec<Fault>>) -> Vec<String> {
        read.unwrap_err().iter().map(Fault::to_string).collect()
    }

    #[test]
    fn every_fault_of_a_list_is_found_at_once() {
        let text = "[[service]]\nid = \"Gateway\"\nowner = \"erin\"\ntier = 5\ncolour = \"red\"\n\
            [[service]]\nid = \"db\"\nowner = \"erin\"\nteam = \"dba\"\ntier = 1\nenvironment = \"prod\"\n\
            depends_on = [\"x\", \"x\"]\n[[service]]\nid = \"db\"\n";
        let found = faults(read_services_toml(text, &Otherwise::default()));
        let starts = [
            "1: service[1].team: required",
            "1: service[1].environment: required",
            "2: service[1].id: not",
            "4: service[1].tier: not",
            "5: service[1].colour: unknown",
            "12: service[2].depends_on[2]: x is listed",
            "13: service[3].owner",
        ];
        starts.iter().for_each(|it| assert!(found.iter().any(|fault| fault.starts_with(it)), "{it}: {found:#?}"));

        let csv = "id,owner,team,tier,environment,tags,colour\ngateway,Erin,gw,0,prod,a a,\ngateway,erin,gw,1,prod,,\n\n,erin,gw,1,prod,,\n";
        let found = faults(read_services_csv(csv, &Otherwise::default()));
        let starts = [" colour: unknown", "2: owner: not", "2: tier: not", "2: tags: a is", "5: id: required"];
        starts.iter().for_each(|it| assert!(found.iter().any(|fault| fault.starts_with(it)), "{it}: {found:#?}"));
    }

    #[test]
    fn what_a_list_leaves_out_is_taken_from_the_options() {
        let otherwise = Otherwise {
            owner: "erin".parse().ok(),
            team: "gateway".parse().ok(),
            tier: Tier::new(3).ok(),
            environment: "prod".parse().ok(),
        };
        let toml = read_services_toml("[[service]]\nid = \"db\"\ntier = 1\n", &otherwise).unwrap();
        let csv = read_services_csv("id,tier\ndb,1\n", &otherwise).unwrap();
        let db: ServiceId = "db".parse().unwrap();
        assert_eq!(toml[&db].service, csv[&db].service);
        assert_eq!((toml[&db].service.tier.number(), toml[&db].service.kind.as_str()), (1, "service"));
    }
}
