//! The files of an account: nobody else may write them, and no command creates one in another account's home.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::World;
use twinseal::error::Exit;
use twinseal::private;

/// Every file and directory that twinseal keeps for a person.
fn own_files(world: &World, person: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders =
        [".config/twinseal", ".local/state/twinseal"].map(|it| world.path(&format!("people/{person}/{it}"))).to_vec();
    while let Some(folder) = folders.pop() {
        found.push(folder.clone());
        for path in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

#[test]
fn no_umask_opens_the_files_of_an_account_to_others_or_locks_it_out() {
    let world = World::filed();
    world.at_real_time();
    let register = world.path("prod.db");
    let arguments =
        ["list", "--register", register.to_str().unwrap(), "--fingerprint", &world.fingerprint()].map(str::to_owned);
    let program = env!("CARGO_BIN_EXE_twinseal");
    for (person, umask) in [("frank", "000"), ("grace", "0177"), ("heidi", "0777")] {
        world.person(person);
        let home = world.path(&format!("people/{person}"));
        let run = |arguments: &str| {
            let line = format!("umask {umask}; exec {program} {arguments}");
            let ran = Command::new("sh").args(["-c", &line]).current_dir(&home).env("HOME", &home).output().unwrap();
            assert!(ran.status.success(), "{umask}: {}", String::from_utf8_lossy(&ran.stderr));
        };
        run(&arguments.join(" "));
        let files = own_files(&world, person);
        assert!(files.len() > 6, "{files:?}");
        for path in files {
            assert_eq!(mode(&path), if path.is_dir() { 0o700 } else { 0o600 }, "{umask}: {}", path.display());
        }
        // A request may be read by others, and written by nobody else.
        let out = world.path(&format!("{person}.request"));
        run(&format!("--key key person request {person} --register new --out {}", out.display()));
        assert_eq!(mode(&out), if umask == "000" { 0o644 } else { 0o600 }, "{umask}");
    }
}

#[test]
fn no_settings_trusted_register_pin_or_directory_are_believed_that_others_can_write() {
    let world = World::filed();
    world.ok("carol", "list");
    let state = format!(".local/state/twinseal/{}", world.fingerprint());
    world.write("people/carol/.config/twinseal/config.toml", "as = \"carol\"\n");
    let config = [".config/twinseal/registers.toml", ".config/twinseal/config.toml"].map(str::to_owned);
    let folders = [".config/twinseal", ".local/state/twinseal"].map(str::to_owned);
    let kept = [format!("{state}/pin"), state.clone(), format!("{state}/verified.sqlite")];
    for name in config.into_iter().chain(folders).chain(kept) {
        let path = world.path(&format!("people/carol/{name}"));
        for wrong in [0o020, 0o002] {
            let right = mode(&path);
            fs::set_permissions(&path, Permissions::from_mode(right | wrong)).unwrap();
            for command in ["list", "verify", "note CHG-1 Words."] {
                let complaint = format!("can be written by others (mode {:04o})", right | wrong);
                world.fails("carol", command, Exit::Environment, &complaint);
            }
            assert!(world.run("carol", "doctor").screen.contains("can be written by others"), "{name}");
            fs::set_permissions(&path, Permissions::from_mode(right)).unwrap();
        }
    }
    world.ok("carol", "note CHG-1 Words.");
}

#[test]
fn no_file_is_made_in_the_home_of_another_account() {
    let world = World::filed();
    world.ok("carol", "list");
    let home = world.path("people/carol");
    if chown(&home, Some(54_321), None).is_err() {
        return; // Only root can give a directory away.
    }
    // Its own files were made by the account that runs the tests.
    let state = home.join(".local/state/twinseal");
    fs::remove_dir_all(&state).unwrap();
    for path in [".local", ".local/state", ".config"] {
        chown(home.join(path), Some(54_321), None).unwrap();
    }
    let owner = "belongs to uid 54321, and this is root (uid 0)";
    world.fails("carol", "list", Exit::Environment, owner);
    assert!(!state.exists());
    // A trust list that another account wrote is not believed either.
    let trusted = home.join(".config/twinseal/registers.toml");
    chown(&trusted, Some(54_321), None).unwrap();
    world.fails("carol", "list", Exit::Environment, owner);
}

#[test]
fn no_key_in_memory_reaches_a_core_dump() {
    let world = World::filed();
    world.at_real_time();
    // The process waits for its own standard input, so that its limits can be read.
    let mut child = world.command("carol", &["check", "-"]).stdin(std::process::Stdio::piped()).spawn().unwrap();
    let limits = format!("/proc/{}/limits", child.id());
    let core = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        let limits = fs::read_to_string(&limits).ok()?;
        limits
            .lines()
            .find(|line| line.starts_with("Max core file size"))
            // Until the program has set them, its limits are those of the test.
            .filter(|line| line.split_whitespace().filter(|word| *word == "0").count() == 2)
            .map(str::to_owned)
    });
    // A process that is not dumpable belongs to root in /proc.
    let owner = fs::metadata(format!("/proc/{}/status", child.id())).unwrap().uid();
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(core.is_some(), "a core dump is allowed");
    assert_eq!(owner, 0);
}

#[test]
fn a_current_directory_that_was_removed_stops_no_command_with_absolute_paths() {
    let world = World::filed();
    world.at_real_time();
    fs::create_dir(world.path("gone")).unwrap();
    let mut list = world.command("carol", &["list", "--register", world.path("prod.db").to_str().unwrap()]);
    let (gone, program) = (world.path("gone"), list.get_program().to_owned());
    let line = format!("cd {0} && rmdir {0} && exec \"$0\" \"$@\"", gone.display());
    let arguments: Vec<_> = list.get_args().map(ToOwned::to_owned).collect();
    let envs: Vec<_> = list.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    let ran = Command::new("sh").arg("-c").arg(line).arg(program).args(arguments).envs(envs).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{said}");
    assert!(said.contains("the current directory cannot be read"), "{said}");
    let _ = list.arg("unused");
}

#[test]
fn no_lock_is_held_by_two() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lock");
    let held = private::lock(&path).unwrap();
    let (send, receive) = mpsc::channel();
    let waiter = thread::spawn(move || {
        let _lock = private::lock(&path).unwrap();
        send.send(()).unwrap();
    });
    assert!(receive.recv_timeout(Duration::from_millis(300)).is_err(), "both hold it");
    drop(held);
    receive.recv_timeout(Duration::from_secs(20)).unwrap();
    waiter.join().unwrap();
}

#[test]
fn no_other_process_of_an_account_reads_the_memory_with_its_keys() {
    const NOBODY: u32 = 65_534;
    let world = World::empty();
    let (home, program) = (world.path("nobody"), world.path("twinseal"));
    fs::create_dir(&home).unwrap();
    // To root, every process looks as if it were root's.
    if chown(&home, Some(NOBODY), Some(NOBODY)).is_err() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must not skip this test");
        eprintln!("skipped: this test needs permission to change its user id");
        return;
    }
    fs::copy(env!("CARGO_BIN_EXE_twinseal"), &program).unwrap();
    [world.path(""), program.clone()]
        .iter()
        .for_each(|it| fs::set_permissions(it, Permissions::from_mode(0o755)).unwrap());
    let mut command = Command::new(program);
    command.args(["check", "-"]).current_dir(&home).env_clear().env("HOME", &home).uid(NOBODY).gid(NOBODY);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // The files of a process that is not dumpable belong to root.
    let status = format!("/proc/{}/status", child.id());
    let hidden = (0..200).any(|_| {
        thread::sleep(Duration::from_millis(10));
        fs::metadata(&status).is_ok_and(|it| it.uid() == 0)
    });
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(hidden);
}
