//! `breakglass ratify`.

use clap::Args;

use super::page::write_page;
use crate::commands::Zh;
use crate::commands::lookup::{break_glass_id, parse, remark};
use crate::commands::{Context, about_to_sign, report_recorded};
use crate::domain::{BreakGlass, BreakGlassId, Digest, Event, Field};
use crate::error::Error;
use crate::record::{Plan, record, rehearse};
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `breakglass ratify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal breakglass show BG-3
  twinseal breakglass ratify BG-3
  twinseal breakglass ratify BG-3 --digest DIGEST")]
pub struct Ratify {
    /// Break-glass id, such as BG-3
    #[arg(value_name = "BG-N", zh("紧急处置编号，如 BG-3"))]
    id: String,
    /// Digest that `twinseal breakglass show` prints; required without a terminal
    #[arg(long, value_name = "DIGEST", zh("`twinseal breakglass show` 显示的摘要；没有终端时必须给出"))]
    digest: Option<String>,
    /// Comment on the ratification
    #[arg(long, value_name = "TEXT", zh("追认时的备注"))]
    note: Option<String>,
}

impl Ratify {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = break_glass_id(&self.id)?;
        let digest = self.digest.as_deref().map(parse::<Digest>).transpose()?;
        let text = self.note.as_deref().map(|note| remark(Field::Note, note)).transpose()?;
        let mut session = context.open()?;
        // Fixed before it is shown. Without a close there is nothing to ratify, and a rule refuses it.
        let close = super::find(&session, id)?.close().map(|close| close.leaf);
        let closed = close.unwrap_or(Digest::NONE);
        let plan = |_: &mut Session| Ok(Plan { event: Event::BreakGlassRatify { id, closed }, text: text.clone() });
        let entry = match (digest, close) {
            (Some(given), Some(found)) if given != found => {
                return Err(Error::OtherDigest { flag: "--digest", given, found });
            }
            (Some(_), _) | (None, None) => record(context.recorder(), &mut session, plan)?,
            (None, _) if !context.env.console.is_interactive() => {
                return Err(Error::NeedDigest { flag: "--digest", shows: format!("`twinseal breakglass show {id}`") });
            }
            (None, Some(_)) => {
                let mut rehearsal = rehearse(&mut context.recorder(), &mut session, plan)?;
                let mut page = context.page_above_question();
                write_page(&mut page, &session, id, session.state().moment(context.env.now()))?;
                page.block(&trf!("about to sign: ratify {id}", "即将签名：追认 {id}"));
                about_to_sign(&mut page, rehearsal.unsigned());
                context.env.status(page.finish());
                rehearsal.confirm(context.env, tr!("ratify this break-glass", "追认此紧急处置"), &id.to_string())?;
                rehearsal.record(context.recorder(), &mut session)?
            }
        };
        let said = said(&session, id).map_err(|error| error.after(entry.header.seq))?;
        report_recorded(context, &entry, None, said)
    }
}

/// Whether it is ratified now.
fn said(session: &Session, id: BreakGlassId) -> Result<String, Error> {
    let glass = super::find(session, id)?;
    Ok(match glass.ratified() {
        Some(_) => trf!("{id} is ratified", "{id} 已追认"),
        None => {
            let (of, before) = (BreakGlass::RATIFIERS, glass.deadline());
            trf!(
                "{id} ratified (1 of {of}); 1 more needed before {before}",
                "{id} 已追认（1/{of}）；{before} 之前还需 1 人追认"
            )
        }
    })
}
