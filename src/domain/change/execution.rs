//! What a machine could carry out: the targets of a change, and its steps as commands. It is in the data part of a
//! revision, so it is permanent, and rules may read it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::domain::value::text::{is_forbidden, is_space};
use crate::domain::{Conflicts, Invalid, Prose, Target};

/// One word of a command, or a directory or an account: one line, exactly as it is given to the system. It may be empty
/// and may begin or end with spaces. It has no forbidden character, and no white space but U+0020.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Argument(String);

impl Argument {
    /// The word, exactly.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn map(&self, fill: &mut dyn FnMut(&str) -> String) -> Self {
        Self(fill(&self.0))
    }

    /// A word as somebody wrote it. It is never normalised, because that could name another file.
    ///
    /// # Errors
    /// As `FromStr`, and [`Invalid::NotComposed`].
    pub fn from_typed(typed: &str) -> Result<Self, Invalid> {
        let argument = typed.parse()?;
        check_composed(typed).map(|()| argument)
    }
}

/// Fails unless the text is in Unicode's form NFC (Unicode Annex 15), which is what other texts are brought into.
fn check_composed(typed: &str) -> Result<(), Invalid> {
    if typed.nfc().eq(typed.chars()) { Ok(()) } else { Err(Invalid::NotComposed) }
}

fn check_spaces(text: &str) -> Result<(), Invalid> {
    match text.chars().find(|c| *c != ' ' && is_space(*c)) {
        Some(found) => Err(Invalid::OddSpace { found }),
        None => Ok(()),
    }
}

impl FromStr for Argument {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.contains('\n') {
            return Err(Invalid::Lines);
        }
        if let Some(found) = text.chars().find(|c| is_forbidden(*c)) {
            return Err(Invalid::Forbidden { found, line: 1 });
        }
        check_spaces(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// In double quotes; `"` and `\` within are preceded by `\`. So each argument has one form, and its ends are visible.
impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("\"{}\"", self.0.replace('\\', "\\\\").replace('"', "\\\"")))
    }
}

/// Commands for a shell: [`Prose`] with no white space but U+0020.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script(Prose);

impl Script {
    /// The lines, separated by LF.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// A script as somebody wrote it; line ends after the last line are dropped, and nothing else is changed.
    ///
    /// # Errors
    /// As `TryFrom<Prose>`, those of [`Prose`], and [`Invalid::NotComposed`].
    pub fn from_typed(typed: &str) -> Result<Self, Invalid> {
        let script = typed.trim_end_matches('\n').parse::<Prose>()?.try_into()?;
        check_composed(typed).map(|()| script)
    }
}

impl From<Script> for Prose {
    fn from(script: Script) -> Self {
        script.0
    }
}

impl TryFrom<Prose> for Script {
    type Error = Invalid;

    fn try_from(prose: Prose) -> Result<Self, Invalid> {
        check_spaces(prose.as_str())?;
        Ok(Self(prose))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A program and its arguments, or commands for a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// The program, then its arguments; no shell reads them.
    Args(Args),
    /// Commands for a shell.
    Shell(Script),
}

/// A program, which is not empty, and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Args(Vec<Argument>);

impl Args {
    /// The program, then its arguments.
    pub fn as_slice(&self) -> &[Argument] {
        &self.0
    }
}

impl TryFrom<Vec<Argument>> for Args {
    type Error = Invalid;

    fn try_from(args: Vec<Argument>) -> Result<Self, Invalid> {
        match args.first() {
            Some(program) if !program.as_str().is_empty() => Ok(Self(args)),
            _ => Err(Invalid::Empty),
        }
    }
}

/// How a machine could carry out a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automation {
    /// What it runs.
    pub command: Command,
    /// The directory in which it runs; not empty.
    pub cwd: Option<Argument>,
    /// The account as which it runs; not empty.
    pub account: Option<Argument>,
}

impl Automation {
    fn map(&self, fill: &mut dyn FnMut(&str) -> String) -> Self {
        let command = match &self.command {
            Command::Args(args) => Command::Args(Args(args.0.iter().map(|it| it.map(fill)).collect())),
            Command::Shell(script) => Command::Shell(Script(script.0.map(fill))),
        };
        let (cwd, account) = (self.cwd.as_ref().map(|it| it.map(fill)), self.account.as_ref().map(|it| it.map(fill)));
        Self { command, cwd, account }
    }
}

/// The data part of a revision. Its steps are numbered from 1, like those of the text part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The open changes that it overlapped when it was filed.
    pub conflicts: Conflicts,
    /// The hosts or instances that the change touches, in order.
    pub targets: Vec<Target>,
    /// The steps of the plan that a machine could carry out.
    pub plan: BTreeMap<u64, Automation>,
    /// The steps of the rollback that a machine could carry out.
    pub rollback: BTreeMap<u64, Automation>,
}

impl Execution {
    /// Whether there is nothing to record.
    pub fn is_empty(&self) -> bool {
        self.conflicts.is_empty() && self.targets.is_empty() && self.plan.is_empty() && self.rollback.is_empty()
    }

    /// The same with the blanks of its commands filled in.
    pub(in crate::domain) fn map(&self, fill: &mut dyn FnMut(&str) -> String) -> Self {
        let mut steps = |steps: &BTreeMap<u64, Automation>| -> BTreeMap<u64, Automation> {
            steps.iter().map(|(n, it)| (*n, it.map(fill))).collect()
        };
        Self { plan: steps(&self.plan), rollback: steps(&self.rollback), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_kept_exactly() {
        for text in ["", " ", "  a  b ", "-rf", "\"\\", "é", "接続"] {
            assert_eq!(text.parse::<Argument>().map(|it| it.as_str().to_owned()), Ok(text.to_owned()));
        }
        for (text, shown) in [("", r#""""#), ("a b ", r#""a b ""#), (r#"\""#, r#""\\\"""#)] {
            assert_eq!(text.parse::<Argument>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn an_argument_has_no_white_space_but_the_space() {
        for odd in ['\u{a0}', '\u{1680}', '\u{2000}', '\u{200a}', '\u{202f}', '\u{205f}', '\u{3000}'] {
            let text = format!("a{odd}b");
            assert_eq!(text.parse::<Argument>(), Err(Invalid::OddSpace { found: odd }));
            assert_eq!(Script::from_typed(&text), Err(Invalid::OddSpace { found: odd }));
        }
        for bad in ["a\tb", "a\nb", "a\u{200b}b", "a\u{202e}b"] {
            assert!(bad.parse::<Argument>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_is_normalised_that_a_machine_carries_out() {
        assert_eq!(Argument::from_typed("cafe\u{301}"), Err(Invalid::NotComposed));
        assert_eq!(Script::from_typed("cat cafe\u{301}"), Err(Invalid::NotComposed));
        assert_eq!(Script::from_typed("cd /a\n\n  ls\n").map(|it| it.to_string()), Ok("cd /a\n\n  ls".to_owned()));
        assert_eq!(Script::from_typed("ls \nls"), Err(Invalid::Untrimmed));
        assert_eq!(Script::from_typed("\nls"), Err(Invalid::Untrimmed));
    }

    #[test]
    fn a_command_has_a_program() {
        let args = |words: &[&str]| Args::try_from(words.iter().map(|it| it.parse().unwrap()).collect::<Vec<_>>());
        assert!(args(&[]).is_err() && args(&[""]).is_err() && args(&["", "a"]).is_err());
        assert!(args(&["true"]).is_ok() && args(&["echo", ""]).is_ok());
    }
}
