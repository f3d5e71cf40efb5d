//! Enrolling FIDO keys: with their application, and each point of the curve once.

use std::fs;

use ed25519_dalek::Signer as _;
use twinseal::domain::{Action, Asked, Digest, Event, PersonId, ProposalId, PublicKey};
use twinseal::error::Exit;
use twinseal::format::{request, sshsig};

use crate::support::World;
use crate::support::token::Token;

#[test]
fn a_fido_key_is_enrolled_with_its_application_and_listed() {
    let world = World::filed();
    let token = Token::for_application(1, "ssh:desk");
    world.enrol_token("frank", &token, "");
    let line = token.public().to_string();
    let request = fs::read_to_string(world.path("frank.request")).unwrap();
    assert!(request.contains(&format!("public-key {line}\n")), "{request}");
    let json: serde_json::Value = world.ok("frank", "--json person show frank").parse().unwrap();
    assert_eq!(json["keys"][0]["public_key"], line.as_str(), "{json:#}");
    // Whoever seconds sees what kind of key it is, and everybody later.
    let named = format!("{} (FIDO key for ssh:desk)", token.public().fingerprint());
    for shown in ["proposal show 1", "person show frank"] {
        assert!(world.ok("bob", shown).replace('\n', " ").contains(&named), "{shown}");
    }
    assert!(world.ok("frank", "export allowed-signers").contains(&line));
    let keys = "SELECT public_key FROM keys WHERE person = 'frank'";
    assert_eq!(world.sql().query_row(keys, [], |row| row.get::<_, String>(0)).unwrap(), line);
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

/// A proposal that adds this key to a person, with a proof by `sign`.
fn added(world: &World, person: &str, key: PublicKey, sign: impl Fn(&str, &[u8]) -> Vec<u8>) -> Event {
    let state = world.state();
    let (person, asked): (PersonId, Asked) = (person.parse().unwrap(), world.asked());
    let register = request::RegisterRef::Existing(state.id().unwrap().clone());
    let proof = sign(request::NAMESPACE, request::body(&register, &person, &asked, &key).as_bytes());
    let action = Action::AddKey { person, asked, key, proof, vouch: None };
    Event::Propose { proposal: ProposalId::after(state.governance().proposals()), action }
}

/// Asserts that nobody can be given this key, not even by an entry that is forced into the log.
#[track_caller]
fn taken(world: &World, person: &str, key: PublicKey, sign: impl Fn(&str, &[u8]) -> Vec<u8>) {
    let event = added(world, person, key, sign);
    crate::rules::forbidden(world, "alice", event, None, "key-once");
}

#[test]
fn the_same_point_is_enrolled_once_whatever_its_application() {
    let world = World::filed();
    let token = Token::new(1);
    world.enrol_token("frank", &token, "");
    let other = Token::for_application(1, "ssh:desk");
    let plain = PublicKey::from_bytes(token.secret().verifying_key().to_bytes()).unwrap();
    for person in ["frank", "carol"] {
        taken(&world, person, token.public(), |namespace, message| token.sign(namespace, message));
        taken(&world, person, other.public(), |namespace, message| other.sign(namespace, message));
        taken(&world, person, plain, |namespace, message| {
            let signature = token.secret().sign(&sshsig::signed_data(namespace, message)).to_bytes();
            sshsig::encode(plain.as_bytes(), namespace, &signature)
        });
    }
    // A revoked key stays taken.
    world.ok("frank", &format!("key revoke {}", token.public().fingerprint()));
    taken(&world, "carol", other.public(), |namespace, message| other.sign(namespace, message));
}

#[test]
fn the_point_of_a_plain_key_is_taken_for_every_application() {
    let world = World::filed();
    let secret = ssh_key::PrivateKey::read_openssh_file(world.path("people/dave/key")).unwrap();
    let seed = secret.key_data().ed25519().unwrap().private.to_bytes();
    let token = Token::with_seed(seed);
    taken(&world, "carol", token.public(), |namespace, message| token.sign(namespace, message));
}

#[test]
fn a_key_that_a_token_holds_is_not_taken_after_a_proposal_that_was_declined() {
    let world = World::filed();
    let token = Token::new(1);
    world.plug("frank", &token);
    let request = format!("person request frank --register {} --role approver --out frank.request", world.named());
    world.ok("frank", &request);
    world.ok("alice", "person enrol frank=frank.request:approver");
    world.ok("bob", "proposal decline 1 --reason 'Not yet.'");
    world.ok("alice", "person enrol frank=frank.request:approver");
    let opened: Digest = world.newest_proposal().opened;
    world.ok("bob", &format!("proposal second 2 --digest {opened}"));
    assert_eq!(world.findings("audrey"), Vec::<String>::new());
}

#[test]
fn a_request_that_the_token_signed_untouched_is_refused() {
    let world = World::filed();
    let token = Token::new(1);
    token.says(0, 3);
    world.plug("frank", &token);
    let request = format!("person request frank --register {} --role approver --out frank.request", world.named());
    let output = world.run("frank", &request);
    assert_eq!(output.exit, Exit::Environment, "{}", output.screen);
    assert!(output.err.contains("signed without being touched"), "{}", output.screen);
    assert!(output.err.contains("-O no-touch-required"), "{}", output.screen);
}

#[test]
fn a_missing_row_of_a_point_is_not_taken_for_a_key_that_never_was() {
    let world = World::filed();
    world.enrol_token("frank", &Token::new(1), "");
    world.plug("grace", &Token::for_application(1, "ssh:desk"));
    let request = format!("person request grace --register {} --role approver --out grace.request", world.named());
    world.ok("grace", &request);
    let enrol = "person enrol grace=grace.request:approver";
    world.fails("alice", enrol, Exit::Refused, "is or was enrolled");
    let folder = format!("people/alice/.local/state/twinseal/{}", world.fingerprint());
    let cache = rusqlite::Connection::open(world.path(&format!("{folder}/verified.sqlite"))).unwrap();
    assert_eq!(cache.execute("DELETE FROM state WHERE key GLOB 'point/*'", []), Ok(1));
    drop(cache);
    world.fails("alice", enrol, Exit::Environment, "is missing");
    // The cache is made again from the log.
    world.fails("alice", enrol, Exit::Refused, "is or was enrolled");
}
