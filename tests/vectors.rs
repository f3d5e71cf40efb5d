//! Test vectors: `vectors/good` holds a small complete log with an entry of every kind. `vectors/bad` holds entries
//! with exactly one defect each, which names the file, and the rule that reports it; an entry with a changed body is
//! signed again. `vectors/refused` holds entries without a defect that could come after the good log, each with the rule
//! that refuses it. `vectors/witnessed` holds a second log, about machines and wrong clocks: with the effective time of
//! each entry, and the entries that are behind or ahead; `vectors/witnessed-refused` entries that could come in it. The
//! known pitfalls of Ed25519 are computed.
//!
//! The files are generated from fixed keys. After an intended change of the format, regenerate them and review the
//! diff: `TWINSEAL_WRITE_VECTORS=1 cargo test --test all vectors::vectors_are`

mod bad_entries;
mod checkpoint;
mod confirmation;
mod conflicts;
mod defects;
mod detached;
mod ed25519;
mod fido;
mod freezes;
mod good_log;
mod refused;
mod review;
mod services;
mod templates;
mod witnessed_log;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};
use twinseal::domain::{Denied, Digest, Grants, Member, Register, Time};
use twinseal::format::request::Request;
use twinseal::format::{Defect, Raw, body, chain, data, entry};

use bad_entries::{Bad, bad, body_of, body_of_size, lost_of_size, restored, text_of, with_body, with_data, with_text};
use good_log::{Home, all, asked, asking, good, home, member, new};
use refused::{Refused, refused, state};
use witnessed_log::{OUTLIERS, answer_for, witnessed};

use crate::support::World;

const FOLDERS: [&str; 5] = ["good", "bad", "refused", "witnessed", "witnessed-refused"];

/// `08-change.file`: the sequence number and kind of an entry.
pub fn name(raw: &Raw) -> String {
    format!("{:03}-{}", raw.seq, entry::read_body(raw).unwrap().1.kind())
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn file(name: &str) -> Option<Vec<u8>> {
    fs::read(folder(name)).ok()
}

/// The expected content of every vector file, by name.
fn expected_files() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut add = |name: String, raw: &Raw| {
        files.insert(format!("{name}.entry"), raw.blob.clone());
        files.extend(raw.text.clone().map(|text| (format!("{name}.text"), text)));
        files.extend(raw.data.clone().map(|data| (format!("{name}.data"), data)));
    };
    good().iter().for_each(|raw| add(format!("good/{}", name(raw)), raw));
    let (second, second_refused) = witnessed();
    second.iter().for_each(|raw| add(format!("witnessed/{}", name(raw)), raw));
    second_refused.iter().for_each(|it| add(format!("witnessed-refused/{}", it.name), &it.raw));
    let bad = bad();
    bad.iter().for_each(|bad| add(format!("bad/{}", bad.name), &bad.raw));
    let refused = refused();
    refused.iter().for_each(|it| add(format!("refused/{}", it.name), &it.raw));
    let rule = |name: String, rule: &str| (format!("{name}.rule"), format!("{rule}\n").into_bytes());
    files.extend(refused.iter().map(|it| rule(format!("refused/{}", it.name), it.rule)));
    files.extend(second_refused.iter().map(|it| rule(format!("witnessed-refused/{}", it.name), it.rule)));
    let defect = |it: &Bad| entry::open(&it.raw).err().map(|defect| rule(format!("bad/{}", it.name), defect.rule()));
    files.extend(bad.iter().filter_map(defect));
    let leaf = |of: &str, raw: &Raw| (format!("{of}/{}.leaf", name(raw)), format!("{}\n", raw.leaf()).into_bytes());
    files.extend(good().iter().map(|raw| leaf("good", raw)));
    files.extend(second.iter().map(|raw| leaf("witnessed", raw)));
    let time = |name: String, raw: &Raw| (format!("{name}.effective"), format!("{}\n", effective(&second, raw)).into());
    files.extend(second.iter().map(|raw| time(format!("witnessed/{}", name(raw)), raw)));
    files.extend(second_refused.iter().map(|it| time(format!("witnessed-refused/{}", it.name), &it.raw)));
    files.insert("witnessed/outliers".to_owned(), OUTLIERS.into());
    assert_eq!(
        files.keys().filter(|it| it.starts_with("bad/") && it.ends_with("y")).count(),
        bad.len(),
        "a name twice"
    );
    files
}

/// The effective time of an entry that comes in a log, as the rules compute it.
fn effective(log: &[Raw], raw: &Raw) -> Time {
    let header = entry::read_body(raw).unwrap().0;
    state(&log[..raw.seq as usize]).moment_of(&header).unwrap().effective
}

/// A good entry of every kind, as the fuzz target `entry` reads it: the entry, its text, an empty line and its data.
fn corpus() -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut files, mut kinds) = (BTreeMap::new(), BTreeSet::new());
    for raw in good() {
        let name = name(&raw);
        if kinds.insert(name.split_once('-').unwrap().1.to_owned()) {
            let data = raw.data.map(|data| [b"\n".to_vec(), data].concat());
            let bytes = [raw.blob, raw.text.unwrap_or_default(), data.unwrap_or_default()].concat();
            files.insert(folder("../../fuzz/corpus/entry").join(format!("good-{name}")), bytes);
        }
    }
    for (name, request) in requests() {
        files.insert(folder("../../fuzz/corpus/request").join(format!("good-{name}")), request.into_bytes());
    }
    files
}

/// A request of each kind: to found a register, to be enrolled with roles, and for a machine.
fn requests() -> [(&'static str, String); 3] {
    let write = |home: &Home, member: Member, name: Option<&str>| {
        let Member { person, asked, key, proof, .. } = member;
        let name = name.map(|name| name.parse().unwrap());
        Request { register: home.register.clone(), person, asked, key, proof, vouch: None, name }.write()
    };
    let (new, here) = (new("prod"), home(&good()));
    let operated = asked(&here).with(all(&["engineer"]), all(&["erin", "frank"]));
    let machine = asking(&here, "deploy", operated, Grants::default());
    [
        ("founding", write(&new, member(&new, "alice", &["admin"]), Some("Alice Ng"))),
        ("enrolment", write(&here, member(&here, "frank", &["engineer", "approver"]), None)),
        ("machine", write(&here, machine, None)),
    ]
}

fn corpus_on_disk() -> Vec<PathBuf> {
    let of = |target: &str| fs::read_dir(folder("../../fuzz/corpus").join(target)).unwrap();
    let files = of("entry").chain(of("request")).map(|it| it.unwrap().path());
    let good = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("good-");
    let mut files: Vec<PathBuf> = files.filter(good).collect();
    files.sort();
    files
}

fn files_on_disk() -> Vec<String> {
    let list = |of: &str| -> Vec<String> {
        let files = fs::read_dir(folder(of)).into_iter().flatten();
        files.map(|it| format!("{of}/{}", it.unwrap().file_name().display())).collect()
    };
    let mut names = FOLDERS.map(list).concat();
    names.sort();
    names
}

#[test]
fn vectors_are_reproducible() {
    let expected = expected_files();
    if std::env::var("TWINSEAL_WRITE_VECTORS").is_ok_and(|it| it == "1") {
        // Check before writing, so that no wrong file is written.
        bad().iter().for_each(assert_refused);
        assert_ends_well(good().into_iter());
        for of in FOLDERS {
            let _ = fs::remove_dir_all(folder(of));
            fs::create_dir_all(folder(of)).unwrap();
        }
        expected.iter().for_each(|(name, bytes)| fs::write(folder(name), bytes).unwrap());
        corpus_on_disk().iter().for_each(|path| fs::remove_file(path).unwrap());
        corpus().iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    }
    assert_eq!(files_on_disk(), expected.keys().cloned().collect::<Vec<_>>(), "the files and the table differ");
    for (name, bytes) in &expected {
        assert!(file(name).as_ref() == Some(bytes), "{name} is not what is made today");
    }
}

/// Without valid entries the fuzzer hardly gets past the first check; after a change of the format, its old corpus is
/// refused.
#[test]
fn the_fuzz_corpus_holds_a_good_entry_of_every_kind() {
    let corpus = corpus();
    assert_eq!(corpus_on_disk(), corpus.keys().cloned().collect::<Vec<_>>());
    for (path, bytes) in corpus {
        assert!(fs::read(&path).unwrap() == bytes, "{} is not what is made today", path.display());
    }
}

/// The entries of a log, read from the files alone.
fn log_on_disk(of: &str) -> Vec<(String, Raw)> {
    let entries = files_on_disk().into_iter().filter_map(|it| it.strip_suffix(".entry").map(str::to_owned));
    let read = |name: String| {
        let seq = name.strip_prefix(of)?.strip_prefix('/')?.split_once('-')?.0.parse().ok()?;
        let blob = file(&format!("{name}.entry"))?;
        let [text, data] = ["text", "data"].map(|part| file(&format!("{name}.{part}")));
        Some((name.clone(), Raw { seq, blob, text, data }))
    };
    let mut log: Vec<(String, Raw)> = entries.filter_map(read).collect();
    log.sort_by_key(|(_, raw)| raw.seq);
    log
}

#[test]
fn good_entries_open_and_have_the_leaf_hash_beside_them() {
    let good = log_on_disk("good");
    let kinds: std::collections::BTreeSet<&str> =
        good.iter().map(|(name, _)| name.split_once('-').unwrap().1).collect();
    let all = twinseal::domain::EventKind::WORDS.iter().copied().collect();
    assert_eq!(kinds, all, "a kind of entry has no vector");
    for (name, raw) in good {
        let entry = entry::open(&raw).unwrap_or_else(|defect| panic!("{name}: {defect}"));
        let leaf = String::from_utf8(file(&format!("{name}.leaf")).unwrap()).unwrap();
        assert_eq!(format!("{}\n", entry.leaf), leaf, "{name}");
        // Computed without twinseal's code: SHA-256 of a zero byte and the file (RFC 6962, section 2.1).
        let digest: [u8; 32] = Sha256::digest([b"\0", &raw.blob[..]].concat()).into();
        assert_eq!(entry.leaf, Digest::new(digest), "{name}");
        assert_eq!(body::write(&entry.header, &entry.event), body_of(&raw), "{name}");
    }
}

/// Checks a log against every rule, and asserts the resulting state.
#[track_caller]
fn assert_ends_well(log: impl Iterator<Item = Raw>) {
    let mut state = Register::default();
    for raw in log {
        let entry = entry::open(&raw).unwrap();
        let position = state.position(entry.event.stream()).unwrap();
        chain::check_position(state.id(), &position, &entry.header)
            .unwrap_or_else(|defect| panic!("{}: {defect}", raw.seq));
        state.judge(&entry.header, &entry.event).unwrap_or_else(|refusal| panic!("{}: {refusal}", raw.seq));
        state.apply(&entry.header, entry.leaf, &entry.event).unwrap();
    }
    let ends = |id: &str| state.change(id.parse().unwrap()).map(|change| change.state().to_string()).ok();
    let ends = ["CHG-1", "CHG-2", "CHG-3", "CHG-4"].map(ends);
    assert_eq!(
        ends,
        [Some("in-progress"), Some("withdrawn"), Some("awaiting-approval"), Some("in-review")]
            .map(|it| it.map(str::to_owned))
    );
    let governance = state.governance();
    let people: Vec<&str> = governance.loaded_people().map(|(person, _)| person.as_str()).collect();
    let expected =
        ["alice", "audrey", "bob", "carol", "dave", "deploy", "erin", "frank", "ivy", "uma", "vera", "wim", "yan"];
    assert_eq!(people, expected);
    let in_force = fido::with_tokens(&confirmation::confirmed());
    assert_eq!(governance.policy(), Some(&in_force), "the policy that was seconded is in force");
}

#[test]
fn good_entries_are_one_log_that_breaks_no_rule() {
    assert_ends_well(log_on_disk("good").into_iter().map(|(_, raw)| raw));
}

/// A short form of a defect: its `Debug` form, except for the most common ones.
fn short(defect: &Defect) -> String {
    match defect {
        Defect::Value { line, key, invalid } => format!("line {line}, {key}: {invalid:?}"),
        Defect::Expected { line, key } => format!("line {line} is not {key}"),
        Defect::Character { found } => format!("character {found:?}"),
        Defect::TextGrammar { inner } => format!("text: {}", short(inner)),
        Defect::DataGrammar { inner } => format!("data: {}", short(inner)),
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn assert_refused(Bad { name, defect, raw }: &Bad) {
    let found = match entry::open(raw) {
        Ok(_) => panic!("{name} was accepted"),
        Err(found) => short(&found),
    };
    let rest = found.strip_prefix(defect).unwrap_or_else(|| panic!("{name}: {found}, not {defect}"));
    assert!(!rest.starts_with(char::is_alphanumeric), "{name}: {found}, not {defect}");
}

#[test]
fn bad_entries_are_refused_for_their_one_defect() {
    for Bad { name, defect, raw } in bad() {
        let blob = file(&format!("bad/{name}.entry")).unwrap_or_else(|| panic!("{name} has no file"));
        let [text, data] = ["text", "data"].map(|part| file(&format!("bad/{name}.{part}")));
        let raw = Raw { seq: raw.seq, blob, text, data };
        assert_refused(&Bad { name, defect, raw });
    }
}

/// By the files alone: a log up to the entry, then the entry.
#[track_caller]
fn assert_refused_in(of: &str, log: &[(String, Raw)], refused: Vec<Refused>) {
    for Refused { name, rule, raw } in refused {
        let read = |end: &str| file(&format!("{of}/{name}.{end}"));
        let raw = Raw { seq: raw.seq, blob: read("entry").unwrap(), text: read("text"), data: read("data") };
        assert_eq!(read("rule").unwrap(), format!("{rule}\n").into_bytes(), "{name}");
        let before: Vec<Raw> = log.iter().map(|(_, raw)| raw.clone()).take_while(|it| it.seq < raw.seq).collect();
        let state = state(&before);
        let entry = entry::open(&raw).unwrap_or_else(|defect| panic!("{name}: {defect}"));
        let position = state.position(entry.event.stream()).unwrap();
        chain::check_position(state.id(), &position, &entry.header).unwrap();
        let judged = state.judge(&entry.header, &entry.event);
        match judged.and_then(|()| Ok(state.judge_text(&entry.event, entry.text.as_ref())?)) {
            Err(Denied::Refused(refusal)) => assert_eq!(refusal.rule().as_str(), rule, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn refused_entries_are_refused_by_the_rule_beside_them() {
    assert_refused_in("refused", &log_on_disk("good"), refused());
    assert_refused_in("witnessed-refused", &log_on_disk("witnessed"), witnessed().1);
}

/// Computed from the claims as docs/format.md says, without twinseal's own computation.
#[test]
fn witnessed_entries_have_the_effective_time_beside_them() {
    let log = log_on_disk("witnessed");
    let header = |raw: &Raw| entry::open(raw).unwrap_or_else(|defect| panic!("{}: {defect}", raw.seq)).header;
    let headers: Vec<_> = log.iter().map(|(_, raw)| header(raw)).collect();
    let check = |name: &str, raw: &Raw| {
        let own = header(raw);
        let left_out = answer_for(own.key, own.actor.as_str());
        let mut people = BTreeSet::from(["deploy"]);
        let before = headers[..raw.seq as usize].iter().rev();
        let newest = before.filter(|it| !left_out.contains(it.actor.as_str()) && people.insert(it.actor.as_str()));
        let mut times: Vec<Time> = newest.map(|it| it.time).collect();
        times.sort_by(|a, b| b.cmp(a));
        let witnessed = times.get(times.len() / 2).filter(|_| times.len() >= 2).map(|time| time.plus(-300));
        let effective = witnessed.map_or(own.time, |time| time.max(own.time));
        assert_eq!(file(&format!("{name}.effective")).unwrap(), format!("{effective}\n").into_bytes(), "{name}");
    };
    for (name, raw) in &log {
        check(name, raw);
        assert_eq!(file(&format!("{name}.leaf")).unwrap(), format!("{}\n", raw.leaf()).into_bytes(), "{name}");
    }
    for Refused { name, raw, .. } in witnessed().1 {
        let name = format!("witnessed-refused/{name}");
        check(&name, &Raw { blob: file(&format!("{name}.entry")).unwrap(), ..raw });
    }
}

#[test]
fn verify_reports_the_outliers_of_the_witnessed_log_and_nothing_else() {
    let world = World::empty();
    world.person("zoe");
    let db = world.sql();
    db.execute_batch(include_str!("../schema.sql").split("-- [the state]").next().unwrap()).unwrap();
    db.execute_batch("PRAGMA application_id = 1415009100; PRAGMA user_version = 1").unwrap();
    for (_, Raw { seq, blob, text, data }) in log_on_disk("witnessed") {
        db.execute("INSERT INTO entry VALUES (?1, ?2, ?3, ?4)", (seq, blob, text, data)).unwrap();
    }
    drop(db);
    let verified = world.run("zoe", &format!("verify --register prod.db --fingerprint {}", world.fingerprint()));
    // The tables are empty, because nobody wrote them.
    let mut others = verified.screen.lines().filter(|line| line.starts_with("finding"));
    assert!(others.all(|line| line.contains("[tables]") || line.contains("[clock]")), "{}", verified.screen);
    let findings: Vec<&str> = verified.screen.lines().filter(|line| line.contains("[clock]")).collect();
    let outliers = String::from_utf8(file("witnessed/outliers").unwrap()).unwrap();
    assert_eq!(findings.len(), outliers.lines().count(), "{}", verified.screen);
    for (finding, outlier) in findings.iter().zip(outliers.lines()) {
        let (seq, side) = outlier.split_once(' ').unwrap();
        assert!(
            finding.contains(&format!("entry {seq}")) && finding.contains(&format!("seconds {side} ")),
            "{finding}"
        );
    }
}

#[test]
fn parts_of_exactly_their_limits_are_accepted() {
    let good = good();
    let approve = &good[9];
    let text = with_text(approve, &text_of(entry::MAX_TEXT));
    assert_eq!(entry::open(&text).map(|_| ()), Ok(()));
    let blob = Raw { text: None, ..with_body(approve, body_of_size(65_535)) };
    assert_eq!(blob.blob.len(), 65_535);
    assert_eq!(entry::open(&blob).map(|_| ()), Ok(()));
    let most = lost_of_size(&good, data::MAX_DATA);
    assert!(most.data.as_ref().is_some_and(|data| (data::MAX_DATA - 128..=data::MAX_DATA).contains(&data.len())));
    assert_eq!(entry::open(&most).map(|_| ()), Ok(()));
}

/// Not a vector, because the file would be large.
#[test]
fn a_data_part_over_4_mib_is_refused() {
    let raw = with_data(restored(&good()), &vec![b'x'; data::MAX_DATA + 1]);
    let too_large = Defect::TooLarge { bytes: 4 * 1024 * 1024 + 1, most: 4 * 1024 * 1024 };
    assert_eq!(entry::open(&raw), Err(too_large));
}
