//! The requirements of a policy and their results, one line each.

use serde_json::{Value, json};

use super::{Page, list};
use crate::domain::{Override, PersonId, Refusal, RequirementLine, RequirementResult};

/// One line about a requirement, and who could change what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementText {
    /// The requirement and its result.
    pub line: RequirementLine,
    /// Who could remove each obstacle, in the order of the obstacles.
    pub could: Vec<Vec<PersonId>>,
}

impl RequirementText {
    /// The result: `unsatisfied: CHG-7 has 1 of 2 approvals; could approve: dave`.
    pub fn describe(&self) -> String {
        match &self.line.result {
            RequirementResult::Satisfied => "satisfied".to_owned(),
            RequirementResult::NotApplicable => "not applicable".to_owned(),
            RequirementResult::Overridden(it) => format!("overridden {}", signers(it)),
            RequirementResult::Error(refusal) => format!("error: {refusal}"),
            RequirementResult::Unsatisfied(refusals) => {
                let could = self.could.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..]));
                let each = refusals.iter().zip(could).map(|(refusal, could)| obstacle(refusal, could));
                format!("unsatisfied: {}", each.collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// The line as a JSON value.
    pub fn json(&self) -> Value {
        let obstacle = |(refusal, could): (&Refusal, &Vec<PersonId>)| json!({ "rule": refusal.rule().to_string(), "message": refusal.to_string(), "could": super::json::list(could) });
        let by = match &self.line.result {
            RequirementResult::Overridden(it) => {
                json!({ "people": super::json::list(&it.by), "group": super::json::written(it.group.as_ref()) })
            }
            _ => Value::Null,
        };
        json!({
            "requirement": self.line.label(),
            "result": self.line.result.as_str(),
            "unmet": self.line.result.refusals().iter().zip(&self.could).map(obstacle).collect::<Value>(),
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

fn obstacle(refusal: &Refusal, could: &[PersonId]) -> String {
    let act = match refusal {
        Refusal::TooFewApprovals { .. } | Refusal::GroupMissing { .. } | Refusal::NotIndependent { .. } => "approve",
        _ => "revise",
    };
    if could.is_empty() {
        format!("{refusal}; nobody could {act}")
    } else {
        format!("{refusal}; could {act}: {}", list(could))
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

/// One line for each requirement that applies, each with a line end before it.
pub fn requirement_lines(requirements: &[RequirementText]) -> String {
    let applying = || requirements.iter().filter(|it| it.line.result != RequirementResult::NotApplicable);
    let width = applying().map(|it| it.line.label().len()).max().unwrap_or(0);
    applying().map(|it| format!("\n  {:width$}  {}", it.line.label(), it.describe())).collect()
}
