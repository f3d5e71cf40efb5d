//! `audit exceptions`: what in a period was not the ordinary way.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use super::{AsCsv, Span, print_with_table};
use crate::commands::Context;
use crate::commands::breakglass::Judged;
use crate::commands::ui::progress;
use crate::domain::{
    Action, Between, ChangeId, ChangeKind, Event, EventKind, Moment, PersonId, RequirementLine, RequirementResult, Time,
};
use crate::error::Error;
use crate::format::Entry;
use crate::lang::within;
use crate::output::json::written;
use crate::output::requirements::RequirementText;
use crate::output::{describe, duration, summary};
use crate::store::{EntryFilter, Session, Since};
use crate::{tr, trf};

/// Arguments of `audit exceptions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal audit exceptions --from 2026-10-01T00:00:00Z --to 2027-01-01T00:00:00Z
  twinseal audit exceptions --from 2026-10-01 --to 2027-01-01 --zone Asia/Shanghai --csv > exceptions.csv")]
pub struct Exceptions {
    #[command(flatten)]
    span: Span,
    #[command(flatten)]
    csv: AsCsv,
}

crate::domain::closed_enum!(
    /// Why something is listed.
    Kind, ["a kind of exception", "例外类型"], {
        /// An emergency was started.
        Emergency => "emergency", "紧急变更";
        /// A requirement was overridden at a start.
        Overridden => "overridden", "要求被豁免";
        /// A break-glass was opened.
        BreakGlass => "break-glass", "紧急处置";
        /// A break-glass was ratified, after the fact.
        Ratification => "ratification", "事后追认";
        /// An attempt was refused.
        Refused => "refused", "被拒绝的操作";
        /// A clock was wrong.
        Clock => "clock", "时钟不准";
        /// The policy was replaced.
        Policy => "policy", "策略变动";
        /// Somebody's grants or keys changed.
        People => "people", "人员与密钥";
        /// A freeze or a calendar changed.
        Freeze => "freeze", "封网变动";
        /// Services were added, changed or dropped.
        Services => "services", "服务变动";
        /// A template was set, replaced or ended.
        Template => "template", "模板变动";
        /// A text was redacted, or a loss accepted.
        Register => "register", "台账变动";
    }
);

/// Something that was not the ordinary way.
struct Exception {
    seq: u64,
    time: Time,
    kind: Kind,
    /// The change, break-glass or proposal.
    about: String,
    person: PersonId,
    what: String,
}

/// The kinds of entries that are looked at.
const KINDS: [EventKind; 12] = [
    EventKind::BreakGlassOpen,
    EventKind::BreakGlassEnter,
    EventKind::BreakGlassRatify,
    EventKind::ChangeRefused,
    EventKind::ProposalRefused,
    EventKind::Second,
    EventKind::KeyRevoke,
    EventKind::KeySuspend,
    EventKind::PersonSuspend,
    EventKind::FreezeNow,
    EventKind::FreezeEnd,
    EventKind::Seal,
];

impl Exceptions {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        let period = self.span.read(context)?;
        let session = context.open()?;
        let first = session.queries().beginning_of(period.from(), None)?.0;
        let end = session.queries().beginning_of(period.to(), None)?.1;
        let span = (first < end).then(|| (first, end - 1));
        let lang = self.csv.lang();
        let found = match span {
            Some(span) => within(lang, || all(context, &session, span))?,
            None => Vec::new(),
        };
        let columns = ["entry", "time", "kind", "about", "person", "what"];
        if self.csv.print(context, columns, || found.iter().map(csv_row).collect())? {
            return Ok(());
        }
        if context.ui.json {
            return context.ui.print_json(context.env, json(&session, period, span, &found));
        }
        self.show(context, period, (span, &found))
    }

    fn show(
        &self,
        context: &mut Context<'_>,
        period: Between,
        (span, found): (Option<(u64, u64)>, &[Exception]),
    ) -> Result<(), Error> {
        let mut page = context.page();
        let (from, to) = (period.from(), period.to());
        page.title(trf!("exceptions from {from} to before {to}", "自 {from} 起、{to} 之前的例外事项"));
        let entries = match span {
            Some((first, last)) => trf!("{first} to {last}", "第 {first} 至 {last} 条"),
            None => tr!("none in this period", "该期间没有日志条目").to_owned(),
        };
        page.field(tr!("entries", "日志条目"), entries);
        for kind in Kind::ALL {
            let count = found.iter().filter(|it| it.kind == *kind).count();
            if count > 0 {
                page.field(&kind.phrase(), count);
            }
        }
        if found.is_empty() {
            page.field(tr!("found", "发现"), tr!("nothing", "无"));
        }
        let clock = context.clock();
        let row = |it: &Exception| {
            let time = clock.minute(it.time, "UTC");
            [it.kind.phrase(), it.seq.to_string(), time, it.person.to_string(), clock.local(&it.what)]
        };
        let header =
            [tr!("KIND", "类型"), tr!("ENTRY", "条目"), tr!("TIME", "时间"), tr!("BY", "操作人"), tr!("WHAT", "内容")];
        print_with_table(context, &page, header, found.iter().map(row).collect())
    }
}

/// Everything in these entries, in their order.
fn all(context: &mut Context<'_>, session: &Session, (first, last): (u64, u64)) -> Result<Vec<Exception>, Error> {
    let _snapshot = session.hold_snapshot()?;
    let now = session.state().moment(context.env.now());
    let mut found = Vec::new();
    for kind in KINDS {
        let filter = EntryFilter { kind: Some(kind), since: Some(Since::Entry(first)), ..EntryFilter::default() };
        for seq in session.queries().entries(&filter)?.into_iter().take_while(|seq| *seq <= last) {
            let entry = session.entry(seq)?.ok_or(Error::NoEntry(seq))?;
            found.extend(of_entry(session, &entry, now)?);
        }
    }
    found.extend(of_starts(session, (first, last), now)?);
    let bar = progress(context.env, session.state().head().map_or(0, |head| head.seq), tr!("replaying", "正在重放"));
    let wrong = session.outliers((first, last), &mut |seq| bar.set_position(seq))?;
    bar.finish_and_clear();
    for it in wrong {
        let Some(seq) = it.seq else { continue };
        let header = session.entry(seq)?.ok_or(Error::NoEntry(seq))?.header;
        let (time, person, about) = (header.time, header.actor, String::new());
        found.push(Exception { seq, time, kind: Kind::Clock, about, person, what: it.meaning });
    }
    found.sort_by_key(|it| (it.seq, it.kind));
    Ok(found)
}

/// What one entry is, unless it is a start.
fn of_entry(session: &Session, entry: &Entry, now: Moment) -> Result<Option<Exception>, Error> {
    let Entry { header, event, leaf, .. } = entry;
    let (kind, about, what) = match event {
        Event::Refused { .. } => {
            let about = event.change().map(|it| it.to_string()).or(event.proposal().map(|it| it.to_string()));
            (Kind::Refused, about.unwrap_or_default(), describe(event))
        }
        Event::BreakGlassOpen { id, .. } | Event::BreakGlassEnter { id, .. } => {
            let judged = Judged::of(session, *id, now)?;
            (Kind::BreakGlass, id.to_string(), trf!("{}; {}", "{}；{}", describe(event), judged.line(now)))
        }
        Event::BreakGlassRatify { id, .. } => {
            let judged = Judged::of(session, *id, now)?;
            let after = duration(header.time.unix() - judged.glass.end().unix());
            let void = judged.glass.ratifications().iter().find(|it| it.seq == header.seq);
            let void =
                void.and_then(|act| judged.void(act)).map_or(String::new(), |why| trf!("; {}", "；{}", why.phrase()));
            let what = describe(event);
            (
                Kind::Ratification,
                id.to_string(),
                trf!("{what}, {after} after its end{void}", "{what}（结束后 {after}）{void}"),
            )
        }
        Event::Second(at) => {
            let Some(opened) = session.queries().seconded_by(*leaf)? else { return Ok(None) };
            let opened = session.entry(opened)?.ok_or(Error::NoEntry(opened))?;
            let Event::Propose { action, .. } = &opened.event else { return Ok(None) };
            let (id, proposer, what) = (at.proposal, &opened.header.actor, summary(action));
            let what = trf!(
                "seconded proposal {id}: {what}; proposed by {proposer}",
                "附议提案 {id}：{what}；提案人 {proposer}"
            );
            (of_action(action), at.proposal.to_string(), what)
        }
        Event::KeyRevoke(_) | Event::KeySuspend(_) | Event::PersonSuspend(_) => {
            (Kind::People, String::new(), describe(event))
        }
        Event::FreezeNow { .. } | Event::FreezeEnd(_) => (Kind::Freeze, String::new(), describe(event)),
        Event::Seal => (Kind::Register, String::new(), describe(event)),
        _ => return Ok(None),
    };
    Ok(Some(Exception { seq: header.seq, time: header.time, kind, about, person: header.actor.clone(), what }))
}

fn of_action(action: &Action) -> Kind {
    match action {
        Action::Enrol(_) | Action::Roles(_) | Action::Retire { .. } | Action::AddKey { .. } | Action::Lift { .. } => {
            Kind::People
        }
        Action::Policy { .. } => Kind::Policy,
        Action::SetFreeze(_) | Action::LiftFreeze(_) | Action::SetCalendar(_) => Kind::Freeze,
        Action::SetServices(_) => Kind::Services,
        Action::SetTemplate(_) | Action::EndTemplate(_) => Kind::Template,
        Action::Redact(_) | Action::Restored(_) => Kind::Register,
    }
}

/// The changes that were started first in these entries and are emergencies, or went without a requirement.
fn of_starts(session: &Session, (first, last): (u64, u64), now: Moment) -> Result<Vec<Exception>, Error> {
    let started: BTreeMap<ChangeId, _> =
        session.queries().started_in(first, last)?.into_iter().map(|it| (it.change, it)).collect();
    let said = session.ask_each(None, started.keys().copied(), |change, governance| {
        Ok((change.id(), change.current().facts.kind, change.requirements(governance, now)?))
    })??;
    let mut found = Vec::new();
    for (id, kind, lines) in said {
        let Some(start) = started.get(&id) else { continue };
        let mut add = |kind, what| {
            let (seq, time, person, about) = (start.seq, start.time, start.person.clone(), id.to_string());
            found.push(Exception { seq, time, kind, about, person, what });
        };
        if kind == ChangeKind::Emergency {
            add(Kind::Emergency, trf!("started {id}, an emergency", "开始实施紧急变更 {id}"));
        }
        for line in lines.into_iter().filter(|it| matches!(it.result, RequirementResult::Overridden(_))) {
            add(Kind::Overridden, overridden(id, line));
        }
    }
    Ok(found)
}

fn overridden(id: ChangeId, line: RequirementLine) -> String {
    let label = line.label().to_owned();
    let how = RequirementText { line, obstacles: Vec::new() }.describe();
    trf!("started {id} without requirement {label}: {how}", "开始实施 {id}，未满足要求 {label}：{how}")
}

fn csv_row(it: &Exception) -> [String; 6] {
    let (person, time) = (it.person.to_string(), it.time.to_string());
    [it.seq.to_string(), time, it.kind.to_string(), it.about.clone(), person, it.what.clone()]
}

fn json(session: &Session, period: Between, span: Option<(u64, u64)>, found: &[Exception]) -> Value {
    let one = |it: &Exception| {
        json!({
            "seq": it.seq, "time": it.time.to_string(), "kind": it.kind.as_str(), "about": it.about,
            "person": it.person.to_string(), "what": it.what,
        })
    };
    json!({
        "register": written(session.state().id()),
        "query": { "from": period.from().to_string(), "to": period.to().to_string() },
        "entries": span.map(|(first, last)| json!({ "first": first, "last": last })),
        "exceptions": found.iter().map(one).collect::<Value>(),
    })
}
