//! A primary that dies, a standby that takes its place, and the old primary that comes back.

use std::thread;
use std::time::{Duration, Instant};

use ::postgres::Client;
use rexpect::process::wait::WaitStatus;
use twinseal::error::Exit;

use super::cluster::{Cluster, Plan, value};
use super::failure::{NOTERS, counted, dice, while_noting};
use super::scene::{ROLE, Said, Scene, UNSURE};
use crate::faults::kill::Dice;

/// How many primaries are lost, unless `TWINSEAL_FAILOVERS` says another number.
pub fn failovers() -> usize {
    std::env::var("TWINSEAL_FAILOVERS").map_or(2, |rounds| rounds.parse().unwrap())
}

/// A primary and its standby, at two ports of loopback that they exchange.
pub struct Pair {
    pub primary: Cluster,
    pub standby: Cluster,
}

impl Pair {
    pub fn owner(cluster: &Cluster) -> Client {
        cluster.client("postgres", &cluster.account)
    }

    /// Gives a primary a standby at a port; from then on it confirms nothing that the standby does not have.
    pub fn of(primary: Cluster, port: u16) -> Self {
        let standby = primary.standby(port, &follower());
        Self::confirming(primary, standby)
    }

    /// From now on this primary confirms nothing that this standby does not have.
    pub fn confirming(primary: Cluster, standby: Cluster) -> Self {
        synchronous(&primary, true);
        let mut owner = Self::owner(&primary);
        wait_until("no standby confirms", || {
            value(&mut owner, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
        });
        // This waits until the standby has what was confirmed without it.
        owner.batch_execute("SELECT pg_logical_emit_message(true, 'test', '')").unwrap();
        Self { primary, standby }
    }

    /// The primary is lost in some way, and the standby takes its place. Returns the new primary and the old one.
    pub fn fail_over(self, lose: impl FnOnce(&Cluster)) -> (Cluster, Cluster) {
        lose(&self.primary);
        let promoted = value(&mut Self::owner(&self.standby), "SELECT pg_promote(true, 30)");
        assert_eq!(promoted, "true");
        (self.standby, self.primary)
    }
}

/// How to run a standby.
fn follower() -> Plan {
    // After the last word of a dead primary it asks for the next so soon, and only then lets itself be promoted.
    Plan { settings: vec!["wal_retrieve_retry_interval=200ms".to_owned()], ..Plan::default() }
}

/// Whether every commit waits for a standby.
pub fn synchronous(cluster: &Cluster, on: bool) {
    let mut owner = Pair::owner(cluster);
    let names = if on { "*" } else { "" };
    owner.batch_execute(&format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'")).unwrap();
    owner.batch_execute("SELECT pg_reload_conf()").unwrap();
}

pub fn wait_until(otherwise: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{otherwise}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A cluster for a primary, which believes every role on loopback.
pub fn primary() -> Option<Cluster> {
    let rules = ["local replication follower trust", "host all all 127.0.0.1/32 trust"].map(str::to_owned);
    let cluster = Cluster::start(Plan { rules: rules.to_vec(), ..Plan::default() })?;
    Pair::owner(&cluster).batch_execute("CREATE ROLE follower LOGIN REPLICATION").unwrap();
    Some(cluster)
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// People note while the primary is lost in some way at a random moment and its standby takes its place. Everything that
/// anybody was told by then holds. Returns the new primary and the old one.
pub fn lost_while_noting(
    scene: &Scene,
    pair: Pair,
    dice: &mut Dice,
    all: &mut Vec<(String, Said)>,
    lose: impl FnOnce(&Cluster),
) -> (Cluster, Cluster) {
    let mut after = None;
    let said = while_noting(scene, &NOTERS[..3], || {
        thread::sleep(Duration::from_millis(300 + dice.below(1500)));
        let (new, old) = pair.fail_over(lose);
        let before = scene.log(&new).entries();
        wait_until("nobody records on the new primary", || scene.log(&new).entries() >= before + 4);
        after = Some((new, old));
    });
    println!("recorded, unsure, refused: {:?}", counted(&said));
    all.extend(said);
    let (new, old) = after.unwrap();
    scene.holds(&new, all);
    (new, old)
}

#[test]
fn no_acknowledged_entry_is_lost_when_the_primary_dies_and_the_old_one_is_a_fork() {
    let Some(first) = primary() else { return };
    let mut port = free_port();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{port}", first.port);
    let (scene, mut dice, mut all) = (Scene::founded(&first, &hosts, ""), dice(), Vec::new());
    let (mut primary, mut old) = (first, None);
    for round in 0..failovers() {
        drop(old.take());
        let pair = Pair::of(primary, port);
        if round == 0 {
            a_standby_is_refused(&scene, &pair);
        }
        let (new, dead) = lost_while_noting(&scene, pair, &mut dice, &mut all, Cluster::kill);
        port = dead.port;
        (primary, old) = (new, Some(dead));
    }
    let old = old.unwrap();
    let place = |it: &Cluster| format!("postgres://{ROLE}@127.0.0.1:{}/{}", it.port, scene.database);
    let (here, there) = (place(&primary), place(&old));
    the_old_primary_is_a_fork(&scene, (&primary, &here), (&old, &there), || old.start_again());
}

/// Nothing is decided from a standby.
fn a_standby_is_refused(scene: &Scene, pair: &Pair) {
    let place = format!("postgres://{ROLE}@127.0.0.1:{}/{}", pair.standby.port, scene.database);
    for command in ["list", "note CHG-1 'To a standby.'"] {
        let refused = scene.world.run("bob", &format!("{command} --register {place}"));
        assert_eq!(refused.exit, Exit::Environment, "{}", refused.screen);
        assert!(refused.err.contains("it is a standby, which may only be read"), "{}", refused.screen);
    }
}

/// Somebody brings the old primary back alone, and makes it confirm without a standby. Each has its address.
pub fn the_old_primary_is_a_fork(
    scene: &Scene,
    (new, here): (&Cluster, &str),
    (old, there): (&Cluster, &str),
    back: impl FnOnce(),
) {
    let world = &scene.world;
    world.ok("erin", "list");
    back();
    synchronous(old, false);
    let fingerprint = scene.log(new).leaf(0).to_owned();
    // Somebody who never saw the new one goes on with the old one.
    world.variable("dave-anew", "TWINSEAL_KEY", world.path("people/dave/key").to_str());
    world.variable("dave-anew", "TWINSEAL_REGISTER", Some(there));
    world.ok("dave-anew", &format!("note CHG-1 'On the old one.' --fingerprint {fingerprint}"));
    let (log, fork) = (scene.log(new), scene.log(old));
    let seq = fork.entries() as u64 - 1;
    assert_ne!(log.leaf(seq), fork.leaf(seq));
    assert_eq!((log.times("On the old one."), fork.times("On the old one.")), (0, 1));
    let pinned = log.entries() as u64 - 1;
    world.at_real_time();
    for (person, other, entry, leaf) in
        [("erin", there, pinned, log.leaf(pinned)), ("dave-anew", here, seq, fork.leaf(seq))]
    {
        for command in ["list", "note CHG-1 'On a fork.'", "verify"] {
            let stopped = world.run(person, &format!("{command} --register {other}"));
            assert_eq!(stopped.exit, Exit::Broken, "{person}: {}", stopped.screen);
            assert!(stopped.screen.contains(&format!("entry {entry}")), "{person}: {}", stopped.screen);
            assert!(stopped.screen.contains(leaf) || command == "verify", "{person}: {}", stopped.screen);
        }
    }
    assert_eq!((scene.log(new).entries(), scene.log(old).entries()), (log.entries(), fork.entries()));
    // The address of everybody has both, and the old one may stand first: it must go.
    old.kill();
    scene.is_whole();
}

#[test]
fn an_entry_that_died_with_an_asynchronous_primary_is_missed_by_name_and_listed_by_two_admins() {
    let Some(first) = primary() else { return };
    let port = free_port();
    let scene = Scene::founded(&first, &format!("127.0.0.1:{},127.0.0.1:{port}", first.port), "");
    let (world, standby) = (&scene.world, first.standby(port, &follower()));
    let mut owner = Pair::owner(&first);
    let mut replicas = |state: &str| value(&mut owner, &format!("SELECT count(*) FROM pg_stat_replication {state}"));
    wait_until("no standby follows", || {
        replicas("WHERE state = 'streaming' AND replay_lsn = pg_current_wal_lsn()") == "1"
    });
    let mut behind = Pair::owner(&standby);
    behind.batch_execute("ALTER SYSTEM SET primary_conninfo = ''").unwrap();
    behind.batch_execute("SELECT pg_reload_conf()").unwrap();
    wait_until("the standby still follows", || replicas("") == "0");
    world.ok("erin", "note CHG-1 'Only here.'");
    world.ok("alice", "list");
    let before = scene.log(&first);
    let seq = before.entries() as u64 - 1;
    assert_eq!(before.times("Only here."), 1);
    let (new, _dead) = Pair { primary: first, standby }.fail_over(Cluster::kill);
    assert_eq!(scene.log(&new).times("Only here."), 0);
    for person in ["erin", "alice"] {
        let stopped = world.run(person, "list");
        assert_eq!(stopped.exit, Exit::Broken, "{}", stopped.screen);
        let missed = format!("the log lacks entry {seq} {}", before.leaf(seq));
        assert!(stopped.err.contains(&missed), "{}", stopped.screen);
    }
    // Nobody else misses anything, and nobody decides alone that it is lost.
    world.ok("carol", "list");
    world.ok("alice", "proposal restored --reason 'The primary died.'");
    assert_eq!(world.run("erin", "list").exit, Exit::Broken);
    let seconded = world.run_typing("bob", "proposal second 1", &["1"]);
    assert_eq!(seconded.exit, Exit::Done, "{}", seconded.screen);
    let told = world.run("erin", "list");
    assert_eq!(told.exit, Exit::Done, "{}", told.screen);
    assert!(told.err.contains(&format!("entry {seq}, which this account verified, is lost")), "{}", told.screen);
    scene.is_whole();
}

#[test]
fn who_waits_for_a_standby_that_is_gone_is_told_that_nobody_knows_and_nothing_is_there_twice() {
    let Some(first) = primary() else { return };
    let scene = Scene::founded(&first, &format!("127.0.0.1:{}", first.port), "?connect_timeout=1");
    let Pair { primary, standby } = Pair::of(first, free_port());
    standby.kill();
    let before = scene.log(&primary).entries();
    let note = format!("exec twinseal note CHG-1 'Confirmed by nobody.' --register '{}'", scene.address);
    let mut unsure = crate::interrupt::typed(&scene.world, "erin", &note);
    unsure.exp_string("the register has not confirmed the entry yet").unwrap();
    let told = unsure.exp_eof().unwrap();
    assert!(told.contains(UNSURE), "{told}");
    let ended = unsure.process.wait().unwrap();
    assert!(matches!(ended, WaitStatus::Exited(_, code) if code == Exit::Environment as i32), "{ended:?}");
    // Nobody reads what could be lost with this server.
    assert_eq!(scene.log(&primary).entries(), before);
    synchronous(&primary, false);
    scene.world.ok("carol", "note CHG-1 Afterwards.");
    let log = scene.log(&primary);
    assert_eq!((log.times("Confirmed by nobody."), log.times("Afterwards."), log.entries()), (1, 1, before + 2));
    scene.is_whole();
}
