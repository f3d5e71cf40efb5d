//! `note`: a remark on a change.

use clap::Args;

use crate::commands::lookup::{change, parse, remark};
use crate::commands::{Context, report_recorded};
use crate::domain::{ChangeId, Event, Field};
use crate::error::Error;
use crate::record::{Plan, record};

/// Add a note to a change; anybody enrolled may, at any time
#[derive(Debug, Args)]
pub struct Note {
    /// The change, such as CHG-42
    change: String,
    /// What there is to say
    text: String,
}

impl Note {
    /// Runs it.
    ///
    /// # Errors
    /// The rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let text = remark(Field::Note, &self.text)?;
        let mut session = context.open()?;
        change(&mut session, id)?;
        let entry = record(context.recorder(), &mut session, |_| {
            Ok(Plan { event: Event::Note(id), text: Some(text.clone()) })
        })?;
        report_recorded(context, &entry, None, format_args!("noted; `twinseal show {id}` has it in its timeline"))
    }
}
