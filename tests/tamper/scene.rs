//! A register in which everything has happened, what an adversary does to it, and what must be said about that.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Deref;
use std::path::PathBuf;

use data_encoding::BASE64;
use twinseal::domain::{Action, Digest, Event, EventKind, Head, LostEntries};
use twinseal::error::Exit;
use twinseal::format::{Raw, entry};

use crate::support::{CHANGE, FREEZE, PEOPLE, SERVICES, TEMPLATE, World};

/// Somebody who was never here: no pin, no verified cache, no key, nothing trusted.
pub const STRANGER: &str = "stranger";

/// A register in which everything has happened, and everybody has seen it.
pub struct Scene {
    pub world: World,
    pub fingerprint: String,
    /// The leaf hash of CHG-2's revision.
    pub filed: String,
}

impl Deref for Scene {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Scene {
    /// Entries: 0 init, 1 seal, 2 CHG-1 filed by erin, 3 and 4 approved by carol and dave, 5 started and 6 finished
    /// by erin, 7 and 8 frank enrolled by alice and bob, 9 CHG-2 filed by frank.
    pub fn new() -> Self {
        let world = World::approved();
        world.ok("erin", "start CHG-1");
        world.ok("erin", "finish CHG-1 --outcome succeeded --note 'Pool at 160.'");
        world.person("frank");
        let id = world.named();
        world.ok("frank", &format!("person request frank --name 'Frank Ng' --register {id} --out frank.request"));
        world.ok("alice", "person enrol frank=frank.request:engineer");
        world.run_typing("bob", "proposal second 1", &["1"]);
        let more = "artifacts = [{ name = \"pool\", file = \"pool\" }]\ntags = [\"open\"]\n[window]";
        world.write("pool", "size = 160\n");
        world.write("erin.toml", CHANGE);
        world.write("frank.toml", CHANGE.replace("erin", "frank").replace("[window]", more));
        let fingerprint = world.fingerprint();
        world.ok("frank", &format!("file frank.toml --again --fingerprint {fingerprint}"));
        PEOPLE.iter().for_each(|(person, _)| drop(world.ok(person, "list")));
        assert_eq!(world.entries(), 10);
        let filed = world.revision("CHG-2").filed.to_string();
        // A second account of erin's, which remembers nothing.
        fs::create_dir_all(world.path("people/erin-anew")).unwrap();
        fs::copy(world.path("people/erin/key"), world.path("people/erin-anew/key")).unwrap();
        Self { world, fingerprint, filed }
    }

    /// As [`Scene::new`], and then: a machine, a grant for a while with a group, a refused attempt, a redacted text,
    /// a break-glass, a freeze, a review, a deviation.
    pub fn governed() -> Self {
        let scene = Self::new();
        let id = scene.named();
        scene.person("robot");
        scene.ok("robot", &format!("person request robot --register {id} --out robot.request"));
        scene.ok("alice", "person machine robot=robot.request --operator frank --role engineer");
        scene.ok(
            "alice",
            "person grant frank approver --group dba --from 2026-12-01T00:00:00Z --until 2026-12-31T00:00:00Z",
        );
        scene.ok("alice", "proposal redact 9 --reason 'It names a customer.'");
        let opened = scene.raw(12).leaf();
        scene.fails(
            "alice",
            &format!("proposal second 4 --digest {opened}"),
            Exit::Refused,
            "another admin must second it",
        );
        for proposal in ["2", "3", "4"] {
            scene.run_typing("bob", &format!("proposal second {proposal}"), &[proposal]);
        }
        scene.fails("frank", &format!("approve CHG-2 --revision {}", scene.filed), Exit::Refused, "you filed");
        scene.ok("erin", "breakglass open --incident INC-2 --reason Now. --as erin --offline acted.word");
        scene.ok("carol", "breakglass enter acted.word");
        scene.write("done.txt", "Restarted gw-01.");
        scene.ok("erin", "breakglass open --incident INC-1 --service order-gateway --change CHG-1 --reason Now.");
        scene.ok("erin", "breakglass close BG-2 done.txt");
        let closed = scene.raw(scene.entries() - 1).leaf();
        for person in ["carol", "dave"] {
            scene.ok(person, &format!("breakglass ratify BG-2 --digest {closed}"));
        }
        scene.ok("bob", "freeze now --for 1h --service billing --reason Slow.");
        let action = "[[action]]\ntext = 'Test it.'\nowner = 'erin'\ndue = 2026-12-09T10:00:00Z\n";
        scene.write("review.toml", format!("happened = 'It worked.'\nlearned = 'Nothing.'\n{action}"));
        scene.ok("dave", "review CHG-1 review.toml");
        scene.ok("erin", "action done CHG-1/1");
        let by = "by = ['erin']\nservices = ['order-gateway']\nincident = 'INC-9'\n";
        scene.write("told.toml", format!("done = 2026-12-01T08:00:00Z\n{by}what = 'Restarted.'\n"));
        scene.ok("frank", "deviation record told.toml");
        let digest = scene.raw(scene.entries() - 1).leaf();
        for person in ["carol", "dave"] {
            scene.ok(person, &format!("deviation review DEV-1 --digest {digest}"));
        }
        PEOPLE.iter().for_each(|(person, _)| drop(scene.ok(person, "list")));
        scene
    }

    /// As [`Scene::governed`], and then all the rest: at least one entry of every kind.
    pub fn of_every_kind() -> Self {
        let scene = Self::governed();
        let key = |person: &str| scene.signer(person).public().fingerprint();
        let second = |proposal: &str| scene.run_typing("bob", &format!("proposal second {proposal}"), &[proposal]);
        scene.write("again.toml", CHANGE.replace("160", "200"));
        let confirmed = "[[require]]\nname = 'checked'\nconfirm = true\n";
        scene.write("policy.toml", format!("approvals = 2\napproval_days = 10\n{confirmed}"));
        scene.ok("erin", "file erin.toml --again");
        scene.ok("erin", "revise CHG-3 again.toml --again");
        scene.approve("carol", "CHG-3");
        scene.ok("carol", "retract CHG-3 --reason 'Too early.'");
        scene.ok("dave", "reject CHG-3 --reason No.");
        scene.ok("audrey", "note CHG-3 Seen.");
        scene.ok("erin", "withdraw CHG-3 --reason Overtaken.");
        scene.ok("alice", "policy propose policy.toml");
        second("5");
        scene.ok("erin", "file erin.toml --again");
        scene.approve("dave", "CHG-4");
        scene.ok("erin", "approve CHG-4 --detached carol.approval --for carol");
        scene.ok("carol", &format!("approve --sign carol.approval --digest {}", scene.statement("carol.approval")));
        scene.ok("frank", "approve --submit carol.approval");
        scene.ok("erin", "start CHG-4");
        scene.ok("erin", "finish CHG-4 --outcome failed");
        scene.ok("carol", "confirm CHG-4 --note Seen.");
        let action = "[[action]]\ntext = 'Test it.'\nowner = 'erin'\ndue = 2026-12-09T10:00:00Z\n";
        scene.write("review.toml", format!("happened = 'It failed.'\nlearned = 'Nothing.'\n{action}"));
        scene.ok("erin", "review CHG-4 review.toml");
        scene.ok("erin", "close CHG-4");
        scene.ok("erin", "action done CHG-4/1");
        scene.ok("alice", "person retire frank");
        scene.ok("bob", "proposal decline 6 --reason No.");
        scene.ok("carol", "key new --no-passphrase new.key");
        scene.ok("carol", "person request carol --key new.key --vouch people/carol/key --out carol.new");
        scene.ok("alice", "person add-key carol.new");
        scene.ok("alice", "proposal withdraw 7");
        scene.ok("alice", &format!("key suspend {}", key("carol")));
        scene.ok("alice", &format!("key lift {}", key("carol")));
        second("8");
        scene.ok("dave", &format!("key revoke {}", key("dave")));
        scene.ok("alice", "person suspend dave --reason 'Nobody can reach him.'");
        scene.ok("audrey", "checkpoint --record");
        let period = "--from 2026-12-01T00:00:00Z --to 2026-12-02T00:00:00Z";
        scene.ok("audrey", &format!("audit sample --seed 416 --record {period}"));
        scene.write("list.csv", "time,service\n");
        scene.ok("audrey", &format!("audit reconcile list.csv --record {period}"));
        freeze(&scene);
        // dave is suspended.
        scene.write("services.toml", SERVICES.replace("dave", "erin"));
        scene.ok("alice", "service import services.toml");
        scene.write("template.toml", TEMPLATE);
        scene.ok("alice", "template propose template.toml");
        second(&scene.state().governance().proposals().to_string());
        scene.ok("alice", "template end restart-gateway --reason 'The gateway is gone.'");
        scene.record_all("alice", [restored(&scene)]);
        PEOPLE.iter().for_each(|(person, _)| drop(scene.ok(person, "list")));
        let kinds: BTreeSet<EventKind> =
            scene.rows().iter().map(|raw| entry::read_body(raw).unwrap().1.kind()).collect();
        assert!(kinds.iter().eq(EventKind::ALL), "{kinds:?}");
        scene
    }

    /// As [`Scene::governed`], with services in force, the first with maintenance hours, and a template that was replaced.
    pub fn with_services() -> Self {
        let scene = Self::governed();
        scene.write("calendar.toml", CALENDAR.replace("holidays", "maintenance"));
        scene.write("services.toml", SERVICES.replacen("depends_on", "hours = 'maintenance'\ndepends_on", 1));
        scene.write("template.toml", TEMPLATE);
        scene.write("newer.toml", TEMPLATE.replace("few seconds", "minute"));
        let (template, newer) = ("template propose template.toml", "template propose newer.toml");
        for command in ["calendar propose calendar.toml", "service import services.toml", template, newer] {
            scene.ok("alice", command);
            let number = scene.state().governance().proposals().to_string();
            scene.run_typing("bob", &format!("proposal second {number}"), &[&number]);
        }
        PEOPLE.iter().for_each(|(person, _)| drop(scene.ok(person, "list")));
        scene
    }

    /// Every row of the log.
    pub fn rows(&self) -> Vec<Raw> {
        (0..self.entries()).map(|seq| self.raw(seq)).collect()
    }

    /// Replaces one text with another in an entry's blob.
    pub fn edit(&self, seq: u64, from: &str, to: &str) {
        let raw = self.raw(seq);
        let blob = String::from_utf8(raw.blob).unwrap();
        assert!(blob.contains(from), "{from:?} is not in\n{blob}");
        self.put(&Raw { blob: blob.replacen(from, to, 1).into(), ..raw });
    }

    /// Replaces one text with another in an entry's body, and has somebody sign the result.
    pub fn edit_signed(&self, person: &str, seq: u64, from: &str, to: &str) {
        let raw = self.raw(seq);
        let (body, _) = split(&raw);
        assert!(body.contains(from), "{from:?} is not in\n{body}");
        self.put(&Raw { blob: self.signed(person, &body.replacen(from, to, 1)), ..raw });
    }

    pub fn signed(&self, person: &str, body: &str) -> Vec<u8> {
        self.signed_as(person, body.lines().next().unwrap(), body)
    }

    /// Signs a body as if it were of another kind.
    pub fn signed_as(&self, person: &str, namespace: &str, body: &str) -> Vec<u8> {
        let signature = self.signer(person).sign(namespace, body.as_bytes()).unwrap();
        joined(body, &format!("sig {}\n", BASE64.encode(&signature)))
    }

    /// Asserts that `verify` finds this first, whether one remembers the register or not.
    #[track_caller]
    pub fn finds(&self, first: &str) -> Vec<String> {
        let findings = self.findings(STRANGER);
        starts(&findings, first);
        starts(&self.findings("audrey"), first);
        findings
    }

    /// Asserts that `verify` finds this first for those who remember the register.
    #[track_caller]
    pub fn audrey_finds(&self, first: &str) {
        starts(&self.findings("audrey"), first);
    }

    /// Asserts that nobody can record: neither who saw it whole, nor who sees it for the first time.
    #[track_caller]
    pub fn refuses(&self) {
        self.fails("erin", "finish CHG-1 --outcome rolled-back", Exit::Broken, "error: ");
        self.refuses_newcomers();
    }

    /// Asserts that nobody can record who sees it for the first time. An account that verified an old entry before
    /// decides by its own rows, so that a change to that entry decides nothing; its `verify` finds it.
    #[track_caller]
    pub fn refuses_newcomers(&self) {
        let anew = format!("file erin.toml --again --fingerprint {}", self.fingerprint);
        self.fails("erin-anew", &anew, Exit::Broken, "error: ");
    }

    /// Asserts that whoever remembers the register can do nothing at all.
    #[track_caller]
    pub fn stops(&self, complaint: &str) {
        let approve = format!("approve CHG-2 --revision {}", self.filed);
        for command in ["list", "log", "show CHG-1", "person list", "rebuild", &approve] {
            self.fails("carol", command, Exit::Broken, complaint);
        }
    }

    /// Where somebody's account remembers the register.
    pub fn memory(&self, person: &str, file: &str) -> PathBuf {
        self.path(&format!("people/{person}/.local/state/twinseal/{}/{file}", self.fingerprint))
    }

    pub fn forget(&self, person: &str, file: &str) {
        let path = self.memory(person, file);
        assert!(path.exists());
        ["", "-wal", "-shm"].iter().for_each(|it| drop(fs::remove_file(format!("{}{it}", path.display()))));
    }

    /// Keeps the register as it is now, for [`Scene::put_back`].
    pub fn keep(&self) -> Kept {
        match self.server() {
            Some(server) => Kept::InDatabase(server.keep()),
            None => Kept::File(self.copy()),
        }
    }

    /// Replaces the register with what it was when it was kept: a rollback by its owner.
    pub fn put_back(&self, kept: &Kept) {
        match (kept, self.server()) {
            (Kept::InDatabase(name), Some(server)) => server.put_back(name),
            (Kept::File(bytes), None) => self.replace_file(bytes),
            _ => unreachable!("the register is where it was kept"),
        }
    }

    /// Puts another file in the register's place, as `mv` would.
    pub fn replace_file(&self, bytes: &[u8]) {
        ["prod.db-wal", "prod.db-shm"].iter().for_each(|it| drop(fs::remove_file(self.path(it))));
        self.write("prod.db", bytes);
    }

    /// The register's file as it stands, everything in it.
    pub fn copy(&self) -> Vec<u8> {
        self.sql().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        fs::read(self.path("prod.db")).unwrap()
    }
}

/// What a register was at some time.
pub enum Kept {
    File(Vec<u8>),
    InDatabase(String),
}

/// A calendar of one period.
const CALENDAR: &str = "name = 'holidays'\nknown_until = 'complete'\n\
    periods = [{ name = 'Christmas', from = '2026-12-25T00:00:00Z', until = '2026-12-26T00:00:00Z' }]\n";

/// A freeze that two admins set, one that they end, and one that one of them opens and ends.
pub fn freeze(scene: &Scene) {
    let second = || {
        let number = scene.state().governance().proposals().to_string();
        scene.run_typing("bob", &format!("proposal second {number}"), &[&number]);
    };
    scene.write("calendar.toml", CALENDAR);
    scene.ok("alice", "calendar propose calendar.toml");
    second();
    scene.write("freeze.toml", FREEZE);
    scene.ok("alice", "freeze propose freeze.toml");
    second();
    scene.ok("alice", "freeze lift month-end --reason Closed.");
    second();
    let opened = scene.ok("alice", "freeze now --reason 'Orders are rejected.'");
    scene.ok("alice", &format!("freeze end {}", opened.split(' ').nth(1).unwrap()));
}

/// A proposal to go on after entry 1, without three entries that were never here.
pub fn restored(world: &World) -> Event {
    let (seq, leaf) = (1, world.raw(1).leaf());
    let lost = LostEntries::after(Head { seq, leaf }, (7..10).map(|n| Digest::new([n; 32])).collect()).unwrap();
    Event::Propose { proposal: world.state().governance().next_proposal(), action: Action::Restored(lost) }
}

#[track_caller]
pub fn starts(findings: &[String], first: &str) {
    let found = findings.first().map_or("nothing", String::as_str);
    assert!(found.starts_with(first), "not {first:?} but\n{}", findings.join("\n"));
}

/// Body and signature line.
pub fn split(raw: &Raw) -> (String, String) {
    let blob = String::from_utf8(raw.blob.clone()).unwrap();
    let (body, sig) = blob.split_once("\n\n").unwrap();
    (format!("{body}\n"), sig.to_owned())
}

pub fn joined(body: &str, sig: &str) -> Vec<u8> {
    format!("{body}\n{sig}").into()
}
