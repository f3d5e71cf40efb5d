//! A broken register can be read up to the first broken entry, and nothing can be recorded until it is repaired.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::Command;

use crate::support::World;
use crate::support::server::in_a_file;
use twinseal::error::Exit;
use twinseal::format::Raw;
use twinseal::store::{Session, StoreError, copy_valid};

/// Appends what is no entry.
fn add_garbage(world: &World) {
    let seq = world.entries();
    world.plant(seq.cast_signed(), &Raw { seq, blob: b"no entry".to_vec(), text: None, data: None });
}

/// The name of the broken file that `repair` kept.
fn broken_file(world: &World) -> String {
    let names = fs::read_dir(world.path("")).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let found: Vec<String> = names.filter(|name| name.contains(".broken-")).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn recording_after_a_broken_entry_is_refused_until_a_repair_that_keeps_the_broken_file() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::filed) else { return };
    let revision = world.revision("CHG-1").filed;
    add_garbage(&world);
    for (person, command) in [
        ("erin", "note CHG-1 Words.".to_owned()),
        ("erin", "withdraw CHG-1".to_owned()),
        ("carol", format!("approve CHG-1 --revision {revision}")),
        ("alice", "person retire dave".to_owned()),
        ("alice", "rebuild".to_owned()),
    ] {
        world.fails(person, &command, Exit::Broken, "entry 3");
    }
    // Entries before the broken one are shown, with a warning and the exit code of a broken log.
    let shown = world.run("carol", "show CHG-1");
    assert_eq!(shown.exit, Exit::Broken, "{}", shown.screen);
    assert!(shown.out.contains("Raise the pool"), "{}", shown.screen);
    assert!(shown.err.contains("warning: the register is broken at entry 3: [signature]"), "{}", shown.err);
    assert!(world.findings("carol")[0].starts_with("entry 3: [signature]"));

    let said = world.ok("erin", "repair");
    assert!(said.starts_with("finding: entry 3: [signature]"), "{said}");
    let broken = broken_file(&world);
    assert!(said.contains("broken file kept as ") && said.contains(&broken), "{said}");
    let broken = rusqlite::Connection::open(world.path(&broken)).unwrap();
    assert_eq!(broken.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)), Ok(4));

    assert_eq!(world.findings("carol"), Vec::<String>::new());
    world.approve("carol", "CHG-1");
    assert_eq!(world.entries(), 4);
    assert_eq!(world.ok("erin", "repair"), "nothing to repair: every entry is valid\n");
}

#[test]
fn entries_after_a_broken_one_are_lost_until_a_backup_recovers_them() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::approved) else { return };
    world.ok("erin", "list");
    world.ok("erin", "backup copy.db");
    world.tamper("UPDATE entry SET text = NULL WHERE seq = 2");
    let repaired = world.run("erin", "repair");
    assert_eq!(repaired.exit, Exit::Done, "{}", repaired.screen);
    assert!(repaired.out.contains("entries 0 to 1"), "{}", repaired.screen);
    assert!(repaired.err.contains("this account verified later entries"), "{}", repaired.screen);
    world.fails("erin", "list", Exit::Broken, ", which this account verified");
    // The broken file lacks the text too, so it has no valid entry to recover.
    world.fails("erin", &format!("recover {}", broken_file(&world)), Exit::Broken, "entry 2: [text]");
    assert_eq!(world.ok("erin", "recover copy.db"), "recovered entries 2 to 4\n");
    assert_eq!(world.findings("erin"), Vec::<String>::new());
    world.ok("erin", "start CHG-1");
}

#[test]
fn a_repair_removes_a_planted_trigger_and_keeps_every_entry() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::approved) else { return };
    world.sql().execute_batch("CREATE TRIGGER swallow BEFORE INSERT ON votes BEGIN SELECT RAISE(IGNORE); END").unwrap();
    world.fails("erin", "list", Exit::Broken, "[schema]");
    let said = world.ok("erin", "repair");
    assert!(said.contains("[schema]") && said.contains("entries 0 to 4"), "{said}");
    assert_eq!(world.findings("erin"), Vec::<String>::new());
    world.ok("erin", "start CHG-1");
}

#[test]
fn a_register_that_another_process_has_open_is_not_replaced() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::filed) else { return };
    add_garbage(&world);
    let other = world.sql();
    let seen: i64 = other.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
    world.fails("erin", "repair", Exit::Environment, "is in use by another process");
    assert_eq!((world.entries(), seen), (4, 4));
    let names = fs::read_dir(world.path("")).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains(".broken-") || name.contains(".valid")).count(), 0);
    drop(other);
    world.ok("erin", "repair");
    assert_eq!(world.entries(), 3);
}

#[test]
fn a_repair_removes_the_temporary_files_of_a_killed_one() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::filed) else { return };
    add_garbage(&world);
    let left = world.path(".prod.db.part");
    fs::create_dir(&left).unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o700)).unwrap();
    for end in ["", "-journal", "-wal", "-shm"] {
        fs::write(left.join(format!("twinseal.part{end}")), "half a register").unwrap();
    }
    world.ok("erin", "repair");
    let names = fs::read_dir(world.path("")).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.contains(".part")).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(world.findings("carol"), Vec::<String>::new());
}

#[test]
fn the_valid_entries_can_be_written_to_another_file() {
    let world = World::filed();
    add_garbage(&world);
    let said = world.ok("audrey", "repair --out valid.db");
    assert!(said.contains("valid.db: entries 0 to 2"), "{said}");
    assert_eq!(world.entries(), 4);
    assert!(world.run("audrey", "verify --register valid.db").out.contains("entries"));
    world.fails("audrey", "repair --out valid.db", Exit::Environment, "already exists");
}

#[test]
fn the_repair_of_an_untrusted_register_or_of_a_broken_entry_0_is_refused() {
    let world = World::filed();
    fs::create_dir_all(world.path("people/stranger")).unwrap();
    world.fails("stranger", "repair", Exit::Invalid, "fingerprint");
    let blob = String::from_utf8(world.raw(0).blob).unwrap().replace("alice", "alica");
    world.put(&Raw { blob: blob.into(), ..world.raw(0) });
    world.fails("erin", "repair", Exit::Broken, "fingerprint");
    assert_eq!(world.entries(), 3);
}

#[test]
fn a_repaired_register_keeps_its_owner_group_and_permissions() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::filed) else { return };
    add_garbage(&world);
    let path = world.path("prod.db");
    if chown(&path, Some(4242), Some(4243)).is_err() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must not skip this test");
        eprintln!("skipped: this test needs permission to change the owner of a file");
        return;
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    world.ok("erin", "repair");
    let now = fs::metadata(&path).unwrap();
    assert_eq!((now.uid(), now.gid(), now.mode() & 0o777), (4242, 4243, 0o640));
}

/// Runs `note` as carol `times` times, each in a process of its own, and returns how many of them succeeded.
fn note_many(world: &World, times: u64) -> impl FnOnce() -> u64 + Send + use<> {
    let (home, folder) = (world.path("people/carol"), world.path(""));
    let note = move || {
        let mut note = Command::new(env!("CARGO_BIN_EXE_twinseal"));
        note.args(["note", "CHG-1", "Words.", "--register", "prod.db"]).current_dir(&folder).env_clear();
        note.env("HOME", &home).env("TWINSEAL_KEY", home.join("key"));
        note.output().unwrap().status.success()
    };
    move || (0..times).filter(|_| note()).count() as u64
}

#[test]
fn entries_recorded_during_a_repair_are_not_lost() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::filed) else { return };
    let mut entries = world.entries();
    let mut minutes = 0..;
    for _ in 0..8 {
        // An unused page is a finding that does not prevent recording.
        world.sql().execute_batch("CREATE TABLE odd (x); INSERT INTO odd VALUES (1)").unwrap();
        world.tamper("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'odd'");
        let findings = world.findings("audrey");
        assert!(findings.iter().any(|it| it.contains("never used")), "{findings:?}");
        let recording = std::thread::spawn(note_many(&world, 8));
        let mut repaired = || {
            let minute: u64 = minutes.next().unwrap();
            world.at(&format!("2026-12-01T{:02}:{:02}:00Z", 9 + minute / 60, minute % 60));
            world.run("erin", "repair").exit == Exit::Done
        };
        assert!((0..50).any(|_| repaired()), "every repair failed");
        entries += recording.join().unwrap();
        assert_eq!(world.entries(), entries);
        assert_eq!(world.findings("carol"), Vec::<String>::new());
    }
}

type Tamper = fn(&World);

#[test]
fn no_row_that_changes_after_it_was_verified_gets_into_the_repaired_file() {
    let attacks: [(_, Tamper); 5] = [
        ("another text", |world| world.put(&Raw { text: Some(vec![0]), ..world.raw(2) })),
        ("no text", |world| world.put(&Raw { text: None, ..world.raw(2) })),
        ("a text that none was signed for", |world| world.put(&Raw { text: Some(vec![0]), ..world.raw(3) })),
        ("another body", |world| world.put(&Raw { blob: vec![0], ..world.raw(3) })),
        ("no entry", |world| world.tamper("DELETE FROM entry WHERE seq = 4")),
    ];
    for (attack, tamper) in attacks {
        // A server has told the newest entry just now, which is then copied as it was verified.
        if attack == "no entry" && in_a_file("nothing that tells an entry ahead", || ()).is_none() {
            continue;
        }
        let world = World::approved();
        let fingerprint = world.fingerprint().parse().unwrap();
        let (shared, _) = world.open_store();
        let mut session = Session::unanchored(shared, fingerprint).unwrap();
        session.refresh(world.now(), &mut |_| {}).unwrap();
        let [before, after] = ["before.db", "after.db"].map(|name| world.path(name));
        copy_valid(&session, &before, &world.path("scratch")).unwrap();
        tamper(&world);
        let copied = copy_valid(&session, &after, &world.path("scratch"));
        assert!(matches!(copied, Err(StoreError::Broken(_))), "{attack}");
        assert!(before.exists() && !after.exists(), "{attack}");
    }
}

#[test]
fn nothing_is_repaired_that_is_not_what_this_account_verified() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::filed) else { return };
    world.ok("erin", "backup early.db");
    world.approve("carol", "CHG-1");
    world.approve("dave", "CHG-1");
    world.ok("audrey", "list");
    // A log that went another way after entry 2 is put in the place of the register, and broken at its end.
    let early = fs::read(world.path("early.db")).unwrap();
    put(&world, &early);
    world.force("carol", twinseal::domain::Event::Note("CHG-1".parse().unwrap()), Some(crate::support::note("Other.")));
    add_garbage(&world);
    let before = fs::read(world.path("prod.db")).unwrap();
    for command in ["repair", "repair --out valid.db"] {
        let output = world.run("audrey", command);
        assert_eq!(output.exit, Exit::Broken, "{command}\n{}", output.screen);
        assert!(output.err.contains("the log lacks entry 4 "), "{command}\n{}", output.screen);
    }
    assert_eq!(fs::read(world.path("prod.db")).unwrap(), before);
    assert!(!world.path("valid.db").exists());
}

/// Puts other bytes in the place of the register.
fn put(world: &World, bytes: &[u8]) {
    for file in ["prod.db-wal", "prod.db-shm"] {
        let _ = fs::remove_file(world.path(file));
    }
    fs::write(world.path("prod.db"), bytes).unwrap();
}

#[test]
fn damage_to_the_last_page_of_the_log_leaves_what_is_before_it_repairable() {
    let Some(world) = in_a_file("a place where a repaired one can be put", World::filed) else { return };
    for n in 0..30 {
        world.ok("carol", &format!("note CHG-1 'Words enough to fill some pages, for the {n}th time.'"));
    }
    world.sql().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let whole = fs::read(world.path("prod.db")).unwrap();
    let size = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let last = world.raw(32).blob;
    // The page with the newest entry.
    let at = whole.windows(last.len()).position(|it| it == last).unwrap() / size;
    let mut damaged = whole.clone();
    damaged[at * size..(at + 1) * size].fill(0);
    put(&world, &damaged);
    let shown = world.run("audrey", "show CHG-1");
    assert_eq!(shown.exit, Exit::Broken, "{}", shown.screen);
    world.ok("audrey", "repair --out valid.db");
    let valid = rusqlite::Connection::open(world.path("valid.db")).unwrap();
    let newest = valid.query_row("SELECT max(seq) FROM entry", [], |row| row.get::<_, u64>(0)).unwrap();
    assert!((20..32).contains(&newest), "{newest}");
    world.ok("audrey", "repair");
    assert_eq!(world.entries(), newest + 1);
}

#[test]
fn nothing_is_recovered_into_a_broken_register() {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    world.ok("erin", "backup late.db");
    world.put(&Raw { blob: vec![0], ..world.raw(3) });
    world.fails("dave", "recover late.db", Exit::Broken, "error: register is broken, recording is refused: entry 3: [");
    assert_eq!(world.entries(), 4);
}
