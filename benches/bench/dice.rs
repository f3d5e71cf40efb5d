//! The chance by which a register is generated: the same each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

/// A deterministic source of pseudo-random numbers.
#[derive(Clone, Default)]
pub struct Dice(Arc<AtomicU64>);

impl Dice {
    /// The next number, in bytes.
    pub fn bytes(&self) -> [u8; 32] {
        Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes()).into()
    }

    /// A number below a bound.
    pub fn below(&self, bound: usize) -> usize {
        let number = self.bytes()[..6].iter().fold(0, |number, b| number << 8 | usize::from(*b));
        number % bound
    }

    /// True with a probability of `percent` in a hundred.
    pub fn percent(&self, percent: usize) -> bool {
        self.below(100) < percent
    }
}
