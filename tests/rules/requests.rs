//! Rules about enrolment requests: the register that they name, and their expiry.

use super::effective_time::act;
use super::founding::{init, unfounded};
use super::prelude::*;

/// A request by `person`'s own key that was made now.
fn asked_by(world: &World, person: &str, asked: Asked) -> Member {
    asking(world, &person.parse().unwrap(), person, asked, Grants::of([Role::Engineer]))
}

fn until(world: &World, expires: &str) -> Asked {
    let fingerprint = world.asked().fingerprint();
    Asked::new(fingerprint, "2026-11-01T09:00:00Z".parse().unwrap(), expires.parse().unwrap()).unwrap()
}

/// The same key for carol, by a request with this end.
fn key_asked(world: &World, asked: Asked) -> Event {
    let Member { person, asked, key, proof, .. } =
        asking(world, &"carol".parse().unwrap(), "frank", asked, Grants::default());
    propose(world, Action::AddKey { person, asked, key, proof, vouch: None })
}

#[test]
fn no_request_for_a_register_with_another_fingerprint_is_accepted() {
    let world = World::founded();
    world.person("frank");
    let asked = Asked::new(Some(WRONG), world.now(), Asked::usual_end(world.now())).unwrap();
    let frank = asked_by(&world, "frank", asked.clone());
    forbidden(&world, "alice", enrolling(&world, &[frank]), None, "request-fingerprint");
    forbidden(&world, "alice", key_asked(&world, asked), None, "request-fingerprint");
    // The same id, and a file that is not this register.
    let id = world.state().id().unwrap().clone();
    let request = format!("person request frank --register {id} --fingerprint {WRONG} --out frank.request");
    world.ok("frank", &request);
    let complaint = "the request of frank does not name the fingerprint of this register";
    world.fails("alice", "person enrol frank=frank.request:engineer", Exit::Refused, complaint);
    let bare = format!("person request frank --register {id}");
    world.fails("frank", &bare, Exit::Invalid, "--fingerprint DIGEST is required");
    accepted(&world, "alice", enrolling(&world, &[asked_by(&world, "frank", world.asked())]), None);
}

#[test]
fn no_expired_request_opens_a_proposal() {
    let world = World::founded();
    world.person("frank");
    let frank = || asked_by(&world, "frank", until(&world, "2026-12-01T10:00:00Z"));
    world.at("2026-12-01T09:59:59Z");
    accepted(&world, "alice", enrolling(&world, &[frank()]), None);
    accepted(&world, "alice", key_asked(&world, until(&world, "2026-12-01T10:00:00Z")), None);
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "alice", enrolling(&world, &[frank()]), None, "request-expired");
    forbidden(&world, "alice", key_asked(&world, until(&world, "2026-12-01T10:00:00Z")), None, "request-expired");
}

#[test]
fn no_clock_set_back_revives_an_expired_request() {
    let world = World::filed();
    world.person("frank");
    let frank = || asked_by(&world, "frank", until(&world, "2026-12-01T10:00:00Z"));
    act(&world, &["bob", "carol", "dave"], "2026-12-01T11:00:00Z");
    world.at("2026-12-01T09:59:00Z");
    forbidden(&world, "alice", enrolling(&world, &[frank()]), None, "request-expired");
}

#[test]
fn a_request_expires_after_30_days_or_when_it_says() {
    let world = World::founded();
    world.person("frank");
    let request = format!("person request frank --register {}", world.named());
    world.ok("frank", &format!("{request} --out usual.request"));
    world.ok("frank", &format!("{request} --expires 2026-12-01T12:00:00Z --out short.request"));
    world.fails("frank", &format!("{request} --expires 2026-12-01T09:00:00Z"), Exit::Invalid, "expires before");
    world.at("2026-12-01T12:00:00Z");
    let complaint = "the request of frank expired at 2026-12-01T12:00:00Z";
    world.fails("alice", "person enrol frank=short.request:engineer", Exit::Refused, complaint);
    world.at("2026-12-31T09:00:00Z");
    let complaint = "the request of frank expired at 2026-12-31T09:00:00Z";
    world.fails("alice", "person enrol frank=usual.request:engineer", Exit::Refused, complaint);
    world.at("2026-12-31T08:59:59Z");
    world.ok("alice", "person enrol frank=usual.request:engineer");
}

#[test]
fn a_request_that_expires_before_the_second_is_not_judged_again() {
    let world = World::founded();
    world.person("frank");
    let request = format!("person request frank --register {}", world.named());
    world.ok("frank", &format!("{request} --expires 2026-12-01T12:00:00Z --out frank.request"));
    world.ok("alice", "person enrol frank=frank.request:engineer");
    world.at("2026-12-02T09:00:00Z");
    second(&world, "bob", "1");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    assert!(world.ok("audrey", "person show frank").contains("engineer"));
}

#[test]
fn no_founding_member_is_enrolled_by_an_expired_request() {
    let world = World::with_requests();
    let mut founders = ["alice", "bob"].map(|it| member(&world, it, it, &[Role::Admin])).to_vec();
    founders.push(asked_by(&world, "carol", until(&world, "2026-12-01T09:00:00Z")));
    unfounded(&world, "alice", init(1, founders), "request-expired");
    world.at("2026-12-31T09:00:00Z");
    let init = "init --name prod --member alice=alice.request:admin --member bob=bob.request:admin";
    world.fails("alice", init, Exit::Refused, "the request of alice expired at 2026-12-31T09:00:00Z");
    assert!(!world.path("prod.db").exists());
}

#[test]
fn what_a_request_did_not_ask_for_is_shown_to_both_admins() {
    let world = World::founded();
    world.person("frank");
    let request = format!("person request frank --role engineer --register {} --out frank.request", world.named());
    world.ok("frank", &request);
    let more = "not asked for: admin, approver";
    let output = world.run("alice", "person enrol frank=frank.request:admin,engineer,approver");
    assert!(output.exit == Exit::Done && output.err.contains(more), "{}", output.screen);
    assert!(world.ok("bob", "proposal show 1").contains(more));
    let output = world.run_typing("bob", "proposal second 1", &["1"]);
    assert!(output.exit == Exit::Done && output.err.contains(more), "{}", output.screen);
    // Operators whom nobody asked for are shown too; what was asked for is not.
    world.person("deploy");
    let request = format!("person request deploy --operator erin --register {} --out deploy.request", world.named());
    world.ok("deploy", &request);
    let output = world.run("alice", "person machine deploy=deploy.request --operator erin --operator dave");
    assert!(output.err.contains("not asked for: operator dave\n"), "{}", output.screen);
    let output = world.run("alice", "person machine deploy=deploy.request --operator erin");
    assert!(!output.err.contains("not asked for"), "{}", output.screen);
}

#[test]
fn a_request_is_rebuilt_from_its_entry_alone() {
    let world = World::founded();
    world.person("frank");
    let request = format!("person request frank --role engineer --register {} --out frank.request", world.named());
    world.ok("frank", &request);
    world.ok("alice", "person enrol frank=frank.request:approver");
    let request = fs::read_to_string(world.path("frank.request")).unwrap();
    let entry = String::from_utf8(world.raw(world.entries() - 1).blob).unwrap();
    for line in request.lines().skip(3).take_while(|line| !line.is_empty()) {
        assert!(entry.contains(&format!("\n{line}\n")), "{line} is not in\n{entry}");
    }
    let sig = request.lines().find_map(|line| line.strip_prefix("sig ")).unwrap();
    assert!(entry.contains(&format!("\nproof {sig}\n")));
}
