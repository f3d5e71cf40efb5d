//! `export allowed-signers`, as stock `ssh-keygen` takes it.

use std::fs;
use std::path::Path;

use super::full_life::{full_life, second};
use super::{body, sh, stock_tools};
use crate::support::World;
use twinseal::error::Exit;

/// Verifies the signature of a message with the exported file, at a time, and returns the exit code with the output.
fn verify(folder: &Path, (person, namespace, time): (&str, &str, &str)) -> (i32, String) {
    let time = time.replace(['-', ':', 'T'], "");
    sh(
        folder,
        &format!("ssh-keygen -Y verify -f signers -I {person} -n {namespace} -Overify-time={time} -s sig < body"),
    )
}

/// Writes the exported file, and body and signature of an entry. Returns its actor, namespace and time.
fn unpack(world: &World, seq: u64) -> (String, String, String) {
    let raw = world.raw(seq);
    let (blob, body) = (String::from_utf8(raw.blob.clone()).unwrap(), body(&raw));
    let sig = blob.rsplit_once("\nsig ").unwrap().1;
    world.write("body", &body);
    world.write("sig", format!("-----BEGIN SSH SIGNATURE-----\n{sig}-----END SSH SIGNATURE-----\n"));
    let value = |key: &str| body.lines().find_map(|line| line.strip_prefix(key)).unwrap().to_owned();
    (value("actor "), body.lines().next().unwrap().to_owned(), value("time "))
}

#[test]
fn ssh_keygen_accepts_each_entry_at_its_time_and_nothing_else() {
    if !stock_tools(&["ssh-keygen"]) {
        return;
    }
    let world = full_life();
    let reader = world.signer("alice").public();
    world.write("signers", world.ok("audrey", "export allowed-signers"));
    let folder = world.path("");
    for seq in 0..world.entries() {
        let (actor, namespace, time) = unpack(&world, seq);
        let (code, printed) = verify(&folder, (&actor, &namespace, &time));
        assert!(code == 0, "{seq}: {printed}");
        for other in [("audrey", namespace.as_str()), (actor.as_str(), "git"), (actor.as_str(), "file")] {
            assert!(other.0 == actor && other.1 == namespace || verify(&folder, (other.0, other.1, &time)).0 != 0);
        }
    }
    let signers = fs::read_to_string(world.path("signers")).unwrap();
    assert!(signers.starts_with(&format!("# register {}, up to entry ", world.state().id().unwrap())), "{signers}");
    let alices = format!("alice namespaces=\"twinseal/*\" {reader}\n");
    assert_eq!(signers.matches(&alices).count(), 1, "{signers}");
}

#[test]
fn a_key_that_has_ended_signs_nothing_later() {
    if !stock_tools(&["ssh-keygen"]) {
        return;
    }
    let world = World::filed();
    world.approve("carol", "CHG-1");
    let (folder, seq) = (world.path(""), world.entries() - 1);
    let first = world.signer("carol").public().fingerprint();
    world.ok("carol", "key new --no-passphrase people/carol/second");
    let id = world.named();
    world.ok("carol", &format!("person request carol --register {id} --key people/carol/second --out next.request"));
    world.ok("alice", "person add-key next.request");
    second(&world, "1");
    let holds_at = |time: &str| {
        world.write("signers", world.ok("audrey", "export allowed-signers"));
        let (actor, namespace, _) = unpack(&world, seq);
        verify(&folder, (&actor, &namespace, time)).0 == 0
    };
    assert!(holds_at("2026-12-01T09:00:00Z") && holds_at("2026-12-01T11:00:01Z"));
    // It ends with the suspension, not with the revocation after it.
    world.at("2026-12-01T11:00:00Z");
    world.ok("bob", &format!("key suspend {first}"));
    world.at("2026-12-01T13:00:00Z");
    world.ok("carol", &format!("key revoke {first} --key people/carol/second"));
    assert!(holds_at("2026-12-01T11:00:00Z") && !holds_at("2026-12-01T11:00:01Z"));
}

#[test]
fn a_suspended_key_signs_again_once_it_is_lifted() {
    if !stock_tools(&["ssh-keygen"]) {
        return;
    }
    let world = World::founded();
    let carol = world.signer("carol").public();
    let line = || {
        let signers = world.ok("audrey", "export allowed-signers");
        signers.lines().find(|line| line.ends_with(&carol.to_string())).unwrap().to_owned()
    };
    world.ok("bob", &format!("key suspend {}", carol.fingerprint()));
    assert_eq!(line(), format!("carol namespaces=\"twinseal/*\",valid-before=\"20261201090000Z\" {carol}"));
    world.ok("alice", &format!("key lift {}", carol.fingerprint()));
    second(&world, "1");
    assert_eq!(line(), format!("carol namespaces=\"twinseal/*\" {carol}"));
    world.at("2026-12-01T12:00:00Z");
    world.ok("alice", "person retire carol");
    second(&world, "2");
    assert_eq!(line(), format!("carol namespaces=\"twinseal/*\",valid-before=\"20261201120000Z\" {carol}"));
}

#[test]
fn allowed_signers_are_not_printed_as_json() {
    let world = World::founded();
    world.fails("carol", "--json export allowed-signers", Exit::Invalid, "prints lines for OpenSSH, not JSON");
}

#[test]
fn a_clock_that_was_set_back_ends_no_key_before_it_ended() {
    let world = World::filed();
    world.at("2026-12-01T11:00:00Z");
    for person in ["audrey", "dave", "erin"] {
        world.ok(person, "note CHG-1 Seen.");
    }
    world.at("2026-12-01T09:30:00Z");
    let carol = world.signer("carol").public();
    world.ok("bob", &format!("key suspend {}", carol.fingerprint()));
    let signers = world.ok("audrey", "export allowed-signers");
    let line = format!("carol namespaces=\"twinseal/*\",valid-before=\"20261201105500Z\" {carol}");
    assert!(signers.lines().any(|it| it == line), "{signers}");
}
