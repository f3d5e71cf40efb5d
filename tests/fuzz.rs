//! The corpus of the fuzz targets, replayed without a fuzzer: see `fuzz/README.md`.

#[path = "../fuzz/checks.rs"]
mod checks;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Alone;
use twinseal::format::checkpoint::Checkpoint;
use twinseal::format::note::Note;
use twinseal::format::request::Request;
use twinseal::format::timestamp::{self, Authorities};
use twinseal::format::{data, sshsig, text, word};
use twinseal::input;

/// What lies in a folder, by path.
fn inside(folder: &str) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}")).map(|it| it.unwrap().path()).collect()
}

fn stems(paths: &[PathBuf]) -> BTreeSet<&str> {
    paths.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect()
}

#[test]
fn no_target_is_without_its_corpus_and_no_corpus_without_its_target() {
    let names = BTreeSet::from(checks::CHECKS.map(|(name, _)| name));
    assert_eq!(stems(&inside("fuzz/corpus")), names);
    assert_eq!(stems(&inside("fuzz/fuzz_targets")), names);
    let manifest = fs::read_to_string("fuzz/Cargo.toml").unwrap();
    for name in names {
        let calls = fs::read_to_string(format!("fuzz/fuzz_targets/{name}.rs")).unwrap();
        assert!(calls.contains(&format!("checks::{name}(data)")), "{calls}");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is never built");
        assert!(inside(&format!("fuzz/corpus/{name}")).len() >= 10, "{name} has nearly nothing to replay");
    }
}

/// Whether a parser accepts these bytes.
type Accepts = fn(&[u8]) -> bool;

/// What is refused at its first line says nothing about the rest of a parser.
#[test]
fn every_parser_accepts_something_in_its_corpus() {
    let accepted = |name: &str, accepts: Accepts| {
        inside(&format!("fuzz/corpus/{name}")).iter().filter(|path| accepts(&fs::read(path).unwrap())).count()
    };
    let parsers: [(&str, Accepts); 12] = [
        ("change", |data| input::read(str::from_utf8(data).unwrap_or_default(), &Alone).is_ok()),
        ("policy", |data| input::read_policy(str::from_utf8(data).unwrap_or_default()).is_ok()),
        ("data", |data| {
            let (kind, part) = data.split_at(data.iter().position(|b| *b == b'\n').unwrap_or(0));
            let kind = str::from_utf8(kind).ok().and_then(|kind| kind.parse().ok());
            kind.is_some_and(|kind| data::read(kind, &part[1..]).is_ok())
        }),
        ("freeze", |data| input::read_freeze(str::from_utf8(data).unwrap_or_default()).is_ok()),
        ("calendar", |data| input::read_calendar(str::from_utf8(data).unwrap_or_default()).is_ok()),
        ("word", |data| word::read_file(data).is_ok()),
        ("rota", |data| input::read_rota(str::from_utf8(data).unwrap_or_default()).is_ok()),
        ("note", |data| Note::read(data).is_ok_and(|note| Checkpoint::read(note.text()).is_ok())),
        ("request", |data| Request::read(data).is_ok()),
        ("timestamp", |data| {
            let root = Authorities::read(checks::ROOT.as_bytes());
            timestamp::judge(data, checks::DOCUMENT, None, root.as_ref()).is_ok()
        }),
        ("text", |data| {
            let (kind, text) = data.split_at(data.iter().position(|b| *b == b'\n').unwrap_or(0));
            let kind = str::from_utf8(kind).ok().and_then(|kind| kind.parse().ok());
            kind.is_some_and(|kind| text::read(kind, &text[1..]).is_ok())
        }),
        ("sshsig", |data| {
            let parts: Vec<&[u8]> = data.splitn(3, |b| *b == b'\n').collect();
            let [namespace, message, blob] = parts[..] else { return false };
            str::from_utf8(namespace).is_ok_and(|namespace| sshsig::verify(namespace, message, blob).is_ok())
        }),
    ];
    for (name, accepts) in parsers {
        assert!(accepted(name, accepts) > 0, "{name} refuses everything");
    }
}

#[test]
fn the_corpus_stays_small() {
    let files: Vec<PathBuf> =
        checks::CHECKS.iter().flat_map(|(name, _)| inside(&format!("fuzz/corpus/{name}"))).collect();
    let bytes: u64 = files.iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(files.len() <= 1_000 && bytes <= 300_000, "{} files, {bytes} bytes", files.len());
}

#[test]
fn nothing_that_a_fuzzer_found_breaks_a_parser() {
    for (name, check) in checks::CHECKS {
        for path in inside(&format!("fuzz/corpus/{name}")) {
            replay(&path, check);
        }
    }
}

#[track_caller]
fn replay(path: &Path, check: checks::Check) {
    let data = fs::read(path).unwrap();
    let outcome = std::panic::catch_unwind(|| check(&data));
    assert!(outcome.is_ok(), "{} breaks it", path.display());
}
