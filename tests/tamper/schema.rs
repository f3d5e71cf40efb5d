//! The schema.

use twinseal::error::Exit;
use twinseal::log::Raw;

use super::scene::{STRANGER, Scene, starts};
use super::support::World;

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
    ("CREATE VIRTUAL TABLE planted USING fts5(x)", r#"the table "planted" does not belong here"#),
    ("CREATE INDEX planted ON votes (person)", r#"the index "planted" does not belong here"#),
    ("CREATE UNIQUE INDEX planted ON entry (blob)", r#"the index "planted" does not belong here"#),
    ("DROP INDEX actions_by_change", "the index actions_by_change is missing"),
    ("ALTER TABLE entry ADD COLUMN note TEXT", "the table entry was changed"),
    ("ALTER TABLE votes RENAME COLUMN verdict TO word", "the table votes was changed"),
    ("ALTER TABLE votes ADD COLUMN weight INTEGER", "the table votes was changed"),
];

/// Asserts that a changed schema is found by everybody, and that nobody records.
fn schema_is_found(sql: &str, meaning: &str) {
    let scene = World::filed();
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
        scene.fails("carol", &command, Exit::Broken, &format!("the register is broken: [schema] {meaning}"));
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
    let scene = World::filed();
    scene.sql().execute_batch("ALTER TABLE entry RENAME COLUMN text TO words").unwrap();
    starts(&scene.findings("audrey"), "[schema] the table entry was changed");
    let output = scene.run("carol", "list");
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
}

#[test]
fn a_trigger_that_swallows_rows_is_found_before_anything_is_written() {
    let scene = Scene::new();
    let approve = format!("approve CHG-2 --revision {}", scene.filed);
    for table in ["entry", "votes", "actions"] {
        let db = scene.sql();
        let trigger = format!("CREATE TRIGGER swallow BEFORE INSERT ON {table} BEGIN SELECT RAISE(IGNORE); END");
        db.execute_batch(&trigger).unwrap();
        scene.fails("carol", &approve, Exit::Broken, r#"[schema] the trigger "swallow" does not belong here"#);
        let count = |table: &str| format!("SELECT count(*) FROM {table}");
        let rows = |table| db.query_row(&count(table), [], |row| row.get::<_, u64>(0)).unwrap();
        assert_eq!([rows("entry"), rows("votes"), rows("actions")], [10, 2, 10]);
        db.execute_batch("DROP TRIGGER swallow").unwrap();
    }
    scene.ok("carol", &approve);
}

#[test]
fn a_falsified_index_is_found() {
    let scene = Scene::new();
    scene.tamper(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX actions_by_change ON actions (motion, seq)'
            WHERE name = 'actions_by_change';
         PRAGMA writable_schema = RESET; REINDEX; PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX actions_by_change ON actions (change, seq)'
            WHERE name = 'actions_by_change';
         PRAGMA writable_schema = RESET",
    );
    scene.finds("[integrity] ");
}

#[test]
fn plain_sql_cannot_change_the_log() {
    let scene = Scene::new();
    let db = scene.sql();
    let before: Vec<Raw> = (0..10).map(|seq| scene.raw(seq)).collect();
    for sql in [
        "INSERT INTO entry SELECT 4, blob, text FROM entry WHERE seq = 3",
        "INSERT INTO entry SELECT 11, blob, text FROM entry WHERE seq = 3",
        "INSERT INTO entry SELECT NULL, blob, text FROM entry WHERE seq = 3",
        "INSERT OR REPLACE INTO entry SELECT 4, blob, text FROM entry WHERE seq = 3",
        "INSERT OR REPLACE INTO entry SELECT 9, blob, text FROM entry WHERE seq = 3",
        "INSERT OR IGNORE INTO entry SELECT 4, blob, text FROM entry WHERE seq = 3",
        "REPLACE INTO entry VALUES (0, x'', NULL)",
        "INSERT INTO entry VALUES (9, x'', NULL) ON CONFLICT DO UPDATE SET blob = x''",
        "UPDATE entry SET blob = x'' WHERE seq = 4",
        "UPDATE entry SET seq = 10 WHERE seq = 9",
        "UPDATE OR REPLACE entry SET seq = 8 WHERE seq = 9",
        "UPDATE OR IGNORE entry SET blob = x'' WHERE seq = 9",
        "UPDATE entry SET text = x'00' WHERE seq = 2",
        "UPDATE entry SET text = x'00' WHERE seq = 3",
        "UPDATE entry SET text = NULL, blob = x'' WHERE seq = 2",
        "DELETE FROM entry WHERE seq = 9",
        "DELETE FROM entry",
    ] {
        let refused = db.execute(sql, []).expect_err(sql).to_string();
        assert!(refused.contains("the log is append-only"), "{sql}: {refused}");
        assert_eq!((0..10).map(|seq| scene.raw(seq)).collect::<Vec<_>>(), before, "{sql}");
        assert_eq!(scene.entries(), 10, "{sql}");
    }
}
