//! What may be filed, as the first revision of a change or as a later one.

use std::collections::BTreeSet;

use super::time::DAY;
use super::{Artifact, ChangeKind, Field, Governance, Header, PersonId, Refusal, Role, Terms, Time, Window};

/// Asks whether each artifact has a name of its own.
pub(super) fn judge_artifact_names(artifacts: &[Artifact]) -> Result<(), Refusal> {
    let mut names = BTreeSet::new();
    match artifacts.iter().find(|it| !names.insert(&it.name)) {
        Some(it) => Err(Refusal::ArtifactTwice { name: it.name.clone() }),
        None => Ok(()),
    }
}

/// The text fields that every change fills.
pub const MANDATORY: [Field; 5] = [Field::Title, Field::Reason, Field::Impact, Field::Plan, Field::Rollback];

/// How many years ahead a window may start.
const YEARS_AHEAD: i64 = 10;

/// Asks whether changes of this kind can be filed.
///
/// # Errors
/// [`Refusal::NoTemplate`].
pub fn judge_kind(kind: ChangeKind) -> Result<(), Refusal> {
    if kind == ChangeKind::Standard { Err(Refusal::NoTemplate) } else { Ok(()) }
}

/// Asks whether this person can own or implement a change.
///
/// # Errors
/// [`Refusal::PartyUnknown`], [`Refusal::PartyAudits`].
pub fn judge_party(governance: &Governance, person: &PersonId) -> Result<(), Refusal> {
    let person = person.clone();
    if !governance.people().contains_key(&person) {
        return Err(Refusal::PartyUnknown { person });
    }
    if governance.has_role(&person, Role::Auditor) { Err(Refusal::PartyAudits { person }) } else { Ok(()) }
}

/// Asks whether a change with this window can be filed at a moment. One that has begun can.
///
/// # Errors
/// [`Refusal::WindowEnded`], [`Refusal::WindowFar`].
pub fn judge_window(window: &Window, now: Time) -> Result<(), Refusal> {
    let far = window.start() > now.plus(YEARS_AHEAD * 366 * DAY);
    let window = window.clone();
    if window.ended(now) {
        return Err(Refusal::WindowEnded { window });
    }
    if far { Err(Refusal::WindowFar { window }) } else { Ok(()) }
}

/// Asks every rule about what is filed; the actor and their key were judged before.
pub(super) fn judge_terms(governance: &Governance, header: &Header, terms: &Terms) -> Result<(), Refusal> {
    governance.judge_role(&header.actor, Role::Engineer)?;
    judge_filing(governance, header, terms)
}

/// Asks every rule about the content of a revision.
pub(super) fn judge_filing(governance: &Governance, header: &Header, terms: &Terms) -> Result<(), Refusal> {
    judge_kind(terms.kind)?;
    if let Some(field) = MANDATORY.into_iter().find(|field| !header.fills(*field)) {
        return Err(Refusal::FieldMissing { field });
    }
    if terms.services.is_empty() {
        return Err(Refusal::NoServices);
    }
    if terms.implementers.is_empty() {
        return Err(Refusal::NoImplementers);
    }
    for person in std::iter::once(&terms.owner).chain(&terms.implementers) {
        judge_party(governance, person)?;
    }
    judge_window(&terms.window, header.time)?;
    judge_artifact_names(&terms.artifacts)
}
