//! `freeze now` and `freeze end`.

use std::collections::BTreeSet;

use clap::Args;

use super::list::{closed_now, in_force};
use crate::commands::duration::duration;
use crate::commands::known::note_unknown;
use crate::commands::lookup::{check_named_once, parse, reason, remark};
use crate::commands::{Context, Question, record_asked, record_shown, report_recorded};
use crate::domain::{Event, Field, FreezeName, FreezeRef, LONGEST_NOW, Scope, ServiceId, TOLERANCE, Time};
use crate::error::Error;
use crate::output::{Page, freeze};
use crate::record::Plan;
use crate::store::Session;

/// Arguments of `freeze now`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal freeze now --reason 'INC-2214: orders are rejected.'
  twinseal freeze now --service order-gateway --for 90m --reason 'INC-2214'")]
pub struct Now {
    /// Reason
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Affected service; repeat it for each; without it, every service
    #[arg(long = "service", value_name = "SERVICE")]
    services: Vec<String>,
    /// How long: 4h, 90m or 4h30m; at most 24h
    #[arg(long = "for", value_name = "LENGTH", default_value = "4h")]
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
            page.block(&format!("about to sign: a freeze until {until}"));
            Ok(())
        };
        let register = session.state().id().map(|id| id.name().to_string()).unwrap_or_default();
        let question = self.services.is_empty().then(|| Question {
            warning: "without --service it stops every change",
            act: "freeze every service".to_owned(),
            word: register,
        });
        let entry = record_asked(context, &mut session, page, plan, question)?;
        let name = FreezeName::now(entry.header.seq);
        let Event::FreezeNow { services, .. } = &entry.event else { return Ok(()) };
        let (services, until) = (freeze::services(services), context.clock().both(until));
        let said = format!("{services} frozen until {until}; `twinseal freeze end {name}` ends it");
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
    #[arg(value_name = "FREEZE")]
    freeze: String,
    /// Reason
    #[arg(long, value_name = "TEXT")]
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
            page.block(&format!("about to sign: the end of freeze {name}"));
            Ok(())
        };
        let entry = record_shown(context, &mut session, page, plan)?;
        let still: Vec<String> =
            closed_now(&session, context.env.now())?.iter().map(|(name, _)| name.to_string()).collect();
        let next = match still.is_empty() {
            true => "no freeze is closed now".to_owned(),
            false => format!("still closed: {}; `twinseal freeze list` shows them", still.join(", ")),
        };
        report_recorded(context, &entry, None, format_args!("freeze {name} ended; {next}"))
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
