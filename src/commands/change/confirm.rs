//! `confirm`: confirm the outcome of a change.

use clap::Args;

use crate::commands::change::summary::content;
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{Confirmation, Event, Field, Outcome};
use crate::error::Error;
use crate::record::Plan;

/// Confirm the outcome of a change
///
/// The policy can ask for a confirmation after the finish. Requesters, authors and implementers of the change cannot
/// confirm it, nor can those who started or finished it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal confirm CHG-42
  twinseal confirm CHG-42 --note 'Rejects are back to normal.'")]
pub struct Confirm {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    /// Comment on the confirmation
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Confirm {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        let confirmed = change(&session, id)?;
        let revision = confirmed.current().id;
        // Fixed before it is shown: a rollback recorded meanwhile must not be confirmed unread. A change without an outcome
        // is refused, whichever is named.
        let outcome = confirmed.outcome_to_confirm().unwrap_or(Outcome::Succeeded);
        let entry = record_shown(
            context,
            &mut session,
            |page, session| {
                page.block(&format!("about to sign: confirm {id} revision {}: {}", revision.number, outcome.phrase()));
                for (target, on) in confirmed.on_targets() {
                    let outcome = on.outcome().map_or("in progress".to_owned(), Outcome::phrase);
                    page.text("", format_args!("{target}: {outcome}"));
                }
                content(page, session, confirmed.current())
            },
            |_| Ok(Plan { event: Event::Confirm(Confirmation { revision, outcome }), text: text.clone() }),
        )?;
        report_recorded(context, &entry, None, format_args!("{id} confirmed: {}", outcome.phrase()))
    }
}
