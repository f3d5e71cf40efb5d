//! Errors of parsing and validating values.

/// Why a value is invalid. The messages say which values are valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not an identifier of its kind.
    #[error("not {what}: write {allowed}")]
    Id {
        /// The kind of identifier, with its article: `a person id`.
        what: &'static str,
        /// The accepted spelling.
        allowed: &'static str,
    },
    /// Not one of a closed set of words.
    #[error("not {what}: use {}", list(allowed))]
    Word {
        /// The kind of word, with its article: `a risk`.
        what: &'static str,
        /// The accepted words.
        allowed: &'static [&'static str],
    },
    /// Not a decimal number in canonical form.
    #[error("not a number: write decimal digits without a sign or leading zeros, at most 9007199254740991")]
    Number,
    /// Not a SHA-256 digest.
    #[error("not a SHA-256 digest: write 64 lower-case hexadecimal digits")]
    Digest,
    /// Not an RFC 3339 UTC time in whole seconds.
    #[error("not a time: write RFC 3339 in UTC with whole seconds, such as 2026-12-01T09:30:05Z")]
    Time,
    /// A window whose end is not after its start.
    #[error("the window must end after it starts")]
    WindowOrder,
    /// A window longer than [`crate::domain::Window::LONGEST_DAYS`].
    #[error("the window is longer than 366 days: file one change per window")]
    WindowLong,
    /// Empty text.
    #[error("empty: write at least one word")]
    Empty,
    /// Several lines in a one-line value.
    #[error("several lines: write one line")]
    Lines,
    /// A line over the limit.
    #[error("{length} characters, at most {most} are allowed: shorten it")]
    TooLong {
        /// Its length in characters.
        length: usize,
        /// The limit in characters.
        most: usize,
    },
    /// A character that could deceive a reader: control, bidirectional or invisible.
    #[error("{} (U+{:04X}) on line {line} of the text: remove it", forbidden_name(*.found), u32::from(*.found))]
    Forbidden {
        /// The character.
        found: char,
        /// The line within the text, from 1.
        line: usize,
    },
    /// White space at the end of a line, or a blank line at the start or end.
    #[error("leading or trailing white space: remove it")]
    Untrimmed,
    /// White space other than U+0020, where a machine reads the text.
    #[error("white space other than a space (U+{:04X}): use a space", u32::from(*.found))]
    OddSpace {
        /// The character.
        found: char,
    },
    /// Text that is not in Unicode's form NFC, where normalising it could change its meaning.
    #[error("not in Unicode form NFC: write composed characters")]
    NotComposed,
    /// Two white space characters in a row in a one-line value.
    #[error("several spaces in a row: write one")]
    SpaceRun,
    /// A period that ends before it begins.
    #[error("the period ends before it begins, or at that moment")]
    PeriodOrder,
    /// Periods of one grant that overlap, touch, or are out of order.
    #[error("the periods of one grant must be in the order of time, with a gap between any two")]
    PeriodOverlap,
    /// A freeze without a closed period.
    #[error("a freeze needs at least one closed period")]
    ClosedNever,
    /// Closed periods that overlap, or are out of order.
    #[error("the closed periods must be in the order of time, and must not overlap")]
    ClosedOrder,
    /// Periods beyond the time until which a calendar is known.
    #[error("a closed period ends after the time until which the calendar is known")]
    ClosedUnknown,
    /// A reserved period that must be restored before it begins.
    #[error("restored before the period begins, or at that moment")]
    RestoredBy,
    /// Another word than the one that lets somebody begin a freeze again.
    #[error("not allowed: write the word allowed")]
    Again,
    /// A name for a freeze that twinseal gives itself.
    #[error(
        "the name any stands for every freeze, and names that begin with now- are those of freezes that one person began"
    )]
    FreezeName,
    /// A request that expires before it was made.
    #[error("the request expires before it was made, or at that moment")]
    RequestOrder,
    /// An Ed25519 public key that is malformed or unsafe.
    #[error("not a usable Ed25519 public key: {0}")]
    Key(#[from] crate::domain::value::key::BadKey),
    /// A number of approvals outside 2 to 9.
    #[error("{found} is out of range: use 2 to 9")]
    PolicyApprovals {
        /// The number in the policy.
        found: u64,
    },
    /// A validity of approvals outside 1 to 365 days.
    #[error("{found} is out of range: use 1 to 365")]
    PolicyExpiry {
        /// The number of days in the policy.
        found: u64,
    },
    /// A number of approvers of one group outside 1 to 9.
    #[error("{found} is out of range: use 1 to 9")]
    PolicySlots {
        /// The number in the policy.
        found: u64,
    },
    /// A number of targets outside 1 to 1000.
    #[error("{found} is out of range: use 1 to 1000")]
    PolicyTargets {
        /// The number in the policy.
        found: u64,
    },
    /// A time for which a break-glass is open outside 1 to 240 minutes.
    #[error("{found} is out of range: use 1 to 240")]
    BreakGlassMinutes {
        /// The number of minutes in the policy.
        found: u64,
    },
    /// A number of minutes outside 1 to 366 days.
    #[error("{found} is out of range: use 1 to 527040")]
    PolicyMinutes {
        /// The number in the policy.
        found: u64,
    },
    /// An independent approver required by a policy that names no teams.
    #[error("an independent approver shares no team with others: list the groups that are teams in teams")]
    NoTeams,
    /// A phrase that is not in the form in which commands are searched.
    #[error("not a phrase: write lower-case words with one space between them")]
    NotFolded,
    /// A requirement that requires nothing.
    #[error(
        "requires nothing: add approvals, from, independent, fields, lead_minutes, longest_window_minutes or confirm"
    )]
    RequirementEmpty,
    /// Two requirements with the same name.
    #[error("two requirements are named {name}: give each its own name")]
    RequirementTwice {
        /// The name.
        name: crate::domain::RequirementName,
    },
    /// An unknown rule name.
    #[error("not the name of a rule")]
    Rule,
}

/// `a, b or c`.
fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [head @ .., last] => format!("{} or {last}", head.join(", ")),
    }
}

fn forbidden_name(c: char) -> &'static str {
    match c {
        '\t' => "a tab; use spaces",
        '\u{0}' => "a NUL",
        '\u{1b}' => "an escape character",
        c if c.is_control() => "a control character",
        '\u{fe00}'..='\u{fe0f}' => "an invisible variation selector, as in some emoji",
        _ => "an invisible or direction-changing character",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_a_forbidden_character_and_its_line() {
        for (c, name) in [
            ('\t', "a tab; use spaces (U+0009)"),
            ('\0', "a NUL (U+0000)"),
            ('\u{1b}', "an escape character (U+001B)"),
            ('\u{7f}', "a control character (U+007F)"),
            ('\u{202e}', "an invisible or direction-changing character (U+202E)"),
            ('\u{fe0f}', "an invisible variation selector, as in some emoji (U+FE0F)"),
        ] {
            let message = Invalid::Forbidden { found: c, line: 3 }.to_string();
            assert_eq!(message, format!("{name} on line 3 of the text: remove it"));
        }
    }
}
