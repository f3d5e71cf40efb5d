//! `policy explain`.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::domain::{Capacity, Governance, Moment, PersonId, Policy, Role};
use crate::error::Error;
use crate::output::{self, policy_sentences, table};

/// Arguments of `policy explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal policy explain
  twinseal policy explain --capacity")]
pub struct Explain {
    /// For each engineer and requirement, who could approve a change that the engineer files, owns and implements
    #[arg(long)]
    capacity: bool,
}

/// How many approvers could be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spare {
    TooFew,
    None,
    Some,
}

impl Spare {
    fn of(able: usize, need: usize) -> Self {
        match able.checked_sub(need) {
            None => Self::TooFew,
            Some(0) => Self::None,
            Some(_) => Self::Some,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::TooFew => "too-few",
            Self::None => "no-spare",
            Self::Some => "enough",
        }
    }

    fn phrase(self) -> &'static str {
        match self {
            Self::TooFew => "too few",
            Self::None => "no spare",
            Self::Some => "enough",
        }
    }
}

/// What one engineer needs for one requirement.
struct Line {
    engineer: PersonId,
    requirement: String,
    need: usize,
    able: Vec<PersonId>,
}

impl Line {
    fn spare(&self) -> Spare {
        Spare::of(self.able.len(), self.need)
    }
}

impl Explain {
    /// # Errors
    /// The register cannot be opened or read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let governance = session.governed()?;
        let Some(policy) = governance.policy() else { return Err(Error::NoEntry(0)) };
        let sentences = policy_sentences(policy);
        let now = session.state().moment(context.env.now());
        let lines = if self.capacity { Some(lines(&governance, policy, now)?) } else { None };
        let json = || {
            let line = |it: &Line| {
                json!({
                    "engineer": it.engineer.to_string(),
                    "requirement": it.requirement,
                    "approvals": it.need,
                    "able": output::json::list(&it.able),
                    "result": it.spare().as_str(),
                })
            };
            let lines = lines.as_ref().map(|lines| lines.iter().map(line).collect::<Value>());
            json!({ "sentences": output::json::list(&sentences), "capacity": lines })
        };
        let width = context.env.width;
        context.ui.answer(context.env, json, || match &lines {
            None => sentences.join("\n"),
            Some(lines) => capacity_table(lines, width),
        })?;
        for (spare, meaning) in
            [(Spare::TooFew, "too few people could approve"), (Spare::None, "one absence leaves too few approvers")]
        {
            let tight = || lines.iter().flatten().filter(|it| it.spare() == spare);
            let engineers: BTreeSet<&PersonId> = tight().map(|it| &it.engineer).collect();
            if !engineers.is_empty() {
                context.env.status(format_args!("warning: {meaning} for changes of {}", output::list(engineers)));
            }
        }
        Ok(())
    }
}

fn capacity_table(lines: &[Line], width: Option<u16>) -> String {
    let row = |it: &Line| {
        let able = format!("{}: {}", it.able.len(), output::list(&it.able));
        let able = if it.able.is_empty() { "nobody".to_owned() } else { able };
        [it.engineer.to_string(), it.requirement.clone(), it.need.to_string(), it.spare().phrase().to_owned(), able]
    };
    table(["ENGINEER", "REQUIREMENT", "NEEDS", "RESULT", "COULD APPROVE"], lines.iter().map(row).collect(), width)
}

/// A line for each engineer and each number of approvals that the policy asks for.
fn lines(governance: &Governance, policy: &Policy, now: Moment) -> Result<Vec<Line>, Error> {
    let base = usize::try_from(policy.approvals()).unwrap_or(usize::MAX);
    let stricter = policy.requirements().iter().filter_map(|it| {
        let need = usize::try_from(it.approvals?).unwrap_or(usize::MAX);
        Some((it.name.to_string(), need.max(base)))
    });
    let requirements: Vec<(String, usize)> =
        std::iter::once(("every change".to_owned(), base)).chain(stricter).collect();
    let mut lines = Vec::new();
    for (engineer, _) in governance.loaded_people() {
        if governance.has_left(engineer)? || !governance.has_role(engineer, Role::Engineer, now)? {
            continue;
        }
        let Capacity { able, .. } = governance.capacity_for(engineer, now)?;
        lines.extend(requirements.iter().map(|(requirement, need)| Line {
            engineer: engineer.clone(),
            requirement: requirement.clone(),
            need: *need,
            able: able.clone(),
        }));
    }
    Ok(lines)
}
