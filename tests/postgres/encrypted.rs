//! Connections by TLS, to a server with a certificate of an authority that `openssl` makes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use super::cluster::{Cluster, Person, Plan, give, value};
use super::connecting::network_address;
use super::failover::{free_port, wait_until};
use crate::support::stock_tool;
use twinseal::store::postgres::error::{ConnectError, Why};

/// An authority, and what it has signed.
pub struct Authority(TempDir);

impl Authority {
    pub fn new() -> Self {
        let new = Self(TempDir::new().unwrap());
        new.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=Test \
             -days 30 -addext basicConstraints=critical,CA:TRUE",
        );
        new
    }

    fn openssl(&self, command: &str) {
        let output = Command::new("openssl").args(command.split(' ')).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "openssl {command}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    pub fn issue(&self, name: &str, subject: &str, extensions: &str) {
        fs::write(self.0.path().join("extensions"), extensions).unwrap();
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.csr -subj /CN={subject}"
        ));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -sha384 -extfile extensions \
             -out {name}.pem"
        ));
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// A cluster with the certificate `server`, which takes certificates of clients too.
    pub fn plan(&self) -> Plan {
        Plan {
            settings: ["ssl=on", "ssl_cert_file=../server.pem", "ssl_key_file=../server.key", "ssl_ca_file=../ca.pem"]
                .map(str::to_owned)
                .into(),
            files: ["server.pem", "server.key", "ca.pem"].map(|name| (name, self.read(name))).into(),
            ..Plan::default()
        }
    }
}

/// A cluster that lets nobody in over TCP without TLS, and its authority.
fn server() -> Option<&'static (Cluster, Authority)> {
    static SERVER: OnceLock<Option<(Cluster, Authority)>> = OnceLock::new();
    let start = || {
        if !stock_tool("openssl") {
            return None;
        }
        let authority = Authority::new();
        let address = network_address().map(|it| it.to_string());
        let named = address.iter().map(|it| format!(",IP:{it}")).collect::<String>();
        authority.issue("server", "server", &format!("subjectAltName=DNS:localhost,IP:127.0.0.1{named}"));
        let listen = address.iter().map(|it| format!(",{it}")).collect::<String>();
        let mut plan = authority.plan();
        plan.settings.push(format!("listen_addresses=127.0.0.1{listen}"));
        plan.rules = [
            "hostnossl all all all reject",
            "hostssl all certified all cert",
            "hostssl replication replicator all scram-sha-256",
        ]
        .map(str::to_owned)
        .into();
        Some((Cluster::start(plan)?, authority))
    };
    SERVER.get_or_init(start).as_ref()
}

/// Somebody with the password of a reader, and the URL of the reader's database on a host.
fn reader(cluster: &Cluster, authority: &Authority, host: &str) -> (Person, String) {
    let database = cluster.ready();
    let role = cluster.role(&database, "reader");
    let person = Person::new(&role).knows_password();
    person.write("ca.pem", authority.read("ca.pem"), 0o644);
    (person, format!("postgres://{host}:{}/{database}", cluster.port))
}

const ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

#[test]
fn a_server_whose_authority_is_named_is_reached_by_tls() {
    let Some((cluster, authority)) = server() else { return };
    let hosts = network_address().map(|it| it.to_string()).into_iter();
    for host in hosts.chain(["localhost".to_owned(), "127.0.0.1".to_owned()]) {
        let (person, url) = reader(cluster, authority, &host);
        let mut open = person.connect(&format!("{url}?sslrootcert=~/ca.pem")).unwrap();
        assert_eq!(value(&mut open.client, ENCRYPTED), "true", "{host}");
    }
}

#[test]
fn a_password_goes_to_no_server_that_nobody_trusted_vouches_for() {
    let Some((cluster, authority)) = server() else { return };
    let (person, url) = reader(cluster, authority, "127.0.0.1");
    person.write("ca.pem", Authority::new().read("ca.pem"), 0o644);
    assert!(matches!(person.why(&format!("{url}?sslrootcert=ca.pem")), Why::NotTrusted(_)));
    // Across a network TLS is spoken unasked, and the host's authorities know nothing of ours.
    if let Some(address) = network_address() {
        let why = person.why(&url.replace("127.0.0.1", &address.to_string()));
        assert!(matches!(why, Why::NotTrusted(_)), "{why}");
    }
    // On this host it is not, and this server then lets nobody in.
    assert!(matches!(person.why(&url), Why::Authentication(_)));
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    if !stock_tool("openssl") {
        return;
    }
    let other = Authority::new();
    other.issue("server", "server", "subjectAltName=DNS:db.example");
    let Some(cluster) = Cluster::start(other.plan()) else { return };
    let person = Person::new("alice").knows_password();
    person.write("ca.pem", other.read("ca.pem"), 0o644);
    for host in ["localhost", "127.0.0.1"] {
        let why = person.why(&format!("postgres://{host}:{}/postgres?sslrootcert=ca.pem", cluster.port));
        assert!(matches!(why, Why::WrongName(_)), "{host}: {why}");
    }
}

#[test]
fn a_certificate_that_signed_itself_is_refused_as_one_of_an_authority_and_otherwise_vouches_for_itself() {
    for of_authority in ["TRUE", "FALSE"] {
        if !stock_tool("openssl") {
            return;
        }
        let authority = Authority::new();
        authority.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.pem -days 30 \
             -subj /CN=server -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:{of_authority}"
        ));
        let Some(cluster) = Cluster::start(authority.plan()) else { return };
        let (person, url) = reader(&cluster, &authority, "localhost");
        person.write("ca.pem", authority.read("server.pem"), 0o644);
        let url = format!("{url}?sslrootcert=ca.pem");
        match of_authority {
            "TRUE" => assert_eq!(person.why(&url), Why::OfAuthority),
            _ => assert!(person.connect(&url).is_ok()),
        }
    }
}

#[test]
fn a_client_certificate_takes_the_place_of_a_password() {
    let Some((cluster, authority)) = server() else { return };
    let database = cluster.ready();
    cluster.client(&database, &cluster.account).batch_execute("CREATE ROLE certified LOGIN").unwrap();
    authority.issue("certified", "certified", "extendedKeyUsage=clientAuth");
    authority.issue("other", "other", "extendedKeyUsage=clientAuth");
    let person = Person::new("certified");
    let url = format!("postgres://localhost:{}/{database}?sslrootcert=ca.pem", cluster.port);
    for name in ["ca.pem", "certified.pem", "other.pem"] {
        person.write(name, authority.read(name), 0o644);
    }
    for name in ["certified.key", "other.key"] {
        person.write(name, authority.read(name), 0o600);
    }
    let mut open = person.connect(&format!("{url}&sslcert=certified.pem&sslkey=certified.key")).unwrap();
    assert_eq!(value(&mut open.client, "current_user"), "certified");
    assert!(matches!(person.why(&url), Why::Authentication(_)));
    let other = person.why(&format!("{url}&sslcert=other.pem&sslkey=other.key"));
    assert!(matches!(other, Why::Authentication(_)), "{other}");

    let refused = |words: &str| match person.connect(&format!("{url}{words}")).unwrap_err() {
        ConnectError::Certificates(why) => why,
        other => panic!("{other}"),
    };
    assert!(refused("&sslcert=certified.pem&sslkey=other.key").contains("belongs to another"));
    assert!(refused("&sslcert=certified.key&sslkey=certified.key").contains("no certificate"));
    assert!(refused("&sslcert=certified.pem&sslkey=certified.pem").contains("read by others"));
    fs::set_permissions(person.path("certified.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused("&sslcert=certified.pem&sslkey=certified.key").contains("read by others"));
}

const STANDBY: &str = include_str!("../../examples/postgres/standby.sh");

/// Runs the script of the examples in a folder that has the authority, and the password of the role `replicator`.
fn standby_script(cluster: &Cluster, authority: &Authority, folder: &Path, arguments: &[&str]) -> Command {
    for (name, content) in [
        ("standby.sh", STANDBY.as_bytes()),
        ("ca.pem", &authority.read("ca.pem")),
        (".pgpass", b"*:*:*:replicator:follows\n"),
    ] {
        fs::write(folder.join(name), content).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
        give(&folder.join(name));
    }
    let mut script = cluster.shell();
    script.arg("standby.sh").args(arguments).env("HOME", folder).current_dir(folder);
    script
}

#[test]
fn the_script_of_the_examples_makes_a_standby_that_follows_by_whatever_paths_it_is_given() {
    let Some((cluster, authority)) = server() else { return };
    let mut owner = cluster.client("postgres", &cluster.account);
    owner.batch_execute("CREATE ROLE replicator LOGIN REPLICATION PASSWORD 'follows'").unwrap();
    let primary = format!("localhost:{}", cluster.port);
    for (name, absolute) in [("standby1", false), ("standby2", true)] {
        let standby = cluster.standby_by(free_port(), &Plan::default(), |folder| {
            let path = |name: &str| if absolute { folder.join(name) } else { name.into() };
            let [data, ca] = ["data", "ca.pem"].map(|it| path(it).display().to_string());
            standby_script(cluster, authority, folder, &[&primary, name, &data, &ca])
        });
        let following = format!(
            "SELECT count(*) FROM pg_stat_replication JOIN pg_stat_ssl USING (pid) JOIN pg_replication_slots ON pid = active_pid
                WHERE application_name = slot_name AND slot_name = '{name}' AND state = 'streaming' AND ssl"
        );
        wait_until("the standby does not follow", || value(&mut owner, &following) == "1");
        drop(standby);
    }
    let folder = TempDir::new().unwrap();
    give(folder.path());
    let refused = |arguments: &[&str]| {
        let output = standby_script(cluster, authority, folder.path(), arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (arguments, code, said) in [
        (&[&primary, "standby3", "."][..], 2, "usage: "),
        (&[&primary, "Standby-3", "data", "ca.pem"], 2, "a name of a standby has lower-case letters"),
        (&[&primary, "standby3", ".", "ca.pem"], 1, "is not empty"),
        // Nothing is copied from a server that nobody vouches for.
        (&[&primary, "standby3", "data", "standby.sh"], 1, "root certificate"),
    ] {
        let (exit, err) = refused(arguments);
        assert!(exit == Some(code) && err.contains(said), "{exit:?} {err}");
    }
}
