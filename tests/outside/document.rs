//! `docs/verify-without-twinseal.md`: its commands print what it shows, and it lists what the scripts judge.

use std::fmt::Write as _;
use std::fs;

use super::{JUDGED, PARTLY, folder, tools};
use crate::format::transcript;
use crate::support::World;

const PAGE: &str = "docs/verify-without-twinseal.md";

/// A folder with a register in which CHG-1 was approved and started, a copy of which one approval is missing, and the
/// scripts.
fn prepared() -> World {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.write("reader/fingerprint", world.fingerprint());
    world.write("reader/prod.db", fs::read(world.path("prod.db")).unwrap());
    world.tamper("UPDATE entry SET blob = CAST(replace(CAST(blob AS TEXT), 'actor dave', 'actor bob') AS BLOB)");
    world.write("reader/other.db", fs::read(world.path("prod.db")).unwrap());
    let packs = super::packs::packs(&world.path(""));
    let pack = &packs.iter().find(|it| it.name == "two changes").unwrap().path;
    world.write("reader/pack.zip", fs::read(pack).unwrap());
    for file in fs::read_dir(folder()).unwrap().map(|it| it.unwrap().path()).filter(|it| it.is_file()) {
        world.write(&format!("reader/{}", file.file_name().unwrap().display()), fs::read(&file).unwrap());
    }
    world
}

#[test]
fn the_commands_print_what_the_page_shows() {
    if !tools() {
        return;
    }
    let world = prepared();
    let old = fs::read_to_string(PAGE).unwrap();
    let (mut new, mut lines) = (String::new(), old.lines());
    while let Some(line) = lines.next() {
        writeln!(new, "{line}").unwrap();
        if line == "```console" {
            let content: String = lines.by_ref().take_while(|it| *it != "```").flat_map(|it| [it, "\n"]).collect();
            new.extend([&transcript(&world.path("reader"), &content), "```\n"]);
        }
    }
    if std::env::var("TWINSEAL_UPDATE_DOCS").is_ok_and(|it| it == "1") {
        fs::write(PAGE, new).unwrap();
    } else {
        assert!(old == new, "{PAGE} shows\n{old}\nand it is\n{new}\nTWINSEAL_UPDATE_DOCS=1 rewrites it");
    }
}

/// The words in backquotes of the paragraph that begins with these words.
fn listed(page: &str, begin: &str) -> Vec<String> {
    let at = page.find(begin).unwrap_or_else(|| panic!("{PAGE} has no paragraph: {begin}"));
    let paragraph = page[at..].split("\n\n").next().unwrap();
    let mut words: Vec<String> = paragraph.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    words.sort_unstable();
    words
}

#[test]
fn the_page_lists_the_rules_that_the_scripts_judge() {
    let page = fs::read_to_string(PAGE).unwrap();
    assert_eq!(listed(&page, "Wholly:"), JUDGED);
    assert_eq!(listed(&page, "In the entries that four eyes rest on:"), PARTLY);
}
