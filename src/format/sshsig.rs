//! SSHSIG signatures as `ssh-keygen -Y sign` makes them (OpenSSH's PROTOCOL.sshsig), Ed25519 with SHA-512 only.
//!
//! The signed data is the magic `SSHSIG`, then as SSH strings: the namespace, the empty reserved field, `sha512`, and
//! the SHA-512 of the message. A blob is the magic, the version 1 as a `uint32`, then as SSH strings: the public key,
//! the namespace, the empty reserved field, `sha512`, and the signature.
//!
//! A blob is accepted only if it equals what [`encode`] makes of its contents, so each signature has one blob.
//! Signatures are verified with `verify_strict` of ed25519-dalek and with nothing weaker.

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

/// The data that the Ed25519 key signs for a message.
pub fn signed_data(namespace: &str, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(MAGIC);
    for part in [namespace.as_bytes(), b"", HASH, &Sha512::digest(message)] {
        put(&mut out, part);
    }
    out
}

/// Encodes a binary SSHSIG blob from a compressed public key and a raw Ed25519 signature over [`signed_data`].
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

/// The public key and the raw signature of a blob; `None` unless it is a canonical blob for this namespace. Everything
/// but the key and the signature is fixed, so both are taken from fixed offsets and the whole is encoded again.
fn decode(blob: &[u8], namespace: &str) -> Option<([u8; 32], [u8; 64])> {
    const KEY_AT: usize = 6 + 4 + 4 + 4 + 11 + 4;
    let key = blob.get(KEY_AT..KEY_AT + 32)?.try_into().ok()?;
    let signature = blob.get(blob.len().checked_sub(64)?..)?.try_into().ok()?;
    (encode(&key, namespace, &signature) == blob).then_some((key, signature))
}

/// A well-formed signature over a message, not verified.
#[derive(Debug, Clone)]
pub struct Claim {
    key: [u8; 32],
    message: Vec<u8>,
    r: [u8; 32],
    s: [u8; 32],
}

impl Claim {
    /// Decodes a blob, without verifying the signature.
    ///
    /// # Errors
    /// [`Defect::SignatureForm`] if it is not a canonical blob for this namespace.
    pub fn read(namespace: &str, message: &[u8], blob: &[u8]) -> Result<Self, Defect> {
        let (key, signature) = decode(blob, namespace).ok_or(Defect::SignatureForm)?;
        let (mut r, mut s) = ([0; 32], [0; 32]);
        r.copy_from_slice(&signature[..32]);
        s.copy_from_slice(&signature[32..]);
        Ok(Self { key, message: signed_data(namespace, message), r, s })
    }

    /// The public key A, a compressed point.
    pub fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The signed data, as [`signed_data`] returns it.
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// R, the first half of the signature: a compressed point.
    pub fn r(&self) -> &[u8; 32] {
        &self.r
    }

    /// S, the second half of the signature: a scalar.
    pub fn s(&self) -> &[u8; 32] {
        &self.s
    }

    /// Whether the signature verifies with `verify_strict`.
    pub fn holds(&self) -> bool {
        let signature = Signature::from_components(self.r, self.s);
        let key = VerifyingKey::from_bytes(&self.key);
        key.is_ok_and(|key| key.verify_strict(&self.message, &signature).is_ok())
    }
}

/// Verifies a blob over a message and returns the compressed public key that signed it.
///
/// # Errors
/// [`Defect::SignatureForm`] if the blob is not canonical, [`Defect::SignatureFalse`] if `verify_strict` rejects it.
pub fn verify(namespace: &str, message: &[u8], blob: &[u8]) -> Result<[u8; 32], Defect> {
    let claim = Claim::read(namespace, message, blob)?;
    if claim.holds() { Ok(claim.key) } else { Err(Defect::SignatureFalse) }
}
