//! A register that replaces another, for the case that too few admins are left to second a proposal.

use std::fs;

use crate::support::{CHANGE, World};
use twinseal::domain::Event;
use twinseal::error::Exit;
use twinseal::format::entry;

/// A register named `prod` with one change.
fn world() -> World {
    World::filed()
}

const MEMBERS: &str = "--member alice=alice.request:admin --member carol=carol.request:admin,approver \
                       --member erin=erin.request:engineer --member dave=dave.request:approver";

/// The members of a register named `prod2`, whose requests name the register.
const MEMBERS_OF_PROD2: &str = "--member alice=alice2.request:admin --member carol=carol2.request:admin";

/// alice and carol create `next.db` as the successor of `prod.db`, under the same name. Returns its fingerprint.
fn found(world: &World) -> String {
    let said = world.ok("alice", &format!("init --name prod --register next.db --after prod.db {MEMBERS}"));
    let fingerprint = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().to_owned();
    world.ok("carol", &format!("seal --register next.db --fingerprint {fingerprint} --digest {fingerprint}"));
    fingerprint
}

#[test]
fn entry_0_names_the_old_register_and_its_head() {
    let world = world();
    let (old, head) = (world.fingerprint(), world.raw(2).leaf());
    let output = world.run("alice", &format!("init --name prod --register next.db --after prod.db {MEMBERS}"));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains(&format!("after entry 2 {head}")), "{}", output.screen);
    let db = rusqlite::Connection::open(world.path("next.db")).unwrap();
    let blob: Vec<u8> = db.query_row("SELECT blob FROM entry WHERE seq = 0", [], |row| row.get(0)).unwrap();
    let raw = twinseal::format::Raw { seq: 0, blob, text: None, data: None };
    let Event::Init { after: Some(after), .. } = entry::read_body(&raw).unwrap().1 else { panic!("it names none") };
    assert_eq!((after.fingerprint.to_string(), after.head.seq, after.head.leaf), (old, 2, head));
    assert_eq!(Some(&after.register), world.state().id());
    // Whoever seals it sees what it replaces.
    let next = raw.leaf();
    let sealed = world.run("carol", &format!("seal --register next.db --fingerprint {next} --digest {next}"));
    for shown in ["successor of", &after.register.to_string(), &after.fingerprint.to_string(), &after.head.to_string()]
    {
        assert!(sealed.err.contains(shown), "{shown}\n{}", sealed.screen);
    }
}

#[test]
fn a_successor_is_refused_until_the_user_gives_its_fingerprint() {
    let world = world();
    let fingerprint = found(&world);
    // Move the successor to the path of the old register.
    for side in ["", "-wal", "-shm"] {
        let (old, new) = (world.path(&format!("prod.db{side}")), world.path(&format!("next.db{side}")));
        if old.exists() {
            fs::rename(&old, world.path(&format!("old.db{side}"))).unwrap();
        }
        if new.exists() {
            fs::rename(&new, &old).unwrap();
        }
    }
    for command in ["list", "inbox", "file change.toml", "verify"] {
        let output = world.run("erin", command);
        assert_eq!(output.exit, Exit::Broken, "{command}\n{}", output.screen);
    }
    let output = world.run("erin", "list");
    for shown in ["claims to succeed prod#", "after entry 2 (", "verified the old register up to entry 2", &fingerprint]
    {
        assert!(output.err.contains(shown), "{shown}\n{}", output.screen);
    }
    // Neither typing yes nor another fingerprint accepts the successor.
    assert_eq!(world.run_typing("erin", "list", &["yes"]).exit, Exit::Broken);
    assert_eq!(world.run("erin", &format!("list --fingerprint {}", "0".repeat(64))).exit, Exit::Broken);
    assert!(world.run("erin", &format!("verify --fingerprint {fingerprint}")).exit == Exit::Done);
    world.ok("erin", &format!("list --fingerprint {fingerprint}"));
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
}

#[test]
fn a_successor_under_another_name_and_path_supersedes_the_old_register_too() {
    let world = world();
    for person in ["alice", "carol"] {
        world.ok(person, &format!("person request {person} --register prod2 --out {person}2.request"));
    }
    let said = world.ok("alice", &format!("init --name prod2 --register prod2.db --after prod.db {MEMBERS_OF_PROD2}"));
    let fingerprint = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().to_owned();
    let output = world.run("carol", "seal --register prod2.db");
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    assert!(output.err.contains("claims to succeed prod#"), "{}", output.screen);
    world.ok("carol", &format!("seal --register prod2.db --fingerprint {fingerprint} --digest {fingerprint}"));
    world.ok("erin", &format!("list --register prod2.db --fingerprint {fingerprint}"));
    for person in ["alice", "carol", "erin"] {
        world.fails(person, "note CHG-1 Words. --register prod.db", Exit::Broken, "superseded");
    }
    // Whoever has not accepted it goes on.
    world.ok("dave", "note CHG-1 Words. --register prod.db");
}

#[test]
fn the_old_register_can_still_be_read() {
    let world = world();
    let fingerprint = found(&world);
    world.ok("erin", &format!("list --register next.db --fingerprint {fingerprint}"));
    assert!(world.ok("erin", "list --register prod.db").contains("CHG-1"));
    assert_eq!(world.run("erin", "verify --register prod.db").exit, Exit::Done);
    let before = world.entries();
    for command in ["note CHG-1 Words.", "rebuild", "repair"] {
        world.fails("erin", &format!("{command} --register prod.db"), Exit::Broken, "is superseded");
    }
    assert_eq!(world.entries(), before);
    // The name now selects the successor.
    assert_eq!(world.ok("erin", "list --register prod"), "");
}

#[test]
fn a_register_without_a_predecessor_in_place_of_a_trusted_one_is_refused() {
    let world = world();
    let other = World::with_requests();
    other.ok("alice", &format!("init --name prod --register prod.db {MEMBERS}"));
    let fingerprint = other.fingerprint();
    fs::remove_file(world.path("prod.db")).unwrap();
    let _ = fs::remove_file(world.path("prod.db-wal"));
    fs::copy(other.path("prod.db"), world.path("prod.db")).unwrap();
    world.fails("erin", &format!("list --fingerprint {fingerprint}"), Exit::Broken, "wrong register");
}

#[test]
fn a_second_register_with_a_trusted_name_needs_after() {
    let world = world();
    let again = format!("init --name prod --register next.db {MEMBERS}");
    world.fails("alice", &again, Exit::Invalid, "this account already trusts register prod at ");
    // Nor does another name take the path of a trusted register whose file is gone.
    fs::remove_file(world.path("prod.db")).unwrap();
    let uat = format!("init --name uat --register prod.db {MEMBERS}");
    let output = world.run("alice", &uat);
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    assert!(output.err.contains("this account already trusts register prod at "), "{}", output.screen);
    assert!(!world.path("prod.db").exists());
}

#[test]
fn a_trusted_register_does_not_prevent_a_new_one_with_another_name() {
    let world = world();
    for person in ["alice", "carol"] {
        world.ok(person, &format!("person request {person} --register uat --out {person}.uat"));
    }
    world.variable("alice", "TWINSEAL_REGISTER", None);
    world.ok("alice", "init --name uat --member alice=alice.uat:admin --member carol=carol.uat:admin");
    assert!(world.path("uat.db").is_file());
    world.fails("alice", "list", Exit::Invalid, "no register given; this account knows prod, uat");
}
