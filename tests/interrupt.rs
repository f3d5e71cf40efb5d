//! Ctrl-C and the other keys on a pseudo-terminal: what the program says, and what is left.

use std::process::Command;

use rexpect::process::wait::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use crate::support::{CHANGE, World};

/// A world with changes whose window is still to come, by the clock of this machine.
fn world(changes: usize) -> World {
    let world = World::founded();
    let now = world.at_real_time();
    let change = CHANGE.replace("2026-12-01T10:00:00Z", &now.plus(60).to_string());
    let change = change.replace("2026-12-01T12:00:00Z", &now.plus(7200).to_string());
    for n in 0..changes {
        world.write("change.toml", change.replace("Raise", &format!("{n}: Raise")));
        world.ok("erin", "file change.toml");
    }
    world
}

/// Starts a shell's line as a person; `twinseal` is the compiled program.
pub fn typed(world: &World, person: &str, line: &str) -> PtySession {
    let home = world.path(&format!("people/{person}"));
    let mut command = Command::new("sh");
    let script = line.replace("twinseal", &format!("'{}'", env!("CARGO_BIN_EXE_twinseal")));
    command.args(["-c", &script]).current_dir(world.path("")).env("TERM", "xterm").env("NO_COLOR", "1");
    command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", "prod.db");
    command.env_remove("SSH_AUTH_SOCK").env("TWINSEAL_PAGER", "cat");
    spawn_command(command, Some(60_000)).unwrap()
}

#[test]
fn an_interrupted_question_records_nothing_and_says_so() {
    let world = world(1);
    let before = world.acts();
    let mut session = typed(&world, "carol", "exec twinseal approve CHG-1");
    session.exp_string("to approve this revision: ").unwrap();
    session.send_control('c').unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("interrupted; nothing was recorded"), "{rest}");
    let ended = session.process.wait().unwrap();
    assert!(matches!(ended, WaitStatus::Signaled(_, signal, _) if signal as i32 == 2), "{ended:?}");
    assert_eq!(world.acts(), before);
}

#[test]
fn what_was_recorded_before_the_interruption_is_named() {
    let world = world(2);
    let before = world.acts();
    let mut session = typed(&world, "carol", "exec twinseal approve CHG-1 CHG-2");
    session.exp_string("Type CHG-1 to approve this revision: ").unwrap();
    session.send_line("CHG-1").unwrap();
    session.exp_string("Type CHG-2 to approve this revision: ").unwrap();
    session.send_control('c').unwrap();
    let rest = session.exp_eof().unwrap();
    let seq = before;
    assert!(rest.contains(&format!("interrupted; entry {seq} was recorded")), "{rest}");
    assert_eq!(world.acts(), seq + 1);
}

#[test]
fn an_interrupted_passphrase_leaves_a_terminal_that_shows_what_is_typed() {
    let world = World::empty();
    std::fs::create_dir_all(world.path("people/alice")).unwrap();
    let line = "stty echo; trap : INT; twinseal key new people/alice/key; stty -a; echo done";
    let mut session = typed(&world, "alice", line);
    session.exp_string("New passphrase (empty for none): ").unwrap();
    session.send_control('c').unwrap();
    let rest = session.exp_string("done").unwrap();
    assert!(rest.contains("interrupted; nothing was recorded") && rest.contains(" echo "), "{rest}");
    assert!(!world.path("people/alice/key").exists());
}

#[test]
fn ctrl_c_in_the_pager_or_the_editor_does_not_end_the_program() {
    let world = world(1);
    let waits = "sh -c \"trap : INT; cat; sleep 2; echo gone on\"";
    let line = format!("export TWINSEAL_PAGER='{waits}'; exec twinseal approve CHG-1");
    let mut session = typed(&world, "carol", &line);
    session.exp_string("CHG-1").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("gone on").unwrap();
    session.exp_string("to approve this revision: ").unwrap();
    session.send_control('c').unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("interrupted; nothing was recorded"), "{rest}");

    world.write("editor", "trap : INT\nsleep 2\nsed -i 's/^title = .*/title = \"Raised\"/' \"$1\"\n");
    let mut session = typed(&world, "erin", "export VISUAL='exec sh editor'; exec twinseal file --from CHG-1");
    std::thread::sleep(std::time::Duration::from_secs(1));
    session.send_control('c').unwrap();
    session.exp_string("File it?").unwrap();
    session.send_control('c').unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("interrupted; nothing was recorded"), "{rest}");
    assert!(world.ok("erin", "drafts list").contains("Raised"), "the draft is kept");
}

#[test]
fn a_change_is_skipped_and_another_rejected_at_the_question() {
    let world = world(2);
    let before = world.acts();
    let mut session = typed(&world, "carol", "exec twinseal approve CHG-1 CHG-2");
    session.exp_string("Type CHG-1 to approve this revision: ").unwrap();
    session.send_line("s").unwrap();
    session.exp_string("Type CHG-2 to approve this revision: ").unwrap();
    session.send_line("r").unwrap();
    session.exp_string("Reason, and what must be different: ").unwrap();
    session.send_line("Too small.").unwrap();
    let rest = session.exp_eof().unwrap();
    assert!(rest.contains("CHG-2 rejected;") && rest.contains("not approved: CHG-1"), "{rest}");
    assert_eq!(world.acts(), before + 1);
    assert!(world.ok("erin", "show CHG-2").contains("Too small."));
}
