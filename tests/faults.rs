//! Crashes, full disks and lost power: an entry is there whole or not at all, what was said to be recorded is recorded,
//! and whoever comes next needs no help.

pub mod kill;
mod power;
mod steps;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::support::{CHANGE, World, stock_tool};
use tempfile::TempDir;
use twinseal::error::Exit;

/// A world whose draft can be filed by the real clock, and names an artifact.
fn founded() -> World {
    let world = World::founded();
    let now = world.at_real_time();
    let change = CHANGE
        .replace("2026-12-01T10:00:00Z", &now.to_string())
        .replace("2026-12-01T12:00:00Z", &now.plus(7200).to_string());
    world.write("gateway.tar", "the new gateway");
    world.write("change.toml", change + "\n[[artifacts]]\nname = \"gateway\"\nfile = \"gateway.tar\"\n");
    world
}

/// The same, with CHG-1 filed.
fn filed() -> World {
    let world = founded();
    world.ok("erin", "file change.toml");
    world
}

/// Nothing is between before and after: the tables hold what the log holds, both for somebody who was there and for
/// somebody who was not.
#[track_caller]
fn is_whole(world: &World, person: &str, told: &str) {
    for who in [person, "stranger"] {
        let verified = world.run(who, "verify");
        assert_eq!(verified.exit, Exit::Done, "{told}\n{who}: {}", verified.screen);
    }
}

/// What stands between the program and the system, compiled once; none where there is no compiler.
fn injector() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<(TempDir, PathBuf)>> = OnceLock::new();
    let compile = || {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("inject.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/inject.c");
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).args([&library, &source]);
        assert!(cc.status().unwrap().success());
        (folder, library)
    };
    let library = LIBRARY.get_or_init(|| stock_tool("cc").then(compile));
    library.as_ref().map(|(_, library)| library.as_path())
}

/// A call of the program's that touched a file of the world, or said something.
struct Call {
    name: String,
    offset: u64,
    bytes: Vec<u8>,
    path: PathBuf,
}

/// The calls that the injector wrote down.
fn calls(log: &Path) -> Vec<Call> {
    let (mut calls, bytes) = (Vec::new(), fs::read(log).unwrap());
    let mut rest = bytes.as_slice();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(&rest[..end]).unwrap();
        let [name, offset, length, path] = line.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
        let (bytes, after) = rest[end + 1..].split_at(length.parse().unwrap());
        let (name, offset) = (name.to_owned(), offset.parse().unwrap());
        calls.push(Call { name, offset, bytes: bytes.to_vec(), path: path.into() });
        rest = after;
    }
    calls
}

/// A world that can be put back as it was.
struct Stage {
    world: World,
    kept: TempDir,
}

impl Stage {
    fn new(world: World) -> Self {
        let kept = tempfile::tempdir().unwrap();
        copy(&world.path(""), kept.path());
        Self { world, kept }
    }

    fn put_back(&self) {
        empty(&self.world.path(""));
        copy(self.kept.path(), &self.world.path(""));
    }

    /// Runs a command as somebody whose calls the injector watches, and perhaps lets fail.
    fn run(&self, person: &str, words: &[&str], settings: &[(&str, &str)]) -> Output {
        let mut command = self.world.command(person, words);
        command.env("LD_PRELOAD", injector().unwrap()).env("FAULT_UNDER", self.world.path(""));
        command.envs(settings.iter().copied()).output().unwrap()
    }
}

/// Removes everything in a folder.
fn empty(folder: &Path) {
    for item in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
        if item.is_dir() { fs::remove_dir_all(item) } else { fs::remove_file(item) }.unwrap();
    }
}

/// Copies what is in a folder, with its rights.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for item in fs::read_dir(from).unwrap().map(|item| item.unwrap().path()) {
        let to = to.join(item.file_name().unwrap());
        if item.is_dir() { copy(&item, &to) } else { fs::copy(&item, to).map(drop).unwrap() }
    }
}

/// The names of all files and folders below a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for item in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
        found.insert(item.display().to_string());
        if item.is_dir() {
            found.extend(names(&item));
        }
    }
    found
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
