//! Public keys, each decoded once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ed25519_dalek::VerifyingKey;

/// The most keys that are kept: a file with more of them only loses the time saved.
const MOST_KEYS: usize = 10_000;

/// Decoded keys, shared between threads. Decoding one costs a square root in the field.
#[derive(Default)]
pub struct Keys {
    decoded: Mutex<HashMap<[u8; 32], Option<VerifyingKey>>>,
}

impl Keys {
    /// The key with this compressed point; `None` where that is no point of the curve.
    pub fn decode(&self, point: &[u8; 32]) -> Option<VerifyingKey> {
        let mut decoded = self.decoded.lock().unwrap_or_else(PoisonError::into_inner);
        if decoded.len() > MOST_KEYS {
            decoded.clear();
        }
        *decoded.entry(*point).or_insert_with(|| VerifyingKey::from_bytes(point).ok())
    }
}
