//! The changes that proposals make, and the founding members and predecessor of a register.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::{
    Asked, Digest, EndTemplate, EventKind, Fingerprint, Grants, Head, LiftFreeze, PersonId, Policy, ProposalId,
    PublicKey, RegisterId, SetCalendar, SetFreeze, SetServices, SetTemplate,
};

/// A person or machine account to enrol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The id of the account.
    pub person: PersonId,
    /// The grants of the account.
    pub grants: Grants,
    /// What the request asks for.
    pub asked: Asked,
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

/// The grants that a proposal gives to one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewGrants {
    /// The leaf hash of the entry that set the current grants.
    pub replaces: Digest,
    /// The complete new grants.
    pub grants: Grants,
    /// The keys of a machine account that are revoked with it, because a former operator may still have them.
    pub revokes: BTreeSet<Fingerprint>,
}

impl NewGrants {
    /// New grants that revoke no key.
    pub fn new(replaces: Digest, grants: Grants) -> Self {
        Self { replaces, grants, revokes: BTreeSet::new() }
    }
}

/// The change that a proposal makes. An action that replaces something names the entry that put the old value in
/// force, so that a stale proposal can be refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Enrol people or a machine account.
    Enrol(Vec<Member>),
    /// Replace the grants of people.
    Roles(BTreeMap<PersonId, NewGrants>),
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
        /// What the request asks for.
        asked: Asked,
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
    Restored(LostEntries),
    /// Set a freeze, or replace one.
    SetFreeze(Box<SetFreeze>),
    /// End a freeze.
    LiftFreeze(LiftFreeze),
    /// Set a calendar, or replace one.
    SetCalendar(SetCalendar),
    /// Add, change or drop services.
    SetServices(Box<SetServices>),
    /// Set a template, or replace one.
    SetTemplate(Box<SetTemplate>),
    /// End a template.
    EndTemplate(EndTemplate),
}

impl Action {
    /// The kind of entry that opens the proposal.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Enrol(_) => EventKind::Enrol,
            Self::Roles(_) => EventKind::Roles,
            Self::Retire { .. } => EventKind::Retire,
            Self::AddKey { .. } => EventKind::AddKey,
            Self::Lift { .. } => EventKind::Lift,
            Self::Policy { .. } => EventKind::Policy,
            Self::Redact(_) => EventKind::Redact,
            Self::Restored(_) => EventKind::Restored,
            Self::SetFreeze(_) => EventKind::SetFreeze,
            Self::LiftFreeze(_) => EventKind::LiftFreeze,
            Self::SetCalendar(_) => EventKind::SetCalendar,
            Self::SetServices(_) => EventKind::SetServices,
            Self::SetTemplate(_) => EventKind::SetTemplate,
            Self::EndTemplate(_) => EventKind::EndTemplate,
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

/// The lost entries one by one. The data part of the proposal lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostEntries {
    /// The first and the last of them.
    pub ends: Restoration,
    /// The leaf hash of each, from the entry after `ends.restored` to `ends.lost`.
    pub leaves: Vec<Digest>,
}

impl LostEntries {
    /// The entries with these leaf hashes after `restored`; `None` if there is none.
    pub fn after(restored: Head, leaves: Vec<Digest>) -> Option<Self> {
        let seq = restored.seq.saturating_add(leaves.len() as u64);
        let lost = Head { seq, leaf: *leaves.last()? };
        Some(Self { ends: Restoration { restored, lost }, leaves })
    }

    /// The lost entries, in order.
    pub fn heads(&self) -> impl Iterator<Item = Head> {
        let first = self.ends.restored.seq.saturating_add(1);
        (first..).zip(&self.leaves).map(|(seq, leaf)| Head { seq, leaf: *leaf })
    }

    /// Whether the list has exactly this entry.
    pub fn contains(&self, head: Head) -> bool {
        let at = head.seq.checked_sub(self.ends.restored.seq.saturating_add(1));
        let at = at.and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.leaves.get(at)) == Some(&head.leaf)
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
    fn only_the_listed_entries_are_lost() {
        let head = |seq, leaf| Head { seq, leaf: Digest::new([leaf; 32]) };
        let leaves = [5, 6, 7].map(|leaf| Digest::new([leaf; 32])).to_vec();
        let it = LostEntries::after(head(4, 4), leaves).unwrap();
        assert_eq!(it.ends.lost, head(7, 7));
        assert!(it.heads().eq([head(5, 5), head(6, 6), head(7, 7)]));
        assert!(it.heads().all(|head| it.contains(head)));
        let others = [head(0, 5), head(3, 3), head(4, 4), head(4, 5), head(5, 6), head(7, 6), head(8, 7), head(8, 8)];
        assert!(others.iter().all(|head| !it.contains(*head)));
        assert_eq!(LostEntries::after(head(4, 4), Vec::new()), None);
    }
}
