//! Rules about the targets of a change, and about the runs of a pipeline.

use super::prelude::*;

/// CHG-1 on three hosts, of which two failures stop the rest; approved, and inside its window.
fn with_targets() -> World {
    let world = World::founded();
    file(&world, &[("risk =", "targets = [\"gw-1\", \"gw-2\", \"gw-3\"]\nstop_after = 2\nrisk =")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    world
}

fn start_on(world: &World, target: &str) -> Event {
    Event::Start(Start { target: Some(target.parse().unwrap()), ..Start::of(world.revision("CHG-1")) })
}

fn finish_on(world: &World, target: &str, outcome: Outcome) -> Event {
    Event::Finish(Finish { target: Some(target.parse().unwrap()), ..Finish::of(world.revision("CHG-1"), outcome) })
}

#[test]
fn a_change_with_targets_is_not_started_as_a_whole() {
    let world = with_targets();
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has targets, and is started on each of them");
    forbidden(&world, "erin", start(&world), None, "target-required");
    accepted(&world, "erin", start_on(&world, "gw-2"), None);
    world.ok("erin", "start CHG-1 --target gw-2");
    forbidden(&world, "erin", start(&world), None, "target-required");
}

#[test]
fn nothing_starts_or_finishes_on_a_target_that_nobody_approved() {
    let world = with_targets();
    world.fails("erin", "start CHG-1 --target gw-4", Exit::Refused, "gw-4 is no target of CHG-1");
    forbidden(&world, "erin", start_on(&world, "gw-4"), None, "target-known");
    let command = "finish CHG-1 --target gw-4 --outcome failed";
    world.fails("erin", command, Exit::Refused, "gw-4 is no target of CHG-1");
    forbidden(&world, "erin", finish_on(&world, "gw-4", Outcome::Failed), None, "target-known");
    // A change without targets has none.
    let world = World::approved();
    forbidden(&world, "erin", start_on(&world, "gw-1"), None, "target-known");
}

#[test]
fn each_target_starts_once_and_none_after_the_change_has_ended() {
    let world = with_targets();
    world.ok("erin", "start CHG-1 --target gw-1");
    world.fails("erin", "start CHG-1 --target gw-1", Exit::Refused, "CHG-1 is already started on gw-1");
    forbidden(&world, "erin", start_on(&world, "gw-1"), None, "target-start-once");
    accepted(&world, "erin", start_on(&world, "gw-2"), None);
    world.ok("erin", "finish CHG-1 --target gw-1 --outcome succeeded");
    forbidden(&world, "erin", start_on(&world, "gw-1"), None, "target-start-once");
    world.ok("erin", "finish CHG-1");
    world.fails("erin", "start CHG-1 --target gw-2", Exit::Refused, "CHG-1 is already finished: failed");
    forbidden(&world, "erin", start_on(&world, "gw-2"), None, "finish-once");
}

#[test]
fn each_start_is_judged_in_full() {
    let world = with_targets();
    world.ok("erin", "start CHG-1 --target gw-1");
    // The approvals are counted again, and so is the time.
    world.ok("alice", "person suspend dave");
    world.fails("erin", "start CHG-1 --target gw-2", Exit::Refused, "CHG-1 has 1 of 2 approvals");
    forbidden(&world, "erin", start_on(&world, "gw-2"), None, "enough-approvals");
    // Which approvals counted at the first start is still told.
    assert!(world.ok("erin", "--json show CHG-1").contains("\"approvals\":{\"counted\":2"));
    let world = with_targets();
    world.ok("erin", "start CHG-1 --target gw-1");
    world.at("2026-12-01T11:55:01Z");
    forbidden(&world, "erin", start_on(&world, "gw-2"), None, "time-to-roll-back");
}

#[test]
fn nothing_follows_a_change_whose_targets_were_rolled_back() {
    let world = with_targets();
    file(&world, &[("risk =", "follows = \"CHG-1\"\nrisk =")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-2"));
    for target in ["gw-1", "gw-2", "gw-3"] {
        world.ok("erin", &format!("start CHG-1 --target {target}"));
        world.ok("erin", &format!("finish CHG-1 --target {target} --outcome succeeded"));
    }
    world.ok("erin", "finish CHG-1");
    let start = Event::Start(Start::of(world.revision("CHG-2")));
    accepted(&world, "erin", start.clone(), None);
    world.ok("erin", "finish CHG-1 --target gw-2 --outcome rolled-back");
    world.fails("erin", "start CHG-2", Exit::Refused, "CHG-1");
    forbidden(&world, "erin", start, None, "follows-succeeded");
}

#[test]
fn approvals_are_retracted_until_the_first_start() {
    let world = with_targets();
    world.ok("carol", "retract CHG-1 --reason 'Wait.'");
    world.approve("carol", "CHG-1");
    world.ok("erin", "start CHG-1 --target gw-3");
    let retract = Event::Retract(world.revision("CHG-1"));
    world.fails("carol", "retract CHG-1 --reason 'Too late.'", Exit::Refused, "CHG-1 is in progress");
    forbidden(&world, "carol", retract, reason("Too late."), "undecided");
}

#[test]
fn after_as_many_failures_as_the_revision_says_the_rest_stays_as_it_is() {
    for (first, second) in [("failed", "failed"), ("rolled-back", "failed"), ("succeeded", "rolled-back")] {
        let world = with_targets();
        for (target, outcome) in [("gw-1", first), ("gw-2", second)] {
            world.ok("erin", &format!("start CHG-1 --target {target}"));
            world.ok("erin", &format!("finish CHG-1 --target {target} --outcome {outcome}"));
        }
        if first == "succeeded" {
            accepted(&world, "erin", start_on(&world, "gw-3"), None);
            world.ok("erin", "finish CHG-1 --target gw-1 --outcome rolled-back");
        }
        let complaint = "CHG-1 is stopped after 2 failed or rolled back targets";
        world.fails("erin", "start CHG-1 --target gw-3", Exit::Refused, complaint);
        forbidden(&world, "erin", start_on(&world, "gw-3"), None, "stop-after");
        assert!(world.ok("erin", "show CHG-1").contains("stopped: the others need a new change"));
    }
}

#[test]
fn a_target_is_finished_once_after_its_start_and_may_be_rolled_back_once() {
    let world = with_targets();
    let command = "finish CHG-1 --target gw-1 --outcome failed";
    world.fails("erin", command, Exit::Refused, "CHG-1 is not started on gw-1");
    forbidden(&world, "erin", finish_on(&world, "gw-1", Outcome::Failed), None, "target-started");
    for first in [Outcome::Succeeded, Outcome::Failed] {
        let world = with_targets();
        world.ok("erin", "start CHG-1 --target gw-1");
        world.ok("erin", &format!("finish CHG-1 --target gw-1 --outcome {first}"));
        for again in [Outcome::Succeeded, Outcome::Failed] {
            let command = format!("finish CHG-1 --target gw-1 --outcome {again}");
            world.fails("erin", &command, Exit::Refused, &format!("gw-1 is already finished: {first}"));
            forbidden(&world, "erin", finish_on(&world, "gw-1", again), None, "target-finish-once");
        }
        // Also after the change as a whole has ended.
        world.ok("erin", "finish CHG-1");
        world.ok("erin", "finish CHG-1 --target gw-1 --outcome rolled-back");
        for outcome in Outcome::ALL {
            forbidden(&world, "erin", finish_on(&world, "gw-1", *outcome), None, "target-finish-once");
        }
    }
}

#[test]
fn a_change_ends_when_no_target_is_in_progress_with_the_outcome_of_its_targets() {
    let cases: [(&[(&str, &str)], Outcome); 5] = [
        (&[("gw-1", "succeeded"), ("gw-2", "succeeded"), ("gw-3", "succeeded")], Outcome::Succeeded),
        (&[("gw-1", "succeeded"), ("gw-2", "succeeded")], Outcome::Failed),
        (&[("gw-1", "succeeded"), ("gw-2", "succeeded"), ("gw-3", "failed")], Outcome::Failed),
        (&[("gw-1", "succeeded"), ("gw-2", "rolled-back")], Outcome::Failed),
        (&[("gw-1", "rolled-back")], Outcome::RolledBack),
    ];
    for (targets, derived) in cases {
        let world = with_targets();
        for (target, outcome) in targets {
            world.ok("erin", &format!("start CHG-1 --target {target}"));
            let complaint = format!("CHG-1 is still in progress on {target}");
            world.fails("erin", "finish CHG-1", Exit::Refused, &complaint);
            forbidden(&world, "erin", finish(&world, derived), None, "targets-finished");
            world.ok("erin", &format!("finish CHG-1 --target {target} --outcome {outcome}"));
        }
        for other in Outcome::ALL.iter().filter(|it| **it != derived) {
            let complaint = format!("the outcome of CHG-1 is that of its targets: {}", derived.phrase());
            world.fails("erin", &format!("finish CHG-1 --outcome {other}"), Exit::Refused, &complaint);
            forbidden(&world, "erin", finish(&world, *other), None, "derived-outcome");
        }
        world.ok("erin", "finish CHG-1");
        assert_eq!(world.change("CHG-1").outcomes()[0].0, derived);
        assert_eq!(world.findings("audrey"), Vec::<String>::new());
    }
    // Nothing ends that was not started, and every other change needs its outcome.
    let world = with_targets();
    forbidden(&world, "erin", finish(&world, Outcome::Failed), None, "started");
    world.fails("erin", "finish CHG-1 --target gw-1", Exit::Invalid, "no outcome given");
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.fails("erin", "finish CHG-1", Exit::Invalid, "no outcome given");
}

#[test]
fn a_refused_start_on_a_target_is_recorded_once_for_each_target() {
    let world = with_targets();
    world.ok("alice", "person suspend dave");
    let entries = world.entries();
    for target in ["gw-1", "gw-2", "gw-1"] {
        assert_eq!(world.run("erin", &format!("start CHG-1 --target {target}")).exit, Exit::Refused);
    }
    assert_eq!(world.entries(), entries + 2);
    assert!(world.ok("audrey", "log --change CHG-1").contains("tried to start CHG-1 on gw-2: refused"));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

// Runs of a pipeline

fn run(id: &str) -> Option<RunId> {
    Some(id.parse().unwrap())
}

#[test]
fn no_run_finishes_what_another_has_started() {
    let world = World::approved();
    world.ok("erin", "start CHG-1 --run-id 4711");
    let finished =
        |id: &str| Event::Finish(Finish { run: run(id), ..Finish::of(world.revision("CHG-1"), Outcome::Failed) });
    let command = "finish CHG-1 --outcome failed --run-id 4712";
    world.fails("erin", command, Exit::Refused, "run 4712 did not start it");
    forbidden(&world, "erin", finished("4712"), None, "same-run");
    accepted(&world, "erin", finished("4711"), None);
    // A person may finish it, and any run may roll it back later.
    accepted(&world, "erin", finish(&world, Outcome::Succeeded), None);
    world.ok("erin", "finish CHG-1 --outcome succeeded --run-id 4711");
    world.ok("erin", "finish CHG-1 --outcome rolled-back --run-id 4712");
    let world = with_targets();
    world.ok("erin", "start CHG-1 --target gw-1 --run-id 4711");
    let other = Finish { run: run("4712"), ..Finish::of(world.revision("CHG-1"), Outcome::Failed) };
    let other = Event::Finish(Finish { target: Some("gw-1".parse().unwrap()), ..other });
    forbidden(&world, "erin", other, None, "same-run");
    world.ok("erin", "finish CHG-1 --target gw-1 --outcome failed --run-id 4711");
    world.fails("erin", "finish CHG-1 --run-id 4712", Exit::Refused, "run 4712 did not start it");
    world.ok("erin", "finish CHG-1 --run-id 4711");
}
