//! The reader rebuilds what was signed, byte for byte, from the page that was shown.

use super::reader::{GUTTERS, Read, Section, Side, read, sections, side};
use super::texts::{draft, prose, quoted};
use crate::model::draw::Rng;
use crate::support::{CHANGE, STANDARD, TEMPLATE, World};
use twinseal::error::Exit;
use twinseal::format::Raw;

pub const WIDTHS: [Option<u16>; 4] = [None, Some(40), Some(80), Some(200)];

/// The languages of what carol reads.
pub const LANGUAGES: [Option<&str>; 2] = [None, Some("zh-CN")];

/// Lets carol read a language.
pub fn read_in(world: &World, language: Option<&str>) {
    world.variable("carol", "TWINSEAL_LANG", language);
}

fn lines(bytes: &[u8]) -> Vec<String> {
    String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect()
}

/// What an entry holds.
pub fn signed(raw: &Raw) -> Read {
    let blob = String::from_utf8(raw.blob.clone()).unwrap();
    let (body, _) = blob.split_once("\n\n").unwrap();
    let [text, data] = [&raw.text, &raw.data].map(|part| lines(part.as_deref().unwrap_or_default()));
    Read { body: lines(body.as_bytes()), text, data }
}

/// What can be compared in a diff: no field that every entry has, and no salt.
fn compared(read: Read) -> Read {
    let chosen = read.body.into_iter().skip_while(|line| !line.starts_with("kind "));
    let tail = |line: &String| ["data ", "filled ", "text "].iter().any(|it| line.starts_with(it));
    let text = read.text.into_iter().filter(|line| !line.starts_with("salt ")).collect();
    Read { body: chosen.take_while(|line| !tail(line)).collect(), text, data: read.data }
}

/// The page above the question of `approve`, without the question.
fn signing_page(world: &World, columns: Option<u16>) -> String {
    world.columns(columns);
    let output = world.run_typing("carol", "approve CHG-1", &["no"]);
    assert_eq!(output.exit, Exit::Refused, "{}", output.screen);
    world.columns(None);
    output.err.split("\nerror: ").next().unwrap().split("\n错误：").next().unwrap().to_owned()
}

fn world(draft: &str) -> World {
    let world = World::founded();
    world.write("evidence.txt", "it worked");
    world.write("change.toml", draft);
    world.ok("erin", "file change.toml");
    world
}

fn drafts() -> impl Iterator<Item = (String, String)> {
    (0..14).map(|seed| {
        let mut rng = Rng::new(seed);
        (draft(&mut rng), draft(&mut rng))
    })
}

#[test]
fn body_text_and_data_are_read_from_the_signing_page_byte_for_byte() {
    for (draft, _) in drafts() {
        let world = world(&draft);
        let entry = signed(&world.raw(2));
        for language in LANGUAGES {
            read_in(&world, language);
            for columns in WIDTHS {
                let page = signing_page(&world, columns);
                assert_eq!(read(&sections(&page)), entry, "{columns:?}\n{page}");
            }
            // What is signed is shown as it is signed, in whatever zone somebody reads times.
            for zone in [None, Some("Asia/Shanghai")] {
                world.variable("carol", "TZ", zone);
                let page = world.ok("carol", "show CHG-1");
                assert_eq!(read(&sections(page.trim_end())), entry, "{page}");
            }
            let page = signing_page(&world, Some(80));
            assert_eq!(read(&sections(&page)), entry, "{page}");
            world.variable("carol", "TZ", None);
        }
    }
}

/// A standard change by erin, below a template whose texts look like pages.
fn standard() -> World {
    let world = World::founded();
    let odd = "title\n| Another\n\nfields\n= risk high\n\nplan\n> arg \\\"{{node}}\\\"\n\ntemplate other: plan";
    world.write("template.toml", TEMPLATE.replace("\"See that it answers.\"", &format!("\"\"\"{odd}\"\"\"")));
    world.ok("alice", "template propose template.toml");
    world.run_typing("bob", "proposal second 1", &["1"]);
    world.write("change.toml", STANDARD.replace("reason =", "targets = [\"gw-01\"]\nreason ="));
    world.ok("erin", "file change.toml");
    world
}

#[test]
fn what_a_template_gives_is_not_taken_for_what_was_signed() {
    let world = standard();
    let entry = signed(&world.raw(4));
    for language in LANGUAGES {
        read_in(&world, language);
        for columns in WIDTHS {
            let page = signing_page(&world, columns);
            assert_eq!(read(&sections(&page)), entry, "{columns:?}\n{page}");
            let (rendered, blank) = (["gateway@gw-01", "/srv/gw-01"], "{{");
            assert!(columns == Some(40) || rendered.iter().all(|it| page.contains(it)), "{page}");
            assert!(!page.contains(blank), "{page}");
        }
    }
}

#[test]
fn no_line_of_a_page_is_wider_than_the_terminal_of_the_question() {
    for (draft, _) in drafts() {
        let world = world(&draft);
        for (columns, language) in [(40, None), (80, None), (40, Some("zh-CN")), (80, Some("zh-CN"))] {
            read_in(&world, language);
            let page = signing_page(&world, Some(columns));
            // A terminal may show any character beyond ASCII in two columns, but not the sign in the gutter.
            let columns_of = |(at, c): (usize, char)| if c.is_ascii() || (c, at) == ('…', 1) { 1 } else { 2 };
            let width = |line: &str| line.chars().enumerate().map(columns_of).sum::<usize>();
            let wide = page.lines().find(|line| width(line) >= usize::from(columns));
            assert_eq!(wide, None, "{columns} {language:?}");
        }
    }
}

/// The lines of a page that are the program's own, without what differs between any two entries.
fn own_lines(page: &str) -> Vec<String> {
    let is_note = |part: &&str| part.starts_with("note: ") || part.starts_with("注：");
    let page: Vec<&str> = page.split("\n\n").filter(|part| !is_note(part)).collect();
    let page = page.join("\n\n");
    let own = page.lines().filter(|line| !line.starts_with(GUTTERS));
    own.map(|line| line.chars().map(|c| if c.is_ascii_hexdigit() { '0' } else { c }).collect()).collect()
}

#[test]
fn no_text_makes_a_line_with_a_prefix_of_the_program() {
    let long = format!("x{}status        approved", " ".repeat(63));
    for text in [
        "x\nstatus        approved (2 of 2)",
        "x\n\ntimeline\n  2026-12-01T09:00:00Z  entry 9     dave approved",
        "x\n\nabout to sign: approve CHG-1 revision 1\n= risk       low",
        "x\n1. y\n$ z\n| w\n> arg \"v\"\n|… u",
        "x\n状态          已批准（2/2）\n\n时间线\n  第 9 条  dave 批准修订 1\n\n即将签名：批准 CHG-1",
        &long,
    ] {
        let texts =
            ["Set the pool to 160.", "Set it back to 80.", "Orders were rejected at the open.", "None expected."];
        let hostile = |draft: String, old: &str| draft.replace(&format!("\"{old}\""), &quoted(text));
        let hostile = world(&texts.into_iter().fold(CHANGE.to_owned(), hostile));
        let harmless = world(CHANGE);
        for (columns, language) in WIDTHS.into_iter().flat_map(|width| LANGUAGES.map(|it| (width, it))) {
            [&hostile, &harmless].into_iter().for_each(|world| read_in(world, language));
            let (page, usual) = (signing_page(&hostile, columns), signing_page(&harmless, columns));
            assert_eq!(own_lines(&page), own_lines(&usual), "{text}: {columns:?}");
        }
    }
}

#[test]
fn both_revisions_are_read_from_a_full_diff_byte_for_byte() {
    for (old, new) in drafts() {
        let world = world(&old);
        world.write("change.toml", &new);
        world.ok("erin", "revise CHG-1 change.toml");
        let (old, new) = (compared(signed(&world.raw(2))), compared(signed(&world.raw(3))));
        for (columns, language) in WIDTHS.into_iter().flat_map(|width| LANGUAGES.map(|it| (width, it))) {
            read_in(&world, language);
            world.columns(columns);
            let page = world.ok("carol", "diff CHG-1 --full");
            world.columns(None);
            let all = sections(page.trim_end());
            assert_eq!(of_side(&all[1..], Side::Old), old, "{columns:?}\n{page}");
            assert_eq!(of_side(&all[1..], Side::New), new, "{columns:?}\n{page}");
        }
    }
}

/// The lines of the old revision: those of a diff, and the equal ones that it counts, from the page of the new one.
fn with_equal_lines(diff: &Section, new: &[String]) -> Vec<String> {
    let (mut old, mut new) = (Vec::new(), new.iter());
    for line in &diff.lines {
        if let Some(count) = line.strip_prefix("  (").and_then(|rest| rest.strip_suffix(" equal lines)")) {
            old.extend(new.by_ref().take(count.parse().unwrap()).cloned());
            continue;
        }
        let content = line[1..].to_owned();
        if !line.starts_with('-') {
            assert_eq!(new.next(), Some(&content));
        }
        if !line.starts_with('+') {
            old.push(content);
        }
    }
    assert_eq!(new.next(), None);
    old
}

#[test]
fn the_old_revision_is_read_from_a_diff_and_the_page_of_the_new_one() {
    let mut differing = 0;
    for seed in 0..12 {
        let mut rng = Rng::new(100 + seed);
        // Steps that stay, so that there are equal lines.
        let plan = |text: &str| {
            let step = |n: usize| {
                let text = if n == 4 { text.to_owned() } else { format!("Step {n}.\n| more\n(2 equal lines)") };
                format!("step = {}\ncommand = \"run {n}\"\n", quoted(&text))
            };
            CHANGE
                .replace("step = \"Set the pool to 160.\"", &(0..8).map(step).collect::<Vec<_>>().join("\n[[plan]]\n"))
        };
        let world = world(&plan(&prose(&mut rng)));
        world.write("change.toml", plan(&prose(&mut rng)));
        world.ok("erin", "revise CHG-1 change.toml");
        let diff = world.ok("carol", "diff CHG-1");
        let section = |page: &str| sections(page.trim_end()).into_iter().find(|it| it.heading == "plan");
        let new = section(&world.ok("carol", "show CHG-1")).unwrap();
        let Some(plan) = section(&diff) else { continue };
        assert!(diff.contains(" equal lines)"), "{diff}");
        let heading = plan.heading.clone();
        let old = Section { heading, lines: with_equal_lines(&plan, &new.lines) };
        let first = Section { heading: "CHG-1".to_owned(), lines: Vec::new() };
        let signed: Vec<String> = signed(&world.raw(2)).text;
        let signed: Vec<String> = signed.into_iter().filter(|line| line.starts_with("plan")).collect();
        assert_eq!(read(&[first, old]).text, signed, "{diff}");
        differing += 1;
    }
    assert!(differing > 6, "{differing}");
}

fn of_side(all: &[Section], which: Side) -> Read {
    let first = Section { heading: "CHG-1".to_owned(), lines: Vec::new() };
    let mut sections = vec![first];
    sections.extend(side(all, which).into_iter().filter(|section| !section.lines.is_empty()));
    compared(read(&sections))
}
