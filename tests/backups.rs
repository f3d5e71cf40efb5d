//! Backups are made while others write, are read-only, and can be restored; and a register can be read without write
//! access.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{CHANGE, World};
use twinseal::domain::Event;
use twinseal::error::Exit;

#[test]
fn a_backup_is_one_file_that_verifies() {
    let world = World::filed();
    assert_eq!(world.ok("erin", "backup copy.db"), "backup copy.db: 3 entries\n");
    for side in ["-wal", "-shm", "-journal"] {
        assert!(!world.path(&format!("copy.db{side}")).exists(), "{side}");
    }
    assert_eq!(fs::metadata(world.path("copy.db")).unwrap().permissions().mode() & 0o777, 0o640);
    for person in ["audrey", "stranger"] {
        let verified = world.run(person, "verify --register copy.db");
        assert_eq!(verified.exit, Exit::Done, "{}", verified.screen);
    }
    assert!(world.ok("carol", "show CHG-1 --register copy.db").contains("Raise the pool"));
    world.fails("erin", "backup copy.db", Exit::Environment, "copy.db already exists");
    world.fails("erin", "backup nowhere/copy.db", Exit::Environment, "cannot make");
}

#[test]
fn a_backup_removes_what_a_killed_one_to_the_same_name_left() {
    let world = World::filed();
    let left = world.path(".copy.db.part");
    fs::create_dir(&left).unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(left.join("twinseal.part"), "half a backup").unwrap();
    world.ok("erin", "backup copy.db");
    assert!(!left.exists());
    // The same name of somebody else, or in use, is left alone.
    fs::create_dir(&left).unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o755)).unwrap();
    fs::remove_file(world.path("copy.db")).unwrap();
    world.ok("erin", "backup copy.db");
    assert!(left.exists() && world.path("copy.db").exists());
}

#[test]
fn a_backup_made_while_others_record_is_complete() {
    let world = World::filed();
    let note = |n: u32| {
        let home = world.path("people/audrey");
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
        command.args(["note", "CHG-1", &format!("Note {n}.")]).current_dir(world.path("")).env_clear();
        command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", "prod.db");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let writers: Vec<_> = (0..12).map(note).collect();
    for n in 0..6 {
        world.ok("erin", &format!("backup copy-{n}.db"));
    }
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(world.entries(), 15);
    for n in 0..6 {
        let verified = world.run("stranger", &format!("verify --register copy-{n}.db"));
        assert_eq!(verified.exit, Exit::Done, "{}", verified.screen);
    }
}

#[test]
fn a_backup_is_never_written() {
    let world = World::approved();
    world.ok("erin", "backup copy.db");
    let before = fs::read(world.path("copy.db")).unwrap();
    for command in ["file change.toml", "start CHG-1", "note CHG-1 More.", "rebuild"] {
        let output = world.run("erin", &format!("{command} --register copy.db"));
        assert_eq!(output.exit, Exit::Environment, "{command}\n{}", output.screen);
        assert!(output.err.contains("copy.db is a backup, which is read-only"), "{}", output.screen);
    }
    assert_eq!(fs::read(world.path("copy.db")).unwrap(), before);
}

#[test]
fn an_older_backup_is_read_and_a_forged_one_is_refused() {
    let world = World::filed();
    world.ok("erin", "backup old.db");
    world.approve("carol", "CHG-1");
    world.ok("erin", "list");
    let output = world.run("erin", "list --register old.db");
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("this backup ends at entry 2, and this account verified the register up to entry 3"));
    assert_eq!(world.run("erin", "verify --register old.db").exit, Exit::Done);
    // Reading a backup does not change the pin of the register.
    assert!(world.run("erin", "verify").out.contains("this account's pin: entry 3"));
    // A backup whose entries differ from the verified ones is refused.
    fs::copy(world.path("old.db"), world.path("prod.away")).unwrap();
    let forged = World::founded();
    forged.write("change.toml", CHANGE.replace("160", "320"));
    forged.ok("erin", "file change.toml");
    forged.ok("erin", "backup forged.db");
    fs::copy(forged.path("forged.db"), world.path("forged.db")).unwrap();
    world.fails("erin", "list --register forged.db", Exit::Broken, "the log lacks entry");
}

#[test]
fn a_restored_backup_is_a_register_that_accounts_with_a_newer_pin_refuse() {
    let world = World::filed();
    world.ok("erin", "backup copy.db");
    world.approve("carol", "CHG-1");
    world.ok("carol", "list");
    world.fails("erin", "restore prod.db", Exit::Environment, "prod.db is not a backup");
    world.fails("erin", "restore nothing.db", Exit::Environment, "no register at");
    world.ok("erin", "restore copy.db");
    for side in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(world.path(&format!("prod.db{side}")));
    }
    fs::rename(world.path("copy.db"), world.path("prod.db")).unwrap();
    assert_eq!(fs::metadata(world.path("prod.db")).unwrap().permissions().mode() & 0o777, 0o660);
    // carol verified her own approval, which the backup lacks, so her account refuses it. dave never verified it.
    world.fails("carol", "list", Exit::Broken, "the log lacks entry 3");
    world.approve("dave", "CHG-1");
    assert_eq!(world.findings("dave"), Vec::<String>::new());
}

/// Runs the program as the account `nobody`, which can write only to its home. Returns `None` if the test may not
/// change its user id.
fn as_nobody(world: &World, arguments: &[&str]) -> Option<Output> {
    const NOBODY: u32 = 65534;
    let home = world.path("nobody");
    fs::create_dir_all(&home).unwrap();
    if std::os::unix::fs::chown(&home, Some(NOBODY), Some(NOBODY)).is_err() {
        eprintln!("skipped: this test needs permission to change its user id");
        return None;
    }
    let program = world.path("twinseal");
    fs::copy(env!("CARGO_BIN_EXE_twinseal"), &program).unwrap();
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(&world.path(""), 0o755);
    open(&program, 0o755);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&home).env_clear().env("HOME", &home).stdin(Stdio::null());
    Some(command.uid(NOBODY).gid(NOBODY).output().unwrap())
}

/// Copies the register to `shared`, a folder that no other account can write.
fn read_only(world: &World) {
    let folder = world.path("shared");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(world.path("prod.db"), folder.join("prod.db")).unwrap();
    fs::set_permissions(folder.join("prod.db"), fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_register_can_be_read_without_write_access() {
    let world = World::approved();
    read_only(&world);
    let (register, fingerprint) = (world.path("shared/prod.db").display().to_string(), world.fingerprint());
    let common = ["--register", &register, "--fingerprint", &fingerprint];
    for command in [&["verify"][..], &["list"], &["show", "CHG-1"], &["log"], &["export", "jsonl"], &["person", "list"]]
    {
        let Some(output) = as_nobody(&world, &[command, &common[..]].concat()) else { return };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !output.stdout.is_empty(), "{command:?}\n{said}");
    }
    let output = as_nobody(&world, &[&["backup", "mine.db"], &common[..]].concat()).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // No file was created beside the register, and no temporary copy is left.
    let names: Vec<_> = fs::read_dir(world.path("shared")).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names, ["prod.db"]);
    let left = fs::read_dir(world.path("nobody/.local/state/twinseal")).unwrap();
    let left: Vec<_> = left.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left, [fingerprint]);
}

#[test]
fn entries_that_are_only_in_the_wal_file_are_read() {
    let world = World::filed();
    // An open connection prevents the checkpoint that would move the newest entry into the main file.
    let open = world.sql();
    open.execute_batch("BEGIN; SELECT count(*) FROM entry; COMMIT").unwrap();
    world.force("audrey", Event::Note("CHG-1".parse().unwrap()), Some(crate::support::note("Seen.")));
    assert!(world.path("prod.db-wal").exists());
    read_only(&world);
    fs::copy(world.path("prod.db-wal"), world.path("shared/prod.db-wal")).unwrap();
    fs::set_permissions(world.path("shared/prod.db-wal"), fs::Permissions::from_mode(0o444)).unwrap();
    let register = world.path("shared/prod.db").display().to_string();
    let arguments = ["log", "--register", &register, "--fingerprint", &world.fingerprint()];
    let Some(output) = as_nobody(&world, &arguments) else { return };
    let log = String::from_utf8_lossy(&output.stdout);
    assert!(log.contains("audrey        added a note to CHG-1"), "{log}{}", String::from_utf8_lossy(&output.stderr));
    drop(open);
}

#[test]
fn a_restore_with_a_register_beside_its_file_is_refused() {
    let world = World::filed();
    world.ok("erin", "backup copy.db");
    world.fails("erin", "restore --register prod.db copy.db", Exit::Invalid, "does not take --register");
    world.ok("erin", "restore copy.db");
}
