//! `recover`: the entries that a copy holds and the register lost.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::commands::ui::progress;
use crate::commands::upkeep::verify::finding_json;
use crate::error::Error;
use crate::output::safe;
use crate::store::{Recovered, SharedFile, StoreError};

/// Bring back the entries that another file of this register holds beyond its end
///
/// After `restore` or `repair`: a later copy, or a file that was kept aside, may hold what is missing. Each entry is
/// verified and appended as it was signed, without texts that were redacted. It must be done before anything new is
/// recorded.
#[derive(Debug, Args)]
pub struct Recover {
    /// The other file: a marked copy, or a register that was put aside
    copy: PathBuf,
}

impl Recover {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it; the register is as it was then.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open_ignoring_pin()?;
        if let Some(fault) = session.fault() {
            return Err(Error::Broken(fault.clone()));
        }
        // What its schema is worth does not matter: nothing but entries is taken from it, and each is verified.
        let opened = SharedFile::open(&context.env.path(&self.copy), context.registers.scratch());
        let (from, _) = opened.map_err(|source| Error::Copy { path: self.copy.clone(), source })?;
        let bar = progress(context.env, from.newest()?.unwrap_or(0), "recovering");
        let recovered = session.recover(&from, &context.writer(), &mut |seq| bar.set_position(seq))?;
        bar.finish_and_clear();
        if let Recovered { entries: None, fault: Some(fault) } = recovered {
            return Err(Error::Copy { path: self.copy, source: StoreError::Broken(fault) });
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
            Some((first, last)) if first == last => format!("entry {first} stands in the register again"),
            Some((first, last)) => format!("entries {first} to {last} stand in the register again"),
            None => "that file holds no valid entry beyond the end of the register".to_owned(),
        };
        context.ui.answer(context.env, json, said)?;
        if let Some(fault) = fault {
            context.env.status(format_args!(
                "warning: that file is broken, so what follows was left: {}",
                safe(&fault.to_string())
            ));
        }
        Ok(())
    }
}
