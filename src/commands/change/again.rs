//! Filing the same content once more, which is mostly a mistake.

use clap::Args;

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::change::summary::content;
use crate::commands::look::diff;
use crate::commands::lookup::change;
use crate::commands::recorded::about_to_file;
use crate::domain::{ChangeId, Conflicts, Execution, Facts};
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
    pub(super) again: bool,
}

impl Again {
    /// Asks whether to sign an entry whose content one of these changes has as its current revision. `act` says what the
    /// entry would do. Returns whether it asked.
    ///
    /// # Errors
    /// [`Error::FiledBefore`] without a terminal, [`Error::NotConfirmed`], or the register cannot be read.
    pub fn check(
        self,
        context: &mut Context<'_>,
        session: &Session,
        (draft, entry): (&Draft, Option<&Unsigned>),
        (act, changes): (&str, &[ChangeId]),
    ) -> Result<bool, Error> {
        for id in changes.iter().filter(|_| !self.again) {
            let revision = change(session, *id)?.current().clone();
            // What it overlaps is not written by anybody.
            let facts = Facts { conflicts: None, ..revision.facts.clone() };
            let (description, execution) = diff::content(session, revision.seq)?;
            let execution = Execution { conflicts: Conflicts::new(), ..execution };
            let same = facts == draft.facts && (description, execution) == draft.whole();
            if same {
                let filed = Error::FiledBefore { change: *id, by: revision.requester.clone() };
                if !context.env.console.is_interactive() {
                    return Err(filed);
                }
                let mut page = context.page_above_question();
                page.block(&trf!("about to sign: {act}", "即将签名：{act}"));
                content(&mut page, session, &revision)?;
                about_to_file(&mut page, entry, draft);
                let shown = page.finish().trim_start();
                context.env.status(trf!("{shown}\n\nwarning: {filed}", "{shown}\n\n警告：{filed}"));
                if !context.options.dry_run {
                    let what = tr!("sign the same content once more", "再次签名相同的内容");
                    confirm(context.env, what, &id.to_string())?;
                }
                return Ok(true);
            }
        }
        Ok(false)
    }
}
