//! The statements that make a database ready for registers, and the comparison of a database with them.
//!
//! A comparison is no proof: the owner of a database can answer as they like. It finds what a person or a tool has
//! changed, and what would make PostgreSQL act otherwise than twinseal expects. Entries are proven by their signatures.

use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::error::brief;
use super::tables;
use crate::store::{Finding, StoreError};
use crate::trf;

const SCHEMA: &str = include_str!("schema.sql");
/// Asks what stands in the database.
pub const COMPARE: &str = include_str!("compare.sql");

/// What must stand in a database, and how it must be, as `compare.sql` tells it. The sources of functions are left out.
const EXPECTED: &str = include_str!("expected.txt");

/// Where the statements of the derived tables belong.
const TABLES: &str = "-- [the tables]\n";

/// The statements that make a database ready for registers. A second run changes nothing.
///
/// # Errors
/// What SQLite reports of `schema.sql`.
pub fn statements() -> Result<String, StoreError> {
    Ok(SCHEMA.replacen(TABLES, &tables::statements()?, 1))
}

/// The source of a function in the statements.
fn source(function: &str) -> &'static str {
    let name = function.trim_start_matches("function ").split('(').next().unwrap_or_default();
    let begins = format!("FUNCTION twinseal.{name}(");
    let after = SCHEMA.split_once(begins.as_str()).map_or("", |(_, after)| after);
    after.split("$$").nth(1).unwrap_or_default()
}

/// A thing that stands in a database, and how it is.
type Fact = (String, String);

fn ours() -> Vec<Fact> {
    let fact = |line: &str| {
        let (name, how) = line.split_once(" |").unwrap_or((line, ""));
        let how = how.trim_start();
        match name.starts_with("function ") {
            true => (name.to_owned(), format!("{how}, {}", source(name))),
            false => (name.to_owned(), how.to_owned()),
        }
    };
    EXPECTED.lines().map(fact).collect()
}

/// Compares what stands in the database with ours, in one round trip. The findings name what is missing, added or
/// changed.
///
/// # Errors
/// What the server or the connection reports.
pub fn compare(client: &mut Client) -> Result<Vec<Finding>, postgres::Error> {
    let rows = client.simple_query(COMPARE)?;
    let facts = rows.iter().filter_map(|it| if let SimpleQueryMessage::Row(row) = it { Some(row) } else { None });
    Ok(judge(&facts.collect::<Vec<_>>()))
}

/// How the answer to [`COMPARE`] differs from ours.
pub fn judge(facts: &[&SimpleQueryRow]) -> Vec<Finding> {
    let word = |row: &SimpleQueryRow, at| row.try_get(at).ok().flatten().unwrap_or_default().to_owned();
    let found: Vec<Fact> = facts.iter().map(|row| (word(row, 0), word(row, 1))).collect();
    differences(&ours(), &found)
}

fn differences(ours: &[Fact], found: &[Fact]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, how) in ours {
        let those: Vec<&str> = found.iter().filter(|it| it.0 == *name).map(|it| it.1.as_str()).collect();
        let finding = match those[..] {
            [same] if same == how => continue,
            [] => trf!("the {name} is missing", "{name} 缺失"),
            [other] => {
                trf!("the {name} was changed: {:?}", "{name} 已被更改：{:?}", brief(other))
            }
            _ => trf!("the {name} is there twice", "{name} 出现了两次"),
        };
        findings.push(Finding::of_file("schema", finding));
    }
    for (name, _) in found.iter().filter(|it| !ours.iter().any(|(name, _)| *name == it.0)) {
        let finding = trf!("the {:?} does not belong here", "{:?} 不应出现在此", brief(name));
        findings.push(Finding::of_file("schema", finding));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_is_found_once() {
        let ours = ours();
        assert_eq!(differences(&ours, &ours), []);
        for at in 0..ours.len() {
            let mut found = ours.clone();
            let (name, how) = found.remove(at);
            let said = |found: &[Fact]| {
                let findings = differences(&ours, found);
                assert_eq!(findings.len(), 1, "{name}: {findings:?}");
                findings[0].meaning.clone()
            };
            assert!(said(&found).ends_with("is missing"));
            found.push((name.clone(), format!("{how}, otherwise")));
            assert!(said(&found).contains("was changed"));
            found.pop();
            found.extend([(name.clone(), how.clone()), (name.clone(), how.clone())]);
            assert!(said(&found).ends_with("twice"));
        }
        let mut found = ours.clone();
        found.push(("rule x\n".to_owned(), String::new()));
        assert!(differences(&ours, &found)[0].meaning.contains("\"rule x\\n\" does not belong"));
    }

    #[test]
    fn the_source_of_a_function_is_that_of_the_statements() {
        assert!(source("function redact(x)").contains("UPDATE twinseal.entry SET text = NULL"));
    }
}
