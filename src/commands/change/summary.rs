//! What a person is about to sign about a change, in a few lines.

use crate::commands::lookup::{change, parts};
use crate::domain::{Facts, Outcome, Revision, RevisionRef, Target};
use crate::error::Error;
use crate::output::{Page, Parts, kind_of, window_lines};
use crate::store::Session;
use crate::trf;

/// An act on a revision that is about to be signed.
#[derive(Debug, Clone, Copy)]
pub enum ToSign<'a> {
    /// Its approval.
    Approve,
    /// Its approval, which somebody else has signed.
    Submit,
    /// Its rejection.
    Reject,
    /// The retraction of an approval.
    Retract,
    /// The withdrawal of the change.
    Withdraw,
    /// Its start, on a target if there is one.
    Start(Option<&'a Target>),
    /// Its outcome, which is asked for below, on a target if there is one.
    Outcome(Option<&'a Target>),
    /// Its outcome, on a target if there is one.
    Finish(Option<&'a Target>, Outcome),
}

impl ToSign<'_> {
    /// The heading of what is signed.
    pub fn heading(self, RevisionRef { change, number, .. }: RevisionRef) -> String {
        let revision = trf!("{change} revision {number}", "{change} 修订 {number}");
        let act = match self {
            Self::Approve => trf!("approve {revision}", "批准 {revision}"),
            Self::Submit => trf!("submit an approval of {revision}", "提交对 {revision} 的离线批准"),
            Self::Reject => trf!("reject {revision}", "驳回 {revision}"),
            Self::Retract => trf!("retract approval of {revision}", "收回对 {revision} 的批准"),
            Self::Withdraw => trf!("withdraw {revision}", "撤回 {revision}"),
            Self::Start(None) => trf!("start {revision}", "开始实施 {revision}"),
            Self::Start(Some(target)) => trf!("start {target} of {revision}", "在 {target} 上开始实施 {revision}"),
            Self::Outcome(None) => trf!("the outcome of {revision}", "{revision} 的结果"),
            Self::Outcome(Some(target)) => {
                trf!("the outcome of {target} in {revision}", "{revision} 在 {target} 上的结果")
            }
            Self::Finish(target, outcome) => {
                let outcome = outcome.phrase();
                match target {
                    None => trf!("finish ({outcome}) {revision}", "完成 {revision}（{outcome}）"),
                    Some(target) => {
                        trf!("finish {target} ({outcome}) of {revision}", "在 {target} 上完成 {revision}（{outcome}）")
                    }
                }
            }
        };
        trf!("about to sign: {act}", "即将签名：{act}")
    }
}

/// Begins the end of a page: what is about to be signed, and what an act on this revision may cause.
///
/// # Errors
/// The register cannot be read.
pub fn summary(page: &mut Page, session: &Session, at: RevisionRef, act: ToSign<'_>) -> Result<(), Error> {
    let change = change(session, at.change)?;
    page.block(&act.heading(at));
    let Some(revision) = change.revisions().find(|it| it.id == at) else { return Ok(()) };
    content(page, session, revision)?;
    // Each target has a start of its own, also after the first one.
    last_moment(page, &revision.facts, change.started().is_some() && !matches!(act, ToSign::Start(_)));
    Ok(())
}

/// The last moment to start; of a change that was started, to begin the rollback.
pub fn last_moment(page: &mut Page, facts: &Facts, started: bool) {
    let last = if started { facts.last_rollback() } else { facts.last_start() };
    let last = format!("{}{}", page.minute(last, facts.window.zone().as_str()), page.away(last));
    let last = if started {
        trf!("last moment to begin the rollback: {last}", "最晚开始回退：{last}")
    } else {
        trf!("last moment to start: {last}", "最晚开始实施：{last}")
    };
    page.text("", last);
}

/// Writes what matters of a revision: title, risk, owner, window, outage and rollback.
///
/// # Errors
/// The register cannot be read.
pub fn content(page: &mut Page, session: &Session, revision: &Revision) -> Result<(), Error> {
    content_of(page, &parts(session, revision.seq)?, &revision.facts);
    Ok(())
}

/// Writes the same of a revision with these lines and facts.
pub fn content_of(page: &mut Page, parts: &Parts, facts: &Facts) {
    for block in parts.content().iter().filter(|block| block.name == "title") {
        page.lines(&block.lines);
    }
    let (risk, kind, owner) = (facts.risk.phrase(), kind_of(facts), &facts.owner);
    page.text("", trf!("{risk} risk, {kind}, owner {owner}", "{risk}风险，{kind}，变更负责人 {owner}"));
    page.text("", window_lines(&facts.window));
    let (outage, rollback) = (facts.outage_minutes, facts.rollback_minutes);
    page.text(
        "",
        trf!("outage {outage} min expected, rollback {rollback} min", "预计中断 {outage} 分钟，回退 {rollback} 分钟"),
    );
}
