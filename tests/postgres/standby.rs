//! Reading from a standby, and what it may not do.

use std::thread;
use std::time::Duration;

use twinseal::cli::{READING, RECORDING};
use twinseal::error::Exit;

use super::failover::{Pair, free_port, primary, wait_until};
use super::scene::Scene;
use crate::support::{Output, World};

/// A register on a primary with a standby, by an address that names the primary first.
fn founded() -> Option<(Scene, Pair)> {
    let first = primary()?;
    let port = free_port();
    let scene = Scene::founded(&first, &format!("127.0.0.1:{},127.0.0.1:{port}", first.port), "");
    let pair = Pair::of(first, port);
    caught_up(&scene, &pair);
    Some((scene, pair))
}

/// The standby confirms what is on its disk, and shows it a moment later.
fn caught_up(scene: &Scene, pair: &Pair) {
    let entries = scene.log(&pair.primary).entries();
    wait_until("the standby does not catch up", || scene.log(&pair.standby).entries() == entries);
}

/// Whether the standby shows what it receives.
fn replays(pair: &Pair, on: bool) {
    let function = if on { "pg_wal_replay_resume" } else { "pg_wal_replay_pause" };
    Pair::owner(&pair.standby).batch_execute(&format!("SELECT {function}()")).unwrap();
}

#[track_caller]
fn fails(output: &Output, exit: Exit, said: &str) {
    assert_eq!(output.exit, exit, "{}", output.screen);
    assert!(output.err.contains(said), "{}", output.screen);
}

#[test]
fn a_standby_is_read_and_says_how_old_it_is() {
    let Some((scene, pair)) = founded() else { return };
    let world = &scene.world;
    for command in ["list", "show CHG-1", "inbox", "log", "verify", "backup from-standby.db"] {
        let read = world.run("audrey", &format!("{command} --replica"));
        assert_eq!(read.exit, Exit::Done, "{command}: {}", read.screen);
        assert!(
            read.err.contains("read from a standby, whose newest transaction is of "),
            "{command}: {}",
            read.screen
        );
    }
    let seen = world.run("audrey", "doctor --replica");
    assert!(seen.out.contains(", a standby\n") && !seen.out.contains("no standby confirms"), "{}", seen.screen);
    let read = world.run("audrey", "list --replica --json");
    assert!(read.out.contains("\"standby\""), "{}", read.screen);
    // A newcomer too is told, and may read.
    let told = world.run(
        "stranger",
        &format!("list --replica --register {} --fingerprint {}", scene.address, scene.log(&pair.primary).leaf(0)),
    );
    assert_eq!(told.exit, Exit::Done, "{}", told.screen);
    // Without a standby the primary answers.
    pair.standby.kill();
    for command in ["list", "verify"] {
        let read = world.run("audrey", &format!("{command} --replica"));
        assert_eq!(read.exit, Exit::Done, "{}", read.screen);
        let said = format!(
            "no standby can be read, so this is read from the primary: cannot connect to 127.0.0.1:{}: ",
            pair.standby.port
        );
        assert!(read.err.contains(&said), "{}", read.screen);
    }
}

#[test]
fn a_file_has_no_standby_and_says_so() {
    let world = World::filed();
    if world.server().is_none() {
        let read = world.run("audrey", "list --replica");
        assert!(read.exit == Exit::Done && read.err.contains("a file has no standby"), "{}", read.screen);
    }
}

#[test]
fn nothing_is_recorded_or_decided_from_a_standby() {
    assert!(READING.iter().all(|command| !RECORDING.contains(command)));
    let Some((scene, pair)) = founded() else { return };
    let (world, before) = (&scene.world, scene.log(&pair.primary).entries());
    for command in [
        "note CHG-1 Read.",
        "gate CHG-1",
        "gate CHG-1 --wait 1s",
        "freeze check now",
        "file change.toml",
        "register move x y",
    ] {
        fails(&world.run("erin", &format!("{command} --replica")), Exit::Invalid, "which only the primary has");
    }
    fails(&world.run("audrey", "checkpoint --record --replica"), Exit::Invalid, "which only the primary has");
    // A server that says that it is a standby is not written, whatever it is.
    let refused = world.run(
        "erin",
        &format!("note CHG-1 Words. --register postgres://noter@127.0.0.1:{}/{}", pair.standby.port, scene.database),
    );
    assert_eq!(refused.exit, Exit::Environment, "{}", refused.screen);
    assert_eq!(scene.log(&pair.primary).entries(), before);
}

#[test]
fn a_standby_behind_the_pin_is_no_rollback_and_a_standby_of_another_log_is_one() {
    let Some((scene, pair)) = founded() else { return };
    let world = &scene.world;
    world.ok("erin", "list");
    replays(&pair, false);
    world.ok("erin", "note CHG-1 'Not there yet.'");
    let newest = scene.log(&pair.primary).entries() - 1;
    for command in ["list", "verify"] {
        let behind = world.run("erin", &format!("{command} --replica"));
        fails(&behind, Exit::Environment, &format!("is behind: its log ends at entry {}", newest - 1));
        assert!(behind.err.contains(&format!("this account verified entry {newest}")), "{}", behind.screen);
    }
    // Whoever has not seen the entry reads what is there.
    let read = world.run("audrey", "list --replica");
    assert_eq!(read.exit, Exit::Done, "{}", read.screen);
    // An entry that is on its way is waited for.
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(800));
            replays(&pair, true);
        });
        let read = world.run("erin", "list --replica");
        assert_eq!(read.exit, Exit::Done, "{}", read.screen);
    });
    // The owner takes the newest entry away and changes the one before.
    let sql = format!(
        "DELETE FROM twinseal.entry WHERE seq = {newest}; UPDATE twinseal.entry SET blob = blob || 'x' WHERE seq = {}",
        newest - 1
    );
    pair.primary.client(&scene.database, &pair.primary.account).batch_execute(&sql).unwrap();
    caught_up(&scene, &pair);
    let stopped = world.run("erin", "list --replica");
    fails(&stopped, Exit::Broken, &format!("the log lacks entry {newest}"));
}
