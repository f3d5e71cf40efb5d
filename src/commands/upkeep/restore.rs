//! `restore`: restore a register from a backup.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::commands::lookup::option_path;
use crate::commands::{Context, Zh};
use crate::error::{Error, RegisterError};
use crate::key_choice::confirm;
use crate::output::safe;
use crate::store::{may_exist, restore};
use crate::trust::Request;
use crate::{tr, trf};

/// Restore a register from a backup
///
/// Turns the backup file itself into a register. Restore only if the register is lost: two registers with the same
/// beginning would diverge. Accounts that verified later entries than the backup has will refuse the register until
/// those entries are recovered.
#[derive(Debug, Args)]
#[command(zh("从备份恢复变更台账"))]
#[command(zh_long(
    "将备份文件本身变为变更台账。仅在变更台账丢失时恢复：开头相同的两个变更台账会分叉。核验过更新日志条目的账号会拒绝该变更台账，直到找回这些条目。"
))]
#[command(after_help = "Examples:
  cp /backup/prod-2026-12-01.db prod.db
  twinseal restore prod.db")]
pub struct Restore {
    /// Backup file that twinseal backup made
    #[arg(value_name = "FILE", zh("`twinseal backup` 创建的备份文件"))]
    copy: PathBuf,
}

impl Restore {
    /// # Errors
    /// The file is no backup, is broken, or cannot be written; it is unchanged.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if context.options.register.is_some() {
            return Err(Error::Register(RegisterError::NamedForRestore));
        }
        let path = context.env.path(&self.copy);
        if let Some(other) = elsewhere(context, &path) {
            context.env.status(trf!(
                "warning: this account knows the register at {}, where it may still be. Two registers with the same \
                 beginning would diverge. Restore only if the register is lost, and at its path",
                "警告：本账号已知的该变更台账位于 {}，可能仍在那里。开头相同的两个变更台账会分叉。\
                 仅当变更台账丢失时，才在其原路径恢复",
                safe(&other.display().to_string())
            ));
            if context.env.console.is_interactive() {
                confirm(
                    context.env,
                    tr!("make a second register of it nevertheless", "仍将其变为第二个变更台账"),
                    "restore",
                )?;
            }
        }
        let path = restore(&path, context.registers.scratch())?;
        let name = safe(&path.display().to_string()).into_owned();
        context.ui.answer(context.env, || json!({ "restored": name }), || trf!("restored {name}", "已恢复 {name}"))?;
        context.env.status(trf!(
            "verify it before anybody records: `twinseal verify --register {}`",
            "在任何人记录之前先核验：`twinseal verify --register {}`",
            option_path(&path)
        ));
        context.env.status(tr!(
            "if a later backup has more entries, recover them before anybody records: `twinseal recover FILE`",
            "若更新的备份有更多日志条目，请在任何人记录之前找回：`twinseal recover FILE`"
        ));
        Ok(())
    }
}

/// Where this account knows the register whose backup is at `path`, if it may be there.
fn elsewhere(context: &Context<'_>, path: &Path) -> Option<PathBuf> {
    let request = Request { name: path.display().to_string(), path: path.to_owned(), fingerprint: None };
    let fingerprint = context.registers.find(&request).ok()?.identity.fingerprint.to_string();
    let known = context.registers.known().list().iter().find(|it| it.fingerprint == fingerprint)?;
    let same = path.canonicalize().is_ok_and(|path| path == known.file);
    (!same && may_exist(&known.file)).then(|| known.file.clone())
}
