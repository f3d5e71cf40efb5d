//! A runner that reaches the account on the register's host by ssh, through a real sshd.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{approve, file, shown, sum, with_runner};
use crate::support::{Killed, World, stock_tool};

/// A running sshd. It ends with this value.
pub struct Sshd {
    _process: Killed,
    port: u16,
}

/// Where sshd is; CI must have it.
pub fn installed() -> Option<&'static str> {
    let program = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].into_iter().find(|it| fs::exists(it).unwrap_or(false));
    if program.is_none() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "sshd is missing, and CI must not skip");
        eprintln!("skipped: sshd is not installed");
    }
    program
}

/// Starts an sshd of this account on the loopback address, whose only key may run the forced command.
pub fn sshd(world: &World) -> Option<Sshd> {
    let program = installed()?;
    let _ = fs::create_dir_all("/run/sshd");
    for key in ["host", "runner"] {
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(world.path(key)).status();
        assert!(made.unwrap().success());
    }
    let forced = format!("{}/examples/ci/gate-command", env!("CARGO_MANIFEST_DIR"));
    let environment = format!("HOME='{}' PATH='{}':$PATH", shown(world, "people/deploy"), shown(world, "bin"));
    let key = fs::read_to_string(world.path("runner.pub")).unwrap();
    world.write("authorized_keys", format!("restrict,command=\"{environment} {forced}\" {key}"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n",
        shown(world, "host"),
        shown(world, "authorized_keys"),
    );
    world.write("sshd_config", settings);
    let mut process = Command::new(program);
    process.args(["-D", "-e", "-f"]).arg(world.path("sshd_config"));
    let process = process.stderr(fs::File::create(world.path("sshd.log")).unwrap()).spawn().unwrap();
    let sshd = Sshd { _process: Killed(process), port };
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", fs::read_to_string(world.path("sshd.log")));
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(sshd)
}

impl Sshd {
    /// A client that sends these words.
    pub fn client(&self, world: &World, words: &str) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args(["-T", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no"]);
        ssh.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-p", &self.port.to_string()]);
        ssh.arg("-i").arg(world.path("runner")).args(["127.0.0.1", words]).stdin(Stdio::null());
        ssh
    }

    fn ask(&self, world: &World, words: &str) -> Output {
        self.client(world, words).output().unwrap()
    }

    fn code(&self, world: &World, words: &str) -> i32 {
        let output = self.ask(world, words);
        output.status.code().unwrap_or_else(|| panic!("{words}: {output:?}"))
    }
}

#[test]
fn a_runner_waits_is_refused_retries_and_finishes_through_ssh() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = with_runner();
    let Some(sshd) = sshd(&world) else { return };
    file(&world, "CHG-1");
    let start = format!("gate CHG-1 --start --run-id run-1 --artifact order-gateway.tar.gz=sha256:{}", sum());
    let waited = sshd.ask(&world, &format!("{start} --wait 1s"));
    assert_eq!(waited.status.code(), Some(1), "{waited:?}");
    assert!(String::from_utf8_lossy(&waited.stderr).contains("waiting until "), "{waited:?}");
    assert_eq!(sshd.code(&world, "finish CHG-1 --outcome succeeded --run-id run-1"), 1);
    approve(&world, "CHG-1");
    assert_eq!(sshd.code(&world, &start), 0);
    let again = sshd.ask(&world, &start);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stderr).contains("already started by this run"), "{again:?}");
    assert_eq!(sshd.code(&world, &start.replace("run-1", "run-2")), 1);
    for _ in 0..2 {
        assert_eq!(sshd.code(&world, "finish CHG-1 --outcome succeeded --run-id run-1"), 0);
    }
    assert!(world.ok("erin", "show CHG-1").contains("succeeded"));
}

#[test]
fn a_runner_can_do_nothing_else_through_ssh() {
    if !stock_tool("ssh-keygen") {
        return;
    }
    let world = with_runner();
    let Some(sshd) = sshd(&world) else { return };
    file(&world, "CHG-1");
    let entries = world.entries();
    for words in [
        "",
        "sh",
        "list",
        "note CHG-1 Words.",
        "gate CHG-1; touch stolen",
        "gate CHG-1 $(touch stolen)",
        "gate CHG-1 --register other.db",
        "gate CHG-1 --key /etc/passwd",
        "gate CHG-1 --artifact order-gateway.tar.gz=/etc/passwd",
        "gate CHG-1 --artifact order-gateway.tar.gz=x=sha256:00",
        "gate CHG-1 --artifact sha256:x=/etc/passwd",
        "gate CHG-1 --artifact sha256:x=sha256:00",
        "gate CHG-1 --artifact --register",
        "gate CHG-1 --passphrase-file=/etc/passwd",
        "gate CHG-1 --service * ",
    ] {
        assert_eq!(sshd.code(&world, words), 2, "{words}");
    }
    assert_eq!(world.entries(), entries);
    assert!(!fs::exists("stolen").unwrap() && !world.path("people/deploy/stolen").exists());
}
