//! `show`: show a change.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::{Value, json};

use crate::commands::breakglass;
use crate::commands::freeze::met;
use crate::commands::look::diff::{content, find};
use crate::commands::lookup::{
    View, cannot_start, change, change_id, governance_about, names, parts, reason_of, redaction, requirement_texts,
};
use crate::commands::overlaps::overlapping;
use crate::commands::{Context, Zh};
use crate::domain::{
    Act, Change, ChangeId, ConfirmationState, EventKind, FollowUp, Governance, Moment, OnTarget, Outcome, PersonId,
    Policy, ProposalId, RefusedAct, Revision, Target, Text, Vote,
};
use crate::error::Error;
use crate::output::requirements::RequirementText;
use crate::output::{
    Clock, Judged, Overlapping, Page, Parts, Remark, Remarks, ReviewPage, Timeline, Words, beside_signed, change_page,
    freeze, json, revision_page,
};
use crate::store::{EntryFilter, Session};
use crate::trf;

/// Show a change
///
/// The page has the status, every field of the current revision, and the timeline. The id of a break-glass
/// shows the break-glass.
#[derive(Debug, Args)]
#[command(zh("显示一个变更单"))]
#[command(zh_long("页面包括状态、当前修订的全部字段和时间线。给出紧急处置编号时，显示该紧急处置。"))]
#[command(after_help = "Examples:
  twinseal show CHG-42
  twinseal show CHG-42 --revision 1
  twinseal show CHG-42 --as-of 2026-12-01T18:00:00+08:00
  twinseal --json show CHG-42")]
pub struct Show {
    /// Change id, such as CHG-42
    #[arg(value_name = "CHANGE", zh("变更单编号，如 CHG-42"))]
    change: String,
    /// Revision to show instead of the current one
    #[arg(long, value_name = "N", zh("显示此修订，而不是当前修订"))]
    revision: Option<u64>,
    /// Change as of an entry or a time in the past
    #[arg(long, value_name = "SEQ|TIME", zh("以过去某一条日志或某一时间的变更单为准"))]
    as_of: Option<String>,
}

impl Show {
    /// # Errors
    /// There is no such change, or the register cannot be read.
    pub fn run(self, context: &mut Context<'_>) -> Result<(), Error> {
        let is_break_glass = self.change.get(..3).is_some_and(|it| it.eq_ignore_ascii_case("BG-"));
        if is_break_glass && self.revision.is_none() && self.as_of.is_none() {
            return breakglass::show(context, self.change);
        }
        let id = change_id(&self.change)?;
        let view = View::open(context, self.as_of.as_deref())?;
        let at = view.seq;
        match (self.show(context, &view, id), at) {
            (Err(Error::NoChange(_)), Some(at)) => Err(filed_later(context, id, at)?),
            (shown, _) => shown,
        }
    }

    fn show(self, context: &mut Context<'_>, view: &View, id: ChangeId) -> Result<(), Error> {
        let session = &view.session;
        if context.ui.json {
            let mut shown = whole(session, view.now, id)?;
            shown["as_of"] = view.as_of_json();
            if let Some(number) = self.revision {
                find(session, id, number)?;
                let only = |it: &Value| it["number"] == number;
                shown["revisions"].as_array_mut().into_iter().for_each(|all| all.retain(only));
            }
            return context.ui.print_json(context.env, shown);
        }
        let clock = context.clock();
        let as_of = view.as_of(&clock);
        let mut page = context.page().read_by(Clock { now: view.now.claimed, ..clock });
        if let Some(as_of) = as_of {
            page.text("", trf!("as of {as_of}", "截至{as_of}"));
        }
        match self.revision {
            Some(number) => revision(&mut page, session, view.now, &find(session, id, number)?)?,
            None => write_page(&mut page, session, id, view.now, Timeline::Whole)?,
        }
        Ok(context.env.print_long(page.legend().finish())?)
    }
}

/// Why there is no change as of an entry: it was filed later, or never.
fn filed_later(context: &mut Context<'_>, id: ChangeId, at: u64) -> Result<Error, Error> {
    // The notices about the register were given when it was opened first.
    context.ui.once = true;
    let session = context.open()?;
    let filter = EntryFilter { change: Some(id), kind: Some(EventKind::File), ..EntryFilter::default() };
    let Some(seq) = session.queries().entries(&filter)?.first().copied() else { return Ok(Error::NoChange(id)) };
    let time = session.entry(seq)?.ok_or(Error::NoEntry(seq))?.header.time;
    Ok(Error::FiledLater { change: id, at, seq, time })
}

/// Writes the page of a change.
///
/// # Errors
/// [`Error::NoChange`], or the register cannot be read.
pub fn write_page(
    page: &mut Page,
    session: &Session,
    id: ChangeId,
    now: Moment,
    extent: Timeline,
) -> Result<(), Error> {
    with_judged(session, id, now, |change, words, judged| change_page(page, change, words, judged, extent))
}

/// Writes what the page of a change has beside the signed lines of its revision.
///
/// # Errors
/// [`Error::NoChange`], or the register cannot be read.
pub fn write_beside_signed(page: &mut Page, session: &Session, id: ChangeId, now: Moment) -> Result<(), Error> {
    with_judged(session, id, now, |change, words, judged| beside_signed(page, change, words, judged))
}

/// Passes on what a page says of a change.
fn with_judged(
    session: &Session,
    id: ChangeId,
    now: Moment,
    write: impl FnOnce(&Change, &Words, &Judged<'_>),
) -> Result<(), Error> {
    let _snapshot = session.hold_snapshot()?;
    let change = &change(session, id)?;
    let governance = governance_about(session, change, now)?;
    let seq = change.current().seq;
    let (parts, redacted) = (marked_parts(session, seq, &governance)?, redaction(session, seq)?);
    let confirm = confirmers(session, change)?;
    let (remarks, reviews) = (remarks(session, change)?, reviews(session, change)?);
    let words = Words { parts, redacted, remarks, names: names(session)?, reviews };
    let (status, tally) = (change.status(&governance, now)?, change.tally(&governance, now)?);
    let left = change.stranded(&governance, None)?;
    let expiring = change.expiring(&governance, now)?;
    let freezes = met(session, change, status, now.claimed)?;
    let overlaps = overlapping(session, change, now)?;
    let obstacle = cannot_start(session, change, &governance, now)?;
    let requirements = requirement_texts(session, change, change.requirements(&governance, now)?, now)?;
    let break_glasses = on_it(session, id, now)?;
    let break_glasses: Vec<String> = break_glasses.iter().map(|it| it.short(now)).collect();
    let judged = Judged {
        status,
        tally: &tally,
        left,
        obstacle: obstacle.as_ref(),
        expiring: &expiring,
        freezes: &freezes,
        overlaps: &overlaps,
        requirements: &requirements,
        break_glasses: &break_glasses,
        confirmers: &confirm,
        now: now.claimed,
    };
    write(change, &words, &judged);
    Ok(())
}

/// The exact lines of a revision, with a mark below each step that the policy calls sensitive.
///
/// # Errors
/// The register cannot be read.
pub fn marked_parts(session: &Session, seq: u64, governance: &Governance) -> Result<Parts, Error> {
    Ok(parts(session, seq)?.marking(governance.policy().map(Policy::sensitive).unwrap_or_default()))
}

/// Writes the page of one revision: what was signed, and what became of it.
fn revision(page: &mut Page, session: &Session, now: Moment, revision: &Revision) -> Result<(), Error> {
    let _snapshot = session.hold_snapshot()?;
    let change = &change(session, revision.id.change)?;
    let status = change.status(&governance_about(session, change, now)?, now)?;
    let (parts, redacted) = (parts(session, revision.seq)?, redaction(session, revision.seq)?);
    revision_page(
        page,
        change,
        revision,
        &Words { parts, redacted, remarks: Remarks::new(), names: names(session)?, reviews: Vec::new() },
        status,
    );
    Ok(())
}

/// The break-glasses that act on a change.
fn on_it(session: &Session, id: ChangeId, now: Moment) -> Result<Vec<breakglass::Judged>, Error> {
    session.queries().break_glasses_on(id)?.into_iter().map(|it| breakglass::Judged::of(session, it, now)).collect()
}

/// Who could confirm the outcome of a change, if that is awaited.
fn confirmers(session: &Session, change: &Change) -> Result<Vec<PersonId>, Error> {
    match change.confirmation() {
        ConfirmationState::Awaiting => Ok(change.who_could_confirm(&session.governed()?)?),
        _ => Ok(Vec::new()),
    }
}

/// The reviews of a change, each with what was signed.
fn reviews(session: &Session, change: &Change) -> Result<Vec<ReviewPage>, Error> {
    let review = |by: &Act| {
        Ok(ReviewPage { by: by.clone(), parts: parts(session, by.seq)?, redacted: redaction(session, by.seq)? })
    };
    change.reviews().iter().map(review).collect()
}

/// Comments on decisions, notes and outcomes by entry; a redacted one says who redacted it.
fn remarks(session: &Session, change: &Change) -> Result<Remarks, Error> {
    let outcomes =
        change.on_targets().values().flat_map(|it| &it.outcomes).chain(change.outcomes()).chain(change.confirmations());
    let done = change.actions().iter().filter_map(|it| it.done.as_ref());
    let acts = change
        .notes()
        .iter()
        .chain(change.withdrawn())
        .chain(change.closed())
        .chain(done)
        .chain(outcomes.map(|(_, act)| act));
    let acts = acts.map(|act| act.seq).chain(change.votes().iter().map(|vote| vote.seq));
    let mut remarks = Remarks::new();
    for seq in acts {
        match redaction(session, seq)? {
            Some(redacted) => _ = remarks.insert(seq, Remark::Redacted(redacted)),
            None => remarks.extend(reason_of(session, seq)?.map(|text| (seq, Remark::Written(text)))),
        }
    }
    Ok(remarks)
}

/// A change as JSON: its status, every revision and every act.
fn whole(session: &Session, now: Moment, id: ChangeId) -> Result<Value, Error> {
    let _snapshot = session.hold_snapshot()?;
    let change = &change(session, id)?;
    let governance = governance_about(session, change, now)?;
    let (status, tally) = (change.status(&governance, now)?, change.tally(&governance, now)?);
    let obstacle = cannot_start(session, change, &governance, now)?;
    let requirements = requirement_texts(session, change, change.requirements(&governance, now)?, now)?;
    let void = |seq| tally.void.iter().find(|(vote, _)| vote.seq == seq).map(|(_, why)| why);
    let remarks = remarks(session, change)?;
    let remarks: BTreeMap<u64, String> = remarks.iter().map(|(seq, it)| (*seq, it.to_string())).collect();
    let act = |act: &Act| {
        let (person, time, remark) = (act.person.to_string(), act.time.to_string(), remarks.get(&act.seq));
        let run = json::written(act.run.as_ref());
        json!({ "person": person, "time": time, "seq": act.seq, "run": run, "comment": remark })
    };
    let vote = |it: &Vote| json::vote(change, it, void(it.seq), remarks.get(&it.seq));
    let outcome = |(outcome, it): &(Outcome, Act)| json!({ "outcome": outcome.to_string(), "act": act(it) });
    let refusal = |it: &RefusedAct| refusal_json(it, act(&it.act));
    let target = |it: &Target| {
        let on = change.on_targets().get(it);
        let outcomes = on.map_or(&[][..], |on| &on.outcomes);
        json!({
            "target": it.to_string(),
            "state": on.map_or_else(|| "not-started".to_owned(), target_state),
            "started": on.map(|on| act(&on.started)),
            "outcomes": outcomes.iter().map(outcome).collect::<Value>(),
        })
    };
    let break_glass =
        |it: &breakglass::Judged| json!({ "breakglass": it.glass.id().to_string(), "status": it.status.to_string() });
    Ok(json!({
        "change": id.to_string(),
        "status": status.to_string(),
        "freezes": met(session, change, status, now.claimed)?.iter().map(freeze::met_json).collect::<Value>(),
        "overlaps": overlapping(session, change, now)?.iter().map(Overlapping::json).collect::<Value>(),
        "left": json::left(change.stranded(&governance, None)?),
        "cannot_start": json::written(obstacle.as_ref().map(|it| it.refusal.rule())),
        "revision": change.current().id.number,
        "last_start": change.current().facts.last_start().to_string(),
        "last_rollback": change.current().facts.last_rollback().to_string(),
        "approvals": json::approvals(change, &tally),
        "requirements": requirements.iter().map(RequirementText::json).collect::<Value>(),
        "breakglasses": on_it(session, id, now)?.iter().map(break_glass).collect::<Value>(),
        "confirmation": change.confirmation().to_string(),
        "confirmations": change.confirmations().iter().map(outcome).collect::<Value>(),
        "review_due": json::written(change.review_due()),
        "reviews": reviews_json(session, change, act)?,
        "actions": actions_json(change, act),
        "closed": change.closed().map(act),
        "outcome": json::written(change.result()),
        "revisions": revisions(session, change)?,
        "votes": change.votes().iter().map(vote).collect::<Value>(),
        "notes": change.notes().iter().map(act).collect::<Value>(),
        "withdrawn": change.withdrawn().map(act),
        "started": change.started().map(act),
        "targets": change.current().targets.iter().map(target).collect::<Value>(),
        "outcomes": change.outcomes().iter().map(outcome).collect::<Value>(),
        "refused": change.refused().iter().map(refusal).collect::<Value>(),
    }))
}

fn refusal_json(it: &RefusedAct, act: Value) -> Value {
    let target = json::written(it.target.as_ref());
    json!({ "verb": it.verb.to_string(), "target": target, "rule": it.rule.to_string(), "act": act })
}

/// Every action that the reviews of a change ask for, as JSON.
fn actions_json(change: &Change, act: impl Fn(&Act) -> Value) -> Value {
    let action = |(number, it): (u64, &FollowUp)| {
        let (owner, due, done) = (it.owner.to_string(), it.due.to_string(), it.done.as_ref().map(&act));
        json!({ "number": number, "owner": owner, "due": due, "review": it.review, "done": done })
    };
    (1..).zip(change.actions()).map(action).collect()
}

/// Every review of a change as JSON.
fn reviews_json(session: &Session, change: &Change, act: impl Fn(&Act) -> Value) -> Result<Value, Error> {
    let review = |it: &Act| {
        let (text, redacted) = (text(session, it.seq)?, session.redacted(it.seq)?.map(ProposalId::number));
        Ok(json!({ "act": act(it), "text": text.as_ref().map(json::text), "redacted_by": redacted }))
    };
    change.reviews().iter().map(review).collect()
}

/// `in-progress`, or the latest outcome.
fn target_state(on: &OnTarget) -> String {
    on.outcome().map_or_else(|| "in-progress".to_owned(), |outcome| outcome.to_string())
}

/// Every revision of a change as JSON.
fn revisions(session: &Session, change: &Change) -> Result<Vec<Value>, Error> {
    let mut revisions = Vec::new();
    for it in change.revisions() {
        let (description, execution) = content(session, it.seq)?;
        // Of a standard change only title and reason are redacted: the rest is its template's.
        let readable = it.facts.template.is_some() || text(session, it.seq)?.is_some();
        let text = readable.then(|| Text::Description(Box::new(description)));
        revisions.push(json!({
            "number": it.id.number,
            "leaf": it.id.filed.to_string(),
            "seq": it.seq,
            "time": it.time.to_string(),
            "requester": it.requester.to_string(),
            "facts": json::facts(&it.facts),
            "execution": json::execution(&execution),
            "text": text.as_ref().map(json::text),
            "redacted_by": session.redacted(it.seq)?.map(ProposalId::number),
        }));
    }
    Ok(revisions)
}

/// The text of an entry.
fn text(session: &Session, seq: u64) -> Result<Option<Text>, Error> {
    Ok(session.entry(seq)?.and_then(|entry| entry.text))
}
