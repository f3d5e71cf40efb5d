//! Reads a page back: the body, the text and the data part of the revision that it shows, and both revisions from a
//! diff. It knows the layout of a page and nothing of what the program was given.

/// The lines of a revision, as an entry holds them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Read {
    pub body: Vec<String>,
    pub text: Vec<String>,
    pub data: Vec<String>,
}

/// A heading and the lines below it.
pub struct Section {
    pub heading: String,
    pub lines: Vec<String>,
}

/// The kinds of content, by the first character of a line.
pub const GUTTERS: [char; 4] = ['=', '|', '$', '>'];

/// The width of the column for the names of fields.
const NAMES: usize = 11;

/// The beginnings of headings in Chinese, and what they are in English.
const CHINESE: [(&str, &str); 21] = [
    ("模板 ", "template "),
    ("标题", "title"),
    ("字段", "fields"),
    ("原因", "reason"),
    ("影响范围", "impact"),
    ("安全影响", "security"),
    ("目标", "targets"),
    ("变更冲突", "conflicts"),
    ("实施步骤", "plan"),
    ("回退方案", "rollback"),
    ("中止条件", "abort if"),
    ("测试", "tests"),
    ("成功标准", "success"),
    ("例外理由", "exception"),
    ("姓名", "names"),
    ("要求", "requirements"),
    ("时间线", "timeline"),
    ("第 ", "entry "),
    ("日志条目", "entries"),
    ("即将签名", "about to"),
    ("注：", "note: "),
];

/// The sections of a page: an empty line ends one, and only the program writes empty lines. Headings are given in
/// English.
pub fn sections(page: &str) -> Vec<Section> {
    let english = |heading: &str| {
        let found = CHINESE.iter().find_map(|(chinese, english)| Some((english, heading.strip_prefix(chinese)?)));
        found.map_or_else(|| heading.to_owned(), |(english, rest)| format!("{english}{rest}"))
    };
    page.split("\n\n")
        .map(|part| {
            let mut lines = part.trim_start_matches('\n').split('\n').map(str::to_owned);
            let heading = lines.next().unwrap();
            assert!(heading.starts_with(char::is_alphanumeric), "a section begins with {heading:?}");
            Section { heading: english(&heading), lines: lines.collect() }
        })
        .collect()
}

/// The columns of a text: an ideograph takes two, and so may any other character beyond ASCII.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}

/// What follows so many columns of a line.
fn behind(line: &str, wanted: usize) -> &str {
    let end = line.char_indices().map(|(at, _)| at).chain([line.len()]).find(|at| columns(&line[..*at]) >= wanted);
    end.map_or("", |at| &line[at..])
}

/// The signs of a diff that belong to one side of it.
#[derive(Clone, Copy)]
pub enum Side {
    Old,
    New,
}

/// The sections of one side of a diff, as on the page of that revision.
pub fn side(sections: &[Section], side: Side) -> Vec<Section> {
    let sign = match side {
        Side::Old => '-',
        Side::New => '+',
    };
    let of_side = |section: &Section| {
        let marks = marks(&section.heading, &unsigned(&section.lines));
        let lines = section.lines.iter().filter(|line| line.starts_with([' ', sign]));
        // The column of marks is as wide as both sides need it.
        let heading = format!("{}\u{0}{marks}", section.heading);
        Section { heading, lines: lines.map(|line| line[1..].to_owned()).collect() }
    };
    sections.iter().map(of_side).collect()
}

fn unsigned(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| line[1..].to_owned()).collect()
}

/// The width of the column of marks below a heading.
pub fn marks(heading: &str, lines: &[String]) -> usize {
    if let Some((_, given)) = heading.split_once('\u{0}') {
        return given.parse().unwrap();
    }
    if !["plan", "rollback", "abort if", "tests", "targets"].iter().any(|it| heading.starts_with(it)) {
        return 0;
    }
    let mark = |line: &String| {
        let mut chars = line.chars();
        let begins = chars.next().is_some_and(|c| c != ' ' || line.starts_with("  ")) && chars.next() == Some(' ');
        let rest: String = chars.collect();
        begins.then(|| columns(rest.split(' ').next().unwrap()))
    };
    lines.iter().filter_map(mark).max().map_or(0, |most| if most == 0 { 0 } else { most + 1 })
}

/// Lines without the breaks that the width of the page made: the gutter and what follows it.
fn whole_lines(lines: &[String], marks: usize) -> Vec<(char, String)> {
    let mut whole: Vec<(char, String)> = Vec::new();
    for line in lines {
        let mut chars = line.chars();
        let gutter = chars.next().unwrap();
        match chars.next() {
            Some('…') if GUTTERS.contains(&gutter) => {
                let width = if gutter == '=' { NAMES } else { marks };
                let last = whole.last_mut().unwrap();
                assert_eq!(last.0, gutter, "{line:?} continues another kind");
                let mut rest = chars;
                assert!(rest.by_ref().take(width).all(|c| c == ' '), "{line:?}");
                last.1.extend(rest);
            }
            Some(' ') | None => whole.push((gutter, chars.collect())),
            other => panic!("{other:?} in {line:?}"),
        }
    }
    whole
}

/// The content as it was written.
fn exact(shown: &str) -> String {
    let mut parts = shown.split("\\u{");
    let mut text = parts.next().unwrap().replace('␣', " ");
    for part in parts {
        let (code, rest) = part.split_once('}').unwrap();
        text.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        text.push_str(&rest.replace('␣', " "));
    }
    text
}

fn unquoted(argument: &str) -> String {
    let inner = argument.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap();
    let (mut text, mut chars) = (String::new(), inner.chars());
    while let Some(c) = chars.next() {
        text.push(if c == '\\' { chars.next().unwrap() } else { c });
    }
    text
}

fn line(key: &str, value: &str) -> String {
    if value.is_empty() { key.to_owned() } else { format!("{key} {value}") }
}

/// A field as the body holds it.
fn field(shown: &str) -> String {
    let (name, value) = shown.split_once(' ').unwrap_or((shown, ""));
    line(name, &exact(value.trim_start()))
}

/// Reads the sections of a page.
pub fn read(sections: &[Section]) -> Read {
    let mut read = Read::default();
    let (mut chosen, mut others, mut salt) = (Vec::new(), Vec::new(), Vec::new());
    let mut texts: Vec<(&str, Vec<String>)> = Vec::new();
    for (n, section) in sections.iter().enumerate() {
        let heading = section.heading.split('\u{0}').next().unwrap();
        let fields = || whole_lines(&section.lines, 0).into_iter().map(|(_, text)| field(&text));
        match heading {
            "fields" => chosen = fields().collect(),
            _ if heading.starts_with("entry ") => {
                (salt, others) = fields().partition(|line| line.starts_with("salt "));
            }
            // The program says this; nobody signs it.
            "names" | "requirements" => {}
            // It is rendered from what was signed elsewhere.
            _ if heading.starts_with("template ") => {}
            _ if ["timeline", "about to", "note: "].iter().any(|it| heading.starts_with(it)) => break,
            _ if n == 0 => {
                let title: Vec<String> = section.lines.iter().filter(|line| line.starts_with('|')).cloned().collect();
                let title = whole_lines(&title, 0).into_iter();
                texts.push(("title", title.map(|(_, text)| line("title", &exact(&text))).collect()));
            }
            _ => {
                let (text, data) = block(heading, section);
                texts.push((heading, text));
                read.data.extend(data);
            }
        }
    }
    let tail = |line: &String| ["data ", "filled ", "text "].iter().any(|it| line.starts_with(it));
    let end = others.iter().position(tail).unwrap_or(others.len());
    others.splice(end..end, chosen);
    read.body = others;
    read.text = salt.into_iter().chain(texts.into_iter().flat_map(|(_, lines)| lines)).collect();
    read
}

/// The lines of the text and of the data part that a section shows.
fn block(heading: &str, section: &Section) -> (Vec<String>, Vec<String>) {
    let marks = marks(&section.heading, &section.lines);
    let (mut text, mut data, mut number) = (Vec::new(), Vec::new(), 0);
    let name = ["plan", "rollback", "abort if", "tests", "targets", "conflicts"]
        .into_iter()
        .find(|it| heading.starts_with(it));
    let mut test = "test";
    for (gutter, content) in whole_lines(&section.lines, marks) {
        let mark = if content.starts_with(' ') { "" } else { content.split(' ').next().unwrap() };
        let mark = if marks == 0 { "" } else { mark };
        let value = exact(behind(&content, marks));
        if mark == format!("{}.", number + 1) {
            (number, test) = (number + 1, "test");
        }
        test = match mark {
            "result:" | "结果：" => "test-result",
            "evidence:" | "证据：" => "test-evidence",
            _ => test,
        };
        match (name, gutter) {
            (None, '|') => text.push(line(heading, &value)),
            (Some("abort if"), '|') => text.push(line(&format!("abort-if {number}"), &value)),
            (Some("tests"), '|') => text.push(line(&format!("{test} {number}"), &value)),
            (Some("targets"), '>') => data.push(line("target", &value)),
            (Some("conflicts"), '>') => data.push(line("conflict", &value)),
            (Some(name), '|') => text.push(line(&format!("{name} {number}"), &value)),
            (Some(name), '$') => text.push(line(&format!("{name}-command {number}"), &value)),
            (Some(name), '>') => {
                let (part, value) = match mark {
                    "sh" => ("shell", value),
                    part => (part, unquoted(&value)),
                };
                data.push(line(&format!("{name}-{part} {number}"), &value));
            }
            other => panic!("{other:?} below {heading}: {content}"),
        }
    }
    (text, data)
}
