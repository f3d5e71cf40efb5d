//! The numbers that histories are drawn with.

/// A small generator of numbers that repeats (SplitMix64).
pub struct Rng(u64);

impl Rng {
    /// The numbers of a seed, far from those of the next.
    pub fn new(seed: u64) -> Self {
        let mut rng = Self(seed);
        Self(rng.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// Whether something happens that happens so many times in a hundred.
    pub fn percent(&mut self, of: usize) -> bool {
        self.below(100) < of
    }

    /// One of these.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// One of these, or something else where there are none.
    pub fn one_or<T: Clone>(&mut self, of: &[T], other: T) -> T {
        if of.is_empty() { other } else { self.one(of) }
    }

    /// One of these, if there are any.
    pub fn maybe<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(self.one(of)) }
    }

    /// Some of these, each so many times in a hundred.
    pub fn some<T: Clone>(&mut self, of: &[T], percent: usize) -> Vec<T> {
        of.iter().filter(|_| self.percent(percent)).cloned().collect()
    }

    /// The place of one of these weights.
    pub fn weighed(&mut self, weights: &[usize]) -> usize {
        let mut at = self.below(weights.iter().sum());
        weights
            .iter()
            .position(|weight| {
                if at < *weight {
                    true
                } else {
                    at -= weight;
                    false
                }
            })
            .unwrap()
    }
}
