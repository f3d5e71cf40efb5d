//! `diff`: show the differences between two revisions of a change.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::lookup::{change, parse};
use crate::domain::{ChangeId, Description, Event, Execution, Revision, Text, number};
use crate::error::Error;
use crate::output::{self, Page, Shown};
use crate::store::Session;

/// Show the differences between two revisions
///
/// Removed words are shown as [-removed-], added ones as {+added+}. Unchanged lines are left out.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal diff CHG-42
  twinseal diff CHG-42 1..3")]
pub struct Diff {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE")]
    change: String,
    /// Revisions to compare, such as 1..3; by default the current and the previous one
    #[arg(value_name = "FROM..TO")]
    range: Option<String>,
}

impl Diff {
    /// # Errors
    /// There is no such change or revision, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let session = context.open()?;
        let current = change(&session, id)?.current().id.number;
        if current == 1 && self.range.is_none() && !context.ui.json {
            context.env.status(format_args!("{id} has one revision; nothing to compare"));
            return Ok(());
        }
        let (from, to) = match &self.range {
            Some(given) => parse_range(given)?,
            None => (current.saturating_sub(1).max(1), current),
        };
        let mut page = Page::new(context.env.colour, context.env.width);
        page.title(format_args!("{id} revision {from} to {to}"));
        if context.ui.json {
            return context.ui.print_json(context.env, fields(&session, id, from, to)?);
        }
        if !between(&mut page, &session, id, from, to)? {
            context.env.status(format_args!("no differences between revisions {from} and {to} of {id}"));
            return Ok(());
        }
        Ok(context.env.print(page.finish())?)
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
pub fn between(page: &mut Page, session: &Session, id: ChangeId, from: u64, to: u64) -> Result<bool, Error> {
    let (old, new) = (find(session, id, from)?, find(session, id, to)?);
    let (old_words, new_words) = (description(session, &old)?, description(session, &new)?);
    let (old_data, new_data) = (execution(session, &old)?, execution(session, &new)?);
    Ok(output::diff(page, shown(&old, &old_words, &old_data), shown(&new, &new_words, &new_data)))
}

fn shown<'a>(revision: &'a Revision, words: &'a Description, execution: &'a Execution) -> Shown<'a> {
    Shown { facts: &revision.facts, words, execution }
}

/// The differences as JSON.
fn fields(session: &Session, id: ChangeId, from: u64, to: u64) -> Result<Value, Error> {
    let (old, new) = (find(session, id, from)?, find(session, id, to)?);
    let (old_words, new_words) = (description(session, &old)?, description(session, &new)?);
    let (old_data, new_data) = (execution(session, &old)?, execution(session, &new)?);
    let differing = output::differing(shown(&old, &old_words, &old_data), shown(&new, &new_words, &new_data));
    let field = |(field, old, new): (&str, String, String)| json!({ "field": field, "old": old, "new": new });
    let fields: Value = differing.into_iter().map(field).collect();
    Ok(json!({ "change": id.to_string(), "from": from, "to": to, "fields": fields }))
}

fn find(session: &Session, id: ChangeId, number: u64) -> Result<Revision, Error> {
    let change = change(session, id)?;
    let found = change.revisions().find(|revision| revision.id.number == number);
    found.cloned().ok_or(Error::NoRevision { change: id, number })
}

/// The data part of a revision; empty if it has none.
///
/// # Errors
/// The register cannot be read.
pub fn execution(session: &Session, revision: &Revision) -> Result<Execution, Error> {
    Ok(match session.entry(revision.seq)?.map(|entry| entry.event) {
        Some(Event::File { execution, .. } | Event::Revise { execution, .. }) => *execution,
        _ => Execution::default(),
    })
}

/// The text of a revision; empty if it was redacted.
///
/// # Errors
/// The register cannot be read.
pub fn description(session: &Session, revision: &Revision) -> Result<Description, Error> {
    Ok(match session.entry(revision.seq)?.and_then(|entry| entry.text) {
        Some(Text::Description(description)) => *description,
        _ => Description::default(),
    })
}
