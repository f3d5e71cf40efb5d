//! The page of a break-glass, and its JSON: everything that was signed about it.

use serde_json::{Value, json};

use crate::commands::lookup::{parts, reason_of};
use crate::commands::signed_acts::{act_json, words};
use crate::domain::{BreakGlass, BreakGlassId, BreakGlassStatus, Moment, SignedAct, VoidRatification};
use crate::error::Error;
use crate::output::{Page, ago, json as written};
use crate::store::Session;
use crate::{tr, trf};

/// A break-glass as it is at a moment.
pub(in crate::commands) struct Judged {
    pub(in crate::commands) glass: BreakGlass,
    pub(in crate::commands) status: BreakGlassStatus,
    /// The entries of the ratifications that count.
    counted: Vec<u64>,
    /// The entries of those that do not count, each with the reason.
    void: Vec<(u64, VoidRatification)>,
}

impl Judged {
    /// # Errors
    /// There is no such break-glass, or the cache cannot be read.
    pub(in crate::commands) fn of(session: &Session, id: BreakGlassId, now: Moment) -> Result<Self, Error> {
        let glass = super::find(session, id)?;
        let (counted, void) = session.ask(|state| {
            let counted: Vec<u64> = state.ratifiers(&glass, now)?.iter().map(|act| act.seq).collect();
            let mut void = Vec::new();
            for act in glass.ratifications().iter().filter(|act| !counted.contains(&act.seq)) {
                void.extend(state.void_ratification(&glass, act, now)?.map(|why| (act.seq, why)));
            }
            Ok((counted, void))
        })??;
        Ok(Self { status: glass.status(now), counted, void, glass })
    }

    /// Why a ratification does not count, if that is known.
    pub(in crate::commands) fn void(&self, act: &SignedAct) -> Option<VoidRatification> {
        self.void.iter().find(|(seq, _)| *seq == act.seq).map(|(_, why)| *why)
    }

    /// All break-glasses, the newest first.
    ///
    /// # Errors
    /// The cache cannot be read.
    pub(in crate::commands) fn all(session: &Session, now: Moment) -> Result<Vec<Self>, Error> {
        let _snapshot = session.hold_snapshot()?;
        let ids = (0..session.state().break_glasses()).rev().map(BreakGlassId::after);
        ids.map(|id| Self::of(session, id, now)).collect()
    }

    /// The id, the opener and the status, for the page of a change.
    pub(in crate::commands) fn short(&self, now: Moment) -> String {
        let (id, opener, line) = (self.glass.id(), &self.glass.opener().person, self.line(now));
        trf!("{id} by {opener}: {line}", "{id}，由 {opener} 开启：{line}")
    }

    /// The status, and what happens next: `closed (0 of 2)` and `unauthorised in 23 h`.
    pub(super) fn columns(&self, now: Moment) -> (String, String) {
        let (count, of) = (self.counted.len(), BreakGlass::RATIFIERS);
        let late = if self.glass.late().is_some() { tr!(", late", "，补录") } else { "" };
        let deadline = trf!("unauthorised {}", "{}视为未获授权", ago(self.glass.deadline(), now.effective));
        let ratified = trf!("{count} of {of}", "{count}/{of}");
        let next = match self.status {
            BreakGlassStatus::Open => trf!("ends {}", "{}到期", ago(self.glass.end(), now.effective)),
            BreakGlassStatus::Ended if self.glass.is_ahead(now) => tr!("its clock ran ahead", "时钟偏快").to_owned(),
            BreakGlassStatus::Ended => deadline,
            BreakGlassStatus::Closed => trf!("{ratified}; {deadline}", "已追认 {ratified}；{deadline}"),
            BreakGlassStatus::Ratified => ratified,
            BreakGlassStatus::Unauthorised => tr!("for good", "不可更改").to_owned(),
        };
        (format!("{}{late}", self.status.phrase()), next)
    }

    /// The status, and until when something can be done.
    pub(in crate::commands) fn line(&self, now: Moment) -> String {
        let (status, count) = (self.status.phrase(), self.counted.len());
        let of = BreakGlass::RATIFIERS;
        let deadline = ago(self.glass.deadline(), now.effective);
        let line = match self.status {
            BreakGlassStatus::Open => {
                let ends = ago(self.glass.end(), now.effective);
                trf!("{status}; ends by itself {ends}", "{status}；{ends}自动到期")
            }
            BreakGlassStatus::Ended if self.glass.is_ahead(now) => trf!(
                "{status}; the clock of its opener ran ahead; nobody has said what was done",
                "{status}；开启人的时钟偏快；无人说明处置经过"
            ),
            BreakGlassStatus::Ended => trf!(
                "{status}; nobody has said what was done; unauthorised {deadline}",
                "{status}；无人说明处置经过；{deadline}视为未获授权"
            ),
            BreakGlassStatus::Closed => trf!(
                "{status}; {count} of {of} ratifications; unauthorised {deadline} unless ratified",
                "{status}；已追认 {count}/{of}；若未追认，{deadline}视为未获授权"
            ),
            BreakGlassStatus::Ratified => trf!("{status} by {count} of {of}", "{status}（{count}/{of}）"),
            BreakGlassStatus::Unauthorised => {
                let since = self.glass.deadline();
                trf!("{status} since {since}, for good", "自 {since} 起{status}，不可更改")
            }
        };
        if self.glass.late().is_some() { trf!("{line}; entered late", "{line}；补录") } else { line }
    }
}

/// Writes the page of a break-glass.
pub(super) fn write_page(page: &mut Page, session: &Session, id: BreakGlassId, now: Moment) -> Result<(), Error> {
    let _snapshot = session.hold_snapshot()?;
    let it = Judged::of(session, id, now)?;
    let glass = &it.glass;
    page.title(trf!("{id}: break-glass for {}", "{id}：针对 {} 的紧急处置（break-glass）", glass.opening().incident));
    write_state(page, &it, now);
    words(page, session, tr!("reason", "原因"), glass.opener().seq)?;
    for SignedAct { person, seq, .. } in glass.reports() {
        let by = trf!("what was done, said by {person} (entry {seq})", "处置经过，{person} 说明（第 {seq} 条）");
        let heading = if glass.reports().len() == 1 { tr!("what was done", "处置经过") } else { &by };
        words(page, session, heading, *seq)?;
    }
    for SignedAct { person, seq, .. } in glass.ratifications() {
        let by = trf!("comment by {person}", "{person} 的备注");
        reason_of(session, *seq)?.map_or(Ok(()), |_| words(page, session, &by, *seq))?;
    }
    for SignedAct { person, seq, .. } in std::iter::once(glass.opener()).chain(glass.reports()) {
        let heading = trf!("entry {seq}, signed by {person}", "第 {seq} 条，由 {person} 签名");
        page.block(&heading).fields(&parts(session, *seq)?.fields());
    }
    page.legend();
    Ok(())
}

/// Writes the fields of the page: the status, and who did what.
fn write_state(page: &mut Page, it: &Judged, now: Moment) {
    let glass = &it.glass;
    let act = |SignedAct { person, moment, seq, .. }: &SignedAct| {
        trf!("by {person}, {} (entry {seq})", "{person}，{}（第 {seq} 条）", moment.claimed)
    };
    page.field(tr!("status", "状态"), it.line(now));
    let change = match glass.opening().affects {
        Some(change) => {
            trf!("{change} became neither approved nor started by this", "{change} 未因此获得批准，也未因此开始实施")
        }
        None => tr!("no approved change was executed", "没有实施已批准的变更").to_owned(),
    };
    page.field(tr!("change", "变更单"), change);
    page.field(tr!("opened", "开启"), act(glass.opener()));
    if let Some(late) = glass.late() {
        let entered = act(late);
        let said = trf!("signed without the register; entered {entered}", "未连接变更台账时签名；补录：{entered}");
        page.field(tr!("late", "补录"), said);
    }
    let ends = if it.status == BreakGlassStatus::Open { tr!("ends", "到期") } else { tr!("ended", "已到期") };
    page.field(ends, glass.end());
    if !glass.is_provided_for() {
        let why = tr!(
            "its opener was in none of the groups that the policy names: it cannot be ratified",
            "开启人不在策略指定的任何一个组中：它不能被追认"
        );
        page.field(tr!("policy", "策略"), why);
    }
    for report in glass.reports() {
        page.field(tr!("closed", "关闭"), act(report));
    }
    if let Some(close) = glass.close() {
        page.field(tr!("digest", "摘要"), close.leaf);
    }
    for ratification in glass.ratifications() {
        let void = match it.void(ratification) {
            _ if it.counted.contains(&ratification.seq) => String::new(),
            Some(why) => trf!("; does not count: {}", "；不计入：{}", why.phrase()),
            None => tr!("; does not count", "；不计入").to_owned(),
        };
        page.field(tr!("ratified", "追认"), format_args!("{}{void}", act(ratification)));
    }
}

/// A break-glass as JSON.
pub(super) fn json(session: &Session, it: &Judged) -> Result<Value, Error> {
    let glass = &it.glass;
    let mut ratifications = Vec::new();
    for ratification in glass.ratifications() {
        let mut value = act_json(session, ratification)?;
        value["counts"] = it.counted.contains(&ratification.seq).into();
        ratifications.push(value);
    }
    Ok(json!({
        "breakglass": glass.id().to_string(),
        "status": it.status.to_string(),
        "approved": false,
        "opening": written::opening(glass.opening()),
        "opened": act_json(session, glass.opener())?,
        "late": glass.late().map(|it| act_json(session, it)).transpose()?,
        "provided_for": glass.is_provided_for(),
        "end": glass.end().to_string(),
        "closed": glass.close().map(|it| act_json(session, it)).transpose()?,
        "reports": glass.reports().iter().map(|it| act_json(session, it)).collect::<Result<Value, _>>()?,
        "digest": written::written(glass.close().map(|close| close.leaf)),
        "deadline": glass.deadline().to_string(),
        "ratifications": { "counted": it.counted.len(), "required": BreakGlass::RATIFIERS, "acts": ratifications },
    }))
}
