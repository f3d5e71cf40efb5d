//! `show`: one change, whole.

use clap::Args;

use super::Context;
use super::access::{change, names, parse};
use crate::domain::{ChangeId, Description, Text};
use crate::error::Error;
use crate::render::{Page, change_page};
use crate::store::Session;

/// Show a change: what it is, where it stands, what happened
#[derive(Debug, Args)]
pub struct Show {
    /// The change, such as CHG-42
    change: String,
}

impl Show {
    /// Runs it.
    ///
    /// # Errors
    /// What prevents it.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let id: ChangeId = parse(&self.change)?;
        let mut session = context.open()?;
        let page = page(context, &mut session, id)?;
        Ok(context.env.say(page.finish())?)
    }
}

/// A change as a page.
///
/// # Errors
/// [`Error::NoChange`], or what prevents reading.
pub fn page(context: &Context<'_>, session: &mut Session, id: ChangeId) -> Result<Page, Error> {
    let seq = change(session, id)?.current().seq;
    let description = description(session, seq)?;
    let names = names(session)?;
    let mut page = Page::new(context.env.colour);
    let state = session.state();
    let change = state.change(id)?;
    change_page(&mut page, change, description.as_ref(), state.governance(), &names, context.env.now());
    Ok(page)
}

/// What the requester wrote in the entry that filed a revision.
fn description(session: &Session, seq: u64) -> Result<Option<Description>, Error> {
    Ok(session.entry(seq)?.and_then(|entry| match entry.text {
        Some(Text::Description(description)) => Some(*description),
        _ => None,
    }))
}
