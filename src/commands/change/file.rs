//! `file`: record a draft as a new change.

use clap::Args;

use crate::commands::change::again::Again;
use crate::commands::change::check::{DraftFile, approvals_needed, read_draft};
use crate::commands::{Context, report_recorded};
use crate::domain::{Event, Line, Text};
use crate::error::Error;
use crate::record::{Plan, rehearse};

/// File a draft as a new change
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal file change.toml
  twinseal file change.toml --commits v2.4.0..v2.4.1
  twinseal --json file change.toml")]
pub struct File {
    #[command(flatten)]
    draft: DraftFile,
    #[command(flatten)]
    again: Again,
}

impl File {
    /// # Errors
    /// [`Error::Faults`], a rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let mut session = context.open()?;
        let checked = read_draft(context, Some(&session), &self.draft)?;
        let draft = &checked.draft;
        let rehearsal = rehearse(&mut context.recorder(), &mut session, |session| {
            let change = session.state().next_change();
            let (facts, execution) = (Box::new(draft.facts.clone()), Box::new(draft.execution.clone()));
            let event = Event::File { change, facts, execution };
            Ok(Plan { event, text: Some(Text::Description(Box::new(draft.description.clone()))) })
        })?;
        checked.check_capacity(session.state().moment(context.env.now()), None, rehearsal.actor())?;
        let title = draft.description.title.as_ref().map_or("", Line::as_str);
        let similar = session.queries().similar(title, &draft.facts.window)?;
        self.again.check(context, &session, (draft, rehearsal.unsigned()), ("file a new change", &similar))?;
        let entry = rehearsal.record(context.recorder(), &mut session)?;
        let Some(change) = entry.event.change() else { return Ok(()) };
        let need = approvals_needed(&session, &draft.facts);
        let said = format!("{change} filed; {need}; `twinseal show {change}` shows it");
        report_recorded(context, &entry, Some(format!("{change} revision 1 {}", entry.leaf)), said)
    }
}
