//! What each role may do with the log, and what nobody may.

use ::postgres::Client;
use ::postgres::error::SqlState;

use super::cluster::{Cluster, one_at_a_time, value};
use super::scene::{ROLE, Scene};
use twinseal::store::postgres::schema;

const INSERT: &str = "INSERT INTO twinseal.entry VALUES ('r', 0, 'blob', 'text', 'data')";
const SELECT: &str = "SELECT FROM twinseal.entry";
const REDACT: &str = "SELECT twinseal.redact('r', '{0}')";

const MOVED: &str = "INSERT INTO twinseal.moved VALUES ('r', 'elsewhere')";

/// What fills the tables for SQL and BI tools.
const FILL: &[&str] = &[
    "INSERT INTO twinseal_tables.projected VALUES ('r', 0, 'x', now())",
    "UPDATE twinseal_tables.projected SET seq = 1",
    "INSERT INTO twinseal_tables.people VALUES ('r', 'erin', 0, 'active')",
    "UPDATE twinseal_tables.changes SET state = 'approved'",
    "DELETE FROM twinseal_tables.votes",
];

/// What nobody who connects may do.
const FORBIDDEN: &[&str] = &[
    "UPDATE twinseal.entry SET text = NULL",
    "UPDATE twinseal.entry SET blob = ''",
    "DELETE FROM twinseal.entry",
    "TRUNCATE twinseal.entry",
    "DROP TABLE twinseal.entry",
    "ALTER TABLE twinseal.entry DISABLE TRIGGER ALL",
    "ALTER TABLE twinseal.entry ADD COLUMN more text",
    "CREATE TABLE twinseal.more ()",
    "CREATE RULE more AS ON INSERT TO twinseal.entry DO INSTEAD NOTHING",
    "CREATE TRIGGER more BEFORE INSERT ON twinseal.entry FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY more ON twinseal.entry",
    "CREATE INDEX more ON twinseal.entry (blob)",
    "CREATE OR REPLACE FUNCTION twinseal.redact(register text, seqs bigint[]) RETURNS bigint LANGUAGE sql AS 'SELECT 0'",
    "DROP FUNCTION twinseal.redact",
    "TRUNCATE twinseal_tables.votes",
    "DROP TABLE twinseal_tables.votes",
    "ALTER TABLE twinseal_tables.votes ADD COLUMN more text",
    "CREATE TABLE twinseal_tables.more ()",
    "CREATE TRIGGER more BEFORE INSERT ON twinseal_tables.votes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "SET ROLE twinseal_owner",
    "GRANT twinseal_owner TO CURRENT_USER",
    "SET session_replication_role = replica",
];

#[track_caller]
fn allowed(client: &mut Client, words: &str) {
    client.batch_execute(&format!("BEGIN; {words}; ROLLBACK")).unwrap_or_else(|error| panic!("{words}: {error:?}"));
}

#[track_caller]
fn forbidden(client: &mut Client, words: &str) {
    let error = client.batch_execute(&format!("BEGIN; {words}; ROLLBACK")).expect_err(words);
    assert_eq!(error.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{words}: {error:?}");
    client.batch_execute("ROLLBACK").unwrap();
}

#[test]
fn each_role_may_do_what_it_is_for_and_nothing_more() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    cluster.client(&database, &cluster.account).batch_execute(INSERT).unwrap();
    let append = INSERT.replace("0,", "1,");
    for group in ["reader", "writer", "admin", "projector"] {
        let role = cluster.role(&database, group);
        let mut client = cluster.client(&database, &role);
        allowed(&mut client, SELECT);
        allowed(&mut client, "SELECT FROM twinseal_tables.votes, twinseal_tables.projected");
        let may = |it| if it { allowed } else { forbidden };
        may(["writer", "admin"].contains(&group))(&mut client, &append);
        may(group == "admin")(&mut client, REDACT);
        may(group == "admin")(&mut client, MOVED);
        FILL.iter().for_each(|words| may(group == "projector")(&mut client, words));
        FORBIDDEN.iter().for_each(|words| forbidden(&mut client, words));
    }
}

#[test]
fn nobody_without_a_group_sees_or_redacts_anything() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let role = format!("{database}_nobody");
    {
        let _one = one_at_a_time();
        cluster.client(&database, &cluster.account).batch_execute(&format!("CREATE ROLE {role} LOGIN")).unwrap();
    }
    let mut client = cluster.client(&database, &role);
    for words in
        [SELECT, INSERT, REDACT, MOVED, "SELECT FROM twinseal_tables.votes"].iter().chain(FILL).chain(FORBIDDEN)
    {
        forbidden(&mut client, words);
    }
    for group in ["twinseal_owner", "twinseal_writer", "twinseal_reader", "twinseal_admin", "twinseal_projector"] {
        forbidden(&mut client, &format!("SET ROLE {group}"));
    }
}

#[test]
fn redaction_only_removes_the_texts_that_are_named() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let mut owner = cluster.client(&database, &cluster.account);
    let rows = "INSERT INTO twinseal.entry SELECT r, n, 'blob', 'text', 'data' FROM (VALUES ('r'), ('s')) AS v (r),
        generate_series(0, 4) AS g (n)";
    owner.batch_execute(rows).unwrap();
    let role = cluster.role(&database, "admin");
    let mut admin = cluster.client(&database, &role);
    assert_eq!(value(&mut admin, "SELECT twinseal.redact('r', '{1,3,9}')"), "2");
    assert_eq!(value(&mut admin, "SELECT twinseal.redact('r', '{1,3}')"), "0");
    assert_eq!(value(&mut admin, "SELECT twinseal.redact('r', NULL)"), "0");
    let left = "SELECT string_agg(register || seq, ' ' ORDER BY register, seq) FROM twinseal.entry WHERE text IS NULL
        AND blob = 'blob' AND data = 'data'";
    assert_eq!(value(&mut admin, left), "r1 r3");
    assert_eq!(value(&mut admin, "SELECT count(*) FROM twinseal.entry WHERE blob = 'blob' AND data = 'data'"), "10");
    // Objects of the caller's own stand before nothing that the function uses.
    owner.batch_execute(&format!("GRANT CREATE ON DATABASE {database} TO {role}")).unwrap();
    let planted = "CREATE SCHEMA mine; CREATE TABLE mine.entry (register text, seq bigint, text bytea);
        CREATE FUNCTION mine.count() RETURNS bigint LANGUAGE sql AS 'SELECT 77::bigint'; SET search_path = mine;
        CREATE TEMP TABLE entry (register text, seq bigint, text bytea)";
    admin.batch_execute(planted).unwrap();
    assert_eq!(value(&mut admin, "SELECT twinseal.redact('s', '{0}')"), "1");
}

#[test]
fn an_entry_cannot_be_recorded_twice_or_before_the_first() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let role = cluster.role(&database, "writer");
    let mut writer = cluster.client(&database, &role);
    writer.batch_execute(INSERT).unwrap();
    let code = |writer: &mut Client, words: &str| writer.batch_execute(words).unwrap_err().code().cloned();
    assert_eq!(code(&mut writer, INSERT), Some(SqlState::UNIQUE_VIOLATION));
    assert_eq!(code(&mut writer, &INSERT.replace("0,", "-1,")), Some(SqlState::CHECK_VIOLATION));
    assert_eq!(code(&mut writer, &INSERT.replace("'blob'", "NULL")), Some(SqlState::NOT_NULL_VIOLATION));
    // A writer who takes the text away from an entry in passing.
    let taken = format!("{INSERT} ON CONFLICT (register, seq) DO UPDATE SET text = NULL");
    assert_eq!(code(&mut writer, &taken), Some(SqlState::INSUFFICIENT_PRIVILEGE));
}

#[test]
fn who_waits_is_told_the_register_and_nothing_else() {
    let Some(cluster) = Cluster::shared() else { return };
    let scene = Scene::founded(cluster, &cluster.socket(), "");
    let mut reader = cluster.client(&scene.database, &cluster.role(&scene.database, "reader"));
    reader.batch_execute("LISTEN twinseal").unwrap();
    scene.world.ok("erin", "note CHG-1 'The words of a note.'");
    let register = value(&mut reader, "SELECT DISTINCT register FROM twinseal.entry");
    let mut told = Vec::new();
    let mut waiting = reader.notifications();
    let mut next = waiting.timeout_iter(std::time::Duration::from_secs(1));
    while let Some(note) = ::postgres::fallible_iterator::FallibleIterator::next(&mut next).unwrap() {
        told.push((note.channel().to_owned(), note.payload().to_owned()));
    }
    assert_eq!(told, [("twinseal".to_owned(), register)]);
}

#[test]
fn the_statements_can_be_run_again_and_change_nothing() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    // The owner of a database, who is no superuser.
    let dba = format!("{database}_dba");
    let _one = one_at_a_time();
    let mut owner = cluster.client(&database, &cluster.account);
    let words = format!("CREATE ROLE {dba} LOGIN CREATEROLE; ALTER DATABASE {database} OWNER TO {dba}");
    owner.batch_execute(&words).unwrap();
    let file = cluster.folder().join(&dba);
    std::fs::write(&file, schema::statements().unwrap()).unwrap();
    let psql = |user: &str| {
        let mut psql = cluster.program("psql");
        psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", user, "-d", &database, "-f"]).arg(&file);
        let output = psql.output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let dump = || {
        let output = cluster.program("pg_dump").args(["-d", &database]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains("twinseal.redact") && text.contains("twinseal_tables.votes"),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        // Since 2025 each dump has a key of its own against what a hostile server puts into it.
        text.lines().filter(|it| !it.contains("restrict ")).collect::<Vec<_>>().join("\n")
    };
    psql(&dba);
    owner.batch_execute(INSERT).unwrap();
    let before = dump();
    // Somebody records and fills the tables meanwhile, and waits for a standby: they do not wait for each other.
    let mut recording = cluster.client(&database, &cluster.account);
    let tables =
        "SELECT string_agg(format('INSERT INTO twinseal_tables.%I SELECT * FROM twinseal_tables.%1$I', tablename), ';')
        FROM pg_tables WHERE schemaname = 'twinseal_tables'";
    let fill = value(&mut recording, tables);
    recording.batch_execute(&format!("BEGIN; {}; {fill}", INSERT.replace("0,", "1,"))).unwrap();
    for user in [&dba, &cluster.account] {
        psql(user);
        assert_eq!(dump(), before, "{user}");
        assert_eq!(schema::compare(&mut owner).unwrap(), []);
    }
    assert_eq!(value(&mut owner, "SELECT count(*) FROM pg_auth_members WHERE roleid = 'twinseal_owner'::regrole"), "0");
}

#[test]
fn doctor_says_what_the_role_may_do() {
    let Some(cluster) = Cluster::shared() else { return };
    let scene = Scene::founded(cluster, &cluster.socket(), "");
    let role = |group| (cluster.role(&scene.database, group), group);
    for ((role, group), words) in [
        (role("reader"), "may only read; to record it must be a member of twinseal_writer"),
        (role("writer"), "may record"),
        (role("admin"), "may record and redact"),
        ((cluster.account.clone(), "superuser"), "is a superuser and may change everything"),
    ] {
        let address = scene.address.replacen(ROLE, &role, 1);
        let said = scene.world.run("audrey", &format!("doctor --register {address}"));
        assert!(said.out.contains(&format!("{role} {words}\n")), "{group}: {}", said.screen);
    }
}
