//! Finds the change that covers what a pipeline is about to deploy.

use super::answer::Line;
use super::{Asked, Given};
use crate::domain::{Change, ChangeId, Moment, Opens, Status};
use crate::error::Error;
use crate::output::list;
use crate::store::Session;

/// The result of looking for a change.
pub enum Covered {
    /// Exactly one change covers it.
    By(ChangeId),
    /// None does, or several do.
    Not(Line),
}

/// Finds the one open change of the service that has all artifacts, and the environment if there is one.
///
/// # Errors
/// The register cannot be read.
pub fn find(session: &Session, asked: &Asked, now: Moment) -> Result<Covered, Error> {
    let Some(service) = &asked.service else { return Ok(Covered::Not(none("no service"))) };
    let ids = session.queries().open_of(service)?;
    let covering = session.ask_each(None, ids, |change, governance| {
        let open = match change.status(governance, now)? {
            Status::AwaitingApproval | Status::Approved => true,
            // Other targets may follow, and a run may ask again.
            Status::InProgress | Status::Overrun => !change.current().targets.is_empty() || is_of(change, asked),
            _ => false,
        };
        Ok((open && covers(change, asked)).then(|| (change.id(), is_in_environment(change, asked))))
    })??;
    let (here, elsewhere): (Vec<_>, Vec<_>) = covering.into_iter().flatten().partition(|(_, here)| *here);
    let here: Vec<ChangeId> = here.into_iter().map(|(id, _)| id).collect();
    Ok(match (here.as_slice(), elsewhere.as_slice()) {
        ([one], _) => Covered::By(*one),
        ([], [(id, _), ..]) => Covered::Not(Line::unsatisfied(
            "change",
            format_args!("{id} does not name environment {}", list(&asked.environment)),
            Opens::ByAct,
            "revise the change, or check the environment",
        )),
        ([], []) => Covered::Not(none(&format!("no open change of {service} has all of these artifacts"))),
        (several, _) => Covered::Not(Line::unsatisfied(
            "change",
            format_args!("several open changes of {service} have all of these artifacts: {}", list(several)),
            Opens::ByAct,
            "name one of them: `twinseal gate CHG-N`",
        )),
    })
}

fn none(why: &str) -> Line {
    Line::unsatisfied("change", why, Opens::ByAct, "file one, or check the service and the files")
}

/// Whether the run that asks has started it.
fn is_of(change: &Change, asked: &Asked) -> bool {
    asked.run.is_some() && change.started().is_some_and(|act| act.run == asked.run)
}

fn is_in_environment(change: &Change, asked: &Asked) -> bool {
    asked.environment.iter().all(|it| change.current().facts.environments.contains(it))
}

/// Whether it has the service and the artifacts.
fn covers(change: &Change, asked: &Asked) -> bool {
    let facts = &change.current().facts;
    let has = |given: &Given| {
        facts.artifacts.iter().any(|it| it.digest == given.digest && given.name.as_ref().is_none_or(|n| *n == it.name))
    };
    asked.service.iter().all(|it| facts.services.contains(it))
        && !asked.artifacts.is_empty()
        && asked.artifacts.iter().all(has)
}
