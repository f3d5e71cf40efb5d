//! Many who record at once, and those who keep the others waiting.

use std::thread;
use std::time::{Duration, Instant};

use twinseal::error::Exit;

use super::cluster::Cluster;
use super::failure::{NOTERS, counted};
use super::proxy::{Loss, Proxy};
use super::scene::{ROLE, Said, Scene, said};

/// How many notes each of the processes at once records, unless `TWINSEAL_NOTES` says another number.
const NOTES: usize = 10;

#[test]
fn nothing_is_lost_when_many_record_at_once_on_a_server() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::before(cluster);
    let scene = Scene::founded(cluster, &proxy.host(), "");
    let notes = std::env::var("TWINSEAL_NOTES").map_or(NOTES, |notes| notes.parse().unwrap());
    let before = scene.log(cluster).entries();
    // Two of each person.
    let noters: Vec<_> = NOTERS.iter().chain(&NOTERS).map(|person| scene.noter(person)).collect();
    let all: Vec<(String, Said)> = thread::scope(|scope| {
        let one = |(of, noter): (usize, super::scene::Noter)| {
            move || {
                let words = (0..notes).map(|note| format!("Note {note} of {of}."));
                words.map(|words| (words.clone(), noter.note(&words))).collect::<Vec<_>>()
            }
        };
        let running: Vec<_> = noters.into_iter().enumerate().map(|it| scope.spawn(one(it))).collect();
        running.into_iter().flat_map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(counted(&all), [8 * notes, 0, 0], "{all:#?}");
    assert_eq!(scene.log(cluster).entries(), before + 8 * notes);
    scene.holds(cluster, &all);
}

#[test]
fn a_writer_that_is_killed_in_its_turn_keeps_nobody_waiting() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::before(cluster);
    let scene = Scene::founded(cluster, &proxy.host(), "");
    proxy.loses(Loss::Silence);
    let mut first = scene.noter("erin").begin("Holds the turn.");
    assert!(proxy.has_lost(1), "it does not record");
    let second = scene.noter("carol").begin("Waits for the turn.");
    thread::sleep(Duration::from_millis(500));
    first.kill().unwrap();
    let begun = Instant::now();
    let answer = said(second);
    assert!(matches!(answer, Said::Recorded { .. }), "{answer:?}");
    // Less than the patience of a writer, which is 30 s.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let all = [("Holds the turn.".to_owned(), said(first)), ("Waits for the turn.".to_owned(), answer)];
    scene.holds(cluster, &all);
}

#[test]
fn a_writer_that_waits_too_long_names_who_holds_the_turn_and_records_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let proxy = Proxy::before(cluster);
    let scene = Scene::founded(cluster, &proxy.host(), "");
    let before = scene.log(cluster).entries();
    proxy.loses(Loss::Silence);
    let mut first = scene.noter("erin").begin("Holds the turn.");
    assert!(proxy.has_lost(1), "it does not record");
    let sql = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let mut owner = cluster.client(&scene.database, &cluster.account);
    let holder: i32 = owner.query_one(sql, &[]).unwrap().get(0);
    let refused = scene.world.run("carol", "note CHG-1 'Too late.'");
    assert_eq!(refused.exit, Exit::Environment, "{}", refused.screen);
    let named = format!("is busy: gave up after 3 s; {ROLE} (process {holder}) has been writing since");
    assert!(refused.err.contains(&named), "{}", refused.screen);
    assert_eq!(scene.log(cluster).entries(), before);
    // Whoever only reads does not wait.
    scene.world.ok("carol", "list");
    first.kill().unwrap();
    first.wait().unwrap();
    // The server notices a moment later.
    super::failover::wait_until("the turn is still held", || owner.query(sql, &[]).unwrap().is_empty());
    scene.world.ok("carol", "note CHG-1 'In time.'");
    scene.is_whole();
}
