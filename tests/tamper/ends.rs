//! The beginning and the end of the log.

use twinseal::domain::{Event, Policy};
use twinseal::error::Exit;
use twinseal::log::{Unsigned, entry};

use super::scene::{STRANGER, Scene, starts};

#[test]
fn a_cut_tail_is_found_by_those_who_saw_it() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.stops("the log does not hold entry 9");
    scene.audrey_finds(
        "[truncated] the log ends at entry 7, and this account verified it up to entry 9 before: \
         it was truncated or rolled back",
    );
    scene.fails("erin", "file erin.toml", Exit::Broken, "it was truncated, rolled back or replaced");
}

#[test]
fn a_cut_tail_shows_to_nobody_else_and_verify_says_so() {
    let scene = Scene::new();
    scene.tamper(
        "DELETE FROM entry WHERE seq > 8; DELETE FROM actions WHERE seq > 8;
         DELETE FROM changes WHERE id = 2; DELETE FROM revisions WHERE change = 2;
         DELETE FROM revision_items WHERE change = 2",
    );
    let output = scene.run(STRANGER, "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("anchored to   nothing outside this file"), "{}", output.screen);
    assert!(output.out.contains("intact; not anchored to anything outside this file"), "{}", output.screen);
    let output = scene.run(STRANGER, &format!("verify --fingerprint {}", scene.fingerprint));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("the fingerprint alone: its beginning, not its end"), "{}", output.screen);
}

#[test]
fn another_founding_is_found() {
    let scene = Scene::new();
    let (header, event) = entry::facts(&scene.raw(0)).unwrap();
    let Event::Init { format, after, members, .. } = event else { unreachable!() };
    let policy = Policy::new(2, 365, Default::default(), Vec::new()).unwrap();
    let event = Event::Init { format, after, policy, members };
    let unsigned = Unsigned::new(&header, &event, scene.raw(0).text).unwrap();
    let signature = scene.signer("alice").sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
    scene.put(&unsigned.seal(&signature).unwrap().0);
    scene.stops("this is not the register that it should be");
    scene.audrey_finds("[fingerprint]");
    starts(&scene.findings(STRANGER), "entry 1: [prev]");
}

#[test]
fn a_register_without_its_beginning_is_found() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq = 0");
    scene.audrey_finds("[fingerprint]");
    starts(&scene.findings(STRANGER), "entry 0: [seq]");
}

#[test]
fn nobody_goes_on_without_entry_0() {
    for sql in ["DELETE FROM entry WHERE seq = 0", "DELETE FROM entry"] {
        let scene = Scene::new();
        scene.tamper(sql);
        scene.stops("error: ");
    }
}

#[test]
fn an_empty_log_is_found() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry");
    scene.audrey_finds("[fingerprint]");
    let findings = scene.findings(STRANGER);
    assert!(findings.iter().any(|it| it.starts_with("entry 0: [seq] there is no entry at all")), "{findings:?}");
}
