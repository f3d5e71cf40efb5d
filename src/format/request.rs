//! A request to be enrolled: a person's key signs that it is theirs and for which register.
//!
//! ```text
//! twinseal/person.request/v1
//! register prod                    (a founder's: the name alone; later ones: the whole id)
//! person alice
//! public-key ssh-ed25519 AAAA…
//!
//! sig U1NIU0lH…
//! vouch U1NIU0lH…                  (another key of hers, over the same lines; may be left out)
//! name Alice Liddell               (not signed; may be left out)
//! ```

use data_encoding::BASE64;

use super::lines::{Reader, Writer};
use super::{Defect, sshsig};
use crate::domain::{Fingerprint, Invalid, Line, PersonId, PublicKey, RegisterId, RegisterName, Vouch};

/// The SSHSIG namespace of a request, and its first line.
pub const NAMESPACE: &str = "twinseal/person.request/v1";

/// The SSHSIG namespace of the word of a key that is enrolled for one that shall be.
pub const VOUCH: &str = "twinseal/person.vouch/v1";

/// The register that a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum For {
    /// One that is yet to be founded.
    New(RegisterName),
    /// One that exists.
    Existing(RegisterId),
}

impl std::fmt::Display for For {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::New(name) => name.fmt(f),
            Self::Existing(id) => id.fmt(f),
        }
    }
}

impl std::str::FromStr for For {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.contains('#') { text.parse().map(Self::Existing) } else { text.parse().map(Self::New) }
    }
}

/// What is signed: a function of its three values, so that an entry need keep nothing else beside the signature.
pub fn body(register: &For, person: &PersonId, key: &PublicKey) -> String {
    let mut lines = Writer::beginning(NAMESPACE);
    lines.put("register", register);
    lines.put("person", person);
    lines.put("public-key", key);
    lines.finish()
}

/// Checks that this key signed this request.
///
/// # Errors
/// [`Defect::Proof`].
pub fn check(register: &For, person: &PersonId, key: &PublicKey, proof: &[u8]) -> Result<(), Defect> {
    let body = body(register, person, key);
    match sshsig::verify(NAMESPACE, body.as_bytes(), proof) {
        Ok(signer) if signer == *key.as_bytes() => Ok(()),
        _ => Err(Defect::Proof { person: person.clone() }),
    }
}

/// Checks that the key named vouches for this request.
///
/// # Errors
/// [`Defect::Vouch`].
pub fn check_vouch(register: &For, person: &PersonId, key: &PublicKey, vouch: &Vouch) -> Result<(), Defect> {
    let body = body(register, person, key);
    match sshsig::verify(VOUCH, body.as_bytes(), &vouch.proof) {
        Ok(signer) if Fingerprint::of(&signer) == vouch.key => Ok(()),
        _ => Err(Defect::Vouch { person: person.clone() }),
    }
}

/// A request whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// For which register.
    pub register: For,
    /// Who asks.
    pub person: PersonId,
    /// With which key.
    pub key: PublicKey,
    /// The key's signature.
    pub proof: Vec<u8>,
    /// The word of another key of that person.
    pub vouch: Option<Vouch>,
    /// The display name, which nobody signed.
    pub name: Option<Line>,
}

impl Request {
    /// Reads a request file and checks its signature.
    ///
    /// # Errors
    /// What is wrong with its grammar, or [`Defect::Proof`].
    pub fn read(bytes: &[u8]) -> Result<Self, Defect> {
        let mut lines = Reader::new(bytes)?;
        if lines.take_line() != NAMESPACE {
            return Err(Defect::Kind);
        }
        let (register, person, key) = (lines.parse("register")?, lines.parse("person")?, lines.parse("public-key")?);
        if !lines.take_line().is_empty() {
            return Err(Defect::NoSignature);
        }
        let blob = |line: &str| BASE64.decode(line.as_bytes()).map_err(|_| Defect::SignatureForm);
        let proof = blob(lines.take("sig")?)?;
        let vouch = if lines.next_is("vouch") { Some(blob(lines.take("vouch")?)?) } else { None };
        let name = if lines.next_is("name") { Some(lines.parse("name")?) } else { None };
        lines.end()?;
        check(&register, &person, &key, &proof)?;
        let vouch = vouch.map(|proof| {
            let signer = sshsig::verify(VOUCH, body(&register, &person, &key).as_bytes(), &proof);
            signer.map(|signer| Vouch { key: Fingerprint::of(&signer), proof })
        });
        Ok(Self { register, person, key, proof, vouch: vouch.transpose()?, name })
    }

    /// The request as a file.
    pub fn write(&self) -> String {
        let sig = BASE64.encode(&self.proof);
        let vouch = self.vouch.as_ref().map(|it| format!("vouch {}\n", BASE64.encode(&it.proof)));
        let name = self.name.as_ref().map(|name| format!("name {name}\n"));
        let body = body(&self.register, &self.person, &self.key);
        format!("{body}\nsig {sig}\n{}{}", vouch.unwrap_or_default(), name.unwrap_or_default())
    }
}
