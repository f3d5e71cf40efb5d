//! Recorded checkpoints: the roots that they state, and the proofs under them.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};
use twinseal::domain::{ChangeId, CountedRoot, Digest, LogRoots, subject_leaf};
use twinseal::format::{Raw, entry, tree};
use twinseal::store::Session;

use super::scene::Scene;
use super::state::{now, session};

/// As RFC 6962 defines it.
fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => Digest::new(Sha256::digest([]).into()),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            let hash = Sha256::new().chain_update([1]).chain_update(root(left).as_bytes());
            Digest::new(hash.chain_update(root(right).as_bytes()).finalize().into())
        }
    }
}

/// The roots over these entries, from their bytes alone.
fn expected(rows: &[Raw]) -> LogRoots {
    let leaf = |line: String| Digest::new(Sha256::new().chain_update([0]).chain_update(line).finalize().into());
    let over = |leaves: Vec<Digest>| CountedRoot { count: leaves.len() as u64, root: root(&leaves) };
    let (mut changes, mut glasses) = (BTreeMap::new(), BTreeMap::new());
    for raw in rows {
        let (_, event) = entry::read_body(raw).unwrap();
        event.change().map(|id| changes.insert(id.number(), raw.leaf()));
        event.break_glass().map(|id| glasses.insert(id.number(), raw.leaf()));
    }
    LogRoots {
        log: over(rows.iter().map(Raw::leaf).collect()),
        changes: over(changes.iter().map(|(n, latest)| leaf(format!("CHG-{n} {latest}\n"))).collect()),
        break_glasses: over(glasses.iter().map(|(n, latest)| leaf(format!("BG-{n} {latest}\n"))).collect()),
    }
}

fn verified(scene: &Scene, account: &str) -> Session {
    let mut session = session(scene, account, 1000);
    let reading = session.verify(now(), &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap();
    assert!(reading.findings.is_empty(), "{:#?}", reading.findings);
    session
}

/// Proves every change under a recorded checkpoint, and returns the latest entry about each.
fn proved(session: &Session, seq: u64) -> Vec<u64> {
    let stated = session.recorded_checkpoint(seq).unwrap().unwrap().changes;
    let mut latest = Vec::new();
    for leaf in 0..stated.count {
        let id = ChangeId::after(leaf);
        let proof = session.change_proof(id, seq).unwrap().unwrap();
        assert_eq!((proof.leaf, proof.tree), (leaf, stated));
        let is =
            |entry: Digest| tree::includes(stated.root, stated.count, leaf, subject_leaf(id, entry), &proof.hashes);
        assert!(is(proof.latest.leaf) && !is(session.fingerprint()), "{id}");
        latest.push(proof.latest.seq);
    }
    assert!(session.change_proof(ChangeId::after(stated.count), seq).unwrap().is_none(), "it was filed later, if ever");
    latest
}

#[test]
fn a_recorded_checkpoint_states_the_roots_of_the_log_of_changes_and_of_break_glasses() {
    let scene = Scene::governed();
    let note = scene.ok("audrey", "checkpoint --record");
    let rows = scene.rows();
    let (last, before) = rows.split_last().unwrap();
    let stated = String::from_utf8(last.blob.clone()).unwrap();
    let LogRoots { log, changes, break_glasses } = expected(before);
    let lines =
        format!("\nsize {}\nroot {}\nchanges {changes}\nbreakglasses {break_glasses}\n\nsig ", log.count, log.root);
    assert!(stated.contains(&lines), "{stated}\nhas not{lines}");
    assert!(!stated.contains("\nlast ") && (changes.count, break_glasses.count) == (2, 2), "{stated}");
    assert!(note.contains(&format!("\n{}\n", rows.len())), "the note covers the entry too: {note}");
    assert_eq!(scene.findings("carol"), Vec::<String>::new());
    let session = verified(&scene, "reader");
    let seq = last.seq;
    assert_eq!(session.state().checkpoint().unwrap().seq, seq);
    let glass = session.break_glass_proof("BG-2".parse().unwrap(), seq).unwrap().unwrap();
    assert!(tree::includes(break_glasses.root, 2, 1, subject_leaf("BG-2", glass.latest.leaf), &glass.hashes));
    assert!(session.change_proof("CHG-1".parse().unwrap(), seq - 1).unwrap().is_none(), "no checkpoint");
}

#[test]
fn every_change_is_proved_as_it_was_at_a_checkpoint_whatever_was_recorded_since() {
    let scene = Scene::new();
    (0..18).for_each(|_| drop(scene.ok("erin", "file erin.toml --again")));
    scene.ok("alice", "checkpoint --record");
    let seq = scene.entries() - 1;
    let then = proved(&verified(&scene, "reader"), seq);
    assert_eq!(then.len(), 20);
    // About some of them, and about new ones, until the tree has other rows.
    for number in [1, 2, 17, 20] {
        scene.ok("carol", &format!("note CHG-{number} Seen."));
    }
    assert_eq!(proved(&verified(&scene, "reader"), seq), then);
    (0..13).for_each(|_| drop(scene.ok("erin", "file erin.toml --again")));
    assert_eq!(proved(&verified(&scene, "reader"), seq), then);
    (3..=16).for_each(|number| drop(scene.ok("carol", &format!("note CHG-{number} Seen."))));
    assert_eq!(proved(&verified(&scene, "reader"), seq), then);
    scene.ok("audrey", "checkpoint --record");
    let later = proved(&verified(&scene, "anew"), scene.entries() - 1);
    assert_eq!(later.len(), 33);
    assert!(later[..20].iter().zip(&then).all(|(later, then)| later >= then) && later[..20] != then[..]);
    assert_eq!(scene.state().roots().unwrap(), expected(&scene.rows()));
}
