//! The Merkle tree of the log: it agrees with an independent implementation, and no changed proof is accepted.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use twinseal::domain::Digest;
use twinseal::format::tree::{self, Row};

/// A log as a cache keeps it: the leaf hashes and the stored hashes.
#[derive(Default)]
struct Log {
    leaves: Vec<Digest>,
    stored: BTreeMap<(u32, u64), Digest>,
}

impl Log {
    fn with(size: u64) -> Self {
        let mut log = Self::default();
        for number in 0..size {
            log.push(leaf_hash(number));
        }
        log
    }

    fn push(&mut self, leaf: Digest) {
        self.leaves.push(leaf);
        for node in tree::completed(self.leaves.len() as u64 - 1) {
            let hash = tree::from_below(node, |row| self.read(row)).unwrap();
            assert_eq!(self.stored.insert((node.level, node.number), hash), None, "{node:?}");
        }
    }

    fn read(&self, row: Row) -> Result<Vec<Digest>, Infallible> {
        let hash = |number| match row.level {
            0 => self.leaves[number as usize],
            level => self.stored[&(level, number)],
        };
        Ok(row.numbers.map(hash).collect())
    }

    fn hash(&self, leaves: Range<u64>) -> Digest {
        tree::subtree(leaves, |row| self.read(row)).unwrap()
    }

    fn root(&self, size: u64) -> Digest {
        self.hash(0..size)
    }

    fn hashes(&self, proof: Option<Vec<Range<u64>>>) -> Vec<Digest> {
        proof.unwrap().into_iter().map(|leaves| self.hash(leaves)).collect()
    }
}

fn entry(number: u64) -> [u8; 8] {
    number.to_be_bytes()
}

/// As the leaf hash of an entry is made.
fn leaf_hash(number: u64) -> Digest {
    Digest::new(Sha256::new().chain_update([0]).chain_update(entry(number)).finalize().into())
}

fn flipped(hash: Digest, bit: usize) -> Digest {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Digest::new(bytes)
}

type Theirs = MemoryBackedTree<Sha256, [u8; 8]>;

fn theirs(size: u64) -> Theirs {
    let mut theirs = Theirs::new();
    (0..size).for_each(|number| theirs.push(entry(number)));
    theirs
}

/// The hashes in a proof of theirs.
fn unpacked(bytes: &[u8]) -> Vec<Digest> {
    bytes.chunks(32).map(|hash| Digest::new(hash.try_into().unwrap())).collect()
}

fn packed(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Every size to 100, and some on both sides of the powers of two beyond.
fn sizes() -> impl Iterator<Item = u64> {
    (1..=100).chain([127, 128, 129, 255, 256, 257, 1_000, 1_023, 1_024, 1_025])
}

/// All leaves of the small trees, some of the large ones.
fn some(size: u64) -> impl Iterator<Item = u64> {
    (0..size).step_by(if size <= 100 { 1 } else { 37 }).chain([size - 1])
}

#[test]
fn an_empty_log_has_the_root_of_the_rfc() {
    let root = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Log::default().root(0).to_string(), root);
}

/// The tree of Certificate Transparency's own tests: eight leaves, of which some are empty or start as inner nodes do.
#[test]
fn the_roots_of_certificate_transparency_are_ours() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\0",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let mut log = Log::default();
    for leaf in leaves {
        log.push(Digest::new(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()));
    }
    for (size, root) in [
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ] {
        assert_eq!(log.root(size).to_string(), root);
    }
}

#[test]
fn roots_and_proofs_are_those_of_an_independent_implementation() {
    let log = Log::with(1_025);
    let roots: Vec<_> = (0..=1_025)
        .scan(Theirs::new(), |theirs, number| {
            let root = theirs.root();
            theirs.push(entry(number));
            Some(root)
        })
        .collect();
    for size in sizes() {
        let theirs = theirs(size);
        assert_eq!(log.root(size).as_bytes()[..], theirs.root().as_bytes()[..], "{size}");
        for leaf in some(size) {
            let proof = log.hashes(tree::inclusion(leaf, size));
            assert_eq!(proof, unpacked(theirs.prove_inclusion(leaf as usize).as_bytes()), "{leaf} in {size}");
            let given = InclusionProof::from_bytes(packed(&proof));
            theirs.root().verify_inclusion(&entry(leaf), leaf, &given).unwrap();
        }
        for old in some(size).filter(|old| *old > 0) {
            let proof = log.hashes(tree::consistency(old, size));
            let added = (size - old) as usize;
            assert_eq!(proof, unpacked(theirs.prove_consistency(added).as_bytes()), "{old} to {size}");
            let given = ConsistencyProof::try_from_bytes(packed(&proof)).unwrap();
            theirs.root().verify_consistency(&roots[old as usize], &given).unwrap();
        }
    }
}

#[test]
fn an_inclusion_proof_with_any_hash_changed_is_refused() {
    let log = Log::with(1_025);
    for size in sizes() {
        let root = log.root(size);
        for leaf in some(size) {
            let hash = log.leaves[leaf as usize];
            let proof = log.hashes(tree::inclusion(leaf, size));
            assert!(tree::includes(root, size, leaf, hash, &proof), "{leaf} in {size}");
            let refused = |root, size, leaf, hash, proof: &[Digest], what: &str| {
                assert!(!tree::includes(root, size, leaf, hash, proof), "{what}: {leaf} in {size}");
            };
            for at in 0..proof.len() {
                let mut other = proof.clone();
                other[at] = flipped(other[at], (at * 41 + leaf as usize) % 256);
                refused(root, size, leaf, hash, &other, "flipped");
                other.remove(at);
                refused(root, size, leaf, hash, &other, "removed");
            }
            refused(root, size, leaf, hash, &[&proof[..], &[root]].concat(), "added");
            refused(root, size, leaf, hash, &[&[root], &proof[..]].concat(), "added before");
            refused(flipped(root, 5), size, leaf, hash, &proof, "another root");
            refused(root, size, leaf, flipped(hash, 5), &proof, "another leaf");
            for other in some(size).filter(|other| *other != leaf) {
                refused(root, size, other, hash, &proof, "another place");
            }
            refused(root, size, size, hash, &proof, "beyond the end");
            refused(root, 0, 0, hash, &proof, "an empty log");
        }
    }
}

#[test]
fn a_consistency_proof_with_any_hash_changed_is_refused() {
    let log = Log::with(1_025);
    for size in sizes() {
        let root = log.root(size);
        for old in some(size).filter(|old| *old > 0).chain([size]) {
            let old_root = log.root(old);
            let proof = log.hashes(tree::consistency(old, size));
            assert!(tree::extends(root, size, old_root, old, &proof), "{old} to {size}");
            let refused = |root, old_root, old, proof: &[Digest], what: &str| {
                assert!(!tree::extends(root, size, old_root, old, proof), "{what}: {old} to {size}");
            };
            for at in 0..proof.len() {
                let mut other = proof.clone();
                other[at] = flipped(other[at], (at * 41 + old as usize) % 256);
                refused(root, old_root, old, &other, "flipped");
                other.remove(at);
                refused(root, old_root, old, &other, "removed");
            }
            refused(root, old_root, old, &[&proof[..], &[root]].concat(), "added");
            refused(root, old_root, old, &[&[root], &proof[..]].concat(), "added before");
            refused(flipped(root, 5), old_root, old, &proof, "another root");
            refused(root, flipped(old_root, 5), old, &proof, "another old root");
            refused(root, old_root, size + 1, &proof, "a log that became shorter");
            refused(root, old_root, 0, &proof, "from an empty log");
        }
    }
}

/// A proof fits several sizes, because it follows from the bits of both numbers: the size is believed because it is
/// signed together with the root. A proof for another old size has another old root.
#[test]
fn a_proof_for_another_old_size_is_refused_with_its_own_root() {
    let log = Log::with(60);
    for size in 1..=60 {
        for (old, other) in (1..=size).flat_map(|old| (1..=size).map(move |other| (old, other))) {
            let proof = log.hashes(tree::consistency(other, size));
            let extended = tree::extends(log.root(size), size, log.root(old), old, &proof);
            assert_eq!(extended, old == other, "{old} with the proof from {other} to {size}");
        }
    }
}

#[test]
fn there_is_no_proof_of_what_is_not_there() {
    for (leaf, size) in [(0, 0), (1, 1), (5, 4), (u64::MAX, u64::MAX)] {
        assert_eq!(tree::inclusion(leaf, size), None);
    }
    for (old, size) in [(0, 0), (0, 4), (5, 4), (u64::MAX, u64::MAX - 1)] {
        assert_eq!(tree::consistency(old, size), None);
    }
    assert_eq!(tree::consistency(4, 4), Some(vec![]));
}

/// A root or a proof of a million entries reads few hashes, wherever it is.
#[test]
fn roots_and_proofs_read_few_hashes() {
    let reads = |ranges: Vec<Range<u64>>| {
        let mut reads = 0;
        for range in ranges {
            tree::subtree(range, |row| {
                reads += row.numbers.end - row.numbers.start;
                Ok::<_, Infallible>(row.numbers.map(|_| Digest::NONE).collect())
            })
            .unwrap();
        }
        reads
    };
    for size in [1_000_000, 1_048_575, 1_048_576, 1_048_577] {
        assert!(reads(std::iter::once(0..size).collect()) <= 75);
        for at in [1, 2, size / 3, size / 2, size - 2, size - 1] {
            assert!(reads(tree::inclusion(at, size).unwrap()) <= 150, "{at}");
            assert!(reads(tree::consistency(at, size).unwrap()) <= 150, "{at}");
        }
    }
}

#[test]
fn every_fourth_level_is_stored_and_nothing_twice() {
    for size in sizes() {
        let log = Log::with(size);
        let counted: u64 = tree::stored(size).map(|(_, count)| count).sum();
        assert_eq!(log.stored.len() as u64, counted, "{size}");
        assert!(counted <= size / 15, "{size}");
        assert!(log.stored.keys().all(|(level, number)| level % 4 == 0 && (number + 1) << level <= size));
    }
    assert_eq!(tree::completed(u64::MAX).count(), 15);
    assert_eq!(tree::stored(u64::MAX).count(), 15);
}

proptest! {
    /// Numbers and proofs as an attacker chooses them, on both sides of what is possible.
    #[test]
    fn no_proof_makes_the_verifier_panic(
        size in size_or_edge(), at in size_or_edge(), hashes in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let hashes: Vec<Digest> = hashes.into_iter().map(Digest::new).collect();
        let root = Digest::NONE;
        prop_assert!(!tree::includes(root, size, at, root, &hashes));
        prop_assert_eq!(tree::extends(root, size, root, at, &hashes), at == size && size > 0 && hashes.is_empty());
    }

    /// The shape of a proof follows from the numbers, up to the largest: its subtrees and the leaf are all leaves.
    #[test]
    fn the_subtrees_of_a_proof_cover_every_leaf_once(size in size_or_edge(), at in size_or_edge()) {
        prop_assume!(at < size && at > 0);
        let mut ranges = tree::inclusion(at, size).unwrap();
        ranges.push(at..at + 1);
        ranges.sort_by_key(|range| range.start);
        prop_assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, size));
        prop_assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        prop_assert!(tree::consistency(at, size).unwrap().len() <= 65);
    }
}

fn size_or_edge() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..20u64,
        any::<u64>(),
        (0..64u32).prop_map(|bit| 1 << bit),
        Just(u64::MAX),
        (0..3u64).prop_map(|n| u64::MAX - n)
    ]
}
