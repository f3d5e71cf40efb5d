//! Samples and reconciliations that auditors recorded.

use serde_json::Value;

use super::frame::Frame;
use super::{Draw, Method};
use crate::commands::audit::population::Log;
use crate::domain::{Event, EventKind, Sample, Time};
use crate::error::{Error, UsageError};
use crate::format::Entry;
use crate::output::Clock;
use crate::output::json;
use crate::store::{EntryFilter, Session};
use crate::{tr, trf};

/// A recorded sample whose period overlaps: of the changes, or of deployments in any list, as the draw is.
pub struct Earlier {
    entry: Entry,
    sample: Box<Sample>,
    /// Whether it is what its seed draws; `None` for one from another list.
    repeats: Option<bool>,
}

/// The samples that were recorded before a draw. Those from other lists are among them: a list that is saved again has
/// another digest.
///
/// # Errors
/// The cache cannot be read.
pub fn earlier(session: &Session, frame: &Frame, draw: &Draw, now: Time) -> Result<Vec<Earlier>, Error> {
    let mut found = Vec::new();
    for entry in entries(session, EventKind::Sample)? {
        let Event::Sample(sample) = entry.event.clone() else { continue };
        let alike = sample.drawn.input().is_some() == frame.input().is_some();
        if alike && sample.period.overlaps(draw.period) && entry.header.seq < draw.log.size {
            let repeats = repeats(session, frame, &sample, now)?;
            found.push(Earlier { entry, sample, repeats });
        }
    }
    Ok(found)
}

/// Whether a recorded sample is what its seed draws from the log that it names; for deployments, from the log as it is now.
fn repeats(session: &Session, frame: &Frame, it: &Sample, now: Time) -> Result<Option<bool>, Error> {
    if it.drawn.input() != frame.input() {
        return Ok(None);
    }
    let method = Method { seed: it.seed.clone(), size: it.drawn.count(), period: it.period };
    let again = Draw::new(session, frame, &method, (Log::at(session, it.log.count)?, now))?;
    Ok(Some(again.statement(frame) == *it))
}

/// Fails unless an auditor recorded a reconciliation with the list that is drawn from.
///
/// # Errors
/// There is none, or the cache cannot be read.
pub fn check_reconciled(session: &Session, frame: &Frame) -> Result<(), Error> {
    let Some(input) = frame.input() else { return Ok(()) };
    let of_it = |entry: &Entry| matches!(&entry.event, Event::Reconciliation(it) if it.input == input);
    if entries(session, EventKind::Reconciliation)?.iter().any(of_it) {
        return Ok(());
    }
    let message = tr!("no reconciliation with this list is recorded", "没有记录过与该清单的核对").to_owned();
    let hint = tr!(
        "record one first: `twinseal audit reconcile FILE --record`",
        "请先记录一次：`twinseal audit reconcile FILE --record`"
    );
    Err(UsageError { message, hint: hint.to_owned() }.into())
}

fn entries(session: &Session, kind: EventKind) -> Result<Vec<Entry>, Error> {
    let filter = EntryFilter { kind: Some(kind), ..EntryFilter::default() };
    let mut entries = Vec::new();
    for seq in session.queries().entries(&filter)? {
        entries.extend(session.entry(seq)?);
    }
    Ok(entries)
}

impl Earlier {
    pub fn json(&self) -> Value {
        let Entry { header, event, leaf, .. } = &self.entry;
        let mut json = json::entry(header, event, None, *leaf);
        json["repeats"] = self.repeats.into();
        json
    }

    /// `entry 90, 2026-12-02 09:00 UTC, audrey: 3 of 4 by the seed dice 416`.
    pub fn said(&self, clock: &Clock) -> String {
        let (header, it) = (&self.entry.header, &self.sample);
        let (seq, actor, time) = (header.seq, &header.actor, clock.minute(header.time, "UTC"));
        let (drawn, of, seed) = (it.drawn.count(), it.of, &it.seed);
        let said = trf!(
            "entry {seq}, {time}, {actor}: {drawn} of {of} by the seed {seed}",
            "第 {seq} 条，{time}，{actor}：按种子 {seed} 从 {of} 个中抽取 {drawn} 个"
        );
        match self.repeats {
            Some(true) => said,
            Some(false) if it.drawn.input().is_none() => {
                trf!("{said}; its seed draws others", "{said}；其种子抽取的是其他变更单")
            }
            Some(false) => trf!(
                "{said}; its seed draws others from the log as it is now",
                "{said}；按目前的日志，其种子抽取的是其他部署"
            ),
            None => trf!("{said}; from another list", "{said}；取自另一份清单"),
        }
    }
}
