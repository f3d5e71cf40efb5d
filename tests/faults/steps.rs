//! A fault at every step: for every N, the Nth call that touches a file fails, or is the last one.
//!
//! A run for each N and each fault takes long: a part of them is tried, and all of them with `TWINSEAL_FAULTS=all`.

use std::fs;
use std::path::Path;
use std::process::Output;

use twinseal::error::Exit;

use super::{Stage, filed, founded, injector, is_whole, names, said};
use crate::support::World;

/// What can happen: to changes or reads, once or from then on.
const FAULTS: [Fault; 7] = [
    Fault { calls: "write", deed: "eio", stays: false },
    Fault { calls: "write", deed: "eio", stays: true },
    Fault { calls: "write", deed: "enospc", stays: true },
    Fault { calls: "write", deed: "short", stays: true },
    Fault { calls: "write", deed: "kill", stays: false },
    Fault { calls: "read", deed: "eio", stays: false },
    Fault { calls: "read", deed: "eio", stays: true },
];

/// One of so many is tried.
const PART: usize = 12;

/// What the injector does.
#[derive(Debug, Clone, Copy)]
struct Fault {
    calls: &'static str,
    deed: &'static str,
    stays: bool,
}

impl Fault {
    /// Runs a command with this fault at a call; none where it makes fewer calls.
    fn strike(self, stage: &Stage, person: &str, words: &[&str], at: usize) -> Option<Output> {
        let (number, hit) = (at.to_string(), stage.kept.path().with_extension("hit"));
        let mut settings = vec![("FAULT_CALLS", self.calls), ("FAULT_DO", self.deed), ("FAULT_AT", &number)];
        settings.push(("FAULT_HIT", hit.to_str().unwrap()));
        settings.extend(self.stays.then_some(("FAULT_STAYS", "")));
        let output = stage.run(person, words, &settings);
        fs::remove_file(&hit).ok().map(|()| output)
    }

    /// Whether even what is half made cannot be removed.
    fn is_hard(self) -> bool {
        self.deed == "kill" || self.deed == "eio" && self.stays
    }
}

/// A command, and a check of its outcome.
struct Case<'a> {
    person: &'a str,
    words: &'a [&'a str],
    /// Whether it is done.
    done: fn(&World) -> bool,
    /// Whether it records something, and so must say whether it did.
    records: bool,
    /// Whether the register is whole before it is done.
    whole: bool,
}

/// Lets every call of a command fail in turn.
fn sweep(world: World, case: &Case<'_>) {
    if injector().is_none() {
        return;
    }
    let stage = Stage::new(world);
    let part = if std::env::var_os("TWINSEAL_FAULTS").is_some() { 1 } else { PART };
    for (way, fault) in FAULTS.into_iter().enumerate() {
        let mut at = part - way % part;
        while fails_well(&stage, case, fault, at) {
            at += part;
        }
    }
}

/// Lets one call fail; `false` where the command makes fewer.
fn fails_well(stage: &Stage, case: &Case<'_>, fault: Fault, at: usize) -> bool {
    stage.put_back();
    let world = &stage.world;
    let Some(output) = fault.strike(stage, case.person, case.words, at) else { return false };
    let told = format!("{:?} {fault:?} at {at}: {}\n{}", case.words, output.status, said(&output));
    println!("{told}");
    let done = (case.done)(world);
    if fault.deed != "kill" {
        is_true(&output, done, case.records, &told);
    }
    if done || case.whole {
        is_whole(world, case.person, &told);
    }
    let again = world.command(case.person, case.words).output().unwrap();
    let in_the_way = !case.records && fault.is_hard() && said(&again).contains("already exists");
    assert!(done || again.status.success() || in_the_way, "{told}\nand then: {}", said(&again));
    let left: Vec<String> = names(&world.path("")).into_iter().filter(|name| is_scrap(name)).collect();
    // If removing the private directory fails when all is done, it is left there empty.
    let rest = done && left.iter().all(|name| Path::new(name).is_dir());
    assert!(left.is_empty() || in_the_way || rest, "{told}\n{left:?}");
    true
}

/// Whether what a command reports is true.
#[track_caller]
fn is_true(output: &Output, done: bool, records: bool, told: &str) {
    let (said, code) = (said(output), output.status.code());
    let says_done = code == Some(0) || said.contains("is recorded, but a later step failed");
    let says_not = records && !says_done && !said.contains("may or may not be recorded");
    let lies = if done { says_not } else { says_done };
    assert!(!lies, "it is {}there\n{told}", if done { "" } else { "not " });
    assert!(!said.contains("panicked"), "{told}");
    // A disk that cannot be read looks to SQLite as a file that is damaged; an artifact, as a fault of the draft.
    let unread = said.contains("or the disk fails") || said.contains("cannot read gateway.tar");
    assert!(matches!(code, Some(0 | 4)) || unread, "{told}");
    assert!(code == Some(0) || said.contains("\nhint: "), "{told}");
}

/// Whether a file is one that is needed for a moment only. What is written anew by rename may be left: the next one is
/// written over it.
fn is_scrap(name: &str) -> bool {
    name.contains(".part") || name.ends_with("-journal")
}

/// A register with three entries.
const THREE: u64 = 3;

#[test]
fn a_note_is_recorded_or_not_whatever_fails() {
    let words = &["note", "CHG-1", "Seen."];
    sweep(filed(), &Case { person: "erin", words, done: |world| world.entries() > THREE, records: true, whole: true });
}

#[test]
fn a_change_with_artifacts_is_filed_or_not_whatever_fails() {
    let words = &["file", "--again", "change.toml"];
    sweep(
        founded(),
        &Case { person: "erin", words, done: |world| world.entries() == THREE, records: true, whole: true },
    );
}

#[test]
fn a_text_is_redacted_with_its_proposal_or_not_whatever_fails() {
    let world = filed();
    world.ok("alice", "proposal redact 2 --reason 'A password was written into it.'");
    let digest = world.raw(3).leaf().to_string();
    let words = &["proposal", "second", "1", "--digest", &digest];
    sweep(world, &Case { person: "bob", words, done: |world| world.raw(2).text.is_none(), records: true, whole: true });
}

#[test]
fn a_register_is_founded_or_not_whatever_fails() {
    let words =
        &["init", "--name", "prod", "--member", "alice=alice.request:admin", "--member", "bob=bob.request:admin"];
    sweep(
        World::with_requests(),
        &Case { person: "alice", words, done: |world| world.entries() == 1, records: true, whole: false },
    );
}

#[test]
fn a_key_is_made_or_not_whatever_fails() {
    let words = &["key", "new", "--no-passphrase", "another"];
    sweep(
        filed(),
        &Case { person: "erin", words, done: |world| world.path("another").exists(), records: false, whole: true },
    );
}

#[test]
fn a_backup_is_made_or_not_whatever_fails() {
    let words = &["backup", "copy.db"];
    sweep(
        filed(),
        &Case { person: "erin", words, done: |world| world.path("copy.db").exists(), records: false, whole: true },
    );
}

#[test]
fn a_backup_is_restored_or_not_whatever_fails() {
    let world = filed();
    world.ok("erin", "backup copy.db");
    let words = &["restore", "copy.db"];
    let done = |world: &World| {
        let copy = rusqlite::Connection::open(world.path("copy.db")).unwrap();
        let mark: i32 = copy.pragma_query_value(None, "application_id", |row| row.get(0)).unwrap();
        mark == i32::from_be_bytes(*b"TWSL")
    };
    sweep(world, &Case { person: "erin", words, done, records: false, whole: true });
}

#[test]
fn a_broken_register_is_repaired_or_not_whatever_fails() {
    let world = filed();
    world.tamper("INSERT INTO entry (seq, blob, text) VALUES (3, x'00', NULL)");
    sweep(world, &Case { person: "erin", words: &["repair"], done: is_repaired, records: false, whole: false });
}

/// Whether the register has only its valid entries, and the broken file is kept.
fn is_repaired(world: &World) -> bool {
    let (repaired, names) = (world.entries() == THREE, names(&world.path("")));
    let kept = names.iter().any(|name| name.contains("/prod.db.broken-"));
    assert!(kept || !repaired, "the broken file is gone");
    repaired
}

#[test]
fn no_repair_whose_last_steps_fail_loses_the_broken_file() {
    if injector().is_none() {
        return;
    }
    let world = filed();
    world.tamper("INSERT INTO entry (seq, blob, text) VALUES (3, x'00', NULL)");
    let stage = Stage::new(world);
    let strike = |at: usize| {
        stage.put_back();
        FAULTS[0].strike(&stage, "erin", &["repair"], at).inspect(|_| _ = is_repaired(&stage.world))
    };
    let mut last = 0;
    while strike(last + 8).is_some() {
        last += 8;
    }
    // The exchange is among these, and what is synced after it.
    (last.saturating_sub(16)..last + 8).for_each(|at| _ = strike(at));
}

#[test]
fn what_was_lost_is_recovered_or_not_whatever_fails() {
    let world = founded();
    world.ok("erin", "backup early.db");
    world.ok("erin", "file change.toml --again");
    world.ok("erin", "backup late.db");
    ["", "-wal", "-shm"].iter().for_each(|it| drop(fs::remove_file(world.path(&format!("prod.db{it}")))));
    fs::copy(world.path("early.db"), world.path("prod.db")).unwrap();
    world.ok("erin", "restore prod.db");
    let done = |world: &World| world.entries() == THREE;
    sweep(world, &Case { person: "erin", words: &["recover", "late.db"], done, records: true, whole: false });
}

#[test]
fn the_tables_are_refilled_or_not_whatever_fails() {
    let world = filed();
    world.tamper("UPDATE changes SET state = 'withdrawn'");
    let done = |world: &World| world.run("stranger", "verify").exit == Exit::Done;
    sweep(world, &Case { person: "erin", words: &["rebuild"], done, records: false, whole: false });
}

#[test]
fn a_commit_that_cannot_be_synced_is_not_said_to_be_unrecorded() {
    if injector().is_none() {
        return;
    }
    let (stage, words) = (Stage::new(filed()), ["note", "CHG-1", "Seen."]);
    let outcomes = (1..).map_while(|at| {
        stage.put_back();
        let output = FAULTS[1].strike(&stage, "erin", &words, at)?;
        Some((said(&output).contains("the entry may or may not be recorded"), stage.world.entries()))
    });
    let unsure: Vec<u64> = outcomes.filter(|(unsure, _)| *unsure).map(|(_, entries)| entries).collect();
    // The disk fails for good: before all is written, and when all is. Then whoever comes next finds the entry.
    assert_eq!(unsure, [THREE, THREE + 1]);
}

#[test]
fn what_is_recorded_is_said_to_be_even_where_nobody_can_be_told() {
    let world = founded();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = world.command("erin", &["file", "--again", "change.toml"]).stdout(full).output().unwrap();
    assert_eq!((output.status.code(), world.entries()), (Some(4), THREE), "{}", said(&output));
    assert!(said(&output).contains("entry 2 is recorded, but a later step failed"), "{}", said(&output));
}

#[test]
fn a_full_disk_beside_the_register_does_not_stop_reading() {
    if injector().is_none() {
        return;
    }
    let stage = Stage::new(filed());
    // The first change is to make the file that ends in -wal.
    let once = Fault { calls: "write", deed: "enospc", stays: false };
    let read = once.strike(&stage, "erin", &["list"], 1).unwrap();
    assert!(read.status.success() && said(&read).contains("CHG-1"), "{}", said(&read));
    let written = once.strike(&stage, "erin", &["note", "CHG-1", "Seen."], 1).unwrap();
    assert_eq!((written.status.code(), stage.world.entries()), (Some(4), THREE), "{}", said(&written));
    assert!(said(&written).contains("cannot write beside"), "{}", said(&written));
}

#[test]
fn no_private_copy_that_a_killed_process_left_survives_the_next_command() {
    let world = World::filed();
    let state = world.path("people/erin/.local/state/twinseal");
    // Another process of this account reads such a copy just now, and one was killed while it did.
    let [held, left] = ["twinseal-private.1", "twinseal-private.2"].map(|name| state.join(name));
    [&held, &left].into_iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
    fs::write(left.join("register.sqlite"), "a text that was redacted since").unwrap();
    let _held = fs::File::open(&held).map(|it| it.lock_shared().map(|()| it)).unwrap().unwrap();
    world.ok("erin", "list");
    assert!(held.exists() && !left.exists());
}
