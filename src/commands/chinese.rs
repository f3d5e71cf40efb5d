//! The Chinese text of the help, beside the English one: `#[command(zh("显示变更单"))]` below the doc comment that is the
//! English text.

use clap::builder::PossibleValue;
use clap::{Arg, Command};

use crate::lang::{Lang, lang};

/// What has a Chinese help.
pub trait Zh: Sized {
    /// The first line, or the whole help of an option.
    fn zh(self, text: &'static str) -> Self;

    /// The paragraphs behind the first line of a command.
    fn zh_long(self, text: &'static str) -> Self;
}

impl Zh for Command {
    fn zh(self, text: &'static str) -> Self {
        match lang() {
            Lang::En => self,
            Lang::Zh => self.about(text).long_about(None),
        }
    }

    fn zh_long(self, text: &'static str) -> Self {
        match (lang(), self.get_about().cloned()) {
            (Lang::Zh, Some(first)) => self.long_about(format!("{first}\n\n{text}")),
            _ => self,
        }
    }
}

impl Zh for Arg {
    fn zh(self, text: &'static str) -> Self {
        match lang() {
            Lang::En => self,
            Lang::Zh => self.help(text).long_help(None),
        }
    }

    fn zh_long(self, text: &'static str) -> Self {
        match (lang(), self.get_help().cloned()) {
            (Lang::Zh, Some(first)) => self.long_help(format!("{first}\n\n{text}")),
            _ => self,
        }
    }
}

impl Zh for PossibleValue {
    fn zh(self, text: &'static str) -> Self {
        match lang() {
            Lang::En => self,
            Lang::Zh => self.help(text),
        }
    }

    fn zh_long(self, _: &'static str) -> Self {
        self
    }
}
