//! The inbox asks for nothing that the rules refuse, and forgets nobody whom a change waits for.

mod watch;

use crate::support::{CHANGE, FREEZE, World};
use twinseal::domain::Denied;
use twinseal::error::Exit;

fn second(world: &World, number: u64) {
    let opened = world.state().governance().proposal(number.to_string().parse().unwrap()).map(|it| it.opened);
    let opened = opened.unwrap_or_else(|denied: Denied| panic!("{denied}"));
    world.ok("bob", &format!("proposal second {number} --digest {opened}"));
}

fn policy(world: &World, lines: &str, number: u64) {
    world.write("policy.toml", format!("approvals = 2\napproval_days = 14\n{lines}"));
    world.ok("alice", "policy propose policy.toml");
    second(world, number);
}

/// What the list, the page and the inbox of the owner say of a change that can never start.
fn says(world: &World, reason: &str) {
    let inbox = world.ok("erin", "inbox");
    let expected = format!("cannot start: {reason}");
    assert!(inbox.starts_with("changes to revise (1)\n  CHG-1  ") && inbox.contains(&expected), "{inbox}");
    assert!(inbox.contains("; window opens in 1 h (2026-12-01T10:00:00Z)\n"), "{inbox}");
    assert!(world.ok("erin", "list").contains("approved; cannot start"));
    let shown = world.ok("erin", "show CHG-1");
    assert!(shown.contains(&format!("cannot start  {}", &reason[..20])), "{shown}");
    for command in ["--json show CHG-1", "--json list"] {
        let shown: serde_json::Value = serde_json::from_str(&world.ok("erin", command)).unwrap();
        let change = shown.get("changes").map_or(&shown, |changes| &changes[0]);
        assert!(change["cannot_start"].is_string(), "{command}: {change}");
    }
    assert_eq!(world.ok("carol", "inbox"), "");
    world.at("2026-12-01T10:00:00Z");
    assert_eq!(world.run("erin", "start CHG-1").exit, Exit::Refused);
}

fn approved_early() -> World {
    let world = World::filed();
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world
}

#[test]
fn no_change_is_called_ready_whose_text_was_redacted() {
    let world = approved_early();
    world.ok("alice", "proposal redact 2 --reason 'A password.'");
    second(&world, 1);
    says(&world, "the text of the current revision of CHG-1 was redacted");
}

#[test]
fn no_change_is_called_ready_that_the_policy_does_not_let_start() {
    let world = approved_early();
    policy(&world, "[[require]]\nname = \"secure\"\nfields = [\"security\"]\n", 1);
    says(&world, "the policy requires security for this change");
}

#[test]
fn no_change_is_called_ready_that_none_of_its_implementers_may_start() {
    let world = approved_early();
    policy(&world, "separate = [\"requester-implementer\"]\n", 1);
    says(&world, "erin cannot be both requester and implementer");
}

#[test]
fn nobody_whose_keys_are_suspended_is_asked_to_act() {
    let world = approved_early();
    let key = world.signer("erin").public().fingerprint();
    assert!(world.ok("erin", "inbox").contains("start"));
    world.ok("bob", &format!("key suspend {key}"));
    assert_eq!(world.ok("erin", "inbox"), "");
}

#[test]
fn no_change_is_to_be_revised_by_somebody_who_no_longer_owns_it() {
    let world = World::founded();
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"alice\""));
    world.ok("erin", "file change.toml");
    world.write("change.toml", CHANGE);
    world.ok("erin", "revise CHG-1 change.toml");
    world.ok("carol", "reject CHG-1 --reason No.");
    assert!(world.ok("erin", "inbox").contains("revise"));
    assert_eq!(world.ok("alice", "inbox"), "");
}

#[test]
fn an_owner_who_is_an_author_too_is_asked_to_revise() {
    let world = World::founded();
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"erin\"\nauthors = [\"erin\"]"));
    world.ok("alice", "person grant alice engineer");
    second(&world, 1);
    world.ok("alice", "file change.toml");
    world.ok("carol", "reject CHG-1 --reason No.");
    assert!(world.ok("erin", "inbox").contains("rejected by carol"));
}

/// A change that asks to be excepted from a freeze, approved by carol and dave, who are not in its group.
fn unexcepted() -> World {
    let world = World::founded_with_spare_approvers();
    world.write("freeze.toml", FREEZE);
    world.ok("alice", "freeze propose freeze.toml");
    second(&world, 1);
    let exception = "\n[freeze_exception]\nfreezes = [\"month-end\"]\nreason = \"The desk cannot wait.\"\n";
    world.write("change.toml", format!("{CHANGE}{exception}"));
    world.ok("erin", "file change.toml");
    world
}

#[test]
fn those_who_may_except_from_a_freeze_are_asked_for_it_and_nobody_else() {
    let world = unexcepted();
    // Alice is in the group, and no approver.
    world.ok("alice", "person grant ivy --group finance");
    second(&world, 2);
    world.ok("alice", "person grant alice --group finance");
    second(&world, 3);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    let asked = "high; 2 of 2 approvals; needs an exception from freeze month-end; window opens in 1 h";
    let inbox = world.ok("ivy", "inbox");
    assert!(inbox.contains(asked), "{inbox}");
    let json: serde_json::Value = serde_json::from_str(&world.ok("ivy", "--json inbox")).unwrap();
    assert_eq!(json["items"][0]["action"], "approve");
    assert_eq!(json["items"][0]["reason"], "high; 2 of 2 approvals; needs an exception from freeze month-end");
    for person in ["alice", "carol", "dave", "jack", "bob"] {
        assert_eq!(world.ok(person, "inbox"), "", "{person}");
    }
    let shown = world.ok("erin", "show CHG-1").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("needs an approval by a member of group finance; could approve: ivy"), "{shown}");
    world.approve("ivy", "CHG-1");
    assert_eq!(world.ok("ivy", "inbox"), "");
    assert!(!world.ok("erin", "show CHG-1").contains("cannot start"));
}

#[test]
fn an_approval_says_that_an_exception_is_missing_as_show_list_and_inbox_do() {
    let world = unexcepted();
    world.approve("carol", "CHG-1");
    let said = world.run("dave", &format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed)).err;
    let complaint = "cannot start: CHG-1 is not excepted from freeze month-end: it needs an approval by a member of \
                     group finance; nobody could approve";
    assert!(said.starts_with(&format!("CHG-1 approved (2 of 2); {complaint}\n")), "{said}");
    assert!(world.ok("erin", "list").contains("approved; cannot start"));
    assert!(world.ok("erin", "inbox").contains(complaint.split("; nobody").next().unwrap()));
    let shown: serde_json::Value = serde_json::from_str(&world.ok("erin", "--json show CHG-1")).unwrap();
    assert_eq!(shown["cannot_start"], "freeze-exception");
    // Nor is it called ready while the approvals are too few.
    world.ok("dave", "retract CHG-1 --reason No.");
    let said = world.run("dave", &format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed)).err;
    assert!(said.contains(complaint), "{said}");
}

#[test]
fn a_freeze_of_the_whole_window_is_said_wherever_a_change_would_be_called_ready() {
    let world = World::founded();
    let all_day = FREEZE.replace("2026-12-01T11:00:00Z", "2026-12-01T00:00:00Z");
    world.write("freeze.toml", all_day);
    world.ok("alice", "freeze propose freeze.toml");
    second(&world, 1);
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    world.approve("carol", "CHG-1");
    let said = world.run("dave", &format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed)).err;
    assert!(said.starts_with("CHG-1 approved (2 of 2); cannot start: freeze month-end stops CHG-1"), "{said}");
    assert!(world.ok("erin", "inbox").contains("cannot start: freeze month-end stops CHG-1"));
    assert!(world.ok("erin", "list").contains("approved; cannot start"));
    // A freeze that ends in the window stops no start after it.
    world.ok("alice", "freeze lift month-end --reason Done.");
    second(&world, 2);
    world.write("freeze.toml", FREEZE.replace("11:00:00Z", "10:00:00Z").replace("12:00:00Z", "11:00:00Z"));
    world.ok("alice", "freeze propose freeze.toml");
    second(&world, 3);
    assert!(world.ok("erin", "show CHG-1").contains("approved (2 of 2)"));
    assert!(!world.ok("erin", "show CHG-1").contains("cannot start"));
}

#[test]
fn only_approvers_are_asked_to_except_from_a_freeze_of_one_person() {
    let world = World::founded();
    let said = world.ok("alice", "freeze now --reason Why. --for 4h");
    let name = said.split(' ').nth(1).unwrap().to_owned();
    let exception = format!("\n[freeze_exception]\nfreezes = [\"{name}\"]\nreason = \"The desk cannot wait.\"\n");
    world.write("change.toml", format!("{CHANGE}{exception}"));
    world.ok("erin", "file change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    // Bob is an admin and no approver: his approval would be refused.
    assert_eq!(world.ok("bob", "inbox"), "");
    let shown = world.ok("erin", "show CHG-1").split_whitespace().collect::<Vec<_>>().join(" ");
    let complaint =
        "an approval by an approver who is an admin or a member of group duty, other than alice; nobody could";
    assert!(shown.contains(complaint), "{shown}");
}
