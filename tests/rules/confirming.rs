//! Rules about confirming the outcome of a change, and the duties after the finish.

use super::prelude::*;
use twinseal::domain::Confirmation;

const HEAD: &str = "approvals = 2\napproval_days = 14\n";
const CONFIRM: &str = "[[require]]\nname = 'checked'\nconfirm = true\n";

/// A change that was started under a policy that asks for a confirmation.
fn started() -> World {
    let world = World::founded_with_spare_approvers();
    enact(&world, &format!("{HEAD}{CONFIRM}"));
    file(&world, &[]);
    ["ivy", "jack"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world
}

fn finished() -> World {
    let world = started();
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    world
}

fn confirm(world: &World, outcome: Outcome) -> Event {
    Event::Confirm(Confirmation { revision: world.revision("CHG-1"), outcome })
}

fn json_of(world: &World, command: &str) -> serde_json::Value {
    serde_json::from_str(&world.ok("carol", &format!("--json {command}"))).unwrap()
}

#[test]
fn a_change_is_confirmed_after_its_finish_and_only_once() {
    let world = started();
    forbidden(&world, "carol", confirm(&world, Outcome::Succeeded), None, "finished");
    world.fails("carol", "confirm CHG-1", Exit::Refused, "CHG-1 is not finished");
    assert_eq!(json_of(&world, "show CHG-1")["confirmation"], "after-finish");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    assert!(world.ok("carol", "show CHG-1").contains("succeeded, awaiting confirmation"));
    world.ok("carol", "confirm CHG-1 --note 'Rejects are back to normal.'");
    forbidden(&world, "dave", confirm(&world, Outcome::Succeeded), None, "confirm-once");
    world.fails("dave", "confirm CHG-1", Exit::Refused, "the outcome of CHG-1 is already confirmed");
    let shown = world.ok("carol", "show CHG-1");
    assert!(shown.contains("succeeded, confirmed by carol"), "{shown}");
    assert!(shown.contains("carol confirmed the outcome: succeeded\n| Rejects are back to normal."), "{shown}");
    let json = json_of(&world, "show CHG-1");
    assert_eq!(json["confirmations"][0]["act"]["comment"], "Rejects are back to normal.");
}

#[test]
fn another_outcome_than_the_newest_is_not_confirmed() {
    let world = finished();
    forbidden(&world, "carol", confirm(&world, Outcome::RolledBack), None, "confirmed-outcome");
    let other = RevisionRef { filed: WRONG, ..world.revision("CHG-1") };
    let event = Event::Confirm(Confirmation { revision: other, outcome: Outcome::Succeeded });
    forbidden(&world, "carol", event, None, "current-revision");
    world.ok("carol", "confirm CHG-1");
    // A rollback is another outcome, which asks again.
    world.ok("erin", "finish CHG-1 --outcome rolled-back");
    assert_eq!(json_of(&world, "show CHG-1")["confirmation"], "awaiting");
    forbidden(&world, "carol", confirm(&world, Outcome::Succeeded), None, "confirmed-outcome");
    world.ok("carol", "confirm CHG-1");
    assert_eq!(json_of(&world, "show CHG-1")["confirmation"], "confirmed");
}

#[test]
fn nobody_confirms_a_change_in_which_they_took_part() {
    let world = World::founded_with_spare_approvers();
    enact(&world, &format!("{HEAD}{CONFIRM}"));
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator carol --role engineer");
    second(&world, "bob", "2");
    // Owned by alice, implemented by erin and the machine, written by dave, filed by erin.
    let parts = "authors = [\"dave\"]\nimplementers = [\"erin\", \"robot\"]\nrisk =";
    file(&world, &[("risk =", parts), ("owner = \"erin\"", "owner = \"alice\"")]);
    ["ivy", "jack"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("alice", "finish CHG-1 --outcome succeeded");
    let event = || confirm(&world, Outcome::Succeeded);
    for (person, part) in [
        ("erin", "you filed or revised it"),
        ("dave", "you are an author of it"),
        ("alice", "you started or finished it"),
        ("carol", "you answer for a machine account that took part in it"),
    ] {
        forbidden(&world, person, event(), None, "confirm-part");
        world.fails(person, "confirm CHG-1", Exit::Refused, &format!("you cannot confirm CHG-1 because {part}"));
        assert!(!world.ok(person, "inbox").contains("confirm"), "{person}");
    }
    // Neither a machine nor an auditor confirms anything.
    for person in ["robot", "audrey"] {
        forbidden(&world, person, event(), None, "confirmer");
    }
    for person in ["ivy", "bob"] {
        accepted(&world, person, event(), None);
        let inbox = world.ok(person, "inbox");
        assert!(
            inbox.starts_with("outcomes to confirm (1)\n  CHG-1  ")
                && inbox.contains("succeeded, awaiting confirmation"),
            "{inbox}"
        );
    }
    let shown = world.ok("erin", "show CHG-1");
    assert!(shown.contains("could confirm: bob, ivy, jack"), "{shown}");
}

#[test]
fn an_implementer_who_did_not_start_it_confirms_nothing() {
    let world = World::founded_with_spare_approvers();
    enact(&world, &format!("{HEAD}{CONFIRM}"));
    grant(&world, "dave", "engineer");
    file(&world, &[("risk =", "implementers = [\"erin\", \"dave\"]\nrisk =")]);
    ["ivy", "jack"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome failed");
    forbidden(&world, "dave", confirm(&world, Outcome::Failed), None, "confirm-part");
}

#[test]
fn the_policy_at_the_start_says_whether_a_confirmation_is_asked_for() {
    let world = finished();
    enact(&world, HEAD);
    accepted(&world, "carol", confirm(&world, Outcome::Succeeded), None);
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    enact(&world, &format!("{HEAD}{CONFIRM}"));
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    forbidden(&world, "carol", confirm(&world, Outcome::Succeeded), None, "confirmation-asked");
    world.fails("carol", "confirm CHG-1", Exit::Refused, "`twinseal note CHG-1 TEXT`");
    assert_eq!(json_of(&world, "show CHG-1")["confirmation"], "not-asked");
    // A requirement about other changes asks nothing.
    let world = World::approved();
    enact(&world, &format!("{HEAD}{CONFIRM}when = {{ tag = ['db'] }}\n"));
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    forbidden(&world, "carol", confirm(&world, Outcome::Succeeded), None, "confirmation-asked");
}

#[test]
fn a_rollback_of_a_target_after_the_end_asks_for_another_confirmation() {
    let world = World::founded();
    enact(&world, &format!("{HEAD}{CONFIRM}"));
    file(&world, &[("risk =", "targets = [\"gw-1\"]\nrisk =")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1 --target gw-1");
    world.ok("erin", "finish CHG-1 --target gw-1 --outcome succeeded");
    forbidden(&world, "carol", confirm(&world, Outcome::Succeeded), None, "finished");
    world.ok("erin", "finish CHG-1");
    world.ok("carol", "confirm CHG-1");
    world.ok("erin", "finish CHG-1 --target gw-1 --outcome rolled-back");
    assert_eq!(json_of(&world, "show CHG-1")["confirmation"], "awaiting");
}

#[test]
fn lists_and_exports_say_what_awaits_a_confirmation() {
    let world = finished();
    file(&world, &[]);
    let listed = world.ok("carol", "list --unconfirmed");
    assert!(listed.contains("CHG-1") && !listed.contains("CHG-2"), "{listed}");
    assert!(listed.contains("succeeded; awaiting confirmation"), "{listed}");
    assert_eq!(json_of(&world, "list")["changes"][1]["confirmation"], "awaiting");
    let csv = |world: &World| {
        let csv = world.ok("carol", "export csv");
        let columns = |line: &str| line.split(',').rev().skip(7).take(3).map(str::to_owned).collect::<Vec<_>>();
        csv.lines().take(2).map(columns).collect::<Vec<_>>()
    };
    assert_eq!(csv(&world), [["review_due", "confirmed_by", "confirmation"], ["", "", "awaiting"]]);
    world.ok("carol", "confirm CHG-1");
    assert_eq!(csv(&world)[1], ["", "carol", "confirmed"]);
    assert!(!world.run("carol", "list --unconfirmed").screen.contains("CHG-1"));
    assert!(world.ok("carol", "log").contains("confirmed CHG-1: succeeded"));
    assert!(!world.ok("dave", "inbox").contains("CHG-1"));
}

#[test]
fn the_inbox_shows_the_review_of_an_emergency_with_its_deadline() {
    let world = World::founded();
    enact(&world, &format!("{HEAD}[emergency]\nreview_days = 2\n"));
    file(&world, &[("\"normal\"", "\"emergency\"")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    let inbox = world.ok("erin", "inbox");
    assert!(inbox.contains("changes to review (1)") && inbox.contains("emergency; succeeded; due in 2 d ("), "{inbox}");
    assert_eq!(json_of(&world, "inbox --as erin")["items"][0]["deadline"], "2026-12-03T10:00:00Z");
    for person in ["carol", "alice"] {
        assert_eq!(world.ok(person, "inbox"), "", "{person}");
    }
    world.at("2026-12-04T10:00:00Z");
    assert!(world.ok("erin", "inbox").contains("was due 24 h ago"), "{}", world.ok("erin", "inbox"));
}

#[test]
fn a_person_at_a_terminal_sees_what_they_confirm() {
    let world = finished();
    let page = world.run_typing("carol", "confirm CHG-1 --note Fine.", &[]).screen;
    for line in ["about to sign: confirm CHG-1 revision 1: succeeded", "= outcome    succeeded", "| Fine."] {
        assert!(page.contains(line), "{line}\n{page}");
    }
}

#[test]
fn an_outcome_of_targets_that_was_rolled_back_since_is_not_confirmed() {
    let world = World::founded_with_spare_approvers();
    enact(&world, &format!("{HEAD}{CONFIRM}"));
    file(&world, &[("risk =", "targets = [\"gw-1\", \"gw-2\"]\nrisk =")]);
    ["ivy", "jack"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    for target in ["gw-1", "gw-2"] {
        world.ok("erin", &format!("start CHG-1 --target {target}"));
        world.ok("erin", &format!("finish CHG-1 --target {target} --outcome succeeded"));
    }
    world.ok("erin", "finish CHG-1");
    let read = confirm(&world, Outcome::Succeeded);
    world.ok("erin", "finish CHG-1 --target gw-1 --outcome rolled-back");
    forbidden(&world, "carol", read, None, "confirmed-outcome");
    let page = world.run_typing("carol", "confirm CHG-1", &[]).screen;
    assert!(page.contains("gw-1: rolled back") && page.contains("CHG-1 confirmed: failed"), "{page}");
}

#[test]
fn a_former_operator_confirms_nothing_that_the_machine_did_in_their_time() {
    let world = World::founded_with_spare_approvers();
    enact(&world, &format!("{HEAD}{CONFIRM}"));
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator carol --operator dave --role engineer");
    second(&world, "bob", "2");
    file(&world, &[("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"robot\"]")]);
    ["ivy", "jack"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    let known = format!("--fingerprint {}", world.fingerprint());
    world.ok("robot", &format!("start CHG-1 {known}"));
    world.ok("robot", "finish CHG-1 --outcome succeeded");
    // carol leaves, and the key of her time is replaced.
    world.ok("robot", "key new --no-passphrase robot.key");
    let options = "--key robot.key --vouch people/robot/key --register prod.db --out next.request";
    world.ok("robot", &format!("person request robot {options} {known}"));
    world.ok("alice", "person revoke-role robot --operator carol --keep-keys");
    second(&world, "bob", "3");
    world.ok("alice", "person add-key next.request");
    second(&world, "bob", "4");
    world.ok("robot", &format!("key revoke {} --key robot.key --reason Rotated. {known}", key_of(&world, "robot")));
    forbidden(&world, "carol", confirm(&world, Outcome::Succeeded), None, "confirm-part");
}
