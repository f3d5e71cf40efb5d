//! The requirements of a policy and their results, one line each.

use std::fmt;

use serde_json::{Value, json};

use super::lines::{measure, padded};
use super::{Clock, Page, list, table};
use crate::domain::{Override, PersonId, Refusal, RequirementLine, RequirementResult};
use crate::{tr, trf};

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

/// What somebody could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Approve the change.
    Approve,
    /// Revise it.
    Revise,
    /// Confirm its outcome.
    Confirm,
}

/// `CHG-7 has 1 of 2 approvals; could approve: dave`.
impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let act = match self.refusal {
            Refusal::TooFewApprovals { .. }
            | Refusal::GroupMissing { .. }
            | Refusal::NotIndependent { .. }
            | Refusal::NotExcepted { .. } => Doing::Approve,
            Refusal::PolicyField { .. } | Refusal::LeadTime { .. } | Refusal::LongestWindow { .. } => Doing::Revise,
            _ => return write!(f, "{}", self.refusal),
        };
        write!(f, "{}{}{}", self.refusal, tr!("; ", "；"), could(act, &self.could))
    }
}

/// Who could act: `could approve: dave`, or `nobody could approve`.
pub fn could(act: Doing, people: &[PersonId]) -> String {
    let act = match act {
        Doing::Approve => tr!("approve", "批准"),
        Doing::Revise => tr!("revise", "修订"),
        Doing::Confirm => tr!("confirm", "确认"),
    };
    match people {
        [] => trf!("nobody could {act}", "无人可{act}"),
        people => trf!("could {act}: {}", "可{act}：{}", some_of(people)),
    }
}

/// A few of these people: `carol, dave, erin, frank and 3 more`.
fn some_of(people: &[PersonId]) -> String {
    match people.get(..NAMED) {
        Some(named) if people.len() > NAMED => {
            let (named, more, all) = (list(named), people.len() - NAMED, people.len());
            trf!("{named} and {more} more", "{named} 等 {all} 人")
        }
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
            RequirementResult::Overridden(_) => trf!("{result} {detail}", "{result}：{detail}"),
            RequirementResult::Error(_) | RequirementResult::Unsatisfied(_) => {
                trf!("{result}: {detail}", "{result}：{detail}")
            }
        }
    }

    fn phrase(&self) -> &'static str {
        match &self.line.result {
            RequirementResult::Satisfied => tr!("satisfied", "已满足"),
            RequirementResult::Unsatisfied(_) => tr!("unsatisfied", "未满足"),
            RequirementResult::Overridden(_) => tr!("overridden", "已豁免"),
            RequirementResult::NotApplicable => tr!("not applicable", "不适用"),
            RequirementResult::Error(_) => tr!("error", "错误"),
        }
    }

    fn detail(&self) -> String {
        match &self.line.result {
            RequirementResult::Overridden(it) => signers(it),
            _ => self.obstacles.iter().map(Obstacle::to_string).collect::<Vec<_>>().join(tr!("; ", "；")),
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
    let by = if it.by.is_empty() { String::new() } else { trf!("by {} ", "{}", list(&it.by)) };
    match &it.group {
        Some(group) => trf!("{by}(exception, group {group})", "{by}（例外，{group} 组）"),
        None => trf!("{by}(emergency)", "{by}（紧急变更）"),
    }
}

/// Writes the block with one line for each requirement.
pub fn requirement_block(page: &mut Page, requirements: &[RequirementText]) {
    let width = label_width(requirements);
    page.block(tr!("requirements", "要求"));
    for it in requirements {
        page.text(&format!("{} ", padded(it.line.label(), width)), it.describe());
    }
}

/// One line for each requirement, each with a line end before it.
pub fn requirement_lines(requirements: &[RequirementText]) -> String {
    let width = label_width(requirements);
    requirements.iter().map(|it| format!("\n  {}  {}", padded(it.line.label(), width), it.describe())).collect()
}

fn label_width(requirements: &[RequirementText]) -> usize {
    requirements.iter().map(|it| measure(it.line.label())).max().unwrap_or(0)
}

/// One line for each requirement, as a table.
pub fn requirement_table(requirements: &[RequirementText], width: Option<u16>, clock: &Clock) -> String {
    let row = |it: &RequirementText| [it.line.label().to_owned(), it.phrase().to_owned(), clock.local(&it.detail())];
    let header = [tr!("REQUIREMENT", "要求"), tr!("RESULT", "结果"), tr!("DETAIL", "详情")];
    table(header, requirements.iter().map(row).collect(), width)
}
