//! No secret leaves its file, and no title of a change is more than text.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::server::{Answer, Server};
use super::{SENDER, file, hooked, run, secrets, sender};
use crate::support::World;
use twinseal::error::Exit;

#[test]
fn a_file_of_secrets_that_others_can_read_is_refused() {
    let world = World::founded();
    let server = hooked(&world, "events = [\"approval-needed\"]");
    file(&world, "Raise the pool");
    for mode in [0o644, 0o640, 0o604, 0o660, 0o622] {
        fs::set_permissions(world.path("secrets"), fs::Permissions::from_mode(mode)).unwrap();
        for command in ["run --config notify.toml", "check notify.toml", "test ops --config notify.toml"] {
            let output = world.run(SENDER, &format!("notify {command}"));
            assert_ne!(output.exit, Exit::Done, "{mode:o} {command}");
            assert!(output.err.contains("holds secrets and can be read by others"), "{}", output.screen);
            assert!(output.err.contains("hint: replace the secrets"), "{}", output.screen);
        }
    }
    assert!(server.requests().is_empty());
    fs::set_permissions(world.path("secrets"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(run(&world).exit, Exit::Done);
}

#[test]
fn rules_that_others_can_write_are_refused() {
    let world = World::founded();
    hooked(&world, "events = [\"approval-needed\"]");
    fs::set_permissions(world.path("notify.toml"), fs::Permissions::from_mode(0o666)).unwrap();
    let output = run(&world);
    assert!(output.err.contains("can be written by others"), "{}", output.screen);
}

/// Every file below a directory.
pub fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let items = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    items.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn no_secret_is_in_any_output_or_in_the_state() {
    let (world, server) = (World::founded(), Server::new());
    let (token, key, password) = ("TOKENzq81", "SECRETKEYzq82", "PASSWORDzq83");
    let port = server.port;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    secrets(
        &world,
        &format!(
            "slack = \"http://127.0.0.1:{port}/{token}\"\nding = \"http://127.0.0.1:{port}/?access_token={token}\"\n\
             closed = \"http://127.0.0.1:{unused}/{token}\"\nnowhere = \"http://{token}.invalid/{token}\"\n\
             key = \"{key}\"\npassword = \"{password}\"\n"
        ),
    );
    let rules = format!(
        "secrets = \"secrets\"\n[people]\ncarol = \"carol@example.com\"\n\
         [targets.slack]\ntype = \"slack\"\nurl_secret = \"slack\"\n\
         [targets.ding]\ntype = \"dingtalk\"\nurl_secret = \"ding\"\nkey_secret = \"key\"\n\
         [targets.closed]\ntype = \"wecom\"\nurl_secret = \"closed\"\n\
         [targets.nowhere]\ntype = \"slack\"\nurl_secret = \"nowhere\"\nplaintext = true\n\
         [targets.mail]\ntype = \"mail\"\nhost = \"127.0.0.1\"\nport = {unused}\ntls = \"none\"\n\
         user = \"u\"\npassword_secret = \"password\"\nfrom = \"t@example.com\"\n\
         [[rules]]\nevents = [\"approval-needed\", \"approved\"]\nto = [\"slack\", \"ding\", \"closed\", \"nowhere\", \"mail\"]\n"
    );
    world.write("notify.toml", &rules);
    sender(&world);
    let mut screens = vec![run(&world).screen];
    file(&world, "Raise the pool");
    let answers = ["400 Bad Request", "500 Internal Server Error", "302 Found"].map(|status| {
        Answer::Status(status, format!("Location: http://127.0.0.1/{token}\r\n"), format!("bad token {token}"))
    });
    server.next([&answers[..], &[Answer::Half]].concat());
    for _ in 0..6 {
        screens.push(run(&world).screen);
        world.at(&world.now().plus(1_000).to_string());
        screens.push(world.run(SENDER, "--json notify run --config notify.toml").screen);
        screens.push(world.run(SENDER, "notify status --config notify.toml").screen);
        world.at(&world.now().plus(1_000).to_string());
    }
    for target in ["slack", "ding", "closed", "nowhere", "mail --person carol"] {
        screens.push(world.run(SENDER, &format!("notify test {target} --config notify.toml")).screen);
    }
    for command in ["check notify.toml", "--json check notify.toml", "retry closed --config notify.toml"] {
        screens.push(world.run(SENDER, &format!("notify {command}")).screen);
    }
    // Faults of the rules and of the file of secrets.
    for wrong in ["password_secret = \"PASSWORDzq83\"", "port = \"PASSWORDzq83\"", "url_secret = \"TOKENzq81\""] {
        let from = if wrong.starts_with("port") {
            format!("port = {unused}")
        } else {
            wrong.split_once(' ').unwrap().0.to_owned()
        };
        let broken: Vec<String> = rules
            .lines()
            .map(|line| if line.starts_with(&from) { wrong.to_owned() } else { line.to_owned() })
            .collect();
        world.write("wrong.toml", broken.join("\n"));
        screens.push(world.run(SENDER, "notify check wrong.toml").screen);
    }
    let good = fs::read_to_string(world.path("secrets")).unwrap();
    for line in ["TOKENzq81", "a = TOKENzq81", "TOKENzq81 = \"x", "key = \"SECRETKEYzq82\"", "b = \"TOKENzq81\\n\""] {
        secrets(&world, &format!("{good}{line}\n"));
        screens.push(world.run(SENDER, "notify check notify.toml").screen);
    }
    assert!(server.requests().len() >= 4 && screens.len() > 30);
    assert!(screens.iter().any(|it| it.contains("no connection") || it.contains("the connection failed")));
    for secret in [token, key, password] {
        for screen in &screens {
            assert!(!screen.contains(secret), "{secret} in {screen}");
        }
        for path in files(&world.path(&format!("people/{SENDER}"))) {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} in {}", path.display());
        }
    }
}

#[test]
fn no_flag_or_variable_takes_a_secret() {
    let help = World::founded().ok("alice", "notify run --help");
    for word in ["--token", "--password", "--secret", "--url"] {
        assert!(!help.contains(word), "{word}");
    }
}

#[test]
fn faults_of_the_rules_are_all_reported_at_once() {
    let world = World::founded();
    sender(&world);
    secrets(&world, "a = \"https://example.com/x\"\n");
    world.write(
        "notify.toml",
        "secrets = \"secrets\"\nzone = \"Asia/Nowhere\"\n[people]\ncarol = \"no address\"\n\
         [targets.one]\ntype = \"slack\"\nurl_secret = \"b\"\n\
         [targets.two]\ntype = \"mail\"\nhost = \"mail.example\"\ntls = \"none\"\nfrom = \"a@example.com\"\n\
         [targets.three]\ntype = \"webhook\"\nurl = \"https://example.com/?token=x\"\nkey_secret = \"a\"\n\
         [targets.four]\ntype = \"wecom\"\nurl_secret = \"a\"\nkey_secret = \"a\"\n\
         [targets.five]\ntype = \"webhook\"\nurl = \"http://example.com/\"\nkey_secret = \"a\"\n\
         [[rules]]\nevents = [\"approved\"]\nto = [\"six\"]\nrisks = [\"huge\"]\n",
    );
    let said = world.run(SENDER, "notify check notify.toml");
    assert_eq!(said.exit, Exit::Invalid);
    for fault in [
        "notify.toml:2: zone: Asia/Nowhere is no time zone",
        "people.carol: no address is no mail address",
        "targets.one.url_secret: the file of secrets has nothing of this name",
        "targets.two.tls: tls = \"none\" is allowed only for a server on this host",
        "targets.three.url: a URL with a query or a user holds a secret: use url_secret",
        "targets.four.key_secret: a target of type wecom does not have key_secret",
        "targets.five.url: its URL is not encrypted",
        "rules[1].to[1]: no target six",
        "rules[1].risks[1]: not a risk: use low, medium, high or critical",
    ] {
        assert!(said.err.contains(fault), "{fault}\n{}", said.screen);
    }
    assert!(said.err.contains("\n  28 | risks = [\"huge\"]\n     |          ^^^^^^"), "{}", said.screen);
    let json: serde_json::Value =
        serde_json::from_str(&world.run(SENDER, "--json notify check notify.toml").out).unwrap();
    assert_eq!(json["error"]["faults"].as_array().unwrap().len(), 9);
    world.write("notify.toml", "[[rules]]\nevents = [\"aproved\"]\nto = []\nsevices = [\"a\"]\n[target.x]\n");
    let said = world.run(SENDER, "notify check notify.toml");
    for fault in [
        "2: rules[1].events[1]: not an event: use approval-needed",
        "rules[1].to: required, but missing or empty",
        "rules[1].sevices: unknown key; did you mean services?",
        "target: unknown key; did you mean targets?",
    ] {
        assert!(said.err.contains(fault), "{fault}\n{}", said.screen);
    }
}

#[test]
fn a_fault_shows_its_line_without_what_could_be_a_secret() {
    let world = World::founded();
    sender(&world);
    secrets(&world, "a = \"https://example.com/x\"\n");
    world.write(
        "notify.toml",
        "secrets = \"secrets\"\n[targets.one]\ntype = \"slak\"\nurl_secret = \"TOKEN1\"\nport = \"TOKEN2\"\n\
         [targets.two]\ntype = \"slack\"\nurl = \"https://example.com/TOKEN3\"\ntoken = \"TOKEN4\"\nTOKEN5 = 1\n\
         [targets]\nthree = { type = \"slck\", url_secret = \"TOKEN6\" }\n\
         [[rules]]\nevents = [\"TOKEN7\"]\nto = [\n  \"one\",\n  \"TOKEN8\",\n]\n",
    );
    let said = world.run(SENDER, "notify check notify.toml");
    assert!(said.err.contains("\n  3 | type = \"slak\"\n    |        ^^^^^^"), "{}", said.screen);
    assert!(said.err.contains("\n  5 | port = …\n"), "{}", said.screen);
    for secret in ["TOKEN1", "TOKEN2", "TOKEN3", "TOKEN4", "TOKEN5", "TOKEN6", "TOKEN7"] {
        assert!(!said.screen.contains(secret), "{secret}\n{}", said.screen);
    }
}
