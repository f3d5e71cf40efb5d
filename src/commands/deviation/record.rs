//! `deviation record`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::files::read_draft;
use crate::commands::{Context, Zh, record_shown, report_recorded};
use crate::domain::{Event, Field, Text};
use crate::error::Error;
use crate::input::{deviation_template, read_deviation};
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `deviation record`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal deviation record --template > deviation.toml
  twinseal deviation record deviation.toml")]
pub struct Record {
    /// Deviation in TOML; - reads standard input
    #[arg(value_name = "FILE", required_unless_present = "template", zh("TOML 格式的偏差；- 表示标准输入"))]
    file: Option<PathBuf>,
    /// Print the template, and record nothing
    #[arg(long, conflicts_with = "file", zh("输出模板，不作记录"))]
    template: bool,
}

impl Record {
    /// # Errors
    /// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let Some(file) = self.file else {
            write!(context.env.out, "{}", deviation_template())?;
            return Ok(());
        };
        let draft = read_draft(context.env, &file, read_deviation)?;
        let mut session = context.open()?;
        let plan = |session: &mut Session| {
            let (id, told) = (session.state().next_deviation(), Box::new(draft.told.clone()));
            let text = Some(Text::Remark(Field::Note, draft.what.clone()));
            Ok(Plan { event: Event::DeviationRecord { id, told }, text })
        };
        let entry = record_shown(
            context,
            &mut session,
            |page, _| {
                page.block(tr!(
                    "about to sign: what was done outside the register",
                    "即将签名：报告在变更台账之外的操作"
                ));
                Ok(())
            },
            plan,
        )?;
        let Some(id) = entry.event.deviation() else { return Ok(()) };
        let said = trf!(
            "{id} recorded; two approvers review it: `twinseal deviation review {id}`",
            "{id} 已记录；须由两名审批人审阅：`twinseal deviation review {id}`"
        );
        report_recorded(context, &entry, Some(format!("{id} {}", entry.leaf)), said)
    }
}
