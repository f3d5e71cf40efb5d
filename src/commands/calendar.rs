//! Calendars: drafts of freezes from the sessions of an exchange.

mod venue;

use clap::Subcommand;

use crate::commands::Context;
use crate::error::Error;

/// Make drafts of freezes from calendars
#[derive(Debug, Subcommand)]
pub enum Calendar {
    /// Print a freeze that is closed on the trading days of an exchange
    ///
    /// One closed period for each trading day: all its sessions, the gaps between them, and the time before and after. A
    /// year whose trading days are not published is refused.
    Venue(venue::Venue),
}

impl Calendar {
    /// # Errors
    /// The calendar is not known, or standard output fails.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Venue(it) => it.run(context),
        }
    }
}
