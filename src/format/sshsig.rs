//! SSHSIG signatures as `ssh-keygen -Y sign` makes them (OpenSSH's PROTOCOL.sshsig), Ed25519 with SHA-512 only.
//!
//! The signed data is the magic `SSHSIG`, then as SSH strings: the namespace, the empty reserved field, `sha512`, and
//! the SHA-512 of the message. A blob is the magic, the version 1 as a `uint32`, then as SSH strings: the public key,
//! the namespace, the empty reserved field, `sha512`, and the signature.
//!
//! A blob is accepted only if it equals what [`encode`] makes of its contents, so each signature has one blob.
//! Signatures are verified with `verify_strict` of ed25519-dalek and with nothing weaker.

use sha2::{Digest as _, Sha512};

use super::{Defect, Keys};
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

/// Verifies a blob over a message with `verify_strict`, and returns the compressed point of the key that signed it.
///
/// # Errors
/// [`Defect::SignatureForm`] if the blob is not canonical, [`Defect::SignatureFalse`] if `verify_strict` rejects it.
pub fn verify(namespace: &str, message: &[u8], blob: &[u8]) -> Result<[u8; 32], Defect> {
    verify_with(&Keys::default(), namespace, message, blob)
}

/// Verifies as [`verify`] does; `keys` keeps each key decoded for the next signature by it.
///
/// # Errors
/// [`Defect::SignatureForm`], [`Defect::SignatureFalse`].
pub fn verify_with(keys: &Keys, namespace: &str, message: &[u8], blob: &[u8]) -> Result<[u8; 32], Defect> {
    let (point, signature) = decode(blob, namespace).ok_or(Defect::SignatureForm)?;
    let valid = keys.verify_strict(&point, &signed_data(namespace, message), &signature);
    if valid { Ok(point) } else { Err(Defect::SignatureFalse) }
}
