//! `rebuild`: the shared tables, refilled from what was verified.

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::error::Error;
use crate::output::safe;

/// Refill the shared tables from the log, and say what differed
#[derive(Debug, Args)]
pub struct Rebuild {}

impl Rebuild {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let differed = loop {
            session.refresh(context.env.now(), &mut |_| {})?;
            if let Some(fault) = session.fault() {
                return Err(Error::Broken(fault.clone()));
            }
            let turn = session.shared().turn(&context.writer())?;
            if session.refresh_soon(&turn)?
                && let Some(differed) = session.rebuild(&turn)?
            {
                break differed;
            }
        };
        if context.ui.json {
            let differed: Vec<&str> = differed.iter().map(|finding| finding.meaning.as_str()).collect();
            context.ui.print_json(context.env, json!({ "differed": differed }))?;
        } else {
            for finding in &differed {
                context.env.print(safe(&finding.meaning))?;
            }
        }
        match differed.len() {
            0 => context.env.status("nothing differed"),
            n => context.env.status(format_args!("{n} rows differed; the tables are what the log says again")),
        }
        Ok(())
    }
}
