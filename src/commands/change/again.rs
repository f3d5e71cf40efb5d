//! Filing the same content once more, which is mostly a mistake.

use clap::Args;

use crate::commands::change::summary::content;
use crate::commands::look::diff;
use crate::commands::lookup::change;
use crate::commands::{Context, about_to_sign};
use crate::domain::ChangeId;
use crate::error::Error;
use crate::format::Unsigned;
use crate::input::Draft;
use crate::key_choice::confirm;
use crate::store::Session;

/// The option `--again`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Again {
    /// File it even if the same content was filed before
    #[arg(long)]
    again: bool,
}

impl Again {
    /// Asks whether to sign an entry whose content one of these changes has as its current revision. `act` says what the
    /// entry would do.
    ///
    /// # Errors
    /// [`Error::FiledBefore`] without a terminal, [`Error::NotConfirmed`], or the register cannot be read.
    pub fn check(
        self,
        context: &mut Context<'_>,
        session: &Session,
        (draft, entry): (&Draft, Option<&Unsigned>),
        (act, changes): (&str, &[ChangeId]),
    ) -> Result<(), Error> {
        for id in changes.iter().filter(|_| !self.again) {
            let revision = change(session, *id)?.current().clone();
            let same = revision.facts == draft.facts
                && diff::description(session, &revision)? == draft.description
                && diff::execution(session, &revision)? == draft.execution;
            if same {
                let filed = Error::FiledBefore { change: *id, by: revision.requester.clone() };
                if !context.env.console.is_interactive() {
                    return Err(filed);
                }
                let mut page = context.page_above_question();
                page.block(&format!("about to sign: {act}"));
                content(&mut page, session, &revision)?;
                about_to_sign(&mut page, entry);
                context.env.status(format_args!("{}\n\nwarning: {filed}", page.finish().trim_start()));
                if context.options.dry_run {
                    return Ok(());
                }
                return confirm(context.env, "sign the same content once more", &id.to_string());
            }
        }
        Ok(())
    }
}
