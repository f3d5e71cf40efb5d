//! `finish`: record the outcome of a change.

use clap::Args;

use crate::commands::change::once::{Once, finish_once};
use crate::commands::lookup::{self, change_id, parse, remark, suggest_target};
use crate::commands::{Context, report_already, report_recorded};
use crate::domain::{self, Change, ConfirmationState, Field, Outcome, Target};
use crate::error::Error;
use crate::output::on;

/// Finish a started change with its outcome
///
/// A change that succeeded or failed can be finished again as rolled-back, and so can each target. The outcome of a change
/// with targets is that of its targets: succeeded if every target did, rolled-back if every started one was, otherwise
/// failed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal finish CHG-42 --outcome succeeded
  twinseal finish CHG-42 --outcome rolled-back --note 'Rejects above 2 %.'
  twinseal finish CHG-43 --target gw-01 --outcome failed
  twinseal finish CHG-43")]
pub struct Finish {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    /// Target that is finished; without it, the change as a whole
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// Outcome: succeeded, failed or rolled-back; if it is left out, a terminal asks for it, and a change with targets as a
    /// whole has that of its targets
    #[arg(short, long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Run of the pipeline that started it; the same run may finish it again
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// Comment on the outcome
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Finish {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let target: Option<Target> = self.target.as_deref().map(parse).transpose()?;
        let run = self.run_id.as_deref().map(parse).transpose()?;
        let given: Option<Outcome> = self.outcome.as_deref().map(parse).transpose()?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        let change = lookup::change(&session, id)?;
        suggest_target(context, &change, target.as_ref());
        let outcome = match given {
            Some(outcome) => outcome,
            None => derived(context, &change, target.as_ref())?,
        };
        let finish = domain::Finish { revision: change.current().id, target, run, outcome };
        let (place, outcome) = (on(finish.target.as_ref()), outcome.phrase());
        match finish_once(context, &mut session, &finish, text.as_ref())? {
            Once::Recorded(entry) => {
                let next = match lookup::change(&session, id)?.confirmation() {
                    ConfirmationState::Awaiting => {
                        format!("; somebody who took no part confirms it: `twinseal confirm {id}`")
                    }
                    _ => String::new(),
                };
                report_recorded(context, &entry, None, format_args!("{id} finished{place}: {outcome}{next}"))
            }
            Once::Already => {
                report_already(context, format_args!("{id}{place} already finished by this run: {outcome}"))
            }
        }
    }
}

/// The outcome that the targets give, or else the one that the user types.
fn derived(context: &mut Context<'_>, change: &Change, target: Option<&Target>) -> Result<Outcome, Error> {
    if !change.current().targets.is_empty() && target.is_none() {
        return Ok(change.derived_outcome());
    }
    if !context.env.console.is_interactive() {
        return Err(Error::NeedOutcome);
    }
    match context.env.console.ask("Outcome (s succeeded, f failed, r rolled-back):")?.as_str() {
        "s" => Ok(Outcome::Succeeded),
        "f" => Ok(Outcome::Failed),
        "r" => Ok(Outcome::RolledBack),
        word => parse(word),
    }
}
