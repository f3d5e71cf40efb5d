//! What an account remembers.

use std::fs;

use twinseal::error::Exit;

use super::scene::{Scene, starts};

#[test]
fn a_lost_verified_copy_is_said_aloud_and_costs_nothing_else() {
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
fn a_lost_verified_copy_does_not_lose_the_end_of_the_log() {
    let scene = Scene::new();
    scene.forget("carol", "verified.sqlite");
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.stops("the log does not hold entry 9");
}

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
    scene.stops("the log does not hold entry 9");
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
        scene.stops("cannot be read");
        let output = scene.run("carol", "verify");
        assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    }
    fs::copy(scene.memory("carol", "pin.previous"), scene.memory("carol", "pin")).unwrap();
    scene.ok("carol", "list");
}

#[test]
fn whoever_lost_both_verifies_for_the_first_time() {
    let scene = Scene::new();
    scene.forget("carol", "pin");
    scene.forget("carol", "verified.sqlite");
    let output = scene.run("carol", "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("its pin and verified copy are gone"), "{}", output.screen);
    assert!(output.out.contains("the fingerprint alone: its beginning, not its end"), "{}", output.screen);
    let output = scene.run("carol", "verify");
    assert!(output.out.contains("this account's pin: entry 9"), "{}", output.screen);
    assert_eq!(output.err, "", "it is said once");
}
