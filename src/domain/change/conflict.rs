//! Conflicts of interest.

use serde::{Deserialize, Serialize};

/// Why a person may not approve a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ConflictOfInterest {
    /// The person filed or revised it.
    Requested,
    /// The person is an author of what it deploys.
    Authored,
    /// The person owns it.
    Owns,
    /// The person implements it.
    Implements,
    /// The person operates, or ever operated, a machine account that authored it.
    OperatesAuthor,
    /// The person operates a machine account that requested, owns or implements it, or operated it with a key that it
    /// still has or that signed the revision.
    Operates,
}

impl ConflictOfInterest {
    /// The way out for later changes, as the end of a hint.
    pub(in crate::domain) fn remedy(self) -> &'static str {
        match self {
            Self::Requested | Self::Authored | Self::Owns | Self::Implements | Self::OperatesAuthor => "",
            Self::Operates => {
                "; a machine account that you no longer operate needs new keys: `twinseal person add-key`, then \
                 `twinseal key revoke`"
            }
        }
    }

    /// What the person did or is, as the end of a sentence that begins with "you".
    pub fn verb(self) -> &'static str {
        match self {
            Self::Requested => "filed or revised it",
            Self::Authored => "are an author of it",
            Self::Owns => "own it",
            Self::Implements => "implement it",
            Self::OperatesAuthor => "operate or operated a machine account that is an author of it",
            Self::Operates => "answer for a machine account that filed, owns or implements it",
        }
    }
}
