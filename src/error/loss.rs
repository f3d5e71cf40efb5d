//! Errors about entries that a register lost.

use std::path::PathBuf;

use super::hint::store_hint;
use crate::store::StoreError;

/// Why lost entries were not recovered or listed.
#[derive(Debug, thiserror::Error)]
pub enum LossError {
    /// The source of a recovery cannot be used.
    #[error("cannot recover from {}: {source}", .path.display())]
    Copy {
        /// Which file.
        path: PathBuf,
        /// The reason.
        source: StoreError,
    },
    /// Nothing that this account verified is lost, so it cannot list lost entries.
    #[error("no entry that this account verified is missing")]
    NothingLost,
    /// The entries that a restoration lists are not consecutive.
    #[error("entry {seq} does not continue the list of lost entries: entry {expected} is next")]
    Gap {
        /// The entry that was given.
        seq: u64,
        /// The entry that must come next.
        expected: u64,
    },
    /// The pin names a lost entry, but the verified cache does not have the lost entries to list.
    #[error("this account's verified cache lacks the lost entries, so it cannot list them")]
    Unlisted,
}

impl LossError {
    /// The next step.
    pub(super) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Copy { source: source @ (StoreError::Io { .. } | StoreError::Broken(_)), .. } => {
                return store_hint(source);
            }
            Self::Copy { .. } => "name a backup, or a file that `twinseal repair` kept; nothing was recorded",
            Self::NothingLost => {
                "an admin whose account is stopped by the loss proposes it, or name what another account verified: --lost"
            }
            Self::Gap { .. } => "name every lost entry in order, one --lost for each",
            Self::Unlisted => "another admin whose account is stopped by the loss proposes it",
        };
        Some(hint.to_owned())
    }
}
