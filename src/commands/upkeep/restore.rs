//! `restore`: restore a register from a backup.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::error::Error;
use crate::output::safe;
use crate::store::restore;

/// Restore a register from a backup
///
/// Turns the backup file itself into a register. Restore only if the register is lost: two registers with the same
/// beginning would diverge. Accounts that verified later entries than the backup has will refuse the register until
/// those entries are recovered.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cp /backup/prod-2026-12-01.db prod.db
  twinseal restore prod.db")]
pub struct Restore {
    /// Backup file that twinseal backup made
    #[arg(value_name = "FILE")]
    copy: PathBuf,
}

impl Restore {
    /// # Errors
    /// The file is no backup, is broken, or cannot be written; it is unchanged.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if context.options.register.is_some() {
            return Err(Error::RestoreRegister);
        }
        let path = restore(&context.env.path(&self.copy), context.registers.scratch())?;
        let name = safe(&path.display().to_string()).into_owned();
        context.ui.answer(context.env, || json!({ "restored": name }), || format!("restored {name}"))?;
        context.env.status(format_args!("verify it before anybody records: `twinseal verify --register {name}`"));
        context
            .env
            .status("if a later backup has more entries, recover them before anybody records: `twinseal recover FILE`");
        Ok(())
    }
}
