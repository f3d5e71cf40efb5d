//! `reject`: refuse a revision, with a reason.

use clap::Args;

use crate::commands::lookup::{change, parse, remark};
use crate::commands::{Context, report_recorded};
use crate::domain::{ChangeId, Event, Field};
use crate::error::Error;
use crate::record::{Plan, record};

/// Reject a change: its current revision is blocked
#[derive(Debug, Args)]
pub struct Reject {
    /// The change, such as CHG-42
    change: String,
    /// Why, and what would have to be different
    #[arg(long)]
    reason: String,
}

impl Reject {
    /// Runs it.
    ///
    /// # Errors
    /// The rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let text = remark(Field::Reason, &self.reason)?;
        let mut session = context.open()?;
        let revision = change(&mut session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::Reject(revision), text: Some(text.clone()) });
        let entry = record(context.recorder(), &mut session, plan)?;
        report_recorded(
            context,
            &entry,
            None,
            format_args!("{id} revision {} rejected; it cannot start", revision.number),
        )
    }
}
