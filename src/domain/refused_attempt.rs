//! What is recorded although it was refused.

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Artifact, Digest, Event, ProposalRef, RevisionRef};

/// What somebody tried and was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedAttempt {
    /// To approve.
    Approve(RevisionRef),
    /// To reject.
    Reject(RevisionRef),
    /// To start.
    Start {
        /// What.
        revision: RevisionRef,
        /// What was read of the artifacts then.
        artifacts: Vec<Artifact>,
    },
    /// To carry a proposal.
    Second(ProposalRef),
}

closed_enum!(
    /// The verb of an [`RefusedAttempt`].
    Verb, "a verb", {
        /// To approve.
        Approve => "approve",
        /// To reject.
        Reject => "reject",
        /// To start.
        Start => "start",
        /// To carry a proposal.
        Second => "second",
    }
);

impl RefusedAttempt {
    /// The attempt in an event, if it is of those that are recorded when they are refused.
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Approve(at) => Some(Self::Approve(*at)),
            Event::Reject(at) => Some(Self::Reject(*at)),
            Event::Start { revision, artifacts } => {
                Some(Self::Start { revision: *revision, artifacts: artifacts.clone() })
            }
            Event::Second(at) => Some(Self::Second(*at)),
            _ => None,
        }
    }

    /// What would have been recorded.
    pub fn event(&self) -> Event {
        match self {
            Self::Approve(at) => Event::Approve(*at),
            Self::Reject(at) => Event::Reject(*at),
            Self::Start { revision, artifacts } => Event::Start { revision: *revision, artifacts: artifacts.clone() },
            Self::Second(at) => Event::Second(*at),
        }
    }

    /// What was tried.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Approve(_) => Verb::Approve,
            Self::Reject(_) => Verb::Reject,
            Self::Start { .. } => Verb::Start,
            Self::Second(_) => Verb::Second,
        }
    }

    /// The leaf hash of the entry that filed the revision, or opened the proposal.
    pub fn target(&self) -> Digest {
        match self {
            Self::Approve(at) | Self::Reject(at) | Self::Start { revision: at, .. } => at.filed,
            Self::Second(at) => at.opened,
        }
    }
}
