//! `withdraw`: withdraw a change.

use clap::Args;

use crate::commands::Zh;
use crate::commands::change::summary::{ToSign, summary};
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, Question, record_asked, report_recorded};
use crate::domain::{Event, Field};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// Withdraw a change that you requested or own
///
/// A withdrawn change cannot be started or revised. At a terminal, you are asked to type the change's id.
#[derive(Debug, Args)]
#[command(zh("撤回您申请或负责的变更单"))]
#[command(zh_long("已撤回的变更单不能开始实施，也不能修订。在终端上会要求输入变更单编号。"))]
#[command(after_help = "Examples:
  twinseal withdraw CHG-42
  twinseal withdraw CHG-42 --reason 'Superseded by CHG-50.'")]
pub struct Withdraw {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Reason
    #[arg(long, value_name = "TEXT", zh("原因"))]
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
        let shown = |page: &mut Page, session: &Session| summary(page, session, revision, ToSign::Withdraw);
        let warning = tr!(
            "a withdrawn change cannot be started or revised; to file it again, make a new change",
            "已撤回的变更单不能开始实施，也不能修订；如需再次提交，请新建变更单"
        );
        let question =
            Question {
                warning, act: tr!("withdraw this change", "撤回此变更单").to_owned(), word: id.to_string()
            };
        let entry = record_asked(context, &mut session, shown, plan, Some(question))?;
        report_recorded(context, &entry, None, trf!("{id} withdrawn", "{id} 已撤回"))
    }
}
