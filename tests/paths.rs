//! Paths that are not UTF-8: they work, or are refused by name, and are never altered.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::support::World;

/// A name with a byte that is not UTF-8.
fn odd(name: &str) -> PathBuf {
    PathBuf::from(OsString::from_vec([name.as_bytes(), b"-\xff"].concat()))
}

/// Every path below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries.flat_map(|it| if it.is_dir() { below(&it) } else { vec![it] }).collect()
}

#[test]
fn a_home_and_a_key_whose_paths_are_not_utf_8_are_used_as_they_are() {
    let world = World::filed();
    let home = world.path("").join(odd("home"));
    fs::create_dir(&home).unwrap();
    fs::rename(world.path("people/carol"), &home).unwrap();
    world.raw_variable("carol", "HOME", Some(home.clone().into()));
    world.raw_variable("carol", "TWINSEAL_KEY", Some(home.join("key").into()));
    world.approve("carol", "CHG-1");
    assert!(below(&home).iter().any(|it| it.ends_with("pin")), "{:?}", below(&home));
    assert!(!world.path("people/carol").exists());
    let replaced = |it: &PathBuf| it.as_os_str().as_bytes().windows(3).any(|it| it == "\u{fffd}".as_bytes());
    assert!(!below(&world.path("")).iter().any(replaced));
}

#[test]
fn a_register_whose_path_is_not_utf_8_is_refused_by_name() {
    let world = World::filed();
    let folder = world.path("").join(odd("folder"));
    fs::create_dir(&folder).unwrap();
    fs::copy(world.path("prod.db"), folder.join("prod.db")).unwrap();
    let fingerprint = world.fingerprint().to_string();
    let known = fs::read(world.path("people/carol/.config/twinseal/registers.toml")).unwrap();
    let escaped = "folder-\\xFF/prod.db\" of a register is not UTF-8";
    for command in [&["list"][..], &["verify"], &["init", "--name", "uat", "--member", "carol=carol.request:admin"]] {
        let mut run = world.command("carol", command);
        run.args(["--register", "prod.db", "--fingerprint", &fingerprint]).current_dir(&folder);
        let output = run.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(escaped), "{command:?} {said}");
    }
    let run = world.command("carol", &["list", "--register"]).arg(odd("prod.db")).output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(run.status.code() == Some(2) && said.contains("the argument \"prod.db-\\xFF\" is not UTF-8"), "{said}");
    world.raw_variable("carol", "TWINSEAL_REGISTER", Some(odd("prod.db").into()));
    let said = world.run("carol", "list").err;
    assert!(said.contains("TWINSEAL_REGISTER (\"prod.db-\\xFF\") is not UTF-8"), "{said}");
    assert_eq!(fs::read(world.path("people/carol/.config/twinseal/registers.toml")).unwrap(), known);
}

#[test]
fn files_whose_paths_are_not_utf_8_are_read_and_written() {
    let world = World::filed();
    let (draft, backup) = (odd("change.toml"), odd("backup.db"));
    fs::copy(world.path("change.toml"), world.path("").join(&draft)).unwrap();
    let run = world.command("erin", &["check"]).arg(&draft).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let run = world.command("erin", &["backup"]).arg(&backup).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(world.path("").join(&backup).is_file());
}

#[test]
fn a_home_behind_a_symbolic_link_works() {
    let world = World::filed();
    world.ok("erin", "backup copy.db");
    let people = world.path("people");
    std::fs::rename(people.join("carol"), people.join("real")).unwrap();
    std::os::unix::fs::symlink(people.join("real"), people.join("carol")).unwrap();
    for command in
        ["list", "verify --register copy.db", "list --register copy.db", "backup other.db", "repair --out valid.db"]
    {
        world.ok("carol", command);
    }
    // First contact reads a private copy.
    std::fs::create_dir(people.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(people.join("elsewhere"), people.join("nobody")).unwrap();
    world.ok("nobody", &format!("list --fingerprint {}", world.fingerprint()));
}
