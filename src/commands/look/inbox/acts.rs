//! What a person can act on.

use crate::commands::action::action_text;
use crate::commands::breakglass::Judged;
use crate::commands::freeze::{MONTH, expiring};
use crate::commands::govern::summary_of;
use crate::commands::lookup::{renews, title};
use crate::domain::{
    BreakGlass, BreakGlassStatus, Change, ChangeId, Conflicts, Denied, Facts, Governance, Left, Moment, Outcome,
    Overlap, PersonId, Refusal, Role, Status, Time, Verdict,
};
use crate::error::Error;
use crate::output::{self, Act, Then, some};
use crate::store::{ActionRow, Session};
use crate::{tr, trf};

/// An act that a person can take.
pub struct Waiting {
    /// What the person can do.
    pub action: Act,
    /// What it is about: `CHG-7`, `proposal 3`.
    pub subject: String,
    /// The title of a change, or what a proposal would change.
    pub title: String,
    /// Since when it can be done.
    pub since: Time,
    /// Until when to act; `None` if nothing ends.
    pub deadline: Option<Time>,
    /// What happens at the deadline.
    pub then: Option<Then>,
    /// Whether it is too late, so that everything else comes first.
    pub late: bool,
    /// What matters of it, in a phrase.
    pub reason: String,
    /// Whether another change in progress keeps it from being started.
    pub waits: bool,
}

/// What this person can act on, the most urgent first.
///
/// # Errors
/// The register cannot be read.
pub fn waiting(session: &Session, me: &PersonId, now: Moment) -> Result<Vec<Waiting>, Error> {
    let first = break_glasses(session, me, now)?;
    let mut waiting = proposals(session, me, now)?;
    waiting.extend(seal(session, me, now)?);
    waiting.extend(calendars(session, me, now)?);
    waiting.extend(actions(session, me, now)?);
    waiting.extend(deviations(session, me, now)?);
    let open = session.queries().open_for(me, now.claimed)?;
    let acts = session.ask_each(None, open, |change, governance| {
        Ok(act(change, governance, me, now)?.map(|act| (Met::of(change), act)))
    })??;
    let (changes, acts): (Vec<Met>, Vec<Waiting>) = acts.into_iter().flatten().unzip();
    // One question for all: each begins again when it meets a record that is not loaded.
    let overlaps = session
        .ask(|state| changes.iter().map(|it| Ok(state.overlaps(it.id, &it.facts)?)).collect::<Result<Vec<_>, _>>())??;
    for ((change, act), overlaps) in changes.into_iter().zip(acts).zip(overlaps) {
        let title = title_of(session, change.id)?;
        waiting.push(change.told(Waiting { title, ..act }, overlaps));
    }
    waiting.sort_by_key(|it| (it.late, it.deadline.is_none(), it.deadline, it.since));
    Ok(first.into_iter().chain(waiting).collect())
}

/// What decides which open changes a change overlaps.
struct Met {
    id: ChangeId,
    facts: Facts,
    listed: Conflicts,
    started: bool,
}

impl Met {
    fn of(change: &Change) -> Self {
        let current = change.current();
        let (facts, listed) = (current.facts.clone(), current.conflicts.clone());
        Self { id: change.id(), facts, listed, started: change.started().is_some() }
    }

    /// Adds the open changes that it overlaps to an approval or a start.
    fn told(&self, act: Waiting, overlaps: Vec<Overlap>) -> Waiting {
        if !matches!(act.action, Act::Approve | Act::Start) {
            return act;
        }
        let (stop, others): (Vec<Overlap>, Vec<Overlap>) =
            overlaps.into_iter().partition(|it| it.stops(&self.listed) && !self.started);
        let named = |all: Vec<Overlap>| some(all.iter().map(|it| it.change).collect());
        let (stop, others) = (named(stop), named(others));
        let waits = stop.as_ref().map_or(String::new(), |it| trf!("; must wait for {it}", "；须等待 {it}"));
        let beside = others.map_or(String::new(), |it| trf!("; overlaps {it}", "；与 {it} 冲突"));
        Waiting { reason: format!("{}{waits}{beside}", act.reason), waits: stop.is_some(), ..act }
    }
}

fn title_of(session: &Session, id: ChangeId) -> Result<String, Error> {
    Ok(title(session, id)?.unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned()))
}

/// The break-glasses that are not ratified, and not unauthorised yet: everybody sees them.
fn break_glasses(session: &Session, me: &PersonId, now: Moment) -> Result<Vec<Waiting>, Error> {
    let mut waiting = Vec::new();
    for id in session.queries().unratified(now.effective.plus(-BreakGlass::TO_RATIFY))? {
        let Judged { glass, status, .. } = Judged::of(session, id, now)?;
        let can_ratify = session.ask(|state| {
            let approves = can_approve(state.governance(), me, now)?;
            Ok(approves
                && glass.is_provided_for()
                && state.part_in(&glass, me)?.is_none()
                && !state.ratifiers(&glass, now)?.iter().any(|it| it.person == *me))
        })??;
        let (deadline, then) = match status {
            BreakGlassStatus::Open => (Some(glass.end()), Then::Ends),
            // No deadline is known until others have acted.
            _ => (Some(glass.deadline()).filter(|_| !glass.is_ahead(now)), Then::Unauthorised),
        };
        let (opener, opening) = (glass.opener(), glass.opening());
        waiting.push(Waiting {
            action: match status {
                BreakGlassStatus::Closed if can_ratify => Act::Ratify,
                BreakGlassStatus::Open | BreakGlassStatus::Ended if opener.person == *me => Act::Close,
                _ => Act::Read,
            },
            subject: id.to_string(),
            title: trf!("break-glass for {}, without approval", "针对 {} 的紧急处置，未经审批", opening.incident),
            since: opener.moment.claimed,
            deadline,
            then: Some(then),
            late: false,
            reason: trf!("{}; by {}", "{}；由 {} 开启", status.phrase(), opener.person),
            waits: false,
        });
    }
    Ok(waiting)
}

/// The seal of a new register, for every founding admin but its founder.
fn seal(session: &Session, me: &PersonId, now: Moment) -> Result<Option<Waiting>, Error> {
    let governance = session.state().governance();
    let Some(founder) = governance.founder().filter(|founder| *founder != me && !governance.is_sealed()) else {
        return Ok(None);
    };
    if !session.ask(|state| Ok(state.governance().has_role(me, Role::Admin, now)?))?? {
        return Ok(None);
    }
    Ok(Some(Waiting {
        action: Act::Seal,
        subject: "register".to_owned(),
        title: tr!("accepts nothing before it is sealed", "封印之前不接受任何记录").to_owned(),
        since: session.entry(0)?.map_or(now.claimed, |entry| entry.header.time),
        deadline: None,
        then: None,
        late: false,
        reason: trf!("founded by {founder}", "由 {founder} 创建"),
        waits: false,
    }))
}

/// The freezes whose calendar ends soon, for admins: beyond its end such a freeze is closed.
fn calendars(session: &Session, me: &PersonId, now: Moment) -> Result<Vec<Waiting>, Error> {
    if !session.ask(|state| Ok(state.governance().has_role(me, Role::Admin, now)?))?? {
        return Ok(Vec::new());
    }
    let mut waiting = Vec::new();
    for (name, known) in expiring(session, now)? {
        waiting.push(Waiting {
            action: Act::Extend,
            subject: format!("freeze {name}"),
            title: tr!(
                "closed where its calendar ends; propose it with a longer one",
                "日历到期后一律封网；请用更长的日历重新提出提案"
            )
            .to_owned(),
            since: known.plus(-MONTH),
            deadline: Some(known),
            then: Some(if known > now.claimed { Then::CalendarEnds } else { Then::CalendarEnded }),
            late: false,
            reason: trf!("known until {}", "已知至 {}", known.utc().format("%Y-%m-%d")),
            waits: false,
        });
    }
    Ok(waiting)
}

/// The actions of reviews that this person owns, and that are not done.
fn actions(session: &Session, me: &PersonId, now: Moment) -> Result<Vec<Waiting>, Error> {
    let rows = session.queries().open_actions_of(me)?;
    let able = |governance: &Governance| -> Result<bool, Denied> {
        Ok(!governance.has_left(me)? && governance.has_live_key(me)?)
    };
    if rows.is_empty() || !session.ask(|state| able(state.governance()))?? {
        return Ok(Vec::new());
    }
    let waiting = |it: ActionRow| {
        let (since, text) = action_text(session, &it)?;
        Ok(Waiting {
            action: Act::Action,
            subject: format!("{}/{}", it.change, it.number),
            title: text.unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned()),
            since,
            deadline: Some(it.due),
            then: Some(if it.due > now.claimed { Then::Due } else { Then::WasDue }),
            late: false,
            reason: trf!("from the review of {}", "来自 {} 的评估", it.change),
            waits: false,
        })
    };
    rows.into_iter().map(waiting).collect()
}

/// The deviations that this person can review.
fn deviations(session: &Session, me: &PersonId, now: Moment) -> Result<Vec<Waiting>, Error> {
    let mut waiting = Vec::new();
    for id in session.queries().unreviewed_deviations()? {
        let (it, able) = session.ask(|state| {
            let it = state.deviation(id)?;
            let able = can_approve(state.governance(), me, now)? && state.could_review(it, me, now)?;
            Ok((it.clone(), able))
        })??;
        if !able {
            continue;
        }
        let (teller, told) = (it.recorded(), it.told());
        let services = output::list(&told.services);
        let on = if services.is_empty() { services } else { format!("; {services}") };
        waiting.push(Waiting {
            action: Act::Examine,
            subject: id.to_string(),
            title: tr!("done outside the register", "在变更台账之外的操作").to_owned(),
            since: teller.moment.claimed,
            deadline: None,
            then: None,
            late: false,
            reason: trf!("done {}{on}; told by {}", "操作于 {}{on}；由 {} 报告", told.done, teller.person),
            waits: false,
        });
    }
    Ok(waiting)
}

/// The proposals that this person can second.
fn proposals(session: &Session, me: &PersonId, now: Moment) -> Result<Vec<Waiting>, Error> {
    let mut waiting = Vec::new();
    let able = |governance: &Governance| -> Result<bool, Denied> {
        Ok(governance.has_role(me, Role::Admin, now)? && governance.has_live_key(me)?)
    };
    if !session.ask(|state| able(state.governance()))?? {
        return Ok(waiting);
    }
    for id in session.queries().open_proposals()? {
        let proposal = session.ask(|state| state.governance().proposal(id).cloned())??;
        let Some(action) = proposal.action().filter(|_| proposal.proposer != *me) else { continue };
        let subject = session.ask(|state| Ok(state.governance().is_subject(action, me)?))??;
        if subject || session.ask(|state| state.judge_pending(id, now))?.is_err() {
            continue;
        }
        waiting.push(Waiting {
            action: Act::Second,
            subject: format!("proposal {id}"),
            title: summary_of(session, action)?,
            since: proposal.moment.claimed,
            deadline: Some(proposal.lapses()),
            then: Some(Then::Lapses),
            late: false,
            reason: trf!("by {}", "由 {} 提出", proposal.proposer),
            waits: false,
        });
    }
    Ok(waiting)
}

/// An act on a change, since when it is possible, and the reason.
type Possible = (Act, Time, String);

/// The act that this person can take on a change. Its title is filled in later.
fn act(change: &Change, governance: &Governance, me: &PersonId, now: Moment) -> Result<Option<Waiting>, Denied> {
    let facts = &change.current().facts;
    // Nobody acts without a key.
    if governance.has_left(me)? || !governance.has_live_key(me)? {
        return Ok(None);
    }
    let left = change.stranded(governance, None)?;
    let stands_in = left == Left::All && governance.has_role(me, Role::Admin, now)?;
    let theirs = change.is_requester_or_owner(me);
    let found = match change.status(governance, now)? {
        status @ (Status::AwaitingApproval | Status::Approved) => undecided(change, governance, (me, status), now)?,
        status @ (Status::InProgress | Status::Overrun) => {
            let finishes = facts.implementers.contains(me) || facts.owner == *me || stands_in;
            let since = change.started().map_or(change.current().time, |act| act.time);
            finishes.then(|| (Act::Finish, since, status.phrase()))
        }
        Status::Rejected if theirs => {
            let vote = change.votes().iter().rfind(|vote| vote.verdict == Verdict::Reject);
            vote.map(|vote| (Act::Revise, vote.time, trf!("rejected by {}", "被 {} 驳回", vote.person)))
        }
        Status::Succeeded | Status::Failed | Status::RolledBack | Status::InReview => finished(change, governance, me)?,
        Status::Expired if theirs => Some((Act::Revise, facts.last_start(), tr!("expired", "已过期").to_owned())),
        _ => None,
    };
    let Some((action, since, reason)) = found else { return Ok(None) };
    let (deadline, then) = match action {
        Act::Confirm => (None, None),
        Act::Review => {
            let due = change.review_due();
            (due, Some(if due > Some(now.effective) { Then::Due } else { Then::WasDue }))
        }
        _ => due(facts, action, now.claimed),
    };
    let reason = if left.is_any() { trf!("{reason}; {}", "{reason}；{}", left.phrase()) } else { reason };
    let late = action == Act::Revise && now.claimed > facts.last_start();
    let (subject, title) = (change.id().to_string(), String::new());
    Ok(Some(Waiting { action, subject, title, since, deadline, then, late, reason, waits: false }))
}

/// The act on a change that is finished.
fn finished(change: &Change, governance: &Governance, me: &PersonId) -> Result<Option<Possible>, Denied> {
    let Some((_, first)) = change.outcomes().first() else { return Ok(None) };
    let status = change.result().map_or(String::new(), Outcome::phrase);
    if change.can_confirm(me, governance)? {
        return Ok(Some((Act::Confirm, first.time, trf!("{status}, awaiting confirmation", "{status}，待确认"))));
    }
    let reviews = change.awaited_review().is_some() && change.is_requester_or_owner(me);
    Ok(reviews
        .then(|| (Act::Review, first.time, trf!("{}; {status}", "{}；{status}", change.current().facts.kind.phrase()))))
}

/// The act on a change that awaits approval or its start.
fn undecided(
    change: &Change,
    governance: &Governance,
    (me, status): (&PersonId, Status),
    now: Moment,
) -> Result<Option<Possible>, Denied> {
    let (since, risk) = (change.current().time, change.current().facts.risk);
    let risk = trf!("{}", "{}风险", risk.phrase());
    let takes_over = change.stranded(governance, None)?.is_any() && governance.has_role(me, Role::Engineer, now)?;
    if let Some(obstacle) = change.obstacle(governance, now)? {
        let revises = takes_over || change.is_requester_or_owner(me);
        return Ok(revises.then(|| (Act::Revise, since, trf!("cannot start: {obstacle}", "无法开始：{obstacle}"))));
    }
    let tally = change.tally(governance, now)?;
    let counts = tally.counted.iter().any(|vote| vote.person == *me);
    let approves =
        !counts && can_approve(governance, me, now)? && change.conflict_of_interest(governance, me)?.is_none();
    let frozen = change.cannot_start(governance, now)?;
    let excepts = match &frozen {
        Some(Refusal::NotExcepted { freeze, .. }) if approves && change.would_except(governance, me, now)? => {
            trf!("; needs an exception from freeze {freeze}", "；需要封网 {freeze} 的例外")
        }
        _ => String::new(),
    };
    if approves && (status == Status::AwaitingApproval || !excepts.is_empty()) {
        let (have, need, missing) = (tally.counted.len(), tally.need, output::missing_groups(&tally));
        let why = trf!(
            "{risk}; {have} of {need} approvals{missing}{excepts}",
            "{risk}；已批准 {have}/{need}{missing}{excepts}"
        );
        return Ok(Some((Act::Approve, since, why)));
    }
    let stopped = frozen.as_ref().filter(|it| it.is_by_freeze());
    if let Some(frozen) = stopped.filter(|_| change.is_requester_or_owner(me)) {
        return Ok(Some((Act::Revise, since, trf!("cannot start: {frozen}", "无法开始：{frozen}"))));
    }
    if renews(change, governance, me, now)? {
        let why = trf!("{risk}; yours expires before the window opens", "{risk}；您的批准将在窗口开始前过期");
        return Ok(Some((Act::Approve, since, why)));
    }
    let starts = change.starters(governance)?.is_ok_and(|able| able.contains(me));
    if starts && status == Status::Approved && stopped.is_none() {
        let left = tally.counted.len() - change.expiring(governance, now)?.len();
        let expire = match left < tally.need {
            true => tr!("; approvals expire before the window opens", "；批准将在窗口开始前过期"),
            false => "",
        };
        let frozen = frozen.map_or(String::new(), |it| trf!("; cannot start: {it}", "；无法开始：{it}"));
        let why = trf!("{risk}; approved{expire}{frozen}", "{risk}；已批准{expire}{frozen}");
        return Ok(Some((Act::Start, since, why)));
    }
    Ok(takes_over.then_some((Act::Revise, since, risk)))
}

/// Until when to act on a change, and what happens then.
fn due(facts: &Facts, action: Act, now: Time) -> (Option<Time>, Option<Then>) {
    let (window, started) = (&facts.window, action == Act::Finish);
    let (deadline, then) = if window.ended(now) {
        (window.end(), Then::WindowClosed)
    } else if started && now <= facts.last_rollback() {
        (facts.last_rollback(), Then::LastRollback)
    } else if started || now > facts.last_start() {
        (window.end(), Then::WindowCloses)
    } else if window.start() <= now {
        (facts.last_start(), Then::LastStart)
    } else {
        (window.start(), Then::WindowOpens)
    };
    (Some(deadline), Some(then))
}

/// Whether an approval by this person would count, apart from conflicts of interest.
fn can_approve(governance: &Governance, me: &PersonId, now: Moment) -> Result<bool, Denied> {
    Ok(governance.has_role(me, Role::Approver, now)?
        && governance.has_live_key(me)?
        && !governance.is_kept_from_approving(me, now)?)
}
