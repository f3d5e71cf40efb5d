//! The open changes that a change overlaps.

use crate::domain::{Change, ChangeId, Conflicts, Digest, Facts, Moment, Overlap};
use crate::error::Error;
use crate::output::Overlapping;
use crate::store::Session;

/// The open changes that a change overlaps, those that stop it first; none if it is not open itself.
///
/// # Errors
/// The register cannot be read.
pub fn overlapping(session: &Session, change: &Change, now: Moment) -> Result<Vec<Overlapping>, Error> {
    let (current, started) = (change.current(), change.started().is_some());
    if !change.is_open() {
        return Ok(Vec::new());
    }
    let told = told(session, (change.id(), &current.facts), (&current.conflicts, Some(current.id.filed)), now)?;
    let mut told: Vec<_> = told.into_iter().map(|it| Overlapping { stops: it.stops && !started, ..it }).collect();
    told.sort_by_key(|it| !it.stops);
    Ok(told)
}

/// The open changes that a change with these facts overlaps, if it lists these; `filed` is its current revision, if there
/// is one.
///
/// # Errors
/// The register cannot be read.
pub fn told(
    session: &Session,
    (of, facts): (ChangeId, &Facts),
    (listed, filed): (&Conflicts, Option<Digest>),
    now: Moment,
) -> Result<Vec<Overlapping>, Error> {
    let with_status = session.ask(|state| {
        let told = |overlap: Overlap| {
            let other = state.change(overlap.change)?;
            let status = other.status(state.governance(), now)?;
            let lists = filed.is_some() && other.current().conflicts.get(&of) == filed.as_ref();
            let (is_listed, stops) = (overlap.is_listed(listed), overlap.stops(listed));
            Ok(Overlapping { status, listed: is_listed, lists, stops, overlap })
        };
        state.overlaps(of, facts)?.into_iter().map(told).collect()
    })?;
    Ok(with_status?)
}
