//! `recover`: append the entries that another file has and the register lost.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::commands::ui::progress;
use crate::commands::upkeep::verify::finding_json;
use crate::error::{Error, LossError};
use crate::output::safe;
use crate::store::{Recovered, SharedFile, Site, StoreError, is_one_file};

/// Recover lost entries from another file of the register
///
/// Use it after restore or repair, when a later backup or the broken file has entries beyond the end of the register.
/// Each entry is verified and appended as it was signed, without redacted texts. Recover before anything new is
/// recorded.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal recover /backup/prod-2026-12-02.db
  twinseal recover prod.db.broken-20261201T180000Z")]
pub struct Recover {
    /// Backup, or broken register that twinseal repair kept
    #[arg(value_name = "FILE")]
    copy: PathBuf,
}

impl Recover {
    /// # Errors
    /// The register is broken, or the file has nothing to recover from; the register is unchanged.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open_ignoring_pin()?;
        if let Some(fault) = session.fault() {
            return Err(Error::Broken(fault.clone()));
        }
        // Closing a second handle of the register would release the locks of the first.
        if is_one_file(&context.env.path(&self.copy), session.shared().path()) {
            return Err(Error::Loss(LossError::Copy {
                source: StoreError::SameFile { path: self.copy.clone() },
                path: self.copy,
            }));
        }
        // Findings about its schema do not matter: only entries are read, and each is verified.
        let opened = SharedFile::open(&context.env.path(&self.copy), Site::Elsewhere, context.registers.scratch());
        let (from, _) = opened.map_err(|source| Error::Loss(LossError::Copy { path: self.copy.clone(), source }))?;
        let bar = progress(context.env, from.newest()?.unwrap_or(0), "recovering");
        let writer = context.writer();
        let recover = || session.recover(&from, &writer, &mut |seq| bar.set_position(seq));
        let recovered = context.env.interrupt.writing(recover, |done| done.as_ref().ok()?.entries)?;
        bar.finish_and_clear();
        if let Recovered { entries: None, fault: Some(fault) } = recovered {
            return Err(Error::Loss(LossError::Copy { path: self.copy, source: StoreError::Broken(fault) }));
        }
        let entries = recovered.entries.map_or(0, |(first, last)| last - first + 1);
        let fault = recovered.fault.as_ref();
        let json = || {
            json!({
                "recovered": entries,
                "first": recovered.entries.map(|it| it.0),
                "last": recovered.entries.map(|it| it.1),
                "fault": fault.map(finding_json),
            })
        };
        let said = || match recovered.entries {
            Some((first, last)) if first == last => format!("recovered entry {first}"),
            Some((first, last)) => format!("recovered entries {first} to {last}"),
            None => "nothing to recover: the file has no valid entry beyond the end of the register".to_owned(),
        };
        context.ui.answer(context.env, json, said)?;
        if let Some(fault) = fault {
            context.env.status(format_args!(
                "warning: the file is broken; later entries were not recovered: {}",
                safe(&fault.to_string())
            ));
        }
        Ok(())
    }
}
