//! Starts and outcomes by a run of a pipeline. A job that is retried asks again, and must not be refused for what it has
//! done itself.

use crate::commands::change::summary::{ToSign, summary};
use crate::commands::lookup::change;
use crate::commands::{Context, record_shown};
use crate::domain::{Act, Change, Event, Finish, PersonId, RunId, Start, Text};
use crate::error::Error;
use crate::format::Entry;
use crate::output::Page;
use crate::record::Plan;
use crate::store::Session;

/// The result of an act by a run.
pub enum Once {
    /// It was recorded.
    Recorded(Box<Entry>),
    /// The same account had done it, in the same run.
    Already,
}

/// The account whose key signs, if a run is named: only its own acts count as done already.
///
/// # Errors
/// The key cannot be read, or is not enrolled.
pub fn actor_of_run(context: &Context<'_>, session: &Session, run: Option<&RunId>) -> Result<Option<PersonId>, Error> {
    if run.is_none() {
        return Ok(None);
    }
    let key = context.key_choice.key_for(session)?;
    let actor = context.key_choice.actor(session, key.public())?;
    // A run whose account or key was suspended is told nothing of what it did before.
    session.ask(|state| state.governance().judge_signer(&actor, key.public().fingerprint()))??;
    Ok(Some(actor))
}

/// Records a start, unless this run has done it.
///
/// # Errors
/// As `record_shown`.
pub fn start_once(context: &mut Context<'_>, session: &mut Session, start: &Start) -> Result<Once, Error> {
    let me = actor_of_run(context, session, start.run.as_ref())?;
    let done = |it: &Change| me.as_ref().is_some_and(|me| is_started_by(it, start, me));
    let plan = |session: &mut Session| {
        let done = done(&change(session, start.revision.change)?);
        if done { Err(Error::DoneByRun) } else { Ok(Plan::of(Event::Start(start.clone()))) }
    };
    let act = ToSign::Start(start.target.as_ref());
    let shown = |page: &mut Page, session: &Session| summary(page, session, start.revision, act);
    once(record_shown(context, session, shown, plan))
}

/// Records an outcome, unless this run has done it. `seen` says that the revision stands above the question for the
/// outcome.
///
/// # Errors
/// As `record_shown`.
pub fn finish_once(
    context: &mut Context<'_>,
    session: &mut Session,
    finish: &Finish,
    text: Option<&Text>,
    seen: bool,
) -> Result<Once, Error> {
    let me = actor_of_run(context, session, finish.run.as_ref())?;
    let done = |it: &Change| me.as_ref().is_some_and(|me| is_finished_by(it, finish, me));
    let plan = |session: &mut Session| {
        let done = done(&change(session, finish.revision.change)?);
        let event = Event::Finish(finish.clone());
        if done { Err(Error::DoneByRun) } else { Ok(Plan { event, text: text.cloned() }) }
    };
    let act = ToSign::Finish(finish.target.as_ref(), finish.outcome);
    let shown = |page: &mut Page, session: &Session| match seen {
        true => {
            page.block(&act.heading(finish.revision));
            Ok(())
        }
        false => summary(page, session, finish.revision, act),
    };
    once(record_shown(context, session, shown, plan))
}

fn once(recorded: Result<Entry, Error>) -> Result<Once, Error> {
    match recorded {
        Ok(entry) => Ok(Once::Recorded(Box::new(entry))),
        Err(Error::DoneByRun) => Ok(Once::Already),
        Err(error) => Err(error),
    }
}

fn is_by(act: &Act, me: &PersonId, run: Option<&RunId>) -> bool {
    run.is_some() && (&act.person, act.run.as_ref()) == (me, run)
}

/// Whether this account has started it in this run, and it is still in progress. What is over is not started again.
pub fn is_started_by(change: &Change, start: &Start, me: &PersonId) -> bool {
    let by = |act: &Act| is_by(act, me, start.run.as_ref());
    match start.target.as_ref().map(|target| change.on_targets().get(target)) {
        Some(on) => change.outcomes().is_empty() && on.is_some_and(|on| on.outcomes.is_empty() && by(&on.started)),
        None => {
            let started = change.started().filter(|_| change.on_targets().is_empty());
            change.outcomes().is_empty() && started.is_some_and(by)
        }
    }
}

/// Whether the latest outcome is this one, by this account in this run.
fn is_finished_by(change: &Change, finish: &Finish, me: &PersonId) -> bool {
    let outcomes = match &finish.target {
        Some(target) => change.on_targets().get(target).map_or(&[][..], |on| &on.outcomes),
        None => change.outcomes(),
    };
    let same = |(outcome, act): &(_, Act)| *outcome == finish.outcome && is_by(act, me, finish.run.as_ref());
    outcomes.last().is_some_and(same)
}
