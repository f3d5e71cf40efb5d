//! `notify test`: send one test message to a target.

use std::path::PathBuf;

use clap::Args;
use data_encoding::HEXLOWER;
use serde_json::json;

use super::{rules, target, zone};
use crate::commands::lookup::parse;
use crate::commands::{Context, Zh};
use crate::domain::PersonId;
use crate::error::{Error, NotifyError};
use crate::notify::{self, Job, Notice, What};
use crate::output::safe;
use crate::trf;

/// Arguments of `notify test`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal notify test changes
  twinseal notify test mail --person carol")]
pub struct Test {
    /// Target to send to
    #[arg(value_name = "TARGET", zh("要发送到的通知渠道"))]
    target: String,
    /// Who gets it, if the target writes to people
    #[arg(long, value_name = "PERSON", zh("渠道按人发送时的收件人"))]
    person: Option<String>,
    /// Rules to read, instead of notify.toml beside config.toml
    #[arg(long, value_name = "FILE", zh("要读取的规则文件，代替 config.toml 旁的 notify.toml"))]
    config: Option<PathBuf>,
}

impl Test {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let rules = rules(context, self.config.as_deref())?;
        let found = target(&rules, &self.target)?;
        let person: Option<PersonId> = self.person.as_deref().map(parse).transpose()?;
        let recipient = match person {
            Some(person) if found.is_personal() => {
                if !rules.people.contains_key(&person) {
                    return Err(NotifyError::NoAddress(person.to_string()).into());
                }
                person.to_string()
            }
            None if found.is_personal() => return Err(NotifyError::NeedPerson(self.target).into()),
            _ => String::new(),
        };
        let notice = Notice {
            register: "test".to_owned(),
            what: What::Test,
            subject: "test".to_owned(),
            title: None,
            risk: None,
            by: None,
            word: None,
            deadline: None,
            command: format!("twinseal {}", "notify status"),
            change: notify::Change::default(),
        };
        let id = HEXLOWER.encode(&context.env.random::<16>()?);
        let job = Job { n: 0, id, recipient, notice };
        let zone = zone(context, &rules);
        let sent = found.sender(&zone, &rules.people).map_err(notify::Failure::down);
        let sent = sent.and_then(|sender| sender.send(&job, context.env.now()));
        if let Err(failure) = sent {
            return Err(NotifyError::NotSent { target: self.target, reason: failure.reason().to_string() }.into());
        }
        let name = self.target;
        context.ui.answer(
            context.env,
            || json!({ "target": name, "id": job.id }),
            || trf!("test message sent to {}", "测试消息已发送到 {}", safe(&name)),
        )
    }
}
