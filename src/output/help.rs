//! The lines of a help in Chinese. clap breaks lines at spaces only, and Chinese has none between words.

use super::lines::{Word, measure, words};

/// The width of a help that is not on a terminal, as clap has it.
const USUAL: u16 = 100;

/// What stands for a space while clap lays the help out.
pub const NO_BREAK: &str = "\u{a0}";

/// Breaks the lines of a help that are wider than the terminal; `None` is no terminal. What follows stands below the
/// explanation of an option, or below the beginning of its line.
pub fn folded_help(text: &str, width: Option<u16>) -> String {
    let width = usize::from(width.unwrap_or(USUAL));
    // clap ends its headings with a colon of its own.
    let text = ["参数", "选项", "命令"].iter().fold(text.replace(NO_BREAK, " "), |text, heading| {
        text.replace(&format!("{heading}:"), &format!("{heading}："))
    });
    text.split('\n').map(|line| hanging(line, width)).collect::<Vec<_>>().join("\n")
}

fn hanging(line: &str, width: usize) -> String {
    if measure(line) <= width {
        return line.to_owned();
    }
    let indent = line.len() - line.trim_start_matches(' ').len();
    let explained = line[indent..].find("  ").map_or(indent, |at| {
        let explanation = line[indent + at..].trim_start_matches(' ');
        measure(&line[..line.len() - explanation.len()])
    });
    let column = explained.min(width / 2);
    let (mut folded, mut used) = (" ".repeat(indent), indent);
    for Word { gap, text } in words(&line[indent..]) {
        if used > column && used + gap.len() + measure(text) >= width {
            folded.push('\n');
            folded.push_str(&" ".repeat(column));
            used = column;
        } else {
            folded.push_str(gap);
            used += gap.len();
        }
        folded.push_str(text);
        used += measure(text);
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_stands_below_the_explanation() {
        let help = "选项:\n  -a, --all  全部\u{a0}change\u{a0}都显示出来，包括已结束的";
        assert_eq!(
            folded_help(help, Some(30)),
            "选项：\n  -a, --all  全部 change 都显\n             示出来，包括已结\n             束的"
        );
        assert_eq!(folded_help("\u{a0}一二三四五六七", None), " 一二三四五六七");
        assert_eq!(folded_help("一二三四五六七八九", Some(12)), "一二三四五\n六七八九");
    }
}
