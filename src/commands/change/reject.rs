//! `reject`: block the current revision of a change.

use clap::Args;

use crate::commands::change::summary::summary;
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{ChangeId, Event, Field};
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
    /// Reason, and what must be different
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// What is said of a change that was rejected.
pub fn rejected(id: ChangeId) -> String {
    format!("{id} rejected; its requester or owner can file a new revision")
}

impl Reject {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let text = remark(Field::Reason, &self.reason)?;
        let mut session = context.open()?;
        let revision = change(&session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::Reject(revision), text: Some(text.clone()) });
        let shown = |page: &mut Page, session: &Session| summary(page, session, revision, "reject");
        let entry = record_shown(context, &mut session, shown, plan)?;
        report_recorded(context, &entry, None, rejected(id))
    }
}
