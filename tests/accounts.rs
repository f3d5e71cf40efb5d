//! Several Unix accounts share one register: every member of the group can write it, and no account can read another
//! account's private files.
//!
//! The accounts are unused numeric ids, so none need to be created. Switching to them requires root.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::stock_tool;
use tempfile::TempDir;

const TEAM: u32 = 54_100;

/// A person with an account and a private group of the same number.
struct Person {
    name: &'static str,
    account: u32,
    /// Supplementary groups.
    groups: &'static str,
    /// A umask that removes too many or too few permissions from new files.
    umask: &'static str,
}

const ALICE: Person = Person { name: "alice", account: 54_001, groups: "54100", umask: "077" };
const BOB: Person = Person { name: "bob", account: 54_002, groups: "54100", umask: "022" };
const STRANGER: Person = Person { name: "stranger", account: 54_003, groups: "54003", umask: "022" };

/// A host with a team folder, and home folders that every account can list.
struct Host {
    folder: TempDir,
}

impl Host {
    /// `None` if the test is not root; on CI that is a failure.
    fn new() -> Option<Self> {
        let host = Self { folder: tempfile::tempdir().unwrap() };
        let path = host.path("team");
        fs::create_dir(&path).unwrap();
        if chown(&path, None, Some(TEAM)).is_err() || !stock_tool("setpriv") {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "CI must be root here, and must not skip");
            eprintln!("skipped: this test needs the right to become other accounts");
            return None;
        }
        fs::set_permissions(&path, Permissions::from_mode(0o2770)).unwrap();
        fs::set_permissions(host.path(""), Permissions::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_twinseal"), host.path("twinseal")).unwrap();
        for Person { name, account, .. } in [ALICE, BOB, STRANGER] {
            let home = host.path(name);
            fs::create_dir(&home).unwrap();
            chown(&home, Some(account), Some(account)).unwrap();
            fs::set_permissions(&home, Permissions::from_mode(0o755)).unwrap();
        }
        Some(host)
    }

    /// A host with a register that alice created and bob sealed, and the register's fingerprint.
    fn founded() -> Option<(Self, String)> {
        let host = Self::new()?;
        for person in [ALICE, BOB] {
            let name = person.name;
            host.ok(&person, "key new --no-passphrase key");
            host.ok(&person, &format!("person request {name} --register prod --out ../team/{name}.request"));
        }
        let members = "--member alice=../team/alice.request:admin --member bob=../team/bob.request:admin";
        let said = host.ok(&ALICE, &format!("init --name prod --register ../team/prod.db {members}"));
        let fingerprint = said.split("fingerprint ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        host.ok(&BOB, &format!("seal --fingerprint {fingerprint} --digest {fingerprint}"));
        Some((host, fingerprint))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A shell command run by a person in their home.
    fn command(&self, person: &Person, line: &str) -> Command {
        let account = person.account.to_string();
        let script = format!("umask {}; {line}", person.umask);
        let home = self.path(person.name);
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &account, "--regid", &account, "--groups", person.groups, "sh", "-c", &script]);
        command.current_dir(&home).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &home);
        command.env("LOGNAME", person.name).env("TWINSEAL_KEY", home.join("key"));
        command.env("TWINSEAL_REGISTER", self.path("team/prod.db"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, person: &Person, line: &str) -> Output {
        self.command(person, line).output().unwrap()
    }

    /// Runs a command that must succeed, and returns its output.
    #[track_caller]
    fn ok(&self, person: &Person, arguments: &str) -> String {
        let output = self.run(person, &format!("../twinseal {arguments}"));
        let [out, err] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it).into_owned());
        assert!(output.status.success(), "{}: {arguments}\n{err}", person.name);
        out
    }

    /// Opens a proposal and returns its digest.
    #[track_caller]
    fn proposed(&self, person: &Person, arguments: &str) -> String {
        self.ok(person, arguments).split_whitespace().nth(2).unwrap().to_owned()
    }

    /// The number of entries in the log.
    fn entries(&self) -> u64 {
        let sql = rusqlite::Connection::open(self.path("team/prod.db")).unwrap();
        sql.query_row("SELECT count(*) FROM entry", [], |row| row.get(0)).unwrap()
    }

    /// The files beside the register that its group cannot read and write, or that others can access.
    fn wrong_rights(&self) -> Vec<String> {
        let items = fs::read_dir(self.path("team")).unwrap().map(|it| it.unwrap());
        let ours = items.filter(|it| it.file_name().to_string_lossy().starts_with("prod.db"));
        let rights = ours.map(|it| (it.file_name(), it.metadata().unwrap()));
        rights
            .filter(|(_, it)| it.gid() != TEAM || it.mode() & 0o777 != 0o660)
            .map(|(name, it)| format!("{name:?}: group {}, mode {:o}", it.gid(), it.mode()))
            .collect()
    }
}

#[test]
fn two_accounts_of_one_group_write_one_register() {
    let Some((host, _)) = Host::founded() else { return };
    let digest = host.proposed(&ALICE, "person grant alice --group web --reason 'She knows it.'");
    host.ok(&BOB, &format!("proposal second 1 --digest {digest}"));
    let digest = host.proposed(&BOB, "person grant bob --group dba --reason 'He knows them.'");
    host.ok(&ALICE, &format!("proposal second 2 --digest {digest}"));
    for person in [ALICE, BOB] {
        assert_eq!(host.entries(), 6);
        host.ok(&person, "verify");
        host.ok(&person, "doctor");
    }
    assert_eq!(host.wrong_rights(), Vec::<String>::new());
}

#[test]
fn files_that_one_account_creates_beside_the_register_are_writable_by_the_other() {
    let Some((host, _)) = Host::founded() else { return };
    for (first, second) in [(ALICE, BOB), (BOB, ALICE)] {
        let queue = File::open(host.path("team/prod.db-queue")).unwrap();
        queue.lock().unwrap();
        // Both processes have the register open and wait. The first one created SQLite's files.
        let propose = |person: &Person, group: &str| {
            let line = format!("../twinseal person grant alice --group {group} --reason 'She knows them.'");
            host.command(person, &line).spawn().unwrap()
        };
        let mut processes = vec![propose(&first, "one")];
        let deadline = Instant::now() + Duration::from_secs(20);
        let sides = ["team/prod.db-wal", "team/prod.db-shm"].map(|side| host.path(side));
        // SQLite creates them with the umask and sets their permissions right afterwards.
        while !sides.iter().all(|side| side.exists()) || !host.wrong_rights().is_empty() {
            assert!(Instant::now() < deadline, "no register was opened, or {:?}", host.wrong_rights());
            thread::sleep(Duration::from_millis(5));
        }
        assert!(sides.iter().all(|side| fs::metadata(side).unwrap().uid() == first.account));
        processes.push(propose(&second, "two"));
        thread::sleep(Duration::from_millis(200));
        drop(queue);
        for process in processes {
            let output = process.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        host.ok(&second, "verify");
    }
    assert_eq!(host.entries(), 6);
    assert_eq!(host.wrong_rights(), Vec::<String>::new());
}

#[test]
fn no_account_reads_the_key_or_the_cache_of_another() {
    let Some((host, fingerprint)) = Host::founded() else { return };
    for (owner, other) in [(ALICE, BOB), (BOB, ALICE), (ALICE, STRANGER)] {
        let memory = format!(".local/state/twinseal/{fingerprint}");
        for file in ["key".to_owned(), format!("{memory}/pin"), format!("{memory}/verified.sqlite")] {
            let path = host.path(&format!("{}/{file}", owner.name));
            assert!(path.is_file(), "{file}");
            let path = path.display();
            for attempt in [format!("cat {path}"), format!("echo x >> {path}"), format!("rm -f {path}")] {
                let output = host.run(&other, &attempt);
                assert!(!output.status.success() && output.stdout.is_empty(), "{}: {attempt}", other.name);
            }
        }
        assert!(!host.run(&other, &format!("ls {}", host.path(owner.name).join(&memory).display())).status.success());
    }
}

#[test]
fn an_account_outside_the_group_reads_nothing() {
    let Some((host, fingerprint)) = Host::founded() else { return };
    // Another process has the register open, so that all its files exist.
    let open = rusqlite::Connection::open(host.path("team/prod.db")).unwrap();
    open.query_row("SELECT count(*) FROM entry", [], |row| row.get::<_, i64>(0)).unwrap();
    for file in ["", "prod.db", "prod.db-wal", "prod.db-shm", "prod.db-queue"] {
        let path = host.path("team").join(file);
        assert!(path.exists(), "{file}");
        let output = host.run(&STRANGER, &format!("ls {0} || cat {0}", path.display()));
        assert!(!output.status.success() && output.stdout.is_empty(), "{file}");
    }
    for command in ["list", "verify", "log --raw --seq 0", "backup mine.db"] {
        let output = host.run(&STRANGER, &format!("../twinseal {command} --fingerprint {fingerprint}"));
        assert_eq!(output.status.code(), Some(4), "{command}");
        assert!(output.stdout.is_empty(), "{command}");
    }
}

#[test]
fn a_queue_file_that_other_accounts_cannot_open_prevents_no_recording() {
    let Some((host, _)) = Host::founded() else { return };
    let queue = host.path("team/prod.db-queue");
    fs::set_permissions(&queue, Permissions::from_mode(0o600)).unwrap();
    assert_eq!(fs::metadata(&queue).unwrap().uid(), ALICE.account);
    let held = File::open(&queue).unwrap();
    held.lock().unwrap();
    host.ok(&BOB, "person grant alice --group dba --reason 'She knows them.'");
    assert_eq!(host.entries(), 3);
}
