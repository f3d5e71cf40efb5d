//! Errors of commands about several changes or proposals.

use super::{Error, Exit};
use crate::domain::ChangeId;
use crate::store::StoreError;

/// Why several changes or proposals were not all decided.
#[derive(Debug, thiserror::Error)]
pub enum SeveralError {
    /// Some were not decided.
    #[error("{done} {} of {of} {what}; not {done}: {}", .of - .open.len(), .open.join(" "))]
    Partly {
        /// The act: `approved`.
        done: &'static str,
        /// What was named: `changes`.
        what: &'static str,
        /// The command.
        command: &'static str,
        /// Those that were left out.
        open: Vec<String>,
        /// The number of those named.
        of: usize,
    },
    /// Changes that are approved together, some of which cannot be approved.
    #[error("{} of {} changes cannot be approved: {}; none was signed", .refused.len(), .refused.len() + .others.len(), ids(.refused, " "))]
    NoneApproved {
        /// Those that cannot be approved.
        refused: Vec<ChangeId>,
        /// The others.
        others: Vec<ChangeId>,
    },
    /// A change that is approved together with others was revised, rejected or started after it was shown.
    #[error("{} changed while you read: {}; none was signed", if .0.len() == 1 { "1 change" } else { "some changes" }, ids(.0, " "))]
    Moved(Vec<ChangeId>),
    /// The approvals were recorded up to one of the changes.
    #[error("{source}; recorded: {}; {}: {}", none_or(.recorded), if Self::is_uncertain(.source) { "unknown, or not recorded" } else { "not recorded" }, none_or(.open))]
    Stopped {
        /// Those whose approvals are recorded.
        recorded: Vec<ChangeId>,
        /// The others.
        open: Vec<ChangeId>,
        /// The reason.
        source: Error,
    },
}

fn ids(ids: &[ChangeId], between: &str) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(between)
}

fn none_or(changes: &[ChangeId]) -> String {
    if changes.is_empty() { "none".to_owned() } else { ids(changes, " ") }
}

impl SeveralError {
    /// Whether the first of those that were not recorded may be recorded nevertheless.
    fn is_uncertain(source: &Error) -> bool {
        matches!(source, Error::Store(StoreError::Uncertain { .. }))
    }

    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Partly { .. } | Self::NoneApproved { .. } | Self::Moved(_) => Exit::Refused,
            Self::Stopped { source, .. } => source.exit(),
        }
    }

    /// The next step.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Partly { command, open, .. } => {
                Some(format!("the reasons are above; to try again: `twinseal {command} {}`", open.join(" ")))
            }
            Self::NoneApproved { others, .. } if others.is_empty() => Some("the reasons are above".to_owned()),
            Self::NoneApproved { others, .. } => Some(format!(
                "the reasons are above; to approve the others: `twinseal approve --all-of {}`",
                ids(others, ",")
            )),
            Self::Moved(_) => Some("run the command again, and read what changed".to_owned()),
            Self::Stopped { open, .. } if open.is_empty() => None,
            Self::Stopped { open, .. } => {
                Some(format!("to approve the others: `twinseal approve --all-of {}`", ids(open, ",")))
            }
        }
    }
}

impl From<SeveralError> for Error {
    fn from(error: SeveralError) -> Self {
        Self::Several(Box::new(error))
    }
}
