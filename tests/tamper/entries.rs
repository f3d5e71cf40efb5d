//! Whole entries: deleted, moved, doubled, replayed, signed anew.

use data_encoding::BASE64;
use rusqlite::Connection;
use twinseal::error::Exit;
use twinseal::format::{Raw, entry};

use super::scene::{STRANGER, Scene, joined, split, starts};
use crate::support::PEOPLE;

#[test]
fn a_deleted_entry_is_found() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq = 4");
    scene.finds("entry 4: [seq] no entry has this seq, but later entries exist");
    scene.refuses_newcomers();
}

#[test]
fn a_deleted_entry_with_the_later_ones_moved_up_is_found() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq = 4; UPDATE entry SET seq = seq - 1 WHERE seq > 4");
    scene.finds("entry 4: [seq] seq is 5; expected 4");
    scene.refuses();
}

#[test]
fn two_swapped_entries_are_found() {
    let scene = Scene::new();
    scene.tamper(
        "UPDATE entry SET seq = 99 WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = 4;
         UPDATE entry SET seq = 4 WHERE seq = 99",
    );
    scene.finds("entry 3: [seq] seq is 4; expected 3");
    scene.refuses_newcomers();
}

#[test]
fn a_duplicated_entry_is_found() {
    let scene = Scene::new();
    scene.insert(&Raw { seq: 10, ..scene.raw(4) });
    scene.finds("entry 10: [seq] seq is 4; expected 10");
    scene.refuses();
}

#[test]
fn a_renumbered_entry_is_found() {
    let scene = Scene::new();
    let blob = String::from_utf8(scene.raw(4).blob).unwrap().replace("\nseq 4\n", "\nseq 10\n");
    scene.insert(&Raw { seq: 10, blob: blob.into(), text: None, data: None });
    scene.finds("entry 10: [signature] the signature does not verify");
    scene.refuses();
}

#[test]
fn an_inserted_entry_is_found() {
    let scene = Scene::new();
    scene.tamper("UPDATE entry SET seq = seq + 100 WHERE seq > 3; UPDATE entry SET seq = seq - 99 WHERE seq > 99");
    let (body, _) = split(&scene.raw(3));
    let body = body.replace("\nseq 3\n", "\nseq 4\n");
    scene.plant(4, &Raw { blob: scene.signed("carol", &body), ..scene.raw(3) });
    scene.finds("entry 4: [prev]");
    scene.refuses();
}

#[test]
fn an_approval_replayed_to_another_change_is_found() {
    let scene = Scene::new();
    let blob = String::from_utf8(scene.raw(3).blob).unwrap();
    let blob = blob.replace("CHG-1", "CHG-2").replace("\nseq 3\n", "\nseq 10\n");
    scene.insert(&Raw { seq: 10, blob: blob.into(), text: None, data: None });
    scene.finds("entry 10: [signature]");
    scene.refuses();
}

#[test]
fn an_entry_replayed_in_another_register_is_found() {
    let scene = Scene::new();
    // The same people found another register, and the same things happen there.
    let members = PEOPLE.map(|(person, roles)| {
        scene.ok(person, &format!("person request {person} --register test --out {person}.test"));
        format!("--member {person}={person}.test:{roles}")
    });
    scene.ok("alice", &format!("init --name test --register test.db {}", members.join(" ")));
    let test = Connection::open(scene.path("test.db")).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok(Raw { seq: 0, blob: row.get(0)?, text: row.get(1)?, data: None });
    let other = test.query_row("SELECT blob, text FROM entry WHERE seq = 0", [], row).unwrap();
    let id = entry::read_body(&other).unwrap().0.register;
    let fingerprint = other.leaf();
    drop(test);
    let output =
        scene.run("bob", &format!("seal --register test.db --fingerprint {fingerprint} --digest {fingerprint}"));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    let test = Connection::open(scene.path("test.db")).unwrap();
    let blob: Vec<u8> = test.query_row("SELECT blob FROM entry WHERE seq = 1", [], |row| row.get(0)).unwrap();
    scene.put(&Raw { seq: 1, blob, text: None, data: None });
    scene.finds(&format!("entry 1: [register] belongs to another register, {id}"));
    scene.refuses_newcomers();
}

#[test]
fn a_stripped_signature_is_found() {
    let scene = Scene::new();
    let (body, _) = split(&scene.raw(4));
    for blob in [body.clone(), format!("{body}\n"), format!("{body}\nsig \n")] {
        scene.put(&Raw { blob: blob.into(), ..scene.raw(4) });
        scene.finds("entry 4: [signature]");
        scene.refuses_newcomers();
    }
}

#[test]
fn the_signature_of_another_entry_is_found() {
    let scene = Scene::new();
    let (body, _) = split(&scene.raw(6));
    let (_, sig) = split(&scene.raw(5));
    scene.put(&Raw { blob: joined(&body, &sig), ..scene.raw(6) });
    scene.finds("entry 6: [signature]");
    scene.refuses_newcomers();
}

#[test]
fn an_entry_signed_by_another_key_is_found() {
    let scene = Scene::new();
    scene.edit_signed("carol", 4, "time 2026-12-01T09", "time 2026-12-01T08");
    scene.finds("entry 4: [signature] signed by a key other than the one in its 'key' line");
    scene.refuses_newcomers();
}

#[test]
fn an_entry_signed_by_another_persons_key_under_its_own_name_is_found() {
    let scene = Scene::new();
    let key = |person: &str| format!("key {}", scene.signer(person).public().fingerprint());
    scene.edit_signed("carol", 4, &key("dave"), &key("carol"));
    scene.finds("entry 4: [own-key]");
    scene.refuses_newcomers();
}

#[test]
fn an_entry_signed_anew_by_its_own_signer_is_found() {
    let scene = Scene::new();
    scene.edit_signed("dave", 4, "time 2026-12-01T09", "time 2026-12-01T08");
    scene.audrey_finds("entry 4: [replaced] is not the entry that this account verified here before");
    let valid = format!("valid up to   entry 3 {}", scene.raw(3).leaf());
    assert!(scene.run("audrey", "verify").out.contains(&valid), "{}", scene.run("audrey", "verify").out);
    // Who never saw it learns it from the next signer.
    starts(&scene.findings(STRANGER), "entry 5: [prev]");
    scene.refuses_newcomers();
}

#[test]
fn the_last_entry_signed_anew_by_its_own_signer_is_found_by_those_who_saw_it() {
    let scene = Scene::new();
    scene.edit_signed("frank", 9, "outage-minutes 0", "outage-minutes 9");
    scene.audrey_finds("entry 9: [replaced]");
    scene.stops("the log lacks entry 9");
    // The tables are made to fit, so that nobody else can see it.
    let leaf = scene.raw(9).leaf();
    scene.tamper_with_tables(&format!(
        "UPDATE log_entries SET leaf = '{leaf}' WHERE seq = 9;
         UPDATE revisions SET filed = '{leaf}', outage_minutes = 9 WHERE seq = 9"
    ));
    let output = scene.run(STRANGER, "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("not anchored outside this file"), "{}", output.screen);
}

#[test]
fn links_that_were_signed_wrong_are_found() {
    let link = |scene: &Scene, seq: u64, key: &str| {
        let (body, _) = split(&scene.raw(seq));
        body.lines().find(|line| line.starts_with(key)).unwrap().to_owned()
    };
    for (key, seq, rule) in [("prev ", 9, "prev"), ("governance ", 9, "governance"), ("last ", 6, "last")] {
        let scene = Scene::new();
        let (right, wrong) = (link(&scene, seq, key), format!("{key}{}", scene.raw(2).leaf()));
        scene.edit_signed(if seq == 9 { "frank" } else { "erin" }, seq, &right, &wrong);
        scene.finds(&format!("entry {seq}: [{rule}]"));
        scene.refuses_newcomers();
    }
}

#[test]
fn rows_where_no_entry_can_stand_are_found() {
    let scene = Scene::new();
    let first = i64::MAX;
    let last = scene.raw(9);
    scene.plant(first, &last);
    scene.finds("entry 10: [seq] no entry has this seq, but later entries exist");
    scene.refuses();
    scene.tamper(&format!("DELETE FROM entry WHERE seq = {first}"));
    scene.plant(-1, &last);
    // SQLite checks the rows that it has; PostgreSQL only those that it is given.
    let on_server = scene.server().is_some();
    scene.finds(if on_server {
        "[integrity] the log has rows"
    } else {
        "[integrity] CHECK constraint failed in entry"
    });
    assert!(scene.findings("audrey").contains(&"[integrity] the log has rows before entry 0".to_owned()));
}

#[test]
fn a_log_that_was_renumbered_as_a_whole_is_found() {
    let scene = Scene::new();
    scene.tamper("UPDATE entry SET seq = seq + 1000; UPDATE entry SET seq = seq - 999");
    scene.audrey_finds("[fingerprint]");
    starts(&scene.findings(STRANGER), "entry 0: [seq] no entry has this seq, but later entries exist");
    scene.refuses();
}

#[test]
fn two_entries_that_swapped_their_numbers_too_are_found() {
    let scene = Scene::new();
    let (three, four) = (scene.raw(3), scene.raw(4));
    let renumbered = |raw: &Raw, from: &str, to: &str| {
        String::from_utf8(raw.blob.clone()).unwrap().replace(&format!("\nseq {from}\n"), &format!("\nseq {to}\n"))
    };
    scene.put(&Raw { seq: 3, blob: renumbered(&four, "4", "3").into(), text: None, data: None });
    scene.put(&Raw { seq: 4, blob: renumbered(&three, "3", "4").into(), text: None, data: None });
    scene.finds("entry 3: [signature]");
    scene.refuses_newcomers();
}

#[test]
fn an_approval_replayed_to_another_revision_is_found() {
    let scene = Scene::new();
    let (filed, other) = (scene.raw(2).leaf(), scene.filed.clone());
    scene.edit(3, &format!("revision 1 {filed}"), &format!("revision 1 {other}"));
    scene.finds("entry 3: [signature]");
    scene.refuses_newcomers();
    scene.edit(3, &format!("revision 1 {other}"), &format!("revision 2 {filed}"));
    scene.finds("entry 3: [signature]");
    scene.refuses_newcomers();
}

#[test]
fn an_approval_made_another_kind_of_entry_is_found() {
    for (kind, rule) in
        [("withdraw", "signature"), ("start", "signature"), ("reject", "signature"), ("note", "grammar")]
    {
        let scene = Scene::new();
        scene.edit(3, "twinseal/change.approve/v1", &format!("twinseal/change.{kind}/v1"));
        scene.finds(&format!("entry 3: [{rule}]"));
        scene.refuses_newcomers();
    }
}

#[test]
fn a_signature_made_for_another_kind_of_entry_is_found() {
    let scene = Scene::new();
    let raw = scene.raw(4);
    let (body, _) = split(&raw);
    // Dave signs the very bytes of an approval, as something else.
    for namespace in ["twinseal/change.withdraw/v1", "twinseal/proposal.second/v1", "git", "file"] {
        scene.put(&Raw { blob: scene.signed_as("dave", namespace, &body), ..raw.clone() });
        scene.finds("entry 4: [signature]");
        scene.refuses_newcomers();
    }
}

/// The order of the group, little-endian: `S + L` is the same number to whoever does not look.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A signature's blob with `S + L` in the place of `S`.
fn plus_order(mut blob: Vec<u8>) -> Vec<u8> {
    let at = blob.len() - 32;
    let mut carry = 0;
    for (byte, other) in blob[at..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(other) + carry;
        (*byte, carry) = (sum as u8, sum >> 8);
    }
    assert_eq!(carry, 0);
    blob
}

#[test]
fn a_malleated_signature_is_found() {
    let scene = Scene::new();
    let raw = scene.raw(4);
    let (body, sig) = split(&raw);
    let base64 = sig.strip_prefix("sig ").unwrap().trim_end();
    let blob = BASE64.decode(base64.as_bytes()).unwrap();
    let edited = |at: usize, byte: u8| {
        let mut blob = blob.clone();
        blob[at] = byte;
        BASE64.encode(&blob)
    };
    // The unused bits of the last digit; what stands before the padding.
    assert!(base64.ends_with("=="), "{base64}");
    let (kept, last) = base64.trim_end_matches('=').split_at(base64.len() - 3);
    let next = char::from(last.bytes().next().unwrap() + 1);
    let (front, back) = base64.split_at(8);
    let sha256 = String::from_utf8_lossy(&blob).find("sha512").unwrap();
    let other_hash = [&blob[..sha256], b"sha256", &blob[sha256 + 6..]].concat();
    let cases = [
        ("S + L", format!("sig {}\n", BASE64.encode(&plus_order(blob.clone())))),
        ("another R", format!("sig {}\n", edited(blob.len() - 64, blob[blob.len() - 64] ^ 1))),
        ("another version", format!("sig {}\n", edited(9, 2))),
        ("another hash", format!("sig {}\n", BASE64.encode(&other_hash))),
        ("bytes behind", format!("sig {}\n", BASE64.encode(&[&blob[..], &[0]].concat()))),
        ("unused bits", format!("sig {kept}{next}==\n")),
        ("no padding", format!("sig {}\n", base64.trim_end_matches('='))),
        ("a blank within", format!("sig {front} {back}\n")),
        ("a blank before", format!("sig  {base64}\n")),
        ("a carriage return", format!("sig {base64}\r\n")),
        ("another line end", format!("sig {base64}\n\n")),
        ("twice", format!("{sig}{sig}")),
        ("another word", format!("Sig {base64}\n")),
    ];
    for (name, malleated) in cases {
        assert_ne!(malleated, sig, "{name}");
        scene.put(&Raw { blob: joined(&body, &malleated), ..raw.clone() });
        let findings = scene.findings(STRANGER);
        assert!(findings[0].starts_with("entry 4: [signature]"), "{name}: {findings:?}");
        scene.audrey_finds("entry 4: [signature]");
        scene.refuses_newcomers();
    }
}

#[test]
fn garbage_behind_the_newest_entry_is_found_and_only_stops_recording() {
    // More than any value of the file may have: SQLite does not even read it. A server whose check was lifted sends it.
    let endless = if crate::support::server::is_asked_for() { "entry 10: [size]" } else { "entry 10: [file]" };
    let garbage = [
        (b"garbage".to_vec(), "entry 10: [signature]"),
        (Vec::new(), "entry 10: [signature]"),
        (vec![0xff; 70_000], "entry 10: [size]"),
        (vec![b'a'; 6_000_000], endless),
    ];
    for (blob, found) in garbage {
        let scene = Scene::new();
        scene.plant(10, &Raw { seq: 10, blob, text: None, data: None });
        scene.finds(found);
        scene.refuses();
        // What stands before it is shown, to whoever sees the register for the first time too.
        let output = scene.run("erin-anew", "list");
        assert!(output.exit == Exit::Broken && output.out.contains("CHG-2"), "{}", output.screen);
        assert!(output.err.contains("warning: the register is broken at entry 10"), "{}", output.screen);
    }
}
