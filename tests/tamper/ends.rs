//! The beginning and the end of the log.

use twinseal::domain::{Event, Policy, PolicyParts};
use twinseal::error::Exit;
use twinseal::format::{Raw, Unsigned, entry};

use super::scene::{STRANGER, Scene, starts};
use crate::support::server::is_asked_for;

#[test]
fn a_cut_tail_is_found_by_those_who_saw_it() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.stops("the log lacks entry 9");
    scene.audrey_finds(
        "[truncated] the log ends at entry 7, but this account verified it up to entry 9: \
         it was truncated or rolled back",
    );
    scene.fails("erin", "file erin.toml", Exit::Broken, "the log was truncated, rolled back or replaced");
}

#[test]
fn a_cut_tail_shows_to_nobody_else_and_verify_says_so() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq > 8");
    scene.tamper_with_tables(
        "DELETE FROM log_entries WHERE seq > 8;
         DELETE FROM changes WHERE id = 2; DELETE FROM revisions WHERE change = 2;
         DELETE FROM revision_items WHERE change = 2",
    );
    let output = scene.run(STRANGER, "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("anchored to   nothing outside this file"), "{}", output.screen);
    assert!(output.out.contains("intact, but not anchored outside this file"), "{}", output.screen);
    let output = scene.run(STRANGER, &format!("verify --fingerprint {}", scene.fingerprint));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("the fingerprint: the beginning only, not the end"), "{}", output.screen);
}

#[test]
fn another_founding_is_found() {
    let scene = Scene::new();
    let (header, event) = entry::read_body(&scene.raw(0)).unwrap();
    let Event::Init { format, after, members, .. } = event else { unreachable!() };
    let policy = Policy::new(PolicyParts { approval_days: 365, ..PolicyParts::default() }).unwrap();
    let event = Event::Init { format, after, policy, members };
    let unsigned = Unsigned::new(&header, &event, scene.raw(0).text).unwrap();
    let signature = scene.signer("alice").sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
    scene.put(&unsigned.seal(&signature).unwrap().0);
    scene.stops("wrong register");
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
    let missing = "entry 0: [seq] no entries";
    let findings = scene.findings("audrey");
    assert!(findings.iter().any(|it| it.starts_with(missing)), "{findings:?}");
    // On a server a register is its entries: whoever does not know it looks for one in vain.
    if scene.server().is_some() {
        return scene.fails(STRANGER, "verify", Exit::Environment, "no register at");
    }
    let findings = scene.findings(STRANGER);
    assert!(findings.iter().any(|it| it.starts_with(missing)), "{findings:?}");
}

#[test]
fn a_claim_of_a_newer_format_passes_nowhere() {
    let scene = Scene::new();
    scene.edit(0, "\nformat 1\n", "\nformat 2\n");
    scene.audrey_finds("[fingerprint]");
    for command in ["list", "file erin.toml", "rebuild"] {
        let output = scene.run("erin", command);
        assert!(matches!(output.exit, Exit::Broken | Exit::Environment), "{command}: {}", output.screen);
    }
    // Who does not know the register cannot tell it from one that is newer: it is not called intact.
    let output = scene.run(STRANGER, "verify");
    assert_eq!(output.exit, Exit::Environment, "{}", output.screen);
    assert!(output.err.contains("unsupported format level 2"), "{}", output.screen);

    // Anywhere else it is a fault like any other.
    let scene = Scene::new();
    let blob = String::from_utf8(scene.raw(0).blob).unwrap();
    let blob = blob.replace("\nformat 1\n", "\nformat 2\n").replace("\nseq 0\n", "\nseq 5\n");
    scene.put(&Raw { blob: blob.into(), ..scene.raw(5) });
    scene.finds("entry 5: [newer]");
    scene.refuses_newcomers();
}

#[test]
fn no_register_with_a_finding_is_intact_in_json() {
    for (sql, person) in [
        ("DELETE FROM entry WHERE seq > 7", "audrey"),
        ("UPDATE entry SET text = NULL WHERE seq = 2", STRANGER),
        ("UPDATE changes SET state = 'withdrawn' WHERE id = 2", STRANGER),
        ("DELETE FROM entry", STRANGER),
    ] {
        // On a server there are no tables, and no register without entries for whoever does not know it.
        if is_asked_for() && (sql.contains("changes") || sql == "DELETE FROM entry") {
            continue;
        }
        let scene = Scene::new();
        scene.tamper(sql);
        let output = scene.run(person, "verify --json");
        assert_eq!(output.exit, Exit::Broken, "{sql}: {}", output.screen);
        let said: serde_json::Value = output.out.lines().next().unwrap().parse().unwrap();
        assert_eq!((&said["intact"], &said["result"]), (&false.into(), &"NOT INTACT".into()), "{sql}: {said}");
        assert!(!said["findings"].as_array().unwrap().is_empty(), "{sql}: {said}");
    }
}
