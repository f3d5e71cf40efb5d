//! A page of labelled lines and blocks.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

use super::safe_lines;

/// The column in which values start.
const VALUES: usize = 14;

/// Builds a page; colour adds to it and carries no meaning alone.
pub struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// An empty page.
    pub fn new(colour: bool) -> Self {
        Self { text: String::new(), colour }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A line in bold.
    pub fn title(&mut self, text: impl Display) -> &mut Self {
        let text = safe_lines(&text.to_string());
        self.text.push_str(&self.paint(Style::new().bold(), &text));
        self.text.push('\n');
        self
    }

    /// A label and its value, lined up.
    pub fn field(&mut self, label: &str, value: impl Display) -> &mut Self {
        let label = format!("{label:<VALUES$}");
        let value = safe_lines(&value.to_string()).replace('\n', &format!("\n{:VALUES$}", ""));
        self.text.push_str(&self.paint(AnsiColor::Cyan.on_default(), &label));
        self.text.push_str(&value);
        self.text.push('\n');
        self
    }

    /// A label, and text indented under it.
    pub fn block(&mut self, label: &str, text: impl Display) -> &mut Self {
        self.text.push('\n');
        self.text.push_str(&self.paint(AnsiColor::Cyan.on_default(), label));
        self.text.push('\n');
        for line in safe_lines(&text.to_string()).split('\n') {
            self.text.push_str(&format!("  {line}"));
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push('\n');
        }
        self
    }

    /// An empty line.
    pub fn gap(&mut self) -> &mut Self {
        self.text.push('\n');
        self
    }

    /// The page, without its last line end.
    pub fn finish(&self) -> &str {
        self.text.trim_end()
    }
}
