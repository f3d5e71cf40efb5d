//! `action list`.

use clap::Args;
use serde_json::{Value, json};

use super::action_text;
use crate::commands::lookup::{known_person, parse};
use crate::commands::{Context, Zh};
use crate::domain::{PersonId, Time};
use crate::error::Error;
use crate::output::{ago, table};
use crate::store::{ActionRow, Session};
use crate::{tr, trf};

/// Arguments of `action list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal action list --open
  twinseal action list --owner carol --overdue")]
pub struct List {
    /// Filter by owner
    #[arg(long, value_name = "PERSON", zh("按责任人筛选"))]
    owner: Option<String>,
    /// Filter by actions that are not done
    #[arg(long, zh("只列出未完成的改进事项"))]
    open: bool,
    /// Filter by actions that are not done and past their time
    #[arg(long, zh("只列出已逾期、未完成的改进事项"))]
    overdue: bool,
}

impl List {
    /// # Errors
    /// The owner is unknown, or the register cannot be read.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let owner: Option<PersonId> = self.owner.as_deref().map(parse).transpose()?;
        let session = context.open()?;
        owner.iter().try_for_each(|owner| known_person(&session, owner).map(|_| ()))?;
        let now = context.env.now();
        let mut rows = session.queries().actions(owner.as_ref(), self.open || self.overdue)?;
        rows.retain(|it| !self.overdue || it.due <= now);
        if context.ui.json {
            let actions = rows.iter().map(|it| json(&session, it, now)).collect::<Result<Value, _>>()?;
            return context.ui.print_json(context.env, json!({ "actions": actions }));
        }
        if rows.is_empty() {
            context.env.remark(tr!("no matching actions", "没有符合条件的改进事项"));
            return Ok(());
        }
        let clock = context.clock();
        let row = |it: &ActionRow| -> Result<[String; 5], Error> {
            let (_, text) = action_text(&session, it)?;
            let due = trf!("{} ({})", "{}（{}）", clock.minute(it.due, "UTC"), ago(it.due, now));
            let text = text.unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned());
            let title = text.lines().next().unwrap_or_default().to_owned();
            Ok([format!("{}/{}", it.change, it.number), phrase(it, now).to_owned(), it.owner.to_string(), due, title])
        };
        let header = [
            tr!("ACTION", "改进事项"),
            tr!("STATUS", "状态"),
            tr!("OWNER", "责任人"),
            tr!("DUE", "截止时间"),
            tr!("TITLE", "标题"),
        ];
        let rows = rows.iter().map(row).collect::<Result<_, _>>()?;
        Ok(context.env.print_long(&table(header, rows, context.env.width))?)
    }
}

fn phrase(it: &ActionRow, now: Time) -> &'static str {
    match status(it, now) {
        "done" => tr!("done", "已完成"),
        "overdue" => tr!("overdue", "已逾期"),
        _ => tr!("open", "未完成"),
    }
}

fn status(it: &ActionRow, now: Time) -> &'static str {
    match it.done {
        Some(_) => "done",
        None if it.due <= now => "overdue",
        None => "open",
    }
}

/// An action as JSON.
fn json(session: &Session, it: &ActionRow, now: Time) -> Result<Value, Error> {
    let (_, text) = action_text(session, it)?;
    let done = match it.done {
        Some(seq) => {
            let header = session.entry(seq)?.ok_or(Error::NoEntry(seq))?.header;
            json!({ "person": header.actor.to_string(), "time": header.time.to_string(), "seq": seq })
        }
        None => Value::Null,
    };
    Ok(json!({
        "action": format!("{}/{}", it.change, it.number),
        "change": it.change.to_string(),
        "number": it.number,
        "status": status(it, now),
        "owner": it.owner.to_string(),
        "due": it.due.to_string(),
        "text": text,
        "review": it.review,
        "done": done,
    }))
}
