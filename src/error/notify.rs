//! Errors of `notify`.

use super::hint::private_hint;
use super::words::{did_you_mean, short};
use crate::notify::{RulesError, SecretsError, StateError};

/// Why a command about notices failed.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// The rules or the file of secrets.
    #[error("{0}")]
    Rules(Box<RulesError>),
    /// The queue.
    #[error("{0}")]
    State(Box<StateError>),
    /// Another process sends the notices of this register.
    #[error("notices of this register are being sent by another process of this account")]
    Running,
    /// A place to begin was given, and notices were sent before.
    #[error("notices were sent up to entry {0} already")]
    Begun(u64),
    /// The log lacks the entry up to which notices were sent.
    #[error("the log lacks entry {0}, up to which notices were sent")]
    Lost(u64),
    /// No such target.
    #[error("no target {}{}", short(.given), did_you_mean(.near.as_deref()))]
    NoTarget {
        /// What was given.
        given: String,
        /// A target with a similar name.
        near: Option<String>,
    },
    /// A target that writes to people, and nobody was named.
    #[error("target {0} writes to people: who gets the test?")]
    NeedPerson(String),
    /// The person has no address.
    #[error("{0} has no address in the rules")]
    NoAddress(String),
    /// A test message was not sent.
    #[error("not sent to {target}: {reason}")]
    NotSent {
        /// The target.
        target: String,
        /// The reason.
        reason: String,
    },
    /// Messages could not be delivered to these targets.
    #[error("not everything was delivered: {}", .0.join(", "))]
    Undelivered(Vec<String>),
}

impl From<RulesError> for NotifyError {
    fn from(error: RulesError) -> Self {
        Self::Rules(Box::new(error))
    }
}

impl From<StateError> for NotifyError {
    fn from(error: StateError) -> Self {
        Self::State(Box::new(error))
    }
}

impl NotifyError {
    /// The next step.
    pub(super) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Rules(error) => match error.as_ref() {
                RulesError::Private(error) | RulesError::Secrets(SecretsError::Private(error)) => {
                    return Some(private_hint(error));
                }
                RulesError::Missing(_) => "write one, or name it with --config FILE; docs/notices.md shows how",
                RulesError::Secrets(_) => "write each secret on a line of its own, such as: slack = \"https://…\"",
                RulesError::Content { .. } => "fix the file, then run `twinseal notify check`",
            },
            Self::State(error) => match error.as_ref() {
                StateError::Private(error) => return Some(private_hint(error)),
                StateError::Layout { .. } => "use the twinseal that wrote it, or a newer one",
                StateError::Sqlite { .. } | StateError::Damaged { .. } => {
                    "if it is damaged, remove it: the next run begins anew, and says from where"
                }
            },
            Self::Running => "nothing is lost: the other process sends them",
            Self::Begun(_) => "leave out --since: each run goes on where the last one ended",
            Self::Lost(_) => "a backup or a restored register; to go on in it, say from where: --since N|TIME",
            Self::NoTarget { .. } => "`twinseal notify check` lists the targets",
            Self::NeedPerson(_) => "name somebody with --person PERSON",
            Self::NoAddress(_) => "add the address under [people]",
            Self::NotSent { .. } => "nothing was queued; fix it and try again",
            Self::Undelivered(_) => {
                "the next run tries again what waits; `twinseal notify status` shows what was refused"
            }
        };
        Some(hint.to_owned())
    }
}
