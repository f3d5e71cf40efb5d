//! A break-glass signed without the register: a file that is entered later.
//!
//! ```text
//! twinseal/breakglass.word/v1
//! fingerprint 9b1e…                (of the register)
//! opened 2026-12-01T02:05:00Z
//! opener erin
//! opener-key SHA256:…
//! incident INC-1
//! service order-gateway            (any number)
//! affects CHG-7                    (optional)
//! text 4be1…                       (SHA-256 of the lines below the signature)
//!
//! sig U1NIU0lH…
//! salt 00112233445566778899aabbccddeeff
//! reason Every order is rejected.
//! ```

use data_encoding::BASE64;

use super::lines::{Reader, Writer};
use super::{Defect, body, sshsig, text};
use crate::domain::{Digest, Field, Header, Opening, Text, Word, unhex};

/// The SSHSIG namespace, and the first line.
pub const NAMESPACE: &str = "twinseal/breakglass.word/v1";

/// The message that is signed.
pub fn message(word: &Word, opening: &Opening, text: Digest) -> String {
    let mut out = Writer::with_first_line(NAMESPACE);
    write(&mut out, word);
    body::write_opening(&mut out, opening);
    out.put("text", text);
    out.finish()
}

/// Encodes who signed, when, and for which register, as the message and the entry do.
pub(super) fn write(out: &mut Writer, word: &Word) {
    out.put("fingerprint", word.fingerprint);
    out.put("opened", word.time);
    out.put("opener", &word.person);
    out.put("opener-key", word.key);
}

/// Decodes the same; the signature is read by the caller.
pub(super) fn read(lines: &mut Reader<'_>) -> Result<Word, Defect> {
    Ok(Word {
        fingerprint: lines.parse("fingerprint")?,
        time: lines.parse("opened")?,
        person: lines.parse("opener")?,
        key: lines.parse("opener-key")?,
        proof: Vec::new(),
        salt: None,
    })
}

/// Checks that the word in an entry is signed by the key that it names, over the text of the entry.
///
/// # Errors
/// [`Defect::Proof`].
pub fn check(header: &Header, word: &Word, opening: &Opening) -> Result<(), Defect> {
    let text = header.text.as_ref().map(|text| text.digest);
    let signer =
        text.and_then(|text| sshsig::verify(NAMESPACE, message(word, opening, text).as_bytes(), &word.proof).ok());
    match signer {
        Some(signed) if signed.key == word.key => Ok(()),
        _ => Err(Defect::Proof { person: word.person.clone() }),
    }
}

/// The file of a signed word. `text` is the text part that was signed.
pub fn write_file(word: &Word, opening: &Opening, text: &[u8]) -> String {
    let message = message(word, opening, text::digest(text));
    format!("{message}\nsig {}\n{}", BASE64.encode(&word.proof), String::from_utf8_lossy(text))
}

/// Decodes a file and verifies its signature.
///
/// # Errors
/// A defect of the grammar, [`Defect::Proof`], [`Defect::NotCanonical`].
pub fn read_file(bytes: &[u8]) -> Result<(Word, Opening, Text), Defect> {
    let mut lines = Reader::new(bytes)?;
    if lines.take_line() != NAMESPACE {
        return Err(Defect::Kind);
    }
    let (mut word, opening) = (read(&mut lines)?, body::read_opening(&mut lines)?);
    let signed: Digest = lines.parse("text")?;
    if !lines.take_line().is_empty() {
        return Err(Defect::NoSignature);
    }
    word.proof = BASE64.decode(lines.take("sig")?.as_bytes()).map_err(|_| Defect::SignatureForm)?;
    let salt = lines.parse_with("salt", |hex| unhex(hex).ok_or(crate::domain::Invalid::Digest))?;
    let reason = Text::Remark(Field::Reason, lines.required_prose("reason", "reason")?);
    lines.end()?;
    word.salt = Some(salt);
    let (part, _) = text::write(&reason, salt);
    let found = text::digest(&part);
    if found != signed {
        return Err(Defect::TextDigest { signed, found });
    }
    let signer = sshsig::verify(NAMESPACE, message(&word, &opening, signed).as_bytes(), &word.proof);
    if !signer.is_ok_and(|signed| signed.key == word.key) {
        return Err(Defect::Proof { person: word.person });
    }
    if write_file(&word, &opening, &part).as_bytes() == bytes {
        Ok((word, opening, reason))
    } else {
        Err(Defect::NotCanonical)
    }
}
