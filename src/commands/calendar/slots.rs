//! `slots`: the next windows in which no freeze is closed and no other change touches the same services.

use std::collections::BTreeSet;
use std::str::FromStr;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::Zh;
use crate::commands::calendar::weekday;
use crate::commands::duration::duration;
use crate::commands::freeze::{all, outside_hours};
use crate::commands::known::note_unknown;
use crate::commands::lookup::{parse, time, zone};
use crate::domain::{Free, FreeTimes, Invalid, Overlap, Scope, ServiceId, Time, Window, free_times};
use crate::error::Error;
use crate::input::Toward;
use crate::output::{ago, moment, some, table};
use crate::store::Session;
use crate::zone::Zone;
use crate::{tr, trf};

/// List the next windows without a freeze
///
/// Each row is a time in which no freeze is closed, as `twinseal freeze check` judges it: a period that is reserved for
/// some changes counts as closed. With --service it is outside the windows of open changes that touch the service, what
/// it depends on, or what depends on it. A change can have its window anywhere in it. Kind and risk of a change do not
/// matter.
#[derive(Debug, Args)]
#[command(zh("列出接下来没有封网的可用窗口"))]
#[command(zh_long(
    "每行是一段不在封网时段内的时间，判断方法与 `twinseal freeze check` 相同：为部分变更单预留的时段也算封网。给出 --service 时，也避开涉及该服务、\
     其依赖或依赖它的服务的其他未完成变更单的窗口。变更窗口可以取其中任意一段。不区分变更的类型和风险。"
))]
#[command(after_help = "Examples:
  twinseal slots --service order-gateway --for 90m
  twinseal slots --service ledger --for 2h --from 'sat 08:00' --count 3")]
pub struct Slots {
    /// Leave out freezes that do not concern this service; repeat it for each
    #[arg(long = "service", value_name = "SERVICE", zh("略去不涉及此服务的封网；多个服务则重复此选项"))]
    services: Vec<String>,
    /// Leave out freezes that do not concern this environment; repeat it for each
    #[arg(long = "environment", value_name = "ENVIRONMENT", zh("略去不涉及此环境的封网；多个环境则重复此选项"))]
    environments: Vec<String>,
    /// Leave out freezes that do not concern changes with this tag; repeat it for each
    #[arg(long = "tag", value_name = "TAG", zh("略去不涉及带此标签的变更单的封网；多个标签则重复此选项"))]
    tags: Vec<String>,
    /// Length of the window: 90m, 2h or 1h30m; at most 24h
    #[arg(long = "for", value_name = "LENGTH", default_value = "1h", zh("变更窗口的时长：90m、2h 或 1h30m；最长 24h"))]
    length: String,
    /// Earliest start, such as 'sat 20:00'; now by default
    #[arg(long, value_name = "TIME", zh("最早开始时间，如 'sat 20:00'；默认为现在"))]
    from: Option<String>,
    /// Maximum number of rows
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    #[arg(zh("最多行数"))]
    count: u64,
}

/// The grid on which a window begins if no time is given, in seconds.
const GRID: i64 = 300;

impl Slots {
    /// # Errors
    /// An argument is invalid, the register cannot be read, or there is no such window.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let seconds = duration(&self.length, 60)?;
        let from = match &self.from {
            Some(from) => time(context, from, Toward::Future)?.max(context.env.now()),
            None => on_grid(context.env.now()),
        };
        let zone = zone(context)?;
        let asked = Scope {
            services: each(&self.services)?,
            environments: each(&self.environments)?,
            tags: each(&self.tags)?,
            ..Scope::default()
        };
        let session = context.open()?;
        note_unknown(context, &session, &asked)?;
        let count = usize::try_from(self.count).unwrap_or(usize::MAX);
        let found = free(&session, &asked, (from, seconds), count)?;
        if context.ui.json {
            return context.ui.print_json(context.env, as_json(&found, seconds));
        }
        let shown = zone.clone().unwrap_or_else(Zone::utc);
        let now = context.env.now();
        let local = |time: Time| format!("{} {}", weekday(&shown.at(time)), moment(time, shown.name()));
        let row = |it: &Free| {
            let until = it.until.map_or_else(|| tr!("without an end", "无结束时间").to_owned(), &local);
            let begins = if it.from > now { ago(it.from, now) } else { tr!("now", "现在").to_owned() };
            [local(it.from), until, begins]
        };
        let rows: Vec<_> = found.times.iter().map(row).collect();
        if !rows.is_empty() {
            let header = [tr!("FREE FROM", "可用时段起"), tr!("UNTIL", "止"), tr!("BEGINS", "开始")];
            context.env.print_long(&table(header, rows, context.env.width))?;
        } else {
            context.env.status(trf!(
                "no window of {} without a freeze or another change",
                "没有不与封网或其他变更单重叠的 {} 窗口",
                self.length
            ));
        }
        note_overrun(context, &session, &asked.services)?;
        if let Some((name, closed)) = &found.end {
            context.env.status(trf!("beyond these, freeze {name} is {closed}", "此后封网 {name}：{closed}"));
        }
        if let Some(first) = found.times.first() {
            let start = match &zone {
                Some(zone) => zone.at(first.from).format("%Y-%m-%d %H:%M").to_string(),
                None => first.from.to_string(),
            };
            context.env.remark(trf!(
                "to use the first: `twinseal file --window '{start} for {}'`",
                "使用第一个：`twinseal file --window '{start} for {}'`",
                self.length
            ));
        }
        Ok(())
    }
}

/// The next whole five minutes: nobody plans a window to the second.
fn on_grid(now: Time) -> Time {
    now.plus((GRID - now.unix() % GRID) % GRID)
}

fn each<T: FromStr<Err = Invalid> + Ord>(given: &[String]) -> Result<BTreeSet<T>, Error> {
    given.iter().map(|it| parse(it)).collect()
}

/// The first times of at least this many seconds in which no freeze is closed that may concern such a change, and no open
/// change touches the same services.
///
/// # Errors
/// The cache cannot be read.
pub fn free(session: &Session, asked: &Scope, (from, seconds): (Time, i64), count: usize) -> Result<FreeTimes, Error> {
    let (freezes, hours) = (all(session)?, outside_hours(session, &asked.services)?);
    let concerned = freezes.iter().filter(|(_, it)| it.terms.may_concern(asked));
    let terms = concerned.map(|(name, it)| (name.clone(), &it.terms));
    let terms: Vec<_> = terms.chain(hours.iter().map(|(name, terms)| (name.clone(), terms))).collect();
    let taken = taken(session, &asked.services, from)?;
    Ok(free_times((&terms, &taken), from, seconds, count))
}

/// The windows of the open changes that touch these services, as far ahead as a window can last.
fn taken(session: &Session, services: &BTreeSet<ServiceId>, from: Time) -> Result<Vec<Window>, Error> {
    Ok(beside(session, services, from)?.into_iter().map(|it| it.window).collect())
}

/// Says which changes touch these services and are in progress although their windows have ended.
fn note_overrun(context: &mut Context<'_>, session: &Session, services: &BTreeSet<ServiceId>) -> Result<(), Error> {
    let now = context.env.now();
    let overrun = beside(session, services, now)?.into_iter().filter(|it| it.in_progress && it.window.ended(now));
    if let Some(running) = some(overrun.map(|it| it.change).collect()) {
        context.env.remark(trf!(
            "note: in progress beyond its window: {running}; until it is finished, it overlaps any of these",
            "注意：已超窗口仍在实施：{running}；完成之前与以上任何窗口都冲突"
        ));
    }
    Ok(())
}

/// The open changes that touch these services, as far ahead as a window can last.
fn beside(session: &Session, services: &BTreeSet<ServiceId>, from: Time) -> Result<Vec<Overlap>, Error> {
    let until = from.plus(Window::LONGEST_DAYS * 24 * 3600);
    let Ok(ahead) = Window::new(from, until, parse("UTC")?) else { return Ok(Vec::new()) };
    let nobody = BTreeSet::new();
    Ok(session.ask(|state| Ok(state.open_beside(None, &ahead, (services, &nobody))?))??)
}

fn as_json(found: &FreeTimes, seconds: i64) -> Value {
    let written = |time: Time| time.to_string();
    let one = |it: &Free| json!({ "from": written(it.from), "until": it.until.map(written) });
    let end = found.end.as_ref();
    json!({
        "seconds": seconds,
        "slots": found.times.iter().map(one).collect::<Value>(),
        "end": end.map(|(name, closed)| json!({ "freeze": name.to_string(), "from": written(closed.from) })),
    })
}
