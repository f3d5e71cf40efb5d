//! The compiled program on a pseudo-terminal: questions, passphrases, hidden input.

use std::process::Command;

use crate::support::{CHANGE, World};
use rexpect::session::{PtySession, spawn_command};
use twinseal::error::Exit;

/// Starts the program as a person on a terminal, with the real clock.
fn on_terminal(world: &World, person: &str, arguments: &[&str]) -> PtySession {
    let home = world.path(&format!("people/{person}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
    command.args(arguments).current_dir(world.path("")).env_clear();
    command.env("HOME", &home).env("TERM", "xterm").env("TWINSEAL_KEY", home.join("key"));
    spawn_command(command, Some(20_000)).unwrap()
}

fn exit_code(mut session: PtySession) -> (i32, String) {
    let rest = session.exp_eof().unwrap();
    match session.process.wait().unwrap() {
        rexpect::process::wait::WaitStatus::Exited(_, code) => (code, rest),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_passphrase_is_asked_twice_and_never_shown() {
    let world = World::empty();
    std::fs::create_dir_all(world.path("people/alice")).unwrap();
    let mut session = on_terminal(&world, "alice", &["key", "new", "people/alice/key"]);
    session.exp_string("New passphrase (empty for none): ").unwrap();
    session.send_line("correct horse").unwrap();
    session.exp_string("Repeat the passphrase: ").unwrap();
    session.send_line("correct horse").unwrap();
    let (code, rest) = exit_code(session);
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("encrypted") && !rest.contains("horse"), "{rest}");

    let request = ["person", "request", "alice", "--register", "prod"];
    let mut session = on_terminal(&world, "alice", &request);
    for _ in 0..3 {
        session.exp_string("Passphrase of ").unwrap();
        session.send_line("wrong").unwrap();
    }
    let (code, rest) = exit_code(session);
    assert_eq!(code, 2, "{rest}");
    assert!(rest.contains("wrong passphrase for") && !rest.contains("wrong\r\n"), "{rest}");
}

#[test]
fn init_asks_for_the_registers_name() {
    let world = World::with_requests();
    let init = ["init", "--name", "prod", "--member", "alice=alice.request:admin", "--member", "bob=bob.request:admin"];
    let mut session = on_terminal(&world, "alice", &init);
    session.exp_string("Type prod to sign entry 0: ").unwrap();
    session.send_line("y").unwrap();
    session.exp_string("press Enter to leave: ").unwrap();
    session.send_line("").unwrap();
    let (code, rest) = exit_code(session);
    assert_eq!(code, 1, "{rest}");
    assert!(rest.contains("not confirmed; nothing was recorded"), "{rest}");
    assert!(!world.path("prod.db").exists());

    for meant in ["bob", "nobody"] {
        let line = format!("{} --as {meant}", init.join(" "));
        world.fails("alice", &line, Exit::Refused, &format!("the key belongs to alice, not to {meant}"));
    }
    let mut session = on_terminal(&world, "alice", &init);
    session.exp_string("Type prod to sign entry 0: ").unwrap();
    session.send_line("prod").unwrap();
    let (code, rest) = exit_code(session);
    assert_eq!(code, 0, "{rest}");
    assert!(rest.contains("fingerprint "), "{rest}");
}

#[test]
fn nothing_is_signed_by_what_was_typed_before_the_question() {
    let world = World::with_requests();
    let init = ["init", "--name", "prod", "--member", "alice=alice.request:admin", "--member", "bob=bob.request:admin"];
    let mut session = on_terminal(&world, "alice", &init);
    session.send_line("prod").unwrap();
    session.exp_string("Type prod to sign entry 0: ").unwrap();
    session.send_line("y").unwrap();
    session.exp_string("press Enter to leave: ").unwrap();
    session.send_line("").unwrap();
    let (code, rest) = exit_code(session);
    assert_eq!(code, 1, "{rest}");
    assert!(!world.path("prod.db").exists());
}

#[test]
fn a_page_above_a_question_is_as_wide_as_the_terminal_that_asks() {
    let world = World::founded();
    let now = world.at_real_time();
    let padded = format!("x{}status        approved (2 of 2)", " ".repeat(120));
    let change = CHANGE.replace("2026-12-01T10:00:00Z", &now.plus(60).to_string());
    let change = change.replace("2026-12-01T12:00:00Z", &now.plus(7200).to_string());
    world.write("change.toml", change.replace("Set the pool to 160.", &padded));
    world.ok("erin", "file change.toml");
    let script = format!("stty rows 24 cols 60; '{}' approve CHG-1 > out", env!("CARGO_BIN_EXE_twinseal"));
    let mut command = Command::new("sh");
    let home = world.path("people/carol");
    command.args(["-c", &script]).current_dir(world.path("")).env("TERM", "xterm").env("NO_COLOR", "1");
    command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", "prod.db");
    command.env("TWINSEAL_PAGER", "cat");
    let mut session = spawn_command(command, Some(20_000)).unwrap();
    let page = session.exp_string("Type CHG-1 to approve").unwrap();
    // rexpect reads each byte as a character.
    let page = String::from_utf8(page.chars().map(|c| c as u8).collect()).unwrap();
    session.send_line("no").unwrap();
    session.exp_string("press Enter to leave: ").unwrap();
    session.send_control('d').unwrap();
    assert_eq!(exit_code(session).0, 1);
    assert!(page.contains("status        awaiting approval (0 of 2)"), "{page}");
    let wide = page.lines().find(|line| textwrap::core::display_width(line.trim_end()) >= 60);
    assert_eq!(wide, None, "{page}");
    assert_eq!(std::fs::read_to_string(world.path("out")).unwrap(), "");
}

#[test]
fn the_pager_shows_the_page_and_the_question_stands_below_it() {
    let world = World::founded();
    let now = world.at_real_time();
    let change = CHANGE.replace("2026-12-01T10:00:00Z", &now.plus(60).to_string());
    world.write("change.toml", change.replace("2026-12-01T12:00:00Z", &now.plus(7200).to_string()));
    world.ok("erin", "file change.toml");
    for (pager, shown) in [
        ("sed 's/^/P /'", "P CHG-1\r\n"),
        ("no-such-pager", "CHG-1\r\n"),
        ("false", "CHG-1\r\n| Raise"),
        ("cat > /dev/null; exit 126", "CHG-1\r\n| Raise"),
    ] {
        let script = format!("'{}' approve CHG-1", env!("CARGO_BIN_EXE_twinseal"));
        let mut command = Command::new("sh");
        let home = world.path("people/carol");
        command.args(["-c", &script]).current_dir(world.path("")).env("TERM", "xterm").env("NO_COLOR", "1");
        command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", "prod.db");
        command.env("TWINSEAL_PAGER", pager);
        let mut session = spawn_command(command, Some(20_000)).unwrap();
        let page = session.exp_string(" to approve this revision: ").unwrap();
        session.send_line("").unwrap();
        assert_eq!(exit_code(session).0, 1);
        assert!(page.contains(shown), "{pager}: {page}");
        let end = page.split_once("about to sign").unwrap().1;
        assert!(!end.contains("P ") && end.contains("s skips it"), "{pager}: {end}");
        assert!(end.lines().count() < 24, "the summary and the question fit one screen: {end}");
    }
}

#[test]
fn data_longer_than_the_terminal_goes_through_the_pager() {
    let world = World::filed();
    let home = world.path("people/erin");
    let shown = |command: &str, rows: u16, pager: &str| {
        let script = format!("stty rows {rows} cols 80; '{}' {command}", env!("CARGO_BIN_EXE_twinseal"));
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(world.path("")).env("HOME", &home).env("TERM", "xterm");
        command.env("NO_COLOR", "1").env("TWINSEAL_REGISTER", "prod.db").env("TWINSEAL_PAGER", pager);
        spawn_command(command, Some(20_000)).unwrap().exp_eof().unwrap()
    };
    for (command, line) in [("show CHG-1", "CHG-1\r\n"), ("log", "     0  ")] {
        let paged = format!("P {line}");
        assert!(shown(command, 3, "sed 's/^/P /'").contains(&paged), "{command}");
        let short = shown(command, 200, "sed 's/^/P /'");
        assert!(!short.contains(&paged) && short.contains(line), "{command}: {short}");
        assert!(shown(command, 3, "no-such-pager").contains(line), "{command}");
    }
    // What comes after the gate waits for its exit code.
    let gate = shown("gate CHG-1", 3, "sed 's/^/P /'");
    assert!(gate.contains("gate closed") && !gate.contains("P "), "{gate}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let world = World::filed();
    let home = world.path("people/erin");
    let script = format!("'{}' show CHG-1 | head -n 1", env!("CARGO_BIN_EXE_twinseal"));
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(world.path(""))
        .env("HOME", &home)
        .env("TWINSEAL_REGISTER", "prod.db")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "CHG-1\n");
}

#[test]
fn join_makes_a_key_and_asks_for_what_it_needs() {
    let world = World::empty();
    std::fs::create_dir_all(world.path("people/frank")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
    command.args(["join", "--register", "prod"]).current_dir(world.path("")).env_clear();
    command.env("HOME", world.path("people/frank")).env("LOGNAME", "frank").env("TERM", "xterm");
    let mut session = spawn_command(command, Some(20_000)).unwrap();
    for (question, answer) in [
        ("File of the new key (Enter for ~/.ssh/id_ed25519): ", ""),
        ("New passphrase (empty for none): ", "correct horse"),
        ("Repeat the passphrase: ", "correct horse"),
        ("Your id in the register (Enter for frank): ", "Frank"),
        ("Your id in the register (Enter for frank): ", ""),
        ("Your name, as others should see it: ", "Frank Ng"),
        ("auditor (Enter for engineer): ", ""),
    ] {
        session.exp_string(question).unwrap();
        session.send_line(answer).unwrap();
    }
    let (code, rest) = exit_code(session);
    assert!(code == 0 && rest.contains("request frank.request") && !rest.contains("horse"), "{code}: {rest}");
    assert!(world.path("people/frank/.ssh/id_ed25519").exists());
}
