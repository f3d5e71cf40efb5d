//! Acts that are rarely meant ask on a terminal before they are recorded. Without one they never wait: they may answer an
//! attack.

use std::fs;

use crate::support::{CHANGE, World};
use twinseal::error::Exit;

/// A register with an open proposal by alice.
fn world() -> World {
    let world = World::founded();
    world.ok("alice", "person grant carol engineer");
    world
}

#[test]
fn no_heavy_act_is_recorded_on_a_terminal_unless_it_is_confirmed() {
    for (person, act, word) in [
        ("alice", "freeze now --reason Why.", "prod"),
        ("alice", "person suspend dave", "dave"),
        ("alice", "key suspend {dave}", "dave"),
        ("carol", "key revoke {carol}", "carol"),
        ("bob", "proposal decline 1", "1"),
    ] {
        let world = world();
        let key = |person: &str| world.signer(person).public().fingerprint().to_string();
        let act = act.replace("{dave}", &key("dave")).replace("{carol}", &key("carol"));
        let before = world.acts();
        for answer in ["", "no", "yes"] {
            let left = world.run_typing(person, &act, &[answer]);
            assert_eq!(left.exit, Exit::Refused, "{act}: {}", left.screen);
            let page = left.screen.find("about to sign").unwrap();
            let (warning, asked) = (left.screen.find("warning: ").unwrap(), left.screen.find("\nType ").unwrap());
            assert!(page < warning && warning < asked && left.unasked.is_empty(), "{act}: {}", left.screen);
        }
        assert_eq!(world.acts(), before, "{act} was recorded");
        let done = world.run_typing(person, &act, &[word]);
        assert!(done.exit == Exit::Done && done.unanswered.is_empty(), "{act}: {}", done.screen);
        assert_eq!(world.acts(), before + 1);
        let alone = self::world();
        alone.ok(person, &act);
    }
}

#[test]
fn a_question_is_asked_three_times_until_it_is_answered_with_yes_or_no() {
    let world = World::founded();
    world.write("change.toml", CHANGE);
    let change = world.path("change.toml").display().to_string();
    world.variable("erin", "EDITOR", Some(&format!("cp '{change}'")));
    for (answers, exit) in [
        (&["maybe", "perhaps", "Y"][..], Exit::Done),
        (&["yes"], Exit::Done),
        (&["maybe", "no"], Exit::Refused),
        (&[""], Exit::Refused),
        (&["maybe", "perhaps", "ja"], Exit::Refused),
    ] {
        world.write("change.toml", CHANGE.replace("pool", &format!("pool {}", answers.join("-"))));
        let output = world.run_typing("erin", "file", answers);
        assert_eq!((output.exit, output.unanswered.len(), output.unasked.len()), (exit, 0, 0), "{}", output.screen);
        assert_eq!(output.screen.matches("Type y or n.").count(), answers.len() - 1, "{}", output.screen);
    }
    // Trust is not given by one letter.
    world.person("frank");
    let output = world.run_typing("frank", "list", &["y", "YES", "yes"]);
    assert!(output.exit == Exit::Done && output.unanswered.is_empty(), "{}", output.screen);
}

#[test]
fn a_light_act_asks_nothing_on_a_terminal() {
    let world = world();
    for (person, act) in [("alice", "freeze now --service ledger --reason Why."), ("alice", "proposal withdraw 1")] {
        let done = world.run_typing(person, act, &[]);
        assert!(done.exit == Exit::Done && done.unanswered.is_empty(), "{act}: {}", done.screen);
    }
}

#[test]
fn no_backup_beside_a_living_register_is_restored_without_a_warning_before() {
    let world = World::founded();
    world.ok("audrey", "backup b.db");
    let backup = fs::read(world.path("b.db")).unwrap();
    let left = world.run_typing("audrey", "restore b.db", &["yes"]);
    assert!(left.exit == Exit::Refused && left.err.contains("it may still be"), "{}", left.screen);
    assert_eq!(fs::read(world.path("b.db")).unwrap(), backup);
    let done = world.run("audrey", "restore b.db");
    assert_eq!(done.exit, Exit::Done, "{}", done.screen);
    assert!(done.screen.find("warning: ").unwrap() < done.screen.find("restored ").unwrap(), "{}", done.screen);
    // At its own path it replaces nothing.
    world.ok("audrey", "backup c.db");
    fs::rename(world.path("c.db"), world.path("prod.db")).unwrap();
    ["-wal", "-shm"].iter().for_each(|it| _ = fs::remove_file(world.path(&format!("prod.db{it}"))));
    let alone = world.run_typing("audrey", "restore prod.db", &[]);
    assert!(alone.exit == Exit::Done && !alone.err.contains("warning"), "{}", alone.screen);
}
