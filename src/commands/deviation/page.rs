//! The page of a deviation, and its JSON: everything that was signed about it.

use serde_json::{Value, json};

use crate::commands::Context;
use crate::commands::lookup::{parts, reason_of};
use crate::commands::signed_acts::{act_json, words};
use crate::domain::{Deviation, DeviationId, SignedAct};
use crate::error::Error;
use crate::output::{Page, json as written, list};
use crate::store::Session;
use crate::{tr, trf};

/// The entries of the reviews that count.
///
/// # Errors
/// The cache cannot be read.
pub(super) fn counted(context: &Context<'_>, session: &Session, it: &Deviation) -> Result<Vec<u64>, Error> {
    let now = session.state().moment(context.env.now());
    Ok(session.ask(|state| Ok(state.deviation_reviewers(it, now)?.iter().map(|act| act.seq).collect()))??)
}

/// Writes the page of a deviation.
///
/// # Errors
/// There is none, or the register cannot be read.
pub(super) fn write(page: &mut Page, context: &Context<'_>, session: &Session, id: DeviationId) -> Result<(), Error> {
    let _snapshot = session.hold_snapshot()?;
    let it = super::find(session, id)?;
    let counted = counted(context, session, &it)?;
    let act = |SignedAct { person, moment, seq, .. }: &SignedAct| {
        trf!("by {person}, {} (entry {seq})", "{person}，{}（第 {seq} 条）", moment.claimed)
    };
    page.title(trf!("{id}: done outside the register, unauthorised", "{id}：在变更台账之外操作，未获授权"));
    let (status, count, of) = (it.status().phrase(), counted.len(), Deviation::REVIEWERS);
    page.field(tr!("status", "状态"), trf!("{status} ({count} of {of})", "{status}（{count}/{of}）"));
    page.field(tr!("told", "报告"), act(it.recorded()));
    let told = it.told();
    page.field(tr!("done", "操作"), told.done);
    for (label, value) in [(tr!("by", "操作人"), list(&told.by)), (tr!("services", "服务"), list(&told.services))]
    {
        if !value.is_empty() {
            page.field(label, value);
        }
    }
    told.incident.iter().for_each(|it| _ = page.field(tr!("incident", "事件"), it));
    page.field(tr!("digest", "摘要"), it.recorded().leaf);
    for review in it.reviews() {
        let void = if counted.contains(&review.seq) { "" } else { tr!("; does not count", "；不计入") };
        page.field(tr!("reviewed", "审阅"), format_args!("{}{void}", act(review)));
    }
    words(page, session, tr!("what was done", "所做的操作"), it.recorded().seq)?;
    for SignedAct { person, seq, .. } in it.reviews() {
        let by = trf!("comment by {person}", "{person} 的备注");
        reason_of(session, *seq)?.map_or(Ok(()), |_| words(page, session, &by, *seq))?;
    }
    let SignedAct { person, seq, .. } = it.recorded();
    page.block(&trf!("entry {seq}, signed by {person}", "第 {seq} 条，由 {person} 签名"));
    page.fields(&parts(session, *seq)?.fields());
    page.legend();
    Ok(())
}

/// A deviation as JSON.
///
/// # Errors
/// The register cannot be read.
pub(super) fn json(context: &Context<'_>, session: &Session, it: &Deviation) -> Result<Value, Error> {
    let counted = counted(context, session, it)?;
    let mut reviews = Vec::new();
    for review in it.reviews() {
        let mut value = act_json(session, review)?;
        value["counts"] = counted.contains(&review.seq).into();
        reviews.push(value);
    }
    Ok(json!({
        "deviation": it.id().to_string(),
        "status": it.status().to_string(),
        "authorised": false,
        "told": written::deviation::told(it.told()),
        "recorded": act_json(session, it.recorded())?,
        "digest": it.recorded().leaf.to_string(),
        "reviews": { "counted": counted.len(), "required": Deviation::REVIEWERS, "acts": reviews },
    }))
}
