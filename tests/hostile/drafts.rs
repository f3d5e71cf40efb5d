//! Texts, ids and times in a draft.

use twinseal::error::Exit;

use crate::support::CHANGE;

use super::{DECEPTIVE, FULL, TEXTS, WORDS, fails, faults, with, world};

#[test]
fn no_field_takes_a_deceptive_character() {
    let world = world();
    for (field, old) in TEXTS.into_iter().filter(|(field, _)| *field != "artifacts[1].file") {
        for c in DECEPTIVE {
            let (draft, line) = with(old, &format!("one{c}two"));
            world.write("change.toml", draft);
            let complaint = format!("  change.toml:{line}: {field}: ");
            let said = fails(&world, "erin", "check change.toml", Exit::Invalid, &complaint);
            let named = format!("(U+{:04X}) on line 1 of the text: remove it", u32::from(c));
            assert!(said.contains("has 1 fault:") && said.contains(&named), "{field} {c:?}: {said}");
        }
    }
    // A path is not recorded; it appears only in the error message.
    let (draft, line) = with("build.tar", "no\u{1b}[2J\u{202e}file");
    faults(&world, draft, &[&format!("{line}: artifacts[1].file: cannot read no\\u{{1b}}[2J\\u{{202e}}file: ")]);
    let (draft, line) = with("build.tar", "no\0file");
    faults(&world, draft, &[&format!("{line}: artifacts[1].file: cannot read no\\u{{0}}file: ")]);
}

#[test]
fn no_id_accepts_hostile_text() {
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
fn a_file_that_is_not_utf_8_is_refused() {
    let world = world();
    world.write("change.toml", [b"title = \"a\"\nkind = \"".as_slice(), b"\xff\xfe\"\n"].concat());
    fails(&world, "erin", "file change.toml", Exit::Invalid, "change.toml is not UTF-8: invalid bytes on line 2");
    // An encoded surrogate and an overlong NUL, which lenient decoders accept.
    for bytes in [b"\xed\xa0\x80".as_slice(), b"\xc0\x80"] {
        world.write("change.toml", bytes);
        fails(&world, "erin", "file change.toml", Exit::Invalid, "change.toml is not UTF-8: invalid bytes on line 1");
    }
    for raw in ["\0", "\u{1b}", "\u{7f}"] {
        faults(&world, FULL.replace("a-reason", raw), &["8: invalid TOML: "]);
    }
}

#[test]
fn a_draft_that_is_too_large_is_refused() {
    let world = world();
    world.write("change.toml", FULL.replace("a-reason", &"x".repeat(10_000_000)));
    let said = fails(
        &world,
        "erin",
        "file change.toml",
        Exit::Invalid,
        "change.toml is larger than the limit of 1048576 bytes",
    );
    assert!(said.len() < 500, "{} bytes of complaint", said.len());
    assert!(said.contains("hint: choose another file or shorten this one"), "{said}");
    for (field, old) in
        TEXTS.into_iter().filter(|(field, _)| !["tests[1].evidence", "artifacts[1].file"].contains(field))
    {
        let (draft, line) = with(old, &"x".repeat(70_000));
        let expected = match field {
            "title" => format!("{line}: title: 70000 characters, at most 200 are allowed"),
            _ => " 70".to_owned(),
        };
        faults(&world, draft, &[&expected]);
    }
    let (draft, _) = with("a-title", &"é".repeat(201));
    faults(&world, draft, &["1: title: 201 characters, at most 200 are allowed: shorten it"]);
    let (draft, _) = with("a-title", "two\nlines");
    faults(&world, draft, &["1: title: several lines: write one line"]);
}

#[test]
fn deep_nesting_is_refused_without_a_stack_overflow() {
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
        fails(&world, "erin", "file change.toml", Exit::Invalid, "  change.toml:1: invalid TOML: ");
    }
}

// ---- Times

#[test]
fn no_window_ends_before_it_starts() {
    let world = world();
    for end in ["2026-12-01 17:59", "2026-12-01 18:00"] {
        world.write("change.toml", with("2026-12-01 20:00", end).0);
        let complaint = ": window.end: the window must end after it starts";
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
    let gap = "13: window.start: does not exist in America/New_York, where clocks are set forward: choose another time";
    faults(&world, until(new_york("2027-03-14 02:30"), "2027-03-14 04:00"), &[gap]);
    let twice = "13: window.start: occurs twice in America/New_York, where clocks are set back: write \
                 2027-11-07T01:30:00-04:00 (earlier) or 2027-11-07T01:30:00-05:00 (later)";
    faults(&world, until(new_york("2027-11-07 01:30"), "2027-11-07 04:00"), &[twice]);
    let no_zone = ["13: window.start: a local time needs a zone", "14: window.end: a local time needs a zone"];
    faults(&world, FULL.replace("zone = \"Asia/Shanghai\"\n", ""), &no_zone);
    let zone = "15: window.zone: unknown time zone; did you mean Asia/Shanghai?";
    faults(&world, FULL.replace("Asia/Shanghai", "Asia/Shangai"), &[zone]);
    // A wrong zone hides no other fault.
    let both = FULL.replace("Asia/Shanghai", "Asia/Shangai").replace("2026-12-01 20:00", "soon");
    faults(&world, both, &["14: window.end: not a time: ", zone]);
    let place = "15: window.zone: not the name of a time zone: write one such as Asia/Shanghai, America/Chicago or UTC";
    faults(&world, FULL.replace("Asia/Shanghai", "CST"), &[place]);
    let seconds = "13: window.start: write whole seconds from 00 to 59, without a fraction";
    faults(&world, FULL.replace("2026-12-01 18:00", "2026-12-01 18:00:60"), &[seconds]);
    let bad = ["13: window.start: not a time: ", "14: window.end: not a time: "];
    for time in ["10000-01-01 00:00", "2026-02-30 00:00", "2026-12-01T24:30:00Z", "1969-12-31T23:59:59Z", "soon", "-1"]
    {
        faults(&world, FULL.replace("2026-12-01 18:00", time).replace("2026-12-01 20:00", time), &bad);
    }
    // The last year that RFC 3339 can express is a valid time, but too far in the future.
    world.write("change.toml", FULL.replace("2026-12-01 ", "9999-12-31 "));
    let complaint = "the window starts at 9999-12-31T10:00:00Z, more than ten years ahead";
    fails(&world, "erin", "file change.toml", Exit::Invalid, complaint);
}

#[test]
fn no_machine_step_takes_white_space_but_the_space() {
    let world = world();
    let file = |lines: &str| world.write("change.toml", CHANGE.replace("[rollback]", &format!("{lines}\n[rollback]")));
    for odd in ['\u{a0}', '\u{1680}', '\u{2003}', '\u{202f}', '\u{205f}', '\u{3000}'] {
        for (field, lines) in [
            ("plan[1].args[2]", format!("args = [\"a\", \"b{odd}c\"]")),
            ("plan[1].shell", format!("shell = \"b{odd}c\"")),
            ("plan[1].cwd", format!("args = [\"a\"]\ncwd = \"b{odd}c\"")),
            ("plan[1].account", format!("args = [\"a\"]\naccount = \"b{odd}c\"")),
        ] {
            file(&lines);
            let named = format!("{field}: white space other than a space (U+{:04X})", u32::from(odd));
            fails(&world, "erin", "check change.toml", Exit::Invalid, &named);
        }
    }
    for c in DECEPTIVE {
        file(&format!("args = [\"a\", {}]", super::quoted(&format!("b{c}c"))));
        fails(&world, "erin", "check change.toml", Exit::Invalid, "plan[1].args[2]: ");
    }
}

#[test]
fn a_machine_step_that_says_too_little_or_too_much_is_a_fault() {
    let world = world();
    for (lines, complaint) in [
        ("args = []", "plan[1].args: required, but missing or empty"),
        ("args = [\"\"]", "plan[1].args[1]: empty"),
        ("args = [\"a\", 1]", "plan[1].args[2]: expected a string"),
        ("args = \"a b\"", "plan[1].args: expected a list"),
        ("args = [\"a\"]\nshell = \"a\"", "plan[1].shell: args and shell exclude each other"),
        ("cwd = \"/srv\"", "plan[1].cwd: needs args or shell beside it"),
        ("account = \"a\"", "plan[1].account: needs args or shell beside it"),
        ("args = [\"a\"]\ncwd = \"\"", "plan[1].cwd: empty"),
        ("shell = \"a \\nb\"", "plan[1].shell: leading or trailing white space"),
        ("command = \"rm foo\\\\ \\nbar\"", "plan[1].command: leading or trailing white space"),
        ("command = \"rm cafe\\u0301\"", "plan[1].command: "),
        ("command = \"rm\\u00a0-rf\"", "plan[1].command: "),
        ("args = [\"cafe\u{301}\"]", "plan[1].args[1]: not in Unicode form NFC"),
    ] {
        world.write("change.toml", CHANGE.replace("[rollback]", &format!("{lines}\n[rollback]")));
        fails(&world, "erin", "file change.toml", Exit::Invalid, complaint);
    }
}
