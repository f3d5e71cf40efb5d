//! Motions.

use super::prelude::*;

#[test]
fn no_motion_jumps_the_queue() {
    // A command takes the next number itself.
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    world.person("grace");
    let proposal = Proposal::Enrol(vec![member(&world, "grace", "grace", &[Role::Approver])]);
    for number in ["1", "3"] {
        let event = Event::Propose { motion: number.parse().unwrap(), proposal: proposal.clone() };
        forbidden(&world, "alice", event, None, "motion-number");
    }
}

#[test]
fn nobody_decides_a_motion_that_there_is_not() {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    world.fails("bob", "motion decline 2", Exit::Invalid, "there is no motion 2");
    let opened = motion(&world, "1").opened;
    for at in [
        MotionRef { motion: "2".parse().unwrap(), opened },
        // The right number, and not what was read.
        MotionRef { motion: "1".parse().unwrap(), opened: WRONG },
    ] {
        forbidden(&world, "bob", Event::Second(at), None, "motion-known");
        forbidden(&world, "bob", Event::Decline(at), None, "motion-known");
        forbidden(&world, "alice", Event::MotionWithdraw(at), None, "motion-known");
    }
}

#[test]
fn no_motion_is_decided_twice() {
    let world = World::founded();
    let ends = [("frank", "second"), ("grace", "decline"), ("heidi", "withdraw")];
    for (number, (person, _)) in (1..).zip(ends) {
        open_motion(&world, person, "approver");
        assert_eq!(world.state().governance().motions().len(), number);
    }
    second(&world, "bob", "1");
    world.ok("bob", "motion decline 2");
    world.ok("alice", "motion withdraw 3");
    for number in ["1", "2", "3"] {
        let at = motion(&world, number);
        let complaint = format!("motion {number} is not open any more");
        world.fails("bob", &format!("motion second {number} --digest {}", at.opened), Exit::Refused, &complaint);
        forbidden(&world, "bob", Event::Second(at), None, "motion-open");
        forbidden(&world, "bob", Event::Decline(at), None, "motion-open");
        forbidden(&world, "alice", Event::MotionWithdraw(at), None, "motion-open");
    }
}

#[test]
fn a_motion_lapses_after_seven_days() {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    let at = motion(&world, "1");
    world.at("2026-12-08T08:59:59Z");
    accepted(&world, "bob", Event::Second(at), None);
    world.at("2026-12-08T09:00:00Z");
    let complaint = "motion 1 lapsed at 2026-12-08T09:00:00Z, seven days after it was opened";
    world.fails("bob", &format!("motion second 1 --digest {}", at.opened), Exit::Refused, complaint);
    forbidden(&world, "bob", Event::Second(at), None, "motion-lapse");
}

#[test]
fn nobody_decides_their_own_motion() {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    let at = motion(&world, "1");
    let complaint = "whoever proposed motion 1 cannot decide it alone";
    world.fails("alice", &format!("motion second 1 --digest {}", at.opened), Exit::Refused, complaint);
    world.fails("alice", "motion decline 1", Exit::Refused, complaint);
    forbidden(&world, "alice", Event::Second(at), None, "motion-by-two");
    forbidden(&world, "alice", Event::Decline(at), None, "motion-by-two");
    accepted(&world, "bob", Event::Second(at), None);
    accepted(&world, "bob", Event::Decline(at), None);
}

#[test]
fn nobody_seconds_a_motion_about_themselves() {
    // frank becomes an admin by the first motion, and the second is about him too.
    let world = World::founded();
    open_motion(&world, "frank", "admin");
    world.ok("alice", "person enrol frank=frank.request:admin,approver");
    second(&world, "bob", "1");
    let at = motion(&world, "2");
    let command = format!("motion second 2 --digest {} --fingerprint {}", at.opened, world.fingerprint());
    world.fails("frank", &command, Exit::Refused, "motion 2 is about you: somebody else must second it");
    forbidden(&world, "frank", Event::Second(at), None, "motion-subject");
}

#[test]
fn nobody_withdraws_anothers_motion() {
    let world = World::founded();
    open_motion(&world, "frank", "approver");
    let at = motion(&world, "1");
    world.fails("bob", "motion withdraw 1", Exit::Refused, "only its proposer can withdraw motion 1");
    forbidden(&world, "bob", Event::MotionWithdraw(at), None, "motion-proposer");
    accepted(&world, "alice", Event::MotionWithdraw(at), None);
}
