//! What FIDO keys sign, what `verify` says of it, and what they cannot sign.

use std::path::Path;

use twinseal::domain::Event;
use twinseal::error::Exit;

use super::TOUCHED;
use crate::outside::browser::Browser;
use crate::outside::packs::dropped;
use crate::support::World;
use crate::support::token::{Token, UP, UV};

/// A register with CHG-1, and frank, an approver with this token.
fn with_token(token: &Token) -> World {
    let world = World::filed();
    world.enrol_token("frank", token, "");
    world
}

/// What `verify` reports of counters.
fn fallen(world: &World) -> Vec<String> {
    let document: serde_json::Value = world.ok("audrey", "--json verify").parse().unwrap();
    let notices = document["notices"].as_array().unwrap().iter();
    notices.filter(|it| it["rule"] == "counter").map(|it| it["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_fido_key_approves_through_an_agent_and_the_screen_asks_for_the_touch() {
    let token = Token::new(1);
    let world = with_token(&token);
    token.says(TOUCHED.flags, TOUCHED.counter);
    let output = world.run("frank", &format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("touch your token when it blinks"), "{}", output.screen);
    let vote = world.change("CHG-1").approvals().next().unwrap().clone();
    assert_eq!((vote.person.as_str(), vote.touch), ("frank", Some(TOUCHED)));
    world.approve("carol", "CHG-1");
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_signature_without_a_touch_is_refused_when_written_and_found_in_the_log() {
    let token = Token::new(1);
    let world = with_token(&token);
    let entries = world.entries();
    for flags in [0, UV] {
        token.says(flags, 3);
        let approve = format!("approve CHG-1 --revision {}", world.revision("CHG-1").filed);
        world.fails("frank", &approve, Exit::Environment, "the FIDO token signed without being touched");
        assert_eq!(world.entries(), entries);
        let seq = world.force_by_token("frank", &token, &Event::Approve(world.revision("CHG-1")), None);
        assert_eq!(world.findings("audrey"), [format!("entry {seq}: [signature] the FIDO token was not touched")]);
        crate::outside::agree(&world, seq, "signature");
        world.tamper(&format!("DELETE FROM entry WHERE seq = {seq}"));
    }
}

#[test]
fn a_signature_for_another_application_is_found_in_the_log() {
    let token = Token::new(1);
    let world = with_token(&token);
    let other = Token::for_application(1, "ssh:desk");
    let seq = world.force_by_token("frank", &other, &Event::Approve(world.revision("CHG-1")), None);
    let findings = world.findings("audrey");
    assert!(findings.len() == 1 && findings[0].starts_with(&format!("entry {seq}: [own-key]")), "{findings:?}");
    crate::outside::agree(&world, seq, "own-key");
}

#[test]
fn a_counter_that_falls_is_reported_and_an_equal_one_is_not() {
    let token = Token::new(1);
    let world = with_token(&token);
    let note = |counter| {
        token.says(UP, counter);
        world.ok("frank", "note CHG-1 Seen.");
        world.entries() - 1
    };
    // A token that does not count says zero each time.
    for counter in [0, 0, 7, 7, 9] {
        note(counter);
    }
    assert_eq!(fallen(&world), Vec::<String>::new());
    let before = world.entries() - 1;
    let seq = note(8);
    let reported = fallen(&world);
    let key = token.public().fingerprint();
    let said = format!("the counter of FIDO key {key} is 8, and was 9 in entry {before}: its key may have been copied");
    assert_eq!(reported, [said]);
    assert!(world.ok("audrey", "verify").contains(&format!("entry {seq}: [counter]")));
    // It falls once, and breaks no rule.
    note(8);
    assert_eq!((fallen(&world).len(), world.findings("audrey")), (1, Vec::new()));
    note(0);
    assert_eq!(fallen(&world).len(), 2);
    // The keys of two people count for themselves.
    let other = Token::new(2);
    other.says(UP, 100);
    world.enrol_token("grace", &other, "");
    world.ok("grace", "note CHG-1 Seen.");
    note(1);
    assert_eq!(fallen(&world).len(), 2);
}

#[test]
fn a_detached_approval_is_signed_with_a_fido_key() {
    let token = Token::new(1);
    let world = with_token(&token);
    world.ok("erin", "approve CHG-1 --detached frank.approval --for frank");
    token.says(0, 3);
    let sign = format!("approve --sign frank.approval --digest {}", world.statement("frank.approval"));
    world.fails("frank", &sign, Exit::Environment, "the FIDO token signed without being touched");
    token.says(UP, 3);
    world.ok("frank", &sign);
    world.ok("erin", "approve --submit frank.approval");
    let vote = world.change("CHG-1").approvals().next().unwrap().clone();
    assert!(vote.person.as_str() == "frank" && vote.touch.is_some_and(|it| it.counter == 3), "{vote:?}");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    crate::outside::prove(&world).unwrap();
}

#[test]
fn a_checkpoint_is_not_signed_with_a_fido_key() {
    let token = Token::new(1);
    let world = with_token(&token);
    let output = world.run("frank", "checkpoint --out head.checkpoint");
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    assert!(output.err.contains("a FIDO key cannot sign a checkpoint"), "{}", output.screen);
    assert!(output.err.contains("hint: sign it with a plain Ed25519 key"), "{}", output.screen);
    assert!(!world.path("head.checkpoint").exists());
    let before = world.entries();
    world.fails("frank", "checkpoint --record", Exit::Invalid, "a FIDO key cannot sign a checkpoint");
    assert_eq!(world.entries(), before, "a record without its note");
}

#[test]
fn a_pack_proves_the_approval_of_a_fido_key() {
    let token = Token::new(1);
    let world = with_token(&token);
    token.says(UP | UV, 7);
    for person in ["frank", "carol"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    world.ok("audrey", "checkpoint --record");
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    let output = world.run("audrey", &format!("evidence verify pack --fingerprint {}", world.fingerprint()));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.screen.contains("frank"), "{}", output.screen);
    for script in crate::outside::Script::ALL {
        let verdict = script.verdict(&world.path("pack"), &[]);
        assert_eq!((verdict.code, verdict.first()), (0, None), "{script:?}: {}", verdict.said);
        assert!(verdict.said.contains("approved by frank (entry "), "{}", verdict.said);
    }
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/verify/verifier.html"));
    let (verdict, finding) = dropped(&mut browser, &world.path("pack"));
    assert!(verdict.starts_with("proven") && finding == "nothing", "{verdict}: {finding}");
}
