//! `finish`: record the outcome of a change.

use clap::Args;

use crate::commands::Zh;
use crate::commands::ask::ask;
use crate::commands::change::once::{Once, finish_once};
use crate::commands::change::summary::{ToSign, summary};
use crate::commands::lookup::{self, change_id, parse, remark, suggest_target};
use crate::commands::{Context, report_already, report_recorded};
use crate::domain::{self, Change, ConfirmationState, Field, Outcome, RevisionRef, Target};
use crate::error::Error;
use crate::output::{Gutter, on};
use crate::store::Session;
use crate::{tr, trf};

/// Finish a started change with its outcome
///
/// A change that succeeded or failed can be finished again as rolled-back, and so can each target. The outcome of a change
/// with targets is that of its targets: succeeded if every target did, rolled-back if every started one was, otherwise
/// failed.
#[derive(Debug, Args)]
#[command(zh("完成实施中的变更，并记录结果"))]
#[command(zh_long(
    "成功或失败的变更可以再次完成，结果为 rolled-back（已回退）；每个目标也可以。有目标的变更的结果由各目标得出：所有目标都成功则为成功，\
     所有已开始的目标都已回退则为已回退，否则为失败。"
))]
#[command(after_help = "Examples:
  twinseal finish CHG-42 --outcome succeeded
  twinseal finish CHG-42 --outcome rolled-back --note 'Rejects above 2 %.'
  twinseal finish CHG-43 --target gw-01 --outcome failed
  twinseal finish CHG-43")]
pub struct Finish {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Target that is finished; without it, the change as a whole
    #[arg(long, value_name = "TARGET", zh("要完成的目标；不给出则完成整个变更"))]
    target: Option<String>,
    /// Outcome: succeeded, failed or rolled-back; if it is left out, a terminal asks for it, and a change with targets as a
    /// whole has that of its targets
    #[arg(short, long, value_name = "OUTCOME")]
    #[arg(zh(
        "结果：succeeded（成功）、failed（失败）或 rolled-back（已回退）；不给出时在终端上询问，有目标的变更整体取各目标的结果"
    ))]
    outcome: Option<String>,
    /// Run of the pipeline that started it; the same run may finish it again
    #[arg(long, value_name = "ID", zh("开始该变更的流水线运行；同一次运行可以再次完成"))]
    run_id: Option<String>,
    /// Comment on the outcome
    #[arg(long, value_name = "TEXT", zh("结果的备注"))]
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
        let derived = (target.is_none() && !change.current().targets.is_empty()).then(|| change.derived_outcome());
        let outcome = match given.or(derived) {
            Some(outcome) => outcome,
            None => ask_outcome(context, &session, (change.current().id, target.as_ref()), self.note.as_deref())?,
        };
        let asked = given.or(derived).is_none();
        let finish = domain::Finish { revision: change.current().id, target, run, outcome };
        let (place, outcome) = (on(finish.target.as_ref()), outcome.phrase());
        match finish_once(context, &mut session, &finish, text.as_ref(), asked)? {
            Once::Recorded(entry) => {
                let next = next(&lookup::change(&session, id)?);
                let said = trf!("{id} finished{place}: {outcome}{next}", "{id} 已完成{place}：{outcome}{next}");
                report_recorded(context, &entry, None, said)
            }
            Once::Already => {
                let said = trf!(
                    "{id}{place} already finished by this run: {outcome}",
                    "{id}{place} 已由此运行完成：{outcome}"
                );
                report_already(context, said)
            }
        }
    }
}

/// What follows the finish: a confirmation, a review.
fn next(change: &Change) -> String {
    let id = change.id();
    let confirm = match change.confirmation() {
        ConfirmationState::Awaiting => trf!(
            "; somebody who took no part confirms it: `twinseal confirm {id}`",
            "；须由未参与的人确认：`twinseal confirm {id}`"
        ),
        _ => String::new(),
    };
    let review = change.awaited_review().map_or(String::new(), |due| {
        trf!("; review it by {due}: `twinseal review {id}`", "；请在 {due} 之前评估：`twinseal review {id}`")
    });
    format!("{confirm}{review}")
}

/// Shows what is finished, and asks for its outcome: the answer records it.
fn ask_outcome(
    context: &mut Context<'_>,
    session: &Session,
    (revision, target): (RevisionRef, Option<&Target>),
    note: Option<&str>,
) -> Result<Outcome, Error> {
    if !context.env.console.is_interactive() {
        return Err(Error::NeedOutcome);
    }
    let mut page = context.page_above_question();
    summary(&mut page, session, revision, ToSign::Outcome(target))?;
    if let Some(note) = note {
        page.quote_text(Gutter::Prose, note);
    }
    context.env.status(format_args!("{}\n", page.legend().finish().trim_start()));
    let question = tr!("Outcome (s succeeded, f failed, r rolled-back)", "结果（s 成功，f 失败，r 已回退）");
    ask(context, question, "", |_, word| match word {
        "s" => Ok(Outcome::Succeeded),
        "f" => Ok(Outcome::Failed),
        "r" => Ok(Outcome::RolledBack),
        word => parse(word),
    })
}
