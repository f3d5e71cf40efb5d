//! Filing the same content once more, which is mostly a mistake.

use clap::Args;

use crate::commands::Zh;
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
use crate::{tr, trf};

/// The option `--again`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Again {
    /// File it even if the same content was filed before
    #[arg(long, zh("即使提交过相同的内容，也再次提交"))]
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
                page.block(&trf!("about to sign: {act}", "即将签名：{act}"));
                content(&mut page, session, &revision)?;
                about_to_sign(&mut page, entry);
                let shown = page.finish().trim_start();
                context.env.status(trf!("{shown}\n\nwarning: {filed}", "{shown}\n\n警告：{filed}"));
                if context.options.dry_run {
                    return Ok(());
                }
                return confirm(
                    context.env,
                    tr!("sign the same content once more", "再次签名相同的内容"),
                    &id.to_string(),
                );
            }
        }
        Ok(())
    }
}
