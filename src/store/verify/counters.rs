//! Reports FIDO tokens whose counter fell. A token that counts never does so: a copy of its key may have signed. Tokens
//! that do not count say zero each time, and breaking no rule, a fallen counter invalidates nothing.

use std::collections::BTreeMap;

use crate::domain::{Fingerprint, Header};
use crate::store::Finding;
use crate::store::error::MOST;
use crate::trf;

/// The newest counter of each key, and what fell.
#[derive(Default)]
pub struct Counters {
    newest: BTreeMap<Fingerprint, (u64, u32)>,
    fallen: Vec<Finding>,
}

impl Counters {
    /// Takes in an entry in the order of the log.
    pub fn take(&mut self, header: &Header) {
        let Some(touch) = header.touch else { return };
        let (key, now) = (header.key, touch.counter);
        match self.newest.insert(key, (header.seq, now)) {
            Some((seq, before)) if now < before && self.fallen.len() < MOST => {
                let meaning = trf!(
                    "the counter of FIDO key {key} is {now}, and was {before} in entry {seq}: its key may have been copied",
                    "FIDO 密钥 {key} 的计数为 {now}，而第 {seq} 条中为 {before}：密钥可能被复制"
                );
                self.fallen.push(Finding::at(header.seq, "counter", meaning));
            }
            _ => {}
        }
    }

    /// One notice for each fall.
    pub fn notices(self) -> Vec<Finding> {
        self.fallen
    }
}
