//! The changes that proposals make, and the founding members and predecessor of a register.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Digest, EventKind, Fingerprint, Grants, Head, PersonId, Policy, ProposalId, PublicKey, RegisterId,
};

/// A person or machine account to enrol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The id of the account.
    pub person: PersonId,
    /// The grants of the account.
    pub grants: Grants,
    /// The first key of the account.
    pub key: PublicKey,
    /// The signature by that key over the request, as SSHSIG.
    pub proof: Vec<u8>,
}

/// A signature by an enrolled key of a person over the request to enrol another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouch {
    /// The enrolled key.
    pub key: Fingerprint,
    /// Its signature over the request, as SSHSIG.
    pub proof: Vec<u8>,
}

/// The change that a proposal makes. An action that replaces something names the entry that put the old value in
/// force, so that a stale proposal can be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Enrol people or a machine account.
    Enrol(Vec<Member>),
    /// Replace the grants of a person.
    Roles {
        /// The person.
        person: PersonId,
        /// The leaf hash of the entry that set the current grants.
        replaces: Digest,
        /// The complete new grants.
        grants: Grants,
    },
    /// Retire a person, who can then no longer act.
    Retire {
        /// The person.
        person: PersonId,
        /// The leaf hash of the entry that set the current grants.
        replaces: Digest,
    },
    /// Enrol another key for a person.
    AddKey {
        /// The person.
        person: PersonId,
        /// The new key.
        key: PublicKey,
        /// The new key's signature over the request, as SSHSIG.
        proof: Vec<u8>,
        /// A signature by one of the person's enrolled keys, if any.
        vouch: Option<Vouch>,
    },
    /// Lift the suspension of a key.
    Lift {
        /// The key.
        key: Fingerprint,
        /// The leaf hash of the entry that suspended it.
        replaces: Digest,
    },
    /// Replace the policy.
    Policy {
        /// The leaf hash of the entry that put the current policy in force.
        replaces: Digest,
        /// The new policy.
        policy: Policy,
    },
    /// Redact texts: the sequence number of each entry, with the digest of its text.
    Redact(BTreeMap<u64, Digest>),
    /// Accept the loss of entries after a restore.
    Restored(Restoration),
}

impl Action {
    /// The kind of entry that opens the proposal.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Enrol(_) => EventKind::Enrol,
            Self::Roles { .. } => EventKind::Roles,
            Self::Retire { .. } => EventKind::Retire,
            Self::AddKey { .. } => EventKind::AddKey,
            Self::Lift { .. } => EventKind::Lift,
            Self::Policy { .. } => EventKind::Policy,
            Self::Redact(_) => EventKind::Redact,
            Self::Restored(_) => EventKind::Restored,
        }
    }
}

/// The entries that were lost when a register was restored from a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// The newest entry of the backup.
    pub restored: Head,
    /// The newest lost entry.
    pub lost: Head,
}

impl Restoration {
    /// Whether an entry was lost.
    pub fn lost(&self, head: Head) -> bool {
        let Self { restored, lost } = self;
        restored.seq < head.seq && head.seq < lost.seq || head == *lost
    }
}

/// A proposal by number and leaf hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProposalRef {
    /// The proposal.
    pub proposal: ProposalId,
    /// The leaf hash of the entry that opened it.
    pub opened: Digest,
}

/// The register that another one succeeds, because too few of its admins can act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predecessor {
    /// The identity of the register.
    pub register: RegisterId,
    /// The leaf hash of its entry 0.
    pub fingerprint: Digest,
    /// Its newest entry, as the founder verified it.
    pub head: Head,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_entries_follow_the_restored_one_and_end_with_the_named_one() {
        let head = |seq, leaf| Head { seq, leaf: Digest::new([leaf; 32]) };
        let it = Restoration { restored: head(4, 4), lost: head(9, 9) };
        assert!(it.lost(head(5, 1)) && it.lost(head(8, 1)) && it.lost(head(9, 9)));
        assert!(!it.lost(head(3, 1)) && !it.lost(head(4, 4)) && !it.lost(head(4, 1)));
        assert!(!it.lost(head(9, 1)) && !it.lost(head(10, 9)));
    }
}
