//! `restore`: a marked copy becomes a register.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::error::Error;
use crate::output::safe;
use crate::store::restore;

/// Make a register of a marked copy, where it is
///
/// Only where the register itself is lost: two registers with one beginning are two truths. Whoever verified more than
/// the copy holds is stopped from then on.
#[derive(Debug, Args)]
pub struct Restore {
    /// The copy, as `twinseal backup` made it
    copy: PathBuf,
}

impl Restore {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it; the copy is as it was then.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let path = restore(&context.env.path(&self.copy), context.registers.scratch())?;
        let name = safe(&path.display().to_string()).into_owned();
        context.ui.answer(context.env, || json!({ "restored": name }), || format!("{name}: a register again"))?;
        context.env.status("verify it before anybody records: twinseal verify --register FILE");
        context.env.status(
            "whoever verified more than it holds is stopped: bring the rest back first, if a later copy holds it \
             (twinseal recover COPY)",
        );
        Ok(())
    }
}
