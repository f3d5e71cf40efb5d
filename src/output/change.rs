//! The page of a change: a summary, then everything that is signed, then the timeline.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Page, ago, moment, window};
use crate::domain::{
    Author, Automation, Change, Command, ConflictOfInterest, Description, Execution, Facts, Left, Link, PersonId,
    Prose, RefusedAct, Status, Step, Tally, Time, Trial, Verdict, Void,
};

/// Display names by person.
pub type Names = BTreeMap<PersonId, String>;

fn person(names: &Names, id: &PersonId) -> String {
    names.get(id).map_or_else(|| id.to_string(), |name| format!("{id} ({name})"))
}

/// The items with commas between them.
pub fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ")
}

/// Comments on a change, by the entry that holds them.
pub type Remarks = BTreeMap<u64, String>;

/// The free text of a change.
pub struct Words {
    /// The text of the current revision; `None` if it was redacted.
    pub description: Option<Description>,
    /// The data part of the current revision, which is never redacted.
    pub execution: Execution,
    /// Who redacted the current revision, and why.
    pub redacted: Option<String>,
    /// Comments on decisions, notes and outcomes.
    pub remarks: Remarks,
    /// Display names of the people involved.
    pub names: Names,
}

/// Writes the page of a change, with its status and tally as of `now`.
pub fn change_page(page: &mut Page, change: &Change, words: &Words, judged: (Status, &Tally<'_>, Left), now: Time) {
    let (status, tally, left) = judged;
    let Words { description, execution, redacted, remarks, names } = words;
    let description = description.as_ref();
    let revision = change.current();
    let title = description.and_then(|it| it.title.as_ref()).map_or("(text redacted)", |title| title.as_str());
    page.title(format_args!("{}  {title}", change.id()));
    page.field("status", status_line(change, tally, status, now));
    if left.is_any() {
        page.field("people", format_args!("{}{}", left.phrase(), way_on(left, change.started().is_some())));
    }
    page.field("revision", format_args!("{} {}", revision.id.number, revision.id.filed));
    let filed = moment(revision.time, revision.facts.window.zone().as_str());
    page.field("filed", format_args!("by {}, {filed} (entry {})", person(names, &revision.requester), revision.seq));
    if let Some(redacted) = redacted {
        page.field("text", format_args!("redacted {redacted}"));
    }
    facts_fields(page, &revision.facts, names, now);
    targets_block(page, &revision.facts, execution);
    match description {
        Some(description) => description_blocks(page, description, &revision.facts, execution),
        None => {
            automation_block(page, "plan, as a machine could carry it out", &execution.plan);
            automation_block(page, "rollback, as a machine could carry it out", &execution.rollback);
        }
    }
    timeline(page, change, remarks, tally, now);
}

/// The status, then what it depends on: `approved (2 of 2); window opens in 3 h`.
fn status_line(change: &Change, tally: &Tally<'_>, status: Status, now: Time) -> String {
    let phrase = status.phrase();
    let window = &change.current().facts.window;
    let (opens, closes) = (ago(window.start(), now), ago(window.end(), now));
    let when = if window.start() > now { format!("window opens {opens}") } else { format!("window closes {closes}") };
    match status {
        Status::AwaitingApproval | Status::Approved => {
            format!("{phrase} ({} of {}); {when}", tally.counted.len(), tally.need)
        }
        Status::Rejected => {
            let by = change.rejection().map_or("unknown", |vote| vote.person.as_str());
            format!("{phrase} by {by}; revise it to ask again")
        }
        Status::Withdrawn => {
            format!("{phrase} by {}", change.withdrawn().map_or("unknown", |act| act.person.as_str()))
        }
        Status::Expired => format!("{phrase}; window closed {closes} without a start"),
        Status::InProgress => format!("{phrase}; {when}"),
        Status::Succeeded | Status::Failed | Status::RolledBack => phrase,
    }
}

/// Who can act instead of the people who have left.
fn way_on(left: Left, started: bool) -> &'static str {
    match (started, left) {
        (false, _) => "; another engineer can revise it",
        (true, Left::All) => "; an admin can finish it",
        (true, _) => "",
    }
}

fn facts_fields(page: &mut Page, facts: &Facts, names: &Names, now: Time) {
    page.field("kind", facts.kind).field("risk", facts.risk);
    page.field("owner", person(names, &facts.owner));
    if !facts.authors.is_empty() {
        page.field("authors", list(facts.authors.iter().map(|it| author(names, it))));
    }
    page.field("implementers", list(facts.implementers.iter().map(|it| person(names, it))));
    page.field("services", list(&facts.services));
    if !facts.environments.is_empty() {
        page.field("environments", list(&facts.environments));
    }
    if !facts.tags.is_empty() {
        page.field("tags", list(&facts.tags));
    }
    page.field("window", window(&facts.window, now));
    page.field("outage", format_args!("{} min expected", facts.outage_minutes));
    let links = |link: &Link| link.to_string();
    if !facts.links.is_empty() {
        page.field("links", list(facts.links.iter().map(links)));
    }
    if !facts.follows.is_empty() {
        page.field("follows", format_args!("{}; it cannot start before they succeeded", list(&facts.follows)));
    }
}

fn author(names: &Names, author: &Author) -> String {
    match author {
        Author::Person(id) => person(names, id),
        Author::External(_) => author.to_string(),
    }
}

/// The heading above the targets: `targets (12; 2 failed targets stop the rest)`.
pub fn targets_label(facts: &Facts) -> String {
    let stop = match facts.stop_after {
        None => String::new(),
        Some(1) => "; 1 failed target stops the rest".to_owned(),
        Some(n) => format!("; {n} failed targets stop the rest"),
    };
    format!("targets ({}{stop})", facts.targets)
}

/// One target a line. A target may contain commas, and a line that wraps is marked.
fn targets_block(page: &mut Page, facts: &Facts, execution: &Execution) {
    if !execution.targets.is_empty() {
        page.block(&targets_label(facts));
        for (n, target) in (1..).zip(&execution.targets) {
            page.verbatim(0, &format!("{n}."), target);
        }
    }
}

fn automation_block(page: &mut Page, label: &str, steps: &BTreeMap<u64, Automation>) {
    if !steps.is_empty() {
        page.block(label);
        for (n, automation) in steps {
            let mark = format!("{n}.");
            page.text(&mark, "(text redacted)");
            automated(page, mark.len() + 1, automation);
        }
    }
}

/// What a machine could carry out, one line for each argument and each line of a script. Every line has a mark, so that a
/// line that wraps differs from two lines.
fn automated(page: &mut Page, indent: usize, automation: &Automation) {
    for (mark, value) in automation_lines(automation) {
        page.verbatim(indent, mark, value);
    }
}

/// The marked lines of what a machine could carry out.
pub fn automation_lines(automation: &Automation) -> Vec<(&'static str, String)> {
    let Automation { command, cwd, account } = automation;
    let mut lines: Vec<(&str, String)> = match command {
        Command::Args(args) => args.as_slice().iter().map(|arg| ("arg", arg.to_string())).collect(),
        Command::Shell(script) => script.as_str().split('\n').map(|line| ("sh", line.to_owned())).collect(),
    };
    lines.extend(cwd.iter().map(|cwd| ("cwd", cwd.to_string())));
    lines.extend(account.iter().map(|account| ("account", account.to_string())));
    lines
}

fn description_blocks(page: &mut Page, it: &Description, facts: &Facts, execution: &Execution) {
    let mut prose = |label: &str, prose: Option<&Prose>| {
        if let Some(prose) = prose {
            page.block(label).text("", prose);
        }
    };
    prose("reason", it.reason.as_ref());
    prose("impact", it.impact.as_ref());
    prose("security", it.security.as_ref());
    steps(page.block("plan"), &it.plan, &execution.plan);
    let rollback = format!("rollback ({} min)", facts.rollback_minutes);
    steps(page.block(&rollback), &it.rollback, &execution.rollback);
    if !it.abort_if.is_empty() {
        page.block("abort if");
        for criterion in &it.abort_if {
            page.text("-", criterion);
        }
    }
    if !it.tests.is_empty() {
        page.block("tests");
        (1..).zip(&it.tests).for_each(|(n, trial)| test(page, n, trial, facts));
    }
    if let Some(success) = &it.success {
        page.block("success").text("", success);
    }
    if !facts.artifacts.is_empty() {
        page.block("artifacts");
        for artifact in &facts.artifacts {
            page.verbatim(0, "", format_args!("{}\n  sha256:{}", artifact.name, artifact.digest));
        }
    }
}

fn steps(page: &mut Page, steps: &[Step], automation: &BTreeMap<u64, Automation>) {
    for (n, step) in (1..).zip(steps) {
        let mark = format!("{n}.");
        page.text(&mark, &step.text);
        if let Some(command) = &step.command {
            page.verbatim(mark.len() + 1, "$", command);
        }
        if let Some(automation) = automation.get(&n) {
            automated(page, mark.len() + 1, automation);
        }
    }
}

fn test(page: &mut Page, n: u64, it: &Trial, facts: &Facts) {
    page.text(&format!("{n}."), &it.what).text("   result:", &it.result);
    let digest = facts.evidence.get(&n);
    if let (Some(path), Some(digest)) = (&it.evidence, digest) {
        page.verbatim(3, "", format_args!("evidence: {path}\n  sha256:{digest}"));
    }
}

/// Every act on the change, in log order.
fn acts(change: &Change, tally: &Tally<'_>, now: Time) -> Vec<(u64, Time, String)> {
    let current = change.current();
    let mut acts = Vec::new();
    for it in change.revisions() {
        acts.push((it.seq, it.time, format!("{} filed revision {}", it.requester, it.id.number)));
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
        acts.push((vote.seq, vote.time, format!("{} {verb} revision {number}{note}", vote.person)));
    }
    let plain = [(change.withdrawn(), "withdrew the change"), (change.started(), "started the change")];
    let plain = plain.into_iter().filter_map(|(act, verb)| Some((act?, verb)));
    let notes = change.notes().iter().map(|act| (act, "added a note"));
    acts.extend(plain.chain(notes).map(|(act, verb)| (act.seq, act.time, format!("{} {verb}", act.person))));
    for (outcome, act) in change.outcomes() {
        let late = if current.facts.window.ended(act.time) { ", after the window" } else { "" };
        acts.push((act.seq, act.time, format!("{} finished the change: {}{late}", act.person, outcome.phrase())));
    }
    for RefusedAct { act, verb, rule, .. } in change.refused() {
        acts.push((act.seq, act.time, format!("{} tried to {verb}: refused ({rule})", act.person)));
    }
    acts.sort();
    acts
}

fn timeline(page: &mut Page, change: &Change, remarks: &Remarks, tally: &Tally<'_>, now: Time) {
    page.block("timeline");
    for (seq, time, act) in acts(change, tally, now) {
        page.text(&format!("{time}  entry {seq:<5}"), act);
        if let Some(remark) = remarks.get(&seq) {
            page.text(&" ".repeat(22), remark);
        }
    }
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
