//! Data parts.

use twinseal::domain::{Digest, Head};
use twinseal::error::Exit;
use twinseal::format::{Raw, data};

use super::scene::{Scene, restored, starts};
use crate::support::server::in_a_file;

/// A scene whose last entry, the 10th, has a data part.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.record_all("alice", [restored(&scene)]);
    for person in ["audrey", "carol", "erin"] {
        scene.ok(person, "list");
    }
    assert!(scene.raw(10).data.is_some());
    scene
}

fn anew(scene: &Scene) -> String {
    format!("file erin.toml --again --fingerprint {}", scene.fingerprint)
}

#[test]
fn a_missing_data_part_is_found_and_nothing_excuses_it() {
    let scene = scene();
    scene.put(&Raw { data: None, ..scene.raw(10) });
    scene.finds("entry 10: [data] the data part is missing");
    scene.fails("erin-anew", &anew(&scene), Exit::Broken, "[data]");
    scene.fails("alice", "proposal show 2", Exit::Broken, "[data]");
    for command in ["log --seq 10 --raw-data", "export jsonl", "log"] {
        scene.fails("carol", command, Exit::Broken, "[data]");
    }
}

#[test]
fn a_changed_data_part_is_found() {
    let scene = scene();
    let raw = scene.raw(10);
    let other = String::from_utf8(raw.data.clone().unwrap()).unwrap().replace("07", "17");
    scene.put(&Raw { data: Some(other.into()), ..raw });
    scene.finds("entry 10: [data] the data part has the digest");
    scene.fails("erin-anew", &anew(&scene), Exit::Broken, "[data]");
    scene.fails("carol", "log --seq 10 --raw-data", Exit::Broken, "[data]");
}

#[test]
fn a_data_part_where_none_was_signed_is_found() {
    let scene = scene();
    let part = data::write(&data::Data::Lost(vec![Head { seq: 3, leaf: Digest::new([7; 32]) }]));
    scene.put(&Raw { data: Some(part), ..scene.raw(3) });
    scene.finds("entry 3: [data] a data part is present, but the body names none");
    scene.fails("erin-anew", &anew(&scene), Exit::Broken, "[data]");
}

#[test]
fn plain_sql_cannot_change_or_remove_a_data_part() {
    // On a server the rights of its roles refuse it.
    let Some(scene) = in_a_file("triggers that refuse it", scene) else { return };
    for sql in ["SET data = NULL", "SET data = x'00'", "SET text = NULL, data = NULL"] {
        let refused = scene.sql().execute(&format!("UPDATE entry {sql} WHERE seq = 10"), []).expect_err(sql);
        assert!(refused.to_string().contains("an entry is never changed"), "{refused}");
    }
    scene.sql().execute("UPDATE entry SET text = NULL WHERE seq = 10", []).unwrap();
    assert_eq!(scene.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_broken_data_part_ends_what_is_repaired() {
    let scene = scene();
    scene.put(&Raw { data: None, ..scene.raw(10) });
    let said = scene.ok("audrey", "repair --out valid.db");
    assert!(said.contains("entries 0 to 9") && said.contains("[data]"), "{said}");
    scene.ok("stranger", &format!("verify --register valid.db --fingerprint {}", scene.fingerprint));
}

#[test]
fn a_data_part_survives_backup_repair_recovery_and_export() {
    let scene = scene();
    let kept = scene.raw(10).data.unwrap();
    let part = |file: &str| {
        let db = rusqlite::Connection::open(scene.path(file)).unwrap();
        db.query_row("SELECT data FROM entry WHERE seq = 10", [], |row| row.get::<_, Vec<u8>>(0)).unwrap()
    };
    scene.ok("audrey", "backup copy.db");
    assert_eq!(part("copy.db"), kept);
    assert_eq!(scene.ok("audrey", "log --seq 10 --raw-data").into_bytes(), kept);
    let line = scene.ok("audrey", "export jsonl --since 10");
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["data"].as_str().unwrap().as_bytes(), kept);
    // Break a later entry, so that `repair` copies entry 10.
    scene.ok("erin", "file erin.toml --again");
    let broken = Raw { text: None, ..scene.raw(11) };
    scene.put(&broken);
    scene.ok("audrey", "repair --out valid.db");
    assert_eq!(part("valid.db"), kept);
    starts(&scene.findings("audrey"), "entry 11: [text]");
    scene.tamper("DELETE FROM entry WHERE seq >= 10");
    scene.fails("audrey", "list", Exit::Broken, "which this account verified");
    scene.ok("audrey", "recover copy.db");
    assert_eq!(scene.raw(10).data, Some(kept));
}
