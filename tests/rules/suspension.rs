//! Rules about suspended people.

use super::grants::{set_all_grants, since};
use super::prelude::*;
use crate::support::note;

fn suspend(person: &str) -> Event {
    Event::PersonSuspend(person.parse().unwrap())
}

#[test]
fn the_approvals_of_a_suspended_person_do_not_count() {
    let world = World::approved();
    accepted(&world, "erin", start(&world), None);
    world.ok("bob", "person suspend dave --reason 'A laptop was stolen.'");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    assert!(world.ok("carol", "show CHG-1").contains("not counted"));
    // A lifted key alone does not bring the approval back, nor do grants alone.
    world.ok("alice", &format!("key lift {}", key_of(&world, "dave")));
    second(&world, "bob", "1");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.ok("alice", "person grant dave approver");
    second(&world, "bob", "2");
    accepted(&world, "erin", start(&world), None);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_suspended_person_does_nothing_with_any_key() {
    let world = World::filed();
    // Carol has a second key.
    world.person("carol-2");
    let keys = "--key people/carol-2/key --vouch people/carol/key";
    world.ok("carol", &format!("person request carol --register {} {keys} --out second.request", world.named()));
    world.ok("alice", "person add-key second.request");
    second(&world, "bob", "1");
    world.ok("alice", "person suspend carol");
    for holder in ["carol", "carol-2"] {
        let seq = world.force_signed("carol", &world.signer(holder), approve(&world), None);
        let findings = world.findings("audrey");
        assert!(findings[0].starts_with(&format!("entry {seq}: [key-live] ")), "{findings:#?}");
        world.tamper(&format!("DELETE FROM entry WHERE seq = {seq}"));
    }
    let shown = world.ok("bob", "person show carol");
    assert!(shown.contains("suspended") && !shown.contains("approver"), "{shown}");
    assert_eq!(shown.matches(", suspended, enrolled by entry").count(), 2, "{shown}");
    // With a lifted key, but without a decision about the person, nothing is possible either.
    world.ok("alice", &format!("key lift {}", key_of(&world, "carol")));
    second(&world, "bob", "2");
    world.fails("carol", "note CHG-1 Seen.", Exit::Refused, "carol is suspended");
    forbidden(&world, "carol", Event::Note("CHG-1".parse().unwrap()), Some(note("Seen.")), "suspended");
    forbidden(&world, "carol", Event::KeyRevoke(key_of(&world, "carol")), None, "suspended");
}

#[test]
fn nobody_gets_a_key_while_suspended() {
    let world = World::founded();
    world.person("carol-2");
    let keys = "--key people/carol-2/key --vouch people/carol/key";
    world.ok("carol", &format!("person request carol --register {} {keys} --out second.request", world.named()));
    world.ok("alice", "person add-key second.request");
    world.ok("alice", "person suspend carol");
    forbidden(&world, "bob", Event::Second(proposal(&world, "1")), None, "suspended");
    world.fails("alice", "person add-key second.request", Exit::Refused, "carol is suspended");
}

#[test]
fn one_admin_suspends_and_nobody_else() {
    let world = World::founded();
    for person in ["erin", "carol", "audrey"] {
        forbidden(&world, person, suspend("dave"), None, "role");
    }
    forbidden(&world, "alice", suspend("mallory"), None, "enrolled");
    world.fails("alice", "person suspend mallory", Exit::Invalid, "no person mallory");
    accepted(&world, "alice", suspend("dave"), None);
    accepted(&world, "alice", suspend("alice"), None);
}

#[test]
fn nobody_is_suspended_who_has_nothing_left() {
    let world = World::founded();
    world.ok("alice", "person suspend dave");
    world.fails("bob", "person suspend dave", Exit::Refused, "dave has neither a grant nor a live key to suspend");
    forbidden(&world, "bob", suspend("dave"), None, "suspend-has-effect");
    // A lifted key is something to suspend again.
    world.ok("alice", &format!("key lift {}", key_of(&world, "dave")));
    second(&world, "bob", "1");
    accepted(&world, "bob", suspend("dave"), None);
}

#[test]
fn a_suspension_makes_open_proposals_about_the_person_stale() {
    let world = World::founded();
    world.ok("alice", "person grant dave engineer");
    world.ok("alice", "person retire dave");
    world.ok("bob", "person suspend dave");
    for number in ["1", "2"] {
        forbidden(&world, "bob", Event::Second(proposal(&world, number)), None, "proposal-not-stale");
    }
    // What replaces the suspension names it.
    let suspended = world.raw(world.entries() - 1).leaf();
    assert_eq!(since(&world, "dave"), suspended);
    let again = set_all_grants(&world, &[("dave", Grants::of([Role::Approver]))]);
    accepted(&world, "alice", again, None);
}

#[test]
fn a_proposal_of_a_suspended_admin_is_not_seconded() {
    let world = World::founded();
    world.ok("alice", "person grant erin admin");
    second(&world, "bob", "1");
    world.ok("alice", "person grant carol engineer");
    world.ok("bob", "person suspend alice");
    forbidden(&world, "erin", Event::Second(proposal(&world, "2")), None, "proposer-admin");
}

#[test]
fn a_machine_stops_with_its_last_operator() {
    let world = World::filed();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator dave --role engineer");
    second(&world, "bob", "1");
    let output = world.run("alice", "person suspend dave");
    let warning = "dave operates robot, whose keys still work; to stop them: `twinseal person suspend robot`";
    assert!(output.err.contains(warning), "{}", output.screen);
    forbidden(&world, "robot", Event::Note("CHG-1".parse().unwrap()), Some(note("Done.")), "operator-active");
    // Nor does anybody suspended become an operator.
    world.person("robot-2");
    let grants = Grants { operators: people(&["dave"]), ..Grants::default() };
    let other = asking(&world, &"robot-2".parse().unwrap(), "robot-2", world.asked(), grants);
    forbidden(&world, "alice", enrolling(&world, &[other]), None, "machine-operator");
    world.ok("alice", "person suspend robot");
    assert!(world.ok("bob", "person show robot").contains("machine account operated by dave; suspended"));
}

#[test]
fn a_register_left_with_one_admin_says_so_in_every_command() {
    let world = World::founded();
    let left = "only alice is a permanent admin with a live key";
    assert!(!world.run("carol", "list").err.contains(left));
    let suspended = world.ok("alice", &format!("key suspend {} --json", key_of(&world, "bob")));
    assert!(suspended.contains("too-few-admins"), "{suspended}");
    assert!(world.run("carol", "list").err.contains(left));
    let output = world.run("alice", "person suspend bob");
    assert!(output.exit == Exit::Done && output.err.contains(left), "{}", output.screen);
    for command in ["list", "verify", "person list", "log"] {
        assert!(world.run("carol", command).err.contains(left), "{command}");
    }
    let verified = world.ok("carol", "--json verify");
    assert!(verified.contains("too-few-admins"), "{verified}");
    // Alice alone brings nobody back: that takes a second admin.
    world.ok("alice", "person grant bob admin");
    world.fails("alice", "proposal second 1", Exit::Invalid, "--digest");
    let opened = proposal(&world, "1").opened;
    world.fails(
        "alice",
        &format!("proposal second 1 --digest {opened}"),
        Exit::Refused,
        "another admin must second it",
    );
}

#[test]
fn nobody_leaves_a_register_with_one_admin_by_a_slip_of_the_hand() {
    let world = World::founded();
    let commands = ["person suspend bob".to_owned(), format!("key suspend {}", key_of(&world, "bob"))];
    for command in &commands {
        let before = world.entries();
        let output = world.run_typing("alice", command, &["y"]);
        assert!(output.exit == Exit::Refused && output.err.contains("fewer than two admins"), "{}", output.screen);
        assert_eq!(world.entries(), before, "{command}");
        let [page, warning] = ["about to sign", "fewer than two admins"].map(|it| output.err.find(it));
        assert!(page.is_some() && page < warning, "the question comes before the page: {}", output.screen);
    }
    // Of three, one can go, and nothing is said of too few.
    world.ok("alice", "person grant carol admin");
    second(&world, "bob", "1");
    let output = world.run_typing("alice", &commands[1], &["bob"]);
    assert!(output.exit == Exit::Done && !output.err.contains("fewer than two"), "{}", output.screen);
    assert_eq!(world.run_typing("alice", "person suspend carol", &["carol"]).exit, Exit::Done);
}

#[test]
fn grants_given_back_are_a_change_after_a_retirement_and_make_older_proposals_stale() {
    let world = World::founded();
    world.ok("alice", "person grant dave --group dba");
    world.ok("alice", "person retire dave");
    second(&world, "bob", "2");
    let same = || set_all_grants(&world, &[("dave", Grants::of([Role::Approver]))]);
    accepted(&world, "alice", same(), None);
    world.record_all("alice", [same()]);
    second(&world, "bob", "3");
    forbidden(&world, "alice", same(), None, "proposal-has-effect");
    // Dave has what he had when proposal 1 was opened, but not by the entry that it names.
    forbidden(&world, "bob", Event::Second(proposal(&world, "1")), None, "proposal-not-stale");
}
