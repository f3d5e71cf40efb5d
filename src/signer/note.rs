//! Signatures on checkpoints: over their text itself, as tools for signed notes verify them, not over an SSHSIG of it.

use ed25519_dalek::Signer as _;

use super::{KeyError, Signer, Source};
use crate::domain::PublicKey;
use crate::format::checkpoint::Checkpoint;
use crate::format::{Keys, note::NoteSignature};

/// Fails for a key that cannot sign a checkpoint: a FIDO key signs more than the bytes that it is given.
///
/// # Errors
/// [`KeyError::NoCheckpoint`].
pub fn check_signs_notes(key: &PublicKey) -> Result<(), KeyError> {
    if key.application().is_some() { Err(KeyError::NoCheckpoint) } else { Ok(()) }
}

impl Signer {
    /// Signs a checkpoint, under its register's id as key name. Nothing else is ever signed without SSHSIG around it:
    /// [`crate::format::checkpoint`] says why the text cannot be taken for anything else.
    ///
    /// # Errors
    /// [`KeyError::Agent`], [`KeyError::NoCheckpoint`]. A key in memory always signs.
    pub fn sign_checkpoint(&self, checkpoint: &Checkpoint) -> Result<NoteSignature, KeyError> {
        check_signs_notes(&self.public)?;
        let text = checkpoint.to_string();
        let signature = match &self.source {
            Source::Memory(key) => key.sign(text.as_bytes()).to_bytes(),
            Source::Agent(agent) => {
                let (signature, _) = agent.sign(&self.public, text.as_bytes())?;
                // Anything can listen at the socket: it may have signed other data, or with another key.
                if !Keys::default().verify_strict(self.public.as_bytes(), text.as_bytes(), &signature) {
                    return Err(agent.bad_signature(&self.public).into());
                }
                signature
            }
            Source::Token(_) => return Err(KeyError::NoCheckpoint),
        };
        Ok(NoteSignature::of_register(&checkpoint.origin, &self.public, &signature))
    }
}
