//! `reject`: block the current revision of a change.

use clap::Args;

use crate::commands::Zh;
use crate::commands::change::summary::{ToSign, summary};
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{ChangeId, Event, Field, Text};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// Reject the current revision of a change
///
/// A rejected revision cannot start. The requester or owner can file a new revision.
#[derive(Debug, Args)]
#[command(zh("驳回变更单的当前修订"))]
#[command(zh_long("被驳回的修订不能开始实施。申请人或变更负责人可以提交新修订。"))]
#[command(after_help = "Examples:
  twinseal reject CHG-42 --reason 'The rollback plan does not cover the cache.'")]
pub struct Reject {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Reason, and what must be different; asked for on a terminal
    #[arg(short, long, value_name = "TEXT", zh("驳回理由，以及必须修改的地方；在终端上会询问"))]
    reason: Option<String>,
}

/// What is said of a change that was rejected.
pub fn rejected(id: ChangeId) -> String {
    trf!(
        "{id} rejected; its requester or owner can file a new revision",
        "{id} 已驳回；其申请人或变更负责人可以提交新修订"
    )
}

/// Asks for the reason of a rejection.
///
/// # Errors
/// [`Error::NeedReason`] without a terminal or an answer.
pub fn ask_reason(context: &mut Context<'_>) -> Result<Text, Error> {
    if !context.env.console.is_interactive() {
        return Err(Error::NeedReason);
    }
    let question = tr!("Reason, and what must be different:", "理由，以及必须修改的地方：");
    match context.env.ask(question)?.as_str() {
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
        let shown = |page: &mut Page, session: &Session| summary(page, session, revision, ToSign::Reject);
        let entry = record_shown(context, &mut session, shown, plan)?;
        report_recorded(context, &entry, None, rejected(id))
    }
}
