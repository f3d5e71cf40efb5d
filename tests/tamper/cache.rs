//! The verified cache: what an account need not verify again.

use std::fs;

use rusqlite::Connection;
use twinseal::error::Exit;
use twinseal::format::Raw;

use super::scene::{Scene, joined, split};
use super::tables::tables;
use crate::support::server::in_a_file;

#[test]
fn a_lost_cache_is_rebuilt_with_a_warning() {
    let scene = Scene::new();
    let before = scene.ok("carol", "list");
    let pin = fs::read(scene.memory("carol", "pin")).unwrap();
    for damage in ["lost", "garbled", "emptied"] {
        scene.forget("carol", "verified.sqlite");
        match damage {
            "garbled" => fs::write(scene.memory("carol", "verified.sqlite"), [7; 9000]).unwrap(),
            "emptied" => fs::write(scene.memory("carol", "verified.sqlite"), "").unwrap(),
            _ => {}
        }
        let output = scene.run("carol", "list");
        assert_eq!((output.exit, &output.out), (Exit::Done, &before), "{damage}: {}", output.screen);
        assert!(output.err.contains("the whole log was verified again"), "{damage}: {}", output.screen);
        assert_eq!(fs::read(scene.memory("carol", "pin")).unwrap(), pin, "{damage}");
        let again = scene.run("carol", "list");
        assert_eq!(again.err, "", "it is said once");
    }
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
}

#[test]
fn a_lost_cache_does_not_hide_a_truncated_log() {
    let scene = Scene::new();
    scene.forget("carol", "verified.sqlite");
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.stops("the log lacks entry 9");
}

/// Carol's verified cache as one file, everything in it.
pub fn copy_of(scene: &Scene) -> Vec<u8> {
    let path = scene.memory("carol", "verified.sqlite");
    let db = Connection::open(&path).unwrap();
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(db);
    fs::read(path).unwrap()
}

/// Puts another file in the place of carol's verified cache.
pub fn put_copy(scene: &Scene, bytes: &[u8]) {
    scene.forget("carol", "verified.sqlite");
    fs::write(scene.memory("carol", "verified.sqlite"), bytes).unwrap();
}

/// Runs SQL on carol's verified cache.
pub fn edit_copy(scene: &Scene, sql: &str) {
    Connection::open(scene.memory("carol", "verified.sqlite")).unwrap().execute_batch(sql).unwrap();
}

/// Asserts that carol's command does what it did before, perhaps only once the damaged copy was named and thrown away;
/// never that the register is called broken, or that the pin is lost. Returns whether damage was said aloud.
#[track_caller]
pub fn unharmed(scene: &Scene, command: &str, before: &str, damage: &str) -> bool {
    let pin = fs::read(scene.memory("carol", "pin")).unwrap();
    let first = scene.run("carol", command);
    let told = first.exit == Exit::Environment;
    let last = if told {
        assert!(first.err.contains("verified cache ") && first.err.contains(" is damaged: "), "{}", first.screen);
        assert!(first.err.contains("hint: the register itself is fine"), "{}", first.screen);
        scene.run("carol", command)
    } else {
        first
    };
    assert_eq!((last.exit, last.out.as_str()), (Exit::Done, before), "{damage}: {command}\n{}", last.screen);
    let rebuilt = last.err.contains("the whole log was verified again");
    assert!(rebuilt || !told, "{damage}: {command}: it was not rebuilt\n{}", last.screen);
    assert_eq!(fs::read(scene.memory("carol", "pin")).unwrap(), pin, "{damage}");
    rebuilt
}

/// What carol may ask.
const QUESTIONS: [&str; 7] =
    ["list", "show CHG-1", "show CHG-2", "inbox", "log --change CHG-1", "person list", "list --text pool"];

#[test]
fn no_damaged_page_of_a_cache_is_taken_for_a_broken_register() {
    let scene = Scene::new();
    let before = QUESTIONS.map(|command| scene.ok("carol", command));
    let whole = copy_of(&scene);
    let size = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let mut told = 0;
    for page in 0..whole.len() / size {
        for (command, before) in QUESTIONS.iter().zip(&before) {
            let mut damaged = whole.clone();
            damaged[page * size..(page + 1) * size].fill(0xa5);
            put_copy(&scene, &damaged);
            told += usize::from(unharmed(&scene, command, before, &format!("page {page}")));
        }
    }
    assert!(told >= 10, "{told}");
    put_copy(&scene, &whole);
    assert_eq!(scene.run("carol", "list").err, "", "whole again, there is nothing to say");
}

#[test]
fn no_truncated_cache_is_believed() {
    let scene = Scene::new();
    let before = QUESTIONS.map(|command| scene.ok("carol", command));
    let whole = copy_of(&scene);
    for length in [1, 100, 4095, 4096, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        for (command, before) in QUESTIONS.iter().zip(&before) {
            put_copy(&scene, &whole[..length]);
            unharmed(&scene, command, before, &format!("{length} bytes"));
        }
    }
}

#[test]
fn no_cache_of_another_version_is_believed() {
    let scene = Scene::new();
    let before = scene.ok("carol", "list");
    for other in [
        "PRAGMA user_version = 2",
        "PRAGMA user_version = 0",
        "PRAGMA application_id = 1415009100",
        "CREATE TABLE planted (x)",
        "CREATE VIEW planted AS SELECT * FROM votes",
        "CREATE TRIGGER planted BEFORE INSERT ON votes BEGIN SELECT RAISE(IGNORE); END",
        "CREATE INDEX planted ON votes (person) WHERE person <> 'dave'",
        "DROP INDEX log_entries_by_change",
        "DROP TABLE votes; CREATE VIEW votes AS SELECT * FROM runs",
        "ALTER TABLE votes ADD COLUMN weight INTEGER",
    ] {
        edit_copy(&scene, other);
        assert!(unharmed(&scene, "list", &before, other), "{other} was not said aloud");
        assert_eq!(scene.run("carol", "list").err, "", "{other}: it is said once");
    }
}

#[test]
fn an_old_cache_beside_a_newer_pin_catches_up_with_a_warning() {
    let scene = Scene::new();
    let old = copy_of(&scene);
    scene.ok("dave", "reject CHG-2 --reason No.");
    let before = scene.ok("carol", "show CHG-2");
    let pin = fs::read(scene.memory("carol", "pin")).unwrap();
    put_copy(&scene, &old);
    let output = scene.run("carol", "show CHG-2");
    assert_eq!((output.exit, &output.out), (Exit::Done, &before), "{}", output.screen);
    assert!(output.err.contains("note: the verified cache was behind the pin"), "{}", output.screen);
    assert_eq!(fs::read(scene.memory("carol", "pin")).unwrap(), pin);
    assert_eq!(scene.run("carol", "show CHG-2").err, "", "it is said once");
    // It does not lose the end of the log either.
    put_copy(&scene, &old);
    scene.tamper("DELETE FROM entry WHERE seq = 10");
    scene.stops("the log lacks entry 10");
}

#[test]
fn an_entry_of_governance_that_was_changed_in_the_file_decides_nothing() {
    let scene = Scene::new();
    let before = scene.ok("carol", "person list");
    let (body, sig) = split(&scene.raw(7));
    scene.put(&Raw { blob: joined(&body.replace("frank", "mallory"), &sig), ..scene.raw(7) });
    assert_eq!(scene.ok("carol", "person list"), before);
    scene.finds("entry 7: [");
    scene.refuses_newcomers();
}

#[test]
fn a_cache_of_another_log_does_not_replace_a_lost_pin() {
    for sql in [
        "UPDATE log_entries SET leaf = (SELECT leaf FROM log_entries WHERE seq = 3) WHERE seq = 9",
        "DELETE FROM log_entries WHERE seq = 9; UPDATE log_entries SET leaf = (SELECT leaf FROM log_entries WHERE seq = 3)",
        "DELETE FROM log_entries WHERE seq = 9",
        "UPDATE log_entries SET leaf = 'none' WHERE seq = 9",
    ] {
        let scene = Scene::new();
        let before = scene.ok("carol", "list");
        edit_copy(&scene, sql);
        assert!(unharmed(&scene, "list", &before, sql), "{sql}");
    }
}

#[test]
fn what_differs_in_the_cache_alone_is_no_fault_of_the_register() {
    let Some(scene) = in_a_file("tables", Scene::with_services) else { return };
    let whole = copy_of(&scene);
    let shared = scene.copy();
    let tables = tables(&scene.sql());
    let edits = tables.iter().flat_map(|(table, columns)| {
        let (column, is_text, _) = columns.last().unwrap();
        let (first, other) = (&columns[0].0, if *is_text { "|| 'x'" } else { "+ 1000" });
        let one = format!("{first} = (SELECT min({first}) FROM {table})");
        [
            format!("UPDATE {table} SET {column} = ifnull({column}, 1) {other} WHERE {one}"),
            format!("DELETE FROM {table} WHERE {one}"),
        ]
    });
    for sql in edits {
        for command in ["verify", "rebuild"] {
            put_copy(&scene, &whole);
            edit_copy(&scene, &sql);
            let output = scene.run("carol", command);
            assert_eq!(output.exit, Exit::Environment, "{sql}: {command}: {}", output.screen);
            assert!(output.err.contains("verified cache "), "{sql}: {command}: {}", output.screen);
            let again = scene.run("carol", command);
            assert_eq!(again.exit, Exit::Done, "{sql}: {command}: {}", again.screen);
            assert!(again.err.contains("the whole log was verified again"), "{sql}: {command}: {}", again.screen);
        }
    }
    assert_eq!(scene.copy(), shared, "nothing of it was written for everybody");
}

#[test]
fn doctor_tells_a_damaged_or_old_cache_from_a_broken_register() {
    let scene = Scene::new();
    let old = copy_of(&scene);
    scene.ok("dave", "reject CHG-2 --reason No.");
    scene.ok("carol", "list");
    put_copy(&scene, &old);
    let output = scene.run("carol", "doctor");
    assert!(output.out.contains("warning       verified cache: was behind the pin"), "{}", output.screen);
    edit_copy(&scene, "DELETE FROM state WHERE key = 'governance'");
    let output = scene.run("carol", "doctor");
    assert_eq!(output.exit, Exit::Environment, "{}", output.screen);
    assert!(output.out.contains("fault         verified cache: verified cache "), "{}", output.screen);
    let output = scene.run("carol", "doctor");
    assert!(output.out.contains("warning       verified cache: was missing or damaged"), "{}", output.screen);
    let output = scene.run("carol", "doctor");
    assert!(output.out.contains("ok            verified cache: up to entry 10"), "{}", output.screen);
}

#[test]
fn a_cache_that_is_found_damaged_after_recording_takes_nothing_back() {
    let scene = Scene::new();
    // What the next approval would be: so the copy cannot be brought on over it.
    edit_copy(&scene, "INSERT INTO votes SELECT 10, change, number, verdict, person, time FROM votes WHERE seq = 3");
    let output = scene.run("carol", &format!("approve CHG-2 --revision {}", scene.filed));
    assert_eq!((output.exit, scene.entries()), (Exit::Environment, 11), "{}", output.screen);
    assert!(output.err.contains("entry 10 is recorded, but a later step failed: verified cache"), "{}", output.screen);
    let output = scene.run("carol", "show CHG-2");
    assert!(output.err.contains("the whole log was verified again"), "{}", output.screen);
    assert!(output.exit == Exit::Done && output.out.contains("carol approved revision 1"), "{}", output.screen);
}
