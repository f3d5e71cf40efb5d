//! Freezes: when nothing may be changed.

mod list;
mod now;
mod propose;

use clap::Subcommand;

use crate::commands::Context;
use crate::error::Error;

pub use list::{MONTH, all, closed_now, expiring, met};

/// Show freezes, propose them, begin one at once
#[derive(Debug, Subcommand)]
pub enum Freeze {
    /// List the freezes in force
    List,
    /// Show a freeze with all its closed periods
    Show(list::Show),
    /// Check which freezes are closed at a time
    ///
    /// Exits with 1 if at least one is closed.
    Check(list::Check),
    /// Propose to set or replace a freeze
    ///
    /// The file says when the freeze is closed, what it concerns, and the group that may except from it.
    Propose(propose::Propose),
    /// Propose to end a freeze
    Lift(propose::Lift),
    /// Begin a freeze at once
    ///
    /// One admin or member of the group duty can begin a freeze of at most 24 hours. It begins five minutes before, so that
    /// a slow clock starts nothing.
    Now(now::Now),
    /// End a freeze that you began at once
    End(now::End),
}

impl Freeze {
    /// # Errors
    /// The draft has faults, the register cannot be read, or a rule refuses the act.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::List => list::list(context),
            Self::Show(it) => it.run(context),
            Self::Check(it) => it.run(context),
            Self::Propose(it) => it.run(context),
            Self::Lift(it) => it.run(context),
            Self::Now(it) => it.run(context),
            Self::End(it) => it.run(context),
        }
    }
}
