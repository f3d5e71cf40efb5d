//! A world for tests: a folder, people with keys and memories of their own, a fixed clock, randomness that repeats.
//!
//! Commands run in-process through the same `run` as the program.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use twinseal::cli;
use twinseal::domain::{
    Change, ChangeId, Digest, Event, Header, PersonId, Refusal, Register, RevisionRef, Text, Time, Window,
};
use twinseal::env::{Console, Env};
use twinseal::error::{Error, Exit};
use twinseal::format::{Raw, Unsigned, entry, text};
use twinseal::input::Surroundings;
use twinseal::record::{Plan, seal_entry};
use twinseal::signer::{KeyError, KeyFile, Signer};
use zeroize::Zeroizing;

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

/// What a command did.
#[derive(Debug)]
pub struct Output {
    /// Its exit code.
    pub exit: Exit,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// Both, in the order in which they were written.
    pub screen: String,
}

/// Writes into its own buffer and onto the common screen.
struct Pen {
    own: Rc<RefCell<Vec<u8>>>,
    screen: Rc<RefCell<Vec<u8>>>,
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.own.borrow_mut().extend_from_slice(bytes);
        self.screen.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Somebody at a terminal who types prepared answers; nobody, where there are none.
struct Typist {
    answers: VecDeque<String>,
    there: bool,
    screen: Rc<RefCell<Vec<u8>>>,
}

impl Console for Typist {
    fn is_there(&self) -> bool {
        self.there
    }

    fn can_hide(&self) -> bool {
        self.there
    }

    fn ask(&mut self, question: &str) -> io::Result<String> {
        let answer = self.answers.pop_front().unwrap_or_default();
        writeln!(self.screen.borrow_mut(), "{question} {answer}")?;
        Ok(answer)
    }

    fn secret(&mut self, question: &str) -> io::Result<Zeroizing<String>> {
        writeln!(self.screen.borrow_mut(), "{question}")?;
        Ok(Zeroizing::new(self.answers.pop_front().unwrap_or_default()))
    }
}

/// Splits a command line as a shell does, with single and double quotes.
pub fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
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

    /// The door to this world for one command of somebody.
    fn env(&self, person: &str, typed: Option<&[&str]>) -> (Env, [Rc<RefCell<Vec<u8>>>; 3]) {
        let [out, err, screen] = std::array::from_fn(|_| Rc::new(RefCell::new(Vec::new())));
        let home = self.path(&format!("people/{person}"));
        let variable = |name: &str, value: String| (name.to_owned(), value);
        let mut variables = HashMap::from([
            variable("HOME", home.display().to_string()),
            variable("TWINSEAL_KEY", home.join("key").display().to_string()),
            variable("TWINSEAL_REGISTER", "prod.db".to_owned()),
        ]);
        for (_, name, value) in self.variables.borrow().iter().filter(|(whose, ..)| whose == person) {
            match value {
                Some(value) => variables.insert(name.clone(), value.clone()),
                None => variables.remove(name),
            };
        }
        let (clock, drawn) = (Rc::clone(&self.clock), Rc::clone(&self.drawn));
        let answers = typed.unwrap_or_default().iter().map(|it| (*it).to_owned()).collect();
        let env = Env {
            variables,
            folder: self.folder.path().to_owned(),
            clock: Box::new(move || clock.get()),
            random: Box::new(move |bytes| {
                for chunk in bytes.chunks_mut(32) {
                    drawn.set(drawn.get() + 1);
                    chunk.copy_from_slice(&Sha256::digest(drawn.get().to_be_bytes())[..chunk.len()]);
                }
                Ok(())
            }),
            console: Box::new(Typist { answers, there: typed.is_some(), screen: Rc::clone(&screen) }),
            input: Box::new(io::empty()),
            out: Box::new(Pen { own: Rc::clone(&out), screen: Rc::clone(&screen) }),
            err: Box::new(Pen { own: Rc::clone(&err), screen: Rc::clone(&screen) }),
            width: self.screen.get().then_some(80),
            colour: self.screen.get(),
            progress: false,
            patience: PATIENCE,
        };
        (env, [out, err, screen])
    }

    /// Runs a command as somebody, without a terminal.
    pub fn run(&self, person: &str, command: &str) -> Output {
        self.run_words(person, &words(command), None)
    }

    /// Runs a command as somebody who types these answers on a terminal.
    pub fn run_typing(&self, person: &str, command: &str, typed: &[&str]) -> Output {
        self.run_words(person, &words(command), Some(typed))
    }

    /// Runs a command as somebody, with standard input from elsewhere.
    pub fn run_reading(&self, person: &str, command: &str, input: &'static str) -> Output {
        let (mut env, buffers) = self.env(person, None);
        env.input = Box::new(input.as_bytes());
        Self::run_in(&mut env, buffers, &words(command))
    }

    /// Runs words as somebody.
    pub fn run_words(&self, person: &str, words: &[String], typed: Option<&[&str]>) -> Output {
        let (mut env, buffers) = self.env(person, typed);
        Self::run_in(&mut env, buffers, words)
    }

    fn run_in(env: &mut Env, buffers: [Rc<RefCell<Vec<u8>>>; 3], words: &[String]) -> Output {
        let args = std::iter::once("twinseal".to_owned()).chain(words.iter().cloned()).map(Into::into);
        let exit = cli::run(args, env);
        let [out, err, screen] = buffers.map(|it| String::from_utf8(it.borrow().clone()).unwrap());
        Output { exit, out, err, screen }
    }

    /// The program itself, for somebody without a terminal. Its clock is the real one.
    pub fn command(&self, person: &str, arguments: &[&str]) -> Command {
        let home = self.path(&format!("people/{person}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
        command.args(arguments).current_dir(self.path("")).env_clear();
        command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", "prod.db");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Sets the clock to the real time, which the program itself goes by, and returns it.
    pub fn at_real_time(&self) -> Time {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        self.clock.set(Time::from_unix(now as i64).unwrap());
        self.now()
    }

    /// Runs a command that must be done, and returns its standard output.
    #[track_caller]
    pub fn ok(&self, person: &str, command: &str) -> String {
        let output = self.run(person, command);
        assert_eq!(output.exit, Exit::Done, "{person}: {command}\n{}", output.screen);
        output.out
    }

    /// Runs a command that must end with this exit code, and whose complaint must contain these words; then makes
    /// sure that nothing was recorded.
    #[track_caller]
    pub fn fails(&self, person: &str, command: &str, exit: Exit, complaint: &str) {
        let before = self.acts();
        let output = self.run(person, command);
        assert_eq!(output.exit, exit, "{person}: {command}\n{}", output.screen);
        assert!(output.err.contains(complaint), "{person}: {command}\nnot {complaint:?} but\n{}", output.screen);
        assert_eq!(self.acts(), before, "{person}: {command} recorded something");
    }

    /// How many entries say that something was done: all but those that say that somebody was refused.
    pub fn acts(&self) -> u64 {
        if !self.path("prod.db").exists() {
            return 0;
        }
        let acts = "SELECT count(*) FROM entry WHERE instr(blob, ?1) <> 1 AND instr(blob, ?2) <> 1";
        let refused = ["twinseal/change.refused/", "twinseal/proposal.refused/"].map(str::as_bytes);
        self.sql().query_row(acts, refused, |row| row.get(0)).unwrap_or(0)
    }

    /// Approves the current revision of a change.
    #[track_caller]
    pub fn approve(&self, person: &str, change: &str) {
        self.ok(person, &format!("approve {change} --revision {}", self.revision(change).filed));
    }

    /// The fingerprint of the register.
    pub fn fingerprint(&self) -> String {
        self.raw(0).leaf().to_string()
    }

    /// A connection to the register's file, past twinseal, with every protection off.
    pub fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("prod.db")).unwrap()
    }

    /// Carries out SQL on the register's file behind twinseal's back. Triggers of the log are dropped for it and put
    /// back, as an adversary would.
    pub fn tamper(&self, sql: &str) {
        let db = self.sql();
        let mut select = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
        let triggers: Vec<(String, String)> =
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        triggers.iter().for_each(|(name, _)| db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
        db.execute_batch(sql).unwrap();
        triggers.iter().for_each(|(_, sql)| db.execute_batch(sql).unwrap());
    }

    /// How many entries the log has.
    pub fn entries(&self) -> u64 {
        if !self.path("prod.db").exists() {
            return 0;
        }
        self.sql().query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap_or(0)
    }

    /// The entry in a row.
    pub fn raw(&self, seq: u64) -> Raw {
        let row = |row: &rusqlite::Row<'_>| Ok(Raw { seq: row.get(0)?, blob: row.get(1)?, text: row.get(2)? });
        self.sql().query_row("SELECT seq, blob, text FROM entry WHERE seq = ?1", [seq], row).unwrap()
    }

    /// The state that the entries make, by the fold alone.
    pub fn state(&self) -> Register {
        let mut state = Register::default();
        for seq in 0..self.entries() {
            let raw = self.raw(seq);
            let (header, event) = entry::facts(&raw).unwrap();
            state.apply(&header, raw.leaf(), &event);
        }
        state
    }

    /// A change as it stands.
    pub fn change(&self, change: &str) -> Change {
        let id: ChangeId = change.parse().unwrap();
        self.state().change(id).unwrap().clone()
    }

    /// The current revision of a change.
    pub fn revision(&self, change: &str) -> RevisionRef {
        self.change(change).current().id
    }

    /// Somebody's key.
    pub fn signer(&self, person: &str) -> Signer {
        let key = KeyFile::read(&self.path(&format!("people/{person}/key"))).unwrap();
        key.unlock(|path: &Path| Err(KeyError::NeedsPassphrase { path: path.to_owned() })).unwrap()
    }

    /// What the writer says when somebody wants to record this at the head.
    pub fn propose(&self, person: &str, event: Event, text: Option<Text>) -> Result<(), Error> {
        let (mut env, _) = self.env(person, None);
        let state = self.state();
        let id = state.id().unwrap().clone();
        let plan = Plan { event, text };
        seal_entry(&mut env, &state, id, person.parse().unwrap(), &self.signer(person), plan).map(|_| ())
    }

    /// What somebody's next entry says before it says what was done.
    pub fn header(&self, person: &str, event: &Event) -> Header {
        let state = self.state();
        let position = state.position(event.change());
        Header {
            register: state.id().unwrap().clone(),
            seq: position.seq,
            prev: position.prev,
            governance: position.governance,
            last: position.last,
            time: self.now(),
            actor: person.parse().unwrap(),
            key: self.signer(person).public().fingerprint(),
            text: None,
        }
    }

    /// Signs an entry properly and puts it at the head by force, whatever the rules say. Returns its place.
    pub fn force(&self, person: &str, event: Event, words: Option<Text>) -> u64 {
        self.force_signed(person, &self.signer(person), event, words)
    }

    /// As [`World::force`], with a key of one's choice.
    pub fn force_signed(&self, person: &str, signer: &Signer, event: Event, words: Option<Text>) -> u64 {
        let (bytes, reference) = words.as_ref().map(|words| text::write(words, [7; 16])).unzip();
        let (key, header) = (signer.public().fingerprint(), self.header(person, &event));
        let header = Header { key, text: reference, ..header };
        let unsigned = Unsigned::new(&header, &event, bytes).unwrap();
        let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
        let (raw, _) = unsigned.seal(&signature).unwrap();
        self.insert(&raw);
        raw.seq
    }

    /// Records events in a row, as the program would but in one transaction: a long log, quickly made.
    pub fn record_all(&self, person: &str, events: impl IntoIterator<Item = Event>) {
        let (mut env, _) = self.env(person, None);
        let (signer, mut state) = (self.signer(person), self.state());
        let id = state.id().unwrap().clone();
        let mut db = self.sql();
        let tx = db.transaction().unwrap();
        for event in events {
            let plan = Plan { event, text: None };
            let actor = person.parse().unwrap();
            let (raw, entry) = seal_entry(&mut env, &state, id.clone(), actor, &signer, plan).unwrap();
            state.apply(&entry.header, entry.leaf, &entry.event);
            let insert = "INSERT INTO entry (seq, blob, text) VALUES (?1, ?2, ?3)";
            tx.execute(insert, rusqlite::params![raw.seq, raw.blob, raw.text]).unwrap();
            twinseal::store::project(&tx, &entry, &state).unwrap();
        }
        tx.commit().unwrap();
    }

    /// Puts exact bytes at the end of the log.
    pub fn insert(&self, raw: &Raw) {
        let insert = "INSERT INTO entry (seq, blob, text) VALUES (?1, ?2, ?3)";
        self.sql().execute(insert, rusqlite::params![raw.seq, raw.blob, raw.text]).unwrap();
    }

    /// Verifies as somebody and returns the findings, each as `entry 7: [rule] meaning`.
    pub fn findings(&self, person: &str) -> Vec<String> {
        let output = self.run(person, "verify");
        let findings: Vec<String> = output
            .out
            .lines()
            .filter_map(|line| line.strip_prefix("finding"))
            .map(|line| line.trim().to_owned())
            .collect();
        let expected = if findings.is_empty() { Exit::Done } else { Exit::Broken };
        assert_eq!(output.exit, expected, "{}", output.screen);
        findings
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

impl Surroundings for Alone {
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
