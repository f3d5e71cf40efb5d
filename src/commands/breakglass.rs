//! `breakglass`: act without approval when nobody can sign, and say so.

mod close;
mod enter;
mod list;
mod open;
mod page;
mod ratify;

use clap::Subcommand;

use crate::commands::Context;
use crate::domain::{BreakGlass as Opened, BreakGlassId};
use crate::error::{BreakGlassError, Error};
use crate::store::Session;

pub(in crate::commands) use page::Judged;

/// Act without approval in an emergency, and say so
///
/// A break-glass is the signed statement of one engineer before acting without approval. It never counts as an executed
/// change, and the gate stays closed. It ends by itself. Two approvers who had no part in it can ratify it within 24
/// hours of its end; otherwise it is unauthorised for good.
#[derive(Debug, Subcommand)]
pub enum BreakGlass {
    /// Say that you act without approval, before you do
    ///
    /// Any engineer can open a break-glass at any time. If the register cannot be reached, --offline signs it into a file,
    /// which is entered later. It is at the top of everybody's inbox until it is ratified or
    /// unauthorised.
    Open(open::Open),
    /// Enter a break-glass that was signed without the register
    ///
    /// Anybody enrolled can enter the file. The break-glass is marked as late.
    Enter(enter::Enter),
    /// Say what was done, which ends a break-glass
    ///
    /// Its opener closes it, and can correct the report until it is ratified: approvers then ratify the newest one. Once
    /// it has ended by itself without a report, another engineer who knows what was done can close it.
    Close(close::Close),
    /// Ratify a break-glass, as one of two approvers
    ///
    /// Shows everything that was signed about it and asks you to type its id. Without a terminal, --digest is required.
    /// You must have had no part in it, and its close must say what was done.
    Ratify(ratify::Ratify),
    /// List all break-glasses
    List,
    /// Show a break-glass and everything that was signed about it
    Show(list::Show),
}

impl BreakGlass {
    /// # Errors
    /// There is no such break-glass, a rule refuses the act, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Open(open) => open.run(context),
            Self::Enter(enter) => enter.run(context),
            Self::Close(close) => close.run(context),
            Self::Ratify(ratify) => ratify.run(context),
            Self::List => list::run(context),
            Self::Show(show) => show.run(context),
        }
    }
}

/// Shows a break-glass, as `breakglass show` does.
///
/// # Errors
/// There is none, or the register cannot be read.
pub(in crate::commands) fn show(context: &mut Context<'_>, id: String) -> Result<(), Error> {
    list::Show::of(id).run(context)
}

/// The break-glass with this id.
///
/// # Errors
/// There is none, or the cache cannot be read.
pub(in crate::commands) fn find(session: &Session, id: BreakGlassId) -> Result<Opened, Error> {
    let found = session.ask(|state| state.break_glass(id).cloned())?;
    // It may come after the first broken entry.
    let missing = || session.fault().map_or(BreakGlassError::None(id).into(), |fault| Error::Broken(fault.clone()));
    found.map_err(|_| missing())
}
