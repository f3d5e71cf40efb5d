//! SSHSIG signatures as `ssh-keygen -Y sign` makes them (OpenSSH's PROTOCOL.sshsig), with SHA-512, by Ed25519 keys and by
//! those of FIDO tokens (`sk-ssh-ed25519@openssh.com`, PROTOCOL.u2f).
//!
//! The signed data is the magic `SSHSIG`, then as SSH strings: the namespace, the empty reserved field, `sha512`, and
//! the SHA-512 of the message. A blob is the magic, the version 1 as a `uint32`, then as SSH strings: the public key,
//! the namespace, the empty reserved field, `sha512`, and the signature.
//!
//! A FIDO token signs the SHA-256 of its application, its flags as a byte, its counter as a `uint32`, and the SHA-256 of
//! the signed data. Flags and counter follow the signature in the blob.
//!
//! A blob is accepted only if it equals what [`encode`] makes of its contents, so each signature has one blob.
//! Signatures are verified with `verify_strict` of ed25519-dalek and with nothing weaker.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256, Sha512};

use super::{Defect, Keys};
use crate::domain::{Application, Fingerprint, Touch, wire};

const MAGIC: &[u8] = b"SSHSIG";
const HASH: &[u8] = b"sha512";
const ALGORITHM: &[u8] = b"ssh-ed25519";
const FIDO: &[u8] = b"sk-ssh-ed25519@openssh.com";

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

/// The data that the key signs for a message; a FIDO token signs [`fido_data`] of it.
pub fn signed_data(namespace: &str, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(MAGIC);
    for part in [namespace.as_bytes(), b"", HASH, &Sha512::digest(message)] {
        put(&mut out, part);
    }
    out
}

/// What a FIDO token signs for some data.
pub fn fido_data(application: &[u8], touch: Touch, data: &[u8]) -> Vec<u8> {
    let mut out = Sha256::digest(application).to_vec();
    out.push(touch.flags);
    out.extend_from_slice(&touch.counter.to_be_bytes());
    out.extend_from_slice(&Sha256::digest(data));
    out
}

/// Encodes a binary SSHSIG blob from a compressed public key and a raw Ed25519 signature over [`signed_data`].
pub fn encode(key: &[u8; 32], namespace: &str, signature: &[u8; 64]) -> Vec<u8> {
    encode_by(&wire(key), namespace, signature, None)
}

/// Encodes a binary SSHSIG blob from a public key in SSH's wire format, a raw signature and, of a FIDO token, what it says
/// of the signature.
pub fn encode_by(key: &[u8], namespace: &str, signature: &[u8; 64], touch: Option<Touch>) -> Vec<u8> {
    let mut out = Vec::with_capacity(384);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&1u32.to_be_bytes());
    for part in [key, namespace.as_bytes(), b"", HASH] {
        put(&mut out, part);
    }
    let mut inner = Vec::with_capacity(128);
    put(&mut inner, if touch.is_some() { FIDO } else { ALGORITHM });
    put(&mut inner, signature);
    if let Some(Touch { flags, counter }) = touch {
        inner.push(flags);
        inner.extend_from_slice(&counter.to_be_bytes());
    }
    put(&mut out, &inner);
    out
}

/// The contents of a blob.
struct Decoded<'b> {
    /// The public key in SSH's wire format.
    key: &'b [u8],
    point: [u8; 32],
    application: Option<Application>,
    signature: [u8; 64],
    touch: Option<Touch>,
}

fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (part, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    Some(part)
}

/// The contents of a blob, whatever its namespace. Nothing says yet that the blob is canonical.
fn parts(blob: &[u8]) -> Option<Decoded<'_>> {
    let mut rest = blob.strip_prefix(MAGIC)?.get(4..)?;
    let key = take(&mut rest)?;
    let (_, _, _, mut inner) = (take(&mut rest)?, take(&mut rest)?, take(&mut rest)?, take(&mut rest)?);
    let mut of_key = key;
    let (algorithm, point) = (take(&mut of_key)?, take(&mut of_key)?.try_into().ok()?);
    let application = if algorithm == FIDO { Some(Application::new(take(&mut of_key)?).ok()?) } else { None };
    let (_, signature) = (take(&mut inner)?, take(&mut inner)?.try_into().ok()?);
    let touch = match (application, inner) {
        (Some(_), [flags, counter @ ..]) => {
            Some(Touch { flags: *flags, counter: u32::from_be_bytes(counter.try_into().ok()?) })
        }
        (None, []) => None,
        _ => return None,
    };
    Some(Decoded { key, point, application, signature, touch })
}

/// The contents of a blob; `None` unless it is the canonical one for this namespace.
fn decode<'b>(blob: &'b [u8], namespace: &str) -> Option<Decoded<'b>> {
    let it = parts(blob)?;
    let canonical = match it.application {
        None => wire(&it.point),
        // Its length in the wire format of the key is checked by the comparison.
        Some(application) => {
            let mut key = Vec::with_capacity(80);
            [FIDO, &it.point, application.as_bytes()].into_iter().for_each(|part| put(&mut key, part));
            key
        }
    };
    (encode_by(&canonical, namespace, &it.signature, it.touch) == blob).then_some(it)
}

/// What a FIDO token says of the signature in a blob, which is not verified; `None` for other signatures.
pub fn touch_in(blob: &[u8]) -> Option<Touch> {
    parts(blob)?.touch
}

/// A valid signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed {
    /// The key that signed.
    pub key: Fingerprint,
    /// What the token says of it, if the key is one of a FIDO token.
    pub touch: Option<Touch>,
}

impl Signed {
    /// A signature by the Ed25519 key with this compressed point.
    pub fn by(point: &[u8; 32]) -> Self {
        Self { key: Fingerprint::of(point), touch: None }
    }
}

/// Verifies a blob over a message with `verify_strict`, and says by which key it was signed. A FIDO token must have been
/// touched.
///
/// # Errors
/// [`Defect::SignatureForm`] if the blob is not canonical, [`Defect::SignatureFalse`] if `verify_strict` rejects it,
/// [`Defect::Untouched`].
pub fn verify(namespace: &str, message: &[u8], blob: &[u8]) -> Result<Signed, Defect> {
    verify_with(&Keys::default(), namespace, message, blob)
}

/// Verifies as [`verify`] does; `keys` keeps each key decoded for the next signature by it.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(keys: &Keys, namespace: &str, message: &[u8], blob: &[u8]) -> Result<Signed, Defect> {
    let it = decode(blob, namespace).ok_or(Defect::SignatureForm)?;
    let data = signed_data(namespace, message);
    let data = match (it.application, it.touch) {
        (Some(application), Some(touch)) => fido_data(application.as_bytes(), touch, &data),
        _ => data,
    };
    if !keys.verify_strict(&it.point, &data, &it.signature) {
        return Err(Defect::SignatureFalse);
    }
    if it.touch.is_some_and(|touch| !touch.is_touched()) {
        return Err(Defect::Untouched);
    }
    Ok(Signed { key: Fingerprint::of_wire(it.key), touch: it.touch })
}

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// The characters in a line of an armored signature, as `ssh-keygen` writes them.
const ARMOR: usize = 70;

/// Encodes a signature as `ssh-keygen -Y sign` does (PROTOCOL.sshsig).
pub fn armor(blob: &[u8]) -> String {
    let base64 = BASE64.encode(blob);
    let mut out = format!("{BEGIN}\n");
    for (at, character) in base64.chars().enumerate() {
        if at > 0 && at % ARMOR == 0 {
            out.push('\n');
        }
        out.push(character);
    }
    format!("{out}\n{END}\n")
}

/// Decodes an armored signature, however its lines are broken; `None` if it is none. Whether the blob is canonical is
/// checked where it is verified.
pub fn read_armor(text: &str) -> Option<Vec<u8>> {
    let base64 = text.trim_ascii().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: String = base64.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    BASE64.decode(base64.as_bytes()).ok()
}
