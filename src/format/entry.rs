//! Entries: the exact bytes that were signed, and how they are opened and sealed.

use data_encoding::BASE64;
use memchr::memmem;
use sha2::{Digest as _, Sha256};

use super::request::{self, For};
use super::signatures::Keys;
use super::sshsig::Claim;
use super::{Defect, body, text};
use crate::domain::{Action, Digest, Event, Fingerprint, Header, Member, Text};

/// The most bytes in a body, and in a text part.
pub const MOST: usize = 64 * 1024;

/// The most bytes of a blob: a body, a blank line and the signature line.
const MOST_BLOB: usize = MOST + 1024;

/// An entry as it is kept, believed by nobody yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// The row that it was read from.
    pub seq: u64,
    /// Body, blank line and signature line: exactly what the leaf hash covers.
    pub blob: Vec<u8>,
    /// The text part, where there is one.
    pub text: Option<Vec<u8>>,
}

impl Raw {
    /// SHA-256 of a zero byte and the blob (RFC 6962, section 2.1).
    pub fn leaf(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(&self.blob);
        Digest::new(hash.finalize().into())
    }
}

/// An entry that was opened: well formed, in its one spelling, signed by the key that it names, its text the one
/// that was signed. Whether it belongs at its place and breaks no rule is asked next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What every entry says.
    pub header: Header,
    /// What was done.
    pub event: Event,
    /// What people wrote; none where the body names a text and it is gone.
    pub text: Option<Text>,
    /// The leaf hash.
    pub leaf: Digest,
}

impl Entry {
    /// The digest of a text that the body names and that is gone: right only if a proposal redacted it.
    pub fn gone(&self) -> Option<Digest> {
        self.header.text.as_ref().filter(|_| self.text.is_none()).map(|text| text.digest)
    }
}

/// Opens an entry: every check that needs nothing but its own bytes.
///
/// # Errors
/// What is wrong with it.
pub fn open(raw: &Raw) -> Result<Entry, Defect> {
    let (entry, claim) = read_claim(raw)?;
    settle(entry, claim.holds().then(|| Fingerprint::of(claim.key())))
}

/// Opens entries as [`open`] does each of them, in order, in less time; `keys` remembers those met before.
pub fn open_all(raws: &[Raw], keys: &Keys) -> Vec<Result<Entry, Defect>> {
    let claimed: Vec<Result<(Entry, Claim), Defect>> = raws.iter().map(read_claim).collect();
    let mut signers = keys.judge(claimed.iter().flatten().map(|(_, claim)| claim)).into_iter();
    // There is a verdict for each claim; without one it would not hold.
    let settled = claimed.into_iter().map(|claimed| settle(claimed?.0, signers.next().flatten()));
    settled.collect()
}

/// What an entry says, and the signature that is yet to be judged.
fn read_claim(raw: &Raw) -> Result<(Entry, Claim), Defect> {
    let (signed, blob) = split(&raw.blob)?;
    let entry = parse(raw)?;
    let claim = Claim::read(&body::namespace(entry.event.kind()), signed, &blob)?;
    Ok((entry, claim))
}

/// The entry, if its signature holds and is by the key that it names, and so are the requests in it.
fn settle(entry: Entry, signer: Option<Fingerprint>) -> Result<Entry, Defect> {
    if signer.ok_or(Defect::SignatureFalse)? != entry.header.key {
        return Err(Defect::SignatureKey);
    }
    check_proofs(&entry)?;
    Ok(entry)
}

/// Reads an entry whose signature was verified before: the caller holds its leaf hash against the known one.
///
/// # Errors
/// What is wrong with its grammar or text.
pub fn parse(raw: &Raw) -> Result<Entry, Defect> {
    let (header, event) = facts(raw)?;
    let text = read_text(&header, &event, raw.text.as_deref())?;
    Ok(Entry { header, event, text, leaf: raw.leaf() })
}

/// Reads only what rules can read: header and event, without the text.
///
/// # Errors
/// What is wrong with the grammar of the body.
pub fn facts(raw: &Raw) -> Result<(Header, Event), Defect> {
    in_its_place(raw, body::read(split(&raw.blob)?.0)?)
}

/// The same of an entry that was verified before, as [`body::read_again`] reads it: the caller holds its leaf hash
/// against the known one.
///
/// # Errors
/// What is wrong with the grammar of the body.
pub fn facts_again(raw: &Raw) -> Result<(Header, Event), Defect> {
    in_its_place(raw, body::read_again(halves(&raw.blob)?.0)?)
}

fn in_its_place(raw: &Raw, (header, event): (Header, Event)) -> Result<(Header, Event), Defect> {
    if header.seq != raw.seq {
        return Err(Defect::Seq { found: header.seq, expected: raw.seq });
    }
    Ok((header, event))
}

/// Body and decoded signature of a blob, which must be written in its one spelling.
fn split(blob: &[u8]) -> Result<(&[u8], Vec<u8>), Defect> {
    let (body, line) = halves(blob)?;
    Ok((body, BASE64.decode(line.as_bytes()).map_err(|_| Defect::SignatureForm)?))
}

/// Body and signature as they stand in a blob.
fn halves(blob: &[u8]) -> Result<(&[u8], &str), Defect> {
    if blob.len() > MOST_BLOB {
        return Err(Defect::TooLarge { bytes: blob.len(), most: MOST_BLOB });
    }
    let at = memmem::find(blob, b"\n\n").ok_or(Defect::NoSignature)?;
    let (body, rest) = (&blob[..=at], &blob[at + 2..]);
    let line = rest.strip_prefix(b"sig ").and_then(|line| line.strip_suffix(b"\n")).ok_or(Defect::NoSignature)?;
    let line = str::from_utf8(line).map_err(|_| Defect::Utf8)?;
    if body.len() > MOST {
        return Err(Defect::TooLarge { bytes: body.len(), most: MOST });
    }
    Ok((body, line))
}

/// Holds the text part against what the body says of it.
fn read_text(header: &Header, event: &Event, bytes: Option<&[u8]>) -> Result<Option<Text>, Defect> {
    let (named, bytes) = match (&header.text, bytes) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(Defect::TextUnnamed),
        // Whether a proposal redacted it cannot be told from here.
        (Some(_), None) => return Ok(None),
        (Some(named), Some(bytes)) => (named, bytes),
    };
    if bytes.len() > MOST {
        return Err(Defect::TooLarge { bytes: bytes.len(), most: MOST });
    }
    let found = text::digest(bytes);
    if found != named.digest {
        return Err(Defect::TextDigest { signed: named.digest, found });
    }
    let text = text::read(event.kind(), bytes).map_err(|inner| Defect::TextGrammar { inner: Box::new(inner) })?;
    if text.filled() != named.filled || !agree(event, &text) {
        return Err(Defect::TextFields);
    }
    Ok(Some(text))
}

/// Whether body and text list the same things: evidence by the numbers of its tests, names of those enrolled.
fn agree(event: &Event, text: &Text) -> bool {
    match (event, text) {
        (Event::File { facts, .. } | Event::Revise { facts, .. }, Text::Description(description)) => {
            let shown = (1..).zip(&description.tests).filter(|(_, test)| test.evidence.is_some()).map(|(n, _)| n);
            shown.eq(facts.evidence.iter().map(|(n, _)| *n))
        }
        (_, Text::Names(names)) => {
            names.keys().all(|person| members(event).iter().any(|member| member.person == *person))
        }
        _ => true,
    }
}

/// The people whom an event would enrol.
pub fn members(event: &Event) -> &[Member] {
    match event {
        Event::Init { members, .. } | Event::Propose { action: Action::Enrol(members), .. } => members,
        _ => &[],
    }
}

/// Every key that is to be enrolled signed the request to be.
fn check_proofs(entry: &Entry) -> Result<(), Defect> {
    let register = match entry.event {
        Event::Init { .. } => For::New(entry.header.register.name().clone()),
        _ => For::Existing(entry.header.register.clone()),
    };
    members(&entry.event)
        .iter()
        .try_for_each(|member| request::check(&register, &member.person, &member.key, &member.proof))?;
    match &entry.event {
        Event::Propose { action: Action::AddKey { person, key, proof, vouch }, .. } => {
            request::check(&register, person, key, proof)?;
            vouch.as_ref().map_or(Ok(()), |vouch| request::check_vouch(&register, person, key, vouch))
        }
        _ => Ok(()),
    }
}

/// An entry written out and not signed yet.
#[derive(Debug, Clone)]
pub struct Unsigned {
    seq: u64,
    namespace: String,
    body: String,
    text: Option<Vec<u8>>,
}

impl Unsigned {
    /// Writes an entry out. `text` is what [`text::write`] made together with `header.text`.
    ///
    /// # Errors
    /// [`Defect::TooLarge`].
    pub fn new(header: &Header, event: &Event, text: Option<Vec<u8>>) -> Result<Self, Defect> {
        let body = body::write(header, event);
        for bytes in [body.len(), text.as_ref().map_or(0, Vec::len)] {
            if bytes > MOST {
                return Err(Defect::TooLarge { bytes, most: MOST });
            }
        }
        Ok(Self { seq: header.seq, namespace: body::namespace(event.kind()), body, text })
    }

    /// The SSHSIG namespace for its signature.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The bytes to be signed.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Joins body and signature, and opens the result again: what we write passes what we ask of others.
    ///
    /// # Errors
    /// What is wrong with the signature.
    pub fn seal(self, signature: &[u8]) -> Result<(Raw, Entry), Defect> {
        let blob = format!("{}\nsig {}\n", self.body, BASE64.encode(signature)).into_bytes();
        let raw = Raw { seq: self.seq, blob, text: self.text };
        let entry = open(&raw)?;
        Ok((raw, entry))
    }
}
