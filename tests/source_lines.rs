//! Faults of files that people write: each with its line, its field, and the line of the file above a mark.

use crate::support::{CALENDAR, CHANGE, FREEZE, World};
use serde_json::Value;
use twinseal::domain::is_forbidden;
use twinseal::error::Exit;

/// A file of each kind, and the command that reads it.
fn kinds() -> [(&'static str, &'static str, String, &'static str); 4] {
    let policy = "approvals = 2\napproval_days = 7\nseparate = [\"admin-approver\"]\n\n[[require]]\nname = \"db\"\n\
                  approvals = 3\nlead_minutes = 60\nfields = [\"tests\"]\n\n[require.when]\nrisk = [\"high\"]\n\n\
                  [break_glass]\nminutes = 60\n\n[emergency]\nreview_days = 3\n";
    let sessions = "name = \"night\"\nexception_group = \"duty\"\n\n[sessions]\nvenue = \"XSHG\"\nyear = 2026\n\
                    before_minutes = 5\n";
    [
        ("erin", "check", CHANGE.to_owned(), "draft"),
        ("alice", "policy check", policy.to_owned(), "policy"),
        ("alice", "freeze propose", format!("{FREEZE}{}", &sessions[..0]), "freeze"),
        ("alice", "calendar propose", CALENDAR.to_owned(), "calendar"),
    ]
}

fn faults(world: &World, person: &str, command: &str) -> Vec<Value> {
    let output = world.run(person, &format!("{command} --json"));
    assert_eq!(output.exit, Exit::Invalid, "{command}\n{}", output.screen);
    let error: Value = serde_json::from_str(&output.out).unwrap();
    error["error"]["faults"].as_array().unwrap().clone()
}

#[test]
fn every_fault_names_the_line_of_its_field_and_shows_it() {
    let world = World::founded();
    let mut broken = 0;
    for (person, command, text, kind) in kinds() {
        for (at, line) in text.lines().enumerate().filter(|(_, line)| line.contains(" = ")) {
            let key = line.split(" = ").next().unwrap();
            let wrong = format!("{key} = [[0]]");
            let mut lines: Vec<&str> = text.lines().collect();
            lines[at] = &wrong;
            world.write("wrong.toml", lines.join("\n"));
            let found = faults(&world, person, &format!("{command} wrong.toml"));
            let named = |it: &Value| it["field"].as_str().unwrap().split(['.', '[']).any(|part| part == key);
            let fault = found.iter().find(|it| named(it)).unwrap_or_else(|| panic!("{kind}: {line}: {found:?}"));
            assert_eq!(fault["line"], at + 1, "{kind}: {line}");
            let screen = world.run(person, &format!("{command} wrong.toml")).err;
            assert!(screen.contains(&format!("{} | {wrong}\n", at + 1)), "{kind}: {line}\n{screen}");
            broken += 1;
        }
    }
    assert!(broken > 35, "{broken}");
}

#[test]
fn a_key_that_is_missing_names_no_line_of_another() {
    let world = World::founded();
    for (person, command, text, kind) in kinds() {
        let mut table = 0;
        for (at, line) in text.lines().enumerate() {
            if line.starts_with('[') {
                table = at + 1;
            }
            if !line.contains(" = ") {
                continue;
            }
            let lines: Vec<&str> = text.lines().enumerate().map(|(n, it)| if n == at { "" } else { it }).collect();
            world.write("without.toml", lines.join("\n"));
            let output = world.run(person, &format!("{command} without.toml --json"));
            if output.exit != Exit::Invalid {
                continue;
            }
            let error: Value = serde_json::from_str(&output.out).unwrap();
            let key = line.split(" = ").next().unwrap();
            for fault in error["error"]["faults"].as_array().unwrap() {
                let field = fault["field"].as_str().unwrap();
                if field == key || field.ends_with(&format!(".{key}")) {
                    let expected = if table == 0 { Value::Null } else { table.into() };
                    assert_eq!(fault["line"], expected, "{kind}: {field}");
                }
            }
        }
    }
}

#[test]
fn a_fault_of_the_whole_draft_names_its_field_and_not_line_1() {
    let world = World::founded();
    world.write("freeze.toml", FREEZE.replace("2026-12-01T11:00:00Z", "2026-12-01T09:30:00Z"));
    world.ok("alice", "freeze propose freeze.toml");
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    world.write("change.toml", CHANGE);
    let found = faults(&world, "erin", "check change.toml");
    let line = CHANGE.lines().position(|line| line.starts_with("start")).unwrap() + 1;
    let frozen = found.iter().find(|it| it["problem"].as_str().unwrap().contains("freeze month-end")).unwrap();
    assert_eq!((&frozen["line"], &frozen["field"]), (&line.into(), &"window.start".into()));
    world.write("few.toml", CHANGE.replace("risk =", "authors = [\"carol\"]\nrisk ="));
    let found = faults(&world, "erin", "file few.toml");
    assert_eq!((&found[0]["line"], &found[0]["field"]), (&Value::Null, &"".into()), "{found:?}");
    assert!(world.run("erin", "file few.toml").err.contains("\n  few.toml: 2 approvals needed, but only"));
}

#[test]
fn lists_rotas_and_the_configuration_show_their_lines_too() {
    let world = World::filed();
    world.write("rota.csv", "person,grant,from,until\ncarol,king,,\n");
    world.fails("alice", "person rota rota.csv", Exit::Invalid, "  rota.csv:2: grant: ");
    let shown = world.run("alice", "person rota rota.csv").err;
    assert!(shown.contains("\n  2 | carol,king,,\n    |       ^^^^\n"), "{shown}");
    world.write("list.txt", "CHG-1\n  CHG-one\n");
    let shown = world.run("carol", "approve --all-of list.txt").err;
    assert!(shown.contains("\n  2 | CHG-one\n    | ^^^^^^^\n"), "{shown}");
    let config = "people/erin/.config/twinseal/config.toml";
    world.write(config, "# mine\nrgister = \"prod\" # hunter2\n");
    let shown = world.run("erin", "list").err;
    assert!(shown.contains("\n  2 | rgister = …\n    | ^^^^^^^\n") && !shown.contains("hunter2"), "{shown}");
    for secret in [
        "passphrase = hunter2",
        "passphrase = \"hunter2",
        "hunter2",
        "key = [\"hunter2\"",
        "a = \"\"\"\nx hunter2 = 1\n",
    ] {
        world.write(config, secret);
        let said = world.run("erin", "list");
        assert!(said.exit == Exit::Invalid && !said.screen.contains("hunter2"), "{secret}\n{}", said.screen);
    }
}

#[test]
fn no_source_line_controls_the_terminal_or_is_wider_than_it() {
    let world = World::founded();
    let hostile: String =
        ('\u{1}'..='\u{2fff}').filter(|c| is_forbidden(*c) && !matches!(c, '\n' | '\r')).take(120).collect();
    for text in [hostile.clone(), "\u{202e}".repeat(300), "字".repeat(300), "a ".repeat(300), "é\t".repeat(200)] {
        for draft in [
            CHANGE.replace("\"high\"", &format!("\"{text}\" # {text}")),
            CHANGE.replace("risk =", &format!("# {text}\nrisky = \"{text}\"\nrisk =")),
            CHANGE.replace("\"high\"", &format!("'{text}' = \"{text}\"")),
        ] {
            world.write("change.toml", draft);
            for columns in [20, 40, 80, 200] {
                world.columns(Some(columns));
                let screen = world.run("erin", "check change.toml").screen;
                world.columns(None);
                assert_eq!(screen.chars().find(|c| *c != '\n' && is_forbidden(*c)), None, "{screen:?}");
                let snippet = screen.lines().filter(|line| line.trim_start().starts_with('|') || line.contains(" | "));
                let columns_of = |line: &str| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
                let wide: Vec<&str> = snippet.filter(|line| columns_of(line) >= usize::from(columns).max(27)).collect();
                assert!(wide.is_empty(), "{columns}: {wide:?}\n{screen}");
                assert!(screen.contains('^'), "{screen}");
            }
        }
    }
}

#[test]
fn a_draft_in_the_editor_has_its_faults_as_comments_at_the_lines_that_are_named() {
    let world = World::founded();
    let bad = CHANGE
        .replace("\"high\"", "\"huge\"")
        .replace("minutes = 5", "minutes = \"five\"")
        .replace("owner = \"erin\"\n", "");
    world.write("bad.toml", &bad);
    world.write("good.toml", CHANGE);
    let [bad, good, seen, once] =
        ["bad.toml", "good.toml", "seen.toml", "once"].map(|it| world.path(it).display().to_string());
    let script = format!(
        "f() {{ if test -e '{once}'; then cp \"$1\" '{seen}'; cp '{good}' \"$1\"; else touch '{once}'; cp '{bad}' \"$1\"; fi; }}; f"
    );
    world.variable("erin", "EDITOR", Some(&script));
    let output = world.run_typing("erin", "file", &["y", "y"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    let opened = std::fs::read_to_string(seen).unwrap();
    let lines: Vec<&str> = opened.lines().collect();
    assert_eq!(lines[0], "#! fault: owner: required, but missing or empty", "{opened}");
    for (field, line) in [("risk", "risk = \"huge\""), ("rollback.minutes", "minutes = \"five\"")] {
        let at = lines.iter().position(|it| *it == line).unwrap();
        assert!(lines[at - 1].starts_with(&format!("#! fault: {field}: ")), "{opened}");
        assert!(output.err.contains(&format!("draft 1:{}: {field}: ", at + 1)), "{at} {field}\n{}", output.screen);
    }
    assert!(output.err.contains("draft 1: owner: required"), "{}", output.screen);
}

#[test]
fn quotation_marks_of_a_sentence_are_named() {
    let world = World::founded();
    world.write("change.toml", CHANGE.replace("[\"order-gateway\"]", "[“order-gateway”]"));
    world.fails("erin", "check change.toml", Exit::Invalid, "invalid TOML: write \" instead of “");
}
