//! Conflicts of interest.

use serde::{Deserialize, Serialize};

use crate::tr;

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
            Self::Operates => tr!(
                "; a machine account that you no longer operate needs new keys: `twinseal person add-key`, then \
                 `twinseal key revoke`",
                "；您已不再负责的机器账号须换新密钥：先 `twinseal person add-key`，再 `twinseal key revoke`"
            ),
        }
    }

    /// What the person did or is, behind their name.
    pub fn of_another(self) -> &'static str {
        match self {
            Self::Requested => tr!("filed or revised the change", "提交或修订过该变更单"),
            Self::Authored => tr!("is an author of the change", "是该变更的作者"),
            Self::Owns => tr!("owns the change", "是该变更的变更负责人"),
            Self::Implements => tr!("implements the change", "是该变更的实施人"),
            Self::OperatesAuthor => tr!(
                "operates or operated a machine account that is an author of the change",
                "现在或曾经是该变更的作者机器账号的操作责任人"
            ),
            Self::Operates => {
                tr!("operates a machine account of the change", "是参与该变更的机器账号的操作责任人")
            }
        }
    }

    /// What the person did or is, behind "you" or "您".
    pub fn verb(self) -> &'static str {
        match self {
            Self::Requested => tr!("filed or revised it", "提交或修订过该变更单"),
            Self::Authored => tr!("are an author of it", "是该变更的作者"),
            Self::Owns => tr!("own it", "是其变更负责人"),
            Self::Implements => tr!("implement it", "是其实施人"),
            Self::OperatesAuthor => tr!(
                "operate or operated a machine account that is an author of it",
                "是或曾是其作者（机器账号）的操作责任人"
            ),
            Self::Operates => tr!(
                "answer for a machine account that filed, owns or implements it",
                "是提交、负责或实施该变更的机器账号的操作责任人"
            ),
        }
    }
}
