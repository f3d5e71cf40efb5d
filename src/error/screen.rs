//! Errors for a terminal.

use super::Error;
use crate::config::ConfigError;
use crate::input::show_faults;

impl Error {
    /// The message for a terminal of this many columns, and whether it has several lines: faults of a file stand beside its
    /// lines.
    pub fn on_screen(&self, width: Option<u16>) -> (String, bool) {
        match self {
            Self::Faults { path, faults } => (show_faults(path, faults, width), true),
            Self::Config(ConfigError::Content { fault: Some(fault), .. }) => {
                (format!("{}{}", self.to_string().replace('\n', "\\u{a}"), fault.shown_in(width)), true)
            }
            _ => (self.to_string(), false),
        }
    }
}
