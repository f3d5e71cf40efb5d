//! `revise`: file a draft as a new revision of a change.

use std::path::PathBuf;

use clap::Args;

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::change::again::Again;
use crate::commands::change::check::{COMMITS_ZH, DraftFile};
use crate::commands::change::compose::Compose;
use crate::commands::change::filing::{Becomes, compose_and_record, record};
use crate::commands::lookup::{change, change_id};
use crate::error::{AccountError, Error};

/// File a new revision of a change
///
/// The new revision replaces the current one. Approvals of the old revision no longer count. Without a file, the draft is
/// the current revision with its window, changed by the options or in your editor ($VISUAL or $EDITOR). With --again alone
/// it is the current revision as it is, which then lists the changes that it overlaps now. A draft that is not filed is
/// kept: see `twinseal drafts`.
#[derive(Debug, Args)]
#[command(zh("提交变更单的新修订"))]
#[command(zh_long(
    "新修订取代当前修订，对旧修订的批准不再计入。不给出文件时，草稿是当前修订连同其变更窗口，由选项或在编辑器（$VISUAL 或 $EDITOR）\
     中修改。只给出 --again 时，按当前修订原样重新提交，并列出此时与其冲突的变更单。未提交的草稿会保留：见 `twinseal drafts`。"
))]
#[command(after_help = "Examples:
  twinseal revise CHG-42
  twinseal revise CHG-42 --window 'sat 20:00 for 2h'
  twinseal draft --from CHG-42 > change.toml
  twinseal revise CHG-42 change.toml")]
pub struct Revise {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Draft in TOML; - reads standard input
    #[arg(zh("TOML 草稿；- 表示标准输入"))]
    file: Option<PathBuf>,
    /// Commits of the git repository here, such as v2.4.0..HEAD, whose authors are added to those in the draft; the table
    /// `[authors]` of config.toml says who they are
    #[arg(long, value_name = "A..B", zh(COMMITS_ZH))]
    commits: Option<String>,
    #[command(flatten)]
    compose: Compose,
    #[command(flatten)]
    again: Again,
}

impl Revise {
    /// # Errors
    /// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let of = change_id(&self.change)?;
        if let Some(file) = self.file {
            let becomes = Becomes::Revision { of, from: None };
            return record(context, becomes, &DraftFile::named(file, self.commits), self.again);
        }
        let edits = self.compose.edits() && (self.compose.edit || !self.again.again);
        if edits && !context.env.console.is_interactive() {
            return Err(AccountError::NoRevisionGiven(of).into());
        }
        // Fixed before it is copied: a revision filed meanwhile must not be replaced unseen.
        let from = change(&context.open()?, of)?.current().id;
        let text = self.compose.text(context, None, Some(of))?;
        let becomes = Becomes::Revision { of, from: Some(from) };
        compose_and_record(context, becomes, &text, (edits, self.commits, self.again))
    }
}
