//! Power that fails: what was synced is there, of what was written since each part may be there or not.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use twinseal::error::Exit;

use super::kill::Dice;
use super::{Call, Stage, calls, filed, injector, is_whole};

/// A write-ahead log begins with a header, and each page stands behind another.
const HEADER: usize = 32;
const FRAME: usize = 24 + 4096;

#[test]
fn a_write_ahead_log_cut_anywhere_leaves_whole_entries() {
    let world = filed();
    // As long as somebody has the register open, everything stays in the log.
    let open = world.sql();
    assert_eq!(open.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, u64>(0)).unwrap(), 3);
    for command in
        ["note CHG-1 Seen.", "file change.toml --again", "revise CHG-1 change.toml --again", "note CHG-2 'Seen too.'"]
    {
        world.ok("erin", command);
    }
    let all = world.entries();
    let entries: Vec<_> = (0..all).map(|seq| world.raw(seq)).collect();
    let [file, log] = ["prod.db", "prod.db-wal"].map(|name| fs::read(world.path(name)).unwrap());
    let frames = (log.len() - HEADER) / FRAME;
    assert!(frames >= 12, "{frames}");
    let frame = |n: usize| HEADER + n * FRAME;
    let cuts = (0..frames).flat_map(|n| [frame(n), frame(n) + 24, frame(n) + 2000, frame(n + 1) - 1]);
    let (mut before, mut seen) = (0, Vec::new());
    for cut in [0, HEADER / 2].into_iter().chain(cuts).chain([log.len()]) {
        world.write("cut.db", &file);
        world.write("cut.db-wal", &log[..cut]);
        let _ = fs::remove_file(world.path("cut.db-shm"));
        let verified = world.run("stranger", "verify --register cut.db");
        assert_eq!(verified.exit, Exit::Done, "cut at {cut}: {}", verified.screen);
        let left = rusqlite::Connection::open(world.path("cut.db")).unwrap();
        let count: u64 = left.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap();
        assert!(count >= before, "cut at {cut}");
        for raw in &entries[..count as usize] {
            let sql = "SELECT blob IS ?2 AND text IS ?3 FROM entry WHERE seq = ?1";
            let same = left.query_row(sql, (raw.seq, &raw.blob, &raw.text), |row| row.get::<_, bool>(0));
            assert!(same.unwrap(), "cut at {cut}");
        }
        before = count;
        seen.push(count);
    }
    seen.dedup();
    assert_eq!(seen, (3..=all).collect::<Vec<_>>());
}

/// What the disk may hold when the power fails behind some calls: what was synced, and of the rest what the dice say.
fn after_power_loss(calls: &[Call], disk: &mut BTreeMap<PathBuf, Vec<u8>>, lost: &mut dyn FnMut() -> bool) {
    for (n, call) in calls.iter().enumerate() {
        // A name is as durable as its folder.
        let names = ["create", "rename", "link", "unlink"].contains(&call.name.as_str());
        let synced = if names { call.path.parent().unwrap() } else { &call.path };
        let safe = calls[n..].iter().any(|later| later.name == "sync" && later.path == synced);
        if safe || !lost() {
            replay(call, disk);
        }
    }
}

fn replay(call: &Call, disk: &mut BTreeMap<PathBuf, Vec<u8>>) {
    let Call { name, offset, bytes, path } = call;
    let offset = *offset as usize;
    match name.as_str() {
        "create" => drop(disk.insert(path.clone(), Vec::new())),
        "unlink" => drop(disk.remove(path)),
        "rename" => {
            if let Some(content) = disk.remove(path) {
                disk.insert(PathBuf::from(std::str::from_utf8(bytes).unwrap()), content);
            }
        }
        "truncate" => disk.entry(path.clone()).or_default().resize(offset, 0),
        "write" => {
            let content = disk.entry(path.clone()).or_default();
            let end = offset + bytes.len();
            content.resize(content.len().max(end), 0);
            content[offset..end].copy_from_slice(bytes);
        }
        "sync" | "mkdir" | "say" => {}
        other => panic!("{other}"),
    }
}

/// SQLite makes this file anew when the first one opens the register.
fn is_shared_memory(path: &Path) -> bool {
    path.to_str().unwrap().ends_with("-shm")
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for item in fs::read_dir(folder).unwrap().map(|item| item.unwrap().path()) {
        if item.is_dir() {
            found.extend(files(&item));
        } else {
            found.insert(item.clone(), fs::read(item).unwrap());
        }
    }
    found
}

/// Lets the power fail around every call that makes something durable or says so, and sees what people then find.
fn fail_everywhere(stage: &Stage, log: &Path, people: &[&str], promised: impl Fn(&[Call]) -> u64) {
    let world = &stage.world;
    let calls: Vec<Call> = calls(log).into_iter().filter(|call| !is_shared_memory(&call.path)).collect();
    let seed = std::process::id().into();
    println!("{} calls, seed {seed}", calls.len());
    let mut dice = Dice(seed);
    stage.put_back();
    let before = files(&world.path(""));
    let turns = |end: usize| ["sync", "say"].iter().any(|name| calls.get(end).is_none_or(|call| call.name == *name));
    for end in (1..=calls.len()).filter(|end| turns(*end) || turns(end - 1)) {
        for all_is_lost in [true, false] {
            let mut disk = before.clone();
            after_power_loss(&calls[..end], &mut disk, &mut || all_is_lost || dice.below(2) == 0);
            stage.put_back();
            disk.iter().for_each(|(path, content)| world.write(path.to_str().unwrap(), content));
            before.keys().filter(|path| !disk.contains_key(*path)).for_each(|path| fs::remove_file(path).unwrap());
            let told = format!("behind call {end}, {}, all lost: {all_is_lost}", calls[end - 1].name);
            assert!(world.entries() >= promised(&calls[..end]), "{told}");
            let person = people[end % people.len()];
            is_whole(world, person, &told);
            for person in people {
                let next = world.run(person, "list");
                assert_eq!(next.exit, Exit::Done, "{told}\n{person}: {}", next.screen);
            }
        }
    }
}

#[test]
fn what_was_acknowledged_outlives_the_power() {
    if injector().is_none() {
        return;
    }
    let stage = Stage::new(filed());
    let log = stage.kept.path().with_extension("log");
    let record = [("FAULT_LOG", log.to_str().unwrap())];
    for (person, words) in [
        ("erin", ["file", "--again", "change.toml", "--json"].as_slice()),
        ("audrey", &["list"]),
        ("carol", &["note", "CHG-1", "Seen.", "--json"]),
    ] {
        assert!(stage.run(person, words, &record).status.success());
    }
    assert_eq!(stage.world.entries(), 5);
    let answers = |calls: &[Call]| {
        let said = |word: &str| {
            calls
                .iter()
                .any(|call| call.name == "say" && call.bytes.windows(word.len()).any(|it| it == word.as_bytes()))
        };
        3 + u64::from(said("change.file")) + u64::from(said("change.note"))
    };
    fail_everywhere(&stage, &log, &["erin", "audrey", "carol"], answers);
    fs::remove_file(log).unwrap();
}

/// Whether pages with the mark of a commit were written to the write-ahead log, and not synced.
fn is_there_unsynced(calls: &[Call], log: &Path) -> bool {
    let here: Vec<&Call> = calls.iter().filter(|call| call.path == log).collect();
    // A frame's header says in its bytes 4 to 8 how large the file is after the commit that it ends.
    let marks = |call: &Call| call.bytes.len() == 24 && call.bytes[4..8] != [0; 4];
    matches!(here.as_slice(), [.., frame, page] if marks(frame) && page.bytes.len() == 4096)
}

#[test]
fn no_pin_names_what_the_power_can_take_away() {
    if injector().is_none() {
        return;
    }
    // Erin's process dies when her entry is written and not synced, and audrey's is the next one to read.
    let stage = Stage::new(filed());
    let log = stage.kept.path().with_extension("log");
    let record = ("FAULT_LOG", log.to_str().unwrap());
    let died = (1..100).find(|at| {
        stage.put_back();
        let _ = fs::remove_file(&log);
        let at = at.to_string();
        let kill = [record, ("FAULT_CALLS", "write"), ("FAULT_DO", "kill"), ("FAULT_AT", &at)];
        stage.run("erin", &["note", "CHG-1", "Seen."], &kill);
        is_there_unsynced(&calls(&log), &stage.world.path("prod.db-wal"))
    });
    assert!(died.is_some());
    assert!(stage.run("audrey", &["list"], &[record]).status.success());
    assert_eq!(stage.world.entries(), 4);
    fail_everywhere(&stage, &log, &["audrey"], |_| 3);
    fs::remove_file(log).unwrap();
}

/// Every file that gets its final name by a rename, and what has to be written before: a killed process or lost power
/// must not leave a name without its content.
#[test]
fn no_file_gets_its_name_before_its_content_is_synced() {
    if injector().is_none() {
        return;
    }
    let stage = Stage::new(filed());
    let log = stage.kept.path().with_extension("log");
    for (words, renamed) in
        [(["backup", "copy.db"].as_slice(), "copy.db"), (&["list"], "pin"), (&["repair"], "prod.db")]
    {
        stage.put_back();
        if words == ["repair"] {
            stage.world.tamper("INSERT INTO entry (seq, blob, text) VALUES (3, x'00', NULL)");
        }
        let _ = fs::remove_file(&log);
        let output = stage.run("audrey", words, &[("FAULT_LOG", log.to_str().unwrap())]);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        let calls = calls(&log);
        let mut names = Vec::new();
        for (at, call) in calls.iter().enumerate().filter(|(_, call)| call.name == "rename") {
            let of_file = |name: &str| calls[..at].iter().rposition(|it| it.name == name && it.path == call.path);
            let to = PathBuf::from(std::str::from_utf8(&call.bytes).unwrap());
            // The directory of a private copy, which nobody needs after a crash.
            if to.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"twinseal-private.")) {
                continue;
            }
            assert!(of_file("write") < of_file("sync"), "{words:?}: {} was not synced", to.display());
            names.push(to.file_name().unwrap().to_str().unwrap().to_owned());
        }
        assert!(names.iter().any(|name| name == renamed), "{words:?}: {names:?}");
    }
    fs::remove_file(log).unwrap();
}
