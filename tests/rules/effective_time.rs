//! Power that ends is judged at effective time: what an actor claims, or what most others have already claimed.

use super::prelude::*;

/// A time before the grants of these tests end.
const BEFORE: &str = "2026-12-01T09:59:00Z";
/// A time after they have ended, by more than the tolerance.
const AFTER: &str = "2026-12-01T11:00:00Z";

/// A register in which frank is an admin until 10:00, and proposal 3 is his.
fn with_delegate() -> World {
    let world = World::filed();
    open_proposal(&world, "frank", "approver");
    second(&world, "bob", "1");
    world.ok("alice", "person grant frank admin --until 2026-12-01T10:00:00Z");
    second(&world, "bob", "2");
    let fingerprint = world.fingerprint();
    world.ok("frank", &format!("person grant carol --group dba --fingerprint {fingerprint}"));
    world
}

/// Has people act at a time.
pub fn act(world: &World, people: &[&str], time: &str) {
    world.at(time);
    people.iter().for_each(|person| _ = world.ok(person, "note CHG-1 Seen."));
}

fn suspend(world: &World) -> Event {
    Event::KeySuspend(key_of(world, "carol"))
}

#[test]
fn an_ended_grant_is_not_prolonged_by_setting_the_clock_back() {
    let world = with_delegate();
    act(&world, &["alice", "bob", "carol"], AFTER);
    world.at(BEFORE);
    forbidden(&world, "frank", suspend(&world), None, "role");
    forbidden(&world, "frank", ask(&world), None, "role");
    // Whoever is honest about the time is refused too.
    world.at(AFTER);
    forbidden(&world, "frank", suspend(&world), None, "role");
}

#[test]
fn a_proposal_by_an_ended_grant_is_not_seconded() {
    let world = with_delegate();
    act(&world, &["alice", "carol", "dave"], AFTER);
    world.at(BEFORE);
    forbidden(&world, "bob", Event::Second(proposal(&world, "3")), None, "proposer-admin");
}

#[test]
fn an_approval_by_an_ended_grant_does_not_count_at_a_start_with_a_clock_set_back() {
    let world = World::filed();
    open_proposal(&world, "frank", "engineer");
    second(&world, "bob", "1");
    world.ok("alice", "person grant frank approver --until 2026-12-01T10:30:00Z");
    second(&world, "bob", "2");
    world.approve("carol", "CHG-1");
    let revision = world.revision("CHG-1").filed;
    world.ok("frank", &format!("approve CHG-1 --revision {revision} --fingerprint {}", world.fingerprint()));
    act(&world, &["alice", "bob", "carol"], AFTER);
    world.at("2026-12-01T10:15:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn a_grant_may_not_end_before_effective_time() {
    let world = with_delegate();
    act(&world, &["carol", "dave", "erin"], AFTER);
    world.at(BEFORE);
    let ends = Period::new(None, Some("2026-12-01T10:30:00Z".parse().unwrap())).unwrap();
    let grants = Grants { roles: [(Role::Engineer, ends.into())].into(), ..Grants::default() };
    let person: PersonId = "carol".parse().unwrap();
    let replaces = world.state().governance().person(&person).unwrap().unwrap().since;
    let event = propose(&world, Action::Roles([(person, NewGrants::new(replaces, grants))].into()));
    forbidden(&world, "alice", event, None, "grant-not-ended");
}

#[test]
fn a_proposal_with_a_time_far_ahead_cannot_be_seconded_once_three_others_have_acted() {
    let world = World::filed();
    world.at("2036-12-01T10:00:00Z");
    world.ok("alice", "person grant carol engineer");
    let at = Event::Second(proposal(&world, "1"));
    world.at(BEFORE);
    forbidden(&world, "bob", at.clone(), None, "proposal-ahead");
    act(&world, &["bob", "carol", "dave"], AFTER);
    world.at("2036-12-01T10:00:00Z");
    // Even by a clock that is wrong in the same way.
    forbidden(&world, "bob", at, None, "proposal-ahead");
    assert!(world.ok("carol", "proposal list").contains("ahead of other clocks; cannot be seconded"));
    assert_eq!(world.ok("bob", "inbox"), "", "bob is asked to second it");
}

#[test]
fn a_proposal_after_a_quiet_weekend_is_not_ahead() {
    let world = World::filed();
    act(&world, &["alice", "bob", "carol", "dave", "erin", "audrey"], BEFORE);
    world.at("2026-12-03T09:00:00Z");
    world.ok("alice", "person grant carol engineer");
    act(&world, &["bob", "carol", "dave"], "2026-12-03T09:01:00Z");
    accepted(&world, "bob", Event::Second(proposal(&world, "1")), None);
    assert!(!world.ok("audrey", "verify").contains("[clock]"));
}

#[test]
fn whoever_records_with_a_clock_that_is_behind_is_told() {
    let world = World::filed();
    act(&world, &["carol", "dave", "erin"], AFTER);
    let note = |world: &World| world.run("alice", "note CHG-1 Seen. --json");
    assert!(!note(&world).out.contains("clock-behind"));
    world.at(BEFORE);
    let output = note(&world);
    assert!(
        output.out.contains("clock-behind") && output.err.contains("set the clock of this host"),
        "{}",
        output.screen
    );
}

#[test]
fn a_proposal_lapses_by_the_clocks_of_others() {
    let world = World::filed();
    world.ok("alice", "person grant carol engineer");
    act(&world, &["carol", "dave", "erin"], "2026-12-08T10:00:00Z");
    world.at(BEFORE);
    forbidden(&world, "bob", Event::Second(proposal(&world, "1")), None, "proposal-lapse");
}

#[test]
fn an_approval_from_the_future_does_not_count_at_a_start() {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T10:05:01Z");
    world.approve("dave", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    assert!(
        world.ok("carol", "show CHG-1").contains("not counted: claims 2026-12-01T10:05:01Z, ahead of other clocks")
    );
    world.at("2026-12-01T10:00:01Z");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn one_person_or_two_with_fast_clocks_end_nobodys_grant() {
    let world = with_delegate();
    act(&world, &["alice", "bob", "carol", "dave", "erin"], BEFORE);
    act(&world, &["carol", "dave"], "9996-01-01T00:00:00Z");
    world.at("2026-12-01T09:59:30Z");
    accepted(&world, "frank", suspend(&world), None);
    // A third one makes a majority of five.
    act(&world, &["erin"], "9996-01-01T00:00:00Z");
    world.at("2026-12-01T09:59:30Z");
    forbidden(&world, "frank", suspend(&world), None, "role");
    // Later true entries of two of them undo it.
    act(&world, &["erin", "dave"], "2026-12-01T09:59:40Z");
    world.at("2026-12-01T09:59:50Z");
    accepted(&world, "frank", suspend(&world), None);
}

#[test]
fn a_moment_in_the_past_ends_with_no_entry_that_is_behind() {
    let world = with_delegate();
    act(&world, &["alice", "bob", "carol"], AFTER);
    let seq = world.entries() - 1;
    act(&world, &["dave"], "2026-12-01T09:30:00Z");
    world.at("2026-12-01T11:30:00Z");
    let shown = world.run("carol", &format!("person list --as-of {AFTER}"));
    assert_eq!(shown.err.lines().last(), Some(format!("as of entry {seq}, {AFTER}").as_str()), "{}", shown.screen);
    // Without the rule, the newest entry that claims this time or an earlier one would be dave's.
    let shown = world.run("carol", "person list --as-of 2026-12-01T09:45:00Z");
    let before = format!("as of entry {}, 2026-12-01T09:45:00Z", seq - 3);
    assert_eq!(shown.err.lines().last(), Some(before.as_str()), "{}", shown.screen);
}

#[test]
fn with_two_people_there_is_no_witness() {
    let world = World::empty();
    ["alice", "bob"].iter().for_each(|person| world.person(person));
    for person in ["alice", "bob"] {
        world.ok(person, &format!("person request {person} --register prod --out {person}.request"));
    }
    world.ok("alice", "init --name prod --member alice=alice.request:admin --member bob=bob.request:admin,engineer");
    let digest = world.fingerprint();
    world.ok("bob", &format!("seal --register prod.db --fingerprint {digest} --digest {digest}"));
    for time in ["2036-12-01T10:00:00Z", "2026-12-01T10:00:00Z"] {
        world.at(time);
        accepted(&world, "alice", ask(&world), None);
        accepted(&world, "bob", ask(&world), None);
    }
}

#[test]
fn a_machine_witnesses_nothing() {
    let world = with_delegate();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator dave --role engineer");
    second(&world, "bob", "4");
    newcomer(&world, "droid");
    world.ok("alice", "person machine droid=droid.request --operator dave --role engineer");
    second(&world, "bob", "5");
    act(&world, &["alice", "bob", "carol"], BEFORE);
    let fingerprint = world.fingerprint();
    world.at("9996-01-01T00:00:00Z");
    for machine in ["robot", "droid"] {
        world.ok(machine, &format!("note CHG-1 Beep. --fingerprint {fingerprint}"));
    }
    world.at(BEFORE);
    accepted(&world, "frank", suspend(&world), None);
}

#[test]
fn no_machine_has_more_operators_than_can_be_left_out_as_witnesses() {
    let world = World::founded();
    let mut robot = member(&world, "robot", "carol", &[Role::Engineer]);
    robot.grants.operators = (0..33).map(|n| format!("p{n}").parse().unwrap()).collect();
    refused(&world, "alice", enrolling(&world, &[robot]), None, "key-once");
    world.person("robot");
    let mut robot = member(&world, "robot", "robot", &[Role::Engineer]);
    robot.grants.operators = (0..33).map(|n| format!("p{n}").parse().unwrap()).collect();
    forbidden(&world, "alice", enrolling(&world, &[robot]), None, "operator-limit");
    // Former operators count as long as a key from their time is left, and no longer.
    for n in 0..33 {
        world.person(&format!("p{n}"));
    }
    let newcomers: Vec<Member> =
        (0..33).map(|n| format!("p{n}")).map(|id| member(&world, &id, &id, &[Role::Engineer])).collect();
    let mut robot = member(&world, "robot", "robot", &[Role::Engineer]);
    robot.grants.operators = newcomers[..32].iter().map(|it| it.person.clone()).collect();
    world.record_all("alice", [enrolling(&world, &newcomers)]);
    second(&world, "bob", "1");
    world.record_all("alice", [enrolling(&world, &[robot.clone()])]);
    second(&world, "bob", "2");
    let handed_over = |revokes: BTreeSet<Fingerprint>| {
        let replaces = world.state().governance().person(&robot.person).unwrap().unwrap().since;
        let operators = [newcomers[32].person.clone()].into();
        let mut new = NewGrants::new(replaces, Grants { operators, ..Grants::of([Role::Engineer]) });
        new.revokes = revokes;
        propose(&world, Action::Roles([(robot.person.clone(), new)].into()))
    };
    forbidden(&world, "alice", handed_over([].into()), None, "operator-limit");
    accepted(&world, "alice", handed_over([robot.key.fingerprint()].into()), None);
}

/// A proposal that every admin may open.
fn ask(world: &World) -> Event {
    let person: PersonId = "bob".parse().unwrap();
    let replaces = world.state().governance().person(&person).unwrap().unwrap().since;
    let grants = Grants::of([Role::Admin, Role::Approver, Role::Engineer]);
    propose(world, Action::Roles([(person, NewGrants::new(replaces, grants))].into()))
}
