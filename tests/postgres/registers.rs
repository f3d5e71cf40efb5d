//! A register on a server: the same commands, and what an owner of the database cannot do unseen.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use ::postgres::error::SqlState;
use sha2::{Digest as _, Sha256};
use twinseal::domain::Event;
use twinseal::error::Exit;
use twinseal::store::{Anchor, Excuse, Session};

use crate::support::server::Server;
use crate::support::{PEOPLE, World, note};

/// A world whose register is on a server; `None` without PostgreSQL.
fn on_server() -> Option<World> {
    super::cluster::Cluster::shared()?;
    Some(World::founded_on_server())
}

fn filed() -> Option<World> {
    let world = on_server()?;
    world.write("change.toml", crate::support::CHANGE);
    world.ok("erin", "file change.toml");
    Some(world)
}

#[test]
fn a_change_is_filed_approved_and_carried_out_on_a_server() {
    let Some(world) = filed() else { return };
    for person in ["carol", "dave"] {
        world.approve(person, "CHG-1");
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "gate CHG-1");
    world.ok("erin", "start CHG-1");
    world.ok("erin", "finish CHG-1 --outcome succeeded");
    assert!(world.ok("audrey", "list").contains("succeeded"));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    let registers = fs::read_to_string(world.path("people/erin/.config/twinseal/registers.toml")).unwrap();
    assert!(registers.contains("?register=prod%23"), "{registers}");
}

#[test]
fn a_backup_of_a_server_is_a_file_that_anybody_verifies() {
    let Some(world) = filed() else { return };
    world.ok("audrey", "backup copy.db");
    let said = world.ok("audrey", "verify --register copy.db");
    assert!(said.contains("entries       3"), "{said}");
    world.fails("erin", "note CHG-1 More. --register copy.db", Exit::Environment, "is a backup");
}

#[test]
fn no_redacted_text_is_left_and_only_an_admin_role_removes_one() {
    let Some(world) = filed() else { return };
    let server = world.server().unwrap();
    world.ok("alice", "proposal redact 2 --reason Personal.");
    let digest = world.newest_proposal().opened;
    let second = format!("proposal second 1 --digest {digest}");
    let writer = world.place().replace("tester@", &format!("{}@", server.role("writer")));
    world.fails("bob", &format!("{second} --register {writer}"), Exit::Environment, "no right");
    assert!(world.raw(2).text.is_some());
    world.ok("bob", &second);
    assert_eq!(world.raw(2).text, None);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn names_of_the_founders_are_redacted_and_again_after_somebody_put_them_back() {
    if super::cluster::Cluster::shared().is_none() {
        return;
    }
    let world = World::with_requests();
    world.ok("bob", "person request bob --register prod --role admin --name 'Bob Li' --out named.request");
    fs::rename(world.path("named.request"), world.path("bob.request")).unwrap();
    let members = PEOPLE.iter().map(|(person, roles)| format!(" --member {person}={person}.request:{roles}"));
    world.on_server();
    world.ok("alice", &format!("init --name prod --register {}{}", world.place(), members.collect::<String>()));
    let fingerprint = world.fingerprint();
    world.ok("bob", &format!("seal --fingerprint {fingerprint} --digest {fingerprint}"));
    let named = world.raw(0);
    assert!(named.text.is_some());
    world.ok("alice", "proposal redact 0 --reason Personal.");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
    assert_eq!(world.raw(0).text, None);
    world
        .server()
        .unwrap()
        .owner()
        .execute("UPDATE twinseal.entry SET text = $1 WHERE seq = 0", &[&named.text])
        .unwrap();
    assert_eq!(world.ok("alice", "rebuild"), "text of entry 0: redacted again\n");
    assert_eq!(world.findings("alice"), Vec::<String>::new());
}

#[test]
fn nothing_is_recorded_by_a_role_that_only_reads() {
    let Some(world) = filed() else { return };
    let server = world.server().unwrap();
    let role = server.role("reader");
    let address = world.place().replace("tester@", &format!("{role}@"));
    assert!(world.ok("carol", &format!("list --register {address}")).contains("CHG-1"));
    world.fails("carol", &format!("note CHG-1 Words. --register {address}"), Exit::Environment, "no right");
}

#[test]
fn no_setting_of_a_role_changes_what_is_read_or_recorded() {
    let Some(world) = filed() else { return };
    let server = world.server().unwrap();
    let role = server.role("writer");
    let address = world.place().replace("tester@", &format!("{role}@"));
    for setting in [
        "bytea_output = escape",
        "standard_conforming_strings = off",
        "default_transaction_isolation = serializable",
        "default_transaction_deferrable = on",
        "datestyle = german",
        "client_encoding = latin1",
        "extra_float_digits = -15",
        "search_path = public",
        "statement_timeout = 1",
        "lock_timeout = 1",
    ] {
        server.owner().batch_execute(&format!("ALTER ROLE {role} SET {setting}")).unwrap();
        let noted = world.run("erin", &format!("note CHG-1 '{setting}' --register {address}"));
        assert_eq!(noted.exit, Exit::Done, "{setting}: {}", noted.screen);
    }
    assert_eq!(world.entries(), 13);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn no_row_of_another_register_hides_an_entry_or_a_register() {
    let Some(world) = filed() else { return };
    // What a writer can insert: the beginning of the log under a name that sorts behind, and many names before.
    world.tamper(
        "INSERT INTO entry SELECT 'prod#zzz', seq, blob, text, data FROM entry WHERE seq <= 2;
         INSERT INTO entry SELECT 'prod#a' || n, 0, 'x' FROM generate_series(1, 30) AS n;
         INSERT INTO entry SELECT 'lab', 0, 'x' FROM generate_series(1, 1)",
    );
    world.ok("carol", "reject CHG-1 --reason No.");
    for command in ["list", "list --register prod"] {
        assert!(world.ok("erin", command).contains("rejected"), "{command}");
    }
    assert!(world.ok("erin", "verify").contains("entries       4"));
    // Another register of this name is found by nobody who knows the first.
    let twin = "INSERT INTO entry SELECT 'prod#00000000000000000000000000000000', seq, blob, text, data FROM entry
        WHERE register LIKE 'prod#1%' AND seq = 0";
    world.tamper(twin);
    assert!(world.ok("erin", "note CHG-1 Words. --register prod").is_empty());
    world.fails("erin", &format!("list --register {}", world.place()), Exit::Environment, "has several registers");
}

/// Waits until somebody waits for the turn, with everything compared before.
fn while_somebody_waits(world: &World, work: impl FnOnce()) -> std::process::Output {
    let id = world.state().id().unwrap().to_string();
    let digest = Sha256::digest(id);
    let number = i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let (space, server) = (i32::from_be_bytes(*b"TWSL"), world.server().unwrap());
    server.owner().batch_execute(&format!("SELECT pg_advisory_lock({space}, {number})")).unwrap();
    let noting = world.command("erin", &["note", "CHG-1", "Words."]).spawn().unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    while server.owner().query_one(waits, &[]).unwrap().get::<_, i64>(0) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    work();
    server.owner().batch_execute(&format!("SELECT pg_advisory_unlock({space}, {number})")).unwrap();
    noting.wait_with_output().unwrap()
}

#[test]
fn nothing_is_reported_as_recorded_that_the_server_changed_on_the_way() {
    for change in ["NEW.register = 'x'", "NEW.blob = NEW.blob || '\\x00'", "NEW.seq = 9", "NEW.text = NULL"] {
        let Some(world) = filed() else { return };
        let noted = while_somebody_waits(&world, || {
            let plant = format!(
                "CREATE FUNCTION public.change() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN {change}; RETURN NEW; END $$;
                 CREATE TRIGGER change BEFORE INSERT ON twinseal.entry FOR EACH ROW EXECUTE FUNCTION public.change()"
            );
            world.server().unwrap().owner().batch_execute(&plant).unwrap();
        });
        assert!(!noted.status.success(), "{change}: {}", String::from_utf8_lossy(&noted.stderr));
    }
}

#[test]
fn no_address_with_a_password_in_it_is_repeated() {
    let Some(world) = on_server() else { return };
    for address in [
        "jdbc:postgresql://h/db?user=u&password=s3cret",
        "postgresql+psycopg2://u:s3cret@h/db",
        "postgres://u:s3cret@h/db",
        "host=h password=s3cret",
    ] {
        for command in ["list", "verify", "doctor"] {
            let said =
                world.run_words("erin", &[command.to_owned(), "--register".to_owned(), address.to_owned()], None);
            assert!(said.exit != Exit::Done && !said.screen.contains("s3cret"), "{address}: {}", said.screen);
        }
    }
}

#[test]
fn looking_at_a_restored_dump_moves_no_account_there() {
    let Some(world) = filed() else { return };
    let (copy, known) = (Server::start(), "people/dave/.config/twinseal/registers.toml");
    let id = world.state().id().unwrap().to_string();
    let insert = "INSERT INTO twinseal.entry VALUES ($1, $2, $3, $4, $5)";
    for raw in world.server().unwrap().raws() {
        let seq = i64::try_from(raw.seq).unwrap();
        copy.owner().execute(insert, &[&id, &seq, &raw.blob, &raw.text, &raw.data]).unwrap();
    }
    let before = fs::read_to_string(world.path(known)).unwrap();
    let (address, fingerprint) = (copy.address(), world.fingerprint());
    world.ok("dave", &format!("list --register {address} --fingerprint {fingerprint}"));
    assert_eq!(fs::read_to_string(world.path(known)).unwrap(), before);
    let noted = world.run("dave", &format!("note CHG-1 Words. --register {address}"));
    assert!(noted.exit == Exit::Environment && noted.err.contains("registers forget"), "{}", noted.screen);
    assert_eq!(copy.raws().len(), 3);
    world.ok("dave", "note CHG-1 Words. --register prod");
    // On its user's word the account forgets the old server, and takes the new one for the register.
    world.ok("dave", &format!("registers forget prod --fingerprint {fingerprint}"));
    world.fails(
        "dave",
        &format!("list --register {address} --fingerprint {fingerprint}"),
        Exit::Broken,
        "the log lacks",
    );
}

#[test]
fn no_part_of_an_entry_is_longer_than_a_file_would_hold() {
    let Some(world) = filed() else { return };
    for (column, long) in [("blob", 5_242_881), ("text", 5_242_881), ("data", 5_242_881)] {
        let update =
            format!("UPDATE twinseal.entry SET {column} = convert_to(repeat('x', {long}), 'UTF8') WHERE seq = 2");
        let refused = world.server().unwrap().owner().batch_execute(&update).unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::CHECK_VIOLATION), "{column}");
    }
}

#[test]
fn an_address_is_taken_wherever_a_person_is_asked_for_a_register() {
    let Some(world) = filed() else { return };
    let address = world.place();
    let set = world.run("erin", &format!("config set register {address}"));
    assert!(set.exit == Exit::Done && !set.err.contains("no file"), "{}", set.screen);
    // Without a connection the address leads to what this account knows there.
    world.ok("erin", "breakglass open --incident INC-1 --reason Now. --as erin --offline acted.word");
    world.variable("erin", "TWINSEAL_REGISTER", None);
    let joined = world.run_typing("erin", "join", &[&address]);
    assert!(joined.exit == Exit::Done, "{}", joined.screen);
    let refused = world.run("erin", "config set register postgres://u:s3cret@h/db");
    assert!(refused.exit != Exit::Done && !refused.screen.contains("s3cret"), "{}", refused.screen);
    let config = fs::read_to_string(world.path("people/erin/.config/twinseal/config.toml")).unwrap();
    assert!(!config.contains("s3cret"), "{config}");
}

/// What the owner of a database can plant, and nobody in a file. What they can do to rows, the tests of `tamper` do too:
/// with `TWINSEAL_ON=postgres` to a database.
const PLANTED: &[&str] = &[
    "CREATE RULE more AS ON INSERT TO entry DO INSTEAD NOTHING",
    "CREATE TRIGGER more BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY more ON entry USING (seq <> 2)",
    "GRANT UPDATE ON entry TO PUBLIC",
    "ALTER TABLE entry DROP CONSTRAINT entry_seq_check",
];

#[test]
fn no_owner_of_the_database_plants_anything_unseen() {
    for sql in PLANTED {
        let Some(world) = filed() else { return };
        world.server().unwrap().owner().batch_execute(&format!("SET search_path = twinseal; {sql}")).unwrap();
        let findings = world.findings("audrey");
        assert!(findings[0].starts_with("[schema]"), "{sql}\n{findings:#?}");
        world.fails("erin", "note CHG-1 Words.", Exit::Broken, "[schema]");
    }
}

/// Runs a program of PostgreSQL with a dump as its input, and returns what it prints.
fn with_dump(world: &World, program: &str, arguments: &[&str], dump: &str) -> String {
    let mut command = world.server().unwrap().program(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    running.stdin.take().unwrap().write_all(dump.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn no_old_dump_is_taken_for_the_present_log() {
    let Some(world) = filed() else { return };
    let dump = with_dump(&world, "pg_dump", &["--schema=twinseal"], "");
    world.ok("erin", "note CHG-1 Later.");
    let restore = format!("DROP SCHEMA twinseal CASCADE;\n{dump}");
    with_dump(&world, "psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1"], &restore);
    for command in ["list", "show CHG-1", "note CHG-1 Words."] {
        world.fails("erin", command, Exit::Broken, "the log lacks entry 3 ");
    }
    assert!(world.findings("erin")[0].starts_with("[truncated]"));
}

#[test]
fn two_accounts_that_were_shown_two_histories_find_out() {
    let Some(world) = filed() else { return };
    let server = world.server().unwrap();
    let old = server.keep();
    world.ok("erin", "note CHG-1 One.");
    let one = server.keep();
    server.put_back(&old);
    world.ok("dave", "note CHG-1 Two.");
    world.fails("erin", "list", Exit::Broken, "the log lacks entry 3 ");
    assert!(world.findings("erin")[0].starts_with("entry 3: [replaced]"));
    server.put_back(&one);
    assert!(world.ok("erin", "list").contains("CHG-1"));
    world.fails("dave", "list", Exit::Broken, "the log lacks entry 3 ");
    assert!(world.findings("dave")[0].starts_with("entry 3: [replaced]"));
}

#[test]
fn no_emptied_database_and_no_other_register_in_it_passes_for_the_one_that_is_known() {
    let Some(world) = filed() else { return };
    // The address names the database alone.
    assert!(!world.place().contains("register="));
    world.tamper("DELETE FROM entry");
    world.fails("erin", "list", Exit::Broken, "there is no entry 0");
    assert!(world.findings("audrey")[0].starts_with("[fingerprint]"));
    world.fails("stranger", "list", Exit::Environment, "no register at");
    let members = PEOPLE.map(|(person, roles)| {
        world.ok(person, &format!("person request {person} --register lab --out {person}.lab"));
        format!("--member {person}={person}.lab:{roles}")
    });
    world.ok("alice", &format!("init --name lab --register {} {}", world.place(), members.join(" ")));
    world.fails("erin", "list", Exit::Broken, "wrong register");
    assert!(world.findings("audrey")[0].starts_with("[fingerprint]"));
}

#[test]
fn no_entry_is_reported_as_lost_that_another_process_of_the_account_verified_meanwhile() {
    let Some(world) = filed() else { return };
    let (folder, fingerprint) = (world.path("account"), world.fingerprint().parse().unwrap());
    let anchor = Anchor { folder: &folder, fingerprint, excuse: Excuse::None };
    let open = |shared| Session::open(shared, anchor, world.now(), &mut |_| {}).unwrap();
    // The server tells the newest entry with the answer to this.
    let (shared, _) = world.open_store();
    world.force("erin", Event::Note("CHG-1".parse().unwrap()), Some(note("Words.")));
    drop(open(world.open_store().0));
    let mut session = open(shared);
    session.refresh(world.now(), &mut |_| {}).unwrap();
    assert_eq!(session.state().head().unwrap().seq, 3);
}

#[test]
fn no_insert_that_the_server_discards_is_taken_for_recorded() {
    let Some(world) = filed() else { return };
    world.tamper(
        "CREATE FUNCTION public.discard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER discard BEFORE INSERT ON twinseal.entry FOR EACH ROW EXECUTE FUNCTION public.discard()",
    );
    let said = world.run("erin", "note CHG-1 Words.");
    assert!(said.exit == Exit::Broken, "{}", said.screen);
    assert_eq!(world.entries(), 3);
}
