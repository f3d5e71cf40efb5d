//! `retract`: take one's own approval back.

use clap::Args;

use crate::commands::lookup::{change, parse, remark};
use crate::commands::{Context, report_recorded};
use crate::domain::{ChangeId, Event, Field};
use crate::error::Error;
use crate::record::{Plan, record};

/// Retract your approval of a change, before it is started
#[derive(Debug, Args)]
pub struct Retract {
    /// The change, such as CHG-42
    change: String,
    /// Why
    #[arg(long)]
    reason: String,
}

impl Retract {
    /// Runs it.
    ///
    /// # Errors
    /// The rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let text = remark(Field::Reason, &self.reason)?;
        let mut session = context.open()?;
        let revision = change(&mut session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::Retract(revision), text: Some(text.clone()) });
        let entry = record(context.recorder(), &mut session, plan)?;
        report_recorded(
            context,
            &entry,
            None,
            format_args!("your approval of {id} revision {} does not count any more", revision.number),
        )
    }
}
