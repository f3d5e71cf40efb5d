//! The gate: open only if the change may start here and now, closed for everything else. It records nothing.

mod checkpoint;
mod requirements;
mod starting;

use std::fs;
use std::rc::Rc;

use crate::support::{CHANGE, World, words};
use serde_json::{Value, json};
use twinseal::domain::{Artifact, ChangeId, Event, Start};
use twinseal::error::Exit;
use twinseal::format::text;

/// What the gate answers in JSON, with its exit code. It records nothing.
#[track_caller]
fn asked(world: &World, person: &str, command: &str) -> (Exit, Value) {
    let before = world.entries();
    let output = world.run(person, &format!("--json gate {command}"));
    assert_eq!(world.entries(), before, "the gate recorded something: {}", output.screen);
    (output.exit, serde_json::from_str(&output.out).unwrap_or_else(|_| panic!("{}", output.screen)))
}

#[track_caller]
fn open(world: &World, command: &str) -> Value {
    let (exit, answer) = asked(world, "erin", command);
    assert_eq!((exit, &answer["open"]), (Exit::Done, &json!(true)), "{answer:#}");
    assert!(conditions(&answer).iter().all(|(_, result, _)| result == "satisfied"), "{answer:#}");
    answer
}

/// Asserts that the gate is closed by this condition alone, and returns its detail and the answer.
#[track_caller]
fn closed(world: &World, command: &str, condition: &str) -> (String, Value) {
    let (exit, answer) = asked(world, "erin", command);
    assert_eq!((exit, &answer["open"]), (Exit::Refused, &json!(false)), "{answer:#}");
    let failed: Vec<_> = conditions(&answer).into_iter().filter(|(_, result, _)| result == "unsatisfied").collect();
    assert_eq!(failed.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), [condition], "{answer:#}");
    (failed[0].2.clone(), answer)
}

fn conditions(answer: &Value) -> Vec<(String, String, String)> {
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    let each = answer["conditions"].as_array().unwrap().iter();
    each.map(|it| (text(it, "condition"), text(it, "result"), text(it, "detail"))).collect()
}

/// A change with the artifact `app.tar`, in prod, approved and inside its window.
fn deployable() -> World {
    let world = World::founded();
    file_with_artifact(&world, "app.tar", "approved");
    approved(&world, "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world
}

fn file_with_artifact(world: &World, name: &str, content: &str) {
    world.write(name, content);
    let artifact = format!("\n[[artifacts]]\nname = \"{name}\"\nfile = \"{name}\"\n");
    let change = CHANGE.replace("risk =", "environments = [\"prod\"]\nrisk =");
    world.write("change.toml", format!("{change}{artifact}"));
    world.ok("erin", "file change.toml --again");
}

fn approved(world: &World, change: &str) {
    for person in ["carol", "dave"] {
        world.approve(person, change);
    }
}

#[test]
fn the_gate_is_open_if_the_change_may_start_here_and_now() {
    let world = deployable();
    let digest = text::digest(b"approved");
    for command in [
        "CHG-1 --artifact app.tar=app.tar",
        &format!("CHG-1 --artifact app.tar=sha256:{digest}"),
        "CHG-1 --service order-gateway --environment prod --artifact app.tar=app.tar",
        "--service order-gateway --artifact app.tar",
        &format!("--service order-gateway --environment prod --artifact sha256:{digest}"),
        "CHG-1 --artifact app.tar=app.tar --wait 30m",
    ] {
        let answer = open(&world, command);
        assert_eq!((&answer["change"], &answer["permanent"]), (&json!("CHG-1"), &json!(false)), "{answer:#}");
        assert_eq!(answer["closed_until"], Value::Null);
    }
    let output = world.run("erin", "gate CHG-1 --artifact app.tar=app.tar");
    assert!(output.out.starts_with("gate open: CHG-1 revision 1\n"), "{}", output.screen);
    assert!(output.out.contains("approvals          satisfied  2 of 2: carol, dave"), "{}", output.screen);
}

#[test]
fn the_gate_is_closed_before_the_window_and_says_until_when() {
    let world = deployable();
    world.at("2026-12-01T09:59:59Z");
    let (detail, answer) = closed(&world, "CHG-1 --artifact app.tar=app.tar", "window");
    assert!(detail.starts_with("outside the window"), "{detail}");
    assert_eq!(answer["closed_until"], "2026-12-01T10:00:00Z");
    assert_eq!(answer["permanent"], false);
    // With an approval missing, time alone does not open it.
    world.ok("dave", "retract CHG-1 --reason 'Not yet.'");
    let (_, answer) = asked(&world, "erin", "CHG-1 --artifact app.tar=app.tar");
    assert_eq!((&answer["closed_until"], &answer["permanent"]), (&Value::Null, &json!(false)), "{answer:#}");
}

#[test]
fn the_gate_is_closed_for_good_after_the_last_moment_to_start() {
    let world = deployable();
    world.at("2026-12-01T11:55:00Z");
    open(&world, "CHG-1 --artifact app.tar=app.tar");
    world.at("2026-12-01T11:55:01Z");
    let (_, answer) = closed(&world, "CHG-1 --artifact app.tar=app.tar", "time-to-roll-back");
    assert_eq!((&answer["closed_until"], &answer["permanent"]), (&Value::Null, &json!(true)));
    world.at("2026-12-01T12:00:00Z");
    let (exit, answer) = asked(&world, "erin", "CHG-1 --artifact app.tar=app.tar");
    assert_eq!((exit, &answer["permanent"]), (Exit::Refused, &json!(true)));
}

#[test]
fn the_gate_is_closed_without_enough_approvals_that_count() {
    let world = deployable();
    let command = "CHG-1 --artifact app.tar=app.tar";
    world.ok("alice", "person suspend dave");
    let (detail, _) = closed(&world, command, "approvals");
    assert_eq!(detail, "CHG-1 has 1 of 2 approvals");
    let world = World::filed();
    world.at("2026-12-01T10:00:00Z");
    assert_eq!(closed(&world, "CHG-1", "approvals").0, "CHG-1 has 0 of 2 approvals");
}

#[test]
fn the_gate_is_closed_for_other_artifacts_than_the_approved_ones() {
    let world = deployable();
    world.write("other.tar", "swapped");
    for (artifacts, complaint) in [
        ("", "approved artifact app.tar was not given"),
        ("--artifact app.tar=other.tar", "artifact app.tar differs from the approved one"),
        ("--artifact app.tar=app.tar --artifact more.tar=other.tar", "artifact more.tar is not in the approved"),
        ("--artifact app.tar=app.tar --artifact app.tar=app.tar", "artifact app.tar is named twice"),
    ] {
        let (detail, answer) = closed(&world, &format!("CHG-1 {artifacts}"), "artifacts");
        assert!(detail.starts_with(complaint), "{detail}");
        assert_eq!(answer["permanent"], true);
    }
    let wrong = format!("CHG-1 --artifact app.tar=sha256:{}", text::digest(b"swapped"));
    closed(&world, &wrong, "artifacts");
}

#[test]
fn the_gate_is_closed_for_what_the_change_does_not_name() {
    let world = deployable();
    for (option, condition, complaint) in [
        ("--service billing", "service", "CHG-1 does not name service billing"),
        ("--environment uat", "environment", "CHG-1 does not name environment uat"),
        ("--target gw-3", "target", "gw-3 is no target of CHG-1"),
    ] {
        let (detail, answer) = closed(&world, &format!("CHG-1 --artifact app.tar=app.tar {option}"), condition);
        assert_eq!(detail, complaint);
        assert_eq!(answer["permanent"], true);
    }
}

#[test]
fn the_gate_is_closed_for_a_change_that_was_decided_against_or_started() {
    for (act, condition) in [
        ("carol reject CHG-1 --reason No.", "not-rejected"),
        ("erin withdraw CHG-1", "not-withdrawn"),
        ("erin start CHG-1 --artifact app.tar=app.tar", "not-started"),
    ] {
        let world = deployable();
        let (person, command) = act.split_once(' ').unwrap();
        world.ok(person, command);
        let (_, answer) = closed(&world, "CHG-1 --artifact app.tar=app.tar", condition);
        assert_eq!(answer["permanent"], true, "{act}");
    }
    let world = deployable();
    let seq = world.change("CHG-1").current().seq;
    world.ok("alice", &format!("proposal redact {seq} --reason Secret."));
    let opened = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
    closed(&world, "CHG-1 --artifact app.tar=app.tar", "text");
}

#[test]
fn the_gate_is_closed_if_no_implementer_can_start_it() {
    let world = World::founded();
    world.write("change.toml", CHANGE.replace("risk =", "implementers = [\"alice\"]\nrisk ="));
    world.ok("erin", "file change.toml");
    approved(&world, "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    open(&world, "CHG-1");
    world.ok("bob", "person suspend alice");
    let (detail, answer) = closed(&world, "CHG-1", "implementer");
    assert_eq!((detail.as_str(), &answer["permanent"]), ("alice is suspended", &json!(false)));
    // An account that lost its last key cannot start anything either.
    let world = World::approved();
    let key = world.signer("erin").public().fingerprint();
    world.ok("alice", &format!("key suspend {key} --reason Lost."));
    let (exit, answer) = asked(&world, "audrey", "CHG-1");
    assert_eq!(exit, Exit::Refused, "{answer:#}");
    assert!(answer["conditions"][1]["detail"].as_str().unwrap().ends_with("is suspended"), "{answer:#}");
}

#[test]
fn the_gate_is_closed_before_the_change_that_it_follows_has_succeeded() {
    let world = World::approved();
    world.write("change.toml", CHANGE.replace("risk =", "follows = \"CHG-1\"\nrisk ="));
    world.ok("erin", "file change.toml");
    approved(&world, "CHG-2");
    let (detail, answer) = closed(&world, "CHG-2", "follows");
    assert!(detail.contains("before CHG-1 has succeeded"), "{detail}");
    assert_eq!(answer["permanent"], false);
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    open(&world, "CHG-2");
}

/// The gate and a start are judged by the same rules, at every hour and after every act.
#[test]
fn the_gate_is_open_exactly_if_a_start_would_be_accepted() {
    let acts = [
        ("2026-12-01T09:30:00Z", "carol", "approve CHG-1 --revision REVISION"),
        ("2026-12-01T09:40:00Z", "dave", "approve CHG-1 --revision REVISION"),
        ("2026-12-01T10:10:00Z", "carol", "retract CHG-1 --reason 'Wait.'"),
        ("2026-12-01T10:20:00Z", "carol", "approve CHG-1 --revision REVISION"),
        ("2026-12-01T10:30:00Z", "alice", "person suspend carol"),
        ("2026-12-01T11:56:00Z", "bob", "note CHG-1 Late."),
        ("2026-12-01T12:00:00Z", "bob", "note CHG-1 Later."),
    ];
    let world = World::filed();
    let revision = world.revision("CHG-1");
    let (mut opened, mut closed) = (0, 0);
    for (time, person, command) in acts {
        for before in [true, false] {
            world.at(time);
            if !before {
                world.ok(person, &command.replace("REVISION", &revision.filed.to_string()));
            }
            let artifacts: Vec<Artifact> = Vec::new();
            let starts = world.propose("erin", Event::Start(Start { artifacts, ..Start::of(revision) }), None).is_ok();
            let (exit, answer) = asked(&world, "erin", "CHG-1");
            assert_eq!(exit == Exit::Done, starts, "{time} {command} {answer:#}");
            assert_eq!(answer["open"], starts);
            *(if starts { &mut opened } else { &mut closed }) += 1;
        }
    }
    assert!(opened >= 3 && closed >= 4, "{opened} {closed}");
}

#[test]
fn without_an_id_the_one_open_change_of_the_service_with_the_artifact_is_found() {
    let world = deployable();
    let command = "--service order-gateway --artifact app.tar";
    open(&world, command);
    world.write("other.tar", "nobody approved this");
    for (command, complaint) in [
        ("--service order-gateway --artifact other.tar", "no open change of order-gateway has all of these"),
        ("--service billing --artifact app.tar", "no open change of billing has all of these"),
        ("--service order-gateway --artifact app.tar --artifact other.tar", "no open change"),
        ("--service order-gateway --environment uat --artifact app.tar", "CHG-1 does not name environment uat"),
    ] {
        let (detail, answer) = closed(&world, command, "change");
        assert!(detail.starts_with(complaint), "{detail}");
        assert_eq!((&answer["change"], &answer["permanent"]), (&Value::Null, &json!(false)));
        assert_ne!(answer["open"], true);
    }
    // A second open change with the same artifact: the pipeline has to say which one it means.
    file_with_artifact(&world, "app.tar", "approved");
    let (detail, _) = closed(&world, command, "change");
    assert!(detail.ends_with(": CHG-1, CHG-2"), "{detail}");
    world.ok("erin", "withdraw CHG-2");
    open(&world, command);
    world.ok("erin", "start CHG-1 --artifact app.tar=app.tar");
    closed(&world, command, "change");
}

#[test]
fn invalid_words_close_the_gate_as_invalid() {
    let world = deployable();
    for (command, complaint) in [
        ("", "needs a change, or a service and an artifact"),
        ("--service order-gateway", "twinseal gate --service SERVICE --artifact FILE"),
        ("--artifact app.tar", "twinseal gate CHG-7"),
        ("CHG-1 --artifact app.tar", "does not have the form NAME=FILE or NAME=sha256:HEX"),
        ("CHG-1 --artifact app.tar=none.tar", "cannot read none.tar"),
        ("CHG-1 --artifact app.tar=sha256:12", "sha256"),
        ("CHG-1 --wait 25h", "does not have the form 30m, 4h, 90s or 4h30m, at most 24h"),
        ("CHG-1 --wait -1m", "-1"),
        ("CHG-1 --wait soon", "does not have the form"),
        ("CHG-1 --at-least 12", "does not have the form SEQ:LEAF"),
        ("CHG-1 --at-least 12:ab", "does not have the form SEQ:LEAF"),
        ("CHG-99", "no change CHG-99"),
        ("CHG-X", "CHG-X"),
        ("CHG-1 --service Order", "a service"),
    ] {
        let complaint = complaint.to_owned();
        let output = world.run("erin", &format!("gate {command}"));
        assert_eq!(output.exit, Exit::Invalid, "{command}\n{}", output.screen);
        assert!(output.err.contains(&complaint) || complaint == "sha256", "{command}\n{}", output.screen);
        assert!(!output.out.contains("open"), "{command}\n{}", output.screen);
    }
}

// Accounts without memory

/// The home of an account that never saw the register.
fn newcomer(world: &World, name: &str) -> String {
    fs::create_dir_all(world.path(&format!("people/{name}"))).unwrap();
    format!("--fingerprint {}", world.fingerprint())
}

#[test]
fn the_gate_is_closed_at_first_contact_and_a_pin_made_a_moment_ago_does_not_open_it() {
    let world = deployable();
    let fingerprint = newcomer(&world, "runner");
    let command = format!("CHG-1 --artifact app.tar=app.tar {fingerprint}");
    for attempt in ["first", "second"] {
        let (exit, answer) = asked(&world, "runner", &command);
        assert_eq!(exit, Exit::Refused, "{attempt}: {answer:#}");
        let first = &answer["conditions"][0];
        assert_eq!((&first["condition"], &first["result"]), (&json!("pin"), &json!("unsatisfied")), "{attempt}");
        assert!(first["detail"].as_str().unwrap().starts_with("first contact"), "{attempt}");
        world.ok("runner", &format!("list {fingerprint}"));
    }
    // What is filed after the account met the register cannot be hidden from it.
    file_with_artifact(&world, "new.tar", "new");
    approved(&world, "CHG-2");
    let (exit, answer) = asked(&world, "runner", "CHG-2 --artifact new.tar=new.tar");
    assert_eq!(exit, Exit::Done, "{answer:#}");
    // Without the fingerprint nothing is trusted.
    newcomer(&world, "stranger");
    world.fails("stranger", "gate CHG-1", Exit::Invalid, "first contact with register");
}

#[test]
fn at_first_contact_the_gate_opens_with_an_entry_not_before_the_newest_approval() {
    let world = deployable();
    let fingerprint = newcomer(&world, "runner");
    let newest = world.change("CHG-1").votes().last().unwrap().seq;
    let at =
        |seq: u64| format!("CHG-1 --artifact app.tar=app.tar {fingerprint} --at-least {seq}:{}", world.raw(seq).leaf());
    let (exit, answer) = asked(&world, "runner", &at(newest - 1));
    assert_eq!(exit, Exit::Refused, "{answer:#}");
    assert!(answer["conditions"][0]["detail"].as_str().unwrap().contains("before the newest approval"), "{answer:#}");
    let (exit, answer) = asked(&world, "runner", &at(newest));
    assert_eq!(exit, Exit::Done, "{answer:#}");
    let detail = answer["conditions"][0]["detail"].as_str().unwrap();
    assert_eq!(detail, format!("the log has entry {newest}; anything after it could be hidden"));
    // An entry that the log lacks, or has with another leaf hash.
    let beyond = format!("CHG-1 {fingerprint} --at-least {}:{}", newest + 1, "7".repeat(64));
    let other = format!("CHG-1 {fingerprint} --at-least {newest}:{}", "7".repeat(64));
    for command in [beyond, other] {
        world.fails("runner", &format!("gate {command}"), Exit::Broken, "the log does not have entry");
        world.fails("erin", &format!("gate {command}"), Exit::Broken, "the log does not have entry");
    }
}

#[test]
fn a_log_that_was_cut_off_before_the_first_contact_does_not_open_the_gate() {
    let world = deployable();
    let fingerprint = newcomer(&world, "runner");
    let newest = world.change("CHG-1").votes().last().unwrap().seq;
    world.ok("carol", "retract CHG-1 --reason 'The load test was wrong.'");
    let retracted = world.entries() - 1;
    let at_least = format!("{retracted}:{}", world.raw(retracted).leaf());
    // The owner of the storage takes the retraction away.
    world.tamper(&format!(
        "DELETE FROM entry WHERE seq > {newest}; DELETE FROM log_entries WHERE seq > {newest};
         DELETE FROM votes WHERE seq > {newest}"
    ));
    let command = format!("CHG-1 --artifact app.tar=app.tar {fingerprint}");
    let (exit, answer) = asked(&world, "runner", &command);
    assert_eq!((exit, &answer["open"]), (Exit::Refused, &json!(false)), "{answer:#}");
    let command = format!("gate {command} --at-least {at_least}");
    world.fails("runner", &command, Exit::Broken, "the log does not have entry");
    // Who saw the retraction is told that it is gone.
    world.fails("carol", "gate CHG-1", Exit::Broken, "entry");
}

#[test]
fn a_backup_a_copy_and_a_broken_register_are_never_an_open_gate() {
    let world = deployable();
    world.ok("erin", "backup copy.db");
    fs::copy(world.path("prod.db"), world.path("plain.db")).unwrap();
    let gate = "gate CHG-1 --artifact app.tar=app.tar";
    for file in ["copy.db", "plain.db"] {
        for person in ["erin", "carol"] {
            world.fails(person, &format!("{gate} --register {file}"), Exit::Environment, file);
        }
    }
    let fingerprint = newcomer(&world, "runner");
    let newest = world.entries() - 1;
    let at_least = format!("--at-least {newest}:{}", world.raw(newest).leaf());
    world.fails("runner", &format!("{gate} --register copy.db {fingerprint} {at_least}"), Exit::Environment, "copy.db");
    world.force("erin", Event::Note("CHG-9".parse::<ChangeId>().unwrap()), None);
    world.fails("erin", gate, Exit::Broken, "register is broken");
}

// Waiting

/// Runs a command while the world does something each time it waits.
fn waiting(
    world: &Rc<World>,
    command: &str,
    mut meanwhile: impl FnMut(&World, u64) + 'static,
) -> crate::support::Output {
    let (mut env, recording) = world.env("erin", None);
    let (mut waits, inner) = (0, Rc::clone(world));
    env.sleep = Box::new(move |time| {
        let seconds: i64 = time.as_secs().try_into().unwrap();
        inner.at(&inner.now().plus(seconds).to_string());
        waits += 1;
        meanwhile(&inner, waits);
    });
    World::run_in(&mut env, &recording, &words(command))
}

#[test]
fn a_gate_that_waits_opens_with_the_window_and_says_what_it_waits_for() {
    let world = Rc::new(deployable());
    world.at("2026-12-01T09:50:00Z");
    let output = waiting(&world, "gate CHG-1 --artifact app.tar=app.tar --wait 30m", |_, _| {});
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert_eq!(world.now().to_string(), "2026-12-01T10:00:00Z");
    let said = "waiting until 2026-12-01T10:20:00Z: outside the window";
    assert_eq!(output.err.matches("waiting until").count(), 1, "{}", output.screen);
    assert!(output.err.contains(said), "{}", output.screen);
}

#[test]
fn a_gate_that_waits_takes_in_what_others_record() {
    let world = Rc::new(deployable());
    for person in ["carol", "dave"] {
        world.ok(person, "retract CHG-1 --reason 'Wait.'");
    }
    let command = "gate CHG-1 --artifact app.tar=app.tar --wait 10m";
    let output = waiting(&world, command, |world, waits| match waits {
        3 => world.approve("carol", "CHG-1"),
        7 => world.approve("dave", "CHG-1"),
        _ => {}
    });
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert_eq!(world.now().to_string(), "2026-12-01T10:00:35Z");
    for said in [": CHG-1 has 0 of 2 approvals", ": CHG-1 has 1 of 2 approvals"] {
        assert_eq!(output.err.matches(said).count(), 1, "{}", output.screen);
    }
    // A rejection ends the wait at once.
    world.ok("dave", "retract CHG-1 --reason 'Wait.'");
    let output = waiting(&world, command, |world, waits| {
        if waits == 2 {
            world.ok("dave", "reject CHG-1 --reason 'No.'");
        }
    });
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    assert_eq!(world.now().to_string(), "2026-12-01T10:00:45Z");
    assert!(output.err.contains("gate closed: CHG-1 is rejected by dave"), "{}", output.screen);
}

#[test]
fn a_gate_that_waited_in_vain_is_closed() {
    let world = Rc::new(deployable());
    world.ok("dave", "retract CHG-1 --reason 'Wait.'");
    let output = waiting(&world, "gate CHG-1 --artifact app.tar=app.tar --wait 90s", |_, _| {});
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    assert_eq!(world.now().to_string(), "2026-12-01T10:01:30Z");
}

/// Runs the compiled program while nobody reads its standard output.
fn unread(world: &World, arguments: &[&str]) -> Option<i32> {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    world.command("erin", arguments).stdout(writer).status().unwrap().code()
}

#[test]
fn no_closed_gate_is_taken_for_open_because_nobody_reads_the_answer() {
    let world = World::filed();
    for arguments in [&["gate", "CHG-1"][..], &["gate", "CHG-1", "--json"]] {
        assert_eq!(unread(&world, arguments), Some(1), "{arguments:?}");
    }
    // An open gate is open, whoever reads it.
    assert_eq!(unread(&world, &["list"]), Some(0));
    let broken = World::filed();
    broken.tamper("UPDATE entry SET blob = zeroblob(9) WHERE seq = 2");
    assert_eq!(unread(&broken, &["list"]), Some(3));
}
