//! The names of rules.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::domain::{Invalid, Refusal};

/// The name of a rule: one of [`Refusal::RULES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Rule(&'static str);

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        <&str>::deserialize(from)?.parse().map_err(de::Error::custom)
    }
}

impl Rule {
    pub(super) const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// The name as the log spells it.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl FromStr for Rule {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Refusal::RULES.iter().find(|rule| **rule == text).map(|rule| Self(rule)).ok_or(Invalid::Rule)
    }
}
