//! Access to a test register without twinseal: its entries, their folded state, and attacks on the file.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use twinseal::domain::{
    Asked, Change, ChangeId, Digest, Event, Header, Proposal, ProposalId, Register, RegisterId, RevisionRef, Text, hex,
};
use twinseal::error::{Error, Exit};
use twinseal::format::{Raw, Unsigned, data, entry, text};
use twinseal::record::{Author, Plan, compose, sign};
use twinseal::signer::{KeyError, KeyFile, Signer};
use twinseal::store::{self, Finding, Home, SharedStore, Site};

use super::World;

/// The same event; a revision lists what it overlaps, unless it lists something already.
pub fn listing(state: &Register, event: Event) -> Event {
    match event.conflicts() {
        Some(listed) if listed.is_empty() => state.listing(event).unwrap(),
        _ => event,
    }
}

/// Opens a register at its own place, and what of its schema is not ours.
pub fn open_file(place: &Path, scratch: &Path) -> (Box<dyn SharedStore>, Vec<Finding>) {
    store::open(place, Site::Register, scratch, &Home::default()).unwrap()
}

/// Creates the file of a register without entries.
pub fn create_file(path: &Path, scratch: &Path) -> Box<dyn SharedStore> {
    create(path, &RegisterId::new("prod".parse().unwrap(), [0; 16]), scratch)
}

/// Creates a register without entries at a place.
pub fn create(place: &Path, id: &RegisterId, scratch: &Path) -> Box<dyn SharedStore> {
    store::create(place, id, scratch, &Home::default()).unwrap()
}

impl World {
    /// The number of entries, refused attempts excluded.
    pub fn acts(&self) -> u64 {
        if let Some(server) = self.server() {
            let refused = [&b"twinseal/change.refused/"[..], b"twinseal/proposal.refused/"];
            let is_act = |raw: &&Raw| !refused.iter().any(|kind| raw.blob.starts_with(kind));
            return server.raws().iter().filter(is_act).count() as u64;
        }
        if !self.path("prod.db").exists() {
            return 0;
        }
        let acts = "SELECT count(*) FROM entry WHERE instr(blob, ?1) <> 1 AND instr(blob, ?2) <> 1";
        let refused = ["twinseal/change.refused/", "twinseal/proposal.refused/"].map(str::as_bytes);
        self.sql().query_row(acts, refused, |row| row.get(0)).unwrap_or(0)
    }

    /// The fingerprint of the register.
    pub fn fingerprint(&self) -> String {
        self.raw(0).leaf().to_string()
    }

    /// The register as `person request --register` names it without its file: the id, and the option for the
    /// fingerprint.
    pub fn named(&self) -> String {
        format!("{} --fingerprint {}", self.state().id().unwrap(), self.fingerprint())
    }

    /// A request made now for this register, with its 30 days; for a new register if there is none yet.
    pub fn asked(&self) -> Asked {
        let fingerprint = Some(()).filter(|()| self.entries() > 0).map(|()| self.raw(0).leaf());
        Asked::new(fingerprint, self.now(), Asked::usual_end(self.now())).unwrap()
    }

    /// A direct SQLite connection to the register's file, with all protections off.
    pub fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path("prod.db")).unwrap()
    }

    /// Opens the register where it is, and what of its schema is not ours.
    pub fn open_store(&self) -> (Box<dyn SharedStore>, Vec<Finding>) {
        let place = self.server().map_or_else(|| self.path("prod.db"), |server| server.address().into());
        open_file(&place, &self.path("scratch"))
    }

    /// Executes SQL on the log without twinseal, as whoever owns the file or the database. As an adversary would, it
    /// lifts what protects the log first, triggers and checks, and restores that afterwards.
    pub fn tamper(&self, sql: &str) {
        if let Some(server) = self.server() {
            return server.tamper(sql);
        }
        let db = self.sql();
        db.pragma_update(None, "ignore_check_constraints", true).unwrap();
        let mut select = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
        let triggers: Vec<(String, String)> =
            select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        triggers.iter().for_each(|(name, _)| db.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
        db.execute_batch(sql).unwrap();
        triggers.iter().for_each(|(_, sql)| db.execute_batch(sql).unwrap());
    }

    /// Like [`World::tamper`], on the tables beside the log. On a server there are none.
    pub fn tamper_with_tables(&self, sql: &str) {
        if self.server().is_none() {
            self.tamper(sql);
        }
    }

    /// Adds a row anywhere in the log, as [`World::tamper`] does.
    pub fn plant(&self, seq: i64, raw: &Raw) {
        let [blob, text, data] = self.literals(raw);
        let register = if self.server().is_some() { "register, " } else { "" };
        self.tamper(&format!(
            "INSERT INTO entry SELECT {register}{seq}, {blob}, {text}, {data} FROM entry WHERE seq = 0"
        ));
    }

    /// Replaces the row with this sequence number, as [`World::tamper`] does.
    pub fn put(&self, raw: &Raw) {
        let [blob, text, data] = self.literals(raw);
        let seq = raw.seq;
        self.tamper(&format!("UPDATE entry SET blob = {blob}, text = {text}, data = {data} WHERE seq = {seq}"));
    }

    /// The parts of an entry as SQL has them.
    fn literals(&self, raw: &Raw) -> [String; 3] {
        let literal = |bytes: &Vec<u8>| match self.server() {
            Some(_) => format!("'\\x{}'::bytea", hex(bytes)),
            None => format!("x'{}'", hex(bytes)),
        };
        [Some(&raw.blob), raw.text.as_ref(), raw.data.as_ref()]
            .map(|part| part.map_or_else(|| "NULL".to_owned(), literal))
    }

    /// The number of entries in the log.
    pub fn entries(&self) -> u64 {
        if let Some(server) = self.server() {
            return server.raws().len() as u64;
        }
        if !self.path("prod.db").exists() {
            return 0;
        }
        self.sql().query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap_or(0)
    }

    /// The entry with this sequence number.
    pub fn raw(&self, seq: u64) -> Raw {
        if let Some(server) = self.server() {
            return server.raw(seq);
        }
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Raw { seq: row.get(0)?, blob: row.get(1)?, text: row.get(2)?, data: row.get(3)? })
        };
        self.sql().query_row("SELECT seq, blob, text, data FROM entry WHERE seq = ?1", [seq], row).unwrap()
    }

    /// Every entry of the log, in order.
    fn raws(&self) -> Vec<Raw> {
        match self.server() {
            Some(server) => server.raws(),
            None => (0..self.entries()).map(|seq| self.raw(seq)).collect(),
        }
    }

    /// The state folded from the entries, without tables or cache.
    pub fn state(&self) -> Register {
        let mut state = Register::default();
        for raw in self.raws() {
            let (header, event) = entry::read_body(&raw).unwrap();
            state.apply(&header, raw.leaf(), &event).unwrap();
        }
        state
    }

    /// The newest proposal.
    pub fn newest_proposal(&self) -> Proposal {
        let state = self.state();
        let newest = ProposalId::after(state.governance().proposals() - 1);
        state.governance().proposal(newest).unwrap().clone()
    }

    /// A change in its current state.
    pub fn change(&self, change: &str) -> Change {
        let id: ChangeId = change.parse().unwrap();
        self.state().change(id).unwrap().clone()
    }

    /// The current revision of a change.
    pub fn revision(&self, change: &str) -> RevisionRef {
        self.change(change).current().id
    }

    /// The digest that signs a detached statement without a terminal.
    pub fn statement(&self, file: &str) -> Digest {
        let text = fs::read_to_string(self.path(file)).unwrap();
        let (signed, _) = text.split_once("\n\n").unwrap();
        Digest::new(Sha256::digest(format!("{signed}\n")).into())
    }

    /// A person's signing key.
    pub fn signer(&self, person: &str) -> Signer {
        let key = KeyFile::read(&self.path(&format!("people/{person}/key"))).unwrap();
        key.unlock(|path: &Path| Err(KeyError::NeedsPassphrase { path: path.to_owned() })).unwrap()
    }

    /// Checks an event against the writer's rules at the head, without recording it.
    pub fn propose(&self, person: &str, event: Event, text: Option<Text>) -> Result<(), Error> {
        let (mut env, _) = self.env(person, None);
        let state = self.state();
        let id = state.id().unwrap().clone();
        let plan = Plan { event: listing(&state, event), text };
        let author = Author { register: id, actor: person.parse().unwrap(), key: self.signer(person).public() };
        compose(&mut env, &state, author, &plan).map(|_| ())
    }

    /// The header of a person's next entry.
    pub fn header(&self, person: &str, event: &Event) -> Header {
        let state = self.state();
        let position = state.position(event.stream()).unwrap();
        Header {
            register: state.id().unwrap().clone(),
            seq: position.seq,
            prev: position.prev,
            governance: position.governance,
            last: position.last,
            time: self.now(),
            actor: person.parse().unwrap(),
            key: self.signer(person).public().fingerprint(),
            touch: None,
            data: data::digest_of(event),
            text: None,
        }
    }

    /// Appends a correctly signed entry without checking the rules. Returns its sequence number.
    pub fn force(&self, person: &str, event: Event, words: Option<Text>) -> u64 {
        self.force_signed(person, &self.signer(person), event, words)
    }

    /// Like [`World::force`], with any key.
    pub fn force_signed(&self, person: &str, signer: &Signer, event: Event, words: Option<Text>) -> u64 {
        let (bytes, reference) = words.as_ref().map(|words| text::write(words, [7; 16])).unzip();
        let event = listing(&self.state(), event);
        let (key, header) = (signer.public().fingerprint(), self.header(person, &event));
        let header = Header { key, text: reference, ..header };
        let unsigned = Unsigned::new(&header, &event, bytes).unwrap();
        let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
        let (raw, _) = unsigned.seal(&signature).unwrap();
        self.insert(&raw);
        raw.seq
    }

    /// Records events like the program, but in one transaction, which makes a long log quickly.
    pub fn record_all(&self, person: &str, events: impl IntoIterator<Item = Event>) {
        let (mut env, _) = self.env(person, None);
        let (signer, mut state) = (self.signer(person), self.state());
        let id = state.id().unwrap().clone();
        if self.server().is_some() {
            return self.record_each(person, events);
        }
        let mut db = self.sql();
        let tx = db.transaction().unwrap();
        for event in events {
            let plan = Plan { event, text: None };
            let actor = person.parse().unwrap();
            let author = Author { register: id.clone(), actor, key: signer.public() };
            let (raw, entry) = sign(compose(&mut env, &state, author, &plan).unwrap(), &signer).unwrap();
            let seconded = state.apply(&entry.header, entry.leaf, &entry.event).unwrap();
            let insert = "INSERT INTO entry (seq, blob, text, data) VALUES (?1, ?2, ?3, ?4)";
            tx.execute(insert, rusqlite::params![raw.seq, raw.blob, raw.text, raw.data]).unwrap();
            twinseal::store::project(&tx, &entry, seconded.as_ref(), &state).unwrap();
        }
        tx.commit().unwrap();
    }

    /// As [`World::record_all`] on a server, which has no tables.
    fn record_each(&self, person: &str, events: impl IntoIterator<Item = Event>) {
        let (mut env, _) = self.env(person, None);
        let (signer, mut state) = (self.signer(person), self.state());
        let id = state.id().unwrap().clone();
        for event in events {
            let author = Author { register: id.clone(), actor: person.parse().unwrap(), key: signer.public() };
            let plan = Plan { event, text: None };
            let (raw, entry) = sign(compose(&mut env, &state, author, &plan).unwrap(), &signer).unwrap();
            state.apply(&entry.header, entry.leaf, &entry.event).unwrap();
            self.insert(&raw);
        }
    }

    /// Appends exact bytes to the log.
    pub fn insert(&self, raw: &Raw) {
        if let Some(server) = self.server() {
            return server.insert(raw);
        }
        let insert = "INSERT INTO entry (seq, blob, text, data) VALUES (?1, ?2, ?3, ?4)";
        self.sql().execute(insert, rusqlite::params![raw.seq, raw.blob, raw.text, raw.data]).unwrap();
    }

    /// Runs `verify` as a person and returns the findings, each as `entry 7: [rule] meaning`.
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
