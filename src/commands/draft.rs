//! `draft`: a template to fill in.

use clap::Args;

use super::Context;
use super::access::parse;
use crate::domain::{ChangeKind, PersonId, Refusal};
use crate::draft::template;
use crate::error::Error;

/// Print a commented draft to fill in
///
/// Example: twinseal draft > change.toml
#[derive(Debug, Args)]
pub struct Draft {
    /// normal or emergency
    #[arg(long, default_value = "normal")]
    kind: String,
}

impl Draft {
    /// Runs it.
    ///
    /// # Errors
    /// An unknown kind.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let kind: ChangeKind = parse(&self.kind)?;
        if kind == ChangeKind::Standard {
            return Err(Refusal::NoTemplate.into());
        }
        let owner: Option<PersonId> = context.person_meant().as_deref().map(parse).transpose()?;
        write!(context.env.out, "{}", template(kind, owner.as_ref(), context.env.now()))?;
        Ok(())
    }
}
