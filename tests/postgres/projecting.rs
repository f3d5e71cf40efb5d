//! The tables for SQL and BI tools on a server: what a projector writes is what the log makes, and `verify` finds
//! whatever else somebody writes there.

use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use twinseal::domain::ProposalId;
use twinseal::error::Exit;
use twinseal::store::postgres::address::Address;
use twinseal::store::{Anchor, Excuse, Home, Session, Site};

use super::cluster::{Cluster, value};
use crate::hostile::day::{DAY, MAY_FAIL};
use crate::hostile::screen::{filled, prepare};
use crate::support::World;

/// A register on a server, with CHG-1, and an address by which somebody may fill the tables and not record.
pub struct Scene {
    pub world: World,
    pub address: String,
}

impl Scene {
    /// `None` without PostgreSQL.
    pub fn filed() -> Option<Self> {
        let scene = Self::of(World::founded_on_server)?;
        scene.world.write("change.toml", crate::support::CHANGE);
        scene.world.ok("erin", "file change.toml");
        Some(scene)
    }

    fn of(world: impl FnOnce() -> World) -> Option<Self> {
        Cluster::shared()?;
        let world = world();
        let role = world.server().unwrap().role("projector");
        let address = world.place().replace("tester@", &format!("{role}@"));
        Some(Self { world, address })
    }

    /// Projects as a person, and returns what that says.
    #[track_caller]
    fn project_as(&self, person: &str, options: &str) -> String {
        self.world.ok(person, &format!("register project --register {} {options}", self.address))
    }

    #[track_caller]
    pub fn project(&self) -> String {
        self.project_as("audrey", "")
    }

    /// The entry up to which the tables are filled.
    fn filled_to(&self) -> u64 {
        let answer = value(&mut self.world.server().unwrap().owner(), "SELECT seq FROM twinseal_tables.projected");
        answer.parse().unwrap()
    }

    pub fn owner(&self, sql: &str) {
        self.world.server().unwrap().owner().batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The tables are right at the entry where they are, and comparing every row changes none.
    #[track_caller]
    pub fn is_right(&self, at: u64) {
        assert_eq!(self.world.findings("audrey"), Vec::<String>::new(), "at entry {at}");
        let all = self.project_as("audrey", "--all");
        assert_eq!(all, format!("the tables of prod are at entry {at}; rows written: 0\n"));
    }

    fn spawn(&self, person: &str, more: &[&str]) -> Child {
        let arguments = [&["register", "project", "--register", &self.address], more].concat();
        self.world.command(person, &arguments).spawn().unwrap()
    }
}

/// The rows of a table of a file, as JSON.
fn rows_of_file(file: &rusqlite::Connection, table: &str) -> Vec<Value> {
    let mut select = file.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let names: Vec<String> = select.column_names().map(str::to_owned).collect();
    let row = |row: &rusqlite::Row<'_>| {
        let cell = |n| match row.get_unwrap(n) {
            rusqlite::types::Value::Integer(number) => Value::from(number),
            rusqlite::types::Value::Text(text) => Value::from(text),
            _ => Value::Null,
        };
        Ok(Value::Object(names.iter().enumerate().map(|(n, name)| (name.clone(), cell(n))).collect::<Map<_, _>>()))
    };
    let mut rows: Vec<Value> = select.query_map([], row).unwrap().map(Result::unwrap).collect();
    rows.sort_by_key(ToString::to_string);
    rows
}

/// The same of a table of the server, without the register.
fn rows_of_server(scene: &Scene, table: &str) -> Vec<Value> {
    let sql = format!("SELECT row_to_json(it)::text FROM twinseal_tables.\"{table}\" AS it");
    let rows = scene.world.server().unwrap().owner().query(&sql, &[]).unwrap();
    let row = |row: &postgres::Row| {
        let mut row: Value = serde_json::from_str(row.get(0)).unwrap();
        row.as_object_mut().unwrap().shift_remove("register");
        row
    };
    let mut rows: Vec<Value> = rows.iter().map(row).collect();
    rows.sort_by_key(ToString::to_string);
    rows
}

/// Proposals of the day of `tests/hostile/day.rs` that nobody seconds there: a rota, a machine account, a redaction, the end of a
/// template and of a freeze, and somebody who leaves.
const OPEN: [u64; 6] = [6, 7, 11, 17, 18, 5];

#[test]
fn the_tables_projected_step_by_step_are_those_of_the_log() {
    let scene = Scene::of(|| {
        let world = World::empty();
        world.on_server();
        prepare(&world, "NAME", crate::support::CHANGE);
        world
    });
    let Some(scene) = scene else { return };
    let (world, mut known, mut steps) = (&scene.world, 0, 0);
    let seconds = OPEN.map(|number| ("bob", format!("proposal second {number} --digest DIGEST")));
    let day = DAY.iter().take_while(|(_, line)| *line != "person list");
    // With a name and a service, which the day leaves out.
    let more = |line: &str| {
        let line = line.replace("request frank --key", "request frank --name 'Frank Li' --key");
        line.replace("--incident INC-1 ", "--incident INC-1 --service order-gateway ")
    };
    let day = day.map(|(person, line)| (*person, more(line)));
    // Nobody approves their own change; that is on record.
    let refused = ("erin", "approve CHG-3 --revision FILED".to_owned());
    for (person, line) in day.chain(seconds).chain([refused]) {
        if line.starts_with("gate") {
            world.at("2026-12-01T10:00:00Z");
        }
        let line = line.replace("prod.db", &world.place());
        let opened = |line: &str| {
            let number: u64 = line.split(' ').nth(2).unwrap().parse().unwrap();
            let state = world.state();
            state.governance().proposal(ProposalId::after(number - 1)).unwrap().opened.to_string()
        };
        let line = if line.ends_with("DIGEST") { line.replace("DIGEST", &opened(&line)) } else { line };
        let line = if line.ends_with("FILED") {
            line.replace("FILED", &world.revision("CHG-3").filed.to_string())
        } else {
            line
        };
        let output = world.run_words(person, &filled(world, &line, "NAME"), None);
        let well = output.exit == Exit::Done || MAY_FAIL.contains(&line.as_str()) || line.starts_with("approve CHG-3");
        assert!(well, "{line}\n{}", output.screen);
        let entries = world.entries();
        // Steps of one, two and three entries.
        if entries < 2 || entries - known <= steps % 3 {
            continue;
        }
        if known == 0 {
            world.ok("audrey", &format!("list --fingerprint {}", world.fingerprint()));
        } else {
            assert_eq!(world.findings("audrey"), Vec::<String>::new(), "before {line} is projected");
        }
        let said = scene.project();
        let last = entries - 1;
        assert!(said.starts_with(&format!("projected entries {known} to {last} of prod; rows written: ")), "{said}");
        scene.is_right(last);
        (known, steps) = (entries, steps + 1);
    }
    assert!(steps > 25, "{steps}");
    world.ok("audrey", "backup copy.db");
    let file = rusqlite::Connection::open(world.path("copy.db")).unwrap();
    scene.project();
    let mut select = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'entry'").unwrap();
    let tables: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.len() > 20, "{tables:?}");
    for table in tables {
        let rows = rows_of_file(&file, &table);
        assert!(!rows.is_empty(), "the story has nothing for {table}");
        assert_eq!(rows_of_server(&scene, &table), rows, "{table}");
    }
}

#[test]
fn verify_says_up_to_which_entry_it_compared_the_tables() {
    let Some(scene) = Scene::filed() else { return };
    let json = |scene: &Scene| serde_json::from_str::<Value>(&scene.project_as("audrey", "--json")).unwrap();
    let compared = "notice        [tables] compared at entry 2, up to which the tables are filled";
    assert!(!scene.world.ok("audrey", "verify").contains("[tables]"));
    let projected = json(&scene);
    assert_eq!((&projected["before"], &projected["entry"]), (&Value::Null, &Value::from(2)));
    assert!(projected["rows"].as_u64() > Some(20), "{projected}");
    assert_eq!((&json(&scene)["before"], &json(&scene)["rows"]), (&Value::from(2), &Value::from(0)));
    assert!(!scene.world.ok("audrey", "verify").contains("[tables]"));
    scene.world.ok("erin", "note CHG-1 Words.");
    let said = scene.world.ok("audrey", "verify");
    assert!(said.contains(compared) && said.contains("result        intact"), "{said}");
    // A reader who fills nothing compares them as well.
    let reader = scene.world.place().replace("tester@", &format!("{}@", scene.world.server().unwrap().role("reader")));
    assert!(scene.world.ok("carol", &format!("verify --register {reader}")).contains(compared));
}

#[test]
fn a_redacted_text_leaves_the_tables_with_the_next_projection() {
    let Some(scene) = Scene::filed() else { return };
    let world = &scene.world;
    scene.project();
    world.ok("alice", "proposal redact 2 --reason Personal.");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
    let title = || value(&mut world.server().unwrap().owner(), "SELECT title FROM twinseal_tables.revisions");
    assert_eq!(title(), "Raise the pool");
    let said = world.ok("audrey", "verify");
    assert!(said.contains("entry 2: [tables] its redacted text is in the table revisions"), "{said}");
    // Nothing else may differ in that row.
    scene.owner("UPDATE twinseal_tables.revisions SET risk = 'low'");
    let found = world.findings("audrey");
    assert!(found[0].contains("the row 1, 1 of the table revisions differs"), "{found:?}");
    scene.project();
    assert_eq!(title(), "");
    scene.is_right(4);
}

#[test]
fn a_file_has_its_tables_already_and_is_not_projected() {
    let world = World::filed();
    if world.server().is_none() {
        world.fails("audrey", "register project", Exit::Invalid, "prod.db is a file, which has its tables in it");
        world.fails("audrey", "register project --watch", Exit::Invalid, "is a file");
    }
}

#[test]
fn only_a_projector_fills_the_tables_and_only_of_a_log_without_findings() {
    let Some(scene) = Scene::filed() else { return };
    let world = &scene.world;
    world.fails("audrey", "register project", Exit::Environment, "no right for refilling the tables");
    scene.project();
    let note = format!("note CHG-1 Words. --register {}", scene.address);
    world.fails("erin", &note, Exit::Environment, "no right");
    world.ok("erin", "note CHG-1 Words.");
    world.tamper("UPDATE entry SET blob = 'x' WHERE seq = 3");
    world.fails("carol", &format!("register project --register {}", scene.address), Exit::Broken, "entry 3");
    assert_eq!(scene.filled_to(), 2);
}

#[test]
fn a_database_that_was_prepared_before_has_nothing_to_compare_and_says_what_is_missing() {
    let Some(scene) = Scene::filed() else { return };
    scene.owner("DROP SCHEMA twinseal_tables CASCADE");
    assert_eq!(scene.world.findings("audrey"), Vec::<String>::new());
    scene.world.ok("audrey", "rebuild");
    let project = format!("register project --register {}", scene.address);
    scene.world.fails("audrey", &project, Exit::Environment, "has no tables for SQL and BI tools");
}

#[test]
fn the_tables_never_go_back_to_an_earlier_entry_unasked() {
    let Some(scene) = Scene::filed() else { return };
    let world = &scene.world;
    scene.project();
    // An account that opened the register before another one recorded and projected.
    let id: twinseal::domain::Digest = world.fingerprint().parse().unwrap();
    let home = Home { folder: world.path(""), current: world.path(""), ..Home::default() };
    let address = std::path::PathBuf::from(&scene.address);
    assert!(scene.address.parse::<Address>().is_ok());
    let (shared, _) = twinseal::store::open(&address, Site::Register, &world.path("scratch"), &home).unwrap();
    let folder = world.path("slow");
    let anchor = Anchor { folder: &folder, fingerprint: id, excuse: Excuse::None };
    let mut slow = Session::open(shared, anchor, world.now(), &mut |_| {}).unwrap();
    world.ok("erin", "note CHG-1 Words.");
    scene.project();
    for all in [false, true] {
        let projected = slow.project(all, world.now()).unwrap().unwrap();
        assert_eq!((projected.before, projected.head.seq, projected.rows), (Some(3), 3, 0));
    }
    // An entry that nobody recorded.
    scene.owner("UPDATE twinseal_tables.projected SET seq = 900");
    let project = format!("register project --register {}", scene.address);
    world.fails("audrey", &project, Exit::Broken, "filled up to entry 900, but the log ends at entry 3");
    assert_eq!(scene.filled_to(), 900);
    assert!(scene.project_as("audrey", "--all").starts_with("projected entries 0 to 3"));
    scene.is_right(3);
}

#[test]
fn two_projectors_at_once_leave_the_tables_right() {
    let Some(scene) = Scene::filed() else { return };
    scene.world.ok("carol", "list");
    let people = ["audrey", "carol", "dave", "audrey"];
    let projectors = people.map(|person| scene.spawn(person, &[]));
    for projector in projectors {
        let output = projector.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    scene.is_right(2);
}

/// Waits until something is so.
#[track_caller]
fn await_that(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not happen");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_projector_that_is_killed_leaves_the_tables_at_an_entry_where_they_are_right() {
    let Some(scene) = Scene::filed() else { return };
    scene.project();
    scene.world.ok("erin", "note CHG-1 Words.");
    // It waits for this table, after it has written others.
    scene.owner("BEGIN; LOCK TABLE twinseal_tables.redactions IN ACCESS EXCLUSIVE MODE");
    let mut projector = scene.spawn("audrey", &[]);
    let waiting =
        "SELECT count(*) FROM pg_locks WHERE relation = 'twinseal_tables.redactions'::regclass AND NOT granted";
    await_that(|| value(&mut scene.world.server().unwrap().owner(), waiting) == "1");
    projector.kill().unwrap();
    projector.wait().unwrap();
    scene.owner("COMMIT");
    await_that(|| value(&mut scene.world.server().unwrap().owner(), waiting) == "0");
    assert_eq!(scene.filled_to(), 2);
    assert_eq!(scene.world.findings("audrey"), Vec::<String>::new());
    scene.project();
    scene.is_right(3);
}

#[test]
fn a_projector_that_stays_follows_the_log() {
    let Some(scene) = Scene::filed() else { return };
    let mut projector = scene.spawn("audrey", &["--watch"]);
    let filled_to = || {
        let sql = "SELECT coalesce(max(seq), -1) FROM twinseal_tables.projected";
        value(&mut scene.world.server().unwrap().owner(), sql)
    };
    await_that(|| filled_to() == "2");
    for entry in ["3", "4"] {
        scene.world.ok("erin", "note CHG-1 Words.");
        await_that(|| filled_to() == entry);
    }
    projector.kill().unwrap();
    let said = projector.wait_with_output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let starts: Vec<&str> = said.lines().filter_map(|line| line.split(';').next()).collect();
    assert_eq!(starts, ["0 to 2", "3 to 3", "4 to 4"].map(|it| format!("projected entries {it} of prod")));
    scene.is_right(4);
}

#[test]
fn registers_of_one_database_do_not_touch_the_rows_of_each_other() {
    let Some(scene) = Scene::filed() else { return };
    let world = &scene.world;
    // The register as another one: what its tables are is up to whoever writes them.
    scene.project();
    let copies: Vec<String> = tables(&scene).iter().map(|table| copy(table)).collect();
    scene.owner(&copies.join(";"));
    let rows = |register: &str| {
        let each = |table: &String| {
            let sql = format!(
                "SELECT coalesce(string_agg(to_jsonb(it)::text, ';' ORDER BY to_jsonb(it)::text), '') \
                 FROM twinseal_tables.\"{table}\" AS it WHERE register {register}"
            );
            value(&mut world.server().unwrap().owner(), &sql)
        };
        tables(&scene).iter().map(each).collect::<Vec<_>>()
    };
    let (ours, others) = (rows("LIKE 'prod#%'"), rows("= 'other#00'"));
    assert!(ours.len() == others.len() && others.iter().any(|it| it.len() > 100));
    scene.is_right(2);
    world.ok("erin", "note CHG-1 Words.");
    scene.project();
    scene.is_right(3);
    assert_eq!(rows("= 'other#00'"), others);
    scene.owner("UPDATE twinseal_tables.changes SET state = 'closed' WHERE register = 'other#00'");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

/// The tables of the schema.
fn tables(scene: &Scene) -> Vec<String> {
    let sql =
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'twinseal_tables'::regnamespace AND relkind = 'r'
        AND relname <> 'projected' ORDER BY 1";
    scene.world.server().unwrap().owner().query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn copy(table: &str) -> String {
    format!(
        "INSERT INTO twinseal_tables.\"{table}\" SELECT it.* FROM twinseal_tables.\"{table}\" AS old,
            json_populate_record(old, '{{\"register\": \"other#00\"}}') AS it"
    )
}

#[test]
fn rebuild_fills_the_tables_again_if_the_role_may_and_otherwise_says_that_it_did_not() {
    let Some(scene) = Scene::filed() else { return };
    let world = &scene.world;
    scene.project();
    world.ok("erin", "note CHG-1 Words.");
    scene.owner("UPDATE twinseal_tables.changes SET state = 'closed'");
    let rebuilt = world.run("audrey", "rebuild");
    assert!(rebuilt.exit == Exit::Done && rebuilt.err.contains("tables not rebuilt"), "{}", rebuilt.screen);
    assert_eq!(scene.filled_to(), 2);
    let rebuilt = world.run("audrey", &format!("rebuild --register {}", scene.address));
    assert!(rebuilt.err.contains("tables rebuilt; 1 rows differed from the log"), "{}", rebuilt.screen);
    assert!(rebuilt.out.contains("the row 1 of the table changes differs"), "{}", rebuilt.screen);
    scene.is_right(3);
}

#[test]
fn doctor_says_how_far_the_tables_are() {
    let Some(scene) = Scene::filed() else { return };
    let says = |words: &str| {
        let said = scene.world.run("audrey", "doctor");
        assert!(said.out.contains(words), "{words}\n{}", said.screen);
    };
    says("never filled");
    scene.project();
    scene.world.ok("erin", "note CHG-1 Words.");
    says("filled up to entry 2 of 3");
    scene.owner("UPDATE twinseal_tables.projected SET time = now() - interval '25 hours'");
    says("the projector has not run for a day");
    scene.owner("UPDATE twinseal_tables.projected SET leaf = 'x'");
    says("does not say up to which entry");
}

#[test]
fn whoever_may_not_fill_the_tables_is_told_even_if_they_are_full() {
    let Some(scene) = Scene::filed() else { return };
    scene.project();
    let refused = scene.world.run("audrey", &format!("register project --register {}", scene.world.place()));
    assert!(refused.exit == Exit::Environment && refused.err.contains("no right for"), "{}", refused.screen);
}
