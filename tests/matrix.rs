//! The whole trust matrix: which register a command may read and write, by where the file stands, whether it is marked
//! as a backup, how it relates to what is known, and what the account remembers of it.
//!
//! The account trusts `prod` at `prod.db` and has verified it up to entry 4. A superseded register is `prod` after its
//! successor was accepted under the same name and path.

use std::fs;
use std::path::Path;

use crate::support::World;
use twinseal::error::Exit;

/// Each cell: what reading and what recording give. `ok` done; `3` exit code 3, evidence broken; `4` nothing is recorded
/// in a backup, nor in a copy beside the register itself; `?` first contact, which needs the fingerprint. The pin stands before, at or beyond the end of the file, or
/// the file has other entries than were verified. `moved`: there is no file at the known path; it may be away for a moment only.
const MATRIX: &str = "
relation    place      mark     | nothing  fingerprint  before  at     beyond  branch
known       home       register | ? ?      ok ok        ok ok   ok ok  3 3     3 3
known       home       backup   | ? ?      ok 4         ok 4    ok 4   3 3     3 3
known       moved      register | ? ?      ok 4         ok 4    ok 4   3 3     3 3
known       moved      backup   | ? ?      ok 4         ok 4    ok 4   ok 4    3 3
known       elsewhere  register | ? ?      ok 4         ok 4    ok 4   3 3     3 3
known       elsewhere  backup   | ? ?      ok 4         ok 4    ok 4   ok 4    3 3
superseded  home       register | ? ?      3 3          3 3     3 3    3 3     3 3
superseded  home       backup   | ? ?      3 3          3 3     3 3    3 3     3 3
superseded  moved      register | ? ?      ok 3         ok 3    ok 3   3 3     3 3
superseded  moved      backup   | ? ?      ok 4         ok 4    ok 4   ok 4    3 3
superseded  elsewhere  register | ? ?      ok 3         ok 3    ok 3   3 3     3 3
superseded  elsewhere  backup   | ? ?      ok 4         ok 4    ok 4   ok 4    3 3
successor   home       register | ? ?      3 3          3 3     3 3    3 3     3 3
successor   home       backup   | ? ?      3 3          3 3     3 3    3 3     3 3
successor   moved      register | ? ?      3 3          3 3     3 3    3 3     3 3
successor   moved      backup   | ? ?      3 3          3 3     3 3    3 3     3 3
successor   elsewhere  register | ? ?      3 3          3 3     3 3    3 3     3 3
successor   elsewhere  backup   | ? ?      3 3          3 3     3 3    3 3     3 3
";

const REMEMBERED: [&str; 6] = ["nothing", "fingerprint", "before", "at", "beyond", "branch"];

/// The file of a cell: its log, by where it ends.
fn log_of(relation: &str, remembered: &str) -> &'static str {
    match (relation, remembered) {
        ("successor", _) => "next",
        (_, "before") => "late",
        (_, "at") => "pinned",
        (_, "branch") => "branch",
        _ => "early",
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for item in fs::read_dir(from).unwrap().map(Result::unwrap) {
            copy(&item.path(), &to.join(item.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

/// Keeps a log as a backup and as a register.
fn keep(world: &World, person: &str, register: &str, name: &str) {
    world.ok(person, &format!("backup {name}.backup --register {register}"));
    copy(&world.path(&format!("{name}.backup")), &world.path(&format!("{name}.register")));
    world.ok(person, &format!("restore {name}.register"));
}

fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// Takes a register away, and what SQLite keeps beside it.
fn clear(world: &World, register: &str) {
    ["", "-wal", "-shm", "-queue"].iter().for_each(|side| remove(&world.path(&format!("{register}{side}"))));
}

/// A world with every file and every memory of carol's that a cell needs.
fn scene() -> World {
    let world = World::filed();
    world.approve("carol", "CHG-1");
    keep(&world, "erin", "prod.db", "early");
    world.approve("dave", "CHG-1");
    keep(&world, "erin", "prod.db", "pinned");
    world.ok("carol", "list");
    copy(&world.path("people/carol"), &world.path("memory/known"));
    world.ok("erin", "note CHG-1 Later.");
    keep(&world, "erin", "prod.db", "late");
    // frank, who never met the genuine register, records something else behind entry 3.
    world.person("frank");
    copy(&world.path("people/erin/key"), &world.path("people/frank/key"));
    copy(&world.path("early.register"), &world.path("other.db"));
    let fingerprint = world.fingerprint();
    world.ok("frank", &format!("note CHG-1 Other. --register other.db --fingerprint {fingerprint}"));
    world.ok("frank", "note CHG-1 More. --register other.db");
    keep(&world, "frank", "other.db", "branch");

    let members = "--member alice=alice.request:admin --member carol=carol.request:admin,approver";
    let said = world.ok("alice", &format!("init --name prod --register next.db --after prod.db {members}"));
    let next = said.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().to_owned();
    world.ok("carol", &format!("seal --register next.db --fingerprint {next} --digest {next}"));
    keep(&world, "alice", "next.db", "next");
    remove(&world.path("people/carol"));
    copy(&world.path("memory/known"), &world.path("people/carol"));
    clear(&world, "prod.db");
    copy(&world.path("next.register"), &world.path("prod.db"));
    world.ok("carol", &format!("list --fingerprint {next}"));
    copy(&world.path("people/carol"), &world.path("memory/superseded"));
    world
}

/// Puts file and memory of a cell in place.
fn arrange(world: &World, relation: &str, place: &str, mark: &str, remembered: &str) {
    let memory = world.path("memory").join(if relation == "superseded" { relation } else { "known" });
    for folder in [".config", ".local"] {
        remove(&world.path("people/carol").join(folder));
        if remembered != "nothing" && (folder == ".config" || remembered != "fingerprint") {
            copy(&memory.join(folder), &world.path("people/carol").join(folder));
        }
    }
    clear(world, "prod.db");
    remove(&world.path("elsewhere"));
    fs::create_dir(world.path("elsewhere")).unwrap();
    let file = world.path(&format!("{}.{mark}", log_of(relation, remembered)));
    copy(&file, &world.path(if place == "home" { "prod.db" } else { "elsewhere/file.db" }));
    if place == "elsewhere" {
        let genuine = if relation == "superseded" { "next.register" } else { "late.register" };
        copy(&world.path(genuine), &world.path("prod.db"));
    }
}

/// The pin of every register that carol remembers.
fn pins(world: &World) -> Vec<Vec<u8>> {
    let Ok(folders) = fs::read_dir(world.path("people/carol/.local/state/twinseal")) else { return Vec::new() };
    let mut pins: Vec<_> = folders.filter_map(|folder| fs::read(folder.unwrap().path().join("pin")).ok()).collect();
    pins.sort();
    pins
}

fn entries(world: &World, register: &str) -> u64 {
    let db = rusqlite::Connection::open(world.path(register)).unwrap();
    db.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap()
}

/// The rules of the notices in a JSON document.
fn notices(document: &str) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let notices = document["notices"].as_array().unwrap().iter();
    notices.map(|notice| notice["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_cell_of_the_trust_matrix_is_allowed_or_refused_as_the_table_says() {
    let world = scene();
    let mut cells = 0;
    for line in MATRIX.trim().lines().skip(1) {
        let (row, outcomes) = line.split_once('|').unwrap();
        let [relation, place, mark] = row.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{line}") };
        let outcomes: Vec<&str> = outcomes.split_whitespace().collect();
        for (remembered, outcome) in REMEMBERED.iter().zip(outcomes.chunks(2)) {
            let names = if place == "home" { &["prod.db", "prod"][..] } else { &["elsewhere/file.db"] };
            for register in names.iter().filter(|name| **name != "prod" || *remembered != "nothing") {
                let cell = Cell { relation, place, mark, remembered, register };
                cell.read(&world, outcome[0]);
                cell.write(&world, outcome[1]);
                cells += 1;
            }
        }
    }
    assert_eq!(cells, 18 * 6 + 6 * 5, "cells");
}

struct Cell<'c> {
    relation: &'c str,
    place: &'c str,
    mark: &'c str,
    remembered: &'c str,
    register: &'c str,
}

impl Cell<'_> {
    fn arrange(&self, world: &World) {
        arrange(world, self.relation, self.place, self.mark, self.remembered);
    }

    fn read(&self, world: &World, outcome: &str) {
        let Self { relation, place, mark, remembered, register } = self;
        let show = if *relation == "successor" { "person list" } else { "show CHG-1" };
        let earlier = *mark == "backup" && *remembered == "beyond";
        for command in ["list", show, "log", "verify"].iter().flat_map(|it| [(*it).to_owned(), format!("{it} --json")])
        {
            self.arrange(world);
            let before = pins(world);
            let output = world.run("carol", &format!("{command} --register {register}"));
            let here = format!("{relation} {place} {mark} {remembered}: {command}\n{}", output.screen);
            let exit = match outcome {
                "ok" => Exit::Done,
                "3" => Exit::Broken,
                // `verify` needs no first contact, and says that it is anchored to nothing.
                "?" if command.starts_with("verify") => Exit::Done,
                "?" => Exit::Invalid,
                _ => panic!("{outcome}"),
            };
            assert_eq!(output.exit, exit, "{here}");
            assert_eq!(exit == Exit::Invalid, output.err.contains("first contact"), "{here}");
            if command == "verify --json" && outcome == "?" {
                assert!(output.out.contains("not anchored outside this file"), "{here}");
            }
            // Only the register itself moves the pin.
            let itself = *place == "home" || *mark == "register" && *relation == "superseded";
            if outcome == "3" || earlier || !itself {
                assert_eq!(pins(world), before, "{here}");
            }
            if outcome == "ok" && command.ends_with("--json") {
                let said = notices(output.out.lines().next().unwrap());
                assert_eq!(said.iter().any(|it| it == "earlier-backup"), earlier, "{here}");
                assert_eq!(said.iter().any(|it| it == "superseded"), *relation == "superseded", "{here}");
            }
        }
    }

    fn write(&self, world: &World, outcome: &str) {
        let Self { relation, place, mark, remembered, register } = self;
        self.arrange(world);
        let file = if *place == "home" { "prod.db" } else { "elsewhere/file.db" };
        let before = entries(world, file);
        let output = world.run("carol", &format!("note CHG-1 Words. --register {register}"));
        let here = format!("{relation} {place} {mark} {remembered}: note\n{}", output.screen);
        let exit = match outcome {
            "ok" => Exit::Done,
            "3" => Exit::Broken,
            "4" => Exit::Environment,
            "?" => Exit::Invalid,
            _ => panic!("{outcome}"),
        };
        assert_eq!(output.exit, exit, "{here}");
        assert_eq!(entries(world, file), before + u64::from(outcome == "ok"), "{here}");
    }
}
