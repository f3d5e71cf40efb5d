//! The check of signed notes and of the checkpoints in them.

use ed25519_dalek::Signer as _;
use twinseal::domain::PublicKey;
use twinseal::format::checkpoint::Checkpoint;
use twinseal::format::note::{Note, NoteError, NoteSignature};

use super::{check_characters, check_message, own_key, own_point};

/// Input: a signed note. If it holds a checkpoint, that is also checked with our own signature.
pub fn note(data: &[u8]) {
    let note = match Note::read(data) {
        Err(error) => return check_message(error),
        Ok(note) => note,
    };
    assert_eq!(note.to_string().as_bytes(), data);
    let own = PublicKey::from_bytes(own_point()).unwrap();
    match Checkpoint::read(note.text()) {
        Err(error) => check_message(error),
        Ok(checkpoint) => {
            assert_eq!(checkpoint.to_string(), note.text());
            check_characters(note.text().as_bytes());
            let origin = checkpoint.origin.to_string();
            // A fuzzer cannot make a signature by our own key.
            let signers = note.signers(&origin, &[own]);
            assert!(matches!(signers, Err(NoteError::Forged(_) | NoteError::Unsigned)) || signers == Ok(vec![own]));
            let signature = own_key().sign(note.text().as_bytes()).to_bytes();
            let line = NoteSignature::of_register(&checkpoint.origin, &own, &signature);
            let signed = Note::new(note.text().to_owned(), vec![line]).unwrap();
            assert_eq!(Note::read(signed.to_string().as_bytes()).as_ref(), Ok(&signed));
            assert_eq!(signed.signers(&origin, &[own]), Ok(vec![own]));
        }
    }
}
