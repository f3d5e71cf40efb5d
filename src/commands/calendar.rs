//! Calendars: what happens day by day, closed periods to which freezes refer, and drafts from exchanges.

mod list;
mod propose;
pub mod slots;
mod venue;
mod view;

pub use list::in_force;

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
    verb: Option<Verb>,
    #[command(flatten)]
    view: view::View,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the calendars in force
    List,
    /// Show a calendar with all its closed periods
    Show(list::Show),
    /// Propose to set or replace a calendar
    ///
    /// The file lists closed periods. A freeze refers to them by the name of the calendar: calendar = "market-cn". A newer
    /// calendar changes no freeze; propose each freeze again that must follow it.
    Propose(propose::Propose),
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
        match self.verb {
            Some(Verb::List) => list::list(context),
            Some(Verb::Show(it)) => it.run(context),
            Some(Verb::Propose(it)) => it.run(context),
            Some(Verb::Venue(it)) => it.run(context),
            None => self.view.run(context),
        }
    }
}
