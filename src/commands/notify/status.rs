//! `notify status`: show what waits for each target, and what was refused.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{file, rules, state};
use crate::commands::{Context, Zh};
use crate::domain::Time;
use crate::error::{Error, NotifyError};
use crate::notify::{Reason, Rules, TargetState};
use crate::output::{ago, safe, table};
use crate::{tr, trf};

/// Arguments of `notify status`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal notify status")]
pub struct Status {
    /// Rules to read, instead of notify.toml beside config.toml
    #[arg(long, value_name = "FILE", zh("要读取的规则文件，代替 config.toml 旁的 notify.toml"))]
    config: Option<PathBuf>,
}

impl Status {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let session = context.open()?;
        let rules = rules(context, self.config.as_deref())?;
        let folder = context.registers.state_folder(session.fingerprint());
        let now = context.env.now();
        // Reading makes no file.
        let read = file(&folder).exists().then(|| state(&folder)).transpose()?;
        let Some(read) = read else {
            let json = || json!({ "entry": null, "targets": [] });
            return context.ui.answer(context.env, json, || {
                tr!("no run yet: `twinseal notify run`", "尚未运行过：`twinseal notify run`").to_owned()
            });
        };
        let begun = read.begun().map_err(NotifyError::from)?;
        let targets = read.targets(rules.targets.keys().cloned().collect(), now).map_err(NotifyError::from)?;
        let json = || {
            let one = |it: &TargetState| {
                let refused =
                    |(subject, reason): &(String, Reason)| json!({ "subject": subject, "reason": reason.to_string() });
                json!({
                    "target": it.name,
                    "in_rules": rules.targets.contains_key(&it.name),
                    "waiting": it.waiting,
                    "oldest": it.oldest.map(|at| at.to_string()),
                    "refused": it.refused.iter().map(refused).collect::<Value>(),
                    "paused_until": it.pause.as_ref().map(|(until, _)| until.to_string()),
                    "reason": it.pause.as_ref().map(|(_, reason)| reason.to_string()),
                    "delivered": it.delivered.map(|at| at.to_string()),
                })
            };
            json!({ "entry": begun.map(|it| it.head.seq), "targets": targets.iter().map(one).collect::<Value>() })
        };
        let text = text(&rules, &targets, now, context.env.width);
        context.ui.answer(context.env, json, || text)
    }
}

/// The table of the targets, and below it what was refused for good.
fn text(rules: &Rules, targets: &[TargetState], now: Time, width: Option<u16>) -> String {
    let row = |it: &TargetState| {
        let state = match &it.pause {
            _ if !rules.targets.contains_key(&it.name) => tr!("not in the rules", "不在规则中").to_owned(),
            Some((until, reason)) => {
                trf!("next try {}: {}", "下次重试 {}：{}", ago(*until, now), safe(&reason.to_string()))
            }
            None => tr!("ok", "正常").to_owned(),
        };
        let delivered = it.delivered.map_or_else(|| tr!("none in a week", "一周内没有").to_owned(), |at| ago(at, now));
        [safe(&it.name).into_owned(), it.waiting.to_string(), it.refused.len().to_string(), delivered, state]
    };
    let header = [
        tr!("TARGET", "渠道"),
        tr!("WAITING", "待发送"),
        tr!("REFUSED", "被拒收"),
        tr!("DELIVERED", "上次送达"),
        tr!("STATE", "状态"),
    ];
    let mut text = table(header, targets.iter().map(row).collect(), width);
    for it in targets {
        for (subject, reason) in &it.refused {
            let (name, subject, reason) = (safe(&it.name), safe(subject), reason.to_string());
            let reason = safe(&reason);
            text.push_str(&trf!("\n{name} refused {subject}: {reason}", "\n{name} 拒收 {subject}：{reason}"));
        }
    }
    if targets.iter().any(|it| !it.refused.is_empty()) {
        text.push_str(tr!(
            "\nsend again: `twinseal notify retry TARGET`",
            "\n重新发送：`twinseal notify retry TARGET`"
        ));
    }
    text
}
