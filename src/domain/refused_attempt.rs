//! Refused attempts, which are recorded.

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Artifact, Digest, Event, ProposalRef, RevisionRef};

/// An act that a rule refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedAttempt {
    /// To approve.
    Approve(RevisionRef),
    /// To reject.
    Reject(RevisionRef),
    /// To start.
    Start {
        /// The revision.
        revision: RevisionRef,
        /// The artifacts as read at the attempt.
        artifacts: Vec<Artifact>,
    },
    /// To second a proposal.
    Second(ProposalRef),
}

closed_enum!(
    /// The verb of a [`RefusedAttempt`].
    Verb, "a verb", {
        /// To approve.
        Approve => "approve",
        /// To reject.
        Reject => "reject",
        /// To start.
        Start => "start",
        /// To second a proposal.
        Second => "second",
    }
);

impl RefusedAttempt {
    /// The attempt in an event; `None` for kinds whose refusals are not recorded.
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

    /// The event that would have been recorded.
    pub fn event(&self) -> Event {
        match self {
            Self::Approve(at) => Event::Approve(*at),
            Self::Reject(at) => Event::Reject(*at),
            Self::Start { revision, artifacts } => Event::Start { revision: *revision, artifacts: artifacts.clone() },
            Self::Second(at) => Event::Second(*at),
        }
    }

    /// The verb of the attempt.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Approve(_) => Verb::Approve,
            Self::Reject(_) => Verb::Reject,
            Self::Start { .. } => Verb::Start,
            Self::Second(_) => Verb::Second,
        }
    }

    /// The leaf hash of the entry that filed the revision or opened the proposal.
    pub fn target(&self) -> Digest {
        match self {
            Self::Approve(at) | Self::Reject(at) | Self::Start { revision: at, .. } => at.filed,
            Self::Second(at) => at.opened,
        }
    }
}
