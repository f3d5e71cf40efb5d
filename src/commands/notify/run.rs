//! `notify run`: send what happened since the last run, and what waits.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::conditions::{Holding, InboxTitles, conditions, reminded_of};
use super::entries::happened;
use super::fan_out::FanOut;
use super::found::title_of;
use super::{rules, state, zone};
use crate::commands::duration::duration;
use crate::commands::lookup::time;
use crate::commands::{Context, Zh};
use crate::domain::{Group, Head, Moment, PersonId, number};
use crate::error::{Error, NotifyError};
use crate::input::Toward;
use crate::lang::within;
use crate::notify::{Begun, Queued, Reason, Sent, State, Titles, Told, deliver};
use crate::output::safe;
use crate::private;
use crate::store::{EntryFilter, Session, Since};
use crate::trf;

/// Arguments of `notify run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  twinseal notify run
  twinseal notify run --since yesterday
  twinseal notify run --stay --every 30s")]
pub struct Run {
    /// Rules to follow, instead of notify.toml beside config.toml
    #[arg(long, value_name = "FILE", zh("要遵循的规则文件，代替 config.toml 旁的 notify.toml"))]
    config: Option<PathBuf>,
    /// Entry or time from which the first run sends notices; what waits now is sent too
    #[arg(long, value_name = "N|TIME", zh("首次运行从该日志条目或时间开始发送通知；当前待办也会发送"))]
    since: Option<String>,
    /// Run until it is stopped, instead of once
    #[arg(long, zh("持续运行直到被停止，而不是只运行一次"))]
    stay: bool,
    /// Time between two rounds: 30s, 5m
    #[arg(long, value_name = "LENGTH", default_value = "30s", requires = "stay", zh("两轮之间的间隔：30s、5m"))]
    every: String,
}

impl Run {
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let every = Duration::from_secs(duration(&self.every, 1)?.unsigned_abs());
        let mut since = self.since.clone();
        let session = context.open()?;
        let folder = context.registers.state_folder(session.fingerprint());
        private::make_folder(&folder).map_err(|error| NotifyError::State(Box::new(error.into())))?;
        let _alone = lock(&folder)?;
        let first = self.round(context, &session, &folder, since.take().as_deref());
        if !self.stay {
            return first;
        }
        drop(session);
        let (mut result, mut failed) = (first, None);
        loop {
            match result {
                Ok(()) | Err(Error::Notify(NotifyError::Undelivered(_))) => failed = None,
                // Without rules or a place to begin, nothing will change by waiting.
                Err(error @ Error::Notify(NotifyError::Rules(_) | NotifyError::Begun(_) | NotifyError::Lost(_))) => {
                    return Err(error);
                }
                Err(error) => {
                    let said = failed.replace(error.to_string());
                    if let Some(new) = failed.as_ref().filter(|_| said != failed) {
                        context.env.status(trf!("error: {}", "错误：{}", safe(new)));
                    }
                }
            }
            (context.env.sleep)(every);
            context.ui.next_round();
            result = context.open().and_then(|session| self.round(context, &session, &folder, None));
        }
    }

    /// One round: queues what is new, then sends what is queued.
    fn round(
        &self,
        context: &mut Context<'_>,
        session: &Session,
        folder: &Path,
        since: Option<&str>,
    ) -> Result<(), Error> {
        let rules = rules(context, self.config.as_deref())?;
        let mut state = state(folder)?;
        let now = session.state().moment(context.env.now());
        let Some(head) = session.state().head() else { return report(context, 0, &BTreeMap::new()) };
        let groups = everybody(session, now)?;
        let people: Vec<PersonId> = groups.keys().cloned().collect();
        let holding = conditions(session, &people, rules.remind, now)?;
        let fan_out = FanOut { rules: &rules, groups: &groups, fingerprint: session.fingerprint(), head };
        let queued = queue(context, (session, &fan_out, &holding), (&mut state, since), now)?;
        let mut inbox = InboxTitles::new(session, &people, now, &holding);
        let titles = settle(session, &fan_out, &mut inbox, &mut state)?;
        let zone = zone(context, &rules);
        let (mut senders, mut sent) = (BTreeMap::new(), BTreeMap::new());
        for (name, target) in &rules.targets {
            match target.sender(&zone, &rules.people) {
                Ok(sender) => drop(senders.insert(name.as_str(), sender)),
                Err(reason) => {
                    let failed = Sent { failed: Some(reason.into()), ..Sent::default() };
                    sent.insert(name.clone(), failed);
                }
            }
        }
        sent.extend(deliver(&mut state, &senders, &titles, now.claimed).map_err(NotifyError::from)?);
        report(context, queued, &sent)
    }
}

/// Takes the lock of the notices of a register; held until the result is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("notices.lock");
    let taken = private::try_lock(&path).map_err(|error| NotifyError::State(Box::new(error.into())))?;
    Ok(taken.ok_or(NotifyError::Running)?)
}

/// Queues what is new, and returns the number of messages.
fn queue(
    context: &mut Context<'_>,
    (session, fan_out, holding): (&Session, &FanOut<'_>, &Holding),
    (state, since): (&mut State, Option<&str>),
    now: Moment,
) -> Result<usize, Error> {
    let head = fan_out.head;
    let begun = state.begun().map_err(NotifyError::from)?;
    let known = begun.as_ref().map(|it| session.holds(it.head)).transpose()?;
    let from = match (&begun, known, since) {
        (Some(begun), Some(true), Some(_)) => return Err(NotifyError::Begun(begun.head.seq).into()),
        (Some(begun), Some(true), None) => Some(begun.head.seq + 1),
        (Some(begun), _, None) => return Err(NotifyError::Lost(begun.head.seq).into()),
        (_, _, Some(since)) => Some(first_entry(context, session, since, head)?),
        (None, _, None) => None,
    };
    let people: Vec<PersonId> = fan_out.groups.keys().cloned().collect();
    let mut queued = Vec::new();
    for seq in from.map_or(head.seq + 1..=head.seq, |from| from..=head.seq) {
        if let Some(found) = happened(session, seq, &people, now)? {
            queued.extend(fan_out.messages(&found, true, &found.choice.people));
        }
    }
    let noticed = begun.as_ref().map(|it| it.head.seq);
    let old = begun.map(|it| it.told).unwrap_or_default();
    let told = begin_to_hold(fan_out, holding, (&old, noticed), &mut queued);
    if from.is_none() {
        context.env.status(trf!(
            "notices begin after entry {}; nothing before it is sent",
            "通知从第 {} 条之后开始；此前的内容不发送",
            head.seq
        ));
        queued.clear();
    }
    let begun = Begun { head, told };
    state.advance(&old, &begun, &queued, now.claimed).map_err(NotifyError::from)?;
    Ok(queued.len())
}

/// Adds the messages about what began to hold since the last run, and returns all that holds.
fn begin_to_hold(
    fan_out: &FanOut<'_>,
    holding: &Holding,
    (old, noticed): (&Told, Option<u64>),
    queued: &mut Vec<Queued>,
) -> Told {
    let old_keys: BTreeSet<&str> = old.iter().map(|(key, _)| key.as_str()).collect();
    let mut told = Told::new();
    for (key, found) in &holding.by_key {
        // Nobody in particular: the key itself is remembered.
        told.insert((key.clone(), String::new()));
        told.extend(found.choice.people.iter().map(|person| (key.clone(), person.to_string())));
        // Whoever filed it that late knows. If the entry was there before, its clock ran ahead.
        if found.filed_late.is_some_and(|seq| noticed.is_some_and(|noticed| seq > noticed)) {
            continue;
        }
        // Whoever hears of something for the first time needs no reminder of it.
        let base = reminded_of(key).filter(|base| holding.by_key.contains_key(*base));
        let base = |person: &str| base.is_some_and(|base| !old.contains(&(base.to_owned(), person.to_owned())));
        let is_new = |person: &&PersonId| {
            let pair = (key.clone(), person.to_string());
            !old.contains(&pair) && !base(person.as_str())
        };
        let new: BTreeSet<PersonId> = found.choice.people.iter().filter(is_new).cloned().collect();
        queued.extend(fan_out.messages(found, !old_keys.contains(key.as_str()) && !base(""), &new));
    }
    told
}

/// Judges again who gets what is queued, because people leave and texts are redacted while a target is down. Deletes
/// what nobody is to get any more, and returns the titles of the rest.
fn settle(
    session: &Session,
    fan_out: &FanOut<'_>,
    inbox: &mut InboxTitles<'_>,
    state: &mut State,
) -> Result<Titles, Error> {
    let (mut gone, mut titles) = (Vec::new(), Titles::new());
    for it in state.pending().map_err(NotifyError::from)? {
        // What is not in the rules now stays, and `notify status` says so.
        let Some(target) = fan_out.rules.targets.get(&it.target) else { continue };
        if fan_out.still_reaches(&it, &inbox.holding().by_key) {
            let title = within(target.lang, || title_of(session, &it.notice, inbox))?;
            titles.extend(title.map(|title| (it.n, title)));
        } else {
            gone.push(it.n);
        }
    }
    if !gone.is_empty() {
        state.withdraw(&gone).map_err(NotifyError::from)?;
    }
    Ok(titles)
}

/// Everybody who can still act, with their groups. Who has left is told nothing.
fn everybody(session: &Session, now: Moment) -> Result<BTreeMap<PersonId, BTreeSet<Group>>, Error> {
    let mut everybody = BTreeMap::new();
    for person in session.queries().people()? {
        let groups = session.ask(|state| {
            let governance = state.governance();
            let gone = governance.has_left(&person)? || !governance.has_live_key(&person)?;
            Ok(if gone { None } else { Some(governance.groups(&person, now)?) })
        })??;
        everybody.extend(groups.map(|groups| (person, groups)));
    }
    Ok(everybody)
}

/// The first entry that `--since` names.
fn first_entry(context: &Context<'_>, session: &Session, given: &str, head: Head) -> Result<u64, Error> {
    if let Ok(seq) = number(given) {
        return if seq <= head.seq { Ok(seq) } else { Err(Error::NoEntry(seq)) };
    }
    let since = Some(Since::Time(time(context, given, Toward::Past)?));
    let found = session.queries().entries(&EntryFilter { since, ..EntryFilter::default() })?;
    Ok(found.first().copied().unwrap_or(head.seq + 1))
}

/// Says what was sent. Nothing is said if nothing was.
fn report(context: &mut Context<'_>, queued: usize, sent: &BTreeMap<String, Sent>) -> Result<(), Error> {
    if context.ui.json {
        let one = |(name, it): (&String, &Sent)| {
            let refused =
                |(subject, reason): &(String, Reason)| json!({ "subject": subject, "reason": reason.to_string() });
            json!({
                "target": name, "delivered": it.delivered, "failed": it.failed.as_ref().map(Reason::to_string),
                "refused": it.refused.iter().map(refused).collect::<Value>(),
            })
        };
        context
            .ui
            .print_json(context.env, json!({ "queued": queued, "targets": sent.iter().map(one).collect::<Value>() }))?;
        context.env.out.flush()?;
    }
    let mut undelivered = Vec::new();
    for (name, it) in sent {
        let name = safe(name);
        if it.delivered > 0 {
            let s = if it.delivered == 1 { "" } else { "s" };
            context.env.status(trf!("{n} message{s} sent to {name}", "已向 {name} 发送 {n} 条消息", n = it.delivered));
        }
        for (subject, reason) in &it.refused {
            let (subject, reason) = (safe(subject), reason.to_string());
            let reason = safe(&reason);
            context
                .env
                .status(trf!("warning: {name} refused {subject}: {reason}", "警告：{name} 拒收 {subject}：{reason}"));
        }
        if let Some(reason) = &it.failed {
            let reason = reason.to_string();
            let reason = safe(&reason);
            context.env.status(trf!(
                "warning: {name} takes no messages now: {reason}",
                "警告：{name} 目前不接收消息：{reason}"
            ));
        }
        if it.failed.is_some() || !it.refused.is_empty() {
            undelivered.push(name.into_owned());
        }
    }
    if undelivered.is_empty() { Ok(()) } else { Err(NotifyError::Undelivered(undelivered).into()) }
}
