//! Public keys, each decoded once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ed25519_dalek::{Signature, VerifyingKey};

/// The size at which the cache is cleared, to bound memory. A log with more keys only costs more time.
const MOST_KEYS: usize = 10_000;

/// A cache of decoded keys, shared between threads. Decoding a key costs a square root in the field.
#[derive(Default)]
pub struct Keys {
    decoded: Mutex<HashMap<[u8; 32], Option<VerifyingKey>>>,
}

impl Keys {
    /// The key with this compressed point; `None` if it does not decode to a point of the curve (RFC 8032, 5.1.3).
    pub fn decode(&self, point: &[u8; 32]) -> Option<VerifyingKey> {
        let mut decoded = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        if decoded.len() > MOST_KEYS {
            decoded.clear();
        }
        *decoded.entry(*point).or_insert_with(|| VerifyingKey::from_bytes(point).ok())
    }

    /// Whether `verify_strict` accepts a signature by the key with this compressed point. Every signature is verified
    /// here.
    pub fn verify_strict(&self, point: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let key = self.decode(point);
        key.is_some_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
    }
}
