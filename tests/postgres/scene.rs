//! A register on a server that fails, and what its users are told and find.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ::postgres::Client;
use serde_json::Value;
use twinseal::error::Exit;

use super::cluster::Cluster;
use crate::support::{CHANGE, PEOPLE, World};

/// The words of somebody who cannot know.
pub const UNSURE: &str = "the entry may or may not be recorded";

/// The role by which everybody connects: it may read and record.
pub const ROLE: &str = "noter";

/// A database that is ready for registers, where [`ROLE`] may record.
fn database(cluster: &Cluster) -> String {
    let name = cluster.ready();
    let _one = super::cluster::one_at_a_time();
    let role = format!(
        "DO $$ BEGIN IF to_regrole('{ROLE}') IS NULL THEN
            CREATE ROLE {ROLE} LOGIN IN ROLE twinseal_writer; END IF; END $$"
    );
    cluster.client(&name, &cluster.account).batch_execute(&role).unwrap();
    name
}

/// The register `prod` with the change CHG-1 by the real clock, in a database of a cluster. Everybody knows it by one
/// address.
pub struct Scene {
    pub world: World,
    pub database: String,
    pub address: String,
}

impl Scene {
    /// In a new database of a cluster that is reached at these hosts of a URL. `after` is what follows the database there.
    pub fn founded(cluster: &Cluster, hosts: &str, after: &str) -> Self {
        let database = database(cluster);
        let address = format!("postgres://{ROLE}@{hosts}/{database}{after}");
        let world = World::with_requests();
        let members: Vec<String> =
            PEOPLE.iter().map(|(person, roles)| format!("--member {person}={person}.request:{roles}")).collect();
        for (person, _) in PEOPLE {
            world.variable(person, "TWINSEAL_REGISTER", Some(&address));
        }
        world.ok("alice", &format!("init --name prod --register {address} {}", members.join(" ")));
        let scene = Self { world, database, address };
        let (world, fingerprint) = (&scene.world, scene.log(cluster).leaf(0).to_owned());
        world.ok("bob", &format!("seal --fingerprint {fingerprint} --digest {fingerprint}"));
        for (person, _) in PEOPLE {
            world.ok(person, &format!("list --fingerprint {fingerprint}"));
        }
        let now = world.at_real_time();
        let change = CHANGE
            .replace("2026-12-01T10:00:00Z", &now.to_string())
            .replace("2026-12-01T12:00:00Z", &now.plus(7200).to_string());
        world.write("change.toml", change);
        world.ok("erin", "file change.toml");
        scene
    }

    /// Somebody who notes by the compiled program.
    pub fn noter(&self, person: &str) -> Noter {
        let home = self.world.path(&format!("people/{person}"));
        Noter { key: home.join("key"), home, folder: self.world.path(""), address: self.address.clone() }
    }

    /// What the register on this cluster holds, read by the owner of the server.
    pub fn log(&self, cluster: &Cluster) -> Log {
        Log::read(&mut cluster.client(&self.database, &cluster.account))
    }

    /// Everybody finds the register whole, also somebody who never saw it.
    #[track_caller]
    pub fn is_whole(&self) {
        self.world.at_real_time();
        self.world.variable("stranger", "TWINSEAL_REGISTER", Some(&self.address));
        for person in ["audrey", "stranger"] {
            let verified = self.world.run(person, "verify");
            assert_eq!(verified.exit, Exit::Done, "{person}: {}", verified.screen);
        }
    }

    /// Every acknowledged entry is there exactly once, nothing refused is there, and nothing is there twice.
    #[track_caller]
    pub fn holds(&self, cluster: &Cluster, all: &[(String, Said)]) {
        let log = self.log(cluster);
        for (words, said) in all {
            let times = log.times(words);
            match said {
                Said::Recorded { seq, leaf } => {
                    assert_eq!(times, 1, "{words} was acknowledged as entry {seq}");
                    assert_eq!(log.leaves.get(seq), Some(leaf), "{words} was acknowledged as entry {seq}");
                }
                Said::There => assert_eq!(times, 1, "{words} was said to be there"),
                Said::Unsure => assert!(times <= 1, "{words} is there {times} times"),
                Said::Refused(told) => assert_eq!(times, 0, "{words} is there, and was refused: {told}"),
            }
        }
        self.is_whole();
    }
}

/// What a register holds.
pub struct Log {
    texts: Vec<String>,
    leaves: HashMap<u64, String>,
}

impl Log {
    fn read(client: &mut Client) -> Self {
        let sql = r"SELECT seq, text, encode(sha256('\x00'::bytea || blob), 'hex') FROM twinseal.entry
            WHERE register LIKE 'prod#%' ORDER BY seq";
        let (mut texts, mut leaves) = (Vec::new(), HashMap::new());
        for row in client.query(sql, &[]).unwrap() {
            let text: Option<Vec<u8>> = row.get(1);
            texts.push(String::from_utf8_lossy(&text.unwrap_or_default()).into_owned());
            leaves.insert(u64::try_from(row.get::<_, i64>(0)).unwrap(), row.get(2));
        }
        Self { texts, leaves }
    }

    /// How many entries it has.
    pub fn entries(&self) -> usize {
        self.texts.len()
    }

    /// The leaf hash of an entry.
    pub fn leaf(&self, seq: u64) -> &str {
        &self.leaves[&seq]
    }

    /// How often somebody noted these words.
    pub fn times(&self, words: &str) -> usize {
        self.texts.iter().filter(|text| text.contains(words)).count()
    }
}

/// What a process says of its note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is there, at this place.
    Recorded { seq: u64, leaf: String },
    /// It is there, and something failed afterwards.
    There,
    /// It may be there.
    Unsure,
    /// It is not there.
    Refused(String),
}

/// Somebody who notes by the compiled program, from any thread.
#[derive(Clone)]
pub struct Noter {
    home: PathBuf,
    key: PathBuf,
    folder: PathBuf,
    pub address: String,
}

impl Noter {
    /// A process that notes these words.
    pub fn begin(&self, words: &str) -> Child {
        self.run(&["note", "CHG-1", words, "--json"])
    }

    /// A process of any command.
    pub fn run(&self, words: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
        command.args(words).current_dir(&self.folder).env_clear();
        command.env("HOME", &self.home).env("TWINSEAL_KEY", &self.key).env("TWINSEAL_REGISTER", &self.address);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Notes these words.
    pub fn note(&self, words: &str) -> Said {
        said(self.begin(words))
    }
}

/// What a process says in the end.
pub fn said(process: Child) -> Said {
    let output = process.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("panicked"), "{told}");
    let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let recorded = answer.as_ref().map(|it| &it["recorded"]);
    if let Some((seq, leaf)) = recorded.and_then(|it| it["seq"].as_u64().zip(it["leaf"].as_str())) {
        return Said::Recorded { seq, leaf: leaf.to_owned() };
    }
    match output.status.code() {
        // Who was killed has said nothing.
        None => Said::Unsure,
        Some(4) if told.contains(UNSURE) => Said::Unsure,
        Some(4) if told.contains("is recorded, but a later step failed") => Said::There,
        Some(code) => {
            assert_eq!(code, 4, "{told}");
            Said::Refused(told)
        }
    }
}
