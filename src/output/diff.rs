//! Differences between two revisions, field by field and word by word.

use std::fmt::Display;

use similar::{ChangeTag, TextDiff};

use super::{Page, window_lines};
use crate::domain::{Description, Facts, Prose, Step};

/// The fields of a revision as labelled text, in page order.
fn fields(facts: &Facts, words: &Description) -> Vec<(&'static str, String)> {
    let prose = |prose: &Option<Prose>| prose.as_ref().map_or(String::new(), Prose::to_string);
    let artifacts = facts.artifacts.iter().map(|it| format!("{} sha256:{}", it.name, it.digest));
    let tests = (1..).zip(&words.tests).map(|(n, it)| {
        let digest = facts.evidence.iter().find(|(test, _)| *test == n);
        let evidence = it.evidence.as_ref().zip(digest).map(|(path, (_, digest))| format!("\n{path} sha256:{digest}"));
        format!("{n}. {}\nresult: {}{}", it.what, it.result, evidence.unwrap_or_default())
    });
    vec![
        ("title", words.title.as_ref().map_or(String::new(), |title| title.to_string())),
        ("kind", facts.kind.to_string()),
        ("risk", facts.risk.to_string()),
        ("owner", facts.owner.to_string()),
        ("implementers", lines(&facts.implementers)),
        ("services", lines(&facts.services)),
        ("tags", lines(&facts.tags)),
        ("window", window_lines(&facts.window)),
        ("outage", format!("{} min", facts.outage_minutes)),
        ("links", lines(&facts.links)),
        ("reason", prose(&words.reason)),
        ("impact", prose(&words.impact)),
        ("security", prose(&words.security)),
        ("plan", steps(&words.plan)),
        ("rollback", format!("{} min\n{}", facts.rollback_minutes, steps(&words.rollback))),
        ("abort if", lines(&words.abort_if)),
        ("tests", tests.collect::<Vec<_>>().join("\n")),
        ("success", prose(&words.success)),
        ("artifacts", artifacts.collect::<Vec<_>>().join("\n")),
    ]
}

fn lines<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join("\n")
}

fn steps(steps: &[Step]) -> String {
    let step = |(n, it): (u64, &Step)| {
        let command = it.command.as_ref().map_or(String::new(), |command| format!("\n$ {command}"));
        format!("{n}. {}{command}", it.text)
    };
    (1..).zip(steps).map(step).collect::<Vec<_>>().join("\n")
}

/// Writes the differences to a page: `[-removed-]`, `{+added+}`, and an ellipsis for unchanged lines. Returns whether
/// there are any.
pub fn diff(page: &mut Page, old: (&Facts, &Description), new: (&Facts, &Description)) -> bool {
    let differing = differing(old, new);
    for (label, old, new) in &differing {
        page.block(label).text("", changed_lines(old, new).join("\n"));
    }
    !differing.is_empty()
}

/// The fields that differ, each with its old and new text.
pub fn differing(old: (&Facts, &Description), new: (&Facts, &Description)) -> Vec<(&'static str, String, String)> {
    let pairs = fields(old.0, old.1).into_iter().zip(fields(new.0, new.1));
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
