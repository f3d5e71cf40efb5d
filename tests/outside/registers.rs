//! Good registers, and registers of which bytes were changed.

use std::path::Path;
use std::process::Command;

use twinseal::domain::{CountedRoot, Digest, Event, LogRoots};

use super::{Script, prove, tools};
use crate::support::{CHANGE, World};
use crate::tamper::scene::{STRANGER, Scene, split};

/// A change to the register's file.
type Attack = (String, Box<dyn Fn(&Scene)>);

fn sql(name: String, sql: String) -> Attack {
    (name, Box::new(move |scene| scene.tamper(&sql)))
}

/// What is done to one entry: its bytes, its parts, its place.
fn attacks_on(scene: &Scene, seq: u64) -> Vec<Attack> {
    let raw = scene.raw(seq);
    let (body, _) = split(&raw);
    let author = body.lines().find_map(|line| line.strip_prefix("actor ")).unwrap().to_owned();
    let put = |name: &str, blob: &str| {
        sql(format!("{name} {seq}"), format!("UPDATE entry SET blob = {blob} WHERE seq = {seq}"))
    };
    let mut attacks = vec![
        put("another time in", "CAST(replace(CAST(blob AS TEXT), 'time 2026', 'time 2025') AS BLOB)"),
        put(
            "another actor in",
            "CAST(replace(CAST(blob AS TEXT), char(10) || 'actor ', char(10) || 'actor x') AS BLOB)",
        ),
        put("the signature flipped in", "CAST(substr(blob, 1, length(blob) - 20) || 'A' || substr(blob, -19) AS BLOB)"),
        put("a CR in", "CAST(replace(CAST(blob AS TEXT), char(10), char(13) || char(10)) AS BLOB)"),
        put("no bytes in", "x''"),
        put("a zero byte in", "CAST(substr(blob, 1, 40) || x'00' || substr(blob, 41) AS BLOB)"),
        put("no last LF in", "CAST(substr(blob, 1, length(blob) - 1) AS BLOB)"),
        put("a line too many in", "CAST(CAST(blob AS TEXT) || 'sig x' || char(10) AS BLOB)"),
        sql(format!("no entry {seq}"), format!("DELETE FROM entry WHERE seq = {seq}")),
        sql(format!("data with {seq}"), format!("UPDATE entry SET data = x'610a' WHERE seq = {seq}")),
        sql(format!("a text with {seq}"), format!("UPDATE entry SET text = x'610a' WHERE seq = {seq}")),
        (
            format!("{seq} signed again"),
            Box::new(move |scene| scene.edit_signed(&author, seq, ":00Z\nactor", ":01Z\nactor")),
        ),
    ];
    if raw.text.is_some() {
        attacks.push(sql(format!("no text of {seq}"), format!("UPDATE entry SET text = NULL WHERE seq = {seq}")));
    }
    attacks
}

#[test]
fn a_hundred_tampered_registers_are_found_as_verify_finds_them() {
    if !tools() {
        return;
    }
    let scene = Scene::new();
    prove(&scene).unwrap();
    let (whole, mut tampered) = (scene.copy(), 0);
    let last = scene.entries() - 1;
    // A register that ends earlier is a good one to whoever remembers nothing; so is an end that was signed again.
    let unseen = [format!("no entry {last}"), format!("{last} signed again")];
    for (case, (name, attack)) in (0..=last).flat_map(|seq| attacks_on(&scene, seq)).enumerate() {
        scene.replace_file(&whole);
        attack(&scene);
        let findings = scene.findings(STRANGER);
        let found: Vec<&str> = findings.iter().filter(|it| it.starts_with("entry ")).map(String::as_str).collect();
        tampered += usize::from(!found.is_empty());
        assert_eq!(found.is_empty(), unseen.contains(&name), "{name}: {findings:#?}");
        for script in Script::asked_about(case) {
            let verdict = script.verdict(&scene.path("prod.db"), &[]);
            let expected = found.first().and_then(|it| it.split_inclusive(']').next());
            assert_eq!(verdict.first(), expected, "{name}: {script:?}: {}\n{findings:#?}", verdict.said);
        }
    }
    assert!(tampered >= 100, "only {tampered}");
}

/// Asserts what the scripts find, given what somebody remembers.
#[track_caller]
fn find(register: &Path, remembered: &[&str], expected: Option<&str>) {
    for script in Script::ALL {
        let verdict = script.verdict(register, remembered);
        assert_eq!(verdict.first(), expected, "{script:?}: {}", verdict.said);
    }
}

#[test]
fn recorded_checkpoints_are_proven_and_false_ones_are_found() {
    if !tools() {
        return;
    }
    let world = World::founded();
    world.write("erin.toml", CHANGE);
    // Trees of no leaf, of one, two and three; after a leaf changed, and after none did.
    let record = |person| drop(world.ok(person, "checkpoint --record"));
    record("audrey");
    for incident in 1..=3 {
        world.ok("erin", "file erin.toml --again");
        world.ok("erin", &format!("breakglass open --incident INC-{incident} --reason Now."));
        record("alice");
    }
    world.ok("carol", "note CHG-1 Seen.");
    record("audrey");
    record("audrey");
    prove(&world).unwrap();
    let it = world.state().roots().unwrap();
    let wrong = |root| CountedRoot { root: Digest::NONE, ..root };
    let more = |root: CountedRoot| CountedRoot { count: root.count + 1, ..root };
    for (person, stated, rule) in [
        ("erin", it, "checkpoint-role"),
        ("alice", LogRoots { log: more(it.log), ..it }, "checkpoint-size"),
        ("alice", LogRoots { log: wrong(it.log), ..it }, "checkpoint-root"),
        ("alice", LogRoots { changes: wrong(it.changes), ..it }, "checkpoint-changes"),
        ("alice", LogRoots { changes: more(it.changes), ..it }, "checkpoint-changes"),
        ("alice", LogRoots { break_glasses: wrong(it.break_glasses), ..it }, "checkpoint-breakglasses"),
        ("alice", LogRoots { break_glasses: more(it.break_glasses), ..it }, "checkpoint-breakglasses"),
    ] {
        let seq = world.force(person, Event::Checkpoint(stated), None);
        let expected = format!("entry {seq}: [{rule}]");
        let findings = world.findings("audrey");
        assert!(findings.iter().any(|it| it.starts_with(&expected)), "{expected} but {findings:?}");
        find(&world.path("prod.db"), &[], Some(&expected));
        world.tamper(&format!("DELETE FROM entry WHERE seq = {seq}"));
    }
}

#[test]
fn every_kind_of_entry_is_proven() {
    if tools() {
        prove(&Scene::of_every_kind()).unwrap();
    }
}

#[test]
fn a_cut_tail_an_old_copy_and_another_register_are_found_by_what_is_remembered() {
    if !tools() {
        return;
    }
    let scene = Scene::new();
    let register = scene.path("prod.db");
    let remembered = |seq: u64| format!("{seq}:{}", scene.raw(seq).leaf());
    let (founding, head, old) = (remembered(0), remembered(9), scene.copy());
    find(&register, &[&founding, &head], None);
    scene.tamper("DELETE FROM entry WHERE seq > 7");
    find(&register, &[], None);
    find(&register, &[&founding, &head], Some("entry 9: [truncated]"));
    // The old copy goes on in another way.
    scene.replace_file(&old);
    scene.ok("audrey", "note CHG-1 Seen.");
    let newer = remembered(10);
    scene.replace_file(&old);
    scene.ok("carol", "note CHG-1 Other.");
    find(&register, &[&founding, &newer], Some("entry 10: [replaced]"));
    let other = World::founded();
    other.ok("alice", "person grant carol engineer");
    scene.replace_file(&std::fs::read(other.path("prod.db")).unwrap());
    scene.edit_signed("alice", 0, "time 2026", "time 2025");
    scene.tamper("DELETE FROM entry WHERE seq > 0");
    find(&register, &[&founding], Some("entry 0: [fingerprint]"));
}

#[test]
fn a_script_given_something_else_than_a_register_ends_with_2() {
    if !tools() {
        return;
    }
    let world = World::founded();
    world.write("note.txt", "No register.\n");
    for script in Script::ALL {
        for (file, remembered) in
            [("note.txt", vec![]), ("none.db", vec![]), ("prod.db", vec!["0"]), ("prod.db", vec!["1:a"])]
        {
            let verdict = script.verdict(&world.path(file), &remembered);
            assert_eq!(verdict.code, 2, "{script:?} {file}: {}", verdict.said);
            assert!(verdict.said.contains("usage: "), "{script:?} {file}: {}", verdict.said);
        }
    }
}

/// Schemas in which `entry` is not the table of twinseal: whoever reads it runs a command that creates `marker`, never
/// comes to an end, or sees other rows.
fn schemas(marker: &Path) -> Vec<String> {
    let edit = format!("edit('x', 'touch {};:')", marker.display());
    let (columns, rest) = ("seq, blob, text, data", "NULL AS text, NULL AS data");
    let endless = "WITH RECURSIVE n (seq) AS (SELECT 0 UNION ALL SELECT 0 FROM n) SELECT seq, x'61' AS blob";
    let called_a_table = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'table', rootpage = 2 \
                          WHERE name = 'entry'";
    let full_text = |shown: &str| {
        format!(
            "CREATE VIEW shown AS {shown}; \
             CREATE VIRTUAL TABLE entry USING fts5 ({columns}, content = 'shown', content_rowid = 'seq')"
        )
    };
    let another = [
        "CREATE VIEW entry AS SELECT * FROM log".to_owned(),
        full_text(&format!("SELECT 0 AS seq, {edit} AS blob, {rest}")),
        full_text(&format!("{endless}, {rest} FROM n")),
        format!("CREATE VIEW entry AS SELECT 0 AS seq, {edit} AS blob, {rest}; {called_a_table}"),
        format!("CREATE VIEW entry AS {endless}, {rest} FROM n; {called_a_table}"),
        format!(
            "CREATE TABLE entry (seq INTEGER PRIMARY KEY, x, blob AS (x), text, data); \
             INSERT INTO entry (seq, x) VALUES (0, 'a'); PRAGMA writable_schema = ON; \
             UPDATE sqlite_schema SET sql = replace(sql, 'AS (x)', 'AS ({})') WHERE name = 'entry'",
            edit.replace('\'', "''")
        ),
    ];
    let renamed = another.iter().map(|sql| format!("ALTER TABLE entry RENAME TO log; {sql}"));
    renamed.chain([format!("CREATE INDEX other ON entry ({columns})")]).collect()
}

#[test]
fn an_entry_that_is_not_the_table_of_twinseal_is_never_read() {
    if !tools() {
        return;
    }
    let world = World::founded();
    let (register, marker) = (world.path("prod.db"), world.path("marker"));
    let whole = std::fs::read(&register).unwrap();
    for sql in schemas(&marker) {
        world.write("prod.db", &whole);
        // The library of the tests has no FTS5.
        if sql.contains("fts5") {
            assert!(Command::new("sqlite3").arg(&register).arg(&sql).status().unwrap().success());
        } else {
            world.sql().execute_batch(&sql).unwrap();
        }
        for script in Script::ALL {
            let verdict = script.verdict(&register, &[]);
            assert!(verdict.code == 2 && verdict.said.contains("is no register"), "{script:?} {sql}: {verdict:?}");
        }
        assert!(!marker.exists(), "{sql}");
    }
}

#[test]
fn a_register_to_which_a_pack_was_added_is_checked_as_a_register() {
    if !tools() {
        return;
    }
    let scene = Scene::new();
    let packs = super::packs::packs(&scene.path(""));
    let pack = &packs.iter().find(|it| it.name == "two changes").unwrap().path;
    let added = std::fs::read(pack).unwrap();
    for (broken, code) in [(false, 0), (true, 3)] {
        if broken {
            scene.tamper("DELETE FROM entry WHERE seq = 4");
        }
        scene.write("added.zip", [scene.copy(), added.clone()].concat());
        for script in Script::ALL {
            let verdict = script.verdict(&scene.path("added.zip"), &[]);
            assert!(
                verdict.code == code && verdict.said.starts_with("checking the register "),
                "{script:?} {verdict:?}"
            );
        }
    }
}

#[test]
fn a_name_with_special_characters_opens_no_other_file() {
    if !tools() {
        return;
    }
    let scene = Scene::new();
    let whole = scene.copy();
    scene.tamper("DELETE FROM entry WHERE seq = 4");
    let broken = scene.copy();
    // The other file, which SQLite would open if the name were not spelled as its URIs want it, is a good register.
    scene.replace_file(&whole);
    for name in
        ["prod%2edb", "prod.db?mode=ro", "prod.db#1", "prod.db?vfs=none#%", "%70rod.db", "a b;$(c).db", "变更.db"]
    {
        scene.write(name, &broken);
        find(&scene.path(name), &[], Some("entry 4: [seq]"));
    }
}
