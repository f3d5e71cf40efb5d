//! `audit population`: the changes that were carried out in a period.

use clap::Args;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{AsCsv, Span, print_with_table};
use crate::commands::Context;
use crate::commands::breakglass::Judged;
use crate::domain::{Between, ChangeId, ChangeKind, CountedRoot, Digest, Moment, RequirementResult, Risk};
use crate::error::Error;
use crate::output::Page;
use crate::output::json::written;
use crate::store::{Session, Started};
use crate::{tr, trf};

/// Arguments of `audit population`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal audit population --from 2026-10-01 --to 2027-01-01 --zone Asia/Shanghai
  twinseal audit population --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z --csv > population.csv")]
pub struct Population {
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    csv: AsCsv,
}

/// The sentence that defines a population, for programs.
pub(super) const DEFINITION: &str = "every change whose first start claims a time from `from` to before `to`";

/// A change of a population, with what its current revision says.
pub(super) struct Member {
    pub started: Started,
    pub kind: ChangeKind,
    pub risk: Risk,
    pub owner: String,
    pub title: Option<String>,
    /// Whether it is an emergency, or went without a requirement.
    pub exceptional: bool,
}

impl Member {
    /// The title for people.
    pub fn shown_title(&self) -> String {
        self.title.clone().unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned())
    }
}

/// The log of which a list is complete.
pub(super) struct Log {
    pub size: u64,
    pub root: Digest,
}

impl Log {
    /// # Errors
    /// The cache cannot be read.
    pub fn of(session: &Session) -> Result<Self, Error> {
        Self::at(session, session.state().head().map_or(0, |head| head.seq + 1))
    }

    /// The first `size` entries.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub fn at(session: &Session, size: u64) -> Result<Self, Error> {
        Ok(Self { size, root: session.root(size)? })
    }

    /// As an entry states it.
    pub fn counted(&self) -> CountedRoot {
        CountedRoot { count: self.size, root: self.root }
    }

    /// The root as a checkpoint writes it.
    pub fn root_text(&self) -> String {
        BASE64.encode(self.root.as_bytes())
    }

    pub fn field(&self, page: &mut Page) {
        let (size, root) = (self.size, self.root_text());
        page.field(tr!("log", "日志"), trf!("{size} entries, root {root}", "{size} 条，根哈希 {root}"));
    }

    pub fn json(&self) -> Value {
        json!({ "size": self.size, "root": self.root_text() })
    }
}

impl Population {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        let period = self.span.read(context)?;
        let session = context.open()?;
        let log = Log::of(&session)?;
        let members = members(&session, period, (log.size, session.state().moment(context.env.now())))?;
        let columns = ["change", "entry", "leaf", "started", "started_by", "kind", "risk", "owner", "title"];
        if self.csv.print(context, columns, || members.iter().map(csv_row).collect())? {
            return Ok(());
        }
        let glasses = break_glasses(context, &session, period)?;
        let late = recorded_late(&session, period, log.size)?;
        if context.ui.json {
            let mut json = json(&session, period, (&log, &glasses), &members);
            json["recorded_late"] = crate::output::json::list(&late);
            return context.ui.print_json(context.env, json);
        }
        let mut page = context.page();
        write_page(&mut page, period, (&log, &glasses), &members);
        if !late.is_empty() {
            let ids = crate::output::list(&late);
            let said = trf!(
                "{ids}, whose first start claims an earlier time: see whether the population before has it",
                "{ids}，其首次开始所称时间早于该期间：请看上一期间的总体是否包含"
            );
            page.field(tr!("recorded late", "记录较晚"), said);
        }
        let clock = context.clock();
        let row = |it: &Member| {
            let Started { change, seq, time, person, .. } = &it.started;
            let started = clock.minute(*time, "UTC");
            [change.to_string(), seq.to_string(), started, person.to_string(), it.kind.phrase(), it.shown_title()]
        };
        let header = [
            tr!("ID", "编号"),
            tr!("ENTRY", "条目"),
            tr!("STARTED", "开始时间"),
            tr!("BY", "开始人"),
            tr!("KIND", "类型"),
            tr!("TITLE", "标题"),
        ];
        print_with_table(context, &page, header, members.iter().map(row).collect())
    }
}

/// The changes of a period among the first `size` entries.
///
/// # Errors
/// The cache cannot be read.
pub(super) fn members(session: &Session, period: Between, (size, now): (u64, Moment)) -> Result<Vec<Member>, Error> {
    let _snapshot = session.hold_snapshot()?;
    let started = session.queries().started_between(period.from(), period.to(), size)?;
    let facts = session.ask_each(None, started.iter().map(|it| it.change), |change, governance| {
        let (facts, lines) = (&change.current().facts, change.requirements(governance, now)?);
        let overridden = lines.iter().any(|it| matches!(it.result, RequirementResult::Overridden(_)));
        let exceptional = overridden || facts.kind == ChangeKind::Emergency;
        Ok((facts.kind, facts.risk, facts.owner.to_string(), exceptional))
    })??;
    let mut members = Vec::new();
    for (started, (kind, risk, owner, exceptional)) in started.into_iter().zip(facts) {
        let title = session.queries().title(started.change)?;
        members.push(Member { started, kind, risk, owner, title, exceptional });
    }
    Ok(members)
}

/// The changes whose first start was recorded in the period or later, and claims a time before it.
fn recorded_late(session: &Session, period: Between, size: u64) -> Result<Vec<ChangeId>, Error> {
    let first = session.queries().beginning_of(period.from(), None)?.0;
    let started = session.queries().started_in(first, size)?.into_iter();
    Ok(started.filter(|it| it.time < period.from()).map(|it| it.change).collect())
}

/// The break-glasses that were opened in the period.
fn break_glasses(context: &Context<'_>, session: &Session, period: Between) -> Result<Vec<Judged>, Error> {
    let mut all = Judged::all(session, session.state().moment(context.env.now()))?;
    all.retain(|it| period.contains(it.glass.opener().moment.claimed));
    all.reverse();
    Ok(all)
}

fn write_page(page: &mut Page, period: Between, (log, glasses): (&Log, &[Judged]), members: &[Member]) {
    let (from, to, count) = (period.from(), period.to(), members.len());
    page.title(trf!("changes started from {from} to before {to}", "自 {from} 起、{to} 之前开始实施的变更单"));
    page.field(tr!("count", "数量"), count);
    let ends = [("first", "第一个", members.first()), ("last", "最后一个", members.last())];
    for (label, label_zh, member) in ends {
        let Some(Member { started: Started { change, seq, .. }, .. }) = member else { continue };
        page.field(tr!(label, label_zh), trf!("{change} (entry {seq})", "{change}（第 {seq} 条）"));
    }
    log.field(page);
    if !glasses.is_empty() {
        let ids = crate::output::list(glasses.iter().map(|it| it.glass.id()));
        let said = trf!("{ids}; none of them is a change", "{ids}；均不是变更");
        page.field(tr!("break-glass", "紧急处置"), said);
    }
}

fn csv_row(it: &Member) -> [String; 9] {
    let Started { change, seq, leaf, time, person } = &it.started;
    [
        change.to_string(),
        seq.to_string(),
        leaf.to_string(),
        time.to_string(),
        person.to_string(),
        it.kind.to_string(),
        it.risk.to_string(),
        it.owner.clone(),
        it.title.clone().unwrap_or_default(),
    ]
}

fn json(session: &Session, period: Between, (log, glasses): (&Log, &[Judged]), members: &[Member]) -> Value {
    let member = |it: &Member| {
        let Started { change, seq, leaf, time, person } = &it.started;
        json!({
            "change": change.to_string(), "seq": seq, "leaf": leaf.to_string(), "started": time.to_string(),
            "started_by": person.to_string(), "kind": it.kind.as_str(), "risk": it.risk.as_str(),
            "owner": it.owner, "title": it.title,
        })
    };
    let id = |it: Option<&Member>| written(it.map(|it| it.started.change));
    json!({
        "register": written(session.state().id()),
        "query": { "population": DEFINITION, "from": period.from().to_string(), "to": period.to().to_string() },
        "count": members.len(),
        "first": id(members.first()),
        "last": id(members.last()),
        "log": log.json(),
        "breakglasses": crate::output::json::list(glasses.iter().map(|it| it.glass.id())),
        "changes": members.iter().map(member).collect::<Value>(),
    })
}
