//! `finish`: what came of a change.

use clap::Args;

use crate::commands::lookup::{change, parse, remark};
use crate::commands::{Context, report_recorded};
use crate::domain::{ChangeId, Event, Field, Outcome};
use crate::error::Error;
use crate::record::{Plan, record};

/// Finish a change: say what came of it
///
/// A change that succeeded or failed can be finished once more, as rolled-back.
#[derive(Debug, Args)]
pub struct Finish {
    /// The change, such as CHG-42
    change: String,
    /// succeeded, failed or rolled-back
    #[arg(long)]
    outcome: String,
    /// What happened
    #[arg(long)]
    note: Option<String>,
}

impl Finish {
    /// Runs it.
    ///
    /// # Errors
    /// The rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let outcome: Outcome = parse(&self.outcome)?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        let revision = change(&mut session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::Finish { revision, outcome }, text: text.clone() });
        let entry = record(context.recorder(), &mut session, plan)?;
        report_recorded(context, &entry, None, format_args!("{id} finished: {outcome}"))
    }
}
