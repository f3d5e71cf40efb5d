//! Rules about commands that a policy calls sensitive, in the data part of a revision and in its text.

use super::prelude::*;
use twinseal::domain::Phrase;

const HEAD: &str = "approvals = 2\napproval_days = 14\n";
const POLICY: &str = "[[require]]\nname = 'destructive'\nsensitive = ['Drop  Table', 'truncate']\n\
                      from = [{ group = 'dba' }]\n";

/// A draft whose first step has this line too.
fn with_command(line: &str) -> [(String, String); 1] {
    let step = "step = \"Set the pool to 160.\"";
    [(step.to_owned(), format!("{step}\n{line}"))]
}

/// The policy in force, and ivy in its group.
fn with_policy() -> World {
    let world = World::founded_with_spare_approvers();
    enact(&world, &format!("{HEAD}{POLICY}"));
    grant(&world, "ivy", "--group dba");
    world
}

/// CHG-1 with this line in its first step, approved by carol and dave, who are not in the group.
fn approved_with(line: &str) -> World {
    let world = with_policy();
    let replaced = with_command(line);
    file(&world, &replaced.each_ref().map(|(from, to)| (from.as_str(), to.as_str())));
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world
}

#[test]
fn a_sensitive_command_starts_only_with_an_approval_of_its_group() {
    for line in [
        "args = [\"psql\", \"-c\", \"drop table pool\"]",
        "args = [\"psql\", \"-c\", \"DROP    Table pool\"]",
        "args = [\"sql\", \"drop\", \"table\", \"pool\"]",
        "shell = \"psql <<EOF\\nDROP\\n  TABLE pool;\\nEOF\"",
        "shell = \"psql -c \\\"drop \\\\\\n  table pool\\\"\"",
        "command = \"psql -c 'drop table pool'\"",
        "command = \"psql -c 'DROP   TABLE pool'\"",
        "args = [\"redis\", \"TRUNCATE\"]",
    ] {
        let world = approved_with(line);
        forbidden(&world, "erin", start(&world), None, "group-approvals");
        let shown = world.ok("erin", "show CHG-1").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("destructive unsatisfied: CHG-1 needs a further approval by a member of group dba"));
        world.approve("ivy", "CHG-1");
        accepted(&world, "erin", start(&world), None);
    }
    for line in
        ["args = [\"psql\", \"-c\", \"drop a table\"]", "command = \"pool set 160\"", "cwd = \"/x\"\nargs = [\"x\"]"]
    {
        accepted(&approved_with(line), "erin", start(&approved_with(line)), None);
    }
}

#[test]
fn a_policy_that_names_a_phrase_later_asks_for_commands_that_a_machine_carries_out() {
    let world = World::founded();
    let replaced = with_command("args = [\"psql\", \"-c\", \"drop table pool\"]");
    file(&world, &replaced.each_ref().map(|(from, to)| (from.as_str(), to.as_str())));
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    accepted(&world, "erin", start(&world), None);
    enact(&world, &format!("{HEAD}{POLICY}"));
    forbidden(&world, "erin", start(&world), None, "group-approvals");
    // A revision without the command asks for nobody, whatever an earlier one had.
    file(&world, &[]);
    world.ok("erin", "revise CHG-1 change.toml --again");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    accepted(&world, "erin", start(&world), None);
}

#[test]
fn a_revision_that_does_not_name_the_sensitive_command_of_its_text_is_refused() {
    let world = with_policy();
    let command = |description: &mut Description| {
        description.plan[0].command = Some("psql -c 'DROP  TABLE pool'".parse().unwrap());
    };
    let (event, text) = filing(&world, |_, description| command(description));
    forbidden(&world, "erin", event, text, "sensitive-named");
    let phrase: Phrase = "drop table".parse().unwrap();
    let (event, text) = filing(&world, |facts, description| {
        facts.sensitive = [phrase.clone()].into();
        command(description);
    });
    accepted(&world, "erin", event, text);
    // The same of a revision, and of a command of the rollback.
    file(&world, &[]);
    let (event, text) = filing(&world, |_, description| {
        description.rollback[0].command = Some("truncate".parse().unwrap());
    });
    let (event, text) = revising(&world, (event, text));
    forbidden(&world, "erin", event, text, "sensitive-named");
    // `file` names what it finds.
    let replaced = with_command("command = \"psql -c 'drop table pool'\"");
    file(&world, &replaced.each_ref().map(|(from, to)| (from.as_str(), to.as_str())));
    assert_eq!(world.change("CHG-2").current().facts.sensitive, [phrase].into());
}

#[test]
fn a_redacted_text_leaves_the_requirement_in_force() {
    let world = approved_with("command = \"psql -c 'drop table pool'\"");
    let seq = world.change("CHG-1").current().seq;
    world.ok("alice", &format!("proposal redact {seq} --reason Secret."));
    second(&world, "bob", "3");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    let shown: serde_json::Value = serde_json::from_str(&world.ok("carol", "--json show CHG-1")).unwrap();
    assert_eq!(shown["requirements"][1]["result"], "unsatisfied");
}

#[test]
fn the_page_marks_sensitive_commands() {
    let world = approved_with("command = \"drop table a\"\nargs = [\"psql\", \"-c\", \"truncate b\"]");
    for command in ["show CHG-1", "approve CHG-1"] {
        let page = world.run_typing("jack", command, &["no"]).screen;
        let mark = "sensitive: \"drop table\", \"truncate\"";
        let lines: Vec<&str> = page.lines().collect();
        let at = lines.iter().position(|line| line.trim() == mark).unwrap_or_else(|| panic!("{page}"));
        assert!(lines[at - 1].contains("\"truncate b\""), "{page}");
        assert_eq!(lines.iter().filter(|line| line.contains("sensitive:")).count(), 1, "{page}");
    }
    let diff: serde_json::Value = serde_json::from_str(&world.ok("carol", "--json show CHG-1")).unwrap();
    assert_eq!(diff["revisions"][0]["facts"]["sensitive"], serde_json::json!(["drop table"]));
}

#[test]
fn a_phrase_in_a_policy_is_written_in_one_way() {
    let world = World::founded();
    let policy = |phrases: &str| format!("{HEAD}[[require]]\nname = 'it'\nsensitive = {phrases}\napprovals = 3\n");
    for (phrases, fault) in
        [("['drop table', 'DROP  table']", "drop table is listed twice"), ("['']", "empty"), ("['  ']", "empty")]
    {
        world.write("policy.toml", policy(phrases));
        world.fails("alice", "policy check policy.toml", Exit::Invalid, fault);
    }
    world.write("policy.toml", format!("{HEAD}[[require]]\nname = 'it'\nsensitive = ['x']\n"));
    world.fails("alice", "policy check policy.toml", Exit::Invalid, "requires nothing");
    enact(&world, &policy("'Drop  TABLE'"));
    let shown = world.ok("alice", "policy show");
    assert!(shown.contains("Changes with a command that has \"drop table\" need the approvals of 3"), "{shown}");
}
