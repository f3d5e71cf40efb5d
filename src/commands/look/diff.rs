//! `diff`: show the differences between two revisions of a change.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::lookup::{change, change_id, parts, template_of};
use crate::commands::{Context, Zh};
use crate::domain::{ChangeId, Description, Event, Execution, Revision, Text, number};
use crate::error::Error;
use crate::output::{self, Equal, Page, Shown};
use crate::store::Session;
use crate::trf;

/// Show the differences between two revisions
///
/// A removed line begins with -, an added one with +. Then the line is shown as on the page of a change. Equal lines are
/// left out and counted.
#[derive(Debug, Args)]
#[command(zh("显示两个修订之间的差异"))]
#[command(zh_long("删除的行以 - 开头，新增的行以 + 开头，其后与变更单页面上的显示相同。相同的行略去，只计行数。"))]
#[command(after_help = "Examples:
  twinseal diff CHG-42
  twinseal diff CHG-42 1..3
  twinseal diff CHG-42 --full")]
pub struct Diff {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Revisions to compare, such as 1..3; by default the current and the previous one
    #[arg(value_name = "FROM..TO", zh("要比较的修订，如 1..3；默认为当前修订与前一个修订"))]
    range: Option<String>,
    /// Equal lines too
    #[arg(long, zh("也显示相同的行"))]
    full: bool,
}

impl Diff {
    /// # Errors
    /// There is no such change or revision, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id = change_id(&self.change)?;
        let session = context.open()?;
        let current = change(&session, id)?.current().id.number;
        if current == 1 && self.range.is_none() && !context.ui.json {
            context.env.remark(trf!("{id} has one revision; nothing to compare", "{id} 只有一个修订，没有可比较的"));
            return Ok(());
        }
        let (from, to) = match &self.range {
            Some(given) => parse_range(given)?,
            None => (current.saturating_sub(1).max(1), current),
        };
        let mut page = context.page();
        page.title(trf!("{id} revision {from} to {to}", "{id} 修订 {from} 至 {to}"));
        if context.ui.json {
            return context.ui.print_json(context.env, fields(&session, id, from, to)?);
        }
        let equal = if self.full { Equal::All } else { Equal::Near };
        if !between(&mut page, &session, id, (from, to), equal)? {
            context.env.remark(trf!(
                "no differences between revisions {from} and {to} of {id}",
                "{id} 的修订 {from} 与 {to} 没有差异"
            ));
            return Ok(());
        }
        Ok(context.env.print_long(page.legend().finish())?)
    }
}

fn parse_range(given: &str) -> Result<(u64, u64), Error> {
    let wrong = || Error::Form { given: given.to_owned(), form: "1..3" };
    let (from, to) = given.split_once("..").ok_or_else(wrong)?;
    Ok((number(from).map_err(|_| wrong())?, number(to).map_err(|_| wrong())?))
}

/// Writes the differences between two revisions to a page, and returns whether there are any.
///
/// # Errors
/// [`Error::NoRevision`], or the register cannot be read.
pub fn between(
    page: &mut Page,
    session: &Session,
    id: ChangeId,
    (from, to): (u64, u64),
    equal: Equal,
) -> Result<bool, Error> {
    let (old, new) = (find(session, id, from)?, find(session, id, to)?);
    Ok(output::diff(page, &parts(session, old.seq)?, &parts(session, new.seq)?, equal))
}

/// The differences as JSON.
fn fields(session: &Session, id: ChangeId, from: u64, to: u64) -> Result<Value, Error> {
    let (old, new) = (find(session, id, from)?, find(session, id, to)?);
    let (old_parts, new_parts) = (parts(session, old.seq)?, parts(session, new.seq)?);
    let (old, new) = (Shown { facts: &old.facts, parts: &old_parts }, Shown { facts: &new.facts, parts: &new_parts });
    let field = |(field, old, new): (&str, String, String)| json!({ "field": field, "old": old, "new": new });
    let fields: Value = output::differing(old, new).into_iter().map(field).collect();
    Ok(json!({ "change": id.to_string(), "from": from, "to": to, "fields": fields }))
}

/// A revision of a change.
///
/// # Errors
/// [`Error::NoChange`], [`Error::NoRevision`], or the register cannot be read.
pub fn find(session: &Session, id: ChangeId, number: u64) -> Result<Revision, Error> {
    let change = change(session, id)?;
    let found = change.revisions().find(|revision| revision.id.number == number);
    found.cloned().ok_or(Error::NoRevision { change: id, number })
}

/// What people and machines do in the revision that this entry filed: its text, empty if it was redacted, and its data part, empty if it has
/// none. A standard change has most of both from its template.
///
/// # Errors
/// The register cannot be read.
pub fn content(session: &Session, seq: u64) -> Result<(Description, Execution), Error> {
    let Some(entry) = session.entry(seq)? else { return Ok(Default::default()) };
    let description = match entry.text {
        Some(Text::Description(description)) => *description,
        _ => Description::default(),
    };
    let (Event::File { facts, execution, .. } | Event::Revise { facts, execution, .. }) = entry.event else {
        return Ok((description, Execution::default()));
    };
    Ok(match (template_of(session, &facts)?, &facts.template) {
        (Some(it), Some(used)) => it.template.complete(&used.values, (&description, &execution)),
        _ => (description, *execution),
    })
}
