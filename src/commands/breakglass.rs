//! `breakglass`: act without approval when nobody can sign, and say so.

mod close;
mod enter;
mod list;
mod open;
mod page;
mod ratify;

use clap::Subcommand;

use crate::commands::Context;
use crate::commands::Zh;
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
#[command(zh("紧急处置（break-glass）：紧急情况下未经审批即处置，并如实声明"))]
#[command(zh_long(
    "紧急处置是一名工程师在未经批准而行动之前签名的声明。它不算作已实施的变更，门禁也仍然关闭。它会自动到期。到期后 24 小时内，\
     可由两名未参与的审批人追认；否则永久视为未获授权。"
))]
pub enum BreakGlass {
    /// Say that you act without approval, before you do
    ///
    /// Any engineer can open a break-glass at any time. If the register cannot be reached, --offline signs it into a file,
    /// which is entered later. It is at the top of everybody's inbox until it is ratified or
    /// unauthorised.
    #[command(zh("在未经审批的处置之前作出声明"))]
    #[command(zh_long(
        "任何工程师随时都可以开启紧急处置。无法访问变更台账时，--offline 把它签名到文件中，事后再补录。在被追认或视为未获授权之前，\
         它一直列在所有人待办的最前面。"
    ))]
    Open(open::Open),
    /// Enter a break-glass that was signed without the register
    ///
    /// Anybody enrolled can enter the file. The break-glass is marked as late.
    #[command(zh("补录未连接变更台账时签名的紧急处置"))]
    #[command(zh_long("任何已登记的人都可以补录该文件。该紧急处置会标为补录。"))]
    Enter(enter::Enter),
    /// Say what was done, which ends a break-glass
    ///
    /// Its opener closes it, and can correct the report until it is ratified: approvers then ratify the newest one. Once
    /// it has ended by itself without a report, another engineer who knows what was done can close it.
    #[command(zh("说明处置经过，并结束紧急处置"))]
    #[command(zh_long(
        "由开启人关闭；在被追认之前，开启人可以更正报告，审批人追认的是最新的报告。自动到期而没有报告时，了解处置经过的另一名工程师也可以关闭。"
    ))]
    Close(close::Close),
    /// Ratify a break-glass, as one of two approvers
    ///
    /// Shows everything that was signed about it and asks you to type its id. Without a terminal, --digest is required.
    /// You must have had no part in it, and its close must say what was done.
    #[command(zh("作为两名审批人之一追认紧急处置"))]
    #[command(zh_long(
        "显示关于它的全部已签名内容，并要求输入其编号。没有终端时必须给出 --digest。您不得参与过该处置，且关闭时须已说明处置经过。"
    ))]
    Ratify(ratify::Ratify),
    /// List all break-glasses
    #[command(zh("列出所有紧急处置"))]
    List,
    /// Show a break-glass and everything that was signed about it
    #[command(zh("显示一个紧急处置及其全部已签名内容"))]
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
