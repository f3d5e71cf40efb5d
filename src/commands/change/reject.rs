//! `reject`: block the current revision of a change.

use clap::Args;

use crate::commands::change::summary::summary;
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{ChangeId, Event, Field, Text};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;

/// Reject the current revision of a change
///
/// A rejected revision cannot start. The requester or owner can file a new revision.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal reject CHG-42 --reason 'The rollback plan does not cover the cache.'")]
pub struct Reject {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    /// Reason, and what must be different; asked for on a terminal
    #[arg(short, long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What is said of a change that was rejected.
pub fn rejected(id: ChangeId) -> String {
    format!("{id} rejected; its requester or owner can file a new revision")
}

/// Asks for the reason of a rejection.
///
/// # Errors
/// [`Error::NeedReason`] without a terminal or an answer.
pub fn ask_reason(context: &mut Context<'_>) -> Result<Text, Error> {
    if !context.env.console.is_interactive() {
        return Err(Error::NeedReason);
    }
    match context.env.console.ask("Reason, and what must be different:")?.as_str() {
        "" => Err(Error::NeedReason),
        reason => remark(Field::Reason, reason),
    }
}

impl Reject {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let text = match &self.reason {
            Some(reason) => remark(Field::Reason, reason)?,
            None => ask_reason(context)?,
        };
        let mut session = context.open()?;
        let revision = change(&session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::Reject(revision), text: Some(text.clone()) });
        let shown = |page: &mut Page, session: &Session| summary(page, session, revision, "reject");
        let entry = record_shown(context, &mut session, shown, plan)?;
        report_recorded(context, &entry, None, rejected(id))
    }
}
