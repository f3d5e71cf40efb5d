//! Differences between two revisions, line by line.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::hash::Hash;
use std::time::{Duration, Instant};

use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices_deadline};

use super::signed::{NAMES, heading};
use super::{Block, Gutter, Page, Parts, Quoted, mark_width, window_lines};
use crate::domain::Facts;
use crate::trf;

/// What a comparison shows of the lines that are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Equal {
    /// One before and after each difference, and how many are left out.
    Near,
    /// All of them.
    All,
}

/// How long a page may look for the fewest differences.
const SEARCH: Duration = Duration::from_secs(1);

/// When the search for the fewest differences of a page ends.
pub(super) fn search_end() -> Instant {
    Instant::now() + SEARCH
}

/// How the new lines follow from the old ones. After `end` the differences are correct, but more than the fewest.
pub(super) fn differences<T: Hash + Eq>(old: &[T], new: &[T], end: Instant) -> Vec<DiffOp> {
    capture_diff_slices_deadline(Algorithm::Myers, old, new, Some(end))
}

/// Writes the differences between two revisions: each line that was removed behind `-`, each that was added behind
/// `+`, and then its gutter. Returns whether there are any.
pub fn diff(page: &mut Page, old: &Parts, new: &Parts, equal: Equal) -> bool {
    let mut blocks: BTreeMap<usize, (String, Vec<Quoted>, Vec<Quoted>)> = BTreeMap::new();
    for block in old.content() {
        blocks.insert(block.place, (block.heading(), block.lines, Vec::new()));
    }
    for block in new.content() {
        let heading = block.heading();
        let both = blocks.entry(block.place).or_insert_with(|| (heading.clone(), Vec::new(), Vec::new()));
        (both.0, both.2) = (heading, block.lines);
    }
    let fields = (heading("fields").to_owned(), old.chosen_fields(), new.chosen_fields());
    let (mut any, end) = (false, search_end());
    for (name, old, new) in [fields].into_iter().chain(blocks.into_values()) {
        if old != new || equal == Equal::All {
            any |= old != new;
            page.block(&name);
            changed_lines(page, (&old, &new), equal, end);
        }
    }
    any
}

/// The lines that differ, each with its sign, and the number of those that were left out.
fn changed_lines(page: &mut Page, (old, new): (&[Quoted], &[Quoted]), equal: Equal, end: Instant) {
    let marks = if is_field(old) || is_field(new) { NAMES } else { mark_width(old.iter().chain(new)) };
    let ops = differences(old, new, end);
    let last = ops.len().saturating_sub(1);
    for (n, op) in ops.iter().enumerate() {
        let changes: Vec<_> = op.iter_changes(old, new).collect();
        let (before, after) = (usize::from(n > 0), usize::from(n < last));
        let hidden = match (op, equal) {
            (DiffOp::Equal { .. }, Equal::Near) => changes.len().saturating_sub(before + after),
            _ => 0,
        };
        for (at, change) in changes.iter().enumerate() {
            let sign = match change.tag() {
                ChangeTag::Equal => " ",
                ChangeTag::Delete => "-",
                ChangeTag::Insert => "+",
            };
            if hidden > 1 && at == before {
                page.text("", trf!("({hidden} equal lines)", "（{hidden} 行相同）"));
            }
            if hidden <= 1 || at < before || at >= before + hidden {
                page.quote_as(sign, change.value_ref(), marks);
            }
        }
    }
}

fn is_field(lines: &[Quoted]) -> bool {
    lines.first().is_some_and(|line| line.gutter == Gutter::Field)
}

/// A revision whose differences are listed for programs.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Its structured part.
    pub facts: &'a Facts,
    /// Its exact lines.
    pub parts: &'a Parts,
}

/// The fields that differ, each with its old and new text.
pub fn differing(old: Shown<'_>, new: Shown<'_>) -> Vec<(&'static str, String, String)> {
    let signed =
        |it: &Shown<'_>| it.parts.chosen_fields().iter().map(|it| it.text.clone()).collect::<Vec<_>>().join("\n");
    let whole = (signed(&old), signed(&new));
    let pairs = fields(old).into_iter().zip(fields(new));
    let mut differing: Vec<_> =
        pairs.filter(|(old, new)| old != new).map(|((label, old), (_, new))| (label, old, new)).collect();
    // A signed field that has no label of its own must not make two revisions look the same.
    if differing.is_empty() && whole.0 != whole.1 {
        differing.push(("fields", whole.0, whole.1));
    }
    differing
}

/// The fields of a revision as labelled text, in page order. Two different revisions differ in one.
fn fields(Shown { facts, parts }: Shown<'_>) -> Vec<(&'static str, String)> {
    let content = parts.content();
    let block = |name: &str| content.iter().find(|block| block.name == name).map_or(String::new(), block_text);
    let artifacts = facts.artifacts.iter().map(|it| format!("{} sha256:{}", it.name, it.digest));
    vec![
        ("title", block("title")),
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
        ("conflicts", block("conflicts")),
        ("targets", block("targets")),
        ("stop after", facts.stop_after.map_or(String::new(), |n| format!("{n} failed"))),
        ("reason", block("reason")),
        ("impact", block("impact")),
        ("security", block("security")),
        ("plan", block("plan")),
        ("rollback", format!("{} min\n{}", facts.rollback_minutes, block("rollback"))),
        ("abort if", block("abort if")),
        ("tests", block("tests")),
        ("evidence", lines(facts.evidence.iter().map(|(test, digest)| format!("{test} sha256:{digest}")))),
        ("success", block("success")),
        ("exceptions", lines(&facts.exceptions)),
        ("freeze exceptions", lines(facts.excepted.iter().map(|(freeze, leaf)| format!("{freeze} {leaf}")))),
        ("sensitive", lines(&facts.sensitive)),
        ("exception", block("exception")),
        ("artifacts", lines(artifacts)),
        ("template", lines(facts.template.iter().map(|it| &it.template))),
        ("values", lines(facts.template.iter().flat_map(|it| &it.values).map(|(it, value)| format!("{it} {value}")))),
    ]
}

fn lines<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|it| it.to_string()).collect::<Vec<_>>().join("\n")
}

/// The lines of a block as one text. A line of a list begins with its mark, or with spaces if it belongs to the line
/// above; a command begins with `$`.
fn block_text(block: &Block) -> String {
    let marks = mark_width(&block.lines);
    let line = |line: &Quoted| match line.gutter {
        _ if matches!(block.name, "targets" | "conflicts") => line.text.clone(),
        Gutter::Command => format!("$ {}", line.text),
        Gutter::Prose if line.mark.is_empty() => format!("{:marks$}{}", "", line.text),
        _ => format!("{} {}", line.mark, line.text),
    };
    lines(block.lines.iter().map(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many lines that the fewest differences are not found in time.
    const LINES: usize = 100_000;

    fn reason(lines: &str) -> Parts {
        let text: String = lines.split(' ').map(|word| format!("reason {word}\n")).collect();
        Parts::new(b"kind normal\n\nsig", Some(text.as_bytes()), None)
    }

    #[test]
    fn the_search_for_differences_ends_and_what_it_finds_is_correct() {
        let numbers = |seed: u64| {
            let next =
                |it: &u64| Some(it.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
            std::iter::successors(Some(seed), next).skip(1).take(LINES).map(|it| (it >> 33) % 500).collect::<Vec<u64>>()
        };
        let (old, new) = (numbers(1), numbers(2));
        let begun = Instant::now();
        for end in [begun, search_end()] {
            let (mut before, mut after) = (Vec::new(), Vec::new());
            for change in differences(&old, &new, end).iter().flat_map(|op| op.iter_changes(&old, &new)) {
                before.extend((change.tag() != ChangeTag::Insert).then_some(change.value()));
                after.extend((change.tag() != ChangeTag::Delete).then_some(change.value()));
            }
            assert!(before == old && after == new);
        }
        assert!(begun.elapsed() < SEARCH * 5, "{:?}", begun.elapsed());
    }

    #[test]
    fn changed_lines_have_a_sign_and_equal_ones_are_counted() {
        let (old, new) = (reason("a b c d e f g"), reason("a b c X e f g h"));
        let shown = |equal| {
            let mut page = Page::new(false, None);
            assert!(diff(&mut page, &old, &new, equal));
            page.finish().rsplit("\n\n").next().unwrap_or_default().trim_start().to_owned()
        };
        let near = "  (2 equal lines)\n | c\n-| d\n+| X\n | e\n | f\n | g\n+| h";
        assert_eq!(shown(Equal::Near), format!("reason\n{near}"));
        assert_eq!(shown(Equal::All), "reason\n | a\n | b\n | c\n-| d\n+| X\n | e\n | f\n | g\n+| h");
        assert!(!diff(&mut Page::new(false, None), &old, &old, Equal::Near));
    }
}
