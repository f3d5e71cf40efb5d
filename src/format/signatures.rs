//! Many signatures at once, with exactly the verdicts of `verify_strict` of ed25519-dalek.
//!
//! `verify_strict` accepts a signature (R, s) by a key A if s is smaller than the order of the group, A and R are
//! points, neither is of small order, and the encoding of \[s\]B - \[k\]A is R, byte by byte. Here the same point is
//! computed, and compared in the same way. What is spared:
//!
//! - A is decoded once for all signatures by it, and where those are many, multiples of it are kept: then each of the
//!   two products is a sum of such multiples (Brickell, Gordon, McCurley, Wilson, "Fast exponentiation with
//!   precomputation", 1992).
//! - R is not decoded: where it is the encoding of a point that was computed, it is that point's only encoding. So it
//!   is of small order if it is one of the eight encodings of those points.
//! - The computed points are encoded together: one inversion for all of them.
//!
//! Nothing is combined at random, and nothing is multiplied by the cofactor: each signature is judged by itself.
//! `tests/strict.rs` holds both ways against each other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsBasepointTable, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{BasepointTable, Identity};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha512};

use super::sshsig::Claim;
use crate::domain::Fingerprint;

/// How many decoded keys are kept: whoever fills a file with more gains nothing by it.
const MOST_KEYS: usize = 10_000;

/// How many of them may have tables, of 30 KiB each.
const MOST_TABLES: usize = 100;

/// After how many signatures a key gets them: to make them takes as long as they save in so many.
const WORTH_TABLES: u32 = 150;

/// The encodings of the points of small order.
static SMALL: LazyLock<[CompressedEdwardsY; 8]> = LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress()));

/// Keys that were met before, by whichever thread.
pub struct Keys {
    known: Mutex<HashMap<[u8; 32], Arc<Known>>>,
    worth_tables: u32,
    tables: AtomicUsize,
}

impl Default for Keys {
    fn default() -> Self {
        Self::with_tables_after(WORTH_TABLES)
    }
}

/// A key as it is needed again and again.
struct Known {
    fingerprint: Fingerprint,
    /// -A; none where A is no point, or one of small order.
    minus: Option<EdwardsPoint>,
    met: AtomicU32,
    /// Multiples of -A.
    tables: OnceLock<Box<EdwardsBasepointTable>>,
}

impl Known {
    fn new(key: &[u8; 32]) -> Self {
        let point = VerifyingKey::from_bytes(key).ok().map(|key| key.to_edwards());
        let minus = point.filter(|point| !point.is_small_order()).map(|point| -point);
        Self { fingerprint: Fingerprint::of(key), minus, met: AtomicU32::new(0), tables: OnceLock::new() }
    }
}

impl Keys {
    /// None yet. Each gets tables after so many signatures, as long as there is room.
    pub fn with_tables_after(signatures: u32) -> Self {
        Self { known: Mutex::default(), worth_tables: signatures, tables: AtomicUsize::new(0) }
    }

    /// Judges each claim by itself, in order: whose signature it is, or none where it does not hold.
    pub fn judge<'a>(&self, claims: impl IntoIterator<Item = &'a Claim>) -> Vec<Option<Fingerprint>> {
        let claims = self.meet(claims);
        // The point in place of none is of small order: nothing that encodes it is accepted.
        let computed =
            claims.iter().map(|(claim, key)| self.recompute(claim, key).unwrap_or_else(EdwardsPoint::identity));
        let computed: Vec<EdwardsPoint> = computed.collect();
        let encoded = EdwardsPoint::compress_batch_alloc(&computed);
        let holds = |it: &CompressedEdwardsY, claim: &Claim| it.as_bytes() == claim.r() && !SMALL.contains(it);
        let verdicts =
            encoded.iter().zip(&claims).map(|(it, (claim, key))| holds(it, claim).then_some(key.fingerprint));
        verdicts.collect()
    }

    fn meet<'a>(&self, claims: impl IntoIterator<Item = &'a Claim>) -> Vec<(&'a Claim, Arc<Known>)> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MOST_KEYS {
            known.clear();
        }
        let mut get = |key| Arc::clone(known.entry(key).or_insert_with_key(|key| Arc::new(Known::new(key))));
        claims.into_iter().map(|claim| (claim, get(*claim.key()))).collect()
    }

    /// \[s\]B - \[k\]A; none where s or A is of no use.
    fn recompute(&self, claim: &Claim, key: &Known) -> Option<EdwardsPoint> {
        let minus = key.minus.as_ref()?;
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*claim.s()))?;
        let mut hash = Sha512::new();
        hash.update(claim.r());
        hash.update(claim.key());
        hash.update(claim.message());
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        // Only one thread makes them, and no other waits for it.
        if key.met.fetch_add(1, Ordering::Relaxed) == self.worth_tables
            && self.tables.fetch_add(1, Ordering::Relaxed) < MOST_TABLES
        {
            let _ = key.tables.set(Box::new(EdwardsBasepointTable::create(minus)));
        }
        Some(match key.tables.get() {
            Some(tables) => EdwardsPoint::mul_base(&s) + tables.mul_base(&k),
            None => EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, minus, &s),
        })
    }
}
