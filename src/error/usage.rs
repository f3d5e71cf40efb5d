//! Errors in the use of the command line.

/// What is wrong with a command line, and what to type instead.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The fault.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl From<UsageError> for super::Error {
    fn from(error: UsageError) -> Self {
        Self::Usage(Box::new(error))
    }
}
