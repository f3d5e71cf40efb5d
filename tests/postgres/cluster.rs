//! Clusters of PostgreSQL in temporary folders.
//!
//! A shell beside each server waits on a pipe from this process. When the pipe closes, by drop or because this process
//! is gone for whatever reason, it ends the server and removes the folder. A line starts a server that has ended again.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ::postgres::{Client, NoTls};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use twinseal::store::postgres::address::Address;
use twinseal::store::postgres::connect::{Connected, Home, connect};
use twinseal::store::postgres::error::{ConnectError, Why};
use twinseal::store::postgres::schema;

/// Who runs the server if root runs the tests, which PostgreSQL refuses to be run by.
const NOBODY: u32 = 65534;

/// Ends the server and removes the folder when the pipe of its standard input closes.
const GUARDIAN: &str = r#"
folder=$1; shift
"$@" >> "$folder/log" 2>&1 &
server=$!
while read -r _; do
    wait "$server"
    "$@" >> "$folder/log" 2>&1 &
    server=$!
done
kill -QUIT "$server" 2> /dev/null
wait "$server"
# A server that was killed leaves a piece of shared memory, which its file names.
[ ! -f data/postmaster.pid ] || ipcrm -m "$(sed -n '7s/.* //p' data/postmaster.pid)"
cd / && rm -rf -- "$folder"
"#;

/// Runs what follows with a small disk in a folder, in a namespace of its own.
const SMALL_DISK: &str = r#"mount -t tmpfs -o size=24m,mode=700,uid=$1,gid=$1 tmpfs "$2" && shift 2 && exec "$@""#;

/// The password of every role that has one.
pub const PASSWORD: &str = "correct: horse\\battery";

/// The folder of PostgreSQL's programs. Without them a test prints that it is skipped, and returns; on CI (`CI=true`)
/// it fails.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut installed: Vec<PathBuf> = versions.map(|it| it.path()).collect();
    installed.sort_by_key(|it| it.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    let installed = installed.into_iter().map(|it| it.join("bin"));
    let mut folders = installed.rev().chain(std::env::split_paths(&path));
    let found = folders.find(|it| it.join("initdb").is_file() && it.join("postgres").is_file());
    assert!(found.is_some() || std::env::var("CI").as_deref() != Ok("true"), "initdb is missing, and CI must not skip");
    if found.is_none() {
        eprintln!("skipped: PostgreSQL is not installed");
    }
    found
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command of the account that runs the server.
fn as_server(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let ids = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
    command.args(ids).args(["--clear-groups", "--"]).arg(program);
    command
}

/// How to make a cluster.
#[derive(Default)]
pub struct Plan {
    /// Settings of the server, such as `max_connections=5`.
    pub settings: Vec<String>,
    /// Files of the server, by name: a certificate, a key.
    pub files: Vec<(&'static str, Vec<u8>)>,
    /// Lines of `pg_hba.conf` before ours.
    pub rules: Vec<String>,
    /// Whether it follows a primary that never says anything.
    pub standby: bool,
    /// Whether it has a small disk of its own for tablespaces, where the machine allows that.
    pub small_disk: bool,
    /// Whether it was made on a host without a locale.
    pub no_locale: bool,
}

/// A running cluster.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    /// The port of loopback, and of the name of the Unix socket.
    pub port: u16,
    /// The account that runs the tests, which is a superuser over the Unix socket.
    pub account: String,
    guardian: Child,
    small_disk: bool,
}

impl Cluster {
    /// The cluster of all tests that change nothing of it; `None` without PostgreSQL.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Plan::default())).as_ref()
    }

    /// Makes a cluster, without fsync unless the plan sets it; `None` without PostgreSQL.
    pub fn start(plan: Plan) -> Option<Self> {
        let programs = programs()?;
        Some((0..5).find_map(|_| Self::try_start(&programs, &plan)).expect("no server starts"))
    }

    /// `None` if the free port was taken in between.
    fn try_start(programs: &Path, plan: &Plan) -> Option<Self> {
        let folder = new_folder(plan);
        let account = Command::new("id").arg("-un").output().unwrap().stdout;
        let account = String::from_utf8(account).unwrap().trim().to_owned();
        let made = as_server(&programs.join("initdb"))
            .args(["-D", "data", "--no-sync", "-U", &account])
            .args(if plan.no_locale { &["--locale=C"][..] } else { &["-E", "UTF8", "--locale=C.UTF-8"] })
            .args(["--auth-local=trust", "--auth-host=scram-sha-256"])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // Over the socket the account of the tests is a superuser, and any other role is believed.
        let rules = format!(
            "{}\nlocal all {account} peer\nlocal all all trust\nhost all all samehost scram-sha-256\n",
            plan.rules.join("\n")
        );
        fs::write(folder.join("data/pg_hba.conf"), rules).unwrap();
        if plan.standby {
            fs::write(folder.join("data/standby.signal"), "").unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::run((&folder, port), programs, &account, plan)
    }

    /// Starts the server; `None` if the free port was taken.
    fn run((folder, port): (&Path, u16), programs: &Path, account: &str, plan: &Plan) -> Option<Self> {
        let small_disk = plan.small_disk && can_mount();
        let mut command = if small_disk { on_small_disk(folder) } else { as_server(Path::new("sh")) };
        command.args(["-c", GUARDIAN, "guardian"]).arg(folder).arg(programs.join("postgres"));
        command.args(["-D", "data", "-p", &port.to_string(), "-k"]).arg(folder);
        let ours =
            ["listen_addresses=127.0.0.1", "fsync=off", "shared_buffers=16MB", "dynamic_shared_memory_type=mmap"];
        for setting in ours.iter().copied().chain(plan.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        // A signal to the group of the tests must not end the guardian before its work.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // A standby looks in its home for a certificate of its own, and may not look in that of root.
        command.env("HOME", folder);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir(folder);
        let (folder, programs, account) = (folder.to_owned(), programs.to_owned(), account.to_owned());
        let cluster = Self { guardian: command.spawn().unwrap(), folder, programs, port, account, small_disk };
        cluster.answers().then_some(cluster)
    }

    /// Waits until it answers; `false` if its port was taken.
    fn answers(&self) -> bool {
        let begun = Instant::now();
        while self.try_client("postgres", &self.account).is_err() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if log.contains("Address already in use") {
                return false;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "no server: {log}");
            thread::sleep(Duration::from_millis(50));
        }
        true
    }

    /// A standby of this cluster at a port, by a base backup. The role `follower` may replicate over the Unix socket.
    pub fn standby(&self, port: u16, plan: &Plan) -> Self {
        self.standby_by(port, plan, |_| {
            let mut copy = as_server(&self.programs.join("pg_basebackup"));
            copy.args(["-D", "data", "-R", "--checkpoint=fast", "--no-sync", "-U", "follower", "-h"]).arg(&self.folder);
            copy.args(["-p", &self.port.to_string()]);
            copy
        })
    }

    /// A standby at a port, whose folder `data` a command makes in a folder of its own.
    pub fn standby_by(&self, port: u16, plan: &Plan, copy: impl FnOnce(&Path) -> Command) -> Self {
        let folder = new_folder(plan);
        let mut copy = copy(&folder);
        give(&folder);
        let made = copy.current_dir(&folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::run((&folder, port), &self.programs, &self.account, plan).expect("the port is taken")
    }

    /// A shell of the account that runs the server, with PostgreSQL's programs in its path.
    pub fn shell(&self) -> Command {
        let mut shell = as_server(Path::new("sh"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(std::env::split_paths(&path));
        shell.env("PATH", std::env::join_paths(folders).unwrap());
        shell
    }

    /// The folder of the small disk, if it has one.
    pub fn small_disk(&self) -> Option<PathBuf> {
        self.small_disk.then(|| self.folder.join(SMALL))
    }

    /// Ends all of it at once, by `kill -9`.
    pub fn kill(&self) {
        let server = self.server();
        // A stopped server starts no process between the list and the end.
        kill_process(server, Signal::STOP).unwrap();
        let all: Vec<Pid> = children(server);
        for process in all.iter().chain([&server]) {
            let _ = kill_process(*process, Signal::KILL);
        }
        await_end(&all);
    }

    /// As `pg_ctl stop -m immediate`.
    pub fn stop_at_once(&self) {
        kill_process(self.server(), Signal::QUIT).unwrap();
    }

    /// Starts the server that has ended, or is about to.
    pub fn start_again(&self) {
        let mut pipe = self.guardian.stdin.as_ref().unwrap();
        pipe.write_all(b"start\n").unwrap();
        // The old one may answer for a moment.
        thread::sleep(Duration::from_millis(100));
        assert!(self.answers());
    }

    fn server(&self) -> Pid {
        let file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        Pid::from_raw(file.lines().next().unwrap().parse().unwrap()).unwrap()
    }

    /// The folder of the Unix socket.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder as the host of a URL.
    pub fn socket(&self) -> String {
        format!("{}:{}", self.folder.display().to_string().replace('/', "%2F"), self.port)
    }

    /// A program of PostgreSQL, such as `psql`, that connects as the account of the tests.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env("PGHOST", &self.folder).env("PGPORT", self.port.to_string()).env("PGUSER", &self.account);
        command
    }

    fn try_client(&self, database: &str, user: &str) -> Result<Client, ::postgres::Error> {
        let mut config = ::postgres::Config::new();
        config.host_path(&self.folder).port(self.port).user(user).dbname(database).connect(NoTls)
    }

    /// A plain connection over the Unix socket, as any role.
    #[track_caller]
    pub fn client(&self, database: &str, user: &str) -> Client {
        self.try_client(database, user).unwrap()
    }

    /// Makes an empty database.
    pub fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("d{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let _one = one_at_a_time();
        self.client("postgres", &self.account).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        name
    }

    /// Makes a database that is ready for registers.
    pub fn ready(&self) -> String {
        let name = self.database();
        let _one = one_at_a_time();
        self.client(&name, &self.account).batch_execute(&schema::statements().unwrap()).unwrap();
        name
    }

    /// Makes a login role with the rights of a group, and returns its name.
    pub fn role(&self, database: &str, group: &str) -> String {
        let name = format!("{database}_{group}");
        let words = format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' IN ROLE twinseal_{group}");
        let _one = one_at_a_time();
        self.client("postgres", &self.account).batch_execute(&words).unwrap();
        name
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
        // The guardian cannot remove the folder where its disk was.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A folder of the account that runs the server, with the files of a plan.
fn new_folder(plan: &Plan) -> PathBuf {
    let folder = TempDir::with_prefix("pg").unwrap().keep();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    for (name, content) in &plan.files {
        let path = folder.join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        give(&path);
    }
    give(&folder);
    folder
}

/// The name of the folder of the small disk.
const SMALL: &str = "small";

/// Whether this machine lets the tests mount something, which only they see.
fn can_mount() -> bool {
    let tried = Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    let can = is_root() && tried.is_ok_and(|it| it.status.success());
    if !can {
        eprintln!("skipped: nothing can be mounted");
    }
    can
}

fn on_small_disk(folder: &Path) -> Command {
    let disk = folder.join(SMALL);
    fs::create_dir(&disk).unwrap();
    let id = NOBODY.to_string();
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", SMALL_DISK, "sh", &id]).arg(disk);
    command.args(["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups", "--", "sh"]);
    command
}

/// The processes that another one started.
fn children(of: Pid) -> Vec<Pid> {
    let parent = |stat: &str| stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<i32>().ok();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let numbers = processes.filter_map(|it| it.file_name().to_str()?.parse::<i32>().ok());
    let children = numbers.filter(|number| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        parent(&stat) == Some(of.as_raw_nonzero().get())
    });
    children.filter_map(Pid::from_raw).collect()
}

/// Waits until processes are gone, or wait for somebody to notice it.
fn await_end(processes: &[Pid]) {
    let runs = |process: &Pid| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
        stat.is_ok_and(|stat| !stat.rsplit_once(')').is_some_and(|it| it.1.trim_start().starts_with('Z')))
    };
    let begun = Instant::now();
    while processes.iter().any(runs) {
        assert!(begun.elapsed() < Duration::from_secs(10), "what was killed still runs");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Roles belong to the whole cluster, and PostgreSQL fails if two sessions make or change one at once.
pub fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ROLES: Mutex<()> = Mutex::new(());
    ROLES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives a file or folder to the account that runs the servers.
pub fn give(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

/// The home of somebody who connects.
pub struct Person {
    folder: TempDir,
    pub home: Home,
}

impl Person {
    pub fn new(user: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().to_owned();
        let home = Home { folder: path.clone(), current: path, user: Some(user.to_owned()), ..Home::default() };
        Self { folder, home }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) {
        fs::write(self.path(name), content).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Puts the password of all roles into `~/.pgpass`.
    pub fn knows_password(self) -> Self {
        let password = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
        self.write(".pgpass", format!("*:*:*:*:{password}\n"), 0o600);
        self
    }

    pub fn connect(&self, url: &str) -> Result<Connected, ConnectError> {
        connect(&url.parse::<Address>().unwrap(), &self.home)
    }

    /// Why there is no connection to the only server of a URL.
    #[track_caller]
    pub fn why(&self, url: &str) -> Why {
        match self.connect(url).expect_err(url) {
            ConnectError::Failed { why, .. } => why,
            other => panic!("{url}: {other}"),
        }
    }
}

/// A value of a session.
pub fn value(client: &mut Client, question: &str) -> String {
    let row = client.query_one(&format!("SELECT ({question})::text"), &[]).unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_default()
}
