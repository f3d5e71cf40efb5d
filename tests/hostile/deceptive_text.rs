//! Unusual text that is harmless.

use std::collections::BTreeMap;

use twinseal::domain::{Description, Text};
use twinseal::error::Exit;
use twinseal::format::entry;
use twinseal::output::{Reading, visible};

use super::{FULL, TEXTS, quoted, world};
use crate::support::{CHANGE, World};

/// Text that looks dangerous or rare but is harmless.
const ODD: [&str; 9] = [
    "'; DROP TABLE entry; --",
    "\"; DELETE FROM changes; /*",
    "$(rm -rf /) `reboot` %s %n {} \\u001b \\",
    "<script>alert(1)</script> & [red]x[/red]",
    "数据库连接池：从八十到一百六十",
    "שלום, مرحبا بالعالم",
    "🚀 naïve Ω Größe, 3 °C — “x”",
    "salt 0000 sig U1NIU0lH prev",
    "= key # comment [table]",
];

#[test]
fn unusual_text_is_shown_unchanged() {
    let world = world();
    for (number, odd) in (1..).zip(ODD) {
        let texts = TEXTS.into_iter().filter(|(field, _)| !["tests[1].evidence", "artifacts[1].file"].contains(field));
        let draft = texts.fold(FULL.to_owned(), |draft, (_, old)| draft.replace(&format!("\"{old}\""), &quoted(odd)));
        world.write("change.toml", draft);
        world.ok("erin", "file change.toml");
        let raw = world.raw(world.entries() - 1);
        let Some(Text::Description(it)) = entry::open(&raw).unwrap().text else { panic!("no description") };
        let Description { title, reason, impact, security, plan, rollback, abort_if, tests, success, .. } = *it;
        let prose = [reason, impact, security, success].map(|it| it.unwrap().to_string());
        let steps = [&plan[0], &rollback[0]].map(|it| [it.text.to_string(), it.command.clone().unwrap().to_string()]);
        let others = [
            title.unwrap().to_string(),
            abort_if[0].to_string(),
            tests[0].what.to_string(),
            tests[0].result.to_string(),
        ];
        let all = [prose.as_slice(), steps.as_flattened(), &others].concat();
        assert!(all.len() == 12 && all.iter().all(|text| text == odd), "{all:#?}");
        let id = format!("CHG-{number}");
        // In the two commands, letters that are read from right to left are shown by their codes.
        let shown = if visible(odd, Reading::Command) == odd { 12 } else { 10 };
        assert_eq!(world.ok("audrey", &format!("show {id}")).matches(odd).count(), shown);
        assert!(world.ok("audrey", "list").contains(odd));
        let reject = ["reject", &id, "--reason", odd].map(str::to_owned);
        assert_eq!(world.run_words("carol", &reject, None).exit, Exit::Done);
        assert_eq!(world.ok("audrey", &format!("show {id}")).matches(odd).count(), shown + 1);
    }
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn unusual_names_are_shown_unchanged() {
    let world = World::founded();
    let (id, fingerprint) = (world.state().id().unwrap().to_string(), world.fingerprint());
    for (number, odd) in ODD.into_iter().enumerate() {
        let person = format!("p{number}");
        world.person(&person);
        let out = format!("{person}.request");
        let register = ["--register", &id, "--fingerprint", &fingerprint];
        let request = [&["person", "request", &person, "--name", odd, "--out", &out], &register[..]].concat();
        let request: Vec<String> = request.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(world.run_words(&person, &request, None).exit, Exit::Done);
        world.ok("alice", &format!("person enrol {person}={person}.request:engineer"));
        let digest = world.newest_proposal().opened;
        world.ok("bob", &format!("proposal second {} --digest {digest}", number + 1));
        assert!(world.ok("audrey", "person list").contains(odd));
    }
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

/// The plan on the page that an approver signs, on a terminal of 80 columns.
fn plan_on_page(world: &World, step: &str) -> String {
    world.write("change.toml", CHANGE.replace("[rollback]", &format!("{step}\n[rollback]")));
    world.columns(None);
    let filed = world.ok("erin", "file change.toml");
    let id = filed.split(' ').next().unwrap().to_owned();
    world.columns(Some(80));
    let page = world.run_typing("carol", &format!("approve {id}"), &[&id]);
    assert_eq!(page.exit, Exit::Done, "{}", page.screen);
    let plan = page.screen.split("\n\nplan\n").nth(1).unwrap();
    plan.split("\n\nrollback (").next().unwrap().to_owned()
}

#[test]
fn no_two_commands_look_the_same_on_the_signing_page() {
    let world = World::founded();
    let long = "x".repeat(100);
    // The room that the page leaves for the value of an `arg` line.
    let edges = 55..75;
    let mut steps: Vec<String> = [
        r#"["a", "b"]"#,
        r#"["a b"]"#,
        r#"["a", "", "b"]"#,
        r#"["a", " b"]"#,
        r#"["a ", "b"]"#,
        r#"["a  b"]"#,
        r#"['a" "b']"#,
        r#"['a\" "b']"#,
        r#"['a"', 'b']"#,
        r#"['a\', 'b']"#,
        r#"['a\\', 'b']"#,
        r#"["a", "b", ""]"#,
        r#"["a", "b "]"#,
        r#"["sh", "a"]"#,
    ]
    .map(|args| format!("args = {args}"))
    .to_vec();
    steps.extend(
        ["a\nb", "a", "a b", "arg \"a\"", "a\narg \"b\"", "a\ncwd \"b\""].map(|it| format!("shell = {}", quoted(it))),
    );
    steps.extend(["cwd", "account"].map(|key| format!("args = [\"a\"]\n{key} = \"b\"")));
    for at in edges {
        let (head, tail) = long.split_at(at);
        steps.push(format!("args = [\"{head}{tail}\"]"));
        steps.push(format!("args = [\"{head}↩\", \"{tail}\"]"));
        steps.push(format!("args = [\"{head}\", \"{tail}\"]"));
        steps.push(format!("shell = {}", quoted(&format!("{head}↩\n{tail}"))));
        steps.push(format!("shell = {}", quoted(&format!("{head}\n{tail}"))));
    }
    steps.push(format!("shell = \"{long}\""));
    steps.sort();
    steps.dedup();
    let mut seen = BTreeMap::new();
    for step in steps {
        if let Some(other) = seen.insert(plan_on_page(&world, &step), step.clone()) {
            panic!("these look the same:\n{step}\n{other}");
        }
    }
}

#[test]
fn no_two_lists_of_targets_look_the_same_on_the_signing_page() {
    let world = World::founded();
    let mut seen = BTreeMap::new();
    for targets in [r#"["a", "b"]"#, r#"["b", "a"]"#, r#"["a,b"]"#, r#"["a,", "b"]"#, r#"["1.", "a"]"#, r#"["a"]"#] {
        world.write("change.toml", CHANGE.replace("risk =", &format!("targets = {targets}\nrisk =")));
        let id = world.ok("erin", "file change.toml").split(' ').next().unwrap().to_owned();
        let page = world.ok("carol", &format!("show {id}"));
        let block = page.split("\ntargets (").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
        if let Some(other) = seen.insert(block, targets) {
            panic!("these look the same: {targets} {other}");
        }
    }
}
