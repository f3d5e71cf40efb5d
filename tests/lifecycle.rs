//! The road from a filed change to a verified log, as people walk it.

use crate::support::{CHANGE, World};
use twinseal::error::Exit;

#[test]
fn two_people_sign_and_the_change_runs() {
    let world = World::filed();
    world.fails("erin", "start CHG-1", Exit::Refused, "0 of 2 approvals");
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world.fails("erin", "start CHG-1", Exit::Refused, "1 of 2 approvals");
    world.approve("dave", "CHG-1");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome failed --note 'The pool did not grow.'");
    world.ok("erin", "finish CHG-1 --outcome rolled-back");
    assert!(world.ok("audrey", "list").contains("rolled back"));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn an_approver_signs_only_what_was_shown() {
    let world = World::filed();
    let wrong = "0".repeat(64);
    world.fails("carol", "approve CHG-1", Exit::Invalid, "--revision DIGEST is required");
    world.fails(
        "carol",
        &format!("approve CHG-1 --revision {wrong}"),
        Exit::Invalid,
        "does not match the current digest",
    );
    let output = world.run_typing("carol", "approve CHG-1", &["CHG-2"]);
    assert_eq!((output.exit, world.entries()), (Exit::Refused, 3), "{}", output.screen);
    let output = world.run_typing("carol", "approve CHG-1", &["CHG-1"]);
    assert_eq!((output.exit, world.entries()), (Exit::Done, 4), "{}", output.screen);
    for shown in ["Set the pool to 160.", "Set it back to 80.", &world.revision("CHG-1").filed.to_string()] {
        assert!(output.screen.contains(shown), "{shown}\n{}", output.screen);
    }
}

#[test]
fn an_approver_sees_what_changed_since_they_signed() {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    world.write("change.toml", CHANGE.replace("pool to 160", "pool to 144").replace("= 5", "= 10"));
    world.ok("erin", "revise CHG-1 change.toml --again");
    let output = world.run_typing("carol", "approve CHG-1", &["CHG-1"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    for shown in [
        "since revision 1, which you approved",
        "\n-| 1. Set the pool to 160.\n+| 1. Set the pool to 144.\n",
        "\n-= rollback-minutes 5\n+= rollback-minutes 10\n",
    ] {
        assert!(output.screen.contains(shown), "{shown}\n{}", output.screen);
    }
    let output = world.run_typing("dave", "approve CHG-1", &["CHG-1"]);
    assert!(output.screen.contains("since revision 1, the previous one"), "{}", output.screen);
    assert!(world.ok("erin", "diff CHG-1").contains("\n-| 1. Set the pool to 160.\n+| 1. Set the pool to 144."));
    assert!(world.run("erin", "diff CHG-1 1..1").err.contains("no differences"));
    world.fails("erin", "diff CHG-1 1..3", Exit::Invalid, "CHG-1 has no revision 3");
    world.fails("erin", "diff CHG-1 1-2", Exit::Invalid, "1..3");
}

#[test]
fn who_one_means_to_be_does_not_change_what_is_shown() {
    let world = World::filed();
    let log = world.ok("carol", "log");
    assert_eq!(world.ok("carol", "log --as carol"), log);
    assert_eq!(world.ok("carol", "--as carol log"), log);
    assert_eq!(world.ok("carol", "--as carol person show erin"), world.ok("carol", "person show erin"));
    world.fails("carol", "reject CHG-1 --reason no --as dave", Exit::Refused, "the key belongs to carol");
}

#[test]
fn nothing_is_signed_unseen_and_no_file_overwritten() {
    let world = World::filed();
    let output = world.run_typing("carol", "approve CHG-1", &["CHG-1"]);
    assert!(output.err.contains("Set it back to 80.") && output.out.is_empty(), "{}", output.screen);
    let key = std::fs::read(world.path("people/erin/key")).unwrap();
    let request = "person request erin --register other --out people/erin/key";
    world.fails("erin", request, Exit::Invalid, "cannot create people/erin/key: File exists");
    assert_eq!(std::fs::read(world.path("people/erin/key")).unwrap(), key);
}

#[test]
fn the_inbox_holds_what_waits_for_somebody_and_nothing_else() {
    let world = World::filed();
    let empty = |person: &str| {
        let output = world.run(person, "inbox");
        assert_eq!(output.err, format!("inbox of {person} is empty\n"), "{}", output.screen);
    };
    let holds = |person: &str, line: &str| {
        let inbox = world.ok(person, "inbox");
        assert!(inbox.lines().count() == 5 && inbox.contains(line), "{person}: {line}\n{inbox}");
    };
    holds(
        "carol",
        "changes to approve (1)\n  CHG-1  Raise the pool\n         high; 0 of 2 approvals; window opens in 1 h (",
    );
    holds("carol", "\n\nnext: `twinseal approve CHG-1`\n");
    ["alice", "erin", "audrey"].into_iter().for_each(empty);
    world.approve("carol", "CHG-1");
    empty("carol");
    holds("dave", "1 of 2 approvals");
    world.approve("dave", "CHG-1");
    holds("erin", "changes to start (1)\n  CHG-1  ");
    world.at("2026-12-01T10:30:00Z");
    world.ok("erin", "start CHG-1");
    holds(
        "erin",
        "changes to finish (1)\n  CHG-1  Raise the pool\n         in progress; last rollback in 1 h 25 min (",
    );
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    ["erin", "carol", "dave"].into_iter().for_each(empty);
    world.write("change.toml", CHANGE.replace("12:00", "13:00"));
    world.ok("erin", "file change.toml --again");
    world.ok("dave", "reject CHG-2 --reason 'Not today.'");
    empty("carol");
    holds("erin", "rejected by dave");
    world.ok("erin", "revise CHG-2 change.toml --again");
    world.at("2026-12-01T13:00:00Z");
    holds("erin", "changes to revise (1)\n  CHG-2  Raise the pool\n         expired; window closed 0 s ago (");
    empty("dave");
}

#[test]
fn nobody_learns_at_the_window_that_the_approvals_have_expired() {
    let world = World::founded();
    world.write("change.toml", CHANGE.replace("2026-12-01", "2026-12-20"));
    world.ok("erin", "file change.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    let shown = world.ok("erin", "show CHG-1");
    assert!(
        shown.contains("approvals     carol's expires in 14 d; dave's expires in 14 d, before the window opens"),
        "{shown}"
    );
    assert!(world.ok("erin", "inbox").contains("approved; approvals expire before the window opens"));
    // Another approval now would expire before the window too.
    assert_eq!(world.ok("carol", "inbox"), "");
    world.at("2026-12-10T09:00:00Z");
    assert!(world.ok("carol", "inbox").contains("yours expires before the window opens"));
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    assert_eq!(world.ok("carol", "inbox"), "");
    assert!(!world.ok("erin", "show CHG-1").contains("before the window opens"));
}

#[test]
fn the_inbox_is_sorted_by_urgency_and_fits_its_deadlines_on_80_columns() {
    let world = World::filed();
    let long = "A title that is much too long for a terminal of eighty columns, as people write them";
    for (start, end) in
        [("2026-12-03T10:00:00Z", "2026-12-03T12:00:00Z"), ("2026-12-01T09:30:00Z", "2026-12-01T09:45:00Z")]
    {
        let change = CHANGE.replace("2026-12-01T10:00:00Z", start).replace("2026-12-01T12:00:00Z", end);
        world.write("change.toml", change.replace("Raise the pool", long));
        world.ok("erin", "file change.toml");
    }
    world.ok("alice", "person grant carol engineer");
    world.on_screen(true);
    let inbox = world.ok("carol", "inbox");
    let order = |inbox: &str| -> Vec<String> {
        let ids = inbox.lines().filter_map(|line| line.strip_prefix("  CHG-"));
        ids.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(order(&inbox), ["3", "1", "2"], "{inbox}");
    assert!(
        inbox.matches("window opens in ").count() == 3 && inbox.matches(" of 2 approvals; ").count() == 3,
        "{inbox}"
    );
    for width in [40, 80, 200] {
        world.columns(Some(width));
        let inbox = world.ok("carol", "inbox");
        assert!(inbox.lines().all(|line| line.len() < width.into()), "{inbox}");
        // No title is cut.
        let words = inbox.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(long) && words.contains("next: `twinseal approve CHG-3`"), "{inbox}");
    }
    // What is too late comes last.
    world.at("2026-12-01T11:00:00Z");
    world.ok("carol", "reject CHG-1 --reason 'Who watches it?'");
    let inbox = world.ok("erin", "inbox");
    assert_eq!(order(&inbox), ["1", "3"], "{inbox}");
}

#[test]
fn nobody_is_asked_to_approve_or_second_what_they_cannot() {
    let world = World::filed();
    world.ok("alice", "person grant bob engineer");
    let empty = |person: &str| assert_eq!(world.ok(person, "inbox"), "", "{person}");
    // Bob is the subject of the only proposal.
    ["alice", "bob"].into_iter().for_each(empty);
    let key = |person: &str| world.signer(person).public().fingerprint();
    assert!(world.ok("carol", "inbox").contains("CHG-1"));
    world.ok("alice", &format!("key suspend {}", key("carol")));
    empty("carol");
}

#[test]
fn a_draft_comes_from_standard_input_too() {
    let world = World::founded();
    let output = world.run_reading("erin", "file -", CHANGE);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert_eq!(world.change("CHG-1").current().id.number, 1);
}

#[test]
fn new_people_come_by_proposal() {
    let world = World::founded();
    world.person("frank");
    let id = world.named();
    world.ok("frank", &format!("person request frank --name 'Frank Ng' --register {id} --out frank.request"));
    world.ok("alice", "person enrol frank=frank.request:engineer");
    world.fails("bob", "proposal second 1", Exit::Invalid, "--digest DIGEST");
    let output = world.run_typing("bob", "proposal second 1", &["1"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(world.ok("carol", "person list").contains("Frank Ng"));
    world.write("change.toml", CHANGE.replace("erin", "frank"));
    world.ok("frank", &format!("file change.toml --again --fingerprint {}", world.fingerprint()));
    assert_eq!(world.findings("frank"), Vec::<String>::new());
}

#[test]
fn no_start_is_recorded_after_its_window_ended_while_it_waited() {
    for waits in 2..=5 {
        let world = World::approved();
        let (mut env, recording) = world.env("erin", None);
        let (before, after) = ("2026-12-01T11:55:00Z".parse().unwrap(), "2026-12-01T12:00:00Z".parse().unwrap());
        let reads = std::cell::Cell::new(0);
        env.clock = Box::new(move || {
            reads.set(reads.get() + 1);
            if reads.get() < waits { before } else { after }
        });
        let output = World::run_in(&mut env, &recording, &crate::support::words("start CHG-1"));
        assert_eq!(output.exit, Exit::Refused, "{waits}: {}", output.screen);
        assert!(output.err.contains("outside"), "{waits}: {}", output.screen);
        assert!(world.change("CHG-1").started().is_none(), "{waits}");
    }
}

#[test]
fn one_change_that_is_not_approved_does_not_keep_an_approver_from_the_others() {
    let world = World::filed();
    for _ in 0..2 {
        world.ok("erin", "file change.toml --again");
    }
    world.fails("carol", "approve CHG-1 CHG-2 CHG-1", Exit::Invalid, "CHG-1 is named twice: name each once");
    let output = world.run_typing("carol", "approve CHG-1 CHG-2 CHG-3", &["CHG-1", "", "CHG-3"]);
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    assert!(
        output.err.contains(
            "CHG-2 skipped: not confirmed; nothing was recorded; to come back to it: `twinseal approve CHG-2`"
        ),
        "{}",
        output.screen
    );
    assert!(output.err.contains("error: approved 2 of 3 changes; not approved: CHG-2"), "{}", output.screen);
    assert!(
        output.err.contains("hint: the reasons are above; to try again: `twinseal approve CHG-2`"),
        "{}",
        output.screen
    );
    let approvals = |change: &str| world.change(change).approvals().count();
    assert_eq!(["CHG-1", "CHG-2", "CHG-3"].map(approvals), [1, 0, 1]);
}

#[test]
fn which_approvals_counted_at_the_start_is_told_for_good() {
    let world = World::approved();
    let key = world.signer("dave").public().fingerprint();
    world.ok("alice", &format!("key suspend {key} --reason Lost."));
    world.fails("erin", "start CHG-1", Exit::Refused, "1 of 2 approvals");
    let approved_by = |world: &World| {
        let csv = world.ok("carol", "export csv");
        let cell = |line: usize, name: &str| {
            let column = csv.lines().next().unwrap().split(',').position(|it| it == name).unwrap();
            csv.lines().nth(line).unwrap().split(',').nth(column).unwrap().to_owned()
        };
        cell(1, "approved_by")
    };
    assert_eq!(approved_by(&world), "carol");
    world.ok("alice", &format!("key lift {key} --reason Found."));
    let at = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {at}"));
    world.ok("erin", "start CHG-1");
    // What happens afterwards changes nothing of it.
    world.ok("alice", &format!("key suspend {key} --reason Lost."));
    world.at("2027-06-01T10:00:00Z");
    assert_eq!(approved_by(&world), "carol dave");
    let shown: serde_json::Value = serde_json::from_str(&world.ok("carol", "show CHG-1 --json")).unwrap();
    let approvals = &shown["approvals"];
    assert_eq!((&approvals["counted"], &approvals["required"]), (&2.into(), &2.into()));
    assert_eq!(approvals["given"].as_array().unwrap().len(), 2);
    assert!(!world.ok("carol", "show CHG-1").contains("not counted"));
}

#[test]
fn an_approval_that_did_not_count_at_the_start_is_told_for_good() {
    let world = World::filed();
    world.person("frank");
    let id = world.named();
    world.ok("frank", &format!("person request frank --register {id} --out frank.request"));
    world.ok("alice", "person enrol frank=frank.request:approver");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
    world.ok("frank", &format!("list --fingerprint {}", world.fingerprint()));
    ["carol", "dave", "frank"].iter().for_each(|person| world.approve(person, "CHG-1"));
    let key = world.signer("carol").public().fingerprint();
    world.ok("alice", &format!("key suspend {key} --reason Lost."));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("alice", &format!("key lift {key} --reason Found."));
    world.ok("bob", &format!("proposal second 2 --digest {}", world.newest_proposal().opened));
    for _ in 0..2 {
        let shown = world.ok("dave", "show CHG-1");
        assert!(shown.contains("carol approved revision 1 (not counted: key suspended or revoked)"), "{shown}");
        assert!(world.ok("dave", "show CHG-1 --json").contains("\"void\":\"inactive-key\""));
        assert!(world.ok("dave", "export csv").contains(",dave frank,"));
        world.ok("erin", "note CHG-1 Later.");
    }
}

#[test]
fn the_same_draft_is_not_filed_twice_unless_it_is_meant() {
    let world = World::filed();
    let again = "CHG-1 was filed by erin with the same content";
    for command in ["revise CHG-1 change.toml", "file change.toml"] {
        world.fails("erin", command, Exit::Refused, again);
        let output = world.run_typing("erin", command, &["yes"]);
        assert!(output.exit == Exit::Refused && output.err.contains(again), "{command}\n{}", output.screen);
        assert_eq!(world.run_typing("erin", command, &["CHG-1"]).exit, Exit::Done, "{command}");
    }
    world.ok("erin", "file change.toml --again");
    assert_eq!(world.state().filed(), 3);
    // Whoever filed it, and whatever became of it; but not after it was withdrawn.
    world.write("once.toml", CHANGE.replace("\"high\"", "\"low\""));
    world.ok("erin", "file once.toml");
    world.ok("carol", "reject CHG-4 --reason 'Who watches it?'");
    world.fails("erin", "file once.toml", Exit::Refused, "CHG-4 was filed by erin with the same content");
    world.ok("erin", "withdraw CHG-4");
    world.ok("erin", "file once.toml");
    // Another word in a text, another window, another command for a machine are another content.
    let machine = "160.\"\nargs = [\"pool\", \"160\"]";
    for (from, to) in [
        ("\"low\"", "\"medium\""),
        ("12:00:00Z", "11:30:00Z"),
        ("Set the pool", "Set a pool"),
        ("160.\"", machine),
        ("160.\"", &machine.replace("160\"]", "240\"]")),
    ] {
        let draft = CHANGE.replace("\"high\"", "\"low\"").replace(from, to);
        assert_ne!(draft, CHANGE.replace("\"high\"", "\"low\""), "{from}");
        world.write("other.toml", draft);
        world.ok("erin", "file other.toml");
    }
}

#[test]
fn no_empty_or_similar_answer_confirms_what_is_signed() {
    let world = World::filed();
    world.ok("alice", "person grant carol --group dba");
    for (person, command, word) in [
        ("carol", "approve CHG-1", "CHG-1"),
        ("bob", "proposal second 1", "1"),
        ("erin", "revise CHG-1 change.toml", "CHG-1"),
        ("erin", "file change.toml", "CHG-1"),
    ] {
        let spaced = [format!(" {word}"), format!("{word} ")];
        let wrong = spaced.iter().map(String::as_str).chain(["", "yes", "y", "Y", "CHG-11", "11", "CHG-01", "BG-1"]);
        let before = world.entries();
        for answer in wrong.filter(|answer| *answer != word) {
            // Three times, and no fourth.
            let typed = if answer.is_empty() { &[answer][..] } else { &[answer; 3] };
            let output = world.run_typing(person, command, typed);
            assert_eq!(output.exit, Exit::Refused, "{command}: {answer:?}\n{}", output.screen);
            assert_eq!(output.unanswered, [""; 0], "{command}: {answer:?}");
            assert_eq!((world.entries(), output.unasked.len()), (before, 0), "{command}: {answer:?}");
        }
        assert_eq!(world.run_typing(person, command, &["y", word]).exit, Exit::Done, "{command}");
    }
    for (answers, asked_again, exit) in [
        (&["y", "chg-1", "CHG-1"][..], 2, Exit::Refused),
        (&["y", "", "CHG-2"], 1, Exit::Refused),
        (&["y", "no", "CHG-1", "CHG-2"], 2, Exit::Refused),
        (&["y", "chg-2"], 1, Exit::Done),
    ] {
        let output = world.run_typing("dave", "approve CHG-2", answers);
        assert_eq!(output.exit, exit, "{answers:?}\n{}", output.screen);
        assert_eq!(output.screen.matches("Not confirmed. Type CHG-2 to").count(), asked_again, "{answers:?}");
    }
    assert_eq!(world.run_typing("dave", "approve CHG-1", &["1"]).exit, Exit::Done);
    let new = World::with_requests();
    let members = "--member alice=alice.request:admin --member bob=bob.request:admin";
    let init = format!("init --name prod {members}");
    for answer in ["", "yes", "PROD", "prod.db"] {
        assert_eq!(new.run_typing("alice", &init, &[answer]).exit, Exit::Refused, "{answer:?}");
        assert!(!new.path("prod.db").exists(), "{answer:?}");
    }
    assert_eq!(new.run_typing("alice", &init, &["prod"]).exit, Exit::Done);
    let seal = format!("seal --fingerprint {}", new.fingerprint());
    for answer in ["", "yes", "PROD", "prod.db"] {
        assert_eq!(new.run_typing("bob", &seal, &[answer]).exit, Exit::Refused, "{answer:?}");
        assert_eq!(new.entries(), 1, "{answer:?}");
    }
    assert_eq!(new.run_typing("bob", &seal, &["prod"]).exit, Exit::Done);
}

#[test]
fn no_admin_is_asked_to_approve_where_the_policy_bars_admins() {
    let world = World::founded_with_spare_approvers();
    world.write("policy.toml", "approvals = 2\napproval_days = 7\nseparate = [\"admin-approver\"]\n");
    for (number, command) in [("1", "person grant carol admin"), ("2", "policy propose policy.toml")] {
        world.ok("alice", command);
        world.ok("bob", &format!("proposal second {number} --digest {}", world.newest_proposal().opened));
    }
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    assert_eq!(world.ok("carol", "inbox"), "");
    assert!(world.ok("dave", "inbox").contains("CHG-1"));
}

#[test]
fn no_outcome_after_the_window_is_shown_as_one_within_it() {
    for (time, late) in [("2026-12-01T11:59:59Z", false), ("2026-12-01T12:00:00Z", true)] {
        let world = World::approved();
        world.ok("erin", "start CHG-1");
        world.at(time);
        world.ok("erin", "finish CHG-1 --outcome succeeded");
        assert_eq!(world.ok("audrey", "show CHG-1").contains("succeeded, after the window"), late, "{time}");
    }
}
