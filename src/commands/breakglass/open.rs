//! `breakglass open`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::enter::sign_offline;
use crate::commands::Zh;
use crate::commands::lookup::{change, change_id, governance_about, parse, remark};
use crate::commands::{Context, Question, record_asked, report_recorded};
use crate::domain::{BreakGlassLimits, ChangeId, Event, Field, Opening, Policy, ServiceId, Status};
use crate::error::{AccountError, Error};
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `breakglass open`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal breakglass open --incident INC-2318 --service order-gateway \\
      --reason 'Orders are rejected; no approver answers the phone.'
  twinseal breakglass open --incident INC-2318 --change CHG-42 --reason 'Half deployed.'
  twinseal breakglass open --incident INC-2318 --reason 'The disk is full.' \\
      --as erin --offline acted.word")]
pub struct Open {
    /// Incident that it answers
    #[arg(long, value_name = "REFERENCE", zh("所应对的事件"))]
    incident: String,
    /// Why you cannot wait for approval, and what you are about to do
    #[arg(long, value_name = "TEXT", zh("为何不能等待审批，以及即将做什么"))]
    reason: String,
    /// Service that you are about to touch
    #[arg(long = "service", value_name = "SERVICE", zh("即将触及的服务"))]
    services: Vec<String>,
    /// Change that lacks its approvals, if you act on one
    #[arg(long, value_name = "CHG-N", zh("尚缺批准、现在就要实施的变更单（如有）"))]
    change: Option<String>,
    /// File to sign it into, if the register cannot be reached; needs --as
    #[arg(long, value_name = "FILE", zh("无法访问变更台账时，签名到此文件；需要 --as"))]
    offline: Option<PathBuf>,
}

impl Open {
    /// # Errors
    /// A rule refuses it, or it cannot be recorded.
    pub(super) fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let (opening, text) = (self.opening()?, remark(Field::Reason, &self.reason)?);
        if let Some(out) = &self.offline {
            if context.options.dry_run {
                return Err(AccountError::RecordsNothing("breakglass open --offline".to_owned()).into());
            }
            return sign_offline(context, &opening, &text, out);
        }
        let mut session = context.open()?;
        let warned = opening.affects.map_or(Ok(Vec::new()), |id| warnings(context, &session, id))?;
        warned.iter().for_each(|it| context.env.status(it));
        let plan = |session: &mut Session| {
            let id = session.state().next_break_glass();
            Ok(Plan { event: Event::BreakGlassOpen { id, opening: opening.clone() }, text: Some(text.clone()) })
        };
        let shown = |page: &mut Page, session: &Session| {
            let limits = session.state().governance().policy().map(Policy::break_glass);
            let minutes = limits.map_or(BreakGlassLimits::MOST_MINUTES, BreakGlassLimits::minutes);
            page.block(tr!("about to sign: act without approval", "即将签名：未经审批的紧急处置"));
            let ends = trf!(
                "It gives no right to anything, and ends by itself after {minutes} min.",
                "它不授予任何权利，并在 {minutes} 分钟后自动到期。"
            );
            page.text("", ends);
            Ok(())
        };
        let question = Question {
            warning: tr!(
                "nobody has approved this; unless two approvers ratify it, it is unauthorised for good",
                "此处置无人批准；除非两名审批人追认，否则永久视为未获授权"
            ),
            act: tr!("open a break-glass for this incident", "为此事件开启紧急处置").to_owned(),
            word: opening.incident.to_string(),
        };
        let entry = record_asked(context, &mut session, shown, plan, Some(question))?;
        let Some(id) = entry.event.break_glass() else { return Ok(()) };
        let glass = super::find(&session, id).map_err(|error| error.after(entry.header.seq))?;
        if !glass.is_provided_for() {
            context.env.status(tr!(
                "warning: you are in none of the groups that the policy names: it cannot be ratified",
                "警告：您不在策略指定的任何一个组中：它不能被追认"
            ));
        }
        let ends = context.clock().both(glass.end());
        let said = trf!(
            "{id} is open until {ends}; when done, say what you did: `twinseal breakglass close {id} FILE`",
            "{id} 进行中，至 {ends}；处置完毕后说明经过：`twinseal breakglass close {id} FILE`"
        );
        report_recorded(context, &entry, Some(format!("{id} {}", entry.leaf)), said)
    }

    fn opening(&self) -> Result<Opening, Error> {
        let services = self.services.iter().map(|it| parse::<ServiceId>(it)).collect::<Result<BTreeSet<_>, _>>()?;
        let affects = self.change.as_deref().map(change_id).transpose()?;
        Ok(Opening { incident: parse(&self.incident)?, services, affects })
    }
}

/// What the opener should know of the change that the break-glass acts on. Nothing of it keeps anybody from opening one.
///
/// # Errors
/// There is no such change, or the register cannot be read.
fn warnings(context: &Context<'_>, session: &Session, id: ChangeId) -> Result<Vec<String>, Error> {
    let change = change(session, id)?;
    let now = session.state().moment(context.env.now());
    let governance = governance_about(session, &change, now)?;
    let status = change.status(&governance, now)?;
    let mut warned = Vec::new();
    match status {
        Status::AwaitingApproval | Status::Expired | Status::Rejected => {}
        Status::Approved => warned.push(trf!(
            "warning: {id} is approved: start it instead: `twinseal start {id}`",
            "警告：{id} 已批准：请直接开始实施：`twinseal start {id}`"
        )),
        Status::InProgress | Status::Overrun => {
            let status = status.phrase();
            warned.push(trf!(
                "warning: {id} is {status}: finish it instead: `twinseal finish {id}`",
                "警告：{id} {status}：请直接完成：`twinseal finish {id}`"
            ));
        }
        Status::Withdrawn
        | Status::Succeeded
        | Status::Failed
        | Status::RolledBack
        | Status::InReview
        | Status::Closed => {
            let status = status.phrase();
            warned.push(trf!("warning: {id} is {status}: it is over", "警告：{id} {status}：它已结束"));
        }
    }
    let key = context.key_choice.key_for(session)?;
    let me = context.key_choice.actor(session, key.public())?;
    let conflict = session.ask(|state| Ok(change.conflict_of_interest(state.governance(), &me)?))??;
    if let Some(conflict) = conflict {
        let why = conflict.verb();
        warned.push(trf!("warning: {id} is your own change: you {why}", "警告：{id} 是您自己的变更单：您{why}"));
    }
    Ok(warned)
}
