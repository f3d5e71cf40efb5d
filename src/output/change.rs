//! The page of a change: a summary, then everything that is signed, then the timeline.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::requirements::{Doing, Obstacle, RequirementText, could, requirement_block};
use super::signed::heading;
use super::{
    Gutter, Overlapping, Page, Parts, Quoted, Redaction, Remarks, ReviewPage, Timeline, ago, freeze, mark_width,
    outcome_of, timeline, window_lines,
};
use super::{review, targets};
use crate::domain::{
    Author, Change, ConfirmationState, Facts, Group, Independence, Left, Met, Needs, PersonId, Revision, Status, Tally,
    Time, Vote,
};
use crate::{tr, trf};

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
    /// The reviews, in order.
    pub reviews: Vec<ReviewPage>,
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
    /// The open changes that it overlaps.
    pub overlaps: &'t [Overlapping],
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
    review::reviews(page, &words.reviews);
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
    let Judged { overlaps, break_glasses, confirmers, now, .. } = *judged;
    let Words { redacted, names, .. } = words;
    let revision = change.current();
    page.field(tr!("status", "状态"), status_line(change, tally, status, now));
    if left.is_any() {
        page.field(
            tr!("people", "人员"),
            format_args!("{}{}", left.phrase(), way_on(left, change.started().is_some())),
        );
    }
    obstacle.iter().for_each(|it| _ = page.field(tr!("cannot start", "无法开始"), it));
    if matches!(status, Status::AwaitingApproval | Status::Approved) {
        expiring_field(page, expiring, now);
    }
    page.field(tr!("revision", "修订"), format_args!("{} {}", revision.id.number, revision.id.filed));
    filed_field(page, revision);
    let field = window_field(page, change, status, now);
    page.field(tr!("window", "变更窗口"), field);
    for it in freezes {
        page.field(tr!("freeze", "封网"), freeze::met(it));
    }
    for it in super::overlaps(overlaps, now) {
        page.field(tr!("overlaps", "冲突"), it);
    }
    let confirm = match change.confirmation() {
        ConfirmationState::NotAsked | ConfirmationState::Confirmed => None,
        ConfirmationState::AfterFinish => {
            Some(tr!("after the finish, by somebody who took no part", "完成后由未参与者确认").to_owned())
        }
        ConfirmationState::Awaiting => Some(could(Doing::Confirm, confirmers)),
    };
    confirm.into_iter().for_each(|it| _ = page.field(tr!("confirm", "确认"), it));
    review::after_finish(page, change, now);
    break_glasses.iter().for_each(|it| _ = page.field(tr!("break-glass", "紧急处置"), it));
    if !change.on_targets().is_empty() {
        page.field(heading("targets"), targets::progress(change));
    }
    redaction(page, redacted.as_ref());
    display_names(page, &revision.requester, &revision.facts, names);
    requirement_block(page, requirements);
}

/// The approvals that expire before the window opens.
fn expiring_field(page: &mut Page, expiring: &[(&Vote, Time)], now: Time) {
    let line =
        |(vote, expires): &(&Vote, Time)| trf!("{}'s expires {}", "{} 的批准 {}过期", vote.person, ago(*expires, now));
    let lines: Vec<String> = expiring.iter().map(line).collect();
    if lines.is_empty() {
        return;
    }
    let lines = lines.join(tr!("; ", "；"));
    let again = trf!("{lines}, before the window opens; approve again", "{lines}，早于窗口开始；请重新批准");
    page.field(tr!("approvals", "批准"), again);
}

/// Who filed a revision, and when.
fn filed_field(page: &mut Page, revision: &Revision) {
    let filed = page.minute(revision.time, revision.facts.window.zone().as_str());
    let (filed, Revision { requester, seq, .. }) = (format!("{filed}{}", page.away(revision.time)), revision);
    let filed = trf!("by {requester}, {filed} (entry {seq})", "{requester}，{filed}（第 {seq} 条）");
    page.field(tr!("filed", "提交人"), filed);
}

/// Writes the page of one revision, current or not.
pub fn revision_page(page: &mut Page, change: &Change, revision: &Revision, words: &Words, status: Status) {
    let Words { parts, redacted, names, .. } = words;
    page.title(change.id());
    title(page, words);
    let newest = change.current().id.number;
    let replaced = change.revisions().find(|it| it.id.number == revision.id.number + 1);
    let place = match replaced {
        Some(by) => {
            trf!("replaced by revision {} (entry {})", "已被修订 {} 取代（第 {} 条）", by.id.number, by.seq)
        }
        None => tr!("the current one", "当前修订").to_owned(),
    };
    let number = revision.id.number;
    let place = trf!("{number} of {newest}, {place}", "{number}（共 {newest} 个），{place}");
    page.field(tr!("revision", "修订"), format_args!("{place}\n{}", revision.id.filed));
    page.field(tr!("status", "状态"), trf!("of {}: {}", "{}：{}", change.id(), status.phrase()));
    filed_field(page, revision);
    page.field(tr!("window", "变更窗口"), window_lines(&revision.facts.window));
    redaction(page, redacted.as_ref());
    display_names(page, &revision.requester, &revision.facts, names);
    signed(page, revision, parts);
}

/// Writes the page of a revision that was read from a file: what is in the log besides it is not known.
pub fn detached_page(page: &mut Page, revision: &Revision, parts: &Parts) {
    page.title(revision.id.change);
    for block in parts.content().iter().filter(|block| block.name == "title") {
        page.lines(&block.lines);
    }
    page.field(
        tr!("log", "日志"),
        tr!(
            "not verified: only the register can tell whether this revision is current and was not rejected, whose key \
             filed it, and which policy and freezes apply",
            "未验证：只有变更台账能说明此修订是否为当前修订、是否被驳回、提交它的密钥属于谁，以及适用哪些策略和封网"
        ),
    );
    page.field(tr!("revision", "修订"), format_args!("{} {}", revision.id.number, revision.id.filed));
    filed_field(page, revision);
    page.field(tr!("window", "变更窗口"), window_lines(&revision.facts.window));
    signed(page, revision, parts);
}

/// The title, below the id.
fn title(page: &mut Page, words: &Words) {
    for block in words.parts.content().iter().filter(|block| block.name == "title") {
        page.lines(&block.lines);
    }
    if words.redacted.is_some() {
        page.text("", tr!("(text redacted)", "（文本已隐去）"));
    }
}

/// Who redacted the text, and why.
fn redaction(page: &mut Page, redacted: Option<&Redaction>) {
    let Some(redacted) = redacted else { return };
    page.field(tr!("text", "文本"), trf!("redacted {}", "已隐去：{}", redacted.by));
    redacted.reason.iter().for_each(|reason| _ = page.quote_text(Gutter::Prose, reason));
}

/// Every line that was signed.
fn signed(page: &mut Page, revision: &Revision, parts: &Parts) {
    page.block(heading("fields")).fields(&parts.chosen_fields());
    for block in parts.content().iter().filter(|block| block.name != "title") {
        page.block(&block.headed(&counted(block.name, &revision.facts))).lines(&block.lines);
    }
    let Revision { seq, requester, .. } = revision;
    let entry = trf!("entry {seq}, signed by {requester}", "第 {seq} 条，由 {requester} 签名");
    page.block(&entry).fields(&parts.other_fields());
}

/// The status, then what it depends on: `approved (2 of 2); window opens in 3 h`.
fn status_line(change: &Change, tally: &Tally<'_>, status: Status, now: Time) -> String {
    let phrase = status.phrase();
    let facts = &change.current().facts;
    let closes = ago(facts.window.end(), now);
    match status {
        Status::AwaitingApproval | Status::Approved => {
            let when = if facts.window.start() > now {
                trf!("window opens {}", "窗口 {}开始", ago(facts.window.start(), now))
            } else {
                trf!("last moment to start {}", "最晚 {}必须开始", ago(facts.last_start(), now))
            };
            trf!("{phrase} ({}); {when}", "{phrase}（{}）；{when}", count(tally))
        }
        Status::Rejected => {
            let by = change.rejection().map_or(tr!("unknown", "未知"), |vote| vote.person.as_str());
            trf!("{phrase} by {by}; revise it to ask again", "{phrase}（{by}）；修订后可重新送审")
        }
        Status::Withdrawn => {
            let by = change.withdrawn().map_or(tr!("unknown", "未知"), |act| act.person.as_str());
            trf!("{phrase} by {by}", "{phrase}（{by}）")
        }
        Status::Expired if facts.window.ended(now) => {
            trf!("{phrase}; window closed {closes} without a start", "{phrase}；窗口已于 {closes}结束，未开始实施")
        }
        Status::Expired => {
            let last = ago(facts.last_start(), now);
            trf!("{phrase}; last moment to start was {last}", "{phrase}；最晚开始时间为 {last}")
        }
        Status::InProgress if now > facts.last_rollback() => trf!(
            "{phrase}; window closes {closes}, too soon for a rollback of {} min",
            "{phrase}；窗口 {closes}结束，已不够 {} 分钟的回退时间",
            facts.rollback_minutes
        ),
        Status::InProgress => {
            let last = ago(facts.last_rollback(), now);
            trf!("{phrase}; last moment to begin the rollback {last}", "{phrase}；最晚 {last}必须开始回退")
        }
        Status::Overrun => trf!(
            "{phrase}; window closed {closes}; finish it or roll it back",
            "{phrase}；窗口已于 {closes}结束；请完成或回退"
        ),
        Status::Succeeded | Status::Failed | Status::RolledBack | Status::InReview | Status::Closed => {
            let phrase = outcome_of(status, change.result());
            match change.confirmation() {
                ConfirmationState::Awaiting => trf!("{phrase}, awaiting confirmation", "{phrase}，待确认"),
                ConfirmationState::Confirmed => {
                    let by =
                        change.confirmations().last().map_or(tr!("unknown", "未知"), |(_, act)| act.person.as_str());
                    trf!("{phrase}, confirmed by {by}", "{phrase}，{by} 已确认")
                }
                ConfirmationState::NotAsked | ConfirmationState::AfterFinish => phrase,
            }
        }
    }
}

/// The kind of a change, and the template of a standard one: `standard (restart-gateway)`.
pub fn kind_of(facts: &Facts) -> String {
    let kind = facts.kind.phrase();
    match &facts.template {
        Some(used) => trf!("{kind} ({})", "{kind}（{}）", used.template.name),
        None => kind,
    }
}

/// How many approvals count: `1 of 2`, or `2 of 2, missing: dba` while an approver of the group dba is missing.
pub fn count(tally: &Tally<'_>) -> String {
    trf!("{} of {}{}", "{}/{}{}", tally.counted.len(), tally.need, missing_groups(tally))
}

/// What is missing beside the number of approvals: `, missing: dba, independent`; empty if nothing is.
pub fn missing_groups(tally: &Tally<'_>) -> String {
    let missing = missing(tally);
    if missing.is_empty() { missing } else { trf!(", missing: {missing}", "，还缺：{missing}") }
}

/// The groups of which an approver is missing, and whether an independent one is.
fn missing(tally: &Tally<'_>) -> String {
    let mut missing: Vec<&str> = tally.unfilled().map(Group::as_str).collect();
    missing.dedup();
    missing.extend((tally.independence == Independence::Missing).then_some(tr!("independent", "独立审批人")));
    list(missing)
}

/// The approvals that a change needs: `2`, or `3, 1 of group dba`.
pub fn needs(needs: &Needs) -> String {
    let groups = needs.groups().into_iter();
    let groups = groups.map(|(group, count)| trf!(", {count} of group {group}", "，其中 {group} 组 {count} 人"));
    let independent = if needs.independent { tr!(", 1 independent", "，其中独立审批人 1 人") } else { "" };
    format!("{}{}{independent}", needs.total, groups.collect::<String>())
}

/// What a revision needs next: `1 more approval needed (dba)`, or why nobody can start it.
pub fn next_step(tally: &Tally<'_>, obstacle: Option<&Obstacle>) -> String {
    let of = missing(tally);
    let of = if of.is_empty() { of } else { trf!(" ({of})", "（{of}）") };
    let approvals = match tally.missing() {
        0 => None,
        1 => Some(trf!("1 more approval needed{of}", "还需 1 人批准{of}")),
        missing => Some(trf!("{missing} more approvals needed{of}", "还需 {missing} 人批准{of}")),
    };
    let obstacle = obstacle.map(|it| trf!("cannot start: {it}", "无法开始：{it}"));
    let steps: Vec<String> = approvals.into_iter().chain(obstacle).collect();
    match steps.as_slice() {
        [] => tr!("an implementer can start it in its window", "实施人可在窗口内开始实施").to_owned(),
        steps => steps.join(tr!("; ", "；")),
    }
}

/// The window, and the last moment to start or to begin the rollback while that is still ahead of somebody.
fn window_field(page: &Page, change: &Change, status: Status, now: Time) -> String {
    let facts = &change.current().facts;
    let zone = facts.window.zone().as_str();
    let (last, label) = match status {
        Status::AwaitingApproval | Status::Approved | Status::Rejected => {
            (facts.last_start(), tr!("last moment to start: ", "最晚开始实施："))
        }
        Status::InProgress | Status::Overrun => {
            (facts.last_rollback(), tr!("last moment to begin the rollback: ", "最晚开始回退："))
        }
        _ => return page.window(&facts.window, now),
    };
    let last = trf!("{}, {}", "{}，{}", page.minute(last, zone), ago(last, now));
    format!("{}\n{label}{last}", page.window(&facts.window, now))
}

/// Who can act instead of the people who have left.
fn way_on(left: Left, started: bool) -> &'static str {
    match (started, left) {
        (false, _) => tr!("; another engineer can revise it", "；可由其他工程师修订"),
        (true, Left::All) => tr!("; an admin can finish it", "；可由管理员完成"),
        (true, _) => "",
    }
}

/// The items with commas between them.
pub fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join(tr!(", ", "、"))
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
        page.block(heading("names"));
        let marks = mark_width(&lines);
        lines.iter().for_each(|line| _ = page.quote(line, marks));
    }
}

/// The heading of a block: `targets (12; 2 failed targets stop the rest)`, `rollback (15 min)`.
fn counted(name: &str, facts: &Facts) -> String {
    match name {
        "targets" => {
            let stop = match facts.stop_after {
                None => String::new(),
                Some(1) => tr!("; 1 failed target stops the rest", "；1 个目标失败即停止其余").to_owned(),
                Some(n) => trf!("; {n} failed targets stop the rest", "；{n} 个目标失败即停止其余"),
            };
            trf!("targets ({}{stop})", "目标（{} 个{stop}）", facts.targets)
        }
        "rollback" => trf!("rollback ({} min)", "回退方案（{} 分钟）", facts.rollback_minutes),
        name => heading(name).to_owned(),
    }
}
