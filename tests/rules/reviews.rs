//! Rules about what follows the finish: reviews, the actions that they ask for, and the close.

use super::prelude::*;

const HEAD: &str = "approvals = 2\napproval_days = 14\n";
const CONFIRM: &str = "[[require]]\nname = 'checked'\nconfirm = true\n";

const REVIEW: &str = "happened = 'Orders were rejected.'\nlearned = 'The pool was never tested.'\n\
                      [[action]]\ntext = 'Test the pool.'\nowner = 'carol'\ndue = 2026-12-20T10:00:00Z\n";

fn prose(words: &str) -> Prose {
    words.parse().unwrap()
}

/// The text of a review with actions of these numbers.
fn words(actions: &[u64]) -> Option<Text> {
    let actions = actions.iter().map(|n| (*n, prose("Test the pool."))).collect();
    let (happened, learned) = (Some(prose("Orders were rejected.")), Some(prose("The pool was never tested.")));
    Some(Text::Review(Box::new(ReviewText { happened, learned, actions, ..ReviewText::default() })))
}

/// A review of a change with these actions.
fn review(world: &World, change: &str, actions: &[(u64, &str, &str)]) -> (Event, Option<Text>) {
    let action = |(number, owner, due): &(u64, &str, &str)| ReviewAction {
        number: *number,
        owner: owner.parse().unwrap(),
        due: due.parse().unwrap(),
    };
    let numbers: Vec<u64> = actions.iter().map(|(n, ..)| *n).collect();
    let actions = actions.iter().map(action).collect();
    (Event::Review(Review { revision: world.revision(change), actions }), words(&numbers))
}

fn done(world: &World, number: u64) -> Event {
    Event::ActionDone(ActionDone { revision: world.revision("CHG-1"), number })
}

fn close(world: &World) -> Event {
    Event::Close(world.revision("CHG-1"))
}

/// CHG-1 of erin, finished with this outcome at 10:00.
fn finished(outcome: &str) -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", &format!("finish CHG-1 --outcome {outcome}"));
    world.write("review.toml", REVIEW);
    world
}

fn status(world: &World, change: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&world.ok("carol", &format!("--json show {change}"))).unwrap();
    json["status"].as_str().unwrap().to_owned()
}

/// Files an emergency of `owner` with a window after the time of the clock, as an event.
fn emergency(world: &World, owner: &str) -> (Event, Option<Text>) {
    filing(world, |facts, _| {
        facts.kind = ChangeKind::Emergency;
        facts.owner = owner.parse().unwrap();
        facts.window = window("2027-03-01T10:00:00Z", "2027-03-01T12:00:00Z");
    })
}

#[test]
fn a_change_is_not_reviewed_before_its_finish() {
    let world = World::approved();
    let (event, text) = review(&world, "CHG-1", &[]);
    forbidden(&world, "erin", event.clone(), text.clone(), "finished");
    world.ok("erin", "start CHG-1");
    forbidden(&world, "erin", event, text, "finished");
    forbidden(&world, "erin", close(&world), None, "finished");
    world.write("review.toml", REVIEW);
    world.fails("erin", "review CHG-1 review.toml", Exit::Refused, "CHG-1 is not finished");
}

#[test]
fn an_auditor_an_admin_and_a_machine_review_nothing() {
    let world = finished("failed");
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator erin --role engineer");
    second(&world, "bob", "1");
    let (event, text) = review(&world, "CHG-1", &[]);
    for person in ["audrey", "alice", "robot"] {
        forbidden(&world, person, event.clone(), text.clone(), "reviewer");
    }
    for person in ["erin", "carol"] {
        accepted(&world, person, event.clone(), text.clone());
    }
    world.fails("audrey", "review CHG-1 review.toml", Exit::Refused, "ask an engineer or an approver");
}

#[test]
fn a_review_says_what_happened_and_what_was_learned() {
    let world = finished("failed");
    let (event, _) = review(&world, "CHG-1", &[]);
    forbidden(&world, "erin", event.clone(), None, "field-required");
    let only = ReviewText { happened: Some(prose("Orders were rejected.")), ..ReviewText::default() };
    forbidden(&world, "erin", event, Some(Text::Review(Box::new(only))), "field-required");
    let (Event::Review(it), text) = review(&world, "CHG-1", &[]) else { unreachable!() };
    let other = Review { revision: RevisionRef { filed: WRONG, ..it.revision }, ..it };
    forbidden(&world, "erin", Event::Review(other), text, "current-revision");
    world.write("bad.toml", "happened = ''\nhindrd = 'x'\n[[action]]\nowner = 'carol'\ndue = 'soon'\n");
    for fault in ["happened: required", "learned: required", "did you mean hindered?", "action[1].text: required"] {
        world.fails("erin", "review CHG-1 bad.toml", Exit::Invalid, fault);
    }
}

#[test]
fn the_actions_of_all_reviews_are_numbered_on() {
    let world = finished("failed");
    let due = "2026-12-20T10:00:00Z";
    for actions in
        [&[(2, "carol", due)][..], &[(1, "carol", due), (1, "carol", due)], &[(1, "carol", due), (3, "erin", due)]]
    {
        let (event, text) = review(&world, "CHG-1", actions);
        let text = text.filter(|_| actions.len() == 1 || actions[0].0 != actions[1].0).or_else(|| words(&[1]));
        refused(&world, "erin", event, text, "action-number");
    }
    let (event, text) = review(&world, "CHG-1", &[(2, "carol", due)]);
    forbidden(&world, "erin", event, text, "action-number");
    world.ok("erin", "review CHG-1 review.toml");
    let (event, text) = review(&world, "CHG-1", &[(1, "carol", due)]);
    forbidden(&world, "dave", event, text, "action-number");
    world.ok("dave", "review CHG-1 review.toml");
    let listed = world.ok("dave", "action list");
    assert!(listed.contains("CHG-1/1") && listed.contains("CHG-1/2"), "{listed}");
}

#[test]
fn an_action_has_an_owner_who_can_see_to_it_and_a_time_to_come() {
    let world = finished("failed");
    for (owner, due, rule) in [
        ("nobody", "2026-12-20T10:00:00Z", "participant-enrolled"),
        ("audrey", "2026-12-20T10:00:00Z", "participant-not-auditor"),
        ("carol", "2026-12-01T10:00:00Z", "action-due"),
    ] {
        let (event, text) = review(&world, "CHG-1", &[(1, owner, due)]);
        forbidden(&world, "erin", event, text, rule);
    }
    let (event, text) = review(&world, "CHG-1", &[(1, "carol", "2026-12-01T10:00:01Z")]);
    accepted(&world, "erin", event, text);
}

#[test]
fn an_action_is_done_by_its_owner_or_the_owner_of_the_change_and_only_once() {
    let world = finished("failed");
    forbidden(&world, "carol", done(&world, 1), None, "action-known");
    world.ok("dave", "review CHG-1 review.toml");
    for number in [2, u64::from(u32::MAX)] {
        forbidden(&world, "carol", done(&world, number), None, "action-known");
    }
    for person in ["dave", "alice"] {
        forbidden(&world, person, done(&world, 1), None, "action-owner");
    }
    let other = RevisionRef { filed: WRONG, ..world.revision("CHG-1") };
    forbidden(&world, "carol", Event::ActionDone(ActionDone { revision: other, number: 1 }), None, "current-revision");
    accepted(&world, "erin", done(&world, 1), None);
    assert!(world.ok("carol", "inbox").contains("CHG-1/1"));
    world.ok("carol", "action done CHG-1/1 --note 'On Friday.'");
    assert!(!world.ok("carol", "inbox").contains("CHG-1/1"));
    forbidden(&world, "carol", done(&world, 1), None, "action-once");
    world.fails("erin", "action done 1/1", Exit::Refused, "action CHG-1/1 is done already");
    let shown = world.ok("carol", "show CHG-1");
    assert!(shown.contains("carol; done by carol") && shown.contains("| On Friday."), "{shown}");
}

#[test]
fn a_closed_change_takes_only_notes_and_actions() {
    let world = finished("succeeded");
    world.ok("dave", "review CHG-1 review.toml");
    for person in ["carol", "alice"] {
        forbidden(&world, person, close(&world), None, "implementer-or-owner");
    }
    let other = Event::Close(RevisionRef { filed: WRONG, ..world.revision("CHG-1") });
    forbidden(&world, "erin", other, None, "current-revision");
    world.ok("erin", "close CHG-1 --note Done.");
    assert_eq!(status(&world, "CHG-1"), "closed");
    let (event, text) = review(&world, "CHG-1", &[]);
    forbidden(&world, "erin", event, text, "closed");
    for event in [close(&world), finish(&world, Outcome::RolledBack)] {
        forbidden(&world, "erin", event, None, "closed");
    }
    let confirm = Event::Confirm(Confirmation { revision: world.revision("CHG-1"), outcome: Outcome::Succeeded });
    forbidden(&world, "carol", confirm, None, "closed");
    forbidden(&world, "erin", start(&world), None, "start-once");
    forbidden(&world, "carol", approve(&world), None, "undecided");
    world.fails("erin", "close CHG-1", Exit::Refused, "CHG-1 is closed");
    world.ok("carol", "action done CHG-1/1");
    world.ok("carol", "note CHG-1 'All is well.'");
    let shown = world.ok("carol", "show CHG-1");
    assert!(shown.contains("closed (succeeded)") && shown.contains("erin closed the change\n| Done."), "{shown}");
}

#[test]
fn a_change_is_not_closed_before_it_is_confirmed_and_reviewed() {
    let world = World::founded_with_spare_approvers();
    enact(&world, &format!("{HEAD}{CONFIRM}"));
    file(&world, &[]);
    ["ivy", "jack"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome rolled-back");
    forbidden(&world, "erin", close(&world), None, "close-confirmed");
    world.fails("erin", "close CHG-1", Exit::Refused, "`twinseal confirm CHG-1`");
    world.ok("carol", "confirm CHG-1");
    forbidden(&world, "erin", close(&world), None, "close-reviewed");
    world.fails("erin", "close CHG-1", Exit::Refused, "`twinseal review CHG-1`");
    world.write("review.toml", REVIEW);
    world.ok("carol", "review CHG-1 review.toml");
    // The open action does not keep it from being closed.
    let said = world.run("erin", "close CHG-1").screen;
    assert!(said.contains("CHG-1 closed; open actions: 1"), "{said}");
}

#[test]
fn a_rollback_after_a_review_asks_for_another() {
    let world = finished("failed");
    world.ok("erin", "review CHG-1 review.toml");
    assert_eq!(status(&world, "CHG-1"), "failed");
    world.at("2026-12-02T10:00:00Z");
    world.ok("erin", "finish CHG-1 --outcome rolled-back");
    assert_eq!(status(&world, "CHG-1"), "in-review");
    forbidden(&world, "erin", close(&world), None, "close-reviewed");
    assert!(world.ok("carol", "show CHG-1").contains("due: 2026-12-16T10:00:00Z"));
}

#[test]
fn a_review_is_due_after_a_bad_outcome_an_emergency_and_a_critical_risk() {
    for (replaced, outcome, expected) in [
        (("\"high\"", "\"high\""), "succeeded", "succeeded"),
        (("\"high\"", "\"high\""), "failed", "in-review"),
        (("\"high\"", "\"high\""), "rolled-back", "in-review"),
        (("\"high\"", "\"critical\""), "succeeded", "in-review"),
        (("\"normal\"", "\"emergency\""), "succeeded", "in-review"),
    ] {
        let world = World::founded();
        file(&world, &[replaced]);
        ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
        world.at("2026-12-01T10:00:00Z");
        world.ok("erin", "start CHG-1");
        world.ok("erin", &format!("finish CHG-1 --outcome {outcome}"));
        assert_eq!(status(&world, "CHG-1"), expected, "{replaced:?} {outcome}");
    }
}

#[test]
fn an_overdue_review_refuses_the_next_emergency_of_its_owner() {
    let world = World::founded();
    enact(&world, &format!("{HEAD}review_days = 7\n"));
    file(&world, &[]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome failed");
    world.at("2026-12-08T09:59:59Z");
    let (event, text) = emergency(&world, "erin");
    accepted(&world, "erin", event, text);
    world.at("2026-12-08T10:00:00Z");
    let (event, text) = emergency(&world, "erin");
    forbidden(&world, "erin", event, text, "review-overdue");
    // Another owner, and another kind of change, are not affected.
    let (event, text) = emergency(&world, "dave");
    accepted(&world, "erin", event, text);
    let (event, text) =
        filing(&world, |facts, _| facts.window = window("2027-03-01T10:00:00Z", "2027-03-01T12:00:00Z"));
    accepted(&world, "erin", event, text);
    // A filed change does not become such an emergency by a revision.
    let later = [("2026-12-01", "2027-03-01")];
    file(&world, &later);
    let (Event::File { facts, execution, .. }, text) = emergency(&world, "erin") else { unreachable!() };
    let revised = Event::Revise { replaces: world.revision("CHG-2"), facts, execution };
    forbidden(&world, "erin", revised, text, "review-overdue");
    world.write("fix.toml", crate::support::CHANGE.replace("normal", "emergency").replace("2026-12-01", "2027-03-01"));
    world.fails("erin", "file fix.toml", Exit::Refused, "`twinseal review CHG-1`");
    assert!(world.ok("erin", "inbox").contains("was due"));
    world.write("review.toml", REVIEW);
    world.ok("dave", "review CHG-1 review.toml");
    world.ok("erin", "file fix.toml");
}

#[test]
fn an_owner_does_not_escape_by_a_machine_that_they_operate() {
    let world = finished("failed");
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator erin --role engineer");
    second(&world, "bob", "1");
    world.at("2027-01-01T10:00:00Z");
    let (event, text) = emergency(&world, "robot");
    forbidden(&world, "erin", event, text, "review-overdue");
}

#[test]
fn a_clock_that_is_set_back_does_not_postpone_an_overdue_review() {
    let world = finished("failed");
    world.at("2026-12-20T10:00:00Z");
    for person in ["alice", "bob", "carol", "dave"] {
        world.ok(person, "note CHG-1 'Still open.'");
    }
    world.at("2026-12-02T10:00:00Z");
    let (event, text) = emergency(&world, "erin");
    forbidden(&world, "erin", event, text, "review-overdue");
}

#[test]
fn the_outcome_of_a_change_in_review_or_closed_is_still_seen() {
    let world = finished("succeeded");
    world.ok("erin", "close CHG-1");
    // What follows it can be started.
    let follows = [("risk =", "follows = [\"CHG-1\"]\nrisk =")];
    file(&world, &follows);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-2"));
    world.ok("erin", "start CHG-2");
    world.ok("erin", "finish CHG-2 --outcome failed");
    file(&world, &[("risk =", "follows = [\"CHG-2\"]\nrisk =")]);
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-3"));
    let start = Event::Start(Start::of(world.revision("CHG-3")));
    forbidden(&world, "erin", start, None, "follows-succeeded");
    let listed = world.ok("carol", "list");
    assert!(listed.contains("closed (succeeded)") && listed.contains("in review (failed)"), "{listed}");
    assert!(world.ok("carol", "list --outcome failed").contains("CHG-2"));
    assert!(!world.ok("carol", "list --outcome failed").contains("CHG-1 "));
    assert!(world.ok("carol", "list --status closed,in-review").contains("CHG-2"));
    let csv = world.ok("carol", "export csv");
    assert!(csv.contains("CHG-1,closed,") && csv.contains("CHG-2,in-review,"), "{csv}");
    world.at("2026-12-20T10:00:00Z");
    assert!(!world.run("carol", "--json action list").screen.contains("error"));
}

#[test]
fn a_redacted_review_still_counts_and_its_actions_stay() {
    let world = finished("failed");
    world.ok("dave", "review CHG-1 review.toml");
    let seq = world.entries() - 1;
    world.ok("alice", &format!("proposal redact {seq} --reason Names."));
    second(&world, "bob", "1");
    let shown = world.ok("carol", "show CHG-1");
    assert!(!shown.contains("never tested") && shown.contains("redacted by proposal 1"), "{shown}");
    assert!(world.ok("carol", "action list").contains("(text redacted)"));
    world.ok("carol", "action done CHG-1/1");
    world.ok("erin", "close CHG-1");
}

#[test]
fn the_editor_opens_on_a_template_with_the_timeline() {
    let world = finished("failed");
    let template = world.ok("erin", "review CHG-1 --template");
    assert!(template.contains("started the change") && !template.contains("carol"), "{template}");
    assert!(template.contains("zone = \"UTC\""), "{template}");
    world.fails("erin", "review CHG-1", Exit::Invalid, "--template");
}

#[test]
fn lists_of_actions_are_filtered_by_owner_and_time() {
    let world = finished("failed");
    world.ok("dave", "review CHG-1 review.toml");
    assert!(world.ok("dave", "action list --owner carol --open").contains("Test the pool."));
    assert!(!world.run("dave", "action list --owner dave").screen.contains("CHG-1/1"));
    assert!(!world.run("dave", "action list --overdue").screen.contains("CHG-1/1"));
    world.at("2026-12-20T10:00:00Z");
    assert!(world.ok("dave", "action list --overdue").contains("overdue"));
    let json: serde_json::Value = serde_json::from_str(&world.ok("dave", "--json action list")).unwrap();
    assert_eq!(json["actions"][0]["text"], "Test the pool.");
}
