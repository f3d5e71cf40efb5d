//! Redaction by two admins: the text is removed from every file, and every signature stays valid.

use std::fs;
use std::path::Path;

use crate::support::{CHANGE, PEOPLE, World};
use twinseal::error::Exit;
use twinseal::format::Raw;

const SECRET: &str = "hunter2-correct-horse";

/// A register with CHG-1, whose title and plan have a secret and whose text is longer than a database page, and a note
/// with the same secret.
fn with_secret() -> World {
    let world = World::founded();
    let filler = "The plan has many words. ".repeat(600);
    let change = CHANGE.replace("Raise the pool", &format!("Raise the pool {SECRET}"));
    world.write("change.toml", change.replace("Set the pool to 160.", &format!("Log in with {SECRET}. {filler}")));
    world.ok("erin", "file change.toml");
    world.ok("erin", &format!("note CHG-1 'The password is {SECRET}.'"));
    fs::remove_file(world.path("change.toml")).unwrap();
    // Every account's verified cache has the title.
    PEOPLE.iter().for_each(|(person, _)| assert!(world.ok(person, "list").contains(SECRET)));
    world
}

fn redact(world: &World) {
    world.ok("alice", "proposal redact 2 3 --reason 'A password was written into it.'");
    let opened = world.raw(4).leaf();
    world.ok("bob", &format!("proposal second 1 --digest {opened}"));
}

/// The files below a folder that contain some bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
        if item.is_dir() {
            found.extend(holding(&item, bytes));
        } else if fs::read(&item).unwrap().windows(bytes.len()).any(|window| window == bytes) {
            found.push(item.display().to_string());
        }
    }
    found
}

#[test]
fn a_redacted_text_is_removed_from_every_file() {
    let world = with_secret();
    assert!(!holding(&world.path(""), SECRET.as_bytes()).is_empty());
    redact(&world);
    for (person, _) in PEOPLE {
        world.ok(person, "list");
    }
    assert_eq!(holding(&world.path(""), SECRET.as_bytes()), Vec::<String>::new());
    assert_eq!(holding(&world.path(""), b"The plan has many words. The plan"), Vec::<String>::new());
}

#[test]
fn the_seconding_admin_sees_the_text_to_be_redacted() {
    let world = with_secret();
    world.ok("alice", "proposal redact 3 --reason 'A password was written into it.'");
    let output = world.run_typing("bob", "proposal second 1", &["1"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    for shown in ["text of entry 3: erin added a note to CHG-1", SECRET, "A password was written into it."] {
        assert!(output.err.contains(shown), "{shown}\n{}", output.screen);
    }
    assert!(!world.ok("carol", "proposal show 1").contains(SECRET));
}

#[test]
fn signatures_links_and_rules_stay_valid_after_a_redaction() {
    let world = with_secret();
    redact(&world);
    let said = "by proposal 1, proposed by alice, seconded by bob\n";
    let why = "| A password was written into it.\n";
    for person in ["audrey", "stranger"] {
        let verified = world.run(person, "verify");
        assert_eq!(verified.exit, Exit::Done, "{}", verified.screen);
        for seq in [2, 3] {
            assert!(verified.out.contains(&format!("text of entry {seq}, {said}{why}")), "{}", verified.screen);
        }
    }
    let shown = world.ok("carol", "show CHG-1");
    let said = said.trim_end();
    assert!(shown.contains("(text redacted)") && shown.matches(said).count() == 2, "{shown}");
    assert_eq!(shown.matches(why).count(), 2, "{shown}");
    assert!(world.ok("carol", "list").contains("(text redacted)"));
    assert_eq!(world.ok("carol", "rebuild"), "");
    // An account that opens the register for the first time accepts it too.
    world.person("mallory");
    let first = world.run("mallory", &format!("list --fingerprint {}", world.fingerprint()));
    assert!(first.out.contains("(text redacted)"), "{}", first.screen);
    assert_eq!(world.run("carol", "log --seq 3 --raw-text").err, "text of entry 3 was redacted by proposal 1\n");
}

#[test]
fn no_text_is_redacted_without_a_second() {
    let world = with_secret();
    world.ok("alice", "proposal redact 3 --reason 'A password was written into it.'");
    world.tamper("UPDATE entry SET text = NULL WHERE seq = 3");
    for person in ["audrey", "stranger"] {
        let findings = world.findings(person);
        assert_eq!(findings, ["entry 3: [text] the text part is missing, and no proposal redacted it"], "{person}");
    }
    // An account on first contact accepts the entries before the fault, and nobody can record.
    world.person("mallory");
    let fresh = format!("list --fingerprint {}", world.fingerprint());
    assert!(world.run("mallory", &fresh).err.contains("broken at entry 3: [text]"));
    let second = format!("proposal second 1 --digest {} --fingerprint {}", world.raw(4).leaf(), world.fingerprint());
    fs::remove_dir_all(world.path("people/bob/.local/state")).unwrap();
    world.fails("bob", &second, Exit::Broken, "entry 3: [text]");
}

#[test]
fn a_redacted_text_that_is_put_back_is_found_even_before_a_later_fault() {
    let world = with_secret();
    let text = world.raw(3).text.unwrap();
    redact(&world);
    world.ok("erin", "note CHG-1 'A later note.'");
    world.put(&Raw { text: Some(text), ..world.raw(3) });
    world.put(&Raw { text: Some(vec![0]), ..world.raw(6) });
    let findings = world.findings("audrey");
    assert!(findings[0].starts_with("entry 6: [text]"), "{findings:?}");
    assert_eq!(findings[1..], ["entry 3: [redacted] the file holds the text that proposal 1 redacted"]);
    // A repair leaves it out, and says so.
    let repaired = world.ok("carol", "repair --out valid.db");
    assert!(repaired.contains("entry 3: [redacted] the file holds the text that proposal 1 redacted"), "{repaired}");
    let valid = fs::read(world.path("valid.db")).unwrap();
    assert!(!valid.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
}

/// A register whose entries 2 and 3 were redacted by proposals that were seconded at entries 5 and 7.
fn with_two_redactions() -> World {
    let world = with_secret();
    for (seq, opened, number) in [(2, 4, 1), (3, 6, 2)] {
        world.ok("alice", &format!("proposal redact {seq} --reason 'A password was written into it.'"));
        world.ok("bob", &format!("proposal second {number} --digest {}", world.raw(opened).leaf()));
    }
    world
}

/// Asserts that `verify` and `repair` agree on the last valid entry, and that the repaired file is valid.
fn valid_up_to(world: &World, seq: u64) {
    let verified = world.run("audrey", "verify").out;
    assert!(verified.contains(&format!("valid up to   entry {seq} ")), "{verified}");
    let repaired = world.ok("carol", "repair --out valid.db");
    assert!(repaired.contains(&format!("entries 0 to {seq}")), "{repaired}");
    let fingerprint = world.fingerprint();
    let again = world.run("stranger", &format!("verify --register valid.db --fingerprint {fingerprint}"));
    assert_eq!(again.exit, Exit::Done, "{}", again.screen);
}

#[test]
fn a_missing_text_is_not_explained_from_behind_another_missing_text() {
    let world = with_two_redactions();
    // The reason of the second proposal. Nothing explains entry 3 then, so entry 5 is not valid and cannot explain entry 2.
    world.tamper("UPDATE entry SET text = NULL WHERE seq = 6");
    world.person("stranger");
    valid_up_to(&world, 1);
    assert_eq!(
        world.findings("audrey"),
        [2, 3, 6].map(|seq| format!("entry {seq}: [text] the text part is missing, and no proposal redacted it"))
    );
}

#[test]
fn a_missing_text_is_explained_from_before_another_missing_text() {
    let world = with_two_redactions();
    world.ok("erin", "note CHG-1 'A later note.'");
    world.tamper("UPDATE entry SET text = NULL WHERE seq = 8");
    world.person("stranger");
    valid_up_to(&world, 7);
}

#[test]
fn a_missing_text_is_not_explained_from_behind_a_forged_entry() {
    let world = with_two_redactions();
    let blob = String::from_utf8(world.raw(6).blob).unwrap().replace("proposal 2", "proposal 3");
    world.put(&Raw { blob: blob.into(), ..world.raw(6) });
    world.person("stranger");
    valid_up_to(&world, 1);
}

#[test]
fn a_redacted_text_that_is_put_back_is_found_and_redacted() {
    let world = with_secret();
    let text = world.raw(3).text.unwrap();
    redact(&world);
    let put = |text: &[u8]| world.put(&Raw { text: Some(text.to_owned()), ..world.raw(3) });
    put(&text);
    assert_eq!(world.findings("audrey"), ["entry 3: [redacted] the file holds the text that proposal 1 redacted"]);
    assert_eq!(world.ok("carol", "rebuild"), "text of entry 3: redacted again\n");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    PEOPLE.iter().for_each(|(person, _)| drop(world.ok(person, "list")));
    assert_eq!(holding(&world.path(""), SECRET.as_bytes()), Vec::<String>::new());
    // A different text in its place is reported as a wrong digest.
    put(String::from_utf8(text).unwrap().replace("al", "am").replace("hun", "huo").as_bytes());
    let findings = world.findings("audrey");
    assert_eq!(findings[0], "entry 2: [text] the text part is missing, and no proposal redacted it");
    assert!(findings[1].starts_with("entry 3: [text] the text part has the digest"), "{findings:#?}");
    assert_eq!(findings.len(), 2);
}

#[test]
fn a_redacted_display_name_is_removed_from_every_file() {
    let world = World::founded();
    world.person("frank");
    let id = world.named();
    world.ok("frank", &format!("person request frank --name '{SECRET}' --register {id} --out frank.request"));
    world.ok("alice", "person enrol frank=frank.request:engineer");
    fs::remove_file(world.path("frank.request")).unwrap();
    world.run_typing("bob", "proposal second 1", &["1"]);
    PEOPLE.iter().for_each(|(person, _)| assert!(world.ok(person, "person list").contains(SECRET)));
    world.ok("alice", "proposal redact 2 --reason 'It names a customer.'");
    world.ok("bob", &format!("proposal second 2 --digest {}", world.raw(4).leaf()));
    for (person, _) in PEOPLE {
        for command in ["person list", "person show frank", "person list --json", "person list --as-of 3"] {
            assert!(!world.ok(person, command).contains(SECRET), "{person}: {command}");
        }
    }
    assert_eq!(holding(&world.path(""), SECRET.as_bytes()), Vec::<String>::new());
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}
