//! Registers of any size. People, founding and enrolling go through the program's own commands; the bulk is composed,
//! judged, signed and opened again by `compose` and `sign` as for every command, and only the inserting is done in batches.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::waiting::must_wait;
use rusqlite::{Connection, params};
use twinseal::domain::{
    Action, ChangeKind, Description, Event, Facts, Field, Finish, Grants, NewGrants, Outcome, Periods, PersonId,
    ProposalRef, RefusedAttempt, Register, RegisterId, RevisionRef, Risk, Start, Step, Text, Time, Trial, Window,
};
use twinseal::env::{Console, Env};
use twinseal::error::Exit;
use twinseal::format::{Entry, Raw, entry};
use twinseal::record::{Author, Plan, compose, sign};
use twinseal::signer::{self, KeyError, KeyFile, Signer};
use zeroize::Zeroizing;

use crate::dice::Dice;

/// Seconds between two entries: a million entries span nine and a half years.
const PACE: i64 = 300;

/// How many seconds a window is open, and within how many of them a change is started.
const OPEN_FOR: i64 = 5 * 86_400;
const START_WITHIN: i64 = 4 * 86_400;

/// The number of open changes at a time.
const OPEN_CHANGES: usize = 40;

/// The number of people that one proposal enrols.
const BATCH: usize = 50;

/// No terminal.
struct NoConsole;

impl Console for NoConsole {
    fn is_interactive(&self) -> bool {
        false
    }

    fn can_ask_secret(&self) -> bool {
        false
    }

    fn ask(&mut self, _: &str) -> io::Result<String> {
        Ok(String::new())
    }

    fn secret(&mut self, _: &str) -> io::Result<Zeroizing<String>> {
        Ok(Zeroizing::new(String::new()))
    }
}

#[derive(Clone, Copy)]
enum Act {
    Approve,
    Reject,
    Revise,
    Note,
    Refuse,
    Withdraw,
    Start,
    Finish,
}

/// An open change.
struct OpenChange {
    revision: RevisionRef,
    /// Its window ends a day later.
    start_by: Time,
    requester: PersonId,
    implementer: PersonId,
    approved: Vec<PersonId>,
    /// The acts to come, the next one last.
    acts: Vec<Act>,
}

/// Generates a register and saves a copy at each of `lengths`, which must ascend.
pub fn generate(folder: &Path, people: usize, lengths: &[u64]) {
    let longest = i64::try_from(*lengths.last().unwrap()).unwrap();
    let clock = Arc::new(AtomicI64::new(now() - longest * PACE));
    fs::create_dir_all(folder).unwrap();
    let world = World { folder: folder.canonicalize().unwrap(), clock, dice: Dice::default() };
    let names: Vec<PersonId> = (1..=people).map(|n| format!("p{n:04}").parse().unwrap()).collect();
    world.found(&names);
    let mut bulk = Bulk::begin(&world, &names);
    let mut changes: Vec<OpenChange> = Vec::new();
    for length in lengths {
        while bulk.length() < *length {
            let left = *length - bulk.length();
            bulk.step(&mut changes, left);
        }
        bulk.save(*length);
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed()
}

struct World {
    folder: PathBuf,
    clock: Arc<AtomicI64>,
    dice: Dice,
}

impl World {
    fn env(&self, person: &str) -> Env {
        let home = self.folder.join("people").join(person);
        let (clock, dice) = (Arc::clone(&self.clock), self.dice.clone());
        Env {
            variables: HashMap::from([
                ("HOME".to_owned(), home.clone().into_os_string()),
                ("TWINSEAL_KEY".to_owned(), home.join("key").into_os_string()),
            ]),
            folder: self.folder.clone(),
            clock: Box::new(move || Time::from_unix(clock.load(Ordering::Relaxed)).unwrap()),
            sleep: Box::new(|_| {}),
            random: Box::new(move |bytes| {
                bytes.chunks_mut(32).for_each(|chunk| chunk.copy_from_slice(&dice.bytes()[..chunk.len()]));
                Ok(())
            }),
            console: Box::new(NoConsole),
            input: Box::new(io::empty()),
            out: Box::new(io::sink()),
            err: Box::new(io::sink()),
            width: None,
            height: None,
            colour: false,
            err_width: None,
            err_colour: false,
            pager: None,
            progress: false,
            quiet: false,
            interrupt: Default::default(),
            patience: Duration::from_secs(30),
        }
    }

    fn run(&self, person: &str, words: &[&str]) {
        self.clock.fetch_add(1, Ordering::Relaxed);
        let words = ["twinseal"].iter().chain(words).map(|it| (*it).into());
        assert_eq!(twinseal::cli::run(words, &mut self.env(person)), Exit::Done, "{person}");
    }

    fn signer(&self, person: &PersonId) -> Signer {
        let key = KeyFile::read(&self.folder.join(format!("people/{person}/key"))).unwrap();
        key.unlock(|path: &Path| Err(KeyError::NeedsPassphrase { path: path.to_owned() })).unwrap()
    }

    /// Creates a person's key and a request for a register: its name and, once it is there, its fingerprint.
    fn prepare(&self, person: &PersonId, register: &[&str]) {
        let home = self.folder.join(format!("people/{person}"));
        fs::create_dir_all(&home).unwrap();
        let entropy = signer::Entropy { seed: Zeroizing::new(self.dice.bytes()), salt: [0; 16], check: [0; 4] };
        signer::create(&home.join("key"), person.as_str(), None, &entropy).unwrap();
        let out = format!("{person}.request");
        let person = person.as_str();
        self.run(person, &[&["person", "request", person, "--out", &out, "--register"], register].concat());
    }

    /// Creates the register with the first twenty people and enrols the others. Three are admins, all others engineers
    /// and approvers.
    fn found(&self, names: &[PersonId]) {
        let (founders, later) = names.split_at(names.len().min(20));
        let mut init = vec!["init".to_owned(), "--name=prod".to_owned(), "--register=prod.db".to_owned()];
        for (n, person) in founders.iter().enumerate() {
            self.prepare(person, &["prod"]);
            let roles = if n < 3 { "admin" } else { "engineer,approver" };
            init.push(format!("--member={person}={person}.request:{roles}"));
        }
        self.run("p0001", &init.iter().map(String::as_str).collect::<Vec<_>>());
        let sql = Connection::open(self.folder.join("prod.db")).unwrap();
        let first = read(&sql, 0);
        let id = entry::read_body(&first).unwrap().0.register.to_string();
        let leaf = first.leaf().to_string();
        self.run("p0002", &["--register=prod.db", "seal", "--fingerprint", &leaf, "--digest", &leaf]);
        for (n, batch) in (1..).zip(later.chunks(BATCH)) {
            batch.iter().for_each(|person| self.prepare(person, &[&id, "--fingerprint", &leaf]));
            let mut enrol = vec!["--register=prod.db".to_owned(), "person".to_owned(), "enrol".to_owned()];
            enrol.extend(batch.iter().map(|person| format!("{person}={person}.request:engineer,approver")));
            self.run("p0001", &enrol.iter().map(String::as_str).collect::<Vec<_>>());
            let newest = sql.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0)).unwrap();
            let (number, digest) = (i32::to_string(&n), read(&sql, newest).leaf().to_string());
            self.run("p0002", &["--register=prod.db", "proposal", "second", &number, "--digest", &digest]);
        }
    }
}

fn read(sql: &Connection, seq: u64) -> Raw {
    let row =
        |row: &rusqlite::Row<'_>| Ok(Raw { seq: row.get(0)?, blob: row.get(1)?, text: row.get(2)?, data: row.get(3)? });
    sql.query_row("SELECT seq, blob, text, data FROM entry WHERE seq = ?1", [seq], row).unwrap()
}

/// The facts with the number of steps that the text has.
fn counted(facts: Facts, text: &Text) -> Box<Facts> {
    let Text::Description(it) = text else { panic!("not the text of a revision") };
    Box::new(Facts { plan_steps: it.plan.len() as u64, rollback_steps: it.rollback.len() as u64, ..facts })
}

/// A register that entries are appended to in batches.
struct Bulk<'w> {
    world: &'w World,
    env: Env,
    sql: Connection,
    state: Register,
    id: RegisterId,
    names: &'w [PersonId],
    signers: HashMap<PersonId, Signer>,
    uncommitted: u64,
}

impl<'w> Bulk<'w> {
    fn begin(world: &'w World, names: &'w [PersonId]) -> Self {
        let sql = Connection::open(world.folder.join("prod.db")).unwrap();
        sql.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; BEGIN").unwrap();
        let entries: u64 = sql.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
        let mut state = Register::default();
        for seq in 0..entries {
            let raw = read(&sql, seq);
            let (header, event) = entry::read_body(&raw).unwrap();
            state.apply(&header, raw.leaf(), &event).unwrap();
        }
        let id = state.id().unwrap().clone();
        let signers = names.iter().map(|person| (person.clone(), world.signer(person))).collect();
        Self { world, env: world.env("p0001"), sql, state, id, names, signers, uncommitted: 0 }
    }

    fn length(&self) -> u64 {
        self.state.head().map_or(0, |head| head.seq + 1)
    }

    /// Saves the register as `LENGTH.db`. Every page must be in the main file, because only that is copied.
    fn save(&mut self, length: u64) {
        self.sql.execute_batch("COMMIT").unwrap();
        self.sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::copy(self.world.folder.join("prod.db"), self.world.folder.join(format!("{length}.db"))).unwrap();
        self.sql.execute_batch("BEGIN").unwrap();
    }

    fn record(&mut self, actor: &PersonId, event: Event, text: Option<Text>) -> Entry {
        self.world.clock.fetch_add(PACE, Ordering::Relaxed);
        let (signer, plan) = (&self.signers[actor], Plan { event: self.state.listing(event).unwrap(), text });
        let (id, actor) = (self.id.clone(), actor.clone());
        let author = Author { register: id, actor, key: signer.public() };
        let (raw, entry) = sign(compose(&mut self.env, &self.state, author, &plan).unwrap(), signer).unwrap();
        let carried = self.state.apply(&entry.header, entry.leaf, &entry.event).unwrap();
        let insert = "INSERT INTO entry (seq, blob, text, data) VALUES (?1, ?2, ?3, ?4)";
        self.sql.prepare_cached(insert).unwrap().execute(params![raw.seq, raw.blob, raw.text, raw.data]).unwrap();
        twinseal::store::project(&self.sql, &entry, carried.as_ref(), &self.state).unwrap();
        self.uncommitted += 1;
        if self.uncommitted == 10_000 {
            self.sql.execute_batch("COMMIT; BEGIN").unwrap();
            self.uncommitted = 0;
        }
        entry
    }

    /// A person who is neither an admin nor one of `excluded`.
    fn somebody(&self, excluded: &[&PersonId]) -> PersonId {
        loop {
            let person = &self.names[3 + self.world.dice.below(self.names.len() - 3)];
            if !excluded.contains(&person) {
                return person.clone();
            }
        }
    }

    /// Appends an entry, or if `left` allows, sometimes two: a proposal and its second.
    fn step(&mut self, changes: &mut Vec<OpenChange>, left: u64) {
        let dice = self.world.dice.clone();
        if left > 1 && dice.below(1000) == 0 {
            return self.govern();
        }
        if changes.len() < OPEN_CHANGES {
            let change = self.file();
            return changes.push(change);
        }
        let at = dice.below(changes.len());
        match changes[at].acts.pop() {
            // Nobody took it up in time.
            Some(Act::Start) if self.env.now() >= changes[at].start_by => _ = changes.swap_remove(at),
            Some(Act::Start) if must_wait(&self.state, changes[at].revision.change) => {
                changes[at].acts.push(Act::Start)
            }
            Some(act) => self.act(&mut changes[at], act),
            None => _ = changes.swap_remove(at), // closed or abandoned
        }
    }

    fn govern(&mut self) {
        let [proposer, second] = [self.names[0].clone(), self.names[1].clone()];
        let person = self.somebody(&[]);
        let governance = self.state.governance();
        let (proposal, now) = (governance.next_proposal(), governance.person(&person).unwrap().unwrap());
        let group = format!("group-{}", self.world.dice.below(9)).parse().unwrap();
        let grants = Grants { groups: [(group, Periods::permanent())].into(), ..now.grants.clone() };
        if grants == now.grants {
            return;
        }
        let action = Action::Roles([(person, NewGrants::new(now.since, grants))].into());
        let reason = remark(Field::Reason, "Joins the people who look after this part of the platform.");
        let opened = self.record(&proposer, Event::Propose { proposal, action }, Some(reason)).leaf;
        self.record(&second, Event::Second(ProposalRef { proposal, opened }), None);
    }

    fn file(&mut self) -> OpenChange {
        let dice = self.world.dice.clone();
        let change = self.state.next_change();
        let requester = self.somebody(&[]);
        let implementer = self.somebody(&[&requester]);
        let text = description(&dice, change.number());
        let facts = counted(self.facts(&requester, &implementer), &text);
        let event = Event::File { change, facts, execution: Box::default() };
        let filed = self.record(&requester, event, Some(text)).leaf;
        let revision = RevisionRef { change, number: 1, filed };
        let start_by = self.env.now().plus(START_WITHIN);
        OpenChange { revision, start_by, requester, implementer, approved: Vec::new(), acts: acts(&dice) }
    }

    fn facts(&self, requester: &PersonId, implementer: &PersonId) -> Facts {
        let dice = &self.world.dice;
        let now = self.env.now();
        let service = |n: usize| format!("service-{n}").parse().unwrap();
        let zone = ["UTC", "Asia/Shanghai", "Europe/London", "America/New_York"][dice.below(4)];
        Facts {
            kind: ChangeKind::Normal, // nobody writes reviews here, and overdue ones stop emergencies
            risk: [Risk::Low, Risk::Medium, Risk::High, Risk::Critical][dice.below(4)],
            owner: requester.clone(),
            authors: [twinseal::domain::Author::Person(requester.clone())].into(),
            environments: BTreeSet::new(),
            implementers: [implementer.clone()].into(),
            services: (0..=dice.below(3)).map(|_| service(dice.below(200))).collect(),
            tags: ["capacity".parse().unwrap()].into_iter().filter(|_| dice.percent(30)).collect(),
            window: Window::new(now, now.plus(OPEN_FOR), zone.parse().unwrap()).unwrap(),
            outage_minutes: dice.below(10) as u64,
            rollback_minutes: 5 + dice.below(30) as u64,
            artifacts: Vec::new(),
            evidence: BTreeMap::new(),
            links: [format!("ticket OPS-{}", dice.below(99_999)).parse().unwrap()].into(),
            follows: BTreeSet::new(),
            conflicts: None,
            excepted: BTreeMap::new(),
            plan_steps: 0,
            rollback_steps: 0,
            targets: 0,
            template: None,
            stop_after: None,
            exceptions: BTreeSet::new(),
            sensitive: BTreeSet::new(),
        }
    }

    fn act(&mut self, change: &mut OpenChange, act: Act) {
        let (at, requester, implementer) = (change.revision, change.requester.clone(), change.implementer.clone());
        let mut excluded = vec![&change.requester, &change.implementer];
        excluded.extend(&change.approved);
        let other = self.somebody(&excluded);
        let note = |words| Some(remark(Field::Note, words));
        let (actor, event, text) = match act {
            Act::Approve => {
                let with_note = self.world.dice.percent(20);
                change.approved.push(other.clone());
                (other, Event::Approve(at), note("Read it; the rollback plan is sound.").filter(|_| with_note))
            }
            Act::Reject => {
                let reason = remark(Field::Reason, "The plan does not say who watches the gateways meanwhile.");
                (other, Event::Reject(at), Some(reason))
            }
            Act::Revise => {
                let text = description(&self.world.dice, at.change.number());
                let facts = counted(self.facts(&requester, &implementer), &text);
                (requester, Event::Revise { replaces: at, facts, execution: Box::default() }, Some(text))
            }
            Act::Note => {
                let words = "The desk was told; they will watch the fills of the first hour.";
                (other, Event::Note(at.change), note(words))
            }
            Act::Refuse => {
                let (attempt, rule) = (RefusedAttempt::Approve(at), "conflict-of-interest".parse().unwrap());
                (requester, Event::Refused { attempt, rule }, None)
            }
            Act::Withdraw => (requester, Event::ChangeWithdraw(at), None),
            Act::Start => (implementer, Event::Start(Start::of(at)), None),
            Act::Finish => {
                let outcome = if self.world.dice.percent(95) { Outcome::Succeeded } else { Outcome::Failed };
                let words = "Done as planned; latency and fills are as they were before.";
                (implementer, Event::Finish(Finish::of(at, outcome)), note(words))
            }
        };
        let filed = self.record(&actor, event, text).leaf;
        if matches!(act, Act::Revise) {
            change.revision = RevisionRef { number: at.number + 1, filed, ..at };
            change.start_by = self.env.now().plus(START_WITHIN);
            change.approved.clear();
        }
    }
}

/// The acts that follow a filing, the next one last: mostly two approvals, start and finish.
fn acts(dice: &Dice) -> Vec<Act> {
    let mut acts = vec![Act::Finish, Act::Start, Act::Approve, Act::Approve];
    match dice.below(100) {
        0..3 => acts = vec![Act::Withdraw, Act::Approve],
        3..5 => acts = vec![Act::Approve],
        5..8 => acts.extend([Act::Revise, Act::Reject]),
        _ => {}
    }
    if dice.percent(30) {
        acts.insert(dice.below(acts.len()), Act::Note);
    }
    if dice.percent(3) {
        acts.push(Act::Refuse);
    }
    acts
}

fn remark(field: Field, prose: &str) -> Text {
    Text::Remark(field, prose.parse().unwrap())
}

fn step(text: &str, command: Option<&str>) -> Step {
    Step { text: text.parse().unwrap(), command: command.map(|it| it.parse().unwrap()) }
}

fn description(dice: &Dice, change: u64) -> Text {
    let size = 80 + dice.below(200);
    let reason = "Orders were rejected at the open because the pool ran dry.\nThe venue raised its limit last week, so \
                  there is room for more sessions on our side.";
    let restart = format!("gwctl set gw-{change}b pool {size}\ngwctl restart gw-{change}b");
    let trial = Trial {
        what: "The same on the replay environment, with the orders of the worst morning.".parse().unwrap(),
        result: "No rejects; memory grew by 40 MB.".parse().unwrap(),
        evidence: None,
    };
    Text::Description(Box::new(Description {
        title: Some(format!("Raise the connection pool of gateway {change} to {size}").parse().unwrap()),
        reason: Some(reason.parse().unwrap()),
        impact: Some("None expected; sessions reconnect within a second.".parse().unwrap()),
        security: None,
        plan: vec![
            step("Drain the standby gateway.", Some(&format!("gwctl drain gw-{change}b"))),
            step(&format!("Set the pool to {size} and restart."), Some(&restart)),
            step("Switch over, watch for ten minutes, then do the same to the other one.", None),
        ],
        rollback: vec![step("Set the pool back to 80 and restart.", Some(&format!("gwctl revert gw-{change}b")))],
        abort_if: vec!["More than three rejects within a minute.".parse().unwrap()],
        tests: vec![trial],
        success: Some("No rejects at the next open.".parse().unwrap()),
        exception: None,
    }))
}

/// Prints a change as TOML that p0004 files and p0005 implements, with a window that is open now.
pub fn print_change() {
    let at = |seconds: i64| Time::from_unix(now() + seconds).unwrap();
    let (start, end) = (at(-600), at(86_400));
    println!(
        r#"title = "Raise the pool"
kind = "normal"
risk = "high"
owner = "p0004"
implementers = ["p0005"]
services = ["order-gateway"]
reason = "Orders were rejected at the open."

[window]
start = "{start}"
end = "{end}"

[impact]
text = "None expected."

[[plan]]
step = "Set the pool to 160."

[rollback]
minutes = 5

[[rollback.steps]]
step = "Set it back to 80.""#
    );
}
