//! Rules about a break-glass that was signed without the register, and entered later.

use super::prelude::*;

const SIGN: &str = "breakglass open --incident INC-1 --service order-gateway --reason 'The disk is full.'";

/// A register that was away while erin signed a break-glass at 09:00; it is 10:00.
fn signed() -> World {
    let world = World::founded_with_spare_approvers();
    fs::rename(world.path("prod.db"), world.path("away.db")).unwrap();
    world.ok("erin", &format!("{SIGN} --as erin --offline acted.word"));
    fs::rename(world.path("away.db"), world.path("prod.db")).unwrap();
    world.at("2026-12-01T10:00:00Z");
    world
}

/// The event that enters the file, after `alter`; the word is not signed again.
fn enter(world: &World, alter: impl FnOnce(&mut Word)) -> (Event, Text, [u8; 16]) {
    let file = fs::read(world.path("acted.word")).unwrap();
    let (mut word, opening, text) = twinseal::format::word::read_file(&file).unwrap();
    let salt = word.salt.take().unwrap();
    alter(&mut word);
    (Event::BreakGlassEnter { id: world.state().next_break_glass(), opening, word: Box::new(word) }, text, salt)
}

/// Asserts that this rule refuses to enter what was altered, in writing and, forced in, in `verify`. What `force` writes
/// has its own salt, so the word is signed again by `signer`.
#[track_caller]
fn refused_to_enter(world: &World, signer: &str, rule: &str, alter: impl Fn(&mut Word)) {
    let (Event::BreakGlassEnter { id, opening, mut word }, words, _) = enter(world, &alter) else { unreachable!() };
    let digest = text::write(&words, [7; 16]).1.digest;
    let message = twinseal::format::word::message(&word, &opening, digest);
    word.proof = world.signer(signer).sign(twinseal::format::word::NAMESPACE, message.as_bytes()).unwrap();
    word.salt = Some([7; 16]);
    let event = Event::BreakGlassEnter { id, opening, word };
    match world.propose("carol", event.clone(), Some(words.clone())) {
        Err(twinseal::error::Error::Refused(refusal)) => assert_eq!(refusal.rule().as_str(), rule, "{refusal}"),
        other => panic!("not [{rule}] but {other:?}"),
    }
    let seq = world.force("carol", event, Some(words));
    let findings = world.findings("audrey");
    assert!(findings.len() == 1 && findings[0].starts_with(&format!("entry {seq}: [{rule}] ")), "{findings:#?}");
    world.tamper(&format!("DELETE FROM entry WHERE seq = {seq}"));
}

#[test]
fn what_was_signed_without_the_register_is_entered_late_by_anybody_and_ratified() {
    let world = signed();
    world.ok("audrey", "breakglass enter acted.word");
    assert_eq!(world.findings("carol"), Vec::<String>::new());
    let shown: serde_json::Value = world.ok("carol", "--json breakglass show BG-1").parse().unwrap();
    assert_eq!((&shown["opened"]["person"], &shown["late"]["person"]), (&"erin".into(), &"audrey".into()));
    assert_eq!(shown["opened"]["time"], "2026-12-01T09:00:00Z");
    assert!(world.ok("carol", "breakglass list").contains("open, late"));
    world.write("done.txt", "Freed the disk.");
    world.ok("erin", "breakglass close BG-1 done.txt");
    let closed = world.state().break_glass("BG-1".parse().unwrap()).unwrap().close().unwrap().leaf;
    let ratify = Event::BreakGlassRatify { id: "BG-1".parse().unwrap(), closed };
    forbidden(&world, "erin", ratify.clone(), None, "breakglass-part");
    accepted(&world, "carol", ratify, None);
}

#[test]
fn the_same_word_is_entered_once() {
    let world = signed();
    world.ok("carol", "breakglass enter acted.word");
    world.fails("dave", "breakglass enter acted.word", Exit::Refused, "it is entered already, as BG-1");
    let (event, words, salt) = enter(&world, |_| {});
    let (bytes, reference) = text::write(&words, salt);
    let header = Header { text: Some(reference), ..world.header("dave", &event) };
    let unsigned = Unsigned::new(&header, &event, Some(bytes)).unwrap();
    let signature = world.signer("dave").sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
    let (raw, _) = unsigned.seal(&signature).unwrap();
    world.insert(&raw);
    let findings = world.findings("audrey");
    let expected = format!("entry {}: [{}] ", raw.seq, "breakglass-entered-once");
    assert!(findings.len() == 1 && findings[0].starts_with(&expected), "{findings:#?}");
}

#[test]
fn a_word_for_another_register_or_from_the_future_is_not_entered() {
    let world = signed();
    refused_to_enter(&world, "erin", "breakglass-register", |word| word.fingerprint = WRONG);
    refused_to_enter(&world, "erin", "breakglass-word-ahead", |word| {
        word.time = "2026-12-01T10:05:01Z".parse().unwrap()
    });
    refused_to_enter(&world, "carol", "own-key", |word| word.key = key_of(&world, "carol"));
    refused_to_enter(&world, "carol", "role", |word| {
        word.person = "carol".parse().unwrap();
        word.key = key_of(&world, "carol");
    });
}

#[test]
fn a_word_signed_by_a_key_that_is_not_live_any_more_is_not_entered() {
    let world = signed();
    world.ok("alice", &format!("key suspend {}", key_of(&world, "erin")));
    world.fails("carol", "breakglass enter acted.word", Exit::Refused, "is suspended");
    refused_to_enter(&world, "erin", "key-live", |_| {});
}

#[test]
fn an_edited_word_is_no_word_and_records_nothing() {
    let world = signed();
    let file = fs::read_to_string(world.path("acted.word")).unwrap();
    for (from, to) in [
        ("INC-1", "INC-2"),
        ("opener erin", "opener carol"),
        ("T09:00:00Z", "T09:00:01Z"),
        ("order-gateway", "risk-engine"),
        ("The disk is full.", "The disk was full."),
        ("\nsalt ", "\nsalt 0"),
        ("\nsig ", "\nsig A"),
        ("breakglass.word/v1", "breakglass.word/v2"),
        ("full.\n", "full.\nreason More.\n"),
    ] {
        world.write("edited.word", file.replacen(from, to, 1));
        world.fails(
            "carol",
            "breakglass enter edited.word",
            Exit::Invalid,
            "edited.word is no break-glass signed without",
        );
    }
    world.fails("erin", &format!("{SIGN} --offline other.word"), Exit::Invalid, "nothing says whose key this is");
    world.fails("erin", &format!("{SIGN} --as erin --offline acted.word"), Exit::Invalid, "acted.word");
    assert_eq!(fs::read_to_string(world.path("acted.word")).unwrap(), file, "the file was overwritten");
}

#[test]
fn a_forged_word_in_the_log_is_found() {
    let world = signed();
    let (event, words, _) = enter(&world, |word| word.person = "carol".parse().unwrap());
    let (bytes, reference) = text::write(&words, [7; 16]);
    let header = Header { text: Some(reference), ..world.header("carol", &event) };
    let body = body::write(&header, &event);
    let signature = world.signer("carol").sign(&body::namespace(event.kind()), body.as_bytes()).unwrap();
    let blob = format!("{body}\nsig {}\n", data_encoding::BASE64.encode(&signature)).into_bytes();
    world.insert(&Raw { seq: header.seq, blob, text: Some(bytes), data: None });
    let findings = world.findings("audrey");
    assert!(findings[0].starts_with(&format!("entry {}: [proof] ", header.seq)), "{findings:#?}");
}
