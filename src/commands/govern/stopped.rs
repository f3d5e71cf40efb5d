//! The open changes that a proposed freeze, set of services or template would stop.

use crate::commands::lookup::title;
use crate::domain::{
    Change, ChangeId, Closed, Digest, FreezeName, Governance, Moment, Refusal, SetFreeze, SetServices, Status, Terms,
    Unloaded,
};
use crate::error::Error;
use crate::output::{Gutter, Page};
use crate::store::Session;
use crate::{tr, trf};

/// The most changes that a page lists.
const MOST: usize = 20;

/// A change that would be stopped.
struct Stopped {
    id: ChangeId,
    status: Status,
    /// The first closed time in the rest of its window.
    closed: Closed,
    /// Whether it has an exception from the freeze that would be replaced.
    excepted: bool,
}

/// Writes the open changes that this freeze would let start at no time.
pub(super) fn stopped_block(page: &mut Page, session: &Session, it: &SetFreeze, now: Moment) -> Result<(), Error> {
    // If its calendar was replaced, it can no longer be seconded.
    let Ok(terms) = session.ask(|state| state.governance().with_periods(&it.terms))? else { return Ok(()) };
    let stopped = stopped_by(session, it, &terms, now)?;
    page.block(tr!("open changes that it would stop", "将被阻止的未结束变更单"));
    if stopped.is_empty() {
        page.text("", tr!("none", "无"));
    }
    for Stopped { id, status, closed, excepted } in stopped.iter().take(MOST) {
        let again = match excepted {
            true => {
                tr!("; its exception is from the freeze that this one replaces", "；其封网例外针对的是将被替换的封网")
            }
            false => "",
        };
        page.text("-", trf!("{id} {}: {closed}{again}", "{id} {}：{closed}{again}", status.phrase()));
        let title = title(session, *id)?.unwrap_or_else(|| tr!("(text redacted)", "（文本已隐去）").to_owned());
        page.quote_text(Gutter::Prose, &title);
    }
    if stopped.len() > MOST {
        page.text("", trf!("and {} more", "另有 {} 个", stopped.len() - MOST));
    }
    Ok(())
}

/// Writes the open changes that could not be started as they are with these services: for each the first reason.
pub(super) fn unserved_block(page: &mut Page, session: &Session, it: &SetServices, now: Moment) -> Result<(), Error> {
    let open = session.queries().to_be_started()?;
    let stopped = session.ask_each(None, open, |change, governance| {
        let status = change.status(governance, now)?;
        let can_start = can_start(change, status);
        let why = if can_start { why_not(change, governance, it, now)? } else { None };
        Ok(why.map(|why| (change.id(), status, why)))
    })??;
    let said =
        |(id, status, why): (ChangeId, Status, String)| trf!("{id} {}: {why}", "{id} {}：{why}", status.phrase());
    list_stopped(page, stopped.into_iter().flatten().map(said).collect());
    Ok(())
}

/// Writes the open changes from the template that this entry put in force, and that would be replaced or ended.
pub(super) fn templated_block(page: &mut Page, session: &Session, since: Digest, now: Moment) -> Result<(), Error> {
    let open = session.queries().to_be_started()?;
    let stopped = session.ask_each(None, open, |change, governance| {
        let (facts, status) = (&change.current().facts, change.status(governance, now)?);
        let can_start = can_start(change, status);
        let follows = facts.template.as_ref().is_some_and(|it| it.template.since == since);
        Ok((can_start && follows).then(|| trf!("{} {}", "{} {}", change.id(), status.phrase())))
    })??;
    list_stopped(page, stopped.into_iter().flatten().collect());
    Ok(())
}

fn list_stopped(page: &mut Page, stopped: Vec<String>) {
    page.block(tr!("open changes that it would stop", "将被阻止的未结束变更单"));
    if stopped.is_empty() {
        page.text("", tr!("none", "无"));
    }
    stopped.iter().take(MOST).for_each(|line| _ = page.text("-", line));
    if stopped.len() > MOST {
        page.text("", trf!("and {} more", "另有 {} 个", stopped.len() - MOST));
    }
}

/// Whether a change can still be started, or on some of its targets.
fn can_start(change: &Change, status: Status) -> bool {
    match status {
        Status::AwaitingApproval | Status::Approved => true,
        Status::InProgress | Status::Overrun => change.on_targets().len() < change.current().targets.len(),
        _ => false,
    }
}

/// Why a change could not be started as it is with these services, if it names one that they change.
fn why_not(
    change: &Change,
    governance: &Governance,
    it: &SetServices,
    now: Moment,
) -> Result<Option<String>, Unloaded> {
    let facts = &change.current().facts;
    for id in &facts.services {
        let service = match it.put.get(id) {
            Some(service) => Some(service.clone()),
            None if it.dropped.contains(id) => None,
            None => governance.service(id)?.cloned(),
        };
        let Some(service) = service else {
            if it.count > 0 {
                return Ok(Some(Refusal::NoService { service: id.clone() }.to_string()));
            }
            continue;
        };
        if !facts.environments.contains(&service.environment) {
            let (service, environment) = (id.clone(), service.environment);
            return Ok(Some(Refusal::ServiceEnvironment { service, environment }.to_string()));
        }
        let hours = governance.outside_hours_of(id, &service)?;
        if let Some(closed) = hours.and_then(|(_, terms)| terms.stops(facts, now.claimed)) {
            return Ok(Some(format!("{}: {closed}", FreezeName::hours(id))));
        }
    }
    Ok(None)
}

fn stopped_by(session: &Session, it: &SetFreeze, terms: &Terms, now: Moment) -> Result<Vec<Stopped>, Error> {
    let open = session.queries().to_be_started()?;
    let stopped = session.ask_each(None, open, |change, governance| {
        let (facts, status) = (&change.current().facts, change.status(governance, now)?);
        let can_start = can_start(change, status);
        let closed = terms.stops(facts, now.claimed).filter(|_| can_start);
        let excepted = it.replaces.is_some() && facts.excepted.get(&it.name) == it.replaces.as_ref();
        Ok(closed.map(|closed| Stopped { id: change.id(), status, closed, excepted }))
    })??;
    Ok(stopped.into_iter().flatten().collect())
}
