//! The requirements of a policy and their results, one line each.

use std::fmt;

use serde_json::{Value, json};

use super::{Clock, Page, list, table};
use crate::domain::{Override, PersonId, Refusal, RequirementLine, RequirementResult};

/// How many people are named before the others are only counted.
const NAMED: usize = 4;

/// What keeps a change from being started, and who could remove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The rule that would refuse the start.
    pub refusal: Refusal,
    /// Who could remove it.
    pub could: Vec<PersonId>,
}

/// `CHG-7 has 1 of 2 approvals; could approve: dave`.
impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let act = match self.refusal {
            Refusal::TooFewApprovals { .. }
            | Refusal::GroupMissing { .. }
            | Refusal::NotIndependent { .. }
            | Refusal::NotExcepted { .. } => "approve",
            Refusal::PolicyField { .. } | Refusal::LeadTime { .. } | Refusal::LongestWindow { .. } => "revise",
            _ => return write!(f, "{}", self.refusal),
        };
        write!(f, "{}; {}", self.refusal, could(act, &self.could))
    }
}

/// Who could act: `could approve: dave`, or `nobody could approve`.
pub fn could(act: &str, people: &[PersonId]) -> String {
    match people {
        [] => format!("nobody could {act}"),
        people => format!("could {act}: {}", some_of(people)),
    }
}

/// A few of these people: `carol, dave, erin, frank and 3 more`.
fn some_of(people: &[PersonId]) -> String {
    match people.get(..NAMED) {
        Some(named) if people.len() > NAMED => format!("{} and {} more", list(named), people.len() - NAMED),
        _ => list(people),
    }
}

/// One line about a requirement, and who could change what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementText {
    /// The requirement and its result.
    pub line: RequirementLine,
    /// What keeps the change from being started.
    pub obstacles: Vec<Obstacle>,
}

impl RequirementText {
    /// The result: `unsatisfied: CHG-7 has 1 of 2 approvals; could approve: dave`.
    pub fn describe(&self) -> String {
        let (result, detail) = (self.phrase(), self.detail());
        match &self.line.result {
            RequirementResult::Satisfied | RequirementResult::NotApplicable => result.to_owned(),
            RequirementResult::Overridden(_) => format!("{result} {detail}"),
            RequirementResult::Error(_) | RequirementResult::Unsatisfied(_) => format!("{result}: {detail}"),
        }
    }

    fn phrase(&self) -> &'static str {
        match &self.line.result {
            RequirementResult::NotApplicable => "not applicable",
            result => result.as_str(),
        }
    }

    fn detail(&self) -> String {
        match &self.line.result {
            RequirementResult::Overridden(it) => signers(it),
            _ => self.obstacles.iter().map(Obstacle::to_string).collect::<Vec<_>>().join("; "),
        }
    }

    /// The line as a JSON value.
    pub fn json(&self) -> Value {
        let unmet = |Obstacle { refusal, could }: &Obstacle| json!({ "rule": refusal.rule().to_string(), "message": refusal.to_string(), "could": super::json::list(could) });
        let by = match &self.line.result {
            RequirementResult::Overridden(it) => {
                json!({ "people": super::json::list(&it.by), "group": super::json::written(it.group.as_ref()) })
            }
            _ => Value::Null,
        };
        json!({
            "requirement": self.line.label(),
            "result": self.line.result.as_str(),
            "unmet": self.obstacles.iter().map(unmet).collect::<Value>(),
            "overridden_by": by,
        })
    }
}

/// `by carol (exception, group cab)`, or `by carol, dave (emergency)`.
fn signers(it: &Override) -> String {
    let by = if it.by.is_empty() { String::new() } else { format!("by {} ", list(&it.by)) };
    match &it.group {
        Some(group) => format!("{by}(exception, group {group})"),
        None => format!("{by}(emergency)"),
    }
}

/// Writes the block with one line for each requirement.
pub fn requirement_block(page: &mut Page, requirements: &[RequirementText]) {
    let width = requirements.iter().map(|it| it.line.label().len()).max().unwrap_or(0);
    page.block("requirements");
    for it in requirements {
        page.text(&format!("{:width$} ", it.line.label()), it.describe());
    }
}

/// One line for each requirement, each with a line end before it.
pub fn requirement_lines(requirements: &[RequirementText]) -> String {
    let width = requirements.iter().map(|it| it.line.label().len()).max().unwrap_or(0);
    requirements.iter().map(|it| format!("\n  {:width$}  {}", it.line.label(), it.describe())).collect()
}

/// One line for each requirement, as a table.
pub fn requirement_table(requirements: &[RequirementText], width: Option<u16>, clock: &Clock) -> String {
    let row = |it: &RequirementText| [it.line.label().to_owned(), it.phrase().to_owned(), clock.local(&it.detail())];
    table(["REQUIREMENT", "RESULT", "DETAIL"], requirements.iter().map(row).collect(), width)
}
