//! The files of SQLite beside a register: reading changes nothing, a register has one path, and no file beside another
//! one is applied to it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use crate::support::{World, stock_tool};
use twinseal::error::Exit;
use twinseal::format::Raw;
use twinseal::store::{FileError, SharedStore, StoreError, Writer};

/// Commands that read a register, for any account that knows it.
const READING: [&str; 10] = [
    "verify",
    "list",
    "show CHG-1",
    "log",
    "export jsonl",
    "export csv",
    "person list",
    "inbox",
    "doctor",
    "repair --out /dev/null/none",
];

/// The bytes of a file, and what changes when it is touched: inode, mode and links, and its times.
type State = (Vec<u8>, [u64; 3], [i64; 4]);

/// Every file in a folder.
fn everything(folder: &Path) -> BTreeMap<String, State> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|it| it.path().is_file());
    let of = |it: fs::DirEntry| {
        let found = it.metadata().unwrap();
        let times = [found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()];
        let rest = [found.ino(), found.mode().into(), found.nlink()];
        (it.file_name().into_string().unwrap(), (fs::read(it.path()).unwrap(), rest, times))
    };
    files.map(of).collect()
}

/// A register whose newest entry, a note by dave, is only in the WAL file; both as a process leaves them that is killed.
fn with_wal() -> World {
    let world = World::filed();
    world.ok("audrey", "list");
    let reader = world.sql();
    reader.execute_batch("BEGIN; SELECT count(*) FROM entry").unwrap();
    world.ok("dave", "note CHG-1 Seen.");
    fs::create_dir(world.path("kept")).unwrap();
    for side in ["", "-wal"] {
        fs::copy(world.path(&format!("prod.db{side}")), world.path(&format!("kept/prod.db{side}"))).unwrap();
    }
    drop(reader);
    for side in ["-wal", "-shm"] {
        let _ = fs::remove_file(world.path(&format!("prod.db{side}")));
    }
    for side in ["", "-wal"] {
        fs::copy(world.path(&format!("kept/prod.db{side}")), world.path(&format!("prod.db{side}"))).unwrap();
    }
    assert!(fs::metadata(world.path("prod.db-wal")).unwrap().len() > 0);
    world
}

#[test]
fn no_command_changes_a_file_elsewhere_or_anything_beside_it() {
    let world = with_wal();
    world.ok("erin", "backup backup.db");
    for name in ["kept/prod.db", "alone/prod.db", "alone/backup.db"] {
        fs::create_dir_all(world.path("alone")).unwrap();
        let from = if name == "alone/backup.db" { "backup.db" } else { "prod.db" };
        if name.starts_with("alone") {
            fs::copy(world.path(from), world.path(name)).unwrap();
        }
        let folder = world.path(name).parent().unwrap().to_owned();
        let before = everything(&folder);
        for person in ["audrey", "dave", "stranger"] {
            fs::create_dir_all(world.path(&format!("people/{person}"))).unwrap();
            for command in READING {
                let output = world.run(person, &format!("{command} --register {name}"));
                assert!(everything(&folder) == before, "{name}: {person}: {command}\n{}", output.screen);
                // Without its WAL file, the file lacks an entry that both have verified.
                let known = person != "stranger" && name != "alone/prod.db" && !["doctor", "inbox"].contains(&command);
                let reads = known && !command.starts_with("repair");
                assert!(!reads || output.exit == Exit::Done, "{name}: {person}: {command}\n{}", output.screen);
            }
        }
        for command in [
            format!("recover {name}"),
            format!("backup copy-{}.db --register {name}", name.replace('/', "-")),
            format!("note CHG-1 Words. --register {name}"),
            format!("rebuild --register {name}"),
            format!("init --name other --register {name} --member alice=alice.request:admin"),
        ] {
            let output = world.run("dave", &command);
            assert!(everything(&folder) == before, "{name}: {command}\n{}", output.screen);
        }
    }
    // Everything in the WAL file was read.
    assert!(world.ok("audrey", "show CHG-1 --register kept/prod.db").contains("Seen."));
    let output = world.run("dave", "restore kept/prod.db");
    assert!(output.err.contains("is not a backup"), "{}", output.screen);
}

#[test]
fn no_reader_folds_in_the_wal_file_of_a_register() {
    let world = with_wal();
    let files = || ["prod.db", "prod.db-wal"].map(|name| fs::read(world.path(name)).unwrap());
    let before = files();
    for person in ["audrey", "dave"] {
        for command in READING {
            let output = world.run(person, &format!("{command} --register prod.db"));
            assert!(files() == before, "{person}: {command}\n{}", output.screen);
        }
    }
    assert!(world.ok("audrey", "show CHG-1").contains("Seen."));
    // Whoever records folds it in, and a reader leaves no file of its own.
    world.ok("carol", "note CHG-1 Later.");
    assert!(!world.path("prod.db-wal").exists());
    world.ok("audrey", "list");
    assert!(["-wal", "-shm"].iter().all(|side| !world.path(&format!("prod.db{side}")).exists()));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn no_register_with_a_second_hard_link_is_written() {
    let world = World::filed();
    fs::create_dir(world.path("second")).unwrap();
    fs::hard_link(world.path("prod.db"), world.path("second/other.db")).unwrap();
    let folders = || ["", "second"].map(|folder| everything(&world.path(folder)));
    world.ok("carol", "list");
    let before = folders();
    for name in ["prod.db", "second/other.db"] {
        for command in ["note CHG-1 Words.", "rebuild", "approve CHG-1 --revision", "reject CHG-1 --reason No."] {
            let revision =
                if command.ends_with("--revision") { world.revision("CHG-1").filed.to_string() } else { String::new() };
            let output = world.run("carol", &format!("{command} {revision} --register {name}"));
            assert_eq!(output.exit, Exit::Environment, "{name}: {command}\n{}", output.screen);
            assert!(
                output.err.contains("has 2 hard links") && output.err.contains("hint: remove"),
                "{}",
                output.screen
            );
        }
        for command in READING {
            world.run("carol", &format!("{command} --register {name}"));
        }
        assert!(world.ok("carol", &format!("show CHG-1 --register {name}")).contains("Raise the pool"));
        let doctor = world.run("carol", &format!("doctor --register {name}"));
        assert!(doctor.exit == Exit::Environment && doctor.out.contains("has 2 hard links"), "{}", doctor.screen);
    }
    assert!(folders() == before);
    fs::remove_file(world.path("second/other.db")).unwrap();
    world.ok("carol", "note CHG-1 Words.");
}

#[test]
fn no_open_register_is_written_after_it_was_replaced_or_linked() {
    let world = World::filed();
    let (path, scratch) = (world.path("prod.db"), world.path("scratch"));
    let open = || crate::support::log::open_file(&path, &scratch).0;
    // The turn of before: waiting for one would refuse already.
    let turn = open().turn(&Writer { account: "dave".to_owned(), patience: Duration::ZERO }).unwrap();
    let append = |mut file: Box<dyn SharedStore>| {
        let raw = Raw { seq: 3, blob: b"blob".to_vec(), text: None, data: None };
        let head = file.entry(2).unwrap().map(|raw| twinseal::domain::Head { seq: 2, leaf: raw.leaf() });
        file.append(&turn, head, &raw, &[], &|_| Ok(())).map(|_| ())
    };
    let file = open();
    fs::hard_link(&path, world.path("second.db")).unwrap();
    assert!(matches!(append(file), Err(StoreError::File(FileError::SecondPath { .. }))));
    fs::remove_file(world.path("second.db")).unwrap();
    let file = open();
    fs::copy(&path, world.path("other.db")).unwrap();
    fs::rename(world.path("other.db"), &path).unwrap();
    assert!(matches!(append(file), Err(StoreError::File(FileError::Replaced { .. }))));
    let file = open();
    fs::rename(&path, world.path("away.db")).unwrap();
    symlink(world.path("away.db"), &path).unwrap();
    assert!(matches!(append(file), Err(StoreError::File(FileError::Replaced { .. }))));
}

/// Runs a script in a mount namespace of its own, in the world's folder. `as PERSON COMMAND...` runs twinseal. `None` if
/// this host has no such namespaces.
fn in_namespace(world: &World, script: &str) -> Option<Output> {
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-ec", script]).current_dir(world.path("")).env("T", env!("CARGO_BIN_EXE_twinseal"));
        command.env_remove("TWINSEAL_REGISTER").output()
    };
    if !stock_tool("unshare") || !unshare("mount -t tmpfs none kept").is_ok_and(|it| it.status.success()) {
        eprintln!("skipped: this test needs a mount namespace");
        return None;
    }
    let person = "as() { p=$1; shift; HOME=$PWD/people/$p TWINSEAL_KEY=$PWD/people/$p/key \"$T\" \"$@\"; }\n";
    Some(unshare(&format!("{person}{script}")).unwrap())
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it)).concat()
}

#[test]
fn no_register_that_is_mounted_by_itself_is_written() {
    let world = World::filed();
    fs::create_dir(world.path("kept")).unwrap();
    world.write("kept/prod.db", "");
    let before = everything(&world.path(""));
    let script = "touch kept/prod.db; cd .; mount --bind prod.db prod.db
        as carol show CHG-1 --register prod.db
        as carol doctor --register prod.db || true
        as carol note CHG-1 Words. --register prod.db && exit 9 || test $? = 4";
    let Some(output) = in_namespace(&world, script) else { return };
    let said = said(&output);
    assert!(output.status.success() && said.contains("Raise the pool"), "{said}");
    assert_eq!(said.matches("is mounted by itself").count(), 2, "{said}");
    assert!(said.contains("hint: mount the directory of the register"), "{said}");
    assert!(everything(&world.path("")) == before);
}

#[test]
fn no_file_beside_a_backup_is_applied_to_it() {
    let world = with_wal();
    world.ok("erin", "backup backup.db");
    let pristine = fs::read(world.path("backup.db")).unwrap();
    for (side, content) in [("-wal", fs::read(world.path("prod.db-wal")).unwrap()), ("-journal", b"anything".to_vec())]
    {
        fs::create_dir_all(world.path("old")).unwrap();
        fs::copy(world.path("backup.db"), world.path("old/copy.db")).unwrap();
        world.write(&format!("old/copy.db{side}"), &content);
        let before = everything(&world.path("old"));
        for command in [
            "verify --register old/copy.db",
            "list --register old/copy.db",
            "restore old/copy.db",
            "recover old/copy.db",
            "backup third.db --register old/copy.db",
        ] {
            let output = world.run("erin", command);
            assert_eq!(output.exit, Exit::Broken, "{side}: {command}\n{}", output.screen);
            assert!(output.err.contains("[side-file]"), "{side}: {command}\n{}", output.screen);
            assert!(
                output.err.contains("hint: if no program uses the file, move the file beside it away"),
                "{}",
                output.err
            );
            assert!(everything(&world.path("old")) == before, "{side}: {command}\n{}", output.screen);
        }
        fs::remove_file(world.path(&format!("old/copy.db{side}"))).unwrap();
        world.ok("erin", "verify --register old/copy.db");
        assert_eq!(fs::read(world.path("old/copy.db")).unwrap(), pristine);
    }
}

#[test]
fn no_old_wal_file_is_applied_to_a_register_put_in_its_place() {
    let world = with_wal();
    let wal = fs::read(world.path("prod.db-wal")).unwrap();
    // The register goes on, and is copied whole; then the copy is put beside the old WAL file.
    for words in ["More.", "And more.", "Enough."] {
        world.ok("carol", &format!("note CHG-1 '{words}'"));
    }
    assert!(!world.path("prod.db-wal").exists());
    let newest = world.entries() - 1;
    world.write("prod.db-wal", &wal);
    let before = [fs::read(world.path("prod.db")).unwrap(), wal];
    for person in ["carol", "stranger"] {
        for command in ["list", "verify", "note CHG-1 Words.", "rebuild", "repair", "log"] {
            let output = world.run(person, &format!("{command} --register prod.db"));
            assert_eq!(output.exit, Exit::Broken, "{command}\n{}", output.screen);
            assert!(output.err.contains("[side-file] the WAL file beside it is not its own"), "{}", output.screen);
            let after = ["prod.db", "prod.db-wal"].map(|name| fs::read(world.path(name)).unwrap());
            assert!(after == before, "{command}\n{}", output.screen);
        }
    }
    for side in ["-wal", "-shm"] {
        let _ = fs::remove_file(world.path(&format!("prod.db{side}")));
    }
    assert_eq!(world.entries() - 1, newest);
    assert_eq!(world.findings("carol"), Vec::<String>::new());
}

#[test]
fn no_link_or_pipe_beside_a_register_is_opened() {
    let world = World::filed();
    world.write("precious", "precious");
    for side in ["-wal", "-shm", "-journal"] {
        let beside = world.path(&format!("prod.db{side}"));
        let make: [&dyn Fn(); 3] = [
            &|| symlink(world.path("precious"), &beside).unwrap(),
            &|| fs::hard_link(world.path("precious"), &beside).unwrap(),
            &|| assert!(Command::new("mkfifo").arg(&beside).status().unwrap().success()),
        ];
        for make in make {
            make();
            for command in ["list", "verify", "note CHG-1 Words.", "backup never.db"] {
                let output = world.run("carol", command);
                assert_eq!(output.exit, Exit::Broken, "{side}: {command}\n{}", output.screen);
                assert!(output.err.contains("[side-file]"), "{side}: {command}\n{}", output.screen);
            }
            fs::remove_file(&beside).unwrap();
        }
    }
    assert_eq!(fs::read(world.path("precious")).unwrap(), b"precious");
    world.ok("carol", "note CHG-1 Words.");
}

#[test]
fn a_register_on_a_full_or_read_only_disk_is_read_and_nothing_is_recorded() {
    let world = World::filed();
    world.ok("carol", "list");
    fs::create_dir(world.path("kept")).unwrap();
    let script = "mount -t tmpfs -o size=2m none kept
        mv prod.db kept/; sed -i 's#/prod.db\"#/kept/prod.db\"#' people/carol/.config/twinseal/registers.toml
        cat /dev/zero > kept/fill 2> /dev/null && exit 9
        look() {
            for c in 'show CHG-1' list log verify; do as carol $c --register kept/prod.db || exit 8; done
            as carol note CHG-1 Words. --register kept/prod.db && exit 7 || test $? = 4
        }
        look
        mount -o remount,ro kept
        look";
    let Some(output) = in_namespace(&world, script) else { return };
    let said = said(&output);
    assert!(output.status.success(), "{}: {said}", output.status);
    assert_eq!(said.matches("Raise the pool").count(), 4, "{said}");
    assert!(
        said.contains("cannot write beside") && said.contains("hint: nothing was recorded; check whether the disk")
    );
    assert!(said.contains("is on a file system that is mounted read-only"), "{said}");
    assert!(said.contains("hint: nothing was recorded; mount it read-write"), "{said}");
}

#[test]
fn a_register_is_read_while_the_disk_of_the_home_is_full_and_nothing_is_recorded() {
    for cached in [true, false] {
        let world = World::filed();
        world.ok("carol", "list");
        // Carol has not verified this yet, and cannot keep it.
        world.ok("dave", "note CHG-1 Later.");
        if !cached {
            let folder = format!("people/carol/.local/state/twinseal/{}", world.fingerprint());
            for file in ["verified.sqlite", "verified.sqlite-wal", "verified.sqlite-shm"] {
                let _ = fs::remove_file(world.path(&format!("{folder}/{file}")));
            }
        }
        fs::create_dir(world.path("kept")).unwrap();
        let script = "mount -t tmpfs -o size=3m none kept
            cp -a people/carol kept/carol; mv people/carol away; ln -s ../kept/carol people/carol
            cat /dev/zero > kept/fill 2> /dev/null && exit 9
            for c in 'show CHG-1' list log verify; do as carol $c --register prod.db || exit 8; done
            as carol note CHG-1 Words. --register prod.db && exit 7 || test $? = 4";
        let Some(output) = in_namespace(&world, script) else { return };
        let said = said(&output);
        assert!(output.status.success(), "{cached}: {}: {said}", output.status);
        assert!(said.matches("Raise the pool").count() >= 2 && said.contains("added a note"), "{said}");
        assert!(said.contains("warning: no room for the verified cache"), "{said}");
        assert!(said.contains("hint: free space on the disk of your home directory"), "{said}");
    }
}

#[test]
fn no_file_with_holes_fills_the_disk_when_it_is_read() {
    let world = World::filed();
    std::fs::copy(world.path("prod.db"), world.path("sparse.db")).unwrap();
    let room = twinseal::store::free(&world.path("")).unwrap().max(twinseal::store::free("/dev/shm".as_ref()).unwrap());
    std::fs::OpenOptions::new().write(true).open(world.path("sparse.db")).unwrap().set_len(room * 2).unwrap();
    let output = world.run("carol", "list --register sparse.db");
    assert!(output.exit == Exit::Done || output.err.contains("hint: "), "{}", output.screen);
    let left = twinseal::store::free(&world.path("")).unwrap();
    assert!(left > room / 100, "{left} of {room}");
}
