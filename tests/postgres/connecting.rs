//! Connections over Unix sockets and loopback: who is let in, and with which settings.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::cluster::{Cluster, PASSWORD, Person, Plan, value};
use twinseal::private::PrivateError;
use twinseal::store::postgres::connect::{Home, connect};
use twinseal::store::postgres::error::{ConnectError, Why};

#[test]
fn an_account_connects_over_the_socket_without_a_password() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let person = Person::new(&cluster.account);
    let mut open = person.connect(&format!("postgres://{}/{database}", cluster.socket())).unwrap();
    assert!(!open.standby && !open.read_only);
    assert_eq!(open.peer, format!("{}/.s.PGSQL.{}", cluster.folder().display(), cluster.port));
    let client = &mut open.client;
    assert_eq!(value(client, "current_setting('application_name')"), "twinseal");
    assert_eq!(value(client, "current_setting('client_min_messages')"), "warning");
    assert_eq!(value(client, "current_setting('statement_timeout')"), "0");
    assert_eq!(value(client, "current_setting('lock_timeout')"), "0");
    assert_eq!(value(client, "current_user"), cluster.account);
}

#[test]
fn no_setting_of_a_role_weakens_a_connection() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let role = cluster.role(&database, "writer");
    let mut owner = cluster.client(&database, &cluster.account);
    // Functions that stand before PostgreSQL's own, if the search path of the role held.
    let planted = format!(
        "CREATE SCHEMA evil; GRANT USAGE ON SCHEMA evil TO {role};
        CREATE FUNCTION evil.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS 'SELECT ''x''';
        CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT ''150000''';
        ALTER ROLE {role} SET search_path = evil, pg_catalog; ALTER ROLE {role} SET row_security = on;
        ALTER ROLE {role} SET statement_timeout = '20s'"
    );
    owner.batch_execute(&planted).unwrap();
    let url = format!("postgres://{role}@{}/{database}", cluster.socket());
    let person = Person::new("somebody");
    for (set, expected) in
        [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")]
    {
        owner.batch_execute(&format!("ALTER ROLE {role} SET synchronous_commit = {set}")).unwrap();
        let mut open = person.connect(&url).unwrap();
        assert_eq!(value(&mut open.client, "current_setting('synchronous_commit')"), expected, "{set}");
        assert_eq!(value(&mut open.client, "current_setting('search_path')"), "pg_catalog");
        assert_eq!(value(&mut open.client, "current_setting('row_security')"), "off");
        assert_eq!(value(&mut open.client, "current_setting('statement_timeout')"), "0");
    }
    owner.batch_execute(&format!("ALTER ROLE {role} SET default_transaction_read_only = on")).unwrap();
    let open = person.connect(&url).unwrap();
    assert!(open.read_only && !open.standby);
}

#[test]
fn a_policy_hides_no_entry_unseen() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let role = cluster.role(&database, "reader");
    let mut owner = cluster.client(&database, &cluster.account);
    owner.batch_execute("ALTER TABLE twinseal.entry ENABLE ROW LEVEL SECURITY").unwrap();
    let mut open = Person::new(&role).connect(&format!("postgres://{}/{database}", cluster.socket())).unwrap();
    let error = open.client.query("SELECT FROM twinseal.entry", &[]).unwrap_err();
    assert!(error.as_db_error().unwrap().message().contains("row-level security"), "{error:?}");
}

#[test]
fn a_password_comes_from_pgpass_and_only_if_nobody_else_can_read_it() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let role = cluster.role(&database, "writer");
    let url = format!("postgres://{role}@127.0.0.1:{}/{database}", cluster.port);
    let line = format!("127.0.0.1:{}:{database}:{role}:PASSWORD", cluster.port);
    assert_eq!(Person::new("x").why(&url), Why::NoPassword { line });
    let person = Person::new("x").knows_password();
    let mut open = person.connect(&url).unwrap();
    assert_eq!(value(&mut open.client, "current_user"), role);
    assert_eq!(open.peer, format!("127.0.0.1:{}", cluster.port));

    person.write(".pgpass", format!("127.0.0.1:{}:{database}:{role}:wrong\n*:*:*:*:{PASSWORD}\n", cluster.port), 0o600);
    let why = person.why(&url);
    assert!(matches!(why, Why::Authentication(_)) && !why.to_string().contains("wrong"), "{why}");
    assert!(matches!(person.why(&url.replace(&role, "nobody_such")), Why::Authentication(_)));

    std::fs::set_permissions(person.path(".pgpass"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = person.connect(&url).unwrap_err();
    assert!(matches!(error, ConnectError::Private(PrivateError::Readable { .. })), "{error}");
    assert!(error.hint().unwrap().starts_with("chmod 600 "));

    let mut other = Person::new("x").knows_password();
    std::fs::rename(other.path(".pgpass"), other.path("elsewhere")).unwrap();
    other.home.pass_file = Some(other.path("elsewhere"));
    assert!(other.connect(&url).is_ok());
}

#[test]
fn why_a_server_refuses_is_told_apart() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let role = cluster.role(&database, "reader");
    let person = Person::new(&role);
    let url = format!("postgres://{}/{database}", cluster.socket());
    assert!(person.connect(&url).is_ok());
    assert!(matches!(person.why(&format!("{url}_none")), Why::NoDatabase(_)));
    let mut owner = cluster.client("postgres", &cluster.account);
    owner.batch_execute(&format!("ALTER DATABASE {database} CONNECTION LIMIT 0")).unwrap();
    assert!(matches!(person.why(&url), Why::Full(_)));
    owner.batch_execute(&format!("ALTER DATABASE {database} CONNECTION LIMIT -1 ALLOW_CONNECTIONS false")).unwrap();
    assert!(matches!(person.why(&url), Why::Server(_)));
    let mut nobody = person;
    nobody.home.user = None;
    assert!(matches!(nobody.connect(&url), Err(ConnectError::NoUser)));
}

#[test]
fn a_service_says_what_the_address_leaves_open_but_no_password() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let role = cluster.role(&database, "reader");
    let person = Person::new("x").knows_password();
    let service = format!("[log]\nhost=localhost\nport={}\ndbname={database}\nuser={role}\n", cluster.port);
    person.write(".pg_service.conf", &service, 0o644);
    let mut open = person.connect("postgres:///?service=log").unwrap();
    assert_eq!(value(&mut open.client, "current_user"), role);
    assert!(open.peer.starts_with(&format!("localhost:{} (", cluster.port)), "{}", open.peer);
    assert!(matches!(person.connect("postgres:///?service=other"), Err(ConnectError::NoService { .. })));

    person.write(".pg_service.conf", format!("{service}password=hunter\n"), 0o644);
    let error = person.connect("postgres:///?service=log").unwrap_err();
    assert!(matches!(error, ConnectError::Service { line: 6, .. }), "{error}");
    assert!(error.to_string().contains("password") && !error.to_string().contains("hunter"), "{error}");

    person.write(".pg_service.conf", &service, 0o666);
    let error = person.connect("postgres:///?service=log").unwrap_err();
    assert!(matches!(error, ConnectError::Private(PrivateError::Exposed { .. })), "{error}");

    let mut other = Person::new("x").knows_password();
    other.write("services", &service, 0o600);
    other.home.service_file = Some(other.path("services"));
    assert!(other.connect("postgres:///?service=log").is_ok());
}

#[test]
fn a_standby_is_refused_unless_a_replica_will_do() {
    let Some(standby) = Cluster::start(Plan { standby: true, ..Plan::default() }) else { return };
    let Some(primary) = Cluster::shared() else { return };
    let person = Person::new(&standby.account);
    let url = format!("postgres://{}/postgres", standby.socket());
    assert_eq!(person.why(&url), Why::Standby);
    let reader = Home { replica: true, ..person.home.clone() };
    let open = connect(&url.parse().unwrap(), &reader).unwrap();
    assert!(open.standby && open.read_only);

    let both = format!("postgres://{},{}/postgres", standby.socket(), primary.socket());
    let open = person.connect(&both).unwrap();
    assert!(!open.standby && open.peer.starts_with(primary.folder().to_str().unwrap()), "{}", open.peer);
    for hosts in [both, format!("postgres://{},{}/postgres", primary.socket(), standby.socket())] {
        assert!(connect(&hosts.parse().unwrap(), &reader).unwrap().standby, "{hosts}");
    }
    // A primary will do if no standby answers.
    let alone = format!("postgres://%2Fnowhere,{}/postgres", primary.socket());
    assert!(!connect(&alone.parse().unwrap(), &reader).unwrap().standby);
    let neither = format!("postgres://{},%2Fnowhere/postgres", standby.socket());
    let error = person.connect(&neither).unwrap_err();
    assert!(matches!(&error, ConnectError::All(all) if all.len() == 2), "{error}");
}

/// An address of this host on a network, if it is on one.
pub fn network_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only says from where it would.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|it| it.ip()).filter(|it| !it.is_loopback())
}

#[test]
fn no_server_across_a_network_gets_a_plain_connection() {
    let Some(address) = network_address() else { return };
    let Ok(listener) = TcpListener::bind((address, 0)) else { return };
    let port = listener.local_addr().unwrap().port();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 8];
        stream.read_exact(&mut asked).unwrap();
        stream.write_all(b"N").unwrap();
        let mut more = Vec::new();
        stream.read_to_end(&mut more).unwrap();
        (asked, more)
    });
    let person = Person::new("alice").knows_password();
    assert_eq!(person.why(&format!("postgres://{address}:{port}/db")), Why::NoTls);
    // An SSLRequest, and nothing after the refusal: no name of a user or database either.
    assert_eq!(asked.join().unwrap(), ([0, 0, 0, 8, 4, 210, 22, 47], Vec::new()));
}

/// The process of a cluster's server.
fn process(folder: &Path) -> PathBuf {
    let pid = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    Path::new("/proc").join(pid.lines().next().unwrap())
}

#[test]
fn a_cluster_leaves_neither_processes_nor_files_behind() {
    let Some(cluster) = Cluster::start(Plan::default()) else { return };
    let folder = cluster.folder().to_owned();
    let server = process(&folder);
    assert!(server.exists());
    drop(cluster);
    assert!(!server.exists() && !folder.exists());
}

#[test]
#[ignore = "only the test below runs it, and kills it"]
fn a_cluster_whose_test_is_killed() {
    let Some(cluster) = Cluster::start(Plan::default()) else { return };
    eprintln!("folder {}", cluster.folder().display());
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_killed_test_leaves_no_server_behind() {
    let Some(_) = Cluster::shared() else { return };
    let mut test = Command::new(std::env::current_exe().unwrap());
    test.args(["--exact", "postgres::connecting::a_cluster_whose_test_is_killed", "--ignored", "--nocapture"]);
    let mut test = test.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(test.stderr.take().unwrap()).lines().map(Result::unwrap);
    let folder = lines.find_map(|line| line.strip_prefix("folder ").map(PathBuf::from)).unwrap();
    let server = process(&folder);
    test.kill().unwrap();
    test.wait().unwrap();
    let begun = Instant::now();
    while server.exists() || folder.exists() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} is left", server.display());
        std::thread::sleep(Duration::from_millis(50));
    }
}
