//! Arguments on the command line: comments, invalid and unknown ids, bytes that are not UTF-8.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use twinseal::error::Exit;

use super::{DECEPTIVE, complains, fails};
use crate::support::World;

#[test]
fn no_remark_takes_a_deceptive_character() {
    let world = World::approved();
    world.person("frank");
    let id = world.named();
    world.ok("frank", &format!("person request frank --register {id} --out frank.request"));
    world.ok("alice", "person enrol frank=frank.request:approver");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "file change.toml --again");
    let commands: [(&str, &[&str]); 4] = [
        ("carol", &["reject", "CHG-2", "--reason"]),
        ("erin", &["finish", "CHG-1", "--outcome", "failed", "--note"]),
        ("bob", &["proposal", "decline", "1", "--reason"]),
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
        for (text, complaint) in [("", "empty: write"), (" \n\u{3000} ", "empty: write")] {
            let words = with(command, text);
            complains(&world, person, &words.iter().map(String::as_str).collect::<Vec<_>>(), Exit::Invalid, complaint);
        }
        let words = with(command, &"x".repeat(10_000_000));
        complains(&world, person, &words.iter().map(String::as_str).collect::<Vec<_>>(), Exit::Invalid, "at most ");
    }
    let two_lines = ["person", "request", "frank", "--register", &id, "--name", "two\nlines"];
    complains(&world, "frank", &two_lines, Exit::Invalid, "several lines: write one line");
}

/// Invalid and unknown ids of every kind.
const NO_IDS: [&str; 10] = [
    "",
    " ",
    "0",
    "-1",
    "CHG-0",
    "CHG-01",
    "chg 1",
    "CHG-99999999999999999999",
    "'; DROP TABLE entry; --",
    "CHG-1\u{202e}\u{1b}[2J\0",
];

#[test]
fn no_invalid_or_unknown_id_is_accepted() {
    let world = World::filed();
    for id in NO_IDS {
        let commands: [&[&str]; 8] = [
            &["show", "--", id],
            &["approve", "--", id],
            &["reject", "--reason", "no", "--", id],
            &["start", "--", id],
            &["finish", "--outcome", "failed", "--", id],
            &["proposal", "show", "--", id],
            &["proposal", "second", "--", id],
            &["log", &format!("--change={id}")],
        ];
        for command in commands {
            complains(&world, "carol", command, Exit::Invalid, ": write ");
        }
        complains(&world, "carol", &["person", "show", "--", id], Exit::Invalid, "not a person: write ");
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
        ("show CHG-2", "no change CHG-2"),
        ("approve CHG-9007199254740991", "no change CHG-9007199254740991"),
        ("proposal show 1", "no proposal 1"),
        ("person show daev", "no person daev in this register; did you mean dave?"),
        ("log --seq 3", "no entry 3"),
        ("log --seq 18446744073709551615", "no entry 18446744073709551615"),
        ("list --as=", "--as is empty"),
        ("list --register=", "--register is empty"),
        ("log --seq 18446744073709551616", "number too large"),
        ("log --seq=-1", "not a whole number"),
        ("list --limit=4294967296", "4294967296 is not in"),
        ("start CHG-1 --artifact app.tar", "does not have the form NAME=FILE"),
        ("start CHG-1 --artifact app.tar=nosuch", "cannot read nosuch: "),
        ("shwo CHG-1", "unknown command \"shwo\""),
    ] {
        fails(&world, "carol", command, Exit::Invalid, complaint);
    }
}

#[test]
fn no_bytes_on_the_command_line_break_it() {
    // The in-process `run` of the tests takes UTF-8 only, so run the compiled program.
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

#[test]
fn a_misspelt_word_of_an_option_is_answered_with_one_like_it_or_with_none() {
    let world = World::filed();
    for (command, tip) in [
        ("list --sort newset", Some("newest")),
        ("list --color alwyas", Some("always")),
        ("list --lang zh-CM", Some("zh-CN")),
        ("list --status opne", Some("open")),
        ("list --kind emergncy", Some("emergency")),
        ("log --kind chnage.approve", Some("change.approve")),
        ("draft --kind standrad", Some("standard")),
        ("setup-shell fsh", Some("fish")),
        ("person grant carol enginer", Some("engineer")),
        ("list --sort sideways", None),
        ("list --status sideways", None),
    ] {
        let output = world.run("alice", command);
        let found = output.err.lines().find_map(|line| line.strip_prefix("hint: did you mean ")?.split_once('?'));
        assert_eq!((found.map(|(it, _)| it), output.exit), (tip, Exit::Invalid), "{command}: {}", output.err);
    }
}

#[test]
fn a_misspelt_option_is_answered_with_one_like_it_or_with_none() {
    let world = World::founded();
    for (command, tip) in [
        ("person grant carol --grp dba", Some("--group")),
        ("person grant carol --untill 2026-12-31T18:00:00Z", Some("--until")),
        ("freeze check now --sevice ledger", Some("--service")),
        ("calendar --venu XSHG", Some("--venue")),
        ("list --regster prod", Some("--register")),
        ("person grant carol --role engineer", None),
    ] {
        let said = world.run("alice", command).err;
        let found = said.lines().find_map(|line| line.strip_prefix("hint: did you mean ")?.split_once('?'));
        assert_eq!(found.map(|(it, _)| it), tip, "{said}");
        let usage = command.split(" --").next().unwrap().trim_end_matches(" carol").trim_end_matches(" now");
        assert!(said.contains(&format!("`twinseal {usage} -h` shows")), "{said}");
    }
}
