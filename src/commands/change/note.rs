//! `note`: comment on a change.

use clap::Args;

use crate::commands::Zh;
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, report_recorded};
use crate::domain::{Event, Field};
use crate::error::Error;
use crate::record::{Plan, record};
use crate::trf;

/// Add a note to a change
///
/// Anybody enrolled may add a note, at any time.
#[derive(Debug, Args)]
#[command(zh("给变更单添加备注"))]
#[command(zh_long("任何已登记的人随时都可以添加备注。"))]
#[command(after_help = "Examples:
  twinseal note CHG-42 'Seen in the morning call.'")]
pub struct Note {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Text of the note
    #[arg(value_name = "TEXT", zh("备注内容"))]
    text: String,
}

impl Note {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let text = remark(Field::Note, &self.text)?;
        let mut session = context.open()?;
        change(&session, id)?;
        let entry = record(context.recorder(), &mut session, |_| {
            Ok(Plan { event: Event::Note(id), text: Some(text.clone()) })
        })?;
        let said =
            trf!("note added to {id}; `twinseal show {id}` shows it", "已给 {id} 添加备注；查看：`twinseal show {id}`");
        report_recorded(context, &entry, None, said)
    }
}
