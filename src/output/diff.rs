//! Differences between two revisions, field by field and word by word.

use std::collections::BTreeMap;
use std::fmt::Display;

use similar::{ChangeTag, TextDiff};

use super::{Page, automation_lines, window_lines};
use crate::domain::{Automation, Description, Execution, Facts, Prose, Step};

/// A revision whose differences to another are shown.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Its structured part.
    pub facts: &'a Facts,
    /// Its text part; empty if it was redacted.
    pub words: &'a Description,
    /// Its data part.
    pub execution: &'a Execution,
}

/// The fields of a revision as labelled text, in page order.
fn fields(Shown { facts, words, execution }: Shown<'_>) -> Vec<(&'static str, String)> {
    let prose = |prose: &Option<Prose>| prose.as_ref().map_or(String::new(), Prose::to_string);
    let artifacts = facts.artifacts.iter().map(|it| format!("{} sha256:{}", it.name, it.digest));
    let tests = (1..).zip(&words.tests).map(|(n, it)| {
        let digest = facts.evidence.get(&n);
        let evidence = it.evidence.as_ref().zip(digest).map(|(path, digest)| format!("\n{path} sha256:{digest}"));
        format!("{n}. {}\nresult: {}{}", it.what, it.result, evidence.unwrap_or_default())
    });
    vec![
        ("title", words.title.as_ref().map_or(String::new(), |title| title.to_string())),
        ("kind", facts.kind.to_string()),
        ("risk", facts.risk.to_string()),
        ("owner", facts.owner.to_string()),
        ("authors", lines(&facts.authors)),
        ("implementers", lines(&facts.implementers)),
        ("services", lines(&facts.services)),
        ("environments", lines(&facts.environments)),
        ("tags", lines(&facts.tags)),
        ("window", window_lines(&facts.window)),
        ("outage", format!("{} min", facts.outage_minutes)),
        ("links", lines(&facts.links)),
        ("follows", lines(&facts.follows)),
        ("targets", lines(&execution.targets)),
        ("stop after", facts.stop_after.map_or(String::new(), |n| format!("{n} failed"))),
        ("reason", prose(&words.reason)),
        ("impact", prose(&words.impact)),
        ("security", prose(&words.security)),
        ("plan", steps(&words.plan, &execution.plan)),
        ("rollback", format!("{} min\n{}", facts.rollback_minutes, steps(&words.rollback, &execution.rollback))),
        ("abort if", lines(&words.abort_if)),
        ("tests", tests.collect::<Vec<_>>().join("\n")),
        ("success", prose(&words.success)),
        ("artifacts", artifacts.collect::<Vec<_>>().join("\n")),
    ]
}

fn lines<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join("\n")
}

fn steps(steps: &[Step], automation: &BTreeMap<u64, Automation>) -> String {
    let automated = |n: u64| -> String {
        let lines = automation.get(&n).map(automation_lines).unwrap_or_default();
        lines.into_iter().map(|(mark, value)| format!("\n{mark} {value}")).collect()
    };
    // If the text was redacted, only the machine form is left.
    let last = automation.keys().next_back().copied().unwrap_or(0).max(u64::try_from(steps.len()).unwrap_or(0));
    let texts = steps.iter().map(Some).chain(std::iter::repeat(None));
    let step = |(n, it): (u64, Option<&Step>)| {
        let command = it.and_then(|it| it.command.as_ref()).map_or(String::new(), |command| format!("\n$ {command}"));
        let text = it.map_or("", |it| it.text.as_str());
        format!("{n}. {text}{command}{}", automated(n))
    };
    (1..=last).zip(texts).map(step).collect::<Vec<_>>().join("\n")
}

/// Writes the differences to a page: `[-removed-]`, `{+added+}`, and an ellipsis for unchanged lines. Returns whether
/// there are any.
pub fn diff(page: &mut Page, old: Shown<'_>, new: Shown<'_>) -> bool {
    let differing = differing(old, new);
    for (label, old, new) in &differing {
        page.block(label).text("", changed_lines(old, new).join("\n"));
    }
    !differing.is_empty()
}

/// The fields that differ, each with its old and new text.
pub fn differing(old: Shown<'_>, new: Shown<'_>) -> Vec<(&'static str, String, String)> {
    let pairs = fields(old).into_iter().zip(fields(new));
    pairs.filter(|(old, new)| old != new).map(|((label, old), (_, new))| (label, old, new)).collect()
}

/// The lines that differ, with their changed words marked.
fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let mut marked = vec![(String::new(), false)];
    let words = TextDiff::from_words(old, new);
    for change in words.iter_all_changes() {
        let (open, close) = match change.tag() {
            ChangeTag::Equal => ("", ""),
            ChangeTag::Delete => ("[-", "-]"),
            ChangeTag::Insert => ("{+", "+}"),
        };
        for (n, piece) in change.value().split('\n').enumerate() {
            if n > 0 {
                marked.push((String::new(), false));
            }
            if let Some((line, changed)) = marked.last_mut().filter(|_| !piece.is_empty()) {
                *changed |= change.tag() != ChangeTag::Equal;
                line.push_str(&format!("{open}{piece}{close}"));
            }
        }
    }
    let mut shown: Vec<String> = Vec::new();
    for (line, changed) in marked {
        if changed {
            // Adjacent changed words read better as one change.
            shown.push(line.replace("-][-", "").replace("+}{+", ""));
        } else if shown.last().is_none_or(|last| last != "…") {
            shown.push("…".to_owned());
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_words_are_marked_and_equal_lines_left_out() {
        let old = "one\ntwo\nset the pool to 160 now\nfour";
        let new = "one\ntwo\nset the pool to 180 now\nfour\nfive";
        assert_eq!(changed_lines(old, new), ["…", "set the pool to [-160-]{+180+} now", "…", "{+five+}"]);
    }
}
