//! `action`: what reviews ask for.

mod done;
mod list;

use clap::Subcommand;

use crate::commands::{Context, Zh};
use crate::domain::{Text, Time};
use crate::error::Error;
use crate::store::{ActionRow, Session};

/// List what reviews ask for, and say that it is done
#[derive(Debug, Subcommand)]
#[command(zh("列出评估提出的改进事项，并在完成后登记"))]
pub enum Action {
    /// List the actions of reviews, the first due first
    #[command(zh("列出改进事项，最早截止的在前"))]
    List(list::List),
    /// Say that an action is done
    ///
    /// Its owner or the owner of the change says so, once, also after the change is closed.
    #[command(zh("登记改进事项已完成"))]
    #[command(zh_long("由改进事项的责任人或变更负责人登记，只登记一次；变更单关闭之后也可以。"))]
    Done(done::Done),
}

impl Action {
    /// # Errors
    /// There is no such action, a rule refuses it, or it cannot be recorded.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        match self {
            Self::List(it) => it.run(context),
            Self::Done(it) => it.run(context),
        }
    }
}

/// When an action was asked for, and what it is; `None` if the text of the review was redacted.
///
/// # Errors
/// The log cannot be read.
pub(in crate::commands) fn action_text(session: &Session, it: &ActionRow) -> Result<(Time, Option<String>), Error> {
    let entry = session.entry(it.review)?.ok_or(Error::NoEntry(it.review))?;
    let text = match entry.text {
        Some(Text::Review(text)) => text.actions.get(&it.number).map(ToString::to_string),
        _ => None,
    };
    Ok((entry.header.time, text))
}
