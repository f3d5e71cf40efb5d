//! The acts on a change, in log order, with what people said about them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Gutter, Page, ago, on};
use crate::domain::{Change, ConflictOfInterest, OnTarget, PersonId, RefusedAct, Tally, Time, Verdict, Void};

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
        write!(f, "{}: {}", self.by, self.reason.as_deref().unwrap_or("no reason recorded"))
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
            Self::Redacted(redaction) => write!(f, "(redacted {redaction})"),
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

/// Every act on the change, in log order.
fn acts(change: &Change, tally: &Tally<'_>, now: Time) -> Vec<Act> {
    let current = change.current();
    let mut acts = Vec::new();
    let mut add = |seq, time, person: &PersonId, sort, verb: String| {
        acts.push(Act { seq, time, person: person.clone(), sort, verb });
    };
    for it in change.revisions() {
        add(it.seq, it.time, &it.requester, Sort::Other, format!("filed revision {}", it.id.number));
    }
    for vote in change.votes() {
        let verb = match vote.verdict {
            Verdict::Approve => "approved",
            Verdict::Reject => "rejected",
            Verdict::Retract => "retracted approval of",
        };
        let number = change.revisions().find(|it| it.id.filed == vote.revision).map_or(0, |it| it.id.number);
        let note = match vote.verdict {
            Verdict::Approve if vote.revision != current.id.filed => " (not counted: revised since)".to_owned(),
            _ => void(tally, vote.seq, now),
        };
        add(vote.seq, vote.time, &vote.person, Sort::Other, format!("{verb} revision {number}{note}"));
    }
    let whole = change.started().filter(|_| change.on_targets().is_empty());
    for (act, verb) in [(change.withdrawn(), "withdrew the change"), (whole, "started the change")] {
        act.into_iter().for_each(|act| add(act.seq, act.time, &act.person, Sort::Other, verb.to_owned()));
    }
    change.notes().iter().for_each(|act| add(act.seq, act.time, &act.person, Sort::Note, "added a note".to_owned()));
    let late = |at: Time| if current.facts.window.ended(at) { ", after the window" } else { "" };
    for (outcome, act) in change.outcomes() {
        let verb = format!("finished the change: {}{}", outcome.phrase(), late(act.time));
        add(act.seq, act.time, &act.person, Sort::Other, verb);
    }
    for (outcome, act) in change.confirmations() {
        let verb = format!("confirmed the outcome: {}", outcome.phrase());
        add(act.seq, act.time, &act.person, Sort::Other, verb);
    }
    for (target, OnTarget { started, outcomes }) in change.on_targets() {
        add(started.seq, started.time, &started.person, Sort::Other, format!("started it on {target}"));
        for (outcome, act) in outcomes {
            let verb = format!("finished it on {target}: {}{}", outcome.phrase(), late(act.time));
            add(act.seq, act.time, &act.person, Sort::Other, verb);
        }
    }
    for RefusedAct { act, verb, target, rule, .. } in change.refused() {
        let place = on(target.as_ref());
        add(act.seq, act.time, &act.person, Sort::Refused, format!("tried to {verb}{place}: refused ({rule})"));
    }
    acts.sort_by_key(|act| act.seq);
    acts
}

/// Writes the timeline of a change. A shortened one says what it leaves out.
pub fn timeline(page: &mut Page, change: &Change, remarks: &Remarks, tally: (&Tally<'_>, Time), extent: Timeline) {
    let (tally, now) = tally;
    let mut acts = acts(change, tally, now);
    let omitted = if extent == Timeline::Newest { shorten(&mut acts) } else { Vec::new() };
    page.block("timeline");
    if !omitted.is_empty() {
        page.text("", format_args!("{}; all: `twinseal show {}`", omitted.join(", "), change.id()));
    }
    for Act { seq, time, person, verb, .. } in acts {
        let time = page.to_the_second(time);
        page.text(&format!("{time}  entry {seq:<5}"), format_args!("{person} {verb}"));
        match remarks.get(&seq) {
            Some(Remark::Written(text)) => comment(page, text, extent),
            Some(Remark::Redacted(redaction)) => {
                page.text("", format_args!("(redacted {})", redaction.by));
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
        page.text("", format_args!("({} more characters)", text[shown.len()..].chars().count()));
    }
}

/// Removes all but the newest acts, and returns what is left: `the newest 10 of 160 notes`.
fn shorten(acts: &mut Vec<Act>) -> Vec<String> {
    let mut said = Vec::new();
    for (sort, name, most) in
        [(Sort::Note, "notes", NOTES), (Sort::Refused, "refused attempts", NOTES), (Sort::Other, "other acts", OTHERS)]
    {
        let count = acts.iter().filter(|act| act.sort == sort).count();
        if count > most {
            let kept = newest(acts.iter().filter(|act| act.sort == sort), most);
            acts.retain(|act| act.sort != sort || kept.contains(&act.seq));
            said.push(format!("the newest {most} of {count} {name}"));
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
    why.map_or(String::new(), |(_, why)| format!(" (not counted: {})", void_reason(why, now)))
}

/// Which approvers could not approve a change, and why: ` (erin: owns the change)`; empty without any.
pub fn barred(barred: &[(PersonId, Void)], now: Time) -> String {
    let each = barred.iter().map(|(person, why)| format!("{person}: {}", void_reason(why, now)));
    let each = each.collect::<Vec<_>>().join("; ");
    if each.is_empty() { each } else { format!(" ({each})") }
}

/// Why an approval does not or would not count, after the name of the person.
pub fn void_reason(why: &Void, now: Time) -> String {
    match why {
        Void::Expired(at) => format!("expired {}", ago(*at, now)),
        Void::Ahead(at) => format!("claims {at}, ahead of other clocks"),
        Void::NoApprover => "no longer an approver".to_owned(),
        Void::DeadKey => "key suspended or revoked".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::Requested) => "filed or revised the change".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::Authored) => "is an author of the change".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::Owns) => "owns the change".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::Implements) => "implements the change".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::OperatesAuthor) => {
            "operates or operated a machine account that is an author of the change".to_owned()
        }
        Void::ConflictOfInterest(ConflictOfInterest::Operates) => "operates a machine account of the change".to_owned(),
        Void::Separate(_) => "the policy bars admins from approving".to_owned(),
    }
}
