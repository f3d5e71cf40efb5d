//! Ed25519 public keys (RFC 8032) that are safe to enrol, also those of FIDO tokens (OpenSSH's PROTOCOL.u2f), and their
//! OpenSSH fingerprints.

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
    /// Not a line of the form `ssh-ed25519 BASE64`, or `sk-ssh-ed25519@openssh.com BASE64`.
    #[error("{}", tr!(
        "write it as OpenSSH does, ssh-ed25519 or sk-ssh-ed25519@openssh.com and its base64",
        "请按 OpenSSH 的写法：ssh-ed25519 或 sk-ssh-ed25519@openssh.com 加 base64"
    ))]
    Form,
    /// A FIDO key for an application that is not OpenSSH's, or too long.
    #[error("{}", tr!(
        "the application of a FIDO key is ssh: and at most 28 further printable characters",
        "FIDO 密钥的 application 须为 ssh: 加最多 28 个可打印字符"
    ))]
    Application,
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

/// The algorithm of a key in a FIDO token.
const FIDO: &str = "sk-ssh-ed25519@openssh.com";

/// The application of a FIDO key, which the token signs for: `ssh:` and at most 28 printable ASCII characters. Behind it
/// stand zeros.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Application([u8; 32]);

impl Application {
    /// The application with this name.
    ///
    /// # Errors
    /// [`BadKey::Application`].
    pub fn new(name: &[u8]) -> Result<Self, BadKey> {
        let mut padded = [0; 32];
        let fits = name.starts_with(b"ssh:") && name.iter().all(u8::is_ascii_graphic);
        match padded.get_mut(..name.len()).filter(|_| fits) {
            Some(begin) => begin.copy_from_slice(name),
            None => return Err(BadKey::Application),
        }
        Ok(Self(padded))
    }

    /// Its name.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ascii(self.as_bytes()))
    }
}

/// What a FIDO token says of a signature, in signed form. That it was touched is always required.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Touch {
    /// The flags of the authenticator data (WebAuthn, section 6.1).
    pub flags: u8,
    /// How often the token has signed.
    pub counter: u32,
}

impl Touch {
    /// The flag UP: somebody was present.
    const PRESENT: u8 = 1;
    /// The flag UV: a PIN or a fingerprint was checked.
    const VERIFIED: u8 = 4;

    /// Whether somebody touched the token.
    pub fn is_touched(self) -> bool {
        self.flags & Self::PRESENT != 0
    }

    /// Whether the token checked a PIN or a fingerprint.
    pub fn is_verified(self) -> bool {
        self.flags & Self::VERIFIED != 0
    }
}

/// A public key that is canonical, not weak and free of torsion; written `ssh-ed25519 BASE64` (RFC 8709). With an
/// application it is the key of a FIDO token, written `sk-ssh-ed25519@openssh.com BASE64`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublicKey {
    point: [u8; 32],
    application: Option<Application>,
}

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
        Ok(Self { point: bytes, application: None })
    }

    /// The key of a FIDO token, after the same checks.
    ///
    /// # Errors
    /// Every [`BadKey`] other than [`BadKey::Form`].
    pub fn fido(point: [u8; 32], application: &[u8]) -> Result<Self, BadKey> {
        let application = Some(Application::new(application)?);
        Ok(Self { application, ..Self::from_bytes(point)? })
    }

    /// A key from SSH's wire format, after all checks.
    ///
    /// # Errors
    /// [`BadKey`].
    pub fn from_wire(wire: &[u8]) -> Result<Self, BadKey> {
        let Parsed { point, application } = parse(wire)?;
        Ok(Self { application, ..Self::from_bytes(point)? })
    }

    /// A key from an already verified entry, without repeating the checks.
    ///
    /// # Errors
    /// [`BadKey::Form`].
    pub fn again(text: &str) -> Result<Self, Invalid> {
        let Parsed { point, application } = parse(&decode(text)?)?;
        Ok(Self { point, application })
    }

    /// The compressed point.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.point
    }

    /// The application, if it is the key of a FIDO token.
    pub fn application(&self) -> Option<Application> {
        self.application
    }

    /// The fingerprint that a plain key with the same point has: one name for the point, whatever the application.
    pub fn point(&self) -> Fingerprint {
        Fingerprint::of(&self.point)
    }

    /// The most that a signature by this key can say of a touch, which is not known before the token signs.
    pub fn best_touch(&self) -> Option<Touch> {
        self.application.map(|_| Touch { flags: Touch::PRESENT | Touch::VERIFIED, counter: 0 })
    }

    /// SSH's wire format: the algorithm, the point and, of a FIDO token, the application.
    pub fn wire(&self) -> Vec<u8> {
        wire_of(&self.point, self.application.as_ref())
    }

    /// The OpenSSH fingerprint of this key.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_wire(&self.wire())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = if self.application.is_some() { FIDO } else { ALGORITHM };
        write!(f, "{algorithm} {}", BASE64.encode(&self.wire()))
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
        Ok(Self::from_wire(&decode(text)?)?)
    }
}

/// The wire format in an OpenSSH public key, whose algorithm stands before it.
fn decode(text: &str) -> Result<Vec<u8>, BadKey> {
    let (algorithm, base64) = text.split_once(' ').ok_or(BadKey::Form)?;
    let decoded = BASE64.decode(base64.as_bytes()).map_err(|_| BadKey::Form)?;
    let named = decoded.get(4..4 + algorithm.len()) == Some(algorithm.as_bytes());
    if named { Ok(decoded) } else { Err(BadKey::Form) }
}

/// The parts of a key in wire format.
struct Parsed {
    point: [u8; 32],
    application: Option<Application>,
}

/// Decodes the wire format. It is the only one of its parts.
fn parse(wire: &[u8]) -> Result<Parsed, BadKey> {
    let (point, application) = if let Some(rest) = wire.strip_prefix(&header(ALGORITHM)[..]) {
        (rest.first_chunk(), None)
    } else {
        let rest = wire.strip_prefix(&header(FIDO)[..]).ok_or(BadKey::Form)?;
        let (length, name) = rest.get(32..).and_then(<[u8]>::split_first_chunk).ok_or(BadKey::Form)?;
        let whole = u32::from_be_bytes(*length) as usize == name.len();
        (rest.first_chunk(), Some(if whole { Application::new(name)? } else { return Err(BadKey::Form) }))
    };
    let point = *point.ok_or(BadKey::Form)?;
    if wire_of(&point, application.as_ref()) == wire { Ok(Parsed { point, application }) } else { Err(BadKey::Form) }
}

/// What stands before the point in the wire format: the algorithm, and the length of the point.
fn header(algorithm: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(40);
    put(&mut out, algorithm.as_bytes());
    out.extend_from_slice(&32u32.to_be_bytes());
    out
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u32).to_be_bytes());
    out.extend_from_slice(part);
}

fn wire_of(point: &[u8; 32], application: Option<&Application>) -> Vec<u8> {
    let mut wire = header(if application.is_some() { FIDO } else { ALGORITHM });
    wire.extend_from_slice(point);
    application.into_iter().for_each(|it| put(&mut wire, it.as_bytes()));
    wire
}

/// An Ed25519 key in SSH's wire format (RFC 8709, section 4): algorithm and point, each preceded by its length.
pub fn wire(bytes: &[u8; 32]) -> Vec<u8> {
    wire_of(bytes, None)
}

/// The length of 32 bytes in base64 without padding.
const BASE64_DIGEST: usize = 43;

/// The SHA-256 of a key's wire format, written as OpenSSH writes it: `SHA256:` and base64 without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of the Ed25519 key with this compressed point.
    pub fn of(point: &[u8; 32]) -> Self {
        Self::of_wire(&wire(point))
    }

    /// The fingerprint of a key in SSH's wire format.
    pub fn of_wire(wire: &[u8]) -> Self {
        Self(Sha256::digest(wire).into())
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
