//! `file`: a draft becomes a change.

use std::path::PathBuf;

use clap::Args;

use crate::commands::change::check::read_draft;
use crate::commands::{Context, report_recorded};
use crate::domain::{Event, Text};
use crate::error::Error;
use crate::record::{Plan, record};

/// File a change
///
/// Example: twinseal file change.toml
#[derive(Debug, Args)]
pub struct File {
    /// The draft, TOML; - is standard input
    file: PathBuf,
}

impl File {
    /// Runs it.
    ///
    /// # Errors
    /// [`Error::Faults`], the rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let draft = read_draft(context, Some(&session), &self.file)?;
        let entry = record(context.recorder(), &mut session, |session| {
            let change = session.state().next_change();
            let event = Event::File { change, facts: Box::new(draft.facts.clone()) };
            Ok(Plan { event, text: Some(Text::Description(Box::new(draft.description.clone()))) })
        })?;
        let Some(change) = entry.event.change() else { return Ok(()) };
        let need = session.state().governance().policy().map_or(0, |policy| policy.approvals_for(&draft.facts));
        let said =
            format!("{change} filed; it waits for the approvals of {need} other people: `twinseal approve {change}`");
        report_recorded(context, &entry, Some(format!("{change} revision 1 {}", entry.leaf)), said)
    }
}
