//! `notify`: tell people where they look what waits for them.

mod check;
mod conditions;
mod entries;
mod fan_out;
mod found;
mod retry;
mod run;
mod status;
mod test;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::commands::{Context, Zh};
use crate::config::Config;
use crate::error::{Error, NotifyError};
use crate::input::nearest;
use crate::notify::{Rules, State, Target};

/// Send notices to chats, by mail and to webhooks
///
/// Follows the verified log and sends notices by the rules of notify.toml. It records nothing and needs no key. A notice
/// only points at the register, which alone decides.
#[derive(Debug, Subcommand)]
#[command(zh("向聊天群、邮件和 Webhook 发送通知"))]
#[command(zh_long(
    "跟随已核验的日志，按 notify.toml 的规则发送通知。它不记录任何内容，也不需要密钥。通知只指向变更台账，一切以变更台账为准。"
))]
pub enum Notify {
    /// Send what happened since the last run, and what waits
    ///
    /// The first run sends nothing: it begins after the newest entry, or where --since says. A message that cannot be
    /// delivered stays in the queue for a week, and later runs try again. Run it from cron each minute, or let it stay.
    #[command(zh("发送自上次以来发生的事项和待办"))]
    #[command(zh_long(
        "首次运行不发送任何内容：它从最新日志条目之后开始，或从 --since 指定处开始。无法送达的消息在队列中保留一周，以后的运行会重试。可由 cron 每分钟运行一次，也可常驻运行。"
    ))]
    Run(run::Run),
    /// Check the rules and the file of secrets
    ///
    /// Sends nothing, connects to nothing, and needs no register.
    #[command(zh("检查通知规则和凭据文件"))]
    #[command(zh_long("不发送任何内容，不连接任何地址，也不需要变更台账。"))]
    Check(check::Check),
    /// Send one test message to a target
    #[command(zh("向通知渠道发送一条测试消息"))]
    Test(test::Test),
    /// Show what waits for each target, and what was refused
    #[command(zh("显示各通知渠道待发送和被拒收的消息"))]
    Status(status::Status),
    /// Send again what a target refused
    #[command(zh("重新发送被通知渠道拒收的消息"))]
    Retry(retry::Retry),
}

impl Notify {
    /// # Errors
    /// The rules are invalid, the register cannot be read, or something was not delivered.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::Run(it) => it.run(context),
            Self::Check(it) => it.run(context),
            Self::Test(it) => it.run(context),
            Self::Status(it) => it.run(context),
            Self::Retry(it) => it.run(context),
        }
    }
}

/// The rules of `--config`, or those beside `config.toml`.
fn rules(context: &Context<'_>, given: Option<&Path>) -> Result<Rules, Error> {
    let beside = || Config::path(context.env).with_file_name("notify.toml");
    let path = given.map_or_else(beside, |given| context.env.path(given));
    Ok(Rules::read(&path).map_err(NotifyError::from)?)
}

/// The zone of times in messages: that of the rules, or of the account, or UTC.
fn zone(context: &Context<'_>, rules: &Rules) -> String {
    let account = || context.settings.zone.as_ref().map(|it| it.value.clone());
    rules.zone.clone().or_else(account).unwrap_or_else(|| "UTC".to_owned())
}

/// The target with this name.
fn target<'r>(rules: &'r Rules, given: &str) -> Result<&'r Target, Error> {
    let near = || nearest(given, rules.targets.keys().map(String::as_str));
    let missing = || NotifyError::NoTarget { given: given.to_owned(), near: near() };
    Ok(rules.targets.get(given).ok_or_else(missing)?)
}

/// The queue in this account's folder for a register.
fn state(folder: &Path) -> Result<State, Error> {
    Ok(State::open(&file(folder)).map_err(NotifyError::from)?)
}

fn file(folder: &Path) -> PathBuf {
    folder.join("notices.db")
}
