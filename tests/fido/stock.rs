//! A FIDO key of `sk-dummy.so` with OpenSSH's own programs: the library stands for a token that is always touched.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use twinseal::domain::Touch;
use twinseal::error::Exit;

use crate::support::{Killed, World, stock_tool};

/// The library of OpenSSH's tests that stands for a token, if it is installed.
fn dummy() -> Option<PathBuf> {
    let path = PathBuf::from("/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so");
    let there = path.is_file() && ["ssh-keygen", "ssh-agent", "ssh-add"].into_iter().all(stock_tool);
    assert!(there || std::env::var("CI").as_deref() != Ok("true"), "sk-dummy.so is missing, and CI must not skip");
    if !there {
        eprintln!("skipped: sk-dummy.so is not installed");
    }
    there.then_some(path)
}

/// Makes a key of that token, and gives its file to a person.
fn give(world: &World, person: &str, provider: &Path) {
    let path = world.path(&format!("people/{person}/key"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519-sk", "-O", "application=ssh:desk", "-N", "", "-C", "token", "-w"]);
    assert!(command.arg(provider).arg("-f").arg(&path).status().unwrap().success());
    world.raw_variable(person, "SSH_SK_PROVIDER", Some(provider.into()));
}

/// Enrols frank with his key.
fn enrol(world: &World) {
    let request = format!("person request frank --register {} --role approver --out frank.request", world.named());
    world.ok("frank", &request);
    let request = fs::read_to_string(world.path("frank.request")).unwrap();
    assert!(request.contains("public-key sk-ssh-ed25519@openssh.com "), "{request}");
    world.ok("alice", "person enrol frank=frank.request:approver");
    world.ok("bob", &format!("proposal second 1 --digest {}", world.newest_proposal().opened));
}

fn approval(world: &World) -> String {
    format!("approve CHG-1 --revision {} --fingerprint {}", world.revision("CHG-1").filed, world.fingerprint())
}

/// Asserts that frank approved with his token, and that everybody's verifier says so.
fn approved(world: &World) {
    let vote = world.change("CHG-1").approvals().next().unwrap().clone();
    assert!(vote.person.as_str() == "frank" && vote.touch.is_some_and(Touch::is_touched), "{vote:?}");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
    crate::outside::prove(world).unwrap();
}

#[test]
fn ssh_keygen_signs_with_the_token_to_which_a_key_file_belongs() {
    let Some(provider) = dummy() else { return };
    let world = World::filed();
    give(&world, "frank", &provider);
    let shown = world.ok("frank", "key show people/frank/key");
    assert!(shown.contains("sk-ssh-ed25519@openssh.com") && shown.contains("in a FIDO token"), "{shown}");
    enrol(&world);
    world.ok("frank", &approval(&world));
    approved(&world);
    // Nothing that was signed is left behind.
    let state = world.path("people/frank/.local/state/twinseal");
    let left = fs::read_dir(state)
        .unwrap()
        .filter(|it| it.as_ref().unwrap().file_name().as_encoded_bytes().starts_with(b"fido"));
    assert_eq!(left.count(), 0);
    assert!(world.ok("frank", "doctor").contains("in a FIDO token"));
    world.fails("frank", "checkpoint --out head", Exit::Invalid, "a FIDO key cannot sign a checkpoint");
    // A token that is not there signs nothing.
    world.variable("frank", "SSH_SK_PROVIDER", Some("/nonexistent/provider.so"));
    let retract = "retract CHG-1 --reason 'The test was of the old build.'";
    world.fails("frank", retract, Exit::Environment, "ssh-keygen did not sign with the FIDO key");
}

#[test]
fn ssh_agent_signs_with_the_token() {
    let Some(provider) = dummy() else { return };
    let world = World::filed();
    give(&world, "frank", &provider);
    let socket = world.path("frank.agent");
    let mut command = Command::new("ssh-agent");
    command.args(["-D", "-P", "/usr/lib/*"]).arg("-a").arg(&socket).stdin(Stdio::null()).stdout(Stdio::null());
    let _agent = Killed(command.spawn().unwrap());
    while UnixStream::connect(&socket).is_err() {
        thread::sleep(Duration::from_millis(10));
    }
    let mut add = Command::new("ssh-add");
    add.args(["-q", "-S"]).arg(&provider).arg(world.path("people/frank/key")).env("SSH_AUTH_SOCK", &socket);
    assert!(add.stdin(Stdio::null()).status().unwrap().success());
    fs::remove_file(world.path("people/frank/key")).unwrap();
    world.variable("frank", "SSH_AUTH_SOCK", Some(&socket.display().to_string()));
    world.variable("frank", "TWINSEAL_KEY", Some(&world.path("people/frank/key.pub").display().to_string()));
    enrol(&world);
    world.ok("frank", &approval(&world));
    approved(&world);
}
