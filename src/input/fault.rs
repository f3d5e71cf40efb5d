//! Faults in a TOML file that a person wrote.

use std::fmt;

use crate::domain::{Closed, FreezeName, Invalid, Refusal};
use crate::venue::VenueError;

/// A fault, with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line number, from 1.
    pub line: usize,
    /// The field, such as `window.start`; empty if the fault is not in a field, such as a syntax error.
    pub field: String,
    /// What is wrong there.
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

/// What is wrong with a field or with the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A syntax error, in the words of the TOML parser.
    #[error("invalid TOML: {0}")]
    Syntax(String),
    /// An unknown key, and the nearest known one.
    #[error("unknown key{}", did_you_mean(.0.as_deref()))]
    UnknownKey(Option<String>),
    /// A required field without a value.
    #[error("required, but missing or empty")]
    Missing,
    /// A value of the wrong TOML type.
    #[error("expected {expected}, found {found}")]
    Type {
        /// The type of the field, with its article.
        expected: &'static str,
        /// The type of the value, with its article.
        found: &'static str,
    },
    /// A value that its type does not allow.
    #[error("{0}")]
    Value(#[from] Invalid),
    /// A value that a list repeats.
    #[error("{0} is listed twice")]
    Twice(String),
    /// Not a time in one of the accepted forms.
    #[error("not a time: write 2026-12-05 20:00 with a zone, or 2026-12-05T20:00:00+08:00")]
    Time,
    /// A time with the abbreviation of a zone behind it: `CST` is a time in Shanghai and one in Chicago.
    #[error("write an offset instead of {0}, which can name several zones: 2026-12-05T20:00:00+08:00, or Z for UTC")]
    Abbreviation(String),
    /// A fraction of a second, or a leap second.
    #[error("write whole seconds from 00 to 59, without a fraction")]
    Seconds,
    /// A local time in a file without a zone.
    #[error("a local time needs a zone: add zone = \"Asia/Shanghai\", or write the offset")]
    NoZone,
    /// An unknown zone, and the nearest known one.
    #[error("unknown time zone{}", did_you_mean(.0.as_deref()))]
    UnknownZone(Option<String>),
    /// An abbreviation or an offset where the name of a zone belongs: `CST` is a time in Shanghai and one in Chicago.
    #[error("not the name of a time zone: write one such as Asia/Shanghai, America/Chicago or UTC")]
    NoPlace,
    /// A local time that clocks skip.
    #[error("does not exist in {zone}, where clocks are set forward: choose another time")]
    TimeGap {
        /// The zone.
        zone: String,
    },
    /// A local time that clocks show twice.
    #[error("occurs twice in {zone}, where clocks are set back: write {first} (earlier) or {second} (later)")]
    TimeTwice {
        /// The zone.
        zone: String,
        /// The first time, with its offset.
        first: String,
        /// The second time, with its offset.
        second: String,
    },
    /// Not a time of day.
    #[error("not a time of day: write 21:00")]
    Clock,
    /// Not a date.
    #[error("not a date: write 2026-02-13")]
    Date,
    /// A length of time over a day.
    #[error("at most 1440 minutes, which are a day")]
    Minutes,
    /// A venue or year without a calendar.
    #[error("{0}")]
    Venue(#[from] VenueError),
    /// A key that `[sessions]` replaces.
    #[error("leave it out, or leave out [sessions], which says it too")]
    InSessions,
    /// A key that `calendar` replaces.
    #[error("leave it out, or leave out calendar, which says it too")]
    InCalendar,
    /// A line of a table that does not have the columns of its header.
    #[error("expected the columns {expected}")]
    Header {
        /// The header.
        expected: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// The file, as the draft names it.
        path: String,
        /// The system's error.
        reason: String,
    },
    /// A digest that differs from that of the file beside it.
    #[error("the SHA-256 of {path} is {found}, not the one given")]
    Digest {
        /// The file, as the draft names it.
        path: String,
        /// Its SHA-256.
        found: crate::domain::Digest,
    },
    /// A step with both a command and a script for a machine.
    #[error("args and shell exclude each other: use one of them")]
    TwoCommands,
    /// A directory or an account for a step that a machine cannot carry out.
    #[error("needs args or shell beside it")]
    NoCommand,
    /// An artifact with neither a file nor a digest.
    #[error("needs file, sha256, or both")]
    NoContent,
    /// An author address of a commit that the configuration does not map.
    #[error("commits by {address}: the address is not in [authors] of config.toml")]
    UnmappedAuthor {
        /// The address.
        address: String,
    },
    /// A range of commits without a commit.
    #[error("no commits in {range}")]
    NoCommits {
        /// The range.
        range: String,
    },
    /// A change that too few people could approve.
    #[error("{need} approvals needed, but {able} could approve{barred}")]
    TooFewApprovers {
        /// The number of approvals needed.
        need: usize,
        /// Who could approve it: `nobody`, or `only carol`.
        able: String,
        /// Which approvers could not, and why; empty if there is no other approver.
        barred: String,
    },
    /// A change that too few people could approve as members of a group.
    #[error("{need} approval{} of group {group} needed, but {able} in this group could approve{elsewhere}", if *need == 1 { "" } else { "s" })]
    TooFewInGroup {
        /// The number of approvers of the group that are needed.
        need: usize,
        /// The group.
        group: crate::domain::Group,
        /// Who in the group could approve it: `nobody`, or `only carol`.
        able: String,
        /// Why they are too few although they would do for this group alone; otherwise empty.
        elsewhere: &'static str,
    },
    /// A window in which a freeze lets the change start at no time.
    #[error("freeze {freeze} is {closed} and stops the change: choose another window, or add [freeze_exception]")]
    Frozen {
        /// The freeze.
        freeze: FreezeName,
        /// When it is closed.
        closed: Closed,
    },
    /// An exception from a freeze that nobody could sign.
    #[error("nobody who could approve it may except from freeze {freeze}: it needs an approval by {by}")]
    NobodyExcepts {
        /// The freeze.
        freeze: FreezeName,
        /// Who may except.
        by: String,
    },
    /// A change that no independent approver could approve.
    #[error(
        "an independent approver needed, but everybody who could approve shares a team with somebody who takes part"
    )]
    NobodyIndependent,
    /// A change that does not fit into an entry.
    #[error("{bytes} bytes in total; at most {most} are allowed: shorten the longest texts")]
    TooLarge {
        /// Size in bytes of the part that is too large.
        bytes: usize,
        /// The limit in bytes.
        most: usize,
    },
    /// A rule of the register that the change would break.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A freeze that is not in force, and the nearest one that is.
    #[error("{0}; did you mean {1}?")]
    Misspelt(Refusal, String),
}

fn did_you_mean(word: Option<&str>) -> String {
    word.map_or(String::new(), |word| format!("; did you mean {word}?"))
}

/// The word of a list that is most similar to `word`, for suggestions; `None` if none is similar.
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = words.into_iter().map(|it| (strsim::damerau_levenshtein(word, it), it));
    near.min().filter(|(distance, it)| *distance <= 1 + it.len() / 4).map(|(_, it)| it.to_owned())
}
