//! What a rule denies, as an error of a command.

use super::Error;
use crate::domain::{Denied, Unloaded};

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(refusal) => Self::Refused(refusal),
            Denied::Unloaded(unloaded) => unloaded.into(),
        }
    }
}

impl From<Unloaded> for Error {
    fn from(unloaded: Unloaded) -> Self {
        Self::Store(unloaded.into())
    }
}
