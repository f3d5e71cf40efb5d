//! `retract`: take back one's own approval.

use clap::Args;

use crate::commands::change::summary::summary;
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{Event, Field};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;

/// Retract your approval of a change
///
/// You can retract an approval until the change is started.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal retract CHG-42 --reason 'The load test was run on the wrong host.'")]
pub struct Retract {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    /// Reason
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl Retract {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let text = remark(Field::Reason, &self.reason)?;
        let mut session = context.open()?;
        let revision = change(&session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::Retract(revision), text: Some(text.clone()) });
        let shown = |page: &mut Page, session: &Session| summary(page, session, revision, "retract approval of");
        let entry = record_shown(context, &mut session, shown, plan)?;
        report_recorded(context, &entry, None, format_args!("approval of {id} revision {} retracted", revision.number))
    }
}
