//! `gate --checkpoint`: what an account without memory can be told by a person's word.

use serde_json::Value;
use twinseal::error::Exit;

use super::{asked, deployable, newcomer};
use crate::rules::{enact, second};
use crate::support::World;

/// Whether the gate finds that the checkpoint in `kept` will do, and why. It is closed if not.
#[track_caller]
fn checkpoint(world: &World, person: &str) -> (bool, String) {
    let command = format!("CHG-1 --artifact app.tar=app.tar --fingerprint {} --checkpoint kept", world.fingerprint());
    let (exit, answer) = asked(world, person, &command);
    let lines = answer["conditions"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let one = |it: &&Value| it["condition"] == "checkpoint";
    let line = lines.iter().find(one).unwrap();
    let satisfied = line["result"] == "satisfied";
    assert!(satisfied || exit == Exit::Refused, "{answer:#}");
    (satisfied, line["detail"].as_str().unwrap().to_owned())
}

#[test]
fn a_checkpoint_that_a_person_recorded_opens_the_gate_at_first_contact() {
    let world = deployable();
    newcomer(&world, "runner");
    world.ok("audrey", "checkpoint --record --out kept");
    let seq = world.entries() - 1;
    world.ok("erin", "note CHG-1 Seen.");
    let (satisfied, detail) = checkpoint(&world, "runner");
    assert_eq!((satisfied, detail), (true, format!("recorded by audrey at 2026-12-01T10:00:00Z (entry {seq})")));
    let command = format!("CHG-1 --artifact app.tar=app.tar --fingerprint {} --checkpoint kept", world.fingerprint());
    assert_eq!(asked(&world, "runner", &command).0, Exit::Done);
    // For an account that knows the register it is one more condition.
    assert!(checkpoint(&world, "erin").0);
}

#[test]
fn no_checkpoint_older_than_the_policy_allows_opens_the_gate() {
    let world = deployable();
    enact(&world, "approvals = 2\napproval_days = 14\ncheckpoint_hours = 2\n");
    world.ok("audrey", "checkpoint --record --out kept");
    world.at("2026-12-01T12:00:00Z");
    assert!(checkpoint(&world, "erin").0);
    world.at("2026-12-01T12:00:01Z");
    let (satisfied, detail) = checkpoint(&world, "erin");
    assert_eq!((satisfied, detail.as_str()), (false, "audrey recorded it 2 h ago; the policy allows 2 h"));
    // A later entry makes it no younger, even if the checkpoint covers it.
    world.ok("carol", "note CHG-1 Seen.");
    std::fs::remove_file(world.path("kept")).unwrap();
    world.ok("audrey", "checkpoint --out kept");
    assert!(!checkpoint(&world, "erin").0);
    std::fs::remove_file(world.path("kept")).unwrap();
    world.ok("audrey", "checkpoint --record --out kept");
    assert!(checkpoint(&world, "erin").0);
}

#[test]
fn no_checkpoint_without_a_person_who_says_when_opens_the_gate() {
    let world = deployable();
    world.ok("audrey", "checkpoint --out kept");
    assert_eq!(
        checkpoint(&world, "erin"),
        (false, "signed by audrey, who recorded no checkpoint: its age is unknown".to_owned())
    );
    // What another recorded is not the signer's word.
    world.ok("alice", "checkpoint --record");
    std::fs::remove_file(world.path("kept")).unwrap();
    world.ok("audrey", "checkpoint --out kept");
    assert!(!checkpoint(&world, "erin").0);
    // Nor is a machine's word that of a person.
    crate::rules::newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator erin --role engineer");
    second(&world, "bob", "1");
    std::fs::remove_file(world.path("kept")).unwrap();
    world.ok("robot", &format!("checkpoint --record --out kept --fingerprint {}", world.fingerprint()));
    let (satisfied, detail) = checkpoint(&world, "erin");
    assert_eq!((satisfied, detail.as_str()), (false, "no person signed it, only machine accounts"));
}

#[test]
fn a_checkpoint_from_the_future_does_not_open_the_gate() {
    let world = deployable();
    world.at("2026-12-01T10:20:00Z");
    world.ok("audrey", "checkpoint --record --out kept");
    world.at("2026-12-01T10:10:00Z");
    let (satisfied, detail) = checkpoint(&world, "erin");
    assert!(!satisfied && detail.ends_with("which is in the future"), "{detail}");
}

#[test]
fn a_log_that_was_cut_off_below_a_checkpoint_is_broken_evidence() {
    let world = deployable();
    let (newest, fingerprint) = (world.entries() - 1, newcomer(&world, "runner"));
    world.ok("carol", "retract CHG-1 --reason 'The load test was wrong.'");
    world.ok("audrey", "checkpoint --record --out kept");
    world.tamper(&format!(
        "DELETE FROM entry WHERE seq > {newest}; DELETE FROM log_entries WHERE seq > {newest};
         DELETE FROM votes WHERE seq > {newest}"
    ));
    let command = format!("gate CHG-1 --artifact app.tar=app.tar {fingerprint} --checkpoint kept");
    world.fails("runner", &command, Exit::Broken, "it was truncated or rolled back");
    let other = std::fs::read_to_string(world.path("kept")).unwrap().replacen("prod#", "test#", 1);
    world.write("kept", other);
    world.fails("runner", &command, Exit::Broken, "is of the register test#");
    world.write("kept", "nothing");
    world.fails("runner", &command, Exit::Invalid, "kept is not a checkpoint");
}
