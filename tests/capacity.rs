//! Who could approve: counted when a draft is checked or filed, and by `policy explain --capacity`.

use twinseal::domain::Denied;
use twinseal::error::Exit;

use crate::support::{CHANGE, World};

const HEAD: &str = "approvals = 2\napproval_days = 14\n";

/// A register whose policy has these further lines.
fn under(lines: &str) -> World {
    let world = World::founded();
    world.write("policy.toml", format!("{HEAD}{lines}"));
    world.ok("alice", "policy propose policy.toml");
    second(&world, 1);
    world
}

fn second(world: &World, number: u64) {
    let opened = world.state().governance().proposal(number.to_string().parse().unwrap()).map(|it| it.opened);
    let opened = opened.unwrap_or_else(|denied: Denied| panic!("{denied}"));
    world.ok("bob", &format!("proposal second {number} --digest {opened}"));
}

/// A register in which dave operates the machine account `robot`, an engineer.
fn with_robot() -> World {
    let world = World::founded();
    world.person("robot");
    let fingerprint = world.fingerprint();
    let request = "person request robot --register prod.db --role engineer --operator dave --out robot.request";
    world.ok("robot", &format!("{request} --fingerprint {fingerprint}"));
    world.ok("alice", "person machine robot=robot.request --operator dave --role engineer");
    second(&world, 1);
    world
}

#[test]
fn a_draft_that_too_few_could_approve_is_refused_with_names_and_reasons() {
    let world = with_robot();
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"erin\"\nimplementers = [\"robot\"]"));
    let fault = "2 approvals needed, but only carol could approve (dave: operates a machine account of the change; \
                 erin: ";
    for command in ["file change.toml", "check change.toml --register prod.db"] {
        world.fails("erin", command, Exit::Invalid, fault);
    }
    // A revision counts the people of earlier revisions too.
    world.write("first.toml", CHANGE);
    world.ok("erin", "file first.toml");
    world.fails("erin", "revise CHG-1 change.toml", Exit::Invalid, fault);
    world.write("owned.toml", CHANGE.replace("owner = \"erin\"", "owner = \"carol\""));
    world.fails("erin", "revise CHG-1 owned.toml", Exit::Invalid, "only dave could approve (carol: owns the change; ");
    // Nobody counts who cannot sign.
    let key = world.state().governance().person(&"dave".parse().unwrap()).unwrap().unwrap().keys().next().unwrap();
    world.ok("alice", &format!("key suspend {key}"));
    world.fails("erin", "file first.toml", Exit::Invalid, "only carol could approve (dave: key suspended or revoked; ");
}

#[test]
fn a_delegation_counts_that_begins_before_the_last_moment_to_start_and_no_later_one() {
    for (begins, counts) in [("2026-12-01T11:55:00Z", true), ("2026-12-01T11:55:01Z", false)] {
        let world = with_robot();
        world.ok("alice", &format!("person grant alice approver --from {begins} --until 2026-12-31T00:00:00Z"));
        second(&world, 2);
        world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"robot\""));
        assert_eq!(world.run("erin", "file change.toml").exit == Exit::Done, counts, "{begins}");
    }
}

#[test]
fn the_policy_explains_where_one_absence_leaves_too_few_approvers() {
    let world = with_robot();
    world.write("policy.toml", "approvals = 2\napproval_days = 7\n[[require]]\nname = \"grave\"\napprovals = 3\n");
    let output = world.run("audrey", "policy explain --capacity");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    let rows: Vec<String> =
        output.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "ENGINEER REQUIREMENT NEEDS RESULT COULD APPROVE",
        "erin every change 2 no spare 2: carol, dave",
        "robot every change 2 no spare 2: carol, erin",
    ];
    assert_eq!(rows, expected);
    assert!(output.err.contains("one absence leaves too few approvers for changes of erin, robot"), "{}", output.err);
    world.ok("alice", "policy propose policy.toml");
    second(&world, 2);
    world.ok("alice", "person retire dave");
    second(&world, 3);
    let output = world.run("audrey", "policy explain --capacity");
    assert!(output.err.contains("too few people could approve for changes of erin"), "{}", output.screen);
    let json: serde_json::Value =
        serde_json::from_str(&world.ok("audrey", "--json policy explain --capacity")).unwrap();
    let line = &json["capacity"][1];
    assert_eq!(
        (&line["engineer"], &line["requirement"], &line["approvals"], &line["result"]),
        (&"erin".into(), &"grave".into(), &3.into(), &"too-few".into())
    );
    // robot has left, because its only operator has.
    assert!(!output.out.contains("robot"), "{}", output.out);
    // Nor does somebody file changes who cannot sign.
    let key = world.state().governance().person(&"erin".parse().unwrap()).unwrap().unwrap().keys().next().unwrap();
    world.ok("alice", &format!("key suspend {key}"));
    let output = world.run("audrey", "policy explain --capacity");
    assert!(!output.screen.contains("erin"), "{}", output.screen);
    assert_eq!(world.ok("audrey", "policy explain"), world.ok("audrey", "policy show"));
}

#[test]
fn a_draft_that_too_few_of_a_group_could_approve_is_refused_with_their_names() {
    let world = under("[[require]]\nname = 'db'\nfrom = [{ group = 'dba', count = 2 }]\n");
    world.write("change.toml", CHANGE);
    world.fails("erin", "file change.toml", Exit::Invalid, "2 approvals of group dba needed, but nobody in this group");
    // Erin is in the group, but files the change.
    world.ok("alice", "person grant carol --group dba");
    world.ok("alice", "person grant erin --group dba");
    [2, 3].into_iter().for_each(|it| second(&world, it));
    let fault = "change.toml: 2 approvals of group dba needed, but only carol in this group could approve";
    for command in ["file change.toml", "check change.toml --register prod.db"] {
        world.fails("erin", command, Exit::Invalid, fault);
    }
    world.ok("alice", "person grant dave --group dba");
    second(&world, 4);
    assert!(world.run("erin", "file change.toml").screen.contains("approvals needed: 2, 2 of group dba"));
}

#[test]
fn every_group_that_is_short_is_a_fault_of_its_own() {
    let world = under("[[require]]\nname = 'db'\napprovals = 3\nfrom = [{ group = 'dba' }, { group = 'risk' }]\n");
    world.write("change.toml", CHANGE);
    let output = world.run("erin", "file change.toml");
    for fault in ["3 approvals needed, but only", "1 approval of group dba needed", "1 approval of group risk needed"] {
        assert!(output.screen.contains(fault), "{fault}\n{}", output.screen);
    }
    // One person cannot stand for both groups.
    world.ok("alice", "person grant carol --group dba --group risk");
    world.ok("alice", "person grant alice approver");
    [2, 3].into_iter().for_each(|it| second(&world, it));
    let fault = "but only carol in this group could approve, and another group needs them too";
    world.fails("erin", "file change.toml", Exit::Invalid, fault);
    world.ok("alice", "person grant dave --group dba");
    second(&world, 4);
    world.ok("erin", "file change.toml");
}

#[test]
fn the_explanation_of_a_policy_counts_groups() {
    let world = under("[[require]]\nname = 'db'\nwhen = { tag = 'db' }\nfrom = [{ group = 'dba', count = 1 }]\n");
    let row = |world: &World| {
        let output = world.ok("audrey", "policy explain --capacity");
        let row = output.lines().find(|line| line.contains(" db ")).unwrap_or_default().to_owned();
        row.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row(&world), "erin db 2, 1 of group dba too few 2: carol, dave");
    world.ok("alice", "person grant carol --group dba");
    world.ok("alice", "person grant alice approver");
    [2, 3].into_iter().for_each(|it| second(&world, it));
    // Three could approve, but without carol nobody of the group could.
    assert_eq!(row(&world), "erin db 2, 1 of group dba no spare 3: alice, carol, dave");
    world.ok("alice", "person grant dave --group dba");
    second(&world, 4);
    assert_eq!(row(&world), "erin db 2, 1 of group dba enough 3: alice, carol, dave");
    let json: serde_json::Value =
        serde_json::from_str(&world.ok("audrey", "--json policy explain --capacity")).unwrap();
    assert_eq!(json["capacity"][1]["from"], serde_json::json!([{ "group": "dba", "count": 1 }]));
}

#[test]
fn a_policy_that_nobody_can_meet_is_warned_about_when_it_is_proposed_and_seconded() {
    let world = World::founded();
    let warning = "warning: too few approvers for this policy (db needs 2, 1 of group dba)";
    let lines = "[[require]]\nname = 'db'\nwhen = { tag = 'db' }\nfrom = [{ group = 'dba' }]\n";
    world.write("policy.toml", format!("{HEAD}{lines}"));
    let output = world.run("alice", "policy propose policy.toml");
    assert!(output.exit == Exit::Done && output.err.contains(warning), "{}", output.screen);
    let opened = world.state().governance().proposal("1".parse().unwrap()).unwrap().opened;
    let output = world.run("bob", &format!("proposal second 1 --digest {opened}"));
    assert!(output.exit == Exit::Done && output.err.contains(warning), "{}", output.screen);
    // With somebody in the group there is no warning.
    world.ok("alice", "person grant carol --group dba");
    second(&world, 2);
    world.write("policy.toml", format!("{HEAD}{lines}fields = ['tests']\n"));
    assert!(!world.run("alice", "policy propose policy.toml").err.contains("warning: too few"));
    world.write("policy.toml", "approvals = 9\napproval_days = 14\n");
    let output = world.run("alice", "policy propose policy.toml");
    assert!(output.err.contains("(every change needs 9)"), "{}", output.screen);
}

#[test]
fn no_register_is_founded_with_too_few_approvers_without_a_note() {
    let world = World::with_requests();
    let members = "--member alice=alice.request:admin --member bob=bob.request:admin \
        --member erin=erin.request:engineer,approver --member carol=carol.request:approver";
    let note = "note: a change by erin needs 2 approvals, and only carol could approve it";
    let founded = world.run("alice", &format!("init --name prod --register prod.db {members}")).err;
    assert!(founded.contains(note), "{founded}");
    let fingerprint = world.fingerprint();
    let sealed = world.run("bob", &format!("seal --fingerprint {fingerprint} --digest {fingerprint}")).err;
    assert!(sealed.contains(note), "{sealed}");
    // Without engineers, anybody's change is counted.
    let world = World::with_requests();
    let two = "--member alice=alice.request:admin,approver --member bob=bob.request:admin";
    let founded = world.run("alice", &format!("init --name prod --register prod.db {two}")).err;
    assert!(founded.contains("note: a change needs 2 approvals, and only alice could approve it"), "{founded}");
    let enough = World::with_requests();
    let dave = "--member dave=dave.request:approver";
    let founded = enough.run("alice", &format!("init --name prod --register prod.db {members} {dave}")).err;
    assert!(!founded.contains("needs 2 approvals"), "{founded}");
}

#[test]
fn a_proposal_that_leaves_too_few_approvers_says_so_to_both_admins() {
    let world = World::founded();
    let noted = |said: &str| said.lines().find(|line| line.starts_with("note: a change")).map(str::to_owned);
    let few = Some(
        "note: a change by erin needs 2 approvals, and only dave could approve it then; more approvers are needed",
    );
    let retired = world.run("alice", "person retire carol").err;
    assert_eq!(noted(&retired).as_deref(), few);
    let opened = world.newest_proposal().opened;
    let seconded = world.run("bob", &format!("proposal second 1 --digest {opened}")).err;
    assert_eq!(noted(&seconded).as_deref(), few);
    // What is known is not repeated.
    assert_eq!(noted(&world.run("alice", "person grant dave --group dba").err), None);
    let dave = world.run("alice", "person grant dave engineer").err;
    let engineer =
        "note: a change by dave needs 2 approvals, and only erin could approve it then; more approvers are needed";
    assert_eq!(noted(&dave).as_deref(), Some(engineer));
}

#[test]
fn whoever_becomes_an_admin_without_an_end_is_named_plainly() {
    let world = World::founded();
    let note = "note: carol becomes an admin without an end, and with one other admin decides about everybody here";
    let says = |command: &str| world.run("alice", command).err.contains(note);
    assert!(says("person grant carol admin"));
    assert!(!says("person grant carol admin --until 2026-12-31T18:00:00Z"));
    assert!(!says("person grant carol engineer"));
    second(&world, 1);
    assert!(!says("person grant carol --group dba"), "carol is one already");
}
