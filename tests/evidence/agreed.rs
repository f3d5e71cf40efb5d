//! Packs that twinseal wrote, and others made of them: `evidence verify`, the scripts of `examples/verify` and the page
//! say the same.

use std::path::Path;

use super::judged::{approved_once, forged, start};
use super::tampered::{entry_of, without};
use super::{Pack, carried_out, findings, packed, packed_elsewhere, read, record, signed_by, with_manifest, write};
use crate::outside::browser::Browser;
use crate::outside::packs::dropped;
use crate::outside::{Script, tools};
use crate::support::{World, stock_tool};

/// The first finding up to its rule, as the scripts write it; `nothing` if there is none.
fn first(world: &World, pack: &str) -> String {
    let found = findings(world, pack);
    let finding = found.first().map_or("nothing", |it| it.split_inclusive(']').next().unwrap());
    if finding.starts_with('[') { format!("pack: {finding}") } else { finding.to_owned() }
}

/// Asserts that twinseal finds this rule first, or `nothing`, and that the scripts and the page find the same.
#[track_caller]
fn agree(world: &World, pack: &str, rule: &str, browser: Option<&mut Browser>) {
    let (path, found) = (world.path(pack), first(world, pack));
    assert!(found.contains(rule), "{pack}: {found}, expected {rule}");
    for script in Script::ALL {
        if path.is_dir() || matches!(script, Script::Python) {
            let verdict = script.verdict(&path, &[]);
            assert_eq!(verdict.first().unwrap_or("nothing"), found, "{script:?}: {pack}: {}", verdict.said);
        }
    }
    if let Some(browser) = browser {
        assert_eq!(dropped(browser, &path).1, found, "the page: {pack}");
    }
}

fn page() -> Option<Browser> {
    let mut browser = Browser::start()?;
    browser.open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/verify/verifier.html"));
    Some(browser)
}

#[test]
fn what_twinseal_packs_is_proven_without_it_as_a_folder_as_a_zip_and_without_texts() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let world = carried_out();
    let mut browser = page();
    for (pack, options) in [
        ("folder", "CHG-1"),
        ("both", "CHG-1 CHG-2"),
        ("one.zip", "CHG-1"),
        ("redacted", "CHG-1 --redact plan,rollback,reason"),
        ("redacted.zip", "CHG-2 --redact title"),
    ] {
        world.ok("audrey", &format!("evidence pack {options} --out {pack}"));
        agree(&world, pack, "nothing", browser.as_mut());
    }
    world.ok("dave", "checkpoint --out kept");
    world.ok("erin", "note CHG-2 More.");
    world.ok("audrey", "evidence pack CHG-1 --since kept --out since");
    agree(&world, "since", "nothing", browser.as_mut());
}

/// What was done to a pack, the rule, and how.
type Tampering = (&'static str, &'static str, fn(&Pack, &World) -> Pack);

fn edited(pack: &Pack, name: &str, edit: impl Fn(String) -> String) -> Pack {
    let mut pack = pack.clone();
    let text = edit(String::from_utf8(pack[name].clone()).unwrap());
    assert_ne!(text.as_bytes(), pack[name], "{name}");
    pack.insert(name.to_owned(), text.into_bytes());
    pack
}

fn with(pack: &Pack, name: &str, content: &str) -> Pack {
    let mut pack = pack.clone();
    pack.insert(name.to_owned(), content.into());
    pack
}

/// Without the last hash of a proof.
fn shortened(proof: String) -> String {
    let (hashes, rest) = proof.split_once("\n\n").unwrap_or((&proof, ""));
    let (hashes, last) = hashes.trim_end().rsplit_once('\n').unwrap();
    assert!(last.ends_with('='));
    if rest.is_empty() { format!("{hashes}\n") } else { format!("{hashes}\n\n{rest}") }
}

const TAMPERED: &[Tampering] = &[
    ("a flipped byte", "[signature]", |pack, _| {
        edited(pack, &entry_of(pack, "change.start"), |it| it.replace("actor erin", "actor erim"))
    }),
    ("a cut tail", "pack: [later-entry]", |pack, _| without(pack, "change.finish")),
    ("a rejection left out", "[last]", |pack, _| without(pack, "change.reject")),
    ("an approval left out", "[last]", |pack, _| without(pack, "change.approve")),
    ("the record left out", "pack: [entries]", |pack, _| without(pack, "log.checkpoint")),
    ("the second founder left out", "[governance]", |pack, _| without(pack, "register.seal")),
    ("another text", "[text]", |pack, _| {
        edited(pack, &entry_of(pack, "change.reject").replace(".entry", ".text"), |it| it.replace("Say", "Do not say"))
    }),
    ("a proof too short", "[inclusion]", |pack, _| {
        edited(pack, &entry_of(pack, "change.start").replace(".entry", ".proof"), shortened)
    }),
    ("a proof about the change too short", "pack: [change-proof]", |pack, _| {
        edited(pack, "changes/CHG-1.proof", shortened)
    }),
    ("a change that is not packed", "pack: [change-proof]", |pack, _| {
        edited(pack, "pack", |it| it.replace("subject CHG-1\n", "subject CHG-1\nsubject CHG-2\n"))
    }),
    ("another size", "pack: [checkpoint]", |pack, _| edited(pack, "pack", |it| it.replace("\nsize ", "\nsize 9"))),
    ("a file too many", "pack: [manifest]", |pack, _| with(pack, "more.txt", "More.\n")),
    ("evidence of nothing", "pack: [evidence]", |pack, _| {
        with(pack, "evidence/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "")
    }),
    ("a checkpoint by nobody", "pack: [checkpoint]", |pack, world| {
        world.person("mallory");
        signed_by(pack, &world.signer("mallory"))
    }),
];

#[test]
fn what_is_wrong_with_a_pack_has_one_name() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let world = packed();
    let (pack, mut browser) = (read(&world.path("pack")), page());
    for (name, rule, tamper) in TAMPERED {
        write(&world, "tampered", &with_manifest(tamper(&pack, &world)));
        println!("{name}");
        agree(&world, "tampered", rule, browser.as_mut());
    }
    let mut byte = pack.clone();
    byte.get_mut("index.html").unwrap()[30] ^= 1;
    write(&world, "page", &byte);
    agree(&world, "page", "pack: [manifest]", browser.as_mut());
}

#[test]
fn an_entry_of_another_register_is_found_by_all() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let (world, theirs) = (packed(), packed_elsewhere());
    let (pack, theirs) = (read(&world.path("pack")), read(&theirs.path("pack")));
    let start = entry_of(&pack, "change.start");
    write(&world, "tampered", &with_manifest(with(&pack, &start, str::from_utf8(&theirs[&start]).unwrap())));
    assert_eq!(first(&world, "tampered"), "entry 7: [register]");
    // The POSIX script follows the proofs first.
    for (script, finding) in [(Script::Python, "entry 7: [register]"), (Script::Posix, "entry 7: [inclusion]")] {
        assert_eq!(script.verdict(&world.path("tampered"), &[]).first(), Some(finding), "{script:?}");
    }
}

#[test]
fn a_start_that_broke_a_rule_and_a_hidden_rejection_have_one_name() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let (world, mut browser) = (approved_once(), page());
    world.force("erin", start(&world), None);
    write(&world, "forged", &forged(&world));
    agree(&world, "forged", "[enough-approvals]", browser.as_mut());
    let world = World::approved();
    world.ok("dave", "reject CHG-1 --reason 'Not today.'");
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --out pack");
    write(&world, "hidden", &with_manifest(without(&read(&world.path("pack")), "change.reject")));
    agree(&world, "hidden", "pack: [later-entry]", browser.as_mut());
}

#[test]
fn an_old_pack_in_place_of_a_newer_one_is_found_by_whoever_kept_something() {
    if !tools() || !stock_tool("openssl") {
        return;
    }
    let world = World::approved();
    record(&world);
    world.ok("audrey", "evidence pack CHG-1 --out old");
    world.ok("dave", "reject CHG-1 --reason 'Not today.'");
    record(&world);
    world.ok("dave", "checkpoint --out kept");
    let found = findings(&world, "old --against kept");
    assert!(found[0].starts_with("[against]") && found[0].contains("--checkpoint"), "{found:#?}");
    let newest = world.entries() - 1;
    let noted = format!("{newest}:{}", world.raw(newest).leaf());
    for script in Script::ALL {
        let verdict = script.verdict(&world.path("old"), &[&noted]);
        assert_eq!(verdict.first(), Some(format!("entry {newest}: [truncated]").as_str()), "{}", verdict.said);
    }
    world.ok("audrey", "evidence pack CHG-1 --checkpoint kept --out new");
    assert_eq!(findings(&world, "new --against kept"), [""; 0]);
}
