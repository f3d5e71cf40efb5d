//! Rules about break-glass: opening is never blocked, and two approvers who had no part in it ratify it in time.

use super::prelude::*;

pub const OPEN: &str = "breakglass open --incident INC-1 --reason 'Orders are rejected.'";

fn opening(affects: Option<&str>) -> Opening {
    let affects = affects.map(|it| it.parse().unwrap());
    Opening { incident: "INC-1".parse().unwrap(), services: BTreeSet::new(), affects }
}

fn open(world: &World) -> Event {
    Event::BreakGlassOpen { id: world.state().next_break_glass(), opening: opening(None) }
}

pub fn one() -> BreakGlassId {
    "BG-1".parse().unwrap()
}

pub fn glass(world: &World) -> BreakGlass {
    world.state().break_glass(one()).unwrap().clone()
}

pub fn ratify(world: &World) -> Event {
    Event::BreakGlassRatify { id: one(), closed: glass(world).close().map_or(WRONG, |close| close.leaf) }
}

pub fn done(words: &str) -> Option<Text> {
    Some(Text::Remark(Field::Note, Prose::from_typed(words).unwrap()))
}

pub fn status(world: &World, person: &str) -> String {
    let shown: serde_json::Value = world.ok(person, "--json breakglass show BG-1").parse().unwrap();
    shown["status"].as_str().unwrap().to_owned()
}

/// A register with ivy and jack as further approvers, in which erin opened BG-1 at 09:00.
pub fn opened() -> World {
    let world = World::founded_with_spare_approvers();
    world.ok("erin", OPEN);
    world.write("done.txt", "Restarted gw-01.\n");
    world
}

/// Like [`opened`], closed by erin at 09:00.
pub fn closed() -> World {
    let world = opened();
    world.ok("erin", "breakglass close BG-1 done.txt");
    world
}

#[track_caller]
pub fn ratified_by(world: &World, person: &str) {
    let digest = glass(world).close().unwrap().leaf;
    world.ok(person, &format!("breakglass ratify BG-1 --digest {digest}"));
}

#[test]
fn a_break_glass_has_the_next_number() {
    let world = World::founded();
    let number = |number: &str| Event::BreakGlassOpen { id: number.parse().unwrap(), opening: opening(None) };
    forbidden(&world, "erin", number("BG-2"), reason("Now."), "breakglass-number");
    accepted(&world, "erin", number("BG-1"), reason("Now."));
    world.ok("erin", OPEN);
    forbidden(&world, "erin", number("BG-1"), reason("Now."), "breakglass-number");
}

#[test]
fn only_an_engineer_opens_a_break_glass_and_says_why() {
    let world = World::founded();
    for person in ["carol", "alice", "audrey"] {
        world.fails(person, OPEN, Exit::Refused, &format!("{person} does not have the role engineer"));
        forbidden(&world, person, open(&world), reason("Now."), "role");
    }
    forbidden(&world, "erin", open(&world), None, "reason-required");
    for wrong in ["breakglass open --incident INC-1", "breakglass open --incident INC-1 --reason ' '"] {
        world.fails("erin", wrong, Exit::Invalid, "");
    }
    world.fails("erin", &format!("{OPEN} --change CHG-9"), Exit::Invalid, "no change CHG-9");
    world.fails("erin", &format!("{OPEN} --service 'a b'"), Exit::Invalid, "a b");
    world.fails("erin", &OPEN.replace("INC-1", "'INC 1'"), Exit::Invalid, "INC 1");
}

#[test]
fn opening_is_never_blocked_by_anything_but_the_key_of_an_engineer() {
    let world = World::approved();
    world.ok("carol", "reject CHG-1 --reason No.");
    // Several may be open, about a change that is rejected, and about one that nobody has filed.
    for _ in 0..3 {
        world.ok("erin", &format!("{OPEN} --change CHG-1 --service order-gateway"));
    }
    let unknown = Event::BreakGlassOpen { id: world.state().next_break_glass(), opening: opening(Some("CHG-7")) };
    accepted(&world, "erin", unknown, reason("Now."));
    world.ok("alice", &format!("key suspend {}", key_of(&world, "erin")));
    world.fails("erin", OPEN, Exit::Refused, "is suspended");
    forbidden(&world, "erin", open(&world), reason("Now."), "key-live");
}

#[test]
fn who_opens_a_break_glass_on_a_change_is_told_what_is_odd_about_it() {
    let world = World::filed();
    open_proposal(&world, "frank", "engineer");
    second(&world, "bob", "1");
    let told = |person: &str| {
        let output = world.run(person, &format!("{OPEN} --change CHG-1 --fingerprint {}", world.fingerprint()));
        assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        output.err
    };
    let own = "warning: CHG-1 is your own change: you own it";
    let told_first = told("erin");
    assert!(told_first.contains("warning: CHG-1 is your own change: you filed or revised it"), "{told_first}");
    assert!(!told("frank").contains("warning"));
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    assert!(told("frank").contains("warning: CHG-1 is approved: start it instead: `twinseal start CHG-1`"));
    world.ok("erin", "withdraw CHG-1");
    let told_last = told("erin");
    assert!(told_last.contains("warning: CHG-1 is withdrawn: it is over") && !told_last.contains(own), "{told_last}");
}

#[test]
fn a_break_glass_is_no_start() {
    let world = World::filed();
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", &format!("{OPEN} --change CHG-1"));
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 0 of 2 approvals");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.write("done.txt", "Set the pool.");
    world.ok("erin", "breakglass close BG-1 done.txt");
    ["carol", "dave"].iter().for_each(|person| ratified_by(&world, person));
    assert_eq!(status(&world, "audrey"), "ratified");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    let list = world.ok("audrey", "list");
    assert!(list.contains("awaiting approval") && !list.contains("BG-1"), "{list}");
    assert!(!world.ok("audrey", "export csv").contains("BG-1"));
    assert!(
        world
            .run("audrey", "verify")
            .out
            .contains("BG-1 by erin (entry 3): ratified by 2 of 2; no change was approved by it")
    );
}

#[test]
fn nobody_closes_or_ratifies_a_break_glass_that_there_is_not() {
    let world = World::founded();
    world.write("done.txt", "Done.");
    for command in ["breakglass show BG-1", "breakglass close BG-1 done.txt", "breakglass ratify BG-1"] {
        world.fails("erin", command, Exit::Invalid, "no break-glass BG-1");
    }
    forbidden(&world, "erin", Event::BreakGlassClose(one()), done("Done."), "breakglass-known");
    let unknown = Event::BreakGlassRatify { id: one(), closed: WRONG };
    forbidden(&world, "carol", unknown, None, "breakglass-known");
}

#[test]
fn nobody_ratifies_before_somebody_said_what_was_done() {
    let world = opened();
    let command = format!("breakglass ratify BG-1 --digest {WRONG}");
    world.fails("carol", &command, Exit::Refused, "BG-1 is not closed: nobody has said what was done");
    world.fails("carol", "breakglass ratify BG-1", Exit::Refused, "BG-1 is not closed");
    forbidden(&world, "carol", ratify(&world), None, "breakglass-closed");
    world.ok("erin", "breakglass close BG-1 done.txt");
    accepted(&world, "carol", ratify(&world), None);
}

#[test]
fn only_an_approver_ratifies_and_only_what_they_read() {
    let world = closed();
    for person in ["alice", "audrey"] {
        forbidden(&world, person, ratify(&world), None, "role");
    }
    world.fails("carol", "breakglass ratify BG-1", Exit::Invalid, "--digest");
    world.fails("carol", &format!("breakglass ratify BG-1 --digest {WRONG}"), Exit::Invalid, &WRONG.to_string());
    let other = Event::BreakGlassRatify { id: one(), closed: WRONG };
    forbidden(&world, "carol", other, None, "breakglass-close-known");
    assert_eq!(world.run_typing("carol", "breakglass ratify BG-1", &["BG-2"]).exit, Exit::Refused);
    assert_eq!(status(&world, "carol"), "closed");
    let output = world.run_typing("carol", "breakglass ratify BG-1", &["BG-1"]);
    assert!(output.exit == Exit::Done && output.err.contains("| Restarted gw-01."), "{}", output.screen);
}

#[test]
fn nobody_ratifies_what_they_opened_or_closed() {
    let world = closed();
    let digest = glass(&world).close().unwrap().leaf;
    let command = format!("breakglass ratify BG-1 --digest {digest}");
    world.fails("erin", &command, Exit::Refused, "you cannot ratify BG-1 because you opened it");
    forbidden(&world, "erin", ratify(&world), None, "breakglass-part");
}

#[test]
fn nobody_ratifies_what_their_machine_opened_or_closed() {
    let world = World::founded_with_spare_approvers();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator dave --role engineer");
    second(&world, "bob", "1");
    let named = world.fingerprint();
    world.ok("robot", &format!("{OPEN} --fingerprint {named}"));
    world.write("done.txt", "Done.");
    // Who answers for the machine that opened it closes it like the machine itself; another engineer waits.
    accepted(&world, "dave", Event::BreakGlassClose(one()), done("Done."));
    forbidden(&world, "erin", Event::BreakGlassClose(one()), done("Done."), "breakglass-close-open");
    world.at("2026-12-01T13:00:00Z");
    world.ok("erin", "breakglass close BG-1 done.txt");
    forbidden(&world, "dave", ratify(&world), None, "breakglass-part");
    forbidden(&world, "robot", ratify(&world), None, "role");
    // It does not help to stop operating it.
    world.ok("alice", "person grant robot --operator ivy");
    second(&world, "bob", "2");
    world.ok("alice", "person revoke-role robot --operator dave");
    second(&world, "bob", "3");
    forbidden(&world, "dave", ratify(&world), None, "breakglass-part");
    accepted(&world, "carol", ratify(&world), None);
}

#[test]
fn nobody_ratifies_what_acts_on_their_own_change() {
    let world = World::founded_with_spare_approvers();
    file(&world, &[("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]")]);
    world.ok("erin", &format!("{OPEN} --change CHG-1"));
    world.write("done.txt", "Done.");
    world.ok("erin", "breakglass close BG-1 done.txt");
    let digest = glass(&world).close().unwrap().leaf;
    for (person, part) in [("carol", "you own it"), ("dave", "you implement it")] {
        let command = format!("breakglass ratify BG-1 --digest {digest}");
        world.fails(person, &command, Exit::Refused, part);
        forbidden(&world, person, ratify(&world), None, "breakglass-part");
    }
    ["ivy", "jack"].iter().for_each(|person| ratified_by(&world, person));
    assert_eq!(status(&world, "audrey"), "ratified");
}

#[test]
fn an_admin_does_not_ratify_where_the_policy_separates_admins_from_approvers() {
    let world = closed();
    world.ok("alice", "person grant carol admin");
    second(&world, "bob", "1");
    ratified_by(&world, "carol");
    world.write("policy.toml", "approvals = 2\napproval_days = 14\nseparate = ['admin-approver']\n");
    world.ok("alice", "policy propose policy.toml");
    second(&world, "bob", "2");
    forbidden(&world, "carol", ratify(&world), None, "separate-duties");
    ratified_by(&world, "dave");
    assert_eq!(status(&world, "audrey"), "closed", "what an admin ratified before does not count");
    ratified_by(&world, "ivy");
    assert_eq!(status(&world, "audrey"), "ratified");
}

#[test]
fn two_different_people_ratify_and_nothing_is_left_to_decide() {
    let world = closed();
    ratified_by(&world, "carol");
    let digest = glass(&world).close().unwrap().leaf;
    let again = format!("breakglass ratify BG-1 --digest {digest}");
    world.fails("carol", &again, Exit::Refused, "carol has already ratified BG-1");
    forbidden(&world, "carol", ratify(&world), None, "breakglass-ratify-once");
    assert_eq!(status(&world, "audrey"), "closed");
    ratified_by(&world, "dave");
    assert_eq!(status(&world, "audrey"), "ratified");
    let digest = glass(&world).close().unwrap().leaf;
    world.fails("ivy", &format!("breakglass ratify BG-1 --digest {digest}"), Exit::Refused, "BG-1 is ratified");
    forbidden(&world, "ivy", ratify(&world), None, "breakglass-undecided");
    // It stays so whatever happens to them later.
    world.ok("alice", "person suspend carol --reason Lost.");
    assert_eq!(status(&world, "audrey"), "ratified");
}

#[test]
fn a_ratification_by_a_suspended_key_or_a_former_approver_does_not_count() {
    for by in ["key", "role"] {
        let world = closed();
        ratified_by(&world, "carol");
        if by == "key" {
            world.ok("alice", &format!("key suspend {}", key_of(&world, "carol")));
        } else {
            world.ok("alice", "person grant carol engineer");
            second(&world, "bob", "1");
            world.ok("alice", "person revoke-role carol approver");
            second(&world, "bob", "2");
        }
        ratified_by(&world, "dave");
        assert_eq!(status(&world, "audrey"), "closed", "{by}");
        let why = if by == "key" { "key suspended or revoked" } else { "no longer an approver" };
        let verified = world.ok("audrey", "verify");
        assert!(verified.contains("1 of 2 ratifications"), "{verified}");
        let line = verified.lines().find(|it| it.contains("ratification of BG-1 by carol (entry "));
        assert!(line.is_some_and(|it| it.starts_with("not counted") && it.ends_with(why)), "{verified}");
        assert!(!verified.contains("ratification of BG-1 by dave"), "{verified}");
        let page = world.ok("audrey", "breakglass show BG-1");
        assert!(page.contains(&format!("); does not count: {why}\n")), "{page}");
        ratified_by(&world, "ivy");
        assert_eq!(status(&world, "audrey"), "ratified", "{by}");
    }
}

#[test]
fn nobody_ratifies_what_cannot_be_read_any_more() {
    for of in ["reason", "close"] {
        let world = closed();
        let glass = glass(&world);
        let seq = if of == "reason" { glass.opener().seq } else { glass.close().unwrap().seq };
        world.ok("alice", &format!("proposal redact {seq} --reason 'A password.'"));
        second(&world, "bob", "1");
        forbidden(&world, "carol", ratify(&world), None, "breakglass-redacted");
        assert!(world.ok("carol", "breakglass show BG-1").contains("(text redacted by proposal 1"), "{of}");
    }
}

#[test]
fn a_break_glass_is_at_the_top_of_everybodys_inbox_until_it_is_settled() {
    let world = opened();
    file(&world, &[]);
    let first = |person: &str| {
        let inbox: serde_json::Value = world.ok(person, "--json inbox").parse().unwrap();
        let item = &inbox["items"][0];
        format!("{} {}", item["action"].as_str().unwrap_or_default(), item["subject"].as_str().unwrap_or_default())
    };
    for (person, expected) in [("erin", "close BG-1"), ("carol", "read BG-1"), ("audrey", "read BG-1")] {
        assert_eq!(first(person), expected, "{person}");
    }
    world.ok("erin", "breakglass close BG-1 done.txt");
    for (person, expected) in [("erin", "read BG-1"), ("carol", "ratify BG-1"), ("alice", "read BG-1")] {
        assert_eq!(first(person), expected, "{person}");
    }
    ratified_by(&world, "carol");
    assert_eq!(first("carol"), "read BG-1");
    ratified_by(&world, "dave");
    assert_eq!((first("carol"), first("alice")), ("approve CHG-1".to_owned(), " ".to_owned()));
    // One that is unauthorised is there until that moment.
    world.ok("erin", OPEN);
    world.at("2026-12-02T12:59:59Z");
    assert_eq!(first("alice"), "read BG-2");
    world.at("2026-12-02T13:00:00Z");
    assert_eq!(first("alice"), " ");
}

/// A register whose policy says this about break-glass.
fn limited(table: &str) -> World {
    let world = World::founded_with_spare_approvers();
    world.write("policy.toml", format!("approvals = 2\napproval_days = 14\n[break_glass]\n{table}\n"));
    world.ok("alice", "policy propose policy.toml");
    second(&world, "bob", "1");
    world.write("done.txt", "Restarted gw-01.\n");
    world
}

#[test]
fn a_policy_lets_a_break_glass_end_sooner_and_never_later() {
    let world = limited("minutes = 30");
    world.ok("erin", OPEN);
    world.at("2026-12-01T09:29:59Z");
    assert_eq!(status(&world, "carol"), "open");
    world.at("2026-12-01T09:30:00Z");
    assert_eq!(status(&world, "carol"), "ended");
    // A later policy changes nothing about it.
    world.write("policy.toml", "approvals = 2\napproval_days = 14\n");
    world.ok("alice", "policy propose policy.toml");
    second(&world, "bob", "2");
    assert_eq!(status(&world, "carol"), "ended");
    for minutes in ["0", "241"] {
        world.write("policy.toml", format!("approvals = 2\napproval_days = 14\n[break_glass]\nminutes = {minutes}\n"));
        world.fails("alice", "policy propose policy.toml", Exit::Invalid, "use 1 to 240");
    }
}

#[test]
fn a_break_glass_by_somebody_outside_the_groups_of_the_policy_is_opened_and_never_ratified() {
    let world = limited("groups = [\"dba\", \"duty\"]");
    let output = world.run("erin", OPEN);
    assert!(output.exit == Exit::Done && output.err.contains("it cannot be ratified"), "{}", output.screen);
    world.ok("erin", "breakglass close BG-1 done.txt");
    let digest = glass(&world).close().unwrap().leaf;
    let complaint = "its opener was in none of the groups that the policy names";
    world.fails("carol", &format!("breakglass ratify BG-1 --digest {digest}"), Exit::Refused, complaint);
    forbidden(&world, "carol", ratify(&world), None, "breakglass-group");
    // Joining the group later does not help, and leaving it does not hurt.
    world.ok("alice", "person grant erin --group duty");
    second(&world, "bob", "2");
    forbidden(&world, "carol", ratify(&world), None, "breakglass-group");
    let output = world.run("erin", OPEN);
    assert!(!output.err.contains("it cannot be ratified"), "{}", output.screen);
    world.ok("alice", "person revoke-role erin --group duty");
    second(&world, "bob", "3");
    world.ok("erin", "breakglass close BG-2 done.txt");
    let id: BreakGlassId = "BG-2".parse().unwrap();
    let closed = world.state().break_glass(id).unwrap().close().unwrap().leaf;
    accepted(&world, "carol", Event::BreakGlassRatify { id, closed }, None);
}

#[test]
fn the_gate_stays_closed_and_names_the_open_break_glass() {
    let world = World::filed();
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", &format!("{OPEN} --change CHG-1 --service order-gateway"));
    let gate = || {
        let output = world.run("erin", "--json gate CHG-1");
        let answer = output.out.lines().next().unwrap().parse::<serde_json::Value>().unwrap();
        (output.exit, answer["open"].clone(), answer["breakglasses"][0]["breakglass"].clone())
    };
    assert_eq!(gate(), (Exit::Refused, false.into(), "BG-1".into()));
    assert!(
        world.run("erin", "gate CHG-1").out.contains("break-glass BG-1 by erin for INC-1 is open; it opens no gate")
    );
    world.write("done.txt", "Done.");
    world.ok("erin", "breakglass close BG-1 done.txt");
    ["carol", "dave"].iter().for_each(|person| ratified_by(&world, person));
    assert_eq!(gate(), (Exit::Refused, false.into(), serde_json::Value::Null));
}
