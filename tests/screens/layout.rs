//! The rules of a good screen, as far as a program can check them.

use std::collections::BTreeSet;

use textwrap::core::display_width;

/// The most columns that stand before a value: a label, a gutter, a mark. A word that is wider than the rest of the
/// terminal cannot be shown on one line.
const INDENT: usize = 16;

/// A line without the gutter of its content.
fn content(line: &str) -> &str {
    let line = line.strip_prefix(['+', '-', '~']).unwrap_or(line);
    let gutter = |c| ['|', '=', '$', '>'].map(|sign| format!("{sign}{c}"));
    [gutter(' '), gutter('…')].concat().iter().find_map(|it| line.strip_prefix(it.as_str())).unwrap_or(line)
}

/// The words of a line; a word of ASCII ends where Chinese begins, since a line may be broken there.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let chinese = |c: char| matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    content(line).split_whitespace().flat_map(move |word| word.split_inclusive(chinese)).map(move |word| {
        let ascii = word.trim_end_matches(chinese);
        if ascii.is_empty() { word } else { ascii }
    })
}

/// The lines that are wider than a terminal of `width` columns, unless a single word is, or a digest for programs.
pub fn wide_lines(page: &str, width: usize) -> Vec<String> {
    let excused = |word: &str| display_width(word) > width - INDENT || word.len() == 64;
    let wide = page.lines().filter(|line| display_width(line) > width && !words(line).any(excused));
    wide.map(|line| format!("{} columns: {line}", display_width(line))).collect()
}

/// The words of a page on a terminal of `width` columns that stand nowhere in `wide`, the same page where it has all the
/// room: parts of a broken word. Short words can be times that a wide page does not show, such as `in 3 d`; the other part
/// of a broken word is longer.
pub fn broken_words(page: &str, width: usize, wide: &str) -> Vec<String> {
    let (wide, page) = (wide.to_lowercase(), page.to_lowercase());
    let whole: BTreeSet<&str> = wide.lines().flat_map(words).collect();
    let long: Vec<&str> = whole.iter().copied().filter(|word| display_width(word) > width - INDENT).collect();
    let broken = |word: &&str| {
        word.is_ascii() && word.len() > 3 && !whole.contains(word) && !long.iter().any(|it| it.contains(word))
    };
    let found = |line| words(line).filter(broken).map(move |word| format!("broken word {word}: {line}"));
    page.lines().flat_map(found).collect()
}

#[test]
fn a_wide_line_and_a_broken_word_are_found() {
    let wide = "state  awaiting approval\nkey SHA256:0123456789012345678901234567890123456789012";
    let digest = "SHA256:0123456789012345678901\n234567890123456789012";
    assert_eq!(broken_words("| awaiting\n|… approval", 40, wide), [""; 0]);
    assert_eq!(broken_words(digest, 40, wide), [""; 0]);
    assert_eq!(broken_words("await\ning", 40, wide).len(), 1);
    assert_eq!(broken_words(digest, 80, wide).len(), 2);
    assert_eq!(wide_lines(&"state ".repeat(7), 40), [format!("42 columns: {}", "state ".repeat(7))]);
    assert_eq!(wide_lines(&"状态".repeat(9), 40), [""; 0]);
    assert_eq!(wide_lines(&"状态 ".repeat(9), 40).len(), 1);
}
