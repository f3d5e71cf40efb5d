//! Which register it is: what an account trusts, and what becomes of it when files are exchanged.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{PEOPLE, World};
use twinseal::error::Exit;
use twinseal::store::{Anchor, Excuse, Session, SharedFile};

/// Founds another register from requests of the same people, and has carol meet it.
fn found_other(world: &World, name: &str) {
    for (person, _) in PEOPLE {
        world.ok(person, &format!("person request {person} --register {name} --out {person}.{name}"));
    }
    let members: Vec<String> =
        PEOPLE.iter().map(|(person, roles)| format!("--member {person}={person}.{name}:{roles}")).collect();
    world.ok("alice", &format!("init --name {name} --register {name}.db {}", members.join(" ")));
}

fn fingerprint_of(world: &World, file: &str) -> String {
    let (shared, _) = SharedFile::open(&world.path(file), &world.path("scratch")).unwrap();
    shared.entry(0).unwrap().unwrap().leaf().to_string()
}

#[test]
fn no_other_known_register_passes_under_a_known_name_or_path() {
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
fn no_unknown_register_passes_at_a_known_path() {
    let world = World::founded();
    found_other(&world, "lab");
    fs::rename(world.path("prod.db"), world.path("prod.away")).unwrap();
    symlink(world.path("lab.db"), world.path("prod.db")).unwrap();
    let output = world.run_typing("carol", "list", &["yes"]);
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    assert_eq!(world.run("carol", "verify").exit, Exit::Broken);
}

#[test]
fn the_register_that_is_opened_is_the_one_that_was_confirmed() {
    let world = World::founded();
    found_other(&world, "lab");
    let genuine = world.fingerprint().parse().unwrap();
    // Somebody puts another register in place between the question and the opening.
    let (shared, _) = SharedFile::open(&world.path("lab.db"), &world.path("scratch")).unwrap();
    let folder = world.path("memory");
    let anchor = Anchor { folder: &folder, fingerprint: genuine, excuse: Excuse::AgreedRestoration };
    let session = Session::open(shared, anchor, world.now(), &mut |_| {}).unwrap();
    let fault = session.fault().unwrap();
    assert_eq!((fault.seq, fault.rule), (Some(0), "fingerprint"));
    assert!(!Path::new(&folder.join("pin")).exists());
}

#[test]
fn no_name_counts_that_one_admin_gave_alone() {
    let world = World::founded();
    world.person("mike");
    let id = world.state().id().unwrap().to_string();
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
fn no_journal_beside_a_register_is_played_into_it() {
    let world = World::filed();
    for command in ["list", "verify", "note CHG-1 words"] {
        world.write("prod.db-journal", "anything");
        let output = world.run("carol", command);
        assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
        assert!(output.err.contains("a rollback journal stands beside it"), "{}", output.screen);
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
fn nothing_that_was_recorded_is_called_failed() {
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
fn millions_of_faults_are_not_all_printed() {
    let world = World::filed();
    world.tamper(
        "WITH RECURSIVE n (x) AS (SELECT 3 UNION ALL SELECT x + 1 FROM n WHERE x < 20000)
         INSERT INTO entry SELECT x, x'00', NULL FROM n",
    );
    assert_eq!(world.findings("audrey").len(), 100);
}
