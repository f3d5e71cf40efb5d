//! The list of forbidden characters, derived again from the Unicode data that `docs/format.md` names.

use std::collections::BTreeSet;

use regex_syntax::hir::{Class, HirKind};
use twinseal::domain::is_forbidden;

/// Characters that look like nothing and are in none of the classes: see `docs/format.md`.
const BLANK: [char; 6] = ['\u{2800}', '\u{fffc}', '\u{13441}', '\u{13442}', '\u{16fe4}', '\u{1d159}'];

/// The characters of a class of regular expressions, by the tables of Unicode 16.0.0.
fn class(pattern: &str) -> BTreeSet<char> {
    let parsed = regex_syntax::parse(pattern).unwrap();
    let HirKind::Class(Class::Unicode(class)) = parsed.kind() else { panic!("{pattern} is no class") };
    class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect()
}

#[test]
fn the_forbidden_characters_are_those_of_unicode_16_and_six_blank_ones() {
    let unseen = class(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]");
    assert!(BLANK.iter().all(|c| !unseen.contains(c)), "a blank character is listed twice");
    let expected: BTreeSet<char> = unseen.into_iter().chain(BLANK).collect();
    let found: BTreeSet<char> = ('\0'..=char::MAX).filter(|c| is_forbidden(*c)).collect();
    let differ: Vec<String> = expected.symmetric_difference(&found).map(|c| format!("U+{:04X}", *c as u32)).collect();
    assert!(differ.is_empty(), "only in one of the two lists: {differ:?}");
}

/// The newest version that the tables know; one code point of the version after it is unassigned.
#[test]
fn the_tables_are_those_of_unicode_16() {
    let assigned = class(r"\P{Cn}");
    // Garay, added by 16.0.0; Sidetic, added by 17.0.0.
    assert!(assigned.contains(&'\u{10d40}') && !assigned.contains(&'\u{10940}'));
}
