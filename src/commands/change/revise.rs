//! `revise`: a draft replaces the current revision of a change.

use std::path::PathBuf;

use clap::Args;

use crate::commands::change::check::read_draft;
use crate::commands::lookup::{change, parse};
use crate::commands::{Context, report_recorded};
use crate::domain::{ChangeId, Event, Text};
use crate::error::Error;
use crate::record::{Plan, record};

/// Revise a change: a new revision replaces the current one, and voids its approvals
///
/// Example: twinseal revise CHG-7 change.toml
#[derive(Debug, Args)]
pub struct Revise {
    /// The change, such as CHG-42
    change: String,
    /// The draft, TOML; - is standard input
    file: PathBuf,
}

impl Revise {
    /// Runs it.
    ///
    /// # Errors
    /// [`Error::Faults`], the rule that says no, or what prevents recording.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let mut session = context.open()?;
        // Fixed before the draft is read: a revision by somebody else meanwhile is not replaced unseen.
        let replaces = change(&mut session, id)?.current().id;
        let draft = read_draft(context, Some(&session), &self.file)?;
        let now = context.env.now();
        let tally = session.state().change(id)?.tally(session.state().governance(), now);
        let voided: Vec<String> = tally.counted.iter().map(|vote| vote.person.to_string()).collect();
        let text = Text::Description(Box::new(draft.description));
        let facts = Box::new(draft.facts);
        let entry = record(context.recorder(), &mut session, |_| {
            Ok(Plan { event: Event::Revise { replaces, facts: facts.clone() }, text: Some(text.clone()) })
        })?;
        let number = replaces.number + 1;
        let need = session.state().governance().policy().map_or(0, |policy| policy.approvals_for(&facts));
        let lost = match voided.as_slice() {
            [] => String::new(),
            voided => format!("; the approvals of {} do not count any more", voided.join(", ")),
        };
        let said = format!("{id} revised{lost}; revision {number} waits for {need} approvals");
        report_recorded(context, &entry, Some(format!("{id} revision {number} {}", entry.leaf)), said)
    }
}
