//! `notify retry`: send again what a target refused.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::run::lock;
use super::{rules, state};
use crate::commands::{Context, Zh};
use crate::error::{Error, NotifyError};
use crate::input::nearest;
use crate::output::safe;
use crate::trf;

/// Arguments of `notify retry`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal notify retry changes
  twinseal notify retry changes --drop")]
pub struct Retry {
    /// Target whose refused messages are queued again
    #[arg(value_name = "TARGET", zh("其被拒收的消息重新进入队列的通知渠道"))]
    target: String,
    /// Delete its refused messages instead
    #[arg(long, zh("改为删除其被拒收的消息"))]
    drop: bool,
    /// Rules to read, instead of notify.toml beside config.toml
    #[arg(long, value_name = "FILE", zh("要读取的规则文件，代替 config.toml 旁的 notify.toml"))]
    config: Option<PathBuf>,
}

impl Retry {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let rules = rules(context, self.config.as_deref())?;
        let (folder, now) = (context.registers.state_folder(session.fingerprint()), context.env.now());
        let _alone = lock(&folder)?;
        let mut state = state(&folder)?;
        let known = state.targets(rules.targets.keys().cloned().collect(), now).map_err(NotifyError::from)?;
        if !known.iter().any(|it| it.name == self.target) {
            let near = nearest(&self.target, known.iter().map(|it| it.name.as_str()));
            return Err(NotifyError::NoTarget { given: self.target, near }.into());
        }
        let done = match self.drop {
            true => state.drop_refused(&self.target),
            false => state.retry(&self.target, now),
        };
        let (done, name) = (done.map_err(NotifyError::from)?, safe(&self.target).into_owned());
        let s = if done == 1 { "" } else { "s" };
        let json = || json!({ "target": self.target, "messages": done, "dropped": self.drop });
        context.ui.answer(context.env, json, || match self.drop {
            true => trf!("{done} message{s} to {name} deleted", "已删除发往 {name} 的 {done} 条消息"),
            false => trf!("{done} message{s} to {name} queued again", "发往 {name} 的 {done} 条消息已重新进入队列"),
        })
    }
}
