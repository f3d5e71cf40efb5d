//! The state by which rules decide, as rows of the verified cache.

use std::time::Duration;

use rusqlite::Connection;
use twinseal::domain::{StateRecord, Time};
use twinseal::error::Exit;
use twinseal::store::{Anchor, Excuse, Session};

use super::cache::{copy_of, edit_copy, put_copy, unharmed};
use super::scene::{STRANGER, Scene};

/// The keys of carol's rows, one of each kind where `kind` names one.
fn keys(scene: &Scene) -> Vec<String> {
    let db = Connection::open(scene.memory("carol", "verified.sqlite")).unwrap();
    let mut select = db.prepare("SELECT key FROM state ORDER BY key").unwrap();
    select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn the_rows_are_one_of_each_record() {
    let scene = Scene::governed();
    let carol = scene.signer("carol").public().fingerprint();
    let keys = keys(&scene);
    for key in ["register", "governance", "person/carol", &format!("key/{carol}"), "proposal/1", "text/9", "change/2"] {
        assert!(keys.iter().any(|it| it == key), "no row {key} in {keys:?}");
    }
}

#[test]
fn no_missing_row_is_taken_for_one_that_never_was() {
    let scene = Scene::governed();
    let whole = copy_of(&scene);
    let carol = scene.signer("carol").public().fingerprint();
    for (row, command) in [
        ("state WHERE key = 'register'", "list"),
        ("state WHERE key = 'governance'", "list"),
        ("state WHERE key = 'person/carol'", "inbox"),
        (&format!("state WHERE key = 'key/{carol}'"), "inbox"),
        ("state WHERE key = 'change/1'", "show CHG-1"),
        ("state WHERE key = 'proposal/1'", "proposal show 1"),
        ("log_entries WHERE seq = (SELECT max(seq) FROM log_entries WHERE change = 1)", "show CHG-1"),
    ] {
        put_copy(&scene, &whole);
        let before = scene.ok("carol", command);
        edit_copy(&scene, &format!("DELETE FROM {row}"));
        assert!(unharmed(&scene, command, &before, row), "{row}: {command}");
    }
}

/// Whether an expression is 1 in carol's cache.
fn one(scene: &Scene, expression: &str) -> bool {
    let db = Connection::open(scene.memory("carol", "verified.sqlite")).unwrap();
    db.query_row(&format!("SELECT {expression}"), [], |row| row.get::<_, u64>(0)).unwrap() == 1
}

#[test]
fn no_row_with_another_value_is_read() {
    let scene = Scene::governed();
    let whole = copy_of(&scene);
    for (key, command) in [
        ("register", "show CHG-1"),
        ("governance", "show CHG-1"),
        ("person/carol", "inbox"),
        ("change/1", "show CHG-1"),
    ] {
        put_copy(&scene, &whole);
        let before = scene.ok("carol", command);
        for value in [
            "x''",
            "substr(value, 1, length(value) - 1)",
            "CAST(value || x'00' AS BLOB)",
            "(SELECT value FROM state WHERE key = 'person/dave')",
            // These read well.
            "CAST(replace(value, 'alice', 'frank') AS BLOB)",
            "CAST(replace(value, 'erin', 'dave') AS BLOB)",
            "CAST(replace(value, 'prod', 'test') AS BLOB)",
        ] {
            put_copy(&scene, &whole);
            let other = format!("EXISTS (SELECT 1 FROM state WHERE key = '{key}' AND value <> {value})");
            if one(&scene, &other) {
                edit_copy(&scene, &format!("UPDATE state SET value = {value} WHERE key = '{key}'"));
                assert!(unharmed(&scene, command, &before, value), "{key} = {value}");
            }
        }
    }
}

/// Asserts that `verify` calls the cache damaged, and the register intact once that was made again.
#[track_caller]
fn verify_finds(scene: &Scene, whole: &[u8], sql: &str) {
    put_copy(scene, whole);
    edit_copy(scene, sql);
    let output = scene.run("carol", "verify");
    assert_eq!(output.exit, Exit::Environment, "{sql}: {}", output.screen);
    assert!(output.err.contains("hint: the register itself is fine"), "{sql}: {}", output.screen);
    let output = scene.run("carol", "verify");
    assert_eq!(output.exit, Exit::Done, "{sql}: {}", output.screen);
    assert!(output.err.contains("the whole log was verified again"), "{sql}: {}", output.screen);
}

#[test]
fn verify_finds_a_row_that_was_changed_removed_or_added() {
    let scene = Scene::governed();
    let whole = copy_of(&scene);
    for key in keys(&scene) {
        verify_finds(&scene, &whole, &format!("DELETE FROM state WHERE key = '{key}'"));
    }
    // A value that reads well and is another.
    for (key, from, to) in [
        ("register", "prod", "test"),
        ("governance", "alice", "frank"),
        ("person/robot", "frank", "carol"),
        ("proposal/1", "alice", "carol"),
        ("change/1", "carol", "frank"),
        ("change/2", "pool", "pole"),
    ] {
        let changed = format!("CAST(replace(value, '{from}', '{to}') AS BLOB)");
        let only = format!("WHERE key = '{key}' AND value <> {changed}");
        assert!(one(&scene, &format!("(SELECT count(*) FROM state {only})")), "{key}");
        verify_finds(&scene, &whole, &format!("UPDATE state SET value = {changed} {only}"));
    }
    for added in ["person/mallory", "proposal/9", "change/9", "zzz", "a"] {
        let value = "SELECT value FROM state WHERE key = 'person/alice'";
        verify_finds(&scene, &whole, &format!("INSERT INTO state VALUES ('{added}', ({value}))"));
    }
}

#[test]
fn a_state_without_entries_is_not_believed() {
    let scene = Scene::new();
    let before = scene.ok("carol", "list");
    let tables = "DELETE FROM log_entries";
    edit_copy(&scene, tables);
    assert!(unharmed(&scene, "list", &before, tables));
}

#[test]
fn an_ended_proposal_keeps_no_content() {
    let scene = Scene::governed();
    scene.ok("alice", "person grant dave engineer --group settlement");
    let db = Connection::open(scene.memory("carol", "verified.sqlite")).unwrap();
    let row = |proposal: u64| -> StateRecord {
        let key = format!("proposal/{proposal}");
        let value: Vec<u8> = db.query_row("SELECT value FROM state WHERE key = ?1", [key], |row| row.get(0)).unwrap();
        postcard::from_bytes(&value).unwrap()
    };
    scene.ok("carol", "list");
    let StateRecord::Proposal(_, open) = row(5) else { panic!("another record") };
    assert!(open.action().is_some());
    scene.ok("bob", "proposal decline 5 --reason No.");
    scene.ok("carol", "list");
    for ended in 1..=5 {
        let StateRecord::Proposal(_, proposal) = row(ended) else { panic!("another record") };
        assert!(proposal.action().is_none(), "{proposal:?}");
        assert_ne!(proposal.opened, twinseal::domain::Digest::NONE);
    }
    let declined: Vec<u8> =
        db.query_row("SELECT value FROM state WHERE key = 'proposal/5'", [], |row| row.get(0)).unwrap();
    assert!(!declined.windows(10).any(|bytes| bytes == b"settlement"));
    assert!(scene.ok("carol", "proposal show 5").contains("settlement"), "it is read again from its entry");
    assert!(scene.ok("carol", "proposal list").contains("dave"));
}

/// The rows of an account's cache, or of one that is open.
fn rows(path: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let db = Connection::open(path).unwrap();
    db.busy_timeout(Duration::from_secs(10)).unwrap();
    let mut select = db.prepare("SELECT key, value FROM state ORDER BY key").unwrap();
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// A session of an account that holds `most` records in memory while it replays.
pub fn session(scene: &Scene, account: &str, most: usize) -> Session {
    let (shared, findings) = scene.open_store();
    assert!(findings.is_empty());
    let folder = scene.path(account);
    let anchor = Anchor { folder: &folder, fingerprint: scene.fingerprint.parse().unwrap(), excuse: Excuse::None };
    let mut session = Session::open_to_verify(shared, anchor, now()).unwrap();
    session.limit_loaded(most);
    session
}

pub fn now() -> Time {
    "2026-12-02T00:00:00Z".parse().unwrap()
}

#[test]
fn a_replay_that_keeps_next_to_nothing_in_memory_never_sees_what_comes_later() {
    // Later entries give approvers other grants, end keys, finish and withdraw changes, and redact texts: a rule that
    // read any of that too early would refuse an entry that was right.
    let scene = Scene::of_every_kind();
    scene.findings(STRANGER);
    let expected = {
        let mut session = session(&scene, "much", 1 << 20);
        assert!(session.verify(now(), &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap().findings.is_empty());
        rows(&scene.path("much/verified.sqlite"))
    };
    for most in [0, 1, 2, 3, 7] {
        let account = format!("little-{most}");
        // The first time it fills the cache; then it replays a log that it knows to the end.
        for _ in 0..3 {
            let mut session = session(&scene, &account, most);
            let reading = session.verify(now(), &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap();
            assert!(reading.findings.is_empty(), "{most}: {:#?}", reading.findings);
            assert_eq!((reading.entries, reading.partly_checked), (scene.entries(), 0));
            assert!(rows(&scene.path(&format!("{account}/verified.sqlite"))) == expected, "{most}");
        }
    }
}

#[test]
fn a_log_that_is_partly_known_is_replayed_as_one_that_is_new() {
    let scene = Scene::governed();
    drop(session(&scene, "partly", 1).verify(now(), &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap());
    scene.ok("dave", "reject CHG-2 --reason No.");
    scene.ok("alice", "person grant dave engineer");
    scene.run_typing("bob", "proposal second 5", &["5"]);
    drop(session(&scene, "partly", 1).verify(now(), &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap());
    drop(session(&scene, "anew", 4096).verify(now(), &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap());
    assert!(rows(&scene.path("partly/verified.sqlite")) == rows(&scene.path("anew/verified.sqlite")));
}
