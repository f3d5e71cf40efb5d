//! Errors of `freeze` and `calendar`.

use super::did_you_mean;
use crate::domain::{CalendarName, FreezeName, ProposalId};

/// Why a command about a freeze failed.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// No freeze in force has this name.
    #[error("no freeze {freeze} is in force{}", did_you_mean(.near.as_deref()))]
    None {
        /// The name given.
        freeze: FreezeName,
        /// The most similar name.
        near: Option<String>,
    },
    /// No calendar in force has this name.
    #[error("no calendar {calendar} is in force{}", did_you_mean(.near.as_deref()))]
    NoCalendar {
        /// The name given.
        calendar: CalendarName,
        /// The most similar name.
        near: Option<String>,
    },
    /// An open proposal would end the freeze already.
    #[error("proposal {proposal} to end freeze {freeze} is open")]
    LiftOpen {
        /// The freeze.
        freeze: FreezeName,
        /// The proposal.
        proposal: ProposalId,
    },
}

impl FreezeError {
    /// The next step.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::None { .. } => "`twinseal freeze list` shows the freezes in force",
            Self::NoCalendar { .. } => {
                "`twinseal calendar list` shows the calendars in force; to set one: `twinseal calendar propose FILE`"
            }
            Self::LiftOpen { .. } => "an admin who did not propose it seconds it: `twinseal proposal second N`",
        }
    }
}
