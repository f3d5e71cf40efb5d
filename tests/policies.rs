//! The policies in `examples/policies`: each can be put in force, says what was read for it, and asks for what it says.

use std::fs;

use twinseal::error::Exit;

use crate::support::{CHANGE, World};

/// A register under one of the policies.
fn under(policy: &str) -> World {
    let world = World::founded();
    world.write("policy.toml", fs::read_to_string(format!("examples/policies/{policy}")).unwrap());
    world.ok("alice", "policy propose policy.toml");
    let opened = world.state().governance().proposal("1".parse().unwrap()).unwrap().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    world
}

/// The faults of a draft, as `check` prints them.
fn faults(world: &World, draft: &str) -> String {
    world.write("change.toml", draft);
    let output = world.run("erin", "check change.toml --register prod.db");
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    output.err
}

#[test]
fn every_example_policy_can_be_put_in_force_and_says_what_was_read() {
    let mut names = Vec::new();
    for file in fs::read_dir("examples/policies").unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let world = under(&name);
        assert!(world.ok("carol", "policy show").lines().count() > 5, "{name}");
        let text = fs::read_to_string(format!("examples/policies/{name}")).unwrap();
        let says = ["Nothing was read in the Official Journal itself", "no text was read for it"];
        assert!(says.iter().any(|it| text.contains(it)), "{name}");
        names.push(name);
    }
    names.sort();
    assert_eq!(names, ["dora-eu-article-17.toml", "mifid2-rts6-algorithms.toml", "plain.toml"]);
}

#[test]
fn the_plain_policy_asks_for_notice_and_for_experts() {
    let world = under("plain.toml");
    let draft = CHANGE.replace("risk =", "environments = ['prod']\ntags = ['schema']\nrisk =");
    let found = faults(&world, &draft);
    for fault in ["1440 min between filing", "the policy requires tests", "the policy requires abort-if"] {
        assert!(found.contains(fault), "{fault}\n{found}");
    }
    let found = faults(
        &world,
        &CHANGE.replace("\"high\"", "\"low\"").replace("risk =", "environments = ['uat']\ntags = ['schema']\nrisk ="),
    );
    assert!(found.contains("1 approval of group dba needed, but nobody in this group"), "{found}");
}

#[test]
fn the_policy_after_article_17_asks_for_its_points() {
    let world = under("dora-eu-article-17.toml");
    let draft = CHANGE.replace("risk =", "environments = ['prod']\nrisk =");
    let found = faults(&world, &draft);
    for fault in ["requires security", "requires abort-if", "requires tests", "requires success", "requires evidence"] {
        assert!(found.contains(fault), "{fault}\n{found}");
    }
    assert!(found.contains("2880 min between filing"), "{found}");
    // An emergency goes without tests, evidence and lead time, and names its incident.
    let found = faults(&world, &draft.replace("\"normal\"", "\"emergency\""));
    for fault in ["requires security", "requires incident"] {
        assert!(found.contains(fault), "{fault}\n{found}");
    }
    for waived in ["requires tests", "requires evidence", "min between filing"] {
        assert!(!found.contains(waived), "{waived}\n{found}");
    }
    let shown = world.ok("carol", "policy show");
    assert!(shown.contains("An independent approver shares none of these teams"), "{shown}");
}

#[test]
fn the_policy_for_algorithms_asks_for_three_functions_and_waives_nothing() {
    let world = under("mifid2-rts6-algorithms.toml");
    let draft = CHANGE.replace("risk =", "tags = ['algorithm']\nrisk =").replace("\"normal\"", "\"emergency\"");
    let found = faults(&world, &draft);
    for fault in ["requires tests", "requires evidence", "requires artifact"] {
        assert!(found.contains(fault), "{fault}\n{found}");
    }
    for (person, group) in [("alice", "compliance"), ("carol", "algo-authoriser"), ("dave", "risk-management")] {
        let role = if person == "alice" { "approver " } else { "" };
        world.ok("alice", &format!("person grant {person} {role}--group {group}"));
    }
    let table = world.ok("carol", "policy explain --capacity");
    let row = table.lines().find(|line| line.contains(" algorithm ")).unwrap_or_default();
    assert!(row.contains("1 of group algo-authoriser, 1 of group compliance, 1 of group risk-management"), "{table}");
    assert!(row.contains("1 independent"), "{table}");
}
