//! Prints the statements that make a database ready for registers.

use clap::Args;

use crate::commands::Context;
use crate::error::Error;
use crate::store::postgres::schema;

#[derive(Debug, Args)]
pub struct GrantSql {}

impl GrantSql {
    /// # Errors
    /// Standard output cannot be written.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        context.env.print_long(&schema::statements()?)?;
        Ok(())
    }
}
