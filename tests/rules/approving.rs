//! Approving, rejecting, retracting, revising, withdrawing.

use super::prelude::*;

#[test]
fn nobody_decides_a_change_that_there_is_not() {
    let world = World::filed();
    world.fails("carol", "reject CHG-2 --reason no", Exit::Invalid, "no change CHG-2");
    let revision = RevisionRef { change: "CHG-2".parse().unwrap(), ..world.revision("CHG-1") };
    forbidden(&world, "carol", Event::Approve(revision), None, "change-known");
    forbidden(&world, "carol", Event::Reject(revision), reason("No."), "change-known");
    forbidden(&world, "erin", Event::Start(Start::of(revision)), None, "change-known");
    forbidden(&world, "erin", Event::Finish(Finish::of(revision, Outcome::Failed)), None, "change-known");
}

#[test]
fn nobody_decides_another_revision_than_the_current_one() {
    // No command reaches this rule: commands name the current revision, or report that another one was read.
    let world = World::approved();
    let current = world.revision("CHG-1");
    for revision in [RevisionRef { filed: WRONG, ..current }, RevisionRef { number: 2, ..current }] {
        forbidden(&world, "carol", Event::Approve(revision), None, "current-revision");
        forbidden(&world, "carol", Event::Reject(revision), reason("No."), "current-revision");
        forbidden(&world, "erin", Event::Start(Start::of(revision)), None, "current-revision");
        forbidden(&world, "erin", Event::Finish(Finish::of(revision, Outcome::Failed)), None, "current-revision");
    }
}

#[test]
fn nobody_approves_what_they_filed() {
    let world = World::founded_with_spare_approvers();
    // erin is not an owner or implementer here, so only the filing causes the conflict.
    file(&world, &[("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]")]);
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("erin", &command, Exit::Refused, "you cannot approve CHG-1 because you filed or revised it");
    forbidden(&world, "erin", approve(&world), None, "conflict-of-interest");
}

#[test]
fn nobody_approves_what_they_own_or_implement() {
    let world = World::founded_with_spare_approvers();
    file(&world, &[("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]")]);
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    for (person, conflict) in [("carol", "you own it"), ("dave", "you implement it")] {
        world.fails(person, &command, Exit::Refused, &format!("you cannot approve CHG-1 because {conflict}"));
        forbidden(&world, person, approve(&world), None, "conflict-of-interest");
    }
}

#[test]
fn nothing_is_decided_after_the_start() {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    let command = "reject CHG-1 --reason 'Too late.'";
    world.fails("carol", command, Exit::Refused, "CHG-1 is in progress: nothing left to decide");
    for status in ["in-progress", "succeeded"] {
        forbidden(&world, "carol", approve(&world), None, "undecided");
        forbidden(&world, "carol", Event::Reject(world.revision("CHG-1")), reason("No."), "undecided");
        if status == "in-progress" {
            world.ok("erin", "finish CHG-1 --outcome succeeded");
        }
    }
}

#[test]
fn nobody_rejects_without_a_reason() {
    let world = World::filed();
    let reject = Event::Reject(world.revision("CHG-1"));
    world.fails("carol", "reject CHG-1", Exit::Invalid, "--reason");
    world.fails("carol", "reject CHG-1 --reason ' '", Exit::Invalid, "empty");
    forbidden(&world, "carol", reject.clone(), None, "reason-required");
    accepted(&world, "carol", reject, reason("No."));
}

/// An event that revises CHG-1 to [`CHANGE`], after `alter`.
fn revising(world: &World, alter: impl FnOnce(&mut Facts, &mut Description)) -> (Event, Option<Text>) {
    let (event, text) = filing(world, alter);
    super::revising(world, (event, text))
}

#[test]
fn a_revision_voids_every_approval() {
    let world = World::approved();
    accepted(&world, "erin", start(&world), None);
    let output = world.run("erin", "revise CHG-1 change.toml --again");
    assert!(output.err.contains("no longer counted: carol, dave"), "{}", output.screen);
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.approve("carol", "CHG-1");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.approve("dave", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn nobody_approves_or_replaces_a_revision_that_was_replaced() {
    let world = World::filed();
    let (old, (again, text)) = (approve(&world), revising(&world, |_, _| {}));
    world.ok("erin", "revise CHG-1 change.toml --again");
    forbidden(&world, "carol", old, None, "current-revision");
    forbidden(&world, "erin", again, text, "current-revision");
}

#[test]
fn nobody_approves_what_they_owned_in_an_earlier_revision() {
    let world = World::founded_with_spare_approvers();
    file(&world, &[("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]")]);
    world.write("change.toml", CHANGE);
    world.ok("carol", "revise CHG-1 change.toml --again");
    forbidden(&world, "carol", approve(&world), None, "conflict-of-interest");
    forbidden(&world, "dave", approve(&world), None, "conflict-of-interest");
    forbidden(&world, "erin", approve(&world), None, "conflict-of-interest");
}

#[test]
fn nobody_approves_what_a_later_revision_gives_them() {
    let world = World::founded_with_spare_approvers();
    file(&world, &[]);
    let change = CHANGE.replace("owner = \"erin\"", "owner = \"carol\"\nimplementers = [\"dave\"]");
    world.write("change.toml", change);
    world.ok("erin", "revise CHG-1 change.toml --again");
    forbidden(&world, "carol", approve(&world), None, "conflict-of-interest");
    forbidden(&world, "dave", approve(&world), None, "conflict-of-interest");
}

#[test]
fn nobody_revises_or_withdraws_what_is_not_theirs() {
    let world = World::filed();
    let (event, text) = revising(&world, |_, _| {});
    forbidden(&world, "carol", event, text, "requester-or-owner");
    forbidden(&world, "alice", Event::ChangeWithdraw(world.revision("CHG-1")), None, "requester-or-owner");
    world.fails("carol", "withdraw CHG-1", Exit::Refused, "carol did not file or revise CHG-1, and does not own it");
}

#[test]
fn a_revision_is_judged_like_a_filing() {
    let world = World::filed();
    let (event, text) = revising(&world, |facts, _| facts.owner = "mallory".parse().unwrap());
    forbidden(&world, "erin", event, text, "participant-enrolled");
    let (event, text) = revising(&world, |_, words| words.rollback.clear());
    forbidden(&world, "erin", event, text, "field-required");
}

#[test]
fn nothing_happens_to_a_change_that_was_withdrawn() {
    let world = World::approved();
    let at = world.revision("CHG-1");
    let output = world.run_typing("erin", "withdraw CHG-1", &["CHG-2"]);
    assert!(output.exit == Exit::Refused && output.err.contains("cannot be started or revised"), "{}", output.screen);
    world.ok("erin", "withdraw CHG-1 --reason 'Overtaken by the new release.'");
    assert!(world.ok("carol", "show CHG-1").contains("Overtaken by the new release."));
    let complaint = "CHG-1 is withdrawn";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    let (revise, text) = revising(&world, |_, _| {});
    forbidden(&world, "erin", revise, text, "withdrawn");
    for (person, event) in [
        ("erin", start(&world)),
        ("carol", approve(&world)),
        ("carol", Event::Reject(at)),
        ("carol", Event::Retract(at)),
        ("erin", Event::ChangeWithdraw(at)),
    ] {
        forbidden(&world, person, event, None, "withdrawn");
    }
    accepted(&world, "audrey", Event::Note(at.change), Some(Text::Remark(Field::Note, "Why?".parse().unwrap())));
}

#[test]
fn an_approval_that_was_taken_back_does_not_count() {
    let world = World::approved();
    world.ok("dave", "retract CHG-1 --reason 'The test was of the old build.'");
    assert!(world.ok("carol", "show CHG-1").contains("The test was of the old build."));
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    forbidden(&world, "dave", Event::Retract(world.revision("CHG-1")), reason("Again."), "own-approval");
    world.approve("dave", "CHG-1");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn nobody_takes_back_what_they_did_not_approve() {
    let world = World::approved();
    let retract = Event::Retract(world.revision("CHG-1"));
    forbidden(&world, "erin", retract.clone(), reason("I do not like it."), "own-approval");
    forbidden(&world, "dave", retract, None, "reason-required");
}

#[test]
fn nothing_is_taken_back_revised_or_withdrawn_after_the_start() {
    let world = World::approved();
    let at = world.revision("CHG-1");
    world.ok("erin", "start CHG-1");
    forbidden(&world, "dave", Event::Retract(at), reason("Too late."), "undecided");
    forbidden(&world, "erin", Event::ChangeWithdraw(at), None, "undecided");
    let (event, text) = revising(&world, |_, _| {});
    forbidden(&world, "erin", event, text, "undecided");
}

#[test]
fn no_note_is_empty() {
    let world = World::filed();
    let note = Event::Note("CHG-1".parse().unwrap());
    forbidden(&world, "audrey", note, None, "note-required");
    world.ok("audrey", "note CHG-1 'Seen in the audit of the fourth quarter.'");
    assert!(world.ok("carol", "show CHG-1").contains("Seen in the audit of the fourth quarter."));
}

/// A change approved by carol and dave, and rejected by a third approver.
fn rejected() -> World {
    let world = World::founded_with_spare_approvers();
    open_proposal(&world, "frank", "approver");
    second(&world, "bob", "1");
    file(&world, &[]);
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "erin", start(&world), None);
    world.ok("frank", &format!("reject CHG-1 --reason 'Not today.' --fingerprint {}", world.fingerprint()));
    world
}

#[test]
fn one_rejection_blocks_two_approvals() {
    let world = rejected();
    let complaint = "CHG-1 is rejected by frank";
    world.fails("erin", "start CHG-1", Exit::Refused, complaint);
    forbidden(&world, "erin", start(&world), None, "rejected");
    let command = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    world.fails("carol", &command, Exit::Refused, complaint);
    forbidden(&world, "carol", approve(&world), None, "rejected");
}

#[test]
fn nobody_takes_back_a_rejection_by_approving() {
    let world = rejected();
    forbidden(&world, "frank", approve(&world), None, "rejected");
}

#[test]
fn no_author_approves_in_any_revision() {
    let world = World::founded_with_spare_approvers();
    file(&world, &[("risk =", "authors = [\"carol\", \"external vendor-jane\"]\nrisk =")]);
    let command = || format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
    let complaint = "you cannot approve CHG-1 because you are an author of it";
    world.fails("carol", &command(), Exit::Refused, complaint);
    forbidden(&world, "carol", approve(&world), None, "conflict-of-interest");
    accepted(&world, "dave", approve(&world), None);
    // A later revision that no longer names the author changes nothing.
    world.write("change.toml", CHANGE.replace("160", "150"));
    world.ok("erin", "revise CHG-1 change.toml --again");
    world.fails("carol", &command(), Exit::Refused, complaint);
    forbidden(&world, "carol", approve(&world), None, "conflict-of-interest");
}

#[test]
fn nobody_approves_what_a_machine_wrote_that_they_operate() {
    let world = World::founded_with_spare_approvers();
    newcomer(&world, "robot");
    world.ok("alice", "person machine robot=robot.request --operator dave --role engineer");
    second(&world, "bob", "1");
    file(&world, &[("risk =", "authors = [\"robot\"]\nrisk =")]);
    forbidden(&world, "dave", approve(&world), None, "conflict-of-interest");
    accepted(&world, "carol", approve(&world), None);
}
