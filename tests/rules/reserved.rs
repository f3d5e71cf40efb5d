//! Rules about reserved periods: which changes start in them, and by when their windows end.

use super::freezes::{excepted, freeze, group, start_of};
use super::prelude::*;
use crate::support::FREEZE;

/// [`FREEZE`] with its first period, which is in the window of [`CHANGE`], reserved.
fn reserved(restored_by: &str) -> String {
    let until = "until = \"2026-12-01T12:00:00Z\"\n";
    FREEZE.replace(until, &format!("{until}reserved = \"network-test\"\nrestored_by = \"2026-12-01T{restored_by}Z\"\n"))
}

/// Files [`CHANGE`] with a tag and has it approved.
fn tagged(world: &World, tag: &str, change: &str) {
    file(world, &[("risk =", &format!("tags = [\"{tag}\"]\nrisk ="))]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, change));
}

#[test]
fn only_a_change_with_the_tag_starts_in_a_reserved_period() {
    let world = World::approved();
    freeze(&world, &reserved("12:00:00"));
    tagged(&world, "network-test", "CHG-2");
    tagged(&world, "other-test", "CHG-3");
    for time in ["10:00:00", "11:00:00", "11:54:59"] {
        world.at(&format!("2026-12-01T{time}Z"));
        for change in ["CHG-1", "CHG-3"] {
            forbidden(&world, "erin", start_of(&world, change), None, "reserved");
        }
        accepted(&world, "erin", start_of(&world, "CHG-2"), None);
    }
    let complaint = "freeze month-end stops CHG-1, which does not have tag network-test: closed from \
                     2026-12-01T11:00:00Z to 2026-12-01T12:00:00Z (noon; reserved for tag network-test, to be \
                     restored by 2026-12-01T12:00:00Z)";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    assert!(world.ok("erin", "show CHG-2").contains("admits the change"));
}

#[test]
fn a_change_whose_window_ends_after_production_must_be_restored_is_refused() {
    let world = World::founded();
    freeze(&world, &reserved("11:59:59"));
    tagged(&world, "network-test", "CHG-1");
    world.at("2026-12-01T11:00:00Z");
    let complaint = "freeze month-end stops CHG-1, whose window ends at 2026-12-01T12:00:00Z";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    forbidden(&world, "erin", start(&world), None, "restored-by");
    let answer: serde_json::Value = world.run("erin", "gate CHG-1 --json").out.parse().unwrap();
    assert_eq!((&answer["open"], &answer["permanent"]), (&false.into(), &true.into()), "{answer}");
    freeze(&world, &reserved("12:00:00"));
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_closed_period_stops_a_change_that_a_reserved_one_admits() {
    let world = World::founded();
    let closed = "[[periods]]\nname = \"half\"\nfrom = \"2026-12-01T11:30:00Z\"\nuntil = \"2026-12-01T11:45:00Z\"\n\n";
    let both = reserved("12:00:00").replace("T12:00:00Z\"\nreserved", "T11:30:00Z\"\nreserved");
    let both =
        both.replacen("[[periods]]\nname = \"December\"", &format!("{closed}[[periods]]\nname = \"December\""), 1);
    freeze(&world, &both);
    tagged(&world, "network-test", "CHG-1");
    world.at("2026-12-01T11:00:00Z");
    forbidden(&world, "erin", start(&world), None, "frozen");
    let answer: serde_json::Value = world.run("erin", "gate CHG-1 --json").out.parse().unwrap();
    assert_eq!(answer["closed_until"], "2026-12-01T11:45:00Z", "{answer}");
    world.at("2026-12-01T11:45:00Z");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn an_exception_and_an_emergency_go_through_a_reserved_period_as_through_any_freeze() {
    let world = World::founded();
    freeze(&world, &reserved("12:00:00"));
    excepted(&world, "\"month-end\"", &[]);
    file(&world, &[("\"normal\"", "\"emergency\"")]);
    for change in ["CHG-1", "CHG-2"] {
        ["carol", "dave"].iter().for_each(|person| world.approve(person, change));
    }
    world.at("2026-12-01T11:00:00Z");
    forbidden(&world, "erin", start(&world), None, "freeze-exception");
    accepted(&world, "erin", start_of(&world, "CHG-2"), None);
    group(&world, "dave", "finance");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_reserved_period_names_its_tag_and_when_production_is_restored() {
    let faults = |draft: &str| {
        let faults = input::read_freeze(draft).unwrap_err();
        faults.iter().map(|it| format!("{}: {}", it.line, it.field)).collect::<Vec<String>>()
    };
    let whole = reserved("12:00:00");
    assert_eq!(faults(&whole.replace("restored_by = \"2026-12-01T12:00:00Z\"\n", "")), ["7: periods[1].restored_by"]);
    assert_eq!(faults(&whole.replace("reserved = \"network-test\"\n", "")), ["7: periods[1].reserved"]);
    assert_eq!(faults(&whole.replace("\"network-test\"", "\"Network\"")), ["11: periods[1].reserved"]);
    assert_eq!(faults(&reserved("11:00:00")), ["12: periods[1].restored_by"]);
    assert!(input::read_freeze(&reserved("11:00:01")).is_ok());
}
