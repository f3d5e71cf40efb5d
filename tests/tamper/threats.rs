//! The table of attacks in `docs/threat-model.md` is held: what is said to be found is carried out by tests that exist.

use std::fs;

/// The cells of every row of the table.
fn rows(document: &str) -> Vec<Vec<&str>> {
    let table = document.split_once("\n## Attacks\n").unwrap().1;
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| attack "));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What stands between backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Whether a test stands where it is said to: `rules/people::NAME` in `tests/rules/people.rs`, and what begins with
/// `src/` beside the code.
fn stands(test: &str) -> bool {
    let (place, name) = test.split_once("::").unwrap();
    let path = if place.starts_with("src/") { format!("{place}.rs") } else { format!("tests/{place}.rs") };
    let source = fs::read_to_string(path).unwrap_or_default();
    source.lines().map(str::trim).zip(source.lines().map(str::trim).skip(1)).any(|(mark, head)| {
        mark == "#[test]" && head.strip_prefix("fn ").is_some_and(|it| it.starts_with(&format!("{name}(")))
    })
}

#[test]
fn every_attack_is_carried_out_or_said_to_be_beyond_finding() {
    let document = fs::read_to_string("docs/threat-model.md").unwrap();
    // A rule is one that the format names; the rest are commands and an option.
    let format = fs::read_to_string("docs/format.md").unwrap();
    let known = |word: &str| {
        [
            "start",
            "verify",
            "rebuild",
            "repair",
            "doctor",
            "audit compromise",
            "audit reconcile",
            "verify --require-anchor",
            "--fingerprint",
            "--at-least",
            "--timestamp-ca",
        ]
        .contains(&word)
            || format.contains(&format!("`{word}`"))
    };
    let rows = rows(&document);
    assert!(rows.len() > 80, "{}", rows.len());
    for row in rows {
        let [attack, access, outcome, tests] = row[..] else { panic!("{row:?} has not four cells") };
        assert!(![attack, access, outcome, tests].contains(&""), "{row:?}");
        let unknown: Vec<&str> = quoted(outcome).into_iter().filter(|word| !known(word)).collect();
        assert!(unknown.is_empty(), "{attack}: {unknown:?}");
        let tests = quoted(tests);
        assert!(!tests.is_empty() || outcome.contains("cannot be found without "), "{attack}: nothing carries it out");
        for test in tests {
            assert!(stands(test), "{attack}: there is no test {test}");
        }
    }
}
