//! The page of a change: a summary, then everything that is signed, then the timeline.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::requirements::{Obstacle, RequirementText, could, requirement_block};
use super::targets;
use super::{
    Gutter, Page, Parts, Quoted, Redaction, Remarks, Timeline, ago, freeze, mark_width, timeline, window, window_lines,
};
use crate::domain::{
    Author, Change, ConfirmationState, Facts, Group, Independence, Left, Met, Needs, PersonId, Revision, Status, Tally,
    Time, Vote,
};

/// Display names by person.
pub type Names = BTreeMap<PersonId, String>;

/// What a page says about a change beside its state.
pub struct Words {
    /// The exact lines of the current revision.
    pub parts: Parts,
    /// Who redacted the text of the current revision, and why.
    pub redacted: Option<Redaction>,
    /// Comments on decisions, notes and outcomes.
    pub remarks: Remarks,
    /// Display names of the people involved.
    pub names: Names,
}

/// What the rules say of a change at a time.
pub struct Judged<'t> {
    /// The status.
    pub status: Status,
    /// The approvals, and which of them count.
    pub tally: &'t Tally<'t>,
    /// Who of those that the change needs has left.
    pub left: Left,
    /// Why nobody can start it in its window.
    pub obstacle: Option<&'t Obstacle>,
    /// The approvals that expire before the window opens, each with the time when it expires.
    pub expiring: &'t [(&'t Vote, Time)],
    /// The freezes that it meets up to the end of its window.
    pub freezes: &'t [Met],
    /// The requirements of the policy, one line each.
    pub requirements: &'t [RequirementText],
    /// The break-glasses that act on it, one line each.
    pub break_glasses: &'t [String],
    /// Who could confirm the outcome, if that is awaited.
    pub confirmers: &'t [PersonId],
    /// The time.
    pub now: Time,
}

/// Writes the page of a change.
pub fn change_page(page: &mut Page, change: &Change, words: &Words, judged: &Judged<'_>, extent: Timeline) {
    page.title(change.id());
    title(page, words);
    state(page, change, words, judged);
    signed(page, change.current(), &words.parts);
    timeline(page, change, &words.remarks, (judged.tally, judged.now), extent);
}

/// Writes, as a block, what the page of a change has beside the signed lines of its revision.
pub fn beside_signed(page: &mut Page, change: &Change, words: &Words, judged: &Judged<'_>) {
    page.block(&change.id().to_string());
    title(page, words);
    state(page, change, words, judged);
    timeline(page, change, &words.remarks, (judged.tally, judged.now), Timeline::Newest);
}

/// Writes what the register says of a change: its status, and what it depends on.
fn state(page: &mut Page, change: &Change, words: &Words, judged: &Judged<'_>) {
    let Judged { status, tally, left, obstacle, expiring, freezes, requirements, .. } = *judged;
    let Judged { break_glasses, confirmers, now, .. } = *judged;
    let Words { redacted, names, .. } = words;
    let revision = change.current();
    page.field("status", status_line(change, tally, status, now));
    if left.is_any() {
        page.field("people", format_args!("{}{}", left.phrase(), way_on(left, change.started().is_some())));
    }
    obstacle.iter().for_each(|it| _ = page.field("cannot start", it));
    if matches!(status, Status::AwaitingApproval | Status::Approved) {
        let line = |(vote, expires): &(&Vote, Time)| format!("{}'s expires {}", vote.person, ago(*expires, now));
        let lines: Vec<String> = expiring.iter().map(line).collect();
        if !lines.is_empty() {
            page.field("approvals", format_args!("{}, before the window opens; approve again", lines.join("; ")));
        }
    }
    page.field("revision", format_args!("{} {}", revision.id.number, revision.id.filed));
    let filed = page.minute(revision.time, revision.facts.window.zone().as_str());
    let filed = format!("{filed}{}", page.away(revision.time));
    page.field("filed", format_args!("by {}, {filed} (entry {})", revision.requester, revision.seq));
    let field = window_field(page, change, status, now);
    page.field("window", field);
    for it in freezes {
        page.field("freeze", freeze::met(it));
    }
    match change.confirmation() {
        ConfirmationState::NotAsked | ConfirmationState::Confirmed => {}
        ConfirmationState::AfterFinish => _ = page.field("confirm", "after the finish, by somebody who took no part"),
        ConfirmationState::Awaiting => _ = page.field("confirm", could("confirm", confirmers)),
    }
    if let Some(due) = change.review_due() {
        let late = if now >= due { "overdue" } else { "due" };
        page.field("review", format_args!("{late}: {due}, {}", ago(due, now)));
    }
    break_glasses.iter().for_each(|it| _ = page.field("break-glass", it));
    if !change.on_targets().is_empty() {
        page.field("targets", targets::progress(change));
    }
    redaction(page, redacted.as_ref());
    display_names(page, &revision.requester, &revision.facts, names);
    requirement_block(page, requirements);
}

/// Writes the page of one revision, current or not.
pub fn revision_page(page: &mut Page, change: &Change, revision: &Revision, words: &Words, status: Status) {
    let Words { parts, redacted, names, .. } = words;
    page.title(change.id());
    title(page, words);
    let newest = change.current().id.number;
    let replaced = change.revisions().find(|it| it.id.number == revision.id.number + 1);
    let place = match replaced {
        Some(by) => format!("replaced by revision {} (entry {})", by.id.number, by.seq),
        None => "the current one".to_owned(),
    };
    page.field("revision", format_args!("{} of {newest}, {place}\n{}", revision.id.number, revision.id.filed));
    page.field("status", format_args!("of {}: {}", change.id(), status.phrase()));
    let filed = page.minute(revision.time, revision.facts.window.zone().as_str());
    let filed = format!("{filed}{}", page.away(revision.time));
    page.field("filed", format_args!("by {}, {filed} (entry {})", revision.requester, revision.seq));
    page.field("window", window_lines(&revision.facts.window));
    redaction(page, redacted.as_ref());
    display_names(page, &revision.requester, &revision.facts, names);
    signed(page, revision, parts);
}

/// The title, below the id.
fn title(page: &mut Page, words: &Words) {
    for block in words.parts.content().iter().filter(|block| block.name == "title") {
        page.lines(&block.lines);
    }
    if words.redacted.is_some() {
        page.text("", "(text redacted)");
    }
}

/// Who redacted the text, and why.
fn redaction(page: &mut Page, redacted: Option<&Redaction>) {
    let Some(redacted) = redacted else { return };
    page.field("text", format_args!("redacted {}", redacted.by));
    redacted.reason.iter().for_each(|reason| _ = page.quote_text(Gutter::Prose, reason));
}

/// Every line that was signed.
fn signed(page: &mut Page, revision: &Revision, parts: &Parts) {
    page.block("fields").fields(&parts.chosen_fields());
    for block in parts.content().iter().filter(|block| block.name != "title") {
        page.block(&heading(block.name, &revision.facts)).lines(&block.lines);
    }
    page.block(&format!("entry {}, signed by {}", revision.seq, revision.requester)).fields(&parts.other_fields());
}

/// The status, then what it depends on: `approved (2 of 2); window opens in 3 h`.
fn status_line(change: &Change, tally: &Tally<'_>, status: Status, now: Time) -> String {
    let phrase = status.phrase();
    let facts = &change.current().facts;
    let closes = ago(facts.window.end(), now);
    match status {
        Status::AwaitingApproval | Status::Approved => {
            let when = if facts.window.start() > now {
                format!("window opens {}", ago(facts.window.start(), now))
            } else {
                format!("last moment to start {}", ago(facts.last_start(), now))
            };
            format!("{phrase} ({}); {when}", count(tally))
        }
        Status::Rejected => {
            let by = change.rejection().map_or("unknown", |vote| vote.person.as_str());
            format!("{phrase} by {by}; revise it to ask again")
        }
        Status::Withdrawn => {
            format!("{phrase} by {}", change.withdrawn().map_or("unknown", |act| act.person.as_str()))
        }
        Status::Expired if facts.window.ended(now) => format!("{phrase}; window closed {closes} without a start"),
        Status::Expired => format!("{phrase}; last moment to start was {}", ago(facts.last_start(), now)),
        Status::InProgress if now > facts.last_rollback() => {
            format!("{phrase}; window closes {closes}, too soon for a rollback of {} min", facts.rollback_minutes)
        }
        Status::InProgress => {
            format!("{phrase}; last moment to begin the rollback {}", ago(facts.last_rollback(), now))
        }
        Status::Overrun => format!("{phrase}; window closed {closes}; finish it or roll it back"),
        Status::Succeeded | Status::Failed | Status::RolledBack => match change.confirmation() {
            ConfirmationState::Awaiting => format!("{phrase}, awaiting confirmation"),
            ConfirmationState::Confirmed => {
                let by = change.confirmations().last().map_or("unknown", |(_, act)| act.person.as_str());
                format!("{phrase}, confirmed by {by}")
            }
            ConfirmationState::NotAsked | ConfirmationState::AfterFinish => phrase,
        },
    }
}

/// How many approvals count: `1 of 2`, or `2 of 2, missing: dba` while an approver of the group dba is missing.
pub fn count(tally: &Tally<'_>) -> String {
    format!("{} of {}{}", tally.counted.len(), tally.need, missing_groups(tally))
}

/// What is missing beside the number of approvals: `, missing: dba, independent`; empty if nothing is.
pub fn missing_groups(tally: &Tally<'_>) -> String {
    let missing = missing(tally);
    if missing.is_empty() { missing } else { format!(", missing: {missing}") }
}

/// The groups of which an approver is missing, and whether an independent one is.
fn missing(tally: &Tally<'_>) -> String {
    let mut missing: Vec<&str> = tally.unfilled().map(Group::as_str).collect();
    missing.dedup();
    missing.extend((tally.independence == Independence::Missing).then_some("independent"));
    list(missing)
}

/// The approvals that a change needs: `2`, or `3, 1 of group dba`.
pub fn needs(needs: &Needs) -> String {
    let groups = needs.groups().into_iter().map(|(group, count)| format!(", {count} of group {group}"));
    let independent = if needs.independent { ", 1 independent" } else { "" };
    format!("{}{}{independent}", needs.total, groups.collect::<String>())
}

/// What a revision needs next: `1 more approval needed (dba)`, or why nobody can start it.
pub fn next_step(tally: &Tally<'_>, obstacle: Option<&Obstacle>) -> String {
    let of = missing(tally);
    let of = if of.is_empty() { of } else { format!(" ({of})") };
    let approvals = match tally.missing() {
        0 => None,
        1 => Some(format!("1 more approval needed{of}")),
        missing => Some(format!("{missing} more approvals needed{of}")),
    };
    let obstacle = obstacle.map(|it| format!("cannot start: {it}"));
    let steps: Vec<String> = approvals.into_iter().chain(obstacle).collect();
    if steps.is_empty() { "an implementer can start it in its window".to_owned() } else { steps.join("; ") }
}

/// The window, and the last moment to start or to begin the rollback while that is still ahead of somebody.
fn window_field(page: &Page, change: &Change, status: Status, now: Time) -> String {
    let facts = &change.current().facts;
    let zone = facts.window.zone().as_str();
    let last = match status {
        Status::AwaitingApproval | Status::Approved | Status::Rejected => ("start", facts.last_start()),
        Status::InProgress | Status::Overrun => ("begin the rollback", facts.last_rollback()),
        _ => return window(&facts.window, now),
    };
    format!(
        "{}\nlast moment to {}: {}, {}",
        window(&facts.window, now),
        last.0,
        page.minute(last.1, zone),
        ago(last.1, now)
    )
}

/// Who can act instead of the people who have left.
fn way_on(left: Left, started: bool) -> &'static str {
    match (started, left) {
        (false, _) => "; another engineer can revise it",
        (true, Left::All) => "; an admin can finish it",
        (true, _) => "",
    }
}

/// The items with commas between them.
pub fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(", ")
}

/// The display names of the people whom a revision names. A name is text that somebody chose.
fn display_names(page: &mut Page, requester: &PersonId, facts: &Facts, names: &Names) {
    let authors = facts.authors.iter().filter_map(|author| match author {
        Author::Person(person) => Some(person),
        Author::External(_) => None,
    });
    let mut people: Vec<&PersonId> = [requester, &facts.owner].into_iter().collect();
    people.extend(authors.chain(&facts.implementers));
    people.sort();
    people.dedup();
    let line = |person: &PersonId| Some(Quoted::new(Gutter::Prose, names.get(person)?).marked(person.as_str()));
    let lines: Vec<Quoted> = people.into_iter().filter_map(line).collect();
    if !lines.is_empty() {
        page.block("names");
        let marks = mark_width(&lines);
        lines.iter().for_each(|line| _ = page.quote(line, marks));
    }
}

/// The heading of a block: `targets (12; 2 failed targets stop the rest)`, `rollback (15 min)`.
fn heading(name: &str, facts: &Facts) -> String {
    match name {
        "targets" => {
            let stop = match facts.stop_after {
                None => String::new(),
                Some(1) => "; 1 failed target stops the rest".to_owned(),
                Some(n) => format!("; {n} failed targets stop the rest"),
            };
            format!("targets ({}{stop})", facts.targets)
        }
        "rollback" => format!("rollback ({} min)", facts.rollback_minutes),
        name => name.to_owned(),
    }
}
