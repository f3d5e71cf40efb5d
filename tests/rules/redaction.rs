//! Rules about stale proposals, redacted texts and recorded refusals.

use super::prelude::*;

#[test]
fn a_proposal_lapses_with_its_proposer() {
    let world = World::founded();
    world.ok("alice", "person grant erin admin");
    second(&world, "bob", "1");
    world.ok("erin", "person grant carol engineer");
    // The key that signed the proposal is suspended, and the suspension is then lifted.
    world.ok("alice", &format!("key suspend {}", key_of(&world, "erin")));
    let complaint = "proposal 2 lapsed: its proposer erin is no longer an admin, or their signing key is not live";
    let at = proposal(&world, "2");
    world.fails("bob", &format!("proposal second 2 --digest {}", at.opened), Exit::Refused, complaint);
    forbidden(&world, "bob", Event::Second(at), None, "proposer-admin");
    world.ok("alice", &format!("key lift {}", key_of(&world, "erin")));
    second(&world, "bob", "3");
    accepted(&world, "bob", Event::Second(at), None);
    // The proposer is no longer an admin.
    world.ok("alice", "person revoke-role erin admin");
    second(&world, "bob", "4");
    forbidden(&world, "bob", Event::Second(at), None, "proposer-admin");
}

#[test]
fn a_proposal_lapses_with_what_it_replaces() {
    let world = World::founded();
    world.ok("alice", "person grant carol engineer");
    world.ok("alice", "person grant carol --group dba");
    world.ok("alice", "person retire carol");
    second(&world, "bob", "1");
    for number in ["2", "3"] {
        forbidden(&world, "bob", Event::Second(proposal(&world, number)), None, "proposal-not-stale");
    }
    let person: PersonId = "carol".parse().unwrap();
    let grants = Grants::of([Role::Approver]);
    for replaces in [WRONG, Digest::NONE] {
        let new = NewGrants::new(replaces, grants.clone());
        let event = propose(&world, Action::Roles([(person.clone(), new)].into()));
        forbidden(&world, "alice", event, None, "proposal-not-stale");
        let event = propose(&world, Action::Retire { person: "dave".parse().unwrap(), replaces });
        forbidden(&world, "alice", event, None, "proposal-not-stale");
    }
}

#[test]
fn a_proposal_lifts_no_other_suspension_than_the_one_that_it_was_about() {
    let world = World::founded();
    let key = key_of(&world, "dave");
    world.ok("bob", &format!("key suspend {key} --reason 'Left on the train.'"));
    world.ok("bob", &format!("key lift {key} --reason 'It was found.'"));
    world.ok("bob", &format!("key lift {key} --reason 'It was found, again.'"));
    second(&world, "alice", "1");
    world.ok("bob", &format!("key suspend {key} --reason 'Stolen.'"));
    forbidden(&world, "alice", Event::Second(proposal(&world, "2")), None, "proposal-not-stale");
}

#[test]
fn no_proposal_changes_nothing() {
    let world = World::founded();
    world.fails("alice", "person grant carol approver", Exit::Refused, "the proposal would change nothing");
    let replaces = world.state().governance().person(&"carol".parse().unwrap()).unwrap().unwrap().since;
    let new = NewGrants::new(replaces, Grants::of([Role::Approver]));
    let same = Action::Roles([("carol".parse().unwrap(), new)].into());
    forbidden(&world, "alice", propose(&world, same), None, "proposal-has-effect");
}

/// Redacts the text of CHG-1, filed by erin.
fn redacted(world: &World) {
    let seq = world.change("CHG-1").current().seq;
    world.ok("alice", &format!("proposal redact {seq} --reason 'It holds a password.'"));
    let number = world.state().governance().proposals().to_string();
    second(world, "bob", &number);
}

#[test]
fn nobody_approves_or_starts_what_cannot_be_read_any_more() {
    let world = World::approved();
    accepted(&world, "erin", start(&world), None);
    redacted(&world);
    forbidden(&world, "erin", start(&world), None, "revision-redacted");
    forbidden(&world, "carol", approve(&world), None, "revision-redacted");
    let complaint = "the text of the current revision of CHG-1 was redacted";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    // It can still be rejected, and revised without the redacted text.
    accepted(&world, "carol", Event::Reject(world.revision("CHG-1")), reason("Gone."));
    world.ok("erin", "revise CHG-1 change.toml");
    accepted(&world, "carol", approve(&world), None);
}

#[test]
fn nobody_seconds_a_proposal_that_cannot_be_read_any_more() {
    let world = World::founded();
    world.ok("alice", "person grant carol engineer --reason 'secret'");
    let at = proposal(&world, "1");
    let seq = world.state().governance().proposal(at.proposal).unwrap().seq;
    world.ok("alice", &format!("proposal redact {seq} --reason 'It holds a password.'"));
    accepted(&world, "bob", Event::Second(at), None);
    second(&world, "bob", "2");
    forbidden(&world, "bob", Event::Second(at), None, "proposal-redacted");
}

#[test]
fn nothing_is_redacted_before_it_is_written() {
    let world = World::filed();
    let head = world.entries();
    for seq in [head, head + 1] {
        let event = propose(&world, Action::Redact([(seq, WRONG)].into()));
        forbidden(&world, "alice", event, None, "redact-earlier");
    }
    world.fails("alice", "proposal redact 1 --reason why", Exit::Invalid, "entry 1 has no text to redact");
    world.fails("alice", &format!("proposal redact {head} --reason why"), Exit::Invalid, "no entry");
    world.fails("alice", "proposal redact two --reason why", Exit::Invalid, "not a number");
    redacted(&world);
    world.fails("alice", "proposal redact 2 --reason why", Exit::Invalid, "already redacted");
    let text = world.change("CHG-1").current().text.as_ref().unwrap().digest;
    forbidden(&world, "alice", propose(&world, Action::Redact([(2, text)].into())), None, "proposal-has-effect");
    forbidden(&world, "alice", propose(&world, Action::Redact([].into())), None, "proposal-has-effect");
}

#[test]
fn no_text_is_redacted_that_an_entry_does_not_have() {
    let world = World::filed();
    let text = world.change("CHG-1").current().text.as_ref().unwrap().digest;
    for (seq, digest) in [(2, WRONG), (1, WRONG), (1, text)] {
        let event = propose(&world, Action::Redact([(seq, digest)].into()));
        forbidden(&world, "alice", event, None, "redact-text");
    }
    // One wrong line is enough.
    let event = propose(&world, Action::Redact([(1, WRONG), (2, text)].into()));
    forbidden(&world, "alice", event, None, "redact-text");
    // Two proposals for one text: the second one would redact nothing.
    world.ok("alice", "proposal redact 2 --reason why");
    world.ok("alice", "proposal redact 2 --reason 'why, again'");
    second(&world, "bob", "1");
    forbidden(&world, "bob", Event::Second(proposal(&world, "2")), None, "proposal-has-effect");
}

#[test]
fn an_attempt_is_recorded_only_if_it_is_refused_and_once() {
    let world = World::filed();
    let own = RefusedAttempt::Approve(world.revision("CHG-1"));
    let refusal =
        |attempt: &RefusedAttempt, rule: &str| Event::Refused { attempt: attempt.clone(), rule: rule.parse().unwrap() };
    // A refusal must name the rule that refuses, and an allowed attempt is not recorded as refused.
    forbidden(&world, "erin", refusal(&own, "rejected"), None, "refused");
    forbidden(&world, "carol", refusal(&own, "conflict-of-interest"), None, "refused");
    let approve = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    let before = world.entries();
    let output = world.run("erin", &approve);
    assert_eq!((output.exit, world.entries()), (Exit::Refused, before + 1), "{}", output.screen);
    assert!(output.err.contains(&format!("(recorded as entry {before})")), "{}", output.screen);
    let output = world.run("erin", &approve);
    assert_eq!((output.exit, world.entries()), (Exit::Refused, before + 1), "{}", output.screen);
    forbidden(&world, "erin", refusal(&own, "conflict-of-interest"), None, "refused-once");
    assert!(world.ok("carol", "show CHG-1").contains("erin tried to approve: refused (conflict-of-interest)"));
    // It changes no state, and does not prevent the same record for another person.
    let own = RefusedAttempt::Start(Start::of(world.revision("CHG-1")));
    accepted(&world, "carol", refusal(&own, "implementer"), None);
    accepted(&world, "erin", refusal(&own, "enough-approvals"), None);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn an_attempt_to_second_is_recorded_likewise() {
    let world = World::founded();
    open_proposal(&world, "frank", "approver");
    let at = proposal(&world, "1");
    let refusal = |rule: &str| Event::Refused { attempt: RefusedAttempt::Second(at), rule: rule.parse().unwrap() };
    forbidden(&world, "bob", refusal("proposal-by-two"), None, "refused");
    forbidden(&world, "alice", refusal("proposal-open"), None, "refused");
    let second = format!("proposal second 1 --digest {}", at.opened);
    world.fails(
        "alice",
        &second,
        Exit::Refused,
        "you proposed proposal 1; another admin must second it (recorded as entry 3)",
    );
    world.fails("alice", &second, Exit::Refused, "another admin must second it");
    assert_eq!(world.entries(), 4);
    forbidden(&world, "alice", refusal("proposal-by-two"), None, "refused-once");
    accepted(&world, "carol", refusal("role"), None);
    let other = ProposalRef { proposal: "2".parse().unwrap(), ..at };
    let unknown = Event::Refused { attempt: RefusedAttempt::Second(other), rule: "proposal-known".parse().unwrap() };
    forbidden(&world, "bob", unknown, None, "proposal-known");
}

#[test]
fn nobody_without_a_live_key_leaves_a_trace_of_an_attempt() {
    let world = World::filed();
    world.ok("bob", &format!("key suspend {}", key_of(&world, "dave")));
    let before = world.entries();
    let approve = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("dave", &approve, Exit::Refused, "is suspended");
    assert_eq!(world.entries(), before);
    let attempt = RefusedAttempt::Approve(world.revision("CHG-1"));
    let event = Event::Refused { attempt, rule: "key-live".parse().unwrap() };
    forbidden(&world, "dave", event, None, "key-live");
}
