//! Access against a list of the staff.

use twinseal::error::Exit;

use super::read;
use crate::support::World;

fn marks(world: &World, list: &str) -> String {
    world.write("hr.csv", list);
    let all = read(world, "audit access --against hr.csv");
    let marked = all["accounts"].as_array().unwrap().iter().filter(|it| !it["mark"].is_null());
    marked.map(|it| format!("{}={}", it["person"], it["mark"]).replace('"', "")).collect::<Vec<_>>().join(" ")
}

/// Everybody but erin, and with dave's line.
fn staff(dave: &str) -> String {
    format!("Name,person,left\nA,alice,\nB,bob,\nC,carol,\nD,dave,{dave}\nU,audrey,\nX,never.enrolled,\n")
}

#[test]
fn nobody_who_left_or_is_not_in_the_list_goes_unmarked() {
    let world = World::founded();
    assert_eq!(marks(&world, &staff("")), "erin=not-listed");
    assert_eq!(marks(&world, &staff("2026-11-30")), "dave=left-but-active erin=not-listed");
    // Their last day is not over yet.
    assert_eq!(marks(&world, &staff("2026-12-01")), "erin=not-listed");
    world.ok("alice", "person suspend dave --reason Left.");
    assert_eq!(marks(&world, &staff("2026-11-30")), "dave=left-but-suspended erin=not-listed");
    world.ok("alice", "person retire dave");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    assert_eq!(marks(&world, &staff("2026-11-30")), "erin=not-listed");
}

#[test]
fn a_machine_without_an_operator_in_the_list_is_marked() {
    let world = World::founded();
    world.person("robot");
    let ask = format!("person request robot --register {} --role engineer --out robot.request", world.named());
    world.ok("robot", &ask);
    world.ok("alice", "person machine robot=robot.request --operator dave --role engineer");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    assert_eq!(marks(&world, &staff("")), "erin=not-listed");
    assert_eq!(marks(&world, &staff("2026-11-30")), "dave=left-but-active erin=not-listed robot=no-operator");
}

#[test]
fn no_list_that_cannot_be_read_is_compared() {
    let world = World::founded();
    let wrong = [
        ("", "required, but missing or empty"),
        ("login,left\nalice,\n", "no such column: the file has login, left"),
        ("person;left\nalice;\n", "no such column"),
        ("person,left\nalice\n", "1 cells, but the header has 2"),
        ("person,left\nalice,soon\n", "not a time"),
        ("person,left\nalice,2026-13-01\n", "not a time"),
        ("person,left\nAlice Admin,\n", "person"),
        ("person,left\nalice,\nalice,\n", "alice is listed twice"),
        ("person,left\nalice,\"2026-01-01\n", "one is not closed"),
        ("person,left\nal\0ice,\n", "a null byte"),
    ];
    for (list, complaint) in wrong {
        world.write("hr.csv", list);
        world.fails("audrey", "audit access --against hr.csv", Exit::Invalid, complaint);
    }
    world.write("hr.csv", b"person,left\n\xff\xfe\x00,\n");
    world.fails("audrey", "audit access --against hr.csv", Exit::Invalid, "not UTF-8");
    world.write("hr.csv", "x".repeat((1 << 20) + 1));
    world.fails("audrey", "audit access --against hr.csv", Exit::Invalid, "larger than the limit");
}
