//! Reconciliation of what was deployed with the log.

use std::fs;

use serde_json::Value;
use twinseal::error::Exit;

use super::{DAY, each, read};
use crate::support::{CHANGE, World};

/// The SHA-256 of `abc`.
const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// CHG-1 on order-gateway, started at 10:00 and finished at 10:30.
fn executed() -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.at("2026-12-01T10:30:00Z");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    world.at("2026-12-02T09:00:00Z");
    world
}

fn against(world: &World, rows: &str) -> Value {
    world.write("deployed.csv", format!("ref,time,service,host,artifact,change\n{rows}"));
    read(world, &format!("audit reconcile deployed.csv {DAY}"))
}

/// The result of each row, with its differences.
fn results(found: &Value) -> Vec<String> {
    let one = |it: &Value| {
        let why: Vec<&str> = it["differences"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        format!("{} {} {}", it["result"].as_str().unwrap(), it["about"].as_str().unwrap(), why.join(" "))
    };
    found["rows"].as_array().unwrap().iter().map(|it| one(it).trim().to_owned()).collect()
}

#[test]
fn no_deployment_that_no_change_covers_goes_unnoticed() {
    let world = executed();
    let rows = "1,2026-12-01T10:10:00Z,order-gateway,,,CHG-1\n2,2026-12-01T10:10:00Z,order-gateway,,,\n\
                3,2026-12-01T15:00:00Z,order-gateway,,,\n4,2026-12-01T10:10:00Z,ledger,,,\n\
                5,2026-12-01T10:10:00Z,order-gateway,,,CHG-9\n6,2026-12-01T10:10:00Z,,,,\n";
    let expected =
        ["matched CHG-1", "matched CHG-1", "unauthorised", "unauthorised", "unauthorised CHG-9", "unauthorised"];
    let found = against(&world, rows);
    assert_eq!(results(&found), expected);
    assert_eq!((&found["counts"]["unauthorised"], &found["without_deployment"]), (&4.into(), &Value::Array(vec![])));
}

#[test]
fn a_deployment_otherwise_than_its_change_says_is_no_match() {
    let world = executed();
    let artifact = format!("[[artifacts]]\nname = \"app.tar\"\nsha256 = \"{DIGEST}\"\n");
    world.at("2026-12-01T10:30:00Z");
    world.write("app.tar", "abc");
    world.write("another.toml", format!("{CHANGE}\n{artifact}").replace("order-gateway", "ledger"));
    world.ok("erin", "file another.toml --again");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-2"));
    world.ok("erin", "start CHG-2 --artifact app.tar=app.tar");
    world.ok("erin", "finish CHG-2 --outcome succeeded");
    let other = DIGEST.replace('b', "c");
    let rows = format!(
        "1,2026-12-01T11:00:00Z,order-gateway,,,CHG-1\n2,2026-12-01T13:00:00Z,order-gateway,,,CHG-1\n\
         3,2026-12-01T10:10:00Z,ledger,,,CHG-1\n4,2026-12-01T10:31:00Z,ledger,,sha256:{DIGEST},\n\
         5,2026-12-01T10:31:00Z,ledger,,{other},\n6,2026-12-01T20:00:00Z,ledger,,{DIGEST},\n"
    );
    let expected = [
        "differs CHG-1 outside-run",
        "differs CHG-1 outside-window",
        "differs CHG-1 other-service",
        "matched CHG-2",
        "differs CHG-2 other-artifact",
        "differs CHG-2 outside-window",
    ];
    assert_eq!(results(&against(&world, &rows)), expected);
}

#[test]
fn a_change_that_is_said_to_be_done_and_left_no_deployment_is_listed() {
    let world = executed();
    let found = against(&world, "1,2026-12-01T15:00:00Z,order-gateway,,,\n");
    assert_eq!(each(&found["without_deployment"], "change"), ["CHG-1"]);
    // A list about another service says nothing of it.
    let found = against(&world, "1,2026-12-01T15:00:00Z,ledger,,,\n");
    assert!(found["without_deployment"].as_array().unwrap().is_empty());
    // An empty list covers every service.
    assert_eq!(each(&against(&world, "")["without_deployment"], "change"), ["CHG-1"]);
    let csv = world.ok("audrey", &format!("audit reconcile deployed.csv {DAY} --csv"));
    assert!(csv.ends_with(",no-deployment,CHG-1,\r\n"), "{csv}");
}

#[test]
fn what_was_done_in_a_break_glass_is_told_apart_and_is_no_match() {
    let world = World::founded();
    world.ok("erin", "breakglass open --incident INC-1 --service order-gateway --reason Now.");
    let rows = "1,2026-12-01T09:10:00Z,order-gateway,,,\n2,2026-12-01T09:10:00Z,ledger,,,\n";
    assert_eq!(results(&against(&world, rows)), ["break-glass BG-1", "unauthorised"]);
}

#[test]
fn a_target_of_a_change_without_a_deployment_is_named() {
    let world = World::founded();
    world.write("change.toml", CHANGE.replace("[window]", "targets = [\"gw-1\", \"gw-2\"]\n[window]"));
    world.ok("erin", "file change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    for target in ["gw-1", "gw-2"] {
        world.ok("erin", &format!("start CHG-1 --target {target}"));
        world.ok("erin", &format!("finish CHG-1 --target {target} --outcome succeeded"));
    }
    let rows = "1,2026-12-01T10:01:00Z,order-gateway,gw-1,,CHG-1\n2,2026-12-01T10:01:00Z,order-gateway,gw-3,,CHG-1\n";
    let found = against(&world, rows);
    assert_eq!(results(&found), ["matched CHG-1", "differs CHG-1 other-target"]);
    assert_eq!(found["without_deployment"][0]["targets"], serde_json::json!(["gw-2"]));
}

#[test]
fn the_examples_find_what_nobody_approved() {
    let world = executed();
    for (list, map) in [
        ("gitlab.csv", "gitlab.toml"),
        ("argocd.json", "argocd.toml"),
        ("bastion.csv", "bastion.toml"),
        ("database.csv", "database.toml"),
    ] {
        for name in [list, map] {
            world.write(name, fs::read(format!("examples/reconcile/{name}")).unwrap());
        }
        let found = read(&world, &format!("audit reconcile {list} --map {map} {DAY}"));
        assert_eq!(found["counts"]["unauthorised"], 1, "{list}: {found}");
        assert!(found["counts"]["matched"].as_u64().unwrap() >= 1, "{list}: {found}");
        assert!(!found["query"].is_null() && found["sha256"].as_str().unwrap().len() == 64);
    }
}

#[test]
fn no_list_or_map_that_cannot_be_read_is_reconciled() {
    let world = executed();
    world.write("map.toml", "[columns]\ntime = \"at\"\n");
    let lists = [
        ("", "required, but missing or empty"),
        ("service\nx\n", "no such column"),
        ("time\nsoon\n", "not a time"),
        ("time,artifact\n2026-12-01T10:00:00Z,4f9c1d2\n", "artifact"),
        ("time\n\"2026-12-01T10:00:00Z\n", "one is not closed"),
        ("time\n1,2\n", "2 cells, but the header has 1"),
        ("{\"a\": 1}", "no list here"),
        ("[{\"time\": }]", "cannot be read"),
        ("[{\"time\": \"2026-12-01T10:00:00Z\"", "cannot be read"),
        ("time\n\0\n", "a null byte"),
    ];
    for (list, complaint) in lists {
        world.write("deployed.csv", list);
        world.fails("audrey", "audit reconcile deployed.csv", Exit::Invalid, complaint);
    }
    world.write("deployed.csv", "[".repeat(100_000));
    world.fails("audrey", "audit reconcile deployed.csv", Exit::Invalid, "cannot be read");
    world.write("deployed.csv", b"time\n\xff\x00\xfe\n");
    world.fails("audrey", "audit reconcile deployed.csv", Exit::Invalid, "not UTF-8");
    world.write("deployed.csv", "time\n2026-12-01T10:00:00Z\n");
    for (map, complaint) in [
        ("[columns]\ntime = \"at\"\n", "at: no such column"),
        ("[columns]\n", "columns.time: required"),
        ("zone = \"CST\"\n[columns]\ntime = \"time\"\n", "not the name of a time zone"),
        ("[column]\ntime = \"time\"\n", "unknown key"),
        ("columns = 3\n", "expected a table"),
        ("[columns]\ntime = \"time\"\n[only]\nstatus = 3\n", "only.status"),
    ] {
        world.write("map.toml", map);
        world.fails("audrey", "audit reconcile deployed.csv --map map.toml", Exit::Invalid, complaint);
    }
}

#[test]
fn no_cell_of_a_list_becomes_a_formula() {
    let world = executed();
    world.write("deployed.csv", "ref,time,service\n=cmd(),2026-12-01T15:00:00Z,+x\n");
    let csv = world.ok("audrey", "audit reconcile deployed.csv --csv");
    assert!(csv.contains("2,'=cmd(),2026-12-01T15:00:00Z,'+x,"), "{csv}");
}

#[test]
fn a_clock_that_was_set_back_covers_no_deployment_from_before() {
    let world = World::approved();
    world.at("2026-12-01T10:50:00Z");
    for person in ["carol", "dave", "alice"] {
        world.ok(person, "note CHG-1 Seen.");
    }
    world.at("2026-12-01T10:05:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "breakglass open --incident INC-1 --reason Now.");
    world.at("2026-12-01T11:00:00Z");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    world.at("2026-12-02T09:00:00Z");
    let rows = "1,2026-12-01T10:20:00Z,order-gateway,,,CHG-1\n2,2026-12-01T10:55:00Z,order-gateway,,,CHG-1\n\
                3,2026-12-01T10:20:00Z,ledger,,,\n4,2026-12-01T11:30:00Z,ledger,,,\n";
    let expected = ["differs CHG-1 outside-run", "matched CHG-1", "unauthorised", "break-glass BG-1"];
    assert_eq!(results(&against(&world, rows)), expected);
}

#[test]
fn a_column_that_no_row_of_a_json_list_has_is_a_fault_and_drops_no_row() {
    let world = executed();
    world.write(
        "deployed.json",
        "[{\"at\": \"2026-12-01T10:10:00Z\", \"state\": \"done\"}, {\"at\": \"2026-12-01T10:20:00Z\"}]",
    );
    for (columns, complaint) in [
        ("[columns]\ntime = \"at\"\n[only]\nstatus = \"done\"\n", "status"),
        ("[columns]\ntime = \"at\"\nservice = \"project\"\n", "project"),
    ] {
        world.write("map.toml", columns);
        world.fails("audrey", "audit reconcile deployed.json --map map.toml", Exit::Invalid, complaint);
    }
    world.write("map.toml", "[columns]\ntime = \"at\"\n[only]\nstate = \"done\"\n");
    assert_eq!(read(&world, "audit reconcile deployed.json --map map.toml")["rows"].as_array().unwrap().len(), 1);
}

#[test]
fn no_cell_of_a_list_controls_the_terminal_on_which_csv_is_printed() {
    let world = executed();
    world.write("deployed.csv", "time,service\n2026-12-01T10:10:00Z,\u{1b}]0;gone\u{7}\n");
    let line = format!("audit reconcile deployed.csv {DAY} --csv");
    world.columns(Some(80));
    assert!(!world.ok("audrey", &line).contains(['\u{1b}', '\u{7}']));
    world.columns(None);
    assert!(world.ok("audrey", &line).contains("\u{1b}]0;gone\u{7}"), "a file gets the exact cells");
}
