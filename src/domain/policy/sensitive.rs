//! Phrases by which a policy recognises steps that are dangerous, such as `drop table`.
//!
//! Text is folded before it is searched: ASCII letters are lower-case, and words are separated by one space. A backslash
//! before a line end separates words too, because a shell goes on reading in the next line. This needs no Unicode table,
//! so every version of the program finds the same.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::{Argument, Command, Description, Execution, Invalid, Step};

/// Folds a text.
fn fold(text: &str) -> String {
    let text = text.replace("\\\n", "\n");
    text.split([' ', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

/// A folded phrase of 1 to [`Phrase::LONGEST`] characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Phrase(String);

impl Phrase {
    /// The most characters.
    pub const LONGEST: usize = 100;

    /// A phrase as somebody wrote it, folded.
    ///
    /// # Errors
    /// As `FromStr`.
    pub fn from_typed(typed: &str) -> Result<Self, Invalid> {
        fold(typed).parse()
    }

    /// The folded phrase.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Phrase {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let length = text.chars().count();
        if text.is_empty() {
            return Err(Invalid::Empty);
        }
        if length > Self::LONGEST {
            return Err(Invalid::TooLong { length, most: Self::LONGEST });
        }
        let Argument { .. } = text.parse()?;
        if fold(text) == text { Ok(Self(text.to_owned())) } else { Err(Invalid::NotFolded) }
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A folded command, in which phrases are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Folded(String);

impl Folded {
    /// A command as it is written in a step; of one in arguments, each on its line.
    pub fn of(command: &str) -> Self {
        Self(fold(command))
    }

    /// Whether the phrase occurs in it.
    pub fn has(&self, phrase: &Phrase) -> bool {
        self.0.contains(&phrase.0)
    }
}

impl Execution {
    /// The commands of all steps, folded. The arguments of one command are separated by spaces.
    pub fn folded(&self) -> Vec<Folded> {
        let command = |command: &Command| match command {
            Command::Args(args) => {
                Folded::of(&args.as_slice().iter().map(Argument::as_str).collect::<Vec<_>>().join(" "))
            }
            Command::Shell(script) => Folded::of(script.as_str()),
        };
        self.plan.values().chain(self.rollback.values()).map(|it| command(&it.command)).collect()
    }
}

impl Description {
    /// Which of these phrases occur in the commands that people run. They are text, which can be redacted, so a revision
    /// names in its body the phrases that occur in them.
    pub fn sensitive<'p>(&self, phrases: impl IntoIterator<Item = &'p Phrase>) -> BTreeSet<Phrase> {
        let commands = |steps: &[Step]| -> Vec<Folded> {
            steps.iter().filter_map(|it| it.command.as_ref()).map(|it| Folded::of(it.as_str())).collect()
        };
        let (plan, rollback) = (commands(&self.plan), commands(&self.rollback));
        let occurs = |phrase: &&Phrase| plan.iter().chain(&rollback).any(|it| it.has(phrase));
        phrases.into_iter().filter(occurs).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_white_space_hide_no_phrase() {
        let phrase = Phrase::from_typed(" Drop   TABLE ").unwrap();
        assert_eq!(phrase.as_str(), "drop table");
        for command in
            ["drop table x", "psql -c 'DROP\n  Table x'", "DROP    TABLE", "drop \\\n table", "drop\\\ntable"]
        {
            assert!(Folded::of(command).has(&phrase), "{command}");
        }
        assert!(!Folded::of("drop a table").has(&phrase) && !Folded::of("drop \\ table").has(&phrase));
    }

    #[test]
    fn a_phrase_has_one_spelling() {
        for text in ["", " ", "Drop", "drop  table", " drop", "drop\ntable", "drop\u{202e}", &"x".repeat(101)] {
            assert!(text.parse::<Phrase>().is_err(), "{text:?}");
        }
        assert_eq!("x".repeat(100).parse::<Phrase>().unwrap().as_str().len(), 100);
    }
}
