//! A world for tests: a folder, people with keys and memories of their own, a fixed clock, randomness that repeats.
//!
//! Commands run in-process through the same `run` as the program.

#![allow(dead_code, reason = "each test file uses a part of it")]

mod log;
mod run;

use std::cell::{Cell, RefCell};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use twinseal::domain::{Digest, PersonId, Refusal, Text, Time, Window};
use twinseal::input::DraftContext;

pub use run::{Output, words};

/// When every world begins.
pub const MORNING: &str = "2026-12-01T09:00:00Z";

/// How long anybody in a world waits for others who write.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// The founding people and their roles.
pub const PEOPLE: [(&str, &str); 6] = [
    ("alice", "admin"),
    ("bob", "admin"),
    ("erin", "engineer,approver"),
    ("carol", "approver"),
    ("dave", "approver"),
    ("audrey", "auditor"),
];

/// A world of its own, gone when it is dropped.
pub struct World {
    folder: TempDir,
    screen: Cell<bool>,
    clock: Rc<Cell<Time>>,
    drawn: Rc<Cell<u64>>,
    variables: RefCell<Vec<(String, String, Option<String>)>>,
}

impl World {
    /// An empty folder at nine in the morning; nobody has a key yet.
    pub fn empty() -> Self {
        Self::empty_called("")
    }

    /// As [`World::empty`], in a folder whose name begins like this.
    pub fn empty_called(name: &str) -> Self {
        let clock = Rc::new(Cell::new(MORNING.parse().unwrap()));
        let (drawn, variables) = (Rc::new(Cell::new(0)), RefCell::default());
        let folder = tempfile::Builder::new().prefix(name).tempdir().unwrap();
        Self { folder, screen: Cell::new(false), clock, drawn, variables }
    }

    /// Six people with keys and requests, and the register `prod` founded by alice and sealed by bob; everybody has
    /// met it.
    pub fn founded() -> Self {
        let world = Self::with_requests();
        let members: Vec<String> =
            PEOPLE.iter().map(|(person, roles)| format!("--member {person}={person}.request:{roles}")).collect();
        world.ok("alice", &format!("init --name prod --register prod.db {}", members.join(" ")));
        let fingerprint = world.fingerprint();
        world.ok("bob", &format!("seal --fingerprint {fingerprint}"));
        for (person, _) in PEOPLE {
            world.ok(person, &format!("list --fingerprint {fingerprint}"));
        }
        world
    }

    /// Six people with keys and requests to found `prod`.
    pub fn with_requests() -> Self {
        let world = Self::empty();
        for (person, _) in PEOPLE {
            world.person(person);
            world.ok(person, &format!("person request {person} --register prod --out {person}.request"));
        }
        world
    }

    /// A founded register with CHG-1 of erin in it, its window open from ten to twelve.
    pub fn filed() -> Self {
        let world = Self::founded();
        world.write("change.toml", CHANGE);
        world.ok("erin", "file change.toml");
        world
    }

    /// As [`World::filed`], approved by carol and dave, at ten.
    pub fn approved() -> Self {
        let world = Self::filed();
        for person in ["carol", "dave"] {
            world.approve(person, "CHG-1");
        }
        world.at("2026-12-01T10:00:00Z");
        world
    }

    /// Gives somebody a home and a key.
    pub fn person(&self, person: &str) {
        fs::create_dir_all(self.path(&format!("people/{person}"))).unwrap();
        self.ok(person, &format!("key new --no-passphrase people/{person}/key"));
    }

    /// A path in the world.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Sets the clock.
    pub fn at(&self, time: &str) {
        self.clock.set(time.parse().unwrap());
    }

    /// From now on, data goes to a screen of 80 columns that shows colours, or into a pipe.
    pub fn on_screen(&self, screen: bool) {
        self.screen.set(screen);
    }

    /// Gives somebody a variable from now on, or takes it away.
    pub fn variable(&self, person: &str, name: &str, value: Option<&str>) {
        self.variables.borrow_mut().push((person.to_owned(), name.to_owned(), value.map(str::to_owned)));
    }

    /// What time it is.
    pub fn now(&self) -> Time {
        self.clock.get()
    }

    /// Sets the clock to the real time, which the program itself goes by, and returns it.
    pub fn at_real_time(&self) -> Time {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        self.clock.set(Time::from_unix(now as i64).unwrap());
        self.now()
    }

    /// Approves the current revision of a change.
    #[track_caller]
    pub fn approve(&self, person: &str, change: &str) {
        self.ok(person, &format!("approve {change} --revision {}", self.revision(change).filed));
    }
}

/// A small change of erin's, its window from ten to twelve.
pub const CHANGE: &str = r#"
title = "Raise the pool"
kind = "normal"
risk = "high"
owner = "erin"
services = ["order-gateway"]
reason = "Orders were rejected at the open."

[window]
start = "2026-12-01T10:00:00Z"
end = "2026-12-01T12:00:00Z"

[impact]
text = "None expected."

[[plan]]
step = "Set the pool to 160."

[rollback]
minutes = 5

[[rollback.steps]]
step = "Set it back to 80."
"#;

/// A note's text.
pub fn note(words: &str) -> Text {
    Text::Remark(twinseal::domain::Field::Note, words.parse().unwrap())
}

/// Whether a stock tool is at hand. A test that needs it says that it was skipped and returns where it is not; on CI
/// (`CI=true`) it must be there.
pub fn stock_tool(name: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&folders).any(|folder| folder.join(name).is_file());
    assert!(there || std::env::var("CI").as_deref() != Ok("true"), "{name} is missing, and CI must not skip");
    if !there {
        eprintln!("skipped: {name} is not installed");
    }
    there
}

/// A draft read without files beside it and without a register.
pub struct Alone;

impl DraftContext for Alone {
    fn digest_of(&self, _: &str) -> io::Result<Digest> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn judge_party(&self, _: &PersonId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_window(&self, _: &Window) -> Result<(), Refusal> {
        Ok(())
    }
}
