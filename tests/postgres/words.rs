//! What a person is told who names a place that is none, or a server that lets nobody in or differs: the words, a hint, and
//! the exit code.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use twinseal::error::Exit;

use super::cluster::Cluster;
use super::connecting::network_address;
use crate::support::server::Server;
use crate::support::{Output, World};

#[track_caller]
fn told(output: &Output, exit: Exit, words: &[&str]) {
    assert_eq!(output.exit, exit, "{}", output.screen);
    for words in words {
        assert!(output.err.contains(words), "{words}: {}", output.screen);
    }
    assert!(!output.screen.contains("s3cret"), "{}", output.screen);
}

#[test]
fn an_address_that_is_none_is_refused_with_the_reason() {
    let world = World::filed();
    let long = format!("postgres://h/{}", "d".repeat(2000));
    for (address, words) in [
        ("postgres:/h/d", "begins with postgres:// or postgresql://"),
        (&long[..], "the address is longer than "),
        ("postgres://h/d\u{202e}", "control characters or invisible characters"),
        ("postgres://h/%zz", "not followed by two hexadecimal digits"),
        ("postgres://u:s3cret@h/d", "a password does not belong in the address"),
        ("postgres://u:s3cret/word@h/d", "write an @ in a name as %40"),
        ("postgres://h_!/d", "a host must be a name"),
        ("postgres://h:0/d", "a port must be a number"),
        ("postgres://a,b,c/d?port=1,2", "one port for all hosts"),
        ("postgres://h/d?user=", "must be 1 to 63 bytes long"),
        ("postgres://h/d?register=Prod!", "register must be the name of a register"),
        ("postgres://h/d?sslrootcert=", "must be the path of a file"),
        ("postgres://h/d?connect_timeout=0", "a whole number of seconds"),
        ("postgres://h/d?sslmode=require", "sslmode can only be verify-full"),
        ("postgres://h/d?application_name=x", "application_name cannot be set"),
        ("postgres://h/d?options=x", "unknown key options"),
        ("postgres://h/d?x", "must be key=value"),
        ("postgres://h/d?user=a&user=b", "is given twice"),
        ("postgres://u@h", "the address names no database"),
        ("postgres://h/d?sslcert=x", "sslcert and sslkey belong together"),
    ] {
        for command in ["list --register", "register move prod.db", "config set register"] {
            told(
                &world.run_words("alice", &[crate::support::words(command), vec![address.to_owned()]].concat(), None),
                Exit::Invalid,
                &[words],
            );
        }
    }
    world.ok("erin", "note CHG-1 Words.");
}

#[test]
fn a_server_that_lets_nobody_in_is_named_with_the_reason_and_what_to_do() {
    let Some(cluster) = Cluster::shared() else { return };
    let (world, database) = (World::filed(), cluster.ready());
    let role = cluster.role(&database, "reader");
    let [socket, network] = [cluster.socket(), format!("127.0.0.1:{}", cluster.port)];
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lists = |address: &str| world.run("alice", &format!("list --register {address}"));
    for (address, words) in [
        (format!("postgres://{role}@{socket}/none"), ["no such database: ", "hint: check the database"]),
        (
            format!("postgres://{role}@{free}/{database}"),
            ["the connection is refused", "hint: check the host and port"],
        ),
        (
            format!("postgres://{role}@%2Fnowhere/{database}"),
            ["there is no such socket", "hint: check the host and port"],
        ),
        (
            format!("postgres://{role}@{network}/{database}"),
            ["asks for a password, and none fits", "hint: add the line"],
        ),
        (format!("postgres://{socket}/{database}"), ["no user of the database is named", "postgres://user@host"]),
        (format!("postgres://{role}@/{database}?service=none"), ["no service none in ", "pg_service.conf"]),
        (format!("postgres://{role}@{network}/{database}?sslrootcert=none.pem"), ["no TLS: ", "none.pem"]),
    ] {
        told(&lists(&address), Exit::Environment, &words);
    }
    let pass = world.path("people/alice/.pgpass");
    fs::write(&pass, "*:*:*:*:s3cret\n").unwrap();
    let address = format!("postgres://{role}@{network}/{database}");
    told(&lists(&address), Exit::Environment, &[".pgpass", "hint: chmod 600 "]);
    fs::set_permissions(&pass, fs::Permissions::from_mode(0o600)).unwrap();
    told(&lists(&address), Exit::Environment, &["authentication failed: ", "hint: check the user, the password"]);
    let mut owner = cluster.client("postgres", &cluster.account);
    owner.batch_execute(&format!("ALTER DATABASE {database} CONNECTION LIMIT 0")).unwrap();
    let address = format!("postgres://{role}@{socket}/{database}");
    told(&lists(&address), Exit::Environment, &["has too many connections", "hint: try again in a moment"]);
    // Across a network TLS is asked for first.
    let Some(Ok(across)) = network_address().map(|it| TcpListener::bind((it, 0))) else { return };
    let address = format!("postgres://{role}@{}/{database}", across.local_addr().unwrap());
    let serve = thread::spawn(move || {
        let mut stream = across.accept().unwrap().0;
        stream.read_exact(&mut [0; 8]).unwrap();
        stream.write_all(b"N").unwrap();
    });
    told(
        &lists(&address),
        Exit::Environment,
        &["TLS is required, and the server does not offer it", "hint: ask the server"],
    );
    serve.join().unwrap();
}

#[test]
fn a_server_that_can_only_be_read_records_nothing_and_says_so() {
    if Cluster::shared().is_none() {
        return;
    }
    let world = World::founded_on_server();
    let server = world.server().unwrap();
    let role = server.role("writer");
    server.owner().batch_execute(&format!("ALTER ROLE {role} SET default_transaction_read_only = on")).unwrap();
    let address = world.place().replace("tester@", &format!("{role}@"));
    let words = ["can only be read", "hint: nothing was recorded; name the primary"];
    told(
        &world.run("alice", &format!("person suspend erin --reason Lost. --register {address}")),
        Exit::Environment,
        &words,
    );
    world.ok("alice", &format!("list --register {address}"));
    world.ok("alice", "list");
    world.tamper("UPDATE entry SET blob = 'x' WHERE seq = 1");
    told(
        &world.run("alice", "repair"),
        Exit::Environment,
        &["is on a server", "hint: make a file of its valid entries: `twinseal repair --out FILE`"],
    );
}

#[test]
fn no_database_whose_schema_is_another_one_takes_a_register_in() {
    if Cluster::shared().is_none() {
        return;
    }
    let world = World::filed();
    world.ok("audrey", "backup copy.db");
    for (differs, words) in [
        ("ALTER TABLE twinseal.entry ADD COLUMN more text", "\"column more\" does not belong"),
        ("DROP TABLE twinseal.moved", "the table moved is missing"),
        ("ALTER SCHEMA twinseal OWNER TO CURRENT_USER", "schema twinseal was changed"),
    ] {
        let server = Server::start();
        server.owner().batch_execute(differs).unwrap();
        let address = server.address();
        let words = ["is not as `twinseal register grant-sql` makes it: ", words, "hint: name another database"];
        for command in [
            format!("register move prod.db {address}"),
            format!("register move prod.db {address} --resume"),
            format!("restore copy.db --to {address}"),
        ] {
            told(&world.run("alice", &command), Exit::Environment, &words);
        }
        told(
            &world.run("alice", &format!("list --register {address}")),
            Exit::Broken,
            &["register is broken: ", words[1]],
        );
        assert_eq!(server.raws().len(), 0);
    }
    world.ok("erin", "note CHG-1 Words.");
    // The tables for SQL and BI tools are not needed: a database without them was prepared by an earlier twinseal.
    let server = Server::start();
    server.owner().batch_execute("DROP SCHEMA twinseal_tables CASCADE").unwrap();
    world.ok("alice", &format!("register move prod.db {}", server.address()));
    world.ok("alice", &format!("verify --register {}", server.address()));
}
