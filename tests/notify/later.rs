//! What changes while a message waits: texts are redacted, people leave, clocks go wrong, servers flood.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::server::Answer;
use super::{SENDER, file, hooked, run, safety::files, secrets, sender, status, told};
use crate::support::{CHANGE, World};
use twinseal::error::Exit;

const AWAITING: &str = "events = [\"approval-needed\"]";
const SECRET: &str = "hunter2-correct-horse";

/// The files of the sender's account with this text whose names contain `name`.
fn holding(world: &World, name: &str, text: &str) -> Vec<String> {
    let all = files(&world.path(&format!("people/{SENDER}"))).into_iter();
    let named = all.filter(|path| path.file_name().unwrap().to_string_lossy().contains(name));
    let has = |path: &std::path::PathBuf| fs::read(path).unwrap().windows(text.len()).any(|it| it == text.as_bytes());
    named.filter(has).map(|path| path.display().to_string()).collect()
}

#[test]
fn no_title_is_sent_or_kept_after_its_redaction() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    server.always(Some(Answer::status("502 Bad Gateway")));
    file(&world, &format!("Raise the pool {SECRET}"));
    assert_eq!(run(&world).exit, Exit::Environment);
    assert_eq!(status(&world, "ops")["waiting"], 1);
    assert!(!holding(&world, "notices.db", "CHG-1").is_empty(), "the message waits in the queue");
    assert_eq!(holding(&world, "notices", SECRET), Vec::<String>::new(), "but not its title");
    fs::remove_file(world.path("titled.toml")).unwrap();
    server.take();
    world.ok("alice", "proposal redact 2 --reason 'A password was written into it.'");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.raw(3).leaf()));
    server.always(None);
    world.at("2026-12-01T09:20:00Z");
    assert_eq!(run(&world).exit, Exit::Done);
    let sent = server.take();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].json()["title"], "(text redacted)");
    assert!(!sent[0].body.contains(SECRET), "{}", sent[0].body);
    assert_eq!(holding(&world, "", SECRET), Vec::<String>::new());
    assert_eq!(holding(&world, "notices.db", "twinseal approve CHG-1"), Vec::<String>::new(), "what was sent is gone");
}

/// A mail server without encryption, which hangs up while it is `down`, and remembers the recipients.
struct Post {
    port: u16,
    down: Arc<AtomicBool>,
    to: Arc<Mutex<Vec<String>>>,
}

fn post() -> Post {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (down, to) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
    let (is_down, recipients) = (Arc::clone(&down), Arc::clone(&to));
    thread::spawn(move || {
        for stream in listener.incoming() {
            if !is_down.load(Ordering::SeqCst) {
                drop(receive(stream.unwrap(), &recipients));
            }
        }
    });
    Post { port, down, to }
}

fn receive(mut stream: TcpStream, to: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 here\r\n")?;
    let mut in_mail = false;
    for line in lines {
        let line = line?;
        let answer: &[u8] = match () {
            () if in_mail && line != "." => continue,
            () if in_mail => b"250 taken\r\n",
            () if line == "DATA" => b"354 go on\r\n",
            () => b"250-fine\r\n250 SIZE 1000\r\n",
        };
        in_mail = line == "DATA";
        if let Some(address) = line.strip_prefix("RCPT TO:") {
            to.lock().unwrap().push(address.to_owned());
        }
        stream.write_all(answer)?;
    }
    Ok(())
}

#[test]
fn nobody_is_told_who_was_suspended_or_lost_the_role_while_a_message_waited() {
    let world = World::founded_with_spare_approvers();
    let (post, hook) = (post(), super::Server::new());
    secrets(&world, "hook = \"the key\"\n");
    let (mail, web) = (post.port, hook.port);
    world.write(
        "notify.toml",
        format!(
            "secrets = \"secrets\"\n[people]\ncarol = \"carol@example.com\"\ndave = \"dave@example.com\"\n\
             ivy = \"ivy@example.com\"\n[targets.mail]\ntype = \"mail\"\nhost = \"127.0.0.1\"\nport = {mail}\n\
             tls = \"none\"\nfrom = \"twinseal@example.com\"\ntimeout_seconds = 5\n\
             [targets.dave]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{web}/\"\nkey_secret = \"hook\"\n\
             [[rules]]\nto = [\"mail\"]\n{AWAITING}\n[[rules]]\nto = [\"dave\"]\npeople = [\"dave\"]\n{AWAITING}\n"
        ),
    );
    sender(&world);
    let second = |id: &str| {
        world.ok("bob", &format!("proposal second {id} --digest {}", world.newest_proposal().opened));
    };
    world.ok("alice", "person grant ivy engineer");
    second("1");
    world.ok(SENDER, "notify run --config notify.toml");
    hook.always(Some(Answer::status("502 Bad Gateway")));
    file(&world, "Raise the pool");
    assert_eq!(run(&world).exit, Exit::Environment);
    assert_eq!((&status(&world, "mail")["waiting"], &status(&world, "dave")["waiting"]), (&3.into(), &1.into()));
    hook.take();
    world.ok("alice", "person suspend dave --reason 'Left.'");
    world.ok("alice", "person revoke-role ivy approver");
    second("2");
    post.down.store(false, Ordering::SeqCst);
    hook.always(None);
    world.at("2026-12-01T09:20:00Z");
    assert_eq!(run(&world).exit, Exit::Done);
    assert_eq!(*post.to.lock().unwrap(), ["<carol@example.com>"]);
    assert!(hook.requests().is_empty());
    assert_eq!((&status(&world, "mail")["waiting"], &status(&world, "dave")["waiting"]), (&0.into(), &0.into()));
}

#[test]
fn no_answer_of_a_mail_server_without_an_end_fills_the_memory_or_outlives_the_run() {
    for begin in ["", "220 ", "220 here\r\n250-", "220 here\r\n250 fine\r\n250 "] {
        let (world, listener) = (World::founded(), TcpListener::bind("127.0.0.1:0").unwrap());
        let port = listener.local_addr().unwrap().port();
        world.write(
            "notify.toml",
            format!(
                "[targets.mail]\ntype = \"mail\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
                 from = \"t@example.com\"\nto = [\"ops@example.com\"]\ntimeout_seconds = 20\n\
                 [[rules]]\nto = [\"mail\"]\n{AWAITING}\n"
            ),
        );
        sender(&world);
        world.ok(SENDER, "notify run --config notify.toml");
        file(&world, "Raise the pool");
        let flood = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(begin.as_bytes()).unwrap();
            let mut taken = 0;
            while let Ok(written) = stream.write(&[b'2'; 65_536]) {
                taken += written;
            }
            taken
        });
        let begun = Instant::now();
        let output = run(&world);
        assert!(output.err.contains("its answer is too large"), "{begin:?}: {}", output.screen);
        assert!(begun.elapsed() < Duration::from_secs(10), "{begin:?}: not by the time limit");
        // The rest is in the buffers of the system. A connection that stayed open would take more and more.
        let taken = flood.join().unwrap();
        assert!(taken < 16 * 1024 * 1024, "{begin:?}: {taken}");
    }
}

#[test]
fn a_revision_that_claims_the_time_of_the_one_before_is_told() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    file(&world, "Raise the pool");
    assert_eq!(told(&world, &server).len(), 1);
    world.write("again.toml", CHANGE.replace("Raise the pool", "Raise the pool further"));
    world.ok("erin", "revise CHG-1 again.toml");
    assert_eq!(told(&world, &server), ["approval-needed CHG-1: twinseal approve CHG-1"]);
    assert!(told(&world, &server).is_empty(), "told once");
}

#[test]
fn a_clock_that_runs_ahead_does_not_suppress_the_reminder_of_a_window() {
    let world = World::founded();
    let server = hooked(&world, "events = [\"window-near\"]");
    let rules = fs::read_to_string(world.path("notify.toml")).unwrap();
    world.write("notify.toml", format!("remind_minutes = 30\n{rules}"));
    world.at("2026-12-01T09:45:00Z");
    file(&world, "Raise the pool");
    world.at("2026-12-01T09:05:00Z");
    assert!(told(&world, &server).is_empty());
    world.at("2026-12-01T09:35:00Z");
    assert_eq!(told(&world, &server), ["window-near CHG-1: twinseal show CHG-1"]);
}

#[test]
fn a_run_that_stays_says_each_warning_about_the_register_once() {
    let world = World::founded();
    let server = hooked(&world, AWAITING);
    let now = world.at_real_time();
    world.ok("alice", "person suspend bob");
    let stay = ["notify", "run", "--config", "notify.toml", "--stay", "--every", "1s"];
    let mut child = world.command(SENDER, &stay).stderr(Stdio::piped()).spawn().unwrap();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let change = CHANGE
        .replace("2026-12-01T10:00:00Z", &now.plus(7_200).to_string())
        .replace("2026-12-01T12:00:00Z", &now.plus(14_400).to_string());
    // Each change is noticed by a round of its own.
    for n in 1..=3 {
        world.write("soon.toml", change.replace("Raise the pool", &format!("Raise pool {n}")));
        world.ok("erin", "file soon.toml");
        let begun = Instant::now();
        while server.requests().len() < n {
            assert!(begun.elapsed() < Duration::from_secs(60));
            thread::sleep(Duration::from_millis(50));
        }
    }
    let mut said = String::new();
    // The server has a message before the run says that it was sent.
    while said.matches("1 message sent to ops").count() < 3 {
        assert!(err.read_line(&mut said).unwrap() > 0, "{said}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    err.read_to_string(&mut said).unwrap();
    assert_eq!(said.matches("only alice is a permanent admin").count(), 1, "{said}");
    assert_eq!(said.matches("1 message sent to ops").count(), 3, "{said}");
}
