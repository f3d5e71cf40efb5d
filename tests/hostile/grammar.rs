//! The grammar of a draft: keys, types, depth, length, and every fault at once.

use twinseal::error::Exit;

use super::{FULL, complains, fails, faults, world};
use crate::support::CHANGE;

#[test]
fn no_duplicate_or_unknown_key_is_accepted() {
    let world = world();
    faults(
        &world,
        FULL.replace("risk = \"high\"", "risk = \"high\"\nrisk = \"low\""),
        &["4: invalid TOML: duplicate key"],
    );
    faults(
        &world,
        format!("{FULL}\n[impact]\ntext = \"again\"\n"),
        &["45: invalid TOML: duplicate key", "46: invalid TOML: duplicate key"],
    );
    let services = FULL.replace("\"oms-db\"", "\"order-gateway\"");
    faults(&world, services, &["6: services[2]: order-gateway is listed twice"]);
    let misspelt = FULL.replace("security =", "securty =").replace("outage_minutes", "outage-minutes");
    let expected = [
        "9: securty: unknown key; did you mean security?",
        "19: impact.outage-minutes: unknown key; did you mean outage_minutes?",
    ];
    faults(&world, misspelt, &expected);
    let unknown = "1: \u{6570}\u{636e}'; DROP TABLE entry: unknown key";
    faults(&world, format!("\"\u{6570}\u{636e}'; DROP TABLE entry\" = 1\n{FULL}"), &[unknown]);
    faults(&world, format!("\"a\\u001bb\" = 1\n{FULL}"), &["1: a\\u{1b}b: unknown key"]);
}

#[test]
fn no_value_of_another_type_is_accepted() {
    let world = world();
    for number in ["-1", "0x10", "0b1", "9007199254740992", "99999999999999999999999999"] {
        let draft = FULL.replace("minutes = 5", &format!("minutes = {number}"));
        faults(&world, draft, &["26: rollback.minutes: not a number: write decimal digits"]);
    }
    for (value, is) in [("1.5", "a float"), ("\"5\"", "a string"), ("true", "a boolean"), ("nan", "a float")] {
        let draft = FULL.replace("minutes = 5", &format!("minutes = {value}"));
        faults(&world, draft, &[&format!("26: rollback.minutes: expected an integer, found {is}")]);
    }
    let list = FULL.replace("\"a-title\"", "[\"a\"]").replace("\"a-reason\"", "{ a = 1 }").replace("\"erin\"", "1");
    let expected = [
        "1: title: expected a string, found a list",
        "4: owner: expected a string, found an integer",
        "8: reason: expected ",
    ];
    faults(&world, list, &expected);
    let plan = FULL.replace("[[plan]]", "[plan]").replace("[[tests]]", "[tests]");
    faults(&world, plan, &["21: plan: expected a list, found a table", "33: tests: expected a list"]);
}

#[test]
fn no_draft_takes_long_to_parse() {
    let world = world();
    let began = std::time::Instant::now();
    world.write("change.toml", "x\n".repeat(500_000));
    fails(&world, "erin", "check change.toml", Exit::Invalid, "  and ");
    world.write("change.toml", "[[plan]]\nstep = \"a\"\n".repeat(40_000));
    fails(&world, "erin", "check change.toml", Exit::Invalid, "title: required, ");
    let tags: Vec<String> = (0..9_000).map(|n| format!("\"tag-{n}\"")).collect();
    world.write("change.toml", format!("tags = [{}]\n{CHANGE}", tags.join(",")));
    fails(&world, "erin", "check change.toml", Exit::Invalid, "bytes in total; at most ");
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[test]
fn no_device_or_pipe_is_read() {
    let world = world();
    let made = std::process::Command::new("mkfifo").arg(world.path("pipe")).status().unwrap();
    assert!(made.success());
    for endless in ["/dev/zero", "pipe"] {
        let artifact = format!("{CHANGE}\n[[artifacts]]\nname = \"a\"\nfile = \"{endless}\"\n");
        world.write("change.toml", artifact);
        fails(&world, "erin", "check change.toml", Exit::Invalid, "not a regular file");
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
  change.toml: risk: required, but missing or empty
  change.toml: impact: required, but missing or empty
  change.toml:1: title: an escape character (U+001B) on line 1 of the text: remove it
    |
  1 | title = \"a\\u001bb\"
    |         ^^^^^^^^^^
  change.toml:2: kind: not a kind of change: use standard, normal or emergency
    |
  2 | kind = \"wild\"
    |        ^^^^^^
  change.toml:3: riks: unknown key; did you mean risk?
    |
  3 | riks = \"high\"
    | ^^^^
  change.toml:4: owner: not a person: write a lower-case letter, then up to 31 lower-case letters, digits, '.', '_' or '-'
    |
  4 | owner = \"Erin\"
    |         ^^^^^^
  change.toml:5: services[2]: not a service: write a lower-case letter, then up to 63 lower-case letters, digits, '.', '_' or '-'
    |
  5 | services = [\"ok\", \"'; DROP TABLE entry\", \"ok\"]
    |                   ^^^^^^^^^^^^^^^^^^^^^
  change.toml:5: services[3]: ok is listed twice
    |
  5 | services = [\"ok\", \"'; DROP TABLE entry\", \"ok\"]
    |                                          ^^^^
  change.toml:6: reason: required, but missing or empty
    |
  6 | reason = \" \"
    |          ^^^
  change.toml:8: window.start: a local time needs a zone: add zone = \"Asia/Shanghai\", or write the offset
    |
  8 | start = \"2026-12-01 18:00\"
    |         ^^^^^^^^^^^^^^^^^^
  change.toml:9: window.end: not a time: write 2026-12-05 20:00 with a zone, or 2026-12-05T20:00:00+08:00
    |
  9 | end = \"soon\"
    |       ^^^^^^
  change.toml:10: plan[1].step: required, but missing or empty
     |
  10 | [[plan]]
     | ^^^^^^^^
  change.toml:13: rollback.minutes: not a number: write decimal digits without a sign or leading zeros, at most 9007199254740991
     |
  13 | minutes = -1
     |           ^^
  change.toml:14: rollback.steps[1].step: an invisible or direction-changing character (U+202E) on line 1 of the text: remove it
     |
  14 | steps = [ { step = \"a\\u202eb\" } ]
     |                    ^^^^^^^^^^
  change.toml:16: artifacts[1].name: needs file, sha256, or both
     |
  16 | name = \"app.tar\"
     |        ^^^^^^^^^
hint: fix these lines and try again; nothing was recorded
";
    assert_eq!(said, expected);
}

#[test]
fn an_empty_file_is_no_draft() {
    let world = world();
    let required = ["title", "kind", "risk", "owner", "services", "reason", "window", "impact", "plan", "rollback"];
    let expected = required.map(|field| format!(" {field}: required, but missing or empty"));
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
