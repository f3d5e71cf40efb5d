//! The queue of writers: turns are granted in order, and an error names the process that blocks the queue.

use std::collections::HashSet;
use std::fs::{self, File, Permissions};
use std::iter;
use std::os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::server::in_a_file;
use crate::support::{CHANGE, World, stock_tool};
use rexpect::session::spawn_command;
use twinseal::domain::{Event, Time};
use twinseal::error::Exit;

const QUEUE: &str = "prod.db-queue";

/// The twinseal binary, run as `person`, with the system clock.
fn program(world: &World, person: &str, arguments: &[&str]) -> Command {
    let home = world.path(&format!("people/{person}"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
    command.args(arguments).current_dir(world.path("")).env_clear();
    command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", world.place());
    command
}

fn spawn(world: &World, person: &str, arguments: &[&str]) -> Child {
    let mut command = program(world, person, arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for a process that must succeed, and returns its standard output and standard error.
#[track_caller]
fn done(process: Child) -> (String, String) {
    let output = process.wait_with_output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert!(output.status.success(), "{err}");
    (out, err)
}

/// A world in which erin has filed `changes` changes whose windows are open by the system clock.
fn filed_now(changes: u64) -> World {
    let world = World::founded();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let time = |seconds| Time::from_unix(now + seconds).unwrap().to_string();
    let change = CHANGE.replace("2026-12-01T10:00:00Z", &time(0)).replace("2026-12-01T12:00:00Z", &time(7200));
    world.at(&time(60));
    world.write("change.toml", change);
    for _ in 0..changes {
        world.ok("erin", "file change.toml --again");
    }
    world
}

/// The notes in the log, in log order.
fn notes(world: &World) -> Vec<String> {
    let texts = (0..world.entries()).filter_map(|seq| String::from_utf8(world.raw(seq).text?).ok());
    texts.filter_map(|text| text.lines().find_map(|line| line.strip_prefix("note ")).map(str::to_owned)).collect()
}

#[test]
fn twenty_concurrent_processes_record_one_entry_each_without_an_error_or_a_retry() {
    let world = filed_now(4);
    let before = world.entries();
    let digest = |change: &str| world.revision(change).filed.to_string();
    let approve = |change| vec!["approve".to_owned(), change, "--revision".to_owned()];
    let mut commands: Vec<(&str, Vec<String>)> = Vec::new();
    for person in ["carol", "dave"] {
        commands.push((person, [approve("CHG-1".to_owned()), vec![digest("CHG-1")]].concat()));
        commands.push((person, ["reject", "CHG-2", "--reason", "Not today."].map(str::to_owned).to_vec()));
    }
    commands.push(("erin", ["withdraw", "CHG-3", "--reason", "Overtaken."].map(str::to_owned).to_vec()));
    commands.push(("erin", ["revise", "CHG-4", "--again", "change.toml"].map(str::to_owned).to_vec()));
    for (admin, group) in [("alice", "dba"), ("bob", "network")] {
        let grant = ["person", "grant", "carol", "--group", group, "--reason", "Stands in."];
        commands.push((admin, grant.map(str::to_owned).to_vec()));
    }
    commands.extend((0..4).map(|_| ("erin", ["file", "--again", "change.toml"].map(str::to_owned).to_vec())));
    let people = ["alice", "bob", "erin", "carol", "dave", "audrey"];
    let noted: Vec<String> = (0..8).map(|n| format!("Note {n}.")).collect();
    for (n, words) in noted.iter().enumerate() {
        commands.push((people[n % people.len()], vec!["note".to_owned(), "CHG-1".to_owned(), words.clone()]));
    }
    assert_eq!(commands.len(), 20);

    let start = |(person, words): &(&str, Vec<String>)| {
        spawn(&world, person, &words.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let processes: Vec<Child> = commands.iter().map(start).collect();
    let said: Vec<(String, String)> = processes.into_iter().map(done).collect();
    for (_, err) in &said {
        let impatient = ["busy", "locked", "again", "error", "waiting"];
        // What a change overlaps may await approval.
        let mut lines = err.lines().filter(|line| !line.starts_with("note: it overlaps"));
        assert!(!lines.any(|line| impatient.iter().any(|word| line.contains(word))), "{err}");
    }
    // The number of entries shows that none is missing or repeated; the rest shows it for each kind.
    assert_eq!(world.entries(), before + 20);
    let mut found = notes(&world);
    found.sort();
    assert_eq!(found, noted);
    let mut filed: Vec<&str> = said.iter().filter_map(|(out, _)| out.strip_suffix('\n')).collect();
    filed.retain(|line| line.contains(" revision 1 "));
    filed.sort_unstable();
    let expected = (5..=8).map(|n| format!("CHG-{n} revision 1 {}", digest(&format!("CHG-{n}"))));
    assert_eq!(filed, expected.collect::<Vec<_>>());
    assert_eq!(world.change("CHG-1").votes().len(), 2);
    assert_eq!(world.change("CHG-2").votes().len(), 2);
    assert_eq!(world.revision("CHG-4").number, 2);
    assert_eq!(world.state().governance().proposals(), 2);
    for person in people {
        assert_eq!(world.findings(person), Vec::<String>::new());
    }
}

/// The number of processes that wait for a lock on this file, from `/proc/locks`. The kernel does not produce that file
/// atomically, so a waiting process may be listed several times; each is counted once.
fn waiting(file: &Path) -> usize {
    let inode = format!(":{} ", fs::metadata(file).unwrap().ino());
    let table = fs::read_to_string("/proc/locks").unwrap();
    let waits = table.lines().filter(|line| line.contains("-> FLOCK") && line.contains(&inode));
    let process = |line: &str| line.split_whitespace().nth(5).unwrap().to_owned();
    waits.map(process).collect::<HashSet<_>>().len()
}

#[test]
fn turns_are_granted_in_the_order_of_the_requests() {
    let Some(world) = in_a_file("a queue beside it", || filed_now(1)) else { return };
    let queue = File::options().read(true).write(true).open(world.path(QUEUE)).unwrap();
    queue.lock().unwrap();
    let mut processes = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(20);
    for n in 0..8 {
        let people = ["carol", "dave", "audrey", "alice"];
        processes.push(spawn(&world, people[n % 4], &["note", "CHG-1", &n.to_string()]));
        while waiting(&world.path(QUEUE)) <= n {
            assert!(Instant::now() < deadline, "the process does not wait");
            thread::sleep(Duration::from_millis(5));
        }
    }
    drop(queue);
    processes.into_iter().for_each(|process| drop(done(process)));
    assert_eq!(notes(&world), ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn a_writer_that_waits_at_a_terminal_says_so() {
    let Some(world) = in_a_file("a queue beside it", || filed_now(1)) else { return };
    let queue = File::options().read(true).write(true).open(world.path(QUEUE)).unwrap();
    queue.lock().unwrap();
    let noting = |quiet: &[&str]| {
        let words = [&["note", "CHG-1", "Seen."], quiet].concat();
        let mut noting = program(&world, "carol", &words);
        noting.env("TERM", "xterm");
        spawn_command(noting, Some(20_000)).unwrap()
    };
    let (mut told, mut quiet) = (noting(&[]), noting(&["--quiet"]));
    told.exp_string("waiting for others who are recording").unwrap();
    drop(queue);
    told.exp_string("note added to CHG-1").unwrap();
    assert!(!quiet.exp_eof().unwrap().contains("waiting"));
}

/// Whether a writer that must first verify `tail` new entries records within its first turn.
#[track_caller]
fn records_in_turn(world: &World, tail: usize) -> bool {
    let open = || File::open(world.path(QUEUE)).unwrap();
    let (ours, after) = (open(), open());
    ours.lock().unwrap();
    let process = spawn(world, "carol", &["note", "CHG-1", "Seen."]);
    let deadline = Instant::now() + Duration::from_secs(20);
    let in_line = |many: usize| {
        while waiting(&world.path(QUEUE)) < many {
            assert!(Instant::now() < deadline, "the process does not wait");
            thread::sleep(Duration::from_millis(5));
        }
    };
    in_line(1);
    let approval = Event::Approve(world.revision("CHG-1"));
    world.record_all("dave", iter::repeat_n(approval, tail));
    let before = world.entries();
    let next = thread::spawn(move || after.lock().map(|()| after).unwrap());
    in_line(2);
    drop(ours);
    let next = next.join().unwrap();
    let recorded = world.entries() - before;
    drop(next);
    done(process);
    assert_eq!(world.entries(), before + 1);
    recorded == 1
}

#[test]
fn no_writer_waits_while_another_verifies_a_long_tail() {
    let Some(world) = in_a_file("a queue beside it", || filed_now(1)) else { return };
    assert!(records_in_turn(&world, 100), "another process recorded while a short tail was verified");
    assert!(!records_in_turn(&world, 300), "the next writer waited while a long tail was verified");
    assert_eq!(world.findings("carol"), Vec::<String>::new());
}

#[test]
fn a_writer_that_times_out_names_the_process_that_blocks_it_and_records_nothing() {
    let Some(world) = in_a_file("a queue beside it", World::filed) else { return };
    world.variable("audrey", "LOGNAME", Some("audrey"));
    world.ok("audrey", "note CHG-1 'Seen.'");
    let note = fs::read_to_string(world.path(QUEUE)).unwrap();
    assert_eq!(note.trim_end(), format!("audrey {}", std::process::id()));
    let held = File::open(world.path(QUEUE)).unwrap();
    held.lock().unwrap();
    let since = Time::from_unix(held.metadata().unwrap().mtime()).unwrap();
    let complaint = format!(
        "prod.db is busy: gave up after 3 s; audrey (process {}) has been writing since {since}",
        std::process::id()
    );
    world.fails("carol", "note CHG-1 'Seen too.'", Exit::Environment, &complaint);
    world.fails(
        "erin",
        "file change.toml --again",
        Exit::Environment,
        "hint: nothing was recorded; find the process with `fuser -v ",
    );
    world.fails("carol", "rebuild", Exit::Environment, &complaint);
    // Reading does not wait for writers.
    for command in ["list", "show CHG-1", "verify", "inbox", "doctor"] {
        let begun = Instant::now();
        world.ok("dave", command);
        assert!(begun.elapsed() < crate::support::PATIENCE, "{command}");
    }
    drop(held);
    world.ok("carol", "note CHG-1 'Seen too.'");
    // A process that gave up has left the queue.
    let begun = Instant::now();
    world.ok("erin", "file change.toml --again");
    assert!(begun.elapsed() < crate::support::PATIENCE);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn control_characters_in_the_queue_file_do_not_reach_the_terminal() {
    let Some(world) = in_a_file("a queue beside it", World::filed) else { return };
    fs::write(world.path(QUEUE), format!("{:<79}\n", "\u{1b}[2Jroot 1")).unwrap();
    let held = File::open(world.path(QUEUE)).unwrap();
    held.lock().unwrap();
    let complaint = "the writer is unknown";
    world.fails("carol", "note CHG-1 'Seen.'", Exit::Environment, complaint);
}

#[test]
fn a_lock_of_another_program_is_waited_for_and_reported() {
    let Some(world) = in_a_file("a queue beside it", World::filed) else { return };
    let shell = world.sql();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let complaint = "prod.db is locked by another program: gave up after 3 s";
    world.fails("carol", "note CHG-1 'Seen.'", Exit::Environment, complaint);
    world.fails("carol", "note CHG-1 'Seen.'", Exit::Environment, "`fuser -v ");
    shell.execute_batch("ROLLBACK").unwrap();
    world.ok("carol", "note CHG-1 'Seen.'");
}

#[test]
fn a_person_at_a_prompt_does_not_block_other_writers() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = filed_now(1);
    let mut lock = Command::new("ssh-keygen");
    lock.args(["-q", "-p", "-N", "correct horse", "-f"]).arg(world.path("people/carol/key"));
    assert!(lock.stdin(Stdio::null()).status().unwrap().success());
    let mut approving = program(&world, "carol", &["approve", "CHG-1"]);
    approving.env("TERM", "xterm").env("TWINSEAL_PAGER", "cat");
    let mut terminal = spawn_command(approving, Some(20_000)).unwrap();
    let others = |words: &str| {
        let begun = Instant::now();
        for person in ["dave", "erin", "audrey"] {
            world.ok(person, &format!("note CHG-1 '{person} {words}'"));
        }
        assert!(begun.elapsed() < crate::support::PATIENCE);
    };
    terminal.exp_string("Type CHG-1 to approve this revision: ").unwrap();
    others("while she reads");
    terminal.send_line("CHG-1").unwrap();
    terminal.exp_string("Passphrase of ").unwrap();
    others("while she types");
    terminal.send_line("correct horse").unwrap();
    let rest = terminal.exp_eof().unwrap();
    assert!(rest.contains("CHG-1 approved"), "{rest}");
    assert_eq!(world.entries(), 3 + 7);
    assert_eq!(world.change("CHG-1").votes()[0].seq, 9);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

// Another file at the path of the queue

/// Checks that a command still records, whatever is at the path of the queue file.
#[track_caller]
fn records(world: &World) {
    let before = world.entries();
    let begun = Instant::now();
    world.ok("carol", "note CHG-1 'Seen.'");
    assert!(begun.elapsed() < crate::support::PATIENCE);
    assert_eq!(world.entries(), before + 1);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

/// A world without the queue file, and the path of that file.
fn without_queue() -> (World, PathBuf) {
    let world = World::filed();
    let queue = world.path(QUEUE);
    fs::remove_file(&queue).unwrap();
    (world, queue)
}

#[test]
fn a_symbolic_link_at_the_path_of_the_queue_is_not_followed() {
    let Some((world, queue)) = in_a_file("a queue beside it", without_queue) else { return };
    world.write("precious", "precious");
    for target in ["precious", "nothing", "prod.db", "prod.db-wal", "/dev/zero"] {
        symlink(world.path(target), &queue).unwrap();
        records(&world);
        assert!(fs::symlink_metadata(&queue).unwrap().is_symlink());
        fs::remove_file(&queue).unwrap();
    }
    assert_eq!(fs::read(world.path("precious")).unwrap(), b"precious");
    assert!(!world.path("nothing").exists());
}

/// Writing to a hard link to the register would damage it, and closing the link would release SQLite's locks. So nothing
/// is recorded while the register has a second link.
#[test]
fn a_hard_link_at_the_path_of_the_queue_is_not_opened() {
    let Some((world, queue)) = in_a_file("a queue beside it", without_queue) else { return };
    world.write("precious", "precious");
    fs::hard_link(world.path("prod.db"), &queue).unwrap();
    world.fails("carol", "note CHG-1 'Seen.'", Exit::Environment, "has 2 hard links");
    fs::remove_file(&queue).unwrap();
    for target in ["precious", "people/carol/key"] {
        fs::hard_link(world.path(target), &queue).unwrap();
        let before = fs::read(world.path("precious")).unwrap();
        records(&world);
        assert_eq!(fs::read(world.path("precious")).unwrap(), before);
        fs::remove_file(&queue).unwrap();
    }
    assert_eq!(world.sql().query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
}

#[test]
fn a_folder_or_a_pipe_at_the_path_of_the_queue_does_not_block_recording() {
    let Some((world, queue)) = in_a_file("a queue beside it", without_queue) else { return };
    fs::create_dir(&queue).unwrap();
    records(&world);
    fs::remove_dir(&queue).unwrap();
    assert!(Command::new("mkfifo").arg(&queue).status().unwrap().success());
    records(&world);
}

#[test]
fn the_first_writer_creates_the_queue_with_the_permissions_of_the_register() {
    let Some((world, queue)) = in_a_file("a queue beside it", without_queue) else { return };
    for command in ["list", "show CHG-1", "verify", "log", "inbox", "doctor", "backup copy.db", "check change.toml"] {
        world.ok("carol", command);
        assert!(!queue.exists(), "{command}");
    }
    records(&world);
    let rights = |path: &str| fs::metadata(world.path(path)).unwrap();
    assert_eq!(rights(QUEUE).mode() & 0o7777, 0o660);
    assert_eq!((rights(QUEUE).gid(), rights("prod.db").gid()), (rights("prod.db").gid(), rights(QUEUE).gid()));
    fs::remove_file(&queue).unwrap();
    fs::set_permissions(world.path("prod.db"), Permissions::from_mode(0o600)).unwrap();
    records(&world);
    assert_eq!(rights(QUEUE).mode() & 0o7777, 0o600);
    // The line that names the writer has a fixed length, and the file is never truncated.
    let length = rights(QUEUE).len();
    File::options().write(true).open(&queue).unwrap().write_all_at(&[b'x'; 200], 0).unwrap();
    records(&world);
    assert_eq!((length, rights(QUEUE).len()), (80, 200));
}
