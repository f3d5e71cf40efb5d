//! `notify check`: check the rules and the file of secrets.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::rules;
use crate::commands::{Context, Zh};
use crate::error::Error;
use crate::notify::Target;
use crate::output::{safe, table};
use crate::tr;

/// Arguments of `notify check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal notify check
  twinseal notify check notify.toml")]
pub struct Check {
    /// Rules to check, instead of notify.toml beside config.toml
    #[arg(value_name = "FILE", zh("要检查的规则文件，代替 config.toml 旁的 notify.toml"))]
    file: Option<PathBuf>,
    /// The same, as `notify run` has it
    #[arg(long, value_name = "FILE", conflicts_with = "file", zh("同上，与 `notify run` 的写法一致"))]
    config: Option<PathBuf>,
}

impl Check {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let rules = rules(context, self.file.or(self.config).as_deref())?;
        // What needs TLS is made ready, so that a missing authority is found here.
        let ready = |target: &Target| target.sender("UTC", &rules.people).err();
        let json = || {
            let one =
                |(name, it): (&String, &Target)| json!({ "name": name, "type": it.kind.as_str(), "fault": ready(it) });
            json!({
                "file": rules.path.display().to_string(),
                "targets": rules.targets.iter().map(one).collect::<Value>(),
                "rules": rules.rules.len(),
                "people": rules.people.len(),
            })
        };
        let text = || {
            let state =
                |it: &Target| ready(it).map_or_else(|| tr!("ok", "正常").to_owned(), |fault| safe(&fault).into_owned());
            let events = |name: &String| {
                let of = rules.rules.iter().filter(|rule| rule.to.contains(name)).flat_map(|rule| &rule.events);
                let names: std::collections::BTreeSet<&str> = of.map(|event| event.as_str()).collect();
                names.into_iter().collect::<Vec<_>>().join(", ")
            };
            let row = |(name, it): (&String, &Target)| {
                [safe(name).into_owned(), it.kind.as_str().to_owned(), state(it), events(name)]
            };
            let header = [tr!("TARGET", "渠道"), tr!("TYPE", "类型"), tr!("STATE", "状态"), tr!("EVENTS", "事件")];
            table(header, rules.targets.iter().map(row).collect(), context.env.width)
        };
        let text = text();
        context.ui.answer(context.env, json, || text)
    }
}
