//! Chinese beside English: no text without its translation, and nothing but the texts depends on the language.

use std::fs;
use std::path::{Path, PathBuf};

/// Files whose English is for programs and maintainers, each with the reason.
const ENGLISH: &[(&str, &str)] = &[];

/// Literals that stand for themselves in both languages, each with the reason.
const SAME: &[(&str, &str)] = &[];

/// A string literal of a source file, with its line.
struct Literal {
    line: usize,
    text: String,
    /// Whether nothing but a comma and white space stands between it and the next literal.
    then_next: bool,
}

/// The string literals outside comments and unit tests.
fn literals(source: &str) -> Vec<Literal> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let chars: Vec<char> = source.chars().collect();
    let (mut found, mut line, mut at): (Vec<Literal>, usize, usize) = (Vec::new(), 1, 0);
    let mut between = String::new();
    let starts = |at: usize, word: &str| chars[at..].iter().take(word.len()).collect::<String>() == word;
    while at < chars.len() {
        if starts(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            while !starts(at, "*/") {
                line += usize::from(chars[at] == '\n');
                at += 1;
            }
            at += 2;
        } else if starts(at, "'\"'") {
            at += 3;
        } else if chars[at] == '"' {
            let (begin, mut text) = (line, String::new());
            at += 1;
            while chars[at] != '"' {
                line += usize::from(chars[at] == '\n');
                if chars[at] == '\\' && chars[at + 1] == '\n' {
                    at += 2;
                    line += 1;
                    while chars[at].is_whitespace() {
                        line += usize::from(chars[at] == '\n');
                        at += 1;
                    }
                    continue;
                }
                if chars[at] == '\\' {
                    text.push(chars[at]);
                    at += 1;
                }
                text.push(chars[at]);
                at += 1;
            }
            at += 1;
            let paired = between.trim() == ",";
            if let Some(before) = found.last_mut() {
                before.then_next = paired;
            }
            found.push(Literal { line: begin, text, then_next: false });
            between.clear();
        } else {
            line += usize::from(chars[at] == '\n');
            between.push(chars[at]);
            at += 1;
        }
    }
    found
}

fn is_chinese(text: &str) -> bool {
    text.contains(|c| matches!(c, '\u{3400}'..='\u{9fff}'))
}

/// Whether a literal reads as English: two words in a row, outside of values and of commands to type.
fn is_prose(text: &str) -> bool {
    let mut plain = String::new();
    for (n, part) in text.split('`').enumerate() {
        plain += if n % 2 == 0 { part } else { "…" };
    }
    let mut words = String::new();
    let mut depth = 0;
    for c in plain.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        words.push(if depth > 0 || c == '}' { '…' } else { c });
    }
    let letters = |word: &str| {
        word.len() > 1 && word.trim_matches([',', ';', ':', '.', '(', ')']).chars().all(|c| c.is_ascii_lowercase())
    };
    let words: Vec<&str> = words.split(' ').collect();
    let sql =
        ["SELECT ", "INSERT ", "CREATE ", "DELETE ", "UPDATE ", "PRAGMA ", "VALUES ", " WHERE ", "BEGIN", "ATTACH "];
    words.windows(2).any(|pair| letters(pair[0]) && letters(pair[1])) && !sql.iter().any(|it| text.contains(it))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let items = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    items.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
#[ignore = "translation is under way"]
fn no_english_text_is_without_its_chinese() {
    let part = std::env::var("PART").unwrap_or_default();
    let mut missing = Vec::new();
    for path in files(Path::new("src")).into_iter().filter(|it| it.extension().is_some_and(|it| it == "rs")) {
        let name = path.display().to_string();
        if ENGLISH.iter().any(|(file, _)| name.starts_with(file)) || !name.contains(&part) {
            continue;
        }
        let literals = literals(&fs::read_to_string(&path).unwrap());
        for (n, it) in literals.iter().enumerate() {
            let paired = it.then_next && literals.get(n + 1).is_some_and(|next| is_chinese(&next.text));
            let same = it.text.starts_with("Examples:") || SAME.iter().any(|(text, _)| *text == it.text);
            if is_prose(&it.text) && !is_chinese(&it.text) && !paired && !same {
                missing.push(format!("{name}:{}: {:?}", it.line, it.text));
            }
        }
    }
    assert!(missing.is_empty(), "{} texts without Chinese\n{}", missing.len(), missing.join("\n"));
}
