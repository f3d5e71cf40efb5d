//! Small files with rows without end: pages that refer to each other, and a view in place of the log.

use std::fs;

use crate::support::World;
use twinseal::error::Exit;

/// The depth to which pages refer to one page below: with 583 references each, more rows than can ever be read.
const DEPTH: usize = 4;

/// A page of a table's b-tree that refers to one page from each of its cells (SQLite's file format, section 1.6).
fn interior(size: usize, child: u32, key: u8) -> Vec<u8> {
    let cells = (size - 12) / 7;
    let mut page = vec![0; size];
    page[0] = 5;
    page[3..5].copy_from_slice(&u16::try_from(cells).unwrap().to_be_bytes());
    page[5..7].copy_from_slice(&u16::try_from(size - 5 * cells).unwrap().to_be_bytes());
    page[8..12].copy_from_slice(&child.to_be_bytes());
    for cell in 0..cells {
        let at = size - 5 * (cell + 1);
        page[12 + 2 * cell..14 + 2 * cell].copy_from_slice(&u16::try_from(at).unwrap().to_be_bytes());
        page[at..at + 4].copy_from_slice(&child.to_be_bytes());
        page[at + 4] = key;
    }
    page
}

/// Puts such pages above the first leaf of a table.
fn make_endless(world: &World, table: &str) {
    let file = world.path("prod.db");
    let db = world.sql();
    db.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
    let root: usize =
        db.query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table], |row| row.get(0)).unwrap();
    let size: usize = db.pragma_query_value(None, "page_size", |row| row.get(0)).unwrap();
    drop(db);
    let mut bytes = fs::read(&file).unwrap();
    let mut pages = bytes.len() / size;
    let at = (root - 1) * size;
    let leaf = bytes[at..at + size].to_vec();
    assert!([13, 5].contains(&leaf[0]), "{table} is not a table of rows");
    // The root moves to a new page, and a chain of references takes its place.
    bytes.extend(leaf);
    pages += 1;
    for _ in 0..DEPTH {
        let child = u32::try_from(pages).unwrap();
        bytes.extend(interior(size, child, 0));
        pages += 1;
    }
    let top = interior(size, u32::try_from(pages).unwrap(), 0);
    bytes[at..at + size].copy_from_slice(&top);
    bytes[28..32].copy_from_slice(&u32::try_from(pages).unwrap().to_be_bytes());
    fs::write(file, bytes).unwrap();
}

#[test]
fn no_table_without_end_keeps_verify_from_its_end() {
    for table in ["entry", "log_entries", "votes"] {
        let world = World::approved();
        make_endless(&world, table);
        let output = world.run("audrey", "verify");
        assert_eq!(output.exit, Exit::Broken, "{table}: {}", output.screen);
    }
}

#[test]
fn no_view_in_place_of_the_log_keeps_a_command_from_its_end() {
    let world = World::approved();
    world
        .sql()
        .execute_batch(
            "DROP TABLE entry;
         CREATE VIEW entry AS WITH RECURSIVE n (x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM n)
            SELECT x AS seq, x'00' AS blob, NULL AS text, NULL AS data FROM n;",
        )
        .unwrap();
    for command in ["list", "verify", "repair", "doctor", "note CHG-1 Words."] {
        let output = world.run("audrey", command);
        assert_ne!(output.exit, Exit::Done, "{command}: {}", output.screen);
    }
}

#[test]
fn no_register_is_founded_in_a_file_that_somebody_prepared() {
    let world = World::with_requests();
    let members = "--member alice=alice.request:admin --member bob=bob.request:admin";
    let db = rusqlite::Connection::open(world.path("prod.db")).unwrap();
    db.execute_batch(include_str!("../../schema.sql").split("-- [the state]").next().unwrap()).unwrap();
    db.pragma_update(None, "application_id", i32::from_be_bytes(*b"TWSL")).unwrap();
    db.pragma_update(None, "user_version", 1).unwrap();
    db.execute_batch("CREATE TRIGGER planted AFTER INSERT ON entry BEGIN SELECT 1; END").unwrap();
    drop(db);
    world.fails("alice", &format!("init --name prod {members}"), Exit::Broken, "planted");
}
