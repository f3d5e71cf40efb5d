//! `file`: record a draft as a new change.

use std::path::PathBuf;

use clap::Args;

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::change::again::Again;
use crate::commands::change::check::{COMMITS_ZH, DraftFile};
use crate::commands::change::compose::Compose;
use crate::commands::change::filing::{Becomes, compose_and_record, record};
use crate::commands::lookup::change_id;
use crate::error::{AccountError, Error};

/// File a draft as a new change
///
/// Without a file, the draft is made from the options, or opened in your editor ($VISUAL or $EDITOR) on a template or on
/// a copy of an earlier change. A draft that is not filed is kept: see `twinseal drafts`. Relative paths in it start at
/// the current directory.
#[derive(Debug, Args)]
#[command(zh("把草稿提交为新变更单"))]
#[command(zh_long(
    "不给出文件时，草稿由选项生成，或在编辑器（$VISUAL 或 $EDITOR）中打开模板或先前变更单的副本。\
     未提交的草稿会保留：见 `twinseal drafts`。草稿中的相对路径从当前目录算起。"
))]
#[command(after_help = "Examples:
  twinseal file change.toml
  twinseal file change.toml --commits v2.4.0..v2.4.1
  twinseal file --from CHG-7 --window 'sat 20:00 for 2h'
  twinseal file")]
pub struct File {
    /// Draft in TOML; - reads standard input
    #[arg(zh("TOML 草稿；- 表示标准输入"))]
    file: Option<PathBuf>,
    /// Commits of the git repository here, such as v2.4.0..HEAD, whose authors are added to those in the draft; the table
    /// `[authors]` of config.toml says who they are
    #[arg(long, value_name = "A..B", zh(COMMITS_ZH))]
    commits: Option<String>,
    /// Filed change to copy
    #[arg(short, long, value_name = "CHG-N", conflicts_with = "file", zh("要复制的已提交变更单"))]
    from: Option<String>,
    #[command(flatten)]
    compose: Compose,
    #[command(flatten)]
    again: Again,
}

impl File {
    /// # Errors
    /// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if let Some(file) = self.file {
            return record(context, Becomes::Change, &DraftFile::named(file, self.commits), self.again);
        }
        if self.compose.edits() && !context.env.console.is_interactive() {
            return Err(AccountError::NoDraftGiven.into());
        }
        let from = self.from.as_deref().map(change_id).transpose()?;
        let text = self.compose.text(context, from, None)?;
        compose_and_record(context, Becomes::Change, &text, (self.compose.edits(), self.commits, self.again))
    }
}
