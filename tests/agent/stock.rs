//! Keys in OpenSSH's own `ssh-agent`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{approval, know, name_public, script, tools};
use crate::support::{CHANGE, Killed, World, stock_tool, words};
use twinseal::error::Exit;

/// A running `ssh-agent`, killed on drop.
pub struct Stock {
    _process: Killed,
    pub socket: PathBuf,
    /// The askpass program of the agent and of `ssh-add`.
    askpass: PathBuf,
}

impl Stock {
    /// Starts an agent in the test's folder with this askpass program.
    fn start(world: &World, name: &str, askpass: &str) -> Self {
        let socket = world.path(&format!("{name}.agent"));
        let mut command = Command::new("ssh-agent");
        command.args(["-D", "-a"]).arg(&socket).env("SSH_ASKPASS", askpass).env("SSH_ASKPASS_REQUIRE", "force");
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let agent = Self { _process: Killed(process), socket, askpass: askpass.into() };
        for _ in 0..500 {
            if UnixStream::connect(&agent.socket).is_ok() {
                return agent;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("ssh-agent does not listen");
    }

    /// Runs `ssh-add` with this agent.
    #[track_caller]
    fn add(&self, world: &World, line: &str) {
        let mut command = Command::new("ssh-add");
        command.args(words(line)).current_dir(world.path("")).stdin(Stdio::null());
        command.env("SSH_AUTH_SOCK", &self.socket).env("SSH_ASKPASS", &self.askpass);
        let output = command.env("SSH_ASKPASS_REQUIRE", "force").output().unwrap();
        assert!(output.status.success(), "ssh-add {line}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Moves a person's key into a new agent and deletes the file. The person has no configured key.
    pub fn holding(world: &World, person: &str) -> Self {
        let agent = Self::start(world, person, "/bin/false");
        agent.add(world, &format!("people/{person}/key"));
        fs::remove_file(world.path(&format!("people/{person}/key"))).unwrap();
        agent.known_to(world, person);
        agent
    }

    /// Points a person to the agent, without a configured key.
    fn known_to(&self, world: &World, person: &str) {
        know(world, person, &self.socket.display().to_string());
    }
}

#[test]
fn a_change_is_approved_and_started_with_keys_only_in_agents() {
    if !tools() {
        return;
    }
    let world = World::founded();
    let _agents = ["erin", "carol", "dave"].map(|person| Stock::holding(&world, person));
    // A public key file and no configured key at all both select the only key of the agent.
    name_public(&world, "carol");
    world.write("change.toml", CHANGE);
    world.ok("erin", "file change.toml");
    let revision = world.revision("CHG-1").filed;
    for person in ["carol", "dave"] {
        let output = world.run(person, &format!("approve CHG-1 --revision {revision}"));
        assert_eq!(output.exit, Exit::Done, "{}", output.screen);
        assert!(output.err.contains("waiting for the ssh-agent to sign with SHA256:"), "{}", output.screen);
    }
    world.at("2026-12-01T10:00:00Z");
    world.ok("erin", "start CHG-1");
    assert!(world.ok("carol", "inbox --json").contains("\"person\":\"carol\""));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_register_is_founded_with_keys_in_agents() {
    if !tools() {
        return;
    }
    let world = World::empty();
    let mut agents = Vec::new();
    for person in ["alice", "bob"] {
        world.person(person);
        agents.push(Stock::holding(&world, person));
        world.ok(person, &format!("person request {person} --register prod --out {person}.request"));
    }
    world.ok("alice", "init --name prod --member alice=alice.request:admin --member bob=bob.request:admin");
    world.ok("bob", &format!("seal --fingerprint {0} --digest {0}", world.fingerprint()));
    assert_eq!(world.entries(), 2);

    // The old key in the agent vouches for a new key in a file.
    world.ok("bob", "key new --no-passphrase new.key");
    world.ok("bob", "person request bob --key new.key --vouch people/bob/key.pub --out new.request");
    assert!(fs::read_to_string(world.path("new.request")).unwrap().contains("\nvouch"));
    world.ok("alice", "person add-key new.request");
}

#[test]
fn a_locked_file_needs_no_passphrase_if_the_agent_holds_its_key() {
    if !tools() {
        return;
    }
    let world = World::empty();
    fs::create_dir_all(world.path("people/erin")).unwrap();
    world.run_typing("erin", "key new people/erin/key", &["secret", "secret"]);
    let request = "person request erin --register prod --out ";
    let askpass = script(&world, "askpass", "echo secret");
    let agent = Stock::start(&world, "erin", &askpass);
    world.variable("erin", "SSH_AUTH_SOCK", Some(&agent.socket.display().to_string()));

    // The agent lacks the key: the passphrase is asked, and the agent is not mentioned.
    let output = world.run_typing("erin", &format!("{request}one"), &["secret"]);
    assert_eq!((output.exit, output.screen.contains("Passphrase of")), (Exit::Done, true), "{}", output.screen);
    assert!(!output.screen.contains("agent"), "{}", output.screen);

    agent.add(&world, "people/erin/key");
    let output = world.run_typing("erin", &format!("{request}two"), &[]);
    assert_eq!((output.exit, output.screen.contains("Passphrase of")), (Exit::Done, false), "{}", output.screen);
    world.ok("erin", &format!("{request}three"));
    for other in ["two", "three"] {
        assert_eq!(fs::read(world.path("one")).unwrap(), fs::read(world.path(other)).unwrap());
    }
    // With --passphrase-file the key file is used.
    world.write("words", "wrong\n");
    fs::set_permissions(world.path("words"), fs::Permissions::from_mode(0o600)).unwrap();
    let with_file = format!("{request}four --passphrase-file words");
    world.fails("erin", &with_file, Exit::Invalid, "wrong passphrase");

    drop(agent);
    world.fails("erin", &format!("{request}four"), Exit::Invalid, "no terminal to ask on");
}

#[test]
fn a_locked_agent_shows_no_keys_and_says_so() {
    if !tools() {
        return;
    }
    let world = World::filed();
    let askpass = script(&world, "askpass", "echo secret");
    let agent = Stock::start(&world, "carol", &askpass);
    agent.add(&world, "people/carol/key");
    agent.known_to(&world, "carol");
    agent.add(&world, "-x");
    world.fails("carol", &approval(&world), Exit::Invalid, "no key given, and the ssh-agent holds no Ed25519 key");
    world.fails("carol", &approval(&world), Exit::Invalid, "unlock the agent with `ssh-add -X`");
    name_public(&world, "carol");
    let complaint = format!("does not hold the key {}", world.signer("carol").public().fingerprint());
    world.fails("carol", &approval(&world), Exit::Environment, &complaint);
    world.fails("carol", &approval(&world), Exit::Environment, "it lists no Ed25519 key");
    world.fails("carol", &approval(&world), Exit::Environment, "unlock a locked agent");
    agent.add(&world, "-X");
    world.ok("carol", &approval(&world));
}

#[test]
fn nothing_is_recorded_if_the_owner_does_not_confirm() {
    if !tools() {
        return;
    }
    let world = World::filed();
    for (person, askpass) in [("carol", "/bin/false"), ("dave", "/bin/true")] {
        let agent = Stock::start(&world, person, askpass);
        agent.add(&world, &format!("-c people/{person}/key"));
        agent.known_to(&world, person);
        if person == "carol" {
            world.fails(person, &approval(&world), Exit::Environment, "refused to sign");
            world.fails(person, &approval(&world), Exit::Environment, "hint: nobody confirmed");
        } else {
            world.ok(person, &approval(&world));
        }
    }
}

#[test]
fn the_only_enrolled_key_is_chosen_and_several_need_a_choice() {
    if !tools() {
        return;
    }
    let world = World::filed();
    let agent = Stock::start(&world, "carol", "/bin/false");
    agent.known_to(&world, "carol");
    world.fails("carol", &approval(&world), Exit::Invalid, "the ssh-agent holds no Ed25519 key");
    world.ok("frank", "key new --no-passphrase 'a key of frank'");
    agent.add(&world, "'a key of frank'");
    let complaint = "the one Ed25519 key in the ssh-agent is not enrolled here";
    world.fails("carol", &approval(&world), Exit::Invalid, complaint);
    agent.add(&world, "people/carol/key");
    agent.add(&world, "people/dave/key");
    let keys = ["carol", "dave"].map(|it| world.signer(it).public().fingerprint());
    let complaint = format!("the ssh-agent holds 2 usable keys: {} (key), {} (key)", keys[0], keys[1]);
    world.fails("carol", &approval(&world), Exit::Invalid, &complaint);
    world.fails("carol", &approval(&world), Exit::Invalid, "hint: choose one with --key");
    world.ok("carol", &format!("{} --key people/carol/key.pub", approval(&world)));
    // A suspended key is not a candidate.
    world.ok("alice", &format!("key suspend {}", keys[0]));
    world.ok("carol", &approval(&world));
    assert_eq!(world.change("CHG-1").votes().last().unwrap().person.as_str(), "dave");
    // An enrolment request may be for any key, so several keys need a choice.
    let request = "person request frank --register new --out request";
    world.fails("carol", request, Exit::Invalid, "holds 3 usable keys");
}

#[test]
fn other_keys_in_the_agent_do_not_count() {
    if !tools() || !stock_tool("ssh-keygen") {
        return;
    }
    let world = World::filed();
    let agent = Stock::start(&world, "carol", "/bin/false");
    for (file, options) in [("rsa", "-t rsa -b 2048"), ("ecdsa", "-t ecdsa")] {
        let mut command = Command::new("ssh-keygen");
        command.args(words(&format!("-q {options} -f {file} -N ''"))).current_dir(world.path(""));
        assert!(command.status().unwrap().success());
        agent.add(&world, file);
        let complaint = "only Ed25519 is supported";
        world.fails("carol", &format!("{} --key {file}.pub", approval(&world)), Exit::Invalid, complaint);
    }
    agent.known_to(&world, "carol");
    world.fails("carol", &approval(&world), Exit::Invalid, "the ssh-agent holds no Ed25519 key");
    agent.add(&world, "people/carol/key");
    world.ok("carol", &approval(&world));
}

// No agent

#[test]
fn a_public_key_without_an_agent_is_no_key() {
    let world = World::filed();
    name_public(&world, "carol");
    let approve = approval(&world);
    world.fails("carol", &approve, Exit::Environment, "SSH_AUTH_SOCK is not set");
    world.fails("carol", &approve, Exit::Environment, "hint: use --key FILE with the private key; or start an agent");
    let socket = world.path("agent").display().to_string();
    world.variable("carol", "SSH_AUTH_SOCK", Some(&socket));
    let complaint = format!("cannot reach the ssh-agent at {socket}: No such file");
    world.fails("carol", &approve, Exit::Environment, &complaint);
    // A socket without an agent.
    drop(UnixListener::bind(world.path("agent")).unwrap());
    let complaint = format!("cannot reach the ssh-agent at {socket}: Connection refused");
    world.fails("carol", &approve, Exit::Environment, &complaint);
    world.fails("carol", &approve, Exit::Environment, "hint: the agent may have ended, or its forwarding");
    world.variable("carol", "SSH_AUTH_SOCK", Some(&format!("/{}", "long/".repeat(40))));
    world.fails("carol", &approve, Exit::Environment, "cannot reach the ssh-agent at");
    // Reading needs no agent.
    assert!(world.ok("carol", "inbox --json").contains("\"person\":\"carol\""));
}

#[test]
fn a_public_key_file_must_be_one() {
    let world = World::filed();
    let whole = fs::read_to_string(world.path("people/carol/key.pub")).unwrap();
    for (name, content) in [
        ("two", format!("{whole}{whole}")),
        ("cut", whole[..40].to_owned()),
        ("bare", "ssh-ed25519\n".to_owned()),
        ("noise", format!("ssh-ed25519 {}", "!".repeat(68))),
    ] {
        world.write(name, content);
        let complaint = "is not a single OpenSSH Ed25519 public key";
        world.fails("carol", &format!("{} --key {name}", approval(&world)), Exit::Invalid, complaint);
    }
    // A long comment and empty lines are ignored.
    world.write("long", format!("{} {}\n\n", whole.trim(), "x".repeat(1 << 20)));
    world.write("spaced", format!("{whole}\n\n"));
    world.write("indented", format!("\n# my key\n  # its second comment\n \t{whole}"));
    let words: Vec<&str> = whole.split(' ').take(2).collect();
    fs::write(world.path("latin1"), [words.join(" ").as_bytes(), b" J\xfcrgen\r\n"].concat()).unwrap();
    for name in ["long", "spaced", "indented", "latin1"] {
        let line = format!("{} --key {name}", approval(&world));
        world.fails("carol", &line, Exit::Environment, "SSH_AUTH_SOCK is not set");
    }
    world.write(
        "weak",
        format!("ssh-ed25519 {}", "AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    );
    let line = format!("{} --key weak", approval(&world));
    world.fails("carol", &line, Exit::Invalid, "a weak key of small order");
}
