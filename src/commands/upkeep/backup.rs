//! `backup`: a copy of the register, made while others write.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::error::Error;
use crate::output::safe;
use crate::store::{SharedFile, StoreError, back_up};

/// Copy the register into a new file, consistently while others write
///
/// The copy is one file and marked as a copy: it can be read and verified anywhere, and is never written.
/// `twinseal restore` makes a register of it.
#[derive(Debug, Args)]
pub struct Backup {
    /// The file to make
    out: PathBuf,
}

impl Backup {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it; no file is left behind then.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let out = context.env.path(&self.out);
        back_up(session.shared(), &out)?;
        // Others may have recorded since this account looked: what the copy holds is what it says itself.
        let newest = newest(context, &out)?;
        let json = || json!({ "backup": out.display().to_string(), "newest": newest });
        let entries = newest.map_or(0, |newest| newest + 1);
        let name = safe(&self.out.display().to_string()).into_owned();
        context.ui.answer(context.env, json, || format!("{name}: a copy with {entries} entries"))?;
        context.env.status(format_args!("verify it where it is kept: twinseal verify --register {name}"));
        Ok(())
    }
}

/// The newest entry of a backup.
fn newest(context: &Context<'_>, path: &Path) -> Result<Option<u64>, Error> {
    let (backup, findings) = SharedFile::open(path, context.registers.scratch())?;
    match findings.into_iter().next() {
        Some(finding) => Err(StoreError::Broken(finding).into()),
        None => Ok(backup.newest()?),
    }
}
