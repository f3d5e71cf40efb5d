//! `show`: one change, whole.

use clap::Args;

use super::Context;
use super::access::{change, names, parse};
use crate::domain::{ChangeId, Text};
use crate::error::Error;
use crate::render::{Page, Remarks, Words, change_page};
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
    change(session, id)?;
    let state = session.state();
    let change = state.change(id)?;
    let description = match text(session, change.current().seq)? {
        Some(Text::Description(description)) => Some(*description),
        _ => None,
    };
    let acts = change.notes().iter().chain(change.withdrawn()).chain(change.outcomes().iter().map(|(_, act)| act));
    let acts = acts.map(|act| act.seq).chain(change.votes().iter().map(|vote| vote.seq));
    let mut remarks = Remarks::new();
    for seq in acts {
        if let Some(Text::Remark(_, prose)) = text(session, seq)? {
            remarks.insert(seq, prose);
        }
    }
    let words = Words { description, remarks, names: names(session)? };
    let mut page = Page::new(context.env.colour, context.env.width);
    change_page(&mut page, change, &words, state.governance(), context.env.now());
    Ok(page)
}

/// What was written with an entry.
fn text(session: &Session, seq: u64) -> Result<Option<Text>, Error> {
    Ok(session.entry(seq)?.and_then(|entry| entry.text))
}
