//! Bytes of an entry.

use std::fs;

use twinseal::error::Exit;
use twinseal::format::{Raw, entry};

use super::scene::{STRANGER, Scene, split, starts};

/// Other bytes in the place of one: one bit away, outside ASCII, and the line end that is all there is of structure.
fn others(byte: u8) -> [u8; 3] {
    [byte ^ 1, byte ^ 0x80, if byte == b'\n' { b' ' } else { b'\n' }]
}

/// What becomes of bytes when one of them is changed or taken out.
fn spoiled(bytes: &[u8], at: usize) -> impl Iterator<Item = Vec<u8>> {
    let changed = others(bytes[at]).into_iter().map(move |other| [&bytes[..at], &[other], &bytes[at + 1..]].concat());
    changed.chain([[&bytes[..at], &bytes[at + 1..]].concat()])
}

#[test]
fn no_byte_of_any_kind_of_entry_can_be_changed_or_taken_out() {
    let scene = Scene::of_every_kind();
    for raw in scene.rows() {
        let seq = raw.seq;
        assert!(entry::open(&raw).is_ok());
        for at in 0..raw.blob.len() {
            for blob in spoiled(&raw.blob, at) {
                let spoiled = Raw { blob, ..raw.clone() };
                assert!(entry::open(&spoiled).is_err(), "entry {seq}, byte {at}");
                // Whoever remembers it, or the next entry, misses it too.
                assert_ne!(spoiled.leaf(), raw.leaf(), "entry {seq}, byte {at}");
            }
        }
        let text = raw.text.as_deref().unwrap_or_default();
        for at in 0..text.len() {
            for text in spoiled(text, at) {
                let spoiled = Raw { text: Some(text), ..raw.clone() };
                assert_eq!(entry::open(&spoiled).unwrap_err().rule(), "text", "entry {seq}, byte {at} of its text");
            }
        }
    }
}

#[test]
fn no_entry_can_be_cut_or_lengthened() {
    let scene = Scene::of_every_kind();
    for raw in scene.rows() {
        let seq = raw.seq;
        for length in 0..raw.blob.len() {
            let cut = Raw { blob: raw.blob[..length].to_vec(), ..raw.clone() };
            assert!(entry::open(&cut).is_err(), "entry {seq} cut to {length}");
        }
        for byte in 0..=255 {
            let longer = Raw { blob: [&raw.blob[..], &[byte]].concat(), ..raw.clone() };
            assert!(entry::open(&longer).is_err(), "entry {seq} with {byte} after it");
        }
        let text = raw.text.as_deref().unwrap_or_default();
        for length in 0..text.len() {
            let cut = Raw { text: Some(text[..length].to_vec()), ..raw.clone() };
            assert_eq!(entry::open(&cut).unwrap_err().rule(), "text", "the text of entry {seq} cut to {length}");
        }
    }
}

/// Where the parts of an entry lie: its kind, the middle and the last line end of its body, the blank line, the word
/// before the signature, the middle of the signature, the end.
fn parts(raw: &Raw) -> [usize; 7] {
    let body = split(raw).0.len();
    let end = raw.blob.len() - 1;
    [10, body / 2, body - 1, body, body + 1, (body + end) / 2, end]
}

/// A redacted text is missing without reason if an entry up to the one that explains it is broken.
fn explained_later(finding: &str) -> bool {
    finding.ends_with("is missing, and no proposal redacted it")
}

#[test]
fn a_changed_byte_in_the_file_is_found_with_its_entry() {
    let scene = Scene::of_every_kind();
    for raw in scene.rows() {
        let seq = raw.seq;
        // Each entry in two of its parts: all parts in some entries, each kind in some parts.
        let turn = usize::try_from(seq).unwrap();
        for part in [turn, turn + 3] {
            let at = parts(&raw)[part % 7];
            let mut spoiled = raw.clone();
            spoiled.blob[at] = others(raw.blob[at])[turn % 3];
            scene.put(&spoiled);
            let findings = scene.findings("audrey");
            let named = if seq == 0 { "[fingerprint] ".to_owned() } else { format!("entry {seq}: [") };
            let first = findings.iter().find(|it| !explained_later(it));
            assert!(first.is_some_and(|it| it.starts_with(&named)), "byte {at} of {named}\n{findings:?}");
        }
        if let Some(text) = &raw.text {
            let mut spoiled = raw.clone();
            let at = text.len() * (turn % 5) / 5;
            spoiled.text.as_mut().unwrap()[at] = others(text[at])[turn % 3];
            scene.put(&spoiled);
            let mut findings = scene.findings("audrey");
            findings.retain(|it| !explained_later(it));
            starts(&findings, &format!("entry {seq}: [text]"));
        }
        scene.put(&raw);
    }
    assert_eq!(scene.findings("audrey"), Vec::<String>::new(), "put back, it is whole again");
}

#[test]
fn a_flipped_byte_stops_those_who_would_build_on_it() {
    let scene = Scene::new();
    scene.edit(3, "time 2026-12-01T09", "time 2026-12-01T08");
    scene.finds("entry 3: [signature] the signature does not verify");
    scene.refuses_newcomers();
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
    assert!(
        output.out.contains("rest          6 later entries: signature and link only, not the rules"),
        "{}",
        output.screen
    );
    scene.edit(8, "time 2026-12-01T10", "time 2026-12-01T11");
    let findings = scene.finds("entry 3: [signature]");
    starts(&findings[1..], "entry 8: [signature]");
    assert_eq!(findings.len(), 2, "{findings:?}");
}
