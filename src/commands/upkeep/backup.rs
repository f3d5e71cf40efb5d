//! `backup`: copy a register while others write.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::commands::lookup::option_path;
use crate::commands::ui::busy;
use crate::error::Error;
use crate::output::safe;
use crate::store::back_up;

/// Back up the register to a new file
///
/// The backup is consistent even while other processes write. It can be read and verified anywhere, and is never
/// written to. Restore a register from it with twinseal restore.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal backup /backup/prod-2026-12-01.db
  twinseal verify --register /backup/prod-2026-12-01.db")]
pub struct Backup {
    /// File to create
    #[arg(value_name = "FILE")]
    out: PathBuf,
}

impl Backup {
    /// # Errors
    /// The register cannot be read or the file cannot be written; no partial file is left behind.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let out = context.env.path(&self.out);
        let bar = busy(context.env, session.shared().newest()?.unwrap_or(0), "copying");
        let newest = back_up(session.shared(), &out, context.registers.scratch())?;
        bar.finish_and_clear();
        let json = || json!({ "backup": out.display().to_string(), "newest": newest });
        let entries = newest.map_or(0, |newest| newest + 1);
        let name = safe(&self.out.display().to_string()).into_owned();
        context.ui.answer(context.env, json, || format!("backup {name}: {entries} entries"))?;
        context.env.remark(format_args!(
            "verify it where it is stored: `twinseal verify --register {}`",
            option_path(&self.out)
        ));
        Ok(())
    }
}
