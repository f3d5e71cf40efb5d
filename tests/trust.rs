//! An account uses only the registers that it trusts, also after the files were exchanged.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{PEOPLE, World};
use twinseal::config::{KnownRegisters, Trusted};
use twinseal::domain::{Digest, Head};
use twinseal::error::Exit;
use twinseal::store::{Anchor, Excuse, Notice, Session};

/// Creates another register with the same people as members.
fn found_other(world: &World, name: &str) {
    for (person, _) in PEOPLE {
        world.ok(person, &format!("person request {person} --register {name} --out {person}.{name}"));
    }
    let members: Vec<String> =
        PEOPLE.iter().map(|(person, roles)| format!("--member {person}={person}.{name}:{roles}")).collect();
    world.ok("alice", &format!("init --name {name} --register {name}.db {}", members.join(" ")));
}

fn fingerprint_of(world: &World, file: &str) -> String {
    let (shared, _) = crate::support::log::open_file(&world.path(file), &world.path("scratch"));
    shared.entry(0).unwrap().unwrap().leaf().to_string()
}

#[test]
fn a_trusted_register_under_the_name_or_path_of_another_is_refused() {
    let world = World::founded();
    found_other(&world, "lab");
    world.ok("carol", &format!("list --register lab.db --fingerprint {}", fingerprint_of(&world, "lab.db")));
    fs::rename(world.path("prod.db"), world.path("prod.away")).unwrap();
    symlink(world.path("lab.db"), world.path("prod.db")).unwrap();
    let path = world.path("prod.db").display().to_string();
    for register in ["prod", "prod.db", &path] {
        world.fails("carol", &format!("list --register {register}"), Exit::Broken, "wrong register");
        let output = world.run("carol", &format!("verify --register {register}"));
        assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
        assert!(output.out.contains("[fingerprint]"), "{}", output.screen);
    }
}

#[test]
fn an_unknown_register_at_the_path_of_a_trusted_one_is_refused() {
    let world = World::founded();
    found_other(&world, "lab");
    fs::rename(world.path("prod.db"), world.path("prod.away")).unwrap();
    symlink(world.path("lab.db"), world.path("prod.db")).unwrap();
    let output = world.run_typing("carol", "list", &["yes"]);
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    assert_eq!(world.run("carol", "verify").exit, Exit::Broken);
}

#[test]
fn a_register_that_was_replaced_after_the_fingerprint_was_confirmed_is_refused() {
    let world = World::founded();
    found_other(&world, "lab");
    let genuine = world.fingerprint().parse().unwrap();
    // An attacker replaces the file between the confirmation and the opening.
    let (shared, _) = crate::support::log::open_file(&world.path("lab.db"), &world.path("scratch"));
    let folder = world.path("memory");
    let anchor = Anchor { folder: &folder, fingerprint: genuine, excuse: Excuse::AgreedRestoration };
    let session = Session::open(shared, anchor, world.now(), &mut |_| {}).unwrap();
    let fault = session.fault().unwrap();
    assert_eq!((fault.seq, fault.rule), (Some(0), "fingerprint"));
    assert!(!Path::new(&folder.join("pin")).exists());
}

#[test]
fn the_name_in_an_unseconded_enrolment_is_not_used() {
    let world = World::founded();
    world.person("mike");
    let id = world.named();
    world.ok("mike", &format!("person request mike --name Mike --register {id} --out honest"));
    world.ok("mike", &format!("person request mike --name 'Carol King' --register {id} --out forged"));
    world.ok("alice", "person enrol mike=honest:engineer");
    world.ok("alice", "person enrol mike=forged:engineer");
    let output = world.run_typing("bob", "proposal second 1", &["1"]);
    assert!(output.exit == Exit::Done && output.screen.contains("Mike"), "{}", output.screen);
    world.ok("alice", "proposal withdraw 2");
    let list = world.ok("carol", "person list");
    assert!(list.contains("Mike") && !list.contains("Carol King"), "{list}");
}

#[test]
fn a_rollback_journal_beside_a_register_is_refused() {
    let world = World::filed();
    for command in ["list", "verify", "note CHG-1 words"] {
        world.write("prod.db-journal", "anything");
        let output = world.run("carol", command);
        assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
        assert!(output.err.contains("there is a rollback journal beside it"), "{}", output.screen);
    }
}

#[test]
fn a_secret_in_the_configuration_is_not_shown() {
    let world = World::founded();
    world.write("people/carol/.config/twinseal/config.toml", "# mine\npassphrase = \"hunter2\"\n");
    let output = world.run("carol", "list");
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    assert!(
        output.err.contains("config.toml: line 2: unknown field") && !output.err.contains("hunter2"),
        "{}",
        output.err
    );
}

#[test]
fn an_error_after_the_append_says_that_the_entry_is_recorded() {
    let world = World::filed();
    let lock = world.path(&format!("people/carol/.local/state/twinseal/{}/pin.lock", world.fingerprint()));
    world.ok("carol", "list");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let output = world.run("carol", "note CHG-1 'Read.'");
    assert_eq!((output.exit, world.entries()), (Exit::Environment, 4), "{}", output.screen);
    assert!(output.err.contains("entry 3 is recorded, but a later step failed: cannot lock"), "{}", output.err);
    assert!(output.err.contains("do not record it again"), "{}", output.err);
    fs::remove_dir(&lock).unwrap();
    assert!(world.ok("carol", "show CHG-1").contains("Read."));
}

#[test]
fn verify_prints_at_most_100_findings() {
    let world = World::filed();
    world.tamper(
        "WITH RECURSIVE n (x) AS (SELECT 3 UNION ALL SELECT x + 1 FROM n WHERE x < 20000)
         INSERT INTO entry SELECT x, x'00', NULL, NULL FROM n",
    );
    assert_eq!(world.findings("audrey").len(), 100);
}

/// Standard output whose reader has gone.
struct Closed;

impl std::io::Write for Closed {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn findings_are_in_the_exit_code_even_if_nobody_reads_them() {
    let world = World::filed();
    world.tamper("UPDATE entry SET blob = CAST(replace(blob, 'actor erin', 'actor dave') AS BLOB) WHERE seq = 2");
    for (command, exit) in [("verify", Exit::Broken), ("verify --json", Exit::Broken), ("doctor", Exit::Environment)] {
        let (mut env, recording) = world.env("carol", None);
        env.out = Box::new(Closed);
        let output = World::run_in(&mut env, &recording, &crate::support::words(command));
        assert_eq!(output.exit, exit, "{command}: {}", output.screen);
    }
}

#[test]
fn no_register_name_hides_a_file_of_that_name() {
    let world = World::filed();
    // mallory founds a register that is named like the file of the first one, and erin accepts it.
    for person in ["mallory", "invented"] {
        world.person(person);
        world.ok(person, &format!("person request {person} --register quarter --out {person}.request"));
    }
    fs::create_dir(world.path("evil")).unwrap();
    let members = "--member mallory=mallory.request:admin --member invented=invented.request:admin";
    world.ok("mallory", &format!("init --name quarter --register evil/e.db {members}"));
    let fingerprint = twinseal::format::Raw {
        seq: 0,
        blob: rusqlite::Connection::open(world.path("evil/e.db"))
            .unwrap()
            .query_row("SELECT blob FROM entry WHERE seq = 0", [], |row| row.get(0))
            .unwrap(),
        text: None,
        data: None,
    };
    world.ok("erin", &format!("person list --register evil/e.db --fingerprint {}", fingerprint.leaf()));
    world.ok("erin", "person list --register quarter");
    fs::copy(world.path("evil/e.db"), world.path("quarter")).unwrap();
    let complaint = "quarter is the name of the register at ";
    world.fails("erin", "person list --register quarter", Exit::Invalid, complaint);
    world.ok("erin", "person list --register ./quarter");
}

#[test]
fn verify_with_a_fingerprint_remembers_the_register() {
    let world = World::filed();
    world.person("frank");
    let fingerprint = world.fingerprint();
    // Without it, nothing is trusted and nothing remembered.
    world.ok("frank", "verify");
    world.fails("frank", "list", Exit::Invalid, "first contact");
    let said = world.ok("frank", &format!("verify --fingerprint {fingerprint}"));
    assert!(said.contains("its end is not anchored") || said.contains("the fingerprint: the beginning only"), "{said}");
    world.ok("frank", "list");
    assert!(world.ok("frank", "verify").contains("this account's pin: entry 2"));
}

#[test]
fn the_inbox_tells_the_second_founder_to_seal() {
    let world = World::with_requests();
    world.ok("alice", "init --name prod --member alice=alice.request:admin --member bob=bob.request:admin");
    let inbox = world.ok("bob", &format!("inbox --fingerprint {}", world.fingerprint()));
    assert!(inbox.contains("seal") && inbox.contains("founded by alice"), "{inbox}");
    assert!(!world.run("alice", "inbox").screen.contains("founded by"));
}

#[test]
fn no_answer_but_yes_trusts_a_register() {
    let world = World::filed();
    world.person("frank");
    for answer in ["", "y", "YES", "Yes", " yes", "yes ", "no", &world.fingerprint()] {
        let output = world.run_typing("frank", "list", &[answer]);
        assert_eq!(output.exit, Exit::Refused, "{answer:?}: {}", output.screen);
        assert!(output.screen.contains(&world.fingerprint()), "{answer:?}: {}", output.screen);
        assert!(!world.path("people/frank/.config").exists(), "{answer:?}: it was trusted");
    }
    assert_eq!(world.run_typing("frank", "list", &["yes"]).exit, Exit::Done);
}

#[test]
fn no_link_to_the_path_of_a_trusted_register_makes_another_one_new() {
    let world = World::founded();
    found_other(&world, "lab");
    ["", "-wal", "-shm"].iter().for_each(|side| drop(fs::remove_file(world.path(&format!("prod.db{side}")))));
    fs::copy(world.path("lab.db"), world.path("prod.db")).unwrap();
    symlink(world.path("prod.db"), world.path("link.db")).unwrap();
    symlink(world.path(""), world.path("here")).unwrap();
    let fingerprint = fingerprint_of(&world, "lab.db");
    for register in ["link.db", "here/prod.db", "here/link.db"] {
        let output = world.run_typing("carol", &format!("list --register {register}"), &["yes"]);
        assert_eq!(output.exit, Exit::Broken, "{register}: {}", output.screen);
        assert!(output.err.contains("wrong register"), "{register}: {}", output.screen);
        let named = format!("list --register {register} --fingerprint {fingerprint}");
        world.fails("carol", &named, Exit::Broken, "wrong register");
    }
}

#[test]
fn no_register_is_forgotten_or_contradicted_when_two_processes_trust_one_each() {
    let world = World::empty();
    let (env, _) = world.env("carol", None);
    let (mut one, mut other) = (KnownRegisters::load(&env).unwrap(), KnownRegisters::load(&env).unwrap());
    let trust = |list: &mut KnownRegisters, name: &str, path: &str, fingerprint: u8| {
        let (name, path, fingerprint) = (name.parse().unwrap(), world.path(path), Digest::new([fingerprint; 32]));
        list.trust(&env, &Trusted { name: &name, path: &path, fingerprint, in_place_of: None })
    };
    let known = || {
        let list = KnownRegisters::load(&env).unwrap();
        list.list().iter().map(|known| known.name.clone()).collect::<Vec<_>>()
    };
    trust(&mut one, "prod", "prod.db", 1).unwrap();
    trust(&mut other, "lab", "lab.db", 2).unwrap();
    assert_eq!(known(), ["prod", "lab"]);
    for (name, path) in [("prod", "elsewhere.db"), ("uat", "prod.db"), ("prod", "prod.db")] {
        let mut late = KnownRegisters::default();
        let refused = trust(&mut late, name, path, 3).unwrap_err().to_string();
        assert!(refused.contains("another process trusted prod"), "{refused}");
        assert_eq!(known(), ["prod", "lab"], "{name} {path}");
    }
    trust(&mut one, "prod", "prod.db", 1).unwrap();
    assert_eq!(known(), ["prod", "lab"], "it is listed once");
}

#[test]
fn no_register_with_the_name_of_a_trusted_one_is_taken_for_new_at_another_path() {
    let (world, other) = (World::founded(), World::with_requests());
    // Otherwise both draw the same numbers.
    other.ok("alice", "key new --no-passphrase spare");
    other.ok("alice", "init --name prod --member alice=alice.request:admin --member bob=bob.request:admin");
    fs::copy(other.path("prod.db"), world.path("impostor.db")).unwrap();
    let output = world.run_typing("carol", "list --register impostor.db", &["yes"]);
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    assert!(output.err.contains("wrong register"), "{}", output.screen);
    let verified = world.run("carol", "verify --register impostor.db");
    assert_eq!(verified.exit, Exit::Broken, "{}", verified.screen);
    assert!(verified.out.contains("[fingerprint]"), "{}", verified.screen);
}

#[test]
fn no_first_verification_is_intact_without_qualification() {
    let world = World::filed();
    world.person("frank");
    let result = |options: &str| -> String {
        let said: serde_json::Value = world.ok("frank", &format!("verify --json {options}")).parse().unwrap();
        said["result"].as_str().unwrap().to_owned()
    };
    assert_eq!(result(""), "intact, but not anchored outside this file");
    let first = "intact, but its end is not anchored outside this file";
    assert_eq!(result(&format!("--fingerprint {}", world.fingerprint())), first);
    assert_eq!(result(""), "intact");
    let state = world.path(&format!("people/frank/.local/state/twinseal/{}", world.fingerprint()));
    fs::remove_dir_all(state).unwrap();
    assert_eq!(result(""), first, "the pin is gone");
}

#[test]
fn no_notice_of_a_lost_or_moved_pin_is_a_mere_note() {
    let head = Head { seq: 4, leaf: Digest::new([7; 32]) };
    let proposal = "1".parse().unwrap();
    for warning in [
        Notice::FirstVerification,
        Notice::PinMissing,
        Notice::Superseded,
        Notice::PinLost { remembered: head },
        Notice::PinMoved { from: 4, restored: 2, proposal },
        Notice::ClockBehind { claimed: crate::support::MORNING.parse().unwrap() },
    ] {
        assert!(warning.is_warning(), "{warning}");
    }
}

#[test]
fn no_setting_of_a_file_replaces_what_was_said_later() {
    let world = World::filed();
    found_other(&world, "lab");
    world.ok("carol", &format!("list --register lab.db --fingerprint {}", fingerprint_of(&world, "lab.db")));
    let config = "register = \"lab\"\nas = \"dave\"\nkey = \"people/dave/key\"\n";
    let path = "people/carol/.config/twinseal/config.toml";
    world.write(path, config);
    let register = |options: &str| world.run("carol", &format!("person list {options}")).err;
    // The environment names prod.db and carol's key, and is asked before the file; an option before both.
    world.variable("carol", "TWINSEAL_AS", Some("carol"));
    assert!(register("").contains("register prod#"), "{}", register(""));
    assert!(register("--register lab").contains("register lab#"), "{}", register("--register lab"));
    world.ok("carol", "note CHG-1 Words.");
    let key = world.signer("carol").public().fingerprint();
    assert!(String::from_utf8(world.raw(3).blob).unwrap().contains(&format!("\nkey {key}\n")));
    world.fails("carol", "note CHG-1 Words. --key people/dave/key", Exit::Refused, "the key belongs to dave");
    world.ok("carol", "note CHG-1 Words. --key people/dave/key --as dave");
    // Without both, the file decides.
    ["TWINSEAL_AS", "TWINSEAL_KEY", "TWINSEAL_REGISTER"].iter().for_each(|it| world.variable("carol", it, None));
    assert!(register("").contains("register lab#"), "{}", register(""));
    assert!(world.ok("carol", "inbox --json --register prod.db").contains("\"person\":\"dave\""));
}
