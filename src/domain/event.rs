//! Everything that can be recorded.

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    Action, Artifact, ChangeId, Digest, Facts, Fingerprint, Member, Outcome, PersonId, Policy, Predecessor, ProposalId,
    ProposalRef, RefusedAttempt, RegisterId, RevisionRef, Rule, TextRef, Time,
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
    pub fn fills(&self, field: crate::domain::Field) -> bool {
        self.text.as_ref().is_some_and(|text| text.filled.contains(&field))
    }
}

closed_enum!(
    /// A kind of entry.
    EventKind, "a kind of entry", {
        /// Entry 0.
        Init => "register.init",
        /// The second founding signature.
        Seal => "register.seal",
        /// Opens a proposal to enrol people.
        Enrol => "person.enrol",
        /// Opens a proposal to give somebody another grants.
        Roles => "person.roles",
        /// Opens a proposal to let somebody go.
        Retire => "person.retire",
        /// Opens a proposal to give somebody another key.
        AddKey => "person.key",
        /// Opens a proposal to lift the suspension of a key.
        Lift => "key.lift",
        /// Opens a proposal to put another policy in force.
        Policy => "policy.set",
        /// Opens a proposal to redact texts.
        Redact => "text.redact",
        /// Opens a proposal to go on from what a copy held.
        Restored => "register.restored",
        /// Carries a proposal.
        Second => "proposal.second",
        /// Ends a proposal against its proposer's will.
        Decline => "proposal.decline",
        /// Ends a proposal by its proposer's will.
        ProposalWithdraw => "proposal.withdraw",
        /// Somebody was refused to carry a proposal.
        ProposalRefused => "proposal.refused",
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
        /// Somebody was refused to approve, reject or start a change.
        ChangeRefused => "change.refused",
    }
);

/// Everything that can be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Entry 0: the founding people and the first policy.
    Init {
        /// The level of the format and its rules.
        format: u64,
        /// The register in whose place it stands.
        after: Option<Predecessor>,
        /// The first policy.
        policy: Policy,
        /// The founding people.
        members: Vec<Member>,
    },
    /// Another founding admin agrees to entry 0.
    Seal,
    /// A proposal is opened.
    Propose {
        /// Its number.
        proposal: ProposalId,
        /// What it asks for.
        action: Action,
    },
    /// A second admin carries a proposal.
    Second(ProposalRef),
    /// Another admin ends a proposal.
    Decline(ProposalRef),
    /// Its proposer ends a proposal.
    ProposalWithdraw(ProposalRef),
    /// Somebody ends their own key, for good.
    KeyRevoke(Fingerprint),
    /// An admin stops anybody's key, at once.
    KeySuspend(Fingerprint),
    /// A change is filed: its first revision.
    File {
        /// Its number.
        change: ChangeId,
        /// What rules can read of it.
        facts: Box<Facts>,
    },
    /// A change gets another revision in place of its current one.
    Revise {
        /// The revision that it replaces.
        replaces: RevisionRef,
        /// What rules can read of the new one.
        facts: Box<Facts>,
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
    /// Somebody was refused. It changes nothing.
    Refused {
        /// What they tried.
        attempt: RefusedAttempt,
        /// The rule that said no.
        rule: Rule,
    },
}

impl Event {
    /// The kind of entry that records it.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Init { .. } => EventKind::Init,
            Self::Seal => EventKind::Seal,
            Self::Propose { action, .. } => action.kind(),
            Self::KeyRevoke(_) => EventKind::KeyRevoke,
            Self::KeySuspend(_) => EventKind::KeySuspend,
            Self::Second(_) => EventKind::Second,
            Self::Decline(_) => EventKind::Decline,
            Self::ProposalWithdraw(_) => EventKind::ProposalWithdraw,
            Self::File { .. } => EventKind::File,
            Self::Revise { .. } => EventKind::Revise,
            Self::ChangeWithdraw(_) => EventKind::ChangeWithdraw,
            Self::Approve(_) => EventKind::Approve,
            Self::Reject(_) => EventKind::Reject,
            Self::Retract(_) => EventKind::Retract,
            Self::Start { .. } => EventKind::Start,
            Self::Finish { .. } => EventKind::Finish,
            Self::Note(_) => EventKind::Note,
            Self::Refused { attempt: RefusedAttempt::Second(_), .. } => EventKind::ProposalRefused,
            Self::Refused { .. } => EventKind::ChangeRefused,
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
            Self::Refused { attempt, .. } => attempt.event().change(),
            _ => None,
        }
    }

    /// The proposal that it is about.
    pub fn proposal(&self) -> Option<ProposalId> {
        match self {
            Self::Propose { proposal, .. } => Some(*proposal),
            Self::Second(proposal)
            | Self::Decline(proposal)
            | Self::ProposalWithdraw(proposal)
            | Self::Refused { attempt: RefusedAttempt::Second(proposal), .. } => Some(proposal.proposal),
            _ => None,
        }
    }

    /// Whether it is a governance entry, one that `governance` links name.
    pub fn is_governance(&self) -> bool {
        self.change().is_none()
    }
}
