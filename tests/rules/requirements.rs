//! Rules about the requirements of a policy: which changes they apply to, and whose approvals they ask for.

use super::prelude::*;
use crate::support::FREEZE;

const HEAD: &str = "approvals = 2\napproval_days = 14\n";

/// A policy with one requirement.
fn requiring(lines: &str) -> String {
    format!("{HEAD}[[require]]\nname = 'it'\n{lines}\n")
}

#[test]
fn a_start_without_an_approver_of_the_group_is_refused() {
    let world = World::approved();
    enact(&world, &requiring("from = [{ group = 'dba', count = 1 }]"));
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 needs a further approval by a member of group dba");
    forbidden(&world, "erin", start(&world), None, "group-approvals");
    assert!(world.ok("carol", "show CHG-1").contains("awaiting approval (2 of 2, missing: dba)"));
    // Whoever fills the slot counts towards the total.
    grant(&world, "dave", "--group dba");
    accepted(&world, "erin", start(&world), None);
    assert!(world.ok("carol", "show CHG-1").contains("approved (2 of 2)"));
    let shown: serde_json::Value = serde_json::from_str(&world.ok("carol", "--json show CHG-1")).unwrap();
    assert_eq!(shown["approvals"]["groups"], serde_json::json!([{ "group": "dba", "person": "dave" }]));
}

#[test]
fn one_approver_does_not_count_for_two_groups() {
    let world = World::approved();
    enact(&world, &requiring("from = [{ group = 'dba' }, { group = 'finance' }]"));
    grant(&world, "dave", "--group dba --group finance");
    forbidden(&world, "erin", start(&world), None, "group-approvals");
    // Dave is needed for finance then, although dba comes first.
    grant(&world, "carol", "--group dba");
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn the_count_of_each_group_is_the_largest_of_those_that_apply() {
    let world = World::approved();
    let two = "from = [{ group = 'dba', count = 2 }]";
    enact(&world, &format!("{}[[require]]\nname = 'more'\n{two}\n", requiring("from = [{ group = 'dba' }]")));
    grant(&world, "dave", "--group dba");
    forbidden(&world, "erin", start(&world), None, "group-approvals");
    grant(&world, "carol", "--group dba");
    accepted(&world, "erin", start(&world), None);
    // Three slots need three people, whatever the total says.
    enact(&world, &format!("{}[[require]]\nname = 'more'\n{two}\n", requiring("from = [{ group = 'risk' }]")));
    world.fails("erin", "start CHG-1", Exit::Refused, "CHG-1 has 2 of 3 approvals");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn a_void_approval_fills_no_place_of_a_group() {
    let world = World::approved();
    enact(&world, &requiring("from = [{ group = 'dba' }]"));
    grant(&world, "dave", "--group dba");
    accepted(&world, "erin", start(&world), None);
    world.ok("alice", &format!("key suspend {}", key_of(&world, "dave")));
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
    world.ok("alice", "person grant alice approver");
    second(&world, "bob", &world.state().governance().proposals().to_string());
    world.approve("alice", "CHG-1");
    forbidden(&world, "erin", start(&world), None, "group-approvals");
}

#[test]
fn a_member_of_a_group_counts_for_it_while_the_grant_lasts_and_no_longer() {
    let world = World::approved();
    enact(&world, &requiring("from = [{ group = 'dba' }]"));
    grant(&world, "dave", "--group dba --from 2026-12-01T10:30:00Z --until 2026-12-01T11:00:00Z");
    forbidden(&world, "erin", start(&world), None, "group-approvals");
    world.at("2026-12-01T10:30:00Z");
    accepted(&world, "erin", start(&world), None);
    world.at("2026-12-01T11:00:00Z");
    forbidden(&world, "erin", start(&world), None, "group-approvals");
}

#[test]
fn a_clock_set_back_does_not_prolong_the_membership_of_a_group() {
    let world = World::approved();
    enact(&world, &requiring("from = [{ group = 'dba' }]"));
    grant(&world, "dave", "--group dba --until 2026-12-01T11:00:00Z");
    world.at("2026-12-01T11:30:00Z");
    ["alice", "bob", "carol"].iter().for_each(|person| _ = world.ok(person, "note CHG-1 Here."));
    world.at("2026-12-01T10:30:00Z");
    forbidden(&world, "erin", start(&world), None, "group-approvals");
}

#[test]
fn the_approvals_that_counted_at_the_start_keep_their_places() {
    let world = World::approved();
    enact(&world, &requiring("from = [{ group = 'dba' }]"));
    grant(&world, "dave", "--group dba");
    world.ok("erin", "start CHG-1");
    world.ok("alice", "person revoke-role dave --group dba");
    second(&world, "bob", "3");
    let shown: serde_json::Value = serde_json::from_str(&world.ok("carol", "--json show CHG-1")).unwrap();
    assert_eq!(shown["approvals"]["groups"], serde_json::json!([{ "group": "dba", "person": "dave" }]));
}

#[test]
fn a_requirement_applies_only_to_changes_that_meet_every_condition() {
    let world = World::founded();
    let matching = [
        "tag = ['schema', 'db']",
        "service = ['order-gateway']",
        "environment = ['prod', 'dr']",
        "min_targets = 2",
        "kind = ['normal'], risk = ['high'], tag = ['db'], service = ['order-gateway'], min_targets = 1",
    ];
    let others = [
        "tag = ['schema']",
        "service = ['risk']",
        "environment = ['dr']",
        "min_targets = 3",
        "risk = ['low'], tag = ['db']",
        "tag = ['db'], min_targets = 3",
    ];
    let event = |world: &World| {
        filing_on(world, &["a", "b"], |facts| {
            facts.tags = ["db".parse().unwrap()].into();
            facts.environments = ["prod".parse().unwrap()].into();
        })
    };
    // Whoever names no environment escapes no requirement about one.
    enact(&world, &requiring("when = { environment = ['prod'] }\nfields = ['ticket']"));
    let (nowhere, text) = filing_on(&world, &["a"], |_| ());
    forbidden(&world, "erin", nowhere, text, "policy-field");
    for (conditions, applies) in matching.map(|it| (it, true)).into_iter().chain(others.map(|it| (it, false))) {
        enact(&world, &requiring(&format!("when = {{ {conditions} }}\nfields = ['ticket']")));
        let (event, text) = event(&world);
        match applies {
            true => forbidden(&world, "erin", event, text, "policy-field"),
            false => accepted(&world, "erin", event, text),
        }
    }
}

#[test]
fn two_people_are_needed_even_if_one_fills_the_only_place() {
    let world = World::filed();
    enact(&world, &requiring("from = [{ group = 'dba' }]"));
    grant(&world, "carol", "--group dba");
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    forbidden(&world, "erin", start(&world), None, "enough-approvals");
}

#[test]
fn a_requirement_about_a_freeze_applies_to_every_window_that_touches_it() {
    let put = |world: &World, freeze: &str| {
        world.write("freeze.toml", freeze);
        world.ok("alice", "freeze propose freeze.toml");
        second(world, "bob", &world.state().governance().proposals().to_string());
    };
    let exception = "\n[freeze_exception]\nfreezes = [\"month-end\"]\nreason = \"It cannot wait.\"\n";
    for (when, applies) in [("'any'", true), ("['month-end', 'other']", true), ("['other']", false)] {
        let world = World::founded_with_spare_approvers();
        ["ivy", "jack"].iter().for_each(|person| grant(&world, person, "--group finance"));
        grant(&world, "jack", "--group finance --group dba");
        put(&world, FREEZE);
        world.write("change.toml", format!("{CHANGE}{exception}"));
        world.ok("erin", "file change.toml");
        ["carol", "ivy"].iter().for_each(|person| world.approve(person, "CHG-1"));
        world.at("2026-12-01T10:00:00Z");
        accepted(&world, "erin", start(&world), None);
        enact(&world, &requiring(&format!("when = {{ freeze = {when} }}\nfrom = [{{ group = 'dba' }}]")));
        if applies {
            forbidden(&world, "erin", start(&world), None, "group-approvals");
            world.approve("jack", "CHG-1");
        }
        accepted(&world, "erin", start(&world), None);
    }
    // A freeze before or after the window, or of other services, is not touched.
    let earlier = FREEZE.replace("T11:00:00Z", "T09:00:00Z").replace("T12:00:00Z", "T10:00:00Z");
    for freeze in [earlier, format!("{FREEZE}\n[scope]\nservice = [\"ledger\"]\n")] {
        let world = World::approved();
        put(&world, &freeze);
        enact(&world, &requiring("when = { freeze = 'any' }\nfrom = [{ group = 'dba' }]"));
        accepted(&world, "erin", start(&world), None);
        // One that somebody opens alone is a freeze too.
        world.ok("bob", "freeze now --reason Why. --for 4h");
        forbidden(&world, "erin", start(&world), None, "group-approvals");
    }
}

#[test]
fn no_freeze_has_the_name_that_stands_for_every_freeze() {
    let world = World::founded();
    world.write("freeze.toml", FREEZE.replace("month-end", "any"));
    world.fails("alice", "freeze propose freeze.toml", Exit::Invalid, "the name any stands for every freeze");
}
