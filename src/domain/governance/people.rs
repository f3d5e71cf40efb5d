//! People and machines with their keys, as the entries so far made them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Digest, Grants, PersonId, PublicKey};

/// Somebody enrolled, a person or a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What they may do.
    pub grants: Grants,
    /// The leaf hash of the entry that gave them this grants.
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
    pub fn enrolled(grants: &Grants, seq: u64, since: Digest) -> Self {
        let operators = vec![(seq, grants.operators.clone())];
        Self { grants: grants.clone(), since, retired: false, enrolled: seq, operators }
    }

    /// Gives them another grants; the one of somebody who retires is empty.
    pub fn stand(&mut self, grants: Option<&Grants>, seq: u64, since: Digest) {
        self.retired = grants.is_none();
        self.grants = match grants {
            Some(grants) => grants.clone(),
            // A machine stays one: those who answered for it still do, for what it did.
            None => Grants { operators: self.grants.operators.clone(), ..Grants::default() },
        };
        self.since = since;
        self.operators.push((seq, self.grants.operators.clone()));
    }

    /// Everybody who answered for this machine at any time since an entry; nobody for a person.
    pub fn operators_since(&self, since: u64) -> impl Iterator<Item = &PersonId> {
        let ends = self.operators.iter().skip(1).map(|(from, _)| *from).chain([u64::MAX]);
        let then = self.operators.iter().zip(ends).filter(move |(_, end)| *end > since);
        then.flat_map(|((_, operators), _)| operators)
    }

    /// Whether somebody answered for this machine at any time since an entry.
    pub fn was_operated_by(&self, person: &PersonId, since: u64) -> bool {
        self.operators_since(since).any(|it| it == person)
    }
}

closed_enum!(
    /// Whether a key may be used.
    KeyState, "a state of a key", {
        /// It may.
        Live => "live",
        /// Not until a proposal lifts that.
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
