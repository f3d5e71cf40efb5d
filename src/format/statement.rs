//! An approval that is signed away from the register: a statement, with the revision that it approves in the same file.
//!
//! ```text
//! twinseal/statement.approve/v1
//! register prod#3f9c…
//! change CHG-7
//! revision 2 5d07…                 (leaf hash of the entry that filed it)
//! fingerprint 9b1e…                (of the register)
//! approver carol
//! approver-key SHA256:…
//! seen 10c4…                       (leaf hash of the newest entry about the change)
//! approved 2026-12-01T09:30:05Z
//! not-after 2026-12-02T09:30:05Z
//!
//! twinseal/change.revise/v1        (the exact entry that filed the revision)
//! …
//!
//! sig U1NIU0lH…
//!
//! salt …                           (its text part, if the entry has one)
//! …
//!
//! target gw-1                      (its data part, if the entry has one)
//! …
//! ```
//!
//! No part has an empty line of its own, so the empty lines end the parts. The signature is over the statement alone: what
//! stands before the first empty line. It is in a file of its own, armored as `ssh-keygen -Y sign` writes it.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::lines::{Reader, Writer};
use super::{Defect, Raw, body, entry, sshsig};
use crate::domain::{Digest, Event, Invalid, RegisterId, Revision, RevisionRef, Statement, Submission};
use crate::{tr, trf};

/// The SSHSIG namespace, and the first line.
pub const NAMESPACE: &str = "twinseal/statement.approve/v1";

/// The message that is signed.
pub fn message(register: &RegisterId, statement: &Statement) -> String {
    let mut out = Writer::with_first_line(NAMESPACE);
    out.put("register", register);
    write(&mut out, statement);
    out.finish()
}

/// The SHA-256 of the message: of all that the signature covers.
pub fn digest(register: &RegisterId, statement: &Statement) -> Digest {
    Digest::new(Sha256::digest(message(register, statement)).into())
}

/// Encodes all but the register, as the message and the entry do.
pub(super) fn write(out: &mut Writer, statement: &Statement) {
    body::write_revision(out, &statement.revision);
    out.put("fingerprint", statement.fingerprint);
    out.put("approver", &statement.approver);
    out.put("approver-key", statement.key);
    out.put("seen", statement.seen);
    out.put("approved", statement.time);
    out.put("not-after", statement.not_after);
}

/// Decodes the same.
pub(super) fn read(lines: &mut Reader<'_>) -> Result<Statement, Defect> {
    let statement = Statement {
        revision: body::read_revision(lines)?,
        fingerprint: lines.parse("fingerprint")?,
        approver: lines.parse("approver")?,
        key: lines.parse("approver-key")?,
        seen: lines.parse("seen")?,
        time: lines.parse("approved")?,
        not_after: lines.parse("not-after")?,
    };
    if statement.not_after < statement.time {
        return Err(lines.defect("not-after", Invalid::StatementOrder));
    }
    Ok(statement)
}

/// A statement with its signature, which is not verified.
pub fn submission(statement: Statement, proof: Vec<u8>) -> Submission {
    Submission { statement, touch: sshsig::touch_in(&proof), proof }
}

/// Checks that a statement is signed by the key that it names.
///
/// # Errors
/// [`Defect::Statement`].
pub fn check(register: &RegisterId, Submission { statement, proof, .. }: &Submission) -> Result<(), Defect> {
    match sshsig::verify(NAMESPACE, message(register, statement).as_bytes(), proof) {
        Ok(signed) if signed.key == statement.key => Ok(()),
        _ => Err(Defect::Statement { person: statement.approver.clone() }),
    }
}

/// Why a file is not a statement with its revision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// The parts are not those of a statement and an entry.
    #[error("{}", tr!(
        "it is not a statement, an entry and the parts of that entry, with an empty line between them",
        "它不是以空行隔开的声明、日志条目及其各部分"
    ))]
    Parts,
    /// The statement itself.
    #[error("{}", trf!("statement: {}", "声明：{}", .0))]
    Statement(Box<Defect>),
    /// The entry, its text part or its data part.
    #[error("{}", trf!("revision: {}", "修订：{}", .0))]
    Revision(Box<Defect>),
    /// A correct entry that is not the revision of the statement.
    #[error("{}", tr!(
        "the revision below the statement is not the one that the statement names",
        "声明下方的修订不是声明所写明的修订"
    ))]
    OtherRevision,
}

/// A statement, and the revision that it approves. That the entry is in the log of the register is not verified.
pub struct Exported {
    /// The register.
    pub register: RegisterId,
    /// The statement.
    pub statement: Statement,
    /// The revision.
    pub revision: Revision,
    /// The exact bytes of the entry that filed it.
    pub raw: Raw,
}

/// Writes a signed statement as the body of the entry that has it.
pub(super) fn write_submission(out: &mut Writer, it: &Submission) {
    write(out, &it.statement);
    out.put("proof", BASE64.encode(&it.proof));
}

/// The file for a statement, and the entry that filed its revision.
pub fn write_file(register: &RegisterId, statement: &Statement, raw: &Raw) -> Vec<u8> {
    let mut out = message(register, statement).into_bytes();
    for part in [Some(&raw.blob), raw.text.as_ref(), raw.data.as_ref()].into_iter().flatten() {
        out.push(b'\n');
        out.extend_from_slice(part);
    }
    out
}

/// Decodes a file. The revision must be the one that the statement names, whole, and correctly signed by its requester's
/// key; whose key that is only the register knows.
///
/// # Errors
/// [`StatementFault`].
pub fn read_file(bytes: &[u8]) -> Result<Exported, StatementFault> {
    let (signed, rest) = split(bytes).ok_or(StatementFault::Parts)?;
    let (register, statement) = read_message(signed).map_err(|defect| StatementFault::Statement(Box::new(defect)))?;
    let wrong = |defect| StatementFault::Revision(Box::new(defect));
    let raw = read_raw(rest)?;
    let entry = entry::open(&raw).map_err(wrong)?;
    let number = match &entry.event {
        Event::File { .. } => 1,
        Event::Revise { replaces, .. } => replaces.number.saturating_add(1),
        _ => return Err(StatementFault::OtherRevision),
    };
    let change = entry.event.change();
    let RevisionRef { change: of, number: named, filed } = statement.revision;
    let revision = Revision::read(statement.revision, &entry.header, &entry.event);
    let revision = revision.ok_or(StatementFault::OtherRevision)?;
    if (change, number, entry.leaf) != (Some(of), named, filed) || entry.header.register != register {
        return Err(StatementFault::OtherRevision);
    }
    if entry.missing_text().is_some() || write_file(&register, &statement, &raw) != bytes {
        return Err(StatementFault::Parts);
    }
    Ok(Exported { register, statement, revision, raw })
}

/// The bytes up to the first empty line, and those behind it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memmem::find(bytes, b"\n\n")?;
    Some((&bytes[..=at], &bytes[at + 2..]))
}

fn read_message(bytes: &[u8]) -> Result<(RegisterId, Statement), Defect> {
    let mut lines = Reader::new(bytes)?;
    if lines.take_line() != NAMESPACE {
        return Err(Defect::Kind);
    }
    let (register, statement) = (lines.parse("register")?, read(&mut lines)?);
    lines.end()?;
    if message(&register, &statement).as_bytes() == bytes {
        Ok((register, statement))
    } else {
        Err(Defect::NotCanonical)
    }
}

/// The entry with its parts. Which parts it has, its body says.
fn read_raw(bytes: &[u8]) -> Result<Raw, StatementFault> {
    let (signed, mut rest) = split(bytes).ok_or(StatementFault::Parts)?;
    let (header, _) = body::read(signed).map_err(|defect| StatementFault::Revision(Box::new(defect)))?;
    let mut part = |follows: bool| {
        if !follows {
            return Ok(std::mem::take(&mut rest).to_vec());
        }
        let (part, behind) = split(rest).ok_or(StatementFault::Parts)?;
        rest = behind;
        Ok(part.to_vec())
    };
    let (has_text, has_data) = (header.text.is_some(), header.data.is_some());
    let signature = part(has_text || has_data)?;
    let text = has_text.then(|| part(has_data)).transpose()?;
    let data = has_data.then(|| part(false)).transpose()?;
    Ok(Raw { seq: header.seq, blob: [signed, b"\n", &signature].concat(), text, data })
}
