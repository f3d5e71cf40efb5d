//! A page of labelled lines and blocks, wrapped to the width of the screen.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};
use textwrap::Options;

use super::safe_lines;

/// The column in which values start.
const VALUES: usize = 14;

/// The column in which a block starts.
const INDENT: usize = 2;

/// Builds a page. Colour never carries meaning alone.
pub struct Page {
    text: String,
    colour: bool,
    width: Option<usize>,
}

impl Page {
    /// An empty page. `width` is in columns; `None` means that standard output is no terminal.
    pub fn new(colour: bool, width: Option<u16>) -> Self {
        Self { text: String::new(), colour, width: width.map(|width| usize::from(width.max(20))) }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Safe text with a hanging indent: `first` begins the first line.
    fn wrapped(&self, first: &str, text: &str) -> String {
        let hanging = " ".repeat(first.chars().count());
        let mut lines = Vec::new();
        for (n, line) in safe_lines(text).split('\n').enumerate() {
            let begin = if n == 0 { first } else { &hanging };
            match self.width {
                Some(width) if !line.is_empty() => {
                    let options = Options::new(width).initial_indent(begin).subsequent_indent(&hanging);
                    lines.extend(textwrap::wrap(line, options).into_iter().map(|line| line.into_owned()));
                }
                _ => lines.push(format!("{begin}{line}").trim_end().to_owned()),
            }
        }
        lines.join("\n")
    }

    /// Adds a title in bold.
    pub fn title(&mut self, text: impl Display) -> &mut Self {
        // Without an indent, the second line of a title could look like a field.
        let text = self.wrapped("", &text.to_string()).replace('\n', &format!("\n{:VALUES$}", ""));
        self.text.push_str(&self.paint(Style::new().bold(), &text));
        self.text.push('\n');
        self
    }

    /// Adds a label and its value, aligned with the other fields.
    pub fn field(&mut self, label: &str, value: impl Display) -> &mut Self {
        let label = format!("{label:<VALUES$}");
        let text = self.wrapped(&label, &value.to_string());
        let value = text.strip_prefix(&label).map(str::to_owned).unwrap_or_default();
        self.text.push_str(&self.paint(AnsiColor::Cyan.on_default(), &label));
        self.text.push_str(&value);
        self.text.push('\n');
        self
    }

    /// Begins a block with this heading.
    pub fn block(&mut self, label: &str) -> &mut Self {
        self.text.push('\n');
        self.text.push_str(&self.paint(AnsiColor::Cyan.on_default(), label));
        self.text.push('\n');
        self
    }

    /// Adds wrapped text to a block, after a mark such as `1.`.
    pub fn text(&mut self, mark: &str, text: impl Display) -> &mut Self {
        let text = self.wrapped(&margin(INDENT, mark), &text.to_string());
        self.text.push_str(&text);
        self.text.push('\n');
        self
    }

    /// Adds text to a block as it is, such as a command. On a terminal a long line is broken at the right edge with a
    /// mark, so that no part of it can look like a line of the page.
    pub fn verbatim(&mut self, indent: usize, mark: &str, text: impl Display) -> &mut Self {
        let first = margin(INDENT + indent, mark);
        let hanging = " ".repeat(first.chars().count());
        let mut begin = &first;
        for line in safe_lines(&text.to_string()).split('\n') {
            for piece in self.pieces(line, hanging.len()) {
                self.text.push_str(format!("{begin}{piece}").trim_end());
                self.text.push('\n');
                begin = &hanging;
            }
        }
        self
    }

    /// Splits a line to fit after an indent; every piece but the last ends with a mark.
    fn pieces(&self, line: &str, indent: usize) -> Vec<String> {
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(indent + 1).max(10));
        let (mut pieces, mut piece, mut used) = (Vec::new(), String::new(), 0);
        for c in line.chars() {
            let width = textwrap::core::display_width(c.encode_utf8(&mut [0; 4]));
            if used + width > room {
                pieces.push(format!("{piece}↩"));
                (piece, used) = (String::new(), 0);
            }
            used += width;
            piece.push(c);
        }
        pieces.push(piece);
        pieces
    }

    /// The page without its final newline.
    pub fn finish(&self) -> &str {
        self.text.trim_end()
    }
}

/// The left margin of a block, and a mark in it.
fn margin(indent: usize, mark: &str) -> String {
    let gap = if mark.is_empty() { "" } else { " " };
    format!("{:indent$}{mark}{gap}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_on_a_screen_and_commands_are_cut() {
        let mut page = Page::new(false, Some(30));
        page.field("window", "from here to there and back again");
        page.block("plan").text("1.", "Drain the node, then wait\nfor it.").verbatim(
            3,
            "$",
            "a command that is long and stays",
        );
        let expected = "window        from here to\n              there and back\n              again\n\nplan\n  \
            1. Drain the node, then wait\n     for it.\n     $ a command that is long↩\n        and stays";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn no_text_can_look_like_a_line_of_the_page() {
        let mut page = Page::new(false, Some(40));
        let forged = format!("true{}rollback", " ".repeat(35));
        page.title(format_args!("{} status        approved", "x".repeat(35))).block("plan").verbatim(3, "$", &forged);
        assert!(page.finish().lines().all(|line| !line.starts_with("status") && !line.starts_with("rollback")));
        assert!(page.finish().contains('↩'), "{}", page.finish());
    }
}
