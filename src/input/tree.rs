//! A TOML file as a tree that knows its lines and collects faults instead of stopping at the first.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Problem, nearest};
use crate::domain::{Invalid, Line, Prose, Refusal};

/// A source text and what is wrong with it so far.
pub struct Source<'a> {
    text: &'a str,
    /// Where each line ends.
    ends: Vec<usize>,
    faults: RefCell<Vec<Fault>>,
}

impl<'a> Source<'a> {
    /// A source without faults yet.
    pub fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Self { text, ends, faults: RefCell::default() }
    }

    /// Parses it; where the grammar is broken, what can be read all the same.
    pub fn parse(&self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let line = self.line(error.span().map_or(0, |span| span.start));
            self.fault(line, "", Problem::Syntax(error.message().lines().collect::<Vec<_>>().join(" ")));
        }
        table
    }

    fn line(&self, at: usize) -> usize {
        self.ends.partition_point(|end| *end < at) + 1
    }

    /// Adds a fault.
    pub fn fault(&self, line: usize, field: &str, problem: impl Into<Problem>) {
        self.faults.borrow_mut().push(Fault { line, field: field.to_owned(), problem: problem.into() });
    }

    /// The faults in the order of their lines.
    pub fn finish(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.line);
        faults.dedup();
        faults
    }
}

/// A table of a source. Every key must be asked for: what is left at the end is a fault.
pub struct Table<'s, 'a> {
    source: &'s Source<'a>,
    table: &'s DeTable<'a>,
    path: String,
    line: usize,
    asked: RefCell<BTreeSet<&'static str>>,
}

/// A value with the name of its field and its line.
pub struct Value<'s, 'a> {
    source: &'s Source<'a>,
    value: &'s DeValue<'a>,
    /// The name of the field.
    pub field: String,
    /// Its line, from 1.
    pub line: usize,
}

impl<'s, 'a> Table<'s, 'a> {
    /// The outermost table.
    pub fn root(source: &'s Source<'a>, table: &'s DeTable<'a>) -> Self {
        Self { source, table, path: String::new(), line: 1, asked: RefCell::default() }
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key, if it is there.
    pub fn get(&self, key: &'static str) -> Option<Value<'s, 'a>> {
        self.asked.borrow_mut().insert(key);
        let value = self.table.get(key)?;
        let (field, line) = (self.name(key), self.source.line(value.span().start));
        Some(Value { source: self.source, value: value.get_ref(), field, line })
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &'static str) -> Option<Value<'s, 'a>> {
        let value = self.get(key);
        if value.is_none() {
            self.missing(key);
        }
        value
    }

    /// Says that a key is missing, or that there is nothing in it.
    pub fn missing(&self, key: &str) {
        let line = self.table.get(key).map_or(self.line, |value| self.source.line(value.span().start));
        self.source.fault(line, &self.name(key), Problem::Missing);
    }

    /// Adds a fault at a key of this table.
    pub fn fault(&self, key: &str, problem: impl Into<Problem>) {
        self.source.fault(self.line, &self.name(key), problem);
    }

    /// A table within this one.
    pub fn table(&self, key: &'static str) -> Option<Table<'s, 'a>> {
        self.get(key)?.table()
    }

    /// The tables of a list within this one (`[[plan]]`).
    pub fn tables(&self, key: &'static str) -> Vec<Table<'s, 'a>> {
        self.get(key).map(|value| value.items(false)).unwrap_or_default().into_iter().filter_map(Value::table).collect()
    }

    /// Says that a list is missing if it is not there, or has nothing in it; one of the wrong type is another fault.
    pub fn need_items(&self, key: &'static str) {
        let value = self.get(key);
        let empty = |value: &Value<'_, '_>| {
            value.value.as_array().map_or(value.value.as_str() == Some(""), |items| items.is_empty())
        };
        if value.as_ref().is_none_or(empty) {
            self.missing(key);
        }
    }

    /// Text of several lines; an empty one counts as none.
    pub fn prose(&self, key: &'static str) -> Option<Prose> {
        self.get(key)?.text(Prose::from_typed)
    }

    /// Text of several lines that must not be empty.
    pub fn need_prose(&self, key: &'static str) -> Option<Prose> {
        self.filled(key, Prose::from_typed)
    }

    /// Text of one line that must not be empty.
    pub fn need_line(&self, key: &'static str) -> Option<Line> {
        self.filled(key, Line::from_typed)
    }

    fn filled<T>(&self, key: &'static str, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let value = self.need(key)?;
        if value.value.as_str().is_some_and(|text| text.trim().is_empty()) {
            self.source.fault(value.line, &value.field, Problem::Missing);
            return None;
        }
        value.text(read)
    }

    /// A word or identifier.
    pub fn word<T: FromStr<Err = Invalid>>(&self, key: &'static str) -> Option<T> {
        self.get(key)?.text(str::parse)
    }

    /// A word or identifier that must be there.
    pub fn need_word<T: FromStr<Err = Invalid>>(&self, key: &'static str) -> Option<T> {
        self.filled(key, str::parse)
    }

    /// As [`Table::need_word`], asked about.
    pub fn need_judged<T: FromStr<Err = Invalid>>(
        &self,
        key: &'static str,
        judge: impl Fn(&T) -> Result<(), Refusal>,
    ) -> Option<T> {
        let word = self.need_word(key)?;
        if let (Err(refusal), Some(value)) = (judge(&word), self.get(key)) {
            value.fault(refusal);
        }
        Some(word)
    }

    /// A list of distinct words or identifiers; a single one may stand without brackets.
    pub fn words<T: FromStr<Err = Invalid> + Ord>(&self, key: &'static str) -> BTreeSet<T> {
        self.judged_words(key, |_| Ok(()))
    }

    /// As [`Table::words`], each asked about.
    pub fn judged_words<T: FromStr<Err = Invalid> + Ord>(
        &self,
        key: &'static str,
        judge: impl Fn(&T) -> Result<(), Refusal>,
    ) -> BTreeSet<T> {
        let mut words = BTreeSet::new();
        for value in self.get(key).map(|value| value.items(true)).unwrap_or_default() {
            let Some(word) = value.item(str::parse) else { continue };
            if let Err(refusal) = judge(&word) {
                value.fault(refusal);
            }
            if !words.insert(word) {
                value.fault(Problem::Twice(value.value.as_str().unwrap_or_default().to_owned()));
            }
        }
        words
    }

    /// A whole number from 0.
    pub fn number(&self, key: &'static str) -> Option<u64> {
        let value = self.get(key)?;
        match value.value.as_integer().map(|it| (it.radix(), crate::domain::number(it.as_str()))) {
            Some((10, Ok(number))) => return Some(number),
            Some(_) => self.source.fault(value.line, &value.field, Invalid::Number),
            None => value.wrong_type("a whole number"),
        }
        None
    }

    /// Says which keys there should not be.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for key in self.table.keys().filter(|key| !asked.contains(key.get_ref().as_ref())) {
            let word = key.get_ref();
            let near = nearest(word, asked.iter().copied());
            self.source.fault(self.source.line(key.span().start), &self.name(word), Problem::UnknownKey(near));
        }
    }
}

impl<'s, 'a> Value<'s, 'a> {
    fn wrong_type(&self, expected: &'static str) {
        let found = match self.value {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.source.fault(self.line, &self.field, Problem::Type { expected, found });
    }

    /// Adds a fault here.
    pub fn fault(&self, problem: impl Into<Problem>) {
        self.source.fault(self.line, &self.field, problem);
    }

    /// A time as it was written, quoted or not.
    pub fn time(&self) -> Option<String> {
        match self.value {
            DeValue::String(text) => Some(text.trim().to_owned()),
            DeValue::Datetime(time) => Some(time.to_string()),
            _ => {
                self.wrong_type("a time");
                None
            }
        }
    }

    /// A string, read by a function; an empty one counts as none.
    pub fn text<T>(&self, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let Some(text) = self.value.as_str() else {
            self.wrong_type("a string");
            return None;
        };
        if text.trim().is_empty() {
            return None;
        }
        read(text).map_err(|invalid| self.fault(invalid)).ok()
    }

    /// An item of a list: as [`Value::text`], but never empty.
    pub fn item<T>(&self, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        if self.value.as_str().is_some_and(|text| text.trim().is_empty()) {
            self.fault(Invalid::Empty);
        }
        self.text(read)
    }

    fn table(self) -> Option<Table<'s, 'a>> {
        let Some(table) = self.value.as_table() else {
            self.wrong_type("a table");
            return None;
        };
        Some(Table { source: self.source, table, path: self.field, line: self.line, asked: RefCell::default() })
    }

    /// The items of a list, each named with its number from 1; a single value may stand for a list of one.
    pub fn items(self, single: bool) -> Vec<Self> {
        let Some(array) = self.value.as_array() else {
            if single && self.value.as_str().is_some() {
                return vec![self];
            }
            self.wrong_type("a list");
            return Vec::new();
        };
        let count = Cell::new(0);
        let item = |it: &'s Spanned<DeValue<'a>>| {
            count.set(count.get() + 1);
            let (field, line) = (format!("{}[{}]", self.field, count.get()), self.source.line(it.span().start));
            Self { source: self.source, value: it.get_ref(), field, line }
        };
        array.iter().map(item).collect()
    }
}
