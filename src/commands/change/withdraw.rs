//! `withdraw`: take a change back.

use clap::Args;

use crate::commands::lookup::{change, parse, remark};
use crate::commands::{Context, report_recorded};
use crate::domain::{ChangeId, Event, Field};
use crate::error::Error;
use crate::record::{Plan, record};

/// Withdraw a change that you filed, revised or own; it cannot be started any more
#[derive(Debug, Args)]
pub struct Withdraw {
    /// The change, such as CHG-42
    change: String,
    /// Why
    #[arg(long)]
    reason: Option<String>,
}

impl Withdraw {
    /// Runs it.
    ///
    /// # Errors
    /// The rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let text = self.reason.as_deref().map(|reason| remark(Field::Reason, reason)).transpose()?;
        let mut session = context.open()?;
        let revision = change(&mut session, id)?.current().id;
        let plan = |_: &mut _| Ok(Plan { event: Event::ChangeWithdraw(revision), text: text.clone() });
        let entry = record(context.recorder(), &mut session, plan)?;
        report_recorded(context, &entry, None, format_args!("{id} withdrawn"))
    }
}
