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

impl<'l> Word<'l> {
    fn of(part: &'l str) -> Self {
        match part.strip_prefix(' ') {
            Some(text) => Word { gap: " ", text },
            None => Word { gap: "", text: part },
        }
    }
}

/// The words of a line.
pub(super) fn words(line: &str) -> Vec<Word<'_>> {
    let (mut words, mut begin) = (Vec::new(), 0);
    for (at, _) in line.char_indices().filter(|(at, _)| may_break(line, *at)) {
        words.push(Word::of(&line[begin..at]));
        begin = at;
    }
    words.push(Word::of(&line[begin..]));
    words
}

/// The columns of the widest word of a text.
pub fn widest_word(text: &str) -> usize {
    words(text).iter().map(|it| measure(it.text)).max().unwrap_or(0)
}

/// Whether a line may be broken before the character at this place: a space, an ideograph, or what follows Chinese
/// punctuation. A number stays with its unit.
pub(super) fn may_break(line: &str, at: usize) -> bool {
    let (before, rest) = line.split_at(at);
    let (Some(last), Some(next)) = (before.chars().next_back(), rest.chars().next()) else { return false };
    match next {
        ' ' => !(is_number_with_unit(before, rest) || is_numbered(before) && rest[1..].starts_with(is_digit)),
        '钟' | '时' if before.ends_with(['分', '小']) => false,
        next => {
            last != ' '
                && !opens(last)
                && !PAIRS.contains(&[last, next])
                && (is_ideograph(next) || opens(next) && next != '(' || closes(last) && !closes(next))
        }
    }
}

/// The units of times that are two ideographs: they stay whole.
const PAIRS: [[char; 2]; 2] = [['小', '时'], ['分', '钟']];

/// Whether what stands before its number ends here, as in `entry 3`.
fn is_numbered(before: &str) -> bool {
    ["entry", "第"].iter().any(|it| before.ends_with(it))
}

/// What is counted in `3 h`.
const UNITS: [&str; 7] = ["s", "min", "h", "d", "y", "day", "days"];

/// Whether a number ends here and its unit follows: `3 h`, `3 小时`.
fn is_number_with_unit(before: &str, rest: &str) -> bool {
    let word = before.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_number = word.len() < before.len() && !word.ends_with(|c: char| c.is_ascii_graphic() && c != '(');
    let unit = rest.trim_start_matches(' ');
    let unit = unit.split(' ').next().unwrap_or(unit);
    let unit_is_word = UNITS.contains(&unit.trim_end_matches([',', ';', '.', ':', ')']));
    is_number && (unit_is_word || unit.starts_with(is_ideograph))
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether what follows a character belongs on its line.
fn opens(c: char) -> bool {
    matches!(c, '（' | '《' | '「' | '“' | '(')
}

/// Whether a character belongs on the line of what precedes it.
fn closes(c: char) -> bool {
    matches!(c, '、' | '，' | '；' | '：' | '。' | '）' | '》' | '」' | '”' | '？' | '！')
}

/// The columns that a character takes at most. Terminals differ in the width of the letters of many scripts, so any
/// character beyond ASCII counts two.
pub(super) fn columns(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

/// The columns that a text takes at most. Colours take none.
pub fn measure(text: &str) -> usize {
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
pub fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(measure(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_on_the_line_of_its_unit() {
        assert_eq!(folded("opens in 3 h (soon)", Some(12)), "opens in\n 3 h (soon)");
        assert_eq!(folded("rollback of 15 min.", Some(16)), "rollback of\n 15 min.");
        assert_eq!(folded("窗口开始 还有 3 小时", Some(18)), "窗口开始 还有\n 3 小时");
        assert_eq!(folded("最晚开始 20 分钟后", Some(16)), "最晚开始\n 20 分钟后");
        assert_eq!(folded("signed in entry 13", Some(17)), "signed in\n entry 13");
        assert_eq!(folded("记录于第 13 条", Some(12)), "记录于\n 第 13 条");
        assert_eq!(folded("CHG-7 h", Some(6)), "CHG-7\n h");
        assert_eq!(folded("最晚回退：45 分钟后", Some(16)), "最晚回退：\n 45 分钟后");
    }

    #[test]
    fn a_line_is_broken_at_spaces_and_between_ideographs() {
        let line = "  变更单 CHG-7 已批准（2 之 2），可在窗口内用 `twinseal start CHG-7` 开始实施";
        assert_eq!(
            folded(line, Some(30)),
            "  变更单 CHG-7 已批准（2 之\n   2），可在窗口内用\n   `twinseal start CHG-7` 开\n   始实施"
        );
        assert_eq!(folded("one two three", Some(9)), "one two\n three");
        assert_eq!(folded("审批人：carol、dave、erin", Some(16)), "审批人：carol、\n dave、erin");
        let whole: String = words(line).iter().flat_map(|it| [it.gap, it.text]).collect();
        assert_eq!(whole, line);
    }
}
