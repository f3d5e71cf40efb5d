//! Checks `docs/format.md` against the program: the worked example is a real register, its commands print what the page
//! shows, the page names every kind, field and rule, and stock tools alone can verify every entry.
//!
//! `TWINSEAL_UPDATE_DOCS=1 cargo test --test all format::` regenerates the blocks of the page.

mod allowed_signers;
mod characters;
mod checkpoint;
mod example;
mod full_life;
mod stock_tools;

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};
use std::fs;
use std::iter::from_fn;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::transcripts::source::{self, Expected};
use twinseal::domain::{
    ChangeKind, Duty, EventKind, Field, LinkKind, Needed, Outcome, Refusal, Risk, Role, Verb, is_forbidden,
};
use twinseal::format::Raw;

use checkpoint::checkpoint;
use example::example;
use full_life::full_life;

/// Serialises the tests that may rewrite blocks of the page.
static DOCUMENT: Mutex<()> = Mutex::new(());

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/format.md")
}

/// Compares the blocks of the page with `fresh`. Blocks for which it returns `None` are not checked.
#[track_caller]
fn hold_blocks(mut fresh: impl FnMut(&str, &str) -> Option<String>) {
    let _held = DOCUMENT.lock().unwrap_or_else(PoisonError::into_inner);
    let old = fs::read_to_string(document()).unwrap();
    let (mut new, mut lines, mut blocks) = (String::new(), old.lines(), 0);
    while let Some(line) = lines.next() {
        new.extend([line, "\n"]);
        let Some(info) = line.strip_prefix("```") else { continue };
        let content: String = lines.by_ref().take_while(|it| *it != "```").flat_map(|it| [it, "\n"]).collect();
        let held = [
            "abnf",
            "console",
            "text entry",
            "text body",
            "text text",
            "text request",
            "text checkpoint",
            "text statement",
            "text pin",
            "text forbidden",
        ];
        assert!(held.iter().any(|it| info.starts_with(it)), "nobody holds the block: {info}");
        let known = fresh(info, &content);
        blocks += usize::from(known.is_some());
        new.extend([known.as_deref().unwrap_or(&content), "```\n"]);
    }
    assert!(blocks > 0, "no block to hold in docs/format.md");
    if std::env::var("TWINSEAL_UPDATE_DOCS").is_ok_and(|it| it == "1") {
        fs::write(document(), new).unwrap();
    } else if let Some((at, (old, new))) = (1..).zip(old.lines().zip(new.lines())).find(|(_, (old, new))| old != new) {
        panic!("docs/format.md:{at} shows\n{old}\nand it is\n{new}\nTWINSEAL_UPDATE_DOCS=1 rewrites it");
    } else {
        assert_eq!(old, new, "docs/format.md ends too early or too late");
    }
}

/// Whether all these tools are installed. On CI a missing tool fails the test; otherwise the test is skipped.
#[track_caller]
fn stock_tools(tools: &[&str]) -> bool {
    let there = |tool: &str| Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
    let missing: Vec<&&str> = tools.iter().filter(|tool| !there(tool).is_ok_and(|it| it.status.success())).collect();
    if missing.is_empty() {
        return true;
    }
    let ci = std::env::var("CI").is_ok_and(|it| it == "true");
    assert!(!ci, "CI lacks {missing:?}");
    eprintln!("skipped: {missing:?} not found");
    false
}

/// Runs a script in a folder and returns its exit code, and its standard output followed by its standard error.
fn sh(folder: &Path, script: &str) -> (i32, String) {
    let mut command = Command::new("sh");
    let output = command.args(["-c", &format!("exec 2>&1\n{script}")]).env("LC_ALL", "C").current_dir(folder).output();
    let output = output.unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8(output.stdout).unwrap())
}

/// The body of an entry: everything before the blank line.
fn body(raw: &Raw) -> String {
    let blob = String::from_utf8(raw.blob.clone()).unwrap();
    blob.split_once("\n\n").unwrap().0.to_owned() + "\n"
}

/// The forbidden code points, one range per line.
fn forbidden() -> String {
    let (mut lines, mut code) = (String::new(), 0);
    let is = |code: u32| char::from_u32(code).is_some_and(is_forbidden);
    while code <= u32::from(char::MAX) {
        let first = code;
        while is(code) {
            code += 1;
        }
        match code - first {
            0 => code += 1,
            1 => writeln!(lines, "U+{first:04X}").unwrap(),
            _ => writeln!(lines, "U+{first:04X} to U+{:04X}", code - 1).unwrap(),
        }
    }
    lines
}

#[test]
fn what_the_document_prints_is_what_the_register_holds() {
    let world = example();
    let pin = format!("people/bob/.local/state/twinseal/{}/pin", world.fingerprint());
    hold_blocks(|info, _| match info.split(' ').collect::<Vec<_>>()[..] {
        ["text", "entry", seq] => Some(String::from_utf8(world.raw(seq.parse().unwrap()).blob).unwrap()),
        ["text", "body", seq] => Some(body(&world.raw(seq.parse().unwrap()))),
        ["text", "text", seq] => Some(String::from_utf8(world.raw(seq.parse().unwrap()).text.unwrap()).unwrap()),
        ["text", "request", person] => fs::read_to_string(world.path(&format!("{person}.request"))).ok(),
        ["text", "statement", person] => {
            let file = format!("{person}.approval");
            if !world.path(&file).exists() {
                world.ok("alice", &format!("approve CHG-1 --detached {file} --for {person}"));
            }
            let file = fs::read_to_string(world.path(&file)).unwrap();
            Some(format!("{}\n", file.split_once("\n\n").unwrap().0))
        }
        ["text", "checkpoint", person] => Some(checkpoint(&world, person)),
        ["text", "pin"] => Some(fs::read_to_string(world.path(&pin)).unwrap()),
        ["text", "forbidden"] => Some(forbidden()),
        _ => None,
    });
}

/// Runs the commands of a block, lines with `$ ` and `> `, and returns the block with their real output. A command must
/// succeed unless the block states a code, as in `(exit code 255)`.
pub fn transcript(folder: &Path, content: &str) -> String {
    let (mut out, mut lines) = (String::new(), content.lines().peekable());
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else { continue };
        let mut script = first.to_owned();
        writeln!(out, "{line}").unwrap();
        while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
            writeln!(out, "{more}").unwrap();
            script.extend(["\n", &more[2..]]);
        }
        let shown: Vec<&str> = from_fn(|| lines.next_if(|line| !line.starts_with("$ "))).collect();
        let expected = shown.last().and_then(|line| source::expected(line)).map_or(Expected::default(), Result::unwrap);
        let (code, printed) = sh(folder, &script);
        assert_eq!(code, expected.code, "{script}\n{printed}");
        assert!(printed.is_empty() || printed.ends_with('\n'), "{script} does not end its last line");
        out.push_str(&printed);
        out.extend(expected.line.map(|line| format!("{line}\n")));
    }
    out
}

#[test]
fn the_commands_in_the_document_print_what_it_shows() {
    if !stock_tools(&["sqlite3", "sha256sum", "ssh-keygen", "sed", "base64", "od", "openssl"]) {
        return;
    }
    let world = example();
    // Only the register's file and a checkpoint are in the folder, as for an outside reader.
    world.write("reader/prod.db", fs::read(world.path("prod.db")).unwrap());
    world.write("reader/checkpoint", checkpoint(&world, "bob"));
    assert!(!world.path("prod.db-wal").exists(), "the file alone is not the whole register");
    hold_blocks(|info, content| (info == "console").then(|| transcript(&world.path("reader"), content)));
}

/// The rules of `Defect`, read from its source: the first string literal after each arrow.
fn defect_rules() -> Vec<&'static str> {
    let source = include_str!("../src/format/defect.rs");
    let list = source.split_once("\ndefects! {").unwrap().1;
    list.split("=>").skip(1).map(|rest| rest.trim_start().split('"').nth(1).unwrap()).collect()
}

#[test]
fn the_document_names_every_kind_word_rule_and_table() {
    fn words<T: Display>(all: &[T]) -> Vec<String> {
        all.iter().map(T::to_string).collect()
    }
    let document = fs::read_to_string(document()).unwrap();
    let mut named = [words(EventKind::ALL), words(Field::ALL), words(Role::ALL), words(ChangeKind::ALL)].concat();
    named.extend([words(Risk::ALL), words(Outcome::ALL), words(LinkKind::ALL)].concat());
    named.extend([words(Duty::ALL), words(Needed::ALL), words(Verb::ALL)].concat());
    named.extend([words(Refusal::RULES), words(&defect_rules()), tables()].concat());
    named.retain(|word| !document.contains(&format!("`{word}`")));
    assert!(named.is_empty(), "docs/format.md does not mention {named:?}");
}

/// The derived tables.
fn tables() -> Vec<String> {
    let schema = include_str!("../schema.sql").split_once("-- [the tables]").unwrap().1;
    let schema = schema.split_once("-- [the state]").unwrap().0;
    schema.split("CREATE TABLE ").skip(1).map(|rest| rest.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn the_document_names_every_key_of_a_line() {
    let document = fs::read_to_string(document()).unwrap();
    let world = full_life();
    let mut keys = BTreeSet::new();
    for raw in (0..world.entries()).map(|seq| world.raw(seq)) {
        let [text, data] =
            [&raw.text, &raw.data].map(|part| String::from_utf8(part.clone().unwrap_or_default()).unwrap());
        let body = body(&raw);
        let lines = body.lines().skip(1).chain(text.lines()).chain(data.lines());
        keys.extend(lines.map(|line| line.split(' ').next().unwrap().to_owned()));
    }
    // `full_life` has no predecessor, so add the line that names one.
    keys.insert("after".to_owned());
    keys.retain(|key| !["", " N"].iter().any(|more| document.contains(&format!("`{key}{more}`"))));
    assert!(keys.is_empty(), "docs/format.md does not mention the lines {keys:?}");
}

#[test]
fn the_document_lists_each_rule_once_and_no_other() {
    let document = fs::read_to_string(document()).unwrap();
    let table = document.split_once("\n## Rules\n").unwrap().1.split("\n## ").next().unwrap();
    let mut listed: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    // Rules about the file and notices of `verify` are not rules about entries.
    listed.retain(|rule| !FILE_RULES.contains(rule));
    let mut rules: Vec<&str> = Refusal::RULES.iter().copied().chain(defect_rules()).collect();
    listed.sort_unstable();
    rules.sort_unstable();
    rules.dedup();
    assert_eq!(listed, rules);
}

/// The rules about the file and the pin, as the store names them.
const FILE_RULES: [&str; 16] = [
    "file",
    "side-file",
    "fingerprint",
    "schema",
    "integrity",
    "tables",
    "redacted",
    "truncated",
    "forked",
    "checkpoint",
    "timestamp",
    "anchor",
    "replaced",
    "append",
    "clock",
    "counter",
];
