//! Why a message was not delivered. No text of a server and no URL is in it: both can hold secrets.

/// Why a message was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The receiver refuses this message; sending it again would change nothing.
    Refused(String),
    /// The receiver cannot take this message now.
    Later {
        /// The reason.
        reason: String,
        /// After how many seconds the receiver wants to be asked again.
        after: Option<i64>,
    },
    /// The receiver cannot take any message now.
    Down {
        /// The reason.
        reason: String,
        /// After how many seconds the receiver wants to be asked again.
        after: Option<i64>,
    },
}

impl Failure {
    /// Nothing can be delivered for this reason, for a time that nobody knows.
    pub fn down(reason: impl Into<String>) -> Self {
        Self::Down { reason: reason.into(), after: None }
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused(reason) | Self::Later { reason, .. } | Self::Down { reason, .. } => reason,
        }
    }
}
