//! The line grammar that body and text part share: UTF-8, every line `key value` and ended by LF, fields in one
//! order. A value of several lines repeats its key; an empty line of it is the key alone.

use std::fmt::{Display, Write as _};
use std::str::FromStr;

use memchr::memchr;

use super::Defect;
use crate::domain::{Invalid, Line, Prose, is_forbidden};

/// Writes lines.
#[derive(Default)]
pub struct Writer(String);

/// More bytes than most bodies and texts need.
const ROOM: usize = 2048;

impl Writer {
    /// A writer that begins with a line of its own kind, such as a namespace.
    pub fn beginning(first: &str) -> Self {
        let mut lines = Self(String::with_capacity(ROOM));
        lines.push("", "", first);
        lines
    }

    /// `key value`.
    pub fn put(&mut self, key: &str, value: impl Display) {
        self.0.push_str(key);
        self.0.push(' ');
        // A string takes whatever is written into it.
        let _ = write!(self.0, "{value}");
        self.0.push('\n');
    }

    /// `key value` for each of several values.
    pub fn put_all<T: Display>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        values.into_iter().for_each(|value| self.put(key, value));
    }

    /// Text, its key repeated on every line.
    pub fn put_prose(&mut self, key: &str, prose: &str) {
        for line in prose.split('\n') {
            self.push(key, if line.is_empty() { "" } else { " " }, line);
        }
    }

    fn push(&mut self, key: &str, space: &str, value: &str) {
        [key, space, value, "\n"].into_iter().for_each(|part| self.0.push_str(part));
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.0
    }
}

/// Reads lines in the order in which it is asked for them.
pub struct Reader<'a> {
    rest: &'a str,
    line: usize,
    again: bool,
}

impl<'a> Reader<'a> {
    /// A reader of these lines.
    ///
    /// # Errors
    /// [`Defect::Utf8`], [`Defect::Character`], [`Defect::Unended`].
    pub fn new(bytes: &'a [u8]) -> Result<Self, Defect> {
        let text = str::from_utf8(bytes).map_err(|_| Defect::Utf8)?;
        // Most are of printable ASCII alone, and that is seen faster of all bytes than of each.
        let plain = bytes.iter().fold(true, |plain, b| plain & matches!(b, b' '..=b'~' | b'\n'));
        let forbidden = |text: &str| text.chars().find(|c| *c != '\n' && is_forbidden(*c));
        if let Some(found) = if plain { None } else { forbidden(text) } {
            return Err(Defect::Character { found });
        }
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(Defect::Unended);
        }
        Ok(Self { rest: text, line: 1, again: false })
    }

    /// The same, of lines that were verified before: what takes long is not asked again.
    pub fn again(self) -> Self {
        Self { again: true, ..self }
    }

    /// Whether the lines were verified before.
    pub fn is_again(&self) -> bool {
        self.again
    }

    /// Takes the next line whole.
    pub fn take_line(&mut self) -> &'a str {
        let end = memchr(b'\n', self.rest.as_bytes());
        let (line, rest) = end.map_or(("", ""), |end| (&self.rest[..end], &self.rest[end + 1..]));
        self.rest = rest;
        self.line += 1;
        line
    }

    /// Takes the next line's value if it has this key.
    pub fn take_if(&mut self, key: &str) -> Option<&'a str> {
        let rest = self.rest.strip_prefix(key)?;
        if !rest.starts_with([' ', '\n']) {
            return None;
        }
        let line = self.take_line();
        Some(line[key.len()..].strip_prefix(' ').unwrap_or(""))
    }

    /// Takes the next line's value, which must have this key.
    ///
    /// # Errors
    /// [`Defect::Expected`] where another line, or none, stands.
    pub fn take(&mut self, key: &'static str) -> Result<&'a str, Defect> {
        let line = self.line;
        self.take_if(key).ok_or(Defect::Expected { line, key })
    }

    /// As [`Reader::take`], parsed.
    ///
    /// # Errors
    /// [`Defect::Expected`], [`Defect::Value`].
    pub fn parse<T: FromStr<Err = Invalid>>(&mut self, key: &'static str) -> Result<T, Defect> {
        self.parse_with(key, str::parse)
    }

    /// As [`Reader::parse`], by a function.
    ///
    /// # Errors
    /// [`Defect::Expected`], [`Defect::Value`].
    pub fn parse_with<T>(&mut self, key: &'static str, f: impl Fn(&str) -> Result<T, Invalid>) -> Result<T, Defect> {
        let line = self.line;
        f(self.take(key)?).map_err(|invalid| Defect::Value { line, key, invalid })
    }

    /// What is wrong with the line before, that is the last of several which are one value.
    pub fn defect(&self, key: &'static str, invalid: Invalid) -> Defect {
        Defect::Value { line: self.line - 1, key, invalid }
    }

    /// As many lines of this key as there are, parsed.
    ///
    /// # Errors
    /// [`Defect::Value`].
    pub fn parse_all<T, C>(&mut self, key: &'static str, f: impl Fn(&str) -> Result<T, Invalid>) -> Result<C, Defect>
    where
        C: FromIterator<T>,
    {
        std::iter::from_fn(|| self.next_is(key).then(|| self.parse_with(key, &f))).collect()
    }

    /// Text, its key repeated on every line; none where the key does not stand.
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

    /// As [`Reader::prose`], where the key must stand.
    ///
    /// # Errors
    /// [`Defect::Expected`], [`Defect::Value`].
    pub fn need_prose(&mut self, key: &str, name: &'static str) -> Result<Prose, Defect> {
        let line = self.line;
        self.prose(key, name)?.ok_or(Defect::Expected { line, key: name })
    }

    /// As [`Reader::prose`], of one line.
    ///
    /// # Errors
    /// [`Defect::Value`].
    pub fn line(&mut self, key: &str, name: &'static str) -> Result<Option<Line>, Defect> {
        let line = self.line;
        let prose = self.prose(key, name)?;
        prose.map(Line::try_from).transpose().map_err(|invalid| Defect::Value { line, key: name, invalid })
    }

    /// Whether the next line has this key.
    pub fn next_is(&self, key: &str) -> bool {
        self.rest.strip_prefix(key).is_some_and(|rest| rest.starts_with([' ', '\n']))
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`Defect::Surplus`].
    pub fn end(self) -> Result<(), Defect> {
        if self.rest.is_empty() { Ok(()) } else { Err(Defect::Surplus { line: self.line }) }
    }
}
