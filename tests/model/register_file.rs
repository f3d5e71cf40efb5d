//! A register in a real file, or on a real server: its entries signed, its texts written, and all of it verified at the
//! end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use ed25519_dalek::Signer as _;
use tempfile::TempDir;
use twinseal::domain::{
    Asked, Description, Digest, Event, Field, Header, Line, Prose, Register, RegisterId, ReviewText, StateRecord, Step,
    Text, TextRef, Trial,
};
use twinseal::format::request::{self, RegisterRef};
use twinseal::format::{Unsigned, sshsig, text};
use twinseal::store::{Anchor, Excuse, Session, Writer};

use crate::support::server::{Server, is_asked_for};

use super::facts::{Action, Entry, Key, Person, Place, What};
use super::real::{id, pairs};

/// A register's file in a folder of its own, or a server and the account's folder.
pub struct Paper {
    folder: TempDir,
    server: Option<Server>,
    session: Option<Session>,
    seed: u64,
}

impl Paper {
    /// A folder without a register, in memory where the system has such folders: every entry is synced to the disk.
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { folder: folder.unwrap(), server: is_asked_for().then(Server::start), session: None, seed: 0 }
    }

    /// Signs an entry and puts it into the file. Returns its leaf hash.
    pub fn record(&mut self, seed: u64, entry: &Entry, header: &Header, event: &Event) -> Digest {
        self.seed = seed;
        let words = header.text.as_ref().map(|_| write(seed, header.seq as Place, entry).0);
        let unsigned = Unsigned::new(header, event, words).unwrap();
        let blob = sign(entry.key, unsigned.namespace(), unsigned.body().as_bytes());
        let (raw, sealed) = unsigned.seal(&blob).unwrap();
        match &mut self.session {
            None => {
                let mut state = Register::default();
                state.apply(header, sealed.leaf, event).unwrap();
                let file = || self.folder.path().join("prod.db");
                let place = self.server.as_ref().map_or_else(file, |server| server.address().into());
                let mut shared = crate::support::log::create(&place, &header.register, self.folder.path());
                let turn = shared.turn(&writer()).unwrap();
                shared.append(&turn, None, &raw, &[], &|tables| tables.project(&sealed, None, &state)).unwrap();
                let memory = self.folder.path().join("memory");
                let anchor = Anchor { folder: &memory, fingerprint: sealed.leaf, excuse: Excuse::None };
                let session = Session::open(shared, anchor, header.time, &mut |_| {});
                self.session = Some(session.unwrap());
            }
            Some(session) => {
                let turn = session.shared().turn(&writer()).unwrap();
                assert!(session.append(turn, &raw, &sealed, header.time).unwrap(), "nobody else records here");
            }
        }
        sealed.leaf
    }

    /// Verifies the file: nothing is found, the state is the one that was folded in memory, the tables are right,
    /// and what was redacted is gone, where nothing else is.
    pub fn verify(&mut self, register: &Register, written: &[(Place, bool)]) {
        let Some(session) = &mut self.session else { return };
        let now = "2027-01-01T00:00:00Z".parse().unwrap();
        let reading = session.verify(now, &mut |_| Ok(Vec::new()), &mut |_| {}).unwrap();
        assert!(reading.findings.is_empty(), "verify finds {:#?}", reading.findings);
        assert_eq!(reading.partly_checked, 0);
        assert_eq!(session.state().head(), register.head());
        let record = |it: StateRecord| (it.key().to_string(), postcard::to_allocvec(&it).unwrap());
        let expected: BTreeMap<String, Vec<u8>> = register.clone().take_changed().into_iter().map(record).collect();
        let kept = rusqlite::Connection::open(self.folder.path().join("memory/verified.sqlite")).unwrap();
        let mut select = kept.prepare("SELECT key, value FROM state").unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut rows: BTreeMap<String, Vec<u8>> = rows.collect::<Result<_, _>>().unwrap();
        // A checksum ends each value.
        rows.values_mut().for_each(|value| value.truncate(value.len() - 32));
        assert!(rows == expected, "the state in the cache is not the one in memory");
        let turn = session.shared().turn(&writer()).unwrap();
        let rebuilt = session.rebuild(&turn).unwrap().expect("nobody else records here");
        assert!(
            rebuilt.differed.as_ref().is_some_and(Vec::is_empty) && rebuilt.redacted.is_empty(),
            "rebuild changes {rebuilt:#?}"
        );
        let file = |name: &str| std::fs::read(self.folder.path().join(name)).unwrap_or_default();
        let shared = secrets(&[file("prod.db"), file("prod.db-wal")].concat());
        let copied = secrets(&[file("memory/verified.sqlite"), file("memory/verified.sqlite-wal")].concat());
        for (place, redacted) in written {
            let held = session.shared().entry(*place as u64).unwrap().unwrap().text.is_some();
            // The files of a server are its administrator's.
            let found = if self.server.is_some() { held } else { shared.contains(&secret(self.seed, *place)) };
            assert_eq!((held, found), (!redacted, !redacted), "the text of entry {place} in the file");
            assert!(!redacted || !copied.contains(&secret(self.seed, *place)), "the text of entry {place} in the copy");
        }
    }
}

/// Nobody else writes: nothing is waited for.
fn writer() -> Writer {
    Writer { account: "model".to_owned(), patience: Duration::from_secs(10) }
}

/// Every such word in a file.
fn secrets(bytes: &[u8]) -> BTreeSet<String> {
    let begins = |at: &usize| bytes[*at] == b's' && bytes[*at..].starts_with(b"secret-");
    let ends =
        |at: usize| bytes[at..].windows(4).take(64).position(|it| it == b"-end").map(|end| &bytes[at..at + end + 4]);
    let found = (0..bytes.len()).filter(begins).filter_map(ends);
    found.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// A word that stands in the text of one entry and nowhere else.
fn secret(seed: u64, place: Place) -> String {
    format!("secret-{seed}-{place}-end")
}

pub fn sign(key: Key, namespace: &str, message: &[u8]) -> Vec<u8> {
    let pair = &pairs()[key];
    let signature = pair.secret.sign(&sshsig::signed_data(namespace, message)).to_bytes();
    sshsig::encode(pair.public.as_bytes(), namespace, &signature)
}

/// A key's signature over the request to be enrolled.
pub fn prove(register: &RegisterId, asked: &Asked, person: Person, key: Key) -> Vec<u8> {
    let register = match asked.fingerprint() {
        None => RegisterRef::New(register.name().clone()),
        Some(_) => RegisterRef::Existing(register.clone()),
    };
    let body = request::body(&register, id(person), asked, &pairs()[key].public);
    sign(key, request::NAMESPACE, body.as_bytes())
}

/// Another key's word for the same.
pub fn vouch(register: &RegisterId, asked: &Asked, (person, key): (Person, Key), by: Key) -> Vec<u8> {
    let body = request::body(&RegisterRef::Existing(register.clone()), id(person), asked, &pairs()[key].public);
    sign(by, request::VOUCH, body.as_bytes())
}

/// The text of an entry: it fills the fields that the entry says, with a word of its own in each.
pub fn write(seed: u64, place: Place, entry: &Entry) -> (Vec<u8>, TextRef) {
    let words = secret(seed, place);
    let line = || Line::from_typed(&words).unwrap();
    let prose = || Prose::from_typed(&words).unwrap();
    let has = |field| entry.words.contains(&field);
    let text = match &entry.what {
        What::File { facts, .. } | What::Revise { facts, .. } => {
            let step = |field| if has(field) { vec![Step { text: prose(), command: None }] } else { Vec::new() };
            let evidence = facts.evidence.then(line);
            Text::Description(Box::new(Description {
                title: has(Field::Title).then(line),
                reason: has(Field::Reason).then(prose),
                impact: has(Field::Impact).then(prose),
                security: has(Field::Security).then(prose),
                plan: step(Field::Plan),
                rollback: step(Field::Rollback),
                abort_if: has(Field::AbortIf).then(prose).into_iter().collect(),
                tests: has(Field::Tests)
                    .then(|| Trial { what: prose(), result: prose(), evidence })
                    .into_iter()
                    .collect(),
                success: has(Field::Success).then(prose),
                exception: has(Field::Exception).then(prose),
            }))
        }
        What::Init { members, .. } | What::Propose { action: Action::Enrol(members), .. } => {
            Text::Names(members.iter().map(|it| (id(it.person).clone(), line())).collect::<BTreeMap<_, _>>())
        }
        What::Review { actions, .. } => Text::Review(Box::new(ReviewText {
            happened: has(Field::Happened).then(prose),
            helped: has(Field::Helped).then(prose),
            hindered: has(Field::Hindered).then(prose),
            learned: has(Field::Learned).then(prose),
            actions: actions.iter().map(|(number, ..)| (*number as u64, prose())).collect(),
        })),
        _ => Text::Remark(*entry.words.first().expect("a text fills a field"), prose()),
    };
    text::write(&text, ((u128::from(seed) << 64) | place as u128).to_be_bytes())
}
