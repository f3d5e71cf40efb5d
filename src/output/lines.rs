//! Where a line may be broken: at a space, or before an ideograph. Chinese has no spaces between words.

/// Breaks the lines that are wider than the terminal between words; what follows is indented. `None` is no terminal.
pub fn folded(lines: &str, width: Option<u16>) -> String {
    match width {
        Some(width) => lines.split('\n').map(|line| fold(line, width.into())).collect::<Vec<_>>().join("\n"),
        None => lines.to_owned(),
    }
}

/// Breaks a line between words to fit a terminal. What follows is indented by one more than the line.
fn fold(line: &str, width: usize) -> String {
    if measure(line) <= width {
        return line.to_owned();
    }
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let (mut folded, mut used) = (" ".repeat(indent), indent);
    for Word { gap, text } in words(text) {
        // Some terminals begin a new line when the last column is filled.
        if used > indent && used + gap.len() + measure(text) >= width {
            folded.push('\n');
            folded.push_str(&" ".repeat(indent + 1));
            used = indent + 1;
        } else {
            folded.push_str(gap);
            used += gap.len();
        }
        folded.push_str(text);
        used += measure(text);
    }
    folded
}

/// A part of a line that is not broken, and the space before it, if there is one.
pub(super) struct Word<'l> {
    pub(super) gap: &'l str,
    pub(super) text: &'l str,
}

/// The words of a line.
pub(super) fn words(line: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for (n, spaced) in line.split(' ').enumerate() {
        let (mut gap, mut rest) = (if n == 0 { "" } else { " " }, spaced);
        let mut opened = true;
        let breaks = |(_, c): &(usize, char)| {
            let before = is_ideograph(*c) && !opened;
            opened = opens(*c);
            before
        };
        let places: Vec<usize> = spaced.char_indices().filter(breaks).map(|(at, _)| at).collect();
        for at in places {
            let (text, next) = rest.split_at(at - (spaced.len() - rest.len()));
            words.push(Word { gap, text });
            (gap, rest) = ("", next);
        }
        words.push(Word { gap, text: rest });
    }
    words
}

/// Whether a line can be broken before a character as if before a word: an ideograph, but no punctuation.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether what follows a character belongs on its line.
pub(super) fn opens(c: char) -> bool {
    matches!(c, '（' | '《' | '「' | '“' | '(')
}

/// The columns that a character takes at most. Terminals differ in the width of the letters of many scripts, so any
/// character beyond ASCII counts two.
pub(super) fn columns(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

/// The columns that a text takes at most. Colours take none.
pub(super) fn measure(text: &str) -> usize {
    let (mut used, mut colour) = (0, false);
    for c in text.chars() {
        match c {
            '\x1b' => colour = true,
            'm' if colour => colour = false,
            _ if colour => {}
            c => used += columns(c),
        }
    }
    used
}

/// A text and the spaces that fill it up to so many columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(measure(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_at_spaces_and_between_ideographs() {
        let line = "  变更单 CHG-7 已批准（2 之 2），可在窗口内用 `twinseal start CHG-7` 开始实施";
        assert_eq!(
            folded(line, Some(30)),
            "  变更单 CHG-7 已批准（2 之\n   2），可在窗口内用\n   `twinseal start CHG-7` 开\n   始实施"
        );
        assert_eq!(folded("one two three", Some(9)), "one two\n three");
        let whole: String = words(line).iter().flat_map(|it| [it.gap, it.text]).collect();
        assert_eq!(whole, line);
    }
}
