//! Rules about proposals.

use super::prelude::*;

#[test]
fn no_proposal_jumps_the_queue() {
    // No command reaches this rule: commands take the next number.
    let world = World::founded();
    open_proposal(&world, "frank", "approver");
    world.person("grace");
    let action = Action::Enrol(vec![member(&world, "grace", "grace", &[Role::Approver])]);
    for number in ["1", "3"] {
        let event = Event::Propose { proposal: number.parse().unwrap(), action: action.clone() };
        forbidden(&world, "alice", event, None, "proposal-number");
    }
}

#[test]
fn nobody_decides_a_proposal_that_there_is_not() {
    let world = World::founded();
    open_proposal(&world, "frank", "approver");
    world.fails("bob", "proposal decline 2", Exit::Invalid, "no proposal 2");
    let opened = proposal(&world, "1").opened;
    for at in [
        ProposalRef { proposal: "2".parse().unwrap(), opened },
        // The number is correct, but the digest is not.
        ProposalRef { proposal: "1".parse().unwrap(), opened: WRONG },
    ] {
        forbidden(&world, "bob", Event::Second(at), None, "proposal-known");
        forbidden(&world, "bob", Event::Decline(at), None, "proposal-known");
        forbidden(&world, "alice", Event::ProposalWithdraw(at), None, "proposal-known");
    }
}

#[test]
fn no_proposal_is_decided_twice() {
    let world = World::founded();
    let ends = [("frank", "second"), ("grace", "decline"), ("heidi", "withdraw")];
    for (number, (person, _)) in (1..).zip(ends) {
        open_proposal(&world, person, "approver");
        assert_eq!(world.state().governance().proposals(), number);
    }
    second(&world, "bob", "1");
    world.ok("bob", "proposal decline 2");
    world.ok("alice", "proposal withdraw 3");
    for number in ["1", "2", "3"] {
        let at = proposal(&world, number);
        let complaint = format!("proposal {number} is no longer open");
        world.fails("bob", &format!("proposal second {number} --digest {}", at.opened), Exit::Refused, &complaint);
        forbidden(&world, "bob", Event::Second(at), None, "proposal-open");
        forbidden(&world, "bob", Event::Decline(at), None, "proposal-open");
        forbidden(&world, "alice", Event::ProposalWithdraw(at), None, "proposal-open");
    }
}

#[test]
fn a_proposal_lapses_after_seven_days() {
    let world = World::founded();
    open_proposal(&world, "frank", "approver");
    let at = proposal(&world, "1");
    world.at("2026-12-08T08:59:59Z");
    accepted(&world, "bob", Event::Second(at), None);
    world.at("2026-12-08T09:00:00Z");
    let complaint = "proposal 1 lapsed at 2026-12-08T09:00:00Z, seven days after it was proposed";
    world.fails("bob", &format!("proposal second 1 --digest {}", at.opened), Exit::Refused, complaint);
    forbidden(&world, "bob", Event::Second(at), None, "proposal-lapse");
}

#[test]
fn nobody_decides_their_own_proposal() {
    let world = World::founded();
    open_proposal(&world, "frank", "approver");
    let at = proposal(&world, "1");
    let complaint = "you proposed proposal 1; another admin must second it";
    world.fails("alice", &format!("proposal second 1 --digest {}", at.opened), Exit::Refused, complaint);
    world.fails("alice", "proposal decline 1", Exit::Refused, complaint);
    forbidden(&world, "alice", Event::Second(at), None, "proposal-by-two");
    forbidden(&world, "alice", Event::Decline(at), None, "proposal-by-two");
    accepted(&world, "bob", Event::Second(at), None);
    accepted(&world, "bob", Event::Decline(at), None);
}

#[test]
fn nobody_seconds_a_proposal_about_themselves() {
    // The first proposal makes frank an admin; the second is about frank as well.
    let world = World::founded();
    open_proposal(&world, "frank", "admin");
    world.ok("alice", "person enrol frank=frank.request:admin,approver");
    second(&world, "bob", "1");
    let at = proposal(&world, "2");
    let command = format!("proposal second 2 --digest {} --fingerprint {}", at.opened, world.fingerprint());
    world.fails("frank", &command, Exit::Refused, "proposal 2 is about you; another admin must second it");
    forbidden(&world, "frank", Event::Second(at), None, "proposal-subject");
}

#[test]
fn nobody_withdraws_anothers_proposal() {
    let world = World::founded();
    open_proposal(&world, "frank", "approver");
    let at = proposal(&world, "1");
    world.fails("bob", "proposal withdraw 1", Exit::Refused, "only its proposer can withdraw proposal 1");
    forbidden(&world, "bob", Event::ProposalWithdraw(at), None, "proposal-proposer");
    accepted(&world, "alice", Event::ProposalWithdraw(at), None);
}

#[test]
fn several_proposals_are_each_shown_and_signed() {
    let world = World::founded();
    for group in ["dba", "risk", "duty"] {
        world.ok("alice", &format!("person grant dave --group {group}"));
    }
    let output = world.run_typing("bob", "proposal second 1 9", &["1"]);
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    world.fails("bob", "proposal second 1 2 1", Exit::Invalid, "1 is named twice: name each once");
    // Each of them replaces the same grants, so only the first one can be in force.
    let output = world.run_typing("bob", "proposal second 1 2", &["1"]);
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    assert!(output.err.contains("proposal 1 seconded; it is in effect"), "{}", output.screen);
    assert!(output.err.contains("proposal 2 not seconded: the proposal lapsed"), "{}", output.screen);
    assert!(output.err.contains("error: seconded 1 of 2 proposals; not seconded: 2"), "{}", output.screen);
    assert!(
        output.err.contains("hint: the reasons are above; to try again: `twinseal proposal second 2`"),
        "{}",
        output.screen
    );
    world.fails("bob", "proposal second 2 3 --digest 00", Exit::Invalid, "not a SHA-256 digest");
    let one = proposal(&world, "2").opened;
    world.fails("bob", &format!("proposal second 2 3 --digest {one}"), Exit::Invalid, "2 proposals but 1 digests");
}

#[test]
fn no_proposal_is_seconded_by_another_digest_than_its_own() {
    let world = World::founded();
    ["carol", "dave"].iter().for_each(|it| drop(world.ok("alice", &format!("person grant {it} --group dba"))));
    let [first, other] = ["1", "2"].map(|number| proposal(&world, number).opened);
    let before = world.entries();
    for wrong in [other, WRONG, world.raw(0).leaf(), world.raw(before - 1).leaf()] {
        let command = format!("proposal second 1 --digest {wrong}");
        let output = world.run("bob", &command);
        assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
        assert!(output.err.contains("does not match the current digest"), "{}", output.screen);
    }
    let swapped = format!("proposal second 1 2 --digest {other} --digest {first}");
    world.fails("bob", &swapped, Exit::Refused, "does not match the current digest");
    assert_eq!(world.entries(), before);
    world.ok("bob", &format!("proposal second 1 2 --digest {first} --digest {other}"));
}

#[test]
fn a_second_that_is_refused_shows_no_page_and_asks_nothing() {
    let world = World::founded();
    world.ok("alice", "person grant carol --group dba");
    for person in ["alice", "carol"] {
        let output = world.run_typing(person, "proposal second 1", &["1"]);
        assert_eq!((output.exit, output.unasked.len()), (Exit::Refused, 1), "{}", output.screen);
        assert!(!output.screen.contains("dba"), "{}", output.screen);
    }
    assert!(world.run_typing("bob", "proposal second 1", &["1"]).screen.contains("dba"));
}

#[test]
fn nobody_is_asked_to_second_what_has_lapsed() {
    let world = World::founded();
    world.ok("alice", "person grant carol --group dba");
    world.at("2026-12-08T08:59:59Z");
    assert!(world.ok("bob", "inbox").contains("proposal 1"));
    world.at("2026-12-08T09:00:00Z");
    assert_eq!(world.ok("bob", "inbox"), "");
}
