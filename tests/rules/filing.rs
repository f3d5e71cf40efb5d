//! Rules about filing changes.

use super::prelude::*;

#[test]
fn no_change_jumps_the_queue() {
    // No command reaches this rule: commands take the next number.
    let world = World::filed();
    let (event, text) = filing(&world, |_, _| {});
    let Event::File { facts, execution, .. } = event else { unreachable!() };
    for number in ["CHG-1", "CHG-3"] {
        let (change, facts, execution) = (number.parse().unwrap(), facts.clone(), execution.clone());
        let event = Event::File { change, facts, execution };
        forbidden(&world, "erin", event, text.clone(), "change-number");
    }
}

#[test]
fn nothing_is_filed_without_its_required_fields() {
    let world = World::founded();
    let without: [fn(&mut Description); 6] = [
        |it| it.title = None,
        |it| it.reason = None,
        |it| it.impact = None,
        |it| it.plan.clear(),
        |it| it.rollback.clear(),
        |it| *it = Description::default(),
    ];
    for without in without {
        let (event, text) = filing(&world, |_, description| without(description));
        forbidden(&world, "erin", event, text, "field-required");
    }
    world.write("change.toml", CHANGE.replace("Orders were rejected at the open.", ""));
    world.fails("erin", "file change.toml", Exit::Invalid, "change.toml:7: reason: required, but missing or empty");
}

#[test]
fn no_change_touches_nothing() {
    let world = World::founded();
    let (event, text) = filing(&world, |facts, _| facts.services.clear());
    forbidden(&world, "erin", event, text, "services-required");
    world.write("change.toml", CHANGE.replace("\"order-gateway\"", ""));
    world.fails("erin", "file change.toml", Exit::Invalid, "services: required, but missing or empty");
}

#[test]
fn no_change_is_carried_out_by_nobody() {
    // No command reaches this rule: without implementers, a draft uses its owner.
    let world = World::founded();
    let (event, text) = filing(&world, |facts, _| facts.implementers.clear());
    forbidden(&world, "erin", event, text, "implementers-required");
}

#[test]
fn no_change_names_people_who_are_not_enrolled() {
    let world = World::founded();
    let (event, text) = filing(&world, |facts, _| facts.owner = "mallory".parse().unwrap());
    forbidden(&world, "erin", event, text, "participant-enrolled");
    let (event, text) = filing(&world, |facts, _| facts.implementers = people(&["erin", "mallory"]));
    forbidden(&world, "erin", event, text, "participant-enrolled");
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"mallory\""));
    let complaint = "change.toml:5: owner: mallory is not enrolled, has retired or is suspended";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
    // A suspended auditor has no role, and may be an auditor again.
    world.ok("alice", "person suspend audrey");
    let (event, text) = filing(&world, |facts, _| facts.owner = "audrey".parse().unwrap());
    forbidden(&world, "erin", event, text, "participant-enrolled");
}

#[test]
fn no_auditor_takes_part_in_a_change() {
    let world = World::founded();
    let (event, text) = filing(&world, |facts, _| facts.owner = "audrey".parse().unwrap());
    forbidden(&world, "erin", event, text, "participant-not-auditor");
    let (event, text) = filing(&world, |facts, _| facts.implementers = people(&["audrey", "erin"]));
    forbidden(&world, "erin", event, text, "participant-not-auditor");
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"audrey\"]"));
    world.fails("erin", "file change.toml", Exit::Invalid, "change.toml:6: implementers[1]: audrey is an auditor");
}

#[test]
fn nothing_is_filed_for_a_window_that_is_over() {
    let world = World::founded();
    let (event, text) = filing(&world, |facts, _| facts.rollback_minutes = 0);
    world.at("2026-12-01T11:59:59Z");
    accepted(&world, "erin", event.clone(), text.clone());
    world.at("2026-12-01T12:00:00Z");
    forbidden(&world, "erin", event, text, "window-not-ended");
    world.write("change.toml", CHANGE);
    let complaint = "window.end: the window ended at 2026-12-01T12:00:00Z";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
}

#[test]
fn nobody_approves_after_the_window() {
    let world = World::founded();
    file(&world, &[("minutes = 5", "minutes = 0")]);
    world.at("2026-12-01T11:59:59Z");
    accepted(&world, "carol", approve(&world), None);
    world.at("2026-12-01T12:00:00Z");
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("carol", &command, Exit::Refused, "the window ended at");
    forbidden(&world, "carol", approve(&world), None, "window-not-ended");
}

#[test]
fn nothing_is_filed_or_approved_that_can_no_longer_be_rolled_back_in_its_window() {
    let world = World::filed();
    let (event, text) = filing(&world, |_, _| {});
    world.at("2026-12-01T11:55:00Z");
    accepted(&world, "erin", event.clone(), text.clone());
    accepted(&world, "carol", approve(&world), None);
    world.at("2026-12-01T11:55:01Z");
    forbidden(&world, "erin", event.clone(), text.clone(), "time-to-roll-back");
    let (event, text) = revising(&world, (event, text));
    forbidden(&world, "erin", event, text, "time-to-roll-back");
    forbidden(&world, "carol", approve(&world), None, "time-to-roll-back");
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("carol", &command, Exit::Refused, "the last moment to start was 2026-12-01T11:55:00Z");
    let complaint = "change.toml:20: rollback.minutes: too late: the last moment to start was 2026-12-01T11:55:00Z";
    world.fails("erin", "file change.toml --again", Exit::Invalid, complaint);
}

#[test]
fn no_window_is_filed_that_is_not_longer_than_the_rollback() {
    let world = World::filed();
    for (minutes, good) in [(119, true), (120, false), (121, false), (1_000_000_000, false)] {
        let (event, text) = filing(&world, |facts, _| facts.rollback_minutes = minutes);
        if good {
            accepted(&world, "erin", event, text);
        } else {
            forbidden(&world, "erin", event.clone(), text.clone(), "window-fits-rollback");
            let (event, text) = revising(&world, (event, text));
            forbidden(&world, "erin", event, text, "window-fits-rollback");
        }
    }
    world.write("change.toml", CHANGE.replace("minutes = 5", "minutes = 120"));
    let complaint = "change.toml:20: rollback.minutes: a rollback of 120 min does not fit into the window";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
    world.fails("erin", "check change.toml", Exit::Invalid, complaint);
}

#[test]
fn no_window_lies_more_than_ten_years_ahead() {
    let world = World::founded();
    // Ten years of 366 days from 2026-12-01T09:00:00Z.
    let edge: Time = world.now().plus(10 * 366 * 86_400);
    for (start, good) in [(edge, true), (edge.plus(1), false)] {
        let (start, end) = (start.to_string(), start.plus(3600).to_string());
        let (event, text) = filing(&world, |facts, _| facts.window = window(&start, &end));
        if good {
            accepted(&world, "erin", event, text);
        } else {
            forbidden(&world, "erin", event, text, "window-horizon");
        }
    }
    world.write("change.toml", CHANGE.replace("2026-12-01T", "9999-12-01T"));
    let complaint = "the window starts at 9999-12-01T10:00:00Z, more than ten years ahead";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
}

#[test]
fn no_change_is_standard_without_a_template() {
    let world = World::founded();
    let (event, text) = filing(&world, |facts, _| facts.kind = ChangeKind::Standard);
    forbidden(&world, "erin", event, text, "standard-template");
    world.write("change.toml", CHANGE.replace("\"normal\"", "\"standard\""));
    world.fails(
        "erin",
        "file change.toml",
        Exit::Invalid,
        "kind: a standard change follows a template, and none is named",
    );
}

pub fn artifact(name: &str, digest: Digest) -> Artifact {
    Artifact { name: name.parse().unwrap(), digest }
}

#[test]
fn no_two_artifacts_share_a_name() {
    let world = World::founded();
    let twice = vec![artifact("app.tar", WRONG), artifact("app.tar", Digest::new([8; 32]))];
    let (event, text) = filing(&world, |facts, _| facts.artifacts = twice);
    forbidden(&world, "erin", event, text, "artifact-once");
    let one = format!("\n[[artifacts]]\nname = \"app.tar\"\nsha256 = \"{WRONG}\"\n");
    world.write("change.toml", format!("{CHANGE}{one}{one}"));
    world.fails("erin", "file change.toml", Exit::Invalid, "artifact app.tar is named twice");
}

#[test]
fn no_author_is_named_who_was_never_enrolled() {
    let world = World::filed();
    let authored = |names: &[&str]| {
        let authors = names.iter().map(|it| it.parse().unwrap()).collect();
        filing(&world, |facts, _| facts.authors = authors)
    };
    let (event, text) = authored(&["erin", "mallory"]);
    forbidden(&world, "erin", event, text, "author-enrolled");
    let (event, text) = revising(&world, authored(&["mallory"]));
    forbidden(&world, "erin", event, text, "author-enrolled");
    let (event, text) = authored(&["erin", "audrey", "external mallory"]);
    accepted(&world, "erin", event, text);
    world.write("change.toml", CHANGE.replace("risk =", "authors = [\"erin\", \"mallory\"]\nrisk ="));
    world.fails("erin", "file change.toml", Exit::Invalid, "change.toml:4: authors[2]: author mallory is not enrolled");
}

#[test]
fn somebody_who_left_can_be_named_as_an_author() {
    let world = World::founded();
    world.ok("alice", "person retire dave");
    second(&world, "bob", "1");
    let (event, text) = filing(&world, |facts, _| facts.authors = ["dave".parse().unwrap()].into());
    accepted(&world, "erin", event, text);
}

#[test]
fn no_target_is_listed_twice() {
    let world = World::filed();
    let (event, text) = filing_on(&world, &["gw-1", "gw-2", "gw-1"], |_| {});
    forbidden(&world, "erin", event.clone(), text.clone(), "target-once");
    let (event, text) = revising(&world, (event, text));
    forbidden(&world, "erin", event, text, "target-once");
    world.write("change.toml", CHANGE.replace("risk =", "targets = [\"gw-1\", \"gw-1\"]\nrisk ="));
    world.fails("erin", "file change.toml", Exit::Invalid, "change.toml:4: targets[2]: gw-1 is listed twice");
}

#[test]
fn no_change_has_more_than_a_thousand_targets() {
    let world = World::founded();
    let names: Vec<String> = (0..1001).map(|n| format!("host-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (event, text) = filing_on(&world, &names, |_| {});
    forbidden(&world, "erin", event, text, "target-limit");
    let (event, text) = filing_on(&world, &names[..1000], |facts| facts.stop_after = Some(1000));
    accepted(&world, "erin", event, text);
    world.write("change.toml", CHANGE.replace("risk =", &format!("targets = {names:?}\nrisk =")));
    world.fails("erin", "file change.toml", Exit::Invalid, "targets: 1001 targets; at most 1000 are allowed");
}

#[test]
fn no_change_stops_after_more_failures_than_it_has_targets_or_after_none() {
    let world = World::founded();
    for (targets, stop_after) in [(&[][..], 1), (&["gw-1", "gw-2"], 0), (&["gw-1", "gw-2"], 3)] {
        let (event, text) = filing_on(&world, targets, |facts| facts.stop_after = Some(stop_after));
        forbidden(&world, "erin", event, text, "stop-after-range");
    }
    for stop_after in [1, 2] {
        let (event, text) = filing_on(&world, &["gw-1", "gw-2"], |facts| facts.stop_after = Some(stop_after));
        accepted(&world, "erin", event, text);
    }
    world.write("change.toml", CHANGE.replace("risk =", "targets = \"gw-1\"\nstop_after = 2\nrisk ="));
    world.fails("erin", "file change.toml", Exit::Invalid, "change.toml:5: stop_after: stop-after is 2; it must be 1");
}

#[test]
fn no_change_follows_itself_or_one_that_does_not_exist() {
    let world = World::filed();
    let following = |numbers: &[&str]| {
        let follows = numbers.iter().map(|it| it.parse().unwrap()).collect();
        filing(&world, |facts, _| facts.follows = follows)
    };
    // The next change would be CHG-2.
    for numbers in [&["CHG-2"][..], &["CHG-3"], &["CHG-1", "CHG-9"]] {
        let (event, text) = following(numbers);
        forbidden(&world, "erin", event, text, "follows-known");
    }
    let (event, text) = following(&["CHG-1"]);
    accepted(&world, "erin", event.clone(), text.clone());
    let (event, text) = revising(&world, (event, text));
    forbidden(&world, "erin", event, text, "follows-known");
    world.write("change.toml", CHANGE.replace("risk =", "follows = \"CHG-2\"\nrisk ="));
    let complaint = "change.toml:4: follows: the change cannot follow CHG-2: there is no such other change";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
    world.write("change.toml", CHANGE.replace("risk =", "follows = \"CHG-1\"\nrisk ="));
    world.fails("erin", "revise CHG-1 change.toml", Exit::Refused, "the change cannot follow CHG-1");
}

#[test]
fn a_retired_auditor_is_refused_as_retired() {
    let world = World::founded();
    let owned = || filing(&world, |facts, _| facts.owner = "audrey".parse().unwrap());
    let (event, text) = owned();
    forbidden(&world, "erin", event, text, "participant-not-auditor");
    world.ok("alice", "person retire audrey");
    second(&world, "bob", "1");
    let (event, text) = owned();
    let seq = world.force("erin", event, text);
    // Audrey's account can still verify, although she has retired.
    let findings = world.findings("audrey");
    assert!(findings[0].starts_with(&format!("entry {seq}: [participant-enrolled] ")), "{findings:#?}");
}
