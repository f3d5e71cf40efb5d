//! The inbox asks for nothing that the rules refuse, and forgets nobody whom a change waits for.

use crate::support::{CHANGE, World};
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
    let expected = format!("revise  CHG-1    window opens in 1 h  cannot start: {reason}");
    assert!(inbox.contains(&expected), "{inbox}");
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
