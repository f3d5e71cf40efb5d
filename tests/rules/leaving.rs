//! Rules about changes whose owner or implementers have left.

use super::prelude::*;

/// Erin owns and implements CHG-1. A second engineer is enrolled.
fn with_second_engineer() -> World {
    let world = World::approved();
    open_proposal(&world, "frank", "engineer");
    second(&world, "bob", "1");
    world
}

fn retire(world: &World, person: &str, number: &str) {
    world.ok("alice", &format!("person retire {person}"));
    second(world, "bob", number);
}

/// CHG-1 revised so that frank owns and implements it.
fn taken_over(world: &World) -> (Event, Option<Text>) {
    let (event, text) = filing(world, |facts, _| {
        facts.owner = "frank".parse().unwrap();
        facts.implementers = people(&["frank"]);
    });
    let Event::File { facts, execution, .. } = event else { panic!("no filing") };
    (Event::Revise { replaces: world.revision("CHG-1"), facts, execution }, text)
}

#[test]
fn nobody_takes_over_a_change_before_its_owner_or_last_implementer_has_left() {
    let world = with_second_engineer();
    let (event, text) = taken_over(&world);
    forbidden(&world, "frank", event.clone(), text.clone(), "requester-or-owner");
    retire(&world, "erin", "2");
    // An engineer may; others may not.
    for person in ["carol", "alice", "audrey"] {
        forbidden(&world, person, event.clone(), text.clone(), "requester-or-owner");
    }
    forbidden(&world, "frank", Event::ChangeWithdraw(world.revision("CHG-1")), None, "requester-or-owner");
    accepted(&world, "frank", event, text);
    // What was started is not taken over any more.
    let world = with_second_engineer();
    world.ok("erin", "start CHG-1");
    retire(&world, "erin", "2");
    let (event, text) = taken_over(&world);
    forbidden(&world, "frank", event, text, "undecided");
}

#[test]
fn no_admin_finishes_a_change_before_its_owner_and_all_implementers_have_left() {
    let world = World::founded_with_spare_approvers();
    file(&world, &[("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"dave\", \"bob\"]")]);
    for person in ["carol", "ivy"] {
        let revision = world.revision("CHG-1").filed;
        world.ok(person, &format!("approve CHG-1 --revision {revision}"));
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("dave", "start CHG-1");
    let finished = || finish(&world, Outcome::Failed);
    world.ok("alice", "person grant jack admin");
    second(&world, "bob", "1");
    retire(&world, "erin", "2");
    retire(&world, "dave", "3");
    forbidden(&world, "alice", finished(), None, "implementer-or-owner");
    // One admin alone takes nothing over by suspending others.
    world.ok("alice", "person suspend bob");
    forbidden(&world, "alice", finished(), None, "implementer-or-owner");
    world.ok("alice", "person retire bob");
    second(&world, "jack", "4");
    for person in ["carol", "audrey"] {
        forbidden(&world, person, finished(), None, "implementer-or-owner");
    }
    let inbox = world.ok("alice", "inbox");
    assert!(inbox.contains("finish") && inbox.contains("owner has left"), "{inbox}");
    world.ok("alice", "finish CHG-1 --outcome failed --note 'Found the gateway without its pool.'");
    // A rollback that follows is recorded in the same way.
    accepted(&world, "jack", finish(&world, Outcome::RolledBack), None);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_machine_whose_operators_have_left_has_left_too() {
    let world = with_second_engineer();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator frank --role engineer");
    second(&world, "bob", "2");
    let robot = filing(&world, |facts, _| facts.implementers = people(&["robot"]));
    accepted(&world, "erin", robot.0.clone(), robot.1.clone());
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"robot\"]"));
    world.ok("erin", "file change.toml");
    assert!(!world.ok("carol", "show CHG-2").contains("have left"));
    world.ok("alice", "person suspend frank");
    assert!(!world.ok("carol", "show CHG-2").contains("have left"));
    retire(&world, "frank", "3");
    assert!(world.ok("carol", "show CHG-2").contains("all implementers have left; another engineer can revise it"));
}

#[test]
fn a_change_whose_owner_has_left_says_so_wherever_it_appears() {
    let world = with_second_engineer();
    world.ok("alice", "person retire erin");
    let shown = "CHG-1 (approved): owner has left, and so have all implementers";
    assert!(world.ok("bob", "proposal show 2").contains(shown));
    for command in ["show CHG-1", "list", "export csv"] {
        assert!(!world.ok("carol", command).contains("has left"), "{command}");
    }
    second(&world, "bob", "2");
    for command in ["show CHG-1", "list", "list --status approved", "export csv"] {
        let output = world.ok("carol", command);
        assert!(output.contains("owner has left"), "{command}\n{output}");
    }
    for command in ["--json show CHG-1", "--json list"] {
        let output: serde_json::Value = serde_json::from_str(&world.ok("carol", command)).unwrap();
        let left = output.get("left").unwrap_or_else(|| &output["changes"][0]["left"]);
        assert_eq!(left, &serde_json::json!(["owner", "implementers"]), "{command}");
    }
    // Only those who can do something are told.
    assert_eq!(world.ok("erin", "inbox"), "");
    let inbox = world.ok("frank", &format!("inbox --fingerprint {}", world.fingerprint()));
    assert!(inbox.contains("revise") && inbox.contains("owner has left"), "{inbox}");
    // Not once it is over.
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    let output = world.run("alice", "person retire erin");
    assert!(!output.err.contains("CHG-1"), "{}", output.screen);
    second(&world, "bob", "1");
    assert!(!world.ok("carol", "show CHG-1").contains("has left"));
    // Who retires somebody is told at once.
    let output = World::approved().run("alice", "person retire erin");
    assert!(output.err.contains(shown), "{}", output.screen);
}

#[test]
fn a_suspension_by_one_admin_lets_nobody_take_a_change_over() {
    let world = with_second_engineer();
    world.ok("alice", "person suspend erin");
    let (event, text) = taken_over(&world);
    forbidden(&world, "frank", event, text, "requester-or-owner");
    assert!(!world.ok("carol", "show CHG-1").contains("has left"));
}
