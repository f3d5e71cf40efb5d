//! A backup that becomes a register on a server again.

use twinseal::error::Exit;

use crate::support::World;
use crate::support::server::Server;

/// A register on a server, with CHG-1 and a backup of its three entries; everybody has verified one more.
fn lost() -> Option<(World, Server, String)> {
    super::cluster::Cluster::shared()?;
    let world = World::filed();
    assert!(world.server().is_none(), "this is about a file");
    let (server, fingerprint) = (Server::start(), world.fingerprint());
    let address = server.address();
    world.ok("alice", &format!("register move prod.db {address}"));
    for person in ["bob", "erin", "audrey"] {
        world.variable(person, "TWINSEAL_REGISTER", Some(&address));
        world.ok(person, &format!("list --fingerprint {fingerprint}"));
    }
    world.ok("audrey", "backup copy.db");
    world.ok("erin", "note CHG-1 'After the backup.'");
    world.ok("bob", "list");
    server.owner().batch_execute("TRUNCATE twinseal.entry").unwrap();
    Some((world, server, address))
}

#[test]
fn a_lost_database_is_restored_and_who_verified_more_is_not_deceived() {
    let Some((world, _server, address)) = lost() else { return };
    let restored = world.run("audrey", &format!("restore copy.db --to {address}"));
    assert_eq!(restored.exit, Exit::Done, "{}", restored.screen);
    // It is where everybody knows it, so nobody is warned.
    assert!(
        restored.out.starts_with("restored postgres://") && !restored.err.contains("warning"),
        "{}",
        restored.screen
    );
    world.ok("audrey", "verify");
    for person in ["bob", "erin"] {
        world.fails(person, "note CHG-1 Again.", Exit::Broken, "the log lacks entry 3");
    }
    assert!(world.path("copy.db").exists());
    world.fails("audrey", &format!("restore copy.db --to {address}"), Exit::Environment, "already exists");
    world.fails("audrey", &format!("restore copy.db --to {address}"), Exit::Environment, "choose another database");
}

#[test]
fn somewhere_else_it_is_a_copy_until_an_account_says_otherwise() {
    let Some((world, _server, _)) = lost() else { return };
    let (other, fingerprint) = (Server::start(), world.fingerprint());
    let restored = world.run("bob", &format!("restore copy.db --to {}", other.address()));
    assert!(restored.err.contains("warning: this account knows the register at postgres://"), "{}", restored.screen);
    let there = format!("--register {} --fingerprint {fingerprint}", other.address());
    let copy = world.run("erin", &format!("note CHG-1 Again. {there}"));
    assert_ne!(copy.exit, Exit::Done, "{}", copy.screen);
    assert_eq!(other.raws().len(), 3);
    // Whoever met the register in the backup has it there.
    let third = Server::start();
    let words = format!("restore copy.db --to {} --fingerprint {fingerprint}", third.address());
    let met = world.run("stranger", &words);
    assert_eq!(met.exit, Exit::Done, "{}", met.screen);
}

#[test]
fn nothing_but_a_valid_backup_is_restored_to_a_server() {
    let Some((world, _server, address)) = lost() else { return };
    let restore = |file: &str| world.run("audrey", &format!("restore {file} --to {address}"));
    std::fs::copy(world.path("copy.db"), world.path("prod.db")).unwrap();
    world.tamper("UPDATE entry SET blob = zeroblob(9) WHERE seq = 1");
    std::fs::copy(world.path("copy.db"), world.path("register.db")).unwrap();
    world.ok("audrey", "restore register.db");
    for (file, exit, said) in [
        ("prod.db", Exit::Broken, "entry 1"),
        ("register.db", Exit::Environment, "is not a backup"),
        ("nowhere.db", Exit::Environment, "nowhere.db"),
    ] {
        let refused = restore(file);
        assert_eq!(refused.exit, exit, "{}", refused.screen);
        assert!(refused.err.contains(said), "{}", refused.screen);
    }
    world.fails("audrey", "restore copy.db --to new.db", Exit::Invalid, "restore --to takes the address of a server");
    let empty = world.run("bob", &format!("list --register {address}"));
    assert!(empty.err.contains("there is no entry 0"), "{}", empty.screen);
}

#[test]
fn no_backup_is_restored_to_an_address_that_names_another_register() {
    let Some((world, server, address)) = lost() else { return };
    for named in ["other", &format!("prod%23{}", "0".repeat(32))] {
        let refused = world.run("audrey", &format!("restore copy.db --to {address}?register={named}"));
        assert_eq!(refused.exit, Exit::Invalid, "{}", refused.screen);
        assert!(
            refused.err.contains("register names another register")
                && refused.err.contains("hint: leave register= out"),
            "{}",
            refused.screen
        );
    }
    assert_eq!(server.raws().len(), 0);
    world.ok("audrey", &format!("restore copy.db --to {address}?register=prod"));
    assert_eq!(server.raws().len(), 3);
}
