//! A hostile environment for every command: variables, pins, caches, input files, keys, agents, and the register's
//! file.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::thread;

use twinseal::domain::wire;
use twinseal::error::Exit;
use twinseal::format::Raw;

use super::quoted;
use super::screen::{Lines, MODES, Mode, all, calm, came, day, sample};
use crate::support::{PEOPLE, World, words};

/// Runs the commands again in a hostile environment. At least `least` of them must show the hostile text, escaped.
#[track_caller]
fn look(world: &World, lines: &Lines, least: usize, surroundings: &str) {
    let runs = (0..).zip(lines.values()).map(|(n, (person, args))| {
        let mode = MODES[(n + surroundings.len()) % MODES.len()];
        came(&calm(world, mode, person, args))
    });
    let shown = runs.filter(|came| *came).count();
    assert!(shown >= least, "{surroundings}: {shown} of {} say so", lines.len());
}

/// Runs the commands with a variable set for every person.
#[track_caller]
fn look_with(world: &World, lines: &Lines, name: &str, value: &str, usual: impl Fn(&str) -> Option<String>) {
    let people: BTreeSet<&String> = lines.values().map(|(person, _)| person).collect();
    people.iter().for_each(|person| world.variable(person, name, Some(value)));
    look(world, lines, 2, name);
    people.iter().for_each(|person| world.variable(person, name, usual(person).as_deref()));
}

/// Runs the commands with a file's content replaced; `~/` in its name means every person's home.
#[track_caller]
fn look_at(world: &World, lines: &Lines, least: usize, name: &str, content: &[u8]) {
    let homes = || fs::read_dir(world.path("people")).unwrap().map(|home| home.unwrap().path());
    let paths: Vec<PathBuf> = match name.strip_prefix("~/") {
        Some(name) => homes().map(|home| home.join(name)).collect(),
        None => vec![world.path(name)],
    };
    let before: Vec<_> = paths.iter().map(|path| (path, fs::read(path).ok())).collect();
    for path in &paths {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    look(world, lines, least, name);
    for (path, before) in before {
        match before {
            Some(before) => fs::write(path, before).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
    }
}

#[test]
fn no_variable_controls_the_terminal() {
    let (world, lines) = day(Mode::Pipe);
    let home = |person: &str| world.path(&format!("people/{person}")).display().to_string();
    look_with(&world, &lines, "TWINSEAL_REGISTER", &all(), |_| Some("prod.db".to_owned()));
    look_with(&world, &lines, "TWINSEAL_REGISTER", &format!("./{}", all()), |_| Some("prod.db".to_owned()));
    look_with(&world, &lines, "TWINSEAL_KEY", &all(), |person| Some(format!("{}/key", home(person))));
    look_with(&world, &lines, "TWINSEAL_AS", &all(), |_| None);
    look_with(&world, &lines, "SSH_AUTH_SOCK", &all(), |_| None);
    look_with(&world, &lines, "HOME", &format!("/{}", all()), |person| Some(home(person)));
    for folder in ["XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        look_with(&world, &lines, folder, &format!("/{}", all()), |_| None);
    }
}

#[test]
fn no_pin_or_cache_controls_the_terminal() {
    let (world, lines) = day(Mode::Pipe);
    let (text, most) = (quoted(&all()), lines.len() - 1);
    for key in ["register", "key", "as", &text] {
        let least = if key == text { most } else { 0 };
        look_at(&world, &lines, least, "~/.config/twinseal/config.toml", format!("{key} = {text}\n").as_bytes());
    }
    for name in ["config", "registers"] {
        look_at(&world, &lines, most, &format!("~/.config/twinseal/{name}.toml"), all().as_bytes());
    }
    for name in ["prod", &all()] {
        let path = quoted(&world.path("prod.db").display().to_string());
        let known = format!("[[register]]\nname = {}\npath = {path}\nfingerprint = {text}\n", quoted(name));
        look_at(&world, &lines, 20, "~/.config/twinseal/registers.toml", known.as_bytes());
    }
    let pin = format!("~/.local/state/twinseal/{}/pin", world.fingerprint());
    look_at(&world, &lines, 20, &pin, all().as_bytes());
}

// ---- Input files

/// Variants of a file, each with hostile text in one line's value, in its key, as the whole line, or as an added line.
fn twisted(whole: &str, sign: &str, value: &str) -> Vec<String> {
    let mut all = vec![value.to_owned(), format!("{whole}{value}\n"), format!("{value}{sign}1\n{whole}")];
    for (at, line) in whole.lines().enumerate().filter(|(_, line)| line.contains(sign)) {
        let (key, old) = line.split_once(sign).unwrap();
        for new in [format!("{key}{sign}{value}"), format!("{value}{sign}{old}")] {
            let lines: Vec<&str> = whole.lines().enumerate().map(|(n, it)| if n == at { &new } else { it }).collect();
            all.push(lines.join("\n") + "\n");
        }
    }
    all
}

#[test]
fn no_input_file_controls_the_terminal() {
    let (world, lines) = day(Mode::Pipe);
    let name = sample();
    for (file, sign) in [
        (".toml", " = "),
        ("2.toml", " = "),
        ("p.toml", " = "),
        (".request", " "),
        ("m.request", " "),
        ("c.request", " "),
    ] {
        let file = format!("{name}{file}");
        let whole = fs::read_to_string(world.path(&file)).unwrap();
        let value = if sign == " " { all() } else { quoted(&all()) };
        let named =
            |args: &[String]| args.iter().any(|word| word.ends_with(&file) || word.contains(&format!("={file}")));
        let readers: Vec<_> = lines.values().filter(|(_, args)| named(args) && args[1] != "request").collect();
        assert!(!readers.is_empty(), "{file:?} is read by nobody");
        for (n, twisted) in twisted(&whole, sign, &value).iter().enumerate() {
            world.write(&file, twisted);
            for (m, (person, args)) in readers.iter().enumerate() {
                let output = calm(&world, MODES[(n + m) % MODES.len()], person, args);
                assert_eq!(output.exit, Exit::Invalid, "{args:?}\n{twisted:.300}\n{}", output.screen);
            }
        }
        world.write(&file, whole);
    }
}

#[test]
fn no_key_file_controls_the_terminal() {
    use ssh_key::private::Ed25519Keypair;
    let (world, lines) = day(Mode::Pipe);
    let pair = Ed25519Keypair::from_seed(&[7; 32]);
    let private = ssh_key::PrivateKey::new(pair.into(), all().replace('\0', "")).unwrap();
    let private = private.to_openssh(ssh_key::LineEnding::LF).unwrap();
    let public = fs::read_to_string(world.path("people/erin/key.pub")).unwrap();
    let public = public.split(' ').nth(1).unwrap();
    let word: String = all().chars().filter(|c| !c.is_whitespace()).collect();
    let mut files = vec![private.as_bytes().to_vec()];
    files.extend([format!("ssh-ed25519 {public} {word}"), format!("ssh-{word} {public} x")].map(String::into_bytes));
    files.push(format!("-----BEGIN {word}-----\n").into_bytes());
    for content in files {
        // The permissions of the key file stay private.
        look_at(&world, &lines, 0, "~/key", &content);
    }
    let rights = |mode| {
        for (person, _) in PEOPLE {
            let key = world.path(&format!("people/{person}/key"));
            fs::set_permissions(key, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    rights(0o644);
    look(&world, &lines, 15, "keys that others can read");
    rights(0o600);
    world.write("people/frank/key", private.as_bytes());
    fs::set_permissions(world.path("people/frank/key"), fs::Permissions::from_mode(0o600)).unwrap();
    for mode in MODES {
        let shown = calm(&world, mode, "frank", &words("key show people/frank/key"));
        assert!(shown.exit == Exit::Done && came(&shown), "{}", shown.screen);
    }
}

// ---- An agent

/// An agent that answers every request with this list of keys.
fn agent(held: &[([u8; 32], String)]) -> tempfile::TempDir {
    fn put(out: &mut Vec<u8>, part: &[u8]) {
        out.extend_from_slice(&(part.len() as u32).to_be_bytes());
        out.extend_from_slice(part);
    }
    let mut list = vec![12];
    list.extend_from_slice(&(held.len() as u32).to_be_bytes());
    for (key, comment) in held {
        put(&mut list, &wire(key));
        put(&mut list, comment.as_bytes());
    }
    let mut answer = Vec::new();
    put(&mut answer, &list);
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut length) = (stream.unwrap(), [0; 4]);
            stream.read_exact(&mut length).unwrap();
            stream.read_exact(&mut vec![0; u32::from_be_bytes(length) as usize]).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    folder
}

#[test]
fn no_key_comment_of_an_agent_controls_the_terminal() {
    let (world, lines) = day(Mode::Pipe);
    let held = ["erin", "alice"].map(|person| (*world.signer(person).public().as_bytes(), all()));
    let folder = agent(&held);
    let socket = folder.path().join("socket").display().to_string();
    for (person, _) in lines.values() {
        world.variable(person, "SSH_AUTH_SOCK", Some(&socket));
        world.variable(person, "TWINSEAL_KEY", None);
    }
    // Two keys fit, so the error lists both with their comments.
    look(&world, &lines, 15, "two keys in an agent");
}

// ---- The register's own file

#[test]
fn no_forced_entry_controls_the_terminal() {
    let (world, lines) = day(Mode::Pipe);
    let head = world.entries();
    let (good, noted) = (world.raw(head - 1), world.raw(4));
    let blob = String::from_utf8(good.blob.clone()).unwrap();
    let ends: Vec<String> = sample().chars().filter(|c| *c != '\n').map(String::from).collect();
    for (n, hostile) in ends.iter().chain([&all()]).enumerate() {
        let blob = twisted(&blob, " ", hostile).into_iter().cycle().nth(n).unwrap().into_bytes();
        world.insert(&Raw { seq: head, blob, text: Some(hostile.clone().into_bytes()), data: None });
        for (command, exit) in [("verify", Exit::Broken), ("list", Exit::Broken)] {
            let (person, args) = &lines[&vec![command.to_owned()]];
            let output = calm(&world, MODES[n % MODES.len()], person, args);
            assert_eq!(output.exit, exit, "{}", output.screen);
        }
        if *hostile == all() {
            look(&world, &lines, 0, "a hostile entry");
        }
        world.tamper(&format!("DELETE FROM entry WHERE seq = {head}"));
    }
    // A replaced text part of a valid entry.
    let text: String = [noted.text.unwrap(), all().into_bytes()].concat().iter().map(|b| format!("{b:02x}")).collect();
    world.tamper(&format!("UPDATE entry SET text = x'{text}' WHERE seq = 4"));
    look(&world, &lines, 0, "a hostile text");
}

#[test]
fn no_edited_table_or_schema_controls_the_terminal() {
    let (world, lines) = day(Mode::Pipe);
    let db = world.sql();
    let names = |sql: &str| -> Vec<String> {
        db.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut edited = 0;
    for table in names("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('entry')") {
        for column in names(&format!("SELECT name FROM pragma_table_info('{table}') WHERE type = 'TEXT'")) {
            let behind = format!("UPDATE {table} SET {column} = ?1 || {column}");
            edited += db.execute(&behind, [all()]).unwrap();
        }
    }
    assert!(edited > 100, "{edited}");
    for mode in MODES {
        let (person, args) = &lines[&vec!["verify".to_owned()]];
        let output = calm(&world, mode, person, args);
        assert!(output.exit == Exit::Broken && output.screen.contains("tables"), "{}", output.screen);
    }
    look(&world, &lines, 0, "edited tables");
    let name = all().replace('\0', "");
    for (plant, pull) in [
        ("TABLE", "(x)"),
        ("VIEW", "AS SELECT 1"),
        ("INDEX", "ON people (enrolled)"),
        ("TRIGGER", "AFTER INSERT ON people BEGIN SELECT 1; END"),
    ] {
        db.execute_batch(&format!("CREATE {plant} \"{name}\" {pull}")).unwrap();
        look(&world, &lines, 20, plant);
        db.execute_batch(&format!("DROP {plant} \"{name}\"")).unwrap();
    }
}
