//! `withdraw`: withdraw a change.

use clap::Args;

use crate::commands::change::summary::summary;
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, Question, record_asked, report_recorded};
use crate::domain::{Event, Field};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;

/// Withdraw a change that you requested or own
///
/// A withdrawn change cannot be started or revised. At a terminal, you are asked to type the change's id.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal withdraw CHG-42
  twinseal withdraw CHG-42 --reason 'Superseded by CHG-50.'")]
pub struct Withdraw {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    /// Reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl Withdraw {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let text = self.reason.as_deref().map(|reason| remark(Field::Reason, reason)).transpose()?;
        let mut session = context.open()?;
        let revision = change(&session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::ChangeWithdraw(revision), text: text.clone() });
        let shown = |page: &mut Page, session: &Session| summary(page, session, revision, "withdraw");
        let warning = "a withdrawn change cannot be started or revised; to file it again, make a new change";
        let question = Question { warning, act: "withdraw this change".to_owned(), word: id.to_string() };
        let entry = record_asked(context, &mut session, shown, plan, Some(question))?;
        report_recorded(context, &entry, None, format_args!("{id} withdrawn"))
    }
}
