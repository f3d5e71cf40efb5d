//! `deviation review`.

use clap::Args;

use super::page;
use crate::commands::lookup::{deviation_id, parse, remark};
use crate::commands::{Context, Zh, about_to_sign, report_recorded};
use crate::domain::{Deviation, DeviationStatus, Digest, Event, Field};
use crate::error::Error;
use crate::record::{Plan, record, rehearse};
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `deviation review`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal deviation show DEV-3
  twinseal deviation review DEV-3
  twinseal deviation review DEV-3 --digest DIGEST")]
pub struct Review {
    /// Deviation id, such as DEV-3
    #[arg(value_name = "DEV-N", zh("偏差编号，如 DEV-3"))]
    id: String,
    /// Digest that `twinseal deviation show` prints; required without a terminal
    #[arg(long, value_name = "DIGEST", zh("`twinseal deviation show` 显示的摘要；没有终端时必须给出"))]
    digest: Option<String>,
    /// Comment on the review
    #[arg(long, value_name = "TEXT", zh("审阅时的备注"))]
    note: Option<String>,
}

impl Review {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = deviation_id(&self.id)?;
        let digest = self.digest.as_deref().map(parse::<Digest>).transpose()?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        let recorded = super::find(&session, id)?.recorded().leaf;
        let plan = |_: &mut Session| Ok(Plan { event: Event::DeviationReview { id, recorded }, text: text.clone() });
        let entry = match digest {
            Some(given) if given != recorded => {
                return Err(Error::OtherDigest { flag: "--digest", given, found: recorded });
            }
            Some(_) => record(context.recorder(), &mut session, plan)?,
            None if !context.env.console.is_interactive() => {
                return Err(Error::NeedDigest { flag: "--digest", shows: format!("`twinseal deviation show {id}`") });
            }
            None => {
                let mut rehearsal = rehearse(&mut context.recorder(), &mut session, plan)?;
                let mut shown = context.page_above_question();
                page::write(&mut shown, context, &session, id)?;
                shown.block(&trf!("about to sign: the review of {id}", "即将签名：审阅 {id}"));
                about_to_sign(&mut shown, rehearsal.unsigned());
                context.env.show(shown.finish().trim_start());
                rehearsal.confirm(context.env, tr!("review this deviation", "审阅此偏差"), &id.to_string())?;
                rehearsal.record(context.recorder(), &mut session)?
            }
        };
        let after = super::find(&session, id).map_err(|error| error.after(entry.header.seq))?;
        let of = Deviation::REVIEWERS;
        let said = match after.status() {
            DeviationStatus::Reviewed => trf!("{id} is reviewed; it stays unauthorised", "{id} 已审阅；仍为未获授权"),
            DeviationStatus::Unreviewed => {
                trf!("{id} reviewed (1 of {of}); 1 more needed", "{id} 已审阅（1/{of}）；还需 1 人")
            }
        };
        report_recorded(context, &entry, None, said)
    }
}
