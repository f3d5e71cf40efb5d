//! Checkpoints signed with keys in agents: over their text, and believed only if the signature verifies.

use std::path::Path;

use super::hostile::{data, fake_signing, secret, signature, string};
use super::stock::Stock;
use super::tools;
use crate::support::World;
use ed25519_dalek::SigningKey;
use twinseal::domain::{Digest, PublicKey};
use twinseal::format::checkpoint::Checkpoint;
use twinseal::format::note::{Note, NoteSignature};
use twinseal::format::sshsig;
use twinseal::signer::{Agent, KeyError};

fn checkpoint() -> Checkpoint {
    let origin = "prod#00112233445566778899aabbccddeeff".parse().unwrap();
    Checkpoint { origin, size: 7, root: Digest::new([7; 32]) }
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(key.verifying_key().to_bytes()).unwrap()
}

fn signed(socket: &Path, key: PublicKey) -> Result<NoteSignature, KeyError> {
    Agent::at(socket.to_owned()).signer(key)?.sign_checkpoint(&checkpoint())
}

#[test]
fn the_stock_agent_signs_a_checkpoint_as_it_is() {
    if !tools() {
        return;
    }
    let world = World::empty();
    world.person("carol");
    let key = public(&secret(&world, "carol"));
    let agent = Stock::holding(&world, "carol");
    let line = signed(&agent.socket, key).unwrap();
    let note = Note::new(checkpoint().to_string(), vec![line]).unwrap();
    assert_eq!(note.signers("prod#00112233445566778899aabbccddeeff", &[key]), Ok(vec![key]));
}

#[test]
fn an_agent_is_asked_for_the_text_alone_and_a_signature_over_anything_else_is_refused() {
    let world = World::empty();
    world.person("carol");
    let (key, text) = (secret(&world, "carol"), checkpoint().to_string());
    let asked = fake_signing(&world, |key, request| string(&signature(key, data(request))));
    signed(&world.path("fake.agent"), public(&key)).unwrap();
    assert_eq!(data(asked.lock().unwrap().last().unwrap()), text.as_bytes());
    let others = [sshsig::signed_data("twinseal/change.approve/v1", text.as_bytes()), b"prod".to_vec()];
    for other in others {
        fake_signing(&world, move |key, _| string(&signature(key, &other)));
        let refused = signed(&world.path("fake.agent"), public(&key)).unwrap_err().to_string();
        assert!(refused.contains("a signature that does not verify"), "{refused}");
    }
    fake_signing(&world, |_, request| string(&signature(&SigningKey::from_bytes(&[9; 32]), data(request))));
    assert!(signed(&world.path("fake.agent"), public(&key)).is_err());
}
