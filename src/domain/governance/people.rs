//! The people, machine accounts and keys that the log has enrolled.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Digest, Fingerprint, Grants, PersonId, PublicKey};

/// An enrolled person or machine account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The current grants.
    pub grants: Grants,
    /// The leaf hash of the entry that set these grants.
    pub since: Digest,
    /// Whether the account is retired.
    pub retired: bool,
    /// Whether the account is suspended: by an admin, until a proposal gives it grants again.
    pub suspended: bool,
    /// The entry that enrolled the account.
    pub enrolled: u64,
    /// The operators of a machine account over time, each set with the entry from which it holds.
    operators: Vec<(u64, BTreeSet<PersonId>)>,
    /// The keys that are not revoked, each with the entry that enrolled it, in the order of enrolment.
    keys: Vec<(u64, Fingerprint)>,
}

impl Person {
    /// An account enrolled with its first key by the entry with this sequence number and leaf hash.
    pub fn enrolled(grants: &Grants, key: Fingerprint, seq: u64, since: Digest) -> Self {
        let (operators, keys) = (vec![(seq, grants.operators.clone())], vec![(seq, key)]);
        Self { grants: grants.clone(), since, retired: false, suspended: false, enrolled: seq, operators, keys }
    }

    /// Adds a key that an entry enrolled.
    pub(in crate::domain) fn add_key(&mut self, key: Fingerprint, seq: u64) {
        self.keys.push((seq, key));
    }

    /// Takes away a revoked key.
    pub(in crate::domain) fn remove_key(&mut self, key: Fingerprint) {
        self.keys.retain(|(_, it)| *it != key);
    }

    /// The keys that are not revoked, in the order of enrolment.
    pub fn keys(&self) -> impl Iterator<Item = Fingerprint> {
        self.keys.iter().map(|(_, key)| *key)
    }

    /// The entry that enrolled the oldest key that is not revoked, apart from those in `without`; `None` if there is
    /// none.
    pub(in crate::domain) fn oldest_key(&self, without: &BTreeSet<Fingerprint>) -> Option<u64> {
        self.keys.iter().find(|(_, key)| !without.contains(key)).map(|(seq, _)| *seq)
    }

    /// The name of its state in tables, JSON and on screens.
    pub fn state(&self) -> &'static str {
        match (self.retired, self.suspended) {
            (true, _) => "retired",
            (_, true) => "suspended",
            (false, false) => "active",
        }
    }

    /// Whether the account is neither retired nor suspended.
    pub fn is_active(&self) -> bool {
        !self.retired && !self.suspended
    }

    /// Ends all grants, until a proposal gives others.
    pub fn suspend(&mut self, seq: u64, since: Digest) {
        let retired = self.retired;
        self.set_grants(None, seq, since);
        (self.retired, self.suspended) = (retired, true);
    }

    /// Replaces the grants; without any, the account is retired.
    pub fn set_grants(&mut self, grants: Option<&Grants>, seq: u64, since: Digest) {
        (self.retired, self.suspended) = (grants.is_none(), false);
        self.grants = match grants {
            Some(grants) => grants.clone(),
            // A machine account without grants stays one: its operators still answer for its earlier acts.
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
}

closed_enum!(
    /// Whether a key may be used.
    KeyState, ["a state of a key", "密钥状态"], {
        /// The key may be used.
        Live => "live", "有效";
        /// The key may not be used until a proposal lifts the suspension.
        Suspended => "suspended", "已停用";
        /// The key may never be used again.
        Revoked => "revoked", "已吊销";
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
