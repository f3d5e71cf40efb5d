//! Rules about grants, delegations, retirement and additional keys.

use super::prelude::*;

/// An event that opens a proposal to replace the grants of a person.
pub fn set_grants(world: &World, person: &str, grants: Grants) -> Event {
    set_all_grants(world, &[(person, grants)])
}

/// An event that opens a proposal to replace the grants of several people.
pub fn set_all_grants(world: &World, changes: &[(&str, Grants)]) -> Event {
    let change = |(person, grants): &(&str, Grants)| {
        let new = NewGrants::new(since(world, person), grants.clone());
        (person.parse().unwrap(), new)
    };
    propose(world, Action::Roles(changes.iter().map(change).collect()))
}

pub fn since(world: &World, person: &str) -> Digest {
    world.state().governance().person(&person.parse().unwrap()).unwrap().unwrap().since
}

fn retire(world: &World, person: &str) -> Event {
    propose(world, Action::Retire { person: person.parse().unwrap(), replaces: since(world, person) })
}

fn until(role: Role, time: &str) -> Grants {
    granted(role, &[("", time)])
}

/// A role in these periods; an empty time is no bound.
pub fn granted(role: Role, periods: &[(&str, &str)]) -> Grants {
    let bound = |time: &str| if time.is_empty() { None } else { Some(time.parse().unwrap()) };
    let period = |(from, until): &(&str, &str)| Period::new(bound(from), bound(until)).unwrap();
    let periods = Periods::new(periods.iter().map(period).collect()).unwrap();
    Grants { roles: [(role, periods)].into(), ..Grants::default() }
}

#[test]
fn roles_come_and_go_by_proposal_alone() {
    let world = World::approved();
    world.ok("alice", "person grant carol engineer");
    second(&world, "bob", "1");
    world.ok("alice", "person revoke-role carol approver --reason 'She moves to another desk.'");
    accepted(&world, "erin", start(&world), None);
    world.fails("alice", "person revoke-role carol admin", Exit::Invalid, "carol does not have role admin");
    // A person without a role must be retired instead.
    world.fails("bob", "person grant carol", Exit::Invalid, "nothing to grant");
    let none = Grants::default();
    forbidden(&world, "alice", set_grants(&world, "carol", none), None, "role-required");
    second(&world, "bob", "2");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn an_approval_does_not_count_once_its_signer_is_no_approver() {
    let world = World::approved();
    world.ok("alice", "person grant dave engineer");
    second(&world, "bob", "1");
    world.ok("alice", "person revoke-role dave approver");
    accepted(&world, "erin", start(&world), None);
    second(&world, "bob", "2");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    forbidden(&world, "dave", approve(&world), None, "role");
    assert!(world.ok("carol", "show CHG-1").contains("not counted: no longer an approver"));
    // With the role granted again, the approval counts again.
    world.ok("alice", "person grant dave approver");
    second(&world, "bob", "3");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_delegation_ends_by_itself() {
    let world = World::filed();
    open_proposal(&world, "frank", "engineer");
    second(&world, "bob", "1");
    world.ok("alice", "person grant frank approver --until 2026-12-01T10:30:00Z --reason 'Stands in for dave.'");
    second(&world, "bob", "2");
    world.approve("carol", "CHG-1");
    world.ok(
        "frank",
        &format!("approve CHG-1 --revision {} --fingerprint {}", world.revision("CHG-1").filed, world.fingerprint()),
    );
    world.at("2026-12-01T10:29:59Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T10:30:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    forbidden(&world, "frank", approve(&world), None, "role");
    assert!(world.ok("carol", "person show frank").contains("engineer; ended: approver"));
    assert!(world.ok("carol", "person show frank --as-of 2026-12-01T10:00:00Z").contains("approver until"));
}

#[test]
fn nothing_is_granted_until_a_moment_that_has_passed() {
    let world = World::founded();
    let past = "person grant carol engineer --until 2026-12-01T08:00:00Z";
    world.fails("alice", past, Exit::Refused, "the grant would end at 2026-12-01T08:00:00Z");
    for time in ["2026-12-01T08:00:00Z", "2026-12-01T09:00:00Z"] {
        forbidden(&world, "alice", set_grants(&world, "carol", until(Role::Engineer, time)), None, "grant-not-ended");
    }
    accepted(&world, "alice", set_grants(&world, "carol", until(Role::Engineer, "2026-12-01T09:00:01Z")), None);
    // The end of a grant can pass between proposing and seconding.
    world.ok("alice", "person grant carol engineer --until 2026-12-01T10:00:00Z");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "bob", Event::Second(proposal(&world, "1")), None, "grant-not-ended");
    world.fails("alice", "person grant carol engineer --until tomorrow", Exit::Invalid, "which zone?");
}

#[test]
fn removing_roles_never_leaves_one_admin() {
    let world = World::founded();
    world.fails(
        "alice",
        "person retire bob",
        Exit::Refused,
        "a register needs two permanent admins with a live key; this leaves 1",
    );
    world.fails("alice", "person revoke-role bob admin", Exit::Refused, "bob would have no role");
    forbidden(&world, "alice", set_grants(&world, "bob", Grants::of([Role::Engineer])), None, "two-admins");
    forbidden(&world, "alice", retire(&world, "bob"), None, "two-admins");
    // An admin with an end date does not count, and neither of two admins may become one.
    forbidden(
        &world,
        "alice",
        set_grants(&world, "bob", until(Role::Admin, "2027-12-01T09:00:00Z")),
        None,
        "two-admins",
    );
    world.ok("alice", "person grant carol admin --until 2027-12-01T09:00:00Z");
    second(&world, "bob", "1");
    forbidden(&world, "alice", retire(&world, "bob"), None, "two-admins");
    world.ok("alice", "person grant erin admin");
    second(&world, "bob", "2");
    accepted(&world, "alice", retire(&world, "bob"), None);
    // Nor does an admin count who cannot sign: nobody could second a proposal.
    world.ok("alice", "person grant dave admin");
    second(&world, "bob", "3");
    accepted(&world, "alice", retire(&world, "bob"), None);
    for suspended in ["dave", "erin"] {
        world.ok("alice", &format!("key suspend {}", key_of(&world, suspended)));
    }
    forbidden(&world, "alice", retire(&world, "bob"), None, "two-admins");
    forbidden(&world, "alice", set_grants(&world, "bob", Grants::of([Role::Engineer])), None, "two-admins");
    accepted(&world, "alice", retire(&world, "dave"), None);
    world.ok("alice", &format!("key lift {}", key_of(&world, "erin")));
    second(&world, "bob", "4");
    // Two such proposals are each valid alone, but the second to be seconded would leave too few admins.
    world.ok("alice", "person retire bob");
    world.ok("alice", "person revoke-role erin admin");
    second(&world, "carol", "5");
    forbidden(&world, "carol", Event::Second(proposal(&world, "6")), None, "two-admins");
}

#[test]
fn an_auditor_gets_no_other_role_later() {
    let world = World::founded();
    world.fails(
        "alice",
        "person grant audrey engineer",
        Exit::Refused,
        "audrey cannot be an auditor and hold another role",
    );
    forbidden(
        &world,
        "alice",
        set_grants(&world, "audrey", Grants::of([Role::Auditor, Role::Admin])),
        None,
        "auditor-only",
    );
    forbidden(
        &world,
        "alice",
        set_grants(&world, "carol", Grants::of([Role::Auditor, Role::Approver])),
        None,
        "auditor-only",
    );
}

#[test]
fn nobody_does_anything_after_they_retired() {
    let world = World::approved();
    world.ok("alice", "person retire dave --reason 'He left on Friday.'");
    accepted(&world, "dave", approve(&world), None);
    second(&world, "bob", "1");
    world.fails("dave", "note CHG-1 Bye.", Exit::Refused, "dave has retired from this register");
    forbidden(&world, "dave", approve(&world), None, "retired");
    forbidden(&world, "dave", Event::KeyRevoke(key_of(&world, "dave")), None, "retired");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    let (event, text) = filing(&world, |facts, _| facts.owner = "dave".parse().unwrap());
    forbidden(&world, "erin", event, text, "participant-enrolled");
    forbidden(&world, "alice", retire(&world, "dave"), None, "proposal-has-effect");
    let key = propose(&world, another_key(&world, "dave", "dave-2", None));
    forbidden(&world, "alice", key, None, "retired");
    assert!(world.ok("carol", "person list").contains("retired"));
    // Two admins can bring a person back. Only the new grants apply, not the earlier ones.
    world.ok("alice", "person grant dave engineer");
    second(&world, "bob", "2");
    world.ok("dave", "note CHG-1 'Back again.'");
    forbidden(&world, "dave", approve(&world), None, "role");
}

/// An action that enrols `holder`'s key for a person, with an optional vouch by a key of `voucher`.
fn another_key(world: &World, person: &str, holder: &str, voucher: Option<&str>) -> Action {
    if !world.path(&format!("people/{holder}")).exists() {
        world.person(holder);
    }
    let (here, signer, asked) = (register_ref(world), world.signer(holder), world.asked());
    let person: PersonId = person.parse().unwrap();
    let body = request::body(&here, &person, &asked, &signer.public());
    let vouch = voucher.map(|voucher| {
        let signer = world.signer(voucher);
        Vouch { key: signer.public().fingerprint(), proof: signer.sign(request::VOUCH, body.as_bytes()).unwrap() }
    });
    let proof = signer.sign(request::NAMESPACE, body.as_bytes()).unwrap();
    Action::AddKey { person, asked, key: signer.public(), proof, vouch }
}

/// Has alice open a proposal to enrol another key for a person, vouched for by the person's own key.
fn add_key(world: &World, person: &str, holder: &str) {
    if !world.path(&format!("people/{holder}")).exists() {
        world.person(holder);
    }
    let id = world.named();
    let keys = format!("--key people/{holder}/key --vouch people/{person}/key");
    world.ok(person, &format!("person request {person} --register {id} {keys} --out {holder}.request"));
    world.ok("alice", &format!("person add-key {holder}.request --reason 'A new laptop.'"));
}

#[test]
fn two_keys_of_one_person_are_one_approval() {
    let world = World::filed();
    add_key(&world, "carol", "carol-2");
    assert!(world.ok("bob", "proposal show 1").contains("vouched for by their key SHA256:"));
    second(&world, "bob", "1");
    world.approve("carol", "CHG-1");
    let again = format!("approve CHG-1 --revision {} --key people/carol-2/key", world.revision("CHG-1").filed);
    world.ok("carol", &again);
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.approve("dave", "CHG-1");
    accepted(&world, "erin", start(&world), None);
    // The later approval replaced the earlier one, so it counts only while its own key is live.
    world.ok("bob", &format!("key suspend {}", key_of(&world, "carol")));
    accepted(&world, "erin", start(&world), None);
    world.ok("bob", &format!("key suspend {}", key_of(&world, "carol-2")));
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn a_person_does_not_second_with_another_key_that_theirs_is_lifted() {
    let world = World::founded();
    world.ok("alice", "person grant erin admin");
    second(&world, "bob", "1");
    add_key(&world, "bob", "bob-2");
    second(&world, "erin", "2");
    world.ok("alice", &format!("key suspend {}", key_of(&world, "bob")));
    world.ok("alice", &format!("key lift {}", key_of(&world, "bob")));
    steal_key(&world, "bob-2", "bob");
    forbidden(&world, "bob", Event::Second(proposal(&world, "3")), None, "proposal-subject");
}

#[test]
fn nobody_vouches_for_anothers_key() {
    let world = World::founded();
    for voucher in ["dave", "mallory"] {
        if voucher == "mallory" {
            world.person("mallory");
        }
        let event = propose(&world, another_key(&world, "carol", "carol-2", Some(voucher)));
        forbidden(&world, "alice", event, None, "vouch-own-key");
    }
    accepted(&world, "alice", propose(&world, another_key(&world, "carol", "carol-2", Some("carol"))), None);
    // A suspended key cannot vouch, not even in a proposal that is already open.
    add_key(&world, "carol", "carol-2");
    world.ok("bob", &format!("key suspend {}", key_of(&world, "carol")));
    forbidden(&world, "bob", Event::Second(proposal(&world, "1")), None, "vouch-own-key");
}

#[test]
fn whoever_seconds_a_key_is_told_that_nobody_vouches_for_it() {
    let world = World::founded();
    world.person("carol-2");
    let id = world.named();
    world.ok("carol", &format!("person request carol --register {id} --key people/carol-2/key --out second.request"));
    let output = world.run("alice", "person add-key second.request");
    assert!(output.err.contains("no key of this person vouches for the new key"), "{}", output.screen);
    for command in ["inbox", "proposal list", "proposal show 1", "log"] {
        assert!(world.ok("bob", command).contains("(no key of theirs vouches for it)"), "{command}");
    }
    let output = world.run_typing("bob", "proposal second 1", &["1"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("NOBODY: no key of carol signed this request"), "{}", output.screen);
    // A key that is already enrolled, for anyone, is not a new key.
    for holder in ["carol", "carol-2", "dave"] {
        forbidden(&world, "alice", propose(&world, another_key(&world, "carol", holder, None)), None, "key-once");
    }
    forbidden(&world, "alice", propose(&world, another_key(&world, "mallory", "mallory", None)), None, "enrolled");
}

#[test]
fn a_vouch_that_does_not_hold_is_found() {
    // No command writes such an entry, so force it into the log, correctly signed by alice.
    let world = World::founded();
    let Action::AddKey { person, asked, key, proof, .. } = another_key(&world, "carol", "carol-2", Some("carol"))
    else {
        panic!("not a key");
    };
    let other = world.signer("carol").sign(request::NAMESPACE, b"something else").unwrap();
    let vouch = Some(Vouch { key: key_of(&world, "carol"), proof: other });
    let event = propose(&world, Action::AddKey { person, asked, key, proof, vouch });
    let header = world.header("alice", &event);
    let unsigned = Unsigned::new(&header, &event, None).unwrap();
    let signature = world.signer("alice").sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
    assert!(unsigned.seal(&signature).is_err(), "a vouch that does not hold was sealed");
}

#[test]
fn no_grant_that_has_ended_is_proposed_again_with_another_one() {
    let world = World::founded();
    world.ok("alice", "person grant carol engineer --group dba --until 2026-12-01T10:00:00Z");
    second(&world, "bob", "1");
    world.at("2026-12-01T10:00:00Z");
    // Neither is it renewed, nor does it keep two admins from granting or revoking something else.
    for (number, command) in [("2", "person grant carol --group risk"), ("3", "person revoke-role carol --group risk")]
    {
        world.ok("alice", command);
        let Some(Action::Roles(changes)) = world.newest_proposal().action().cloned() else { panic!("{command}") };
        let grants = &changes.values().next().unwrap().grants;
        assert_eq!(grants.roles.keys().copied().collect::<Vec<_>>(), [Role::Approver], "{command}");
        assert!(!grants.groups.keys().any(|group| group.to_string() == "dba"), "{command}");
        second(&world, "bob", number);
    }
}
