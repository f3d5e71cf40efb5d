//! Databases that nobody has prepared, and servers that do not answer: what is said, and that nothing is left of the attempt.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use twinseal::error::Exit;

use super::cluster::{Cluster, value};
use super::proxy::{Loss, Proxy};
use super::scene::UNSURE;
use crate::support::server::Server;
use crate::support::{PEOPLE, World};

/// The address of a database without a schema of ours.
fn unprepared() -> Option<String> {
    let cluster = Cluster::shared()?;
    Some(format!("postgres://{}@{}/{}", cluster.account, cluster.socket(), cluster.database()))
}

fn init(address: &str) -> String {
    let members = PEOPLE.iter().map(|(person, roles)| format!(" --member {person}={person}.request:{roles}"));
    format!("init --name prod --register {address}{}", members.collect::<String>())
}

/// Every file below a folder.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries.flat_map(|it| if it.is_dir() { files(&it) } else { BTreeSet::from([it]) }).collect()
}

#[test]
fn a_database_that_nobody_has_prepared_is_named_as_that_and_not_as_a_broken_register() {
    let Some(address) = unprepared() else { return };
    let world = World::filed();
    world.ok("audrey", "backup copy.db");
    let before = files(&world.path(""));
    for command in [
        format!("list --register {address}"),
        format!("verify --register {address}"),
        format!("note CHG-1 Words. --register {address}"),
        format!("list --register {address}?register=prod"),
        init(&address),
        format!("restore copy.db --to {address}"),
        format!("register move prod.db {address}"),
        format!("register move prod.db {address} --resume"),
    ] {
        let refused = world.run("alice", &command);
        assert_eq!(refused.exit, Exit::Environment, "{command}: {}", refused.screen);
        assert!(refused.err.contains("is not prepared for registers"), "{command}: {}", refused.screen);
        assert!(refused.err.contains("twinseal register grant-sql | psql DATABASE"), "{command}: {}", refused.screen);
    }
    let looked = world.run("alice", &format!("doctor --register {address}"));
    assert_eq!(looked.exit, Exit::Environment, "{}", looked.screen);
    assert!(
        looked.out.contains("is not prepared for registers") && looked.out.contains("grant-sql"),
        "{}",
        looked.screen
    );
    assert_eq!(files(&world.path("")), before);
    world.ok("erin", "note CHG-1 Words.");
}

#[test]
fn no_schema_that_is_gone_passes_for_a_database_that_was_never_prepared() {
    let Some(_) = Cluster::shared() else { return };
    let world = World::founded_on_server();
    world.server().unwrap().owner().batch_execute("DROP SCHEMA twinseal CASCADE").unwrap();
    for place in [world.place(), format!("{}?register=prod", world.place())] {
        let stopped = world.run("erin", &format!("list --register {place}"));
        assert_eq!(stopped.exit, Exit::Broken, "{}", stopped.screen);
        assert!(stopped.err.contains("the schema twinseal is missing"), "{}", stopped.screen);
    }
}

#[test]
fn nothing_is_left_of_a_register_whose_server_does_not_answer() {
    if Cluster::shared().is_none() {
        return;
    }
    // It lets everybody connect, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = format!("postgres://u@{}/changes?connect_timeout=1", silent.local_addr().unwrap());
    let (world, server) = (World::with_requests(), Server::start());
    let before = files(&world.path(""));
    for (address, why) in [
        (&silent, "no answer within 1 s"),
        (&format!("postgres://u@{closed}/changes"), "the connection is refused"),
        (&"postgres://u@no-such-host.invalid/changes?connect_timeout=5".to_owned(), "no such host"),
    ] {
        let begun = Instant::now();
        let refused = world.run("alice", &init(address));
        assert_eq!(refused.exit, Exit::Environment, "{}", refused.screen);
        assert!(refused.err.contains("cannot connect to ") && refused.err.contains(why), "{}", refused.screen);
        assert!(refused.err.contains("hint: check the "), "{}", refused.screen);
        assert!(begun.elapsed() < Duration::from_secs(6), "{why}: {:?}", begun.elapsed());
        assert_eq!(files(&world.path("")), before, "{why}");
    }
    // Whoever is asked is told at once, and types another address.
    world.ok("alice", &init(&server.address()));
    assert_eq!(server.raws().len(), 1);
    // Whoever is asked is told at once, and types another address.
    let (world, server) = (World::with_requests(), Server::start());
    let right = server.address();
    let answers = [&["prod", &silent, &right][..], &[""; 8], &["prod"]].concat();
    let founded = world.run_typing("alice", "found", &answers);
    assert_eq!(founded.exit, Exit::Done, "{}", founded.screen);
    assert!(founded.err.contains("no answer within 1 s"), "{}", founded.screen);
    assert_eq!(server.raws().len(), 1);
}

/// A world that is about to found a register behind a proxy: its address, and how many entries the database has.
fn behind_proxy(cluster: &'static Cluster) -> (World, Proxy, String, impl Fn() -> String) {
    let (world, database, proxy) = (World::with_requests(), cluster.ready(), Proxy::before(cluster));
    let role = cluster.role(&database, "writer");
    let address = format!("postgres://{role}@{}/{database}?connect_timeout=1", proxy.host());
    let entries =
        move || value(&mut cluster.client(&database, &cluster.account), "SELECT count(*) FROM twinseal.entry");
    (world, proxy, address, entries)
}

#[test]
fn a_register_whose_connection_is_lost_before_or_after_its_commit_is_created_once() {
    let Some(cluster) = Cluster::shared() else { return };
    for loss in [Loss::Before, Loss::After] {
        let (world, proxy, address, entries) = behind_proxy(cluster);
        proxy.loses(loss);
        world.ok("alice", &init(&address));
        assert!(proxy.has_lost(1));
        assert_eq!(entries(), "1", "{loss:?}");
        world.ok("alice", &format!("list --register {address}"));
    }
}

#[test]
fn who_cannot_find_out_whether_a_register_was_created_is_told_so_and_can_look() {
    let Some(cluster) = Cluster::shared() else { return };
    let (world, proxy, address, entries) = behind_proxy(cluster);
    let before = files(&world.path(""));
    proxy.loses(Loss::After);
    proxy.refuses_then();
    let unsure = world.run("alice", &init(&address));
    assert_eq!(unsure.exit, Exit::Environment, "{}", unsure.screen);
    assert!(unsure.err.contains(UNSURE), "{}", unsure.screen);
    assert_eq!(files(&world.path("")), before);
    proxy.recovers();
    assert_eq!(entries(), "1");
    let met = world.run_typing("alice", &format!("log --register {address}"), &["yes"]);
    assert_eq!(met.exit, Exit::Done, "{}", met.screen);
}
