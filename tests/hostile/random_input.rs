//! Random input. The fuzz targets (`fuzz/README.md`) go deeper into the same parsers.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use twinseal::format::request::Request;
use twinseal::format::{Raw, entry};
use twinseal::input;

use super::FULL;
use super::requests::with_request;
use crate::support::{Alone, World};

const CASES: u32 = 400;

#[track_caller]
fn whatever<S: Strategy>(strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&strategy, test).unwrap();
}

/// Bytes of a file with a part of it replaced.
fn mutate(whole: &[u8], (at, length, new): &(prop::sample::Index, usize, Vec<u8>)) -> Vec<u8> {
    let at = at.index(whole.len() + 1);
    let end = whole.len().min(at + length);
    [&whole[..at], new, &whole[end..]].concat()
}

fn mutation() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            "\"", "]", "[[", "\n", "\"\"\"", "=", "{", "\\u202e", " ", "0", "\u{1b}", "sig ", "\n\n"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (any::<prop::sample::Index>(), 0..12usize, bytes)
}

/// Parses a draft: it is accepted, or every fault has a line that exists in the draft, or none.
fn read_draft(text: &str) -> Result<(), TestCaseError> {
    if let Err(faults) = input::read(text, &Alone) {
        prop_assert!(!faults.is_empty());
        let lines = text.split('\n').count();
        prop_assert!(faults.iter().all(|fault| fault.line <= lines), "{faults:?}");
        prop_assert!(faults.is_sorted_by_key(|fault| fault.line));
    }
    Ok(())
}

#[test]
fn no_text_panics_the_draft_parser() {
    whatever(prop::collection::vec(any::<char>(), 0..300), |chars| read_draft(&String::from_iter(chars)));
    whatever(prop::collection::vec(mutation(), 1..4), |mutations| {
        let mutated = mutations.iter().fold(FULL.as_bytes().to_vec(), |whole, it| mutate(&whole, it));
        read_draft(&String::from_utf8_lossy(&mutated))
    });
}

#[test]
fn no_bytes_panic_the_entry_parser() {
    whatever(
        (any::<u64>(), prop::collection::vec(any::<u8>(), 0..600), any::<Option<Vec<u8>>>(), any::<Option<Vec<u8>>>()),
        |(seq, blob, text, data)| {
            let raw = Raw { seq, blob, text, data };
            prop_assert!(entry::open(&raw).is_err());
            Ok(())
        },
    );
    let world = World::filed();
    let entries: Vec<Raw> = (0..world.entries()).map(|seq| world.raw(seq)).collect();
    whatever((prop::sample::select(entries), mutation(), any::<bool>()), |(good, mutation, of_text)| {
        let mut raw = good.clone();
        match &mut raw.text {
            Some(text) if of_text => *text = mutate(text, &mutation),
            _ => raw.blob = mutate(&raw.blob, &mutation),
        }
        prop_assert_eq!(entry::open(&raw).is_ok(), raw == good);
        Ok(())
    });
}

#[test]
fn no_bytes_panic_the_request_parser() {
    whatever(prop::collection::vec(any::<u8>(), 0..600), |bytes| {
        prop_assert!(Request::read(&bytes).is_err());
        Ok(())
    });
    let (_, request) = with_request();
    whatever(mutation(), |mutation| {
        let mutated = mutate(request.as_bytes(), &mutation);
        prop_assert_eq!(Request::read(&mutated).is_ok(), mutated == request.as_bytes());
        Ok(())
    });
}
