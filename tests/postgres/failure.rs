//! Connections that are lost at the worst moment, servers that hang, stop, or have no room.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use twinseal::error::Exit;
use twinseal::store::{self, Home, Site, StoreError, Writer};

use super::cluster::{Cluster, Plan};
use super::proxy::{Loss, Proxy};
use super::scene::{Noter, Said, Scene, UNSURE};
use crate::faults::kill::Dice;

/// Who notes at once.
pub const NOTERS: [&str; 4] = ["erin", "carol", "dave", "audrey"];

/// A register behind a proxy that loses nothing yet.
fn behind_proxy(after: &str) -> Option<(&'static Cluster, Proxy, Scene)> {
    let cluster = Cluster::shared()?;
    let proxy = Proxy::before(cluster);
    let scene = Scene::founded(cluster, &proxy.host(), after);
    Some((cluster, proxy, scene))
}

/// A seed that a failing test can be repeated with.
pub fn dice() -> Dice {
    let seed = std::env::var("TWINSEAL_SEED").map_or(std::process::id().into(), |seed| seed.parse().unwrap());
    println!("TWINSEAL_SEED={seed}");
    Dice(seed)
}

#[test]
fn an_entry_whose_connection_is_lost_before_or_after_its_commit_is_recorded_once() {
    let Some((cluster, proxy, scene)) = behind_proxy("") else { return };
    for (lost, (loss, words)) in [(Loss::After, "Lost after."), (Loss::Before, "Lost before.")].into_iter().enumerate()
    {
        proxy.loses(loss);
        let before = scene.log(cluster).entries();
        let noted = scene.world.run("erin", &format!("note CHG-1 '{words}'"));
        assert_eq!(noted.exit, Exit::Done, "{}", noted.screen);
        assert!(proxy.has_lost(lost + 1), "{words}");
        let log = scene.log(cluster);
        assert_eq!((log.times(words), log.entries()), (1, before + 1), "{words}");
        scene.is_whole();
    }
}

#[test]
fn who_cannot_find_out_whether_an_entry_was_recorded_is_told_so() {
    let Some((cluster, proxy, scene)) = behind_proxy("") else { return };
    let before = scene.log(cluster).entries();
    proxy.loses(Loss::After);
    proxy.refuses_then();
    let noted = scene.world.run("erin", "note CHG-1 'Never heard.'");
    assert_eq!(noted.exit, Exit::Environment, "{}", noted.screen);
    assert!(noted.err.contains(UNSURE), "{}", noted.screen);
    let log = scene.log(cluster);
    assert_eq!((log.times("Never heard."), log.entries()), (1, before + 1));
    // While there is no server, nothing is recorded and nobody is unsure.
    let refused = scene.world.run("erin", "note CHG-1 'Not sent.'");
    assert_eq!(refused.exit, Exit::Environment, "{}", refused.screen);
    assert!(refused.err.contains("cannot connect") && !refused.err.contains(UNSURE), "{}", refused.screen);
    proxy.recovers();
    scene.world.ok("erin", "note CHG-1 Afterwards.");
    let log = scene.log(cluster);
    assert_eq!((log.times("Not sent."), log.times("Afterwards."), log.entries()), (0, 1, before + 2));
    scene.is_whole();
}

#[test]
fn a_server_that_hangs_is_given_up_and_the_entry_recorded_once() {
    // A server may be silent for six times the timeout of connecting.
    let Some((cluster, proxy, scene)) = behind_proxy("?connect_timeout=1") else { return };
    for (lost, (loss, words)) in
        [(Loss::SilenceAfter, "Hangs after."), (Loss::Silence, "Hangs before.")].into_iter().enumerate()
    {
        proxy.loses(loss);
        let begun = Instant::now();
        let noted = scene.world.run("erin", &format!("note CHG-1 '{words}'"));
        assert_eq!(noted.exit, Exit::Done, "{}", noted.screen);
        assert!(proxy.has_lost(lost + 1), "{words}");
        let took = begun.elapsed();
        assert!((Duration::from_secs(6)..Duration::from_secs(15)).contains(&took), "{words}: {took:?}");
        assert_eq!(scene.log(cluster).times(words), 1, "{words}");
    }
    scene.is_whole();
}

#[test]
fn a_server_that_hangs_while_it_is_read_is_named_with_the_time() {
    let Some((_, proxy, scene)) = behind_proxy("?connect_timeout=1") else { return };
    proxy.loses(Loss::SilenceReading);
    let begun = Instant::now();
    let listed = scene.world.run("carol", "list");
    assert_eq!(listed.exit, Exit::Environment, "{}", listed.screen);
    assert!(listed.err.contains("no answer within 6 s"), "{}", listed.screen);
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    scene.world.ok("carol", "list");
}

#[test]
fn a_server_that_waits_for_somebody_else_is_not_given_up() {
    let Some((cluster, _proxy, scene)) = behind_proxy("?connect_timeout=1") else { return };
    // Longer than a server may be silent.
    let long = Duration::from_secs(7);
    let mut owner = cluster.client(&scene.database, &cluster.account);
    let register: String = owner.query_one("SELECT min(register) FROM twinseal.entry", &[]).unwrap().get(0);
    let digest = Sha256::digest(register);
    let number = i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let space = i32::from_be_bytes(*b"TWSL");
    owner.execute("SELECT pg_advisory_lock($1, $2)", &[&space, &number]).unwrap();
    let (place, folder) = (&scene.address, scene.world.path(""));
    let open = || {
        let home = Home { folder: folder.clone(), ..Home::default() };
        store::open(Path::new(place), Site::Register, &folder, &home).unwrap().0
    };
    // A store stays on its thread; each of these waits would be given up if the server owed an answer.
    thread::scope(|scope| {
        scope.spawn(|| {
            let writer = Writer { account: "erin".to_owned(), patience: long };
            let refused = open().turn(&writer).unwrap_err();
            assert!(matches!(refused, StoreError::Queue { .. }), "{refused}");
        });
        scope.spawn(|| {
            let store = open();
            assert!(store.wait_for_news(long).is_ok());
            assert!(store.newest().unwrap().is_some());
        });
        let idle = open();
        thread::sleep(long);
        assert!(idle.newest().unwrap().is_some());
    });
}

#[test]
fn nothing_is_recorded_on_a_full_disk_and_everything_once_there_is_room() {
    // The folder has a small disk of its own, which only a namespace of mounts gives; where there is none, nothing is
    // tested: PostgreSQL's own limits, such as `temp_file_limit`, are about other files.
    let Some(cluster) = Cluster::start(Plan { small_disk: true, ..Plan::default() }) else { return };
    let Some(disk) = cluster.small_disk() else { return };
    let mut owner = cluster.client("postgres", &cluster.account);
    owner.batch_execute(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.display())).unwrap();
    let proxy = Proxy::before(&cluster);
    let scene = Scene::founded(&cluster, &proxy.host(), "?register=prod");
    owner.batch_execute(&format!("ALTER DATABASE {} SET TABLESPACE small", scene.database)).unwrap();
    let mut owner = cluster.client(&scene.database, &cluster.account);
    // First most of the disk, then the last page of the table of entries.
    owner.batch_execute("CREATE TABLE ballast (it text); ALTER TABLE ballast ALTER it SET STORAGE EXTERNAL").unwrap();
    for size in [1_000_000, 100_000, 1_500] {
        while owner.execute("INSERT INTO ballast SELECT repeat('x', $1)", &[&size]).is_ok() {}
    }
    let fill = r"INSERT INTO twinseal.entry SELECT 'other#00', coalesce(max(seq), -1) + 1, '\x00', null, null
        FROM twinseal.entry WHERE register = 'other#00'";
    while owner.execute(fill, &[]).is_ok() {}
    let before = scene.log(&cluster).entries();
    let noted = scene.world.run("erin", "note CHG-1 'No room.'");
    assert_eq!(noted.exit, Exit::Environment, "{}", noted.screen);
    assert!(noted.err.contains("No space left on device") && !noted.err.contains(UNSURE), "{}", noted.screen);
    assert_eq!(scene.log(&cluster).entries(), before);
    scene.is_whole();
    owner.batch_execute("DROP TABLE ballast; CHECKPOINT").unwrap();
    scene.world.ok("erin", "note CHG-1 'Room again.'");
    assert_eq!(scene.log(&cluster).entries(), before + 1);
    scene.is_whole();
}

/// Ends the noting, also if a test fails meanwhile.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// People note at once while some harm is done. Returns what they were told.
pub fn while_noting(scene: &Scene, people: &[&str], harm: impl FnOnce()) -> Vec<(String, Said)> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let stop = AtomicBool::new(false);
    let one = &|noter: Noter, person: &str| {
        let mut all = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let words = format!("Note {} by {person}.", NEXT.fetch_add(1, Ordering::Relaxed));
            let said = noter.note(&words);
            if matches!(said, Said::Refused(_)) {
                thread::sleep(Duration::from_millis(50));
            }
            all.push((words, said));
        }
        all
    };
    let noters: Vec<_> = people.iter().map(|person| scene.noter(person)).collect();
    thread::scope(|scope| {
        let running: Vec<_> =
            noters.into_iter().zip(people).map(|(noter, person)| scope.spawn(move || one(noter, person))).collect();
        let stops = Stop(&stop);
        harm();
        drop(stops);
        running.into_iter().flat_map(|it| it.join().unwrap()).collect()
    })
}

/// How many were acknowledged, how many unsure, and how many refused.
pub fn counted(all: &[(String, Said)]) -> [usize; 3] {
    let count = |fits: fn(&Said) -> bool| all.iter().filter(|(_, said)| fits(said)).count();
    [
        count(|it| matches!(it, Said::Recorded { .. } | Said::There)),
        count(|it| matches!(it, Said::Unsure)),
        count(|it| matches!(it, Said::Refused(_))),
    ]
}

#[test]
fn no_entry_is_lost_or_doubled_whose_connection_the_server_ends() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::before(cluster);
    let (scene, mut dice) = (Scene::founded(cluster, &proxy.host(), ""), dice());
    let mut owner = cluster.client("postgres", &cluster.account);
    let mut ended = 0;
    let all = while_noting(&scene, &NOTERS, || {
        for _ in 0..24 {
            thread::sleep(Duration::from_millis(dice.below(600)));
            let sql = "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
                WHERE datname = $1 ORDER BY random() LIMIT 1) AS one";
            ended += owner.query_one(sql, &[&scene.database]).unwrap().get::<_, i64>(0);
        }
    });
    println!("{ended} ended; recorded, unsure, refused: {:?}", counted(&all));
    assert!(ended > 0 && counted(&all)[0] > 0, "{:?}", counted(&all));
    scene.holds(cluster, &all);
}

#[test]
fn no_acknowledged_entry_is_lost_by_a_server_that_stops_at_once() {
    let Some(cluster) = Cluster::start(Plan { settings: vec!["fsync=on".to_owned()], ..Plan::default() }) else {
        return;
    };
    let proxy = Proxy::before(&cluster);
    let (scene, mut dice) = (Scene::founded(&cluster, &proxy.host(), ""), dice());
    let all = while_noting(&scene, &NOTERS[..3], || {
        for immediate in [true, false] {
            thread::sleep(Duration::from_millis(800 + dice.below(1000)));
            if immediate {
                cluster.stop_at_once()
            } else {
                cluster.kill()
            }
            cluster.start_again();
        }
        thread::sleep(Duration::from_millis(500));
    });
    println!("recorded, unsure, refused: {:?}", counted(&all));
    assert!(counted(&all)[0] > 0);
    scene.holds(&cluster, &all);
}
