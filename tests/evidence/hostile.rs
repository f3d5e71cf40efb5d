//! Packs and zips that somebody wrote to mislead or to harm their reader.

use std::fs;

use twinseal::domain::EventKind;
use twinseal::error::Exit;

use super::judged::{approved_once, forged, forged_with, frozen, start};
use super::tampered::{entry_of, without};
use super::{Pack, findings, packed, read, record, refused, signed_by, with_manifest, write};
use crate::support::{CHANGE, World};
use crate::tamper::scene::Scene;

/// Without the packed entries of these kinds.
fn without_all(pack: &Pack, kinds: &[EventKind]) -> Pack {
    let named = |pack: &Pack, kind: &EventKind| {
        pack.values().any(|bytes| bytes.starts_with(format!("twinseal/{kind}/v1\n").as_bytes()))
    };
    let mut pack = pack.clone();
    for kind in kinds {
        assert!(named(&pack, kind), "{kind}");
        while named(&pack, kind) {
            pack = without(&pack, kind.as_str());
        }
    }
    pack
}

#[test]
fn a_freeze_a_policy_or_a_revocation_left_out_is_found() {
    let world = frozen();
    world.force("erin", start(&world), None);
    let pack = forged(&world);
    write(&world, "whole", &pack);
    assert!(findings(&world, "whole")[0].contains("[frozen]"));
    refused(&world, without_all(&pack, &[EventKind::SetFreeze, EventKind::Second]), "governance");

    let world = World::approved();
    world.write("policy.toml", "approvals = 3\napproval_days = 14\n");
    world.ok("alice", "policy propose policy.toml");
    world.run_typing("bob", "proposal second 1", &["1"]);
    world.force("erin", start(&world), None);
    let pack = forged(&world);
    write(&world, "whole", &pack);
    assert!(findings(&world, "whole")[0].contains("[enough-approvals]"));
    refused(&world, without_all(&pack, &[EventKind::Policy, EventKind::Second]), "governance");
    refused(&world, without_all(&pack, &[EventKind::Second]), "governance");

    let world = World::approved();
    world.ok("dave", &format!("key revoke {}", world.signer("dave").public().fingerprint()));
    world.force("erin", start(&world), None);
    let pack = forged(&world);
    write(&world, "whole", &pack);
    assert!(findings(&world, "whole")[0].contains("[enough-approvals]"));
    refused(&world, without_all(&pack, &[EventKind::KeyRevoke]), "governance");
}

#[test]
fn a_retraction_left_out_is_found() {
    let world = World::approved();
    world.ok("dave", "retract CHG-1 --reason 'Too early.'");
    world.force("erin", start(&world), None);
    let pack = forged(&world);
    write(&world, "whole", &pack);
    assert!(findings(&world, "whole")[0].contains("[enough-approvals]"));
    refused(&world, without(&pack, "change.retract"), "last");
}

#[test]
fn a_record_that_states_another_number_of_entries_is_found() {
    let world = approved_once();
    let mut roots = world.state().roots().unwrap();
    roots.log.count -= 1;
    write(&world, "forged", &forged_with(&world, roots));
    assert!(findings(&world, "forged")[0].contains("[checkpoint-size]"));
}

#[test]
fn a_pack_that_would_prove_nothing_is_not_written() {
    let world = World::approved();
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    world.person("mallory");
    let forged = signed_by(&read(&world.path("pack")), &world.signer("mallory"));
    world.write("mallorys", &forged["checkpoint"]);
    world.fails(
        "audrey",
        "evidence pack CHG-1 --checkpoint mallorys --out other",
        Exit::Invalid,
        "would prove nothing",
    );
    assert!(!world.path("other").exists());
}

#[test]
fn a_plan_whose_commands_would_be_packed_is_not_left_out_silently() {
    let world = World::founded();
    let step = "step = \"Set the pool to 160.\"\n";
    world.write("change.toml", CHANGE.replace(step, &format!("{step}args = [\"pool\", \"160\"]\n")));
    world.ok("erin", "file change.toml");
    record(&world);
    let pack = "evidence pack CHG-1 --out pack --redact";
    world.fails("audrey", &format!("{pack} plan"), Exit::Invalid, "the commands of the plan of CHG-1");
    assert!(!world.path("pack").exists());
    world.ok("audrey", &format!("{pack} rollback"));
}

#[test]
fn names_are_shown_safely_and_lists_of_faults_end() {
    let world = packed();
    let mut pack = read(&world.path("pack"));
    let lines = "x\n".repeat(10_000);
    pack.insert("manifest".to_owned(), lines.into_bytes());
    write(&world, "tampered", &pack);
    world.write("tampered/\u{1b}[31mred\u{202e}.entry", "x");
    let found = findings(&world, "tampered");
    assert!(found.len() <= 101, "{}", found.len());
    assert!(found[0].contains("no file of a pack"), "{}", found[0]);
    assert!(!found[0].contains('\u{1b}') && !found[0].contains('\u{202e}'), "{:?}", found[0]);
}

#[test]
fn subjects_without_end_are_refused_at_once() {
    let world = packed();
    let mut pack = read(&world.path("pack"));
    let more: String = (1..200_000).map(|n| format!("subject CHG-{n}\n")).collect();
    let contents = String::from_utf8(pack["pack"].clone()).unwrap().replace("subject CHG-1\n", &more);
    pack.insert("pack".to_owned(), contents.into_bytes());
    write(&world, "tampered", &with_manifest(pack));
    let found = findings(&world, "tampered");
    assert!(found.len() <= 100 && found[0].contains("[change-proof]"), "{}: {}", found.len(), found[0]);
}

#[test]
fn a_pipe_and_a_file_that_is_too_large_are_not_read() {
    let world = packed();
    let pipe = world.path("pack/evidence/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    assert!(findings(&world, "pack")[0].contains("no file of a pack"));
    fs::remove_file(&pipe).unwrap();
    let entry = entry_of(&read(&world.path("pack")), "change.start");
    fs::File::options().write(true).open(world.path("pack").join(&entry)).unwrap().set_len(1 << 40).unwrap();
    assert!(findings(&world, "pack")[0].contains("at most 65535 are allowed"));
}

#[test]
fn the_pack_of_a_log_with_an_entry_of_every_kind_is_proven() {
    let scene = Scene::of_every_kind();
    scene.ok("audrey", "checkpoint --record");
    scene.ok("audrey", "evidence pack CHG-1 CHG-2 CHG-3 CHG-4 --out pack");
    assert_eq!(findings(&scene, "pack"), [""; 0]);
    let said = scene.ok("audrey", "evidence verify pack");
    assert!(said.contains("CHG-4") && said.contains("approved by carol, dave"), "{said}");
    let kinds = |kind: EventKind| {
        let begins = format!("twinseal/{kind}/v1\n");
        read(&scene.path("pack")).values().any(|bytes| bytes.starts_with(begins.as_bytes()))
    };
    assert!(kinds(EventKind::ChangeRefused) && kinds(EventKind::Submit) && !kinds(EventKind::BreakGlassOpen));
}

#[test]
fn after_a_finding_nothing_is_said_about_a_change() {
    let world = packed();
    refused(&world, without(&read(&world.path("pack")), "change.reject"), "last");
    let said = world.run("audrey", "evidence verify tampered");
    assert!(!said.out.contains("started by") && !said.out.contains("up to entry"), "{}", said.out);
    let json: serde_json::Value = world.run("audrey", "--json evidence verify tampered").out.parse().unwrap();
    assert_eq!((&json["proven"], &json["pack"]["changes"]), (&false.into(), &serde_json::json!([])));
}

/// Writes a byte pattern into every place where a zip has another: the methods, the lengths, the places of its files.
fn patched(zip: &[u8], mark: &[u8], offset: usize, value: &[u8], most: usize) -> Vec<u8> {
    let mut bytes = zip.to_vec();
    let places = (0..bytes.len() - mark.len()).filter(|at| zip[*at..].starts_with(mark)).take(most);
    places.for_each(|at| bytes[at + offset..at + offset + value.len()].copy_from_slice(value));
    bytes
}

#[test]
fn a_zip_that_compresses_overlaps_or_lies_about_lengths_is_refused() {
    let world = packed();
    world.ok("audrey", "evidence pack CHG-1 --out pack.zip");
    let zip = fs::read(world.path("pack.zip")).unwrap();
    let (local, central) = (b"PK\x03\x04", b"PK\x01\x02");
    let deflated = patched(&patched(&zip, local, 8, &[8, 0], 99), central, 10, &[8, 0], 99);
    let encrypted = patched(&patched(&zip, local, 6, &[1, 0], 99), central, 8, &[1, 0], 99);
    let second = zip.windows(4).enumerate().filter(|(_, it)| it == central).nth(1).unwrap().0;
    let overlapping = patched(&zip, central, 42, &zip[second + 42..second + 46], 1);
    let huge = patched(&zip, central, 20, &[0xf0, 0xff, 0xff, 0x7f, 0xf0, 0xff, 0xff, 0x7f], 99);
    let larger = patched(&zip, central, 24, &[0xf0, 0xff, 0xff, 0x7f], 1);
    for (name, bytes) in [
        ("deflated", deflated),
        ("encrypted", encrypted),
        ("overlapping", overlapping),
        ("huge", huge),
        ("larger", larger),
    ] {
        world.write("tampered.zip", bytes);
        let output = world.run("carol", "evidence verify tampered.zip");
        let named = output.exit == Exit::Broken && output.out.contains("[manifest]")
            || output.exit == Exit::Invalid && output.err.contains("is not an evidence pack");
        assert!(named, "{name}: {}", output.screen);
    }
}

#[test]
fn the_page_tells_every_act_and_gives_no_verdict() {
    let page = fs::read_to_string(packed().path("pack/index.html")).unwrap();
    for told in ["dave", "rejected CHG-1", "Say how it is rolled back.", "carol", "approved CHG-1", "started CHG-1"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let body = page.split("<body>").nth(1).unwrap();
    for verdict in ["proven", "valid", "verified", "intact", "satisfied", "succeeded;", "1 of 2", "2 of 2"] {
        assert!(!body.to_lowercase().contains(verdict), "{verdict}: {page}");
    }
    assert!(page.contains("@media print"));
}
