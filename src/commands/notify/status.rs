//! `notify status`: show what waits for each target, and what was refused.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{file, rules, state};
use crate::commands::Context;
use crate::error::{Error, NotifyError};
use crate::notify::TargetState;
use crate::output::{ago, safe, table};

/// Arguments of `notify status`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal notify status")]
pub struct Status {
    /// Rules to read, instead of notify.toml beside config.toml
    #[arg(long, value_name = "FILE")]
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
            return context.ui.answer(context.env, json, || "no run yet: `twinseal notify run`".to_owned());
        };
        let begun = read.begun().map_err(NotifyError::from)?;
        let targets = read.targets(rules.targets.keys().cloned().collect(), now).map_err(NotifyError::from)?;
        let json = || {
            let one = |it: &TargetState| {
                let refused = |(subject, reason): &(String, String)| json!({ "subject": subject, "reason": reason });
                json!({
                    "target": it.name,
                    "in_rules": rules.targets.contains_key(&it.name),
                    "waiting": it.waiting,
                    "oldest": it.oldest.map(|at| at.to_string()),
                    "refused": it.refused.iter().map(refused).collect::<Value>(),
                    "paused_until": it.pause.as_ref().map(|(until, _)| until.to_string()),
                    "reason": it.pause.as_ref().map(|(_, reason)| reason),
                    "delivered": it.delivered.map(|at| at.to_string()),
                })
            };
            json!({ "entry": begun.map(|it| it.head.seq), "targets": targets.iter().map(one).collect::<Value>() })
        };
        let text = || {
            let row = |it: &TargetState| {
                let state = match &it.pause {
                    _ if !rules.targets.contains_key(&it.name) => "not in the rules".to_owned(),
                    Some((until, reason)) => format!("next try {}: {}", ago(*until, now), safe(reason)),
                    None => "ok".to_owned(),
                };
                let delivered = it.delivered.map_or("none in a week".to_owned(), |at| ago(at, now));
                [safe(&it.name).into_owned(), it.waiting.to_string(), it.refused.len().to_string(), delivered, state]
            };
            let rows = targets.iter().map(row).collect();
            let mut text = table(["TARGET", "WAITING", "REFUSED", "DELIVERED", "STATE"], rows, context.env.width);
            for it in &targets {
                for (subject, reason) in &it.refused {
                    text.push_str(&format!("\n{} refused {}: {}", safe(&it.name), safe(subject), safe(reason)));
                }
            }
            if targets.iter().any(|it| !it.refused.is_empty()) {
                text.push_str("\nsend again: `twinseal notify retry TARGET`");
            }
            text
        };
        let text = text();
        context.ui.answer(context.env, json, || text)
    }
}
