//! The page of a break-glass, and its JSON: everything that was signed about it.

use serde_json::{Value, json};

use crate::commands::lookup::{parts, reason_of, redaction};
use crate::domain::{BreakGlass, BreakGlassId, BreakGlassStatus, Moment, SignedAct};
use crate::error::Error;
use crate::output::{Gutter, Page, ago, json as written};
use crate::store::Session;

/// A break-glass as it is at a moment.
pub(in crate::commands) struct Judged {
    pub(in crate::commands) glass: BreakGlass,
    pub(in crate::commands) status: BreakGlassStatus,
    /// The entries of the ratifications that count.
    counted: Vec<u64>,
}

impl Judged {
    /// # Errors
    /// There is no such break-glass, or the cache cannot be read.
    pub(in crate::commands) fn of(session: &Session, id: BreakGlassId, now: Moment) -> Result<Self, Error> {
        let glass = super::find(session, id)?;
        let counted = session.ask(|state| {
            let counted = state.ratifiers(&glass, now)?;
            Ok(counted.iter().map(|act| act.seq).collect())
        })??;
        Ok(Self { status: glass.status(now), counted, glass })
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
        format!("{} by {}: {}", self.glass.id(), self.glass.opener().person, self.line(now))
    }

    /// The status, and what happens next: `closed (0 of 2)` and `unauthorised in 23 h`.
    pub(super) fn columns(&self, now: Moment) -> (String, String) {
        let (count, of) = (self.counted.len(), BreakGlass::RATIFIERS);
        let late = if self.glass.late().is_some() { ", late" } else { "" };
        let deadline = format!("unauthorised {}", ago(self.glass.deadline(), now.effective));
        let next = match self.status {
            BreakGlassStatus::Open => format!("ends {}", ago(self.glass.end(), now.effective)),
            BreakGlassStatus::Ended if self.glass.is_ahead(now) => "its clock ran ahead".to_owned(),
            BreakGlassStatus::Ended => deadline,
            BreakGlassStatus::Closed => format!("{count} of {of}; {deadline}"),
            BreakGlassStatus::Ratified => format!("{count} of {of}"),
            BreakGlassStatus::Unauthorised => "for good".to_owned(),
        };
        (format!("{}{late}", self.status), next)
    }

    /// The status, and until when something can be done.
    pub(in crate::commands) fn line(&self, now: Moment) -> String {
        let (status, count) = (self.status, self.counted.len());
        let of = BreakGlass::RATIFIERS;
        let deadline = ago(self.glass.deadline(), now.effective);
        let line = match status {
            BreakGlassStatus::Open => format!("{status}; ends by itself {}", ago(self.glass.end(), now.effective)),
            BreakGlassStatus::Ended if self.glass.is_ahead(now) => {
                format!("{status}; the clock of its opener ran ahead; nobody has said what was done")
            }
            BreakGlassStatus::Ended => format!("{status}; nobody has said what was done; unauthorised {deadline}"),
            BreakGlassStatus::Closed => {
                format!("{status}; {count} of {of} ratifications; unauthorised {deadline} unless ratified")
            }
            BreakGlassStatus::Ratified => format!("{status} by {count} of {of}"),
            BreakGlassStatus::Unauthorised => format!("{status} since {}, for good", self.glass.deadline()),
        };
        if self.glass.late().is_some() { format!("{line}; entered late") } else { line }
    }
}

/// Writes the page of a break-glass.
pub(super) fn write_page(page: &mut Page, session: &Session, id: BreakGlassId, now: Moment) -> Result<(), Error> {
    let _snapshot = session.hold_snapshot()?;
    let it = Judged::of(session, id, now)?;
    let glass = &it.glass;
    let act = |act: &SignedAct| format!("by {}, {} (entry {})", act.person, act.moment.claimed, act.seq);
    page.title(format_args!("{id}: break-glass for {}", glass.opening().incident));
    page.field("status", it.line(now));
    page.field(
        "change",
        match glass.opening().affects {
            Some(change) => format!("{change} became neither approved nor started by this"),
            None => "no approved change was executed".to_owned(),
        },
    );
    page.field("opened", act(glass.opener()));
    if let Some(late) = glass.late() {
        page.field("late", format_args!("signed without the register; entered {}", act(late)));
    }
    page.field(if it.status == BreakGlassStatus::Open { "ends" } else { "ended" }, glass.end());
    if !glass.is_provided_for() {
        page.field("policy", "its opener was in none of the groups that the policy names: it cannot be ratified");
    }
    for report in glass.reports() {
        page.field("closed", act(report));
    }
    if let Some(close) = glass.close() {
        page.field("digest", close.leaf);
    }
    for ratification in glass.ratifications() {
        let void = if it.counted.contains(&ratification.seq) { "" } else { "; does not count" };
        page.field("ratified", format_args!("{}{void}", act(ratification)));
    }
    words(page, session, "reason", glass.opener())?;
    for report in glass.reports() {
        let by = format!("what was done, said by {} (entry {})", report.person, report.seq);
        words(page, session, if glass.reports().len() == 1 { "what was done" } else { &by }, report)?;
    }
    for ratification in glass.ratifications() {
        let by = format!("comment by {}", ratification.person);
        reason_of(session, ratification.seq)?.map_or(Ok(()), |_| words(page, session, &by, ratification))?;
    }
    for signed in std::iter::once(glass.opener()).chain(glass.reports()) {
        let heading = format!("entry {}, signed by {}", signed.seq, signed.person);
        page.block(&heading).fields(&parts(session, signed.seq)?.fields());
    }
    page.legend();
    Ok(())
}

/// Writes what somebody wrote, or who redacted it.
fn words(page: &mut Page, session: &Session, heading: &str, act: &SignedAct) -> Result<(), Error> {
    page.block(heading);
    if let Some(redacted) = redaction(session, act.seq)? {
        page.text("", format_args!("(text redacted {})", redacted.by));
        redacted.reason.iter().for_each(|reason| _ = page.quote_text(Gutter::Prose, reason));
        return Ok(());
    }
    for block in parts(session, act.seq)?.content() {
        page.lines(&block.lines);
    }
    Ok(())
}

/// A break-glass as JSON.
pub(super) fn json(session: &Session, it: &Judged) -> Result<Value, Error> {
    let glass = &it.glass;
    let act = |act: &SignedAct| -> Result<Value, Error> {
        Ok(json!({
            "person": act.person.to_string(),
            "time": act.moment.claimed.to_string(),
            "seq": act.seq,
            "leaf": act.leaf.to_string(),
            "comment": reason_of(session, act.seq)?,
        }))
    };
    let mut ratifications = Vec::new();
    for ratification in glass.ratifications() {
        let mut value = act(ratification)?;
        value["counts"] = it.counted.contains(&ratification.seq).into();
        ratifications.push(value);
    }
    Ok(json!({
        "breakglass": glass.id().to_string(),
        "status": it.status.to_string(),
        "approved": false,
        "opening": written::opening(glass.opening()),
        "opened": act(glass.opener())?,
        "late": glass.late().map(act).transpose()?,
        "provided_for": glass.is_provided_for(),
        "end": glass.end().to_string(),
        "closed": glass.close().map(act).transpose()?,
        "reports": glass.reports().iter().map(act).collect::<Result<Value, _>>()?,
        "digest": written::written(glass.close().map(|close| close.leaf)),
        "deadline": glass.deadline().to_string(),
        "ratifications": { "counted": it.counted.len(), "required": BreakGlass::RATIFIERS, "acts": ratifications },
    }))
}
