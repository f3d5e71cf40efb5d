//! Calendars: what happens day by day, closed periods to which freezes refer, and drafts from exchanges.

mod list;
mod propose;
pub mod slots;
mod venue;
mod view;

pub use list::in_force;

use chrono::{DateTime, Datelike, TimeZone, Weekday};
use clap::{Args, Subcommand};

use crate::commands::Context;
use crate::commands::Zh;
use crate::error::Error;
use crate::tr;

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
#[command(zh("按天显示变更窗口、封网和交易时段"))]
#[command(zh_long(
    "变更单的每个变更窗口、每个封网时段、交易所的每个交易时段各占一行，按开始时间排列。实施中的变更排在最前。已撤回的变更单不显示。"
))]
pub struct Calendar {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    view: view::View,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the calendars in force
    #[command(zh("列出生效的日历"))]
    List,
    /// Show a calendar with all its closed periods
    #[command(zh("显示一个日历及其全部封网时段"))]
    Show(list::Show),
    /// Propose to set or replace a calendar
    ///
    /// The file lists closed periods. A freeze refers to them by the name of the calendar: calendar = "market-cn". A newer
    /// calendar changes no freeze; propose each freeze again that must follow it. Maintenance hours of services follow the
    /// newer calendar at once.
    #[command(zh("提议设置或替换日历"))]
    #[command(zh_long(
        "文件列出封网时段。封网以日历名称引用它：calendar = \"market-cn\"。新日历不会改变任何封网；需要随之改变的封网须重新提案。服务的维护时间立即随之改变。"
    ))]
    Propose(propose::Propose),
    /// Print a freeze that is closed on the trading days of an exchange
    ///
    /// One closed period for each trading day: all its sessions, the gaps between them, and the time before and after. A
    /// year whose trading days are not published is refused.
    #[command(zh("输出在交易所交易日生效的封网"))]
    #[command(zh_long(
        "每个交易日一个封网时段：全部交易时段、其间的间隔，以及前后的时间。交易日尚未公布的年份会被拒绝。"
    ))]
    Venue(venue::Venue),
}

/// The day of the week of a local time: `Sat`, or `周六`.
fn weekday<Z: TimeZone>(time: &DateTime<Z>) -> &'static str {
    match time.weekday() {
        Weekday::Mon => tr!("Mon", "周一"),
        Weekday::Tue => tr!("Tue", "周二"),
        Weekday::Wed => tr!("Wed", "周三"),
        Weekday::Thu => tr!("Thu", "周四"),
        Weekday::Fri => tr!("Fri", "周五"),
        Weekday::Sat => tr!("Sat", "周六"),
        Weekday::Sun => tr!("Sun", "周日"),
    }
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
