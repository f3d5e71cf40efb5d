//! The files of `examples/postgres` that no other test uses.

use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::cluster::{Cluster, Plan, value};

const PREPARE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/postgres/prepare.sh");
const PRIMARY: &str = include_str!("../../examples/postgres/primary.conf");

const ENCODING: &str = "SELECT current_setting('server_encoding')";

/// The settings of the primary that do not concern files and the network, as `name=value`.
fn settings() -> Vec<String> {
    let lines = PRIMARY.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let here = lines.filter(|line| !["listen_addresses", "ssl"].iter().any(|name| line.starts_with(name)));
    here.map(|line| line.replacen(" = ", "=", 1).replace('\'', "")).collect()
}

/// Runs the script that prepares a database, as a superuser of a cluster.
fn prepare(cluster: &Cluster, words: &str) -> Output {
    let path = TempDir::new().unwrap();
    symlink(env!("CARGO_BIN_EXE_twinseal"), path.path().join("twinseal")).unwrap();
    let folders = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect::<Vec<_>>();
    let mut script = Command::new("sh");
    script.arg(PREPARE).args(words.split_whitespace());
    script.env("PGHOST", cluster.folder()).env("PGPORT", cluster.port.to_string()).env("PGUSER", &cluster.account);
    script.env("PATH", std::env::join_paths([&[path.path().to_owned()], &folders[..]].concat()).unwrap());
    script.output().unwrap()
}

#[test]
fn a_database_is_prepared_on_a_server_without_a_locale_by_the_settings_of_the_examples() {
    let Some(cluster) = Cluster::start(Plan { settings: settings(), no_locale: true, ..Plan::default() }) else {
        return;
    };
    let mut owner = cluster.client("postgres", &cluster.account);
    assert_eq!(value(&mut owner, ENCODING), "SQL_ASCII");
    assert_eq!(value(&mut owner, "SELECT reset_val FROM pg_settings WHERE name = 'tcp_user_timeout'"), "60000");
    let all = "changes admin:alice writer:erin reader:audrey projector:bi standby:replicator";
    for words in [all, all, "changes reader:erin"] {
        let prepared = prepare(&cluster, words);
        let (said, grants) = (String::from_utf8(prepared.stdout).unwrap(), words.split_once(' ').unwrap().1);
        assert_eq!((said.trim().replace('\n', " "), prepared.stderr.as_slice()), (grants.to_owned(), &b""[..]));
    }
    let mut database = cluster.client("changes", &cluster.account);
    assert_eq!(value(&mut database, ENCODING), "UTF8");
    let members = "SELECT string_agg(concat_ws(' ', member::regrole, roleid::regrole), ', ' ORDER BY 1) FROM (
        SELECT member, roleid FROM pg_auth_members WHERE roleid::regrole::text LIKE 'twinseal%'
            AND member::regrole::text NOT LIKE 'twinseal%' ORDER BY member::regrole::text) AS them";
    assert_eq!(
        value(&mut database, members),
        "alice twinseal_admin, audrey twinseal_reader, bi twinseal_projector, erin twinseal_reader"
    );
    assert_eq!(twinseal::store::postgres::schema::compare(&mut database).unwrap(), []);
    // Somebody made the database by hand.
    owner.batch_execute("CREATE DATABASE other").unwrap();
    let refused = String::from_utf8(prepare(&cluster, "other").stderr).unwrap();
    assert!(refused.contains("is SQL_ASCII, and UTF8 is needed"), "{refused}");
    assert!(refused.contains("HINT:  make another: CREATE DATABASE name ENCODING 'UTF8' LOCALE 'C'"), "{refused}");
}

#[test]
fn no_name_of_a_person_or_a_database_reaches_the_server_as_anything_else() {
    let Some(cluster) = Cluster::shared() else { return };
    for words in [
        "",
        "changes;drop",
        "postgres",
        "changes erin",
        "changes writer:",
        "changes writer:pg_monitor",
        "changes writer:twinseal_owner",
        "changes owner:erin",
        "changes writer:a'b",
    ] {
        let refused = prepare(cluster, words);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && said.contains("usage: sh prepare.sh"), "{words}: {said}");
    }
}
