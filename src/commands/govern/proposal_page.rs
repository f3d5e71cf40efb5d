//! The page of a proposal: what it would change, beside what is in force, and everything that its proposer signed.

use std::collections::BTreeMap;

use super::proposal::Found;
use super::stopped::{stopped_block, templated_block, unserved_block};
use crate::commands::freeze;
use crate::commands::lookup::{names, parts, reason_of};
use crate::commands::people::members::fingerprints_block;
use crate::commands::template::lines;
use crate::domain::{
    Action, Calendar, CalendarName, Digest, Fingerprint, Freeze, FreezeName, LostEntries, Moment, PersonId,
    ProposalState, Refusal, Terms, Text, Void,
};
use crate::error::Error;
use crate::output::{self, Gutter, KeyHistory, Page, ago, summary};
use crate::store::{Held, Session};
use crate::{tr, trf};

/// The state of a proposal now: its name in JSON, and its words on screens.
///
/// # Errors
/// The cache cannot be read.
pub(super) fn state_now(session: &Session, now: Moment, found: &Found) -> Result<(&'static str, String), Error> {
    let (proposal, name) = (&found.proposal, found.proposal.state.as_str());
    Ok(match &proposal.state {
        ProposalState::Open(_) => match session.ask(|state| state.judge_pending(found.id, now))? {
            Ok(()) => (name, trf!("open; lapses {}", "待附议；{}失效", ago(proposal.lapses(), now.claimed))),
            Err(Refusal::ProposalAhead { .. }) => {
                ("ahead", tr!("ahead of other clocks; cannot be seconded", "时间超前于其他时钟；不能附议").to_owned())
            }
            Err(Refusal::ProposalLapsed { since, .. }) => {
                ("lapsed", trf!("lapsed {}", "已于 {}失效", ago(since, now.claimed)))
            }
            Err(refusal) => ("stale", trf!("cannot be seconded: {refusal}", "不能附议：{refusal}")),
        },
        ProposalState::Seconded(by) => (name, trf!("seconded by {by}", "已由 {by} 附议")),
        ProposalState::Declined(by) => (name, trf!("declined by {by}", "已由 {by} 否决")),
        ProposalState::Withdrawn => (name, tr!("withdrawn", "已撤回").to_owned()),
    })
}

/// What a proposal would do, as [`summary`], and whose key it is about.
///
/// # Errors
/// The cache cannot be read.
pub fn summary_of(session: &Session, action: &Action) -> Result<String, Error> {
    let owner = match action {
        Action::Lift { key, .. } => session.ask(|state| Ok(state.governance().key(*key)?.cloned()))??,
        _ => None,
    };
    Ok(owner.map_or_else(|| summary(action), |key| trf!("{} of {}", "{}（{}）", summary(action), key.person)))
}

/// Writes the page of a proposal: what it would change, and everything that its proposer signed.
pub(super) fn write_page(page: &mut Page, now: Moment, session: &Session, found: &Found) -> Result<(), Error> {
    let Found { id, proposal, action } = found;
    page.title(trf!("proposal {id}: {}", "提案 {id}：{}", summary_of(session, action)?));
    page.field(tr!("state", "状态"), state_now(session, now, found)?.1);
    let (by, time, seq) = (&proposal.proposer, proposal.moment.claimed, proposal.seq);
    page.field(tr!("proposed", "提案人"), trf!("by {by}, {time} (entry {seq})", "{by}，{time}（第 {seq} 条）"));
    page.field(tr!("digest", "摘要"), proposal.opened);
    let parts = parts(session, proposal.seq)?;
    // The names stand beside the people.
    for block in parts.content().iter().filter(|block| block.name != "names") {
        page.block(&block.heading()).lines(&block.lines);
    }
    let text = session.entry(proposal.seq)?.and_then(|entry| entry.text);
    action_blocks(page, now, session, action, text.as_ref())?;
    page.block(&trf!("entry {seq}, signed by {by}", "第 {seq} 条，由 {by} 签名")).fields(&parts.fields());
    page.legend();
    Ok(())
}

/// Writes what an action would change.
pub(super) fn action_blocks(
    page: &mut Page,
    now: Moment,
    session: &Session,
    action: &Action,
    text: Option<&Text>,
) -> Result<(), Error> {
    let names = match text {
        Some(Text::Names(names)) => names.clone(),
        _ => BTreeMap::new(),
    };
    output::action(page, action, &present(session, action)?, &names);
    match action {
        Action::Redact(texts) => redacted_blocks(page, session, texts),
        Action::Restored(lost) => held_block(page, session, lost),
        Action::Retire { person, .. } => stranded_block(page, session, person, now),
        Action::Lift { key, .. } => revived_block(page, session, *key, now),
        Action::SetFreeze(it) => stopped_block(page, session, it, now),
        Action::SetServices(it) => unserved_block(page, session, it, now),
        Action::SetTemplate(it) => it.replaces.map_or(Ok(()), |replaces| templated_block(page, session, replaces, now)),
        Action::EndTemplate(it) => templated_block(page, session, it.replaces, now),
        _ => Ok(()),
    }
}

/// Writes the fingerprints of the keys that an action would enrol.
pub(super) fn new_keys(page: &mut Page, action: &Action) {
    match action {
        Action::Enrol(members) => fingerprints_block(page, members.iter().map(|it| (&it.person, &it.key))),
        Action::AddKey { person, key, .. } => fingerprints_block(page, [(person, key)]),
        _ => {}
    }
}

/// Writes how the entries that this account verified relate to those that a restoration lists, so that an admin who
/// holds more notices it before seconding.
fn held_block(page: &mut Page, session: &Session, lost: &LostEntries) -> Result<(), Error> {
    let last = lost.ends.lost.seq;
    page.block(tr!("this account", "本账号"));
    let said = match session.pinned().held(lost)? {
        Held::Nothing => {
            tr!("The log has every entry that this account verified.", "日志含有本账号核验过的每个条目。").to_owned()
        }
        Held::Listed(head) => trf!(
            "Verified up to entry {head}, which is listed as lost. Its pin would move.",
            "已核验至条目 {head}，它被列为丢失。已验证位置将会移动。"
        ),
        Held::Beyond(head) => trf!(
            "Verified up to entry {head}. The list ends at entry {last}: entries would be lost unlisted.",
            "已核验至条目 {head}。清单止于第 {last} 条：会有未列出的条目丢失。"
        ),
        Held::OtherBranch(head) => trf!(
            "Verified up to entry {head}, on another branch than the listed entries.",
            "已核验至条目 {head}，它与所列条目不在同一分支上。"
        ),
    };
    page.text("", said);
    Ok(())
}

/// Writes the open changes that nobody could carry out as they are once this person has left.
fn stranded_block(page: &mut Page, session: &Session, person: &PersonId, now: Moment) -> Result<(), Error> {
    let stranded = stranded_by(session, person, now)?;
    if !stranded.is_empty() {
        page.block(tr!("open changes then", "届时未结束的变更单"));
        stranded.iter().for_each(|line| _ = page.text("-", line));
    }
    Ok(())
}

/// Writes the approvals that this key signed while it was live, or its thief did, and that would count again.
fn revived_block(page: &mut Page, session: &Session, key: Fingerprint, now: Moment) -> Result<(), Error> {
    let ids = session.queries().awaiting_approval()?;
    let lines = session.ask_each(None, ids, |change, governance| {
        let tally = change.tally(governance, now)?;
        let revived = tally.void.iter().find(|(vote, why)| vote.key == key && *why == Void::DeadKey);
        let (have, need) = (tally.counted.len() + 1, tally.need);
        Ok(revived.map(|(vote, _)| {
            let (id, by, time, seq) = (change.id(), &vote.person, vote.time, vote.seq);
            trf!(
                "{id}: by {by}, {time} (entry {seq}); then {have} of {need}",
                "{id}：{by}，{time}（第 {seq} 条）；届时已批准 {have}/{need}"
            )
        }))
    })??;
    page.block(tr!("approvals that count again", "将重新计入的批准"));
    let revived: Vec<String> = lines.into_iter().flatten().collect();
    if revived.is_empty() {
        page.text("", tr!("none", "无"));
    }
    revived.iter().for_each(|line| _ = page.text("-", line));
    Ok(())
}

/// The open changes that lose their owner or last implementer if this person leaves, each with its status.
///
/// # Errors
/// The cache cannot be read.
pub fn stranded_by(session: &Session, person: &PersonId, now: Moment) -> Result<Vec<String>, Error> {
    let ids = session.queries().carried_out_by(person, now.claimed)?;
    let lines = session.ask_each(None, ids, |change, governance| {
        let left = change.stranded(governance, Some(person))?;
        let status = change.status(governance, now)?;
        Ok(left.is_any().then(|| trf!("{} ({}): {}", "{}（{}）：{}", change.id(), status.phrase(), left.phrase())))
    })??;
    Ok(lines.into_iter().flatten().collect())
}

/// What a proposal would replace.
fn present(session: &Session, action: &Action) -> Result<output::Present, Error> {
    let policy = session.state().governance().policy().cloned();
    let people: Vec<&PersonId> = match action {
        Action::Roles(changes) => changes.keys().collect(),
        Action::Retire { person, .. } => vec![person],
        _ => Vec::new(),
    };
    let mut grants = BTreeMap::new();
    for person in people {
        let present = session.ask(|state| Ok(state.governance().person(person)?.map(|it| it.grants.clone())))??;
        grants.extend(present.map(|present| (person.clone(), present)));
    }
    let key = match action {
        Action::Lift { key, .. } => key_history(session, *key)?,
        _ => None,
    };
    let freeze = match action {
        Action::SetFreeze(it) => freeze_in_force(session, &it.name)?,
        Action::LiftFreeze(it) => freeze_in_force(session, &it.name)?,
        _ => None,
    };
    let set = match action {
        Action::SetFreeze(it) => session.ask(|state| state.governance().with_periods(&it.terms))?.ok(),
        _ => None,
    };
    let calendar = match action {
        Action::SetCalendar(it) => calendar_in_force(session, &it.name)?,
        _ => None,
    };
    let hours = match action {
        Action::SetCalendar(it) => session.queries().services_with_hours(&it.name)?,
        _ => Vec::new(),
    };
    let mut services = BTreeMap::new();
    if let Action::SetServices(it) = action {
        for id in it.put.keys().chain(&it.dropped) {
            let service = session.ask(|state| Ok(state.governance().service(id)?.cloned()))??;
            services.extend(service.map(|service| (id.clone(), service)));
        }
    }
    let template = match action {
        Action::SetTemplate(it) => {
            let present = session.ask(|state| Ok(state.governance().template(&it.name)?.1.clone()))?.ok();
            present.map(|old| (lines(old.until, &old.template), lines(it.until, &it.template)))
        }
        _ => None,
    };
    let lifted = match action {
        Action::LiftFreeze(it) => session.state().governance().lifted_with(it),
        _ => None,
    };
    let alone = lifted.map(|(person, freezes)| (person.clone(), freezes.into_iter().cloned().collect()));
    Ok(output::Present { grants, policy, freeze, set, calendar, hours, alone, services, template, key })
}

/// What the freeze in force of this name says.
fn freeze_in_force(session: &Session, name: &FreezeName) -> Result<Option<Terms>, Error> {
    Ok(session.ask(|state| Ok(state.governance().freeze(name)?.terms.clone()))?.ok())
}

/// The calendar in force of this name, and the freezes that refer to it.
fn calendar_in_force(session: &Session, name: &CalendarName) -> Result<Option<(Calendar, Vec<FreezeName>)>, Error> {
    let Ok(calendar) = session.ask(|state| state.governance().calendar(name).cloned())? else { return Ok(None) };
    let refers =
        |(freeze, it): (FreezeName, Freeze)| it.terms.calendar.is_some_and(|it| it.name == *name).then_some(freeze);
    let freezes = freeze::all(session)?.into_iter().filter_map(refers).collect();
    Ok(Some((calendar, freezes)))
}

/// Whose key it is, and who put it into its state; `None` if it is not enrolled.
///
/// # Errors
/// The register cannot be read.
pub fn key_history(session: &Session, key: Fingerprint) -> Result<Option<KeyHistory>, Error> {
    let Some(key) = session.ask(|state| Ok(state.governance().key(key)?.cloned()))?? else { return Ok(None) };
    let name = names(session)?.remove(&key.person);
    let (mut by, mut reason) = (None, None);
    if let Some(seq) = session.queries().entry_with(key.since)? {
        by = session.entry(seq)?.map(|entry| (entry.header.actor, entry.header.time, seq));
        reason = reason_of(session, seq)?;
    }
    Ok(Some(KeyHistory { person: key.person, name, state: key.state, by, reason }))
}

/// Writes the text that would be redacted, so that an admin reads it before seconding.
fn redacted_blocks(page: &mut Page, session: &Session, texts: &BTreeMap<u64, Digest>) -> Result<(), Error> {
    for seq in texts.keys() {
        let Some((entry, raw)) = session.entry_and_bytes(*seq)? else { continue };
        let what = output::describe(&entry.event);
        page.block(&trf!("text of entry {seq}: {} {what}", "第 {seq} 条的文本：{} {what}", entry.header.actor));
        let raw = raw.text.unwrap_or_default();
        match raw.is_empty() {
            true => page.text("", tr!("(already redacted)", "（已隐去）")),
            false => page.quote_text(Gutter::Prose, String::from_utf8_lossy(&raw).trim_end_matches('\n')),
        };
    }
    Ok(())
}
