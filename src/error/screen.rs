//! Errors for a terminal.

use super::{Error, NotifyError};
use crate::config::ConfigError;
use crate::input::{Fault, show_faults};
use crate::notify::RulesError;

impl Error {
    /// The message for a terminal of this many columns, and whether it has several lines: faults of a file stand beside its
    /// lines.
    pub fn on_screen(&self, width: Option<u16>) -> (String, bool) {
        if let Some((path, faults)) = self.faults() {
            return (show_faults(&path, faults, width), true);
        }
        match self {
            Self::Config(ConfigError::Content { fault: Some(fault), .. }) => {
                (format!("{}{}", self.to_string().replace('\n', "\\u{a}"), fault.shown_in(width)), true)
            }
            _ => (self.to_string(), false),
        }
    }

    /// The faults of a file, if that is the error, and the name of the file.
    pub(super) fn faults(&self) -> Option<(String, &[Fault])> {
        match self {
            Self::Faults { path, faults } => Some((path.clone(), faults)),
            Self::Notify(NotifyError::Rules(error)) => match error.as_ref() {
                RulesError::Content { path, faults } => Some((path.display().to_string(), faults)),
                _ => None,
            },
            _ => None,
        }
    }
}
