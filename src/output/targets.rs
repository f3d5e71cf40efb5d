//! How far a change has come on each of its targets.

use super::list;
use crate::domain::{Act, Change, OnTarget, Outcome, Target};

/// With more targets than this, those that need nothing share a line.
const MOST_LINES: usize = 8;

/// The width of a line of targets.
const WIDTH: usize = 60;

/// How far a change has come on its targets, then the state of each: `started on 3 of 40: 2 succeeded, 1 failed`.
pub fn progress(change: &Change) -> String {
    let (all, targets) = (change.on_targets(), &change.current().targets);
    let count = |outcome: Option<Outcome>| all.values().filter(|it| it.outcome() == outcome).count();
    let each = Outcome::ALL.iter().map(|it| (it.phrase(), count(Some(*it))));
    let each = each.chain([("in progress".to_owned(), count(None))]).filter(|(_, count)| *count > 0);
    let each = list(each.map(|(phrase, count)| format!("{count} {phrase}")));
    let stopped = change.current().facts.stop_after.is_some_and(|most| change.failed_targets() >= most);
    let stopped = if stopped { "; stopped: the others need a new change" } else { "" };
    let mut lines = vec![format!("started on {} of {}: {each}{stopped}", all.len(), targets.len())];
    let (needs_little, each): (Vec<_>, Vec<_>) = targets.iter().partition(|it| {
        let outcome = all.get(*it).map(OnTarget::outcome);
        targets.len() > MOST_LINES && matches!(outcome, None | Some(Some(Outcome::Succeeded)))
    });
    lines.extend(each.into_iter().map(|it| format!("{it}: {}", state(all.get(it)))));
    let (not_started, succeeded): (Vec<_>, Vec<_>) = needs_little.into_iter().partition(|it| !all.contains_key(*it));
    lines.extend(folded("succeeded", &succeeded));
    lines.extend(folded("not started", &not_started));
    lines.join("\n")
}

/// The state of a target, and since when.
fn state(on: Option<&OnTarget>) -> String {
    let by = |act: &Act| format!("by {}, {}", act.person, act.time);
    match on {
        None => "not started".to_owned(),
        Some(on) => match on.outcomes.last() {
            None => format!("in progress, started {}", by(&on.started)),
            Some((outcome, act)) => format!("{} {}", outcome.phrase(), by(act)),
        },
    }
}

/// Targets of one state, in lines of a readable width.
fn folded(state: &str, targets: &[&Target]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = format!("{state}:");
    for it in targets {
        let it = it.to_string();
        if line.len() + it.len() >= WIDTH {
            lines.push(std::mem::replace(&mut line, " ".to_owned()));
        }
        line = format!("{line} {it}");
    }
    lines.extend(Some(line).filter(|_| !targets.is_empty()));
    lines
}
