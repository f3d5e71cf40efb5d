//! English that a screen in Chinese has left.

use super::{CHANGE, Screens, story};
use crate::hostile::day::DAY;
use crate::support::{CALENDAR, FREEZE};

/// What people wrote: it is shown as it is.
fn written() -> String {
    let mut written = [CHANGE, CALENDAR, FREEZE].concat() + &story::written();
    DAY.iter().for_each(|(_, line)| written += line);
    written
}

/// Two English words in a row that nobody wrote, outside of signed content, commands and usage.
fn english<'l>(line: &'l str, written: &str) -> Option<(&'l str, &'l str)> {
    let content = ["|", "=", "$", ">", "+|", "-|", "+=", "-=", "+$", "-$", "+>", "->", "#"];
    let is_content = content.iter().any(|gutter| line.starts_with(gutter));
    if is_content || line.contains("[OPTIONS]") || story::is_answered(line) {
        return None;
    }
    let commands = line.split('`').enumerate().filter(|(n, _)| n % 2 == 0).map(|(_, part)| part);
    let letters = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
    let bare = |word: &'l str| word.trim_matches([',', ';', ':', '.', '(', ')']);
    let pairs = |part: &'l str| {
        let words: Vec<&str> = part.split(' ').map(bare).collect();
        let pair = words
            .windows(2)
            .find(|it| letters(it[0]) && letters(it[1]) && !written.contains(it[0]) && !written.contains(it[1]));
        pair.map(|it| (it[0], it[1]))
    };
    commands.filter(|part| !part.trim_start().starts_with("twinseal ")).find_map(pairs)
}

/// No screen has English of the program.
pub fn check(screens: &Screens) {
    let written = written();
    let mut found = Vec::new();
    for (name, (line, pages)) in screens {
        if super::DATA.contains(&name.as_str()) {
            continue;
        }
        for shown in pages[2].lines() {
            if let Some((one, two)) = english(shown, &written) {
                found.push(format!("{name}: {one} {two}: {shown}    ({line})"));
            }
        }
    }
    assert!(found.is_empty(), "{} lines with English\n{}", found.len(), found.join("\n"));
}

#[test]
fn english_of_the_program_is_found_and_content_is_not() {
    let written = "Set the pool of each node to 160.";
    assert_eq!(english("错误：no such change", written), Some(("such", "change")));
    assert_eq!(english("  now: nothing was recorded", written), Some(("now", "nothing")));
    for fine in ["| no such change", "提示：`twinseal show CHG-1`", "the pool of each node", "变更单 CHG-7 未提交"]
    {
        assert_eq!(english(fine, written), None, "{fine}");
    }
}
