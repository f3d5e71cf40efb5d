//! The line grammar of bodies and text parts: UTF-8, lines of `key value` that end with LF, in one fixed order. A value
//! of several lines repeats its key on each; an empty line of a value is the key alone.

use std::fmt::{Display, Write as _};
use std::str::FromStr;

use memchr::memchr;

use super::Defect;
use crate::domain::{Invalid, Line, Prose, is_forbidden, number};

/// Encodes lines.
#[derive(Default)]
pub struct Writer(String);

/// Initial capacity in bytes: enough for most bodies and text parts.
const CAPACITY: usize = 2048;

impl Writer {
    /// A writer whose first line is `first` as it is, such as a namespace.
    pub fn with_first_line(first: &str) -> Self {
        let mut lines = Self(String::with_capacity(CAPACITY));
        lines.push("", "", first);
        lines
    }

    /// Appends `key value`.
    pub fn put(&mut self, key: &str, value: impl Display) {
        self.0.push_str(key);
        self.0.push(' ');
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{value}");
        self.0.push('\n');
    }

    /// Appends `key value` for each value.
    pub fn put_all<T: Display>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        values.into_iter().for_each(|value| self.put(key, value));
    }

    /// Appends text of one or more lines, with the key on each.
    pub fn put_prose(&mut self, key: &str, prose: &str) {
        for line in prose.split('\n') {
            self.push(key, if line.is_empty() { "" } else { " " }, line);
        }
    }

    /// Appends a value exactly; an empty value is the key alone.
    pub fn put_exact(&mut self, key: &str, value: &str) {
        self.push(key, if value.is_empty() { "" } else { " " }, value);
    }

    fn push(&mut self, key: &str, space: &str, value: &str) {
        [key, space, value, "\n"].into_iter().for_each(|part| self.0.push_str(part));
    }

    /// Returns the encoded lines.
    pub fn finish(self) -> String {
        self.0
    }
}

/// Decodes lines. The caller asks for each key in the order of the grammar.
pub struct Reader<'a> {
    rest: &'a str,
    line: usize,
    verified: bool,
}

impl<'a> Reader<'a> {
    /// A reader at the first line.
    ///
    /// # Errors
    /// [`Defect::Utf8`], [`Defect::Character`], [`Defect::Unended`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, Defect> {
        let text = str::from_utf8(bytes).map_err(|_| Defect::Utf8)?;
        // Most inputs are printable ASCII. A fold without early exit is vectorised and makes the check by `char` rare.
        let plain = bytes.iter().fold(true, |plain, b| plain & matches!(b, b' '..=b'~' | b'\n'));
        let forbidden = |text: &str| text.chars().find(|c| *c != '\n' && is_forbidden(*c));
        if let Some(found) = if plain { None } else { forbidden(text) } {
            return Err(Defect::Character { found });
        }
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(Defect::Unended);
        }
        Ok(Self { rest: text, line: 1, verified: false })
    }

    /// Marks the lines as verified before, so that expensive checks can be skipped.
    pub fn assume_verified(self) -> Self {
        Self { verified: true, ..self }
    }

    /// Whether the lines were verified before.
    pub fn is_verified(&self) -> bool {
        self.verified
    }

    /// Takes the next line, key included; empty at the end of the input.
    pub fn take_line(&mut self) -> &'a str {
        let end = memchr(b'\n', self.rest.as_bytes());
        let (line, rest) = end.map_or(("", ""), |end| (&self.rest[..end], &self.rest[end + 1..]));
        self.rest = rest;
        self.line += 1;
        line
    }

    /// Takes the next line's value if the line has this key.
    pub fn take_if(&mut self, key: &str) -> Option<&'a str> {
        let rest = self.rest.strip_prefix(key)?;
        if !rest.starts_with([' ', '\n']) {
            return None;
        }
        let line = self.take_line();
        Some(line[key.len()..].strip_prefix(' ').unwrap_or(""))
    }

    /// Takes the value of the next line, which must have this key.
    ///
    /// # Errors
    /// [`Defect::Expected`] if the next line has another key, or there is none.
    pub fn take(&mut self, key: &'static str) -> Result<&'a str, Defect> {
        let line = self.line;
        self.take_if(key).ok_or(Defect::Expected { line, key })
    }

    /// Takes and parses the value of the next line, which must have this key.
    ///
    /// # Errors
    /// [`Defect::Expected`], [`Defect::Value`].
    pub fn parse<T: FromStr<Err = Invalid>>(&mut self, key: &'static str) -> Result<T, Defect> {
        self.parse_with(key, str::parse)
    }

    /// As [`Reader::parse`], with a parser other than `FromStr`.
    ///
    /// # Errors
    /// [`Defect::Expected`], [`Defect::Value`].
    pub fn parse_with<T>(&mut self, key: &'static str, f: impl Fn(&str) -> Result<T, Invalid>) -> Result<T, Defect> {
        let line = self.line;
        f(self.take(key)?).map_err(|invalid| Defect::Value { line, key, invalid })
    }

    /// A defect of the line just taken, for checks that need several lines together.
    pub fn defect(&self, key: &'static str, invalid: Invalid) -> Defect {
        Defect::Value { line: self.line - 1, key, invalid }
    }

    /// Takes and parses all following lines with this key; there may be none.
    ///
    /// # Errors
    /// [`Defect::Value`].
    pub fn parse_all<T, C>(&mut self, key: &'static str, f: impl Fn(&str) -> Result<T, Invalid>) -> Result<C, Defect>
    where
        C: FromIterator<T>,
    {
        std::iter::from_fn(|| self.next_is(key).then(|| self.parse_with(key, &f))).collect()
    }

    /// Takes text of one or more lines; `None` if the next line does not have this key. Errors name the field `name`.
    ///
    /// # Errors
    /// [`Defect::Value`].
    pub fn prose(&mut self, key: &str, name: &'static str) -> Result<Option<Prose>, Defect> {
        let line = self.line;
        let lines: Vec<&str> = std::iter::from_fn(|| self.take_if(key)).collect();
        if lines.is_empty() {
            return Ok(None);
        }
        Prose::try_from(lines.join("\n")).map(Some).map_err(|invalid| Defect::Value { line, key: name, invalid })
    }

    /// As [`Reader::prose`], but the text is required.
    ///
    /// # Errors
    /// [`Defect::Expected`], [`Defect::Value`].
    pub fn required_prose(&mut self, key: &str, name: &'static str) -> Result<Prose, Defect> {
        let line = self.line;
        self.prose(key, name)?.ok_or(Defect::Expected { line, key: name })
    }

    /// As [`Reader::prose`], for text of a single line.
    ///
    /// # Errors
    /// [`Defect::Value`], also for text of several lines.
    pub fn line(&mut self, key: &str, name: &'static str) -> Result<Option<Line>, Defect> {
        let line = self.line;
        let prose = self.prose(key, name)?;
        prose.map(Line::try_from).transpose().map_err(|invalid| Defect::Value { line, key: name, invalid })
    }

    /// Whether the next line has this key.
    pub fn next_is(&self, key: &str) -> bool {
        self.rest.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '\n']))
    }

    /// The number in the key of the next line, if its key is `key` and a number, as in `plan-arg 2`.
    pub fn next_number(&self, key: &str) -> Option<u64> {
        let rest = self.rest.strip_prefix(key)?.strip_prefix(' ')?;
        number(&rest[..rest.find([' ', '\n'])?]).ok()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Defect::Surplus`] if lines are left.
    pub fn end(self) -> Result<(), Defect> {
        if self.rest.is_empty() { Ok(()) } else { Err(Defect::Surplus { line: self.line }) }
    }
}
