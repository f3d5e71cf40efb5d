//! `revise`: file a draft as a new revision of a change.

use clap::Args;

use crate::commands::change::again::Again;
use crate::commands::change::check::{DraftFile, approvals_needed, read_draft};
use crate::commands::lookup::{change, change_id, governance_about};
use crate::commands::{Context, report_recorded};
use crate::domain::{Event, Text};
use crate::error::Error;
use crate::record::{Plan, rehearse};

/// File a new revision of a change
///
/// The new revision replaces the current one. Approvals of the old revision no longer count.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal draft --from CHG-42 > change.toml
  twinseal revise CHG-42 change.toml")]
pub struct Revise {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    #[command(flatten)]
    draft: DraftFile,
    #[command(flatten)]
    again: Again,
}

impl Revise {
    /// # Errors
    /// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let mut session = context.open()?;
        // Fixed before the draft is read: a revision filed meanwhile must not be replaced unseen.
        let revised = change(&session, id)?;
        let replaces = revised.current().id;
        let checked = read_draft(context, Some(&session), &self.draft)?;
        let draft = checked.draft.clone();
        let now = session.state().moment(context.env.now());
        let governance = governance_about(&session, &revised, now)?;
        let tally = revised.tally(&governance, now)?;
        let voided: Vec<String> = tally.counted.iter().map(|vote| vote.person.to_string()).collect();
        let text = Text::Description(Box::new(draft.description));
        let (facts, execution) = (Box::new(draft.facts), Box::new(draft.execution));
        let rehearsal = rehearse(&mut context.recorder(), &mut session, |_| {
            let event = Event::Revise { replaces, facts: facts.clone(), execution: execution.clone() };
            Ok(Plan { event, text: Some(text.clone()) })
        })?;
        checked.check_capacity(now, Some(&revised), rehearsal.actor())?;
        let act = format!("revise {id}");
        self.again.check(context, &session, (&checked.draft, rehearsal.unsigned()), (&act, &[id]))?;
        let need = approvals_needed(&session, &facts, &execution)?;
        let entry = rehearsal.record(context.recorder(), &mut session)?;
        let number = replaces.number + 1;
        let lost = match voided.as_slice() {
            [] => String::new(),
            voided => format!("; no longer counted: {}", voided.join(", ")),
        };
        let said = format!("{id} revised (revision {number}){lost}; {need}");
        report_recorded(context, &entry, Some(format!("{id} revision {number} {}", entry.leaf)), said)
    }
}
