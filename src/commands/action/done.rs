//! `action done`.

use clap::Args;

use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, Zh, record_shown, report_recorded};
use crate::domain::{ActionDone, ChangeId, Event, Field, number};
use crate::error::Error;
use crate::record::Plan;
use crate::{tr, trf};

/// Arguments of `action done`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal action done CHG-42/1
  twinseal action done CHG-42/1 --note 'Rehearsed on Friday.'")]
pub struct Done {
    /// Change and number of the action, such as CHG-42/1
    #[arg(value_name = "ACTION", zh("变更单编号和改进事项的序号，如 CHG-42/1"))]
    action: String,
    /// Comment on what was done
    #[arg(long, value_name = "TEXT", zh("对完成情况的备注"))]
    note: Option<String>,
}

impl Done {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let (id, number) = action_id(&self.action)?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        let revision = change(&session, id)?.current().id;
        let entry = record_shown(
            context,
            &mut session,
            |page, _| {
                page.block(&trf!(
                    "about to sign: action {id}/{number} is done",
                    "即将签名：改进事项 {id}/{number} 已完成"
                ));
                Ok(())
            },
            |_| Ok(Plan { event: Event::ActionDone(ActionDone { revision, number }), text: text.clone() }),
        )?;
        report_recorded(context, &entry, None, trf!("action {id}/{number} done", "改进事项 {id}/{number} 已完成"))
    }
}

/// Parses `CHG-7/1`, or `7/1`.
fn action_id(given: &str) -> Result<(ChangeId, u64), Error> {
    let form = || Error::Form { given: given.to_owned(), form: tr!("CHG-7/1", "CHG-7/1") };
    let (change, n) = given.split_once('/').ok_or_else(form)?;
    Ok((change_id(change)?, number(n).map_err(|_| form())?))
}
