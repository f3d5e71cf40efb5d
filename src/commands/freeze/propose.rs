//! `freeze propose` and `freeze lift`.

use std::path::PathBuf;

use clap::Args;

use super::list::in_force;
use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::calendar::in_force as calendar;
use crate::commands::files::read_draft;
use crate::commands::govern::proposal::open;
use crate::commands::known::note_unknown;
use crate::commands::lookup::{parse, remark};
use crate::domain::{Action, CalendarRef, Field, FreezeName, LiftFreeze, Moment, SetFreeze, Text};
use crate::error::{Error, FreezeError};
use crate::input::read_freeze;
use crate::store::Session;
use crate::tr;

/// Arguments of `freeze propose`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal freeze propose month-end.toml
  twinseal freeze propose market-week.toml")]
pub struct Propose {
    /// Freeze in TOML; - reads standard input
    #[arg(zh("TOML 格式的封网；- 表示标准输入"))]
    file: PathBuf,
}

impl Propose {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let draft = read_draft(context.env, &self.file, read_freeze)?;
        let mut session = context.open()?;
        let mut named = draft.terms.scope.clone();
        named.tags.extend(draft.terms.except_tags.iter().cloned());
        note_unknown(context, &session, &named)?;
        if draft.calendar.is_none() && draft.terms.end().is_some_and(|end| end <= context.env.now()) {
            context.env.remark(tr!(
                "note: all closed periods are over; this freeze would stop nothing",
                "注意：所有封网时段都已结束；此封网不会阻止任何变更单"
            ));
        }
        let text = draft.reason.map(|reason| Text::Remark(Field::Reason, reason));
        open(context, &mut session, text, |session| {
            let (name, mut terms) = (draft.name.clone(), draft.terms.clone());
            if let Some(name) = &draft.calendar {
                terms.calendar = Some(CalendarRef { name: name.clone(), since: calendar(session, name)?.since });
            }
            let replaces = session.state().governance().freezes().find(|(it, _)| **it == name).map(|(_, it)| it.since);
            Ok(Action::SetFreeze(Box::new(SetFreeze { name, replaces, terms })))
        })
    }
}

/// Fails if an open proposal would end this freeze as it is in force.
fn fail_if_proposed(session: &Session, name: &FreezeName, now: Moment) -> Result<(), Error> {
    let since = in_force(session, name)?.since;
    for proposal in session.queries().open_proposals()? {
        let opened = session.ask(|state| state.governance().proposal(proposal).cloned())??;
        let ends = matches!(opened.action(), Some(Action::LiftFreeze(it)) if it.name == *name && it.replaces == since);
        if ends && session.ask(|state| state.judge_pending(proposal, now))?.is_ok() {
            return Err(FreezeError::LiftOpen { freeze: name.clone(), proposal }.into());
        }
    }
    Ok(())
}

/// Arguments of `freeze lift`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal freeze lift month-end --reason 'The books are closed.'
  twinseal freeze lift now-812 --reason 'A false alarm.' --allow-again")]
pub struct Lift {
    /// Name of the freeze
    #[arg(value_name = "FREEZE", zh("封网名称"))]
    freeze: String,
    /// Reason
    #[arg(long, value_name = "TEXT", zh("原因"))]
    reason: String,
    /// Let the person who began it at once begin another one within seven days
    #[arg(long, zh("允许单独发起该封网的人在七天内再次发起"))]
    allow_again: bool,
}

impl Lift {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let name: FreezeName = parse(&self.freeze)?;
        let text = Some(remark(Field::Reason, &self.reason)?);
        let mut session = context.open()?;
        fail_if_proposed(&session, &name, session.state().moment(context.env.now()))?;
        open(context, &mut session, text, |session| {
            let replaces = in_force(session, &name)?.since;
            Ok(Action::LiftFreeze(LiftFreeze { name: name.clone(), replaces, again: self.allow_again }))
        })
    }
}
