//! Checks the layout: imports go one way, files and functions stay small, and only `env` touches the outside world.

use std::fs;
use std::path::{Path, PathBuf};

/// Each part of the program, and the parts that it may import.
const MAY_USE: &[(&str, &[&str])] = &[
    ("lang", &[]),
    ("domain", &[]),
    ("private", &[]),
    ("format", &["domain"]),
    ("tls", &["private"]),
    ("store", &["domain", "format", "private", "tls"]),
    ("zone", &["domain"]),
    ("venue", &["domain", "zone"]),
    ("input", &["domain", "venue", "zone"]),
    ("output", &["domain", "zone"]),
    ("signer", &["domain", "format", "private"]),
    ("env", &["domain", "output"]),
    ("config", &["domain", "env", "input", "private"]),
    ("notify", &["domain", "input", "output", "private", "tls", "zone"]),
    ("error", &["config", "domain", "format", "input", "notify", "private", "signer", "store", "venue"]),
    ("trust", &["config", "domain", "error", "format", "store"]),
    ("settings", &["config", "env", "error"]),
    ("key_choice", &["domain", "env", "error", "output", "settings", "signer", "store"]),
    ("record", &["domain", "env", "error", "format", "signer", "key_choice", "store"]),
    (
        "commands",
        &[
            "config",
            "domain",
            "env",
            "error",
            "format",
            "input",
            "notify",
            "output",
            "record",
            "private",
            "settings",
            "signer",
            "key_choice",
            "store",
            "trust",
            "venue",
            "zone",
        ],
    ),
    ("cli", &["commands", "config", "env", "error", "input", "output"]),
];

/// The maximum number of lines in a file and in a function.
const FILE: usize = 500;
const FUNCTION: usize = 60;

struct Source {
    path: PathBuf,
    part: String,
    /// The source without its unit tests.
    text: String,
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let items = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    items.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn sources() -> Vec<Source> {
    let read = |path: PathBuf| {
        let inside = path.strip_prefix("src").unwrap().with_extension("");
        let part = inside.iter().next().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
        Source { path, part, text }
    };
    files(Path::new("src")).into_iter().map(read).collect()
}

fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn no_part_imports_a_part_above_it() {
    for Source { path, part, text } in sources() {
        if matches!(part.as_str(), "lib" | "main") {
            continue;
        }
        let (_, allowed) = MAY_USE.iter().find(|(name, _)| *name == part).unwrap_or_else(|| panic!("{part}?"));
        for (number, line) in code(&text) {
            for used in line.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                let fine = used == part
                    || used == "lang"
                    || used.starts_with("tr")
                    || allowed.contains(&used.as_str())
                    || used.is_empty();
                assert!(fine, "{}:{number}: {part} may not use {used}", path.display());
            }
        }
    }
}

#[test]
fn only_the_listed_parts_use_clock_files_and_randomness() {
    let doors: &[(&str, &[&str])] = &[
        ("std::env::", &["env", "main"]),
        ("SystemTime", &["env"]),
        ("Utc::now", &[]),
        ("getrandom", &["env", "store/sqlite/private_copy"]),
        ("rpassword", &["env"]),
        ("println!", &[]),
        ("print!(", &[]),
        ("std::process::", &["config", "env", "main", "signer/token", "store"]),
        ("std::fs", &["commands", "config", "env", "private", "signer", "store"]),
        ("std::net", &["notify/rules", "notify/smtp", "store/postgres"]),
        ("std::os::unix::net", &["signer"]),
        ("rustix", &["env", "private", "store"]),
        ("rusqlite", &["notify/state", "store/cache", "store/sqlite"]),
        (".conn()", &["store/cache", "store/sqlite"]),
        ("clap", &["cli", "commands"]),
    ];
    for Source { path, text, .. } in sources() {
        let module = path.strip_prefix("src").unwrap().with_extension("");
        for (number, line) in code(&text) {
            for (word, parts) in doors.iter().filter(|(word, _)| line.contains(word)) {
                let allowed = parts.iter().any(|part| module.starts_with(part));
                assert!(allowed, "{}:{number}: {word} is allowed in {parts:?} only", path.display());
            }
        }
    }
}

/// What trust, sessions, verification and rules may not know: which database holds the log.
#[test]
fn no_part_but_its_own_knows_which_database_holds_the_log() {
    let engines = ["sqlite::", "postgres::", "SharedFile", "SharedDatabase", "rusqlite"];
    let apart = ["commands/upkeep/doctor/server", "commands/upkeep/register/grant_sql", "notify/state"];
    let own = ["store/sqlite", "store/postgres", "store/cache", "store/place", "store/shared", "store/error"];
    for Source { path, text, .. } in sources() {
        let module = path.strip_prefix("src").unwrap().with_extension("");
        if apart.iter().chain(&own).any(|part| module.starts_with(part)) || module == Path::new("store") {
            continue;
        }
        for (number, line) in code(&text) {
            let engine = engines.iter().find(|engine| line.contains(**engine));
            assert_eq!(engine, None, "{}:{number}", path.display());
        }
    }
    for file in ["src/store/error.rs", "src/store/doing.rs"] {
        let text = fs::read_to_string(file).unwrap();
        assert!(!text.contains("SQLite") && !text.contains("Postgre"), "{file} names an engine");
    }
}

#[test]
fn no_source_file_has_a_call_that_panics() {
    let forbidden = [
        ".unwrap()",
        ".expect(",
        "panic!",
        "todo!",
        "unimplemented!",
        "unreachable!",
        "dbg!",
        "unsafe ",
        // Without a thread left they panic; `thread::Builder` reports that.
        "thread::spawn(",
        "scope.spawn(",
    ];
    for Source { path, text, .. } in sources() {
        for (number, line) in code(&text) {
            let word = forbidden.iter().find(|word| line.contains(**word));
            assert_eq!(word, None, "{}:{number}", path.display());
        }
    }
}

#[test]
fn no_source_file_and_no_function_is_too_long() {
    for Source { path, text, .. } in sources() {
        assert!(text.lines().count() <= FILE, "{} has too many lines", path.display());
        let mut begun: Option<(usize, usize)> = None;
        for (number, line) in code(&text) {
            let indent = line.len() - line.trim_start().len();
            let head = line.trim_start();
            if begun.is_none()
                && !line.ends_with(';')
                && (head.starts_with("fn ") || head.starts_with("pub") && head.contains("fn "))
            {
                begun = Some((number, indent));
            }
            // What a trait asks for has no body.
            if begun.is_some_and(|(_, depth)| line.starts_with(&format!("{})", " ".repeat(depth))))
                && line.ends_with(';')
            {
                begun = None;
            }
            if let Some((start, depth)) = begun
                && line.starts_with(&format!("{}}}", " ".repeat(depth)))
            {
                assert!(number - start < FUNCTION, "{}:{start}: {} lines", path.display(), number - start + 1);
                begun = None;
            }
        }
    }
}

#[test]
fn no_test_file_is_too_long() {
    for path in files(Path::new("tests")).iter().filter(|path| path.extension().is_some_and(|it| it == "rs")) {
        let lines = fs::read_to_string(path).unwrap().lines().count();
        assert!(lines <= FILE, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_example_is_used_by_a_test() {
    let tests: String =
        files(Path::new("tests")).iter().filter_map(|path| fs::read_to_string(path).ok()).collect::<String>();
    let transcripts: String = files(Path::new("examples"))
        .iter()
        .filter(|path| path.extension().is_some_and(|it| it == "md"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let quickstart = fs::read_to_string("examples/quickstart.sh").unwrap();
    for path in files(Path::new("examples")).iter().filter(|path| path.extension().is_some_and(|it| it == "toml")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let used = [&tests, &transcripts, &quickstart].iter().any(|text| text.contains(name));
        assert!(used, "{name} is used nowhere");
    }
}

/// The lines of a table of `Cargo.toml`.
fn manifest_table(name: &str) -> Vec<String> {
    let manifest = fs::read_to_string("Cargo.toml").unwrap();
    let (_, table) = manifest.split_once(&format!("\n[{name}]\n")).unwrap();
    table.lines().take_while(|line| !line.starts_with('[')).map(str::to_owned).collect()
}

#[test]
fn no_dependency_is_without_its_reason() {
    for name in ["dependencies", "dev-dependencies"] {
        let lines = manifest_table(name);
        assert!(lines.iter().any(|line| line.contains(" = ")));
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ")) {
            let reason = at.checked_sub(1).and_then(|before| lines[before].strip_prefix("# "));
            assert!(reason.is_some_and(|it| it.len() >= 10), "no comment above says what this is for: {line}");
        }
    }
}

#[test]
fn no_dependency_is_unused() {
    let sources = sources();
    for line in manifest_table("dependencies").iter().filter(|line| !line.starts_with('#')) {
        let Some((name, _)) = line.split_once(" = ") else { continue };
        let path = format!("{}::", name.replace('-', "_"));
        let used = sources.iter().any(|source| code(&source.text).any(|(_, line)| line.contains(&path)));
        assert!(used, "{name} is used nowhere in src");
    }
    for asked_for in ["clap", "rusqlite", "serde", "toml", "ed25519-dalek", "chrono", "comfy-table"] {
        let listed = manifest_table("dependencies").iter().any(|line| line.starts_with(&format!("{asked_for} = ")));
        assert!(listed, "{asked_for} is no dependency");
    }
}

#[test]
fn time_zone_rules_stay_in_the_zone_module() {
    for Source { path, text, .. } in sources() {
        let named = code(&text).any(|(_, line)| line.contains("jiff"));
        assert!(!named || path == Path::new("src/zone.rs"), "{} names jiff", path.display());
    }
}

/// Words of the old vocabulary, their replacements, and phrases in which the word is allowed. A word also matches as a
/// part of an identifier.
const REPLACED: &[(&str, &str, &[&str])] = &[
    ("motion", "proposal", &[]),
    ("motions", "proposals", &[]),
    ("act of governance", "proposal", &[]),
    ("acts of governance", "proposals", &[]),
    ("carried", "seconded", &["carried out"]),
    ("carries a proposal", "seconds a proposal", &[]),
    ("carry a proposal", "second a proposal", &[]),
    ("standing", "role or grant", &["standing order", "long standing"]),
    ("tie", "conflict of interest", &[]),
    ("ties", "conflicts of interest", &[]),
    ("tied", "conflict of interest", &[]),
    ("erase", "redact", &[]),
    ("erased", "redacted", &[]),
    ("erases", "redacts", &[]),
    ("erasure", "redaction", &[]),
    ("verified copy", "verified cache", &[]),
    ("verified copies", "verified caches", &[]),
    ("marked copy", "backup", &[]),
    ("marked copies", "backups", &[]),
    ("marked as a copy", "backup", &[]),
    ("by another way", "out of band", &[]),
    ("keepers", "admins", &[]),
    ("mend", "fix", &[]),
    ("mends", "fixes", &[]),
    ("mended", "fixed", &[]),
    ("mandatory", "required", &[]),
    ("was refused to", "tried to ...: refused", &[]),
    ("were refused to", "tried to ...: refused", &[]),
    ("executing", "in progress", &[]),
    ("waits for the others", "more approvals needed", &[]),
    ("waits for you", "inbox", &[]),
    ("what came of", "outcome", &[]),
    ("the doing of", "who did it", &[]),
    ("put aside", "kept as evidence", &[]),
    ("unjudged", "partly checked", &[]),
    ("made anew", "rebuilt", &[]),
    ("as it must be", "what is required", &[]),
    ("those that there are", "all", &[]),
    ("whose are missing", "more approvals needed", &[]),
    ("so many entries", "`count` entries", &[]),
];

/// The words of a text in lower case, each with its line number. Identifiers are split into words.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (mut word, mut lower) = (String::new(), false);
        for c in line.chars().chain([' ']) {
            let ends = !c.is_alphanumeric() || c.is_uppercase() && lower;
            if ends && !word.is_empty() {
                words.push((number, std::mem::take(&mut word)));
            }
            lower = c.is_lowercase();
            word.extend(c.to_lowercase().filter(|c| c.is_alphanumeric()));
        }
    }
    words
}

/// The replaced words in a text: line number, word and replacement.
fn replaced_words(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let words = prose(text);
    let begins = |at: usize, phrase: &str| {
        let mut rest = words[at..].iter();
        phrase.split(' ').all(|word| rest.next().is_some_and(|(_, it)| it == word))
    };
    let mut found = Vec::new();
    for (at, (line, _)) in words.iter().enumerate() {
        for (word, instead, usual) in REPLACED.iter().filter(|(word, _, _)| begins(at, word)) {
            // An allowed phrase begins or ends with the word.
            let before =
                |phrase: &str| at.checked_sub(phrase.split(' ').count() - 1).is_some_and(|at| begins(at, phrase));
            if !usual.iter().any(|phrase| begins(at, phrase) || before(phrase)) {
                found.push((*line, *word, *instead));
            }
        }
    }
    found
}

#[test]
fn replaced_words_are_found_in_prose_and_in_identifiers() {
    let found = |text| replaced_words(text).iter().map(|(line, word, _)| format!("{line} {word}")).collect::<Vec<_>>();
    assert_eq!(found("/// The verified\n/// copy, mended"), ["1 verified copy", "2 mended"]);
    assert_eq!(found("fn open_motion(it: ErasedText) {}"), ["1 motion", "1 erased"]);
    assert!(found("carried out; commotion; emotion; recommended; the verified cache").is_empty());
}

#[test]
fn no_replaced_word_is_used() {
    let folders = ["src", "docs", "examples", "tests"].into_iter().flat_map(|folder| files(Path::new(folder)));
    let documents = ["README.md", "CHANGELOG.md"].map(PathBuf::from).into_iter().filter(|path| path.exists());
    let readable =
        |path: &PathBuf| path.extension().is_some_and(|it| ["rs", "md", "toml", "sh"].iter().any(|end| it == *end));
    let mut found = Vec::new();
    for path in folders.chain(documents).filter(readable).filter(|path| *path != Path::new("tests/tidy.rs")) {
        let text = fs::read_to_string(&path).unwrap();
        for (line, word, instead) in replaced_words(&text) {
            found.push(format!("{}:{line}: \"{word}\": write \"{instead}\"", path.display()));
        }
    }
    assert!(found.is_empty(), "{} replaced words:\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_message_names_a_command_without_backticks() {
    let verbs: Vec<String> = files(Path::new("src/commands"))
        .iter()
        .map(|it| it.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(["verify", "person", "seal"].iter().all(|verb| verbs.iter().any(|it| it == verb)));
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in code(&source.text) {
            // The examples in help pages are whole lines: they begin with the program.
            for (at, program) in line.match_indices("twinseal ").filter(|(at, _)| line[..*at].contains('"')) {
                let word = line[at + program.len()..].split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
                if verbs.iter().any(|verb| verb == word) && !line[..at].ends_with('`') {
                    found.push(format!("{}:{number}: {}", source.path.display(), line.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "write the command in backticks:\n{}", found.join("\n"));
}
