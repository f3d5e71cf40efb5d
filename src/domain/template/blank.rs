//! Blanks of templates: `{{node}}` in a text or a command, and the form of what a change writes there.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::{BlankName, BlankPattern, BlankValue, number};
use crate::trf;

/// What a change may write into a blank. Every form is closed: nobody writes free text into a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum BlankForm {
    /// One of these values; at least one.
    List(BTreeSet<BlankValue>),
    /// A value with this pattern.
    Pattern(BlankPattern),
    /// A decimal number without leading zeros, from `least` to `most`.
    Number {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
}

/// The most values of a list that a sentence names.
const NAMED: usize = 8;

impl BlankForm {
    /// Whether a change may write this value.
    pub fn allows(&self, value: &BlankValue) -> bool {
        match self {
            Self::List(values) => values.contains(value),
            Self::Pattern(pattern) => pattern.allows(value),
            Self::Number { least, most } => number(value.as_str()).is_ok_and(|it| (*least..=*most).contains(&it)),
        }
    }

    /// The form for people: `one of gw-01, gw-02`.
    pub fn phrase(&self) -> String {
        match self {
            Self::List(values) => {
                let named: Vec<&str> = values.iter().take(NAMED).map(BlankValue::as_str).collect();
                let named = named.join(", ");
                match values.len().saturating_sub(NAMED) {
                    0 => trf!("one of {named}", "{named} 之一"),
                    more => trf!("one of {named} and {more} more", "{named} 等之一（另有 {more} 个）"),
                }
            }
            Self::Pattern(pattern) => trf!(
                "like {pattern}, with a digit for # and a lower-case letter for @",
                "形如 {pattern}，# 为一位数字，@ 为一个小写字母"
            ),
            Self::Number { least, most } => trf!("a number from {least} to {most}", "{least} 至 {most} 的数字"),
        }
    }
}

/// A piece of a text with blanks.
pub(in crate::domain) enum Piece<'t> {
    /// Text as it is.
    Text(&'t str),
    /// A blank.
    Blank(BlankName),
    /// `{{` that begins no blank, and what follows it.
    Stray(&'t str),
}

/// The pieces of a text. After a stray `{{` the rest is one piece.
pub(in crate::domain) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once("{{") {
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let blank = behind.split_once("}}").and_then(|(name, after)| Some((name.parse().ok()?, after)));
        let Some((name, after)) = blank else {
            pieces.push(Piece::Stray(&rest[before.len()..]));
            return pieces;
        };
        pieces.push(Piece::Blank(name));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// The blanks of a text, in order, and the first `{{` in it that begins none.
pub fn blanks_in(text: &str) -> (Vec<BlankName>, Option<String>) {
    let (mut names, mut stray) = (Vec::new(), None);
    for piece in pieces(text) {
        match piece {
            Piece::Blank(name) => names.push(name),
            Piece::Stray(text) => stray = Some(text.chars().take(20).collect()),
            Piece::Text(_) => {}
        }
    }
    (names, stray)
}
