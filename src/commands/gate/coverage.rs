//! Finds the change that covers what a pipeline is about to deploy.

use super::answer::{Line, Name};
use super::{Asked, Given};
use crate::domain::{Change, ChangeId, Moment, Opens, Status};
use crate::error::Error;
use crate::output::list;
use crate::store::Session;
use crate::{tr, trf};

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
    let Some(service) = &asked.service else { return Ok(Covered::Not(none(tr!("no service", "未给出服务")))) };
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
            Name::Change,
            trf!("{id} does not name environment {}", "{id} 未列出环境 {}", list(&asked.environment)),
            Opens::ByAct,
            tr!("revise the change, or check the environment", "请修订变更单，或检查环境"),
        )),
        ([], []) => Covered::Not(none(&trf!(
            "no open change of {service} has all of these artifacts",
            "{service} 没有包含所有这些制品的未结束变更单"
        ))),
        (several, _) => Covered::Not(Line::unsatisfied(
            Name::Change,
            trf!(
                "several open changes of {service} have all of these artifacts: {}",
                "{service} 有多个未结束的变更单包含所有这些制品：{}",
                list(several)
            ),
            Opens::ByAct,
            &one_of(several),
        )),
    })
}

fn one_of(several: &[ChangeId]) -> String {
    let first = several.first().map_or_else(|| "CHG-N".to_owned(), ToString::to_string);
    trf!("name one of them: `twinseal gate {first}`", "请指定其中一个：`twinseal gate {first}`")
}

fn none(why: &str) -> Line {
    let hint = tr!("file one, or check the service and the files", "请提交变更单，或检查服务和文件");
    Line::unsatisfied(Name::Change, why, Opens::ByAct, hint)
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
