//! A register that was restored from an older backup. The lost entries are recovered from a later backup, or two admins
//! agree by a proposal to continue without them.

mod listed;

use std::fs;

use crate::support::{PEOPLE, World};
use twinseal::domain::Digest;
use twinseal::error::Exit;

/// Replaces the register with a backup, and restores it.
fn put_back(world: &World, copy: &str) {
    for side in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(world.path(&format!("prod.db{side}")));
    }
    fs::copy(world.path(copy), world.path("prod.db")).unwrap();
    let said = world.run("erin", "restore prod.db");
    assert!(said.exit == Exit::Done && !said.screen.contains("warning"), "{}", said.screen);
}

/// A register restored from `early.db`, which ends at entry 2. Entries 3 and 4 are lost: the approvals of CHG-1 by
/// carol and dave, which every account verified. The backup `late.db` holds them.
fn restored() -> World {
    let world = World::filed();
    world.ok("erin", "backup early.db");
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.ok("erin", "backup late.db");
    PEOPLE.iter().for_each(|(person, _)| drop(world.ok(person, "list")));
    put_back(&world, "early.db");
    world
}

fn stopped(world: &World, person: &str, command: &str) {
    world.fails(person, command, Exit::Broken, ", which this account verified");
}

#[test]
fn a_later_backup_recovers_lost_entries_as_they_were_signed() {
    let world = restored();
    stopped(&world, "carol", "note CHG-1 Words.");
    let said = world.ok("audrey", "recover late.db");
    assert_eq!(said, "recovered entries 3 to 4\n");
    assert_eq!(
        world.ok("audrey", "recover late.db"),
        "nothing to recover: the file has no valid entry beyond the end of the register\n"
    );
    for (person, _) in PEOPLE {
        assert_eq!(world.findings(person), Vec::<String>::new());
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
}

#[test]
fn no_second_register_is_restored_beside_a_living_one_without_a_warning() {
    let world = World::filed();
    world.ok("erin", "backup early.db");
    let said = world.run("erin", "restore early.db");
    assert!(said.screen.contains("warning: this account knows the register at "), "{}", said.screen);
    // In the place of a lost one, and where nobody knows the register, there is nothing to warn of.
    world.ok("erin", "backup late.db");
    put_back(&world, "late.db");
    world.ok("erin", "backup third.db");
    world.person("frank");
    let said = world.run("frank", "restore third.db");
    assert!(said.exit == Exit::Done && !said.screen.contains("warning"), "{}", said.screen);
}

#[test]
fn a_recovered_entry_is_verified_first_and_nothing_follows_a_broken_one() {
    let world = restored();
    let late = rusqlite::Connection::open(world.path("late.db")).unwrap();
    late.execute_batch(
        "DROP TRIGGER entry_never_changed;
         UPDATE entry SET blob = CAST(replace(blob, 'actor dave', 'actor erin') AS BLOB) WHERE seq = 4",
    )
    .unwrap();
    let output = world.run("carol", "recover late.db");
    assert_eq!(output.out, "recovered entry 3\n");
    assert!(output.err.contains("the file is broken") && output.err.contains("entry 4: [signature]"), "{}", output.err);
    assert_eq!(world.entries(), 4);
}

#[test]
fn recovery_after_a_new_entry_was_recorded_is_refused() {
    let world = restored();
    // frank's account verified none of the lost entries, so it may record.
    world.person("frank");
    fs::copy(world.path("people/erin/key"), world.path("people/frank/key")).unwrap();
    let fingerprint = world.fingerprint();
    world.ok("frank", &format!("note CHG-1 'Is anybody here?' --fingerprint {fingerprint}"));
    for person in ["frank", "carol"] {
        world.fails(person, "recover late.db", Exit::Broken, "late.db and the register diverge at entry 3");
    }
    let other = World::with_requests();
    other.person("grace");
    other.ok("alice", "init --name prod --member alice=alice.request:admin --member bob=bob.request:admin");
    other.ok("alice", "backup other.db");
    fs::copy(other.path("other.db"), world.path("other.db")).unwrap();
    world.fails("frank", "recover other.db", Exit::Broken, "other.db and the register diverge at entry 0");
    assert_eq!(world.entries(), 4);
}

#[test]
fn a_redacted_text_is_not_recovered() {
    let world = World::filed();
    world.ok("erin", "backup early.db");
    world.ok("erin", "note CHG-1 'The password is hunter2.'");
    world.ok("erin", "backup noted.db");
    world.ok("alice", "proposal redact 2 3 --reason 'A password.'");
    world.run_typing("bob", "proposal second 1", &["1"]);
    world.ok("erin", "backup late.db");
    put_back(&world, "early.db");
    // Put the text of entry 3 back into the backup, although its own entry 5 redacted the text.
    let text = rusqlite::Connection::open(world.path("noted.db")).unwrap();
    let text: Vec<u8> = text.query_row("SELECT text FROM entry WHERE seq = 3", [], |row| row.get(0)).unwrap();
    let late = rusqlite::Connection::open(world.path("late.db")).unwrap();
    late.execute_batch("DROP TRIGGER entry_never_changed").unwrap();
    late.execute("UPDATE entry SET text = ?1 WHERE seq = 3", [text]).unwrap();
    drop(late);
    assert!(world.raw(2).text.is_some());
    world.ok("erin", "recover late.db");
    assert_eq!((world.raw(2).text, world.raw(3).text), (None, None));
    assert_eq!(world.findings("erin"), Vec::<String>::new());
    assert!(!fs::read(world.path("prod.db")).unwrap().windows(7).any(|it| it == b"hunter2"));
}

/// alice proposes to continue without the lost entries, and bob seconds the proposal.
fn agree_to_continue(world: &World) {
    world.ok("alice", "proposal restored --reason 'The disk died.'");
    let shown = world.run_typing("bob", "proposal second 1", &["1"]);
    assert_eq!(shown.exit, Exit::Done, "{}", shown.screen);
    assert!(shown.screen.contains("continue after entry 2; entries 3 to 4 lost"), "{}", shown.screen);
    assert!(shown.screen.contains("which is listed as lost. Its pin would move."), "{}", shown.screen);
}

#[test]
fn a_seconded_restoration_moves_the_pin_of_every_account_once() {
    let world = restored();
    agree_to_continue(&world);
    for (person, _) in PEOPLE {
        let listed = world.run(person, "list");
        assert_eq!(listed.exit, Exit::Done, "{}", listed.screen);
        let said = "proposal 1 restored the register from entry 2; entry 4, which this account verified, is lost";
        assert!(listed.err.contains(said), "{}", listed.err);
        // The pin has moved, so there is no second warning.
        assert_eq!(world.run(person, "list").err, "");
        assert_eq!(world.findings(person), Vec::<String>::new());
    }
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
}

#[test]
fn verify_moves_the_pin_after_a_seconded_restoration_and_reports_it() {
    let world = restored();
    assert!(world.findings("audrey")[0].contains("[truncated]"));
    agree_to_continue(&world);
    let verified = world.run("audrey", "verify");
    assert_eq!(verified.exit, Exit::Done, "{}", verified.screen);
    assert!(verified.err.contains("which this account verified, is lost"), "{}", verified.screen);
    // The pin was just set from this log, so it proves nothing about the end. Later runs still report the restoration.
    assert!(verified.out.contains("the fingerprint: the beginning only, not the end"), "{}", verified.out);
    let again = world.run("audrey", "verify").out;
    let said = "continues after entry 2; entries 3 to 4 lost, by proposal 1, proposed by alice, seconded by bob\n| The disk died.\n";
    assert!(again.contains("this account's pin: entry 4") && again.contains(said), "{again}");
}

#[test]
fn a_second_restoration_needs_a_second_proposal() {
    let world = restored();
    agree_to_continue(&world);
    PEOPLE.iter().for_each(|(person, _)| drop(world.ok(person, "list")));
    world.ok("erin", "note CHG-1 'So far, so good.'");
    world.ok("alice", "list");
    put_back(&world, "early.db");
    for (person, _) in PEOPLE {
        stopped(&world, person, "list");
    }
    world.ok("alice", "proposal restored --reason 'The other disk died too.'");
    assert!(world.run_typing("bob", "proposal second 1", &["1"]).screen.contains("entries 3 to 5 lost"));
    for (person, _) in PEOPLE {
        world.ok(person, "list");
        assert_eq!(world.findings(person), Vec::<String>::new());
    }
}

/// A copy of the register beside it, restored from a backup that ends before the approvals.
fn with_copy() -> World {
    let world = World::filed();
    world.ok("erin", "backup copy.db");
    world.ok("erin", "restore copy.db");
    world
}

#[test]
fn nothing_is_recorded_in_a_copy_beside_the_register() {
    let world = with_copy();
    let refused =
        "copy.db is a copy: this account has the register at another path, so nothing is recorded in the copy";
    for command in ["note CHG-1 Words.", "person grant carol engineer", "rebuild", "recover prod.db"] {
        world.fails("alice", &format!("{command} --register copy.db"), Exit::Environment, refused);
    }
    // Nor in one that an account verified further than it goes.
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.ok("alice", "list");
    stopped(&world, "alice", "proposal restored --reason Exercise. --register copy.db");
    assert_eq!(world.entries(), 5);
}

#[test]
fn reading_a_copy_beside_the_register_moves_no_pin() {
    let world = with_copy();
    // frank, who never met the register, records in the copy.
    fs::create_dir_all(world.path("people/frank")).unwrap();
    fs::copy(world.path("people/erin/key"), world.path("people/frank/key")).unwrap();
    let fingerprint = world.fingerprint();
    world.ok("frank", &format!("note CHG-1 Drill. --register copy.db --fingerprint {fingerprint}"));
    world.ok("frank", &format!("backup later.db --register copy.db --fingerprint {fingerprint}"));
    for file in ["copy.db", "later.db"] {
        for command in ["verify", "list", "show CHG-1", "doctor", "verify --json", "list --json"] {
            let output = world.run("carol", &format!("{command} --register {file}"));
            assert_eq!(output.exit, Exit::Done, "{command}: {}", output.screen);
            let said = output.screen.contains("this is not the register itself");
            assert!(said || command == "doctor", "{command}: {}", output.screen);
            if command.ends_with("--json") {
                assert!(output.out.contains("\"rule\":\"copy\""), "{}", output.screen);
            }
        }
    }
    world.ok("carol", "note CHG-1 Words.");
    assert!(world.run("carol", "verify").out.contains("this account's pin: entry 3"));
}

#[test]
fn a_register_that_has_moved_for_good_is_used_there_once_its_fingerprint_was_given() {
    let world = World::filed();
    world.ok("carol", "list");
    let fingerprint = world.fingerprint();
    for side in ["", "-wal", "-shm", "-queue"] {
        let _ = fs::rename(world.path(&format!("prod.db{side}")), world.path(&format!("moved.db{side}")));
    }
    world.fails("carol", "note CHG-1 Words. --register moved.db", Exit::Environment, "--fingerprint FINGERPRINT");
    world.ok("carol", &format!("note CHG-1 Words. --register moved.db --fingerprint {fingerprint}"));
    // From then on it is at home there, also under its name, and what returns to the old path is a copy.
    world.ok("carol", "note CHG-1 Words. --register moved.db");
    world.ok("carol", "note CHG-1 Words. --register prod");
    world.ok("carol", "backup back.db --register prod");
    world.ok("carol", "restore back.db");
    fs::rename(world.path("back.db"), world.path("prod.db")).unwrap();
    world.fails(
        "carol",
        &format!("note CHG-1 No. --register prod.db --fingerprint {fingerprint}"),
        Exit::Environment,
        "is a copy",
    );
}

#[test]
fn no_copy_becomes_the_register_while_the_register_is_away() {
    let world = with_copy();
    let path = |name: &str| world.path(name);
    world.ok("carol", "list --register prod.db");
    let pin = path(&format!("people/carol/.local/state/twinseal/{}/pin", world.fingerprint()));
    let before = fs::read(&pin).unwrap();
    fs::rename(path("prod.db"), path("hidden.db")).unwrap();
    world.fails("carol", "note CHG-1 Practice. --register copy.db", Exit::Environment, "is a copy");
    world.ok("carol", "list --register copy.db");
    // Nor does a link at the register's path make the copy the register.
    std::os::unix::fs::symlink(path("copy.db"), path("prod.db")).unwrap();
    world.fails("carol", "note CHG-1 Practice. --register prod.db", Exit::Environment, "is a copy");
    world.fails("carol", "note CHG-1 Practice. --register prod", Exit::Environment, "is a copy");
    assert!(!path("copy.db-queue").exists());
    assert_eq!(fs::read(&pin).unwrap(), before);
    fs::remove_file(path("prod.db")).unwrap();
    fs::rename(path("hidden.db"), path("prod.db")).unwrap();
    world.ok("carol", "note CHG-1 Words. --register prod.db");
}

#[test]
fn a_register_under_a_second_name_of_its_directory_is_no_copy() {
    let world = World::filed();
    std::os::unix::fs::symlink(world.path(""), world.path("alias")).unwrap();
    world.ok("carol", "note CHG-1 Words. --register alias/prod.db");
}

#[test]
fn nothing_is_recovered_that_contradicts_the_pin() {
    let world = restored();
    fs::copy(world.path("prod.db"), world.path("fork.db")).unwrap();
    let frank = |command: &str| {
        fs::create_dir_all(world.path("people/frank")).unwrap();
        fs::copy(world.path("people/erin/key"), world.path("people/frank/key")).unwrap();
        world.ok("frank", &format!("{command} --fingerprint {}", world.fingerprint()));
    };
    ["Other", "Another", "More"].iter().for_each(|it| frank(&format!("note CHG-1 {it}. --register fork.db")));
    stopped(&world, "carol", "recover fork.db");
    world.ok("carol", "recover late.db");
}

#[test]
fn nothing_is_recovered_that_contradicts_a_verified_entry_before_the_pin() {
    let world = restored();
    fs::copy(world.path("prod.db"), world.path("fork.db")).unwrap();
    fs::create_dir_all(world.path("people/frank")).unwrap();
    fs::copy(world.path("people/erin/key"), world.path("people/frank/key")).unwrap();
    // It ends at entry 3, before the pin of carol.
    world.ok("frank", &format!("note CHG-1 Other. --register fork.db --fingerprint {}", world.fingerprint()));
    stopped(&world, "carol", "recover fork.db");
    assert_eq!(world.entries(), 3);
    world.ok("carol", "recover late.db");
}

#[test]
fn a_log_that_is_cut_while_it_is_open_is_refused() {
    let world = World::approved();
    let (mut env, recording) = world.env("erin", None);
    // The fourth time the clock is read, erin has verified entry 4: the newest entry goes away then.
    let (path, time, reads) = (world.path("prod.db"), env.clock, std::cell::Cell::new(0));
    env.clock = Box::new(move || {
        reads.set(reads.get() + 1);
        if reads.get() == 4 {
            let db = rusqlite::Connection::open(&path).unwrap();
            db.execute_batch("DROP TRIGGER entry_never_deleted; DELETE FROM entry WHERE seq = 4").unwrap();
        }
        time()
    });
    let output = World::run_in(&mut env, &recording, &crate::support::words("note CHG-1 Words."));
    assert_eq!(output.exit, Exit::Broken, "{}", output.screen);
    assert!(output.err.contains("the log lacks entry 4"), "{}", output.screen);
}

#[test]
fn the_newest_lost_entry_is_the_one_in_pin_or_cache() {
    let world = World::filed();
    world.ok("erin", "backup early.db");
    let folder = format!("people/alice/.local/state/twinseal/{}", world.fingerprint());
    ["carol", "dave"].iter().for_each(|person| world.approve(person, "CHG-1"));
    world.ok("alice", "list");
    let pin = fs::read(world.path(&format!("{folder}/pin"))).unwrap();
    world.ok("erin", "note CHG-1 'One more.'");
    world.ok("alice", "list");
    // As after a crash between the commit of the cache and the write of the pin.
    world.write(&format!("{folder}/pin"), pin);
    put_back(&world, "early.db");
    world.ok("alice", "proposal restored --reason 'The disk died.'");
    assert!(world.ok("alice", "proposal show 1").contains("entries 3 to 5 lost"));
}

#[test]
fn recovery_from_a_file_that_is_no_register_is_refused_with_the_reason() {
    let world = restored();
    world.write("text", "no database");
    for (file, why) in
        [("text", "not an SQLite database"), ("nothing", "no register at"), (".", "not an SQLite database")]
    {
        world.fails("dave", &format!("recover {file}"), Exit::Invalid, &format!("cannot recover from {file}: "));
        assert!(world.run("dave", &format!("recover {file}")).err.contains(why), "{file}");
    }
    world.fails("dave", "recover prod.db", Exit::Invalid, "prod.db is the register itself");
}

#[test]
fn an_account_with_a_lost_pin_may_only_propose_or_second_a_restoration() {
    let world = restored();
    for command in ["note CHG-1 Words.", "list", "person list", "rebuild", "backup more.db", "inbox"] {
        stopped(&world, "alice", command);
    }
    for command in ["proposal redact 2 --reason Why.", "person retire dave", "key suspend SHA256:none"] {
        let output = world.run("alice", command);
        assert_ne!(output.exit, Exit::Done, "{command}");
    }
    stopped(&world, "alice", "proposal redact 2 --reason Why.");
    world.ok("alice", "proposal restored --reason 'The disk died.'");
    stopped(&world, "bob", "proposal decline 1");
    stopped(&world, "alice", "proposal withdraw 1");
    // An admin must be able to read the proposal before seconding it.
    assert!(
        world.ok("bob", "proposal show 1").contains("Accounts whose newest verified entry is one of these will accept")
    );
    assert_eq!(world.entries(), 4);
}

#[test]
fn a_restoration_excuses_no_loss_after_it() {
    let world = restored();
    agree_to_continue(&world);
    let kept = world.entries();
    world.ok("carol", "list");
    world.approve("carol", "CHG-1");
    // An attacker truncates the log after the restoration, and two admins record other entries.
    assert_eq!((kept, world.entries()), (5, 6));
    put_back(&world, "early.db");
    stopped(&world, "carol", "list");
    agree_to_continue(&world);
    // Entry 4, which seconded the first restoration, is another entry now, and what carol verified after it is lost.
    stopped(&world, "carol", "list");
}

#[test]
fn a_pin_without_a_cache_excuses_no_loss_after_a_verified_restoration() {
    let world = World::filed();
    world.ok("erin", "backup early.db");
    (0..6).for_each(|n| drop(world.ok("erin", &format!("note CHG-1 'Note {n}.'"))));
    PEOPLE.iter().for_each(|(person, _)| drop(world.ok(person, "list")));
    put_back(&world, "early.db");
    world.ok("alice", "proposal restored --reason 'The disk died.'");
    world.run_typing("bob", "proposal second 1", &["1"]);
    world.ok("erin", "backup proposal.db");
    world.ok("erin", "note CHG-1 'After all.'");
    world.ok("carol", "list");
    let folder = format!("people/carol/.local/state/twinseal/{}", world.fingerprint());
    for file in ["verified.sqlite", "verified.sqlite-wal", "verified.sqlite-shm"] {
        let _ = fs::remove_file(world.path(&format!("{folder}/{file}")));
    }
    // Entry 5 is in the range that the proposal names as lost, but carol verified it after the proposal.
    put_back(&world, "proposal.db");
    stopped(&world, "carol", "list");
}

#[test]
fn the_proposal_of_a_restoration_that_lost_nothing_is_refused() {
    let world = World::filed();
    world.fails(
        "alice",
        "proposal restored --reason Why.",
        Exit::Invalid,
        "no entry that this account verified is missing",
    );
    let leaf = "7".repeat(64);
    let gap = format!("proposal restored --lost 3:{leaf} --lost 5:{leaf} --reason Why.");
    world.fails("alice", &gap, Exit::Invalid, "entry 5 does not continue the list of lost entries: entry 4 is next");
    let ahead = format!("proposal restored --lost 9:{leaf} --reason Why.");
    world.fails("alice", &ahead, Exit::Invalid, "no entry 8");
    world.fails("alice", "proposal restored --lost 3 --reason Why.", Exit::Invalid, "");
    assert_eq!(world.entries(), 3);
}

fn leaf_of(world: &World, file: &str, seq: u64) -> Digest {
    let db = rusqlite::Connection::open(world.path(file)).unwrap();
    let leaf: String = db.query_row("SELECT leaf FROM log_entries WHERE seq = ?1", [seq], |row| row.get(0)).unwrap();
    leaf.parse().unwrap()
}

#[test]
fn no_cache_moves_to_a_restored_log_before_the_pin() {
    let world = restored();
    agree_to_continue(&world);
    let lock = world.path(&format!("people/carol/.local/state/twinseal/{}/pin.lock", world.fingerprint()));
    for command in ["list", "verify"] {
        // The pin cannot move, as if the process died just then.
        let _ = fs::remove_file(&lock);
        fs::create_dir(&lock).unwrap();
        world.fails("carol", command, Exit::Environment, "cannot lock");
        fs::remove_dir(&lock).unwrap();
    }
    let listed = world.run("carol", "list");
    assert_eq!(listed.exit, Exit::Done, "{}", listed.screen);
    assert!(listed.err.contains("entry 4, which this account verified, is lost"), "{}", listed.screen);
}
