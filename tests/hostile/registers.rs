//! Files that are no register, registers of another layout or format, and registers with a tampered schema.

use std::fs;

use data_encoding::BASE64;
use twinseal::domain::{Digest, Event, Grants, Header, Member, Policy, RegisterId, Role};
use twinseal::error::Exit;
use twinseal::format::request::Request;
use twinseal::format::{Raw, Unsigned};

use super::{complains, fails};
use crate::support::{CHANGE, World};

/// Asserts that every command fails on this file with this exit code and message.
#[track_caller]
fn no_register(world: &World, path: &str, exit: Exit, complaint: &str) {
    for command in ["list", "verify", "log", "rebuild", "show CHG-1", "file change.toml", "person list"] {
        fails(world, "erin", &format!("{command} --register {path}"), exit, complaint);
    }
}

#[test]
fn no_file_is_taken_for_a_register() {
    let world = World::filed();
    world.write("empty.db", "");
    world.write("short.db", "x");
    let noise: Vec<u8> = (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    world.write("noise.db", noise);
    world.write("text.db", CHANGE);
    let other = |name: &str, sql: &str| {
        let db = rusqlite::Connection::open(world.path(name)).unwrap();
        db.execute_batch(sql).unwrap();
    };
    other("bare.db", "CREATE TABLE entry (seq INTEGER PRIMARY KEY, blob BLOB, text BLOB)");
    other("other.db", "PRAGMA application_id = 1196444487; CREATE TABLE t (x)");
    other("newer.db", "PRAGMA application_id = 1415009100; PRAGMA user_version = 2; CREATE TABLE t (x)");
    no_register(&world, "nosuch.db", Exit::Environment, "no register at ");
    no_register(&world, "./people", Exit::Environment, "people is not a register: not an SQLite database");
    for name in ["empty.db", "short.db", "noise.db", "text.db"] {
        no_register(&world, name, Exit::Environment, &format!("{name} is not a register: not an SQLite database"));
    }
    for name in ["bare.db", "other.db"] {
        let complaint = format!("{name} is not a register: an SQLite database of another application");
        no_register(&world, name, Exit::Environment, &complaint);
    }
    let complaint = "newer.db: this twinseal reads layout 1\nhint: use a newer twinseal";
    no_register(&world, "newer.db", Exit::Environment, complaint);
    let complaint = "unknown register nowhere: neither a known name nor a file\nhint: give the path of the file";
    no_register(&world, "nowhere", Exit::Invalid, complaint);
    complains(&world, "erin", &["list", "--register", "a\u{1b}[2J\u{202e}b"], Exit::Invalid, "a\\u{1b}[2J\\u{202e}b");
}

/// The same rows, schema and marks as the register, in a database whose text has another encoding.
fn encoded(world: &World, name: &str, encoding: &str) {
    let db = rusqlite::Connection::open(world.path(name)).unwrap();
    db.execute_batch(&format!("PRAGMA encoding = '{encoding}'; PRAGMA journal_mode = WAL;")).unwrap();
    let schema = fs::read_to_string("schema.sql").unwrap();
    db.execute_batch(schema.split("-- [the state]").next().unwrap()).unwrap();
    for seq in 0..world.entries() {
        let raw = world.raw(seq);
        let row = rusqlite::params![raw.seq, raw.blob, raw.text];
        db.execute("INSERT INTO entry (seq, blob, text) VALUES (?1, ?2, ?3)", row).unwrap();
    }
    db.execute_batch("PRAGMA application_id = 1415009100; PRAGMA user_version = 1").unwrap();
}

#[test]
fn no_register_in_another_text_encoding_is_read() {
    let world = World::filed();
    for encoding in ["UTF-16le", "UTF-16be"] {
        let name = format!("{encoding}.db");
        encoded(&world, &name, encoding);
        let complaint = format!("{name} is not a register: its text encoding is {encoding}, not UTF-8");
        no_register(&world, &name, Exit::Environment, &complaint);
    }
    // Only the encoding makes the difference.
    encoded(&world, "same.db", "UTF-8");
    let output = world.run("erin", "log --register same.db");
    assert!(!output.err.contains("is not a register"), "{}", output.screen);
}

#[test]
fn no_register_of_another_layout_is_read() {
    let world = World::filed();
    for version in [0, 2, 99, -1] {
        world.sql().pragma_update(None, "user_version", version).unwrap();
        let complaint = format!("unsupported layout {version} of ");
        no_register(&world, "prod.db", Exit::Environment, &complaint);
    }
    world.sql().pragma_update(None, "user_version", 1).unwrap();
    for application in [0, 1, i32::from_be_bytes(*b"TWSV")] {
        world.sql().pragma_update(None, "application_id", application).unwrap();
        no_register(
            &world,
            "prod.db",
            Exit::Environment,
            "prod.db is not a register: an SQLite database of another application",
        );
    }
}

#[test]
fn no_truncated_register_is_read() {
    let world = World::filed();
    world.sql().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let whole = fs::read(world.path("prod.db")).unwrap();
    for length in [4096, whole.len() / 2, whole.len() - 4096] {
        world.write("cut.db", &whole[..length]);
        for command in ["list", "verify", "show CHG-1", "file change.toml"] {
            let output = world.run("erin", &format!("{command} --register cut.db"));
            assert!(matches!(output.exit, Exit::Environment | Exit::Broken), "{length} {command}: {}", output.screen);
            assert!(output.err.contains("malformed"), "{length} {command}: {}", output.screen);
        }
    }
}

#[test]
fn no_register_of_a_newer_format_is_read() {
    let world = World::with_requests();
    let members = ["alice", "bob"].map(|person| {
        let request = Request::read(&fs::read(world.path(&format!("{person}.request"))).unwrap()).unwrap();
        let Request { person, asked, key, proof, .. } = request;
        Member { person, grants: Grants::of([Role::Admin]), asked, key, proof }
    });
    let signer = world.signer("alice");
    let header = Header {
        register: RegisterId::new("prod".parse().unwrap(), [1; 16]),
        seq: 0,
        prev: Digest::NONE,
        governance: Digest::NONE,
        last: None,
        time: world.now(),
        actor: "alice".parse().unwrap(),
        key: signer.public().fingerprint(),
        touch: None,
        data: None,
        text: None,
    };
    let event = Event::Init { format: 2, after: None, policy: Policy::built_in(), members: members.into() };
    // `seal` refuses to open its own entry here, so attach the signature by hand.
    let unsigned = Unsigned::new(&header, &event, None).unwrap();
    let signature = signer.sign(unsigned.namespace(), unsigned.body().as_bytes()).unwrap();
    let blob = format!("{}\nsig {}\n", unsigned.body(), BASE64.encode(&signature)).into_bytes();
    crate::support::log::create_file(&world.path("prod.db"), &world.path("scratch"));
    world.insert(&Raw { seq: 0, blob, text: None, data: None });
    let complaint = "unsupported format level 2";
    for command in ["list", "verify", "seal", "log", "rebuild", "person list"] {
        let said = fails(&world, "bob", command, Exit::Environment, complaint);
        assert!(said.contains("hint: use a newer twinseal"), "{said}");
    }
}

#[test]
fn every_object_added_to_the_schema_is_found() {
    let world = World::filed();
    for (plant, pull, name) in [
        (
            "CREATE TRIGGER swallow BEFORE INSERT ON entry BEGIN SELECT RAISE(IGNORE); END",
            "DROP TRIGGER swallow",
            "the trigger \"swallow\" does not belong here",
        ),
        (
            "CREATE VIEW people2 AS SELECT * FROM people",
            "DROP VIEW people2",
            "the view \"people2\" does not belong here",
        ),
        (
            "CREATE INDEX planted ON people (enrolled)",
            "DROP INDEX planted",
            "the index \"planted\" does not belong here",
        ),
        (
            "CREATE TABLE \"a\u{1b}[2J\" (x)",
            "DROP TABLE \"a\u{1b}[2J\"",
            "the table \"a\\u{1b}[2J\" does not belong here",
        ),
        ("ALTER TABLE votes ADD COLUMN x TEXT", "ALTER TABLE votes DROP COLUMN x", "the table votes was changed"),
    ] {
        world.sql().execute_batch(plant).unwrap();
        for command in ["list", "log", "rebuild", "show CHG-1", "file change.toml"] {
            let complaint = format!("register is broken: [schema] {name}");
            fails(&world, "erin", command, Exit::Broken, &complaint);
        }
        assert_eq!(world.findings("audrey"), [format!("[schema] {name}")]);
        world.sql().execute_batch(pull).unwrap();
        assert_eq!(world.findings("audrey"), Vec::<String>::new());
    }
    // A missing append-only trigger is found too.
    world.sql().execute_batch("DROP TRIGGER entry_never_changed").unwrap();
    assert_eq!(world.findings("audrey"), ["[schema] the trigger entry_never_changed is missing"]);
    for table in ["votes", "entry"] {
        world.sql().execute_batch(&format!("DROP TABLE {table}")).unwrap();
        let finding = format!("[schema] the table {table} is missing");
        assert!(world.findings("audrey").contains(&finding), "{finding}");
    }
}
