//! `breakglass close`.

use std::path::PathBuf;

use clap::Args;

use super::page::write_page;
use crate::commands::Zh;
use crate::commands::files::read_text;
use crate::commands::lookup::{break_glass_id, name_of_input, reason_of};
use crate::commands::{Context, Question, record_asked, report_already, report_recorded};
use crate::domain::{Event, Field, Prose, Text};
use crate::error::Error;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `breakglass close`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal breakglass close BG-3 what-was-done.txt
  twinseal breakglass close BG-3 - < what-was-done.txt")]
pub struct Close {
    /// Break-glass id, such as BG-3
    #[arg(value_name = "BG-N", zh("紧急处置编号，如 BG-3"))]
    id: String,
    /// Text file that says what was done; - is standard input
    #[arg(value_name = "FILE", zh("说明处置经过的文本文件；- 表示标准输入"))]
    file: PathBuf,
}

impl Close {
    /// # Errors
    /// The file cannot be read, a rule refuses it, or it cannot be recorded.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = break_glass_id(&self.id)?;
        let typed = read_text(context.env, &self.file)?;
        let done = Prose::from_typed(&typed);
        let done = done.map_err(|invalid| Error::Value { given: name_of_input(&self.file), invalid })?;
        let mut session = context.open()?;
        let glass = super::find(&session, id)?;
        if let Some(close) = glass.close().filter(|_| glass.ratified().is_none())
            && close.person == context.key_choice.actor(&session, context.key_choice.key_for(&session)?.public())?
            && reason_of(&session, close.seq)?.as_deref() == Some(done.as_str())
        {
            // Another report voids the ratifications of this one.
            return report_already(context, trf!("{id} already closed with this report", "{id} 已以此报告关闭"));
        }
        let text = Text::Remark(Field::Note, done);
        let plan = |_: &mut Session| Ok(Plan { event: Event::BreakGlassClose(id), text: Some(text.clone()) });
        let now = session.state().moment(context.env.now());
        let shown = |page: &mut Page, session: &Session| {
            write_page(page, session, id, now)?;
            page.block(&trf!("about to sign: close {id} and say what was done", "即将签名：关闭 {id} 并说明处置经过"));
            Ok(())
        };
        let warning = tr!(
            "the report cannot be taken back; only its opener can add another, until it is ratified",
            "报告不能收回；在被追认之前，只有开启人可以再补充报告"
        );
        let question =
            Question {
                warning, act: tr!("close this break-glass", "关闭此紧急处置").to_owned(), word: id.to_string()
            };
        let entry = record_asked(context, &mut session, shown, plan, Some(question))?;
        let said = trf!(
            "{id} closed; two approvers ratify it: `twinseal breakglass ratify {id}`",
            "{id} 已关闭；须由两名审批人追认：`twinseal breakglass ratify {id}`"
        );
        report_recorded(context, &entry, Some(format!("{id} {}", entry.leaf)), said)
    }
}
