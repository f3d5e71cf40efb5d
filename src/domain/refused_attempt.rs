//! Attempts whose refusal is recorded in the audit log.

use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Digest, Event, ProposalRef, RevisionRef, Start, Target};

/// An attempt that a rule refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedAttempt {
    /// To approve a revision.
    Approve(RevisionRef),
    /// To reject a revision.
    Reject(RevisionRef),
    /// To start a change.
    Start(Start),
    /// To second a proposal.
    Second(ProposalRef),
}

closed_enum!(
    /// The verb of a [`RefusedAttempt`].
    Verb, ["a verb", "动作"], {
        /// To approve a revision.
        Approve => "approve", "批准";
        /// To reject a revision.
        Reject => "reject", "驳回";
        /// To start a change.
        Start => "start", "开始实施";
        /// To second a proposal.
        Second => "second", "附议";
    }
);

impl RefusedAttempt {
    /// The attempt that an event makes; `None` if refusals of this kind of event are not recorded.
    pub fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Approve(at) => Some(Self::Approve(*at)),
            Event::Reject(at) => Some(Self::Reject(*at)),
            // The run does not matter to the rule.
            Event::Start(start) => Some(Self::Start(Start { run: None, ..start.clone() })),
            Event::Second(at) => Some(Self::Second(*at)),
            _ => None,
        }
    }

    /// The event that would have been recorded without the refusal.
    pub fn event(&self) -> Event {
        match self {
            Self::Approve(at) => Event::Approve(*at),
            Self::Reject(at) => Event::Reject(*at),
            Self::Start(start) => Event::Start(start.clone()),
            Self::Second(at) => Event::Second(*at),
        }
    }

    /// The verb of the attempt, as the log spells it.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Approve(_) => Verb::Approve,
            Self::Reject(_) => Verb::Reject,
            Self::Start(_) => Verb::Start,
            Self::Second(_) => Verb::Second,
        }
    }

    /// The target on which a change was to be started, if any.
    pub fn on_target(&self) -> Option<&Target> {
        match self {
            Self::Start(start) => start.target.as_ref(),
            _ => None,
        }
    }

    /// The leaf hash of the entry that filed the revision or opened the proposal.
    pub fn target(&self) -> Digest {
        match self {
            Self::Approve(at) | Self::Reject(at) | Self::Start(Start { revision: at, .. }) => at.filed,
            Self::Second(at) => at.opened,
        }
    }
}
