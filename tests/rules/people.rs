//! Rules about enrolment, keys and roles of the actor.

use super::founding::{init, unfounded, unsealed};
use super::prelude::*;

#[test]
fn nobody_acts_who_is_not_enrolled() {
    let world = World::filed();
    world.person("mallory");
    let list =
        format!("approve CHG-1 --revision {} --fingerprint {}", world.revision("CHG-1").filed, world.fingerprint());
    world.fails("mallory", &list, Exit::Refused, "is not enrolled in this register");
    forbidden(&world, "mallory", approve(&world), None, "enrolled");
}

#[test]
fn nobody_acts_with_a_key_that_is_not_theirs() {
    // No command reaches this rule: the key determines the actor.
    let world = World::filed();
    steal_key(&world, "carol", "dave");
    forbidden(&world, "dave", approve(&world), None, "own-key");
    world.person("mallory");
    steal_key(&world, "mallory", "dave");
    forbidden(&world, "dave", approve(&world), None, "own-key");
}

#[test]
fn nobody_seals_under_anothers_name() {
    let world = unsealed();
    steal_key(&world, "alice", "bob");
    forbidden(&world, "bob", Event::Seal, None, "own-key");
}

#[test]
fn nobody_acts_beyond_their_roles() {
    let world = World::filed();
    world.fails("carol", "file change.toml", Exit::Refused, "carol does not have the role engineer");
    world.fails("alice", "reject CHG-1 --reason no", Exit::Refused, "alice does not have the role approver");
    let revision = world.revision("CHG-1");
    for person in ["alice", "carol", "audrey"] {
        let (event, text) = filing(&world, |_, _| {});
        forbidden(&world, person, event, text, "role");
    }
    for person in ["alice", "audrey"] {
        forbidden(&world, person, Event::Approve(revision), None, "role");
        forbidden(&world, person, Event::Reject(revision), reason("No."), "role");
    }
    open_proposal(&world, "frank", "approver");
    world.fails("erin", "proposal withdraw 1", Exit::Refused, "erin does not have the role admin");
    let at = proposal(&world, "1");
    world.person("grace");
    let grace = member(&world, "grace", "grace", &[Role::Admin]);
    for event in [Event::Second(at), Event::Decline(at), Event::ProposalWithdraw(at), enrolling(&world, &[grace])] {
        forbidden(&world, "erin", event, None, "role");
    }
}

#[test]
fn nobody_is_enrolled_twice() {
    let world = World::founded();
    for person in ["frank", "grace"] {
        newcomer(&world, person);
    }
    let id = world.named();
    world.ok("frank", &format!("person request carol --register {id} --out again.request"));
    world.fails("alice", "person enrol carol=again.request:admin", Exit::Refused, "carol is already enrolled");
    let carol = member(&world, "carol", "frank", &[Role::Admin]);
    forbidden(&world, "alice", enrolling(&world, &[carol]), None, "enrolled-once");
    let twice = ["frank", "grace"].map(|key| member(&world, "frank", key, &[Role::Approver]));
    forbidden(&world, "alice", enrolling(&world, &twice), None, "enrolled-once");
}

#[test]
fn nobody_is_enrolled_by_a_proposal_that_was_overtaken() {
    // Both proposals were valid when proposed; seconding one makes the other invalid.
    let world = World::founded();
    open_proposal(&world, "frank", "approver");
    world.ok("alice", "person enrol frank=frank.request:engineer");
    second(&world, "bob", "1");
    forbidden(&world, "bob", Event::Second(proposal(&world, "2")), None, "enrolled-once");
}

#[test]
fn no_key_belongs_to_two_people() {
    let world = World::founded();
    let id = world.named();
    world.ok("carol", &format!("person request frank --register {id} --out frank.request"));
    world.fails(
        "alice",
        "person enrol frank=frank.request:approver",
        Exit::Refused,
        "a key belongs to one person forever",
    );
    let frank = member(&world, "frank", "carol", &[Role::Approver]);
    forbidden(&world, "alice", enrolling(&world, &[frank]), None, "key-once");
    world.person("grace");
    let shared = ["grace", "heidi"].map(|it| member(&world, it, "grace", &[Role::Approver]));
    forbidden(&world, "alice", enrolling(&world, &shared), None, "key-once");
}

#[test]
fn nobody_is_enrolled_without_a_role() {
    // Such an entry has no encoding, because the line `roles` needs at least one role, so `verify` cannot meet it.
    let world = World::founded();
    newcomer(&world, "frank");
    world.fails("alice", "person enrol frank=frank.request:", Exit::Invalid, "not a role");
    refused(&world, "alice", enrolling(&world, &[member(&world, "frank", "frank", &[])]), None, "role-required");
}

#[test]
fn no_auditor_does_anything_else() {
    let world = World::founded();
    newcomer(&world, "frank");
    for other in [Role::Admin, Role::Engineer, Role::Approver] {
        let command = format!("person enrol frank=frank.request:auditor,{other}");
        world.fails("alice", &command, Exit::Refused, "frank cannot be an auditor and hold another role");
        let frank = member(&world, "frank", "frank", &[Role::Auditor, other]);
        forbidden(&world, "alice", enrolling(&world, &[frank]), None, "auditor-only");
    }
}

#[test]
fn no_proposal_is_about_nobody() {
    let world = World::founded();
    world.fails("alice", "person enrol", Exit::Invalid, "NAME=FILE:ROLES");
    forbidden(&world, "alice", enrolling(&world, &[]), None, "proposal-not-empty");
}

#[test]
fn founding_people_obey_the_same_rules() {
    let world = World::with_requests();
    let founders = ["alice", "bob"].map(|it| member(&world, it, it, &[Role::Admin]));
    let with = |third: Member| init(1, [founders.as_slice(), &[third]].concat());
    unfounded(&world, "alice", with(member(&world, "bob", "carol", &[Role::Admin])), "enrolled-once");
    unfounded(&world, "alice", with(member(&world, "carol", "bob", &[Role::Admin])), "key-once");
    unfounded(&world, "alice", with(member(&world, "carol", "carol", &[Role::Auditor, Role::Admin])), "auditor-only");
    unfounded(&world, "alice", init(1, Vec::new()), "proposal-not-empty");
}
