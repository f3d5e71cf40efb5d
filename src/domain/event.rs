//! Everything that can be recorded.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::words::words;
use super::{
    ArtifactName, ChangeId, Digest, Fingerprint, Invalid, MotionId, PersonId, Policy, PublicKey, Reference, RegisterId,
    ServiceId, Tag, TextRef, Time, Window,
};

/// What every entry says before it says what was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The register that the entry belongs to.
    pub register: RegisterId,
    /// Its place in the log, from 0.
    pub seq: u64,
    /// The leaf hash of the entry before.
    pub prev: Digest,
    /// The leaf hash of the latest governance entry before.
    pub governance: Digest,
    /// The leaf hash of the latest entry about the same change; none where the entry is about no change.
    pub last: Option<Digest>,
    /// When the actor claims to have acted.
    pub time: Time,
    /// Who acted.
    pub actor: PersonId,
    /// The key that signed.
    pub key: Fingerprint,
    /// The text part, where there is one.
    pub text: Option<TextRef>,
}

impl Header {
    /// Whether the text part fills this field.
    pub fn fills(&self, field: super::Field) -> bool {
        self.text.as_ref().is_some_and(|text| text.filled.contains(&field))
    }
}

words!(
    /// A kind of entry.
    EventKind, "a kind of entry", {
        /// Entry 0.
        Init => "register.init",
        /// The second founding signature.
        Seal => "register.seal",
        /// Opens a motion to enrol people.
        Enrol => "person.enrol",
        /// Opens a motion to lift the suspension of a key.
        Lift => "key.lift",
        /// Carries a motion.
        Second => "motion.second",
        /// Ends a motion against its proposer's will.
        Decline => "motion.decline",
        /// Ends a motion by its proposer's will.
        MotionWithdraw => "motion.withdraw",
        /// Ends a key for good.
        KeyRevoke => "key.revoke",
        /// Stops a key until that is lifted.
        KeySuspend => "key.suspend",
        /// Files a change.
        File => "change.file",
        /// Files another revision of a change.
        Revise => "change.revise",
        /// Takes a change back.
        ChangeWithdraw => "change.withdraw",
        /// Approves a revision.
        Approve => "change.approve",
        /// Rejects a revision.
        Reject => "change.reject",
        /// Takes one's own approval back.
        Retract => "change.retract",
        /// Starts a change.
        Start => "change.start",
        /// Says what came of a change.
        Finish => "change.finish",
        /// Adds a remark to a change.
        Note => "change.note",
    }
);

words!(
    /// What a person may do.
    Role, "a role", {
        /// Proposes and seconds motions.
        Admin => "admin",
        /// Files changes.
        Engineer => "engineer",
        /// Approves and rejects revisions.
        Approver => "approver",
        /// Reads and audits, and nothing else.
        Auditor => "auditor",
    }
);

words!(
    /// How a change comes about.
    ChangeKind, "a kind of change", {
        /// From an approved template.
        Standard => "standard",
        /// Written and planned for this once.
        Normal => "normal",
        /// Cannot wait.
        Emergency => "emergency",
    }
);

words!(
    /// How bad it can get.
    Risk, "a risk", {
        /// Hardly anybody would notice.
        Low => "low",
        /// Some would notice.
        Medium => "medium",
        /// The business would notice.
        High => "high",
        /// Customers or the market would notice.
        Critical => "critical",
    }
);

words!(
    /// What came of a change.
    Outcome, "an outcome", {
        /// It went in and works.
        Succeeded => "succeeded",
        /// It did not.
        Failed => "failed",
        /// It was taken out again.
        RolledBack => "rolled-back",
    }
);

words!(
    /// Another system that a change refers to.
    LinkKind, "a kind of link", {
        /// An incident.
        Incident => "incident",
        /// A ticket.
        Ticket => "ticket",
        /// A vulnerability.
        Vulnerability => "vulnerability",
    }
);

/// A person to be enrolled: who, with which roles, by which key, and the key's signature over that request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The person.
    pub person: PersonId,
    /// Their roles, never none.
    pub roles: BTreeSet<Role>,
    /// Their key.
    pub key: PublicKey,
    /// The key's own signature over the request, as SSHSIG.
    pub proof: Vec<u8>,
}

/// What a motion asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// To enrol these people.
    Enrol(Vec<Member>),
    /// To lift the suspension of this key.
    Lift(Fingerprint),
}

/// A motion and the leaf hash of the entry that opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MotionRef {
    /// The motion.
    pub motion: MotionId,
    /// The leaf hash of the entry that opened it.
    pub opened: Digest,
}

/// A revision: its change, its number from 1, and the leaf hash of the entry that filed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionRef {
    /// The change.
    pub change: ChangeId,
    /// The revision's number, from 1.
    pub number: u64,
    /// The leaf hash of the entry that filed it.
    pub filed: Digest,
}

/// Something deployed, by name and content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Artifact {
    /// Its name.
    pub name: ArtifactName,
    /// The SHA-256 of its content.
    pub digest: Digest,
}

/// A reference into another system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Which kind of system.
    pub kind: LinkKind,
    /// The reference there.
    pub reference: Reference,
}

/// A link is written `incident INC-2214`.
impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.reference)
    }
}

impl FromStr for Link {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (kind, reference) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self { kind: kind.parse()?, reference: reference.parse()? })
    }
}

/// All of a revision that rules can read; sets are kept sorted, so that they have one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How it comes about.
    pub kind: ChangeKind,
    /// How bad it can get.
    pub risk: Risk,
    /// Who answers for it.
    pub owner: PersonId,
    /// Who may start it, never nobody.
    pub implementers: BTreeSet<PersonId>,
    /// What it touches, never nothing.
    pub services: BTreeSet<ServiceId>,
    /// Labels.
    pub tags: BTreeSet<Tag>,
    /// When it may run.
    pub window: Window,
    /// Expected outage, in minutes.
    pub outage_minutes: u64,
    /// How long the way back takes, in minutes.
    pub rollback_minutes: u64,
    /// What is deployed, by distinct names.
    pub artifacts: Vec<Artifact>,
    /// For tests with evidence: the test's number, from 1, and the SHA-256 of the evidence.
    pub evidence: Vec<(u64, Digest)>,
    /// References into other systems.
    pub links: BTreeSet<Link>,
}

/// Everything that can be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Entry 0: the founding people and the first policy.
    Init {
        /// The level of the format and its rules.
        format: u64,
        /// The first policy.
        policy: Policy,
        /// The founding people.
        members: Vec<Member>,
    },
    /// Another founding admin agrees to entry 0.
    Seal,
    /// A motion is opened.
    Propose {
        /// Its number.
        motion: MotionId,
        /// What it asks for.
        proposal: Proposal,
    },
    /// A second admin carries a motion.
    Second(MotionRef),
    /// Another admin ends a motion.
    Decline(MotionRef),
    /// Its proposer ends a motion.
    MotionWithdraw(MotionRef),
    /// Somebody ends their own key, for good.
    KeyRevoke(Fingerprint),
    /// An admin stops anybody's key, at once.
    KeySuspend(Fingerprint),
    /// A change is filed: its first revision.
    File {
        /// Its number.
        change: ChangeId,
        /// What rules can read of it.
        terms: Box<Terms>,
    },
    /// A change gets another revision in place of its current one.
    Revise {
        /// The revision that it replaces.
        replaces: RevisionRef,
        /// What rules can read of the new one.
        terms: Box<Terms>,
    },
    /// Whoever filed or owns a change takes it back.
    ChangeWithdraw(RevisionRef),
    /// An approver signs a revision.
    Approve(RevisionRef),
    /// An approver refuses a revision.
    Reject(RevisionRef),
    /// An approver takes back what they approved.
    Retract(RevisionRef),
    /// An implementer begins.
    Start {
        /// What is begun.
        revision: RevisionRef,
        /// What was read of the artifacts then.
        artifacts: Vec<Artifact>,
    },
    /// What came of it.
    Finish {
        /// What was begun.
        revision: RevisionRef,
        /// What came of it.
        outcome: Outcome,
    },
    /// Somebody remarks on a change.
    Note(ChangeId),
}

impl Event {
    /// The kind of entry that records it.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Init { .. } => EventKind::Init,
            Self::Seal => EventKind::Seal,
            Self::Propose { proposal: Proposal::Enrol(_), .. } => EventKind::Enrol,
            Self::Propose { proposal: Proposal::Lift(_), .. } => EventKind::Lift,
            Self::KeyRevoke(_) => EventKind::KeyRevoke,
            Self::KeySuspend(_) => EventKind::KeySuspend,
            Self::Second(_) => EventKind::Second,
            Self::Decline(_) => EventKind::Decline,
            Self::MotionWithdraw(_) => EventKind::MotionWithdraw,
            Self::File { .. } => EventKind::File,
            Self::Revise { .. } => EventKind::Revise,
            Self::ChangeWithdraw(_) => EventKind::ChangeWithdraw,
            Self::Approve(_) => EventKind::Approve,
            Self::Reject(_) => EventKind::Reject,
            Self::Retract(_) => EventKind::Retract,
            Self::Start { .. } => EventKind::Start,
            Self::Finish { .. } => EventKind::Finish,
            Self::Note(_) => EventKind::Note,
        }
    }

    /// The change that it is about.
    pub fn change(&self) -> Option<ChangeId> {
        match self {
            Self::File { change, .. } | Self::Note(change) => Some(*change),
            Self::Revise { replaces: revision, .. }
            | Self::ChangeWithdraw(revision)
            | Self::Approve(revision)
            | Self::Reject(revision)
            | Self::Retract(revision)
            | Self::Start { revision, .. }
            | Self::Finish { revision, .. } => Some(revision.change),
            _ => None,
        }
    }

    /// The motion that it is about.
    pub fn motion(&self) -> Option<MotionId> {
        match self {
            Self::Propose { motion, .. } => Some(*motion),
            Self::Second(motion) | Self::Decline(motion) | Self::MotionWithdraw(motion) => Some(motion.motion),
            _ => None,
        }
    }

    /// Whether it is a governance entry, one that `governance` links name.
    pub fn is_governance(&self) -> bool {
        self.change().is_none()
    }
}
