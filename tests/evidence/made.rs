//! What `evidence pack` puts into a pack.

use std::fs;
use std::process::Command;

use super::{carried_out, findings, packed, read, record};
use crate::support::{CHANGE, World, stock_tool};
use twinseal::error::Exit;

#[test]
fn a_pack_is_verified_without_the_register() {
    let world = packed();
    fs::remove_file(world.path("prod.db")).unwrap();
    fs::create_dir_all(world.path("people/stranger")).unwrap();
    let said = world.ok("stranger", &format!("evidence verify pack --fingerprint {}", world_fingerprint(&world)));
    assert!(said.contains("succeeded; started by erin at 2026-12-01T10:00:00Z"), "{said}");
    assert!(said.contains("approved by carol, dave"), "{said}");
    assert!(said.lines().last().unwrap().ends_with("proven"), "{said}");
    // Nothing anchors an invented register.
    let said = world.ok("stranger", "evidence verify pack");
    assert!(said.contains("compare it out of band"), "{said}");
}

/// The fingerprint of the register, from the pack.
fn world_fingerprint(world: &World) -> String {
    let blob = fs::read(world.path("pack/entries/000000000000.entry")).unwrap();
    twinseal::format::Raw { seq: 0, blob, text: None, data: None }.leaf().to_string()
}

#[test]
fn packing_records_nothing_and_gives_the_same_pack_again() {
    let world = carried_out();
    let entries = world.entries();
    world.ok("audrey", "checkpoint --out kept");
    for out in ["one", "two", "one.zip", "two.zip"] {
        world.ok("audrey", &format!("evidence pack CHG-1 --checkpoint kept --out {out}"));
    }
    assert_eq!(world.entries(), entries);
    assert_eq!(read(&world.path("one")), read(&world.path("two")));
    assert_eq!(fs::read(world.path("one.zip")).unwrap(), fs::read(world.path("two.zip")).unwrap());
    world.fails("audrey", "evidence pack CHG-1 --checkpoint kept --out one", Exit::Invalid, "exists");
}

#[test]
fn sha256sum_checks_the_manifest() {
    if !stock_tool("sha256sum") {
        return;
    }
    let world = packed();
    let check = || {
        let check = ["--check", "--strict", "--quiet", "manifest"];
        Command::new("sha256sum").args(check).current_dir(world.path("pack")).status().unwrap().success()
    };
    assert!(check());
    fs::write(world.path("pack/checkpoint"), "x").unwrap();
    assert!(!check());
}

#[test]
fn a_change_with_an_entry_newer_than_the_record_is_not_packed() {
    let world = World::approved();
    world.fails("audrey", "evidence pack CHG-1 --out pack", Exit::Invalid, "no log entry records the tree of changes");
    record(&world);
    world.ok("erin", "start CHG-1");
    let output = world.run("audrey", "evidence pack CHG-1 --out pack");
    assert_eq!(output.exit, Exit::Invalid, "{}", output.screen);
    assert!(output.screen.contains("about CHG-1 is newer than the recorded tree"), "{}", output.screen);
    assert!(output.screen.contains("twinseal checkpoint --record"), "{}", output.screen);
    world.fails("audrey", "evidence pack CHG-9 --out pack", Exit::Refused, "no change CHG-9");
    assert!(!world.path("pack").exists());
}

#[test]
fn the_changes_that_a_change_follows_are_packed() {
    let world = World::approved();
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    world.write("after.toml", format!("follows = [\"CHG-1\"]\n{}", CHANGE.replace("Raise", "Lower")));
    world.ok("erin", "file after.toml");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-2"));
    world.ok("erin", "start CHG-2");
    record(&world);
    world.ok("audrey", "evidence pack CHG-2 --out pack");
    assert_eq!(findings(&world, "pack"), [""; 0]);
    let pack = String::from_utf8(read(&world.path("pack"))["pack"].clone()).unwrap();
    assert!(pack.contains("subject CHG-1\nsubject CHG-2\n"), "{pack}");
}

#[test]
fn only_a_file_that_a_revision_names_is_attached() {
    let world = World::founded();
    world.write("replay.txt", "No order rejected.\n");
    world.write("pool.toml", "pool = 160\n");
    let more = "[[tests]]\nwhat = \"Replay\"\nresult = \"Good\"\nevidence = \"replay.txt\"\n[[artifacts]]\nname = \"pool\"\nfile = \"pool.toml\"\n";
    world.write("change.toml", format!("{CHANGE}\n{more}"));
    world.ok("erin", "file change.toml");
    record(&world);
    let pack = "evidence pack CHG-1 --out pack --evidence";
    world.fails("audrey", &format!("{pack} change.toml"), Exit::Invalid, "names a file with its SHA-256");
    world.ok("audrey", &format!("{pack} replay.txt --evidence pool.toml"));
    assert_eq!(findings(&world, "pack"), [""; 0]);
    let files = read(&world.path("pack"));
    assert_eq!(files.keys().filter(|name| name.starts_with("evidence/")).count(), 2);
    assert!(files.values().any(|bytes| bytes == b"No order rejected.\n"));
}

#[test]
fn the_page_runs_nothing_and_loads_nothing_whatever_people_wrote() {
    let world = World::founded();
    let hostile = "<script src='//evil'>&amp;\\\"onload=x";
    world.write("change.toml", CHANGE.replace("Raise the pool", hostile));
    world.ok("erin", "file change.toml");
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    let page = fs::read_to_string(world.path("pack/index.html")).unwrap();
    assert!(page.contains("&lt;script src=&#39;//evil&#39;&gt;&amp;amp;&quot;onload=x"), "{page}");
    for tag in ["<script", "<img", "<link", "<iframe", "href=", "src=\"", "url("] {
        assert!(!page.contains(tag), "{tag}: {page}");
    }
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_pack_extends_the_checkpoint_that_somebody_kept() {
    let world = World::filed();
    world.ok("dave", "checkpoint --out kept");
    let dave = "evidence verify pack --against kept";
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    let found = findings(&world, "pack --against kept");
    assert!(found[0].contains("[against]") && found[0].contains("--since"), "{found:#?}");
    world.ok("audrey", "evidence pack CHG-1 --since kept --out since");
    assert_eq!(findings(&world, "since --against kept"), [""; 0]);
    assert!(world.ok("dave", dave.replace("pack ", "since ").as_str()).lines().last().unwrap().ends_with("proven"));
    // The proof is for that checkpoint alone.
    let proof = fs::read_to_string(world.path("since/since.proof")).unwrap();
    let mut pack = read(&world.path("since"));
    let hash = proof.lines().find(|line| line.starts_with("hash ")).unwrap();
    pack.insert("since.proof".to_owned(), proof.replacen(&format!("{hash}\n"), "", 1).into_bytes());
    super::refused(&world, pack, "consistency");
}
