//! Rules about deviations: anybody tells what was done outside the register, and two approvers who had no part in it review
//! that. It stays unauthorised.

use super::breakglass::done;
use super::prelude::*;

fn told(by: &[&str]) -> Box<Told> {
    let by = by.iter().map(|it| it.parse().unwrap()).collect();
    Box::new(Told { done: "2026-12-01T08:00:00Z".parse().unwrap(), by, services: BTreeSet::new(), incident: None })
}

fn record(world: &World, by: &[&str]) -> Event {
    Event::DeviationRecord { id: world.state().next_deviation(), told: told(by) }
}

fn one() -> DeviationId {
    "DEV-1".parse().unwrap()
}

fn review(world: &World) -> Event {
    let recorded = world.state().deviation(one()).map_or(WRONG, |it| it.recorded().leaf);
    Event::DeviationReview { id: one(), recorded }
}

/// A register with ivy and jack as further approvers, in which carol told what dave and somebody outside did.
fn recorded() -> World {
    let world = World::founded_with_spare_approvers();
    world
        .write("told.toml", "done = 2026-12-01T08:00:00Z\nby = ['dave', 'external acme']\nwhat = 'Restarted gw-01.'\n");
    world.ok("carol", "deviation record told.toml");
    world
}

fn reviewed_by(world: &World, person: &str) {
    let digest = world.state().deviation(one()).unwrap().recorded().leaf;
    world.ok(person, &format!("deviation review DEV-1 --digest {digest}"));
}

#[test]
fn a_deviation_has_the_next_number_and_says_what_was_done() {
    let world = World::founded();
    let second = Event::DeviationRecord { id: "DEV-2".parse().unwrap(), told: told(&[]) };
    forbidden(&world, "erin", second, done("Restarted gw-01."), "deviation-number");
    forbidden(&world, "erin", record(&world, &[]), None, "deviation-report");
    forbidden(&world, "erin", record(&world, &["nobody"]), done("Restarted gw-01."), "author-enrolled");
    accepted(&world, "erin", record(&world, &["erin", "external acme"]), done("Restarted gw-01."));
    // Anybody tells it: an admin, an auditor.
    for person in ["alice", "audrey"] {
        accepted(&world, person, record(&world, &[]), done("Restarted gw-01."));
    }
}

#[test]
fn a_deviation_is_told_afterwards() {
    let world = World::founded();
    let later = Told { done: "2026-12-01T09:00:01Z".parse().unwrap(), ..*told(&[]) };
    let event = Event::DeviationRecord { id: one(), told: Box::new(later) };
    forbidden(&world, "erin", event, done("Restarted gw-01."), "deviation-time");
    world.write("told.toml", "done = 2026-12-01T10:00:00Z\nwhat = 'Restarted gw-01.'\n");
    world.fails("erin", "deviation record told.toml", Exit::Refused, "`twinseal breakglass open`");
}

#[test]
fn an_unknown_deviation_is_not_reviewed() {
    let world = World::founded();
    forbidden(&world, "carol", review(&world), None, "deviation-known");
    world.fails("carol", "deviation show DEV-1", Exit::Invalid, "no deviation DEV-1");
}

#[test]
fn neither_who_told_a_deviation_nor_who_did_it_reviews_it() {
    let world = recorded();
    forbidden(&world, "carol", review(&world), None, "deviation-part");
    forbidden(&world, "dave", review(&world), None, "deviation-part");
    forbidden(&world, "alice", review(&world), None, "role");
    enact(&world, "approvals = 2\napproval_days = 14\nseparate = ['admin-approver']\n");
    grant(&world, "alice", "approver");
    forbidden(&world, "alice", review(&world), None, "separate-duties");
    accepted(&world, "ivy", review(&world), None);
}

#[test]
fn an_operator_does_not_review_what_their_machine_told_or_did() {
    let world = World::founded_with_spare_approvers();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator ivy --role engineer");
    second(&world, "bob", "1");
    world.write("told.toml", "done = 2026-12-01T08:00:00Z\nby = ['robot']\nwhat = 'Restarted gw-01.'\n");
    world.ok("carol", "deviation record told.toml");
    forbidden(&world, "ivy", review(&world), None, "deviation-part");
    accepted(&world, "jack", review(&world), None);
}

#[test]
fn two_approvers_review_a_deviation_each_once() {
    let world = recorded();
    let other = Event::DeviationReview { id: one(), recorded: WRONG };
    forbidden(&world, "ivy", other, None, "deviation-record-known");
    reviewed_by(&world, "ivy");
    forbidden(&world, "ivy", review(&world), None, "deviation-review-once");
    assert!(world.ok("erin", "deviation list").contains("unreviewed (1 of 2)"));
    reviewed_by(&world, "jack");
    let shown = world.ok("erin", "deviation show DEV-1");
    assert!(shown.contains("unauthorised") && shown.contains("reviewed (2 of 2)"), "{shown}");
    forbidden(&world, "erin", review(&world), None, "deviation-undecided");
    // No change was executed by it.
    assert!(!world.ok("audrey", "export csv").contains("DEV-1"));
}

#[test]
fn a_review_by_a_key_that_was_suspended_before_the_second_does_not_count() {
    let world = recorded();
    reviewed_by(&world, "ivy");
    world.ok("alice", &format!("key suspend {}", key_of(&world, "ivy")));
    reviewed_by(&world, "jack");
    assert!(world.ok("erin", "deviation list").contains("unreviewed (1 of 2)"));
    reviewed_by(&world, "erin");
    assert!(world.ok("erin", "deviation list").contains("reviewed (2 of 2)"));
}

#[test]
fn a_deviation_whose_text_was_redacted_is_not_reviewed() {
    let world = recorded();
    let seq = world.entries() - 1;
    world.ok("alice", &format!("proposal redact {seq} --reason Names."));
    second(&world, "bob", "1");
    forbidden(&world, "ivy", review(&world), None, "deviation-redacted");
    assert!(world.ok("ivy", "deviation show DEV-1").contains("redacted by proposal 1"));
}
