//! What the screens say of each target, and of a break-glass on a change; and the table of freezes.

use std::fs;
use std::process::Command;

use crate::support::{CHANGE, World, stock_tool};
use twinseal::error::Exit;

/// CHG-1 on so many hosts, approved and inside its window.
fn on_hosts(count: usize) -> World {
    let world = World::founded();
    let targets: Vec<String> = (1..=count).map(|n| format!("\"gw-{n:02}\"")).collect();
    let targets = format!("targets = [{}]\nstop_after = 2\nrisk =", targets.join(", "));
    world.write("change.toml", CHANGE.replace("risk =", &targets));
    world.ok("erin", "file change.toml --again");
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    world
}

fn shown(world: &World) -> String {
    let page = world.ok("erin", "show CHG-1");
    let from = page.find("targets  ").unwrap();
    page[from..].lines().take_while(|it| !it.is_empty()).collect::<Vec<_>>().join("\n")
}

#[test]
fn show_says_how_far_each_target_has_come() {
    let world = on_hosts(3);
    world.ok("erin", "start CHG-1 --target gw-01");
    world.ok("erin", "finish CHG-1 --target gw-01 --outcome failed");
    world.ok("erin", "start CHG-1 --target gw-02");
    let shown = shown(&world);
    for line in [
        "started on 2 of 3: 1 failed, 1 in progress",
        "gw-01: failed by erin, 2026-12-01T10:00:00Z",
        "gw-02: in progress, started by erin, 2026-12-01T10:00:00Z",
        "gw-03: not started",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    let json: serde_json::Value = world.ok("erin", "--json show CHG-1").parse().unwrap();
    let states: Vec<&str> =
        json["targets"].as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["failed", "in-progress", "not-started"]);
}

#[test]
fn show_folds_the_targets_that_need_nothing_and_keeps_the_others_apart() {
    let world = on_hosts(40);
    for n in 1..=9 {
        world.ok("erin", &format!("start CHG-1 --target gw-{n:02}"));
        let outcome = if n == 3 { "failed" } else { "succeeded" };
        if n < 9 {
            world.ok("erin", &format!("finish CHG-1 --target gw-{n:02} --outcome {outcome}"));
        }
    }
    let shown = shown(&world);
    assert!(shown.lines().count() <= 10 && shown.lines().all(|it| it.len() <= 80), "{shown}");
    for line in ["gw-03: failed by erin", "gw-09: in progress", "succeeded: gw-01 gw-02 gw-04", "not started: gw-10"] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    for n in 1..=40 {
        assert_eq!(shown.matches(&format!("gw-{n:02}")).count(), 1, "{shown}");
    }
}

#[test]
fn a_wrong_target_or_one_in_progress_names_what_to_do() {
    let world = on_hosts(3);
    world.ok("erin", "start CHG-1 --target gw-01");
    for (command, expected) in [
        ("start CHG-1 --target gw-1", "gw-1: did you mean gw-01?"),
        ("finish CHG-1 --target gw02 --outcome failed", "gw02: did you mean gw-02?"),
        ("start CHG-1 --target gw-01", "twinseal finish CHG-1 --target gw-01 --outcome OUTCOME"),
        ("finish CHG-1 --target gw-02 --outcome failed", "a target that is never started needs no outcome"),
    ] {
        world.fails("erin", command, Exit::Refused, expected);
    }
    let twice = fs::read_to_string(world.path("change.toml")).unwrap().replace("\"gw-02\"", "\"gw-01\"");
    world.write("twice.toml", twice);
    let output = world.run("erin", "check twice.toml");
    assert!(output.exit == Exit::Invalid && output.err.contains("targets"), "{}", output.screen);
    assert!(output.err.contains("line ") || output.err.contains("twice.toml:"), "{}", output.screen);
}

#[test]
fn a_break_glass_is_named_by_the_change_it_acts_on_and_by_no_gate_of_another() {
    let world = World::filed();
    world.write("change.toml", CHANGE.replace("order-gateway", "billing"));
    world.ok("erin", "file change.toml --again");
    world.ok("erin", "breakglass open --incident INC-1 --reason Now. --change CHG-1 --service order-gateway");
    let shown = world.ok("carol", "show CHG-1");
    assert!(shown.contains("break-glass") && shown.contains("BG-1 by erin: open; ends by itself in 4 h"), "{shown}");
    assert!(!world.ok("carol", "show CHG-2").contains("BG-1"));
    let json: serde_json::Value = world.ok("carol", "--json show CHG-1").parse().unwrap();
    assert_eq!(json["breakglasses"][0]["status"], "open");
    assert!(world.run("erin", "gate CHG-1").out.contains("break-glass BG-1"));
    assert!(!world.run("erin", "gate CHG-2").out.contains("break-glass BG-1"));
    // One that names neither a change nor a service may concern any.
    world.ok("erin", "breakglass open --incident INC-2 --reason Now.");
    assert!(world.run("erin", "gate CHG-2").out.contains("break-glass BG-2"));
    let log = world.ok("carol", "log --breakglass bg-1");
    assert!(log.lines().count() == 1 && log.contains("opened break-glass BG-1"), "{log}");
    assert_eq!(world.ok("erin", "show bg-1"), world.ok("erin", "breakglass show BG-1"));
    world.fails("carol", "log --breakglass BG-3", Exit::Invalid, "no break-glass BG-3");
}

#[test]
fn the_list_of_break_glasses_is_readable_at_80_columns() {
    let world = World::founded();
    let command =
        "breakglass open --incident INC-2026-1201 --reason Now. --service order-gateway --service risk-engine";
    world.ok("erin", command);
    world.columns(Some(80));
    let list = world.run("carol", "breakglass list").out;
    assert!(list.lines().all(|it| it.chars().count() <= 80), "{list}");
    for word in ["BG-1", "open", "erin", "INC-2026-1201", "order-gateway", "risk-engine", "ends"] {
        assert!(list.contains(word), "{word}\n{list}");
    }
}

#[test]
fn the_table_of_freezes_says_which_are_in_force_and_what_ended_the_others() {
    if !stock_tool("sqlite3") {
        return;
    }
    let world = World::founded();
    let rows = || {
        let select =
            "SELECT name, ifnull(proposal, person), excepts, closes, ifnull(ended, '-') FROM freezes ORDER BY began";
        let sqlite =
            Command::new("sqlite3").args(["-readonly", &world.path("prod.db").display().to_string(), select]).output();
        String::from_utf8(sqlite.unwrap().stdout).unwrap()
    };
    world.write("month-end.toml", fs::read("examples/month-end.toml").unwrap());
    world.ok("alice", "freeze propose month-end.toml");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
    world.ok("alice", "freeze now --for 30m --reason 'Orders are rejected.'");
    assert_eq!(rows(), "month-end|1|finance|2027-01-05T01:00:00Z|-\nnow-4|alice|duty|2026-12-01T09:30:00Z|-\n");
    world.ok("alice", "freeze end now-4");
    world.ok("alice", "freeze lift month-end --reason 'The books are closed.'");
    world.ok("bob", &format!("proposal second 2 --digest {}", world.newest_proposal().opened));
    assert_eq!(rows(), "month-end|1|finance|2027-01-05T01:00:00Z|7\nnow-4|alice|duty|2026-12-01T09:30:00Z|5\n");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_filter_by_a_person_who_is_not_enrolled_names_a_similar_one() {
    let world = World::filed();
    world.fails("carol", "list --owner erni", Exit::Invalid, "erni");
    assert!(world.run("carol", "list --owner erni").err.contains("did you mean erin"));
}
