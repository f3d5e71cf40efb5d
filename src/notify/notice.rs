//! What a notice says, and what rules ask about it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{ChangeKind, Environment, PersonId, Risk, ServiceId, Time, closed_enum};
use crate::output::Act;

closed_enum!(
    /// The events that rules name.
    EventName, ["an event", "事件"], {
        /// A change awaits approval.
        ApprovalNeeded => "approval-needed", "待审批";
        /// A proposal or the seal awaits a second admin.
        SecondNeeded => "second-needed", "待附议";
        /// Anything else is in somebody's inbox.
        ActionNeeded => "action-needed", "待处理";
        /// What is in somebody's inbox ends soon.
        DeadlineNear => "deadline-near", "临近截止";
        /// A window opens soon, or closes soon while its change is in progress.
        WindowNear => "window-near", "临近窗口";
        /// A change was approved.
        Approved => "approved", "已批准";
        /// A change was rejected, or an approval retracted.
        Rejected => "rejected", "已驳回";
        /// A change was started.
        Started => "started", "已开始实施";
        /// A change, or one of its targets, was finished.
        Finished => "finished", "已完成";
        /// A freeze began or ended, or closes in the window of a change.
        Freeze => "freeze", "封网";
        /// A break-glass was opened, entered, closed or ratified.
        BreakGlass => "break-glass", "紧急处置";
    }
);

/// What happened, in the detail that a sentence needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A change awaits approval.
    AwaitsApproval,
    /// A proposal awaits its second.
    AwaitsSecond,
    /// A new register awaits its seal.
    AwaitsSeal,
    /// A change can be started.
    CanStart,
    /// A change is in progress.
    InProgress,
    /// The outcome of a change awaits confirmation.
    AwaitsConfirmation,
    /// A change awaits its post-implementation review.
    AwaitsReview,
    /// A change needs another revision.
    NeedsRevision,
    /// The calendar of a freeze ends.
    CalendarEnds,
    /// A break-glass awaits ratification.
    AwaitsRatification,
    /// Another act that the inbox lists.
    Other,
    /// What is in the inbox ends soon.
    DeadlineNear,
    /// A window opens soon.
    WindowOpens,
    /// The window of a change in progress closes soon.
    WindowCloses,
    /// Somebody approved.
    Approved,
    /// Somebody rejected.
    Rejected,
    /// Somebody retracted an approval.
    Retracted,
    /// Somebody started a change.
    Started,
    /// Somebody finished a change or a target.
    Finished,
    /// A freeze began.
    FreezeBegun,
    /// A freeze ended.
    FreezeEnded,
    /// A freeze closes in the window of a change.
    FreezeMeets,
    /// A break-glass was opened.
    GlassOpened,
    /// A break-glass that was signed without the register was entered.
    GlassEntered,
    /// A break-glass was closed.
    GlassClosed,
    /// A break-glass was ratified by somebody.
    GlassRatified,
    /// A test message.
    Test,
}

impl What {
    /// What the inbox's word for an act means.
    pub fn of_action(action: Act) -> Self {
        match action {
            Act::Approve => Self::AwaitsApproval,
            Act::Second => Self::AwaitsSecond,
            Act::Seal => Self::AwaitsSeal,
            Act::Start => Self::CanStart,
            Act::Finish => Self::InProgress,
            Act::Confirm => Self::AwaitsConfirmation,
            Act::Review => Self::AwaitsReview,
            Act::Revise => Self::NeedsRevision,
            Act::Extend => Self::CalendarEnds,
            Act::Ratify => Self::AwaitsRatification,
            Act::Close | Act::Read | Act::Action | Act::Examine => Self::Other,
        }
    }

    /// The event by which rules choose it; `None` for a test, which no rule chooses.
    pub fn event(self) -> Option<EventName> {
        Some(match self {
            Self::AwaitsApproval => EventName::ApprovalNeeded,
            Self::AwaitsSecond | Self::AwaitsSeal => EventName::SecondNeeded,
            Self::CanStart
            | Self::InProgress
            | Self::AwaitsConfirmation
            | Self::AwaitsReview
            | Self::NeedsRevision
            | Self::CalendarEnds
            | Self::AwaitsRatification
            | Self::Other => EventName::ActionNeeded,
            Self::DeadlineNear => EventName::DeadlineNear,
            Self::WindowOpens | Self::WindowCloses => EventName::WindowNear,
            Self::Approved => EventName::Approved,
            Self::Rejected | Self::Retracted => EventName::Rejected,
            Self::Started => EventName::Started,
            Self::Finished => EventName::Finished,
            Self::FreezeBegun | Self::FreezeEnded | Self::FreezeMeets => EventName::Freeze,
            Self::GlassOpened | Self::GlassEntered | Self::GlassClosed | Self::GlassRatified => EventName::BreakGlass,
            Self::Test => return None,
        })
    }
}

/// Until when to act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// When.
    pub at: Time,
    /// What happens then: `window opens`.
    pub then: String,
}

/// What a notice says beyond the usual if its target asks for details.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The owner.
    pub owner: Option<PersonId>,
    /// The services.
    pub services: BTreeSet<ServiceId>,
    /// The environments.
    pub environments: BTreeSet<Environment>,
}

/// A notice. As it waits in the queue, it holds no secret, no address, and no text that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The name of the register.
    pub register: String,
    /// What happened.
    pub what: What,
    /// What it is about: `CHG-7`, `proposal 3`.
    pub subject: String,
    /// The title of a change, or what an item of the inbox says in its place. It is never in the queue, where a redaction
    /// would not reach it, but looked up when the message is sent.
    #[serde(skip)]
    pub title: Option<String>,
    /// The risk of a change.
    pub risk: Option<Risk>,
    /// Who acted.
    pub by: Option<PersonId>,
    /// An outcome, the name of a freeze, or the inbox's word for an act.
    pub word: Option<String>,
    /// Until when to act.
    pub deadline: Option<Deadline>,
    /// The command to type.
    pub command: String,
    /// Further facts of a change.
    pub change: Change,
}

/// What rules can ask about a notice. `None` means that the notice concerns all.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Facets {
    /// The services that it concerns.
    pub services: Option<BTreeSet<ServiceId>>,
    /// The environments that it concerns.
    pub environments: Option<BTreeSet<Environment>>,
    /// The risks that it concerns.
    pub risks: Option<BTreeSet<Risk>>,
    /// The kinds of change that it concerns.
    pub kinds: Option<BTreeSet<ChangeKind>>,
}

impl Facets {
    /// Those of something that is no change: only a rule that does not ask chooses it.
    pub fn none() -> Self {
        Self {
            services: Some(BTreeSet::new()),
            environments: Some(BTreeSet::new()),
            risks: Some(BTreeSet::new()),
            kinds: Some(BTreeSet::new()),
        }
    }
}

/// By what the receivers of a notice are chosen, so that they can be judged again when it is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Choice {
    /// What makes the notice different from everything else: the same key means the same thing.
    pub key: String,
    /// What rules ask about it.
    pub facets: Facets,
    /// Whom it concerned when it was queued.
    pub people: BTreeSet<PersonId>,
}
