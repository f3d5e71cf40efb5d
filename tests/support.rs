//! A test environment: a temporary folder, people with their own keys and pins, a fixed clock, seeded randomness.
//!
//! Commands run in-process through the same `run` as the program.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod log;
mod run;
pub mod server;
pub mod token;

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use twinseal::domain::{ChangeId, Digest, FreezeName, PersonId, Refusal, ServiceId, Text, Time, Window};
use twinseal::input::{DraftContext, Problem};
use twinseal::lang::Lang;

pub use run::{Killed, Output, words};
use server::Server;

/// The time at which every test begins.
pub const MORNING: &str = "2026-12-01T09:00:00Z";

/// How long a command waits for other writers.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// The founding members and their roles.
pub const PEOPLE: [(&str, &str); 6] = [
    ("alice", "admin"),
    ("bob", "admin"),
    ("erin", "engineer,approver"),
    ("carol", "approver"),
    ("dave", "approver"),
    ("audrey", "auditor"),
];

/// A temporary folder with people and registers, deleted on drop.
pub struct World {
    folder: TempDir,
    server: OnceCell<Server>,
    screen: Cell<bool>,
    columns: Cell<Option<u16>>,
    lang: Cell<Lang>,
    clock: Rc<Cell<Time>>,
    drawn: Rc<Cell<u64>>,
    variables: RefCell<Vec<(String, String, Option<OsString>)>>,
}

impl World {
    /// An empty folder at 09:00 without keys.
    pub fn empty() -> Self {
        Self::empty_called("")
    }

    /// Like [`World::empty`], in a folder whose name has this prefix.
    pub fn empty_called(name: &str) -> Self {
        Self::empty_in(tempfile::Builder::new().prefix(name).tempdir().unwrap())
    }

    /// Like [`World::empty`], in this folder.
    pub fn empty_in(folder: TempDir) -> Self {
        let clock = Rc::new(Cell::new(MORNING.parse().unwrap()));
        let (drawn, variables) = (Rc::new(Cell::new(0)), RefCell::default());
        let (screen, columns, lang) = (Cell::new(false), Cell::new(None), Cell::default());
        Self { folder, server: OnceCell::new(), screen, columns, lang, clock, drawn, variables }
    }

    /// Six people with keys and requests, and the register `prod`, created by alice and sealed by bob. Every account
    /// knows it.
    pub fn founded() -> Self {
        Self::founded_by(&PEOPLE, server::is_asked_for())
    }

    /// Like [`World::founded`], on a server.
    pub fn founded_on_server() -> Self {
        Self::founded_by(&PEOPLE, true)
    }

    /// Like [`World::founded`], with two more approvers: enough if some of the others have a conflict of interest.
    pub fn founded_with_spare_approvers() -> Self {
        let people = [&PEOPLE[..], &[("ivy", "approver"), ("jack", "approver")]].concat();
        Self::founded_by(&people, server::is_asked_for())
    }

    fn founded_by(people: &[(&str, &str)], on_server: bool) -> Self {
        let world = Self::requested_by(people);
        let members: Vec<String> =
            people.iter().map(|(person, roles)| format!("--member {person}={person}.request:{roles}")).collect();
        if on_server {
            world.on_server();
        }
        world.ok("alice", &format!("init --name prod --register {} {}", world.place(), members.join(" ")));
        let fingerprint = world.fingerprint();
        world.ok("bob", &format!("seal --fingerprint {fingerprint} --digest {fingerprint}"));
        for (person, _) in people {
            world.ok(person, &format!("list --fingerprint {fingerprint}"));
        }
        world
    }

    /// Six people with keys and enrolment requests for `prod`.
    pub fn with_requests() -> Self {
        Self::requested_by(&PEOPLE)
    }

    fn requested_by(people: &[(&str, &str)]) -> Self {
        let world = Self::empty();
        for (person, roles) in people {
            world.person(person);
            let request = format!("person request {person} --register prod --role {roles} --out {person}.request");
            world.ok(person, &request);
        }
        world
    }

    /// A founded register with CHG-1, filed by erin; its window is from 10:00 to 12:00.
    pub fn filed() -> Self {
        let world = Self::founded();
        world.write("change.toml", CHANGE);
        world.ok("erin", "file change.toml");
        world
    }

    /// Like [`World::filed`], with CHG-1 approved by carol and dave; the clock is at 10:00.
    pub fn approved() -> Self {
        let world = Self::filed();
        for person in ["carol", "dave"] {
            world.approve(person, "CHG-1");
        }
        world.at("2026-12-01T10:00:00Z");
        world
    }

    /// Creates a person's home and key.
    pub fn person(&self, person: &str) {
        fs::create_dir_all(self.path(&format!("people/{person}"))).unwrap();
        self.ok(person, &format!("key new --no-passphrase people/{person}/key"));
    }

    /// From now on `prod` is a register on a PostgreSQL server.
    pub fn on_server(&self) -> &Server {
        self.server.get_or_init(Server::start)
    }

    /// The server of the register, if it is on one.
    pub fn server(&self) -> Option<&Server> {
        self.server.get()
    }

    /// Where the register is: its file, or the address of its server.
    pub fn place(&self) -> String {
        self.server.get().map_or_else(|| "prod.db".to_owned(), Server::address)
    }

    /// A path in the temporary folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub fn at(&self, time: &str) {
        self.clock.set(time.parse().unwrap());
    }

    /// Whether standard output is a colour terminal of 80 columns (otherwise it is a pipe).
    pub fn on_screen(&self, screen: bool) {
        self.screen.set(screen);
    }

    /// Whether standard output and standard error are terminals without colours, of this many columns.
    pub fn columns(&self, columns: Option<u16>) {
        self.columns.set(columns);
    }

    /// The language of what everybody reads from now on.
    pub fn speak(&self, lang: Lang) {
        self.lang.set(lang);
    }

    /// Sets or removes an environment variable for a person's later commands.
    pub fn variable(&self, person: &str, name: &str, value: Option<&str>) {
        self.raw_variable(person, name, value.map(OsString::from));
    }

    /// Like [`World::variable`], for a value that need not be UTF-8.
    pub fn raw_variable(&self, person: &str, name: &str, value: Option<OsString>) {
        self.variables.borrow_mut().push((person.to_owned(), name.to_owned(), value));
    }

    /// The time of the clock.
    pub fn now(&self) -> Time {
        self.clock.get()
    }

    /// Sets the clock to the real time, which a spawned program uses, and returns it.
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

/// A small draft by erin with a window from 10:00 to 12:00.
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

/// A calendar that a proposal can set.
pub const CALENDAR: &str = r#"
name = "market-cn"
reason = "The trading days."
known_until = "2026-12-05T00:00:00Z"

[[periods]]
name = "Friday"
from = "2026-12-04T00:30:00Z"
until = "2026-12-04T12:00:00Z"
"#;

/// The services that [`CHANGE`] names and what they need.
pub const SERVICES: &str = "
[[service]]
id = 'order-gateway'
owner = 'erin'
team = 'gateway'
tier = 1
kind = 'gateway'
environment = 'prod'
depends_on = ['orders-db']

[[service]]
id = 'orders-db'
name = 'Order database'
owner = 'dave'
team = 'dba'
tier = 2
kind = 'database'
environment = 'prod'
tags = ['postgres']
";

/// A template whose one blank is the node of a gateway.
pub const TEMPLATE: &str = r#"
name = "restart-gateway"
until = "2027-06-30T00:00:00Z"
lead_minutes = 30
risk = "low"
services = ["order-gateway", "orders-db"]
environments = ["prod", "uat"]
most_targets = 2
reason = "It is done every week."
security = "No effect."

[blanks.node]
pattern = "gw-##"

[impact]
text = "Orders through {{node}} wait for a few seconds."
outage_minutes = 1

[[plan]]
step = "Restart {{node}}."
command = "systemctl restart gateway@{{node}}"
args = ["systemctl", "restart", "gateway@{{node}}"]

[[plan]]
step = "See that it answers."

[rollback]
minutes = 5
abort_if = ["{{node}} is down for a minute"]

[[rollback.steps]]
step = "Fail over from {{node}}."
shell = "failover {{node}}"
cwd = "/srv/{{node}}"

[[tests]]
what = "Restarted a gateway in uat."
result = "It answered after two seconds."
"#;

/// A draft by erin from [`TEMPLATE`], with the window of [`CHANGE`].
pub const STANDARD: &str = r#"
title = "Restart the first gateway"
template = "restart-gateway"
owner = "erin"
services = ["order-gateway"]
environments = ["prod"]
reason = "Its memory grows."

[values]
node = "gw-01"

[window]
start = "2026-12-01T10:00:00Z"
end = "2026-12-01T12:00:00Z"
"#;

/// A freeze that is closed from 11:00 to 12:00 and during the year's end.
pub const FREEZE: &str = r#"
name = "month-end"
exception_group = "finance"
known_until = "complete"
reason = "The books are closed."

[[periods]]
name = "noon"
from = "2026-12-01T11:00:00Z"
until = "2026-12-01T12:00:00Z"

[[periods]]
name = "December"
from = "2026-12-31T10:00:00Z"
until = "2027-01-04T01:00:00Z"
"#;

/// The text part of a note.
pub fn note(words: &str) -> Text {
    Text::Remark(twinseal::domain::Field::Note, words.parse().unwrap())
}

/// Whether a stock tool is installed. A test that needs a missing tool prints that it is skipped, and returns. On CI
/// (`CI=true`) a missing tool fails the test.
pub fn stock_tool(name: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&folders).any(|folder| folder.join(name).is_file());
    assert!(there || std::env::var("CI").as_deref() != Ok("true"), "{name} is missing, and CI must not skip");
    if !there {
        eprintln!("skipped: {name} is not installed");
    }
    there
}

/// Context for reading a draft without artifacts and without a register.
pub struct Alone;

impl DraftContext for Alone {
    fn judge_service(&self, _: &ServiceId) -> Result<(), Problem> {
        Ok(())
    }

    fn digest_of(&self, _: &str) -> io::Result<Digest> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn judge_party(&self, _: &PersonId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_author(&self, _: &PersonId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_follows(&self, _: ChangeId) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_time_left(&self, _: &Window, _: u64) -> Result<(), Refusal> {
        Ok(())
    }

    fn judge_exception(&self, _: &FreezeName) -> Result<Digest, Refusal> {
        Ok(Digest::NONE)
    }

    fn freezes(&self) -> Vec<FreezeName> {
        Vec::new()
    }

    fn judge_window(&self, _: &Window) -> Result<(), Refusal> {
        Ok(())
    }
}
