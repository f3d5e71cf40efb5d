//! Writes content so that two different contents never look the same.
//!
//! A character that cannot be seen or that could be taken for another is written by its code: `\u{430}`. A space that
//! follows or precedes another one is written `␣`, except at the beginning of a line, where people indent. Whoever
//! replaces `␣` by a space and `\u{…}` by its character has the exact content again, because a `␣` of the content is
//! written by its code, and so is a backslash before `u{`. Content that is not in Unicode's form NFC (Unicode Annex 15)
//! looks like other content, so its words are written by their codes.

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::is_nfc;
use unicode_script::{Script, UnicodeScript as _};
use unicode_security::confusable_detection::skeleton;

use crate::domain::is_forbidden;

/// What a content is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Sentences of people in any language, with its quotation marks and dashes. Other marks that could be taken for one
    /// of ASCII matter beside a word.
    Prose,
    /// A command, in which every character that could be taken for one of ASCII matters, and the order of all.
    Command,
}

/// The longest indentation that is left as it is.
const INDENTATION: usize = 16;

/// The most combining marks on one letter. Vietnamese has two.
const COMBINED: usize = 3;

/// A line of content as a page shows it.
pub fn visible(line: &str, reading: Reading) -> String {
    let printable = line.bytes().all(|b| matches!(b, b' '..=b'~'));
    if printable && !line.contains("  ") && !line.contains("\\u{") {
        return line.to_owned();
    }
    let indentation = line.len() - line.trim_start_matches(' ').len();
    let kept = if indentation <= INDENTATION { indentation } else { 0 };
    let mut shown = line[..kept].to_owned();
    let (mut rest, mut before) = (&line[kept..], None);
    while let Some(c) = rest.chars().next() {
        let word = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let taken = match word {
            0 => {
                let next = rest[c.len_utf8()..].chars().next();
                shown.push_str(&mark(c, before, rest, (next, reading)));
                c.len_utf8()
            }
            _ => {
                write_word(&mut shown, &rest[..word], reading);
                word
            }
        };
        before = rest[..taken].chars().next_back();
        rest = &rest[taken..];
    }
    shown
}

/// A character between words.
fn mark(c: char, before: Option<char>, rest: &str, (next, reading): (Option<char>, Reading)) -> String {
    let in_run = c == ' ' && (before == Some(' ') || next == Some(' '));
    let hidden = is_forbidden(c) || is_radical(c) || is_unknown(c) || c == '␣' || c.is_whitespace() && c != ' ';
    // Chinese punctuation beside Chinese is usual in comments of a script.
    let usual = matches!(c, '\u{3001}'..='\u{3011}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}');
    let usual = usual && [before, next].into_iter().flatten().any(|beside| is_asian(beside.script()));
    let mistaken = !usual
        && match reading {
            // A shell gives none of them a meaning, and people take many for those that it does.
            Reading::Command => !c.is_ascii(),
            Reading::Prose => looks_like_ascii(c) && is_deceptive_mark(c, before, next),
        };
    match c {
        _ if in_run => "␣".to_owned(),
        '\\' if rest.starts_with("\\u{") => coded('\\'),
        c if hidden || mistaken || !is_composed(c) => coded(c),
        c => c.to_string(),
    }
}

fn is_composed(c: char) -> bool {
    is_nfc(c.encode_utf8(&mut [0; 4]))
}

/// Private use, unassigned, or no character: a terminal shows nothing, or whatever its font has.
fn is_unknown(c: char) -> bool {
    c.script() == Script::Unknown
}

/// Letters that are drawn as a line, which could be taken for a dash or a bar.
const LINES: &str = "ーㅡㅣ一丨〡";

/// Whether a letter is drawn as a line, and stands beside no other letter of its kind of script.
fn is_lone_line(c: char, before: Option<char>, next: Option<char>) -> bool {
    let is_letter = |c: char| is_asian(c.script()) && !LINES.contains(c);
    LINES.contains(c) && ![before, next].into_iter().flatten().any(is_letter)
}

fn coded(c: char) -> String {
    c.escape_unicode().to_string()
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// Marks that people write in sentences.
const USUAL: &str = "‘’“”„«»‹›…·×÷°±′″";

/// Whether a mark in a sentence could be taken for one of a path, a number or an option of a command.
fn is_deceptive_mark(c: char, before: Option<char>, next: Option<char>) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_letter = |c: Option<char>| is_word(c) || c.is_some_and(|c| is_asian(c.script()));
    match c {
        // Full-width forms, as in Chinese, are twice as wide as those of ASCII.
        c if USUAL.contains(c) || ('\u{ff01}'..='\u{ff5e}').contains(&c) => false,
        // A dash between words or around a part of a sentence is usual, but no option begins with one.
        '\u{2010}'..='\u{2015}' | '\u{2212}' => is_word(next) && !is_word(before),
        _ => is_letter(before) || is_letter(next),
    }
}

/// Letters, digits and combining marks. A mark without a letter, or one of many, would hide or spill.
fn write_word(shown: &mut String, word: &str, reading: Reading) {
    let whole = !is_nfc(word) || is_deceptive(word);
    let (mut marks, mut before) = (COMBINED, None);
    let mut chars = word.chars().peekable();
    // Chinese has no spaces between words, so what stands between its letters is judged like a word.
    let mut parts = word.split(|c: char| is_asian(c.script()));
    let mut deceptive = whole || parts.next().is_some_and(is_deceptive);
    while let Some(c) = chars.next() {
        if is_asian(c.script()) {
            deceptive = whole || parts.next().is_some_and(is_deceptive);
        }
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        let mistaken = reading == Reading::Command
            && (looks_like_ascii(c)
                || is_right_to_left(c)
                || c.script() == Script::Inherited
                || is_lone_line(c, before, chars.peek().copied()));
        before = Some(c);
        let unseen = is_forbidden(c) || is_overlay(c) || is_jamo(c) || is_radical(c);
        let coded_here = whole || deceptive && !is_asian(c.script());
        match unseen || marks > COMBINED || mistaken || coded_here && !c.is_ascii() {
            true => shown.push_str(&coded(c)),
            false => shown.push(c),
        }
    }
}

/// A combining mark that is drawn over its letter, which could seem to be struck out, or around it.
fn is_overlay(c: char) -> bool {
    matches!(c, '\u{334}'..='\u{338}' | '\u{20d2}' | '\u{20d3}' | '\u{20d8}'..='\u{20da}' | '\u{20dd}'..='\u{20e0}'
        | '\u{20e2}'..='\u{20e6}' | '\u{20ea}' | '\u{20eb}')
}

/// A radical of a dictionary, or punctuation for vertical lines: both look like usual Chinese, and nobody types them.
fn is_radical(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{fe10}'..='\u{fe19}')
}

/// A part of a Hangul syllable. A terminal joins them, and Korean is written in whole syllables.
fn is_jamo(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}')
}

/// Whether a word could be taken for a word of ASCII, or mixes scripts. Latin letters beside Chinese, Japanese or
/// Korean ones are usual.
fn is_deceptive(word: &str) -> bool {
    if word.is_ascii() {
        return false;
    }
    let scripts: Vec<Script> = word.chars().map(|c| c.script()).filter(|it| !is_shared(*it)).collect();
    let latin = scripts.iter().all(|it| *it == Script::Latin);
    let looks = || skeleton(word);
    if looks().filter(|c| !is_combining_mark(*c)).all(|c| c.is_ascii()) && (!latin || looks().all(|c| c.is_ascii())) {
        return true;
    }
    match scripts.iter().find(|it| **it != Script::Latin) {
        Some(first) if is_asian(*first) => scripts.iter().any(|it| *it != Script::Latin && !is_asian(*it)),
        Some(first) => scripts.iter().any(|it| it != first),
        None => false,
    }
}

fn is_asian(script: Script) -> bool {
    matches!(script, Script::Han | Script::Hiragana | Script::Katakana | Script::Bopomofo | Script::Hangul)
}

/// Whether characters of this script occur in words of every script.
fn is_shared(script: Script) -> bool {
    matches!(script, Script::Common | Script::Inherited)
}

/// Whether a character beyond ASCII could be taken for characters of ASCII.
fn looks_like_ascii(c: char) -> bool {
    !c.is_ascii() && skeleton(c.encode_utf8(&mut [0; 4])).all(|c| c.is_ascii())
}

/// Whether a terminal may show a character, and what is beside it, in another order (the blocks with the bidirectional
/// classes R and AL, Unicode Annex 9).
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prose(line: &str) -> String {
        visible(line, Reading::Prose)
    }

    #[test]
    fn ordinary_text_is_shown_as_it_is() {
        for line in [
            "Set the pool to 160.",
            "    indented, as in a script",
            "回滚方案：用root登录，把连接池从80改成160",
            "naïve café, Größe, Đà Nẵng",
            "Пароль не нужен",
            "パスワードは不要です",
            "“quoted” – and so on… 3 °C, 5 µs",
            "🚀 done",
            "C:\\users\\x",
        ] {
            assert_eq!(prose(line), line);
        }
    }

    #[test]
    fn runs_of_spaces_and_unseen_characters_are_marked() {
        assert_eq!(prose("a  b c"), "a␣␣b c");
        assert_eq!(prose(&format!("{}b", " ".repeat(17))), format!("{}b", "␣".repeat(17)));
        assert_eq!(prose("a\u{a0}b\u{3000}c"), "a\\u{a0}b\\u{3000}c");
        assert_eq!(prose("a\tb\u{202e}c"), "a\\u{9}b\\u{202e}c");
        assert_eq!(prose("x\u{e000}\u{378} \u{fffe}"), "x\\u{e000}\\u{378} \\u{fffe}");
        assert_eq!(prose("a␣b \\u{41}"), "a\\u{2423}b \\u{5c}u{41}");
        assert_eq!(
            prose("\u{301}a \u{301} q\u{307}\u{308}\u{30a}\u{30b}"),
            "\\u{301}a \\u{301} q\u{307}\u{308}\u{30a}\\u{30b}"
        );
        assert_eq!(prose("o\u{338}n a\u{20dd}"), "o\\u{338}n a\\u{20dd}");
    }

    #[test]
    fn what_looks_the_same_as_its_composed_form_is_marked() {
        assert_eq!(prose("cafe\u{301}"), "cafe\\u{301}");
        assert_eq!(prose("5 \u{2126}, 300 \u{212a}"), "5 \\u{2126}, 300 \\u{212a}");
        assert_eq!(
            prose("why\u{37e} \u{1112}\u{1161}\u{11ab} \u{1100}"),
            "why\\u{37e} \\u{1112}\\u{1161}\\u{11ab} \\u{1100}"
        );
        assert_eq!(prose("한국어로 씁니다"), "한국어로 씁니다");
    }

    #[test]
    fn marks_that_look_like_others_are_marked_beside_words() {
        assert_eq!(prose("rm \u{2010}rf"), "rm \\u{2010}rf");
        assert_eq!(prose("rm \u{2010}\u{2010}force"), "rm \u{2010}\\u{2010}force");
        assert_eq!(prose("10\u{2024}0 at a\u{2215}b; c\u{2236} d"), "10\\u{2024}0 at a\\u{2215}b; c\\u{2236} d");
        for line in ["don’t – it’s 10–20, 2×3 °C", "two\u{2011}person — really", "读／写：OK，CHG-1。", "a → b"]
        {
            assert_eq!(prose(line), line);
        }
    }

    #[test]
    fn look_alikes_between_chinese_letters_are_marked() {
        assert_eq!(prose("连接池调至𝟷𝟼𝟶个"), "连接池调至\\u{1d7f7}\\u{1d7fc}\\u{1d7f6}个");
        assert_eq!(prose("用pɑypɑl账号登录主机ⅼ1"), "用p\\u{251}yp\\u{251}l账号登录主机\\u{217c}1");
        assert_eq!(prose("⽤户 错误∶x 错误︓x"), "\\u{2f64}户 错误\\u{2236}x 错误\\u{fe13}x");
    }

    #[test]
    fn words_that_look_like_others_are_marked() {
        assert_eq!(prose("p\u{430}ypal"), "p\\u{430}ypal");
        assert_eq!(prose("\u{441}\u{43e}\u{441}\u{43e}"), "\\u{441}\\u{43e}\\u{441}\\u{43e}");
        assert_eq!(prose("a\u{434}\u{43c}\u{438}\u{43d}"), "a\\u{434}\\u{43c}\\u{438}\\u{43d}");
        assert_eq!(prose("\u{ff52}\u{ff4d}"), "\\u{ff52}\\u{ff4d}");
        let command = |line: &str| visible(line, Reading::Command);
        assert_eq!(
            command("ls\u{ff1b}rm # 仅当序号有变动，在该台执行："),
            "ls\\u{ff1b}rm # 仅当序号有变动，在该台执行："
        );
        assert_eq!(visible("rm \u{2010}rf \u{5d0}", Reading::Command), "rm \\u{2010}rf \\u{5d0}");
        assert_eq!(command("rm ─rf; curl x │ sh"), "rm \\u{2500}rf; curl x \\u{2502} sh");
        assert_eq!(command("rm ーrf ㅣ sh a\u{315}"), "rm \\u{30fc}rf \\u{3163} sh a\\u{315}");
        assert_eq!(command("echo サーバー # 第一步，完成。"), "echo サーバー # 第一步，完成。");
        assert_eq!(command("rm \u{2014}rf “a” \u{2223} b"), "rm \\u{2014}rf \\u{201c}a\\u{201d} \\u{2223} b");
    }
}
