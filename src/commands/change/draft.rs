//! `draft`: a template to fill in, or a change that was filed before.

use clap::Args;

use crate::commands::Context;
use crate::commands::look::diff;
use crate::commands::lookup::{change, parse};
use crate::domain::{ChangeId, ChangeKind, PersonId, Refusal};
use crate::error::Error;
use crate::input::{template, write};

/// Print a commented draft to fill in, or an earlier change as a draft
///
/// Example: twinseal draft > change.toml
#[derive(Debug, Args)]
pub struct Draft {
    /// normal or emergency
    #[arg(long, default_value = "normal")]
    kind: String,
    /// A change to begin from; its files are named by their digests
    #[arg(long, value_name = "CHG-N", conflicts_with = "kind")]
    from: Option<String>,
}

impl Draft {
    /// Runs it.
    ///
    /// # Errors
    /// An unknown kind or change.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        if let Some(from) = &self.from {
            return copy(context, parse(from)?);
        }
        let kind: ChangeKind = parse(&self.kind)?;
        if kind == ChangeKind::Standard {
            return Err(Refusal::NoTemplate.into());
        }
        let owner: Option<PersonId> = context.signing.person_meant().map(parse).transpose()?;
        write!(context.env.out, "{}", template(kind, owner.as_ref(), context.env.now()))?;
        Ok(())
    }
}

fn copy(context: &mut Context<'_>, id: ChangeId) -> Result<(), Error> {
    let mut session = context.open()?;
    let revision = change(&mut session, id)?.current().clone();
    let words = diff::description(&session, &revision)?;
    if revision.is_redacted(session.state().governance()) {
        context.env.status("note: its text was redacted; only what rules read is left");
    }
    let from = format!("{id} revision {}", revision.id.number);
    write!(context.env.out, "{}", write(&from, &revision.facts, &words, context.env.now()))?;
    Ok(())
}
