//! `retract`: take back one's own approval.

use clap::Args;

use crate::commands::Zh;
use crate::commands::change::summary::{ToSign, summary};
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{Event, Field};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;
use crate::trf;

/// Retract your approval of a change
///
/// You can retract an approval until the change is started.
#[derive(Debug, Args)]
#[command(zh("收回您对变更单的批准"))]
#[command(zh_long("变更开始实施之前，批准可以收回。"))]
#[command(after_help = "Examples:
  twinseal retract CHG-42 --reason 'The load test was run on the wrong host.'")]
pub struct Retract {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Reason
    #[arg(long, value_name = "TEXT", zh("原因"))]
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
        let shown = |page: &mut Page, session: &Session| summary(page, session, revision, ToSign::Retract);
        let entry = record_shown(context, &mut session, shown, plan)?;
        let number = revision.number;
        let said = trf!(
            "approval of {id} revision {number} retracted; to block the revision: `twinseal reject {id}`; to approve it \
             again: `twinseal approve {id}`",
            "已收回对 {id} 修订 {number} 的批准；阻止此修订：`twinseal reject {id}`；再次批准：`twinseal approve {id}`"
        );
        report_recorded(context, &entry, None, said)
    }
}
