//! `freeze list`, `show` and `check`, and what other pages say about freezes.

use std::collections::BTreeSet;
use std::str::FromStr;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::known::note_unknown;
use crate::commands::lookup::{parse, reason_of, time};
use crate::domain::{
    Change, Closed, Freeze, FreezeMark, FreezeName, FreezeOrigin, Invalid, Met, Moment, Scope, ServiceId, Status,
    Terms, Time,
};
use crate::error::{Error, FreezeError};
use crate::input::{Toward, nearest};
use crate::output::json::written;
use crate::output::{Gutter, ago, freeze, table};
use crate::store::Session;
use crate::{tr, trf};

/// The freeze in force with this name.
///
/// # Errors
/// [`FreezeError::None`], or the cache cannot be read.
pub fn in_force(session: &Session, name: &FreezeName) -> Result<Freeze, Error> {
    if let Some(freeze) = hours_as_freeze(session, name)? {
        return Ok(freeze);
    }
    let found = session.ask(|state| state.governance().freeze(name).cloned())?;
    found.map_err(|_| {
        let names = session.state().governance().freezes().map(|(name, _)| name.as_str());
        FreezeError::None { freeze: name.clone(), near: nearest(name.as_str(), names) }.into()
    })
}

/// The times outside the maintenance hours of a service, as the freeze of this name; `None` for other names.
fn hours_as_freeze(session: &Session, name: &FreezeName) -> Result<Option<Freeze>, Error> {
    let Some(id) = name.service() else { return Ok(None) };
    Ok(session.ask(|state| {
        let governance = state.governance();
        let Some(service) = governance.service(&id)? else { return Ok(None) };
        let (Some(hours), Some((since, terms))) = (&service.hours, governance.outside_hours_of(&id, service)?) else {
            return Ok(None);
        };
        let calendar = governance.calendar(hours)?;
        let origin = FreezeOrigin::Proposal(calendar.proposal);
        Ok(Some(Freeze { origin, since, seq: calendar.seq, terms }))
    })??)
}

/// Every freeze in force, by name.
///
/// # Errors
/// The cache cannot be read.
pub fn all(session: &Session) -> Result<Vec<(FreezeName, Freeze)>, Error> {
    let named = |(name, _): (&FreezeName, FreezeMark)| name.clone();
    let names: Vec<FreezeName> = session.state().governance().freezes().map(named).collect();
    names.into_iter().map(|name| in_force(session, &name).map(|freeze| (name, freeze))).collect()
}

/// The times outside the maintenance hours of these services, as freezes.
///
/// # Errors
/// The cache cannot be read.
pub fn outside_hours(session: &Session, services: &BTreeSet<ServiceId>) -> Result<Vec<(FreezeName, Terms)>, Error> {
    let outside = session.ask(|state| Ok(state.governance().outside_hours(services)?))??;
    Ok(outside.into_iter().map(|(freeze, terms)| (freeze.name, terms)).collect())
}

/// The freezes that a change meets from now to the end of its window; none of a change that can no longer be started.
///
/// # Errors
/// The cache cannot be read.
pub fn met(session: &Session, change: &Change, status: Status, now: Time) -> Result<Vec<Met>, Error> {
    if !matches!(status, Status::AwaitingApproval | Status::Approved) {
        return Ok(Vec::new());
    }
    let facts = &change.current().facts;
    let from = now.max(facts.window.start());
    Ok(session.ask(|state| state.governance().freezes_met(facts, from, facts.window.end()))??)
}

/// How long before the end of a calendar admins are reminded, in seconds.
pub const MONTH: i64 = 31 * 86_400;

/// The freezes whose calendar ends within a month, or has ended, each with the time at which it does.
///
/// # Errors
/// The cache cannot be read.
pub fn expiring(session: &Session, now: Moment) -> Result<Vec<(FreezeName, Time)>, Error> {
    let ends = |(name, freeze): (FreezeName, Freeze)| {
        let known = freeze.terms.known.until().filter(|known| *known <= now.claimed.plus(MONTH))?;
        Some((name, known))
    };
    let mut followed = all(session)?;
    // One service for each calendar that maintenance hours follow.
    for service in session.queries().services_by_hours()? {
        let name = FreezeName::hours(&service);
        followed.push((name.clone(), in_force(session, &name)?));
    }
    Ok(followed.into_iter().filter_map(ends).collect())
}

/// The freezes that are closed now.
///
/// # Errors
/// The cache cannot be read.
pub fn closed_now(session: &Session, now: Time) -> Result<Vec<(FreezeName, Closed)>, Error> {
    let closed = |(name, freeze): (FreezeName, Freeze)| {
        Some((name, freeze.terms.closed_from(now).filter(|closed| closed.from <= now)?))
    };
    Ok(all(session)?.into_iter().filter_map(closed).collect())
}

fn origin(freeze: &Freeze) -> String {
    match &freeze.origin {
        FreezeOrigin::Proposal(id) => trf!("proposal {id}", "提案 {id}"),
        FreezeOrigin::Alone(by) => trf!("{by} alone", "{by} 单独发起"),
    }
}

fn freeze_json(name: &FreezeName, it: &Freeze, now: Time) -> Value {
    let closed = it.terms.closed_from(now);
    let (proposal, by) = match &it.origin {
        FreezeOrigin::Proposal(id) => (Some(id.number()), None),
        FreezeOrigin::Alone(by) => (None, Some(by)),
    };
    json!({
        "name": name.to_string(),
        "since": it.since.to_string(),
        "seq": it.seq,
        "proposal": proposal,
        "begun_by": written(by),
        "closed": closed.as_ref().is_some_and(|closed| closed.from <= now),
        "next": freeze::closed(closed.as_ref()),
        "terms": freeze::terms(&it.terms),
    })
}

/// Lists the freezes in force.
pub fn list(context: &mut Context<'_>) -> Result<(), Error> {
    let session = context.open()?;
    let (freezes, now) = (all(&session)?, context.env.now());
    if freezes.is_empty() && !context.ui.json {
        context.env.remark(tr!("no freezes in force", "没有生效的封网"));
        return Ok(());
    }
    let json = || json!({ "freezes": freezes.iter().map(|(name, it)| freeze_json(name, it, now)).collect::<Value>() });
    let (clock, width) = (context.clock(), context.env.width);
    let row = |(name, it): &(FreezeName, Freeze)| {
        let known = it
            .terms
            .known
            .until()
            .map_or_else(|| tr!("complete", "已列全").to_owned(), |known| clock.in_table(known, width));
        let by = freeze::excepting(&it.excepting());
        [name.to_string(), freeze::state(&it.terms, now, false), freeze::scope(&it.terms), by, known]
    };
    let rows = || freezes.iter().map(row).collect();
    let header = [
        tr!("FREEZE", "封网"),
        tr!("STATE", "状态"),
        tr!("CONCERNS", "适用范围"),
        tr!("EXCEPTED BY", "例外批准人"),
        tr!("KNOWN UNTIL", "已知至"),
    ];
    context.ui.answer(context.env, json, || table(header, rows(), width))
}

/// Arguments of `freeze show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal freeze show market-hours")]
pub struct Show {
    /// Name of the freeze
    #[arg(value_name = "FREEZE", zh("封网名称"))]
    freeze: String,
}

impl Show {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let name: FreezeName = parse(&self.freeze)?;
        let session = context.open()?;
        let (it, now) = (in_force(&session, &name)?, context.env.now());
        if context.ui.json {
            return context.ui.print_json(context.env, freeze_json(&name, &it, now));
        }
        let opened = match &it.origin {
            FreezeOrigin::Proposal(id) => session.ask(|state| state.governance().proposal(*id).map(|it| it.seq))??,
            FreezeOrigin::Alone(_) => it.seq,
        };
        let reason = reason_of(&session, opened)?;
        let mut page = context.page();
        page.title(trf!("freeze {name}", "封网 {name}"));
        page.field(tr!("state", "状态"), freeze::state(&it.terms, now, true));
        let (by, seq) = (origin(&it), it.seq);
        page.field(tr!("set", "设置"), trf!("by {by} (entry {seq})", "{by}（第 {seq} 条）"));
        page.field(tr!("since", "起始条目"), it.since);
        for sentence in freeze::sentences(&it.terms, &it.excepting()) {
            page.text("", sentence);
        }
        if let Some(reason) = reason {
            page.block(tr!("reason", "原因")).quote_text(Gutter::Prose, &reason);
        }
        freeze::period_block(&mut page, &it.terms.periods);
        Ok(context.env.print_long(page.finish())?)
    }
}

/// Arguments of `freeze check`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal freeze check 2026-12-31T18:00:00+08:00
  twinseal freeze check now --service order-gateway --environment prod")]
pub struct Check {
    /// Time, such as 'sat 20:00', or now
    #[arg(value_name = "TIME", zh("时间，如 'sat 20:00'，或 now"))]
    time: String,
    /// Leave out freezes that do not concern this service
    #[arg(long, value_name = "SERVICE", zh("略去不涉及此服务的封网"))]
    service: Option<String>,
    /// Leave out freezes that do not concern this environment
    #[arg(long, value_name = "ENVIRONMENT", zh("略去不涉及此环境的封网"))]
    environment: Option<String>,
    /// Leave out freezes that do not concern changes with this tag
    #[arg(long, value_name = "TAG", zh("略去不涉及带此标签的变更单的封网"))]
    tag: Option<String>,
}

fn one<T: FromStr<Err = Invalid> + Ord>(given: Option<&str>) -> Result<BTreeSet<T>, Error> {
    Ok(given.map(parse).transpose()?.into_iter().collect())
}

impl Check {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let at = time(context, &self.time, Toward::Future)?;
        let (services, environments) = (one(self.service.as_deref())?, one(self.environment.as_deref())?);
        let asked = Scope { services, environments, tags: one(self.tag.as_deref())?, ..Scope::default() };
        let session = context.open()?;
        // Freezes are opened and ended where the register is now.
        session.is_present()?;
        note_unknown(context, &session, &asked)?;
        let mut closed: Vec<(FreezeName, Closed)> = Vec::new();
        let hours = outside_hours(&session, &asked.services)?;
        for (name, terms) in all(&session)?.into_iter().map(|(name, it)| (name, it.terms)).chain(hours) {
            let found = terms.closed_in(at, at.plus(1)).filter(|_| terms.may_concern(&asked));
            closed.extend(found.map(|found| (name, found)));
        }
        let json = || {
            let one = |(name, it): &(FreezeName, Closed)| json!({ "freeze": name.to_string(), "closed": freeze::closed(Some(it)) });
            json!({ "time": at.to_string(), "closed": closed.iter().map(one).collect::<Value>() })
        };
        let clock = context.clock();
        let line = |(name, it): &(FreezeName, Closed)| {
            let until = it.until.map_or(String::new(), |until| trf!("; ends {}", "；{}结束", ago(until, clock.now)));
            format!("{name} {}{until}", clock.local(&it.to_string()))
        };
        let lines = || closed.iter().map(line).collect::<Vec<String>>().join("\n");
        match closed.is_empty() {
            true if !context.ui.json => {
                context.env.remark(trf!("no freeze is closed at {}", "{} 不在任何封网时段内", clock.at(at)));
                Ok(())
            }
            true => context.ui.print_json(context.env, json()),
            false => {
                // The exit code says that a freeze is closed even if nobody reads which.
                let _ = context.ui.answer(context.env, json, lines);
                Err(Error::Closed(closed.len()))
            }
        }
    }
}
