//! Many signatures at once, with exactly the verdicts of `verify_strict` of ed25519-dalek.
//!
//! `verify_strict` accepts a signature (R, s) by a key A if s is smaller than the order of the group, A and R are
//! points, neither is of small order, and the encoding of \[s\]B - \[k\]A is R, byte by byte. Here the same point is
//! computed, and compared in the same way. What is spared:
//!
//! - A is decoded once for all signatures by it, and multiples of it are kept (Straus, "Addition chains of vectors", 1964).
//! - R is not decoded: where it is the encoding of a point that was computed, it is that point's only encoding. So it
//!   is of small order if it is one of the eight encodings of those points.
//! - The computed points are encoded together: one inversion for all of them.
//!
//! Nothing is combined at random, and nothing is multiplied by the cofactor: each signature is judged by itself.
//! `tests/strict.rs` holds both ways against each other.

use std::collections::HashMap;
use std::sync::LazyLock;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint, VartimeEdwardsPrecomputation};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimePrecomputedMultiscalarMul};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha512};

use super::sshsig::Claim;
use crate::domain::Fingerprint;

/// How many decoded keys are kept: whoever fills a file with more gains nothing by it.
const MOST_KEYS: usize = 10_000;

/// The encodings of the points of small order.
static SMALL: LazyLock<[CompressedEdwardsY; 8]> = LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress()));

/// Keys that were met before.
#[derive(Default)]
pub struct Keys {
    known: HashMap<[u8; 32], Known>,
}

/// How many of them have tables: those met first, since each takes 20 KiB.
const MOST_TABLES: usize = 100;

/// A key as it is needed again and again.
struct Known {
    fingerprint: Fingerprint,
    /// None where it is no point, or one of small order.
    point: Option<Point>,
}

/// A key's point A, ready for \[s\]B - \[k\]A.
enum Point {
    /// -A.
    Minus(Box<EdwardsPoint>),
    /// Multiples of B and -A.
    Tables(VartimeEdwardsPrecomputation),
}

impl Known {
    fn new(key: &[u8; 32], tables: bool) -> Self {
        let point = VerifyingKey::from_bytes(key).ok().map(|key| key.to_edwards());
        let point = point.filter(|point| !point.is_small_order()).map(|point| match tables {
            true => Point::Tables(VartimeEdwardsPrecomputation::new([ED25519_BASEPOINT_POINT, -point])),
            false => Point::Minus(Box::new(-point)),
        });
        Self { fingerprint: Fingerprint::of(key), point }
    }
}

impl Point {
    /// \[s\]B - \[k\]A.
    fn combine(&self, s: &Scalar, k: &Scalar) -> EdwardsPoint {
        match self {
            Self::Minus(minus) => EdwardsPoint::vartime_double_scalar_mul_basepoint(k, minus, s),
            Self::Tables(tables) => tables.vartime_multiscalar_mul([s, k]),
        }
    }
}

impl Keys {
    fn get(&mut self, key: &[u8; 32]) -> &Known {
        if self.known.len() > MOST_KEYS {
            self.known.clear();
        }
        let tables = self.known.len() < MOST_TABLES;
        self.known.entry(*key).or_insert_with_key(|key| Known::new(key, tables))
    }

    /// The fingerprint of a key.
    pub fn fingerprint(&mut self, key: &[u8; 32]) -> Fingerprint {
        self.get(key).fingerprint
    }

    /// Judges each claim by itself, in order.
    pub fn judge<'a>(&mut self, claims: impl IntoIterator<Item = &'a Claim>) -> Vec<bool> {
        let (mut claimed, mut computed) = (Vec::new(), Vec::new());
        for claim in claims {
            let point = self.recompute(claim);
            // The point in place of none is of small order: nothing that encodes it is accepted.
            computed.push(point.unwrap_or_else(EdwardsPoint::identity));
            claimed.push(claim.r());
        }
        let encoded = EdwardsPoint::compress_batch_alloc(&computed);
        let equal = encoded.iter().zip(claimed).map(|(it, r)| it.as_bytes() == r && !SMALL.contains(it));
        equal.collect()
    }

    /// \[s\]B - \[k\]A; none where s or A is of no use.
    fn recompute(&mut self, claim: &Claim) -> Option<EdwardsPoint> {
        let point = self.get(claim.key()).point.as_ref()?;
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*claim.s()))?;
        let mut hash = Sha512::new();
        hash.update(claim.r());
        hash.update(claim.key());
        hash.update(claim.message());
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        Some(point.combine(&s, &k))
    }
}
