//! Rules about freezes: what they stop, who excepts from them, and who opens and ends them.

use super::prelude::*;
use crate::support::FREEZE;

/// Has two admins put a freeze in force.
pub fn freeze(world: &World, draft: &str) {
    world.write("freeze.toml", draft);
    world.ok("alice", "freeze propose freeze.toml");
    second_newest(world);
}

pub fn second_newest(world: &World) {
    let number = world.state().governance().proposals().to_string();
    second(world, "bob", &number);
}

fn terms(draft: &str) -> Terms {
    input::read_freeze(draft).unwrap().terms
}

pub fn in_force(world: &World, name: &str) -> FreezeRef {
    let name: FreezeName = name.parse().unwrap();
    let since = world.state().governance().freeze(&name).unwrap().since;
    FreezeRef { name, since }
}

fn set(world: &World, draft: &str, replaces: Option<Digest>) -> Event {
    let name = "month-end".parse().unwrap();
    propose(world, Action::SetFreeze(Box::new(SetFreeze { name, replaces, terms: terms(draft) })))
}

pub fn lift(world: &World, name: &str, replaces: Digest) -> Event {
    let name = name.parse().unwrap();
    propose(world, Action::LiftFreeze(LiftFreeze { name, replaces, again: false }))
}

/// Has somebody open a freeze alone, and returns its name.
pub fn open(world: &World, person: &str, more: &str) -> String {
    let said = world.ok(person, &format!("freeze now --reason Why. {more}"));
    said.split(' ').nth(1).unwrap().to_owned()
}

/// [`CHANGE`] with an exception from these freezes.
pub fn excepted(world: &World, freezes: &str, replaced: &[(&str, &str)]) {
    let exception = format!("\n[freeze_exception]\nfreezes = [{freezes}]\nreason = \"The desk cannot wait.\"\n");
    let change = replaced.iter().fold(CHANGE.to_owned(), |change, (from, to)| change.replace(from, to));
    world.write("change.toml", change + &exception);
    world.ok("erin", "file change.toml --again");
}

/// Has somebody added to a group.
pub fn group(world: &World, person: &str, group: &str) {
    world.ok("alice", &format!("person grant {person} --group {group}"));
    second_newest(world);
}

pub fn start_of(world: &World, change: &str) -> Event {
    Event::Start(Start::of(world.revision(change)))
}

#[test]
fn nothing_starts_while_a_freeze_is_closed_or_before_one_that_begins_in_its_window() {
    let world = World::approved();
    accepted(&world, "erin", start(&world), None);
    freeze(&world, FREEZE);
    for time in ["10:00:00", "10:59:59", "11:00:00", "11:54:59"] {
        world.at(&format!("2026-12-01T{time}Z"));
        let complaint = "freeze month-end stops CHG-1: closed from 2026-12-01T11:00:00Z to 2026-12-01T12:00:00Z (noon)";
        world.fails("erin", "start CHG-1", Exit::Refused, complaint);
        forbidden(&world, "erin", start(&world), None, "frozen");
    }
}

#[test]
fn a_freeze_that_ends_in_the_window_is_waited_for() {
    let world = World::approved();
    freeze(&world, &FREEZE.replace("T11:00:00Z", "T10:00:00Z").replace("T12:00:00Z", "T11:00:00Z"));
    world.at("2026-12-01T10:59:59Z");
    forbidden(&world, "erin", start(&world), None, "frozen");
    world.at("2026-12-01T11:00:00Z");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_freeze_that_begins_at_the_end_of_the_window_stops_nothing() {
    let world = World::approved();
    freeze(&world, &FREEZE.replace("T12:00:00Z", "T13:00:00Z").replace("T11:00:00Z", "T12:00:00Z"));
    world.at("2026-12-01T11:54:59Z");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_freeze_concerns_what_its_scope_covers() {
    let world = World::founded();
    // The change has no tag, no environment, high risk, and the service order-gateway.
    for (scope, concerned) in [
        ("", true),
        ("scope = { service = 'order-gateway' }", true),
        ("scope = { service = 'ledger' }", false),
        ("scope = { risk = ['high', 'critical'] }", true),
        ("scope = { risk = 'low' }", false),
        ("scope = { kind = 'normal' }", true),
        ("scope = { kind = 'emergency' }", false),
        ("scope = { tag = 'open' }", false),
        // A change that names no environment may touch any.
        ("scope = { environment = 'prod' }", true),
        ("scope = { service = 'order-gateway', risk = 'low' }", false),
        ("except = { kind = 'normal' }", false),
        ("except = { tag = 'open' }", true),
    ] {
        let draft = FREEZE.replace("[[periods]]\nname = \"noon\"", &format!("{scope}\n[[periods]]\nname = \"noon\""));
        let (Event::File { facts, .. }, _) = filing(&world, |_, _| {}) else { unreachable!() };
        assert_eq!(terms(&draft).concerns(&facts), concerned, "{scope}");
        let tagged = Facts { tags: ["open".parse().unwrap()].into(), ..*facts.clone() };
        if scope.contains("'open'") {
            assert_eq!(terms(&draft).concerns(&tagged), !concerned, "{scope}");
        }
        let elsewhere = Facts { environments: ["uat".parse().unwrap()].into(), ..*facts };
        assert_eq!(terms(&draft).concerns(&elsewhere), concerned && !scope.contains("environment"), "{scope}");
    }
}

#[test]
fn an_emergency_waives_a_freeze_unless_the_freeze_names_emergencies() {
    let world = World::founded();
    file(&world, &[("\"normal\"", "\"emergency\"")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    freeze(&world, FREEZE);
    world.at("2026-12-01T11:00:00Z");
    accepted(&world, "erin", start(&world), None);
    freeze(&world, &FREEZE.replace("reason =", "scope = { kind = ['normal', 'emergency'] }\nreason ="));
    forbidden(&world, "erin", start(&world), None, "frozen");
}

#[test]
fn beyond_its_calendar_a_freeze_lets_only_exceptions_and_emergencies_through() {
    let world = World::founded();
    group(&world, "carol", "finance");
    let known = "2026-12-01T11:30:00Z";
    let draft = FREEZE.replace("\"complete\"", &format!("\"{known}\"")).replace("12:00:00Z", "11:30:00Z");
    let draft = draft.split("[[periods]]\nname = \"December\"").next().unwrap();
    freeze(&world, draft);
    file(&world, &[("T10:00", "T11:30")]);
    excepted(&world, "\"month-end\"", &[("T10:00", "T11:30")]);
    file(&world, &[("T10:00", "T11:30"), ("\"normal\"", "\"emergency\"")]);
    for change in ["CHG-1", "CHG-2", "CHG-3"] {
        ["carol", "dave"].iter().for_each(|person| world.approve(person, change));
    }
    world.at(known);
    let complaint = "freeze month-end stops CHG-1: closed from 2026-12-01T11:30:00Z on (calendar unknown)";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    forbidden(&world, "erin", start_of(&world, "CHG-1"), None, "frozen");
    accepted(&world, "erin", start_of(&world, "CHG-2"), None);
    accepted(&world, "erin", start_of(&world, "CHG-3"), None);
}

#[test]
fn what_was_started_before_a_freeze_is_finished_and_rolled_back_in_it() {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    freeze(&world, FREEZE);
    world.at("2026-12-01T11:30:00Z");
    world.ok("erin", "finish CHG-1 --outcome failed");
    world.ok("erin", "finish CHG-1 --outcome rolled-back");
}

#[test]
fn an_exception_needs_an_approval_by_the_group_of_the_freeze() {
    let world = World::founded();
    freeze(&world, FREEZE);
    excepted(&world, "\"month-end\"", &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    for command in ["show CHG-1", "inbox"] {
        let shown = world.ok("erin", command).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("CHG-1 is not excepted from freeze month-end"), "{shown}");
    }
    world.at("2026-12-01T10:00:00Z");
    let complaint = "CHG-1 is not excepted from freeze month-end: it needs an approval by a member of group finance";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    forbidden(&world, "erin", start(&world), None, "freeze-exception");
    group(&world, "dave", "finance");
    accepted(&world, "erin", start(&world), None);
    assert!(world.ok("erin", "inbox").contains("approved"));
    // It fills a slot, and is one of the two approvals: it does not make up for a missing one.
    world.ok("carol", "retract CHG-1 --reason No.");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn an_exception_that_no_longer_counts_starts_no_further_target() {
    let world = World::founded();
    freeze(&world, FREEZE);
    group(&world, "dave", "finance");
    world.ok("alice", "person grant alice approver");
    second_newest(&world);
    excepted(&world, "\"month-end\"", &[("risk =", "targets = [\"gw-1\", \"gw-2\"]\nrisk =")]);
    ["alice", "carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    let on = |target: &str| {
        Event::Start(Start { target: Some(target.parse().unwrap()), ..Start::of(world.revision("CHG-1")) })
    };
    world.ok("erin", "start CHG-1 --target gw-1");
    accepted(&world, "erin", on("gw-2"), None);
    world.ok("bob", &format!("key suspend {}", key_of(&world, "dave")));
    forbidden(&world, "erin", on("gw-2"), None, "freeze-exception");
}

#[test]
fn one_approver_excepts_for_one_group_only() {
    let world = World::founded();
    freeze(&world, FREEZE);
    freeze(&world, &FREEZE.replace("month-end", "audit").replace("\"finance\"", "\"risk\""));
    excepted(&world, "\"audit\", \"month-end\"", &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    ["finance", "risk"].iter().for_each(|it| group(&world, "carol", it));
    forbidden(&world, "erin", start(&world), None, "freeze-exception");
    // Dave fills the slot that only he can leave to carol.
    group(&world, "dave", "risk");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn an_exception_from_a_freeze_that_was_replaced_is_none() {
    let world = World::founded();
    group(&world, "dave", "finance");
    freeze(&world, FREEZE);
    excepted(&world, "\"month-end\"", &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "erin", start(&world), None);
    freeze(&world, &FREEZE.replace("December", "the year's end"));
    forbidden(&world, "erin", start(&world), None, "frozen");
    world.ok("erin", "revise CHG-1 change.toml --again");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn an_exception_names_a_freeze_in_force_and_has_a_reason() {
    let world = World::founded();
    freeze(&world, FREEZE);
    let FreezeRef { name, since } = in_force(&world, "month-end");
    let reasoned = |facts: &mut Facts, words: &mut Description, at: (FreezeName, Digest)| {
        facts.excepted = [at].into();
        words.exception = Some("The desk cannot wait.".parse().unwrap());
    };
    for at in [(name.clone(), WRONG), ("audit".parse().unwrap(), since)] {
        let (event, text) = filing(&world, |facts, words| reasoned(facts, words, at));
        forbidden(&world, "erin", event, text, "freeze-known");
    }
    let (event, text) = filing(&world, |facts, _| facts.excepted = [(name.clone(), since)].into());
    forbidden(&world, "erin", event, text, "field-required");
    let (event, text) = filing(&world, |facts, words| reasoned(facts, words, (name, since)));
    accepted(&world, "erin", event, text);
    for (section, complaint) in [
        (
            "freezes = \"audit\"\nreason = \"Why.\"",
            "change.toml:24: freeze_exception.freezes: freeze audit is not in force",
        ),
        ("freezes = \"month-end\"", "change.toml:23: freeze_exception.reason: required"),
        ("reason = \"Why.\"", "change.toml:23: freeze_exception.freezes: required"),
        ("freezes = \"month-end\"\nreasons = \"Why.\"", "unknown key; did you mean reason?"),
    ] {
        world.write("change.toml", format!("{}\n[freeze_exception]\n{section}\n", CHANGE.trim()));
        world.fails("erin", "file change.toml", Exit::Invalid, complaint);
    }
}

#[test]
fn a_freeze_is_replaced_and_ended_only_as_it_is_in_force() {
    let world = World::founded();
    freeze(&world, FREEZE);
    let since = in_force(&world, "month-end").since;
    let other = FREEZE.replace("December", "the year's end");
    for replaces in [None, Some(WRONG)] {
        forbidden(&world, "alice", set(&world, &other, replaces), None, "proposal-not-stale");
    }
    forbidden(&world, "alice", set(&world, FREEZE, Some(since)), None, "proposal-has-effect");
    accepted(&world, "alice", set(&world, &other, Some(since)), None);
    world.fails("alice", "freeze propose freeze.toml", Exit::Refused, "the proposal would change nothing");
    forbidden(&world, "alice", lift(&world, "month-end", WRONG), None, "proposal-not-stale");
    forbidden(&world, "alice", lift(&world, "audit", since), None, "proposal-not-stale");
    forbidden(&world, "erin", lift(&world, "month-end", since), None, "role");
    world.fails("alice", "freeze lift month-ends --reason No.", Exit::Invalid, "did you mean month-end?");
    world.ok("alice", "freeze lift month-end --reason Closed.");
    second_newest(&world);
    forbidden(&world, "alice", set(&world, &other, Some(since)), None, "proposal-not-stale");
    accepted(&world, "alice", set(&world, &other, None), None);
}

#[test]
fn the_inbox_reminds_admins_a_month_before_a_calendar_ends() {
    let world = World::founded();
    freeze(&world, &FREEZE.replace("\"complete\"", "\"2027-01-31T00:00:00Z\""));
    for (time, reminds) in
        [("2026-12-30T23:59:59Z", false), ("2026-12-31T00:00:00Z", true), ("2027-03-01T00:00:00Z", true)]
    {
        world.at(time);
        assert_eq!(world.run("alice", "inbox").out.contains("freeze month-end"), reminds, "{time}");
        assert!(!world.run("carol", "inbox").out.contains("freeze month-end"), "{time}");
    }
}

#[test]
fn a_check_tells_what_no_start_could_pass() {
    let world = World::founded();
    freeze(&world, FREEZE);
    world.write("change.toml", CHANGE);
    let frozen = "freeze month-end is closed from 2026-12-01T11:00:00Z to 2026-12-01T12:00:00Z (noon)";
    world.fails("erin", "check change.toml", Exit::Invalid, frozen);
    // Freezes may change until the start, so it can be filed.
    world.ok("erin", "file change.toml");
    assert!(world.ok("erin", "show CHG-1").contains("month-end closed from 2026-12-01T11:00:00Z"));
    let exception = "\n[freeze_exception]\nfreezes = \"month-end\"\nreason = \"The desk cannot wait.\"\n";
    world.write("change.toml", format!("{CHANGE}{exception}"));
    let nobody =
        "nobody who could approve it may except from freeze month-end: it needs an approval by a member of group";
    world.fails("erin", "check change.toml", Exit::Invalid, nobody);
    group(&world, "dave", "finance");
    world.ok("erin", "check change.toml");
    let ends = FREEZE.replace("\"complete\"", "\"2026-12-01T12:30:00Z\"").replace("T11:00:00Z", "T11:30:00Z");
    let ends = ends.split("[[periods]]\nname = \"December\"").next().unwrap();
    freeze(&world, ends);
    world.write(
        "change.toml",
        CHANGE.replace("T10:", "T12:").replace("end = \"2026-12-01T12:", "end = \"2026-12-01T13:"),
    );
    world.fails("erin", "check change.toml", Exit::Invalid, "closed from 2026-12-01T12:30:00Z on (calendar unknown)");
}

#[test]
fn the_gate_says_until_when_a_freeze_keeps_it_closed() {
    let world = World::approved();
    freeze(&world, &FREEZE.replace("T11:00:00Z", "T09:30:00Z").replace("T12:00:00Z", "T11:00:00Z"));
    let gate = |world: &World| -> serde_json::Value { world.run("erin", "gate CHG-1 --json").out.parse().unwrap() };
    let answer = gate(&world);
    assert_eq!((&answer["open"], &answer["closed_until"]), (&false.into(), &"2026-12-01T11:00:00Z".into()), "{answer}");
    world.at("2026-12-01T11:00:00Z");
    assert_eq!(gate(&world)["open"], true);
    // Up to the end of the window: nothing but another revision opens it, unless its opener alone may end it.
    freeze(&world, &FREEZE.replace("month-end", "audit"));
    assert_eq!(closed(&gate(&world)), (false, serde_json::Value::Null, true));
    world.ok("alice", "freeze lift audit --reason No.");
    second_newest(&world);
    open(&world, "alice", "");
    assert_eq!(closed(&gate(&world)), (false, serde_json::Value::Null, false));
}

/// Whether the gate is open, until when it is closed, and whether for good.
fn closed(answer: &serde_json::Value) -> (bool, serde_json::Value, bool) {
    let is = |field: &str| answer[field].as_bool().unwrap();
    (is("open"), answer["closed_until"].clone(), is("permanent"))
}

#[test]
fn the_gate_is_closed_until_the_last_of_several_closed_periods_has_ended() {
    let world = World::approved();
    let gate = |world: &World| -> serde_json::Value { world.run("erin", "gate CHG-1 --json").out.parse().unwrap() };
    let two = FREEZE.replace("T11:00:00Z", "T10:00:00Z").replace("T12:00:00Z", "T10:15:00Z").replace(
        "[[periods]]\nname = \"December\"",
        "[[periods]]\nname = \"later\"\nfrom = \"2026-12-01T10:30:00Z\"\nuntil = \"2026-12-01T11:00:00Z\"\n\n\
         [[periods]]\nname = \"December\"",
    );
    freeze(&world, &two);
    for (time, until) in [("09:00:00", "11:00:00"), ("10:15:00", "11:00:00"), ("10:59:59", "11:00:00")] {
        world.at(&format!("2026-12-01T{time}Z"));
        assert_eq!(closed(&gate(&world)), (false, format!("2026-12-01T{until}Z").into(), false), "{time}");
    }
    // And of several freezes; the last moment to start is 11:55.
    world.at("2026-12-01T09:00:00Z");
    let other = FREEZE.replace("month-end", "audit").replace("T12:00:00Z", "T11:55:00Z");
    freeze(&world, &other);
    assert_eq!(closed(&gate(&world)), (false, "2026-12-01T11:55:00Z".into(), false));
    world.at("2026-12-01T11:55:00Z");
    assert!(gate(&world)["open"].as_bool().unwrap());
    world.at("2026-12-01T09:00:00Z");
    freeze(&world, &other.replace("T11:55:00Z", "T11:55:01Z"));
    assert_eq!(closed(&gate(&world)), (false, serde_json::Value::Null, true));
}

#[test]
fn a_freeze_says_when_it_is_closed() {
    let world = World::founded();
    freeze(&world, FREEZE);
    assert!(world.ok("audrey", "freeze list").contains("begins in 2 h"));
    world.ok("audrey", "freeze check 2026-12-01T10:59:59Z");
    world.fails("audrey", "freeze check 2026-12-01T19:00:00+08:00", Exit::Refused, "1 freeze is closed");
    world.ok("audrey", "freeze check 2026-12-01T12:00:00Z");
    world.fails("audrey", "freeze check tomorrow", Exit::Invalid, "tomorrow");
    world.fails("audrey", "freeze show audit", Exit::Invalid, "no freeze audit is in force");
    freeze(&world, &FREEZE.replace("reason =", "scope = { service = 'ledger' }\nreason ="));
    world.ok("audrey", "freeze check 2026-12-01T11:00:00Z --service order-gateway");
    world.fails("audrey", "freeze check 2026-12-01T11:00:00Z --service ledger", Exit::Refused, "1 freeze is closed");
}

#[test]
fn the_difference_in_json_leaves_out_no_signed_field() {
    let world = World::founded();
    freeze(&world, FREEZE);
    freeze(&world, &FREEZE.replace("month-end", "year-end"));
    excepted(&world, "\"month-end\"", &[]);
    let change = std::fs::read_to_string(world.path("change.toml")).unwrap();
    world.write("change.toml", change.replace("[\"month-end\"]", "[\"month-end\", \"year-end\"]"));
    world.ok("erin", "revise CHG-1 change.toml");
    let json: serde_json::Value = world.ok("carol", "--json diff CHG-1").parse().unwrap();
    assert_eq!(json["fields"][0]["field"], "freeze exceptions", "{json}");
}

#[test]
fn the_gate_names_no_freeze_that_ends_before_the_window() {
    let world = World::approved();
    world.at("2026-12-01T09:00:00Z");
    freeze(
        &world,
        &FREEZE.replace("2026-12-01T11:00", "2026-12-01T09:10").replace("2026-12-01T12:00", "2026-12-01T09:30"),
    );
    let freezes = |json: &serde_json::Value| {
        let conditions = json["conditions"].as_array().unwrap();
        conditions.iter().find(|it| it["condition"] == "freezes").unwrap()["result"].clone()
    };
    let json: serde_json::Value = world.run("carol", "--json gate CHG-1").out.parse().unwrap();
    assert_eq!((&json["open"], freezes(&json)), (&false.into(), "satisfied".into()), "{json}");
    freeze(&world, &FREEZE.replace("month-end", "noon"));
    let json: serde_json::Value = world.run("carol", "--json gate CHG-1").out.parse().unwrap();
    assert_eq!(freezes(&json), "unsatisfied", "{json}");
}
