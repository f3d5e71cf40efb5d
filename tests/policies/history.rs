//! A policy that is not in force, judged over changes that are open and changes that were executed.

use serde_json::Value;
use twinseal::error::Exit;

use crate::support::{CHANGE, World};

const STRICTER: &str = "approvals = 3\napproval_days = 14\n";

/// CHG-1 was carried out after two approvals, CHG-2 is open with one.
fn history() -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    world.at("2026-12-02T09:00:00Z");
    world.write("second.toml", CHANGE.replace("2026-12-01", "2026-12-03").replace("160", "170"));
    world.ok("erin", "file second.toml");
    world.approve("carol", "CHG-2");
    world.write("stricter.toml", STRICTER);
    world
}

fn json(world: &World, command: &str) -> Value {
    serde_json::from_str(&world.ok("audrey", &format!("--json {command}"))).unwrap()
}

#[test]
fn a_policy_with_three_approvals_would_have_stopped_what_two_approved() {
    let world = history();
    let entries = world.entries();
    let said = world.run("audrey", "policy replay stricter.toml");
    assert!(said.out.contains("CHG-1   2026-12-01T10:00:00Z  erin  CHG-1 has 2 of 3 approvals"), "{}", said.screen);
    assert!(said.err.contains("stricter.toml: would have stopped 1 of 1 executed changes"), "{}", said.screen);
    let found = json(&world, "policy replay stricter.toml");
    assert_eq!((&found["executed"], &found["stopped"]), (&1.into(), &1.into()));
    assert_eq!((&found["starts"][0]["seq"], &found["starts"][0]["rule"]), (&5.into(), &"enough-approvals".into()));
    // Nothing was recorded, and the log is judged as before.
    assert_eq!(world.entries(), entries);
    world.ok("audrey", "verify");
}

#[test]
fn an_executed_change_is_explained_by_the_policy_of_its_start() {
    let world = history();
    world.ok("alice", "policy propose stricter.toml");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    let [executed, open] = ["CHG-1", "CHG-2"].map(|id| world.ok("audrey", &format!("policy explain {id}")));
    assert!(executed.contains("the approvals of 2 different people"), "{executed}");
    assert!(open.contains("the approvals of 3 different people"), "{open}");
}

#[test]
fn what_else_a_draft_would_refuse_of_an_open_change_is_said() {
    let world = history();
    world.write("separate.toml", "approvals = 2\napproval_days = 14\nseparate = [\"requester-implementer\"]\n");
    let said = world.ok("audrey", "policy test separate.toml --change CHG-2");
    assert!(said.contains("awaiting approval (1 of 2); cannot start: "), "{said}");
}

#[test]
fn starts_before_a_time_or_an_entry_are_left_out() {
    let world = history();
    for (since, executed) in [("5", 1), ("6", 0), ("2026-12-01T10:00:00Z", 1), ("2026-12-02T00:00:00Z", 0)] {
        let found = json(&world, &format!("policy replay stricter.toml --since {since}"));
        assert_eq!(found["executed"], executed, "{since}");
    }
    world.fails("audrey", "policy replay stricter.toml --since nonsense", Exit::Invalid, "nonsense");
    world.write("wrong.toml", "approvals = 1\n");
    world.fails("audrey", "policy replay wrong.toml", Exit::Invalid, "approvals");
}

#[test]
fn a_policy_is_judged_at_each_start_whatever_was_in_force_then() {
    let world = history();
    for (number, days) in [(1, 7), (2, 9)] {
        world.write("other.toml", format!("approvals = 2\napproval_days = {days}\n"));
        world.ok("alice", "policy propose other.toml");
        let opened = world.newest_proposal().opened;
        world.ok("bob", &format!("proposal second {number} --digest {opened}"));
    }
    world.approve("dave", "CHG-2");
    world.at("2026-12-03T10:00:00Z");
    world.ok("erin", "start CHG-2");
    let found = json(&world, "policy replay stricter.toml");
    assert_eq!((&found["executed"], &found["stopped"]), (&2.into(), &2.into()), "{found}");
    assert_eq!(json(&world, "policy replay other.toml")["stopped"], 0);
}

#[test]
fn an_open_change_is_judged_as_it_is_now_and_an_executed_one_at_its_start() {
    let world = history();
    let open = world.ok("audrey", "policy test stricter.toml --change 2");
    assert!(open.contains("CHG-2 under stricter.toml") && open.contains("1 of 3 approvals"), "{open}");
    let done = world.ok("audrey", "policy test stricter.toml --change CHG-1");
    assert!(done.contains("would have stopped 1 of 1 executed changes"), "{done}");
    assert!(done.contains("CHG-1 (entry 5): CHG-1 has 2 of 3 approvals"), "{done}");
    world.fails("audrey", "policy test stricter.toml --change CHG-9", Exit::Invalid, "no change CHG-9");
    assert_eq!(json(&world, "policy test stricter.toml --change 2")["requirements"][0]["result"], "unsatisfied");
}

#[test]
fn a_policy_is_explained_for_one_change() {
    let world = history();
    let said = world.ok("audrey", "policy explain 2");
    assert!(said.contains("unsatisfied: CHG-2 has 1 of 2 approvals"), "{said}");
    assert!(said.contains("Every revision needs the approvals of 2 different people."), "{said}");
    // What was required at the start stays.
    assert!(world.ok("audrey", "policy explain CHG-1").contains("satisfied"));
    world.fails("audrey", "policy explain CHG-1 --capacity", Exit::Invalid, "--capacity");
}

#[test]
fn whoever_proposes_or_seconds_a_policy_sees_what_it_would_have_stopped() {
    let world = history();
    let summary = "would have stopped 1 of 1 executed changes";
    let proposed = world.run("alice", "policy propose stricter.toml");
    assert!(proposed.screen.contains(summary), "{}", proposed.screen);
    assert!(world.ok("audrey", "proposal show 1").contains(summary));
    let seconded = world.run_typing("bob", "proposal second 1", &["1"]);
    assert_eq!(seconded.exit, Exit::Done, "{}", seconded.screen);
    assert!(seconded.screen.contains(summary), "{}", seconded.screen);
}
