//! What a proposal can ask for, and what a register is founded with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Digest, EventKind, Fingerprint, Grants, Head, PersonId, Policy, ProposalId, PublicKey, RegisterId,
};

/// Somebody to be enrolled: who, with which grants, by which key, and the key's signature over that request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The person or machine.
    pub person: PersonId,
    /// What they may do.
    pub grants: Grants,
    /// Their key.
    pub key: PublicKey,
    /// The key's own signature over the request, as SSHSIG.
    pub proof: Vec<u8>,
}

/// A signature by which somebody says with a key that they have that another one is theirs too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouch {
    /// The key that they have.
    pub key: Fingerprint,
    /// Its signature over the request, as SSHSIG.
    pub proof: Vec<u8>,
}

/// What a proposal asks for. Where it takes the place of something, it names the entry that put that in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// To enrol these people.
    Enrol(Vec<Member>),
    /// To give somebody another grants.
    Roles {
        /// Who.
        person: PersonId,
        /// The leaf hash of the entry that gave them the one that they have.
        replaces: Digest,
        /// The new one, whole.
        grants: Grants,
    },
    /// To let somebody go: they may do nothing any more.
    Retire {
        /// Who.
        person: PersonId,
        /// The leaf hash of the entry that gave them the grants that they have.
        replaces: Digest,
    },
    /// To give somebody enrolled another key.
    AddKey {
        /// Whose it is.
        person: PersonId,
        /// The key.
        key: PublicKey,
        /// The key's own signature over the request, as SSHSIG.
        proof: Vec<u8>,
        /// The word of a key that they have, where there is one.
        vouch: Option<Vouch>,
    },
    /// To lift the suspension of a key.
    Lift {
        /// Which.
        key: Fingerprint,
        /// The leaf hash of the entry that suspended it.
        replaces: Digest,
    },
    /// To put another policy in force.
    Policy {
        /// The leaf hash of the entry that put the one in force that there is.
        replaces: Digest,
        /// The new one.
        policy: Policy,
    },
    /// To redact texts: of each entry, by its place, the text with this digest.
    Redact(BTreeMap<u64, Digest>),
    /// To go on from what a copy held, without what came after it.
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

/// That a register was restored from a copy, and what was recorded after that is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoration {
    /// The newest entry that the copy held.
    pub restored: Head,
    /// The newest entry that was lost.
    pub lost: Head,
}

impl Restoration {
    /// Whether an entry that somebody verified is one of those that were lost.
    pub fn lost(&self, head: Head) -> bool {
        let Self { restored, lost } = self;
        restored.seq < head.seq && head.seq < lost.seq || head == *lost
    }
}

/// A proposal and the leaf hash of the entry that opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProposalRef {
    /// The proposal.
    pub proposal: ProposalId,
    /// The leaf hash of the entry that opened it.
    pub opened: Digest,
}

/// The register in whose place another is founded, because too few of its admins can act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predecessor {
    /// Its identity.
    pub register: RegisterId,
    /// The leaf hash of its entry 0.
    pub fingerprint: Digest,
    /// Its newest entry, as the founders saw it.
    pub head: Head,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_lies_behind_what_was_restored_and_ends_with_the_entry_named() {
        let head = |seq, leaf| Head { seq, leaf: Digest::new([leaf; 32]) };
        let it = Restoration { restored: head(4, 4), lost: head(9, 9) };
        assert!(it.lost(head(5, 1)) && it.lost(head(8, 1)) && it.lost(head(9, 9)));
        assert!(!it.lost(head(3, 1)) && !it.lost(head(4, 4)) && !it.lost(head(4, 1)));
        assert!(!it.lost(head(9, 1)) && !it.lost(head(10, 9)));
    }
}
