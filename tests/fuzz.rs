//! The corpus of the fuzz targets, replayed without a fuzzer: see `fuzz/README.md`.

#[path = "../fuzz/checks.rs"]
mod checks;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
