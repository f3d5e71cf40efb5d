//! Calendars: what happens day by day, and drafts of freezes from the sessions of an exchange.

mod venue;
mod view;

use clap::{Args, Subcommand};

use crate::commands::Context;
use crate::error::Error;

/// Show windows, freezes and sessions day by day
///
/// One row for each window of a change, closed time of a freeze and session of an exchange, in the order of their
/// beginnings. Changes in progress come first. Withdrawn changes are left out.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  twinseal calendar --zone Asia/Shanghai
  twinseal calendar --month --service order-gateway --venue XSHG
  twinseal calendar --from 2026-12-07 --venue XSHG --venue XHKG")]
pub struct Calendar {
    #[command(subcommand)]
    draft: Option<Draft>,
    #[command(flatten)]
    view: view::View,
}

#[derive(Debug, Subcommand)]
enum Draft {
    /// Print a freeze that is closed on the trading days of an exchange
    ///
    /// One closed period for each trading day: all its sessions, the gaps between them, and the time before and after. A
    /// year whose trading days are not published is refused.
    Venue(venue::Venue),
}

impl Calendar {
    /// # Errors
    /// The calendar is not known, the register cannot be read, or standard output fails.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self.draft {
            Some(Draft::Venue(it)) => it.run(context),
            None => self.view.run(context),
        }
    }
}
