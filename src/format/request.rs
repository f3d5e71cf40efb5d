//! Enrolment requests: a key's proof of possession, signed over the register, the person, what is asked for, and the
//! key.
//!
//! ```text
//! twinseal/person.request/v1
//! register prod                    (for a new register its name; otherwise its id)
//! person alice
//! fingerprint 9b1e…                (of an existing register)
//! asked 2026-12-01T08:50:00Z
//! expires 2026-12-31T08:50:00Z
//! asked-role engineer              (any number)
//! asked-operator erin              (any number, for a machine account)
//! public-key ssh-ed25519 AAAA…
//!
//! sig U1NIU0lH…
//! vouch U1NIU0lH…                  (optional: an enrolled key of the same person, over the same lines)
//! name Alice Liddell               (optional, not signed)
//! ```

use data_encoding::BASE64;

use super::lines::{Reader, Writer};
use super::{Defect, sshsig};
use crate::domain::{Asked, Invalid, Line, PersonId, PublicKey, RegisterId, RegisterName, Vouch};

/// The SSHSIG namespace of a request, and its first line.
pub const NAMESPACE: &str = "twinseal/person.request/v1";

/// The SSHSIG namespace in which an enrolled key vouches for a further key of the same person.
pub const VOUCH: &str = "twinseal/person.vouch/v1";

/// The register that a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterRef {
    /// A register that does not exist yet.
    New(RegisterName),
    /// An existing register.
    Existing(RegisterId),
}

impl std::fmt::Display for RegisterRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New(name) => name.fmt(f),
            Self::Existing(id) => id.fmt(f),
        }
    }
}

impl std::str::FromStr for RegisterRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.contains('#') { text.parse().map(Self::Existing) } else { text.parse().map(Self::New) }
    }
}

/// The message that is signed. It follows from these four values, so an entry stores only the signature beside them.
pub fn body(register: &RegisterRef, person: &PersonId, asked: &Asked, key: &PublicKey) -> String {
    let mut lines = Writer::with_first_line(NAMESPACE);
    lines.put("register", register);
    lines.put("person", person);
    write_asked(&mut lines, asked);
    lines.put("public-key", key);
    lines.finish()
}

/// Encodes what a request asks for, as the request and the entry that enrols the key do.
pub fn write_asked(out: &mut Writer, asked: &Asked) {
    out.put_all("fingerprint", asked.fingerprint());
    out.put("asked", asked.time());
    out.put("expires", asked.expires());
    out.put_all("asked-role", asked.roles());
    out.put_all("asked-operator", asked.operators());
}

/// Whether the register of a request exists already, which decides whether the request names its fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Founding {
    /// The register is founded with this request.
    Now,
    /// The register exists.
    Before,
}

/// Decodes what a request asks for.
///
/// # Errors
/// A defect of the grammar.
pub fn read_asked(lines: &mut Reader<'_>, founding: Founding) -> Result<Asked, Defect> {
    let fingerprint = match founding {
        Founding::Now => None,
        Founding::Before => Some(lines.parse("fingerprint")?),
    };
    let (time, expires) = (lines.parse("asked")?, lines.parse("expires")?);
    let asked = Asked::new(fingerprint, time, expires).map_err(|invalid| lines.defect("expires", invalid))?;
    let (roles, operators) =
        (lines.parse_all("asked-role", str::parse)?, lines.parse_all("asked-operator", str::parse)?);
    Ok(asked.with(roles, operators))
}

/// Checks that `proof` is a signature by `key` over its own request.
///
/// # Errors
/// [`Defect::Proof`].
pub fn check(
    register: &RegisterRef,
    person: &PersonId,
    asked: &Asked,
    key: &PublicKey,
    proof: &[u8],
) -> Result<(), Defect> {
    let body = body(register, person, asked, key);
    match sshsig::verify(NAMESPACE, body.as_bytes(), proof) {
        Ok(signed) if signed.key == key.fingerprint() => Ok(()),
        _ => Err(Defect::Proof { person: person.clone() }),
    }
}

/// Checks that `vouch` is a signature over the request by the key that it names. Whether that key belongs to the same
/// person is a rule of the register.
///
/// # Errors
/// [`Defect::Vouch`].
pub fn check_vouch(
    register: &RegisterRef,
    person: &PersonId,
    asked: &Asked,
    key: &PublicKey,
    vouch: &Vouch,
) -> Result<(), Defect> {
    let body = body(register, person, asked, key);
    match sshsig::verify(VOUCH, body.as_bytes(), &vouch.proof) {
        Ok(signed) if signed.key == vouch.key => Ok(()),
        _ => Err(Defect::Vouch { person: person.clone() }),
    }
}

/// A request whose signatures have been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The register to be enrolled in.
    pub register: RegisterRef,
    /// The person to be enrolled.
    pub person: PersonId,
    /// What it asks for.
    pub asked: Asked,
    /// The key to be enrolled.
    pub key: PublicKey,
    /// The SSHSIG blob by which that key signed the request.
    pub proof: Vec<u8>,
    /// The vouching signature of another key.
    pub vouch: Option<Vouch>,
    /// The display name, which is not signed.
    pub name: Option<Line>,
}

impl Request {
    /// Decodes a request file and verifies its signatures.
    ///
    /// # Errors
    /// A defect of the grammar or of the vouching signature, or [`Defect::Proof`].
    pub fn read(bytes: &[u8]) -> Result<Self, Defect> {
        let mut lines = Reader::new(bytes)?;
        if lines.take_line() != NAMESPACE {
            return Err(Defect::Kind);
        }
        let (register, person) = (lines.parse("register")?, lines.parse("person")?);
        let founding = match register {
            RegisterRef::New(_) => Founding::Now,
            RegisterRef::Existing(_) => Founding::Before,
        };
        let (asked, key) = (read_asked(&mut lines, founding)?, lines.parse("public-key")?);
        if !lines.take_line().is_empty() {
            return Err(Defect::NoSignature);
        }
        let blob = |line: &str| BASE64.decode(line.as_bytes()).map_err(|_| Defect::SignatureForm);
        let proof = blob(lines.take("sig")?)?;
        let vouch = if lines.next_is("vouch") { Some(blob(lines.take("vouch")?)?) } else { None };
        let name = if lines.next_is("name") { Some(lines.parse("name")?) } else { None };
        lines.end()?;
        check(&register, &person, &asked, &key, &proof)?;
        let vouch = vouch.map(|proof| {
            let signer = sshsig::verify(VOUCH, body(&register, &person, &asked, &key).as_bytes(), &proof);
            signer.map(|signed| Vouch { key: signed.key, proof })
        });
        let request = Self { register, person, asked, key, proof, vouch: vouch.transpose()?, name };
        // The signatures cover what was decoded, in its canonical encoding; the file must be that encoding.
        if request.write().as_bytes() == bytes { Ok(request) } else { Err(Defect::NotCanonical) }
    }

    /// Encodes the request as a file.
    pub fn write(&self) -> String {
        let sig = BASE64.encode(&self.proof);
        let vouch = self.vouch.as_ref().map(|it| format!("vouch {}\n", BASE64.encode(&it.proof)));
        let name = self.name.as_ref().map(|name| format!("name {name}\n"));
        let body = body(&self.register, &self.person, &self.asked, &self.key);
        format!("{body}\nsig {sig}\n{}{}", vouch.unwrap_or_default(), name.unwrap_or_default())
    }
}
