//! What the gate, a page and an approval say of each requirement of the policy, and whom they name.

use super::*;

const HEAD: &str = "approvals = 2\napproval_days = 14\n";

fn enact(world: &World, policy: &str) {
    world.write("policy.toml", format!("{HEAD}{policy}"));
    world.ok("alice", "policy propose policy.toml");
    second(world);
}

fn grant(world: &World, options: &str) {
    world.ok("alice", &format!("person grant {options}"));
    second(world);
}

fn second(world: &World) {
    let proposal = world.state().governance().proposals();
    world.ok("bob", &format!("proposal second {proposal} --digest {}", world.newest_proposal().opened));
}

/// What the gate says of a requirement, in JSON.
fn requirement(answer: &Value, name: &str) -> Value {
    let all = answer["requirements"].as_array().unwrap();
    all.iter().find(|it| it["requirement"] == name).unwrap_or_else(|| panic!("{answer:#}")).clone()
}

#[test]
fn the_gate_prints_one_line_for_each_requirement_in_text_and_in_json() {
    let world = World::founded_with_spare_approvers();
    let policy = "[emergency]\nwaives = ['tests']\n\
                  [[require]]\nname = 'db'\nfrom = [{ group = 'dba' }]\n\
                  [[require]]\nname = 'tested'\nfields = ['tests']\n\
                  [[require]]\nname = 'wide'\nwhen = { min_targets = 5 }\napprovals = 5\n";
    enact(&world, policy);
    grant(&world, "ivy --group dba");
    world.write("change.toml", CHANGE.replace("kind = \"normal\"", "kind = \"emergency\""));
    world.ok("erin", "file change.toml");
    approved(&world, "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    let (_, answer) = closed(&world, "CHG-1", "approvals");
    let results: Vec<String> =
        ["every change", "db", "tested", "wide"].map(|name| requirement(&answer, name)["result"].to_string()).into();
    assert_eq!(results, ["\"satisfied\"", "\"unsatisfied\"", "\"overridden\"", "\"not-applicable\""]);
    assert_eq!(requirement(&answer, "db")["unmet"][0]["could"], json!(["ivy"]));
    assert_eq!(requirement(&answer, "tested")["overridden_by"]["people"], json!(["carol", "dave"]));
    let text = world.run("erin", "gate CHG-1").out;
    for line in [
        "every change  satisfied",
        "db            unsatisfied     CHG-1 needs a further approval by a member of group dba; could approve: ivy",
        "tested        overridden      by carol, dave (emergency)",
        "wide          not applicable",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    world.approve("ivy", "CHG-1");
    let answer = open(&world, "CHG-1");
    assert_eq!(requirement(&answer, "db")["result"], "satisfied");
    // What a run has started is said as it was at the start.
    world.ok("erin", "gate CHG-1 --start --run-id 1");
    let answer: Value = serde_json::from_str(&world.ok("erin", "--json gate CHG-1 --start --run-id 1")).unwrap();
    assert_eq!(answer["already_started"], true);
    assert_eq!(requirement(&answer, "tested")["overridden_by"]["people"], json!(["carol", "dave", "ivy"]));
}

#[test]
fn a_requirement_that_cannot_be_judged_closes_the_gate() {
    let world = World::approved();
    enact(&world, "[[require]]\nname = 'secure'\nfields = ['success']\n");
    let seq = world.change("CHG-1").current().seq;
    world.ok("alice", &format!("proposal redact {seq} --reason Secret."));
    second(&world);
    let (_, answer) = asked(&world, "erin", "CHG-1");
    assert_eq!((&answer["open"], requirement(&answer, "secure")["result"].as_str()), (&json!(false), Some("error")));
}

#[test]
fn the_requirements_of_a_further_target_are_those_of_its_own_start() {
    let world = World::founded();
    let targets = "targets = [\"gw-1\", \"gw-2\"]\nrisk =";
    world.write("change.toml", CHANGE.replace("risk =", targets));
    world.ok("erin", "file change.toml");
    approved(&world, "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1 --target gw-1");
    enact(&world, "[[require]]\nname = 'db'\nfrom = [{ group = 'dba' }]\n");
    let (_, answer) = closed(&world, "CHG-1 --target gw-2", "approvals");
    let db = requirement(&answer, "db");
    // Nobody approves a change that was started.
    assert_eq!((&db["result"], &db["unmet"][0]["could"]), (&json!("unsatisfied"), &json!([])), "{answer:#}");
    assert!(world.run("erin", "gate CHG-1 --target gw-2").out.contains("group dba; nobody could approve"));
}

#[test]
fn only_those_are_named_who_could_still_approve() {
    let world = World::founded_with_spare_approvers();
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    let named = |world: &World| {
        let json: Value = serde_json::from_str(&world.ok("carol", "--json show CHG-1")).unwrap();
        json["requirements"][0]["unmet"][0]["could"].clone()
    };
    // Erin is an approver too, and owns the change.
    assert_eq!(named(&world), json!(["carol", "dave", "ivy", "jack"]));
    world.approve("carol", "CHG-1");
    let key = world.signer("dave").public().fingerprint();
    world.ok("alice", &format!("key suspend {key}"));
    world.ok("alice", "person suspend jack");
    assert_eq!(named(&world), json!(["ivy"]));
    let shown = world.ok("carol", "show CHG-1");
    assert!(shown.contains("CHG-1 has 1 of 2 approvals; could approve: ivy"), "{shown}");
}

#[test]
fn after_a_few_names_the_others_are_counted() {
    let world = World::founded_with_spare_approvers();
    grant(&world, "alice approver");
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    let shown = world.ok("carol", "show CHG-1").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("could approve: alice, carol, dave, ivy and 1 more"), "{shown}");
}
