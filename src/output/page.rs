//! A page: lines of the program's own words, and signed content behind gutters.
//!
//! The program's own words begin in the first column with a letter, or are indented by two spaces. Signed content
//! stands behind a gutter of two characters: the kind of content, then a space, or `…` where a line continues the one
//! above. Every line of a page gets its first two characters from this file, so no content can make a line of another
//! kind. Content is shown as [`visible`](fn@visible) writes it, so its exact characters can be read back from a page.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use super::lines::{columns, may_break, measure, padded};
use super::{Clock, Reading, ago, moment, safe_lines, visible};
use crate::domain::{Time, Window};
use crate::{tr, trf};

/// The column in which values start.
const VALUES: usize = 14;

/// The fewest columns that a page is laid out for.
const NARROWEST: u16 = 20;

/// The kind of content that a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gutter {
    /// The program's own words.
    Program,
    /// A field of the signed body.
    Field,
    /// Text that people wrote.
    Prose,
    /// A command that people wrote, for people to run.
    Command,
    /// What a machine could carry out, from the data part.
    Machine,
}

impl Gutter {
    /// The first character of its lines.
    pub fn sign(self) -> char {
        match self {
            Self::Program => ' ',
            Self::Field => '=',
            Self::Prose => '|',
            Self::Command => '$',
            Self::Machine => '>',
        }
    }

    fn reading(self) -> Reading {
        match self {
            Self::Command | Self::Machine => Reading::Command,
            Self::Program | Self::Field | Self::Prose => Reading::Prose,
        }
    }
}

/// One line of content behind a gutter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quoted {
    /// The kind of content.
    pub gutter: Gutter,
    /// What the program writes before the content, such as `1.`; empty if the line belongs to the one above.
    pub mark: String,
    /// The content, without line ends.
    pub text: String,
}

impl Quoted {
    /// Content without a mark.
    pub fn new(gutter: Gutter, text: impl Display) -> Self {
        Self { gutter, mark: String::new(), text: text.to_string() }
    }

    /// The same with a mark.
    pub fn marked(self, mark: impl Into<String>) -> Self {
        Self { mark: mark.into(), ..self }
    }
}

/// The width of the column that holds the marks of these lines; 0 if none has a mark.
pub fn mark_width<'a>(lines: impl IntoIterator<Item = &'a Quoted>) -> usize {
    lines.into_iter().map(|line| measure(&line.mark)).max().filter(|most| *most > 0).map_or(0, |most| most + 1)
}

/// Builds a page. Colour never carries meaning alone.
pub struct Page {
    text: String,
    colour: bool,
    width: Option<usize>,
    has_marks: bool,
    clock: Option<Clock>,
}

impl Page {
    /// An empty page. `width` is in columns; `None` means that it is not shown on a terminal.
    pub fn new(colour: bool, width: Option<u16>) -> Self {
        // Some terminals begin a new line when the last column is filled.
        let width = width.map(|width| usize::from(width.max(NARROWEST)) - 1);
        Self { text: String::new(), colour, width, has_marks: false, clock: None }
    }

    /// A page that shows the times in the program's own words as this clock does. Signed content stays as it is.
    pub fn read_by(self, clock: Clock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// A time, always with seconds.
    pub fn to_the_second(&self, time: Time) -> String {
        self.clock.as_ref().map_or_else(|| time.to_string(), |clock| clock.to_the_second(time))
    }

    /// To the minute, in the zone of the reader or else in that of a window.
    pub fn minute(&self, time: Time, zone: &str) -> String {
        self.clock.as_ref().map_or_else(|| moment(time, zone), |clock| clock.minute(time, zone))
    }

    /// A window, as [`Clock::window`] writes it; `now` is for a page without a clock.
    pub fn window(&self, window: &Window, now: Time) -> String {
        self.clock.as_ref().map_or_else(|| Clock::utc(now).window(window), |clock| clock.window(window))
    }

    /// How far away a time is, after a comma: `, in 3 h`; empty for what has just been.
    pub fn away(&self, time: Time) -> String {
        let clock = self.clock.as_ref().filter(|it| !(0..60).contains(&(it.now.unix() - time.unix())));
        clock.map_or(String::new(), |clock| trf!(", {}", "，{}", ago(time, clock.now)))
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The program's own words: `first` begins the first line, and `hanging` spaces each further one.
    fn wrapped(&self, first: &str, hanging: usize, text: &str) -> String {
        let mut lines = Vec::new();
        let text = &self.clock.as_ref().map_or_else(|| text.to_owned(), |clock| clock.local(text));
        for line in safe_lines(text).split('\n') {
            let begins = if lines.is_empty() { measure(first) } else { hanging };
            for (n, piece) in self.pieces(line, begins, hanging).into_iter().enumerate() {
                let piece = if n == 0 { piece } else { piece.trim_start() };
                let begin = if lines.is_empty() { first.to_owned() } else { " ".repeat(hanging) };
                lines.push(format!("{begin}{piece}").trim_end().to_owned());
            }
        }
        lines.join("\n")
    }

    /// Adds a title in bold. Its further lines are indented, so that they do not look like fields.
    pub fn title(&mut self, text: impl Display) -> &mut Self {
        let text = self.wrapped("", VALUES, &text.to_string());
        self.text.push_str(&self.paint(Style::new().bold(), &text));
        self.text.push('\n');
        self
    }

    /// Adds a label and its value, aligned with the other fields: the program's own words.
    pub fn field(&mut self, label: &str, value: impl Display) -> &mut Self {
        let gap = if measure(label) < VALUES { "" } else { " " };
        let label = format!("{}{gap}", padded(label, VALUES));
        let text = self.wrapped(&label, measure(&label), &value.to_string());
        let value = text.strip_prefix(&label).unwrap_or_default();
        self.text.push_str(&self.paint(AnsiColor::Cyan.on_default(), &label));
        self.text.push_str(value);
        self.text.push('\n');
        self
    }

    /// Begins a block with this heading.
    pub fn block(&mut self, label: &str) -> &mut Self {
        let label = self.wrapped("", 2, &safe_lines(label).replace('\n', " "));
        self.text.push('\n');
        self.text.push_str(&self.paint(AnsiColor::Cyan.on_default(), &label));
        self.text.push('\n');
        self
    }

    /// Adds the program's own words to a block, after a mark such as `now:`.
    pub fn text(&mut self, mark: &str, text: impl Display) -> &mut Self {
        let gap = if mark.is_empty() || mark.ends_with('：') { "" } else { " " };
        let first = format!("  {mark}{gap}");
        let text = match self.width {
            // A long mark leaves no column for the text.
            Some(width) if measure(&first) > width / 2 => self.wrapped("", 4, &format!("{first}{text}")),
            _ => self.wrapped(&first, measure(&first), &text.to_string()),
        };
        self.text.push_str(&text);
        self.text.push('\n');
        self
    }

    /// Adds the program's own words below a line, indented by so many columns.
    pub fn under(&mut self, indent: usize, text: impl Display) -> &mut Self {
        let text = self.wrapped(&" ".repeat(indent), indent, &text.to_string());
        self.text.push_str(&text);
        self.text.push('\n');
        self
    }

    /// Adds a line of content behind its gutter. `marks` is the width of the column of marks.
    pub fn quote(&mut self, line: &Quoted, marks: usize) -> &mut Self {
        self.quote_as("", line, marks)
    }

    /// Like [`Page::quote`], with a sign before the gutter, such as `+`.
    pub fn quote_as(&mut self, sign: &str, line: &Quoted, marks: usize) -> &mut Self {
        let shown = visible(&line.text, line.gutter.reading());
        self.has_marks |= shown != line.text;
        let kind = line.gutter.sign();
        let mut begin = format!("{sign}{kind} {}", padded(&line.mark, marks));
        if !line.mark.is_empty() && measure(&line.mark) >= marks {
            begin.push(' ');
        }
        let indent = measure(&begin).max(sign.len() + 2 + marks);
        let room = self.pieces(&shown, indent, indent);
        for (n, piece) in room.into_iter().enumerate() {
            let begin = if n == 0 { begin.clone() } else { format!("{sign}{kind}…{:marks$}", "") };
            let full = format!("{begin}{piece}");
            self.text.push_str(if piece.is_empty() { full.trim_end() } else { &full });
            self.text.push('\n');
        }
        self
    }

    /// Adds text of several lines behind a gutter.
    pub fn quote_text(&mut self, gutter: Gutter, text: impl Display) -> &mut Self {
        for line in text.to_string().split('\n') {
            self.quote(&Quoted::new(gutter, line), 0);
        }
        self
    }

    /// Adds a sentence that explains `␣` and `\u{…}`, if the page has one of them.
    pub fn legend(&mut self) -> &mut Self {
        if self.has_marks {
            let note = tr!(
                "␣ is one space of several; \\u{…} is the code of a character that could deceive",
                "␣ 表示连续空格中的一个；\\u{…} 是可能造成误读的字符的编码"
            );
            let note = self.wrapped(tr!("note: ", "注：  "), 6, note);
            self.text.push_str(&format!("\n{note}\n"));
        }
        self
    }

    /// Splits a line to fit after an indent, which the pieces behind the first have of their own. The pieces joined are
    /// the line: a piece that follows a break between words begins with the space.
    fn pieces<'l>(&self, line: &'l str, first: usize, further: usize) -> Vec<&'l str> {
        let Some(width) = self.width else { return vec![line] };
        let room = |indent: usize| width.saturating_sub(indent).max(4);
        let (mut pieces, mut rest) = (Vec::new(), line);
        while let Some(end) = fitting(rest, room(if pieces.is_empty() { first } else { further })) {
            let (piece, next) = rest.split_at(end);
            pieces.push(piece);
            rest = next;
        }
        pieces.push(rest);
        pieces
    }

    /// The page without its final newline.
    pub fn finish(&self) -> &str {
        self.text.trim_end()
    }
}

/// Where to break a line so that its first part fits; `None` if the whole line fits. A break is before a space or an
/// ideograph, or else before a character that is no combining mark.
fn fitting(line: &str, room: usize) -> Option<usize> {
    let (mut used, mut space, mut any, mut written) = (0, None, None, false);
    for (at, c) in line.char_indices() {
        if written && may_break(line, at) {
            space = Some(at);
        }
        if at > 0 && !unicode_normalization::char::is_combining_mark(c) {
            any = Some(at);
        }
        used += columns(c);
        if used > room {
            return space.or(any).or(Some(at));
        }
        written |= c != ' ';
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_is_broken_between_ideographs_and_never_before_punctuation() {
        let mut page = Page::new(false, Some(24));
        page.quote(&Quoted::new(Gutter::Prose, "连接池由 80 提至 160，两个机房（上海、香港）"), 0);
        assert_eq!(page.finish(), "| 连接池由 80 提至\n|… 160，两个机房（上\n|…海、香港）");
    }

    #[test]
    fn every_line_has_the_gutter_of_its_kind() {
        let mut page = Page::new(false, Some(31));
        page.title("CHG-1").quote(&Quoted::new(Gutter::Prose, "A title that is too long for one line"), 0);
        page.field("window", "from here to there and back again");
        page.block("plan").quote(&Quoted::new(Gutter::Prose, "Drain the node, then wait  for it.").marked("1."), 3);
        page.quote(&Quoted::new(Gutter::Command, format!("run {}", "x".repeat(30))), 3);
        page.quote(&Quoted::new(Gutter::Prose, ""), 3).text("now:", "a sentence of the program itself").legend();
        let expected = "\
CHG-1
| A title that is too long for
|… one line
window        from here to
              there and back
              again

plan
| 1. Drain the node, then
|…    wait␣␣for it.
$    run
$…    xxxxxxxxxxxxxxxxxxxxxxxx
$…   xxxxxx
|
  now: a sentence of the
       program itself

note: ␣ is one space of
      several; \\u{…} is the
      code of a character
      that could deceive";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn a_line_is_broken_by_the_widest_that_a_terminal_may_show_it() {
        for text in ["字".repeat(50), "é".repeat(50), "…".repeat(50), "a\u{301}\u{301}".repeat(50)] {
            let mut page = Page::new(false, Some(30));
            page.quote(&Quoted::new(Gutter::Prose, &text), 0);
            for line in page.finish().lines() {
                let content = line.strip_prefix("| ").or_else(|| line.strip_prefix("|…")).unwrap();
                assert!(2 + content.chars().map(columns).sum::<usize>() < 30, "{line}");
                assert!(!content.starts_with('\u{301}'), "a mark is separated from its letter: {line}");
            }
        }
    }
}
