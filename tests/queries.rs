//! Finding one's way in a register: lists, moments in the past, drafts from earlier changes, exports.

use std::fs;

use crate::support::{CHANGE, World};
use sha2::{Digest, Sha256};
use twinseal::error::Exit;
use twinseal::output::csv_row;

/// Five changes that differ: CHG-1 is as [`CHANGE`], approved; the others await approval, except CHG-5, which is
/// rejected.
fn five() -> World {
    let world = World::founded();
    let variants: [&[(&str, &str)]; 5] = [
        &[],
        &[("\"high\"", "\"low\""), ("12:00:00Z", "11:00:00Z"), ("Raise the pool", "Lower the pool")],
        &[("\"normal\"", "\"emergency\""), ("\"high\"", "\"critical\""), ("order-gateway", "oms-db")],
        &[("owner = \"erin\"", "owner = \"bob\""), ("2026-12-01T", "2026-12-08T"), ("160.", "160. Call the Broker.")],
        &[("[window]", "tags = [\"capacity\"]\n[window]"), ("\"high\"", "\"medium\"")],
    ];
    for replaced in variants {
        let change = replaced.iter().fold(CHANGE.to_owned(), |change, (from, to)| change.replace(from, to));
        assert!(replaced.iter().all(|(_, to)| change.contains(to)));
        world.write("change.toml", change);
        world.ok("erin", "file change.toml");
    }
    world.ok("dave", "reject CHG-5 --reason 'Not today.'");
    world.approve("carol", "CHG-1");
    world.approve("dave", "CHG-1");
    world
}

/// The changes in a list, in its order.
fn listed(world: &World, arguments: &str) -> Vec<String> {
    let printed = world.ok("audrey", &format!("list {arguments}"));
    printed.lines().skip(1).map(|line| line.split(' ').next().unwrap().trim_start_matches("CHG-").to_owned()).collect()
}

#[test]
fn an_id_is_read_in_any_case_and_without_its_prefix() {
    let world = five();
    let whole = world.ok("audrey", "show CHG-3");
    for typed in ["chg-3", "Chg-3", "3"] {
        assert_eq!(world.ok("audrey", &format!("show {typed}")), whole, "{typed}");
        assert!(world.ok("audrey", &format!("log --change {typed}")).contains("CHG-3"), "{typed}");
    }
    world.ok("audrey", "diff 3");
    world.ok("erin", "withdraw 3 --reason 'Not needed.'");
    world.fails("audrey", "show 03", Exit::Invalid, "\"03\": not a change: write ");
}

#[test]
fn a_list_holds_what_was_asked_for_and_nothing_else() {
    let world = five();
    for (arguments, expected) in [
        ("", "5 4 3 2 1"),
        ("--status approved", "1"),
        ("--status awaiting-approval", "4 3 2"),
        ("--status rejected", "5"),
        ("--status in-progress", ""),
        ("--status open", "5 4 3 2 1"),
        ("--status approved,rejected", "5 1"),
        ("--status 'approved, rejected' --risk high", "1"),
        ("--mine", ""),
        ("--mine --as bob", "4"),
        ("--mine --as erin --status open --sort oldest --limit 2", "1 2"),
        ("--approver carol", "1"),
        ("--approver carol --status rejected", ""),
        ("--approver erin", ""),
        ("--owner bob", "4"),
        ("--service oms-db", "3"),
        ("--service order-gateway", "5 4 2 1"),
        ("--tag capacity", "5"),
        ("--risk high", "4 1"),
        ("--kind emergency", "3"),
        ("--from 2026-12-01T12:00:00Z", "4"),
        ("--from 2026-12-01T11:00:00Z --to 2026-12-02T00:00:00Z", "5 3 1"),
        ("--to 2026-12-08T18:00:00+08:00", "5 3 2 1"),
        ("--text 'lower the'", "2"),
        ("--text 'the broker'", "4"),
        ("--text nowhere", ""),
        ("--text 'RAISE the'", "5 4 3 1"),
        // Nobody wrote the names of fields, or the salt.
        ("--text 'plan 1'", ""),
        ("--text salt", ""),
        ("--text title", ""),
        ("--risk high --owner erin --status approved", "1"),
        ("--sort oldest", "1 2 3 4 5"),
        ("--sort window", "1 2 3 5 4"),
        ("--sort risk", "3 4 1 5 2"),
        ("--sort oldest --limit 2", "1 2"),
        ("--status awaiting-approval --limit 1", "4"),
    ] {
        assert_eq!(listed(&world, arguments).join(" "), expected, "list {arguments}");
    }
    world.at("2026-12-01T11:30:00Z");
    assert_eq!(listed(&world, "--status expired"), ["2"]);
    assert_eq!(listed(&world, "--status open"), ["5", "4", "3", "1"]);
    world.ok("dave", "retract CHG-1 --reason No.");
    assert_eq!(listed(&world, "--approver carol"), ["1"]);
    assert_eq!(listed(&world, "--approver dave"), Vec::<String>::new());
    for json in ["", "--json"] {
        let output = world.run("audrey", &format!("list --status awaiting-approval --limit 1 {json}"));
        assert_eq!(output.err, "showing the first 1; use --limit for more\n");
    }
    assert!(world.run("audrey", "list --status in-progress").err.contains("no matching changes"));
}

#[test]
fn times_are_typed_as_people_say_them() {
    let world = five();
    // 2026-12-01 is a Tuesday. The window of CHG-4 is on the next one.
    world.ok("audrey", "config set zone Asia/Shanghai");
    assert_eq!(listed(&world, "--from sat"), ["4"]);
    assert_eq!(listed(&world, "--from 'mon 09:00' --to '2026-12-08 18:00'"), Vec::<String>::new());
    assert_eq!(listed(&world, "--from '2026-12-08 18:00' --zone UTC"), Vec::<String>::new());
    world.fails("audrey", "list --from tue", Exit::Invalid, "today is a Tue: write today, or the date");
    let log = |arguments: &str| world.ok("audrey", &format!("log {arguments}")).lines().count();
    let all = log("");
    assert_eq!(log("--since yesterday"), all);
    assert_eq!((log("--since 2"), log("--until yesterday"), log("--since 2026-12-02")), (all - 2, 0, 0));
    assert_eq!(log("--actor dave"), log("--person dave"));
    world.fails("audrey", "log --since soon", Exit::Invalid, "\"soon\": not a time: write 'sat 20:00'");
    world.fails("audrey", "log --since 23:59", Exit::Invalid, "23:59 today is still to come: write yesterday 23:59");
}

#[test]
fn a_list_of_nonsense_says_what_would_be_right() {
    let world = five();
    for (arguments, complaint) in [
        ("--status maybe", "\"maybe\": not a status: use awaiting-approval, approved"),
        ("--status open,aproved", "\"aproved\": not a status"),
        ("--status aproved", "hint: did you mean approved?"),
        ("--status rejected,opne", "hint: did you mean open?"),
        ("--status maybe", "in-review, closed or open"),
        ("--risk hgih", "hint: did you mean high?"),
        ("--status ''", "not a status"),
        ("--approver nobody", "no person nobody"),
        ("--risk huge", "not a risk: use low, medium, high or critical"),
        ("--owner 'No Body'", "not a person"),
        (
            "--from tomorrow",
            "\"tomorrow\": which zone? write the offset, as in 2026-12-05T20:00:00+08:00, or use --zone",
        ),
        ("--to 2026-12-1", "\"2026-12-1\": not a time: write 'sat 20:00', tomorrow"),
        ("--to tomorrow --zone CST", "\"CST\": not the name of a time zone"),
        ("--to tomorrow --zone Asia/Shangai", "unknown time zone; did you mean Asia/Shanghai?"),
        ("--sort best", "is none of newest, oldest, window, risk"),
        ("--limit 0", "0 is not in 1.."),
    ] {
        world.fails("audrey", &format!("list {arguments}"), Exit::Invalid, complaint);
    }
}

#[test]
fn several_changes_are_each_shown_and_signed() {
    let world = five();
    let output = world.run_typing("carol", "approve CHG-2 CHG-3", &["CHG-2", "CHG-3"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    for change in ["CHG-2", "CHG-3"] {
        assert_eq!(world.change(change).votes().len(), 1, "{change}");
        assert!(output.screen.contains(&format!("{change} approved (1 of 2)")), "{}", output.screen);
    }
    // What is not confirmed is not signed; the others are. A table of all of them comes first.
    let output = world.run_typing("dave", "approve CHG-2 CHG-3 CHG-4", &["CHG-2", "CHG-4", "", "CHG-4"]);
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    assert!(output.err.starts_with("CHANGE  RISK") && output.err.contains("\nCHG-4   high"), "{}", output.err);
    let votes = ["CHG-2", "CHG-3", "CHG-4"].map(|change| world.change(change).votes().len());
    assert_eq!(votes, [2, 1, 1]);
    // Nothing is signed if one of them is not there. A digest that does not match keeps nobody from the others.
    world.fails("dave", "approve CHG-3 CHG-99", Exit::Invalid, "no change CHG-99");
    let digest = world.revision("CHG-3").filed;
    let one = format!("approve CHG-3 CHG-4 --revision {digest}");
    world.fails("dave", &one, Exit::Invalid, "2 changes but 1 digests");
    let swapped = format!("approve CHG-3 CHG-4 --revision {} --revision {digest}", world.revision("CHG-4").filed);
    world.fails("dave", &swapped, Exit::Refused, "CHG-4 not approved: --revision");
    let wrong = format!("approve CHG-3 CHG-4 --revision {digest} --revision {digest}");
    let output = world.run("dave", &wrong);
    assert_eq!(output.exit, Exit::Refused);
    assert!(output.err.contains("approved 1 of 2 changes; not approved: CHG-4"), "{}", output.err);
}

#[test]
fn an_approver_skips_rejects_and_looks_again_at_the_question() {
    let world = five();
    world.write("revised.toml", CHANGE.replace("pool to 160", "pool to 144"));
    world.ok("erin", "revise CHG-2 revised.toml");
    let output = world.run_typing("carol", "approve 2 3 4", &["d", "v", "r", "Too small.", "s", "CHG-4"]);
    assert!(output.exit == Exit::Refused && output.unasked.is_empty(), "{}", output.screen);
    let skipped = "CHG-3 skipped; nothing was recorded; to come back to it: `twinseal approve CHG-3`";
    for part in ["CHG-2 rejected;", skipped, "CHG-4 approved (1 of 2)", "approved 1 of 2 changes"] {
        assert!(output.err.contains(part), "{part}: {}", output.screen);
    }
    // Each page was shown once, that of CHG-2 twice; its difference with each page, and once more.
    assert_eq!(output.screen.matches("\ntimeline\n").count(), 3 + 1, "{}", output.screen);
    assert_eq!(output.screen.matches("changes since revision 1").count(), 3, "{}", output.screen);
    assert_eq!(output.screen.matches("about to sign: approve CHG-2").count(), 3, "{}", output.screen);
    assert!(world.ok("erin", "show 2").contains("Too small."));
    // No reason, no rejection; a letter that is not offered is no answer.
    let output = world.run_typing("dave", "approve 4", &["r", "", ""]);
    assert!(output.exit == Exit::Refused && output.err.contains("no reason given; not rejected"), "{}", output.screen);
    for typed in [&["d"][..], &["x"], &["S"], &["44"], &["y"]] {
        let output = world.run_typing("dave", "approve 4", typed);
        assert!(output.exit == Exit::Refused && output.err.contains("not confirmed"), "{typed:?} {}", output.screen);
    }
    assert_eq!(world.change("CHG-4").votes().len(), 1);
}

#[test]
fn reject_and_finish_ask_for_what_was_left_out() {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.fails("erin", "finish CHG-1", Exit::Invalid, "no outcome given");
    let output = world.run_typing("erin", "finish CHG-1", &["done"]);
    assert!(output.exit == Exit::Invalid && output.err.contains("not an outcome: use succeeded"), "{}", output.screen);
    let output = world.run_typing("erin", "finish CHG-1", &["failed"]);
    let order = ["the outcome of CHG-1 rev", "min expected,", "Outcome (s succeeded", "finish (failed) CHG-1 rev"];
    let places = order.map(|it| output.screen.find(it).unwrap_or(usize::MAX));
    assert!(places.is_sorted() && output.screen.matches("min expected").count() == 1, "{places:?} {}", output.screen);
    assert!(output.exit == Exit::Done && output.err.contains("CHG-1 finished: failed"), "{}", output.screen);

    let world = five();
    world.fails("carol", "reject CHG-2", Exit::Invalid, "no reason given; nothing was recorded");
    let output = world.run_typing("carol", "reject CHG-2", &["Too small."]);
    assert!(output.exit == Exit::Done && output.err.contains("CHG-2 rejected"), "{}", output.screen);
}

#[test]
fn the_past_is_told_as_it_was() {
    let world = World::founded();
    world.at("2026-12-02T09:00:00Z");
    world.ok("alice", "person grant carol engineer");
    let opened = world.raw(2).leaf();
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    world.at("2026-12-03T09:00:00Z");
    let roles = |as_of: &str| {
        let shown = world.ok("audrey", &format!("person show carol {as_of}"));
        shown.lines().find_map(|line| line.strip_prefix("roles")).unwrap().trim().to_owned()
    };
    assert_eq!(roles(""), "engineer, approver");
    for before in ["--as-of 2", "--as-of 0", "--as-of 2026-12-02T08:59:59Z", "--as-of 2026-12-02T16:59:59+08:00"] {
        assert_eq!(roles(before), "approver", "{before}");
    }
    for after in ["--as-of 3", "--as-of 2026-12-02T09:00:00Z"] {
        assert_eq!(roles(after), "engineer, approver", "{after}");
    }
    assert_eq!(
        world.run("audrey", "person list --as-of 3").err.lines().last(),
        Some("as of entry 3, 2026-12-02T09:00:00Z")
    );
    world.fails("audrey", "person list --as-of 4", Exit::Invalid, "no entry 4");
    world.fails("audrey", "person list --as-of 2020-01-01T00:00:00Z", Exit::Invalid, "no entry at or before 2020");
    world.fails("audrey", "person list --as-of yesterday", Exit::Invalid, "which zone?");
    world.fails("audrey", "person show frank --as-of 0", Exit::Invalid, "no person frank");
}

#[test]
fn a_change_becomes_a_draft_again() {
    let world = World::founded();
    for example in ["order-gateway-pool", "fix-tls-rotation", "archive-drop-2019", "openssl-gateway-patch"] {
        let source = fs::read_to_string(format!("examples/{example}.toml")).unwrap();
        // Whatever its window was, it is ahead.
        let lines =
            source.lines().map(|line| match line.split_once(" = \"2026-12-").or(line.split_once(" = \"2035-03-")) {
                Some((key, _)) if ["start", "end"].contains(&key) => {
                    format!("{key} = \"2026-12-0{} 20:00\"", if key == "start" { 5 } else { 6 })
                }
                _ => line.to_owned(),
            });
        world.write(&format!("{example}.toml"), lines.collect::<Vec<_>>().join("\n"));
    }
    for folder in ["artifacts", "evidence"] {
        for file in fs::read_dir(format!("examples/{folder}")).unwrap().map(Result::unwrap) {
            world.write(&format!("{folder}/{}", file.file_name().to_str().unwrap()), fs::read(file.path()).unwrap());
        }
    }
    let examples = ["order-gateway-pool", "fix-tls-rotation", "archive-drop-2019", "openssl-gateway-patch"];
    for (n, example) in (0..).zip(examples) {
        world.ok("erin", &format!("file {example}.toml"));
        let (first, second) = (format!("CHG-{}", 2 * n + 1), format!("CHG-{}", 2 * n + 2));
        world.write("again.toml", world.ok("erin", &format!("draft --from {first}")));
        world.ok("erin", "file again.toml --again");
        let (first, second) = (world.change(&first), world.change(&second));
        let (mut facts, again) = (first.current().facts.clone(), second.current().facts.clone());
        (facts.window, facts.conflicts) = (again.window.clone(), again.conflicts);
        assert_eq!(facts, again, "{example}");
        let words = |seq| {
            let text = String::from_utf8(world.raw(seq).text.unwrap()).unwrap();
            text.split_once('\n').unwrap().1.to_owned()
        };
        assert_eq!(words(first.current().seq), words(second.current().seq), "{example}");
    }
    world.fails("erin", "draft --from CHG-99", Exit::Invalid, "no change CHG-99");
}

#[test]
fn changes_are_found_by_an_artifact_whatever_its_name() {
    let world = World::founded();
    world.write("pool.toml", "size = 160\n");
    world.write("same.toml", "size = 160\n");
    world.write("other.toml", "size = 144\n");
    for (n, file) in ["pool.toml", "other.toml", "pool.toml"].iter().enumerate() {
        let artifact = format!("[[artifacts]]\nname = \"pool\"\nfile = \"{file}\"\n");
        world.write("change.toml", format!("{}\n{artifact}", CHANGE.replace("pool to 160", &format!("pool to {n}"))));
        world.ok("erin", "file change.toml --again");
    }
    world.write("change.toml", CHANGE);
    world.ok("erin", "revise CHG-3 change.toml");
    let digest = twinseal::domain::hex(&Sha256::digest("size = 160\n"));
    for given in ["same.toml".to_owned(), digest.clone(), format!("sha256:{digest}")] {
        assert_eq!(listed(&world, &format!("--artifact {given}")), ["1"], "{given}");
    }
    world.fails("audrey", "list --artifact absent.toml", Exit::Invalid, "cannot read absent.toml");
    world.fails("audrey", "list --artifact sha256:12", Exit::Invalid, "not a SHA-256 digest");
}

#[test]
fn the_time_to_approve_ends_with_the_approval_that_was_missing() {
    let world = World::filed();
    let told = |command: &str| -> serde_json::Value { serde_json::from_str(&world.ok("audrey", command)).unwrap() };
    let columns = || -> (String, String) {
        let csv = world.ok("audrey", "export csv");
        let (header, row) = csv.split_once('\n').unwrap();
        // The title has no comma.
        let cell = |name: &str| {
            let at = header.trim_end().split(',').position(|it| it == name).unwrap();
            row.lines().next().unwrap().split(',').nth(at).unwrap().to_owned()
        };
        (cell("approved"), cell("seconds_to_approve"))
    };
    world.at("2026-12-01T09:02:00Z");
    world.approve("dave", "CHG-1");
    assert_eq!(columns(), ("2026-12-01T09:02:00Z".to_owned(), String::new()));
    assert_eq!(told("--json show CHG-1")["approvals"]["seconds_to_approve"], serde_json::Value::Null);
    world.at("2026-12-01T09:10:00Z");
    world.approve("carol", "CHG-1");
    // As `approved_by` lists them: by person.
    let both = "2026-12-01T09:10:00Z 2026-12-01T09:02:00Z".to_owned();
    assert_eq!(columns(), (both.clone(), "600".to_owned()));
    // Nobody needs a third approval, and it changes nothing.
    world.ok("alice", "person grant bob approver");
    for command in ["show CHG-1", "list"] {
        let told = told(&format!("--json {command}"));
        let approvals = told.get("approvals").unwrap_or_else(|| &told["changes"][0]["approvals"]);
        assert_eq!(approvals["seconds_to_approve"], 600);
        let given: Vec<&str> =
            approvals["given"].as_array().unwrap().iter().map(|it| it["time"].as_str().unwrap()).collect();
        assert_eq!(given.join(" "), both);
    }
    // A retracted approval counts no longer; the next one is the one that was missing.
    world.at("2026-12-01T09:20:00Z");
    world.ok("dave", "retract CHG-1 --reason No.");
    assert_eq!(columns().1, "");
    world.at("2026-12-01T09:30:00Z");
    world.approve("dave", "CHG-1");
    assert_eq!(columns().1, "1800");
    // A start settles it. A revision begins again.
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.at("2027-12-01T10:00:00Z");
    assert_eq!(columns().1, "1800");
}

#[test]
fn an_export_holds_the_exact_bytes_and_one_row_a_change() {
    let world = five();
    let lines = world.ok("audrey", "export jsonl");
    assert_eq!(lines.lines().count() as u64, world.entries());
    for (seq, line) in (0..).zip(lines.lines()) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let raw = world.raw(seq);
        assert_eq!(line["blob"].as_str().unwrap().as_bytes(), raw.blob, "{seq}");
        assert_eq!(line["text"].as_str().map(|text| text.as_bytes().to_vec()), raw.text, "{seq}");
        assert_eq!(line["entry"]["leaf"].as_str().unwrap(), raw.leaf().to_string(), "{seq}");
    }
    assert_eq!(world.ok("audrey", "export jsonl --since 7").lines().count() as u64, world.entries() - 7);
    world.write("change.toml", CHANGE.replace("Raise the pool", "=cmd|' /C calc'!A0"));
    world.ok("erin", "file change.toml");
    let csv = world.ok("audrey", "export csv");
    assert_eq!(csv.matches("\r\n").count(), 7, "{csv}");
    assert!(csv.contains("CHG-6,awaiting-approval,'=cmd|' /C calc'!A0,normal"), "{csv}");
    assert!(csv.lines().nth(1).unwrap().contains(",carol dave,"), "{csv}");
}

#[test]
fn reading_as_somebody_who_is_not_enrolled_is_refused() {
    let world = five();
    for command in ["inbox", "list", "show CHG-1", "log"] {
        world.fails("carol", &format!("{command} --as nobody"), Exit::Invalid, "no person nobody");
    }
    world.ok("carol", "inbox --as dave");
}

#[test]
fn an_export_for_excel_begins_with_a_byte_order_mark() {
    let world = five();
    let plain = world.ok("carol", "export csv");
    assert_eq!(world.ok("carol", "export csv --bom"), format!("\u{feff}{plain}"));
}

#[test]
fn a_change_with_one_revision_is_compared_with_nothing() {
    let world = five();
    assert_eq!(world.run("carol", "diff CHG-1").err, "CHG-1 has one revision; nothing to compare\n");
}

#[test]
fn no_cell_of_an_export_begins_with_a_sign_of_a_formula() {
    for sign in ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'] {
        // A spreadsheet ignores white space before the sign.
        for before in ["", " ", "   ", "\t", "\u{3000}", "\n", "\r"] {
            let row = csv_row(&[format!("{before}{sign}1+1"), format!("x{sign}1")]);
            let cell = row.trim_start_matches('"');
            assert!(cell.starts_with('\''), "{before:?} {sign}: {row:?}");
            assert!(row.ends_with(&format!(",x{sign}1\r\n")), "{before:?} {sign}: {row:?}");
        }
    }
}

/// A draft in which every field has a value, and none of them is the same in another variant.
fn full_draft(n: u64, [kind, risk, owner, file]: [&str; 4]) -> String {
    format!(
        r#"
title = "title{n}"
kind = "{kind}"
risk = "{risk}"
owner = "{owner}"
authors = ["external author{n}"]
implementers = ["{owner}"]
services = ["service{n}"]
environments = ["environment{n}"]
tags = ["tag{n}"]
follows = ["CHG-{n}"]
targets = ["target{n}", "spare"]
stop_after = {n}
reason = "reason{n}"
security = "security{n}"
success = "success{n}"
[window]
start = "2026-12-01T10:0{n}:00Z"
end = "2026-12-01T12:0{n}:00Z"
[impact]
text = "impact{n}"
outage_minutes = {n}7
[[plan]]
step = "step{n}"
command = "command{n}"
args = ["argument{n}"]
cwd = "/folder{n}"
account = "account{n}"
[rollback]
minutes = {n}9
abort_if = ["abort{n}"]
[[rollback.steps]]
step = "back{n}"
shell = "script{n}"
[[tests]]
what = "trial{n}"
result = "result{n}"
evidence = "{file}.txt"
[[artifacts]]
name = "artifact{n}"
file = "{file}.txt"
[links]
incident = "INC-{n}"
"#
    )
}

#[test]
fn no_changed_field_is_left_out_of_a_diff() {
    let world = World::founded_with_spare_approvers();
    world.write("change.toml", CHANGE.replace("2026-12-01T1", "2026-12-02T1"));
    (0..2).for_each(|_| drop(world.ok("erin", "file change.toml --again")));
    world.write("before.txt", "0 rejects\n");
    world.write("after.txt", "no rejects\n");
    let others = [["normal", "low", "erin", "before"], ["emergency", "high", "bob", "after"]];
    (1..).zip(others).for_each(|(n, other)| world.write(&format!("{n}.toml"), full_draft(n, other)));
    world.ok("erin", "file 1.toml");
    world.ok("erin", "revise CHG-3 2.toml");
    let digest = |name: &str| twinseal::domain::hex(&Sha256::digest(fs::read(world.path(name)).unwrap()));
    let [before, after] = ["before.txt", "after.txt"].map(digest);
    let words = "title author service environment tag target reason security success impact step command argument \
                 folder account abort back script trial result artifact CHG- INC- 10:0 12:0";
    let mut values: Vec<[String; 2]> = words.split_whitespace().map(|it| [1, 2].map(|n| format!("{it}{n}"))).collect();
    let pairs = [["17 min", "27 min"], ["19 min", "29 min"], ["1 failed", "2 failed"], [&before, &after]];
    values.extend(pairs.iter().map(|pair| pair.map(str::to_owned)));
    let [one, two] = others;
    values.extend(one.iter().zip(two).map(|(one, two)| [(*one).to_owned(), two.to_owned()]));
    let json: serde_json::Value = world.ok("carol", "diff CHG-3 --json").parse().unwrap();
    let side = |key: &str| {
        let fields = json["fields"].as_array().unwrap().iter();
        fields.map(|it| it[key].as_str().unwrap()).collect::<Vec<_>>().join("\n")
    };
    let (old, new) = (side("old"), side("new"));
    for [one, two] in values {
        assert!(old.contains(&one) && !new.contains(&one), "{one}\n{new}");
        assert!(new.contains(&two) && !old.contains(&two), "{two}\n{old}");
    }
}
