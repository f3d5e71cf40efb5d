//! Signatures as OpenSSH makes them (`ssh-keygen -Y sign`, OpenSSH PROTOCOL.sshsig), Ed25519 and SHA-512 only.
//!
//! What is signed is `"SSHSIG"`, then as SSH strings: namespace, nothing, `"sha512"`, SHA-512 of the message. A blob is
//! `"SSHSIG"`, version 1, then as SSH strings: key, namespace, nothing, `"sha512"`, signature. A blob is accepted only
//! if it is exactly what [`encode`] makes, so that there is one blob for one signature; and the signature is judged
//! with `verify_strict`, so that every reader reaches the same verdict. Many at once: `strict.rs`.

use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

use super::Defect;
use crate::domain::wire;

const MAGIC: &[u8] = b"SSHSIG";
const HASH: &[u8] = b"sha512";
const ALGORITHM: &[u8] = b"ssh-ed25519";

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

/// The bytes that the key signs.
pub fn signed_data(namespace: &str, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(MAGIC);
    for part in [namespace.as_bytes(), b"", HASH, &Sha512::digest(message)] {
        put(&mut out, part);
    }
    out
}

/// The binary blob for a signature by the key with this compressed point.
pub fn encode(key: &[u8; 32], namespace: &str, signature: &[u8; 64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&1u32.to_be_bytes());
    for part in [&wire(key), namespace.as_bytes(), b"", HASH] {
        put(&mut out, part);
    }
    let inner = 4 + ALGORITHM.len() + 4 + signature.len();
    out.extend_from_slice(&(inner as u32).to_be_bytes());
    put(&mut out, ALGORITHM);
    put(&mut out, signature);
    out
}

/// Key and signature of a blob for this namespace: read where they must stand, then held against the one encoding.
fn decode(blob: &[u8], namespace: &str) -> Option<([u8; 32], [u8; 64])> {
    const KEY_AT: usize = 6 + 4 + 4 + 4 + 11 + 4;
    let key = blob.get(KEY_AT..KEY_AT + 32)?.try_into().ok()?;
    let signature = blob.get(blob.len().checked_sub(64)?..)?.try_into().ok()?;
    (encode(&key, namespace, &signature) == blob).then_some((key, signature))
}

/// A signature by some key over a message, which may be false.
#[derive(Debug, Clone)]
pub struct Claim {
    key: [u8; 32],
    message: Vec<u8>,
    r: [u8; 32],
    s: [u8; 32],
}

impl Claim {
    /// What a blob claims about a message: its form is judged, the signature is not.
    ///
    /// # Errors
    /// [`Defect::SignatureForm`].
    pub fn read(namespace: &str, message: &[u8], blob: &[u8]) -> Result<Self, Defect> {
        let (key, signature) = decode(blob, namespace).ok_or(Defect::SignatureForm)?;
        let (mut r, mut s) = ([0; 32], [0; 32]);
        r.copy_from_slice(&signature[..32]);
        s.copy_from_slice(&signature[32..]);
        Ok(Self { key, message: signed_data(namespace, message), r, s })
    }

    /// The compressed point of the key.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The bytes that the key is said to have signed.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// The first half of the signature, a compressed point.
    pub fn r(&self) -> &[u8; 32] {
        &self.r
    }

    /// The second half of the signature, a scalar.
    pub fn s(&self) -> &[u8; 32] {
        &self.s
    }

    /// Judges it, strictly.
    pub fn holds(&self) -> bool {
        let signature = Signature::from_components(self.r, self.s);
        let key = VerifyingKey::from_bytes(&self.key);
        key.is_ok_and(|key| key.verify_strict(&self.message, &signature).is_ok())
    }
}

/// Verifies a blob over a message, strictly, and returns the compressed point of the key that made it.
///
/// # Errors
/// [`Defect::SignatureForm`], [`Defect::SignatureFalse`].
pub fn verify(namespace: &str, message: &[u8], blob: &[u8]) -> Result<[u8; 32], Defect> {
    let claim = Claim::read(namespace, message, blob)?;
    if claim.holds() { Ok(claim.key) } else { Err(Defect::SignatureFalse) }
}
