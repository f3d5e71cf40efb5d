//! Packs that were tampered with, each found by name.

use data_encoding::BASE64;

use super::{
    Pack, carried_out, findings, packed, packed_elsewhere, read, record, refused, signed_by, with_manifest, write,
};
use crate::support::World;
use twinseal::error::Exit;

/// The names of the files of the packed entry of this kind; of the newest one.
fn files_of(pack: &Pack, kind: &str) -> Vec<String> {
    let first = format!("twinseal/{kind}/v1\n");
    let mut entries =
        pack.iter().filter(|(name, bytes)| name.ends_with(".entry") && bytes.starts_with(first.as_bytes()));
    let stem = entries.next_back().unwrap().0.trim_end_matches("entry").to_owned();
    pack.keys().filter(|name| name.starts_with(&stem)).cloned().collect()
}

pub fn without(pack: &Pack, kind: &str) -> Pack {
    let files = files_of(pack, kind);
    pack.iter().filter(|(name, _)| !files.contains(name)).map(|(name, it)| (name.clone(), it.clone())).collect()
}

/// The name of the newest entry of this kind.
pub fn entry_of(pack: &Pack, kind: &str) -> String {
    files_of(pack, kind).into_iter().find(|name| name.ends_with(".entry")).unwrap()
}

#[test]
fn a_flipped_byte_of_any_file_differs_from_the_manifest() {
    let world = packed();
    let pack = read(&world.path("pack"));
    assert_eq!(findings(&world, "pack"), [""; 0]);
    for name in pack.keys() {
        let mut tampered = pack.clone();
        let bytes = tampered.get_mut(name).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        write(&world, "tampered", &tampered);
        let found = findings(&world, "tampered");
        assert!(found.iter().any(|it| it.contains("[manifest]")), "{name}: {found:#?}");
    }
}

#[test]
fn a_flipped_byte_is_found_also_if_the_manifest_was_rebuilt() {
    let world = packed();
    let pack = read(&world.path("pack"));
    for name in pack.keys().filter(|name| !["manifest", "index.html"].contains(&name.as_str())) {
        for part in 0..4 {
            let mut tampered = pack.clone();
            let bytes = tampered.get_mut(name).unwrap();
            let at = bytes.len() * part / 4;
            bytes[at] ^= 1;
            write(&world, "tampered", &with_manifest(tampered));
            assert!(!findings(&world, "tampered").is_empty(), "{name} at {at}");
        }
    }
}

#[test]
fn a_cut_tail_is_found() {
    let world = packed();
    let pack = read(&world.path("pack"));
    refused(&world, without(&pack, "change.finish"), "later-entry");
    refused(&world, without(&pack, "log.checkpoint"), "entries");
    let mut tampered = pack.clone();
    let bytes = tampered.get_mut(&entry_of(&pack, "change.finish")).unwrap();
    bytes.truncate(bytes.len() - 10);
    refused(&world, tampered, "signature");
}

#[test]
fn a_rejection_left_out_is_found() {
    let world = packed();
    let pack = read(&world.path("pack"));
    refused(&world, without(&pack, "change.reject"), "last");
}

#[test]
fn a_later_rejection_that_is_left_out_is_found() {
    let world = World::approved();
    world.ok("dave", "reject CHG-1 --reason 'Not today.'");
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    assert_eq!(findings(&world, "pack"), [""; 0]);
    refused(&world, without(&read(&world.path("pack")), "change.reject"), "later-entry");
}

#[test]
fn a_suspension_left_out_is_found() {
    let world = carried_out();
    let carol = world.signer("carol").public().fingerprint();
    world.ok("bob", &format!("key suspend {carol}"));
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    refused(&world, without(&read(&world.path("pack")), "key.suspend"), "governance");
}

#[test]
fn an_entry_in_the_place_of_another_is_found() {
    let world = packed();
    let pack = read(&world.path("pack"));
    let (one, other) = (entry_of(&pack, "change.start"), entry_of(&pack, "change.approve"));
    let mut tampered = pack.clone();
    tampered.insert(one.clone(), pack[&other].clone());
    tampered.insert(other, pack[&one].clone());
    refused(&world, tampered, "seq");
}

#[test]
fn an_entry_about_another_change_is_found() {
    let world = packed();
    world.ok("audrey", "evidence pack CHG-2 --checkpoint pack/checkpoint --out other");
    let (mut pack, other) = (read(&world.path("pack")), read(&world.path("other")));
    let files = files_of(&other, "change.file");
    assert!(pack.keys().all(|name| !files.contains(name)));
    pack.extend(files.into_iter().map(|name| (name.clone(), other[&name].clone())));
    refused(&world, pack, "entries");
}

#[test]
fn a_proof_of_another_size_is_found() {
    let world = packed();
    world.ok("erin", "note CHG-2 More.");
    world.ok("audrey", "evidence pack CHG-1 --out later");
    let (pack, later) = (read(&world.path("pack")), read(&world.path("later")));
    let proof = entry_of(&pack, "change.start").replace(".entry", ".proof");
    let mut tampered = pack.clone();
    tampered.insert(proof.clone(), later[&proof].clone());
    refused(&world, tampered, "inclusion");
    // The checkpoint of the other pack below the hashes of this one.
    let text = |pack: &Pack| String::from_utf8(pack[&proof].clone()).unwrap();
    let (ours, theirs) = (text(&pack), text(&later));
    let (hashes, checkpoint) = (ours.split_once("\n\n").unwrap().0, theirs.split_once("\n\n").unwrap().1);
    let mut tampered = pack.clone();
    tampered.insert(proof, format!("{hashes}\n\n{checkpoint}").into_bytes());
    refused(&world, tampered, "inclusion");
    // The checkpoint itself.
    let mut tampered = pack;
    tampered.insert("checkpoint".to_owned(), later["checkpoint"].clone());
    refused(&world, tampered, "checkpoint");
}

#[test]
fn every_hash_of_every_proof_is_needed() {
    let world = packed();
    let pack = read(&world.path("pack"));
    for name in pack.keys().filter(|name| name.ends_with(".proof")) {
        let text = String::from_utf8(pack[name].clone()).unwrap();
        let proof = text.split("\n\n").next().unwrap();
        let hashes = proof.lines().filter(|line| line.ends_with('='));
        for hash in hashes.map(str::to_owned).collect::<Vec<_>>() {
            let mut tampered = pack.clone();
            tampered.insert(name.clone(), text.replacen(&format!("{hash}\n"), "", 1).into_bytes());
            write(&world, "tampered", &with_manifest(tampered));
            let found = findings(&world, "tampered");
            let named = ["[inclusion]", "[change-proof]"].iter().any(|rule| found.iter().any(|it| it.contains(rule)));
            assert!(named, "{name}: {found:#?}");
        }
    }
}

#[test]
fn a_pack_of_another_register_is_found() {
    let (world, other) = (packed(), packed_elsewhere());
    let fingerprint = world.fingerprint();
    assert_eq!(findings(&world, &format!("pack --fingerprint {fingerprint}")), [""; 0]);
    let pack = read(&other.path("pack"));
    write(&world, "theirs", &pack);
    assert_eq!(findings(&world, "theirs"), [""; 0]);
    let found = findings(&world, &format!("theirs --fingerprint {fingerprint}"));
    assert!(found[0].starts_with("[fingerprint]"), "{found:#?}");
    let found = findings(&world, "theirs --against pack/checkpoint");
    assert!(found[0].starts_with("[against]"), "{found:#?}");
    // One entry of theirs.
    let mut tampered = read(&world.path("pack"));
    let start = entry_of(&tampered, "change.start");
    tampered.insert(start.clone(), pack[&start].clone());
    refused(&world, tampered, "register");
}

#[test]
fn a_checkpoint_that_no_enrolled_key_signed_is_found() {
    let world = packed();
    let pack = read(&world.path("pack"));
    world.person("mallory");
    refused(&world, signed_by(&pack, &world.signer("mallory")), "checkpoint");
    // A signature by another key in the name and id of audrey's.
    let ours = String::from_utf8(pack["checkpoint"].clone()).unwrap();
    let forged = String::from_utf8(signed_by(&pack, &world.signer("mallory"))["checkpoint"].clone()).unwrap();
    let line = |note: &str| BASE64.decode(note.trim_end().rsplit(' ').next().unwrap().as_bytes()).unwrap();
    let mixed = BASE64.encode(&[&line(&ours)[..4], &line(&forged)[4..]].concat());
    let mixed = ours.replace(ours.trim_end().rsplit(' ').next().unwrap(), &mixed);
    let again = |bytes: &Vec<u8>| str::from_utf8(bytes).map(|it| it.replace(&ours, &mixed)).unwrap().into_bytes();
    refused(&world, pack.iter().map(|(name, bytes)| (name.clone(), again(bytes))).collect(), "checkpoint");
}

#[test]
fn the_checkpoint_of_somebody_who_was_suspended_does_not_count() {
    let world = carried_out();
    world.ok("dave", "checkpoint --out daves");
    let key = world.signer("dave").public().fingerprint();
    world.ok("bob", &format!("key suspend {key}"));
    record(&world);
    world.ok("audrey", "checkpoint --out audreys");
    let pack = "evidence pack CHG-1 --checkpoint";
    world.fails("audrey", &format!("{pack} daves --out early"), Exit::Invalid, "records the tree of changes");
    world.ok("audrey", &format!("{pack} audreys --out pack"));
    assert_eq!(findings(&world, "pack"), [""; 0]);
    // Dave can sign the size and root, but nobody takes it for the register's.
    refused(&world, signed_by(&read(&world.path("pack")), &world.signer("dave")), "checkpoint");
}

#[test]
fn files_that_no_pack_has_are_found() {
    let world = packed();
    let pack = read(&world.path("pack"));
    for (name, rule) in [
        ("notes.txt", "manifest"),
        ("entries/1.entry", "manifest"),
        ("more/pack", "manifest"),
        ("entries/000000000099.text", "entries"),
        ("changes/CHG-2.proof", "change-proof"),
    ] {
        let mut tampered = pack.clone();
        tampered.insert(name.to_owned(), b"x".to_vec());
        refused(&world, tampered, rule);
    }
    for (name, rule) in [("pack", "pack"), ("checkpoint", "checkpoint"), ("changes/CHG-1.proof", "change-proof")] {
        let mut tampered = pack.clone();
        tampered.remove(name);
        refused(&world, tampered, rule);
    }
    let mut tampered = pack.clone();
    let nothing = "evidence/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned();
    tampered.insert(nothing, Vec::new());
    refused(&world, tampered, "evidence");
    write(&world, "linked", &pack);
    std::os::unix::fs::symlink(world.path("prod.db"), world.path("linked/evidence")).unwrap();
    assert!(!findings(&world, "linked").is_empty());
}
