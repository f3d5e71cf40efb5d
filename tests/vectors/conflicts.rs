//! Changes that overlap: in the good log, in bad entries, and in refused ones.

use twinseal::domain::{
    ChangeId, Conflicts, Digest, Event, Execution, Facts, Text, Window, conflicts_root, empty_root,
};
use twinseal::format::Raw;

use super::bad_entries::{Bad, body_of, replaced, with_body, with_data};
use super::good_log::{Log, all, few_facts, few_words};
use super::refused::Attempt;

/// The facts of a change at a time of its own.
fn facts() -> Facts {
    let [from, until] = ["2026-12-20T20:00:00Z", "2026-12-20T22:00:00Z"].map(|it| it.parse().unwrap());
    Facts { window: Window::new(from, until, "UTC".parse().unwrap()).unwrap(), ..few_facts() }
}

/// Three changes: the second overlaps the first, and the third overlaps both.
pub fn conflicts(log: &mut Log) {
    log.file(facts(), few_words(), Execution::default());
    log.file(Facts { implementers: all(&["frank"]), ..facts() }, few_words(), Execution::default());
    log.file(
        Facts { services: all(&["risk-engine"]), implementers: all(&["erin", "frank"]), ..facts() },
        few_words(),
        Execution::default(),
    );
}

/// Entries about conflicts with one defect each.
pub fn bad_conflicts(good: &[Raw]) -> Vec<Bad> {
    let raw = good.iter().rfind(|raw| body_of(raw).contains("\nconflicts 2 ")).unwrap();
    let data = String::from_utf8(raw.data.clone().unwrap()).unwrap();
    let body = body_of(raw);
    let (first, second) = data.split_at(data.find('\n').unwrap() + 1);
    let counted = body.lines().find(|line| line.starts_with("conflicts ")).unwrap().to_owned();
    let none = format!("conflicts 0 {}", empty_root());
    let edited = |name, defect, data: String| Bad { name, defect, raw: with_data(raw, data.as_bytes()) };
    let bodied =
        |name, defect, line: String| Bad { name, defect, raw: with_body(raw, replaced(&body, &counted, &line)) };
    vec![
        edited("conflict-left-out", "DataFields", first.to_owned()),
        edited("conflicts-out-of-order", "data: NotCanonical", format!("{second}{first}")),
        edited("conflict-twice", "data: NotCanonical", format!("{first}{first}{second}")),
        edited("conflict-behind-a-target", "data: Surplus", format!("target gw-1\n{data}")),
        edited("conflict-without-a-leaf", "data: line 1, conflict: Digest", data.replacen(' ', " CHG-7\n", 2)),
        bodied("conflicts-of-another-count", "DataFields", counted.replacen(" 2 ", " 3 ", 1)),
        bodied("conflicts-of-none", "line 19, conflicts: Number", none),
    ]
}

/// Entries about conflicts that a rule refuses at the end of the good log.
pub fn refused_conflicts(log: &Log) -> Vec<Attempt> {
    let change = log.state.next_change();
    let overlapped = log.state.conflicts(change, &facts()).unwrap();
    let listing = |edit: &dyn Fn(&mut Conflicts)| {
        let (mut facts, mut execution) = (Box::new(facts()), Box::<Execution>::default());
        execution.conflicts = overlapped.clone();
        edit(&mut execution.conflicts);
        facts.conflicts = conflicts_root(&execution.conflicts);
        Event::File { change, facts, execution }
    };
    let words = || Some(Text::Description(Box::new(few_words())));
    let withdrawn: ChangeId = "CHG-2".parse().unwrap();
    let another = overlapped.keys().next_back().copied().unwrap();
    let left_out = listing(&|it| _ = it.remove(&another));
    let old = listing(&|it| _ = it.insert(another, Digest::NONE));
    let surplus = listing(&|it| _ = it.insert(withdrawn, log.state.change(withdrawn).unwrap().current().id.filed));
    vec![
        ("conflict-not-listed", "conflict-listed", "erin", left_out, words()),
        ("conflict-of-another-revision", "conflict-listed", "erin", old, words()),
        ("conflict-listed-that-is-none", "conflict-real", "erin", surplus, words()),
    ]
}
