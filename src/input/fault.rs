//! What can be wrong with a file that somebody wrote.

use std::fmt;

use crate::domain::{Invalid, Refusal};

/// Something wrong at a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The field, such as `window.start`; empty where the fault is in the file's grammar.
    pub field: String,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.line, self.problem),
            field => write!(f, "{}: {field}: {}", self.line, self.problem),
        }
    }
}

/// What is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not TOML.
    #[error("not TOML: {0}")]
    Syntax(String),
    /// A key that there is not.
    #[error("there is no such key{}", did_you_mean(.0.as_deref()))]
    UnknownKey(Option<String>),
    /// A key that must be there.
    #[error("is mandatory, and missing or empty")]
    Missing,
    /// A value of the wrong type.
    #[error("is {found}; write {expected}")]
    Type {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A value that its type does not allow.
    #[error("{0}")]
    Value(#[from] Invalid),
    /// A value named twice in a list.
    #[error("{0} is named twice")]
    Twice(String),
    /// Neither form of a time.
    #[error("not a time: write 2026-12-05 20:00 with a zone, or 2026-12-05T20:00:00+08:00")]
    Time,
    /// A local time without a zone.
    #[error("a local time needs a zone: add zone = \"Asia/Shanghai\", or write the offset")]
    NoZone,
    /// A zone that the table of zones does not have.
    #[error("there is no such time zone{}", did_you_mean(.0.as_deref()))]
    UnknownZone(Option<String>),
    /// A local time that clocks skip.
    #[error("that time does not exist in {zone}: clocks skip it there; choose another")]
    TimeGap {
        /// The zone.
        zone: String,
    },
    /// A local time that clocks show twice.
    #[error("that time happens twice in {zone}: write it with its offset, such as 2026-11-01T01:30:00-04:00")]
    TimeTwice {
        /// The zone.
        zone: String,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// The file, as it was named.
        path: String,
        /// Why.
        reason: String,
    },
    /// A digest that is not the file's.
    #[error("{path} has the SHA-256 {found}, not the one written here")]
    Digest {
        /// The file, as it was named.
        path: String,
        /// What it has.
        found: crate::domain::Digest,
    },
    /// Neither a file nor a digest.
    #[error("needs file, or sha256, or both")]
    NoContent,
    /// More text than an entry holds.
    #[error("{bytes} bytes altogether; a change may have {most}: shorten its longest texts")]
    TooLarge {
        /// How many there are.
        bytes: usize,
        /// How many there may be.
        most: usize,
    },
    /// A rule of the register says no.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

fn did_you_mean(word: Option<&str>) -> String {
    word.map_or(String::new(), |word| format!("; did you mean {word}?"))
}

/// The word of a list that is nearest to another, if it is near at all.
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = words.into_iter().map(|it| (strsim::damerau_levenshtein(word, it), it));
    near.min().filter(|(distance, it)| *distance <= 1 + it.len() / 4).map(|(_, it)| it.to_owned())
}
