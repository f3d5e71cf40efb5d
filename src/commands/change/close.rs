//! `close`: close a finished change.

use clap::Args;

use crate::commands::Zh;
use crate::commands::change::summary::content;
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{Event, Field};
use crate::error::Error;
use crate::output::outcome_of;
use crate::record::Plan;
use crate::trf;

/// Close a finished change
///
/// An implementer or the owner closes it, once its outcome is confirmed and it is reviewed, where these are asked for.
/// Actions that are not done do not keep it from being closed. After that, only notes and actions that are done follow.
#[derive(Debug, Args)]
#[command(zh("关闭已完成的变更单"))]
#[command(zh_long(
    "由实施人或变更负责人关闭；要求确认和评估的，须先确认结果并完成评估。未完成的改进事项不影响关闭。关闭之后只能添加备注和完成改进事项。"
))]
#[command(after_help = "Examples:
  twinseal close CHG-42
  twinseal close CHG-42 --note 'Nothing is left to be done.'")]
pub struct Close {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Comment on the close
    #[arg(long, value_name = "TEXT", zh("关闭时的备注"))]
    note: Option<String>,
}

impl Close {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        let closed = change(&session, id)?;
        let revision = closed.current().id;
        let entry = record_shown(
            context,
            &mut session,
            |page, session| {
                let (number, status) = (revision.number, outcome_of(closed.state(), closed.result()));
                page.block(&trf!(
                    "about to sign: close {id} revision {number}: {status}",
                    "即将签名：关闭 {id} 修订 {number}：{status}"
                ));
                content(page, session, closed.current())
            },
            |_| Ok(Plan { event: Event::Close(revision), text: text.clone() }),
        )?;
        let open = closed.actions().iter().filter(|it| it.done.is_none()).count();
        let said = match open {
            0 => trf!("{id} closed", "{id} 已关闭"),
            _ => trf!(
                "{id} closed; open actions: {open}; `twinseal action list --open` lists them",
                "{id} 已关闭；未完成的改进事项：{open} 个；列出：`twinseal action list --open`"
            ),
        };
        report_recorded(context, &entry, None, said)
    }
}
