//! Errors of commands about this account: its drafts, its shell, its help.

use super::words::{did_you_mean, short};

/// Why a command about this account failed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No draft with this number.
    #[error("no draft {0}")]
    NoDraft(String),
    /// Nothing to file, and no terminal for an editor.
    #[error("no draft given, and no terminal for an editor")]
    NoDraftGiven,
    /// The user left it unfiled.
    #[error("not filed; kept as draft {0}")]
    NotFiled(String),
    /// The user left it as it was offered.
    #[error("not filed: nothing was written")]
    NothingWritten,
    /// Neither a command nor a topic.
    #[error("no command or topic {}{}", short(.given), did_you_mean(.near.as_deref()))]
    NoHelp {
        /// What was given.
        given: String,
        /// The most similar command or topic.
        near: Option<String>,
    },
    /// No shell was named, and `SHELL` names none that is known.
    #[error("which shell?")]
    WhichShell,
}

impl AccountError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::NotFiled(n) => return format!("`twinseal drafts resume {n}`"),
            Self::NothingWritten => "save it in the editor before you close it; no draft was kept",
            Self::NoDraft(_) => "`twinseal drafts list` shows the drafts of this account",
            Self::NoDraftGiven => "name a file: `twinseal draft > change.toml`, then `twinseal file change.toml`",
            Self::NoHelp { .. } => {
                "`twinseal help` lists the commands; topics: exit-codes, format, keys, policy, times"
            }
            Self::WhichShell => "name it: `twinseal setup-shell bash`, zsh or fish",
        };
        hint.to_owned()
    }
}
