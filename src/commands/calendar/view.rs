//! `calendar`: windows, freezes and sessions day by day.

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};
use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::calendar::weekday;
use crate::commands::freeze::{all, outside_hours};
use crate::commands::known::note_unknown;
use crate::commands::look::list::risk_and_kind;
use crate::commands::lookup::{parse, zone};
use crate::domain::{ChangeId, Closed, Effect, Facts, FreezeName, Scope, ServiceId, Status, Time};
use crate::error::Error;
use crate::input::{Toward, spoken_time};
use crate::output::{Item, agenda, agenda_header, freeze, json, some, table};
use crate::store::{ChangeFilter, ChangeOrder, ChangeRow, Session};
use crate::venue::{Session as Trading, Venue};
use crate::zone::Zone;
use crate::{tr, trf};

/// Arguments of `calendar`.
#[derive(Debug, Args)]
pub struct View {
    /// Seven days, as without this option
    #[arg(long, conflicts_with = "month", zh("显示七天；与不带此选项相同"))]
    week: bool,
    /// A month instead of seven days
    #[arg(long, zh("显示一个月，而不是七天"))]
    month: bool,
    /// First day, such as 2026-12-07, tomorrow or mon; today unless given
    #[arg(long, value_name = "DATE", zh("第一天，如 2026-12-07、tomorrow 或 mon；默认为今天"))]
    from: Option<String>,
    /// Leave out what does not concern this service
    #[arg(long, value_name = "SERVICE", zh("略去与此服务无关的内容"))]
    service: Option<String>,
    /// Exchange whose sessions are shown; repeat it for each: XSHG, XSHE, XHKG, XNYS, XLON
    #[arg(long = "venue", value_name = "MIC")]
    #[arg(zh("显示其交易时段的交易所；多个则重复此选项：XSHG、XSHE、XHKG、XNYS、XLON"))]
    venues: Vec<String>,
}

/// The days that are shown.
struct Days {
    zone: Zone,
    first: NaiveDate,
    /// The day after the last one.
    end: NaiveDate,
    from: Time,
    until: Time,
}

/// A change with a window in these days, or in progress.
struct Planned {
    row: ChangeRow,
    facts: Facts,
    status: Status,
    /// The freezes that stop it.
    frozen: Vec<FreezeName>,
    /// The open changes that it overlaps.
    overlaps: Vec<ChangeId>,
}

/// A freeze and one of its closed times.
struct Frozen {
    name: FreezeName,
    closed: Closed,
    /// What it concerns, unless it concerns every change.
    scope: Option<String>,
}

/// The sessions of a venue.
struct Market {
    venue: Venue,
    sessions: Vec<Trading>,
    /// From when on they are not published; `None` if all are.
    unknown: Option<Time>,
}

impl View {
    /// # Errors
    /// An argument is invalid, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let venues = self.venues.iter().map(|mic| Venue::named(mic)).collect::<Result<Vec<_>, _>>()?;
        let service: Option<ServiceId> = self.service.as_deref().map(parse).transpose()?;
        let days = self.days(context, venues.first())?;
        let session = context.open()?;
        let scope = Scope { services: service.iter().cloned().collect(), ..Scope::default() };
        note_unknown(context, &session, &scope)?;
        let now = context.env.now();
        let planned = planned(&session, &days, service.as_ref(), now)?;
        let frozen = frozen(&session, &days, service.as_ref())?;
        let markets: Vec<Market> = venues.into_iter().map(|venue| market(venue, &days)).collect();
        if context.ui.json {
            return context.ui.print_json(context.env, whole_json(&days, &planned, &frozen, &markets));
        }
        let mut items: Vec<Item> = frozen.iter().map(|it| freeze_item(it, &days.zone)).collect();
        items.extend(markets.iter().flat_map(session_items));
        items.extend(planned.iter().map(change_item));
        let width = context.env.width;
        let mut rows: Vec<[String; 6]> = planned.iter().filter_map(|it| running_row(it, &days.zone, now)).collect();
        rows.extend(agenda(&items, &days.zone, (days.first, days.end), width.is_none()));
        let last = days.end.pred_opt().unwrap_or(days.end);
        let (first, zone) = (days.first, days.zone.name());
        let title = trf!("{first} to {last}, {zone}", "{first} 至 {last}，{zone}");
        context.env.print_long(&format!("{title}\n{}", table(agenda_header(), rows, width)))?;
        if context.settings.zone.is_none()
            && days.zone.name() == "UTC"
            && let Some(it) = planned.iter().find(|it| it.row.zone != "UTC")
        {
            context.env.remark(trf!(
                "times are in UTC; local times: --zone {}",
                "时间为 UTC；本地时间：--zone {}",
                it.row.zone
            ));
        }
        Ok(())
    }

    fn days(&self, context: &Context<'_>, venue: Option<&Venue>) -> Result<Days, Error> {
        let of_venue = || venue.and_then(|venue| Zone::named(venue.zone)).unwrap_or_else(Zone::utc);
        let zone = zone(context)?.unwrap_or_else(of_venue);
        let (now, given) = (context.env.now(), self.from.as_deref().unwrap_or("today"));
        let first = match NaiveDate::parse_from_str(given, "%Y-%m-%d") {
            Ok(date) => date,
            Err(_) => {
                let spoken = spoken_time(given, now, Some(&zone), Toward::Future);
                let spoken = spoken.map_err(|problem| Error::Time { given: given.to_owned(), problem })?;
                zone.at(spoken).date_naive()
            }
        };
        let wrong = || Error::Form { given: given.to_owned(), form: "2026-12-31" };
        let end = match self.month {
            true => first.checked_add_months(Months::new(1)),
            false => first.checked_add_days(chrono::Days::new(7)),
        };
        let end = end.ok_or_else(wrong)?;
        let (from, until) = zone.day_begins(first).zip(zone.day_begins(end)).ok_or_else(wrong)?;
        Ok(Days { zone, first, end, from, until })
    }
}

/// The changes whose windows meet these days, and those in progress, in the order of their windows.
fn planned(session: &Session, days: &Days, service: Option<&ServiceId>, now: Time) -> Result<Vec<Planned>, Error> {
    let any = ChangeFilter { service: service.cloned(), order: ChangeOrder::Window, ..ChangeFilter::default() };
    let here = ChangeFilter { ends_after: Some(days.from), starts_before: Some(days.until), ..any.clone() };
    let running = ChangeFilter { stored_statuses: BTreeSet::from([Status::InProgress]), ..any };
    let mut rows = session.queries().changes(&here)?;
    let further = session.queries().changes(&running)?.into_iter();
    rows.extend(further.filter(|it| rows.iter().all(|row| row.id != it.id)).collect::<Vec<_>>());
    // Another process of this account may have advanced the cache beyond this session's state.
    let filed = session.state().filed();
    rows.retain(|row| row.id.number() <= filed && row.stored_status != Status::Withdrawn);
    let now = session.state().moment(now);
    let judged = session.ask_each(None, rows.iter().map(|row| row.id), |change, governance| {
        let (facts, status) = (change.current().facts.clone(), change.status(governance, now)?);
        let open = matches!(status, Status::AwaitingApproval | Status::Approved);
        let met = if open { governance.freezes_in_the_way(&facts, now.claimed)? } else { Vec::new() };
        let stop = met.into_iter().filter(|it| it.effect == Effect::Stops).map(|it| it.freeze.name);
        Ok((facts, status, stop.collect(), change.is_open()))
    })??;
    let judged: Vec<_> = rows.into_iter().zip(judged).collect();
    // One question for all: each begins again when it meets a record that is not loaded.
    let overlaps = session.ask(|state| {
        let met = |(row, (facts, _, _, open)): &(ChangeRow, (Facts, _, _, bool))| match open {
            true => Ok(state.overlaps(row.id, facts)?.into_iter().map(|it| it.change).collect()),
            false => Ok(Vec::new()),
        };
        judged.iter().map(met).collect::<Result<Vec<_>, _>>()
    })??;
    let planned = |((row, (facts, status, frozen, _)), overlaps)| Planned { row, facts, status, frozen, overlaps };
    Ok(judged.into_iter().zip(overlaps).map(planned).collect())
}

/// The closed times of the freezes in force that concern a service.
fn frozen(session: &Session, days: &Days, service: Option<&ServiceId>) -> Result<Vec<Frozen>, Error> {
    let mut frozen = Vec::new();
    let hours = outside_hours(session, &service.into_iter().cloned().collect())?;
    for (name, terms) in all(session)?.into_iter().map(|(name, it)| (name, it.terms)).chain(hours) {
        let services = &terms.scope.services;
        if service.is_some_and(|service| !services.is_empty() && !services.contains(service)) {
            continue;
        }
        let scope = (terms.scope != Scope::default()).then(|| freeze::scope(&terms));
        let closed = terms.all_closed_in(days.from, days.until).into_iter();
        frozen.extend(closed.map(|closed| Frozen { name: name.clone(), closed, scope: scope.clone() }));
    }
    Ok(frozen)
}

/// Pauses up to this length, as before and after an auction, do not end a session here, in seconds.
const PAUSE: i64 = 900;

/// The sessions of a venue in these days, as far as they are published.
fn market(venue: Venue, days: &Days) -> Market {
    let zone = Zone::named(venue.zone).unwrap_or_else(Zone::utc);
    let first = zone.at(days.from).date_naive();
    // A market is closed at its own midnight.
    let end = zone.at(days.until).date_naive().succ_opt().unwrap_or(NaiveDate::MAX);
    let unknown = first.iter_days().take_while(|day| *day < end).find(|day| !venue.is_published(*day));
    let known = zone.day_begins(first).zip(zone.day_begins(unknown.unwrap_or(end)));
    let found = known.and_then(|(from, until)| venue.sessions_between(from, until));
    let unknown = match &found {
        Some(_) => unknown.and_then(|day| zone.day_begins(day)).filter(|time| *time < days.until),
        None => Some(days.from),
    };
    let mut sessions: Vec<Trading> = Vec::new();
    for it in found.unwrap_or_default() {
        match sessions.last_mut() {
            Some(last) if it.from.unix() - last.until.unix() <= PAUSE => last.until = it.until,
            _ => sessions.push(it),
        }
    }
    sessions.retain(|it| it.from < days.until && it.until > days.from);
    Market { venue, sessions, unknown }
}

/// The row of a closed time. One that is reserved says for which changes, and when they must be back.
fn freeze_item(it: &Frozen, zone: &Zone) -> Item {
    let scope = it.scope.as_ref().map_or_else(String::new, |scope| trf!("; {scope}", "；{scope}"));
    let (name, period) = (&it.name, it.closed.phrase());
    let title = trf!("{name} ({period}){scope}", "{name}（{period}）{scope}");
    let [what, status, title] = match &it.closed.reserved {
        None => [tr!("freeze", "封网").to_owned(), tr!("closed", "禁止变更").to_owned(), title],
        Some(reserved) => {
            let back = zone.at(reserved.restored_by);
            let back = format!("{} {}", weekday(&back), back.format("%H:%M"));
            [
                tr!("reserved", "预留").to_owned(),
                trf!("only {}", "仅 {}", reserved.tag),
                trf!("restored by {back}; {title}", "{back} 前恢复；{title}"),
            ]
        }
    };
    Item { from: it.closed.from, until: it.closed.until, cells: [what, status, String::new(), title] }
}

fn session_items(market: &Market) -> Vec<Item> {
    let mic = market.venue.mic;
    let item = |from: Time, until: Option<Time>, status: &str, title: String| Item {
        from,
        until,
        cells: [tr!("session", "交易时段").to_owned(), status.to_owned(), String::new(), title],
    };
    let known = market.sessions.iter().map(|it| item(it.from, Some(it.until), "", mic.to_owned()));
    let unknown = |from| {
        let title = trf!("{mic}: days not published", "{mic}：交易日尚未公布");
        item(from, None, tr!("unknown", "未知"), title)
    };
    let unknown = market.unknown.map(unknown);
    known.chain(unknown).collect()
}

/// The status, so that what is in progress stands out without colours too.
fn status(it: &Planned) -> String {
    let phrase = it.status.phrase();
    let status = match it.status {
        Status::Overrun => format!("! {phrase}"),
        Status::InProgress => format!("> {phrase}"),
        _ if it.frozen.is_empty() => phrase,
        _ => trf!("{phrase}; frozen", "{phrase}；封网"),
    };
    match some(it.overlaps.clone()) {
        None => status,
        Some(with) => trf!("{status}; overlaps {with}", "{status}；与 {with} 冲突"),
    }
}

fn cells(it: &Planned) -> [String; 4] {
    let title = it.row.title.clone().unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned());
    [it.row.id.to_string(), status(it), risk_and_kind(&it.row), title]
}

fn change_item(it: &Planned) -> Item {
    Item { from: it.facts.window.start(), until: Some(it.facts.window.end()), cells: cells(it) }
}

/// The row at the top for a change in progress, wherever its window is.
fn running_row(it: &Planned, zone: &Zone, now: Time) -> Option<[String; 6]> {
    let end = it.facts.window.end();
    let (local, today) = (zone.at(end), zone.at(now).date_naive());
    let local = local.format(if local.date_naive() == today { "%H:%M" } else { "%m-%d" });
    let running = matches!(it.status, Status::InProgress | Status::Overrun);
    let [what, status, risk, title] = running.then(|| cells(it))?;
    let ends =
        if end > now { trf!("ends {local}", "{local} 结束") } else { trf!("ended {local}", "{local} 已结束") };
    Some([tr!("now", "现在").to_owned(), ends, what, status, risk, title])
}

fn whole_json(days: &Days, planned: &[Planned], frozen: &[Frozen], markets: &[Market]) -> Value {
    let change = |it: &Planned| {
        json!({
            "change": it.row.id.to_string(),
            "status": it.status.as_str(),
            "title": it.row.title,
            "frozen_by": json::list(&it.frozen),
            "overlaps": json::list(&it.overlaps),
            "last_start": it.facts.last_start().to_string(),
            "last_rollback": it.facts.last_rollback().to_string(),
            "facts": json::facts(&it.facts),
        })
    };
    let closed = |it: &Frozen| json!({ "freeze": it.name.to_string(), "closed": freeze::closed(Some(&it.closed)) });
    let market = |it: &Market| {
        let one = |it: &Trading| json!({ "from": it.from.to_string(), "until": it.until.to_string() });
        json!({
            "venue": it.venue.mic,
            "known_until": json::written(it.unknown),
            "sessions": it.sessions.iter().map(one).collect::<Value>(),
        })
    };
    json!({
        "zone": days.zone.name(),
        "from": days.from.to_string(),
        "until": days.until.to_string(),
        "changes": planned.iter().map(change).collect::<Value>(),
        "freezes": frozen.iter().map(closed).collect::<Value>(),
        "venues": markets.iter().map(market).collect::<Value>(),
    })
}
