//! Rules about machine accounts and the people who answer for them.

use super::grants::{set_grants, since};
use super::prelude::*;

fn machine(operators: &[&str], roles: &[Role]) -> Grants {
    Grants { operators: people(operators), ..Grants::of(roles.iter().copied()) }
}

/// A register with the machine account `robot`, an engineer operated by dave and frank.
fn with_robot() -> World {
    let world = World::founded_with_spare_approvers();
    open_proposal(&world, "frank", "engineer");
    second(&world, "bob", "1");
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator dave --operator frank --role engineer");
    second(&world, "bob", "2");
    world
}

#[test]
fn a_machine_is_neither_admin_nor_approver_nor_auditor() {
    let world = World::founded();
    newcomer(&world, "robot");
    for role in [Role::Admin, Role::Approver, Role::Auditor] {
        let command = format!("person machine robot=robot.request --operator dave --role {role}");
        world.fails("alice", &command, Exit::Refused, &format!("machine account robot cannot be {role}"));
        let robot = Member { grants: machine(&["dave"], &[role]), ..member(&world, "robot", "robot", &[]) };
        forbidden(&world, "alice", enrolling(&world, &[robot]), None, "machine-role");
    }
    let world = with_robot();
    let more = machine(&["dave"], &[Role::Engineer, Role::Approver]);
    forbidden(&world, "alice", set_grants(&world, "robot", more), None, "machine-role");
}

#[test]
fn nobody_operates_a_machine_who_is_not_enrolled_or_a_machine() {
    let world = with_robot();
    world.person("other");
    let other =
        |operators: &[&str]| Member { grants: machine(operators, &[]), ..member(&world, "other", "other", &[]) };
    for operator in ["mallory", "robot", "other"] {
        forbidden(&world, "alice", enrolling(&world, &[other(&[operator])]), None, "machine-operator");
        forbidden(
            &world,
            "alice",
            set_grants(&world, "robot", machine(&["dave", operator], &[])),
            None,
            "machine-operator",
        );
    }
    accepted(&world, "alice", enrolling(&world, &[other(&["dave"])]), None);
    world.ok("alice", "person retire frank");
    second(&world, "bob", "3");
    forbidden(&world, "alice", enrolling(&world, &[other(&["frank"])]), None, "machine-operator");
    // Members of the same proposal can operate a machine account that is enrolled with them.
    world.person("grace");
    let grace = member(&world, "grace", "grace", &[Role::Engineer]);
    accepted(&world, "alice", enrolling(&world, &[other(&["grace"]), grace]), None);
}

#[test]
fn no_machine_becomes_a_person_and_no_person_a_machine() {
    let world = with_robot();
    world.fails(
        "alice",
        "person grant carol --operator dave",
        Exit::Refused,
        "carol cannot change between person and machine account",
    );
    forbidden(
        &world,
        "alice",
        set_grants(&world, "carol", machine(&["dave"], &[Role::Engineer])),
        None,
        "account-type-fixed",
    );
    forbidden(&world, "alice", set_grants(&world, "robot", Grants::of([Role::Engineer])), None, "account-type-fixed");
    // Retiring the account first does not help.
    world.ok("alice", "person retire robot");
    second(&world, "bob", "3");
    forbidden(&world, "alice", set_grants(&world, "robot", Grants::of([Role::Engineer])), None, "account-type-fixed");
    accepted(&world, "alice", set_grants(&world, "robot", machine(&["dave"], &[])), None);
}

#[test]
fn no_machine_acts_for_which_nobody_answers() {
    let world = with_robot();
    let (event, text) = filing(&world, |_, _| {});
    for (person, number) in [("dave", "3"), ("frank", "4")] {
        accepted(&world, "robot", event.clone(), text.clone());
        world.ok("alice", &format!("person retire {person}"));
        second(&world, "bob", number);
    }
    world.write("change.toml", CHANGE);
    let file = format!("file change.toml --again --fingerprint {}", world.fingerprint());
    world.fails("robot", &file, Exit::Refused, "all operators of machine account robot have retired");
    forbidden(&world, "robot", event, text, "operator-active");
}

#[test]
fn nobody_approves_what_their_machine_filed_owns_or_implements() {
    let own = |world: &World| forbidden(world, "dave", approve(world), None, "conflict-of-interest");
    let world = with_robot();
    file(&world, &[("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"robot\"]")]);
    let complaint =
        "you cannot approve CHG-1 because you answer for a machine account that filed, owns or implements it";
    world.fails(
        "dave",
        &format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed),
        Exit::Refused,
        complaint,
    );
    own(&world);
    let world = with_robot();
    file(&world, &[("owner = \"erin\"", "owner = \"robot\"\nimplementers = [\"erin\"]")]);
    own(&world);
    let world = with_robot();
    world.write("change.toml", CHANGE);
    world.ok("robot", &format!("file change.toml --again --fingerprint {}", world.fingerprint()));
    own(&world);
    accepted(&world, "carol", approve(&world), None);
    // A past operator keeps the conflict of interest permanently.
    world.ok("alice", "person revoke-role robot --operator dave");
    second(&world, "bob", "3");
    own(&world);
}

/// Enrols `robot.key` for robot by proposal 4.
fn rotate(world: &World, fingerprint: &str) {
    world.ok("robot", "key new --no-passphrase robot.key");
    let options = "--key robot.key --vouch people/robot/key --register prod.db --out next.request";
    world.ok("robot", &format!("person request robot {options} --fingerprint {fingerprint}"));
    world.ok("alice", "person add-key next.request");
    second(world, "bob", "4");
}

#[test]
fn a_former_operator_approves_nothing_that_a_key_from_their_time_filed() {
    let world = with_robot();
    let fingerprint = world.fingerprint();
    world.ok("alice", "person revoke-role robot --operator dave --keep-keys");
    second(&world, "bob", "3");
    // Dave still has the key.
    world.write("change.toml", CHANGE);
    world.ok("robot", &format!("file change.toml --again --fingerprint {fingerprint}"));
    forbidden(&world, "dave", approve(&world), None, "conflict-of-interest");
    // A key that was enrolled after he left is none of his.
    rotate(&world, &fingerprint);
    world.ok("robot", &format!("file change.toml --again --key robot.key --fingerprint {fingerprint}"));
    accepted(&world, "dave", Event::Approve(world.revision("CHG-2")), None);
    forbidden(&world, "dave", approve(&world), None, "conflict-of-interest");
}

#[test]
fn the_keys_of_a_machine_are_revoked_with_an_operator_who_leaves() {
    let world = with_robot();
    let (key, fingerprint) = (key_of(&world, "robot"), world.fingerprint());
    world.ok("alice", "person revoke-role robot --operator dave");
    let page = world.ok("bob", "proposal show 3");
    assert!(page.contains(&format!("revokes {key}")), "{page}");
    second(&world, "bob", "3");
    assert_eq!(world.state().governance().key(key).unwrap().unwrap().state, KeyState::Revoked);
    world.write("change.toml", CHANGE);
    world.fails("robot", &format!("file change.toml --again --fingerprint {fingerprint}"), Exit::Refused, "is revoked");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn new_grants_revoke_no_key_of_anybody_else() {
    let world = with_robot();
    let revoking = |person: &str, key: Fingerprint, grants: Grants| {
        let mut new = NewGrants::new(since(&world, person), grants);
        new.revokes = [key].into();
        propose(&world, Action::Roles([(person.parse().unwrap(), new)].into()))
    };
    let robot = machine(&["frank"], &[Role::Engineer]);
    forbidden(&world, "alice", revoking("robot", key_of(&world, "dave"), robot.clone()), None, "revoke-machine-key");
    // Not even of the person whose grants they are: everybody revokes their own keys.
    let own = revoking("dave", key_of(&world, "dave"), Grants::of([Role::Engineer]));
    forbidden(&world, "alice", own, None, "revoke-machine-key");
    world.person("stranger");
    forbidden(&world, "alice", revoking("robot", key_of(&world, "stranger"), robot.clone()), None, "key-known");
    accepted(&world, "alice", revoking("robot", key_of(&world, "robot"), robot), None);
}

#[test]
fn a_former_operator_approves_nothing_that_the_machine_implements_until_its_old_keys_are_revoked() {
    let world = with_robot();
    let fingerprint = world.fingerprint();
    world.ok("alice", "person revoke-role robot --operator dave --keep-keys");
    second(&world, "bob", "3");
    file(&world, &[("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"robot\"]")]);
    forbidden(&world, "dave", approve(&world), None, "conflict-of-interest");
    rotate(&world, &fingerprint);
    forbidden(&world, "dave", approve(&world), None, "conflict-of-interest");
    let old = key_of(&world, "robot");
    world.ok("robot", &format!("key revoke {old} --key robot.key --reason Rotated. --fingerprint {fingerprint}"));
    accepted(&world, "dave", approve(&world), None);
}

#[test]
fn a_former_operator_cannot_approve_what_the_machine_wrote_by_revoking_its_keys() {
    let world = with_robot();
    let fingerprint = world.fingerprint();
    world.ok("alice", "person revoke-role robot --operator dave --keep-keys");
    second(&world, "bob", "3");
    file(&world, &[("owner = \"erin\"", "owner = \"erin\"\nauthors = [\"robot\"]")]);
    rotate(&world, &fingerprint);
    let old = key_of(&world, "robot");
    world.ok("robot", &format!("key revoke {old} --key robot.key --reason Rotated. --fingerprint {fingerprint}"));
    let approving = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    let complaint = "because you operate or operated a machine account that is an author of it";
    world.fails("dave", &approving, Exit::Refused, complaint);
    forbidden(&world, "dave", approve(&world), None, "conflict-of-interest");
    accepted(&world, "carol", approve(&world), None);
}

#[test]
fn an_approver_who_takes_over_the_machine_does_not_count_any_more() {
    let world = with_robot();
    file(&world, &[("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"robot\"]")]);
    open_proposal(&world, "grace", "approver");
    second(&world, "bob", "3");
    world.approve("carol", "CHG-1");
    let revision = world.revision("CHG-1").filed;
    world.ok("grace", &format!("approve CHG-1 --revision {revision} --fingerprint {}", world.fingerprint()));
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "robot", start(&world), None);
    world.ok("alice", "person grant robot --operator carol");
    second(&world, "bob", "4");
    forbidden(&world, "robot", start(&world), None, "enough-approvals");
}

#[test]
fn no_operator_seconds_what_is_about_their_machine() {
    let world = with_robot();
    world.ok("alice", "person grant dave admin");
    second(&world, "bob", "3");
    world.ok("alice", "person revoke-role robot engineer");
    forbidden(&world, "dave", Event::Second(proposal(&world, "4")), None, "proposal-subject");
    newcomer(&world, "other");
    world.ok("alice", "person machine other=other.request --operator dave");
    forbidden(&world, "dave", Event::Second(proposal(&world, "5")), None, "proposal-subject");
    world.ok("alice", "person retire robot");
    forbidden(&world, "dave", Event::Second(proposal(&world, "6")), None, "proposal-subject");
    accepted(&world, "bob", Event::Second(proposal(&world, "6")), None);
}
