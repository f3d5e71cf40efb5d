//! Hostile and careless input: text fields, ids, drafts, requests, keys, registers, pins.
//!
//! Whatever comes in: a clear error that names every fault, nothing recorded, the right exit code, nothing on the
//! screen that steers a terminal, and never a panic. Odd text that deceives nobody comes back unharmed.

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use base64ct::{Base64, Encoding};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use support::{Alone, CHANGE, World, words};
use twinseal::domain::{
    Description, Digest, Event, Header, Member, Policy, RegisterId, Role, Standing, Text, is_forbidden,
};
use twinseal::draft;
use twinseal::error::Exit;
use twinseal::log::request::Request;
use twinseal::log::{Raw, Unsigned, entry};
use twinseal::store::SharedFile;

/// The command fails with this exit code and complaint, records nothing, and says it without steering a terminal.
/// Returns the complaint.
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

/// As [`complains`], for a command line without odd words.
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

/// Every field of [`FULL`] that takes any text, and what stands in it.
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

/// Every field of [`FULL`] that takes a word or an id, what stands in it, and what it is called.
const WORDS: [(&str, &str, &str); 11] = [
    ("kind", "normal", "not a kind of change: use "),
    ("risk", "high", "not a risk: use "),
    ("owner", "erin", "not a person: write "),
    ("implementers[1]", "dave", "not a person: write "),
    ("services[1]", "order-gateway", "not a service: write "),
    ("tags[1]", "capacity", "not a tag: write "),
    ("window.start", "2026-12-01 18:00", "not a time: write "),
    ("window.end", "2026-12-01 20:00", "not a time: write "),
    ("window.zone", "Asia/Shanghai", "there is no such time zone"),
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

/// A string as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A world with the files that [`FULL`] names.
fn world() -> World {
    let world = World::founded();
    world.write("evidence.txt", "it worked");
    world.write("build.tar", "bytes");
    world
}

/// [`FULL`] with another text in place of one value; and the line of that value.
#[track_caller]
fn with(old: &str, new: &str) -> (String, usize) {
    let old = format!("\"{old}\"");
    assert_eq!(FULL.matches(&old).count(), 1, "{old}");
    let line = FULL.lines().position(|line| line.contains(&old)).unwrap() + 1;
    (FULL.replace(&old, &quoted(new)), line)
}

/// This draft has exactly these faults, each `LINE: FIELD: …` from its start, however it is read.
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

// ---- Text of a draft

#[test]
fn no_field_takes_a_deceptive_character() {
    let world = world();
    for (field, old) in TEXTS.into_iter().filter(|(field, _)| *field != "artifacts[1].file") {
        for c in DECEPTIVE {
            let (draft, line) = with(old, &format!("one{c}two"));
            world.write("change.toml", draft);
            let complaint = format!("  change.toml:{line}: {field}: ");
            let said = fails(&world, "erin", "check change.toml", Exit::Invalid, &complaint);
            let named = format!("(U+{:04X}) on its line 1: remove it", u32::from(c));
            assert!(said.contains("has 1 fault:") && said.contains(&named), "{field} {c:?}: {said}");
        }
    }
    // A path is no text of the register, and comes back in the complaint alone.
    let (draft, line) = with("build.tar", "no\u{1b}[2J\u{202e}file");
    faults(&world, draft, &[&format!("{line}: artifacts[1].file: cannot read no\\u{{1b}}[2J\\u{{202e}}file: ")]);
    let (draft, line) = with("build.tar", "no\0file");
    faults(&world, draft, &[&format!("{line}: artifacts[1].file: cannot read no\\u{{0}}file: ")]);
}

#[test]
fn no_id_takes_hostile_text() {
    let world = world();
    let long = "x".repeat(5000);
    for (field, old, complaint) in WORDS {
        for new in ["'; DROP TABLE entry; --", "a\u{202e}b", "a\u{1b}[2Jb", "a\0b", "é ü", "../../etc/passwd ", &long]
        {
            let (draft, line) = with(old, new);
            faults(&world, draft, &[&format!("{line}: {field}: {complaint}")]);
        }
    }
    let sha256 = FULL.replace("file = \"build.tar\"", "sha256 = \"'; DROP TABLE entry; --\"");
    faults(&world, sha256, &["40: artifacts[1].sha256: not a SHA-256 digest: write 64 lower-case hexadecimal digits"]);
}

#[test]
fn a_file_that_is_not_text_is_not_read_on() {
    let world = world();
    world.write("change.toml", [b"title = \"a\"\nkind = \"".as_slice(), b"\xff\xfe\"\n"].concat());
    fails(&world, "erin", "file change.toml", Exit::Invalid, "change.toml is not UTF-8: line 2 holds other bytes");
    // A surrogate half, and an overlong NUL: bytes that other readers take for characters.
    for bytes in [b"\xed\xa0\x80".as_slice(), b"\xc0\x80"] {
        world.write("change.toml", bytes);
        fails(&world, "erin", "file change.toml", Exit::Invalid, "change.toml is not UTF-8: line 1");
    }
    for raw in ["\0", "\u{1b}", "\u{7f}"] {
        faults(&world, FULL.replace("a-reason", raw), &["8: not TOML: "]);
    }
}

#[test]
fn no_draft_is_too_much_to_refuse() {
    let world = world();
    world.write("change.toml", FULL.replace("a-reason", &"x".repeat(10_000_000)));
    let said = fails(&world, "erin", "file change.toml", Exit::Invalid, "change.toml is larger than 1048576 bytes");
    assert!(said.len() < 500, "{} bytes of complaint", said.len());
    for (field, old) in
        TEXTS.into_iter().filter(|(field, _)| !["tests[1].evidence", "artifacts[1].file"].contains(field))
    {
        let (draft, line) = with(old, &"x".repeat(70_000));
        let expected = match field {
            "title" => format!("{line}: title: 70000 characters; at most 200 fit on this line"),
            _ => "1: 70".to_owned(),
        };
        faults(&world, draft, &[&expected]);
    }
    let (draft, _) = with("a-title", &"é".repeat(201));
    faults(&world, draft, &["1: title: 201 characters; at most 200 fit on this line: shorten it"]);
    let (draft, _) = with("a-title", "two\nlines");
    faults(&world, draft, &["1: title: several lines where one is expected: keep it to one line"]);
}

#[test]
fn nothing_nests_too_deep_to_be_read() {
    let world = world();
    let dots = ["a"; 50_000].join(".");
    for draft in [
        format!("a = {}", "[".repeat(50_000)),
        format!("a = {}", "{a=".repeat(50_000)),
        format!("a = {}{}", "[".repeat(50_000), "]".repeat(50_000)),
        format!("{dots} = 1"),
        format!("[{dots}]"),
        format!("[[{dots}]]"),
    ] {
        world.write("change.toml", draft);
        fails(&world, "erin", "file change.toml", Exit::Invalid, "  change.toml:1: not TOML: ");
    }
}

// ---- Times

#[test]
fn no_window_ends_before_it_starts() {
    let world = world();
    for end in ["2026-12-01 17:59", "2026-12-01 18:00"] {
        world.write("change.toml", with("2026-12-01 20:00", end).0);
        let complaint = ": window.end: the window ends before it starts, or at once: set its end after its start";
        fails(&world, "erin", "file change.toml", Exit::Invalid, complaint);
    }
    let (draft, _) = with("2026-12-01 20:00", "2028-01-01 20:00");
    world.write("change.toml", draft);
    fails(&world, "erin", "file change.toml", Exit::Invalid, ": window.end: the window is longer than 366 days");
}

#[test]
fn no_time_is_guessed() {
    let world = world();
    let new_york = |start: &str| FULL.replace("2026-12-01 18:00", start).replace("Asia/Shanghai", "America/New_York");
    let until = |draft: String, end: &str| draft.replace("2026-12-01 20:00", end);
    let gap = "13: window.start: that time does not exist in America/New_York: clocks skip it there; choose another";
    faults(&world, until(new_york("2027-03-14 02:30"), "2027-03-14 04:00"), &[gap]);
    let twice = "13: window.start: that time happens twice in America/New_York: write it with its offset";
    faults(&world, until(new_york("2027-11-07 01:30"), "2027-11-07 04:00"), &[twice]);
    let no_zone = ["13: window.start: a local time needs a zone", "14: window.end: a local time needs a zone"];
    faults(&world, FULL.replace("zone = \"Asia/Shanghai\"\n", ""), &no_zone);
    let zone = "15: window.zone: there is no such time zone; did you mean Asia/Shanghai?";
    faults(&world, FULL.replace("Asia/Shanghai", "Asia/Shangai"), &[zone]);
    let bad = ["13: window.start: not a time: ", "14: window.end: not a time: "];
    for time in ["10000-01-01 00:00", "2026-02-30 00:00", "2026-12-01T24:30:00Z", "1969-12-31T23:59:59Z", "soon", "-1"]
    {
        faults(&world, FULL.replace("2026-12-01 18:00", time).replace("2026-12-01 20:00", time), &bad);
    }
    // The last year that can be written is a time, and too far ahead.
    world.write("change.toml", FULL.replace("2026-12-01 ", "9999-12-31 "));
    let complaint = "the window starts more than ten years ahead (9999-12-31T10:00:00Z)";
    fails(&world, "erin", "file change.toml", Exit::Invalid, complaint);
}

// ---- The grammar of a draft

#[test]
fn no_key_is_doubled_or_unknown() {
    let world = world();
    faults(&world, FULL.replace("risk = \"high\"", "risk = \"high\"\nrisk = \"low\""), &["4: not TOML: duplicate key"]);
    faults(
        &world,
        format!("{FULL}\n[impact]\ntext = \"again\"\n"),
        &["45: not TOML: duplicate key", "46: not TOML: duplicate key"],
    );
    let services = FULL.replace("\"oms-db\"", "\"order-gateway\"");
    faults(&world, services, &["6: services[2]: order-gateway is named twice"]);
    let misspelt = FULL.replace("security =", "securty =").replace("outage_minutes", "outage-minutes");
    let expected = [
        "9: securty: there is no such key; did you mean security?",
        "19: impact.outage-minutes: there is no such key; did you mean outage_minutes?",
    ];
    faults(&world, misspelt, &expected);
    let unknown = "1: \u{6570}\u{636e}'; DROP TABLE entry: there is no such key";
    faults(&world, format!("\"\u{6570}\u{636e}'; DROP TABLE entry\" = 1\n{FULL}"), &[unknown]);
    faults(&world, format!("\"a\\u001bb\" = 1\n{FULL}"), &["1: a\\u{1b}b: there is no such key"]);
}

#[test]
fn no_value_is_of_another_type() {
    let world = world();
    for number in ["-1", "0x10", "0b1", "9007199254740992", "99999999999999999999999999"] {
        let draft = FULL.replace("minutes = 5", &format!("minutes = {number}"));
        faults(&world, draft, &["26: rollback.minutes: not a number: write decimal digits"]);
    }
    for (value, is) in [("1.5", "a fraction"), ("\"5\"", "a string"), ("true", "true or false"), ("nan", "a fraction")]
    {
        let draft = FULL.replace("minutes = 5", &format!("minutes = {value}"));
        faults(&world, draft, &[&format!("26: rollback.minutes: is {is}; write a whole number")]);
    }
    let list = FULL.replace("\"a-title\"", "[\"a\"]").replace("\"a-reason\"", "{ a = 1 }").replace("\"erin\"", "1");
    let expected =
        ["1: title: is a list; write a string", "4: owner: is a whole number; write a string", "8: reason: is a "];
    faults(&world, list, &expected);
    let plan = FULL.replace("[[plan]]", "[plan]").replace("[[tests]]", "[tests]");
    faults(&world, plan, &["21: plan: is a table; write a list", "33: tests: is a table"]);
}

#[test]
fn no_draft_keeps_the_reader_for_long() {
    let world = world();
    let began = std::time::Instant::now();
    world.write("change.toml", "x\n".repeat(500_000));
    fails(&world, "erin", "check change.toml", Exit::Invalid, "  and ");
    world.write("change.toml", "[[plan]]\nstep = \"a\"\n".repeat(40_000));
    fails(&world, "erin", "check change.toml", Exit::Invalid, "title: is mandatory");
    let tags: Vec<String> = (0..9_000).map(|n| format!("\"tag-{n}\"")).collect();
    world.write("change.toml", format!("tags = [{}]\n{CHANGE}", tags.join(",")));
    fails(&world, "erin", "check change.toml", Exit::Invalid, "bytes altogether");
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn no_device_or_pipe_is_waited_for() {
    let world = world();
    let made = std::process::Command::new("mkfifo").arg(world.path("pipe")).status().unwrap();
    assert!(made.success());
    for endless in ["/dev/zero", "pipe"] {
        let artifact = format!("{CHANGE}\n[[artifacts]]\nname = \"a\"\nfile = \"{endless}\"\n");
        world.write("change.toml", artifact);
        fails(&world, "erin", "check change.toml", Exit::Invalid, "not a file");
        fails(&world, "erin", &format!("key show {endless}"), Exit::Invalid, "is not an OpenSSH Ed25519 private key");
    }
}

#[test]
fn every_fault_of_a_draft_is_named_at_once() {
    let world = world();
    let draft = [
        "title = \"a\\u001bb\"",
        "kind = \"wild\"",
        "riks = \"high\"",
        "owner = \"Erin\"",
        "services = [\"ok\", \"'; DROP TABLE entry\", \"ok\"]",
        "reason = \" \"",
        "[window]",
        "start = \"2026-12-01 18:00\"",
        "end = \"soon\"",
        "[[plan]]",
        "command = \"ls\"",
        "[rollback]",
        "minutes = -1",
        "steps = [ { step = \"a\\u202eb\" } ]",
        "[[artifacts]]",
        "name = \"app.tar\"",
        "",
    ];
    world.write("change.toml", draft.join("\n"));
    let said = fails(&world, "erin", "file change.toml", Exit::Invalid, "");
    let expected = "\
error: change.toml has 15 faults:
  change.toml:1: title: an escape character (U+001B) on its line 1: remove it
  change.toml:1: risk: is mandatory, and missing or empty
  change.toml:1: impact: is mandatory, and missing or empty
  change.toml:2: kind: not a kind of change: use standard, normal or emergency
  change.toml:3: riks: there is no such key; did you mean risk?
  change.toml:4: owner: not a person: write a lower-case letter, then up to 31 lower-case letters, digits, '.', '_' or '-'
  change.toml:5: services[2]: not a service: write a lower-case letter, then up to 63 lower-case letters, digits, '.', '_' or '-'
  change.toml:5: services[3]: ok is named twice
  change.toml:6: reason: is mandatory, and missing or empty
  change.toml:8: window.start: a local time needs a zone: add zone = \"Asia/Shanghai\", or write the offset
  change.toml:9: window.end: not a time: write 2026-12-05 20:00 with a zone, or 2026-12-05T20:00:00+08:00
  change.toml:10: plan[1].step: is mandatory, and missing or empty
  change.toml:13: rollback.minutes: not a number: write decimal digits without sign or leading zero, at most 9007199254740991
  change.toml:14: rollback.steps[1].step: an invisible or direction-changing character (U+202E) on its line 1: remove it
  change.toml:15: artifacts[1].name: needs file, or sha256, or both
hint: mend these lines and try again; nothing was recorded
";
    assert_eq!(said, expected);
}

#[test]
fn nothing_at_all_is_no_draft() {
    let world = world();
    let mandatory = ["title", "kind", "risk", "owner", "services", "reason", "window", "impact", "plan", "rollback"];
    let expected = mandatory.map(|field| format!("1: {field}: is mandatory, and missing or empty"));
    let expected = expected.each_ref().map(String::as_str);
    for nothing in ["", "\n\n", "# only a comment", "\u{feff}"] {
        faults(&world, nothing, &expected);
    }
    // Standard input is empty in these tests.
    let said = complains(&world, "erin", &["check", "-"], Exit::Invalid, "error: standard input has 10 faults:");
    assert_eq!(said.lines().count(), 12, "{said}");
    complains(&world, "erin", &["check", "nosuch.toml"], Exit::Invalid, "cannot read nosuch.toml: ");
    complains(&world, "erin", &["check", "people"], Exit::Invalid, "cannot read people: ");
    complains(&world, "erin", &["check", "no\0such"], Exit::Invalid, "cannot read no\\u{0}such: ");
}

// ---- Harmless odd text

/// Text that looks dangerous or rare and deceives nobody.
const ODD: [&str; 9] = [
    "'; DROP TABLE entry; --",
    "\"; DELETE FROM changes; /*",
    "$(rm -rf /) `reboot` %s %n {} \\u001b \\",
    "<script>alert(1)</script> & [red]x[/red]",
    "数据库连接池：从八十到一百六十",
    "שלום, مرحبا بالعالم",
    "🚀 naïve ﬁ Ω ½ 𝔘𝔫𝔦",
    "salt 0000 sig U1NIU0lH prev",
    "= key # comment [table]",
];

#[test]
fn odd_text_comes_back_unharmed() {
    let world = world();
    for (number, odd) in (1..).zip(ODD) {
        let texts = TEXTS.into_iter().filter(|(field, _)| !["tests[1].evidence", "artifacts[1].file"].contains(field));
        let draft = texts.fold(FULL.to_owned(), |draft, (_, old)| draft.replace(&format!("\"{old}\""), &quoted(odd)));
        world.write("change.toml", draft);
        world.ok("erin", "file change.toml");
        let raw = world.raw(world.entries() - 1);
        let Some(Text::Description(it)) = entry::open(&raw).unwrap().text else { panic!("no description") };
        let Description { title, reason, impact, security, plan, rollback, abort_if, tests, success } = *it;
        let prose = [reason, impact, security, success].map(|it| it.unwrap().to_string());
        let steps = [&plan[0], &rollback[0]].map(|it| [it.text.to_string(), it.command.clone().unwrap().to_string()]);
        let others = [
            title.unwrap().to_string(),
            abort_if[0].to_string(),
            tests[0].what.to_string(),
            tests[0].result.to_string(),
        ];
        let all = [prose.as_slice(), steps.as_flattened(), &others].concat();
        assert!(all.len() == 12 && all.iter().all(|text| text == odd), "{all:#?}");
        let id = format!("CHG-{number}");
        assert_eq!(world.ok("audrey", &format!("show {id}")).matches(odd).count(), 12);
        assert!(world.ok("audrey", "list").contains(odd));
        let reject = ["reject", &id, "--reason", odd].map(str::to_owned);
        assert_eq!(world.run_words("carol", &reject, None).exit, Exit::Done);
        assert_eq!(world.ok("audrey", &format!("show {id}")).matches(odd).count(), 13);
    }
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn odd_names_come_back_unharmed() {
    let world = World::founded();
    let id = world.state().id().unwrap().to_string();
    for (number, odd) in ODD.into_iter().enumerate() {
        let person = format!("p{number}");
        world.person(&person);
        let request =
            ["person", "request", &person, "--name", odd, "--register", &id, "--out", &format!("{person}.request")];
        assert_eq!(world.run_words(&person, &request.map(str::to_owned), None).exit, Exit::Done);
        world.ok("alice", &format!("person enrol {person}={person}.request:engineer"));
        let digest = world.state().governance().motions().values().last().unwrap().opened;
        world.ok("bob", &format!("motion second {} --digest {digest}", number + 1));
        assert!(world.ok("audrey", "person list").contains(odd));
    }
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

// ---- The command line

#[test]
fn no_remark_takes_a_deceptive_character() {
    let world = World::approved();
    world.person("frank");
    let id = world.state().id().unwrap().to_string();
    world.ok("frank", &format!("person request frank --register {id} --out frank.request"));
    world.ok("alice", "person enrol frank=frank.request:approver");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "file change.toml");
    let commands: [(&str, &[&str]); 4] = [
        ("carol", &["reject", "CHG-2", "--reason"]),
        ("erin", &["finish", "CHG-1", "--outcome", "failed", "--note"]),
        ("bob", &["motion", "decline", "1", "--reason"]),
        ("frank", &["person", "request", "frank", "--register", &id, "--name"]),
    ];
    let with = |command: &[&str], text: &str| {
        let words = command.iter().chain([&text]).map(|word| (*word).to_owned());
        words.collect::<Vec<String>>()
    };
    for (person, command) in commands {
        for c in DECEPTIVE {
            let words = with(command, &format!("one{c}two"));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            complains(&world, person, &words, Exit::Invalid, &format!("(U+{:04X})", u32::from(c)));
        }
        for (text, complaint) in [("", "empty: "), (" \n\u{3000} ", "empty: ")] {
            let words = with(command, text);
            complains(&world, person, &words.iter().map(String::as_str).collect::<Vec<_>>(), Exit::Invalid, complaint);
        }
        let words = with(command, &"x".repeat(10_000_000));
        complains(&world, person, &words.iter().map(String::as_str).collect::<Vec<_>>(), Exit::Invalid, "at most ");
    }
    let two_lines = ["person", "request", "frank", "--register", &id, "--name", "two\nlines"];
    complains(&world, "frank", &two_lines, Exit::Invalid, "several lines where one is expected");
}

/// Ids of nothing, in every way in which they can be wrong.
const NO_IDS: [&str; 10] = [
    "",
    " ",
    "0",
    "-1",
    "CHG-0",
    "CHG-01",
    "chg-1",
    "CHG-99999999999999999999",
    "'; DROP TABLE entry; --",
    "CHG-1\u{202e}\u{1b}[2J\0",
];

#[test]
fn no_id_of_nothing_is_taken() {
    let world = World::filed();
    for id in NO_IDS {
        let commands: [&[&str]; 8] = [
            &["show", "--", id],
            &["approve", "--", id],
            &["reject", "--reason", "no", "--", id],
            &["start", "--", id],
            &["finish", "--outcome", "failed", "--", id],
            &["motion", "show", "--", id],
            &["motion", "second", "--", id],
            &["log", &format!("--change={id}")],
        ];
        for command in commands {
            complains(&world, "carol", command, Exit::Invalid, ": write ");
        }
        // `chg-1` could be a person's.
        let nobody = if id == "chg-1" { "there is no chg-1 in this register" } else { "not a person: write " };
        complains(&world, "carol", &["person", "show", "--", id], Exit::Invalid, nobody);
        let outcome = format!("--outcome={id}");
        complains(&world, "erin", &["finish", "CHG-1", &outcome], Exit::Invalid, "not an outcome: use succeeded");
        complains(&world, "erin", &["draft", &format!("--kind={id}")], Exit::Invalid, "not a kind of change: use ");
        complains(&world, "erin", &["log", &format!("--kind={id}")], Exit::Invalid, "not a kind of entry: use ");
        let digest = "not a SHA-256 digest: write 64";
        complains(&world, "carol", &["approve", "CHG-1", &format!("--revision={id}")], Exit::Invalid, digest);
        complains(&world, "carol", &["list", &format!("--fingerprint={id}")], Exit::Invalid, digest);
        let artifact = format!("--artifact={id}=change.toml");
        if id.is_empty() || id.contains(' ') || id.contains('\u{202e}') {
            complains(&world, "erin", &["start", "CHG-1", &artifact], Exit::Invalid, "not an artifact's name: write ");
        }
    }
    for (command, complaint) in [
        ("show CHG-2", "there is no CHG-2"),
        ("approve CHG-9007199254740991", "there is no CHG-9007199254740991"),
        ("motion show 1", "there is no motion 1"),
        ("person show daev", "there is no daev in this register; did you mean dave?"),
        ("log --seq 3", "there is no entry 3"),
        ("log --seq 18446744073709551615", "there is no entry 18446744073709551615"),
        ("log --seq 18446744073709551616", "number too large"),
        ("log --seq=-1", "invalid digit"),
        ("list --limit=4294967296", "4294967296 is not in"),
        ("start CHG-1 --artifact app.tar", "is not of the form NAME=FILE"),
        ("start CHG-1 --artifact app.tar=nosuch", "cannot read nosuch: "),
        ("shwo CHG-1", "unrecognized subcommand 'shwo'"),
    ] {
        fails(&world, "carol", command, Exit::Invalid, complaint);
    }
}

#[test]
fn no_bytes_on_the_command_line_break_it() {
    // Words that are not UTF-8 never reach `run` in-process: this is the program itself.
    let folder = tempfile::tempdir().unwrap();
    let bad = OsStr::from_bytes(b"CHG-\xff\x1b[2J");
    for (args, exit) in [
        (vec!["show".as_ref(), bad], 2),
        (vec!["reject".as_ref(), "CHG-1".as_ref(), "--reason".as_ref(), bad], 2),
        (vec!["list".as_ref(), "--register".as_ref(), bad], 2),
        (vec!["check".as_ref(), bad], 2),
        (vec!["key".as_ref(), "show".as_ref(), bad], 2),
        (vec![bad], 2),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
        let output = command.args(&args).current_dir(&folder).env_clear().env("HOME", folder.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{args:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains('\u{1b}') && !said.is_empty(), "{args:?}: {said:?}");
    }
}

// ---- Requests

/// A world in which frank asks to be enrolled, and his request.
fn with_request() -> (World, String) {
    let world = World::founded();
    world.person("frank");
    let id = world.state().id().unwrap().to_string();
    world.ok("frank", &format!("person request frank --register {id} --out frank.request"));
    let request = fs::read_to_string(world.path("frank.request")).unwrap();
    (world, request)
}

#[test]
fn no_request_is_taken_that_is_not_one() {
    let (world, request) = with_request();
    let not = |bad: &[u8], complaint: &str| {
        world.write("bad.request", bad);
        let complaint = format!("bad.request is {complaint}");
        fails(&world, "alice", "person enrol frank=bad.request:approver", Exit::Invalid, &complaint);
    };
    not(b"", "not a request to be enrolled: ");
    not(CHANGE.as_bytes(), "not a request to be enrolled: ");
    not(request.replace('\n', "\r\n").as_bytes(), "not a request to be enrolled: holds the forbidden character '\\r'");
    not(&request.as_bytes()[..request.len() / 2], "not a request to be enrolled: ");
    not(request.replace("person frank", "person f\u{1b}").as_bytes(), "not a request to be enrolled: holds the");
    not(format!("{request}name A\u{202e}B\n").as_bytes(), "not a request to be enrolled: holds the forbidden");
    not(format!("{request}name {}\n", "x".repeat(201)).as_bytes(), "not a request to be enrolled: line 7, 'name': 201");
    not(format!("{request}more\n").as_bytes(), "not a request to be enrolled: line 7 should not be there");
    not(&[0xff; 100], "not UTF-8: line 1 holds other bytes");
    not(&vec![b'x'; 10_000_000], "larger than 1048576 bytes");
    // Somebody else's name over frank's signature.
    world.write("bad.request", request.replace("person frank", "person grace"));
    let complaint = "bad.request is not a request to be enrolled: the key of grace did not sign this request";
    fails(&world, "alice", "person enrol grace=bad.request:approver", Exit::Invalid, complaint);
    for (command, complaint) in [
        ("grace=frank.request:approver", "is the request of frank, and was given as that of grace"),
        ("frank=frank.request:king", "\"king\": not a role: use admin, engineer, approver or auditor"),
        ("frank=frank.request:", "\"\": not a role"),
        ("frank=frank.request", "is not of the form NAME=REQUEST-FILE:ROLE,ROLE"),
        ("frank", "is not of the form NAME=REQUEST-FILE:ROLE,ROLE"),
        ("=:", "\"\": not a person"),
        ("frank=nosuch:approver", "cannot read nosuch: "),
        ("frank=people:approver", "cannot read people: "),
    ] {
        complains(&world, "alice", &["person", "enrol", command], Exit::Invalid, complaint);
    }
}

#[test]
fn no_request_is_taken_for_another_register() {
    let (world, _) = with_request();
    let other = "prod#00112233445566778899aabbccddeeff";
    world.ok("frank", &format!("person request frank --register {other} --out other.request"));
    let complaint = format!("other.request asks to be enrolled in {other}, and this register is prod#");
    fails(&world, "alice", "person enrol frank=other.request:approver", Exit::Invalid, &complaint);
    // A founder's request names a register by its name alone, so it would fit every register of that name.
    world.ok("frank", "person request frank --register prod --out founder.request");
    let complaint = "founder.request asks to be enrolled in prod, and this register is prod#";
    fails(&world, "alice", "person enrol frank=founder.request:approver", Exit::Invalid, complaint);
    let init = "init --name test --register test.db --member frank=founder.request:admin";
    fails(&world, "frank", init, Exit::Invalid, "asks to be enrolled in prod, and this register is test");
    assert!(!world.path("test.db").exists());
}

#[test]
fn no_flipped_bit_of_a_request_goes_unseen() {
    let (_, request) = with_request();
    assert!(Request::read(request.as_bytes()).is_ok());
    for at in 0..request.len() {
        for bit in 0..8 {
            let mut flipped = request.clone().into_bytes();
            flipped[at] ^= 1 << bit;
            assert!(Request::read(&flipped).is_err(), "bit {bit} of byte {at}");
        }
    }
}

// ---- Keys

/// A key of somebody in their home, with these permissions.
fn put_key(world: &World, content: &[u8], mode: u32) -> PathBuf {
    let path = world.path("people/carol/bad");
    world.write("people/carol/bad", content);
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// An OpenSSH private key for RSA; its numbers are no key, and its text is one.
fn rsa_key() -> String {
    use ssh_key::private::{KeypairData, PrivateKey, RsaKeypair, RsaPrivateKey};
    use ssh_key::{LineEnding, Mpint, public::RsaPublicKey};
    let number = |byte: u8, len: usize| Mpint::from_positive_bytes(&vec![byte; len]);
    let public = RsaPublicKey::new(number(3, 1), number(0x7f, 256)).unwrap();
    let private = RsaPrivateKey::new(number(5, 256), number(5, 128), number(7, 128), number(11, 128)).unwrap();
    let pair = RsaKeypair::new(public, private).unwrap();
    let key = PrivateKey::new(KeypairData::Rsa(pair), "rsa").unwrap();
    key.to_openssh(LineEnding::LF).unwrap().to_string()
}

#[test]
fn nobody_signs_with_a_file_that_is_no_key() {
    let world = World::filed();
    let good = fs::read(world.path("people/carol/key")).unwrap();
    let command = "reject CHG-1 --reason no --key people/carol/bad";
    let pem = b"-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34GkxFhD9\n-----END RSA PRIVATE KEY-----\n";
    let public = fs::read(world.path("people/carol/key.pub")).unwrap();
    for bad in [b"".as_slice(), b"hello", &[0xff; 500], pem, &good[..good.len() / 2], &vec![b'x'; 2_000_000]] {
        put_key(&world, bad, 0o600);
        let complaint =
            "people/carol/bad is not an OpenSSH Ed25519 private key\nhint: make one with `twinseal key new NAME`";
        fails(&world, "carol", command, Exit::Invalid, complaint);
    }
    put_key(&world, &public, 0o600);
    fails(&world, "carol", command, Exit::Environment, "a public key was named, and no ssh-agent that could hold");
    put_key(&world, rsa_key().as_bytes(), 0o600);
    let complaint = "people/carol/bad is a key for ssh-rsa; twinseal takes Ed25519 keys\nhint: make one with";
    fails(&world, "carol", command, Exit::Invalid, complaint);
    let missing = "reject CHG-1 --reason no --key nosuch";
    fails(&world, "carol", missing, Exit::Invalid, "nosuch: No such file or directory");
    for command in ["key show nosuch", "key show change.toml"] {
        fails(&world, "carol", command, Exit::Invalid, "");
    }
}

#[test]
fn nobody_signs_with_a_key_that_others_can_read() {
    let world = World::filed();
    let good = fs::read(world.path("people/carol/key")).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o660, 0o610] {
        let path = put_key(&world, &good, mode);
        let path = path.display();
        let complaint = format!("{path} can be read by others (mode {mode:o}), so it is not used");
        let command = "reject CHG-1 --reason no --key people/carol/bad";
        let said = fails(&world, "carol", command, Exit::Invalid, &complaint);
        assert!(said.contains(&format!("hint: run: chmod 600 {path}\n")), "{said}");
    }
}

#[test]
fn no_locked_key_opens_to_anything_but_its_passphrase() {
    let world = World::founded();
    let secret = |name: &str, content: &[u8], mode: u32| {
        world.write(name, content);
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    secret("right", b"correct horse\n", 0o600);
    secret("wrong", b"correct hose\n", 0o600);
    secret("empty", b"", 0o600);
    secret("bytes", b"\xff\xfe", 0o600);
    secret("open", b"correct horse\n", 0o644);
    world.ok("frank", "key new locked --passphrase-file right");
    let command = "person request frank --key locked --passphrase-file";
    let locked = world.path("locked");
    for file in ["wrong", "empty"] {
        let complaint = format!("that is not the passphrase of {}\nhint: try again", locked.display());
        fails(&world, "alice", &format!("{command} {file}"), Exit::Invalid, &complaint);
    }
    let open = world.path("open");
    let complaint =
        format!("{0} can be read by others (mode 644), so it is not used\nhint: run: chmod 600 {0}", open.display());
    fails(&world, "alice", &format!("{command} open"), Exit::Invalid, &complaint);
    fails(&world, "alice", &format!("{command} nosuch"), Exit::Invalid, "nosuch: No such file");
    let complaint =
        "needs its passphrase, and there is no terminal to ask on\nhint: give it with --passphrase-file FILE";
    fails(&world, "alice", "person request frank --key locked", Exit::Invalid, complaint);
    let said = complains(
        &world,
        "alice",
        &["person", "request", "frank", "--key", "locked", "--passphrase-file", "bytes"],
        Exit::Environment,
        "bytes: ",
    );
    assert!(said.contains("UTF-8"), "{said}");
    world.ok("alice", &format!("{command} right"));
    // A new key asks for a passphrase that is one.
    fails(&world, "frank", "key new other --passphrase-file empty", Exit::Invalid, "a new key needs a passphrase");
    fails(&world, "frank", "key new other --passphrase-file open", Exit::Invalid, "can be read by others");
    fails(&world, "frank", "key new locked --no-passphrase", Exit::Invalid, "exists already, and a key is never");
    assert!(!world.path("other").exists());
}

// ---- Registers

/// Whatever is asked of this file, this is the answer.
#[track_caller]
fn no_register(world: &World, path: &str, exit: Exit, complaint: &str) {
    for command in ["list", "verify", "log", "rebuild", "show CHG-1", "file change.toml", "person list"] {
        fails(world, "erin", &format!("{command} --register {path}"), exit, complaint);
    }
}

#[test]
fn no_file_is_taken_for_a_register() {
    let world = World::filed();
    world.write("empty.db", "");
    world.write("short.db", "x");
    let noise: Vec<u8> = (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    world.write("noise.db", noise);
    world.write("text.db", CHANGE);
    let other = |name: &str, sql: &str| {
        let db = rusqlite::Connection::open(world.path(name)).unwrap();
        db.execute_batch(sql).unwrap();
    };
    other("bare.db", "CREATE TABLE entry (seq INTEGER PRIMARY KEY, blob BLOB, text BLOB)");
    other("other.db", "PRAGMA application_id = 1196444487; CREATE TABLE t (x)");
    other("newer.db", "PRAGMA application_id = 1415009100; PRAGMA user_version = 2; CREATE TABLE t (x)");
    no_register(&world, "nosuch.db", Exit::Environment, "there is no register at ");
    no_register(&world, "./people", Exit::Environment, "people is not a register: it is no SQLite database");
    for name in ["empty.db", "short.db", "noise.db", "text.db"] {
        no_register(&world, name, Exit::Environment, &format!("{name} is not a register: it is no SQLite database"));
    }
    for name in ["bare.db", "other.db"] {
        let complaint = format!("{name} is not a register: it is another application's SQLite database");
        no_register(&world, name, Exit::Environment, &complaint);
    }
    let complaint = "newer.db has layout 2, and this twinseal knows layout 1\nhint: use a newer twinseal";
    no_register(&world, "newer.db", Exit::Environment, complaint);
    let complaint =
        "there is no known register named nowhere, and no file of that name\nhint: give the path of its file";
    no_register(&world, "nowhere", Exit::Invalid, complaint);
    complains(&world, "erin", &["list", "--register", "a\u{1b}[2J\u{202e}b"], Exit::Invalid, "a\\u{1b}[2J\\u{202e}b");
}

#[test]
fn no_register_of_another_layout_is_read() {
    let world = World::filed();
    for version in [0, 2, 99, -1] {
        world.sql().pragma_update(None, "user_version", version).unwrap();
        let complaint = format!("prod.db has layout {version}, and this twinseal knows layout 1");
        no_register(&world, "prod.db", Exit::Environment, &complaint);
    }
    world.sql().pragma_update(None, "user_version", 1).unwrap();
    for application in [0, 1, i32::from_be_bytes(*b"TWSV")] {
        world.sql().pragma_update(None, "application_id", application).unwrap();
        no_register(&world, "prod.db", Exit::Environment, "prod.db is not a register: it is another application's");
    }
}

#[test]
fn no_truncated_register_is_read() {
    let world = World::filed();
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let whole = fs::read(world.path("prod.db")).unwrap();
    for length in [4096, whole.len() / 2, whole.len() - 4096] {
        world.write("cut.db", &whole[..length]);
        for command in ["list", "verify", "show CHG-1", "file change.toml"] {
            let output = world.run("erin", &format!("{command} --register cut.db"));
            assert!(matches!(output.exit, Exit::Environment | Exit::Broken), "{length} {command}: {}", output.screen);
            assert!(output.err.contains("malformed"), "{length} {command}: {}", output.screen);
        }
    }
}

#[test]
fn no_register_of_a_newer_format_is_read() {
    let world = World::with_requests();
    let members = ["alice", "bob"].map(|person| {
        let request = Request::read(&fs::read(world.path(&format!("{person}.request"))).unwrap()).unwrap();
        Member { person: request.person, standing: Standing::of([Role::Admin]), key: request.key, proof: request.proof }
    });
    let signer = world.signer("alice");
    let header = Header {
        register: RegisterId::new("prod".parse().unwrap(), [1; 16]),
        seq: 0,
        prev: Digest::NONE,
        governance: Digest::NONE,
        last: None,
        time: world.now(),
        actor: "alice".parse().unwrap(),
        key: signer.public().fingerprint(),
        text: None,
    };
    let event = Event::Init { format: 2, after: None, policy: Policy::built_in(), members: members.into() };
    // `seal` opens what it wrote, and refuses: the signature is joined by hand.
    let unsigned = Unsigned::new(&header, &event, None).unwrap();
    let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
    let blob = format!("{}\nsig {}\n", unsigned.body(), Base64::encode_string(&signature)).into_bytes();
    SharedFile::create(&world.path("prod.db")).unwrap();
    world.insert(&Raw { seq: 0, blob, text: None });
    let complaint = "the register has format level 2";
    for command in ["list", "verify", "seal", "log", "rebuild", "person list"] {
        let said = fails(&world, "bob", command, Exit::Environment, complaint);
        assert!(said.contains("hint: use a newer twinseal"), "{said}");
    }
}

#[test]
fn nothing_planted_in_the_schema_goes_unseen() {
    let world = World::filed();
    for (plant, pull, name) in [
        (
            "CREATE TRIGGER swallow BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
            "DROP TRIGGER swallow",
            "the trigger \"swallow\" does not belong here",
        ),
        (
            "CREATE VIEW people2 AS SELECT * FROM people",
            "DROP VIEW people2",
            "the view \"people2\" does not belong here",
        ),
        (
            "CREATE INDEX planted ON people (enrolled)",
            "DROP INDEX planted",
            "the index \"planted\" does not belong here",
        ),
        (
            "CREATE TABLE \"a\u{1b}[2J\" (x)",
            "DROP TABLE \"a\u{1b}[2J\"",
            "the table \"a\\u{1b}[2J\" does not belong here",
        ),
        ("ALTER TABLE votes ADD COLUMN x TEXT", "ALTER TABLE votes DROP COLUMN x", "the table votes was changed"),
    ] {
        world.sql().execute_batch(plant).unwrap();
        for command in ["list", "log", "rebuild", "show CHG-1", "file change.toml"] {
            let complaint = format!("the register is broken: [schema] {name}");
            fails(&world, "erin", command, Exit::Broken, &complaint);
        }
        assert_eq!(world.findings("audrey"), [format!("[schema] {name}")]);
        world.sql().execute_batch(pull).unwrap();
        assert_eq!(world.findings("audrey"), Vec::<String>::new());
    }
    // What keeps the log append-only is missed as well.
    world.sql().execute_batch("DROP TRIGGER entry_never_changed").unwrap();
    assert_eq!(world.findings("audrey"), ["[schema] the trigger entry_never_changed is missing"]);
    for table in ["votes", "entry"] {
        world.sql().execute_batch(&format!("DROP TABLE {table}")).unwrap();
        let finding = format!("[schema] the table {table} is missing");
        assert!(world.findings("audrey").contains(&finding), "{finding}");
    }
}

// ---- What an account remembers

#[test]
fn no_damaged_pin_is_passed_over() {
    let world = World::filed();
    world.ok("erin", "list");
    let state = world.path("people/erin/.local/state/twinseal").join(world.fingerprint());
    let pin = state.join("pin");
    let good = fs::read_to_string(&pin).unwrap();
    let foreign = good.replace(&world.fingerprint(), &"0".repeat(64));
    let (short, unended) = (&good[..80], &good[..good.len() - 1]);
    let (zero, year) = (good.replace("head 2 ", "head 02 "), good.replace("verified 2026", "verified 20260"));
    let longer = format!("{good}more\n");
    let bad = [("", 1), (&foreign, 1), (short, 2), (&zero, 2), (&year, 3), (unended, 4), (&longer, 4)];
    let bad = bad.map(|(text, line)| (text.as_bytes(), line));
    for (bytes, line) in bad.into_iter().chain([(b"\xff\xfe\n".as_slice(), 1)]) {
        fs::write(&pin, bytes).unwrap();
        for command in ["list", "verify", "show CHG-1", "file change.toml"] {
            let complaint = format!("the pin {} cannot be read: line {line} ", pin.display());
            let said = fails(&world, "erin", command, Exit::Broken, &complaint);
            assert!(said.contains("hint: pin.previous beside it is the pin before"), "{said}");
            assert_eq!(fs::read(&pin).unwrap(), bytes, "{command} healed the pin");
        }
    }
    fs::write(&pin, good).unwrap();
    world.ok("erin", "list");
}

#[test]
fn a_damaged_copy_is_made_again_and_said_aloud() {
    // The copy is only a memory of work done: losing it costs time, and the pin stays.
    let world = World::filed();
    world.ok("erin", "list");
    let copy = world.path("people/erin/.local/state/twinseal").join(world.fingerprint()).join("verified.sqlite");
    for bad in [b"".as_slice(), b"hello", &[0xff; 10_000]] {
        fs::write(&copy, bad).unwrap();
        let output = world.run("erin", "list");
        assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        assert!(output.err.contains("the verified copy was gone or damaged"), "{}", output.screen);
    }
}

#[test]
fn no_damaged_configuration_is_passed_over() {
    let world = World::filed();
    let folder = "people/erin/.config/twinseal";
    for (file, bad) in [
        ("config.toml", "register = "),
        ("config.toml", "registr = \"prod.db\""),
        ("config.toml", "as = 1"),
        ("config.toml", "\u{1b}[2J"),
        ("registers.toml", "hello"),
        ("registers.toml", "[[register]]\nname = \"prod\""),
    ] {
        let name = format!("{folder}/{file}");
        let before = fs::read(world.path(&name)).ok();
        world.write(&name, bad);
        fails(&world, "erin", "list", Exit::Invalid, &format!("{folder}/{file}: "));
        match before {
            Some(before) => world.write(&name, before),
            None => fs::remove_file(world.path(&name)).unwrap(),
        }
    }
}

// ---- Anything at all

const CASES: u32 = 400;

#[track_caller]
fn whatever<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&strategy, test).unwrap();
}

/// Bytes of a file with a part of it replaced.
fn mutate(whole: &[u8], (at, length, new): &(prop::sample::Index, usize, Vec<u8>)) -> Vec<u8> {
    let at = at.index(whole.len() + 1);
    let end = whole.len().min(at + length);
    [&whole[..at], new, &whole[end..]].concat()
}

fn mutation() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            "\"", "]", "[[", "\n", "\"\"\"", "=", "{", "\\u202e", " ", "0", "\u{1b}", "sig ", "\n\n"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (any::<prop::sample::Index>(), 0..12usize, bytes)
}

/// Reads a draft: whatever it is, it is read, or its faults are named on lines that it has.
fn read_draft(text: &str) -> Result<(), TestCaseError> {
    if let Err(faults) = draft::read(text, &Alone) {
        prop_assert!(!faults.is_empty());
        let lines = text.split('\n').count();
        prop_assert!(faults.iter().all(|fault| (1..=lines).contains(&fault.line)), "{faults:?}");
        prop_assert!(faults.is_sorted_by_key(|fault| fault.line));
    }
    Ok(())
}

#[test]
fn no_text_panics_the_reader_of_drafts() {
    whatever(prop::collection::vec(any::<char>(), 0..300), |chars| read_draft(&String::from_iter(chars)));
    whatever(prop::collection::vec(mutation(), 1..4), |mutations| {
        let mutated = mutations.iter().fold(FULL.as_bytes().to_vec(), |whole, it| mutate(&whole, it));
        read_draft(&String::from_utf8_lossy(&mutated))
    });
}

#[test]
fn no_bytes_panic_the_reader_of_entries() {
    whatever(
        (any::<u64>(), prop::collection::vec(any::<u8>(), 0..600), any::<Option<Vec<u8>>>()),
        |(seq, blob, text)| {
            let raw = Raw { seq, blob, text };
            prop_assert!(entry::open(&raw).is_err());
            Ok(())
        },
    );
    let world = World::filed();
    let entries: Vec<Raw> = (0..world.entries()).map(|seq| world.raw(seq)).collect();
    whatever((prop::sample::select(entries), mutation(), any::<bool>()), |(good, mutation, of_text)| {
        let mut raw = good.clone();
        match &mut raw.text {
            Some(text) if of_text => *text = mutate(text, &mutation),
            _ => raw.blob = mutate(&raw.blob, &mutation),
        }
        prop_assert_eq!(entry::open(&raw).is_ok(), raw == good);
        Ok(())
    });
}

#[test]
fn no_bytes_panic_the_reader_of_requests() {
    whatever(prop::collection::vec(any::<u8>(), 0..600), |bytes| {
        prop_assert!(Request::read(&bytes).is_err());
        Ok(())
    });
    let (_, request) = with_request();
    whatever(mutation(), |mutation| {
        let mutated = mutate(request.as_bytes(), &mutation);
        prop_assert_eq!(Request::read(&mutated).is_ok(), mutated == request.as_bytes());
        Ok(())
    });
}
