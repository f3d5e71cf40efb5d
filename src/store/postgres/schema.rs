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

/// What must stand in a database, how it must be, and who else has access to it, as `compare.sql` tells it. The sources of
/// functions are left out.
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
    let begins = format!("FUNCTION {name}(");
    let after = SCHEMA.split_once(begins.as_str()).map_or("", |(_, after)| after);
    after.split("$$").nth(1).unwrap_or_default()
}

/// A thing that stands in a database, how it is, and who else than its owner has access to it.
type Fact = [String; 3];

fn ours() -> Vec<Fact> {
    let fact = |line: &str| {
        let mut parts = line.split('|').map(str::trim);
        let [name, how, access] = std::array::from_fn(|_| parts.next().unwrap_or_default());
        let how = how.replace("\\n", "\n").replace("[source]", source(name));
        [name.to_owned(), how, access.to_owned()]
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
    let found: Vec<Fact> = facts.iter().map(|row| std::array::from_fn(|at| word(row, at))).collect();
    differences(&ours(), &found)
}

fn differences(ours: &[Fact], found: &[Fact]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |finding: String| findings.push(Finding::of_file("schema", finding));
    for [name, how, access] in ours {
        let those: Vec<&Fact> = found.iter().filter(|it| it[0] == *name).collect();
        match those[..] {
            [] => add(trf!("the {name} is missing", "{name} 缺失")),
            [[_, found, others]] => {
                if found != how {
                    add(trf!("the {name} was changed: {:?}", "{name} 已被更改：{:?}", brief(found)));
                }
                if others != access {
                    let others = brief(others);
                    add(trf!(
                        "access to the {name} was changed: {others:?} instead of {access:?}",
                        "{name} 的访问权限已被更改：{others:?}，应为 {access:?}"
                    ));
                }
            }
            _ => add(trf!("the {name} is there twice", "{name} 出现了两次")),
        }
    }
    for [name, ..] in found.iter().filter(|it| !ours.iter().any(|[name, ..]| *name == it[0])) {
        add(trf!("the {:?} does not belong here", "{:?} 不应出现在此", brief(name)));
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
        for (at, fact) in ours.iter().enumerate() {
            let [name, how, access] = fact.clone();
            let said = |those: &[Fact]| {
                let mut found = ours.clone();
                found.splice(at..=at, those.iter().cloned());
                let findings = differences(&ours, &found);
                assert_eq!(findings.len(), 1, "{name}: {findings:?}");
                findings[0].meaning.clone()
            };
            assert!(said(&[]).ends_with("is missing"));
            let changed = said(&[[name.clone(), format!("{how}, otherwise"), access.clone()]]);
            assert!(changed.starts_with(&format!("the {name} was changed")));
            let access = said(&[[name.clone(), how, format!("{access}, PUBLIC SELECT")]]);
            assert!(access.starts_with(&format!("access to the {name} was changed")));
            assert!(said(&[fact.clone(), fact.clone()]).ends_with("twice"));
        }
        let planted = ["rule x\n", "", ""].map(str::to_owned);
        let found = [&ours[..], &[planted]].concat();
        assert!(differences(&ours, &found)[0].meaning.contains("\"rule x\\n\" does not belong"));
    }

    #[test]
    fn the_source_of_a_function_is_that_of_the_statements() {
        assert!(source("function twinseal.redact(x)").contains("UPDATE twinseal.entry SET text = NULL"));
    }
}
