//! Checkpoints that were kept elsewhere, against truncation, rollback, forks, and those who would forge or weaken one.

use std::fs;

use data_encoding::BASE64;
use rusqlite::Connection;
use signed_note::{Note as TheirNote, StandardVerifier, VerifierList};
use twinseal::domain::{Digest, RegisterId};
use twinseal::error::Exit;
use twinseal::format::Raw;
use twinseal::format::checkpoint::Checkpoint;
use twinseal::format::note::Note;
use twinseal::format::tree;
use twinseal::lang::Lang;

use super::scene::{STRANGER, Scene};
use super::state::{now, session};
use crate::support::Output;
use crate::support::server::in_a_file;

/// `verify --against` by somebody who remembers nothing of the register.
fn against(scene: &Scene, file: &str) -> Output {
    let _ = fs::remove_dir_all(scene.path(&format!("people/{STRANGER}")));
    fs::create_dir_all(scene.path(&format!("people/{STRANGER}"))).unwrap();
    against_again(scene, file)
}

/// As `against`, by somebody who did so before.
fn against_again(scene: &Scene, file: &str) -> Output {
    let (place, fingerprint) = (scene.place(), &scene.fingerprint);
    scene.run(STRANGER, &format!("--register {place} --fingerprint {fingerprint} verify --against {file}"))
}

#[track_caller]
fn finds(scene: &Scene, file: &str, finding: &str) {
    let output = against(scene, file);
    assert!(output.exit == Exit::Broken && output.out.contains(finding), "no {finding:?} in\n{}", output.screen);
}

/// A checkpoint with any size and root, signed by somebody's key.
fn forged(scene: &Scene, person: &str, size: u64, root: Digest) -> String {
    let origin: RegisterId = scene.state().id().unwrap().clone();
    let checkpoint = Checkpoint { origin, size, root };
    let line = scene.signer(person).sign_checkpoint(&checkpoint).unwrap();
    Note::new(checkpoint.to_string(), vec![line]).unwrap().to_string()
}

#[test]
fn a_log_that_goes_on_extends_every_checkpoint_of_it() {
    let scene = Scene::new();
    for (at, person) in ["audrey", "carol", "erin", "alice"].iter().enumerate() {
        scene.ok(person, &format!("checkpoint --out {at}.checkpoint"));
        scene.ok("carol", &format!("note CHG-2 'Seen {at} times.'"));
    }
    for at in 0..4 {
        let output = against(&scene, &format!("{at}.checkpoint"));
        let line = format!("{at}.checkpoint: the log extends these {} entries; signed by ", 10 + at);
        assert!(output.exit == Exit::Done && output.out.contains(&line), "{}", output.screen);
    }
    let all = "verify --against 0.checkpoint --against 1.checkpoint --against 3.checkpoint";
    let said = scene.ok("audrey", all);
    assert!(said.contains("intact") && !said.contains("but"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&scene.ok("audrey", &format!("--json {all}"))).unwrap();
    assert_eq!(json["checkpoints"][2]["extended"], true);
    assert_eq!(json["checkpoints"][2]["signers"][0]["person"], "alice");
}

#[test]
fn a_stock_verifier_accepts_what_checkpoint_prints() {
    let scene = Scene::new();
    let printed = scene.ok("audrey", "checkpoint");
    let json: serde_json::Value = serde_json::from_str(&scene.ok("audrey", "--json checkpoint")).unwrap();
    assert_eq!(json["note"].as_str().unwrap(), printed, "nothing about it is random");
    let verifier = StandardVerifier::new(json["verifier_key"].as_str().unwrap()).unwrap();
    let note = TheirNote::from_bytes(printed.as_bytes()).unwrap();
    assert_eq!(note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap().0.len(), 1);
    assert_eq!(scene.entries(), 10, "nothing is recorded");
}

#[test]
fn a_truncated_log_is_found_without_a_pin() {
    let scene = Scene::new();
    let old = scene.keep();
    scene.ok("carol", "note CHG-2 Seen.");
    scene.ok("audrey", "checkpoint --out kept");
    scene.put_back(&old);
    assert_eq!(scene.findings(STRANGER), Vec::<String>::new(), "nothing in the file shows it");
    finds(&scene, "kept", "[truncated] the log has 10 entries (root ");
    finds(&scene, "kept", "signed by audrey, has 11 (root ");
}

#[test]
fn a_fault_hides_neither_a_truncation_nor_that_nothing_was_compared() {
    let scene = Scene::new();
    scene.ok("audrey", "checkpoint --out kept");
    scene.tamper("DELETE FROM entry WHERE seq = 9");
    scene.put(&Raw { blob: vec![0], ..scene.raw(3) });
    let output = scene.run("audrey", "verify --against kept");
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    for said in ["[truncated] the log ends at entry 8, but", "kept, of 10 entries: not compared, because"] {
        assert!(output.out.contains(said), "{said}\n{}", output.screen);
    }
    let json: serde_json::Value = scene.run("audrey", "--json verify --against kept").out.parse().unwrap();
    assert_eq!(json["checkpoints"][0]["extended"], serde_json::Value::Null);
}

#[test]
fn a_log_that_was_rolled_back_and_went_another_way_is_found_without_a_pin() {
    let scene = Scene::new();
    let old = scene.keep();
    scene.ok("dave", "reject CHG-2 --reason No.");
    scene.ok("audrey", "checkpoint --out kept");
    scene.put_back(&old);
    let anew = format!("file erin.toml --again --fingerprint {}", scene.fingerprint);
    scene.ok("erin-anew", &anew);
    assert_eq!(scene.findings(STRANGER), Vec::<String>::new(), "nothing in the file shows it");
    finds(&scene, "kept", "[forked] the first 11 of 11 entries have the root ");
    scene.ok("erin-anew", "file erin.toml --again");
    finds(&scene, "kept", "[forked] the first 11 of 12 entries have the root ");
}

#[test]
fn no_log_that_a_checkpoint_contradicts_becomes_the_pin() {
    let scene = Scene::new();
    let old = scene.keep();
    scene.ok("carol", "note CHG-2 Seen.");
    scene.ok("audrey", "checkpoint --out kept");
    let whole = scene.keep();
    scene.put_back(&old);
    finds(&scene, "kept", "[truncated]");
    assert!(!scene.memory(STRANGER, "pin").exists(), "the truncated log is not remembered");
    scene.ok("erin-anew", &format!("file erin.toml --again --fingerprint {}", scene.fingerprint));
    assert_eq!(against_again(&scene, "kept").exit, Exit::Broken);
    assert!(!scene.memory(STRANGER, "pin").exists(), "nor is the forked one");
    scene.put_back(&whole);
    let output = against_again(&scene, "kept");
    assert!(output.exit == Exit::Done && output.out.contains("anchored to"), "{}", output.screen);
    assert!(scene.memory(STRANGER, "pin").exists(), "the whole one is");
}

#[test]
fn a_required_anchor_is_a_pin_or_a_checkpoint() {
    let scene = Scene::new();
    scene.ok("audrey", "checkpoint --out kept");
    let verify = |more: &str| {
        let (place, fingerprint) = (scene.place(), &scene.fingerprint);
        let asked = format!("--register {place} --fingerprint {fingerprint} verify --require-anchor{more}");
        scene.run(STRANGER, &asked)
    };
    fs::create_dir_all(scene.path(&format!("people/{STRANGER}"))).unwrap();
    let output = verify("");
    assert!(output.exit == Exit::Broken && output.out.contains("[anchor] no pin"), "{}", output.screen);
    assert!(output.out.contains("intact, but its end is not anchored"), "{}", output.screen);
    assert!(!scene.memory(STRANGER, "pin").exists(), "nor is there one the next time");
    assert_eq!(verify("").exit, Exit::Broken);
    assert_eq!(verify(" --against kept").exit, Exit::Done);
    assert_eq!(verify("").exit, Exit::Done, "now there is a pin");
}

#[test]
fn a_pin_does_not_advance_along_a_fork() {
    let scene = Scene::new();
    assert_eq!(against(&scene, "kept").exit, Exit::Invalid, "no such file yet");
    scene.ok("audrey", "checkpoint --out before");
    assert_eq!(against(&scene, "before").exit, Exit::Done);
    let pin = fs::read(scene.memory(STRANGER, "pin")).unwrap();
    let old = scene.keep();
    scene.ok("carol", "note CHG-2 Seen.");
    scene.ok("audrey", "checkpoint --out kept");
    scene.put_back(&old);
    scene.ok("erin-anew", &format!("file erin.toml --again --fingerprint {}", scene.fingerprint));
    assert_eq!(against_again(&scene, "kept").exit, Exit::Broken);
    assert_eq!(fs::read(scene.memory(STRANGER, "pin")).unwrap(), pin);
}

#[test]
fn every_entry_has_a_proof_under_the_root_of_every_size_and_every_size_extends_the_earlier_ones() {
    let scene = Scene::new();
    (0..30).for_each(|n| drop(scene.ok("carol", &format!("note CHG-2 'Number {n}.'"))));
    let mut session = session(&scene, "reader", 1000);
    session.verify(now(), &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap();
    for size in 1..=scene.entries() {
        let root = session.root(size).unwrap();
        for seq in 0..size {
            let proof = session.inclusion_proof(seq, size).unwrap().unwrap();
            assert!(tree::includes(root, size, seq, scene.raw(seq).leaf(), &proof), "{seq} of {size}");
            let (old, old_root) = (seq + 1, session.root(seq + 1).unwrap());
            let proof = session.consistency_proof(old, size).unwrap().unwrap();
            assert!(tree::extends(root, size, old_root, old, &proof), "{old} to {size}");
        }
        assert!(session.inclusion_proof(size, size).unwrap().is_none());
        assert!(session.consistency_proof(size + 1, size).unwrap().is_none());
    }
    assert!(session.root(scene.entries() + 1).is_err(), "the log has no such root");
    assert!(session.inclusion_proof(0, scene.entries() + 1).is_err());
}

#[test]
fn no_proof_is_made_of_an_entry_that_was_changed_in_the_file() {
    let scene = Scene::new();
    let mut session = session(&scene, "reader", 1000);
    session.verify(now(), &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap();
    scene.put(&Raw { seq: 3, ..scene.raw(4) });
    assert!(session.root(10).is_err());
    assert!(session.inclusion_proof(2, 10).is_err());
}

#[test]
fn a_log_that_lost_whoever_signed_proves_nothing_and_is_a_finding() {
    let scene = Scene::new();
    let old = scene.keep();
    scene.person("grace");
    scene.ok("grace", &format!("person request grace --register {} --out grace.request", scene.named()));
    scene.ok("alice", "person enrol grace=grace.request:auditor");
    scene.run_typing("bob", "proposal second 2", &["2"]);
    scene.ok(
        "grace",
        &format!("checkpoint --fingerprint {} --register {} --out kept", scene.fingerprint, scene.place()),
    );
    assert_eq!(against(&scene, "kept").exit, Exit::Done);
    // Without the entries that enrolled grace.
    scene.put_back(&old);
    finds(&scene, "kept", "[checkpoint] kept, of 12 entries, proves nothing about this log of 10: no enrolled key");
}

#[test]
fn a_checkpoint_of_another_register_or_by_nobody_enrolled_is_a_finding() {
    let scene = Scene::new();
    let root = Digest::new([7; 32]);
    scene.person("mallory");
    scene.write("stranger", forged(&scene, "mallory", 10, root));
    finds(
        &scene,
        "stranger",
        "[checkpoint] stranger, of 10 entries, proves nothing about this log of 10: no enrolled key",
    );
    let good = scene.ok("audrey", "checkpoint");
    scene.write("altered", good.replacen("\n10\n", "\n9\n", 1));
    finds(
        &scene,
        "altered",
        "[checkpoint] altered, of 9 entries, proves nothing about this log of 10: signature line 1",
    );
    let id = scene.state().id().unwrap().to_string();
    scene.write("other", good.replace(&id, &id.replace("prod#", "test#")));
    finds(&scene, "other", "[checkpoint] other is of the register test#");
    scene.write("false", forged(&scene, "carol", 10, root));
    finds(&scene, "false", "[forked] the first 10 of 10 entries have the root ");
    finds(&scene, "false", &format!("signed by carol, has {}", BASE64.encode(&[7; 32])));
}

#[test]
fn a_key_counts_as_it_was_at_the_end_of_the_checkpoint() {
    let scene = Scene::new();
    scene.ok("carol", "checkpoint --out before");
    let key = scene.signer("carol").public().fingerprint();
    scene.ok("alice", &format!("key suspend {key} --reason Lost."));
    assert_eq!(against(&scene, "before").exit, Exit::Done, "it was live then");
    scene.fails("carol", "checkpoint", Exit::Refused, "is suspended");
    let root = Digest::new([7; 32]);
    scene.write("after", forged(&scene, "carol", scene.entries(), root));
    finds(&scene, "after", "[checkpoint] after is signed by carol, whose key was not live then");
}

#[test]
fn nobody_signs_a_checkpoint_who_is_not_enrolled_or_of_a_log_that_is_broken_or_lost_entries() {
    let scene = Scene::new();
    scene.person("mallory");
    let named = format!("--fingerprint {} checkpoint --register {}", scene.fingerprint, scene.place());
    scene.fails("mallory", &named, Exit::Refused, "not enrolled");
    scene.ok("audrey", "checkpoint --out taken");
    scene.fails("audrey", "checkpoint --out taken", Exit::Invalid, "taken");
    let old = scene.keep();
    scene.ok("carol", "note CHG-2 Seen.");
    scene.put_back(&old);
    scene.fails("carol", "checkpoint", Exit::Broken, "the log lacks entry 10");
}

#[test]
fn what_is_not_a_checkpoint_is_invalid_input() {
    let scene = Scene::new();
    let good = scene.ok("audrey", "checkpoint");
    for (what, text, why) in [
        ("empty", String::new(), "not a signed note"),
        ("no-signature", good.split("\n\n").next().unwrap().to_owned(), "not a signed note"),
        ("extension", good.replacen("\n\n", "\nmore\n\n", 1), "three lines"),
        ("size", good.replacen("\n10\n", "\n010\n", 1), "second line"),
        ("controls", good.replace("prod", "\u{1b}[2Jprod"), "forbidden character"),
    ] {
        scene.write(what, text);
        scene.fails("audrey", &format!("verify --against {what}"), Exit::Invalid, why);
    }
    scene.fails("audrey", "verify --against nowhere", Exit::Invalid, "nowhere");
    scene.speak(Lang::Zh);
    scene.fails("audrey", "verify --against empty", Exit::Invalid, "不是检查点");
}

#[test]
fn no_damaged_tree_in_the_cache_is_signed() {
    let scene = Scene::new();
    (0..40).for_each(|n| drop(scene.ok("carol", &format!("note CHG-2 'Number {n}.'"))));
    let good = scene.ok("carol", "checkpoint");
    for damage in [
        "UPDATE tree SET hash = zeroblob(64) WHERE number = 0",
        "UPDATE tree SET hash = (SELECT hash FROM tree WHERE number = 1) WHERE number = 0",
        "DELETE FROM tree WHERE number = 1",
    ] {
        Connection::open(scene.memory("carol", "verified.sqlite")).unwrap().execute_batch(damage).unwrap();
        scene.fails("carol", "checkpoint", Exit::Environment, "verified cache ");
        assert_eq!(scene.ok("carol", "checkpoint"), good, "{damage}");
    }
    // A surplus hash is never read, and found by `verify`.
    let surplus = "INSERT INTO tree SELECT 8, 0, hash FROM tree WHERE number = 0";
    Connection::open(scene.memory("carol", "verified.sqlite")).unwrap().execute_batch(surplus).unwrap();
    scene.fails("carol", "verify", Exit::Environment, "its Merkle tree has surplus hashes");
    assert_eq!(scene.ok("carol", "checkpoint"), good);
}

#[test]
fn nobody_is_told_to_rebuild_where_the_log_itself_is_in_question() {
    let scene = Scene::new();
    let old = scene.keep();
    scene.ok("carol", "note CHG-2 Seen.");
    scene.ok("audrey", "checkpoint --out kept");
    scene.put_back(&old);
    let hint = |output: Output| output.err.split("hint: ").nth(1).unwrap_or_default().to_owned();
    let truncated = hint(against(&scene, "kept"));
    assert!(truncated.contains("keep this file as evidence") && !truncated.contains("rebuild"), "{truncated}");
    let unanchored = hint(scene.run("newcomer", &format!("--register {} verify --require-anchor", scene.place())));
    assert!(unanchored.contains("compare it with a checkpoint"), "{unanchored}");
    let Some(whole) = in_a_file("tables to rebuild", Scene::new) else { return };
    whole.tamper("DELETE FROM people");
    let tables = hint(whole.run("audrey", "verify"));
    assert!(tables.contains("`twinseal rebuild`"), "{tables}");
}
