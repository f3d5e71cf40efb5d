//! `--as-of` shows a register as it was, from verified entries, and no entry that came later.

use serde_json::Value;

use crate::support::{CHANGE, FREEZE, World};
use twinseal::error::Exit;

/// The commands that are compared, each with a person who may read them.
const ASKED: [&str; 5] =
    ["show CHG-1", "show CHG-2", "list", "list --status open --service order-gateway", "list --text pool"];

fn read(world: &World, command: &str) -> Option<Value> {
    let output = world.run("audrey", &format!("--json {command}"));
    let mut shown: Value = serde_json::from_str(&output.out).ok()?;
    shown.as_object_mut().unwrap().remove("as_of");
    Some(shown)
}

fn second(world: &World, number: u64) {
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second {number} --digest {opened}"));
}

/// When somebody acts, and how.
type Act<'a> = (&'a str, &'a str, &'a dyn Fn(&World));

/// Runs commands, and keeps what the register said after each entry, at the time that the entry claims.
fn story(world: &World) -> Vec<(u64, Vec<Option<Value>>)> {
    world.write("freeze.toml", FREEZE);
    world.write("policy.toml", "approvals = 3\napproval_days = 14\n");
    let frozen = "\n[freeze_exception]\nfreezes = [\"month-end\"]\nreason = \"The desk cannot wait.\"\n";
    world.write("change.toml", CHANGE);
    world.write("second.toml", CHANGE.replace("Raise the pool", "Lower the pool"));
    world.write("revised.toml", format!("{}{frozen}", CHANGE.replace("pool to 160", "pool to 144")));
    let key = world.signer("dave").public().fingerprint();
    let acts: [Act<'_>; 14] = [
        ("09:01", "file", &|world| _ = world.ok("erin", "file change.toml")),
        ("09:02", "file", &|world| _ = world.ok("erin", "file second.toml --again")),
        ("09:03", "approve", &|world| world.approve("carol", "CHG-1")),
        ("09:04", "approve", &|world| world.approve("dave", "CHG-1")),
        ("09:05", "note", &|world| _ = world.ok("audrey", "note CHG-1 'Seen.'")),
        ("09:06", "freeze", &|world| _ = world.ok("alice", "freeze propose freeze.toml")),
        ("09:07", "freeze", &|world| second(world, 1)),
        ("09:08", "revise", &|world| _ = world.ok("erin", "revise CHG-1 revised.toml")),
        ("09:09", "suspend", &|world| _ = world.ok("bob", &format!("key suspend {key}"))),
        ("09:10", "policy", &|world| _ = world.ok("alice", "policy propose policy.toml")),
        ("09:11", "policy", &|world| second(world, 2)),
        ("09:12", "reject", &|world| _ = world.ok("carol", "reject CHG-2 --reason No.")),
        ("09:13", "break-glass", &|world| {
            let glass = "breakglass open --reason Down. --service order-gateway --incident INC-1 --change CHG-1";
            assert_eq!(world.run_typing("erin", glass, &["INC-1"]).exit, Exit::Done);
        }),
        ("09:14", "withdraw", &|world| _ = world.ok("erin", "withdraw CHG-2 --reason 'Not needed.'")),
    ];
    let mut told = Vec::new();
    for (time, what, act) in acts {
        world.at(&format!("2026-12-01T{time}:00Z"));
        let before = world.entries();
        act(world);
        assert_eq!(world.entries(), before + 1, "{what}");
        told.push((world.entries() - 1, ASKED.iter().map(|command| read(world, command)).collect()));
    }
    told
}

#[test]
fn every_entry_and_every_minute_of_the_past_is_shown_as_it_was_then() {
    let world = World::founded_with_spare_approvers();
    let told = story(&world);
    world.at("2026-12-09T09:00:00Z");
    for (n, (seq, then)) in told.iter().enumerate() {
        let time = format!("2026-12-01T09:{:02}:00Z", n + 1);
        for (command, then) in ASKED.iter().zip(then) {
            for moment in [seq.to_string(), time.clone()] {
                let read = read(&world, &format!("{command} --as-of {moment}"));
                let later =
                    |it: &Value| it["error"]["message"].as_str().is_some_and(|it| it.contains("it was filed later"));
                if read.as_ref().is_some_and(later) {
                    assert_eq!(
                        then.as_ref().unwrap()["error"]["message"],
                        "no change CHG-2",
                        "{command} --as-of {moment}"
                    );
                    continue;
                }
                assert_eq!(&read, then, "{command} --as-of {moment}");
            }
        }
        let (shown, listed) =
            (world.ok("audrey", &format!("show 1 --as-of {seq}")), world.ok("audrey", &format!("list --as-of {time}")));
        let as_of = format!("as of entry {seq}, {time}; later entries are left out");
        assert!(shown.contains(&as_of) && listed.starts_with(&as_of), "{shown}{listed}");
    }
    let statuses: Vec<&str> =
        told.iter().map(|(_, then)| then[0].as_ref().unwrap()["status"].as_str().unwrap()).collect();
    // The story is worth telling: the status changed and changed back.
    assert_eq!(statuses[3], "approved");
    assert_eq!(statuses[7], "awaiting-approval");
    let later = "no change CHG-2 as of entry 2: it was filed later, in entry ";
    world.fails("audrey", "show CHG-2 --as-of 2", Exit::Invalid, later);
    world.fails("audrey", "list --as-of 99", Exit::Invalid, "no entry 99");
    world.fails(
        "audrey",
        "list --as-of 2030-01-01T00:00:00Z",
        Exit::Invalid,
        "still to come: write a time in the past",
    );
    world.fails("audrey", "list --as-of 2020-01-01T00:00:00Z", Exit::Invalid, "no entry at or before 2020");
}

#[test]
fn an_entry_whose_clock_is_behind_does_not_move_the_past() {
    let world = World::filed();
    world.at("2026-12-01T09:30:00Z");
    ["alice", "bob", "carol"].iter().for_each(|person| _ = world.ok(person, "note CHG-1 'Seen.'"));
    world.at("2026-12-01T09:10:00Z");
    world.ok("dave", "note CHG-1 'Seen.'");
    let behind = world.entries() - 1;
    world.at("2026-12-01T09:40:00Z");
    // Without the rule, the newest entry that claims this time or an earlier one would be dave's.
    let shown = world.ok("audrey", "list --as-of 2026-12-01T09:20:00Z");
    assert!(shown.starts_with("as of entry 2, 2026-12-01T09:20:00Z"), "{shown}");
    // The state after an entry is read at its effective time: the others had claimed 09:30, five minutes' tolerance.
    let shown = world.ok("audrey", &format!("list --as-of {behind}"));
    assert!(shown.starts_with(&format!("as of entry {behind}, 2026-12-01T09:25:00Z")), "{shown}");
}

#[test]
fn a_text_that_was_redacted_later_is_not_shown_of_the_past() {
    let world = World::filed();
    let seq = world.entries() - 1;
    world.ok("alice", &format!("proposal redact {seq} --reason 'A password.'"));
    second(&world, 1);
    for command in ["show CHG-1", "show CHG-1 --revision 1"] {
        let shown = world.ok("audrey", &format!("{command} --as-of {seq}"));
        assert!(shown.contains("(text redacted)") && shown.contains("redacted later, by proposal 1"), "{shown}");
        assert!(!shown.contains("Raise the pool"), "{shown}");
    }
    assert!(world.ok("audrey", &format!("list --as-of {seq}")).contains("(text redacted)"));
    let newest = world.entries() - 1;
    let shown = world.ok("audrey", &format!("show CHG-1 --as-of {newest}"));
    assert!(shown.contains("redacted by proposal 1, proposed by alice, seconded by bob"), "{shown}");
}

#[test]
fn a_text_that_is_missing_without_a_redaction_is_not_taken_for_redacted_in_the_past() {
    let world = World::filed();
    world.ok("audrey", "note CHG-1 'Seen.'");
    world.ok("audrey", "list");
    world.tamper("UPDATE entry SET text = NULL WHERE seq = 2");
    world.fails("audrey", "show CHG-1 --as-of 2", Exit::Broken, "the text part is missing");
}

#[test]
fn no_past_is_shown_from_an_entry_that_was_exchanged() {
    let world = World::filed();
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.ok("audrey", "list");
    // Entry 3 is dave's approval now: valid by itself, and not what was verified.
    world.tamper("UPDATE entry SET blob = (SELECT blob FROM entry WHERE seq = 4) WHERE seq = 3");
    for as_of in ["3", "4"] {
        let output = world.run("audrey", &format!("list --as-of {as_of}"));
        assert!(output.exit == Exit::Broken && output.out.is_empty(), "{}", output.screen);
    }
    assert!(world.ok("audrey", "list --as-of 2").contains("awaiting approval"));
}

#[test]
fn an_earlier_revision_is_shown_with_what_replaced_it() {
    let world = World::filed();
    world.write("change.toml", CHANGE.replace("Raise the pool", "Lower the pool"));
    world.ok("erin", "revise CHG-1 change.toml");
    let (first, second) = (world.ok("audrey", "show CHG-1 --revision 1"), world.ok("audrey", "show 1 --revision 2"));
    assert!(first.contains("Raise the pool") && !first.contains("Lower the pool"), "{first}");
    assert!(first.contains("1 of 2, replaced by revision 2 (entry 3)"), "{first}");
    assert!(second.contains("Lower the pool") && second.contains("2 of 2, the current one"), "{second}");
    let shown = read(&world, "show CHG-1 --revision 1").unwrap();
    assert_eq!(shown["revision"], 2);
    assert_eq!(shown["revisions"].as_array().unwrap().len(), 1);
    assert_eq!(shown["revisions"][0]["number"], 1);
    world.fails("audrey", "show CHG-1 --revision 3", Exit::Invalid, "CHG-1 has no revision 3");
    world.fails("audrey", "show CHG-1 --revision 2 --as-of 2", Exit::Invalid, "CHG-1 has no revision 2");
}
