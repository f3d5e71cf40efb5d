//! The schema.

use std::fs;
use std::time::Duration;

use clap::CommandFactory;
use rusqlite::Connection;
use twinseal::cli::Cli;
use twinseal::domain::Head;
use twinseal::error::Exit;
use twinseal::format::Raw;
use twinseal::store::{StoreError, Writer};

use super::scene::{STRANGER, Scene, starts};
use crate::support::server::in_a_file;
use crate::support::{CALENDAR, CHANGE, FREEZE, SERVICES, TEMPLATE, World};

/// What can be done to the schema, and what is found.
const SCHEMAS: &[(&str, &str)] = &[
    ("DROP TRIGGER entry_never_changed", "the trigger entry_never_changed is missing"),
    ("DROP TRIGGER entry_never_deleted", "the trigger entry_never_deleted is missing"),
    ("DROP TRIGGER entry_only_at_the_end", "the trigger entry_only_at_the_end is missing"),
    (
        "DROP TRIGGER entry_never_deleted;
         CREATE TRIGGER entry_never_deleted BEFORE DELETE ON entry WHEN false BEGIN SELECT 1; END",
        "the trigger entry_never_deleted was changed",
    ),
    (
        "CREATE TRIGGER planted BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
        r#"the trigger "planted" does not belong here"#,
    ),
    (
        "CREATE TRIGGER planted AFTER INSERT ON votes BEGIN DELETE FROM votes; END",
        r#"the trigger "planted" does not belong here"#,
    ),
    ("CREATE VIEW planted AS SELECT * FROM entry", r#"the view "planted" does not belong here"#),
    ("CREATE TABLE planted (x)", r#"the table "planted" does not belong here"#),
    // Of a module that the adversary's SQLite has and this one does not.
    (
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema
            VALUES ('table', 'planted', 'planted', 0, 'CREATE VIRTUAL TABLE planted USING fts5(x)')",
        r#"the table "planted" does not belong here"#,
    ),
    ("CREATE INDEX planted ON votes (person)", r#"the index "planted" does not belong here"#),
    ("CREATE UNIQUE INDEX planted ON entry (blob)", r#"the index "planted" does not belong here"#),
    ("DROP INDEX log_entries_by_change", "the index log_entries_by_change is missing"),
    ("ALTER TABLE entry ADD COLUMN note TEXT", "the table entry was changed"),
    ("ALTER TABLE votes RENAME COLUMN verdict TO word", "the table votes was changed"),
    ("ALTER TABLE votes ADD COLUMN weight INTEGER", "the table votes was changed"),
];

/// Asserts that a changed schema is found by everybody, and that nobody records.
fn schema_is_found(sql: &str, meaning: &str) {
    let Some(scene) = in_a_file("a schema of SQLite", World::filed) else { return };
    scene.sql().execute_batch(sql).unwrap();
    for person in ["audrey", STRANGER] {
        let findings = scene.findings(person);
        let found = format!("[schema] {meaning}");
        assert!(findings.contains(&found), "{sql}: not {found:?} but\n{}", findings.join("\n"));
    }
    let fingerprint = scene.raw(0).leaf();
    let approve = &format!("approve CHG-1 --revision {}", "0".repeat(64));
    for command in ["list", "rebuild", "file change.toml", approve] {
        let command = format!("{command} --fingerprint {fingerprint}");
        scene.fails("carol", &command, Exit::Broken, &format!("register is broken: [schema] {meaning}"));
    }
}

#[test]
fn an_edited_schema_is_found() {
    SCHEMAS.iter().for_each(|(sql, meaning)| schema_is_found(sql, meaning));
}

#[test]
fn a_dropped_table_is_found() {
    schema_is_found("DROP TABLE votes", "the table votes is missing");
}

#[test]
fn a_renamed_column_of_the_log_is_found() {
    let Some(scene) = in_a_file("a schema of SQLite", World::filed) else { return };
    scene.sql().execute_batch("ALTER TABLE entry RENAME COLUMN text TO words").unwrap();
    starts(&scene.findings("audrey"), "[schema] the table entry was changed");
    let output = scene.run("carol", "list");
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
}

#[test]
fn a_trigger_that_swallows_rows_is_found_before_anything_is_written() {
    let Some(scene) = in_a_file("a schema of SQLite", Scene::new) else { return };
    let approve = format!("approve CHG-2 --revision {}", scene.filed);
    for table in ["entry", "votes", "log_entries"] {
        let db = scene.sql();
        let trigger = format!("CREATE TRIGGER swallow BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END");
        db.execute_batch(&trigger).unwrap();
        scene.fails("carol", &approve, Exit::Broken, r#"[schema] the trigger "swallow" does not belong here"#);
        let count = |table: &str| format!("SELECT count(*) FROM {table}");
        let rows = |table| db.query_row(&count(table), [], |row| row.get::<_, u64>(0)).unwrap();
        assert_eq!([rows("entry"), rows("votes"), rows("log_entries")], [10, 2, 10]);
        db.execute_batch("DROP TRIGGER swallow").unwrap();
    }
    scene.ok("carol", &approve);
}

#[test]
fn a_trigger_planted_after_opening_swallows_nothing_unseen() {
    let Some(scene) = in_a_file("a schema of SQLite", Scene::new) else { return };
    let (mut file, findings) = crate::support::log::open_file(&scene.path("prod.db"), &scene.path("scratch"));
    assert_eq!(findings, []);
    let plant = "CREATE TRIGGER planted BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END";
    scene.sql().execute_batch(plant).unwrap();
    let head = Head { seq: 9, leaf: scene.raw(9).leaf() };
    let raw = Raw { seq: 10, ..scene.raw(9) };
    let writer = Writer { account: "carol".to_owned(), patience: Duration::from_secs(3) };
    let turn = file.turn(&writer).unwrap();
    match file.append(&turn, Some(head), &raw, &[], &|_| Ok(())) {
        Err(StoreError::Broken(finding)) => assert_eq!((finding.seq, finding.rule), (Some(10), "append")),
        _ => panic!("it was said to be recorded"),
    }
}

#[test]
fn a_falsified_index_is_found() {
    let Some(scene) = in_a_file("a schema of SQLite", Scene::new) else { return };
    scene.tamper(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX log_entries_by_change ON log_entries (proposal, seq)'
            WHERE name = 'log_entries_by_change';
         PRAGMA writable_schema = RESET; REINDEX; PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX log_entries_by_change ON log_entries (change, seq)'
            WHERE name = 'log_entries_by_change';
         PRAGMA writable_schema = RESET",
    );
    scene.finds("[integrity] ");
}

#[test]
fn plain_sql_cannot_change_the_log() {
    let Some(scene) = in_a_file("a schema of SQLite", Scene::new) else { return };
    let db = scene.sql();
    let before: Vec<Raw> = (0..10).map(|seq| scene.raw(seq)).collect();
    for sql in [
        "INSERT INTO entry SELECT 4, blob, text, data FROM entry WHERE seq = 3",
        "INSERT INTO entry SELECT 11, blob, text, data FROM entry WHERE seq = 3",
        "INSERT INTO entry SELECT NULL, blob, text, data FROM entry WHERE seq = 3",
        "INSERT OR REPLACE INTO entry SELECT 4, blob, text, data FROM entry WHERE seq = 3",
        "INSERT OR REPLACE INTO entry SELECT 9, blob, text, data FROM entry WHERE seq = 3",
        "INSERT OR IGNORE INTO entry SELECT 4, blob, text, data FROM entry WHERE seq = 3",
        "REPLACE INTO entry VALUES (0, x'', NULL, NULL)",
        "INSERT INTO entry VALUES (9, x'', NULL, NULL) ON CONFLICT DO UPDATE SET blob = x''",
        "UPDATE entry SET blob = x'' WHERE seq = 4",
        "UPDATE entry SET seq = 10 WHERE seq = 9",
        "UPDATE OR REPLACE entry SET seq = 8 WHERE seq = 9",
        "UPDATE OR IGNORE entry SET blob = x'' WHERE seq = 9",
        "UPDATE entry SET text = x'00' WHERE seq = 2",
        "UPDATE entry SET text = x'00' WHERE seq = 3",
        "UPDATE entry SET text = NULL, blob = x'' WHERE seq = 2",
        "UPDATE entry SET data = x'00' WHERE seq = 3",
        "UPDATE entry SET text = NULL, data = x'00' WHERE seq = 2",
        "DELETE FROM entry WHERE seq = 9",
        "DELETE FROM entry",
    ] {
        let refused = db.execute(sql, []).expect_err(sql).to_string();
        assert!(refused.contains("the log is append-only"), "{sql}: {refused}");
        assert_eq!((0..10).map(|seq| scene.raw(seq)).collect::<Vec<_>>(), before, "{sql}");
        assert_eq!(scene.entries(), 10, "{sql}");
    }
}

// At open

/// Something planted, and what is found.
const PLANTS: [(&str, &str); 5] = [
    (
        "CREATE TRIGGER planted BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
        r#"the trigger "planted" does not belong here"#,
    ),
    ("CREATE VIEW planted AS SELECT * FROM entry", r#"the view "planted" does not belong here"#),
    ("CREATE TABLE planted (x)", r#"the table "planted" does not belong here"#),
    ("CREATE INDEX planted ON entry (seq) WHERE seq < 2", r#"the index "planted" does not belong here"#),
    (
        "ALTER TABLE votes RENAME TO planted; CREATE VIEW votes AS SELECT * FROM planted WHERE person <> 'dave'",
        "the table votes is missing",
    ),
];

/// Every command that opens the register and stops there, with what it needs to get so far.
pub const OPENING: &[&str] = &[
    "whoami",
    "draft --from CHG-1",
    "check change.toml",
    "file change.toml",
    "revise CHG-1 change.toml",
    "revise CHG-1 --risk low",
    "withdraw CHG-1 --reason No.",
    "inbox",
    "list",
    "show CHG-1",
    "diff CHG-1",
    "approve CHG-1 --revision DIGEST",
    "approve --all-of CHG-1 --digest DIGEST",
    "approve CHG-1 --detached new.approval",
    "approve --submit carol.approval",
    "reject CHG-1 --reason No.",
    "retract CHG-1 --reason No.",
    "start CHG-1",
    "start CHG-1 --artifacts .",
    "finish CHG-1 --outcome succeeded",
    "confirm CHG-1",
    "review CHG-1 review.toml",
    "close CHG-1",
    "action list",
    "action done CHG-1/1",
    "note CHG-1 Words.",
    "gate CHG-1",
    "breakglass open --incident INC-1 --reason No.",
    "breakglass enter acted.word",
    "breakglass close BG-1 change.toml",
    "breakglass ratify BG-1 --digest DIGEST",
    "deviation record told.toml",
    "deviation review DEV-1 --digest DIGEST",
    "deviation list",
    "deviation show DEV-1",
    "breakglass list",
    "breakglass show BG-1",
    "log",
    "checkpoint",
    "rebuild",
    "backup out.db",
    "recover copy.db",
    "register move prod.db new.db",
    "export jsonl",
    "export csv",
    "export allowed-signers",
    "audit population --from 2026-12-01T00:00:00Z --to 2026-12-02T00:00:00Z",
    "audit exceptions --from 2026-12-01T00:00:00Z --to 2026-12-02T00:00:00Z",
    "audit sample --seed 416 --from 2026-12-01T00:00:00Z --to 2026-12-02T00:00:00Z",
    "audit roles",
    "audit access",
    "audit compromise --person carol --since 0",
    "audit reconcile deployed.csv",
    "evidence pack CHG-1 --out pack",
    "seal",
    "init --after prod.db --register new.db --name new --member alice=alice.request:admin",
    "key revoke KEY",
    "key suspend KEY",
    "key lift KEY",
    "person request carol --out again.request",
    "join carol --out again.request",
    "person enrol dave=dave.request:approver",
    "person machine deploy=dave.request --operator carol",
    "person grant carol engineer",
    "person revoke-role carol approver",
    "person retire carol",
    "person suspend carol",
    "person rota rota.csv",
    "person add-key dave.request",
    "person list",
    "person show carol",
    "proposal list",
    "proposal show 1",
    "proposal second 1 --digest DIGEST",
    "proposal decline 1",
    "proposal withdraw 1",
    "proposal redact 2 --reason No.",
    "proposal restored --reason No.",
    "policy show",
    "policy explain",
    "policy test policy.toml --change CHG-1",
    "policy replay policy.toml",
    "policy propose policy.toml",
    "calendar",
    "calendar list",
    "calendar show market-cn",
    "calendar propose calendar.toml",
    "service list",
    "service show order-gateway",
    "service impact order-gateway",
    "service import services.toml",
    "template list",
    "template show restart-gateway",
    "template propose template.toml",
    "template end restart-gateway --reason No.",
    "freeze list",
    "freeze show month-end",
    "freeze check now",
    "slots",
    "freeze propose freeze.toml",
    "freeze lift month-end --reason No.",
    "freeze now --reason No.",
    "freeze end now-1",
    "notify run",
    "notify status",
    "notify retry ops",
];

/// The others: those that need no register, and those that say what they find in a way of their own.
pub const ASIDE: &[&str] = &[
    "calendar venue",
    "complete",
    "setup-shell",
    "found",
    "register grant-sql",
    "register project",
    "drafts",
    "drafts list",
    "drafts discard",
    "drafts resume",
    "config",
    "config show",
    "config path",
    "config set",
    "config unset",
    "config edit",
    "registers",
    "registers list",
    "registers forget",
    "notify check",
    "notify test",
    "key new",
    "key show",
    "policy draft",
    "policy check",
    "verify",
    "doctor",
    "restore",
    "repair",
    "evidence verify",
];

/// Every verb with the nouns before it.
fn verbs(command: &clap::Command, before: &str) -> Vec<String> {
    let below = command.get_subcommands().filter(|it| it.get_name() != "help");
    let verb = |it: &clap::Command| format!("{before} {}", it.get_name()).trim_start().to_owned();
    let mut found: Vec<String> = below.flat_map(|it| verbs(it, &verb(it))).collect();
    // A noun can be a verb too: `calendar`.
    if found.is_empty() || !before.is_empty() && !command.is_subcommand_required_set() {
        found.push(before.to_owned());
    }
    found
}

#[test]
fn what_is_planted_is_found_by_every_command_that_opens_the_register() {
    let Some(scene) = in_a_file("a schema of SQLite", Scene::new) else { return };
    scene.write("change.toml", CHANGE);
    scene.ok("carol", "breakglass open --incident INC-9 --reason Now. --as carol --offline acted.word");
    scene.write("rota.csv", "person,grant,from,until\ncarol,group dba,,\n");
    scene.write("deployed.csv", "time,service\n2026-12-01T10:00:00Z,order-gateway\n");
    scene.write("freeze.toml", FREEZE);
    scene.write("calendar.toml", CALENDAR);
    scene.write("services.toml", SERVICES);
    scene.write("template.toml", TEMPLATE);
    scene.write("told.toml", "done = 2026-12-01T08:00:00Z\nwhat = 'Restarted.'\n");
    scene.write("review.toml", "happened = 'It failed.'\nlearned = 'Nothing.'\n");
    scene.write("policy.toml", "approvals = 2\napproval_days = 10\n");
    let (digest, key) = (scene.filed.clone(), scene.signer("carol").public().fingerprint());
    scene.ok("carol", "backup copy.db");
    scene.ok("carol", "approve CHG-2 --detached carol.approval");
    scene.ok("carol", &format!("approve --sign carol.approval --digest {}", scene.statement("carol.approval")));
    let (whole, copy) = (scene.copy(), fs::read(scene.path("copy.db")).unwrap());
    for (plant, found) in PLANTS {
        scene.sql().execute_batch(plant).unwrap();
        Connection::open(scene.path("copy.db")).unwrap().execute_batch(plant).unwrap();
        let found = format!("[schema] {found}");
        for command in OPENING {
            let command = command.replace("DIGEST", &digest).replace("KEY", &key.to_string());
            scene.fails("carol", &command, Exit::Broken, &format!("register is broken: {found}"));
        }
        assert!(scene.findings("carol").contains(&found), "{plant}");
        let doctor = scene.run("carol", "doctor");
        assert!(doctor.exit == Exit::Environment && doctor.out.contains("[schema] "), "{plant}: {}", doctor.screen);
        // A copy is not made a register with it.
        scene.fails("carol", "restore copy.db", Exit::Broken, &found);
        assert_eq!(scene.run("carol", "verify --register copy.db").exit, Exit::Broken, "{plant}");
        scene.replace_file(&whole);
        scene.write("copy.db", &copy);
        assert_eq!(scene.findings("carol"), Vec::<String>::new(), "{plant}");
    }
    assert!(["out.db", "new.db", "again.request"].iter().all(|it| !scene.path(it).exists()));
    scene.ok("carol", "restore copy.db");
}

#[test]
fn no_command_that_opens_the_register_is_forgotten() {
    let all = verbs(&Cli::command(), "");
    let opens = |verb: &str| OPENING.iter().any(|it| *it == verb || it.starts_with(&format!("{verb} ")));
    let forgotten: Vec<&String> = all.iter().filter(|it| !opens(it) && !ASIDE.contains(&it.as_str())).collect();
    assert!(forgotten.is_empty() && all.len() > 40, "{forgotten:?}");
}

#[test]
fn a_view_in_the_place_of_the_log_is_found() {
    let Some(world) = in_a_file("a schema of SQLite", World::approved) else { return };
    world
        .sql()
        .execute_batch("ALTER TABLE entry RENAME TO kept; CREATE VIEW entry AS SELECT * FROM kept WHERE seq < 2")
        .unwrap();
    for command in ["verify", "list", "note CHG-1 Words.", "repair", "rebuild"] {
        world.fails("audrey", command, Exit::Broken, "[schema] entry is no table");
    }
}

/// Gives `log_entries_by_change`, which stays what it says, the rows of another index: those that are meant to be seen.
fn falsify_index(world: &World, rows: &str) {
    let edit = |sql: &str| {
        format!(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE INDEX log_entries_by_change ON log_entries {sql}'
                WHERE name = 'log_entries_by_change';
             PRAGMA writable_schema = RESET;"
        )
    };
    world.tamper(&format!("{} REINDEX; {}", edit(rows), edit("(change, seq)")));
}

#[test]
fn an_index_that_hides_a_row_is_found() {
    let Some(scene) = in_a_file("a schema of SQLite", Scene::new) else { return };
    let before = ["list", "show CHG-1", "log --change CHG-1"].map(|command| scene.ok("carol", command));
    falsify_index(&scene, "(change, seq) WHERE change <> 1");
    let hidden = "SELECT count(*) FROM log_entries WHERE change = 1";
    assert_eq!(scene.sql().query_row(hidden, [], |row| row.get::<_, u64>(0)).unwrap(), 0, "nothing is hidden");
    scene.finds("[integrity] ");
    // Whoever asks twinseal sees it all the same, and records on top of all of it.
    assert_eq!(["list", "show CHG-1", "log --change CHG-1"].map(|command| scene.ok("carol", command)), before);
    scene.ok("carol", &format!("approve CHG-2 --revision {}", scene.filed));
}

#[test]
fn no_index_can_hide_the_newest_entry() {
    let Some(scene) = in_a_file("a schema of SQLite", Scene::new) else { return };
    // An index on the log is none of ours, whatever it says that it is.
    for name in ["entry_newest", "sqlite_autoindex_entry_1"] {
        scene.tamper(&format!(
            "CREATE INDEX planted ON entry (seq) WHERE seq < 5;
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET name = '{name}', sql = 'CREATE INDEX {name} ON entry (seq)'
                WHERE name = 'planted';
             PRAGMA writable_schema = RESET"
        ));
        scene.stops(&format!(r#"[schema] the index "{name}" does not belong here"#));
        assert!(scene.findings(STRANGER).iter().any(|it| it.starts_with("[schema] the index")), "{name}");
        scene.tamper(&format!(
            "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = '{name}';
             PRAGMA writable_schema = RESET"
        ));
    }
}

#[test]
fn tables_that_exchanged_their_places_in_the_file_are_found() {
    let Some(scene) = in_a_file("a schema of SQLite", Scene::new) else { return };
    let root = |table: &str| format!("(SELECT rootpage FROM sqlite_schema WHERE name = '{table}')");
    scene.tamper(&format!(
        "CREATE TEMP TABLE old AS SELECT {} AS votes, {} AS runs;
         PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET rootpage = (SELECT runs FROM old) WHERE name = 'votes';
         UPDATE sqlite_schema SET rootpage = (SELECT votes FROM old) WHERE name = 'runs';
         PRAGMA writable_schema = RESET",
        root("votes"),
        root("runs")
    ));
    assert!(!scene.findings("audrey").is_empty());
    assert!(!scene.findings(STRANGER).is_empty());
}
