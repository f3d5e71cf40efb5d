//! Single-thread costs of an entry, with `verify_strict` of the same messages as the baseline: `cargo bench`.
//!
//! The entries are those of `tests/vectors/good`, repeated up to a thousand. `benches/run.sh` measures whole processes
//! on all cores.

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use data_encoding::BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use twinseal::domain::Register;
use twinseal::format::{Keys, Raw, entry, sshsig};

fn good() -> Vec<Raw> {
    let names = fs::read_dir("tests/vectors/good").unwrap().map(|it| it.unwrap().path());
    let mut names: Vec<_> = names.filter(|path| path.extension().is_some_and(|it| it == "entry")).collect();
    names.sort();
    let read = |(seq, path): (u64, &std::path::PathBuf)| Raw {
        seq,
        blob: fs::read(path).unwrap(),
        text: fs::read(path.with_extension("text")).ok(),
        data: fs::read(path.with_extension("data")).ok(),
    };
    (0..).zip(&names).map(read).collect()
}

/// The decoded key, signed data and signature of an entry.
fn bare(raw: &Raw) -> (VerifyingKey, Vec<u8>, Signature) {
    let blob = str::from_utf8(&raw.blob).unwrap();
    let (body, line) = blob.split_once("\nsig ").unwrap();
    let sig = BASE64.decode(line.trim_end().as_bytes()).unwrap();
    let point: [u8; 32] = sig[33..65].try_into().unwrap();
    let message = sshsig::signed_data(body.lines().next().unwrap(), body.as_bytes());
    (VerifyingKey::from_bytes(&point).unwrap(), message, Signature::from_slice(&sig[sig.len() - 64..]).unwrap())
}

fn entries(criterion: &mut Criterion) {
    let good = good();
    let thousand: Vec<Raw> = good.iter().cycle().take(1000).cloned().collect();
    let decoded: Vec<_> = thousand.iter().map(bare).collect();
    let mut group = criterion.benchmark_group("a thousand entries");
    group.throughput(Throughput::Elements(1000)).sample_size(20);
    group.bench_function("baseline: verify_strict", |it| {
        it.iter(|| decoded.iter().all(|(key, message, signature)| key.verify_strict(message, signature).is_ok()));
    });
    group.bench_function("opened, each key decoded again", |it| {
        it.iter(|| thousand.iter().all(|raw| entry::open(raw).is_ok()));
    });
    group.bench_function("opened, keys decoded once", |it| {
        let keys = Keys::default();
        it.iter(|| thousand.iter().all(|raw| entry::open_with(&keys, raw).is_ok()));
    });
    group.bench_function("decoded", |it| it.iter(|| thousand.iter().all(|raw| entry::read_body(raw).is_ok())));
    group.bench_function("decoded as verified before", |it| {
        it.iter(|| thousand.iter().all(|raw| entry::read_verified_body(raw).is_ok()))
    });
    group.bench_function("leaf hashes", |it| it.iter(|| thousand.iter().map(Raw::leaf).map(black_box).count()));
    group.finish();

    let facts: Vec<_> = good.iter().map(|raw| (entry::read_body(raw).unwrap(), raw.leaf())).collect();
    let mut group = criterion.benchmark_group("a register of every kind of entry");
    group.bench_function("judged and folded", |it| {
        it.iter(|| {
            let mut state = Register::default();
            for ((header, event), leaf) in &facts {
                assert!(state.judge(header, event).is_ok());
                state.apply(header, *leaf, event).unwrap();
            }
            state
        });
    });
    group.finish();
}

criterion_group!(benches, entries);
criterion_main!(benches);
