//! What an adversary does to a register's file, and what is said about it. They may read, write, replace, truncate
//! and roll the file back, and hold one person's key.

mod support;

use std::fs;
use std::ops::Deref;
use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use rusqlite::Connection;
use support::{CHANGE, PEOPLE, World};
use twinseal::domain::{Event, Policy, Text, hex};
use twinseal::error::Exit;
use twinseal::log::{Raw, Unsigned, entry, text};

/// Somebody who was never here: no pin, no verified copy, no key, nothing trusted.
const STRANGER: &str = "stranger";

/// A register in which everything has happened, and everybody has seen it.
struct Scene {
    world: World,
    fingerprint: String,
    /// The leaf hash of CHG-2's revision.
    filed: String,
}

impl Deref for Scene {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Scene {
    /// Entries: 0 init, 1 seal, 2 CHG-1 filed by erin, 3 and 4 approved by carol and dave, 5 started and 6 finished
    /// by erin, 7 and 8 frank enrolled by alice and bob, 9 CHG-2 filed by frank.
    fn new() -> Self {
        let world = World::approved();
        world.ok("erin", "start CHG-1");
        world.ok("erin", "finish CHG-1 --outcome succeeded --note 'Pool at 160.'");
        world.person("frank");
        let id = world.state().id().unwrap().to_string();
        world.ok("frank", &format!("person request frank --name 'Frank Ng' --register {id} --out frank.request"));
        world.ok("alice", "person enrol frank=frank.request:engineer");
        world.run_typing("bob", "motion second 1", &["1"]);
        let more = "artifacts = [{ name = \"pool\", file = \"pool\" }]\ntags = [\"open\"]\n[window]";
        world.write("pool", "size = 160\n");
        world.write("erin.toml", CHANGE);
        world.write("frank.toml", CHANGE.replace("erin", "frank").replace("[window]", more));
        let fingerprint = world.fingerprint();
        world.ok("frank", &format!("file frank.toml --fingerprint {fingerprint}"));
        PEOPLE.iter().for_each(|(person, _)| drop(world.ok(person, "list")));
        assert_eq!(world.entries(), 10);
        let filed = world.revision("CHG-2").filed.to_string();
        // A second account of erin's, which remembers nothing.
        fs::create_dir_all(world.path("people/erin-anew")).unwrap();
        fs::copy(world.path("people/erin/key"), world.path("people/erin-anew/key")).unwrap();
        Self { world, fingerprint, filed }
    }

    /// As [`Scene::new`], and then: a machine, a grant for a while with a group, a refused attempt, an erased text.
    fn governed() -> Self {
        let scene = Self::new();
        let id = scene.state().id().unwrap().to_string();
        scene.person("robot");
        scene.ok("robot", &format!("person request robot --register {id} --out robot.request"));
        scene.ok("alice", "person machine robot=robot.request --operator frank --role engineer");
        scene.ok("alice", "person grant frank approver --group dba --until 2026-12-31T00:00:00Z");
        scene.ok("alice", "motion redact 9 --reason 'It names a customer.'");
        let opened = scene.raw(12).leaf();
        scene.fails("alice", &format!("motion second 4 --digest {opened}"), Exit::Refused, "cannot decide it alone");
        for motion in ["2", "3", "4"] {
            scene.run_typing("bob", &format!("motion second {motion}"), &[motion]);
        }
        scene.fails("frank", &format!("approve CHG-2 --revision {}", scene.filed), Exit::Refused, "you filed");
        PEOPLE.iter().for_each(|(person, _)| drop(scene.ok(person, "list")));
        scene
    }

    /// Puts other bytes in an entry's place.
    fn put(&self, raw: &Raw) {
        let text = raw.text.as_ref().map_or("NULL".to_owned(), |text| format!("x'{}'", hex(text)));
        let Raw { seq, blob, .. } = raw;
        self.tamper(&format!("UPDATE entry SET blob = x'{}', text = {text} WHERE seq = {seq}", hex(blob)));
    }

    /// Replaces one text with another in an entry's blob.
    fn edit(&self, seq: u64, from: &str, to: &str) {
        let raw = self.raw(seq);
        let blob = String::from_utf8(raw.blob).unwrap();
        assert!(blob.contains(from), "{from:?} is not in\n{blob}");
        self.put(&Raw { blob: blob.replacen(from, to, 1).into(), ..raw });
    }

    /// Replaces one text with another in an entry's body, and has somebody sign the result.
    fn edit_signed(&self, person: &str, seq: u64, from: &str, to: &str) {
        let raw = self.raw(seq);
        let (body, _) = split(&raw);
        assert!(body.contains(from), "{from:?} is not in\n{body}");
        self.put(&Raw { blob: self.signed(person, &body.replacen(from, to, 1)), ..raw });
    }

    fn signed(&self, person: &str, body: &str) -> Vec<u8> {
        let signature = self.signer(person).sign(body.lines().next().unwrap(), body.as_bytes()).unwrap();
        joined(body, &format!("sig {}\n", Base64::encode_string(&signature)))
    }

    /// Asserts that `verify` finds this first, whether one remembers the register or not.
    #[track_caller]
    fn finds(&self, first: &str) -> Vec<String> {
        let findings = self.findings(STRANGER);
        starts(&findings, first);
        starts(&self.findings("audrey"), first);
        findings
    }

    /// Asserts that `verify` finds this first for those who remember the register.
    #[track_caller]
    fn audrey_finds(&self, first: &str) {
        starts(&self.findings("audrey"), first);
    }

    /// Asserts that nobody can record: neither who saw it whole, nor who sees it for the first time.
    #[track_caller]
    fn refuses(&self) {
        let anew = format!("file erin.toml --fingerprint {}", self.fingerprint);
        self.fails("erin", "finish CHG-1 --outcome rolled-back", Exit::Broken, "error: ");
        self.fails("erin-anew", &anew, Exit::Broken, "error: ");
    }

    /// Asserts that whoever remembers the register can do nothing at all.
    #[track_caller]
    fn stops(&self, complaint: &str) {
        let approve = format!("approve CHG-2 --revision {}", self.filed);
        for command in ["list", "log", "show CHG-1", "person list", "rebuild", &approve] {
            self.fails("carol", command, Exit::Broken, complaint);
        }
    }

    /// Where somebody's account remembers the register.
    fn memory(&self, person: &str, file: &str) -> PathBuf {
        self.path(&format!("people/{person}/.local/state/twinseal/{}/{file}", self.fingerprint))
    }

    fn forget(&self, person: &str, file: &str) {
        let path = self.memory(person, file);
        assert!(path.exists());
        ["", "-wal", "-shm"].iter().for_each(|it| drop(fs::remove_file(format!("{}{it}", path.display()))));
    }

    /// Puts another file in the register's place, as `mv` would.
    fn replace_file(&self, bytes: &[u8]) {
        ["prod.db-wal", "prod.db-shm"].iter().for_each(|it| drop(fs::remove_file(self.path(it))));
        self.write("prod.db", bytes);
    }

    /// The register's file as it stands, everything in it.
    fn copy(&self) -> Vec<u8> {
        self.sql().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::read(self.path("prod.db")).unwrap()
    }
}

#[track_caller]
fn starts(findings: &[String], first: &str) {
    let found = findings.first().map_or("nothing", String::as_str);
    assert!(found.starts_with(first), "not {first:?} but\n{}", findings.join("\n"));
}

/// Body and signature line.
fn split(raw: &Raw) -> (String, String) {
    let blob = String::from_utf8(raw.blob.clone()).unwrap();
    let (body, sig) = blob.split_once("\n\n").unwrap();
    (format!("{body}\n"), sig.to_owned())
}

fn joined(body: &str, sig: &str) -> Vec<u8> {
    format!("{body}\n{sig}").into()
}

// Bytes

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

// Whole entries

#[test]
fn a_deleted_entry_is_found() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq = 4");
    scene.finds("entry 4: [seq] no entry stands here, and later ones do");
    scene.refuses();
}

#[test]
fn a_deleted_entry_with_the_later_ones_moved_up_is_found() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq = 4; UPDATE entry SET seq = seq - 1 WHERE seq > 4");
    scene.finds("entry 4: [seq] it says seq 5 and stands at 4");
    scene.refuses();
}

#[test]
fn two_swapped_entries_are_found() {
    let scene = Scene::new();
    scene.tamper(
        "UPDATE entry SET seq = 99 WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = 4;
         UPDATE entry SET seq = 4 WHERE seq = 99",
    );
    scene.finds("entry 3: [seq] it says seq 4 and stands at 3");
    scene.refuses();
}

#[test]
fn a_duplicated_entry_is_found() {
    let scene = Scene::new();
    scene.insert(&Raw { seq: 10, ..scene.raw(4) });
    scene.finds("entry 10: [seq] it says seq 4 and stands at 10");
    scene.refuses();
}

#[test]
fn a_renumbered_entry_is_found() {
    let scene = Scene::new();
    let blob = String::from_utf8(scene.raw(4).blob).unwrap().replace("\nseq 4\n", "\nseq 10\n");
    scene.insert(&Raw { seq: 10, blob: blob.into(), text: None });
    scene.finds("entry 10: [signature] the signature does not hold");
    scene.refuses();
}

#[test]
fn an_inserted_entry_is_found() {
    let scene = Scene::new();
    scene.tamper("UPDATE entry SET seq = seq + 100 WHERE seq > 3; UPDATE entry SET seq = seq - 99 WHERE seq > 99");
    let (body, _) = split(&scene.raw(3));
    let body = body.replace("\nseq 3\n", "\nseq 4\n");
    scene.tamper(&format!("INSERT INTO entry VALUES (4, x'{}', NULL)", hex(&scene.signed("carol", &body))));
    scene.finds("entry 4: [prev]");
    scene.refuses();
}

#[test]
fn an_approval_replayed_to_another_change_is_found() {
    let scene = Scene::new();
    let blob = String::from_utf8(scene.raw(3).blob).unwrap();
    let blob = blob.replace("CHG-1", "CHG-2").replace("\nseq 3\n", "\nseq 10\n");
    scene.insert(&Raw { seq: 10, blob: blob.into(), text: None });
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
    let row = |row: &rusqlite::Row<'_>| Ok(Raw { seq: 0, blob: row.get(0)?, text: row.get(1)? });
    let other = test.query_row("SELECT blob, text FROM entry WHERE seq = 0", [], row).unwrap();
    let id = entry::facts(&other).unwrap().0.register;
    let fingerprint = other.leaf();
    drop(test);
    let output = scene.run("bob", &format!("seal --register test.db --fingerprint {fingerprint}"));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    let test = Connection::open(scene.path("test.db")).unwrap();
    let blob: Vec<u8> = test.query_row("SELECT blob FROM entry WHERE seq = 1", [], |row| row.get(0)).unwrap();
    scene.put(&Raw { seq: 1, blob, text: None });
    scene.finds(&format!("entry 1: [register] it belongs to the register {id}"));
    scene.refuses();
}

#[test]
fn a_stripped_signature_is_found() {
    let scene = Scene::new();
    let (body, _) = split(&scene.raw(4));
    for blob in [body.clone(), format!("{body}\n"), format!("{body}\nsig \n")] {
        scene.put(&Raw { blob: blob.into(), ..scene.raw(4) });
        scene.finds("entry 4: [signature]");
        scene.refuses();
    }
}

#[test]
fn the_signature_of_another_entry_is_found() {
    let scene = Scene::new();
    let (body, _) = split(&scene.raw(6));
    let (_, sig) = split(&scene.raw(5));
    scene.put(&Raw { blob: joined(&body, &sig), ..scene.raw(6) });
    scene.finds("entry 6: [signature]");
    scene.refuses();
}

#[test]
fn an_entry_signed_by_another_key_is_found() {
    let scene = Scene::new();
    scene.edit_signed("carol", 4, "time 2026-12-01T09", "time 2026-12-01T08");
    scene.finds("entry 4: [signature] the signature was made with another key than the entry names");
    scene.refuses();
}

#[test]
fn an_entry_signed_by_another_persons_key_under_its_own_name_is_found() {
    let scene = Scene::new();
    let key = |person: &str| format!("key {}", scene.signer(person).public().fingerprint());
    scene.edit_signed("carol", 4, &key("dave"), &key("carol"));
    scene.finds("entry 4: [own-key]");
    scene.refuses();
}

#[test]
fn an_entry_signed_anew_by_its_own_signer_is_found() {
    let scene = Scene::new();
    scene.edit_signed("dave", 4, "time 2026-12-01T09", "time 2026-12-01T08");
    scene.audrey_finds("entry 4: [replaced] is not the entry that this account verified here before");
    // Who never saw it learns it from the next signer.
    starts(&scene.findings(STRANGER), "entry 5: [prev]");
    scene.refuses();
}

#[test]
fn the_last_entry_signed_anew_by_its_own_signer_is_found_by_those_who_saw_it() {
    let scene = Scene::new();
    scene.edit_signed("frank", 9, "outage-minutes 0", "outage-minutes 9");
    scene.audrey_finds("entry 9: [replaced]");
    scene.stops("the log does not hold entry 9");
    // The tables are made to fit, so that nobody else can see it.
    let leaf = scene.raw(9).leaf();
    scene.tamper(&format!(
        "UPDATE actions SET leaf = '{leaf}' WHERE seq = 9;
         UPDATE revisions SET filed = '{leaf}', outage_minutes = 9 WHERE seq = 9"
    ));
    let output = scene.run(STRANGER, "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("not anchored to anything outside this file"), "{}", output.screen);
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
        scene.refuses();
    }
}

#[test]
fn rows_where_no_entry_can_stand_are_found() {
    let scene = Scene::new();
    let first = i64::MAX;
    scene.tamper(&format!("INSERT INTO entry SELECT {first}, blob, text FROM entry WHERE seq = 9"));
    scene.finds("entry 10: [seq] no entry stands here, and later ones do");
    scene.refuses();
    scene.tamper(&format!("DELETE FROM entry WHERE seq = {first}"));
    scene.tamper(
        "PRAGMA ignore_check_constraints = ON; INSERT INTO entry SELECT -1, blob, text FROM entry WHERE seq = 9",
    );
    scene.finds("[integrity] CHECK constraint failed in entry");
}

// The beginning and the end

#[test]
fn a_cut_tail_is_found_by_those_who_saw_it() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.stops("the log does not hold entry 9");
    scene.audrey_finds(
        "[truncated] the log ends at entry 7, and this account verified it up to entry 9 before: \
         it was truncated or rolled back",
    );
    scene.fails("erin", "file erin.toml", Exit::Broken, "it was truncated, rolled back or replaced");
}

#[test]
fn a_cut_tail_shows_to_nobody_else_and_verify_says_so() {
    let scene = Scene::new();
    scene.tamper(
        "DELETE FROM entry WHERE seq > 8; DELETE FROM actions WHERE seq > 8;
         DELETE FROM changes WHERE id = 2; DELETE FROM revisions WHERE change = 2;
         DELETE FROM revision_items WHERE change = 2",
    );
    let output = scene.run(STRANGER, "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("anchored to   nothing outside this file"), "{}", output.screen);
    assert!(output.out.contains("intact; not anchored to anything outside this file"), "{}", output.screen);
    let output = scene.run(STRANGER, &format!("verify --fingerprint {}", scene.fingerprint));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.out.contains("the fingerprint alone: its beginning, not its end"), "{}", output.screen);
}

#[test]
fn an_old_copy_put_back_is_found() {
    let scene = Scene::new();
    let old = scene.copy();
    scene.ok("dave", &format!("approve CHG-2 --revision {}", scene.filed));
    scene.ok("carol", "list");
    scene.ok("audrey", "list");
    scene.replace_file(&old);
    scene.stops("the log does not hold entry 10");
    scene.audrey_finds("[truncated] the log ends at entry 9, and this account verified it up to entry 10");
}

#[test]
fn an_old_copy_that_went_another_way_is_found() {
    let scene = Scene::new();
    let old = scene.copy();
    scene.ok("dave", "reject CHG-2 --reason No.");
    scene.ok("carol", "list");
    scene.ok("audrey", "list");
    scene.replace_file(&old);
    // Dave's rejection was rolled back, and somebody who never saw it goes on.
    scene.ok("erin-anew", &format!("file erin.toml --fingerprint {}", scene.fingerprint));
    scene.ok("erin-anew", "file erin.toml");
    scene.audrey_finds("entry 10: [replaced]");
    scene.stops("the log does not hold entry 10");
}

#[test]
fn a_file_without_its_wal_is_found() {
    let scene = Scene::new();
    scene.copy();
    // Whoever reads keeps what is new in the WAL.
    let reader = scene.sql();
    reader.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, u64>(0)).unwrap();
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
    scene.ok("audrey", "list");
    let without = fs::read(scene.path("prod.db")).unwrap();
    drop(reader);
    scene.replace_file(&without);
    assert_eq!(scene.entries(), 10, "the approval was in the WAL alone");
    scene.stops("the log does not hold entry 10");
    scene.audrey_finds("[truncated] the log ends at entry 9");
}

#[test]
fn another_register_in_its_place_is_found() {
    let scene = Scene::new();
    let other = World::founded();
    other.at("2026-12-01T09:30:00Z");
    scene.replace_file(&fs::read(other.path("prod.db")).unwrap());
    // It is the same until somebody founds it at another time: the worlds' randomness repeats.
    let other = World::with_requests();
    other.at("2026-12-01T09:30:00Z");
    let members = PEOPLE.map(|(person, roles)| format!("--member {person}={person}.request:{roles}"));
    other.ok("alice", &format!("init --name prod --register prod.db {}", members.join(" ")));
    scene.replace_file(&fs::read(other.path("prod.db")).unwrap());
    scene.stops("this is not the register that it should be");
    scene.audrey_finds("[fingerprint]");
    let given = scene.run(STRANGER, &format!("verify --fingerprint {}", scene.fingerprint));
    assert_eq!(given.exit, Exit::Broken, "{}", given.screen);
    assert!(given.out.contains("[fingerprint]"), "{}", given.screen);
}

#[test]
fn another_founding_is_found() {
    let scene = Scene::new();
    let (header, event) = entry::facts(&scene.raw(0)).unwrap();
    let Event::Init { format, after, members, .. } = event else { unreachable!() };
    let policy = Policy::new(2, 365, Default::default(), Vec::new()).unwrap();
    let event = Event::Init { format, after, policy, members };
    let unsigned = Unsigned::new(&header, &event, scene.raw(0).text).unwrap();
    let signature = scene.signer("alice").sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
    scene.put(&unsigned.seal(&signature).unwrap().0);
    scene.stops("this is not the register that it should be");
    scene.audrey_finds("[fingerprint]");
    starts(&scene.findings(STRANGER), "entry 1: [prev]");
}

#[test]
fn a_register_without_its_beginning_is_found() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq = 0");
    scene.audrey_finds("[fingerprint]");
    starts(&scene.findings(STRANGER), "entry 0: [seq]");
}

#[test]
fn nobody_goes_on_without_entry_0() {
    for sql in ["DELETE FROM entry WHERE seq = 0", "DELETE FROM entry"] {
        let scene = Scene::new();
        scene.tamper(sql);
        scene.stops("error: ");
    }
}

#[test]
fn an_empty_log_is_found() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry");
    scene.audrey_finds("[fingerprint]");
    let findings = scene.findings(STRANGER);
    assert!(findings.iter().any(|it| it.starts_with("entry 0: [seq] there is no entry at all")), "{findings:?}");
}

// Text parts

#[test]
fn an_edited_text_is_found() {
    let scene = Scene::new();
    let raw = scene.raw(2);
    let text = String::from_utf8(raw.text.clone().unwrap()).unwrap().replace("160", "990");
    scene.put(&Raw { text: Some(text.into()), ..raw });
    scene.finds("entry 2: [text] its text has the digest");
    scene.fails("erin-anew", &format!("file erin.toml --fingerprint {}", scene.fingerprint), Exit::Broken, "[text]");
    scene.fails("carol", "show CHG-1", Exit::Broken, "[text]");
}

#[test]
fn an_erased_text_is_found() {
    let scene = Scene::new();
    scene.sql().execute_batch("UPDATE entry SET text = NULL WHERE seq = 2").unwrap();
    scene.finds("entry 2: [text] its text is missing, and no motion erased it");
    scene.fails("erin-anew", &format!("file erin.toml --fingerprint {}", scene.fingerprint), Exit::Broken, "[text]");
    scene.fails("carol", "show CHG-1", Exit::Broken, "[text]");
}

#[test]
fn swapped_texts_are_found() {
    let scene = Scene::new();
    let (a, b) = (scene.raw(2), scene.raw(9));
    scene.put(&Raw { text: b.text.clone(), ..a.clone() });
    scene.put(&Raw { text: a.text, ..b });
    let findings = scene.finds("entry 2: [text]");
    starts(&findings[1..], "entry 9: [text]");
    scene.fails("carol", "show CHG-2", Exit::Broken, "[text]");
}

#[test]
fn a_text_where_none_was_signed_is_found() {
    let scene = Scene::new();
    let (bytes, _) = text::write(&Text::Remark(twinseal::domain::Field::Note, "Fine.".parse().unwrap()), [0; 16]);
    scene.put(&Raw { text: Some(bytes), ..scene.raw(3) });
    scene.finds("entry 3: [text] it has a text that its body does not name");
    scene.fails("erin-anew", &format!("file erin.toml --fingerprint {}", scene.fingerprint), Exit::Broken, "[text]");
}

// Tables

/// A column: its name, whether it is text, whether it may be null.
type Column = (String, bool, bool);

/// Every derived table with its columns.
fn tables(db: &Connection) -> Vec<(String, Vec<Column>)> {
    let mut select = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'entry'").unwrap();
    let names: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let columns = |table: &String| {
        let mut select = db.prepare("SELECT name, type = 'TEXT', NOT \"notnull\" FROM pragma_table_info(?1)").unwrap();
        let rows = select.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    names.iter().map(|table| (table.clone(), columns(table))).collect()
}

/// Changes one row of a table by SQL, and asserts that `verify` finds it in that table, and that `rebuild` mends it,
/// says so, and has nothing left to do.
fn edited_and_mended(scene: &Scene, table: &str, sql: &str) {
    let db = scene.sql();
    assert!(db.execute(sql, []).unwrap() > 0, "{sql} does nothing");
    drop(db);
    let findings = scene.findings("audrey");
    let named = format!("of the table {table} ");
    assert!(!findings.is_empty(), "{sql} was not found");
    for finding in &findings {
        assert!(finding.starts_with("[tables] the row") && finding.contains(&named), "{sql}: {finding}");
    }
    let said = scene.ok("erin", "rebuild");
    assert_eq!(said.lines().count(), findings.len(), "{sql}: {said}");
    assert!(said.contains(&named), "{sql}: {said}");
    let again = scene.run("erin", "rebuild");
    assert_eq!((again.out.as_str(), again.err.as_str()), ("", "nothing differed\n"), "{sql}");
}

#[test]
fn a_changed_value_in_any_column_is_found_and_mended() {
    let scene = Scene::governed();
    for (table, columns) in tables(&scene.sql()) {
        for (column, is_text, _) in columns {
            let other = if is_text { "|| 'x'" } else { "+ 1000" };
            let base = if is_text { "''" } else { "0" };
            // The last row only: a key that is made greater meets no other.
            let last = format!("{column} IS (SELECT max({column}) FROM {table})");
            let sql = format!("UPDATE {table} SET {column} = ifnull({column}, {base}) {other} WHERE {last}");
            edited_and_mended(&scene, &table, &sql);
        }
    }
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_removed_row_in_any_table_is_found_and_mended() {
    let scene = Scene::governed();
    for (table, columns) in tables(&scene.sql()) {
        let key = &columns[0].0;
        for end in ["min", "max"] {
            edited_and_mended(
                &scene,
                &table,
                &format!("DELETE FROM {table} WHERE {key} = (SELECT {end}({key}) FROM {table})"),
            );
        }
        edited_and_mended(&scene, &table, &format!("DELETE FROM {table}"));
    }
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn an_added_row_in_any_table_is_found_and_mended() {
    let scene = Scene::governed();
    for (table, columns) in tables(&scene.sql()) {
        let (key, is_text, _) = &columns[0];
        for other in if *is_text { ["' '", "'zzz'"] } else { ["-1", "1000"] } {
            let rest: Vec<&str> = columns[1..].iter().map(|(column, ..)| column.as_str()).collect();
            let values = [&[other][..], &rest].concat().join(", ");
            let sql = format!("INSERT INTO {table} SELECT {values} FROM {table} ORDER BY {key} LIMIT 1");
            edited_and_mended(&scene, &table, &sql);
        }
    }
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_value_erased_to_null_is_found_and_mended() {
    let scene = Scene::governed();
    let mut tried = 0;
    for (table, columns) in tables(&scene.sql()) {
        for (column, ..) in columns.iter().filter(|(.., may_be_null)| *may_be_null) {
            let sql = format!("UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL");
            // A primary key counts as one that may be null, and SQLite refuses that itself.
            if scene.sql().execute(&format!("{sql} AND false"), []).is_ok() && scene.sql().execute(&sql, []).is_ok() {
                starts(&scene.findings("audrey"), "[tables] the row");
                scene.ok("erin", "rebuild");
                tried += 1;
            }
        }
    }
    assert!(tried >= 5, "{tried}");
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_value_of_control_characters_is_found_and_mended() {
    let scene = Scene::governed();
    for value in ["CAST(x'00' AS TEXT)", "'a' || char(0) || 'b'", "char(27) || '[2J'"] {
        edited_and_mended(&scene, "names", &format!("UPDATE names SET name = {value}"));
        edited_and_mended(&scene, "votes", &format!("UPDATE votes SET verdict = {value}"));
    }
}

#[test]
fn a_value_that_is_not_utf8_is_found_and_mended() {
    let scene = Scene::governed();
    edited_and_mended(&scene, "names", "UPDATE names SET name = CAST(x'ff' AS TEXT)");
}

#[test]
fn what_is_shown_and_decided_does_not_come_from_the_tables() {
    let scene = Scene::new();
    let show = |command: &str| scene.ok("audrey", command);
    let commands = ["list", "log", "show CHG-1", "show CHG-2", "person list", "motion list", "person show carol"];
    let before = commands.map(show);
    for (table, columns) in tables(&scene.sql()) {
        let texts: Vec<String> = columns
            .iter()
            .filter(|(_, is_text, _)| *is_text)
            .map(|(column, ..)| format!("{column} = {column} || 'x'"))
            .collect();
        if !texts.is_empty() {
            scene.sql().execute_batch(&format!("UPDATE {table} SET {}", texts.join(", "))).unwrap();
        }
    }
    scene.sql().execute_batch("UPDATE changes SET state = 'approved'").unwrap();
    assert_eq!(commands.map(show), before);
    scene.fails("frank", "start CHG-2 --artifact pool=pool", Exit::Refused, "0 of 2 approvals");
}

#[test]
fn rebuild_does_not_mend_a_broken_log() {
    let scene = Scene::governed();
    scene.sql().execute_batch("UPDATE changes SET state = 'approved'").unwrap();
    scene.edit(3, "time 2026-12-01T09", "time 2026-12-01T08");
    let rebuild = format!("rebuild --fingerprint {}", scene.fingerprint);
    scene.fails("erin-anew", &rebuild, Exit::Broken, "entry 3: [signature]");
    let state = "SELECT count(*) FROM changes WHERE state = 'approved'";
    assert_eq!(scene.sql().query_row(state, [], |row| row.get::<_, u64>(0)).unwrap(), 2);
}

// The schema

/// What can be done to the schema, and what is found.
const SCHEMAS: &[(&str, &str)] = &[
    ("DROP TRIGGER entry_never_changed", "the trigger entry_never_changed is missing"),
    ("DROP TRIGGER entry_never_deleted", "the trigger entry_never_deleted is missing"),
    ("DROP TRIGGER entry_only_at_the_end", "the trigger entry_only_at_the_end is missing"),
    (
        "DROP TRIGGER entry_never_deleted;
         CREATE TRIGGER entry_never_deleted BEFORE DELETE ON entry WHEN false BEGIN SELECT 1; END",
        "the trigger entry_never_deleted was changed",
    ),
    (
        "CREATE TRIGGER planted BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
        r#"the trigger "planted" does not belong here"#,
    ),
    (
        "CREATE TRIGGER planted AFTER INSERT ON votes BEGIN DELETE FROM votes; END",
        r#"the trigger "planted" does not belong here"#,
    ),
    ("CREATE VIEW planted AS SELECT * FROM entry", r#"the view "planted" does not belong here"#),
    ("CREATE TABLE planted (x)", r#"the table "planted" does not belong here"#),
    ("CREATE VIRTUAL TABLE planted USING fts5(x)", r#"the table "planted" does not belong here"#),
    ("CREATE INDEX planted ON votes (person)", r#"the index "planted" does not belong here"#),
    ("CREATE UNIQUE INDEX planted ON entry (blob)", r#"the index "planted" does not belong here"#),
    ("DROP INDEX actions_by_change", "the index actions_by_change is missing"),
    ("ALTER TABLE entry ADD COLUMN note TEXT", "the table entry was changed"),
    ("ALTER TABLE votes RENAME COLUMN verdict TO word", "the table votes was changed"),
    ("ALTER TABLE votes ADD COLUMN weight INTEGER", "the table votes was changed"),
];

/// Asserts that a changed schema is found by everybody, and that nobody records.
fn schema_is_found(sql: &str, meaning: &str) {
    let scene = World::filed();
    scene.sql().execute_batch(sql).unwrap();
    for person in ["audrey", STRANGER] {
        let findings = scene.findings(person);
        let found = format!("[schema] {meaning}");
        assert!(findings.contains(&found), "{sql}: not {found:?} but\n{}", findings.join("\n"));
    }
    let fingerprint = scene.raw(0).leaf();
    let approve = &format!("approve CHG-1 --revision {}", "0".repeat(64));
    for command in ["list", "rebuild", "file change.toml", approve] {
        let command = format!("{command} --fingerprint {fingerprint}");
        scene.fails("carol", &command, Exit::Broken, &format!("the register is broken: [schema] {meaning}"));
    }
}

#[test]
fn an_edited_schema_is_found() {
    SCHEMAS.iter().for_each(|(sql, meaning)| schema_is_found(sql, meaning));
}

#[test]
fn a_dropped_table_is_found() {
    schema_is_found("DROP TABLE votes", "the table votes is missing");
}

#[test]
fn a_renamed_column_of_the_log_is_found() {
    let scene = World::filed();
    scene.sql().execute_batch("ALTER TABLE entry RENAME COLUMN text TO words").unwrap();
    starts(&scene.findings("audrey"), "[schema] the table entry was changed");
    let output = scene.run("carol", "list");
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
}

#[test]
fn a_trigger_that_swallows_rows_is_found_before_anything_is_written() {
    let scene = Scene::new();
    let approve = format!("approve CHG-2 --revision {}", scene.filed);
    for table in ["entry", "votes", "actions"] {
        let db = scene.sql();
        let trigger = format!("CREATE TRIGGER swallow BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END");
        db.execute_batch(&trigger).unwrap();
        scene.fails("carol", &approve, Exit::Broken, r#"[schema] the trigger "swallow" does not belong here"#);
        let count = |table: &str| format!("SELECT count(*) FROM {table}");
        let rows = |table| db.query_row(&count(table), [], |row| row.get::<_, u64>(0)).unwrap();
        assert_eq!([rows("entry"), rows("votes"), rows("actions")], [10, 2, 10]);
        db.execute_batch("DROP TRIGGER swallow").unwrap();
    }
    scene.ok("carol", &approve);
}

#[test]
fn a_falsified_index_is_found() {
    let scene = Scene::new();
    scene.tamper(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX actions_by_change ON actions (motion, seq)'
            WHERE name = 'actions_by_change';
         PRAGMA writable_schema = RESET; REINDEX; PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX actions_by_change ON actions (change, seq)'
            WHERE name = 'actions_by_change';
         PRAGMA writable_schema = RESET",
    );
    scene.finds("[integrity] ");
}

#[test]
fn plain_sql_cannot_change_the_log() {
    let scene = Scene::new();
    let db = scene.sql();
    let before: Vec<Raw> = (0..10).map(|seq| scene.raw(seq)).collect();
    for sql in [
        "INSERT INTO entry SELECT 4, blob, text FROM entry WHERE seq = 3",
        "INSERT INTO entry SELECT 11, blob, text FROM entry WHERE seq = 3",
        "INSERT INTO entry SELECT NULL, blob, text FROM entry WHERE seq = 3",
        "INSERT OR REPLACE INTO entry SELECT 4, blob, text FROM entry WHERE seq = 3",
        "INSERT OR REPLACE INTO entry SELECT 9, blob, text FROM entry WHERE seq = 3",
        "INSERT OR IGNORE INTO entry SELECT 4, blob, text FROM entry WHERE seq = 3",
        "REPLACE INTO entry VALUES (0, x'', NULL)",
        "INSERT INTO entry VALUES (9, x'', NULL) ON CONFLICT DO UPDATE SET blob = x''",
        "UPDATE entry SET blob = x'' WHERE seq = 4",
        "UPDATE entry SET seq = 10 WHERE seq = 9",
        "UPDATE OR REPLACE entry SET seq = 8 WHERE seq = 9",
        "UPDATE OR IGNORE entry SET blob = x'' WHERE seq = 9",
        "UPDATE entry SET text = x'00' WHERE seq = 2",
        "UPDATE entry SET text = x'00' WHERE seq = 3",
        "UPDATE entry SET text = NULL, blob = x'' WHERE seq = 2",
        "DELETE FROM entry WHERE seq = 9",
        "DELETE FROM entry",
    ] {
        let refused = db.execute(sql, []).expect_err(sql).to_string();
        assert!(refused.contains("the log is append-only"), "{sql}: {refused}");
        assert_eq!((0..10).map(|seq| scene.raw(seq)).collect::<Vec<_>>(), before, "{sql}");
        assert_eq!(scene.entries(), 10, "{sql}");
    }
}

// The file

#[test]
fn a_damaged_page_is_found() {
    let scene = Scene::new();
    let whole = scene.copy();
    let size = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    for page in 1..whole.len() / size {
        let mut damaged = whole.clone();
        damaged[page * size..(page + 1) * size].fill(0xa5);
        scene.replace_file(&damaged);
        let output = scene.run("audrey", "verify");
        assert_eq!(output.exit, Exit::Broken, "page {page}: {}", output.screen);
    }
    scene.replace_file(&whole);
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_file_cut_short_is_found() {
    let scene = Scene::new();
    let whole = scene.copy();
    for parts in [1, 2, 3] {
        scene.replace_file(&whole[..whole.len() * parts / 4]);
        for command in ["verify", "list", "file erin.toml"] {
            let output = scene.run("erin", command);
            assert_eq!(output.exit, Exit::Broken, "{parts} quarters: {}", output.screen);
        }
    }
}

// What an account remembers

#[test]
fn a_lost_verified_copy_is_said_aloud_and_costs_nothing_else() {
    let scene = Scene::new();
    let before = scene.ok("carol", "list");
    let pin = fs::read(scene.memory("carol", "pin")).unwrap();
    for damage in ["lost", "garbled", "emptied"] {
        scene.forget("carol", "verified.sqlite");
        match damage {
            "garbled" => fs::write(scene.memory("carol", "verified.sqlite"), [7; 9000]).unwrap(),
            "emptied" => fs::write(scene.memory("carol", "verified.sqlite"), "").unwrap(),
            _ => {}
        }
        let output = scene.run("carol", "list");
        assert_eq!((output.exit, &output.out), (Exit::Done, &before), "{damage}: {}", output.screen);
        assert!(output.err.contains("the whole log was verified again"), "{damage}: {}", output.screen);
        assert_eq!(fs::read(scene.memory("carol", "pin")).unwrap(), pin, "{damage}");
        let again = scene.run("carol", "list");
        assert_eq!(again.err, "", "it is said once");
    }
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
}

#[test]
fn a_lost_verified_copy_does_not_lose_the_end_of_the_log() {
    let scene = Scene::new();
    scene.forget("carol", "verified.sqlite");
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.stops("the log does not hold entry 9");
}

#[test]
fn a_lost_pin_is_said_aloud() {
    let scene = Scene::new();
    let before = scene.ok("carol", "list");
    scene.forget("carol", "pin");
    let output = scene.run("carol", "list");
    assert_eq!((output.exit, output.out), (Exit::Done, before), "{}", output.err);
    assert!(output.err.contains("warning: the pin of this register is gone"), "{}", output.err);
    assert_eq!(scene.run("carol", "list").err, "", "it is said once");
}

#[test]
fn a_lost_pin_does_not_lose_the_end_of_the_log() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.forget("carol", "pin");
    scene.stops("the log does not hold entry 9");
    starts(&scene.findings("carol"), "[truncated]");
}

#[test]
fn a_truncated_log_is_not_pinned() {
    let scene = Scene::new();
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    scene.forget("carol", "pin");
    starts(&scene.findings("carol"), "[truncated]");
    assert!(!scene.memory("carol", "pin").exists());
}

#[test]
fn a_damaged_pin_stops_everything() {
    let scene = Scene::new();
    for damage in ["", "head 9\n", "\u{1b}[2J"] {
        fs::write(scene.memory("carol", "pin"), damage).unwrap();
        scene.stops("cannot be read");
        let output = scene.run("carol", "verify");
        assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    }
    fs::copy(scene.memory("carol", "pin.previous"), scene.memory("carol", "pin")).unwrap();
    scene.ok("carol", "list");
}

#[test]
fn whoever_lost_both_verifies_for_the_first_time() {
    let scene = Scene::new();
    scene.forget("carol", "pin");
    scene.forget("carol", "verified.sqlite");
    let output = scene.run("carol", "verify");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("its pin and verified copy are gone"), "{}", output.screen);
    assert!(output.out.contains("the fingerprint alone: its beginning, not its end"), "{}", output.screen);
    let output = scene.run("carol", "verify");
    assert!(output.out.contains("this account's pin: entry 9"), "{}", output.screen);
    assert_eq!(output.err, "", "it is said once");
}
