//! The derived tables.

use rusqlite::Connection;
use twinseal::error::Exit;

use super::scene::{Scene, freeze, restored, starts};
use crate::support::CHANGE;
use crate::support::server::in_a_file;

/// A column: its name, whether it is text, whether it may be null.
pub type Column = (String, bool, bool);

/// Every derived table with its columns.
pub fn tables(db: &Connection) -> Vec<(String, Vec<Column>)> {
    let mut select = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'entry'").unwrap();
    let names: Vec<String> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let columns = |table: &String| {
        let mut select = db.prepare("SELECT name, type = 'TEXT', NOT \"notnull\" FROM pragma_table_info(?1)").unwrap();
        let rows = select.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    names.iter().map(|table| (table.clone(), columns(table))).collect()
}

/// Changes one row of a table by SQL, and asserts that `verify` finds it in that table, and that `rebuild` fixes it,
/// says so, and has nothing left to do.
fn edited_and_rebuilt(scene: &Scene, table: &str, sql: &str) {
    let db = scene.sql();
    assert!(db.execute(sql, []).unwrap() > 0, "{sql} does nothing");
    drop(db);
    let findings = scene.findings("audrey");
    let named = format!("of the table {table} ");
    assert!(!findings.is_empty(), "{sql} was not found");
    for finding in &findings {
        assert!(finding.starts_with("[tables] the row") && finding.contains(&named), "{sql}: {finding}");
    }
    let said = scene.ok("erin", "rebuild");
    assert_eq!(said.lines().count(), findings.len(), "{sql}: {said}");
    assert!(said.contains(&named), "{sql}: {said}");
    let again = scene.run("erin", "rebuild");
    assert_eq!((again.out.as_str(), again.err.as_str()), ("", "tables match the log\n"), "{sql}");
}

#[test]
fn a_changed_value_in_any_column_is_found_and_rebuilt() {
    let Some(scene) = in_a_file("tables", Scene::with_services) else { return };
    for (table, columns) in tables(&scene.sql()) {
        for (column, is_text, _) in columns {
            let other = if is_text { "|| 'x'" } else { "+ 1000" };
            let base = if is_text { "''" } else { "0" };
            // The last row only: a key that is made greater meets no other.
            let last = format!("{column} IS (SELECT max({column}) FROM {table})");
            let sql = format!("UPDATE {table} SET {column} = ifnull({column}, {base}) {other} WHERE {last}");
            edited_and_rebuilt(&scene, &table, &sql);
        }
    }
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_removed_row_in_any_table_is_found_and_rebuilt() {
    let Some(scene) = in_a_file("tables", Scene::with_services) else { return };
    for (table, columns) in tables(&scene.sql()) {
        let key = &columns[0].0;
        for end in ["min", "max"] {
            edited_and_rebuilt(
                &scene,
                &table,
                &format!("DELETE FROM {table} WHERE {key} = (SELECT {end}({key}) FROM {table})"),
            );
        }
        edited_and_rebuilt(&scene, &table, &format!("DELETE FROM {table}"));
    }
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn an_added_row_in_any_table_is_found_and_rebuilt() {
    let Some(scene) = in_a_file("tables", Scene::with_services) else { return };
    for (table, columns) in tables(&scene.sql()) {
        let (key, is_text, _) = &columns[0];
        for other in if *is_text { ["' '", "'zzz'"] } else { ["-1", "1000"] } {
            let rest: Vec<&str> = columns[1..].iter().map(|(column, ..)| column.as_str()).collect();
            let values = [&[other][..], &rest].concat().join(", ");
            let sql = format!("INSERT INTO {table} SELECT {values} FROM {table} ORDER BY {key} LIMIT 1");
            edited_and_rebuilt(&scene, &table, &sql);
        }
    }
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_value_redacted_to_null_is_found_and_rebuilt() {
    let Some(scene) = in_a_file("tables", Scene::with_services) else { return };
    freeze(&scene);
    scene.record_all("alice", [restored(&scene)]);
    let emergency = CHANGE
        .replace("risk =", "environments = [\"prod\"]\ntargets = [\"gw-1\"]\nstop_after = 1\nrisk =")
        .replace("normal", "emergency");
    scene.write("erin.toml", emergency);
    scene.ok("erin", "file erin.toml");
    ["carol", "dave"].iter().for_each(|person| scene.approve(person, "CHG-3"));
    scene.at("2026-12-01T10:00:00Z");
    scene.ok("erin", "start CHG-3 --target gw-1 --run-id 4711");
    scene.ok("erin", "finish CHG-3 --target gw-1 --outcome succeeded");
    scene.ok("erin", "finish CHG-3");
    let mut tried = 0;
    for (table, columns) in tables(&scene.sql()) {
        for (column, ..) in columns.iter().filter(|(.., may_be_null)| *may_be_null) {
            let sql = format!("UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL");
            // A primary key counts as one that may be null, and SQLite refuses that itself.
            if scene.sql().execute(&format!("{sql} AND false"), []).is_ok() && scene.sql().execute(&sql, []).is_ok() {
                starts(&scene.findings("audrey"), "[tables] the row");
                scene.ok("erin", "rebuild");
                tried += 1;
            }
        }
    }
    assert!(tried >= 5, "{tried}");
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_value_of_control_characters_is_found_and_rebuilt() {
    let Some(scene) = in_a_file("tables", Scene::with_services) else { return };
    for value in ["CAST(x'00' AS TEXT)", "'a' || char(0) || 'b'", "char(27) || '[2J'"] {
        edited_and_rebuilt(&scene, "names", &format!("UPDATE names SET name = {value}"));
        edited_and_rebuilt(&scene, "votes", &format!("UPDATE votes SET verdict = {value}"));
    }
}

#[test]
fn a_value_that_is_not_utf8_is_found_and_rebuilt() {
    let Some(scene) = in_a_file("tables", Scene::with_services) else { return };
    edited_and_rebuilt(&scene, "names", "UPDATE names SET name = CAST(x'ff' AS TEXT)");
}

#[test]
fn what_is_shown_and_decided_does_not_come_from_the_tables() {
    let Some(scene) = in_a_file("tables", Scene::new) else { return };
    let show = |command: &str| scene.ok("audrey", command);
    let commands = ["list", "log", "show CHG-1", "show CHG-2", "person list", "proposal list", "person show carol"];
    let before = commands.map(show);
    for (table, columns) in tables(&scene.sql()) {
        let texts: Vec<String> = columns
            .iter()
            .filter(|(_, is_text, _)| *is_text)
            .map(|(column, ..)| format!("{column} = {column} || 'x'"))
            .collect();
        if !texts.is_empty() {
            scene.sql().execute_batch(&format!("UPDATE {table} SET {}", texts.join(", "))).unwrap();
        }
    }
    scene.sql().execute_batch("UPDATE changes SET state = 'approved'").unwrap();
    assert_eq!(commands.map(show), before);
    scene.fails("frank", "start CHG-2 --artifact pool=pool", Exit::Refused, "0 of 2 approvals");
}

#[test]
fn rebuild_does_not_fix_a_broken_log() {
    let Some(scene) = in_a_file("tables", Scene::with_services) else { return };
    scene.sql().execute_batch("UPDATE changes SET state = 'approved'").unwrap();
    scene.edit(3, "time 2026-12-01T09", "time 2026-12-01T08");
    let rebuild = format!("rebuild --fingerprint {}", scene.fingerprint);
    scene.fails("erin-anew", &rebuild, Exit::Broken, "entry 3: [signature]");
    let state = "SELECT count(*) FROM changes WHERE state = 'approved'";
    assert_eq!(scene.sql().query_row(state, [], |row| row.get::<_, u64>(0)).unwrap(), 2);
}
