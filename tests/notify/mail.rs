//! Mail through a real server, and HTTPS with a certificate of one's own authority.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{SENDER, file, run, secrets, sender, status};
use crate::support::{Killed, World, stock_tool};
use twinseal::error::Exit;

/// A process that is ended with the test, and the first line that it printed.
struct Running {
    _process: Killed,
    printed: String,
}

/// Runs a script of these tests, and waits for its first line.
fn script(world: &World, name: &str, arguments: &[&str]) -> Running {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notify").join(name);
    let mut command = Command::new("python3");
    command.arg(path).args(arguments).current_dir(world.path(""));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "{name} does not run");
    Running { _process: Killed(child), printed: line.trim().to_owned() }
}

fn openssl(world: &World, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(world.path("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// An authority `NAME.pem`, and a certificate of it for `localhost` in `NAME-server.pem` with its key.
fn authority(world: &World, name: &str) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650";
    openssl(world, &format!("req -x509 {key} -keyout {name}.key -out {name}.pem -subj /CN={name}"));
    world.write("names", "subjectAltName=DNS:localhost\n");
    openssl(world, &format!("req {key} -keyout {name}-server.key -out {name}.csr -subj /CN=localhost"));
    let sign = format!("x509 -req -in {name}.csr -CA {name}.pem -CAkey {name}.key -CAcreateserial -days 3650");
    openssl(world, &format!("{sign} -extfile names -out {name}-server.pem"));
}

fn tools() -> bool {
    ["openssl", "python3", "aiosmtpd"].iter().all(|tool| stock_tool(tool))
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A register with rules that mail to people through a server with these options.
fn mailing(port: u16, options: &str, rules: &str) -> World {
    let world = World::founded();
    authority(&world, "ca");
    secrets(&world, "password = \"the password\"\nwrong = \"another password\"\n");
    world.write(
        "notify.toml",
        format!(
            "secrets = \"secrets\"\nzone = \"Asia/Shanghai\"\n[people]\ncarol = \"Carol <carol@example.com>\"\n\
             dave = \"dave@example.com\"\nerin = \"erin@example.com\"\nbob = \"bob@nobody.example\"\n\
             alice = \"alice@later.example\"\n[targets.mail]\ntype = \"mail\"\nhost = \"localhost\"\nport = {port}\n\
             from = \"twinseal <twinseal@example.com>\"\nca_file = \"ca.pem\"\ntimeout_seconds = 5\n{options}\n\
             [[rules]]\nto = [\"mail\"]\n{rules}\n"
        ),
    );
    sender(&world);
    world.ok(SENDER, "notify run --config notify.toml");
    world
}

const LOGIN: &str = "user = \"twinseal\"\npassword_secret = \"password\"";
const AWAITING: &str = "events = [\"approval-needed\"]";

fn serve(world: &World, port: u16, mode: &str) -> Running {
    script(world, "smtpd.py", &[&port.to_string(), mode, "ca-server.pem", "ca-server.key", "mails"])
}

/// What the server wrote.
fn written(world: &World) -> Vec<Value> {
    let text = fs::read_to_string(world.path("mails")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn mails(world: &World) -> Vec<(String, String)> {
    let mails = written(world).into_iter().filter(|it| it.get("mail").is_some());
    mails.map(|it| (it["to"][0].as_str().unwrap().to_owned(), it["mail"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn each_approver_gets_a_mail_over_an_encrypted_connection() {
    if !tools() {
        return;
    }
    for (mode, options) in [("starttls", LOGIN.to_owned()), ("tls", format!("tls = \"tls\"\n{LOGIN}"))] {
        let port = free_port();
        let world = mailing(port, &options, AWAITING);
        let _server = serve(&world, port, mode);
        file(&world, "回滚 <b>the</b> pool");
        let output = run(&world);
        assert_eq!(output.exit, Exit::Done, "{mode}: {}", output.screen);
        let mails = mails(&world);
        let to: Vec<&str> = mails.iter().map(|(to, _)| to.as_str()).collect();
        assert_eq!(to, ["carol@example.com", "dave@example.com"], "{mode}");
        assert!(written(&world).iter().filter(|it| it.get("mail").is_some()).all(|it| it["tls"] == true));
        let (_, mail) = &mails[0];
        let (head, _) = mail.split_once("\r\n\r\n").unwrap_or_else(|| mail.split_once("\n\n").unwrap());
        for line in [
            "From: twinseal <twinseal@example.com>",
            "To: Carol <carol@example.com>",
            "Date: Tue, 01 Dec 2026 09:00:00 +0000",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(head.contains(line), "{line}\n{head}");
        }
        let id = head.lines().find_map(|line| line.strip_prefix("Twinseal-Id: ")).unwrap().trim().to_owned();
        assert!(head.contains(&format!("Message-ID: <{id}@example.com>")), "{head}");
        world.write("mail", mail);
        let decode = "import email, email.policy, sys\n\
            m = email.message_from_file(open('mail', encoding='utf-8', newline=''), policy=email.policy.default)\n\
            print(m['subject']); print(m.get_content(), end='')";
        let output = Command::new("python3").args(["-c", decode]).current_dir(world.path("")).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap().replace('\r', "");
        let expected = "[prod] CHG-1 awaiting approval: 回滚 <b>the</b> pool\n[prod] CHG-1 awaiting approval\n\
            回滚 <b>the</b> pool\nrisk: high\nwindow opens 2026-12-01 18:00 +08:00\ntwinseal approve CHG-1\n";
        assert_eq!(shown, expected, "{}", String::from_utf8_lossy(&output.stderr));
        assert!(run(&world).err.is_empty());
    }
}

#[test]
fn a_refused_recipient_stops_nobody_else() {
    if !tools() {
        return;
    }
    let port = free_port();
    let world = mailing(port, LOGIN, "events = [\"break-glass\"]");
    let _server = serve(&world, port, "starttls");
    world.ok("erin", "breakglass open --incident INC-2214 --reason 'Orders are rejected.'");
    let output = run(&world);
    assert!(output.err.contains("warning: mail refused BG-1: it answers SMTP 550"), "{}", output.screen);
    assert!(output.err.contains("warning: mail takes no messages now: it answers SMTP 450"), "{}", output.screen);
    let to: Vec<String> = mails(&world).into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, ["carol@example.com", "dave@example.com", "erin@example.com"]);
    let said = status(&world, "mail");
    assert_eq!((&said["waiting"], said["refused"].as_array().unwrap().len()), (&1.into(), 1));
}

#[test]
fn no_password_and_no_mail_goes_to_a_server_without_encryption() {
    if !tools() {
        return;
    }
    let port = free_port();
    let world = mailing(port, LOGIN, AWAITING);
    let _server = serve(&world, port, "plain");
    file(&world, "Raise the pool");
    let output = run(&world);
    assert!(output.err.contains("it offers no STARTTLS"), "{}", output.screen);
    assert!(written(&world).is_empty());
    assert_eq!(status(&world, "mail")["waiting"], 2);
}

#[test]
fn no_mail_goes_to_a_server_whose_certificate_another_authority_made() {
    if !tools() {
        return;
    }
    let port = free_port();
    let world = mailing(port, LOGIN, AWAITING);
    authority(&world, "other");
    let rules = fs::read_to_string(world.path("notify.toml")).unwrap();
    world.write("notify.toml", rules.replace("ca.pem", "other.pem"));
    let _server = serve(&world, port, "starttls");
    file(&world, "Raise the pool");
    let output = run(&world);
    assert!(output.err.contains("TLS failed"), "{}", output.screen);
    assert!(written(&world).is_empty());
    // The same server under another name.
    world.write("notify.toml", rules.replace("\"localhost\"", "\"127.0.0.1\""));
    world.at("2026-12-01T09:30:00Z");
    assert!(run(&world).err.contains("TLS failed"));
    assert!(written(&world).is_empty());
    world.write("notify.toml", rules);
    world.at("2026-12-01T09:50:00Z");
    assert_eq!(run(&world).exit, Exit::Done);
    assert_eq!(mails(&world).len(), 2);
}

#[test]
fn a_wrong_password_keeps_every_mail_in_the_queue() {
    if !tools() {
        return;
    }
    let port = free_port();
    let world = mailing(port, &LOGIN.replace("\"password\"", "\"wrong\""), AWAITING);
    let _server = serve(&world, port, "starttls");
    file(&world, "Raise the pool");
    let output = run(&world);
    assert!(output.err.contains("warning: mail takes no messages now: it answers SMTP 535"), "{}", output.screen);
    assert_eq!((&status(&world, "mail")["waiting"], mails(&world).len()), (&2.into(), 0));
}

#[test]
fn plain_mail_goes_to_a_server_on_this_host_only_if_the_rules_say_so() {
    if !tools() {
        return;
    }
    let port = free_port();
    let world = mailing(port, "tls = \"none\"\nto = [\"ops@example.com\"]", AWAITING);
    let _server = serve(&world, port, "plain");
    file(&world, "Raise the pool");
    let output = run(&world);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    let to: Vec<String> = mails(&world).into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, ["ops@example.com"], "one mail, to the fixed address");
    let rules = fs::read_to_string(world.path("notify.toml")).unwrap();
    world.write("notify.toml", rules.replace("\"localhost\"", "\"mail.example\""));
    assert!(run(&world).err.contains("allowed only for a server on this host"));
}

#[test]
fn a_mail_server_that_never_ends_its_answer_does_not_hold_up_the_run() {
    if !tools() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let world = mailing(listener.local_addr().unwrap().port(), "tls = \"none\"", AWAITING);
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        while stream.write_all(b"220-wait\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(stream.read(&mut [0]));
    });
    file(&world, "Raise the pool");
    let begun = Instant::now();
    let output = run(&world);
    assert!(output.err.contains("no answer within the time limit"), "{}", output.screen);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[test]
fn https_is_verified_with_the_authority_of_the_rules() {
    if !tools() {
        return;
    }
    let world = World::founded();
    authority(&world, "ca");
    authority(&world, "other");
    let server = script(&world, "httpsd.py", &["ca-server.pem", "ca-server.key", "bodies"]);
    secrets(&world, "key = \"k\"\n");
    let rules = |authority: &str, host: &str| {
        let port = &server.printed;
        format!(
            "secrets = \"secrets\"\n[targets.ops]\ntype = \"webhook\"\nurl = \"https://{host}:{port}/\"\n\
             key_secret = \"key\"\nca_file = \"{authority}.pem\"\n[[rules]]\nto = [\"ops\"]\n{AWAITING}\n"
        )
    };
    for (authority, host) in [("other", "localhost"), ("ca", "127.0.0.1")] {
        world.write("notify.toml", rules(authority, host));
        let output = world.run(SENDER, "notify test ops --config notify.toml");
        assert!(output.err.contains("TLS failed: invalid peer certificate"), "{}", output.screen);
    }
    assert!(!world.path("bodies").exists());
    world.write("notify.toml", rules("ca", "localhost"));
    assert_eq!(world.ok(SENDER, "notify test ops --config notify.toml"), "test message sent to ops\n");
    let body: Value = serde_json::from_str(&fs::read_to_string(world.path("bodies")).unwrap()).unwrap();
    assert_eq!((&body["event"], &body["what"]), (&Value::Null, &"test".into()));
}
