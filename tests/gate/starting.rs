//! `gate --start`: the start in the same act, once for each run of a pipeline; and targets.

use super::{approved, asked, closed, conditions};
use crate::support::{CHANGE, World};
use serde_json::{Value, json};
use twinseal::domain::Outcome;
use twinseal::error::Exit;

/// A register with the machine account `robot`, which knew it before anything was filed.
fn with_robot() -> World {
    let world = World::founded();
    for machine in ["robot", "robot2"] {
        world.person(machine);
        let named = world.named();
        world.ok(machine, &format!("person request {machine} --register {named} --out {machine}.request"));
        world.ok("alice", &format!("person machine {machine}={machine}.request --operator erin --role engineer"));
        let (opened, number) = (world.newest_proposal().opened, world.state().governance().proposals());
        world.ok("bob", &format!("proposal second {number} --digest {opened}"));
        world.ok(machine, &format!("list --fingerprint {}", world.fingerprint()));
    }
    world
}

/// An approved change that both machines and erin implement, inside its window.
fn implemented(more: &str) -> World {
    let world = with_robot();
    let people = "implementers = [\"erin\", \"robot\", \"robot2\"]\n";
    world.write("change.toml", CHANGE.replace("risk =", &format!("{people}{more}\nrisk =")));
    world.ok("erin", "file change.toml --again");
    approved(&world, "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world
}

/// What `gate --start` answers, and how many entries it recorded.
#[track_caller]
fn started(world: &World, person: &str, command: &str) -> (Exit, Value, u64) {
    let before = world.entries();
    let output = world.run(person, &format!("--json gate {command}"));
    let answer = serde_json::from_str(&output.out).unwrap_or_else(|_| panic!("{}", output.screen));
    (output.exit, answer, world.entries() - before)
}

#[test]
fn the_machine_that_the_revision_names_starts_it_in_the_same_act() {
    let world = implemented("");
    let (exit, answer, recorded) = started(&world, "robot", "CHG-1 --start --run-id 4711");
    assert_eq!((exit, recorded), (Exit::Done, 1), "{answer:#}");
    assert_eq!((&answer["open"], &answer["already_started"]), (&json!(true), &json!(false)));
    let entry = &answer["recorded"];
    assert_eq!((&entry["kind"], &entry["actor"]), (&json!("change.start"), &json!("robot")), "{entry:#}");
    assert_eq!(entry["event"]["run"], "4711");
    assert_eq!(world.change("CHG-1").started().unwrap().person.as_str(), "robot");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn the_same_machine_in_the_same_run_may_start_again_and_nobody_else() {
    let world = implemented("");
    world.ok("robot", "gate CHG-1 --start --run-id 4711");
    for _ in 0..2 {
        let (exit, answer, recorded) = started(&world, "robot", "CHG-1 --start --run-id 4711");
        assert_eq!((exit, recorded), (Exit::Done, 0), "{answer:#}");
        assert_eq!((&answer["already_started"], &answer["recorded"]), (&json!(true), &Value::Null));
    }
    let output = world.run("robot", "gate CHG-1 --start --run-id 4711");
    assert!(output.err.contains("CHG-1 already started by this run"), "{}", output.screen);
    let output = world.run("robot", "start CHG-1 --run-id 4711");
    assert_eq!((output.exit, output.err.trim()), (Exit::Done, "CHG-1 already started by this run"));
    for (person, command) in [
        ("robot", "CHG-1 --start --run-id 4712"),
        ("robot2", "CHG-1 --start --run-id 4711"),
        ("erin", "CHG-1 --start --run-id 4711"),
    ] {
        let (exit, answer, recorded) = started(&world, person, command);
        assert_eq!((exit, recorded, &answer["open"]), (Exit::Refused, 0, &json!(false)), "{person}: {answer:#}");
        let failed = conditions(&answer).into_iter().find(|(_, result, _)| result == "unsatisfied").unwrap();
        assert_eq!(failed.0, "not-started", "{person}");
    }
    // A suspended account is told nothing of what it did before.
    let suspended = world.signer("robot2").public().fingerprint();
    world.ok("alice", &format!("key suspend {suspended}"));
    let output = world.run("robot2", "gate CHG-1 --start --run-id 4711");
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    assert!(output.err.contains("is suspended"), "{}", output.err);
    // After the window the run may still ask; what is over is not started again.
    world.at("2026-12-01T12:30:00Z");
    assert_eq!(started(&world, "robot", "CHG-1 --start --run-id 4711").0, Exit::Done);
    world.ok("robot", "finish CHG-1 --outcome failed --run-id 4711");
    let (exit, answer, recorded) = started(&world, "robot", "CHG-1 --start --run-id 4711");
    assert_eq!((exit, recorded), (Exit::Refused, 0), "{answer:#}");
}

#[test]
fn finishing_and_rolling_back_are_done_once_for_each_run() {
    let world = implemented("");
    world.ok("robot", "gate CHG-1 --start --run-id 4711");
    for outcome in ["failed", "rolled-back"] {
        let command = format!("finish CHG-1 --outcome {outcome} --run-id 4711");
        world.ok("robot", &command);
        let entries = world.entries();
        for _ in 0..2 {
            let output = world.run("robot", &command);
            assert_eq!(output.exit, Exit::Done, "{}", output.screen);
            assert!(output.err.contains("CHG-1 already finished by this run"), "{}", output.screen);
        }
        assert!(world.ok("robot", &format!("--json {command}")).starts_with("{\"recorded\":null,"));
        assert_eq!(world.entries(), entries);
        for (person, run) in [("robot", "4712"), ("robot2", "4711"), ("erin", "4711")] {
            let command = format!("finish CHG-1 --outcome {outcome} --run-id {run}");
            world.fails(person, &command, Exit::Refused, "CHG-1 is already finished");
        }
    }
    world.fails("robot", "finish CHG-1 --outcome failed --run-id 4711", Exit::Refused, "already finished: rolled back");
}

#[test]
fn a_closed_gate_starts_nothing_and_records_nothing() {
    let world = implemented("");
    world.at("2026-12-01T09:59:59Z");
    let (exit, answer, recorded) = started(&world, "robot", "CHG-1 --start --run-id 4711");
    assert_eq!((exit, recorded), (Exit::Refused, 0), "{answer:#}");
    assert_eq!(answer["closed_until"], "2026-12-01T10:00:00Z");
    world.at("2026-12-01T10:00:00Z");
    // Whoever does not implement the change is told so by a condition, although others could start it.
    assert_eq!(asked(&world, "carol", "CHG-1").0, Exit::Done);
    let (exit, answer, recorded) = started(&world, "carol", "CHG-1 --start --run-id 4711");
    assert_eq!((exit, recorded), (Exit::Refused, 0), "{answer:#}");
    let failed = conditions(&answer).into_iter().find(|(_, result, _)| result == "unsatisfied").unwrap();
    assert_eq!(failed.2, "carol is not an implementer of CHG-1");
    for wrong in ["gate CHG-1 --start", "gate CHG-1 --run-id 4711", "gate CHG-1 --start --run-id 'a b'"] {
        world.fails("robot", wrong, Exit::Invalid, "run");
    }
}

#[test]
fn a_retry_with_another_artifact_is_closed() {
    let world = with_robot();
    world.write("app.tar", "approved");
    world.write("other.tar", "swapped");
    let more = "\n[[artifacts]]\nname = \"app.tar\"\nfile = \"app.tar\"\n";
    world.write("change.toml", CHANGE.replace("risk =", "implementers = [\"robot\"]\nrisk =") + more);
    world.ok("erin", "file change.toml");
    approved(&world, "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    let by_service = "--service order-gateway --artifact app.tar --start --run-id 4711";
    for _ in 0..2 {
        assert_eq!(started(&world, "robot", by_service).0, Exit::Done);
    }
    let (exit, answer, _) = started(&world, "robot", "CHG-1 --artifact app.tar=other.tar --start --run-id 4711");
    assert_eq!((exit, &answer["open"]), (Exit::Refused, &json!(false)), "{answer:#}");
}

#[test]
fn the_gate_is_asked_for_each_target() {
    let world = implemented("targets = [\"gw-1\", \"gw-2\", \"gw-3\"]\nstop_after = 1");
    let (detail, answer) = closed(&world, "CHG-1", "target");
    assert_eq!(detail, "CHG-1 has targets, and is started on each of them");
    assert_eq!(answer["permanent"], true);
    for target in ["gw-1", "gw-2"] {
        let start = format!("CHG-1 --target {target} --start --run-id 4711");
        for recorded in [1, 0] {
            let (exit, answer, entries) = started(&world, "robot", &start);
            assert_eq!((exit, entries), (Exit::Done, recorded), "{answer:#}");
        }
    }
    world.ok("robot", "finish CHG-1 --target gw-1 --outcome succeeded --run-id 4711");
    assert_eq!(closed(&world, "CHG-1 --target gw-1", "not-started").0, "CHG-1 is already started on gw-1");
    assert_eq!(asked(&world, "erin", "CHG-1 --target gw-3").0, Exit::Done);
    world.ok("robot", "finish CHG-1 --target gw-2 --outcome failed --run-id 4711");
    let (detail, answer) = closed(&world, "CHG-1 --target gw-3", "not-stopped");
    assert_eq!(detail, "CHG-1 is stopped after 1 failed or rolled back targets");
    assert_eq!(answer["permanent"], true);
    world.ok("robot", "finish CHG-1 --target gw-2 --outcome rolled-back --run-id 4711");
    world.ok("robot", "finish CHG-1 --run-id 4711");
    assert_eq!(world.change("CHG-1").outcomes()[0].0, Outcome::Failed);
    let shown = world.ok("erin", "show CHG-1");
    assert!(shown.contains("started on 2 of 3: 1 succeeded, 1 rolled back; stopped"), "{shown}");
    assert!(shown.contains("robot finished it on gw-2: rolled back"), "{shown}");
    let shown: Value = serde_json::from_str(&world.ok("erin", "--json show CHG-1")).unwrap();
    assert_eq!(shown["targets"][1]["outcomes"][1]["outcome"], "rolled-back", "{shown:#}");
    assert_eq!(
        shown["targets"][2],
        json!({ "target": "gw-3", "state": "not-started", "started": null, "outcomes": [] })
    );
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}
