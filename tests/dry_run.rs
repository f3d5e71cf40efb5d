//! `--dry-run`: the verdict of the real command, and no trace of it.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use twinseal::cli::{RECORDING, RECORDING_IF_ASKED};
use twinseal::error::Exit;

use crate::hostile::day::DAY;
use crate::hostile::screen::{before_the_day, filled, sample};
use crate::support::{CALENDAR, CHANGE, FREEZE, Output, World, stock_tool, words};
use crate::tamper::schema::{ASIDE, OPENING};

/// Everything that a dry run must leave as it is: the log, and what the account remembers and keeps.
fn traces(world: &World, person: &str) -> (u64, Vec<(String, Vec<u8>)>) {
    let mut found = Vec::new();
    let state = world.path(&format!("people/{person}/.local/state/twinseal"));
    let mut folders = vec![state];
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (item.path(), item.file_name().to_string_lossy().into_owned());
            match path.is_dir() {
                true => folders.push(path),
                // The cache is made again from the log.
                false if name == "pin" || name.ends_with(".toml") => {
                    found.push((path.display().to_string(), fs::read(&path).unwrap()));
                }
                false => {}
            }
        }
    }
    found.sort();
    (world.entries(), found)
}

fn records(words: &[String]) -> bool {
    let away = ["--detached", "--sign"].iter().any(|option| words.iter().any(|word| word == option));
    let asked = words.iter().any(|word| word == "--record");
    let if_asked = RECORDING_IF_ASKED.iter().filter(|_| asked);
    !away
        && RECORDING.iter().chain(if_asked).any(|verb| {
            let verb: Vec<&str> = verb.split(' ').collect();
            words.iter().zip(&verb).filter(|(word, verb)| word == *verb).count() == verb.len()
        })
}

/// Runs the command as a dry run and asserts that it left nothing.
#[track_caller]
fn rehearsed(world: &World, person: &str, args: &[String], typed: Option<&[&str]>) -> Output {
    // What others recorded moves the pin of every command.
    if world.path("prod.db").exists() {
        world.run(person, &format!("whoami --fingerprint {}", world.fingerprint()));
    }
    let before = traces(world, person);
    let output = world.run_words(person, &[args, &["--dry-run".to_owned()]].concat(), typed);
    assert_eq!(traces(world, person), before, "{person}: {args:?} left something\n{}", output.screen);
    output
}

fn json(output: &Output) -> Value {
    serde_json::from_str(output.out.lines().next().unwrap_or_default()).unwrap_or_else(|_| panic!("{}", output.screen))
}

#[test]
fn no_dry_run_of_any_command_records_anything() {
    let (world, mut seen) = (before_the_day(), BTreeSet::<&str>::new());
    for &(person, line) in DAY {
        if line.starts_with("gate") {
            world.at("2026-12-01T10:00:00Z");
        }
        let args = filled(&world, line, &sample());
        let real = |world: &World| world.run_words(person, &args, None);
        if !records(&args) || args.contains(&"--offline".to_owned()) {
            real(&world);
            continue;
        }
        for typed in [None, Some(&[][..])] {
            let said = rehearsed(&world, person, &args, typed);
            assert_eq!(said.exit, Exit::Done, "{line}\n{}", said.screen);
            let next = format!("would be recorded as entry {}: ", world.entries());
            assert!(said.out.starts_with(&next) && said.err.ends_with("dry run: nothing was signed or recorded\n"));
            assert!(said.unanswered.is_empty(), "{line} asks {:?}", said.unanswered);
        }
        let said = rehearsed(&world, person, &[args.as_slice(), &["--json".to_owned()]].concat(), None);
        let (would, entries) = (json(&said)["would_record"].clone(), world.entries());
        let done = world.run_words(person, &[args.as_slice(), &["--json".to_owned()]].concat(), None);
        assert_eq!(done.exit, Exit::Done, "{line}\n{}", done.screen);
        assert_eq!(world.entries(), entries + 1, "{line}");
        let recorded = json(&done)["recorded"].clone();
        for field in ["seq", "kind", "prev", "last", "actor", "key", "change", "proposal", "event", "filled"] {
            assert_eq!(would[field], recorded[field], "{line}: {field}");
        }
        assert!(would["leaf"].is_null() && json(&said)["recorded"].is_null(), "{line}");
        seen.extend(RECORDING.iter().filter(|verb| line == **verb || line.starts_with(&format!("{verb} "))));
    }
    assert_eq!(seen.len(), RECORDING.len(), "the day is without some of {RECORDING:?}: {seen:?}");
}

#[test]
fn a_dry_run_is_refused_as_the_command_is() {
    let world = World::filed();
    world.write("rota.csv", "person,grant,from,until\ncarol,group dba,,\n");
    world.write("freeze.toml", FREEZE);
    world.write("calendar.toml", CALENDAR);
    world.write("policy.toml", "approvals = 1\napproval_days = 10\n");
    world.ok("carol", "breakglass open --incident INC-9 --reason Now. --as carol --offline acted.word");
    let (digest, key) = (world.revision("CHG-1").filed.to_string(), world.signer("carol").public().fingerprint());
    let (mut refused, mut compared) = (0, 0);
    for person in ["carol", "alice"] {
        for line in OPENING.iter().filter(|line| records(&words(line))) {
            let line = format!("{line} --json").replace("DIGEST", &digest).replace("KEY", &key.to_string());
            let dry = rehearsed(&world, person, &words(&line), None);
            let real = world.run(person, &line);
            assert_eq!(dry.exit, real.exit, "{person}: {line}\n{}\n{}", dry.screen, real.screen);
            compared += 1;
            if real.exit != Exit::Done {
                let (dry, real) = (json(&dry)["error"].clone(), json(&real)["error"].clone());
                let message =
                    |it: &Value| it["message"].as_str().unwrap().split(" (recorded as").next().unwrap().to_owned();
                assert_eq!((&dry["rule"], message(&dry)), (&real["rule"], message(&real)), "{person}: {line}");
                assert_eq!(dry["recorded"], Value::Null, "{person}: {line}");
                refused += usize::from(!real["rule"].is_null());
            }
        }
    }
    assert!(compared >= 70 && refused >= 15, "{compared} compared, {refused} refused by a rule");
}

#[test]
fn a_dry_run_records_no_refused_attempt() {
    let world = World::filed();
    let dry = rehearsed(&world, "erin", &words("start CHG-1"), None);
    assert!(dry.exit == Exit::Refused && !dry.err.contains("recorded as"), "{}", dry.screen);
    let entries = world.entries();
    let real = world.run("erin", "start CHG-1");
    assert!(real.err.contains("(recorded as entry") && world.entries() == entries + 1, "{}", real.screen);
}

#[test]
fn a_dry_run_asks_no_passphrase_and_shows_the_page() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::filed();
    let key = world.path("people/carol/key");
    let lock = Command::new("ssh-keygen").args(["-q", "-p", "-P", "", "-N", "secret", "-f"]).arg(key).status();
    assert!(lock.unwrap().success());
    let output = rehearsed(&world, "carol", &words("approve CHG-1 --note 'Read with the desk.'"), Some(&[]));
    assert!(output.exit == Exit::Done && output.unanswered.is_empty(), "{}", output.screen);
    for shown in ["Raise the pool", "= change     CHG-1", "| Read with the desk."] {
        assert!(output.screen.contains(shown), "{shown}\n{}", output.screen);
    }
    // Several changes would be recorded one after the other.
    world.ok("erin", "file change.toml --again");
    let both = rehearsed(&world, "carol", &words("approve 1 2"), Some(&[]));
    let [first, second] = [world.entries(), world.entries() + 1].map(|seq| format!("as entry {seq}: change.approve"));
    assert!(both.exit == Exit::Done && both.out.contains(&first) && both.out.contains(&second), "{}", both.screen);
}

#[test]
fn no_command_that_records_nothing_takes_a_dry_run() {
    let world = World::filed();
    let others = OPENING.iter().chain(ASIDE).filter(|line| !records(&words(line)));
    for line in others.chain(&[""]) {
        let output = world.run("erin", &format!("{line} --dry-run"));
        let named = output.err.contains("records no entry") || output.err.contains("error: missing: ");
        assert!(output.exit == Exit::Invalid && named, "{line}\n{}", output.screen);
    }
    assert!(["out.db", "new.db", "again.request"].iter().all(|it| !world.path(it).exists()));
    let offline = "breakglass open --incident INC-9 --reason Now. --as carol --offline acted.word --dry-run";
    world.fails("carol", offline, Exit::Invalid, "`twinseal breakglass open --offline` records no entry");
    assert!(!world.path("acted.word").exists());
    // A draft that was only rehearsed is not kept.
    let file = "file --from 1 --title Again --window '2027-01-05T20:00:00Z for 2h'";
    for typed in [None, Some(&[][..])] {
        assert_eq!(rehearsed(&world, "erin", &words(file), typed).exit, Exit::Done);
    }
    world.write("change.toml", CHANGE);
    assert_eq!(world.run("erin", "drafts list").err, "no drafts\n");
}

/// The files of an account, with their content.
fn files(world: &World, person: &str) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![world.path(&format!("people/{person}"))]);
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match item.path().is_dir() {
                true => folders.push(item.path()),
                false => found.push((item.path().display().to_string(), fs::read(item.path()).unwrap())),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn no_dry_run_trusts_a_register() {
    let world = World::filed();
    world.person("grace");
    let before = files(&world, "grace");
    let trusted = format!("--register prod.db --fingerprint {}", world.fingerprint());
    for line in OPENING.iter().filter(|line| records(&words(line)) && !line.starts_with("init")) {
        for options in [trusted.as_str(), "--register prod.db"] {
            let line = format!("{line} {options} --dry-run").replace("DIGEST", &"0".repeat(64));
            let output = world.run_typing("grace", &line, &["yes", "y"]);
            assert_ne!(output.exit, Exit::Done, "{line}\n{}", output.screen);
            assert_eq!(files(&world, "grace"), before, "{line}\n{}", output.screen);
        }
    }
    let output = world.run_typing("grace", &format!("note CHG-1 Seen. {trusted} --dry-run"), &["yes"]);
    for said in ["--dry-run: this account does not trust the register prod#", "hint: compare the fingerprint first: "] {
        assert!(output.exit == Exit::Invalid && output.err.contains(said), "{said}\n{}", output.screen);
    }
    // Nor does a dry run say that a register has moved for good.
    world.ok("erin", "list");
    let fingerprint = world.fingerprint();
    fs::rename(world.path("prod.db"), world.path("moved.db")).unwrap();
    let list = |world: &World| {
        let mut files = files(world, "erin");
        files.retain(|(name, _)| name.ends_with("registers.toml"));
        files
    };
    let before = list(&world);
    let moved = format!("note CHG-1 Seen. --register moved.db --fingerprint {fingerprint}");
    world.run("erin", &format!("{moved} --dry-run"));
    assert!(before.len() == 1 && list(&world) == before);
    world.ok("erin", &moved);
    assert_ne!(list(&world), before);
}
