//! Agents that lie, hang or send malformed answers.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::stock::Stock;
use super::{approval, know, name_public, tools};
use crate::support::World;
use ed25519_dalek::{Signer as _, SigningKey};
use twinseal::domain::wire;
use twinseal::error::Exit;

/// A length-prefixed string, as in the agent protocol.
pub(super) fn string(part: &[u8]) -> Vec<u8> {
    [&u32::try_from(part.len()).unwrap().to_be_bytes(), part].concat()
}

/// A person's private key.
pub(super) fn secret(world: &World, person: &str) -> SigningKey {
    let key = ssh_key::PrivateKey::read_openssh_file(world.path(&format!("people/{person}/key"))).unwrap();
    SigningKey::from_bytes(&key.key_data().ed25519().unwrap().private.to_bytes())
}

/// A valid list of one key.
fn list(key: &SigningKey) -> Vec<u8> {
    let blob = wire(&key.verifying_key().to_bytes());
    [&[12, 0, 0, 0, 1][..], &string(&blob), &string(b"of carol")].concat()
}

/// A valid signature.
pub(super) fn signature(key: &SigningKey, data: &[u8]) -> Vec<u8> {
    let inner = [string(b"ssh-ed25519"), string(&key.sign(data).to_bytes())].concat();
    [&[14][..], &string(&inner)].concat()
}

/// The data to sign in a sign request.
pub(super) fn data(request: &[u8]) -> &[u8] {
    &request[1 + 4 + 51 + 4..request.len() - 4]
}

/// Listens on a socket and answers each request with these bytes; with empty bytes it never answers. Returns the
/// requests received so far.
fn fake(world: &World, answer: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static) -> Arc<Mutex<Vec<Vec<u8>>>> {
    let socket = world.path("fake.agent");
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).unwrap();
    know(world, "carol", &socket.display().to_string());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (seen, mut answer) = (Arc::clone(&asked), answer);
    thread::spawn(move || {
        let mut hanging = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut length = [0; 4];
            if stream.read_exact(&mut length).is_err() {
                continue;
            }
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            seen.lock().unwrap().push(request.clone());
            let answer = answer(&request);
            let _ = stream.write_all(&answer);
            if answer.is_empty() {
                hanging.push(stream);
            }
        }
    });
    asked
}

/// Like [`fake`], with a valid list and the given signatures.
pub(super) fn fake_signing(
    world: &World,
    mut sign: impl FnMut(&SigningKey, &[u8]) -> Vec<u8> + Send + 'static,
) -> Arc<Mutex<Vec<Vec<u8>>>> {
    let key = secret(world, "carol");
    let answer = move |request: &[u8]| match request[0] {
        11 => string(&list(&key)),
        _ => sign(&key, request),
    };
    fake(world, answer)
}

#[test]
fn an_honest_agent_is_understood() {
    let world = World::filed();
    let asked = fake_signing(&world, |key, request| string(&signature(key, data(request))));
    world.ok("carol", &approval(&world));
    let asked = asked.lock().unwrap();
    let kinds: Vec<u8> = asked.iter().map(|it| it[0]).collect();
    assert_eq!(kinds, [11, 11, 13], "chosen, made sure of, asked to sign");
    assert!(data(&asked[2]).starts_with(b"SSHSIG\0\0\0\x1atwinseal/change.approve/v1"));
    assert!(asked[2].ends_with(&[0; 4]), "flags");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn lists_that_lie_are_no_lists() {
    let world = World::filed();
    let honest = list(&secret(&world, "carol"));
    let nonsense = "when asked to list its keys: ";
    let mut more = honest.clone();
    more.push(0);
    for (what, answer) in [
        ("nothing in it", string(b"")),
        ("of another type", string(&[14, 0, 0, 0, 0])),
        ("no type that there is", string(&[200])),
        ("breaks off in the length", vec![0, 0]),
        ("breaks off", string(&honest)[..20].to_vec()),
        ("breaks off before its count", string(&[12, 0, 0])),
        ("counts more than it has", string(&[&[12, 0xff, 0xff, 0xff, 0xff], &honest[5..]].concat())),
        ("goes on", string(&more)),
        ("a key longer than the answer", string(&[12, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 1, 2, 3])),
        ("four gigabytes", 0xffff_ffff_u32.to_be_bytes().to_vec()),
        ("a byte too long", [&(256 * 1024 + 1_u32).to_be_bytes()[..], &vec![12; 256 * 1024 + 1]].concat()),
        ("text", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
    ] {
        fake(&world, move |_| answer.clone());
        let output = world.run("carol", &approval(&world));
        assert_eq!(output.exit, Exit::Environment, "{what}: {}", output.screen);
        assert!(output.err.contains(nonsense), "{what}: {}", output.screen);
        assert!(output.err.contains("hint: nothing was signed; check what listens"), "{what}: {}", output.screen);
    }
    fake(&world, |_| string(&[5]));
    world.fails("carol", &approval(&world), Exit::Environment, "refused to list its keys");
    // A key of small order, which cannot be enrolled, is skipped, and its hostile comment is not shown.
    let weak = wire(&[[1].as_slice(), &[0; 31]].concat().try_into().unwrap());
    let evil = [&[12, 0, 0, 0, 2][..], &string(&weak), &string(b"\x1b[2J"), &honest[5..]].concat();
    fake(&world, move |_| string(&evil));
    world.variable("carol", "TWINSEAL_KEY", Some("people/dave/key.pub"));
    world.fails("carol", &approval(&world), Exit::Environment, "it lists 1 other Ed25519 key");
}

#[test]
fn what_is_no_signature_of_this_is_not_recorded() {
    let world = World::filed();
    let other = secret(&world, "dave");
    let nonsense = "when asked to sign: ";
    let holds_not = "does not verify with the key";
    type Sign = Box<dyn FnMut(&SigningKey, &[u8]) -> Vec<u8> + Send>;
    let cases: Vec<(&str, Sign)> = vec![
        (holds_not, Box::new(move |_, request| string(&signature(&other, data(request))))),
        (holds_not, Box::new(|key, _| string(&signature(key, b"another message")))),
        (
            holds_not,
            Box::new(|_, _| {
                string(&[&[14][..], &string(&[string(b"ssh-ed25519"), string(&[0; 64])].concat())].concat())
            }),
        ),
        (nonsense, Box::new(|key, request| string(&signature(key, data(request))[..40]))),
        (nonsense, Box::new(|key, request| string(&signature(key, data(request)))[..40].to_vec())),
        (nonsense, Box::new(|key, request| string(&[&signature(key, data(request))[..], &[0]].concat()))),
        (
            nonsense,
            Box::new(|_, _| string(&[&[14][..], &string(&[string(b"ssh-rsa"), string(&[0; 64])].concat())].concat())),
        ),
        (nonsense, Box::new(|_, _| string(&[14, 0xff, 0xff, 0xff, 0xff]))),
        (nonsense, Box::new(|key, _| string(&list(key)))),
        (nonsense, Box::new(|_, _| vec![0xff; 8])),
        ("refused to sign", Box::new(|_, _| string(&[5]))),
    ];
    for (complaint, sign) in cases {
        fake_signing(&world, sign);
        world.fails("carol", &approval(&world), Exit::Environment, complaint);
    }
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn proofs_of_an_agent_are_verified_too() {
    let world = World::filed();
    fake_signing(&world, |key, _| string(&signature(key, b"another message")));
    let request = "person request carol --register new --out request";
    world.fails("carol", request, Exit::Environment, "does not verify with the key");
    world.ok("carol", "key new --no-passphrase new.key");
    let vouched = format!("{request} --key new.key --vouch people/carol/key.pub");
    world.fails("carol", &vouched, Exit::Environment, "does not verify with the key");
    assert!(!world.path("request").exists());
}

#[test]
fn an_agent_that_does_not_answer_times_out() {
    let world = World::filed();
    let asked = fake(&world, |_| Vec::new());
    let begun = Instant::now();
    world.fails("carol", &approval(&world), Exit::Environment, "did not list its keys within 5 s");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(asked.lock().unwrap().len(), 1);

    // A key file with a passphrase still works.
    world.run_typing("carol", "key new locked", &["secret", "secret"]);
    let output = world.run_typing("carol", "person request carol --register new --key locked", &["secret"]);
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    assert!(output.err.contains("note: the ssh-agent at") && output.screen.contains("Passphrase of"));
}

// While the agent signs

/// A process in which alice adds a note. It must not wait for a lock.
fn note(world: &World) -> Command {
    let home = world.path("people/alice");
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
    command.args(["note", "CHG-1", "Meanwhile."]).current_dir(world.path("")).env_clear();
    command.env("HOME", &home).env("TWINSEAL_KEY", home.join("key")).env("TWINSEAL_REGISTER", "prod.db");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn others_record_while_the_agent_signs_and_then_it_signs_again() {
    let world = World::filed();
    let (mut note, mut times) = (note(&world), 0);
    let asked = fake_signing(&world, move |key, request| {
        times += 1;
        if times == 1 {
            let begun = Instant::now();
            assert!(note.status().unwrap().success());
            assert!(begun.elapsed() < Duration::from_secs(15), "the register was locked while the agent signed");
        }
        string(&signature(key, data(request)))
    });
    let output = world.run("carol", &approval(&world));
    assert_eq!(output.exit, Exit::Done, "{}", output.screen);
    let again = "another process recorded first; a new signature is needed";
    assert_eq!(output.err.matches(again).count(), 1, "{}", output.screen);
    assert_eq!(asked.lock().unwrap().iter().filter(|it| it[0] == 13).count(), 2);
    let actors: Vec<String> = (3..5).map(|seq| world.ok("audrey", &format!("log --seq {seq} --json"))).collect();
    assert!(actors[0].contains("\"alice\"") && actors[1].contains("\"carol\""), "{actors:?}");
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn the_agent_is_asked_a_limited_number_of_times() {
    let world = World::filed();
    let mut note = note(&world);
    let asked = fake_signing(&world, move |key, request| {
        assert!(note.status().unwrap().success());
        // Roughly the time of an owner who confirms without reading.
        thread::sleep(Duration::from_millis(600));
        string(&signature(key, data(request)))
    });
    let output = world.run("carol", &approval(&world));
    assert_eq!(output.exit, Exit::Environment, "{}", output.screen);
    let complaint = "gave up after 10 attempts";
    assert!(output.err.contains(complaint), "{}", output.screen);
    assert_eq!(asked.lock().unwrap().iter().filter(|it| it[0] == 13).count(), 10);
    assert!(world.change("CHG-1").votes().is_empty());
}

/// An agent that asks for no confirmation works like a key file: a process that loses the race to the head signs again.
#[test]
fn many_who_sign_with_agents_record_at_once() {
    if !tools() {
        return;
    }
    let world = World::filed();
    let agents = ["erin", "carol", "dave", "audrey"].map(|person| (person, Stock::holding(&world, person)));
    let note = |(person, agent): &(&str, Stock), n: usize| {
        let home = world.path(&format!("people/{person}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinseal"));
        command.args(["note", "CHG-1", &format!("Note {n}.")]).current_dir(world.path("")).env_clear();
        command.env("HOME", home).env("SSH_AUTH_SOCK", &agent.socket).env("TWINSEAL_REGISTER", "prod.db");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<Child> = (0..20).map(|n| note(&agents[n % 4], n)).collect();
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(world.entries(), 3 + 20);
    assert_eq!(world.findings("carol"), Vec::<String>::new());
}

#[test]
fn no_agent_is_asked_to_sign_a_refused_attempt() {
    let world = World::filed();
    let asked = fake_signing(&world, |key, request| string(&signature(key, data(request))));
    let entries = world.entries();
    for named in [false, true] {
        if named {
            name_public(&world, "carol");
        }
        world.fails("carol", "start CHG-1", Exit::Refused, "carol is not an implementer of CHG-1");
    }
    assert_eq!(world.entries(), entries);
    assert!(asked.lock().unwrap().iter().all(|it| it[0] == 11));
    // With the key file the refused attempt is recorded.
    world.variable("carol", "TWINSEAL_KEY", Some("people/carol/key"));
    world.fails("carol", "start CHG-1", Exit::Refused, "(recorded as entry 3)");
}

#[test]
fn no_agent_is_asked_to_sign_the_record_of_its_owners_refusal() {
    let mut signed = 0;
    for waits in 2..=8 {
        let world = World::filed();
        let asked = fake_signing(&world, |key, request| string(&signature(key, data(request))));
        let (mut env, recording) = world.env("carol", None);
        let (before, after) = ("2026-12-01T11:55:00Z".parse().unwrap(), "2026-12-01T12:00:00Z".parse().unwrap());
        // The window ends before the agent signs, or meanwhile.
        let reads = std::cell::Cell::new(0);
        env.clock = Box::new(move || {
            reads.set(reads.get() + 1);
            if reads.get() < waits { before } else { after }
        });
        let output = World::run_in(&mut env, &recording, &crate::support::words(&approval(&world)));
        let times = asked.lock().unwrap().iter().filter(|it| it[0] == 13).count();
        if output.exit == Exit::Refused {
            assert!(times <= 1, "{waits}: {}", output.screen);
            assert_eq!(world.entries(), 3, "{waits}: {}", output.screen);
            signed += times;
        }
    }
    assert!(signed > 0, "the window never ended while the agent signed");
}
