//! Hostile and careless input: text fields, ids, drafts, requests, keys, registers, pins.
//!
//! Invalid input leads to a clear error that names every fault and to the right exit code. Nothing is recorded, no
//! control character reaches the terminal, and nothing panics. Unusual but harmless text is stored and shown unchanged.

mod command_line;
pub mod day;
mod deceptive_text;
mod drafts;
mod endless;
mod grammar;
mod keys;
mod pins;
mod random_input;
mod registers;
mod requests;
pub mod screen;
mod surroundings;

use crate::support::{World, words};
use twinseal::domain::is_forbidden;
use twinseal::error::Exit;

/// Runs a command that must fail with this exit code and message, record nothing, and print no control characters.
/// Returns the message.
#[track_caller]
fn complains(world: &World, person: &str, args: &[&str], exit: Exit, complaint: &str) -> String {
    let before = world.entries();
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let output = world.run_words(person, &args, None);
    let told: String = output.screen.chars().take(4000).collect();
    assert_eq!(output.exit, exit, "{args:.200?}\n{told}");
    assert!(output.err.contains(complaint), "{args:.200?}\nnot {complaint:?} but\n{told}");
    assert_eq!(world.entries(), before, "{args:.200?} recorded something");
    let steers = output.screen.chars().find(|c| *c != '\n' && is_forbidden(*c));
    assert_eq!(steers, None, "{args:.200?} lets it through:\n{told}");
    output.err
}

/// Like [`complains`], for a command line without hostile characters.
#[track_caller]
fn fails(world: &World, person: &str, command: &str, exit: Exit, complaint: &str) -> String {
    let words = words(command);
    complains(world, person, &words.iter().map(String::as_str).collect::<Vec<_>>(), exit, complaint)
}

/// A draft that fills every field.
const FULL: &str = r#"title = "a-title"
kind = "normal"
risk = "high"
owner = "erin"
implementers = ["dave"]
services = ["order-gateway", "oms-db"]
tags = ["capacity"]
reason = "a-reason"
security = "a-security"
success = "a-success"

[window]
start = "2026-12-01 18:00"
end = "2026-12-01 20:00"
zone = "Asia/Shanghai"

[impact]
text = "an-impact"
outage_minutes = 7

[[plan]]
step = "a-step"
command = "a-command"

[rollback]
minutes = 5
abort_if = ["a-criterion"]

[[rollback.steps]]
step = "a-way-back"
command = "a-command-back"

[[tests]]
what = "a-test"
result = "a-result"
evidence = "evidence.txt"

[[artifacts]]
name = "app.tar"
file = "build.tar"

[links]
ticket = ["OPS-1"]
"#;

/// Every free-text field of [`FULL`] with its value.
const TEXTS: [(&str, &str); 14] = [
    ("title", "a-title"),
    ("reason", "a-reason"),
    ("security", "a-security"),
    ("success", "a-success"),
    ("impact.text", "an-impact"),
    ("plan[1].step", "a-step"),
    ("plan[1].command", "a-command"),
    ("rollback.abort_if[1]", "a-criterion"),
    ("rollback.steps[1].step", "a-way-back"),
    ("rollback.steps[1].command", "a-command-back"),
    ("tests[1].what", "a-test"),
    ("tests[1].result", "a-result"),
    ("tests[1].evidence", "evidence.txt"),
    ("artifacts[1].file", "build.tar"),
];

/// Every field of [`FULL`] that takes a word or an id, with its value and its name in messages.
const WORDS: [(&str, &str, &str); 11] = [
    ("kind", "normal", "not a kind of change: use "),
    ("risk", "high", "not a risk: use "),
    ("owner", "erin", "not a person: write "),
    ("implementers[1]", "dave", "not a person: write "),
    ("services[1]", "order-gateway", "not a service: write "),
    ("tags[1]", "capacity", "not a tag: write "),
    ("window.start", "2026-12-01 18:00", "not a time: write "),
    ("window.end", "2026-12-01 20:00", "not a time: write "),
    ("window.zone", "Asia/Shanghai", "unknown time zone"),
    ("artifacts[1].name", "app.tar", "not an artifact's name: write "),
    ("links.ticket[1]", "OPS-1", "not a reference: write "),
];

/// Controls, escapes, separators, direction marks and invisible characters.
const DECEPTIVE: [char; 14] = [
    '\0',
    '\u{7}',
    '\t',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    '\u{9b}',
    '\u{200b}',
    '\u{200d}',
    '\u{2028}',
    '\u{202e}',
    '\u{2066}',
    '\u{feff}',
    '\u{e0041}',
];

/// A TOML string literal.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A test folder with the files that [`FULL`] names.
fn world() -> World {
    let world = World::founded_with_spare_approvers();
    world.write("evidence.txt", "it worked");
    world.write("build.tar", "bytes");
    world
}

/// [`FULL`] with one value replaced, and the line of that value.
#[track_caller]
fn with(old: &str, new: &str) -> (String, usize) {
    let old = format!("\"{old}\"");
    assert_eq!(FULL.matches(&old).count(), 1, "{old}");
    let line = FULL.lines().position(|line| line.contains(&old)).unwrap() + 1;
    (FULL.replace(&old, &quoted(new)), line)
}

/// Asserts that `check` and `file` report exactly these faults; each begins with `LINE: FIELD: `.
#[track_caller]
fn faults(world: &World, draft: impl AsRef<[u8]>, expected: &[&str]) {
    world.write("change.toml", draft);
    for verb in ["check", "file"] {
        let said = complains(world, "erin", &[verb, "change.toml"], Exit::Invalid, "error: change.toml has ");
        let found: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  change.toml:")).collect();
        let same = found.len() == expected.len() && found.iter().zip(expected).all(|(it, begin)| it.starts_with(begin));
        assert!(same, "not {expected:#?}\nbut {said}");
        assert!(said.contains("nothing was recorded"), "{said}");
    }
}
