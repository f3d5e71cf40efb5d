//! `freeze now` and `freeze end`.

use std::collections::BTreeSet;

use clap::Args;

use super::list::{closed_now, in_force};
use crate::commands::Zh;
use crate::commands::duration::duration;
use crate::commands::known::note_unknown;
use crate::commands::lookup::{check_named_once, parse, reason, remark};
use crate::commands::{Context, Question, record_asked, record_shown, report_recorded};
use crate::domain::{Event, Field, FreezeName, FreezeRef, LONGEST_NOW, Scope, ServiceId, TOLERANCE, Time};
use crate::error::Error;
use crate::output::{Page, freeze};
use crate::record::Plan;
use crate::store::Session;
use crate::{tr, trf};

/// Arguments of `freeze now`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal freeze now --reason 'INC-2214: orders are rejected.'
  twinseal freeze now --service order-gateway --for 90m --reason 'INC-2214'")]
pub struct Now {
    /// Reason
    #[arg(long, value_name = "TEXT", zh("原因"))]
    reason: String,
    /// Affected service; repeat it for each; without it, every service
    #[arg(long = "service", value_name = "SERVICE", zh("受影响的服务；多个服务则重复此选项；不给出则为所有服务"))]
    services: Vec<String>,
    /// How long: 4h, 90m or 4h30m; at most 24h
    #[arg(long = "for", value_name = "LENGTH", default_value = "4h", zh("时长：4h、90m 或 4h30m；最长 24h"))]
    length: String,
}

impl Now {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let length = duration(&self.length, 1)?;
        let services = self.services.iter().map(|it| parse(it)).collect::<Result<Vec<ServiceId>, Error>>()?;
        check_named_once(&services)?;
        let services: BTreeSet<ServiceId> = services.into_iter().collect();
        let text = remark(Field::Reason, &self.reason)?;
        let mut session = context.open()?;
        note_unknown(context, &session, &Scope { services: services.clone(), ..Scope::default() })?;
        let until = end(context.env.now(), length);
        let event = Event::FreezeNow { until, services };
        let plan = |_: &mut Session| Ok(Plan { event: event.clone(), text: Some(text.clone()) });
        let page = |page: &mut Page, _: &Session| {
            page.block(&trf!("about to sign: a freeze until {until}", "即将签名：封网至 {until}"));
            Ok(())
        };
        let register = session.state().id().map(|id| id.name().to_string()).unwrap_or_default();
        let question = self.services.is_empty().then(|| Question {
            warning: tr!("without --service it stops every change", "没有 --service 时，它会阻止所有变更单"),
            act: tr!("freeze every service", "对全部服务封网").to_owned(),
            word: register,
        });
        let entry = record_asked(context, &mut session, page, plan, question)?;
        let name = FreezeName::now(entry.header.seq);
        let Event::FreezeNow { services, .. } = &entry.event else { return Ok(()) };
        let (services, until) = (freeze::services(services), context.clock().both(until));
        let said = trf!(
            "{services} frozen until {until}; `twinseal freeze end {name}` ends it",
            "{services} 已封网至 {until}；提前结束：`twinseal freeze end {name}`"
        );
        report_recorded(context, &entry, Some(format!("freeze {name} {}", entry.leaf)), said)
    }
}

/// The end of a freeze that is begun now. Its period begins before now, and lasts at most a day in all.
fn end(now: Time, length: i64) -> Time {
    now.plus(length).min(now.plus(LONGEST_NOW - TOLERANCE))
}

/// Arguments of `freeze end`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal freeze end now-812
  twinseal freeze end now-812 --reason 'Orders go through again.'")]
pub struct End {
    /// Name of the freeze
    #[arg(value_name = "FREEZE", zh("封网名称"))]
    freeze: String,
    /// Reason
    #[arg(long, value_name = "TEXT", zh("原因"))]
    reason: Option<String>,
}

impl End {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let name: FreezeName = parse(&self.freeze)?;
        let text = reason(self.reason.as_deref())?;
        let mut session = context.open()?;
        in_force(&session, &name)?;
        let plan = |session: &mut Session| {
            let since = in_force(session, &name)?.since;
            Ok(Plan { event: Event::FreezeEnd(FreezeRef { name: name.clone(), since }), text: text.clone() })
        };
        let page = |page: &mut Page, _: &Session| {
            page.block(&trf!("about to sign: the end of freeze {name}", "即将签名：结束封网 {name}"));
            Ok(())
        };
        let entry = record_shown(context, &mut session, page, plan)?;
        let still: Vec<String> =
            closed_now(&session, context.env.now())?.iter().map(|(name, _)| name.to_string()).collect();
        let next = match still.is_empty() {
            true => tr!("no freeze is closed now", "当前不在任何封网时段内").to_owned(),
            false => trf!(
                "still closed: {}; `twinseal freeze list` shows them",
                "仍在封网：{}；查看：`twinseal freeze list`",
                still.join(", ")
            ),
        };
        report_recorded(context, &entry, None, trf!("freeze {name} ended; {next}", "封网 {name} 已结束；{next}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_freeze_lasts_a_day_at_most_in_all() {
        let now: Time = "2026-12-01T09:00:00Z".parse().unwrap();
        assert_eq!(end(now, 86_400).to_string(), "2026-12-02T08:55:00Z");
        assert_eq!(end(now, 14_400).to_string(), "2026-12-01T13:00:00Z");
    }
}
