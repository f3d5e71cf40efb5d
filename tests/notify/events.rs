//! Whom which event is told, and when.

use super::{ALL, SENDER, file, hooked, sender, told};
use crate::support::{FREEZE, World};
use twinseal::error::Exit;

#[test]
fn approvers_hear_that_a_change_awaits_approval_and_the_owner_of_each_approval() {
    let world = World::founded();
    let server = hooked(&world, ALL);
    assert!(told(&world, &server).is_empty());
    file(&world, "Raise the pool");
    let output = super::run(&world);
    assert_eq!(output.err, "1 message sent to ops\n");
    let said = server.take().pop().unwrap().json();
    assert_eq!(said["event"], "approval-needed");
    assert_eq!((&said["title"], &said["risk"]), (&"Raise the pool".into(), &"high".into()));
    assert_eq!((&said["deadline"], &said["then"]), (&"2026-12-01T10:00:00Z".into(), &"window opens".into()));
    let text = ["[prod] CHG-1 awaiting approval", "Raise the pool", "risk: high"];
    let rest = ["window opens 2026-12-01T10:00:00Z", "twinseal approve CHG-1"];
    assert_eq!(said["text"], serde_json::json!([&text[..], &rest[..]].concat()));
    assert!(told(&world, &server).is_empty(), "told once");
    world.approve("carol", "CHG-1");
    assert_eq!(told(&world, &server), ["approved CHG-1: twinseal show CHG-1"]);
    world.approve("dave", "CHG-1");
    let sent = ["approved CHG-1: twinseal show CHG-1", "action-needed CHG-1: twinseal start CHG-1"];
    assert_eq!(told(&world, &server), sent);
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    let sent = told(&world, &server);
    assert_eq!(sent[..2], ["started CHG-1: twinseal show CHG-1", "finished CHG-1: twinseal show CHG-1"]);
}

#[test]
fn an_approval_that_is_retracted_makes_the_change_await_approval_again() {
    let world = World::founded_with_spare_approvers();
    let server = hooked(&world, "events = [\"approval-needed\", \"rejected\"]");
    file(&world, "Raise the pool");
    assert_eq!(told(&world, &server).len(), 1);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    assert!(told(&world, &server).is_empty());
    world.ok("dave", "retract CHG-1 --reason 'Not yet.'");
    let sent = ["rejected CHG-1: twinseal show CHG-1", "approval-needed CHG-1: twinseal approve CHG-1"];
    assert_eq!(told(&world, &server), sent);
}

#[test]
fn nobody_is_told_to_approve_whom_the_inbox_does_not_ask() {
    // erin owns the change, audrey is an auditor, and alice is an admin; none of them can approve it.
    for (people, expected) in [("\"erin\", \"audrey\", \"alice\"", 0), ("\"carol\"", 1)] {
        let world = World::founded();
        let server = hooked(&world, &format!("events = [\"approval-needed\"]\npeople = [{people}]"));
        file(&world, "Raise the pool");
        assert_eq!(told(&world, &server).len(), expected, "{people}");
    }
}

#[test]
fn an_approver_is_reminded_once_before_the_window_opens_and_the_owner_of_the_window() {
    let world = World::founded();
    world.at("2026-12-01T08:00:00Z");
    let server = hooked(&world, ALL);
    file(&world, "Raise the pool");
    assert_eq!(told(&world, &server), ["approval-needed CHG-1: twinseal approve CHG-1"]);
    world.at("2026-12-01T08:59:59Z");
    assert!(told(&world, &server).is_empty());
    world.at("2026-12-01T09:00:00Z");
    let near = ["deadline-near CHG-1: twinseal approve CHG-1", "window-near CHG-1: twinseal show CHG-1"];
    assert_eq!(told(&world, &server), near);
    world.at("2026-12-01T09:30:00Z");
    assert!(told(&world, &server).is_empty());
    // The window is open, and the last moment to start is near.
    world.at("2026-12-01T11:00:00Z");
    assert_eq!(told(&world, &server), ["deadline-near CHG-1: twinseal approve CHG-1"]);
    world.at("2026-12-01T11:30:00Z");
    assert!(told(&world, &server).is_empty());
}

#[test]
fn a_change_filed_shortly_before_its_window_is_told_once_to_approvers() {
    let world = World::founded();
    let server = hooked(&world, "events = [\"approval-needed\", \"deadline-near\"]");
    world.at("2026-12-01T09:30:00Z");
    file(&world, "Raise the pool");
    assert_eq!(told(&world, &server), ["approval-needed CHG-1: twinseal approve CHG-1"]);
    world.at("2026-12-01T09:40:00Z");
    assert!(told(&world, &server).is_empty());
}

#[test]
fn a_rejection_is_told_to_the_owner_with_what_to_do() {
    let world = World::founded();
    let server = hooked(&world, "events = [\"rejected\", \"action-needed\"]\npeople = [\"erin\"]");
    file(&world, "Raise the pool");
    world.ok("carol", "reject CHG-1 --reason 'Too early.'");
    let sent = ["rejected CHG-1: twinseal show CHG-1", "action-needed CHG-1: twinseal show CHG-1"];
    assert_eq!(told(&world, &server), sent);
}

#[test]
fn a_proposal_is_told_to_the_other_admins_only() {
    for (person, expected) in [("alice", 0), ("bob", 1), ("carol", 0)] {
        let world = World::founded();
        let server = hooked(&world, &format!("events = [\"second-needed\"]\npeople = [\"{person}\"]"));
        world.write("freeze.toml", FREEZE);
        world.ok("alice", "freeze propose freeze.toml");
        let sent = told(&world, &server);
        assert_eq!(sent.len(), expected, "{person}: {sent:?}");
        assert!(sent.iter().all(|it| it == "second-needed proposal 1: twinseal proposal second 1"), "{sent:?}");
    }
}

#[test]
fn a_freeze_is_told_and_the_owner_hears_which_window_it_touches() {
    let world = World::founded();
    let server = hooked(&world, "events = [\"freeze\"]");
    file(&world, "Raise the pool");
    world.ok("alice", "freeze now --service other --reason 'INC-1'");
    let begun = told(&world, &server);
    assert_eq!(begun.len(), 1, "the window of CHG-1 is not touched: {begun:?}");
    world.ok("bob", "freeze now --reason 'INC-2'");
    let sent = told(&world, &server);
    assert!(sent[0].starts_with("freeze freeze now-"), "{sent:?}");
    assert_eq!(sent[1..], ["freeze CHG-1: twinseal show CHG-1"]);
    let name = sent[0].split(' ').nth(2).unwrap().trim_end_matches(':').to_owned();
    world.ok("bob", &format!("freeze end {name}"));
    assert_eq!(told(&world, &server), [format!("freeze freeze {name}: twinseal freeze list")]);
}

#[test]
fn a_break_glass_is_told_to_everybody_at_once_whatever_services_a_rule_asks_for() {
    for person in ["alice", "audrey", "carol", "erin"] {
        let world = World::founded();
        let rule =
            format!("events = [\"break-glass\"]\nservices = [\"other\"]\nrisks = [\"low\"]\npeople = [\"{person}\"]");
        let server = hooked(&world, &rule);
        world.ok("erin", "breakglass open --incident INC-2214 --reason 'Orders are rejected.'");
        world.write("report.txt", "Restarted the gateway.\n");
        world.ok("erin", "breakglass close BG-1 report.txt");
        let sent = told(&world, &server);
        assert_eq!(sent, vec!["break-glass BG-1: twinseal breakglass show BG-1"; 2], "{person}");
    }
}

#[test]
fn whoever_has_left_is_told_nothing() {
    let world = World::founded();
    let server = hooked(&world, "events = [\"break-glass\"]\npeople = [\"dave\"]");
    world.ok("alice", "person suspend dave --reason 'Left.'");
    world.ok("erin", "breakglass open --incident INC-2214 --reason 'Orders are rejected.'");
    assert!(told(&world, &server).is_empty());
}

#[test]
fn a_rule_chooses_by_service_environment_risk_kind_and_group() {
    let rules = [
        ("services = [\"order-gateway\"]", 1),
        ("services = [\"settlement\"]", 0),
        ("environments = [\"prod\"]", 0),
        ("risks = [\"high\", \"critical\"]", 1),
        ("risks = [\"low\"]", 0),
        ("kinds = [\"normal\"]", 1),
        ("kinds = [\"emergency\"]", 0),
        ("groups = [\"dba\"]", 0),
    ];
    for (rule, expected) in rules {
        let world = World::founded();
        let server = hooked(&world, &format!("events = [\"approval-needed\"]\n{rule}"));
        file(&world, "Raise the pool");
        assert_eq!(told(&world, &server).len(), expected, "{rule}");
    }
}

#[test]
fn the_first_run_begins_where_since_says() {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    let server = super::Server::new();
    super::secrets(&world, "ops = \"the key of ops\"\n");
    world.write("notify.toml", super::rules(server.port, ALL));
    sender(&world);
    let output = world.run(SENDER, "notify run --config notify.toml --since 2026-12-01");
    assert_eq!(output.exit, Exit::Invalid, "a time without a zone: {}", output.screen);
    world.ok(SENDER, "notify run --config notify.toml --since 2026-12-01T00:00:00Z");
    let events: Vec<_> = server.take().iter().map(|it| it.json()["event"].as_str().unwrap().to_owned()).collect();
    assert!(events.contains(&"approved".to_owned()) && events.contains(&"approval-needed".to_owned()), "{events:?}");
    world.fails(SENDER, "notify run --config notify.toml --since 1", Exit::Invalid, "were sent up to entry 3 already");
}

#[test]
fn nothing_is_recorded_and_no_key_is_needed() {
    let world = World::founded();
    let server = hooked(&world, ALL);
    file(&world, "Raise the pool");
    let before = world.entries();
    assert_eq!(told(&world, &server).len(), 1);
    assert_eq!(world.entries(), before);
    assert!(!world.path("people/nora/key").exists());
}
