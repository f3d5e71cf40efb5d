//! Rules about starting and finishing changes.

use super::filing::artifact;
use super::prelude::*;

#[test]
fn nothing_starts_on_fewer_than_two_approvals() {
    let world = World::filed();
    world.at("2026-12-01T10:00:00Z");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 0 of 2 approvals");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.approve("carol", "CHG-1");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 1 of 2 approvals");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.approve("dave", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn one_person_counts_once() {
    let world = World::filed();
    world.at("2026-12-01T10:00:00Z");
    for _ in 0..3 {
        world.approve("carol", "CHG-1");
    }
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 1 of 2 approvals");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn approvals_expire_after_fourteen_days() {
    let world = World::founded();
    file(&world, &[("2026-12-01T10", "2026-12-10T10"), ("2026-12-01T12", "2026-12-20T12")]);
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T09:00:10Z");
    world.approve("dave", "CHG-1");
    world.at("2026-12-15T08:59:59Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-15T09:00:00Z");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 1 of 2 approvals");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    // A new approval by the same person replaces the expired one.
    world.approve("carol", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn approvals_of_another_change_count_for_nothing() {
    let world = World::approved();
    world.ok("erin", "file change.toml --again");
    world.fails("erin", "start CHG-2", Exit::Refused, "CHG-2 has 0 of 2 approvals");
    let event = Event::Start(Start::of(world.revision("CHG-2")));
    forbidden(&world, "erin", event, None, "enough-approvals");
}

#[test]
fn nothing_starts_outside_its_window() {
    let world = World::founded();
    file(&world, &[("minutes = 5", "minutes = 0")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    for (time, good) in [("09:59:59", false), ("10:00:00", true), ("11:59:59", true), ("12:00:00", false)] {
        world.at(&format!("2026-12-01T{time}Z"));
        if good {
            accepted(&world, "erin", start(&world), None);
        } else {
            let complaint = format!("it is 2026-12-01T{time}Z, and the window is 2026-12-01T10:00:00Z to");
            world.fails("erin", "start CHG-1", Exit::Refused, &complaint);
            forbidden(&world, "erin", start(&world), None, "in-window");
        }
    }
}

#[test]
fn nothing_starts_that_can_no_longer_be_rolled_back_in_its_window() {
    let world = World::approved();
    world.at("2026-12-01T11:55:00Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T11:55:01Z");
    let complaint = "too late: the last moment to start was 2026-12-01T11:55:00Z, because a rollback takes 5 min";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    forbidden(&world, "erin", start(&world), None, "time-to-roll-back");
}

#[test]
fn a_change_that_overruns_its_window_says_so_everywhere_and_can_be_finished_or_rolled_back() {
    for outcome in Outcome::ALL {
        let world = World::approved();
        world.ok("erin", "start CHG-1");
        world.at("2026-12-01T11:55:01Z");
        assert!(
            world.ok("erin", "show CHG-1").contains("in progress; window closes in 4 min, too soon for a rollback")
        );
        world.at("2026-12-01T12:00:00Z");
        let shown = world.ok("erin", "show CHG-1");
        assert!(shown.contains("overrun; window closed 0 s ago; finish it or roll it back"), "{shown}");
        assert!(shown.contains("last moment to begin the rollback: 2026-12-01T11:55:00Z"), "{shown}");
        assert!(world.ok("erin", "inbox").contains("overrun"));
        assert!(world.ok("erin", "list").contains("overrun"));
        assert!(world.ok("erin", "list --status overrun").contains("CHG-1"));
        assert_eq!(world.ok("erin", "list --status in-progress"), "");
        assert!(world.ok("erin", "export csv").contains("\r\nCHG-1,overrun,"));
        for command in ["--json show CHG-1", "--json list"] {
            assert!(world.ok("erin", command).contains("\"status\":\"overrun\""), "{command}");
        }
        accepted(&world, "erin", finish(&world, *outcome), None);
        world.ok("erin", &format!("finish CHG-1 --outcome {outcome}"));
        assert!(world.ok("erin", "show CHG-1").contains("after the window"));
    }
}

#[test]
fn nobody_starts_who_does_not_implement() {
    let world = World::founded();
    // The owner may not start it either unless they implement it.
    file(&world, &[("owner = \"erin\"", "owner = \"bob\"\nimplementers = [\"erin\"]")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    for person in ["bob", "carol", "alice", "audrey"] {
        world.fails(person, "start CHG-1", Exit::Refused, &format!("{person} is not an implementer of CHG-1"));
        forbidden(&world, person, start(&world), None, "implementer");
    }
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_change_starts_once() {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 is already started");
    forbidden(&world, "erin", start(&world), None, "start-once");
    world.ok("erin", "finish CHG-1 --outcome failed");
    forbidden(&world, "erin", start(&world), None, "start-once");
}

/// A change approved with the artifact `app.tar`, and a function that returns a start with the given artifacts.
fn with_artifact() -> (World, impl Fn(&World, &[Artifact]) -> Event) {
    let world = World::founded();
    world.write("build/app.tar", "approved");
    world.write("change.toml", format!("{CHANGE}\n[[artifacts]]\nname = \"app.tar\"\nfile = \"build/app.tar\"\n"));
    world.ok("erin", "file change.toml --again");
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    let start = |world: &World, read: &[Artifact]| {
        Event::Start(Start { artifacts: read.to_vec(), ..Start::of(world.revision("CHG-1")) })
    };
    (world, start)
}

#[test]
fn nothing_starts_without_reading_its_artifacts() {
    let (world, start) = with_artifact();
    world.fails("erin", "start CHG-1", Exit::Refused, "approved artifact app.tar was not given");
    forbidden(&world, "erin", start(&world, &[]), None, "artifact-required");
    let approved = text::digest(b"approved");
    accepted(&world, "erin", start(&world, &[artifact("app.tar", approved)]), None);
}

#[test]
fn nothing_starts_with_another_artifact_than_approved() {
    let (world, start) = with_artifact();
    world.write("app.tar", "swapped");
    let complaint = "artifact app.tar differs from the approved one";
    world.fails("erin", "start CHG-1 --artifact app.tar=app.tar", Exit::Refused, complaint);
    let swapped = artifact("app.tar", text::digest(b"swapped"));
    forbidden(&world, "erin", start(&world, std::slice::from_ref(&swapped)), None, "artifact-match");
    // With the artifact given twice, the wrong digest is refused in either position.
    let approved = artifact("app.tar", text::digest(b"approved"));
    forbidden(&world, "erin", start(&world, &[swapped.clone(), approved.clone()]), None, "artifact-match");
    forbidden(&world, "erin", start(&world, &[approved, swapped]), None, "artifact-once");
}

#[test]
fn nothing_starts_with_an_artifact_that_nobody_approved() {
    let (world, start) = with_artifact();
    let complaint = "artifact extra.sh is not in the approved revision";
    let command = "start CHG-1 --artifact app.tar=build/app.tar --artifact extra.sh=build/app.tar";
    world.fails("erin", command, Exit::Refused, complaint);
    let (approved, extra) = (artifact("app.tar", text::digest(b"approved")), artifact("extra.sh", WRONG));
    forbidden(&world, "erin", start(&world, &[approved, extra]), None, "artifact-approved");
}

#[test]
fn nothing_is_finished_that_was_not_started() {
    let world = World::approved();
    world.fails("erin", "finish CHG-1 --outcome succeeded", Exit::Refused, "CHG-1 is not started");
    for outcome in Outcome::ALL {
        forbidden(&world, "erin", finish(&world, *outcome), None, "started");
    }
}

#[test]
fn nobody_finishes_who_neither_implements_nor_owns() {
    let world = World::founded();
    file(&world, &[("owner = \"erin\"", "owner = \"bob\"\nimplementers = [\"alice\"]")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("alice", "start CHG-1");
    // erin filed it, which alone does not allow finishing it.
    for person in ["carol", "erin", "audrey"] {
        let complaint = format!("{person} is neither an implementer nor the owner of CHG-1");
        world.fails(person, "finish CHG-1 --outcome failed", Exit::Refused, &complaint);
        forbidden(&world, person, finish(&world, Outcome::Failed), None, "implementer-or-owner");
    }
    accepted(&world, "bob", finish(&world, Outcome::Failed), None);
    accepted(&world, "alice", finish(&world, Outcome::Failed), None);
}

#[test]
fn a_change_is_finished_once() {
    for first in [Outcome::Succeeded, Outcome::Failed] {
        let world = World::approved();
        world.ok("erin", "start CHG-1");
        world.ok("erin", &format!("finish CHG-1 --outcome {first}"));
        for again in [Outcome::Succeeded, Outcome::Failed] {
            let complaint = format!("CHG-1 is already finished: {first}");
            world.fails("erin", &format!("finish CHG-1 --outcome {again}"), Exit::Refused, &complaint);
            forbidden(&world, "erin", finish(&world, again), None, "finish-once");
        }
        // A rollback can follow any other outcome, and nothing can follow it.
        world.ok("erin", "finish CHG-1 --outcome rolled-back");
        for outcome in Outcome::ALL {
            forbidden(&world, "erin", finish(&world, *outcome), None, "finish-once");
        }
    }
}

/// CHG-2, approved, which follows CHG-1.
fn with_followed() -> World {
    let world = World::approved();
    file(&world, &[("risk =", "follows = \"CHG-1\"\nrisk =")]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-2");
    }
    world
}

#[test]
fn nothing_starts_before_the_change_that_it_follows_has_succeeded() {
    let start = |world: &World| Event::Start(Start::of(world.revision("CHG-2")));
    let refused = |world: &World| {
        world.fails("erin", "start CHG-2", Exit::Refused, "CHG-2 cannot start before CHG-1 has succeeded");
        forbidden(world, "erin", start(world), None, "follows-succeeded");
    };
    let world = with_followed();
    refused(&world);
    world.ok("erin", "start CHG-1");
    refused(&world);
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    accepted(&world, "erin", start(&world), None);
    // What was rolled back has not succeeded.
    world.ok("erin", "finish CHG-1 --outcome rolled-back");
    refused(&world);
    for outcome in ["failed", "rolled-back"] {
        let world = with_followed();
        world.ok("erin", "start CHG-1");
        world.ok("erin", &format!("finish CHG-1 --outcome {outcome}"));
        refused(&world);
    }
}

#[test]
fn a_start_that_came_too_early_for_the_followed_change_is_recorded_once() {
    let world = with_followed();
    let entries = world.entries();
    for _ in 0..2 {
        world.fails("erin", "start CHG-2", Exit::Refused, "before CHG-1 has succeeded");
    }
    assert_eq!(world.entries(), entries + 1);
    assert!(world.ok("audrey", "log --change CHG-2").contains("tried to start CHG-2: refused (follows-succeeded)"));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    // A refusal by this rule that is not true is refused, and found.
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    let attempt = RefusedAttempt::Start(Start::of(world.revision("CHG-2")));
    let rule = "follows-succeeded".parse().unwrap();
    world.at("2026-12-01T10:30:00Z");
    forbidden(&world, "erin", Event::Refused { attempt, rule }, None, "refused");
}
