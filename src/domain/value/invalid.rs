//! Why a value is not one of its type.

/// A value that has no place in a register, each variant with what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not an identifier of its kind.
    #[error("not {what}: write {allowed}")]
    Id {
        /// The kind of identifier, with its article.
        what: &'static str,
        /// The spelling that is accepted.
        allowed: &'static str,
    },
    /// Not one of a closed set of words.
    #[error("not {what}: use {}", list(allowed))]
    Word {
        /// The kind of word, with its article.
        what: &'static str,
        /// The words that there are.
        allowed: &'static [&'static str],
    },
    /// Not a decimal number in its one spelling.
    #[error("not a number: write decimal digits without sign or leading zero, at most 9007199254740991")]
    Number,
    /// Not a SHA-256 digest.
    #[error("not a SHA-256 digest: write 64 lower-case hexadecimal digits")]
    Digest,
    /// Not an RFC 3339 UTC time in whole seconds.
    #[error("not a time: write RFC 3339 in UTC with whole seconds, such as 2026-12-01T09:30:05Z")]
    Time,
    /// A window whose end is not after its start.
    #[error("the window ends before it starts, or at once: set its end after its start")]
    WindowOrder,
    /// A window longer than [`crate::domain::Window::LONGEST_DAYS`].
    #[error("the window is longer than 366 days: file one change per window")]
    WindowLong,
    /// Text with nothing in it.
    #[error("empty: write at least one word")]
    Empty,
    /// More than one line where one is expected.
    #[error("several lines where one is expected: keep it to one line")]
    Lines,
    /// A line that is too long for one.
    #[error("{length} characters; at most {most} fit on this line: shorten it")]
    TooLong {
        /// How many characters there are.
        length: usize,
        /// How many there may be.
        most: usize,
    },
    /// A character that could deceive a reader.
    #[error("{} (U+{:04X}) on its line {line}: remove it", forbidden_name(*.found), u32::from(*.found))]
    Forbidden {
        /// The character.
        found: char,
        /// The line of the text that it stands on, from 1.
        line: usize,
    },
    /// White space at the end of a line, or a blank line at the start or end.
    #[error("white space at an end: remove it")]
    Untrimmed,
    /// Not an Ed25519 public key that is safe to enrol.
    #[error("not a usable Ed25519 public key: {0}")]
    Key(#[from] crate::domain::value::key::BadKey),
    /// Fewer approvals than two, or more than the limit.
    #[error("a policy asks for {found} approvals: it may ask for 2 to 9")]
    PolicyApprovals {
        /// What the policy asks for.
        found: u64,
    },
    /// Approvals that would expire at once or never.
    #[error("approvals expire after {found} days: a policy may say 1 to 365")]
    PolicyExpiry {
        /// What the policy says.
        found: u64,
    },
    /// A requirement without effect.
    #[error("asks for nothing: it needs approvals, or something in fields")]
    RequirementEmpty,
    /// Two requirements of one name.
    #[error("two requirements are called {name}: give each its own name")]
    RequirementTwice {
        /// The name.
        name: crate::domain::RequirementName,
    },
    /// The name of no rule.
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
        _ => "an invisible or direction-changing character",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_character_is_named_so_that_it_can_be_found() {
        for (c, name) in [
            ('\t', "a tab; use spaces (U+0009)"),
            ('\0', "a NUL (U+0000)"),
            ('\u{1b}', "an escape character (U+001B)"),
            ('\u{7f}', "a control character (U+007F)"),
            ('\u{202e}', "an invisible or direction-changing character (U+202E)"),
        ] {
            let complaint = Invalid::Forbidden { found: c, line: 3 }.to_string();
            assert_eq!(complaint, format!("{name} on its line 3: remove it"));
        }
    }
}
