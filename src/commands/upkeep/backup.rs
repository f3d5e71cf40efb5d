//! `backup`: copy a register while others write.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::lookup::option_path;
use crate::commands::ui::busy;
use crate::commands::{Context, Zh};
use crate::error::Error;
use crate::output::safe;
use crate::store::back_up;
use crate::{tr, trf};

/// Back up the register to a new file
///
/// The backup is consistent even while other processes write. It can be read and verified anywhere, and is never
/// written to. Restore a register from it with twinseal restore.
#[derive(Debug, Args)]
#[command(zh("将变更台账备份到新文件"))]
#[command(zh_long(
    "即使其他进程正在写入，备份也是一致的。备份可在任何地方读取和核验，且从不被写入。用 `twinseal restore` 从备份恢复变更台账。"
))]
#[command(after_help = "Examples:
  twinseal backup /backup/prod-2026-12-01.db
  twinseal verify --register /backup/prod-2026-12-01.db")]
pub struct Backup {
    /// File to create
    #[arg(value_name = "FILE", zh("要创建的文件"))]
    out: PathBuf,
}

impl Backup {
    /// # Errors
    /// The register cannot be read or the file cannot be written; no partial file is left behind.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let out = context.env.path(&self.out);
        let bar = busy(context.env, session.shared().newest()?.unwrap_or(0), tr!("copying", "正在复制"));
        let newest = back_up(&session, &out, context.registers.scratch())?;
        bar.finish_and_clear();
        let json = || json!({ "backup": out.display().to_string(), "newest": newest });
        let entries = newest.map_or(0, |newest| newest + 1);
        let name = safe(&self.out.display().to_string()).into_owned();
        context.ui.answer(context.env, json, || {
            trf!("backup {name}: {entries} entries", "备份 {name}：共 {entries} 条日志")
        })?;
        context.env.remark(trf!(
            "verify it where it is stored: `twinseal verify --register {}`",
            "请在存放处核验：`twinseal verify --register {}`",
            option_path(&self.out)
        ));
        Ok(())
    }
}
