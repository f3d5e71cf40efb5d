//! The file: damaged, cut, or another put in its place.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use twinseal::error::Exit;

use super::scene::{STRANGER, Scene};
use crate::support::server::in_a_file;
use crate::support::{PEOPLE, World};

#[test]
fn an_old_backup_put_back_is_found() {
    let scene = Scene::new();
    let old = scene.keep();
    scene.ok("dave", &format!("approve CHG-2 --revision {}", scene.filed));
    scene.ok("carol", "list");
    scene.ok("audrey", "list");
    scene.put_back(&old);
    scene.stops("the log lacks entry 10");
    scene.audrey_finds("[truncated] the log ends at entry 9, but this account verified it up to entry 10");
}

#[test]
fn an_old_backup_that_went_another_way_is_found() {
    let scene = Scene::new();
    let old = scene.keep();
    scene.ok("dave", "reject CHG-2 --reason No.");
    scene.ok("carol", "list");
    scene.ok("audrey", "list");
    scene.put_back(&old);
    // Dave's rejection was rolled back, and somebody who never saw it goes on.
    scene.ok("erin-anew", &format!("file erin.toml --again --fingerprint {}", scene.fingerprint));
    scene.ok("erin-anew", "file erin.toml --again");
    scene.audrey_finds("entry 10: [replaced]");
    scene.stops("the log lacks entry 10");
}

#[test]
fn a_file_without_its_wal_is_found() {
    let Some(scene) = in_a_file("pages and a WAL", Scene::new) else { return };
    scene.copy();
    // Whoever reads keeps what is new in the WAL.
    let reader = scene.sql();
    reader.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, u64>(0)).unwrap();
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
    scene.ok("audrey", "list");
    let without = fs::read(scene.path("prod.db")).unwrap();
    drop(reader);
    scene.replace_file(&without);
    assert_eq!(scene.entries(), 10, "the approval was in the WAL alone");
    scene.stops("the log lacks entry 10");
    scene.audrey_finds("[truncated] the log ends at entry 9");
}

#[test]
fn another_register_in_its_place_is_found() {
    let Some(scene) = in_a_file("pages and a WAL", Scene::new) else { return };
    let other = World::founded();
    other.at("2026-12-01T09:30:00Z");
    scene.replace_file(&fs::read(other.path("prod.db")).unwrap());
    // It is the same until somebody founds it at another time: the worlds' randomness repeats.
    let other = World::with_requests();
    other.at("2026-12-01T09:30:00Z");
    let members = PEOPLE.map(|(person, roles)| format!("--member {person}={person}.request:{roles}"));
    other.ok("alice", &format!("init --name prod --register prod.db {}", members.join(" ")));
    scene.replace_file(&fs::read(other.path("prod.db")).unwrap());
    scene.stops("wrong register");
    scene.audrey_finds("[fingerprint]");
    let given = scene.run(STRANGER, &format!("verify --fingerprint {}", scene.fingerprint));
    assert_eq!(given.exit, Exit::Broken, "{}", given.screen);
    assert!(given.out.contains("[fingerprint]"), "{}", given.screen);
}

#[test]
fn a_damaged_page_is_found() {
    let Some(scene) = in_a_file("pages and a WAL", Scene::new) else { return };
    let whole = scene.copy();
    let size = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    for page in 1..whole.len() / size {
        let mut damaged = whole.clone();
        damaged[page * size..(page + 1) * size].fill(0xa5);
        scene.replace_file(&damaged);
        let output = scene.run("audrey", "verify");
        assert_eq!(output.exit, Exit::Broken, "page {page}: {}", output.screen);
        // Damage that hides entry 0 does not make the file another register.
        assert!(!output.out.contains("[fingerprint]"), "page {page}: {}", output.screen);
    }
    scene.replace_file(&whole);
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_file_cut_short_is_found() {
    let Some(scene) = in_a_file("pages and a WAL", Scene::new) else { return };
    let whole = scene.copy();
    for parts in [1, 2, 3] {
        scene.replace_file(&whole[..whole.len() * parts / 4]);
        for command in ["verify", "list", "file erin.toml --again"] {
            let output = scene.run("erin", command);
            assert_eq!(output.exit, Exit::Broken, "{parts} quarters: {}", output.screen);
        }
    }
}

#[test]
fn a_wal_dropped_after_a_process_was_killed_is_missed_by_those_who_saw_it() {
    let Some(scene) = in_a_file("pages and a WAL", Scene::new) else { return };
    scene.copy();
    // Dave's program has the register open and waits for a draft; so nobody else is the last to leave.
    let home = scene.path("people/dave");
    let mut waiting = Command::new(env!("CARGO_BIN_EXE_twinseal"));
    waiting.args(["check", "-"]).current_dir(scene.path("")).env_clear().stdin(Stdio::piped()).stderr(Stdio::null());
    waiting.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", "prod.db");
    let mut waiting = waiting.spawn().unwrap();
    let log = scene.path("prod.db-wal");
    assert!((0..500).any(|_| {
        thread::sleep(Duration::from_millis(10));
        log.exists()
    }));
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
    scene.ok("audrey", "list");
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert!(fs::metadata(&log).unwrap().len() > 0);
    let without = fs::read(scene.path("prod.db")).unwrap();
    scene.replace_file(&without);
    assert_eq!(scene.entries(), 10, "the approval was in the WAL alone");
    scene.stops("the log lacks entry 10");
    scene.audrey_finds("[truncated] the log ends at entry 9");
    // Who never saw it cannot know, and is told so.
    let output = scene.run(STRANGER, "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("intact, but not anchored outside this file"), "{}", output.screen);
}

#[test]
fn a_file_taken_out_of_wal_mode_is_put_back_by_whoever_records_next() {
    let Some(scene) = in_a_file("pages and a WAL", Scene::new) else { return };
    let mode = || scene.sql().pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)).unwrap();
    scene.sql().pragma_update(None, "journal_mode", "DELETE").unwrap();
    scene.ok("audrey", "list");
    assert_eq!(mode(), "delete", "who only reads changes nothing");
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
    assert_eq!(mode(), "wal");
    assert!(!scene.path("prod.db-journal").exists());
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}
