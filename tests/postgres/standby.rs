//! Reading from a standby, and what it may not do.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use twinseal::cli::{READING, RECORDING};
use twinseal::error::Exit;

use super::cluster::value;
use super::failover::{Pair, free_port, primary, synchronous, wait_until};
use super::scene::{ROLE, Scene};
use crate::support::{Killed, Output, World};

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
            "no standby answered, so this is read from the primary (cannot connect to 127.0.0.1:{}: ",
            pair.standby.port
        );
        assert!(read.err.contains(&said), "{}", read.screen);
    }
    // Whoever takes its port, before anybody is authenticated.
    let listener = TcpListener::bind(("127.0.0.1", pair.standby.port)).unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 4096]);
            let said = b"SFATAL\0VFATAL\0CXX000\0M\x1b]0;owned\x07\x1b[2Jintact\xe2\x80\xae\r\nok\0\0";
            let length = u32::try_from(said.len() + 4).unwrap().to_be_bytes();
            let _ = client.write_all(&[b"E", &length[..], said].concat());
        }
    });
    for command in ["list", "verify"] {
        let read = world.run("audrey", &format!("{command} --replica"));
        assert!(read.err.contains("the server says: \\u{1b}]0;owned"), "{}", read.screen);
        let raw = read.screen.chars().find(|c| *c != '\n' && (c.is_control() || *c == '\u{202e}'));
        assert_eq!(raw, None, "{}", read.screen);
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

#[test]
fn doctor_says_that_nobody_confirms_and_does_not_wait_for_it() {
    let Some(first) = primary() else { return };
    // A server that owes an answer is given up after six seconds.
    let scene = Scene::founded(&first, &format!("127.0.0.1:{}", first.port), "?connect_timeout=1");
    let waits = "fault         server: it waits for standbys, and none follows it";
    let alone = "warning       server: no standby confirms what is recorded";
    let says = |person: &str, expected: Option<&str>| {
        let begun = Instant::now();
        let looked = scene.world.run(person, "doctor");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        for words in [waits, alone] {
            assert_eq!(looked.out.contains(words), expected == Some(words), "{words}: {}", looked.screen);
        }
    };
    says("audrey", Some(alone));
    let Pair { primary, standby } = Pair::of(first, free_port());
    says("audrey", None);
    // One that follows, and is none of those that are waited for: whoever may monitor the server is told that.
    let mut owner = Pair::owner(&primary);
    owner.batch_execute(&format!("GRANT pg_monitor TO {ROLE}")).unwrap();
    says("audrey", None);
    owner.batch_execute("ALTER SYSTEM SET synchronous_standby_names = 'other'").unwrap();
    owner.batch_execute("SELECT pg_reload_conf()").unwrap();
    let follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'async'";
    wait_until("it still confirms", || value(&mut owner, follows) == "1");
    says("audrey", Some(waits));
    standby.kill();
    wait_until("the standby still follows", || value(&mut owner, "SELECT count(*) FROM pg_stat_replication") == "0");
    let before = scene.log(&primary).entries();
    says("audrey", Some(waits));
    // Nothing can be recorded now, and doctor has recorded nothing.
    synchronous(&primary, false);
    assert_eq!(scene.log(&primary).entries(), before);
    scene.world.ok("erin", "note CHG-1 Words.");
}

/// Somebody files a change while carol watches her inbox, who then presses Ctrl-C. The signal that ended it, and what it
/// said.
fn watched(scene: &Scene, options: &[&str]) -> (Option<i32>, String) {
    let mut command = scene.world.command("carol", &[&["inbox", "--watch"], options].concat());
    let mut watching = Killed(command.env("TWINSEAL_REGISTER", &scene.address).spawn().unwrap());
    let (line, lines) = channel();
    let mut out = BufReader::new(watching.0.stdout.take().unwrap()).lines();
    thread::spawn(move || while out.next().is_some_and(|it| line.send(it.unwrap()).is_ok()) {});
    let next = || lines.recv_timeout(Duration::from_secs(20)).expect("nothing is shown");
    let shown = next();
    assert!(shown.contains("approve CHG-"), "{shown}");
    while lines.recv_timeout(Duration::from_millis(500)).is_ok() {}
    let filed = scene.world.ok("erin", "file change.toml --again --json");
    let filed: serde_json::Value = serde_json::from_str(&filed).unwrap();
    let shown = next();
    assert!(shown.contains(filed["recorded"]["change"].as_str().unwrap()), "{shown} {filed}");
    kill_process(Pid::from_child(&watching.0), Signal::INT).unwrap();
    let mut said = String::new();
    watching.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (watching.0.wait().unwrap().signal(), said)
}

#[test]
fn whoever_watches_a_standby_sees_what_is_new_and_ends_as_on_a_primary() {
    let Some((scene, _pair)) = founded() else { return };
    let ended = watched(&scene, &["--replica"]);
    assert!(ended.1.contains("read from a standby, whose newest transaction is of "), "{ended:?}");
    let (signal, said) = watched(&scene, &[]);
    assert_eq!((signal, ended.0), (Some(Signal::INT.as_raw()), Some(Signal::INT.as_raw())));
    for said in [&said, &ended.1] {
        assert!(said.contains("interrupted; nothing was recorded"), "{said}");
    }
}
