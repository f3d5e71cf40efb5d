//! `diff`: what differs between two revisions of a change.

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::lookup::{change, parse};
use crate::domain::{ChangeId, Description, Revision, Text, number};
use crate::error::Error;
use crate::output::{self, Page};
use crate::store::Session;

/// Show what differs between two revisions, field by field
///
/// Words that are gone stand as [-gone-], new ones as {+new+}; lines that are the same are left out.
#[derive(Debug, Args)]
pub struct Diff {
    /// The change, such as CHG-42
    change: String,
    /// Which revisions, such as 1..3; the current one and the one before it if left out
    range: Option<String>,
}

impl Diff {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let mut session = context.open()?;
        let current = change(&mut session, id)?.current().id.number;
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
            context.env.status(format_args!("revisions {from} and {to} of {id} do not differ"));
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

/// Puts onto a page what differs between two revisions; `false` where nothing does.
///
/// # Errors
/// [`Error::NoRevision`], or what prevents reading.
pub fn between(page: &mut Page, session: &Session, id: ChangeId, from: u64, to: u64) -> Result<bool, Error> {
    let (old, new) = (find(session, id, from)?, find(session, id, to)?);
    let (old_words, new_words) = (description(session, old)?, description(session, new)?);
    Ok(output::diff(page, (&old.facts, &old_words), (&new.facts, &new_words)))
}

/// What differs, as JSON.
fn fields(session: &Session, id: ChangeId, from: u64, to: u64) -> Result<Value, Error> {
    let (old, new) = (find(session, id, from)?, find(session, id, to)?);
    let (old_words, new_words) = (description(session, old)?, description(session, new)?);
    let differing = output::differing((&old.facts, &old_words), (&new.facts, &new_words));
    let field = |(field, old, new): (&str, String, String)| json!({ "field": field, "old": old, "new": new });
    let fields: Value = differing.into_iter().map(field).collect();
    Ok(json!({ "change": id.to_string(), "from": from, "to": to, "fields": fields }))
}

fn find(session: &Session, id: ChangeId, number: u64) -> Result<&Revision, Error> {
    let found = session.state().change(id)?.revisions().find(|revision| revision.id.number == number);
    found.ok_or(Error::NoRevision { change: id, number })
}

/// What the requester wrote with a revision; nothing where it was redacted.
///
/// # Errors
/// What prevents reading.
pub fn description(session: &Session, revision: &Revision) -> Result<Description, Error> {
    Ok(match session.entry(revision.seq)?.and_then(|entry| entry.text) {
        Some(Text::Description(description)) => *description,
        _ => Description::default(),
    })
}
