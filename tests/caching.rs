//! What makes commands fast must not be seen in what they leave behind.

use std::fs;
use std::path::PathBuf;

use crate::support::World;

/// The files of somebody's verified cache, by name.
fn memory(world: &World, person: &str) -> Vec<PathBuf> {
    let folder = world.path(&format!("people/{person}/.local/state/twinseal"));
    let register = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    fs::read_dir(register).unwrap().map(|it| it.unwrap().path()).collect()
}

fn log_length(world: &World, person: &str) -> u64 {
    let log = memory(world, person).into_iter().find(|it| it.ends_with("verified.sqlite-wal"));
    log.map_or(0, |log| fs::metadata(log).unwrap().len())
}

/// The write-ahead log of the copy stands between commands, and is written back before it is long.
#[test]
fn the_wal_file_of_the_cache_stays_short() {
    let world = World::filed();
    let mut longest = 0;
    for _ in 0..60 {
        world.ok("carol", "note CHG-1 'watched it'");
        longest = longest.max(log_length(&world, "carol"));
    }
    assert!(longest > 0, "it is kept");
    assert!(longest < 512 * 1024, "{longest}");
    assert_eq!(world.findings("carol"), Vec::<String>::new());
}

/// A crash may take the newest of the copy away, never anything else: it is verified again.
#[test]
fn a_cache_that_lost_its_wal_file_catches_up() {
    let world = World::filed();
    world.ok("carol", "note CHG-1 'watched it'");
    for file in memory(&world, "carol") {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("verified.sqlite-") {
            fs::remove_file(file).unwrap();
        }
    }
    world.ok("carol", "note CHG-1 'and again'");
    assert!(world.ok("carol", "show CHG-1").contains("and again"));
    assert_eq!(world.findings("carol"), Vec::<String>::new());
}

/// Nothing of what was rejected or has expired is another person's to revise, whatever the register holds.
#[test]
fn the_inbox_tells_of_expired_and_rejected_changes_whom_they_wait_for() {
    let world = World::filed();
    world.write("second.toml", crate::support::CHANGE);
    world.ok("erin", "file second.toml --again");
    world.ok("carol", "reject CHG-1 --reason 'who watches it?'");
    world.at("2026-12-01T13:00:00Z");
    let waiting = world.ok("erin", "inbox");
    assert!(waiting.contains("CHG-1") && waiting.contains("CHG-2"), "{waiting}");
    for person in ["carol", "dave"] {
        assert_eq!(world.ok(person, "inbox"), "");
    }
}
