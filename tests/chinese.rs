//! Chinese beside English: no text without its translation, and nothing but the texts depends on the language.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use twinseal::lang::Lang;

use crate::hostile::screen::{Mode, day_in};
use crate::support::World;

/// Files whose English is for programs and maintainers, each with the reason.
const ENGLISH: &[(&str, &str)] =
    &[("src/cli/dry_run.rs", "names of commands"), ("src/cli/replica.rs", "names of commands")];

/// Literals that stand for themselves in both languages, each with the reason.
const SAME: &[(&str, &str)] = &[
    (" (os error ", "a part of what the system says"),
    ("register text", "a column, as the catalogs of PostgreSQL show it"),
    (
        "('projected', 'leaf text, register text, seq bigint, time timestamp with time zone')",
        "a table, as the catalogs of PostgreSQL show it",
    ),
    ("calendar unknown", "a name that JSON shows; `Closed::phrase` has the Chinese"),
    ("begun by one person", "a name that the cache keeps; `Closed::phrase` has the Chinese"),
    ("night session of {}", "the name of a period, which is signed"),
    ("true, false", "the values of a switch, as clap lists them"),
    ("invalid digit", "what the standard library says of a number, which is replaced"),
    ("list its keys", "translated in src/signer.rs, where it is shown"),
    ("server does not support TLS", "what the crate postgres says, which is replaced"),
    ("password missing", "what the crate postgres says, which is replaced"),
    ("authentication error", "what the crate postgres says, which is replaced"),
    (
        "# Registers that this account trusts, by the fingerprint of their entry 0. Kept by twinseal.\\n",
        "a comment in a file",
    ),
    ("warning: the current directory cannot be read ({error}); use absolute paths", "the language is not yet chosen"),
    ("breakglass open --offline", "a command"),
    ("proposal second", "a command"),
    ("proposal second {}", "a command"),
    ("freeze show {}", "a command"),
    ("freeze show {name}", "a command"),
    ("freeze list", "a command"),
    ("breakglass show {id}", "a command"),
    ("breakglass close {subject} FILE", "a command"),
    ("breakglass ratify {subject}", "a command"),
    ("deviation review {subject}", "a command"),
    (
        "every change whose first start claims a time from `from` to before `to`",
        "JSON has it; the help has the Chinese",
    ),
    ("every row of the list whose time lies from `from` to before `to`", "JSON has it"),
    ("# register {id}, up to entry {}", "a comment in an exported file"),
    ("notify status", "a command"),
    (r#".SH \"SEE ALSO\"\n\\fBtwinseal\\fR(1), for the global options\n"#, "manual pages are in English"),
    ("No change while the market is open, or while the day is cleared.", "signed with the proposal of the freeze"),
    ("abort if", "the name of a block; its heading is translated"),
    ("lost entries", "the name of a block; its heading is translated"),
    ("closed periods", "the name of a block; its heading is translated"),
    ("reserved periods", "the name of a block; its heading is translated"),
    ("stop after", "a field of a comparison in JSON"),
    ("every change whose first start claims a time from `from` to before `to`", "a definition in JSON"),
    ("freeze exceptions", "a field of a comparison in JSON"),
];

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

/// The rows of every table of an SQLite file.
fn rows(path: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let db = rusqlite::Connection::open(path).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let names: Vec<String> =
        db.prepare(tables).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let content = |name: &String| {
        let mut select = db.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns = select.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|n| row.get(n)).collect::<rusqlite::Result<Vec<Value>>>();
        select.query_map([], row).unwrap().map(Result::unwrap).collect()
    };
    names.iter().map(|name| (name.clone(), content(name))).collect()
}

/// The output of a command without the random end of its folder's name.
fn without_folder(world: &World, output: &str) -> String {
    let path = world.path("").display().to_string();
    let path = path.trim_end_matches('/');
    output.replace(&path[path.len() - 6..], "FOLDER")
}

#[test]
fn nothing_signed_and_no_exit_code_depends_on_the_language() {
    let (english, one) = day_in(Lang::En, Mode::Pipe);
    let (chinese, two) = day_in(Lang::Zh, Mode::Pipe);
    assert!(english.entries() > 40, "{}", english.entries());
    assert_eq!(rows(&english.path("prod.db")), rows(&chinese.path("prod.db")));
    for (one, two) in one.iter().zip(&two) {
        assert_eq!(one.output.exit, two.output.exit, "{:?}", one.args);
    }
    let translated = one.iter().zip(&two).filter(|(one, two)| one.output.screen != two.output.screen);
    assert!(translated.count() > 60);
}

#[test]
fn no_json_and_no_export_depends_on_the_language() {
    let (english, one) = day_in(Lang::En, Mode::Json);
    let (chinese, two) = day_in(Lang::Zh, Mode::Json);
    // `doctor` says how much room the disk has.
    for (one, two) in one.iter().zip(&two).filter(|(one, _)| one.args[..] != ["doctor"]) {
        let outputs = [(&english, one), (&chinese, two)].map(|(world, it)| without_folder(world, &it.output.out));
        assert_eq!(outputs[0], outputs[1], "{:?}", one.args);
    }
    let period = "--csv --from 2026-12-01T00:00:00Z --to 2027-12-02T00:00:00Z";
    let audits = ["population", "exceptions"].map(|it| format!("audit {it} {period}"));
    let others = ["audit roles --csv", "audit access --csv", "audit compromise --person carol --since 0 --csv"];
    let exports = ["export csv", "export csv --breakglass", "export jsonl", "export allowed-signers", "log --raw"];
    for line in exports.into_iter().chain(others).chain(audits.iter().map(String::as_str)) {
        assert_eq!(english.ok("carol", line), chinese.ok("carol", line), "{line}");
    }
}

/// The blocks of code and the targets of the links of a page.
fn skeleton(page: &str) -> (Vec<String>, Vec<String>, usize) {
    let text = fs::read_to_string(page).unwrap();
    let blocks = text.split("```").skip(1).step_by(2).map(str::to_owned).collect();
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let links = links.filter(|it| !it.starts_with("README")).map(str::to_owned).collect();
    (blocks, links, text.lines().filter(|line| line.starts_with(['#', '|', '-'])).count())
}

#[test]
fn the_chinese_readme_has_the_commands_links_and_tables_of_the_english_one() {
    assert_eq!(skeleton("README.md"), skeleton("README.zh-CN.md"));
}
