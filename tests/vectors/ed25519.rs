//! The known pitfalls of Ed25519: keys and signatures that some implementations accept and others refuse.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT as B, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, IsIdentity};
use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use sha2::{Digest as _, Sha512};
use twinseal::domain::{BadKey, PublicKey};
use twinseal::format::Keys;
use twinseal::format::sshsig::{self, Signed};

use super::good_log::{key, point};

/// 2^255 - 19, the prime of the field, little-endian.
pub const P: [u8; 32] = {
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    p
};

/// The order of the prime-order group: 2^252 + 27742317777372353535851937790883648493 (RFC 8032, section 5.1).
pub const L: [u8; 32] = {
    let (low, mut l) = (27_742_317_777_372_353_535_851_937_790_883_648_493_u128.to_le_bytes(), [0; 32]);
    let mut at = 0;
    while at < 16 {
        l[at] = low[at];
        at += 1;
    }
    l[31] = 0x10;
    l
};

pub fn sum(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    let mut carry = 0;
    std::array::from_fn(|at| {
        carry += u16::from(a[at]) + u16::from(b[at]);
        let byte = carry as u8;
        carry >>= 8;
        byte
    })
}

pub fn plus(a: [u8; 32], n: u8) -> [u8; 32] {
    let mut b = [0; 32];
    b[0] = n;
    sum(a, b)
}

pub fn with_sign_bit(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] ^= 0x80;
    bytes
}

pub fn decompress(bytes: [u8; 32]) -> Option<EdwardsPoint> {
    CompressedEdwardsY(bytes).decompress()
}

/// Bytes that encode no point.
pub fn no_point() -> [u8; 32] {
    (2..).map(|y| plus([0; 32], y)).find(|bytes| decompress(*bytes).is_none()).unwrap()
}

/// Every non-canonical encoding of a point of small order: y >= p, or the sign bit on x = 0.
pub fn other_spellings_of_small_order() -> Vec<[u8; 32]> {
    let reduced = EIGHT_TORSION.iter().map(|point| point.compress().0);
    let beyond = (0..19).map(|n| plus(P, n));
    let candidates = reduced.chain(beyond).flat_map(|bytes| [bytes, with_sign_bit(bytes)]);
    let mut spellings: Vec<[u8; 32]> = candidates
        .filter(|bytes| decompress(*bytes).is_some_and(|it| it.is_small_order() && it.compress().0 != *bytes))
        .collect();
    spellings.sort_unstable();
    spellings.dedup();
    spellings
}

#[test]
fn constants_are_what_they_are_said_to_be() {
    assert_eq!(plus((-Scalar::ONE).to_bytes(), 1), L);
    // y = p is a non-canonical encoding of y = 0, a point of order four.
    assert_eq!(decompress(P).unwrap(), decompress([0; 32]).unwrap());
    assert!(EIGHT_TORSION.iter().all(|point| point.mul_by_cofactor().is_identity()));
}

#[test]
fn keys_of_small_order_are_not_enrolled() {
    for point in EIGHT_TORSION {
        assert_eq!(PublicKey::from_bytes(point.compress().0), Err(BadKey::Weak));
    }
}

#[test]
fn second_spellings_of_a_point_are_not_enrolled() {
    let spellings = other_spellings_of_small_order();
    // p and p + 1, each with both signs; 1 and p - 1 with the sign bit on x = 0.
    assert_eq!(spellings.len(), 6);
    for bytes in spellings {
        assert!(VerifyingKey::from_bytes(&bytes).is_ok(), "the library alone would take it");
        assert_eq!(PublicKey::from_bytes(bytes), Err(BadKey::NotCanonical));
    }
    for bytes in (0..19).flat_map(|n| [plus(P, n), with_sign_bit(plus(P, n))]) {
        let expected = decompress(bytes).map_or(BadKey::NotAPoint, |_| BadKey::NotCanonical);
        assert_eq!(PublicKey::from_bytes(bytes), Err(expected));
    }
}

#[test]
fn keys_with_torsion_are_not_enrolled() {
    let honest = decompress(point(&key("alice"))).unwrap();
    assert!(PublicKey::from_bytes(honest.compress().0).is_ok());
    for torsion in &EIGHT_TORSION[1..] {
        let bytes = (honest + torsion).compress().0;
        assert!(!VerifyingKey::from_bytes(&bytes).unwrap().is_weak(), "a check for weak keys alone would take it");
        assert_eq!(PublicKey::from_bytes(bytes), Err(BadKey::Torsion));
    }
}

#[test]
fn bytes_that_are_no_point_are_not_enrolled() {
    assert_eq!(PublicKey::from_bytes(no_point()), Err(BadKey::NotAPoint));
}

pub const NAMESPACE: &str = "twinseal/vectors/v1";

/// A forged key, signature and message.
pub struct Forged {
    pub key: [u8; 32],
    pub signature: [u8; 64],
    pub message: Vec<u8>,
}

/// A point and its encoding.
#[derive(Clone, Copy)]
pub struct Written {
    pub scalar: Scalar,
    pub torsion: EdwardsPoint,
    pub bytes: [u8; 32],
}

pub fn written(scalar: u64, torsion: EdwardsPoint) -> Written {
    let scalar = Scalar::from(scalar);
    Written { scalar, torsion, bytes: (scalar * B + torsion).compress().0 }
}

pub fn challenge(r: [u8; 32], a: [u8; 32], message: &[u8]) -> Scalar {
    let data = sshsig::signed_data(NAMESPACE, message);
    let hash = Sha512::new().chain_update(r).chain_update(a).chain_update(data).finalize();
    Scalar::from_bytes_mod_order_wide(&hash.into())
}

/// A signature that satisfies the verification equation up to torsion. The message is the first one for which the
/// torsion cancels out (`exact`) or does not.
pub fn forge(a: Written, r: Written, exact: bool) -> Forged {
    let messages = (0..10_000).map(|n: u32| n.to_string().into_bytes());
    let fits =
        |message: &Vec<u8>| (r.torsion + challenge(r.bytes, a.bytes, message) * a.torsion).is_identity() == exact;
    let message = messages.into_iter().find(fits).unwrap();
    let s = r.scalar + challenge(r.bytes, a.bytes, &message) * a.scalar;
    Forged { key: a.bytes, signature: [r.bytes, s.to_bytes()].concat().try_into().unwrap(), message }
}

/// The most tolerant verifier: any encoding, any S, and the cofactored equation.
pub fn laxly(it: &Forged) -> bool {
    let (r, s): ([u8; 32], [u8; 32]) = (it.signature[..32].try_into().unwrap(), it.signature[32..].try_into().unwrap());
    let (Some(a), Some(point)) = (decompress(it.key), decompress(r)) else { return false };
    let k = challenge(r, it.key, &it.message);
    (Scalar::from_bytes_mod_order(s) * B - point - k * a).mul_by_cofactor().is_identity()
}

/// Plain `verify`, which most programs call.
pub fn plainly(it: &Forged) -> bool {
    let data = sshsig::signed_data(NAMESPACE, &it.message);
    let key = VerifyingKey::from_bytes(&it.key);
    key.is_ok_and(|key| key.verify(&data, &Signature::from_bytes(&it.signature)).is_ok())
}

/// The check that twinseal applies to entries.
pub fn by_us(it: &Forged) -> bool {
    let blob = sshsig::encode(&it.key, NAMESPACE, &it.signature);
    let verdict = sshsig::verify(NAMESPACE, &it.message, &blob);
    // Check twice: the second time, the decoded key comes from the cache.
    let keys = Keys::default();
    for _ in 0..2 {
        assert_eq!(sshsig::verify_with(&keys, NAMESPACE, &it.message, &blob), verdict);
    }
    assert!(verdict.is_err() || verdict == Ok(Signed::by(&it.key)));
    verdict.is_ok()
}

pub fn enrolled(it: &Forged) -> bool {
    PublicKey::from_bytes(it.key).is_ok()
}

/// Asserts which verifiers accept: the tolerant one, plain `verify`, and ours; and whether the key can be enrolled.
#[track_caller]
pub fn accepted(it: &Forged, lax: bool, plain: bool, ours: bool, key: bool) {
    assert_eq!((laxly(it), plainly(it), by_us(it), enrolled(it)), (lax, plain, ours, key));
    assert!(!(ours && key) || (lax && plain), "we accept what nobody else does");
}

pub fn identity() -> EdwardsPoint {
    EdwardsPoint::identity()
}

#[test]
fn an_honest_signature_is_accepted_by_everybody() {
    accepted(&forge(written(7, identity()), written(9, identity()), true), true, true, true, true);
}

#[test]
fn a_key_of_small_order_signs_nothing() {
    for torsion in EIGHT_TORSION {
        for r in [written(0, identity()), written(9, identity())] {
            accepted(&forge(written(0, torsion), r, true), true, true, false, false);
        }
    }
}

#[test]
fn a_key_in_a_second_spelling_signs_nothing() {
    for bytes in other_spellings_of_small_order() {
        let a = Written { scalar: Scalar::ZERO, torsion: decompress(bytes).unwrap(), bytes };
        accepted(&forge(a, written(9, identity()), true), true, true, false, false);
    }
}

#[test]
fn an_r_of_small_order_signs_nothing() {
    accepted(&forge(written(7, identity()), written(0, identity()), true), true, true, false, true);
    for torsion in &EIGHT_TORSION[1..] {
        accepted(&forge(written(7, identity()), written(0, *torsion), false), true, false, false, true);
        accepted(&forge(written(7, *torsion), written(0, -torsion), true), true, true, false, false);
    }
}

#[test]
fn an_r_in_a_second_spelling_signs_nothing() {
    for bytes in other_spellings_of_small_order() {
        let torsion = decompress(bytes).unwrap();
        let r = Written { scalar: Scalar::ZERO, torsion, bytes };
        accepted(&forge(written(7, identity()), r, torsion.is_identity()), true, false, false, true);
    }
}

#[test]
fn an_r_with_torsion_signs_nothing() {
    for torsion in &EIGHT_TORSION[1..] {
        accepted(&forge(written(7, identity()), written(9, *torsion), false), true, false, false, true);
    }
}

/// The strict check does not look for torsion in the key. Enrolment refuses such keys, and with them every signature
/// on which verifiers disagree.
#[test]
fn a_key_with_torsion_is_stopped_at_enrolment_and_only_there() {
    for torsion in &EIGHT_TORSION[1..] {
        let a = written(7, *torsion);
        accepted(&forge(a, written(9, identity()), true), true, true, true, false);
        accepted(&forge(a, written(9, identity()), false), true, false, false, false);
        accepted(&forge(a, written(9, -torsion), true), true, true, true, false);
    }
}

#[test]
fn s_is_smaller_than_the_order() {
    let honest = forge(written(7, identity()), written(9, identity()), true);
    let mut s: [u8; 32] = honest.signature[32..].try_into().unwrap();
    for _ in 0..15 {
        s = sum(s, L);
        let signature = [&honest.signature[..32], &s].concat().try_into().unwrap();
        accepted(&Forged { signature, message: honest.message.clone(), ..honest }, true, false, false, true);
    }
    // S = L stands for zero.
    let zero = written(0, identity());
    let signature = [zero.bytes, L].concat().try_into().unwrap();
    accepted(&Forged { key: zero.bytes, signature, message: b"any".to_vec() }, true, false, false, false);
}
