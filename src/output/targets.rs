//! How far a change has come on each of its targets.

use super::lines::measure;
use super::list;
use crate::domain::{Act, Change, OnTarget, Outcome, Target};
use crate::{tr, trf};

/// With more targets than this, those that need nothing share a line.
const MOST_LINES: usize = 8;

/// The width of a line of targets.
const WIDTH: usize = 60;

/// How far a change has come on its targets, then the state of each: `started on 3 of 40: 2 succeeded, 1 failed`.
pub fn progress(change: &Change) -> String {
    let (all, targets) = (change.on_targets(), &change.current().targets);
    let count = |outcome: Option<Outcome>| all.values().filter(|it| it.outcome() == outcome).count();
    let each = Outcome::ALL.iter().map(|it| (it.phrase(), count(Some(*it))));
    let in_progress = tr!("in progress", "实施中").to_owned();
    let each = each.chain([(in_progress, count(None))]).filter(|(_, count)| *count > 0);
    let each = list(each.map(|(phrase, count)| trf!("{count} {phrase}", "{phrase} {count} 个")));
    let stopped = change.current().facts.stop_after.is_some_and(|most| change.failed_targets() >= most);
    let stopped = if stopped {
        tr!("; stopped: the others need a new change", "；已停止：其余目标需另提变更单")
    } else {
        ""
    };
    let (begun, targets_in_all) = (all.len(), targets.len());
    let mut lines = vec![trf!(
        "started on {begun} of {targets_in_all}: {each}{stopped}",
        "已开始 {begun}/{targets_in_all}：{each}{stopped}"
    )];
    let (needs_little, each): (Vec<_>, Vec<_>) = targets.iter().partition(|it| {
        let outcome = all.get(*it).map(OnTarget::outcome);
        targets.len() > MOST_LINES && matches!(outcome, None | Some(Some(Outcome::Succeeded)))
    });
    lines.extend(each.into_iter().map(|it| trf!("{it}: {}", "{it}：{}", state(all.get(it)))));
    let (not_started, succeeded): (Vec<_>, Vec<_>) = needs_little.into_iter().partition(|it| !all.contains_key(*it));
    lines.extend(folded(tr!("succeeded:", "成功："), &succeeded));
    lines.extend(folded(tr!("not started:", "未开始："), &not_started));
    lines.join("\n")
}

/// The state of a target, and since when.
fn state(on: Option<&OnTarget>) -> String {
    let by = |act: &Act| trf!("by {}, {}", "{}，{}", act.person, act.time);
    match on {
        None => tr!("not started", "未开始").to_owned(),
        Some(on) => match on.outcomes.last() {
            None => trf!("in progress, started {}", "实施中（开始：{}）", by(&on.started)),
            Some((outcome, act)) => trf!("{} {}", "{}（{}）", outcome.phrase(), by(act)),
        },
    }
}

/// Targets of one state, in lines of a readable width.
fn folded(label: &str, targets: &[&Target]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = label.to_owned();
    for it in targets {
        let it = it.to_string();
        if measure(&line) + measure(&it) >= WIDTH {
            lines.push(std::mem::replace(&mut line, " ".to_owned()));
        }
        line = format!("{line} {it}");
    }
    lines.extend(Some(line).filter(|_| !targets.is_empty()));
    lines
}
