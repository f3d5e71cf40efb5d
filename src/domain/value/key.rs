//! Ed25519 public keys (RFC 8032) that are safe to enrol, and their OpenSSH fingerprints.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, BASE64_NOPAD};
use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::Invalid;
use crate::domain::value::ids::ascii;
use crate::tr;

/// Why a public key may not be enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not a line of the form `ssh-ed25519 BASE64`.
    #[error("{}", tr!("write it as OpenSSH does, ssh-ed25519 and its base64", "请按 OpenSSH 的写法：ssh-ed25519 加 base64"))]
    Form,
    /// Not a point of the curve.
    #[error("{}", tr!("not a point of the curve", "不是曲线上的点"))]
    NotAPoint,
    /// A non-canonical encoding: two keys that look different would be the same.
    #[error("{}", tr!("not the canonical encoding of its point", "不是该点的规范编码"))]
    NotCanonical,
    /// A point of small order: some signatures would verify for every message.
    #[error("{}", tr!("a weak key of small order", "小阶的弱密钥"))]
    Weak,
    /// A point with a torsion component: signatures could be judged differently by different readers.
    #[error("{}", tr!("a key outside the prime-order group", "密钥不在素数阶子群内"))]
    Torsion,
}

const ALGORITHM: &str = "ssh-ed25519";

/// A public key that is canonical, not weak and free of torsion; written `ssh-ed25519 BASE64` (RFC 8709).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// A key from a compressed point (RFC 8032, section 5.1.2), after all checks.
    ///
    /// # Errors
    /// Every [`BadKey`] other than [`BadKey::Form`].
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, BadKey> {
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| BadKey::NotAPoint)?;
        let point = key.to_edwards();
        if point.compress().to_bytes() != bytes {
            return Err(BadKey::NotCanonical);
        }
        if point.is_small_order() {
            return Err(BadKey::Weak);
        }
        if !point.is_torsion_free() {
            return Err(BadKey::Torsion);
        }
        Ok(Self(bytes))
    }

    /// A key from an already verified entry, without repeating the checks.
    ///
    /// # Errors
    /// [`BadKey::Form`].
    pub fn again(text: &str) -> Result<Self, Invalid> {
        Ok(point_in(text).map(Self)?)
    }

    /// The compressed point.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The OpenSSH fingerprint of this key.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM} {}", BASE64.encode(&wire(&self.0)))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.fingerprint(), f)
    }
}

impl FromStr for PublicKey {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Ok(Self::from_bytes(point_in(text)?)?)
    }
}

/// The compressed point of an OpenSSH public key.
fn point_in(text: &str) -> Result<[u8; 32], BadKey> {
    let base64 = text.strip_prefix("ssh-ed25519 ").ok_or(BadKey::Form)?;
    let decoded = BASE64.decode(base64.as_bytes()).map_err(|_| BadKey::Form)?;
    let point = decoded.len().checked_sub(32).and_then(|at| decoded[at..].try_into().ok());
    point.filter(|point| wire(point) == decoded).ok_or(BadKey::Form)
}

/// A key in SSH's wire format (RFC 8709, section 4): algorithm and point, each preceded by its length.
pub fn wire(bytes: &[u8; 32]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(51);
    for part in [ALGORITHM.as_bytes(), bytes] {
        wire.extend_from_slice(&(part.len() as u32).to_be_bytes());
        wire.extend_from_slice(part);
    }
    wire
}

/// The length of 32 bytes in base64 without padding.
const BASE64_DIGEST: usize = 43;

/// The SHA-256 of a key's wire format, written as OpenSSH writes it: `SHA256:` and base64 without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of the key with this compressed point.
    pub fn of(point: &[u8; 32]) -> Self {
        Self(Sha256::digest(wire(point)).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut base64 = [0; BASE64_DIGEST];
        BASE64_NOPAD.encode_mut(&self.0, &mut base64);
        f.write_str("SHA256:")?;
        f.write_str(ascii(&base64))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let mut bytes = [0; 32];
        match text.strip_prefix("SHA256:").filter(|base64| base64.len() == BASE64_DIGEST) {
            Some(base64) if BASE64_NOPAD.decode_mut(base64.as_bytes(), &mut bytes).is_ok() => Ok(Self(bytes)),
            _ => Err(Invalid::Id {
                what: tr!("a key's fingerprint", "密钥指纹"),
                allowed: tr!("SHA256: and 43 base64 characters", "SHA256: 加 43 个 base64 字符"),
            }),
        }
    }
}
