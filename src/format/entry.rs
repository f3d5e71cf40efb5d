//! Entries: the stored bytes, how they are opened (decoded and verified), and how new ones are sealed.

use data_encoding::BASE64;
use memchr::memmem;
use sha2::{Digest as _, Sha256};

use super::request::{self, RegisterRef};
use super::{Defect, Keys, body, data, sshsig, text};
use crate::domain::{Action, Digest, Event, Header, Member, Step, Text, Touch};

/// The most bytes in a blob: body, blank line and signature line. A tile of entries (C2SP tlog-tiles) has two bytes for
/// the length of each.
pub const MAX_BLOB: usize = 65_535;

/// The most bytes in a text part.
pub const MAX_TEXT: usize = 64 * 1024;

/// An entry as it is stored, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// The number of its row.
    pub seq: u64,
    /// Body, blank line and signature line: the bytes that the leaf hash covers.
    pub blob: Vec<u8>,
    /// The text part; `None` if the entry never had one or it was redacted.
    pub text: Option<Vec<u8>>,
    /// The data part; `None` if the entry never had one.
    pub data: Option<Vec<u8>>,
}

impl Raw {
    /// The leaf hash: SHA-256 of a zero byte and the blob (RFC 6962, section 2.1).
    pub fn leaf(&self) -> Digest {
        let mut hash = Sha256::new();
        hash.update([0]);
        hash.update(&self.blob);
        Digest::new(hash.finalize().into())
    }
}

/// An opened entry: well formed, canonically encoded, signed by the key that it names, with the text part that was
/// signed. Its position in the log and the rules of the register are checked elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The fields that every entry has.
    pub header: Header,
    /// The recorded act.
    pub event: Event,
    /// The decoded text part; `None` also if the body names one that is missing.
    pub text: Option<Text>,
    /// The leaf hash.
    pub leaf: Digest,
}

impl Entry {
    /// The digest of a text part that the body names and that is missing. The entry is valid only if a proposal
    /// redacted the text.
    pub fn missing_text(&self) -> Option<Digest> {
        self.header.text.as_ref().filter(|_| self.text.is_none()).map(|text| text.digest)
    }
}

/// Opens an entry: decodes it and makes every check that needs only its own bytes.
///
/// # Errors
/// The first [`Defect`] found. Those of the position in the log are not among them, except for [`Defect::Seq`].
pub fn open(raw: &Raw) -> Result<Entry, Defect> {
    open_with(&Keys::default(), raw)
}

/// Opens an entry as [`open`] does; `keys` keeps each key decoded for the next entry signed by it.
///
/// # Errors
/// What is wrong with it.
pub fn open_with(keys: &Keys, raw: &Raw) -> Result<Entry, Defect> {
    let (signed, blob) = split(&raw.blob)?;
    let entry = parse(raw)?;
    let by = sshsig::verify_with(keys, &body::namespace(entry.event.kind()), signed, &blob)?;
    if by.key != entry.header.key {
        return Err(Defect::SignatureKey);
    }
    check_proofs(&entry)?;
    Ok(entry)
}

/// Decodes an entry without verifying its signature. The caller must compare its leaf hash with a verified one.
///
/// # Errors
/// A defect of the grammar or of the text part.
pub fn parse(raw: &Raw) -> Result<Entry, Defect> {
    let (header, event) = read_body(raw)?;
    let text = read_text(&header, &event, raw.text.as_deref())?;
    Ok(Entry { header, event, text, leaf: raw.leaf() })
}

/// Decodes body and data part, which is all that rules read. Neither signature nor text part is verified.
///
/// # Errors
/// As [`body::read`] and [`data::complete`]; [`Defect::Seq`] if the entry names another number than its row.
pub fn read_body(raw: &Raw) -> Result<(Header, Event), Defect> {
    completed(raw, body::read(halves(&raw.blob)?.0)?)
}

/// As [`read_body`], for an entry that was verified before; see [`body::read_verified`]. The caller must compare its
/// leaf hash with the verified one.
///
/// # Errors
/// As [`body::read_verified`] and [`data::complete`]; [`Defect::Seq`] if the entry names another number than its row.
pub fn read_verified_body(raw: &Raw) -> Result<(Header, Event), Defect> {
    completed(raw, body::read_verified(halves(&raw.blob)?.0)?)
}

/// Checks the number, and adds the data part to the event.
fn completed(raw: &Raw, (mut header, mut event): (Header, Event)) -> Result<(Header, Event), Defect> {
    if header.seq != raw.seq {
        return Err(Defect::Seq { found: header.seq, expected: raw.seq });
    }
    data::complete(&mut event, header.data, raw.data.as_deref())?;
    header.touch = touch_in(halves(&raw.blob)?.1)?;
    Ok((header, event))
}

/// How the base64 of a signature by a key of no token begins: with the length and the algorithm of the key.
const NO_TOKEN: &str = "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTk";

/// What a FIDO token says of a signature in base64, which is not verified.
fn touch_in(signature: &str) -> Result<Option<Touch>, Defect> {
    if signature.starts_with(NO_TOKEN) {
        return Ok(None);
    }
    let blob = BASE64.decode(signature.as_bytes()).map_err(|_| Defect::SignatureForm)?;
    Ok(sshsig::touch_in(&blob))
}

/// The body and the decoded signature of a blob.
fn split(blob: &[u8]) -> Result<(&[u8], Vec<u8>), Defect> {
    let (body, line) = halves(blob)?;
    Ok((body, BASE64.decode(line.as_bytes()).map_err(|_| Defect::SignatureForm)?))
}

/// The body and the base64 signature of a blob.
fn halves(blob: &[u8]) -> Result<(&[u8], &str), Defect> {
    if blob.len() > MAX_BLOB {
        return Err(Defect::TooLarge { bytes: blob.len(), most: MAX_BLOB });
    }
    let at = memmem::find(blob, b"\n\n").ok_or(Defect::NoSignature)?;
    let (body, rest) = (&blob[..=at], &blob[at + 2..]);
    let line = rest.strip_prefix(b"sig ").and_then(|line| line.strip_suffix(b"\n")).ok_or(Defect::NoSignature)?;
    // Whatever is wrong with the signature line is a defect of the signature.
    let line = str::from_utf8(line).map_err(|_| Defect::SignatureForm)?;
    Ok((body, line))
}

/// Decodes the text part and compares it with the body.
fn read_text(header: &Header, event: &Event, bytes: Option<&[u8]>) -> Result<Option<Text>, Defect> {
    let (named, bytes) = match (&header.text, bytes) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(Defect::TextUnnamed),
        // Only the log can show whether a proposal redacted it.
        (Some(_), None) => return Ok(None),
        (Some(named), Some(bytes)) => (named, bytes),
    };
    if bytes.len() > MAX_TEXT {
        return Err(Defect::TooLarge { bytes: bytes.len(), most: MAX_TEXT });
    }
    let found = text::digest(bytes);
    if found != named.digest {
        return Err(Defect::TextDigest { signed: named.digest, found });
    }
    let text = text::read(event.kind(), bytes).map_err(|inner| Defect::TextGrammar { inner: Box::new(inner) })?;
    if text.filled() != named.filled || !lists_match(event, &text) {
        return Err(Defect::TextFields);
    }
    Ok(Some(text))
}

/// Whether the body counts the steps of the text (a standard change has those of its template), its evidence belongs to exactly the tests that name some, its actions
/// are those of the text, and every display name belongs to a member.
fn lists_match(event: &Event, text: &Text) -> bool {
    match (event, text) {
        (Event::File { facts, .. } | Event::Revise { facts, .. }, Text::Description(description)) => {
            let steps = |steps: &[Step], count: u64| u64::try_from(steps.len()) == Ok(count);
            let shown = (1..).zip(&description.tests).filter(|(_, test)| test.evidence.is_some()).map(|(n, _)| n);
            shown.eq(facts.evidence.keys().copied())
                && (facts.template.is_some()
                    || steps(&description.plan, facts.plan_steps) && steps(&description.rollback, facts.rollback_steps))
        }
        (Event::Review(it), Text::Review(text)) => text.actions.keys().eq(it.actions.iter().map(|it| &it.number)),
        (_, Text::Names(names)) => {
            names.keys().all(|person| members(event).iter().any(|member| member.person == *person))
        }
        _ => true,
    }
}

/// The people whom an event enrols or proposes to enrol; empty for other events.
pub fn members(event: &Event) -> &[Member] {
    match event {
        Event::Init { members, .. } | Event::Propose { action: Action::Enrol(members), .. } => members,
        _ => &[],
    }
}

/// Checks that every key to be enrolled has signed its own request.
fn check_proofs(entry: &Entry) -> Result<(), Defect> {
    let register = match entry.event {
        Event::Init { .. } => RegisterRef::New(entry.header.register.name().clone()),
        _ => RegisterRef::Existing(entry.header.register.clone()),
    };
    members(&entry.event)
        .iter()
        .try_for_each(|member| request::check(&register, &member.person, &member.asked, &member.key, &member.proof))?;
    match &entry.event {
        Event::Propose { action: Action::AddKey { person, asked, key, proof, vouch }, .. } => {
            request::check(&register, person, asked, key, proof)?;
            vouch.as_ref().map_or(Ok(()), |vouch| request::check_vouch(&register, person, asked, key, vouch))
        }
        Event::BreakGlassEnter { opening, word, .. } => super::word::check(&entry.header, word, opening),
        Event::Submit(it) => super::statement::check(&entry.header.register, it),
        _ => Ok(()),
    }
}

/// The size in bytes of a blob whose body has this size: every signature in a namespace has the same length.
pub fn blob_size(namespace: &str, body: usize) -> usize {
    let signature = sshsig::encode(&[0; 32], namespace, &[0; 64]).len();
    body + "\nsig \n".len() + BASE64.encode_len(signature)
}

/// An encoded entry that is not signed yet.
#[derive(Debug, Clone)]
pub struct Unsigned {
    seq: u64,
    namespace: String,
    body: String,
    text: Option<Vec<u8>>,
    data: Option<Vec<u8>>,
}

impl Unsigned {
    /// Encodes an entry. `text` and `header.text` must come from the same call of [`text::write`], and `header.data` must
    /// be the [digest](data::digest_of) of the event's data part.
    ///
    /// # Errors
    /// [`Defect::TooLarge`] if the blob, the text part or the data part exceeds its limit.
    pub fn new(header: &Header, event: &Event, text: Option<Vec<u8>>) -> Result<Self, Defect> {
        let (namespace, body, data) = (body::namespace(event.kind()), body::write(header, event), data::of(event));
        let length = |part: &Option<Vec<u8>>| part.as_ref().map_or(0, Vec::len);
        for (bytes, most) in
            [(blob_size(&namespace, body.len()), MAX_BLOB), (length(&text), MAX_TEXT), (length(&data), data::MAX_DATA)]
        {
            if bytes > most {
                return Err(Defect::TooLarge { bytes, most });
            }
        }
        Ok(Self { seq: header.seq, namespace, body, text, data })
    }

    /// The SSHSIG namespace to sign in.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its number in the log.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The fields, the act and the text that it holds, read as from an entry.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn decode(&self) -> Result<(Header, Event, Option<Text>), Defect> {
        let (header, mut event) = body::read(self.body.as_bytes())?;
        data::complete(&mut event, header.data, self.data.as_deref())?;
        let text = read_text(&header, &event, self.text.as_deref())?;
        Ok((header, event, text))
    }

    /// The message to sign.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The text part, whose digest is in the body.
    pub fn text(&self) -> Option<&[u8]> {
        self.text.as_deref()
    }

    /// The data part, whose digest is in the body.
    pub fn data(&self) -> Option<&[u8]> {
        self.data.as_deref()
    }

    /// Joins the body with its signature, a binary SSHSIG blob, and opens the result as a verifier would.
    ///
    /// # Errors
    /// As [`open`], above all for a signature that does not verify.
    pub fn seal(self, signature: &[u8]) -> Result<(Raw, Entry), Defect> {
        let blob = format!("{}\nsig {}\n", self.body, BASE64.encode(signature)).into_bytes();
        let raw = Raw { seq: self.seq, blob, text: self.text, data: self.data };
        let entry = open(&raw)?;
        Ok((raw, entry))
    }
}
