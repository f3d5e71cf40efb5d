//! The acts on a change, in log order, with what people said about them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::lines::padded;
use super::{Gutter, Page, ago, list, on};
use crate::domain::{self, Change, Detached, OnTarget, PersonId, RefusedAct, Tally, Time, Verdict, Void, Vote};
use crate::{tr, trf};

/// Who redacted a text, and why.
#[derive(Debug, Clone)]
pub struct Redaction {
    /// The proposal, who proposed it and who seconded it.
    pub by: String,
    /// The reason.
    pub reason: Option<String>,
}

impl fmt::Display for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason.as_deref().unwrap_or(tr!("no reason recorded", "未记录原因"));
        f.write_str(&trf!("{}: {reason}", "{}：{reason}", self.by))
    }
}

/// A comment on an act.
#[derive(Debug, Clone)]
pub enum Remark {
    /// As it was written.
    Written(String),
    /// It was redacted.
    Redacted(Redaction),
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(text) => f.write_str(text),
            Self::Redacted(redaction) => f.write_str(&trf!("(redacted {redaction})", "（已隐去：{redaction}）")),
        }
    }
}

/// Comments on a change, by the entry that holds them.
pub type Remarks = BTreeMap<u64, Remark>;

/// How much of a timeline a page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeline {
    /// All of it.
    Whole,
    /// The newest acts and the beginnings of their comments, so that nobody can push the revision out of sight of
    /// those who sign it.
    Newest,
}

/// The most notes, and the most refused attempts, in a shortened timeline.
const NOTES: usize = 10;

/// How many acts of each person come before more acts of the same person.
const OF_ONE: usize = 3;

/// The most other acts in a shortened timeline.
const OTHERS: usize = 50;

/// The most lines and characters of a comment in a shortened timeline.
const COMMENT: (usize, usize) = (10, 800);

/// The columns of an entry's number.
const ENTRY: usize = 11;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Note,
    Refused,
    Other,
}

struct Act {
    seq: u64,
    time: Time,
    person: PersonId,
    sort: Sort,
    verb: String,
}

/// What a vote says, and why it does not count.
fn voted(change: &Change, vote: &Vote, tally: &Tally<'_>, now: Time) -> String {
    let number = change.revisions().find(|it| it.id.filed == vote.revision).map_or(0, |it| it.id.number);
    let note = match vote.verdict {
        Verdict::Approve if vote.revision != change.current().id.filed => {
            tr!(" (not counted: revised since)", "（不计入：其后已修订）").to_owned()
        }
        _ => void(tally, vote.seq, now),
    };
    if let Some(Detached { by, .. }) = &vote.detached {
        return trf!(
            "approved revision {number} without the register, submitted by {by}{note}",
            "离线批准修订 {number}，由 {by} 提交{note}"
        );
    }
    match vote.verdict {
        Verdict::Approve => trf!("approved revision {number}{note}", "批准修订 {number}{note}"),
        Verdict::Reject => trf!("rejected revision {number}{note}", "驳回修订 {number}{note}"),
        Verdict::Retract => trf!("retracted approval of revision {number}{note}", "收回对修订 {number} 的批准{note}"),
    }
}

/// Every act on the change, in log order.
fn acts(change: &Change, tally: &Tally<'_>, now: Time) -> Vec<Act> {
    let current = change.current();
    let mut acts = Vec::new();
    let mut add = |seq, time, person: &PersonId, sort, verb: String| {
        acts.push(Act { seq, time, person: person.clone(), sort, verb });
    };
    for it in change.revisions() {
        add(it.seq, it.time, &it.requester, Sort::Other, trf!("filed revision {}", "提交修订 {}", it.id.number));
    }
    for vote in change.votes() {
        add(vote.seq, vote.time, &vote.person, Sort::Other, voted(change, vote, tally, now));
    }
    let whole = change.started().filter(|_| change.on_targets().is_empty());
    let (withdrew, started) = (tr!("withdrew the change", "撤回变更单"), tr!("started the change", "开始实施"));
    for (act, verb) in [(change.withdrawn(), withdrew), (whole, started)] {
        act.into_iter().for_each(|act| add(act.seq, act.time, &act.person, Sort::Other, verb.to_owned()));
    }
    let noted = tr!("added a note", "添加备注");
    change.notes().iter().for_each(|act| add(act.seq, act.time, &act.person, Sort::Note, noted.to_owned()));
    let late =
        |at: Time| if current.facts.window.ended(at) { tr!(", after the window", "，已超窗口") } else { "" };
    for (outcome, act) in change.outcomes() {
        let verb = trf!("finished the change: {}{}", "完成实施：{}{}", outcome.phrase(), late(act.time));
        add(act.seq, act.time, &act.person, Sort::Other, verb);
    }
    for (outcome, act) in change.confirmations() {
        let verb = trf!("confirmed the outcome: {}", "确认结果：{}", outcome.phrase());
        add(act.seq, act.time, &act.person, Sort::Other, verb);
    }
    for (act, verb) in after_finish(change) {
        add(act.seq, act.time, &act.person, Sort::Other, verb);
    }
    for (target, OnTarget { started, outcomes }) in change.on_targets() {
        add(
            started.seq,
            started.time,
            &started.person,
            Sort::Other,
            trf!("started it on {target}", "在 {target} 上开始实施"),
        );
        for (outcome, act) in outcomes {
            let (outcome, late) = (outcome.phrase(), late(act.time));
            let verb = trf!("finished it on {target}: {outcome}{late}", "在 {target} 上完成实施：{outcome}{late}");
            add(act.seq, act.time, &act.person, Sort::Other, verb);
        }
    }
    for RefusedAct { act, verb, target, rule, .. } in change.refused() {
        let place = on(target.as_ref());
        let verb = verb.phrase();
        let verb = trf!("tried to {verb}{place}: refused ({rule})", "尝试{verb}{place}：被拒绝（{rule}）");
        add(act.seq, act.time, &act.person, Sort::Refused, verb);
    }
    acts.sort_by_key(|act| act.seq);
    acts
}

/// The reviews, the actions that are done, and the close.
fn after_finish(change: &Change) -> Vec<(&domain::Act, String)> {
    let reviewed = change.reviews().iter().map(|act| (act, tr!("reviewed the change", "评估变更").to_owned()));
    let done = (1_u64..).zip(change.actions()).filter_map(|(n, it)| Some((n, it.done.as_ref()?)));
    let done = done.map(|(n, act)| (act, trf!("finished action {n} of a review", "完成改进事项 {n}")));
    let closed = change.closed().map(|act| (act, tr!("closed the change", "关闭变更单").to_owned()));
    reviewed.chain(done).chain(closed).collect()
}

/// The acts on a change in log order, one line each, without who did them.
pub fn timeline_lines(change: &Change, tally: &Tally<'_>, now: Time) -> Vec<String> {
    let line = |it: Act| trf!("{}  entry {}  {}", "{}  第 {} 条  {}", it.time, it.seq, it.verb);
    acts(change, tally, now).into_iter().map(line).collect()
}

/// Writes the timeline of a change. A shortened one says what it leaves out.
pub fn timeline(page: &mut Page, change: &Change, remarks: &Remarks, tally: (&Tally<'_>, Time), extent: Timeline) {
    let (tally, now) = tally;
    let mut acts = acts(change, tally, now);
    let omitted = if extent == Timeline::Newest { shorten(&mut acts) } else { Vec::new() };
    page.block(tr!("timeline", "时间线"));
    if !omitted.is_empty() {
        let (omitted, id) = (list(omitted), change.id());
        page.text("", trf!("{omitted}; all: `twinseal show {id}`", "{omitted}；全部内容：`twinseal show {id}`"));
    }
    for Act { seq, time, person, verb, .. } in acts {
        let time = page.to_the_second(time);
        let entry = padded(&trf!("entry {seq}", "第 {seq} 条"), ENTRY);
        page.text(&format!("{time}  {entry}"), format_args!("{person} {verb}"));
        match remarks.get(&seq) {
            Some(Remark::Written(text)) => comment(page, text, extent),
            Some(Remark::Redacted(redaction)) => {
                page.text("", trf!("(redacted {})", "（已隐去：{}）", redaction.by));
                redaction.reason.iter().for_each(|reason| comment(page, reason, extent));
            }
            None => {}
        }
    }
}

fn comment(page: &mut Page, text: &str, extent: Timeline) {
    let (lines, characters) = if extent == Timeline::Newest { COMMENT } else { (usize::MAX, usize::MAX) };
    let shown = text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end]);
    let mut shown: Vec<&str> = shown.split('\n').collect();
    shown.truncate(lines);
    let shown = shown.join("\n");
    page.quote_text(Gutter::Prose, &shown);
    if shown.len() < text.len() {
        let count = text[shown.len()..].chars().count();
        page.text("", trf!("({count} more characters)", "（另有 {count} 个字符）"));
    }
}

/// Removes all but the newest acts, and returns what is left: `the newest 10 of 160 notes`.
fn shorten(acts: &mut Vec<Act>) -> Vec<String> {
    let mut said = Vec::new();
    for (sort, name, most) in [
        (Sort::Note, tr!("notes", "备注"), NOTES),
        (Sort::Refused, tr!("refused attempts", "被拒绝的尝试"), NOTES),
        (Sort::Other, tr!("other acts", "其他操作"), OTHERS),
    ] {
        let count = acts.iter().filter(|act| act.sort == sort).count();
        if count > most {
            let kept = newest(acts.iter().filter(|act| act.sort == sort), most);
            acts.retain(|act| act.sort != sort || kept.contains(&act.seq));
            said.push(trf!("the newest {most} of {count} {name}", "{name}共 {count} 个，只显示最新 {most} 个"));
        }
    }
    said
}

/// The newest acts: a few of each person first, so that nobody hides what others said by saying much.
fn newest<'a>(acts: impl DoubleEndedIterator<Item = &'a Act>, most: usize) -> BTreeSet<u64> {
    let mut of_person: BTreeMap<&PersonId, usize> = BTreeMap::new();
    let (first, more): (Vec<&Act>, Vec<&Act>) = acts.rev().partition(|act| {
        let count = of_person.entry(&act.person).or_default();
        *count += 1;
        *count <= OF_ONE
    });
    first.into_iter().chain(more).take(most).map(|act| act.seq).collect()
}

/// Why an approval does not count; empty if it does.
fn void(tally: &Tally<'_>, seq: u64, now: Time) -> String {
    let why = tally.void.iter().find(|(vote, _)| vote.seq == seq);
    why.map_or(String::new(), |(_, why)| trf!(" (not counted: {})", "（不计入：{}）", void_reason(why, now)))
}

/// Which approvers could not approve a change, and why: ` (erin: owns the change)`; empty without any.
pub fn barred(barred: &[(PersonId, Void)], now: Time) -> String {
    let each = barred.iter().map(|(person, why)| trf!("{person}: {}", "{person}：{}", void_reason(why, now)));
    let each = each.collect::<Vec<_>>().join(tr!("; ", "；"));
    if each.is_empty() { each } else { trf!(" ({each})", "（{each}）") }
}

/// Why an approval does not or would not count, after the name of the person.
pub fn void_reason(why: &Void, now: Time) -> String {
    let reason = match why {
        Void::Expired(at) => return trf!("expired {}", "已于 {}过期", ago(*at, now)),
        Void::Ahead(at) => return trf!("claims {at}, ahead of other clocks", "所称时间 {at} 超前于其他时钟"),
        Void::NoApprover => tr!("no longer an approver", "已不是审批人"),
        Void::DeadKey => tr!("key suspended or revoked", "密钥已停用或吊销"),
        Void::ConflictOfInterest(conflict) => conflict.of_another(),
        Void::Keys(need) => return trf!("not signed with {}", "未用{}签署", need.describe()),
        Void::Separate(_) => tr!("the policy bars admins from approving", "策略不允许管理员审批"),
    };
    reason.to_owned()
}
