//! `audit compromise`: what would have been without the acts of a key or an account.

use std::collections::{BTreeMap, BTreeSet};

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::{AsCsv, print_with_table};
use crate::commands::lookup::{first_entry, known_person, parse};
use crate::commands::ui::progress;
use crate::commands::{Context, Zh};
use crate::domain::{
    BreakGlassId, ChangeId, ConfirmationState, Denied, Discount, Event, EventKind, Fingerprint, PersonId, Refusal,
    Register, Start, Target, Time, Whose,
};
use crate::error::{Error, UsageError};
use crate::output::json::{list as words, written};
use crate::output::{Page, list, on, summary};
use crate::store::{EntryBody, Refold, Session};
use crate::{tr, trf};

/// Arguments of `audit compromise`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whose").required(true).args(["signed_by", "person", "machine"])))]
#[command(after_help = "Examples:
  twinseal audit compromise --person carol --since 2026-11-20T00:00:00Z
  twinseal audit compromise --signed-by SHA256:Jx… --since 812 --csv > affected.csv
  twinseal --json audit compromise --machine deploy-bot --since 0")]
pub struct Compromise {
    /// Acts that this key signed
    #[arg(long, value_name = "FINGERPRINT", zh("此密钥签名的操作"))]
    signed_by: Option<String>,
    /// Acts of this person, with any key
    #[arg(long, value_name = "PERSON", zh("此人员用任何密钥所作的操作"))]
    person: Option<String>,
    /// Acts of this machine account, with any key
    #[arg(long, value_name = "MACHINE", zh("此机器账号用任何密钥所作的操作"))]
    machine: Option<String>,
    /// First entry to discount, or a time: 812 or 2026-12-01T18:00:00+08:00
    #[arg(long, value_name = "SEQ|TIME", zh("从哪一条或哪个时间起去掉：812 或 2026-12-01T18:00:00+08:00"))]
    since: String,
    #[command(flatten)]
    csv: AsCsv,
}

/// Whose acts, and since when.
struct Asked {
    kind: &'static str,
    name: String,
    whose: Whose,
    since: u64,
}

/// A start that a rule would have refused.
struct Fallen {
    change: ChangeId,
    target: Option<Target>,
    seq: u64,
    time: Time,
    person: PersonId,
    refusal: Refusal,
    /// The approvals that would have counted, and the number needed; `None` without a policy.
    after: (usize, Option<usize>),
}

/// What was found.
#[derive(Default)]
struct Found {
    /// The entries that were left out.
    left_out: Vec<u64>,
    fallen: Vec<Fallen>,
    /// The other acts, by change.
    acts: BTreeMap<ChangeId, Vec<(u64, EventKind)>>,
    /// Governance that would not be in force.
    governance: Vec<(u64, String)>,
    unconfirmed: BTreeSet<ChangeId>,
    unratified: Vec<BreakGlassId>,
}

impl Compromise {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        self.csv.check(context)?;
        let session = context.open()?;
        let asked = self.asked(context, &session)?;
        let found = replay(context, &session, &asked)?;
        let columns = ["change", "target", "entry", "started", "started_by", "rule", "would_count", "needed"];
        if self.csv.print(context, columns, || found.fallen.iter().map(csv_row).collect())? {
            return Ok(());
        }
        if context.ui.json {
            return context.ui.print_json(context.env, json(&asked, &found));
        }
        let mut page = context.page();
        write_page(&mut page, &asked, &found);
        let row = |it: &Fallen| {
            let would = it.after.1.map_or(String::new(), |need| {
                let have = it.after.0;
                trf!("{have} of {need}", "{have}/{need}")
            });
            let change = format!("{}{}", it.change, on(it.target.as_ref()));
            [change, it.seq.to_string(), would, it.refusal.to_string()]
        };
        let header = [tr!("CHANGE", "变更单"), tr!("ENTRY", "条目"), tr!("APPROVALS", "批准"), tr!("REASON", "原因")];
        print_with_table(context, &page, header, found.fallen.iter().map(row).collect())
    }

    fn asked(&self, context: &Context<'_>, session: &Session) -> Result<Asked, Error> {
        let (kind, name, whose) = self.whose(session)?;
        let since = first_entry(context, session, &self.since, Some(&whose))?;
        Ok(Asked { kind, name, whose, since })
    }

    fn whose(&self, session: &Session) -> Result<(&'static str, String, Whose), Error> {
        if let Some(given) = &self.signed_by {
            let key: Fingerprint = parse(given)?;
            if session.ask(|state| Ok(state.governance().key(key)?.cloned()))??.is_none() {
                let hint = tr!("`twinseal audit roles` lists the keys", "`twinseal audit roles` 列出各密钥").to_owned();
                return Err(UsageError { message: Refusal::NoKey { key }.to_string(), hint }.into());
            }
            return Ok(("key", key.to_string(), Whose::Key(key)));
        }
        let (kind, given) = match (&self.person, &self.machine) {
            (Some(person), _) => ("person", person),
            (None, machine) => ("machine", machine.as_ref().ok_or(Error::EmptyOption("--person"))?),
        };
        let id: PersonId = parse(given)?;
        let is_machine = known_person(session, &id)?.grants.is_machine();
        if is_machine != (kind == "machine") {
            let message = if is_machine {
                trf!("{id} is a machine account", "{id} 是机器账号")
            } else {
                trf!("{id} is a person", "{id} 是人员")
            };
            let hint = if is_machine {
                trf!("use --machine {id}", "请用 --machine {id}")
            } else {
                trf!("use --person {id}", "请用 --person {id}")
            };
            return Err(UsageError { message, hint }.into());
        }
        Ok((kind, id.to_string(), Whose::Account(id)))
    }
}

/// Folds the log without these acts.
fn replay(context: &Context<'_>, session: &Session, asked: &Asked) -> Result<Found, Error> {
    let _snapshot = session.hold_snapshot()?;
    let bar = progress(context.env, session.state().head().map_or(0, |head| head.seq), tr!("replaying", "正在重放"));
    let mut discount = Discount::new(asked.whose.clone(), asked.since);
    let (mut fold, mut found) = (session.refold()?, Found::default());
    while let Some(it) = fold.next_entry()? {
        bar.set_position(it.header.seq);
        let left_out = discount.leaves_out(&it.header, &it.event);
        if let Event::Start(start) = &it.event {
            found.fallen.extend(judge(&mut fold, &it, start)?);
        }
        if discount.covers(&it.header, &it.event) {
            note(&mut found, &it);
        }
        if left_out {
            leave_out(&mut found, session, &it)?;
        } else {
            // An entry that rests on one that was left out may have nothing to change.
            let _ = fold.apply(&it)?;
        }
    }
    bar.finish_and_clear();
    compare(session, &mut fold, &mut found)?;
    Ok(found)
}

/// Asks every rule about a start, in the state without the acts.
fn judge(fold: &mut Refold<'_>, it: &EntryBody, start: &Start) -> Result<Option<Fallen>, Error> {
    let EntryBody { header, event, .. } = it;
    let Err(refusal) = fold.ask(|state| state.judge(header, event))? else { return Ok(None) };
    let change = start.revision.change;
    let counted = |state: &mut Register| -> Result<_, Denied> {
        let moment = state.moment_of(header)?;
        let tally = state.change(change)?.tally_for_start(state.governance(), moment)?;
        let need = state.governance().policy().map(|_| tally.need);
        Ok((tally.counted.len(), need))
    };
    let after = fold.ask(counted)?.unwrap_or((0, None));
    let (target, person) = (start.target.clone(), header.actor.clone());
    Ok(Some(Fallen { change, target, seq: header.seq, time: header.time, person, refusal, after }))
}

/// Notes an act on a change.
fn note(found: &mut Found, it: &EntryBody) {
    if let Some(change) = it.event.change() {
        found.acts.entry(change).or_default().push((it.header.seq, it.event.kind()));
    }
}

fn leave_out(found: &mut Found, session: &Session, it: &EntryBody) -> Result<(), Error> {
    let seq = it.header.seq;
    found.left_out.push(seq);
    match &it.event {
        Event::Confirm(it) => _ = found.unconfirmed.insert(it.revision.change),
        Event::Second(_) => {
            let Some(opened) = session.queries().seconded_by(it.leaf)? else { return Ok(()) };
            let opened = session.entry(opened)?.ok_or(Error::NoEntry(opened))?;
            if let Event::Propose { action, .. } = &opened.event {
                found.governance.push((seq, summary(action)));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Compares what is confirmed and ratified with what would be. Acts on changes that nobody started are dropped.
fn compare(session: &Session, fold: &mut Refold<'_>, found: &mut Found) -> Result<(), Error> {
    for id in std::mem::take(&mut found.unconfirmed) {
        let still = fold.ask(|state| Ok(state.change(id)?.confirmation() == ConfirmationState::Confirmed))?;
        if !still.unwrap_or(false) {
            found.unconfirmed.insert(id);
        }
    }
    for id in (0..session.state().break_glasses()).map(BreakGlassId::after) {
        let ratified = |state: &Register| Ok(state.break_glass(id)?.ratified().is_some());
        if session.ask(ratified)?? && !fold.ask(|state| ratified(state))?.unwrap_or(false) {
            found.unratified.push(id);
        }
    }
    let ids: Vec<ChangeId> = found.acts.keys().copied().collect();
    let started = session.ask_each(None, ids.iter().copied(), |change, _| Ok(change.started().is_some()))??;
    for (id, _) in ids.iter().zip(started).filter(|(_, started)| !started) {
        found.acts.remove(id);
    }
    Ok(())
}

fn write_page(page: &mut Page, asked: &Asked, found: &Found) {
    let (name, since, count) = (&asked.name, asked.since, found.left_out.len());
    page.title(trf!("without the acts of {name} since entry {since}", "去掉 {name} 自第 {since} 条起的操作"));
    let entries = if count == 0 { tr!("none", "无").to_owned() } else { list(&found.left_out) };
    page.field(tr!("left out", "去掉的条目"), entries);
    let fallen: BTreeSet<ChangeId> = found.fallen.iter().map(|it| it.change).collect();
    let below = match fallen.len() {
        0 => tr!("no executed change falls below its requirements", "没有已实施的变更单因此不达要求").to_owned(),
        1 => tr!("1 executed change falls below its requirements", "1 个已实施的变更单因此不达要求").to_owned(),
        count => trf!("{count} executed changes fall below their requirements", "{count} 个已实施的变更单因此不达要求"),
    };
    page.field(tr!("below", "不达要求"), below);
    if !found.unconfirmed.is_empty() {
        page.field(tr!("unconfirmed", "未确认"), list(&found.unconfirmed));
    }
    if !found.unratified.is_empty() {
        page.field(tr!("unratified", "未追认"), list(&found.unratified));
    }
    if !found.governance.is_empty() {
        page.block(tr!("would not be in force", "不会生效"));
        for (seq, what) in &found.governance {
            page.text("", trf!("entry {seq}: {what}", "第 {seq} 条：{what}"));
        }
    }
    let others: Vec<_> = found.acts.iter().filter(|(id, _)| !fallen.contains(id)).collect();
    if !others.is_empty() {
        page.block(tr!("other executed changes in which it took part", "其参与过的其他已实施变更单"));
        for (id, acts) in others {
            let acts = list(acts.iter().map(|(seq, kind)| format!("{} ({seq})", kind.phrase())));
            page.text("", format!("{id}: {acts}"));
        }
    }
    page.block(tr!("note", "说明"));
    page.text("", tr!("nothing becomes invalid by this list", "任何内容都不会因本清单而失效"));
}

fn csv_row(it: &Fallen) -> [String; 8] {
    [
        it.change.to_string(),
        it.target.as_ref().map_or(String::new(), ToString::to_string),
        it.seq.to_string(),
        it.time.to_string(),
        it.person.to_string(),
        it.refusal.rule().to_string(),
        it.after.0.to_string(),
        it.after.1.map_or(String::new(), |need| need.to_string()),
    ]
}

fn json(asked: &Asked, found: &Found) -> Value {
    let fallen = |it: &Fallen| {
        json!({
            "change": it.change.to_string(),
            "target": written(it.target.as_ref()),
            "seq": it.seq,
            "started": it.time.to_string(),
            "started_by": it.person.to_string(),
            "rule": it.refusal.rule().to_string(),
            "message": it.refusal.to_string(),
            "would_count": it.after.0,
            "needed": it.after.1,
        })
    };
    let act = |(seq, kind): &(u64, EventKind)| json!({ "seq": seq, "kind": kind.as_str() });
    let acts = found
        .acts
        .iter()
        .map(|(id, acts)| json!({ "change": id.to_string(), "acts": acts.iter().map(act).collect::<Value>() }));
    let governance = found.governance.iter().map(|(seq, what)| json!({ "seq": seq, "what": what }));
    json!({
        "of": { "kind": asked.kind, "name": asked.name },
        "since": asked.since,
        "left_out": found.left_out,
        "below": found.fallen.iter().map(fallen).collect::<Value>(),
        "unconfirmed": words(&found.unconfirmed),
        "unratified": words(&found.unratified),
        "governance": governance.collect::<Value>(),
        "executed_with_acts": acts.collect::<Value>(),
    })
}
