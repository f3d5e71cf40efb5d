//! People and machines with their keys, as the entries so far made them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::words::words;
use super::{Digest, PersonId, PublicKey, Standing};

/// Somebody enrolled, a person or a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What they may do.
    pub standing: Standing,
    /// The leaf hash of the entry that gave them this standing.
    pub since: Digest,
    /// Whether they were let go.
    pub retired: bool,
    /// The entry that enrolled them.
    pub enrolled: u64,
    /// Who answered for a machine, each time from that entry on.
    operators: Vec<(u64, BTreeSet<PersonId>)>,
}

impl Person {
    /// Enrolled by an entry with this place and leaf hash.
    pub fn enrolled(standing: &Standing, seq: u64, since: Digest) -> Self {
        let operators = vec![(seq, standing.operators.clone())];
        Self { standing: standing.clone(), since, retired: false, enrolled: seq, operators }
    }

    /// Gives them another standing; the one of somebody who retires is empty.
    pub fn stand(&mut self, standing: Option<&Standing>, seq: u64, since: Digest) {
        self.retired = standing.is_none();
        self.standing = match standing {
            Some(standing) => standing.clone(),
            // A machine stays one: those who answered for it still do, for what it did.
            None => Standing { operators: self.standing.operators.clone(), ..Standing::default() },
        };
        self.since = since;
        self.operators.push((seq, self.standing.operators.clone()));
    }

    /// Whether somebody answered for this machine at any time since an entry.
    pub fn was_operated_by(&self, person: &PersonId, since: u64) -> bool {
        let ends = self.operators.iter().skip(1).map(|(from, _)| *from).chain([u64::MAX]);
        self.operators.iter().zip(ends).any(|((_, operators), end)| end > since && operators.contains(person))
    }
}

words!(
    /// Whether a key may be used.
    KeyState, "a state of a key", {
        /// It may.
        Live => "live",
        /// Not until a motion lifts that.
        Suspended => "suspended",
        /// Never again.
        Revoked => "revoked",
    }
);

/// A key that was enrolled; it stays its person's for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The key.
    pub public: PublicKey,
    /// Whose it is.
    pub person: PersonId,
    /// The entry that enrolled it.
    pub enrolled: u64,
    /// Whether it may be used.
    pub state: KeyState,
    /// The leaf hash of the entry that put it into this state.
    pub since: Digest,
}
