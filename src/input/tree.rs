//! A parsed TOML file whose values know their lines, and which collects faults instead of stopping at the first.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Lines};
use super::problem::{Problem, nearest};
use crate::domain::{Invalid, Line, Prose, Refusal};
use crate::tr;

/// A source text, and the faults found in it so far.
pub struct Source<'a> {
    text: &'a str,
    lines: Lines<'a>,
    faults: RefCell<Vec<Fault>>,
}

impl<'a> Source<'a> {
    /// A text that is not parsed yet.
    pub fn new(text: &'a str) -> Self {
        Self { text, lines: Lines::new(text), faults: RefCell::default() }
    }

    /// Parses the text. Syntax errors become faults; the table then holds what the parser could recover.
    pub fn parse(&self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let span = error.span().unwrap_or_default();
            let problem = match self.text.get(span.start..).and_then(|rest| rest.chars().next()) {
                Some(mark @ ('“' | '”' | '‘' | '’')) => Problem::Quotes(mark),
                _ => Problem::Syntax(error.message().lines().collect::<Vec<_>>().join(" ")),
            };
            self.fault(Some(span), "", problem);
        }
        table
    }

    /// Adds a fault at a place of the text; `None` if it is at none.
    pub fn fault(&self, span: Option<Range<usize>>, field: &str, problem: impl Into<Problem>) {
        let fault = match span {
            Some(span) => self.lines.fault(span, field, problem),
            None => Fault::of_file(field, problem),
        };
        self.faults.borrow_mut().push(fault);
    }

    /// The faults, in the order of their lines and without duplicates.
    pub fn finish(self) -> Vec<Fault> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|fault| fault.line);
        faults.dedup();
        faults
    }
}

/// A table of a source. [`Table::finish`] reports every key that was not asked for as unknown.
pub struct Table<'s, 'a> {
    source: &'s Source<'a>,
    table: &'s DeTable<'a>,
    path: String,
    /// Where it begins; `None` for the root.
    span: Option<Range<usize>>,
    known: RefCell<BTreeSet<&'static str>>,
}

/// A value, with its field and line for faults.
pub struct Value<'s, 'a> {
    source: &'s Source<'a>,
    value: &'s DeValue<'a>,
    /// The full name, such as `plan[2].step`.
    pub field: String,
    span: Range<usize>,
}

impl<'s, 'a> Table<'s, 'a> {
    /// The table of a whole file.
    pub fn root(source: &'s Source<'a>, table: &'s DeTable<'a>) -> Self {
        Self { source, table, path: String::new(), span: None, known: RefCell::default() }
    }

    fn name(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of an optional key.
    pub fn get(&self, key: &'static str) -> Option<Value<'s, 'a>> {
        self.known.borrow_mut().insert(key);
        let value = self.table.get(key)?;
        Some(Value { source: self.source, value: value.get_ref(), field: self.name(key), span: value.span() })
    }

    /// The value of a required key; a fault if it is missing.
    pub fn required(&self, key: &'static str) -> Option<Value<'s, 'a>> {
        let value = self.get(key);
        if value.is_none() {
            self.report_missing(key);
        }
        value
    }

    /// Adds the fault that a key is missing or empty.
    pub fn report_missing(&self, key: &str) {
        self.fault(key, Problem::Missing);
    }

    /// Adds a fault about a key: at its value, or at this table if it is missing.
    pub fn fault(&self, key: &str, problem: impl Into<Problem>) {
        let span = self.table.get(key).map(Spanned::span).or_else(|| self.span.clone());
        self.source.fault(span, &self.name(key), problem);
    }

    /// The table under a key.
    pub fn table(&self, key: &'static str) -> Option<Table<'s, 'a>> {
        self.get(key)?.table()
    }

    /// The tables of an array of tables, such as `[[plan]]`.
    pub fn tables(&self, key: &'static str) -> Vec<Table<'s, 'a>> {
        self.get(key).map(|value| value.items()).unwrap_or_default().into_iter().filter_map(Value::table).collect()
    }

    /// Adds a fault if a list is missing or empty. A value of the wrong type is reported where it is read.
    pub fn require_items(&self, key: &'static str) {
        let value = self.get(key);
        let empty = |value: &Value<'_, '_>| {
            value.value.as_array().map_or(value.value.as_str() == Some(""), |items| items.is_empty())
        };
        if value.as_ref().is_none_or(empty) {
            self.report_missing(key);
        }
    }

    /// Optional text of one or more lines; `None` also if it is empty.
    pub fn prose(&self, key: &'static str) -> Option<Prose> {
        self.get(key)?.text(Prose::from_typed)
    }

    /// Required text of one or more lines.
    pub fn required_prose(&self, key: &'static str) -> Option<Prose> {
        self.non_empty(key, Prose::from_typed)
    }

    /// Required text of a single line.
    pub fn required_line(&self, key: &'static str) -> Option<Line> {
        self.non_empty(key, Line::from_typed)
    }

    fn non_empty<T>(&self, key: &'static str, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let value = self.required(key)?;
        if value.value.as_str().is_some_and(|text| text.trim().is_empty()) {
            value.fault(Problem::Missing);
            return None;
        }
        value.text(read)
    }

    /// An optional word or identifier.
    pub fn word<T: FromStr<Err = Invalid>>(&self, key: &'static str) -> Option<T> {
        self.get(key)?.text(str::parse)
    }

    /// A required word or identifier.
    pub fn required_word<T: FromStr<Err = Invalid>>(&self, key: &'static str) -> Option<T> {
        self.non_empty(key, str::parse)
    }

    /// As [`Table::required_word`], also judged by a rule.
    pub fn required_judged<T: FromStr<Err = Invalid>>(
        &self,
        key: &'static str,
        judge: impl Fn(&T) -> Result<(), Refusal>,
    ) -> Option<T> {
        let word = self.required_word(key)?;
        if let (Err(refusal), Some(value)) = (judge(&word), self.get(key)) {
            value.fault(refusal);
        }
        Some(word)
    }

    /// An optional list of distinct words or identifiers; a single one needs no brackets.
    pub fn words<T: FromStr<Err = Invalid> + Ord>(&self, key: &'static str) -> BTreeSet<T> {
        self.judged_words(key, |_| Ok::<(), Problem>(()))
    }

    /// As [`Table::words`], each also judged by a rule.
    pub fn judged_words<T: FromStr<Err = Invalid> + Ord, E: Into<Problem>>(
        &self,
        key: &'static str,
        judge: impl Fn(&T) -> Result<(), E>,
    ) -> BTreeSet<T> {
        let mut words = BTreeSet::new();
        for value in self.get(key).map(|value| value.items_or_single()).unwrap_or_default() {
            let Some(word) = value.item(str::parse) else { continue };
            if let Err(problem) = judge(&word) {
                value.fault(problem);
            }
            if !words.insert(word) {
                value.fault(Problem::Twice(value.value.as_str().unwrap_or_default().to_owned()));
            }
        }
        words
    }

    /// An optional list of distinct words, in the order in which they are written.
    pub fn ordered_words<T: FromStr<Err = Invalid> + Eq>(&self, key: &'static str) -> Vec<T> {
        let mut words: Vec<T> = Vec::new();
        for value in self.get(key).map(|value| value.items_or_single()).unwrap_or_default() {
            let Some(word) = value.item(str::parse) else { continue };
            if words.contains(&word) {
                value.fault(Problem::Twice(value.value.as_str().unwrap_or_default().to_owned()));
            } else {
                words.push(word);
            }
        }
        words
    }

    /// Whether a key is there with a value other than `false` and the empty list.
    pub fn says(&self, key: &'static str) -> bool {
        let value = self.get(key);
        value.is_some_and(|it| {
            it.value.as_bool() != Some(false) && it.value.as_array().is_none_or(|list| !list.is_empty())
        })
    }

    /// An optional boolean, false if it is left out.
    pub fn flag(&self, key: &'static str) -> bool {
        let Some(value) = self.get(key) else { return false };
        if value.value.as_bool().is_none() {
            value.wrong_type(tr!("true or false", "布尔值 true 或 false"));
        }
        value.value.as_bool().unwrap_or_default()
    }

    /// An optional decimal integer from 0.
    pub fn number(&self, key: &'static str) -> Option<u64> {
        self.get(key)?.number()
    }

    /// The line on which it begins; 1 for the root.
    pub fn line(&self) -> usize {
        self.source.lines.line_at(self.span.as_ref().map_or(0, |span| span.start))
    }

    /// The values of a table whose keys are free to choose.
    pub fn entries(self) -> Vec<(String, Value<'s, 'a>)> {
        let value = |(key, value): (&'s Spanned<Cow<'a, str>>, &'s Spanned<DeValue<'a>>)| {
            let (key, span) = (key.get_ref(), value.span());
            let field = self.name(key);
            (key.to_string(), Value { source: self.source, value: value.get_ref(), field, span })
        };
        self.table.iter().map(value).collect()
    }

    /// Adds a fault for each key that was not asked for.
    pub fn finish(self) {
        let known = self.known.borrow();
        for key in self.table.keys().filter(|key| !known.contains(key.get_ref().as_ref())) {
            let word = key.get_ref();
            let near = nearest(word, known.iter().copied());
            self.source.fault(Some(key.span()), &self.name(word), Problem::UnknownKey(near));
        }
    }
}

impl<'s, 'a> Value<'s, 'a> {
    fn wrong_type(&self, expected: &'static str) {
        let found = match self.value {
            DeValue::String(_) => tr!("a string", "字符串"),
            DeValue::Integer(_) => tr!("an integer", "整数"),
            DeValue::Float(_) => tr!("a float", "浮点数"),
            DeValue::Boolean(_) => tr!("a boolean", "布尔值"),
            DeValue::Datetime(_) => tr!("a date-time", "日期时间"),
            DeValue::Array(_) => tr!("a list", "列表"),
            DeValue::Table(_) => tr!("a table", "表"),
        };
        self.fault(Problem::Type { expected, found });
    }

    /// Adds a fault about this value.
    pub fn fault(&self, problem: impl Into<Problem>) {
        self.source.fault(Some(self.span.clone()), &self.field, problem);
    }

    /// A time as written: a string or a TOML date-time.
    pub fn time(&self) -> Option<String> {
        match self.value {
            DeValue::String(text) => Some(text.trim().to_owned()),
            DeValue::Datetime(time) => Some(time.to_string()),
            _ => {
                self.wrong_type(tr!("a time", "时间"));
                None
            }
        }
    }

    /// A string, parsed by `read`; `None` if it is empty.
    pub fn text<T>(&self, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let Some(text) = self.value.as_str() else {
            self.wrong_type(tr!("a string", "字符串"));
            return None;
        };
        if text.trim().is_empty() {
            return None;
        }
        read(text).map_err(|invalid| self.fault(invalid)).ok()
    }

    /// A decimal integer from 0.
    pub fn number(&self) -> Option<u64> {
        match self.value.as_integer().map(|it| (it.radix(), crate::domain::number(it.as_str()))) {
            Some((10, Ok(number))) => return Some(number),
            Some(_) => self.fault(Invalid::Number),
            None => self.wrong_type(tr!("an integer", "整数")),
        }
        None
    }

    /// A string, or an integer as it is written; a fault if it is anything else.
    pub fn written(&self) -> Option<String> {
        match (self.value.as_str(), self.value.as_integer()) {
            (Some(text), _) => Some(text.to_owned()),
            (None, Some(number)) if number.radix() == 10 => Some(number.as_str().to_owned()),
            _ => {
                self.wrong_type(tr!("a string", "字符串"));
                None
            }
        }
    }

    /// Every string in this value, however deep it is.
    pub fn strings(self) -> Vec<Self> {
        match self.value {
            DeValue::String(_) => vec![self],
            DeValue::Array(_) => self.items().into_iter().flat_map(Self::strings).collect(),
            DeValue::Table(_) => {
                let entries = self.table().map(Table::entries).unwrap_or_default();
                entries.into_iter().flat_map(|(_, value)| value.strings()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The string that this value is; empty if it is none.
    pub fn as_str(&self) -> &str {
        self.value.as_str().unwrap_or_default()
    }

    /// A string exactly as it is written, even if it is empty, parsed by `read`.
    pub fn exact<T>(&self, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let Some(text) = self.value.as_str() else {
            self.wrong_type(tr!("a string", "字符串"));
            return None;
        };
        read(text).map_err(|invalid| self.fault(invalid)).ok()
    }

    /// As [`Value::text`], for an item of a list; a fault if it is empty.
    pub fn item<T>(&self, read: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        if self.value.as_str().is_some_and(|text| text.trim().is_empty()) {
            self.fault(Invalid::Empty);
        }
        self.text(read)
    }

    /// The table that this value is; a fault if it is none.
    pub fn table(self) -> Option<Table<'s, 'a>> {
        let Some(table) = self.value.as_table() else {
            self.wrong_type(tr!("a table", "表"));
            return None;
        };
        Some(Table { source: self.source, table, path: self.field, span: Some(self.span), known: RefCell::default() })
    }

    /// The items of a list, numbered from 1 in their field names.
    pub fn items(self) -> Vec<Self> {
        let Some(array) = self.value.as_array() else {
            self.wrong_type(tr!("a list", "列表"));
            return Vec::new();
        };
        let count = Cell::new(0);
        let item = |it: &'s Spanned<DeValue<'a>>| {
            count.set(count.get() + 1);
            let field = format!("{}[{}]", self.field, count.get());
            Self { source: self.source, value: it.get_ref(), field, span: it.span() }
        };
        array.iter().map(item).collect()
    }

    /// As [`Value::items`]; a string or a number without brackets counts as a list of one.
    pub fn items_or_single(self) -> Vec<Self> {
        let single = self.value.as_str().is_some() || self.value.as_integer().is_some();
        if single { vec![self] } else { self.items() }
    }
}

/// A fault of a field of a text, such as `window.start`, at its value, or at the table above it if it is missing.
pub fn fault_in(text: &str, field: &str, problem: impl Into<Problem>) -> Fault {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, _) = DeTable::parse_recoverable(text);
    let (mut table, mut span) = (Some(root.get_ref()), None);
    for key in field.split('.') {
        let Some(value) = table.and_then(|table| table.get(key)) else { break };
        span = Some(value.span());
        table = value.get_ref().as_table();
    }
    match span {
        Some(span) => Fault::at(text, span, field, problem),
        None => Fault::of_file(field, problem),
    }
}
