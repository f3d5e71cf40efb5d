//! `doctor` without problems and with each kind of problem.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use crate::support::{Killed, World, stock_tool};
use serde_json::Value;
use twinseal::domain::Time;
use twinseal::error::Exit;

/// A register without problems: its own folder, the permissions that `init` sets, a recent modification time.
fn healthy() -> World {
    let world = World::filed();
    mode(&world, "", 0o2770);
    mode(&world, "prod.db", 0o660);
    written_at(&world, world.now());
    world
}

fn mode(world: &World, name: &str, mode: u32) {
    fs::set_permissions(world.path(name), fs::Permissions::from_mode(mode)).unwrap();
}

/// Sets the modification time of the register's file.
fn written_at(world: &World, time: Time) {
    let time = UNIX_EPOCH + Duration::from_secs(time.unix().try_into().unwrap());
    fs::OpenOptions::new().write(true).open(world.path("prod.db")).unwrap().set_modified(time).unwrap();
}

/// The output of doctor: the name, state, message and hint of each check.
struct Said {
    checks: Vec<[String; 4]>,
    exit: Exit,
}

#[track_caller]
fn doctor(world: &World, person: &str, options: &str) -> Said {
    let output = world.run(person, &format!("doctor --json {options}"));
    let said: Value = serde_json::from_str(&output.out).unwrap();
    let word = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let checks = said["checks"].as_array().unwrap();
    let checks: Vec<_> =
        checks.iter().map(|it| ["check", "state", "detail", "hint"].map(|key| word(it, key))).collect();
    let faults = checks.iter().filter(|it| it[1] == "fault").count();
    assert_eq!(said["faults"], faults);
    assert_eq!(said["warnings"], checks.iter().filter(|it| it[1] == "warning").count());
    assert_eq!(output.exit, if faults == 0 { Exit::Done } else { Exit::Environment }, "{}", output.screen);
    assert!(checks.iter().all(|it| it[1] == "ok" || !it[3].is_empty()), "no way out: {}", output.screen);
    Said { checks, exit: output.exit }
}

impl Said {
    /// Asserts that a check has this state and a message or hint with these words.
    #[track_caller]
    fn says(&self, name: &str, state: &str, words: &str) -> &Self {
        let fits = |it: &[String; 4]| it[0] == name && it[1] == state && it[2..].iter().any(|it| it.contains(words));
        assert!(self.checks.iter().any(fits), "no {state} of {name} with {words:?} in {:#?}", self.checks);
        self
    }

    /// The checks that are not ok, by name and state, except those of this host's disk.
    fn complaints(&self) -> Vec<String> {
        let mine = |it: &&[String; 4]| it[1] != "ok" && !["file system", "free space"].contains(&it[0].as_str());
        self.checks.iter().filter(mine).map(|it| format!("{} {}", it[0], it[1])).collect()
    }
}

#[test]
fn a_healthy_register_has_no_warning_and_no_fault() {
    let world = healthy();
    let before = world.entries();
    let said = doctor(&world, "carol", "");
    assert_eq!(said.complaints(), Vec::<String>::new());
    let names: Vec<&str> = said.checks.iter().map(|it| it[0].as_str()).collect();
    let all = [
        "file",
        "directory",
        "file system",
        "free space",
        "register",
        "pin",
        "verified cache",
        "clock",
        "key",
        "agent",
    ];
    assert_eq!(names, all);
    said.says("file", "ok", "prod.db, mode 0660, writable").says("directory", "ok", "mode 2770, writable");
    said.says("register", "ok", ", newest entry 2").says("pin", "ok", "entry 2 (");
    said.says("verified cache", "ok", "up to entry 2").says("clock", "ok", "2026-12-01T09:00:00Z");
    said.says("key", "ok", "mode 0600, no passphrase, carol's, live").says("agent", "ok", "none");
    assert_eq!(world.entries(), before);
    let page = world.ok("carol", "doctor");
    assert!(page.starts_with("ok            file: ") && page.contains("\nok            key: SHA256:"), "{page}");
}

#[test]
fn rights_that_are_too_wide_or_too_narrow_are_named() {
    let world = healthy();
    for (name, bits, part, words) in [
        ("prod.db", 0o666, "file", "writable by everybody"),
        ("prod.db", 0o664, "file", "readable by everybody"),
        ("prod.db", 0o600, "file", "not readable and writable by its group"),
        ("", 0o777, "directory", "writable by everybody"),
        ("", 0o700, "directory", "not accessible to its group"),
        ("", 0o770, "directory", "new files do not inherit its group"),
    ] {
        mode(&world, name, bits);
        let said = doctor(&world, "carol", "");
        said.says(part, "warning", words).says(part, "warning", "run: chmod ");
        assert_eq!(said.exit, Exit::Done);
        mode(&world, "", 0o2770);
        mode(&world, "prod.db", 0o660);
    }
    // No hint advises changing the permissions of a folder such as /tmp.
    mode(&world, "", 0o1777);
    let said = doctor(&world, "carol", "");
    said.says("directory", "warning", "move the register to a directory of its own group");
    assert!(!said.checks.iter().any(|it| it[3].contains("chmod")));
    mode(&world, "prod.db", 0o440);
    if fs::OpenOptions::new().append(true).open(world.path("prod.db")).is_err() {
        doctor(&world, "carol", "").says("file", "warning", "not writable by this account");
    }
}

#[test]
fn a_register_of_another_group_than_its_directory_is_named() {
    let world = healthy();
    let (folder, file) = (world.path(""), world.path("prod.db"));
    let group = fs::metadata(&folder).unwrap().gid();
    if chown(&file, None, Some(4243)).is_err() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must not skip this test");
        eprintln!("skipped: this test needs permission to change the group of a file");
        return;
    }
    mode(&world, "prod.db", 0o660);
    let said = doctor(&world, "carol", "");
    said.says("directory", "warning", &format!("owned by group {group}, but the register by group 4243"));
    said.says("directory", "warning", &format!("run: chgrp {group} "));
    chown(&file, None, Some(group)).unwrap();
    assert_eq!(doctor(&world, "carol", "").complaints(), Vec::<String>::new());
}

#[test]
fn keys_that_cannot_be_used_are_faults() {
    let world = healthy();
    mode(&world, "people/carol/key", 0o644);
    let said = doctor(&world, "carol", "");
    said.says("key", "fault", "is accessible to other users (mode 644)").says("key", "fault", "run: chmod 600");
    mode(&world, "people/carol/key", 0o600);
    doctor(&world, "carol", "--key nosuch").says("key", "fault", "No such file");
    doctor(&world, "carol", "--as dave").says("key", "fault", "the key belongs to carol, not to dave");
    world.write("no.key", "words\n");
    mode(&world, "no.key", 0o600);
    doctor(&world, "carol", "--key no.key").says("key", "fault", "is not an OpenSSH Ed25519 private key");

    world.ok("carol", "key new --no-passphrase another.key");
    let said = doctor(&world, "carol", "--key another.key");
    said.says("key", "warning", "not enrolled here").says("key", "warning", "twinseal join");
    assert_eq!(said.exit, Exit::Done);
    let key = world.signer("carol").public().fingerprint();
    world.ok("alice", &format!("key suspend {key}"));
    doctor(&world, "carol", "").says("key", "fault", "carol's, suspended").says("key", "fault", "twinseal key lift");
    let key = world.signer("dave").public().fingerprint();
    world.ok("dave", &format!("key revoke {key}"));
    doctor(&world, "dave", "").says("key", "fault", "dave's, revoked");
    world.variable("audrey", "TWINSEAL_KEY", None);
    doctor(&world, "audrey", "").says("key", "warning", "no key given");
}

#[test]
fn the_keys_of_the_agent_are_reported() {
    let world = healthy();
    let socket = world.path("agent").display().to_string();
    world.variable("carol", "SSH_AUTH_SOCK", Some(&socket));
    // A socket without an agent is a problem only if the key must come from the agent.
    drop(UnixListener::bind(&socket).unwrap());
    doctor(&world, "carol", "").says("agent", "ok", "none: cannot reach");
    let said = doctor(&world, "carol", "--key people/carol/key.pub");
    said.says("key", "fault", "cannot reach the ssh-agent").says("agent", "warning", "cannot reach the ssh-agent");
    fs::remove_file(&socket).unwrap();

    if !stock_tool("ssh-agent") || !stock_tool("ssh-add") {
        return;
    }
    let agent = Command::new("ssh-agent").args(["-D", "-a", &socket]).stdout(Stdio::null()).spawn();
    let _agent = Killed(agent.unwrap());
    let listens = (0..500).any(|_| {
        thread::sleep(Duration::from_millis(10));
        UnixStream::connect(&socket).is_ok()
    });
    assert!(listens, "ssh-agent does not listen");
    doctor(&world, "carol", "").says("agent", "ok", "holds no Ed25519 key, or is locked");
    doctor(&world, "carol", "--key people/carol/key.pub").says("key", "fault", "does not hold the key");
    world.variable("carol", "TWINSEAL_KEY", None);
    for person in ["carol", "dave"] {
        let mut add = Command::new("ssh-add");
        add.arg(world.path(&format!("people/{person}/key"))).env("SSH_AUTH_SOCK", &socket).stderr(Stdio::null());
        assert!(add.status().unwrap().success());
        let said = doctor(&world, "carol", "");
        match person {
            "carol" => said.says("key", "ok", "in the ssh-agent, carol's, live"),
            _ => said.says("key", "fault", "holds 2 usable keys").says("agent", "ok", "(key), dave's, live"),
        };
    }
}

#[test]
fn clocks_that_disagree_are_named() {
    let world = healthy();
    for (now, written, words) in [
        ("2026-12-01T08:50:00Z", "2026-12-01T08:50:00Z", "entry 2 by erin claims 2026-12-01T09:00:00Z"),
        ("2026-12-01T09:10:00Z", "2026-12-01T09:20:00Z", "the file was written at 2026-12-01T09:20:00Z"),
        ("2026-12-01T09:00:00Z", "2026-12-01T08:50:00Z", "the file was last written at 2026-12-01T08:50:00Z"),
        ("2028-12-01T09:00:00Z", "2026-12-01T09:00:00Z", "no entry since 2026-12-01T09:00:00Z, 2 y ago"),
    ] {
        world.at(now);
        written_at(&world, written.parse().unwrap());
        doctor(&world, "carol", "").says("clock", "warning", words);
    }
    // A difference below five minutes is tolerated.
    world.at("2026-12-01T08:56:00Z");
    written_at(&world, "2026-12-01T09:00:00Z".parse().unwrap());
    doctor(&world, "carol", "").says("clock", "ok", "");
}

#[test]
fn a_lost_cache_and_a_broken_register_are_named() {
    let world = healthy();
    world.ok("carol", "list");
    let memory = format!("people/carol/.local/state/twinseal/{}", world.fingerprint());
    fs::remove_file(world.path(&format!("{memory}/pin"))).unwrap();
    let said = doctor(&world, "carol", "");
    said.says("pin", "warning", "was missing and has been recreated: entry 2").says("verified cache", "ok", "entry 2");
    world.write(&format!("{memory}/verified.sqlite"), "noise");
    let said = doctor(&world, "carol", "");
    said.says("pin", "ok", "").says("verified cache", "warning", "was missing or damaged and has been rebuilt");
    world.write(&format!("{memory}/pin"), "noise");
    doctor(&world, "carol", "").says("pin", "fault", "is unreadable").says("pin", "fault", "pin.previous");

    world.tamper("UPDATE entry SET blob = CAST(replace(blob, 'change CHG-1', 'change CHG-2') AS BLOB) WHERE seq = 2");
    let said = doctor(&world, "alice", "");
    said.says("register", "fault", "is broken at entry 2").says("register", "fault", "twinseal verify");
    said.says("pin", "ok", "entry 1");
}

#[test]
fn a_register_that_lost_its_end_is_a_fault() {
    let world = healthy();
    world.ok("dave", "list");
    world.tamper("DELETE FROM entry WHERE seq = 2");
    doctor(&world, "dave", "").says("pin", "fault", "lacks entry 2").says("pin", "fault", "truncated");
}

#[test]
fn a_backup_is_no_fault() {
    let world = healthy();
    world.ok("carol", "backup copy.db");
    mode(&world, "copy.db", 0o444);
    let said = doctor(&world, "carol", "--register copy.db");
    said.says("file", "ok", "a backup: read-only");
    assert!(!said.complaints().iter().any(|it| it.starts_with("file") || it.starts_with("directory")));
    world.ok("erin", "note CHG-1 Later.");
    world.ok("carol", "list");
    doctor(&world, "carol", "--register copy.db").says("pin", "ok", "entry 3 of the register; the backup ends earlier");
}

#[test]
fn a_missing_or_unknown_register_is_reported_and_not_trusted() {
    let world = healthy();
    doctor(&world, "carol", "--register nosuch.db").says("register", "fault", "no register at");
    doctor(&world, "carol", "--register change.toml").says("register", "fault", "not an SQLite database");
    doctor(&world, "carol", "--register nosuch").says("register", "fault", "unknown register nosuch");
    world.person("frank");
    for _ in 0..2 {
        let said = doctor(&world, "frank", "");
        said.says("register", "warning", "not yet trusted by this account").says("key", "ok", "no passphrase");
        assert_eq!(said.exit, Exit::Done);
    }
    assert!(!world.path("people/frank/.config").exists(), "it was trusted");

    // Another register with the same name.
    let other = World::with_requests();
    other.ok("alice", "key new --no-passphrase spare");
    other.ok("alice", "init --name prod --member alice=alice.request:admin --member bob=bob.request:admin");
    fs::copy(other.path("prod.db"), world.path("prod.db")).unwrap();
    doctor(&world, "carol", "").says("register", "fault", "wrong register");
}

// On a network file system

/// Runs the program as carol on a host whose mount table says that the register is on NFS. `None` if this system does
/// not allow the test to mount.
fn on_nfs(world: &World, arguments: &str) -> Option<Output> {
    let here = world.path("prod.db").parent().unwrap().display().to_string();
    world.write("mounts", format!("1 0 0:1 / / rw - ext4 /dev/vda rw\n2 1 0:2 / {here} rw - nfs4 server:/srv rw\n"));
    // The mount is in its own namespace, which ends with the process.
    let pretend = "mount -t tmpfs none /proc && mkdir /proc/self && cp mounts /proc/self/mountinfo";
    let outside = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).current_dir(world.path(""));
        command.stdin(Stdio::null()).env_remove("SSH_AUTH_SOCK");
        command
    };
    if !outside(pretend).stderr(Stdio::null()).status().is_ok_and(|it| it.success()) {
        eprintln!("skipped: this system does not let a test mount anything");
        return None;
    }
    let home = world.path("people/carol");
    let mut command = outside(&format!("{pretend} && exec '{}' {arguments}", env!("CARGO_BIN_EXE_twinseal")));
    command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", "prod.db");
    Some(command.output().unwrap())
}

#[test]
fn nothing_is_written_on_a_network_file_system() {
    let world = healthy();
    let said = |output: &Output| {
        let text = [output.stdout.as_slice(), &output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let Some(list) = on_nfs(&world, "list") else { return };
    let (code, text) = said(&list);
    assert!(code == Some(0) && text.contains("CHG-1"), "{text}");
    for person in ["carol", "dave"] {
        world.ok(person, &format!("person request {person} --register other --out {person}.other"));
    }
    world.ok("carol", "backup copy.db");
    let found = "init --name other --register other.db --member carol=carol.other:admin --member dave=dave.other:admin";
    for command in ["note CHG-1 Words.", "rebuild", "restore copy.db", found] {
        let (code, text) = said(&on_nfs(&world, command).unwrap());
        assert_eq!(code, Some(4), "{command}: {text}");
        assert!(text.contains("is on a network file system (nfs4 at "), "{text}");
        assert!(text.contains("hint: move the register to a local disk"), "{text}");
    }
    let (code, text) = said(&on_nfs(&world, "doctor").unwrap());
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("fault         file system: nfs4 at "), "{text}");
    assert_eq!(world.acts(), 3);
    assert!(!world.path("other.db").exists());
}
