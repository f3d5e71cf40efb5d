//! The people, machine accounts and keys that the log has enrolled.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Digest, Grants, PersonId, PublicKey};

/// An enrolled person or machine account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The current grants.
    pub grants: Grants,
    /// The leaf hash of the entry that set these grants.
    pub since: Digest,
    /// Whether the account is retired.
    pub retired: bool,
    /// The entry that enrolled the account.
    pub enrolled: u64,
    /// The operators of a machine account over time, each set with the entry from which it holds.
    operators: Vec<(u64, BTreeSet<PersonId>)>,
}

impl Person {
    /// An account enrolled by the entry with this sequence number and leaf hash.
    pub fn enrolled(grants: &Grants, seq: u64, since: Digest) -> Self {
        let operators = vec![(seq, grants.operators.clone())];
        Self { grants: grants.clone(), since, retired: false, enrolled: seq, operators }
    }

    /// Replaces the grants. The grants of a retired account are empty.
    pub fn set_grants(&mut self, grants: Option<&Grants>, seq: u64, since: Digest) {
        self.retired = grants.is_none();
        self.grants = match grants {
            Some(grants) => grants.clone(),
            // A retired machine account stays one: its operators still answer for its earlier acts.
            None => Grants { operators: self.grants.operators.clone(), ..Grants::default() },
        };
        self.since = since;
        self.operators.push((seq, self.grants.operators.clone()));
    }

    /// All operators of this machine account at any time since an entry; empty for a person.
    pub fn operators_since(&self, since: u64) -> impl Iterator<Item = &PersonId> {
        let ends = self.operators.iter().skip(1).map(|(from, _)| *from).chain([u64::MAX]);
        let then = self.operators.iter().zip(ends).filter(move |(_, end)| *end > since);
        then.flat_map(|((_, operators), _)| operators)
    }

    /// Whether a person operated this machine account at any time since an entry.
    pub fn was_operated_by(&self, person: &PersonId, since: u64) -> bool {
        self.operators_since(since).any(|it| it == person)
    }
}

closed_enum!(
    /// Whether a key may be used.
    KeyState, "a state of a key", {
        /// The key may be used.
        Live => "live",
        /// The key may not be used until a proposal lifts the suspension.
        Suspended => "suspended",
        /// The key may never be used again.
        Revoked => "revoked",
    }
);

/// An enrolled key. It belongs to the same account forever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The key.
    pub public: PublicKey,
    /// The account that it belongs to.
    pub person: PersonId,
    /// The entry that enrolled it.
    pub enrolled: u64,
    /// Whether it may be used.
    pub state: KeyState,
    /// The leaf hash of the entry that put it into this state.
    pub since: Digest,
}
