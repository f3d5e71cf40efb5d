//! Rules about approvals that are signed away from the register.

use twinseal::format::statement;

use super::effective_time::act;
use super::prelude::*;

/// A statement that carol approves CHG-1, made now and good until the last moment to start.
pub fn statement(world: &World, person: &str) -> Statement {
    Statement {
        revision: world.revision("CHG-1"),
        fingerprint: world.raw(0).leaf(),
        approver: person.parse().unwrap(),
        key: key_of(world, person),
        seen: world.change("CHG-1").last(),
        time: world.now(),
        not_after: "2026-12-01T11:55:00Z".parse().unwrap(),
    }
}

/// The event that submits a statement, signed with the key of `signer`.
pub fn signed(world: &World, signer: &str, statement: Statement) -> Event {
    let message = statement::message(world.state().id().unwrap(), &statement);
    let proof = world.signer(signer).sign(statement::NAMESPACE, message.as_bytes()).unwrap();
    Event::Submit(Box::new(statement::submission(statement, proof)))
}

/// The event that submits what carol signed, after `alter`.
fn altered(world: &World, alter: impl FnOnce(&mut Statement)) -> Event {
    let mut statement = statement(world, "carol");
    alter(&mut statement);
    signed(world, "carol", statement)
}

fn submit(world: &World, by: &str, event: Event) {
    accepted(world, by, event.clone(), None);
    world.force(by, event, None);
    world.ok("audrey", "rebuild");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

fn counted(world: &World) -> Vec<String> {
    let state = world.state();
    let change = state.change("CHG-1".parse().unwrap()).unwrap();
    let tally = change.tally(state.governance(), state.moment(world.now())).unwrap();
    tally.counted.iter().map(|vote| vote.person.to_string()).collect()
}

#[test]
fn a_detached_approval_counts_once_and_as_its_approvers_whoever_carries_it() {
    let world = World::filed();
    // Erin filed the change, and gains nothing by carrying what others signed.
    submit(&world, "erin", altered(&world, |_| {}));
    assert_eq!(counted(&world), ["carol"]);
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    // Of one person one approval counts, however it came into the log.
    world.approve("carol", "CHG-1");
    submit(&world, "audrey", altered(&world, |_| {}));
    assert_eq!(counted(&world), ["carol"]);
    // Whoever submitted another's approval still has one of their own.
    submit(&world, "dave", altered(&world, |it| it.time = "2026-12-01T09:59:59Z".parse().unwrap()));
    assert_eq!(counted(&world), ["carol"]);
    submit(&world, "carol", signed(&world, "dave", statement(&world, "dave")));
    assert_eq!(counted(&world), ["carol", "dave"]);
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_statement_for_another_register_change_or_revision_is_not_submitted() {
    let world = World::filed();
    forbidden(&world, "dave", altered(&world, |it| it.fingerprint = WRONG), None, "statement-register");
    let other = altered(&world, |it| it.revision.change = "CHG-2".parse().unwrap());
    forbidden(&world, "dave", other, None, "change-known");
    forbidden(&world, "dave", altered(&world, |it| it.revision.filed = WRONG), None, "current-revision");
    forbidden(&world, "dave", altered(&world, |it| it.revision.number = 2), None, "current-revision");
    file(&world, &[("160", "170")]);
    let other = altered(&world, |it| it.revision.change = "CHG-2".parse().unwrap());
    forbidden(&world, "dave", other, None, "current-revision");
    let before = altered(&world, |_| {});
    world.ok("erin", "revise CHG-1 change.toml --again");
    forbidden(&world, "dave", before, None, "current-revision");
}

#[test]
fn an_expired_statement_is_not_submitted_whatever_clock_the_submitter_has() {
    let world = World::filed();
    let until = |time: &str| altered(&world, |it| it.not_after = time.parse().unwrap());
    let (short, aged) = (until("2026-12-01T09:30:00Z"), altered(&world, |it| it.time = time("2026-11-17T09:00:00Z")));
    // By its age the policy ends it after 14 days.
    forbidden(&world, "dave", aged, None, "statement-expired");
    accepted(&world, "dave", altered(&world, |it| it.time = time("2026-11-17T09:00:01Z")), None);
    world.at("2026-12-01T09:30:00Z");
    accepted(&world, "dave", short.clone(), None);
    world.at("2026-12-01T09:30:01Z");
    forbidden(&world, "dave", short.clone(), None, "statement-expired");
    // The claims of the submitter and of the approver count for nothing here.
    act(&world, &["alice", "bob", "audrey"], "2026-12-01T09:40:00Z");
    act(&world, &["carol", "dave"], "2026-12-01T09:10:00Z");
    let again = altered(&world, |it| it.not_after = time("2026-12-01T09:30:00Z"));
    forbidden(&world, "dave", again, None, "statement-expired");
}

#[test]
fn a_detached_approval_does_not_count_after_the_moment_that_its_approver_named() {
    let world = World::filed();
    world.approve("dave", "CHG-1");
    submit(&world, "dave", altered(&world, |it| it.not_after = time("2026-12-01T10:10:00Z")));
    world.at("2026-12-01T10:10:00Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T10:10:01Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    assert_eq!(counted(&world), ["dave"]);
    // A clock that is set back does not bring it back.
    act(&world, &["alice", "bob", "audrey"], "2026-12-01T10:20:00Z");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn the_age_of_a_detached_approval_counts_from_its_statement() {
    let world = World::filed();
    world.approve("dave", "CHG-1");
    submit(&world, "dave", altered(&world, |it| it.time = time("2026-11-17T10:30:00Z")));
    world.at("2026-12-01T10:29:59Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T10:30:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn a_statement_from_the_future_is_not_submitted() {
    let world = World::filed();
    forbidden(&world, "dave", altered(&world, |it| it.time = time("2026-12-01T09:05:01Z")), None, "statement-ahead");
    accepted(&world, "dave", altered(&world, |it| it.time = time("2026-12-01T09:05:00Z")), None);
}

#[test]
fn a_statement_by_a_key_that_is_not_the_approvers_or_not_live_is_not_submitted() {
    let world = World::filed();
    let dave = signed(&world, "dave", Statement { key: key_of(&world, "dave"), ..statement(&world, "carol") });
    forbidden(&world, "dave", dave, None, "own-key");
    let before = altered(&world, |_| {});
    world.ok("alice", &format!("key suspend {}", key_of(&world, "carol")));
    forbidden(&world, "dave", before, None, "key-live");
}

#[test]
fn a_key_suspended_after_the_submission_takes_the_approval_away() {
    let world = World::filed();
    world.approve("dave", "CHG-1");
    submit(&world, "dave", altered(&world, |_| {}));
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "erin", start(&world), None);
    world.ok("alice", &format!("key suspend {}", key_of(&world, "carol")));
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn role_and_conflict_of_interest_of_the_approver_are_judged_at_submission_and_at_the_start() {
    let world = World::filed();
    forbidden(&world, "dave", signed(&world, "erin", statement(&world, "erin")), None, "conflict-of-interest");
    forbidden(&world, "dave", signed(&world, "audrey", statement(&world, "audrey")), None, "role");
    world.approve("dave", "CHG-1");
    let carol = altered(&world, |_| {});
    submit(&world, "dave", carol);
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "erin", start(&world), None);
    grant(&world, "carol", "engineer");
    world.ok("alice", "person revoke-role carol approver");
    second(&world, "bob", "2");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn whoever_was_no_approver_yet_when_they_signed_has_not_approved() {
    let world = World::filed();
    open_proposal(&world, "frank", "engineer");
    second(&world, "bob", "1");
    grant(&world, "frank", "approver --from 2026-12-01T09:30:00Z --until 2026-12-02T09:30:00Z");
    let early = signed(&world, "frank", statement(&world, "frank"));
    world.at("2026-12-01T09:40:00Z");
    forbidden(&world, "dave", early, None, "role");
    accepted(&world, "dave", signed(&world, "frank", statement(&world, "frank")), None);
}

#[test]
fn the_same_statement_is_submitted_once() {
    let world = World::filed();
    let once = altered(&world, |_| {});
    submit(&world, "dave", once.clone());
    forbidden(&world, "erin", once.clone(), None, "statement-once");
    // Nor is it brought back after a retraction.
    world.ok("carol", "retract CHG-1 --reason 'The test was of the old build.'");
    forbidden(&world, "erin", once, None, "statement-once");
    assert_eq!(counted(&world), Vec::<String>::new());
}

#[test]
fn a_statement_made_before_a_later_act_of_its_approver_is_not_submitted() {
    let world = World::filed();
    let (first, second) = (altered(&world, |_| {}), altered(&world, |it| it.not_after = time("2026-12-01T11:00:00Z")));
    // The acts of others on the change do not matter.
    world.ok("dave", "note CHG-1 Seen.");
    submit(&world, "dave", first);
    forbidden(&world, "erin", second.clone(), None, "statement-superseded");
    world.ok("carol", "retract CHG-1 --reason 'The test was of the old build.'");
    forbidden(&world, "erin", second, None, "statement-superseded");
    accepted(&world, "erin", altered(&world, |_| {}), None);
    let before = altered(&world, |_| {});
    world.ok("carol", "note CHG-1 Wait.");
    forbidden(&world, "erin", before.clone(), None, "statement-superseded");
    world.ok("carol", "reject CHG-1 --reason 'Not this week.'");
    forbidden(&world, "erin", before, None, "rejected");
}

#[test]
fn a_statement_that_names_no_entry_about_its_change_is_not_submitted() {
    let world = World::filed();
    forbidden(&world, "dave", altered(&world, |it| it.seen = WRONG), None, "statement-seen");
    world.ok("alice", "person grant carol --group dba");
    let governance = world.raw(world.entries() - 1).leaf();
    forbidden(&world, "dave", altered(&world, |it| it.seen = governance), None, "statement-seen");
    file(&world, &[("160", "170")]);
    let other = world.change("CHG-2").last();
    forbidden(&world, "dave", altered(&world, |it| it.seen = other), None, "statement-seen");
}

#[test]
fn a_change_that_is_withdrawn_or_started_takes_no_detached_approval() {
    let world = World::approved();
    let before = signed(&world, "dave", statement(&world, "dave"));
    world.ok("erin", "start CHG-1");
    forbidden(&world, "carol", before, None, "undecided");
    let world = World::filed();
    let before = altered(&world, |_| {});
    world.ok("erin", "withdraw CHG-1 --reason 'Not needed.'");
    forbidden(&world, "dave", before, None, "withdrawn");
}

/// The findings about an entry of dave's that submits a statement with a false proof.
fn proof_findings(world: &World, event: &Event) -> Vec<String> {
    let header = world.header("dave", event);
    let body = body::write(&header, event);
    let signature = world.signer("dave").sign(&body::namespace(event.kind()), body.as_bytes()).unwrap();
    let blob = format!("{body}\nsig {}\n", data_encoding::BASE64.encode(&signature)).into_bytes();
    world.insert(&Raw { seq: header.seq, blob, text: None, data: None });
    let findings = world.findings("audrey");
    world.tamper(&format!("DELETE FROM entry WHERE seq = {}", header.seq));
    findings
}

#[test]
fn a_statement_that_was_not_signed_as_one_is_found_in_the_log() {
    let world = World::filed();
    let statement = statement(&world, "carol");
    let id = world.state().id().unwrap().clone();
    let message =
        |register: &str, statement: &Statement| statement::message(&register.parse().unwrap(), statement).into_bytes();
    let (own, other) = (id.to_string(), format!("prod#{}", "0".repeat(32)));
    let later = Statement { not_after: time("2026-12-31T00:00:00Z"), ..statement.clone() };
    let approval = body::namespace(EventKind::Approve);
    for (namespace, signer, signed) in [
        (approval.as_str(), "carol", message(&own, &statement)),
        (request::NAMESPACE, "carol", message(&own, &statement)),
        (statement::NAMESPACE, "dave", message(&own, &statement)),
        (statement::NAMESPACE, "carol", message(&own, &later)),
        (statement::NAMESPACE, "carol", message(&other, &statement)),
    ] {
        let proof = world.signer(signer).sign(namespace, &signed).unwrap();
        let event = Event::Submit(Box::new(statement::submission(statement.clone(), proof)));
        let findings = proof_findings(&world, &event);
        assert!(findings.len() == 1 && findings[0].contains(": [proof] "), "{namespace} {signer}: {findings:#?}");
    }
    // Nor does a true signature serve another statement.
    let proof = world.signer("carol").sign(statement::NAMESPACE, &message(&own, &statement)).unwrap();
    let event = Event::Submit(Box::new(statement::submission(later, proof)));
    assert!(proof_findings(&world, &event)[0].contains(": [proof] "));
    submit(&world, "dave", altered(&world, |_| {}));
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
}
