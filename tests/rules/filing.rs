//! Rules about filing changes.

use super::prelude::*;

#[test]
fn no_change_jumps_the_queue() {
    // No command reaches this rule: commands take the next number.
    let world = World::filed();
    let (event, text) = filing(&world, |_, _| {});
    let Event::File { facts, .. } = event else { unreachable!() };
    for number in ["CHG-1", "CHG-3"] {
        let event = Event::File { change: number.parse().unwrap(), facts: facts.clone() };
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
    let complaint = "change.toml:5: owner: mallory is not enrolled, or has retired";
    world.fails("erin", "file change.toml", Exit::Invalid, complaint);
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
    let (event, text) = filing(&world, |_, _| {});
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
    let world = World::filed();
    world.at("2026-12-01T11:59:59Z");
    accepted(&world, "carol", approve(&world), None);
    world.at("2026-12-01T12:00:00Z");
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("carol", &command, Exit::Refused, "the window ended at");
    forbidden(&world, "carol", approve(&world), None, "window-not-ended");
}

#[test]
fn no_window_lies_more_than_ten_years_ahead() {
    let world = World::founded();
    // Ten years of 366 days from 2026-12-01T09:00:00Z.
    let edge: Time = world.now().plus(10 * 366 * 86_400);
    for (start, good) in [(edge, true), (edge.plus(1), false)] {
        let (start, end) = (start.to_string(), start.plus(60).to_string());
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
    world.fails("erin", "file change.toml", Exit::Invalid, "kind: a standard change needs an approved template");
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
