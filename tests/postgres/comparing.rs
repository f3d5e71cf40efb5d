//! Whatever differs from the statements is found when the register is opened.

use super::cluster::Cluster;
use twinseal::store::postgres::schema;

/// A change of the schema, and a part of what is found.
const PLANTED: &[(&str, &str)] = &[
    ("ALTER TABLE twinseal.entry ALTER COLUMN text TYPE text USING 'x'", "column text was changed: \"text, collation default\""),
    ("ALTER TABLE twinseal.entry ALTER COLUMN blob DROP NOT NULL", "column blob was changed"),
    ("ALTER TABLE twinseal.entry ALTER COLUMN data SET DEFAULT 'x'", "column data was changed: \"bytea, default"),
    ("ALTER TABLE twinseal.entry ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY", "column seq was changed"),
    ("ALTER TABLE twinseal.entry RENAME COLUMN data TO more", "column data is missing"),
    ("ALTER TABLE twinseal.entry ADD COLUMN more text", "\"column more\" does not belong"),
    ("ALTER TABLE twinseal.entry ADD COLUMN more text GENERATED ALWAYS AS ('x') STORED", "\"column more\""),
    ("ALTER TABLE twinseal.entry DROP CONSTRAINT entry_pkey", "constraint entry_pkey is missing"),
    ("ALTER TABLE twinseal.entry DROP CONSTRAINT entry_pkey, ADD PRIMARY KEY (seq)", "constraint entry_pkey was changed"),
    ("ALTER TABLE twinseal.entry DROP CONSTRAINT entry_pkey, ADD PRIMARY KEY (register, seq) DEFERRABLE", "was changed"),
    ("ALTER TABLE twinseal.entry DROP CONSTRAINT entry_seq_check", "constraint entry_seq_check is missing"),
    ("ALTER TABLE twinseal.entry ADD CHECK (seq < 5)", "\"constraint entry_seq_check1\" does not belong"),
    ("CREATE TABLE other (r text, s bigint, FOREIGN KEY (r, s) REFERENCES twinseal.entry)", "\"constraint other_r_s_fkey\""),
    ("CREATE INDEX more ON twinseal.entry ((length(blob)))", "\"index more\" does not belong"),
    (
        "CREATE TRIGGER more BEFORE INSERT ON twinseal.entry FOR EACH ROW
            EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "\"trigger more\" does not belong",
    ),
    ("CREATE RULE more AS ON INSERT TO twinseal.entry DO INSTEAD NOTHING", "\"rule more\" does not belong"),
    ("CREATE RULE more AS ON UPDATE TO twinseal.entry DO INSTEAD NOTHING", "\"rule more\" does not belong"),
    ("ALTER TABLE twinseal.entry ENABLE ROW LEVEL SECURITY", "table entry was changed"),
    ("ALTER TABLE twinseal.entry FORCE ROW LEVEL SECURITY", "table entry was changed"),
    ("CREATE POLICY more ON twinseal.entry USING (seq < 5)", "\"policy more\" does not belong"),
    ("CREATE TABLE more () INHERITS (twinseal.entry)", "\"inheritance of more from twinseal.entry\""),
    (
        "CREATE TABLE more (LIKE twinseal.entry); ALTER TABLE twinseal.entry INHERIT more",
        "\"inheritance of twinseal.entry from more\"",
    ),
    (
        "CREATE TABLE more (); ALTER TABLE twinseal.moved INHERIT more",
        "\"inheritance of twinseal.moved from more\"",
    ),
    (
        "CREATE INDEX more ON twinseal.entry (seq); UPDATE pg_index SET indisvalid = false
            WHERE indexrelid = 'twinseal.more'::regclass",
        "\"index more\" does not belong",
    ),
    ("ALTER TABLE twinseal.entry SET UNLOGGED", "table entry was changed"),
    (
        "ALTER TABLE twinseal.entry RENAME TO kept; CREATE VIEW twinseal.entry AS SELECT * FROM twinseal.kept",
        "\"view entry\" does not belong",
    ),
    (
        "DROP TABLE twinseal.entry; CREATE TABLE twinseal.entry (register text COLLATE \"C\", seq bigint, blob bytea NOT NULL,
            text bytea, data bytea, CHECK (seq >= 0), PRIMARY KEY (register, seq)) PARTITION BY RANGE (seq)",
        "\"partitioned table entry\" does not belong",
    ),
    ("DROP TABLE twinseal.entry", "table entry is missing"),
    ("DROP SCHEMA twinseal CASCADE", "schema twinseal is missing"),
    ("ALTER TABLE twinseal.entry OWNER TO CURRENT_USER", "table entry was changed"),
    ("ALTER SCHEMA twinseal OWNER TO CURRENT_USER", "schema twinseal was changed"),
    ("ALTER FUNCTION twinseal.redact OWNER TO CURRENT_USER", "was changed"),
    ("ALTER FUNCTION twinseal.redact SECURITY INVOKER", "function redact(register text, seqs bigint[]) was changed"),
    ("ALTER FUNCTION twinseal.redact RESET search_path", "function redact(register text, seqs bigint[]) was changed"),
    ("ALTER FUNCTION twinseal.redact SET search_path = public", "was changed"),
    (
        "CREATE OR REPLACE FUNCTION twinseal.redact(register text, seqs bigint[]) RETURNS bigint LANGUAGE sql
            SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 0::bigint'",
        "function redact(register text, seqs bigint[]) was changed",
    ),
    ("DROP FUNCTION twinseal.redact", "is missing"),
    (
        "CREATE FUNCTION twinseal.redact(text) RETURNS int LANGUAGE sql AS 'SELECT 0'",
        "\"function redact(text)\" does not belong",
    ),
    ("GRANT USAGE ON SCHEMA twinseal TO PUBLIC", "\"right of PUBLIC to USAGE on schema twinseal\""),
    ("GRANT UPDATE ON twinseal.entry TO twinseal_writer", "\"right of twinseal_writer to UPDATE on table entry\""),
    ("GRANT TRIGGER ON twinseal.entry TO twinseal_reader", "\"right of twinseal_reader to TRIGGER on table entry\""),
    ("GRANT UPDATE (text) ON twinseal.entry TO twinseal_writer", "\"right of twinseal_writer to UPDATE on column text\""),
    ("GRANT UPDATE (text) ON twinseal.entry TO PUBLIC", "\"right of PUBLIC to UPDATE on column text\""),
    ("GRANT INSERT (place) ON twinseal.moved TO PUBLIC", "\"right of PUBLIC to INSERT on column place\""),
    ("GRANT SELECT ON twinseal.entry TO twinseal_reader WITH GRANT OPTION", "was changed: \"with grant option\""),
    ("GRANT EXECUTE ON FUNCTION twinseal.redact TO twinseal_writer", "\"right of twinseal_writer to EXECUTE on function"),
    ("REVOKE INSERT ON twinseal.entry FROM twinseal_writer", "right of twinseal_writer to INSERT on table entry is missing"),
    ("GRANT twinseal_admin TO twinseal_reader", "\"membership of twinseal_reader in twinseal_admin\""),
    ("CREATE ROLE planted; GRANT twinseal_owner TO planted", "\"membership of planted in twinseal_owner\""),
    ("GRANT twinseal_admin TO twinseal_projector", "\"membership of twinseal_projector in twinseal_admin\""),
    ("ALTER ROLE twinseal_projector SUPERUSER", "role twinseal_projector was changed: \"group, superuser\""),
    ("REVOKE twinseal_writer FROM twinseal_admin", "membership of twinseal_admin in twinseal_writer is missing"),
    ("ALTER ROLE twinseal_writer LOGIN", "role twinseal_writer was changed: \"group, login\""),
    ("ALTER ROLE twinseal_owner SUPERUSER", "role twinseal_owner was changed: \"group, superuser\""),
    ("ALTER ROLE twinseal_writer BYPASSRLS", "role twinseal_writer was changed: \"group, bypassrls\""),
    ("GRANT INSERT ON twinseal.entry TO twinseal_projector", "\"right of twinseal_projector to INSERT on table entry\""),
    ("CREATE TABLE twinseal.more ()", "\"table more\" does not belong"),
    ("ALTER FUNCTION twinseal.redact STRICT", "function redact(register text, seqs bigint[]) was changed"),
    ("CREATE SEQUENCE twinseal.more", "\"sequence more\" does not belong"),
    ("CREATE MATERIALIZED VIEW twinseal.more AS SELECT 1", "\"materialized view more\" does not belong"),
    ("CREATE TABLE twinseal.\"en\ntry\u{202e}\" ()", "\"table en\\ntry\\u{202e}\" does not belong"),
];

#[test]
fn no_planted_difference_stays_unseen() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let mut client = cluster.client(&database, &cluster.account);
    client.batch_execute("SET client_min_messages = warning").unwrap();
    assert_eq!(schema::compare(&mut client).unwrap(), []);
    let _one = super::cluster::one_at_a_time();
    for (words, expected) in PLANTED {
        // Nobody else sees what is not committed, so that roles can be changed too.
        client.batch_execute(&format!("BEGIN; {words}")).unwrap_or_else(|error| panic!("{words}: {error:?}"));
        let found = schema::compare(&mut client).unwrap_or_else(|error| panic!("{words}: {error:?}"));
        client.batch_execute("ROLLBACK").unwrap();
        assert!(found.iter().any(|it| it.meaning.contains(expected)), "{words}\n{found:#?}");
        assert!(found.iter().all(|it| it.rule == "schema" && it.seq.is_none()));
    }
    assert_eq!(schema::compare(&mut client).unwrap(), []);
}

/// What may stand elsewhere and read the tables, name them, or help to read them.
const ELSEWHERE: &str = "CREATE VIEW seen AS SELECT * FROM twinseal.entry;
    CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM twinseal.entry;
    CREATE VIEW sizes AS SELECT relname FROM pg_class WHERE relnamespace = 'twinseal'::regnamespace;
    CREATE FUNCTION counted(of regclass = 'twinseal.entry') RETURNS bigint
        BEGIN ATOMIC SELECT count(*) FROM twinseal.entry; END;
    CREATE TABLE other (register text, of oid DEFAULT 'twinseal.entry'::regclass);
    CREATE INDEX named ON other ((of = 'twinseal.entry'::regclass));
    CREATE POLICY read ON other USING (register IN (SELECT register FROM twinseal.entry));
    CREATE DOMAIN another AS oid CHECK (value <> 'twinseal.entry'::regclass);
    CREATE TABLE parts (of oid) PARTITION BY LIST ((of = 'twinseal.entry'::regclass));
    CREATE TEMP TABLE names (of oid CHECK (of <> 'twinseal.entry'::regclass));
    CREATE STATISTICS told ON register, seq FROM twinseal.entry;
    CREATE PUBLICATION told FOR TABLE twinseal.entry;
    ALTER DEFAULT PRIVILEGES IN SCHEMA twinseal GRANT SELECT ON TABLES TO twinseal_reader;
    -- As REINDEX CONCURRENTLY leaves it when it is cancelled.
    CREATE UNIQUE INDEX entry_pkey_ccnew ON twinseal.entry (register, seq);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'twinseal.entry_pkey_ccnew'::regclass";

#[test]
fn what_reads_or_names_the_tables_from_elsewhere_is_no_difference() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    let mut client = cluster.client(&database, &cluster.account);
    client.batch_execute(&format!("BEGIN; {ELSEWHERE}")).unwrap();
    assert_eq!(schema::compare(&mut client).unwrap(), []);
}

#[test]
fn everybody_can_compare_and_an_empty_database_lacks_everything() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.ready();
    for group in ["reader", "writer", "admin", "projector"] {
        let role = cluster.role(&database, group);
        assert_eq!(schema::compare(&mut cluster.client(&database, &role)).unwrap(), [], "{group}");
    }
    let empty = cluster.database();
    let role = format!("{database}_reader");
    let found = schema::compare(&mut cluster.client(&empty, &role)).unwrap();
    assert!(found.iter().any(|it| it.meaning == "the table entry is missing"), "{found:#?}");
}
