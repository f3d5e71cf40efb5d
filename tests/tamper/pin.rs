//! The pin: what an account remembers of a register.

use std::fs;

use twinseal::error::Exit;

use super::scene::{Scene, starts};

#[test]
fn a_lost_pin_is_said_aloud() {
    let scene = Scene::new();
    let before = scene.ok("carol", "list");
    scene.forget("carol", "pin");
    let output = scene.run("carol", "list");
    assert_eq!((output.exit, output.out), (Exit::Done, before), "{}", output.err);
    assert!(output.err.contains("warning: the pin of this register is gone"), "{}", output.err);
    assert_eq!(scene.run("carol", "list").err, "", "it is said once");
}

#[test]
fn a_lost_pin_does_not_lose_the_end_of_the_log() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.forget("carol", "pin");
    scene.stops("the log lacks entry 9");
    starts(&scene.findings("carol"), "[truncated]");
}

#[test]
fn a_truncated_log_is_not_pinned() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.forget("carol", "pin");
    starts(&scene.findings("carol"), "[truncated]");
    assert!(!scene.memory("carol", "pin").exists());
}

#[test]
fn a_damaged_pin_stops_everything() {
    let scene = Scene::new();
    for damage in ["", "head 9\n", "\u{1b}[2J"] {
        fs::write(scene.memory("carol", "pin"), damage).unwrap();
        scene.stops("is unreadable");
        let output = scene.run("carol", "verify");
        assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    }
    fs::copy(scene.memory("carol", "pin.previous"), scene.memory("carol", "pin")).unwrap();
    scene.ok("carol", "list");
}

#[test]
fn an_account_that_lost_pin_and_cache_verifies_for_the_first_time() {
    let scene = Scene::new();
    scene.forget("carol", "pin");
    scene.forget("carol", "verified.sqlite");
    let output = scene.run("carol", "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("its pin and verified cache are gone"), "{}", output.screen);
    assert!(output.out.contains("the fingerprint: the beginning only, not the end"), "{}", output.screen);
    let output = scene.run("carol", "verify");
    assert!(output.out.contains("this account's pin: entry 9"), "{}", output.screen);
    assert_eq!(output.err, "", "it is said once");
}

#[test]
fn an_older_pin_put_back_loses_nothing_that_the_cache_holds() {
    let scene = Scene::new();
    let older = fs::read(scene.memory("carol", "pin.previous")).unwrap();
    let newer = fs::read(scene.memory("carol", "pin")).unwrap();
    assert_ne!(older, newer);
    fs::write(scene.memory("carol", "pin"), &older).unwrap();
    scene.ok("carol", "list");
    let head = |pin: &[u8]| String::from_utf8_lossy(pin).lines().nth(1).unwrap().to_owned();
    assert_eq!(head(&fs::read(scene.memory("carol", "pin")).unwrap()), head(&newer), "it was brought on");
    fs::write(scene.memory("carol", "pin"), &older).unwrap();
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.stops("the log lacks entry 9");
    starts(&scene.findings("carol"), "[truncated]");
}

#[test]
fn no_byte_of_a_pin_is_changed_unseen() {
    let scene = Scene::new();
    let pin = fs::read(scene.memory("carol", "pin")).unwrap();
    // That the time is another harms nobody: it is shown, and nothing is judged by it.
    let end = pin.windows(10).position(|it| it == b"\nverified ").unwrap() + 10;
    for at in (0..end).chain([pin.len() - 1]) {
        let mut damaged = pin.clone();
        damaged[at] ^= 1;
        fs::write(scene.memory("carol", "pin"), &damaged).unwrap();
        for command in ["list", "verify"] {
            let output = scene.run("carol", command);
            assert_eq!(output.exit, Exit::Broken, "byte {at}: {command}\n{}", output.screen);
        }
        assert_eq!(fs::read(scene.memory("carol", "pin")).unwrap(), damaged, "byte {at}: it was overwritten");
    }
}

#[test]
fn no_pin_that_was_cut_short_is_passed_over() {
    let scene = Scene::new();
    let pin = fs::read(scene.memory("carol", "pin")).unwrap();
    for length in 0..pin.len() {
        fs::write(scene.memory("carol", "pin"), &pin[..length]).unwrap();
        scene.fails("carol", "list", Exit::Broken, "is unreadable");
        assert_eq!(fs::read(scene.memory("carol", "pin")).unwrap(), &pin[..length], "it was overwritten");
    }
}

#[test]
fn a_damaged_cache_does_not_lose_a_damaged_pin() {
    let scene = Scene::new();
    fs::write(scene.memory("carol", "pin"), "head 9\n").unwrap();
    scene.forget("carol", "verified.sqlite");
    fs::write(scene.memory("carol", "verified.sqlite"), [7; 9000]).unwrap();
    scene.stops("is unreadable");
    fs::copy(scene.memory("carol", "pin.previous"), scene.memory("carol", "pin")).unwrap();
    let output = scene.run("carol", "list");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("the whole log was verified again"), "{}", output.screen);
}

#[test]
fn a_rewritten_pin_and_cache_are_not_found_by_their_account() {
    let scene = Scene::new();
    scene.forget("carol", "pin");
    scene.forget("carol", "verified.sqlite");
    scene.tamper("DELETE FROM entry WHERE seq > 8");
    scene.tamper_with_tables(
        "DELETE FROM log_entries WHERE seq > 8;
         DELETE FROM changes WHERE id = 2; DELETE FROM revisions WHERE change = 2;
         DELETE FROM revision_items WHERE change = 2",
    );
    let output = scene.run("carol", "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("its pin and verified cache are gone"), "at least that is said: {}", output.screen);
    // With files from when the log was shorter, not even that: others have theirs.
    assert_eq!(scene.run("carol", "verify").err, "");
    scene.audrey_finds("[truncated]");
}
