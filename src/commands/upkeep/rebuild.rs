//! `rebuild`: rebuild the shared tables from the verified log.

use clap::Args;
use serde_json::json;

use crate::commands::Context;
use crate::commands::ui::busy;
use crate::error::Error;
use crate::output::safe;
use crate::store::Rebuilt;

/// Rebuild the tables of the register from its log
///
/// The tables are derived from the log for readers with SQL. Prints every row that differed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal rebuild")]
pub struct Rebuild {}

impl Rebuild {
    /// # Errors
    /// The register is broken, or cannot be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let Rebuilt { differed, redacted } = loop {
            session.refresh(context.env.now(), &mut |_| {})?;
            if let Some(fault) = session.fault() {
                return Err(Error::Broken(fault.clone()));
            }
            let bar = busy(context.env, session.shared().newest()?.unwrap_or(0), "rebuilding the tables");
            let turn = session.turn(&context.writer())?;
            if session.refresh_soon(&turn)?
                && let Some(rebuilt) = session.rebuild(&turn)?
            {
                bar.finish_and_clear();
                break rebuilt;
            }
        };
        if context.ui.json {
            let differed: Vec<&str> = differed.iter().map(|finding| finding.meaning.as_str()).collect();
            context.ui.print_json(context.env, json!({ "differences": differed, "redacted": redacted }))?;
        } else {
            for finding in &differed {
                context.env.print(safe(&finding.meaning))?;
            }
            for seq in redacted {
                context.env.print(format_args!("text of entry {seq}: redacted again"))?;
            }
        }
        match differed.len() {
            0 => context.env.remark("tables match the log"),
            n => context.env.remark(format_args!("tables rebuilt; {n} rows differed from the log")),
        }
        Ok(())
    }
}
