//! `calendar propose`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::files::read_draft;
use crate::commands::govern::proposal::open;
use crate::domain::{Action, Field, SetCalendar, Text};
use crate::error::Error;
use crate::input::read_calendar;

/// Arguments of `calendar propose`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal calendar propose market-cn.toml")]
pub struct Propose {
    /// Calendar in TOML; - reads standard input
    #[arg(zh("TOML 格式的日历；- 表示标准输入"))]
    file: PathBuf,
}

impl Propose {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let draft = read_draft(context.env, &self.file, read_calendar)?;
        let mut session = context.open()?;
        let text = draft.reason.map(|reason| Text::Remark(Field::Reason, reason));
        open(context, &mut session, text, |session| {
            let replaces = session.state().governance().calendars().get(&draft.name).copied();
            let (name, known, periods) = (draft.name.clone(), draft.known, draft.periods.clone());
            Ok(Action::SetCalendar(SetCalendar { name, replaces, known, periods }))
        })
    }
}
