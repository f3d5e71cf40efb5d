//! The policies in `examples/policies`: each can be put in force, says what was read for it, and asks for what it says.

mod history;

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

fn enact(world: &World, policy: &str) {
    world.write("policy.toml", format!("approvals = 2\napproval_days = 14\n{policy}"));
    world.ok("alice", "policy propose policy.toml");
    let proposal = world.state().governance().proposals();
    world.ok("bob", &format!("proposal second {proposal} --digest {}", world.newest_proposal().opened));
}

#[test]
fn a_check_reports_separated_duties_as_file_does() {
    let world = World::founded();
    enact(&world, "separate = ['requester-implementer']");
    let found = faults(&world, CHANGE);
    assert!(found.contains("erin cannot be both requester and implementer"), "{found}");
    world.fails("erin", "file change.toml", Exit::Refused, "erin cannot be both requester and implementer");
    enact(&world, "separate = ['owner-implementer', 'requester-implementer']");
    let found = faults(&world, CHANGE);
    for fault in ["erin cannot be both owner and implementer", "erin cannot be both requester and implementer"] {
        assert!(found.contains(fault), "{found}");
    }
    // Whoever else files it may leave it to erin.
    world.write("change.toml", CHANGE.replace("owner = \"erin\"", "owner = \"alice\"\nimplementers = [\"erin\"]"));
    world.ok("alice", "check change.toml --as alice");
    world.fails("erin", "check change.toml --as erin", Exit::Invalid, "erin cannot be both requester and implementer");
}

#[test]
fn a_check_notes_names_that_are_like_known_ones() {
    let world = World::filed();
    enact(&world, "[[require]]\nname = 'db'\nwhen = { tag = ['schema'], environment = ['prod'] }\napprovals = 3\n");
    let draft = |names: &str| {
        world.write("draft.toml", CHANGE.replace("risk =", &format!("{names}\nrisk =")).replace("gateway", "gatway"));
        let output = world.run("erin", "check draft.toml");
        (output.exit, output.err)
    };
    let (exit, said) = draft("tags = ['shema', 'quarterly']\nenvironments = ['prd']");
    for note in [
        "note: no change, freeze or policy names service order-gatway; did you mean order-gateway?",
        "note: no change, freeze or policy names tag shema; did you mean schema?",
        "note: no change, freeze or policy names environment prd; did you mean prod?",
    ] {
        assert!(said.contains(note), "{note}\n{said}");
    }
    // A name that is like no other is a new one.
    assert!(exit == Exit::Done && !said.contains("quarterly"), "{said}");
}

#[test]
fn a_policy_is_noted_to_name_a_group_that_nobody_is_in() {
    let world = World::filed();
    world.ok("alice", "person grant carol --group database");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
    let groups = "from = [{ group = 'databse' }]\nexception_group = 'cab'\nindependent = true";
    let policy =
        format!("teams = ['database']\n[[require]]\nname = 'db'\nwhen = {{ service = ['order-gatway'] }}\n{groups}\n");
    world.write("policy.toml", format!("approvals = 2\napproval_days = 14\n{policy}"));
    for command in ["policy check policy.toml", "policy propose policy.toml"] {
        let said = world.run("alice", command).err;
        for note in [
            "note: nobody is in group cab\n",
            "note: nobody is in group databse; did you mean database?",
            "note: no change, freeze or policy names service order-gatway; did you mean order-gateway?",
        ] {
            assert!(said.contains(note), "{command}: {note}\n{said}");
        }
        assert!(!said.contains("nobody is in group database"), "{said}");
    }
    let digest = world.newest_proposal().opened;
    let said = world.run("bob", &format!("proposal second 2 --digest {digest}")).err;
    assert!(said.contains("note: nobody is in group cab\n"), "{said}");
}

/// What the requirements of a change say, by name.
fn results(world: &World) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(&world.ok("carol", "--json show CHG-1")).unwrap();
    let lines = json["requirements"].as_array().unwrap().iter();
    lines.map(|it| format!("{} {}", it["requirement"].as_str().unwrap(), it["result"].as_str().unwrap())).collect()
}

#[test]
fn the_example_policies_ask_for_groups_by_phrases_and_for_confirmations() {
    for (policy, phrase, requirement) in [
        ("plain.toml", "DROP  TABLE pool", "destructive"),
        ("dora-eu-article-17.toml", "iptables -F", "security-measures"),
        ("mifid2-rts6-algorithms.toml", "algo set --max-order 5", "controls"),
    ] {
        let world = World::filed();
        let step = "step = \"Set the pool to 160.\"";
        let draft = CHANGE.replace(step, &format!("{step}\nargs = [\"sh\", \"-c\", \"{phrase}\"]"));
        world.write("change.toml", draft);
        world.ok("erin", "revise CHG-1 change.toml");
        world.write("policy.toml", fs::read_to_string(format!("examples/policies/{policy}")).unwrap());
        world.ok("alice", "policy propose policy.toml");
        world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
        let found = results(&world);
        assert!(found.contains(&format!("{requirement} unsatisfied")), "{policy}: {found:?}");
        let shown = world.ok("carol", "policy show");
        assert!(shown.contains("must be confirmed after the finish"), "{policy}: {shown}");
    }
}
