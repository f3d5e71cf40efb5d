//! `finish`: record the outcome of a change.

use clap::Args;

use crate::commands::change::summary::summary;
use crate::commands::lookup::{change, parse, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{ChangeId, Event, Field, Outcome};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;

/// Finish a started change with its outcome
///
/// A change that succeeded or failed can be finished again as rolled-back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal finish CHG-42 --outcome succeeded
  twinseal finish CHG-42 --outcome rolled-back --note 'Rejects above 2 %.'")]
pub struct Finish {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    /// Outcome: succeeded, failed or rolled-back
    #[arg(long, value_name = "OUTCOME")]
    outcome: String,
    /// Comment on the outcome
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Finish {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let outcome: Outcome = parse(&self.outcome)?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        let revision = change(&session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::Finish { revision, outcome }, text: text.clone() });
        let shown = |page: &mut Page, session: &Session| {
            summary(page, session, revision, &format!("finish ({})", outcome.phrase()))
        };
        let entry = record_shown(context, &mut session, shown, plan)?;
        report_recorded(context, &entry, None, format_args!("{id} finished: {}", outcome.phrase()))
    }
}
