//! The tables for SQL and BI tools in the hands of somebody who may write them, or who owns the database.

use std::time::{Duration, Instant};

use ::postgres::error::SqlState;
use twinseal::error::Exit;

use super::cluster::{one_at_a_time, value};
use super::projecting::Scene;

/// What is said of anything in the schema that our statements do not make.
const FOREIGN: &str = "is not as `twinseal register grant-sql` makes it";

/// What somebody does to the tables, and a part of what is found.
const PLANTED: &[(&str, &str)] = &[
    (
        "UPDATE changes SET state = 'closed'",
        "the row 1 of the table changes differs from the log: its values were changed",
    ),
    ("UPDATE revisions SET title = NULL", "its values were changed"),
    ("UPDATE log_entries SET effective = '2026-11-01T08:00:00Z' WHERE seq = 1", "the row 1 of the table log_entries"),
    (
        "INSERT INTO votes SELECT register, 2, 1, 1, 'approve', 'erin', 'now' FROM projected",
        "the row 2 of the table votes differs from the log: no entry makes it",
    ),
    (
        "INSERT INTO names SELECT register, 'erin', 2, 'Root' FROM projected",
        "the row erin, 2 of the table names differs from the log: no entry makes it",
    ),
    ("DELETE FROM people WHERE id = 'dave'", "the row dave of the table people is missing"),
    ("UPDATE people SET id = 'eve' WHERE id = 'dave'", "the row eve of the table people differs"),
    ("UPDATE projected SET seq = 900", "which the log does not have"),
    ("UPDATE projected SET leaf = repeat('7', 64)", "which the log does not have"),
    ("UPDATE projected SET leaf = 'x'", "does not name one entry"),
    ("UPDATE projected SET seq = -1", "does not name one entry"),
    (
        "UPDATE projected SET seq = 1, leaf = (SELECT leaf FROM log_entries WHERE seq = 1)",
        "the row 2 of the table log_entries differs from the log: no entry makes it",
    ),
    ("DELETE FROM projected", "the table log_entries has rows, although the tables were never filled"),
    ("DROP TABLE projected", FOREIGN),
    ("ALTER TABLE votes DROP COLUMN person", FOREIGN),
    ("ALTER TABLE changes ALTER COLUMN revision TYPE text", FOREIGN),
    ("ALTER TABLE changes ADD COLUMN approved_by text DEFAULT 'carol'", FOREIGN),
    ("DROP TABLE people", FOREIGN),
    ("CREATE VIEW approved AS SELECT 1 AS change", FOREIGN),
    ("CREATE RULE r AS ON INSERT TO votes DO INSTEAD NOTHING", FOREIGN),
    ("REVOKE SELECT ON people FROM twinseal_writer", "the tables cannot be read: permission denied"),
    ("ALTER TABLE people ENABLE ROW LEVEL SECURITY", FOREIGN),
    (
        "ALTER TABLE people DROP CONSTRAINT people_pkey; INSERT INTO people SELECT * FROM people WHERE id = 'dave'",
        "the row dave of the table people differs from the log: no entry makes it",
    ),
    (
        "ALTER TABLE people RENAME TO kept; CREATE VIEW people AS SELECT * FROM kept WHERE id <> 'dave';
            GRANT SELECT ON people TO twinseal_writer",
        FOREIGN,
    ),
];

#[test]
fn verify_finds_whatever_is_changed_in_the_tables_at_the_newest_entry_and_before_it() {
    let Some(scene) = Scene::filed() else { return };
    let (world, again) = (&scene.world, twinseal::store::postgres::schema::statements().unwrap());
    for (words, expected) in PLANTED {
        {
            let _one = one_at_a_time();
            scene.owner(&format!("RESET search_path; DROP SCHEMA twinseal_tables CASCADE; {again}"));
        }
        scene.project();
        scene.is_right(world.entries() - 1);
        // Once where the tables are, and once an entry later.
        for newer in [false, true] {
            if newer {
                world.ok("erin", "note CHG-1 Words.");
            } else {
                scene.owner(&format!("BEGIN; SET LOCAL search_path = twinseal_tables; {words}; COMMIT"));
            }
            let found = world.findings("audrey");
            assert!(found.iter().any(|it| it.contains(expected)), "{words}, newer: {newer}\n{found:#?}");
            assert!(found.iter().all(|it| it.contains("[tables]")), "{words}, newer: {newer}\n{found:#?}");
        }
    }
}

#[test]
fn no_lock_on_the_tables_stops_a_verification_or_passes_for_a_change() {
    let Some(scene) = Scene::filed() else { return };
    scene.project();
    let mut locker = scene.world.server().unwrap().another_owner();
    let mut locked = locker.transaction().unwrap();
    locked.batch_execute("LOCK TABLE twinseal_tables.projected IN ACCESS EXCLUSIVE MODE").unwrap();
    let begun = Instant::now();
    let verified = scene.world.run("audrey", "verify");
    assert_eq!(verified.exit, Exit::Done, "{}", verified.screen);
    assert!(verified.screen.contains("somebody has locked the tables"), "{}", verified.screen);
    scene.world.run("audrey", "doctor");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn nobody_is_made_to_run_what_somebody_else_put_in_the_place_of_the_tables() {
    let Some(scene) = Scene::filed() else { return };
    scene.project();
    scene.owner(
        "CREATE TABLE public.ran (who text); GRANT INSERT ON public.ran TO PUBLIC;
         CREATE FUNCTION public.run() RETURNS text LANGUAGE sql AS
            $$ INSERT INTO public.ran VALUES (current_user) RETURNING repeat('0', 64) $$;
         DROP TABLE twinseal_tables.projected;
         CREATE VIEW twinseal_tables.projected AS SELECT min(register) AS register, 1::bigint AS seq, public.run() AS leaf,
            now() AS time FROM twinseal.entry;
         GRANT SELECT ON twinseal_tables.projected TO PUBLIC",
    );
    for command in ["doctor", "verify", "rebuild"] {
        let said = scene.world.run("alice", command);
        assert!(said.screen.contains("is not as `twinseal register grant-sql` makes it"), "{command}: {}", said.screen);
    }
    let projected = scene.world.run("audrey", &format!("register project --register {}", scene.address));
    assert_ne!(projected.exit, Exit::Done, "{}", projected.screen);
    assert_eq!(value(&mut scene.world.server().unwrap().owner(), "SELECT count(*) FROM public.ran"), "0");
    // Nor does a schema become ours that somebody else made.
    scene.owner("DROP SCHEMA twinseal_tables CASCADE; CREATE SCHEMA twinseal_tables");
    let statements = twinseal::store::postgres::schema::statements().unwrap();
    let refused = scene.world.server().unwrap().owner().batch_execute(&statements).unwrap_err();
    assert!(refused.as_db_error().unwrap().message().contains("belongs to another role"), "{refused:?}");
}

#[test]
fn no_invented_name_hides_behind_a_redacted_text() {
    let Some(scene) = Scene::filed() else { return };
    scene.project();
    scene.world.ok("alice", "proposal redact 2 --reason Personal.");
    let digest = scene.world.newest_proposal().opened;
    scene.world.ok("bob", &format!("proposal second 1 --digest {digest}"));
    let register = scene.world.state().id().unwrap().to_string();
    scene.owner(&format!("INSERT INTO twinseal_tables.names VALUES ('{register}', 'erin', 2, 'I approve everything')"));
    let findings = scene.world.findings("audrey");
    assert!(findings.iter().any(|it| it.contains("[tables]") && it.contains("names")), "{findings:#?}");
}

/// The columns of the tables: table, column, and whether it holds text.
const COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type = 'text' FROM information_schema.columns
    WHERE table_schema = 'twinseal_tables' ORDER BY 1, 2";

#[test]
fn no_projector_plants_a_value_that_is_longer_than_any_legal_one() {
    let Some(scene) = Scene::filed() else { return };
    let server = scene.world.server().unwrap();
    let columns: Vec<(String, String, bool)> =
        server.owner().query(COLUMNS, &[]).unwrap().iter().map(|it| (it.get(0), it.get(1), it.get(2))).collect();
    let role = scene.address.split(['/', '@']).nth(2).unwrap();
    let mut projector = server.another_owner();
    projector.batch_execute(&format!("SET ROLE {role}")).unwrap();
    let mut insert = |table: &str, long: Option<&str>, bytes: usize| {
        let value = |(_, column, is_text): &(String, String, bool)| match () {
            () if long == Some(column) => format!("repeat('台', {}) || repeat('x', {})", bytes / 3, bytes % 3),
            () if *is_text => "'x'".to_owned(),
            () if column == "time" => "now()".to_owned(),
            () => "1".to_owned(),
        };
        let of_table = columns.iter().filter(|(of, ..)| of == table);
        let (names, values): (Vec<_>, Vec<_>) = of_table.map(|it| (format!("\"{}\"", it.1), value(it))).unzip();
        let (names, values) = (names.join(", "), values.join(", "));
        let sql = format!("BEGIN; INSERT INTO twinseal_tables.\"{table}\" ({names}) VALUES ({values})");
        let inserted = projector.batch_execute(&sql).map_err(|error| error.code().unwrap().clone());
        projector.batch_execute("ROLLBACK").unwrap();
        inserted
    };
    let mut tried = 0;
    // Rows are read only under the id of a register.
    for (table, column, _) in columns.iter().filter(|(_, column, is_text)| *is_text && column != "register") {
        assert_eq!(insert(table, None, 0), Ok(()), "{table}");
        let most = if table == "projected" { 64 } else { 65_536 };
        let refused = insert(table, Some(column), most + 1);
        assert_eq!(refused, Err(SqlState::CHECK_VIOLATION), "{table}.{column}");
        tried += 1;
    }
    assert!(tried > 80, "{tried}");
}

#[test]
fn the_longest_legal_words_in_four_bytes_a_character_are_projected() {
    let Some(scene) = Scene::filed() else { return };
    let world = &scene.world;
    let long = |characters: usize| "𠮷".repeat(characters);
    let request = format!("person request alma --register {} --name {} --out alma.request", world.named(), long(200));
    world.person("alma");
    world.ok("alma", &request);
    world.ok("alice", "person enrol alma=alma.request:engineer");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
    world.write("long.toml", crate::support::CHANGE.replace("Raise the pool", &long(200)));
    world.ok("erin", "file long.toml");
    scene.project();
    scene.is_right(world.entries() - 1);
    let longest = |column: &str, table: &str| {
        let sql = format!("SELECT max(octet_length({column})) FROM twinseal_tables.{table}");
        value(&mut world.server().unwrap().owner(), &sql)
    };
    assert_eq!(longest("title", "revisions"), "800");
    assert_eq!(longest("name", "names"), "800");
}
