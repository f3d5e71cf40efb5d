//! `confirm`: confirm the outcome of a change.

use clap::Args;

use crate::commands::Zh;
use crate::commands::change::summary::content;
use crate::commands::lookup::{change, change_id, remark};
use crate::commands::{Context, record_shown, report_recorded};
use crate::domain::{Confirmation, Event, Field, Outcome};
use crate::error::Error;
use crate::record::Plan;
use crate::{tr, trf};

/// Confirm the outcome of a change
///
/// The policy can ask for a confirmation after the finish. Requesters, authors and implementers of the change cannot
/// confirm it, nor can those who started or finished it.
#[derive(Debug, Args)]
#[command(zh("确认变更的结果"))]
#[command(zh_long("策略可以要求在完成之后确认。该变更单的申请人、作者和实施人不能确认，开始或完成它的人也不能。"))]
#[command(after_help = "Examples:
  twinseal confirm CHG-42
  twinseal confirm CHG-42 --note 'Rejects are back to normal.'")]
pub struct Confirm {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Comment on the confirmation
    #[arg(long, value_name = "TEXT", zh("确认时的备注"))]
    note: Option<String>,
}

impl Confirm {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        let confirmed = change(&session, id)?;
        let revision = confirmed.current().id;
        // Fixed before it is shown: a rollback recorded meanwhile must not be confirmed unread. A change without an outcome
        // is refused, whichever is named.
        let outcome = confirmed.outcome_to_confirm().unwrap_or(Outcome::Succeeded);
        let entry = record_shown(
            context,
            &mut session,
            |page, session| {
                let (number, outcome) = (revision.number, outcome.phrase());
                page.block(&trf!(
                    "about to sign: confirm {id} revision {number}: {outcome}",
                    "即将签名：确认 {id} 修订 {number} 的结果：{outcome}"
                ));
                for (target, on) in confirmed.on_targets() {
                    let outcome = on.outcome().map_or(tr!("in progress", "实施中").to_owned(), Outcome::phrase);
                    page.text("", trf!("{target}: {outcome}", "{target}：{outcome}"));
                }
                content(page, session, confirmed.current())
            },
            |_| Ok(Plan { event: Event::Confirm(Confirmation { revision, outcome }), text: text.clone() }),
        )?;
        report_recorded(context, &entry, None, trf!("{id} confirmed: {}", "{id} 已确认：{}", outcome.phrase()))
    }
}
