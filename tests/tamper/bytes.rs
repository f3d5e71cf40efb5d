//! Bytes of an entry.

use std::fs;

use twinseal::error::Exit;
use twinseal::log::{Raw, entry};

use super::scene::{STRANGER, Scene, starts};

#[test]
fn no_byte_of_an_entry_can_be_flipped() {
    let scene = Scene::new();
    for seq in 0..scene.entries() {
        let raw = scene.raw(seq);
        assert!(entry::open(&raw).is_ok());
        for at in 0..raw.blob.len() {
            let mut flipped = raw.clone();
            flipped.blob[at] ^= 1;
            assert!(entry::open(&flipped).is_err(), "entry {seq}, byte {at}");
        }
        for at in 0..raw.text.as_ref().map_or(0, Vec::len) {
            let mut flipped = raw.clone();
            flipped.text.as_mut().unwrap()[at] ^= 1;
            assert_eq!(entry::open(&flipped).unwrap_err().rule(), "text", "entry {seq}, byte {at} of its text");
        }
    }
}

#[test]
fn no_entry_can_be_cut_or_lengthened() {
    let scene = Scene::new();
    for seq in 0..scene.entries() {
        let raw = scene.raw(seq);
        for length in 0..raw.blob.len() {
            let cut = Raw { blob: raw.blob[..length].to_vec(), ..raw.clone() };
            assert!(entry::open(&cut).is_err(), "entry {seq} cut to {length}");
        }
        for byte in 0..=255 {
            let longer = Raw { blob: [&raw.blob[..], &[byte]].concat(), ..raw.clone() };
            assert!(entry::open(&longer).is_err(), "entry {seq} with {byte} after it");
        }
    }
}

#[test]
fn flipped_bytes_in_the_file_are_found_with_their_entry() {
    let scene = Scene::new();
    for seq in 0..scene.entries() {
        let raw = scene.raw(seq);
        for quarter in 0..4 {
            let mut flipped = raw.clone();
            let at = (raw.blob.len() - 1) * quarter / 3;
            flipped.blob[at] ^= 1;
            scene.put(&flipped);
            let findings = scene.findings("audrey");
            let named = format!("entry {seq}: [");
            assert!(findings.iter().any(|it| it.starts_with(&named)), "byte {at} of {named}\n{findings:?}");
        }
        scene.put(&raw);
    }
    assert_eq!(scene.findings("audrey"), Vec::<String>::new(), "put back, it is whole again");
}

#[test]
fn a_flipped_byte_stops_those_who_would_build_on_it() {
    let scene = Scene::new();
    scene.edit(3, "time 2026-12-01T09", "time 2026-12-01T08");
    scene.finds("entry 3: [signature] the signature does not hold for this entry and its key");
    scene.refuses();
    scene.fails("carol", "show CHG-1", Exit::Broken, "entry 3: [replaced]");
}

#[test]
fn a_change_that_stands_after_a_fault_cannot_be_approved() {
    let scene = Scene::new();
    fs::copy(scene.path("people/carol/key"), scene.path("people/erin-anew/key")).unwrap();
    scene.edit(3, "time 2026-12-01T09", "time 2026-12-01T08");
    let approve = format!("approve CHG-2 --revision {} --fingerprint {}", scene.filed, scene.fingerprint);
    scene.fails("erin-anew", &approve, Exit::Broken, "error: ");
}

#[test]
fn the_first_fault_is_the_finding_and_the_rest_is_one_line() {
    let scene = Scene::new();
    scene.edit(3, "time 2026-12-01T09", "time 2026-12-01T08");
    let output = scene.run(STRANGER, "verify");
    assert_eq!(output.out.matches("finding ").count(), 1, "{}", output.screen);
    assert!(output.out.contains("6 later entries were checked for signature and link"), "{}", output.screen);
    scene.edit(8, "time 2026-12-01T10", "time 2026-12-01T11");
    let findings = scene.finds("entry 3: [signature]");
    starts(&findings[1..], "entry 8: [signature]");
    assert_eq!(findings.len(), 2, "{findings:?}");
}
