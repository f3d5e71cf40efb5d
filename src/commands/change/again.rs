//! Filing the same content once more, which is mostly a mistake.

use clap::Args;

use crate::commands::Context;
use crate::commands::look::diff;
use crate::commands::lookup::change;
use crate::domain::ChangeId;
use crate::error::Error;
use crate::input::Draft;
use crate::key_choice::confirm;
use crate::store::Session;

/// The option `--again`.
#[derive(Debug, Clone, Copy, Args)]
pub struct Again {
    /// File it even if the same content was filed before
    #[arg(long)]
    again: bool,
}

impl Again {
    /// Asks whether to file a draft that is also the current revision of one of these changes.
    ///
    /// # Errors
    /// [`Error::FiledBefore`] without a terminal, [`Error::NotConfirmed`], or the register cannot be read.
    pub fn check(
        self,
        context: &mut Context<'_>,
        session: &Session,
        draft: &Draft,
        changes: &[ChangeId],
    ) -> Result<(), Error> {
        for id in changes.iter().filter(|_| !self.again) {
            let revision = change(session, *id)?.current().clone();
            let same = revision.facts == draft.facts
                && diff::description(session, &revision)? == draft.description
                && diff::execution(session, &revision)? == draft.execution;
            if same {
                let filed = Error::FiledBefore { change: *id, by: revision.requester };
                if !context.env.console.is_interactive() {
                    return Err(filed);
                }
                context.env.status(format_args!("warning: {filed}"));
                return confirm(context.env, "file it once more", "again");
            }
        }
        Ok(())
    }
}
