//! Freezes: when nothing may be changed.

mod list;
mod now;
mod propose;

use clap::Subcommand;

use crate::commands::Context;
use crate::commands::Zh;
use crate::error::Error;

pub use list::{MONTH, all, closed_now, expiring, met, outside_hours};

/// Show freezes, propose them, begin one at once
#[derive(Debug, Subcommand)]
#[command(zh("显示封网、提议封网、立即封网"))]
pub enum Freeze {
    /// List the freezes in force
    #[command(zh("列出生效的封网"))]
    List,
    /// Show a freeze with all its closed periods
    #[command(zh("显示一个封网及其全部封网时段"))]
    Show(list::Show),
    /// Check which freezes are closed at a time
    ///
    /// Exits with 1 if at least one is closed.
    #[command(zh("查询某一时间处于哪些封网的时段内"))]
    #[command(zh_long("处于至少一个封网时段内时，退出码为 1。"))]
    Check(list::Check),
    /// Propose to set or replace a freeze
    ///
    /// The file says when the freeze is closed, what it concerns, and the group that may except from it.
    #[command(zh("提案设置或替换封网"))]
    #[command(zh_long("文件说明封网时段、适用范围，以及哪个组可以给予封网例外。"))]
    Propose(propose::Propose),
    /// Propose to end a freeze
    #[command(zh("提议解除封网"))]
    Lift(propose::Lift),
    /// Begin a freeze at once
    ///
    /// One admin or member of the group duty can begin a freeze of at most 24 hours. It begins five minutes before, so that
    /// a slow clock starts nothing.
    #[command(zh("立即封网"))]
    #[command(zh_long(
        "一名管理员或 duty 组成员可以立即封网，最长 24 小时。封网从五分钟前算起，这样时钟偏慢的主机也不会开始实施。"
    ))]
    Now(now::Now),
    /// End a freeze that you began at once
    #[command(zh("结束您单独发起的封网"))]
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
