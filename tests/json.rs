//! Checks `docs/json.md`: each block names a person and a command, and shows the output, indented. An expected failure
//! is stated as in a transcript: `json erin: show CHG-99 (exit code 2: no CHG-99)`.
//!
//! `SNAPSHOTS=overwrite cargo test --test all json::` regenerates the blocks; review the diff.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, UNIX_EPOCH};

use crate::support::{CALENDAR, CHANGE, FREEZE, SERVICES, TEMPLATE, World};
use crate::transcripts::source::{self, Expected};
use snapbox::{Assert, Data};
use twinseal::domain::{ConflictOfInterest, Duty, Void};
use twinseal::error::Exit;
use twinseal::output::json::vote;

/// A register with most kinds of entries.
fn world() -> World {
    let world = World::founded();
    let more = "[links]\nincident = \"INC-2214\"\n[[tests]]\nwhat = \"Replay of a busy open.\"\nresult = \"No rejects.\"\n\
                evidence = \"replay.txt\"\n[[artifacts]]\nname = \"pool.toml\"\nfile = \"pool.toml\"\n";
    world.write("replay.txt", "0 rejects\n");
    world.write("pool.toml", "size = 160\n");
    world.write("change.toml", format!("{CHANGE}\n{more}"));
    world.ok("erin", "file change.toml");
    world.ok("carol", &format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed));
    world.write("revised.toml", format!("{}\n{more}", CHANGE.replace("pool to 160", "pool to 144")));
    world.ok("erin", "revise CHG-1 revised.toml");
    world.approve("carol", "CHG-1");
    world.ok("audrey", "note CHG-1 'Seen.'");
    world.write(
        "policy.toml",
        "approvals = 2\napproval_days = 7\nseparate = [\"admin-approver\"]\n[[require]]\n\
        name = \"bad\"\nwhen = { risk = [\"critical\"] }\napprovals = 3\nfields = [\"tests\"]\n",
    );
    world.ok("alice", "policy propose policy.toml");
    world.write("freeze.toml", FREEZE);
    // The server lives as long as the tests do.
    let port = Box::leak(Box::new(crate::notify::server::Server::new())).port;
    crate::notify::secrets(&world, "ops = \"the key of ops\"\n");
    world.write("notify.toml", crate::notify::rules(port, "events = [\"approval-needed\"]"));
    world.write("calendar.toml", CALENDAR);
    world.write("services.toml", SERVICES);
    world.write("template.toml", TEMPLATE);
    world.write("deployed.csv", "ref,time,service,change\n9081,2026-12-01T10:02:11Z,order-gateway,CHG-1\n");
    world.write("staff.csv", "person,left\nalice,\nbob,\nerin,\ncarol,2026-11-30\ndave,\n");
    world.write("bad.toml", CHANGE.replace("owner", "ower").replace("\"high\"", "\"huge\""));
    world
}

/// Indents the output, in which every line is a JSON document.
fn laid_out(printed: &str) -> String {
    let document = |line: &str| {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        serde_json::to_string_pretty(&value).unwrap() + "\n"
    };
    printed.lines().map(document).collect()
}

/// Sets permissions and file times so that `doctor` finds no problem on any host.
fn well(world: &World) {
    fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o2770)).unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(world.now().unix().try_into().unwrap());
    fs::OpenOptions::new().write(true).open(world.path("prod.db")).unwrap().set_modified(now).unwrap();
}

/// Replaces the disk figures of this host, which differ between runs.
fn elsewhere(printed: &str) -> String {
    let mut said: serde_json::Value = serde_json::from_str(printed).unwrap();
    for (name, what) in [("file system", "ext4 at /srv, local"), ("free space", "40960 MiB free")] {
        let mut checks = said["checks"].as_array_mut().unwrap().iter_mut();
        let check = checks.find(|it| it["check"] == name).unwrap();
        *check = serde_json::json!({ "check": name, "state": "ok", "detail": what, "hint": null });
    }
    let warnings = said["checks"].as_array().unwrap().iter().filter(|it| it["state"] == "warning").count();
    said["warnings"] = warnings.into();
    said.to_string()
}

#[test]
fn the_document_shows_what_is_printed() {
    let world = world();
    let text = fs::read_to_string("docs/json.md").unwrap();
    let (mut played, mut lines, mut blocks) = (String::new(), text.lines(), 0);
    while let Some(line) = lines.next() {
        played.push_str(line);
        played.push('\n');
        let Some((person, command)) = line.strip_prefix("```json ").and_then(|rest| rest.split_once(": ")) else {
            continue;
        };
        lines.by_ref().take_while(|line| *line != "```").for_each(drop);
        if command == "doctor" {
            well(&world);
        }
        let (command, failure) = command.split_at(command.find(" (exit code ").unwrap_or(command.len()));
        let expected = source::expected(failure.trim()).map_or(Expected::default(), Result::unwrap);
        let output = world.run(person, &format!("--json {command}"));
        assert_eq!(output.exit as i32, expected.code, "{command}\n{}", output.screen);
        if expected.code != 0 {
            let answer: serde_json::Value = serde_json::from_str(&output.out).unwrap();
            let error = &answer["error"];
            // The gate answers with its conditions.
            let conditions = answer["conditions"].to_string();
            let reason = error["rule"].as_str().or(error["message"].as_str()).unwrap_or(&conditions);
            assert!(reason.contains(expected.why.unwrap()), "{command}\n{reason}");
        }
        let printed = if command == "doctor" { elsewhere(&output.out) } else { output.out };
        let here = world.path("prod.db").parent().unwrap().display().to_string();
        played.push_str(&laid_out(&printed).replace(&here, "/srv"));
        played.push_str("```\n");
        blocks += 1;
    }
    assert!(blocks >= 18, "only {blocks} blocks were found");
    let assert = Assert::new().action_env("SNAPSHOTS");
    assert.eq(played, Data::read_from("docs/json.md".as_ref(), Some(snapbox::data::DataFormat::Text)).raw());
}

#[test]
fn every_command_answers_in_json_and_in_nothing_else() {
    let world = world();
    let revision = world.revision("CHG-1").filed;
    let proposal = world.state().governance().proposal("1".parse().unwrap()).unwrap().opened;
    let carol = world.signer("carol").public().fingerprint();
    world.ok("erin", "breakglass open --incident INC-2 --reason Now. --as erin --offline acted.word");
    world.write("told.toml", "done = 2026-12-01T08:00:00Z\nwhat = 'Restarted.'\n");
    let commands = [
        ("erin", "list".to_owned()),
        ("erin", "show CHG-1".to_owned()),
        ("erin", "diff CHG-1".to_owned()),
        ("erin", "inbox".to_owned()),
        ("erin", String::new()),
        ("erin", "whoami".to_owned()),
        ("erin", "join".to_owned()),
        ("erin", "config".to_owned()),
        ("erin", "config show".to_owned()),
        ("erin", "config path".to_owned()),
        ("erin", "registers".to_owned()),
        ("erin", "registers list".to_owned()),
        ("erin", "drafts".to_owned()),
        ("erin", "log".to_owned()),
        ("erin", "check change.toml".to_owned()),
        ("erin", "file change.toml".to_owned()),
        ("erin", "list --unconfirmed".to_owned()),
        ("erin", "action list --open".to_owned()),
        ("erin", "approve CHG-1 --detached dave.approval --for dave".to_owned()),
        ("dave", "approve --sign dave.approval --digest {statement}".to_owned()),
        ("erin", "approve --submit dave.approval".to_owned()),
        ("dave", format!("approve CHG-1 --revision {revision}")),
        ("dave", "retract CHG-1 --reason 'Not yet.'".to_owned()),
        ("dave", "reject CHG-2 --reason 'Twice.'".to_owned()),
        ("erin", "withdraw CHG-2".to_owned()),
        ("erin", "note CHG-1 'More.'".to_owned()),
        ("erin", "verify".to_owned()),
        ("erin", "checkpoint".to_owned()),
        ("alice", "checkpoint --record".to_owned()),
        ("erin", "evidence pack CHG-1 --out pack".to_owned()),
        ("erin", "evidence verify pack".to_owned()),
        ("erin", "rebuild".to_owned()),
        ("erin", "backup copy.db".to_owned()),
        ("erin", "recover copy.db".to_owned()),
        ("erin", "repair".to_owned()),
        ("erin", "doctor".to_owned()),
        ("erin", "breakglass open --incident INC-1 --reason Now.".to_owned()),
        ("carol", "breakglass enter acted.word".to_owned()),
        ("erin", "breakglass close BG-1 policy.toml".to_owned()),
        ("erin", "deviation record told.toml".to_owned()),
        ("erin", "deviation list".to_owned()),
        ("erin", "deviation show DEV-1".to_owned()),
        ("erin", "breakglass list".to_owned()),
        ("erin", "breakglass show BG-1".to_owned()),
        ("erin", "export jsonl".to_owned()),
        ("audrey", "audit population --from 2026-12-01T00:00:00Z --to 2026-12-02T00:00:00Z".to_owned()),
        ("audrey", "audit exceptions --from 2026-12-01T00:00:00Z --to 2026-12-02T00:00:00Z".to_owned()),
        ("audrey", "audit sample --seed 416 --from 2026-12-01T00:00:00Z --to 2026-12-02T00:00:00Z".to_owned()),
        ("audrey", "audit roles --as-of 0".to_owned()),
        ("audrey", "audit access --against staff.csv".to_owned()),
        ("audrey", "audit compromise --person carol --since 0".to_owned()),
        ("audrey", "audit reconcile deployed.csv".to_owned()),
        ("erin", "person list".to_owned()),
        ("erin", "person show carol --as-of 0".to_owned()),
        ("erin", "proposal list".to_owned()),
        ("erin", "proposal show 1".to_owned()),
        ("bob", format!("proposal second 1 --digest {proposal}")),
        ("erin", "policy show".to_owned()),
        ("erin", "policy show --source".to_owned()),
        ("erin", "policy explain --capacity".to_owned()),
        ("erin", "policy check policy.toml".to_owned()),
        ("erin", "policy explain CHG-1".to_owned()),
        ("erin", "policy test policy.toml --change CHG-1".to_owned()),
        ("erin", "policy replay policy.toml".to_owned()),
        ("alice", "person grant carol engineer".to_owned()),
        ("alice", "person retire dave".to_owned()),
        ("alice", "proposal redact 2 --reason 'No.'".to_owned()),
        ("bob", "proposal decline 2".to_owned()),
        ("alice", "proposal withdraw 3".to_owned()),
        ("bob", format!("key suspend {carol}")),
        ("bob", format!("key lift {carol}")),
        ("alice", "freeze propose freeze.toml".to_owned()),
        ("alice", "freeze now --reason 'Rejects.'".to_owned()),
        ("erin", "freeze list".to_owned()),
        ("alice", "calendar propose calendar.toml".to_owned()),
        ("erin", "calendar list".to_owned()),
        ("erin", "calendar venue XLON --year 2026".to_owned()),
        ("erin", "calendar --month --venue XLON".to_owned()),
        ("alice", "service import services.toml".to_owned()),
        ("erin", "service list".to_owned()),
        ("alice", "template propose template.toml".to_owned()),
        ("erin", "template list".to_owned()),
        ("erin", "freeze check 2026-12-02T12:00:00Z".to_owned()),
        ("erin", "slots --service order-gateway --for 90m".to_owned()),
        ("erin", "notify check notify.toml".to_owned()),
        ("erin", "notify run --config notify.toml".to_owned()),
        ("erin", "notify status --config notify.toml".to_owned()),
        ("erin", "notify retry ops --config notify.toml".to_owned()),
        ("erin", "notify test ops --config notify.toml".to_owned()),
        ("erin", "key show people/erin/key".to_owned()),
        ("erin", "key new --no-passphrase another".to_owned()),
        ("alice", "register move prod.db moved.db".to_owned()),
    ];
    for (person, command) in commands {
        let command = match command.split_once("{statement}") {
            Some((command, _)) => format!("{command}{}", world.statement("dave.approval")),
            None => command,
        };
        let output = world.run(person, &format!("--json {command}"));
        assert_eq!(output.exit, Exit::Done, "{command}\n{}", output.screen);
        assert!(!laid_out(&output.out).is_empty(), "{command} says nothing in JSON");
    }
    let wrong = [
        ("show CHG-99", Exit::Invalid),
        ("show", Exit::Invalid),
        ("frobnicate", Exit::Invalid),
        ("check bad.toml", Exit::Invalid),
        ("start CHG-1", Exit::Refused),
        ("confirm CHG-1", Exit::Refused),
        ("list --status maybe", Exit::Invalid),
    ];
    for (command, exit) in wrong {
        let output = world.run("erin", &format!("{command} --json"));
        assert_eq!(output.exit, exit, "{command}\n{}", output.screen);
        let error: serde_json::Value = serde_json::from_str(&output.out).unwrap();
        assert_eq!(error["error"]["exit"], exit as u8, "{command}\n{}", output.screen);
        assert!(!output.err.is_empty(), "{command} says nothing to people");
    }
}

#[test]
fn every_step_of_a_proposal_names_it() {
    let world = World::founded();
    ["dba", "risk", "desk", "ops"]
        .iter()
        .for_each(|it| drop(world.ok("alice", &format!("person grant carol --group {it}"))));
    world.run_typing("bob", "proposal second 1", &["1"]);
    world.ok("bob", "proposal decline 2");
    world.ok("alice", "proposal withdraw 3");
    let opened = world.state().governance().proposal("4".parse().unwrap()).unwrap().opened;
    assert_eq!(world.run("alice", &format!("proposal second 4 --digest {opened}")).exit, Exit::Refused);
    let steps: Vec<serde_json::Value> = world.ok("alice", "log --json").lines().map(|it| it.parse().unwrap()).collect();
    let named: Vec<String> = steps.iter().skip(2).map(|it| format!("{} {}", it["kind"], it["proposal"])).collect();
    let expected = [
        r#""person.roles" 1"#,
        r#""person.roles" 2"#,
        r#""person.roles" 3"#,
        r#""person.roles" 4"#,
        r#""proposal.second" 1"#,
        r#""proposal.decline" 2"#,
        r#""proposal.withdraw" 3"#,
        r#""proposal.refused" 4"#,
    ];
    assert_eq!(named, expected);
}

#[test]
fn no_approval_that_does_not_count_is_without_its_reason() {
    let world = World::approved();
    let change = world.change("CHG-1");
    let document = fs::read_to_string("docs/json.md").unwrap();
    for (void, word) in [
        (Void::Expired(world.now()), "expired"),
        (Void::Ahead(world.now()), "ahead"),
        (Void::NoApprover, "no-approver"),
        (Void::DeadKey, "inactive-key"),
        (Void::ConflictOfInterest(ConflictOfInterest::Owns), "conflict-of-interest"),
        (Void::Separate(Duty::AdminApprover), "separate-duties"),
    ] {
        assert_eq!(vote(&change, &change.votes()[0], Some(&void), None)["void"], word);
        assert!(document.contains(&format!("`{word}`")), "{word}");
    }
    assert_eq!(vote(&change, &change.votes()[0], None, None)["void"], serde_json::Value::Null);
    world.write("revised.toml", CHANGE.replace("160", "144"));
    world.ok("erin", "revise CHG-1 revised.toml");
    let revised = world.change("CHG-1");
    assert_eq!(vote(&revised, &revised.votes()[0], None, None)["void"], "revised");
    assert!(document.contains("`revised`"));
}
