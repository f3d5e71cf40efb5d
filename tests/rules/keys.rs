//! Rules about suspended and revoked keys, and their effect on approvals.

use super::prelude::*;

/// An event that opens a proposal to lift the current suspension of this key.
fn lift(world: &World, key: Fingerprint) -> Event {
    let replaces = world.state().governance().key(key).unwrap().unwrap().since;
    Event::Propose { proposal: world.state().governance().next_proposal(), action: Action::Lift { key, replaces } }
}

#[test]
fn an_approval_by_a_key_that_was_ended_does_not_count() {
    for end in ["suspend", "revoke"] {
        let world = World::approved();
        let key = key_of(&world, "dave");
        let who = if end == "revoke" { "dave" } else { "bob" };
        accepted(&world, "erin", start(&world), None);
        world.ok(who, &format!("key {end} {key} --reason 'The laptop is missing.'"));
        forbidden(&world, "erin", start(&world), None, "enough-approvals");
        forbidden(&world, "dave", approve(&world), None, "key-live");
        assert!(world.ok("carol", "show CHG-1").contains("not counted: key suspended or revoked"));
        assert!(world.ok("carol", "person show dave").contains(if end == "revoke" { "revoked" } else { "suspended" }));
    }
}

#[test]
fn a_lifted_suspension_revives_approvals_and_takes_two_admins() {
    let world = World::approved();
    let key = key_of(&world, "dave");
    world.ok("bob", &format!("key suspend {key}"));
    forbidden(&world, "bob", Event::KeySuspend(key), None, "key-live");
    world.ok("bob", &format!("key lift {key} --reason 'It was found.'"));
    let at = proposal(&world, "1");
    forbidden(&world, "bob", Event::Second(at), None, "proposal-by-two");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    second(&world, "alice", "1");
    accepted(&world, "erin", start(&world), None);
    let again = lift(&world, key);
    forbidden(&world, "bob", again, None, "key-suspended");
}

#[test]
fn a_suspended_key_does_not_second_that_it_is_lifted() {
    let world = World::founded();
    open_proposal(&world, "grace", "admin");
    second(&world, "bob", "1");
    let key = key_of(&world, "grace");
    world.ok("bob", &format!("key suspend {key}"));
    world.ok("bob", &format!("key lift {key}"));
    // The rule that its person may not second with another key is tested in `grants.rs`.
    forbidden(&world, "grace", Event::Second(proposal(&world, "2")), None, "key-live");
}

#[test]
fn a_revoked_key_is_never_lifted() {
    let world = World::founded();
    let key = key_of(&world, "dave");
    assert_eq!(world.run_typing("dave", &format!("key revoke {key}"), &["yes"]).exit, Exit::Refused);
    world.ok("dave", &format!("key revoke {key}"));
    forbidden(&world, "alice", lift(&world, key), None, "key-suspended");
    forbidden(&world, "alice", Event::KeySuspend(key), None, "key-live");
}

#[test]
fn nobody_revokes_anothers_key_and_only_admins_suspend() {
    let world = World::founded();
    let key = key_of(&world, "dave");
    forbidden(&world, "carol", Event::KeyRevoke(key), None, "revoke-own");
    forbidden(&world, "alice", Event::KeyRevoke(key), None, "revoke-own");
    forbidden(&world, "carol", Event::KeySuspend(key), None, "role");
    world.person("mallory");
    forbidden(&world, "alice", Event::KeySuspend(key_of(&world, "mallory")), None, "key-known");
    world.fails("carol", &format!("key revoke {key}"), Exit::Refused, "is not yours to revoke");
}
