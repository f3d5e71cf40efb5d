//! Redaction by two admins: the text is removed from every file, and every signature stays valid.

use std::fs;
use std::path::Path;

use crate::support::{CHANGE, PEOPLE, World};
use twinseal::domain::{Action, Digest, Event};
use twinseal::error::Exit;

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
    let said = "by proposal 1, proposed by alice, seconded by bob: A password was written into it.";
    for person in ["audrey", "stranger"] {
        let verified = world.run(person, "verify");
        assert_eq!(verified.exit, Exit::Done, "{}", verified.screen);
        for seq in [2, 3] {
            assert!(verified.out.contains(&format!("text of entry {seq}, {said}")), "{}", verified.screen);
        }
    }
    let shown = world.ok("carol", "show CHG-1");
    assert!(shown.contains("(text redacted)") && shown.matches(said).count() == 2, "{shown}");
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
fn another_text_than_the_one_named_is_not_redacted() {
    let world = with_secret();
    let texts = [(3, Digest::new([9; 32]))].into();
    let event = Event::Propose { proposal: "1".parse().unwrap(), action: Action::Redact(texts) };
    world.force("alice", event, None);
    let at = world.state().governance().proposal("1".parse().unwrap()).unwrap().opened;
    let shown = world.ok("bob", "proposal show 1");
    assert!(shown.contains("digest mismatch: nothing would be redacted"), "{shown}");
    world.ok("bob", &format!("proposal second 1 --digest {at}"));
    assert!(world.ok("carol", "show CHG-1").contains(SECRET));
    world.ok("carol", "rebuild");
    world.tamper("UPDATE entry SET text = NULL WHERE seq = 3");
    assert_eq!(world.findings("audrey"), ["entry 3: [text] the text part is missing, and no proposal redacted it"]);
}

#[test]
fn a_redacted_text_that_is_put_back_is_found_and_redacted() {
    let world = with_secret();
    let text = world.raw(3).text.unwrap();
    redact(&world);
    let put = format!("UPDATE entry SET text = x'{}' WHERE seq = 3", twinseal::domain::hex(&text));
    world.tamper(&put);
    assert_eq!(world.findings("audrey"), ["entry 3: [redacted] the file holds the text that proposal 1 redacted"]);
    world.ok("carol", "rebuild");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    PEOPLE.iter().for_each(|(person, _)| drop(world.ok(person, "list")));
    assert_eq!(holding(&world.path(""), SECRET.as_bytes()), Vec::<String>::new());
    // A different text in its place is reported as a wrong digest.
    world.tamper(&put.replace("616c", "616d").replace("68756e", "68756f"));
    let findings = world.findings("audrey");
    assert!(findings[0].starts_with("entry 3: [text] the text part has the digest"), "{findings:#?}");
    assert_eq!(
        findings[1..],
        ["entry 2: [text] its text is missing, and no proposal before the first fault redacted it"]
    );
}
