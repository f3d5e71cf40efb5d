//! What follows the finish of a change, on its page: when the review is due, the actions, and the reviews as signed.

use super::{Gutter, Page, Parts, Redaction, ago};
use crate::domain::{Act, Change, FollowUp, Status, Time};
use crate::{tr, trf};

/// A review, as its page shows it.
pub struct ReviewPage {
    /// Who wrote it.
    pub by: Act,
    /// Its exact lines.
    pub parts: Parts,
    /// Who redacted its text, and why.
    pub redacted: Option<Redaction>,
}

/// The status of a change with the outcome that it would hide: `in review (failed)`.
pub fn outcome_of(status: Status, outcome: Option<crate::domain::Outcome>) -> String {
    let phrase = status.phrase();
    match outcome.filter(|_| matches!(status, Status::InReview | Status::Closed)) {
        Some(outcome) => trf!("{phrase} ({})", "{phrase}（{}）", outcome.phrase()),
        None => phrase,
    }
}

/// Writes by when the review is due, and what became of the actions.
pub(super) fn after_finish(page: &mut Page, change: &Change, now: Time) {
    if let Some(due) = change.awaited_review() {
        let away = ago(due, now);
        let review = match now >= due {
            true => trf!("overdue: {due}, {away}", "已逾期：{due}，{away}"),
            false => trf!("due: {due}, {away}", "截止：{due}，{away}"),
        };
        page.field(tr!("review", "变更后评估"), review);
    }
    for (n, action) in (1..).zip(change.actions()) {
        let n: u64 = n;
        page.field(&trf!("action {n}", "改进事项 {n}"), state_of(action, now));
    }
}

/// What became of an action: `bob, due 2026-12-20T10:00:00Z, in 3 d`, or `bob; done by bob (entry 30)`.
fn state_of(action: &FollowUp, now: Time) -> String {
    let FollowUp { owner, due, done, .. } = action;
    match done {
        Some(Act { person, seq, .. }) => {
            trf!("{owner}; done by {person} (entry {seq})", "{owner}；由 {person} 完成（第 {seq} 条）")
        }
        None if now >= *due => trf!("{owner}; overdue: {due}, {}", "{owner}；已逾期：{due}，{}", ago(*due, now)),
        None => trf!("{owner}; due: {due}, {}", "{owner}；截止：{due}，{}", ago(*due, now)),
    }
}

/// Writes every line of the reviews that was signed.
pub(super) fn reviews(page: &mut Page, reviews: &[ReviewPage]) {
    for ReviewPage { by: Act { person, seq, .. }, parts, redacted } in reviews {
        page.block(&trf!("review: entry {seq}, signed by {person}", "变更后评估：第 {seq} 条，由 {person} 签名"));
        if let Some(redacted) = redacted {
            page.field(tr!("text", "文本"), trf!("redacted {}", "已隐去：{}", redacted.by));
            redacted.reason.iter().for_each(|reason| _ = page.quote_text(Gutter::Prose, reason));
        }
        for block in parts.content() {
            page.block(&block.heading()).lines(&block.lines);
        }
    }
}
