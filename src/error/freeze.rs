//! Errors of `freeze` and `calendar`.

use super::did_you_mean;
use crate::domain::{CalendarName, FreezeName, ProposalId};
use crate::{tr, trf};

/// Why a command about a freeze failed.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// No freeze in force has this name.
    #[error("{}", trf!(
        "no freeze {freeze} is in force{}",
        "没有生效中的封网 {freeze}{}", did_you_mean(.near.as_deref())
    ))]
    None {
        /// The name given.
        freeze: FreezeName,
        /// The most similar name.
        near: Option<String>,
    },
    /// No calendar in force has this name.
    #[error("{}", trf!(
        "no calendar {calendar} is in force{}",
        "没有生效中的日历 {calendar}{}", did_you_mean(.near.as_deref())
    ))]
    NoCalendar {
        /// The name given.
        calendar: CalendarName,
        /// The most similar name.
        near: Option<String>,
    },
    /// An open proposal would end the freeze already.
    #[error("{}", trf!(
        "proposal {proposal} to end freeze {freeze} is open",
        "解除封网 {freeze} 的提案 {proposal} 尚未决定"
    ))]
    LiftOpen {
        /// The freeze.
        freeze: FreezeName,
        /// The proposal.
        proposal: ProposalId,
    },
}

impl FreezeError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::None { .. } => {
                tr!("`twinseal freeze list` shows the freezes in force", "`twinseal freeze list` 显示生效中的封网")
            }
            Self::NoCalendar { .. } => tr!(
                "`twinseal calendar list` shows the calendars in force; to set one: `twinseal calendar propose FILE`",
                "`twinseal calendar list` 显示生效中的日历；设置日历：`twinseal calendar propose FILE`"
            ),
            Self::LiftOpen { proposal, .. } => {
                return trf!(
                    "an admin who did not propose it seconds it: `twinseal proposal second {proposal}`",
                    "请未提出该提案的管理员附议：`twinseal proposal second {proposal}`"
                );
            }
        };
        hint.to_owned()
    }
}
