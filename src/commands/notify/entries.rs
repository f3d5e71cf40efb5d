//! What happened: the entries that were verified since the last run.

use super::found::{Found, requesters_and_owner};
use crate::commands::breakglass::find;
use crate::commands::lookup::change;
use crate::domain::{Action, BreakGlassId, ChangeId, Event, FreezeName, Moment, PersonId, ServiceId};
use crate::error::Error;
use crate::format::entry::Entry;
use crate::notify::What;
use crate::output::Then;
use crate::store::Session;

/// What an entry says; `None` if nobody is told. `everybody` are the people of the register.
///
/// # Errors
/// The register cannot be read.
pub fn happened(session: &Session, seq: u64, everybody: &[PersonId], now: Moment) -> Result<Option<Found>, Error> {
    let Some(entry) = session.entry(seq)? else { return Ok(None) };
    let actor = entry.event.whose(&entry.header).0.clone();
    let found = match &entry.event {
        Event::Approve(revision) => on_change(session, seq, What::Approved, revision.change)?,
        Event::Submit(it) => on_change(session, seq, What::Approved, it.statement.revision.change)?,
        Event::Reject(revision) => on_change(session, seq, What::Rejected, revision.change)?,
        Event::Retract(revision) => on_change(session, seq, What::Retracted, revision.change)?,
        Event::Start(start) => on_change(session, seq, What::Started, start.revision.change)?,
        Event::Finish(finish) => {
            let outcome = match &finish.target {
                Some(target) => format!("{} on {target}", finish.outcome),
                None => finish.outcome.to_string(),
            };
            on_change(session, seq, What::Finished, finish.revision.change)?.word(outcome)
        }
        Event::FreezeNow { services, until } => {
            freeze(session, seq, What::FreezeBegun, &FreezeName::now(seq), services).until(*until, Then::FreezeEnds)
        }
        Event::FreezeEnd(freeze_ref) => freeze(session, seq, What::FreezeEnded, &freeze_ref.name, &Default::default()),
        Event::Second(proposal) => match seconded(session, &entry, proposal.proposal)? {
            Some(found) => found,
            None => return Ok(None),
        },
        Event::BreakGlassOpen { id, .. } => glass(session, seq, What::GlassOpened, *id, now)?,
        Event::BreakGlassEnter { id, .. } => glass(session, seq, What::GlassEntered, *id, now)?,
        Event::BreakGlassClose(id) => glass(session, seq, What::GlassClosed, *id, now)?,
        Event::BreakGlassRatify { id, .. } => glass(session, seq, What::GlassRatified, *id, now)?,
        _ => return Ok(None),
    };
    let found = match found.notice.what.event() {
        Some(crate::notify::EventName::BreakGlass) => found.concerning(everybody.iter().cloned()),
        _ => found,
    };
    Ok(Some(found.by(&actor)))
}

fn on_change(session: &Session, seq: u64, what: What, id: ChangeId) -> Result<Found, Error> {
    let change = change(session, id)?;
    let facts = &change.current().facts;
    let found = Found::new(session, key(seq), (what, id.to_string()), &format!("show {id}")).about(&change);
    let found = found.until(facts.window.start(), Then::WindowOpens);
    Ok(found.concerning(requesters_and_owner(&change)))
}

/// A freeze began or ended. Rules for a service choose it if it concerns that service or all.
fn freeze(
    session: &Session,
    seq: u64,
    what: What,
    name: &FreezeName,
    services: &std::collections::BTreeSet<ServiceId>,
) -> Found {
    let typed = if what == What::FreezeEnded { "freeze list".to_owned() } else { format!("freeze show {name}") };
    let mut found = Found::new(session, key(seq), (what, format!("freeze {name}")), &typed);
    found.choice.facets = crate::notify::Facets::default();
    if !services.is_empty() {
        found.choice.facets.services = Some(services.clone());
    }
    found
}

/// A second that puts a freeze in force or ends one.
fn seconded(session: &Session, entry: &Entry, id: crate::domain::ProposalId) -> Result<Option<Found>, Error> {
    let opened = session.ask(|state| state.governance().proposal(id).map(|it| it.seq))??;
    let proposed = session.entry(opened)?.map(|entry| entry.event);
    let seq = entry.header.seq;
    Ok(match proposed {
        Some(Event::Propose { action: Action::SetFreeze(set), .. }) => {
            Some(freeze(session, seq, What::FreezeBegun, &set.name, &set.terms.scope.services))
        }
        Some(Event::Propose { action: Action::LiftFreeze(lift), .. }) => {
            Some(freeze(session, seq, What::FreezeEnded, &lift.name, &Default::default()))
        }
        _ => None,
    })
}

fn glass(session: &Session, seq: u64, what: What, id: BreakGlassId, now: Moment) -> Result<Found, Error> {
    let glass = find(session, id)?;
    let mut found = Found::new(session, key(seq), (what, id.to_string()), &format!("breakglass show {id}"));
    // Every rule about break-glass chooses it, whatever services it asks for: nobody knows yet what it touches.
    found.choice.facets = crate::notify::Facets::default();
    let (at, then) = match glass.close() {
        Some(_) => (glass.deadline(), Then::Unauthorised),
        None => (glass.end(), Then::Ends),
    };
    Ok(if glass.is_ahead(now) { found } else { found.until(at, then) })
}

/// The prefix of the key of what happened; the rest is the number of its entry.
pub const ENTRY: &str = "entry ";

fn key(seq: u64) -> String {
    format!("{ENTRY}{seq}")
}
