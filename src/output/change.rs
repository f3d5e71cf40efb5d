//! A change as a page: summary first, then everything that is signed, then what happened.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Page, ago, moment, window};
use crate::domain::{
    Change, ConflictOfInterest, Description, Facts, Governance, Link, PersonId, Prose, RefusedAct, Status, Step, Tally,
    Time, Trial, Verdict, Void,
};

/// Display names by person.
pub type Names = BTreeMap<PersonId, String>;

fn person(names: &Names, id: &PersonId) -> String {
    names.get(id).map_or_else(|| id.to_string(), |name| format!("{id} ({name})"))
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ")
}

/// What was written with an entry about a change, by the entry's place.
pub type Remarks = BTreeMap<u64, String>;

/// Everything that people wrote about a change.
pub struct Words {
    /// In its current revision; none where it was redacted.
    pub description: Option<Description>,
    /// Who redacted it, and why.
    pub redacted: Option<String>,
    /// With decisions and outcomes.
    pub remarks: Remarks,
    /// Their names.
    pub names: Names,
}

/// The whole page.
pub fn change_page(page: &mut Page, change: &Change, words: &Words, governance: &Governance, now: Time) {
    let Words { description, redacted, remarks, names } = words;
    let description = description.as_ref();
    let revision = change.current();
    let status = change.status(governance, now);
    let title = description.and_then(|it| it.title.as_ref()).map_or("(its text was redacted)", |title| title.as_str());
    page.title(format_args!("{}  {title}", change.id()));
    page.field("status", format_args!("{status}; {}", status_phrase(change, governance, status, now)));
    page.field("revision", format_args!("{} {}", revision.id.number, revision.id.filed));
    let filed = moment(revision.time, revision.facts.window.zone().as_str());
    page.field("filed", format_args!("by {}, {filed} (entry {})", person(names, &revision.requester), revision.seq));
    if let Some(redacted) = redacted {
        page.field("its text", format_args!("redacted {redacted}"));
    }
    facts_fields(page, &revision.facts, names, now);
    if let Some(description) = description {
        description_blocks(page, description, &revision.facts);
    }
    timeline(page, change, remarks, governance, now);
}

/// What it waits for, in words.
fn status_phrase(change: &Change, governance: &Governance, status: Status, now: Time) -> String {
    let tally = change.tally(governance, now);
    let window = &change.current().facts.window;
    let (opens, closes) = (ago(window.start(), now), ago(window.end(), now));
    let when =
        if window.start() > now { format!("its window opens {opens}") } else { format!("its window closes {closes}") };
    match status {
        Status::AwaitingApproval => format!("waits for approvals: {} of {}; {when}", tally.counted.len(), tally.need),
        Status::Approved => format!("{} of {} approvals; {when}", tally.counted.len(), tally.need),
        Status::Rejected => {
            let by = change.rejection().map_or("somebody", |vote| vote.person.as_str());
            format!("by {by}; a revision is judged anew")
        }
        Status::Withdrawn => {
            format!("by {}", change.withdrawn().map_or("somebody", |act| act.person.as_str()))
        }
        Status::Expired => format!("its window closed {closes} and it was not started"),
        Status::InProgress => "started; waits for its finish".to_owned(),
        Status::Succeeded | Status::Failed | Status::RolledBack => "finished".to_owned(),
    }
}

fn facts_fields(page: &mut Page, facts: &Facts, names: &Names, now: Time) {
    page.field("kind", facts.kind).field("risk", facts.risk);
    page.field("owner", person(names, &facts.owner));
    page.field("implementers", list(facts.implementers.iter().map(|it| person(names, it))));
    page.field("services", list(&facts.services));
    if !facts.tags.is_empty() {
        page.field("tags", list(&facts.tags));
    }
    page.field("window", window(&facts.window, now));
    page.field("outage", format_args!("{} min expected", facts.outage_minutes));
    let links = |link: &Link| link.to_string();
    if !facts.links.is_empty() {
        page.field("links", list(facts.links.iter().map(links)));
    }
}

fn description_blocks(page: &mut Page, it: &Description, facts: &Facts) {
    let mut prose = |label: &str, prose: Option<&Prose>| {
        if let Some(prose) = prose {
            page.block(label).text("", prose);
        }
    };
    prose("reason", it.reason.as_ref());
    prose("impact", it.impact.as_ref());
    prose("security", it.security.as_ref());
    steps(page.block("plan"), &it.plan);
    steps(page.block(&format!("rollback ({} min)", facts.rollback_minutes)), &it.rollback);
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

fn steps(page: &mut Page, steps: &[Step]) {
    for (n, step) in (1..).zip(steps) {
        let mark = format!("{n}.");
        page.text(&mark, &step.text);
        if let Some(command) = &step.command {
            page.verbatim(mark.len() + 1, "$", command);
        }
    }
}

fn test(page: &mut Page, n: u64, it: &Trial, facts: &Facts) {
    page.text(&format!("{n}."), &it.what).text("   result:", &it.result);
    let digest = facts.evidence.iter().find(|(test, _)| *test == n);
    if let (Some(path), Some((_, digest))) = (&it.evidence, digest) {
        page.verbatim(3, "", format_args!("evidence: {path}\n  sha256:{digest}"));
    }
}

/// Everything that happened, in the order of the log.
fn acts(change: &Change, governance: &Governance, now: Time) -> Vec<(u64, Time, String)> {
    let current = change.current();
    let mut acts = Vec::new();
    for it in change.revisions() {
        acts.push((it.seq, it.time, format!("{} filed revision {}", it.requester, it.id.number)));
    }
    let tally = change.tally(governance, now);
    for vote in change.votes() {
        let verb = match vote.verdict {
            Verdict::Approve => "approved",
            Verdict::Reject => "rejected",
            Verdict::Retract => "took back their approval of",
        };
        let number = change.revisions().find(|it| it.id.filed == vote.revision).map_or(0, |it| it.id.number);
        // Once it was started, what counted is decided for good.
        let note = match vote.verdict {
            Verdict::Approve if vote.revision != current.id.filed => " (does not count: it was revised)".to_owned(),
            _ if change.started().is_some() => String::new(),
            _ => void(&tally, vote.seq, now),
        };
        acts.push((vote.seq, vote.time, format!("{} {verb} revision {number}{note}", vote.person)));
    }
    let plain = [(change.withdrawn(), "withdrew it"), (change.started(), "started it")];
    let plain = plain.into_iter().filter_map(|(act, verb)| Some((act?, verb)));
    let notes = change.notes().iter().map(|act| (act, "remarked"));
    acts.extend(plain.chain(notes).map(|(act, verb)| (act.seq, act.time, format!("{} {verb}", act.person))));
    for (outcome, act) in change.outcomes() {
        let late = if current.facts.window.ended(act.time) { ", after its window" } else { "" };
        acts.push((act.seq, act.time, format!("{} finished it: {outcome}{late}", act.person)));
    }
    for RefusedAct { act, verb, rule, .. } in change.refused() {
        acts.push((act.seq, act.time, format!("{} was refused to {verb} it: {rule}", act.person)));
    }
    acts.sort();
    acts
}

fn timeline(page: &mut Page, change: &Change, remarks: &Remarks, governance: &Governance, now: Time) {
    page.block("timeline");
    for (seq, time, act) in acts(change, governance, now) {
        page.text(&format!("{time}  entry {seq:<5}"), act);
        if let Some(remark) = remarks.get(&seq) {
            page.text(&" ".repeat(22), remark);
        }
    }
}

/// Why an approval does not count, if it does not.
fn void(tally: &Tally<'_>, seq: u64, now: Time) -> String {
    let Some((_, why)) = tally.void.iter().find(|(vote, _)| vote.seq == seq) else { return String::new() };
    let why = match why {
        Void::Expired(at) => format!("expired {}", ago(*at, now)),
        Void::NoApprover => "no approver any more".to_owned(),
        Void::DeadKey => "its key may not be used any more".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::Requested) => "they filed it".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::Owns) => "they own it".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::Implements) => "they implement it".to_owned(),
        Void::ConflictOfInterest(ConflictOfInterest::Operates) => {
            "they operate a machine that has to do with it".to_owned()
        }
        Void::Separate(_) => "the policy lets no admin approve".to_owned(),
    };
    format!(" (does not count: {why})")
}
