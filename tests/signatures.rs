//! twinseal accepts a signature exactly if `verify_strict` accepts it. The cases cover other scalars, points of small
//! order or with torsion as key and R, non-canonical encodings, s not below the group order, and flipped bits. The same
//! holds for whole entries, and for cached and uncached keys.

use crate::support::World;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, VerifyingKey};
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};
use twinseal::format::sshsig::{self, Signed};
use twinseal::format::{Keys, Raw, entry};

const NAMESPACE: &str = "twinseal/strict/v1";

/// 2^255 - 19, the prime of the field, in little-endian order.
const P: [u8; 32] = {
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    p
};

/// The order of the prime-order group.
fn order() -> [u8; 32] {
    let mut order = (-Scalar::ONE).to_bytes();
    order[0] += 1;
    order
}

/// The sum modulo 2^256.
fn sum(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    std::array::from_fn(|at| {
        carry += u16::from(a[at]) + u16::from(b[at]);
        let byte = carry as u8;
        carry >>= 8;
        byte
    })
}

/// The encoding of a point.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    Canonical,
    /// The sign bit flipped: another point, or a non-canonical encoding if x is zero.
    OtherSign,
    /// p added to y if the sum is below 2^255: a non-canonical encoding.
    Beyond,
}

/// A point: a multiple of the base point plus a point of small order.
#[derive(Debug, Clone, Copy)]
struct Part {
    scalar: u64,
    torsion: usize,
    spelling: Spelling,
}

impl Part {
    fn scalar(&self) -> Scalar {
        Scalar::from(self.scalar)
    }

    fn bytes(&self) -> [u8; 32] {
        let point: EdwardsPoint = self.scalar() * B + EIGHT_TORSION[self.torsion];
        let mut bytes = point.compress().0;
        let small = bytes[1..31].iter().all(|b| *b == 0) && bytes[0] < 19;
        match self.spelling {
            Spelling::OtherSign => bytes[31] ^= 0x80,
            Spelling::Beyond if small => bytes = sum(bytes, P),
            Spelling::Canonical | Spelling::Beyond => {}
        }
        bytes
    }
}

fn part() -> impl Strategy<Value = Part> {
    let spelling =
        prop_oneof![8 => Just(Spelling::Canonical), 1 => Just(Spelling::OtherSign), 1 => Just(Spelling::Beyond)];
    let torsion = prop_oneof![6 => Just(0usize), 4 => 0usize..8];
    // Few scalars, so that keys repeat. Zero gives a point of small order.
    (0u64..5, torsion, spelling).prop_map(|(scalar, torsion, spelling)| Part { scalar, torsion, spelling })
}

/// A signature that is valid up to torsion, with a multiple of the group order added to s and possibly a bit flipped.
#[derive(Debug, Clone)]
struct Case {
    key: Part,
    r: Part,
    message: u8,
    orders: u8,
    flip: Option<usize>,
}

fn case() -> impl Strategy<Value = Case> {
    let orders = prop_oneof![8 => Just(0u8), 2 => 0u8..15];
    let flip = prop_oneof![6 => Just(None), 4 => (0usize..97 * 8).prop_map(Some)];
    let parts = (part(), part(), 0u8..16, orders, flip);
    parts.prop_map(|(key, r, message, orders, flip)| Case { key, r, message, orders, flip })
}

impl Case {
    /// Key, R, s and a message of one byte.
    fn bytes(&self) -> [u8; 97] {
        let (key, r, message) = (self.key.bytes(), self.r.bytes(), [self.message]);
        let data = sshsig::signed_data(NAMESPACE, &message);
        let k = Sha512::new().chain_update(r).chain_update(key).chain_update(data).finalize();
        let s = self.r.scalar() + Scalar::from_bytes_mod_order_wide(&k.into()) * self.key.scalar();
        let s = (0..self.orders).fold(s.to_bytes(), |s, _| sum(s, order()));
        let mut bytes: [u8; 97] = [&key[..], &r, &s, &message].concat().try_into().unwrap();
        if let Some(bit) = self.flip {
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        bytes
    }
}

fn strictly(bytes: &[u8; 97]) -> bool {
    let data = sshsig::signed_data(NAMESPACE, &bytes[96..]);
    let signature = Signature::from_slice(&bytes[32..96]).unwrap();
    let key = VerifyingKey::from_bytes(bytes[..32].try_into().unwrap());
    key.is_ok_and(|key| key.verify_strict(&data, &signature).is_ok())
}

/// The verdict of twinseal with a key cache.
fn accepted(keys: &Keys, bytes: &[u8; 97]) -> bool {
    let (key, signature) = (bytes[..32].try_into().unwrap(), bytes[32..96].try_into().unwrap());
    let blob = sshsig::encode(&key, NAMESPACE, &signature);
    let verdict = sshsig::verify_with(keys, NAMESPACE, &bytes[96..], &blob);
    assert_eq!(sshsig::verify(NAMESPACE, &bytes[96..], &blob), verdict);
    assert!(verdict.is_err() || verdict == Ok(Signed::by(&key)));
    verdict.is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_verdict_is_that_of_verify_strict(cases in prop::collection::vec(case(), 1..40)) {
        let keys = Keys::default();
        // In the second round every key is cached.
        for case in cases.iter().chain(&cases) {
            let bytes = case.bytes();
            prop_assert_eq!(accepted(&keys, &bytes), strictly(&bytes));
        }
    }
}

#[test]
fn a_signature_for_another_cached_key_is_refused() {
    let honest = |scalar| {
        let key = Part { scalar, torsion: 0, spelling: Spelling::Canonical };
        Case { key, r: Part { scalar: 7, ..key }, message: 0, orders: 0, flip: None }.bytes()
    };
    let (keys, honest) = (Keys::default(), [honest(1000), honest(1001), honest(1002)]);
    assert!(honest.iter().all(|bytes| accepted(&keys, bytes)));
    for at in 0..3 {
        let mut forged = honest[at];
        forged[..32].copy_from_slice(&honest[(at + 1) % 3][..32]);
        assert!(!accepted(&keys, &forged));
    }
}

/// Checks that the generator above yields both accepted and refused cases.
#[test]
fn the_cases_are_accepted_and_refused() {
    let canonical = |scalar, torsion| Part { scalar, torsion, spelling: Spelling::Canonical };
    let honest = Case { key: canonical(3, 0), r: canonical(4, 0), message: 0, orders: 0, flip: None };
    assert!(strictly(&honest.bytes()));
    for wrong in [
        Case { key: canonical(0, 3), ..honest.clone() },
        Case { r: canonical(0, 0), ..honest.clone() },
        Case { r: canonical(4, 5), ..honest.clone() },
        Case { orders: 1, ..honest.clone() },
        Case { flip: Some(400), ..honest.clone() },
        Case { r: Part { spelling: Spelling::OtherSign, ..honest.r }, ..honest.clone() },
    ] {
        assert!(!strictly(&wrong.bytes()), "{wrong:?}");
    }
    // A key with torsion and a message for which the torsion cancels out: `verify_strict` accepts the signature.
    // Enrolment refuses such keys.
    let torsion = (0..=255).map(|message| Case { key: canonical(3, 4), message, ..honest.clone() });
    let accepted = torsion.filter(|case| strictly(&case.bytes())).count();
    assert!((1..256).contains(&accepted), "{accepted}");
}

#[test]
fn a_key_cache_changes_no_verdict_about_entries() {
    let world = World::approved();
    let mut raws: Vec<Raw> = (0..world.entries()).map(|seq| world.raw(seq)).collect();
    // The same entries with one bit flipped, at forty positions each.
    let flipped: Vec<Raw> = raws.iter().flat_map(|raw| (0..40).map(|n| flip(raw, n))).collect();
    raws.extend(flipped);
    let alone: Vec<_> = raws.iter().map(entry::open).collect();
    assert!(alone.iter().any(Result::is_ok) && alone.iter().any(Result::is_err));
    let keys = Keys::default();
    for _ in 0..2 {
        let again: Vec<_> = raws.iter().map(|raw| entry::open_with(&keys, raw)).collect();
        assert_eq!(again, alone);
    }
}

fn flip(raw: &Raw, n: usize) -> Raw {
    let mut flipped = raw.clone();
    let at = n * flipped.blob.len() / 40;
    flipped.blob[at] ^= 1 << (n % 8);
    flipped
}
