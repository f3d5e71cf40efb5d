//! The data part of an entry: bulk content that rules need, in the line grammar. It has no salt and is permanent.
//!
//! A restoration lists the lost entries in it. The body holds the digest of the data part, so the signature and the
//! leaf hash cover it.

use super::Defect;
use super::lines::{Reader, Writer};
use super::text;
use crate::domain::{Action, Digest, Event, EventKind, Head};

/// The most bytes in a data part.
pub const MAX_DATA: usize = 4 * 1024 * 1024;

/// The content of a data part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Of `register.restored`: the lost entries.
    Lost(Vec<Head>),
}

/// Whether entries of a kind have a data part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Never.
    None,
    /// Always.
    Required,
}

/// Whether entries of this kind have a data part.
pub fn presence(kind: EventKind) -> Presence {
    match kind {
        EventKind::Restored => Presence::Required,
        _ => Presence::None,
    }
}

/// Encodes a data part.
pub fn write(data: &Data) -> Vec<u8> {
    let mut out = Writer::default();
    match data {
        Data::Lost(heads) => out.put_all("lost", heads),
    }
    out.finish().into_bytes()
}

/// The data part of an event; `None` if it has none.
pub fn of(event: &Event) -> Option<Vec<u8>> {
    match event {
        Event::Propose { action: Action::Restored(lost), .. } => Some(write(&Data::Lost(lost.heads().collect()))),
        _ => None,
    }
}

/// The digest by which the body names the data part of an event; `None` if it has none.
pub fn digest_of(event: &Event) -> Option<Digest> {
    of(event).as_deref().map(digest)
}

/// The digest by which a body names a data part: its SHA-256.
pub fn digest(bytes: &[u8]) -> Digest {
    text::digest(bytes)
}

/// Decodes the data part of an entry of this kind.
///
/// # Errors
/// A defect of the grammar; [`Defect::NotCanonical`]; [`Defect::DataUnnamed`] if this kind has no data part.
pub fn read(kind: EventKind, bytes: &[u8]) -> Result<Data, Defect> {
    let mut lines = Reader::new(bytes)?;
    let data = match kind {
        EventKind::Restored => {
            let first = lines.parse("lost")?;
            let rest: Vec<Head> = lines.parse_all("lost", str::parse)?;
            Data::Lost([vec![first], rest].concat())
        }
        _ => return Err(Defect::DataUnnamed),
    };
    lines.end()?;
    if write(&data) == bytes { Ok(data) } else { Err(Defect::NotCanonical) }
}

/// Completes an event that was read from a body with the data part that the body names. `bytes` is the data part of the
/// row, `None` if the row has none.
///
/// # Errors
/// [`Defect::DataMissing`], [`Defect::DataUnnamed`], [`Defect::DataDigest`], [`Defect::TooLarge`],
/// [`Defect::DataGrammar`], [`Defect::DataFields`].
pub fn complete(event: &mut Event, named: Option<Digest>, bytes: Option<&[u8]>) -> Result<(), Defect> {
    let data = match (named, bytes) {
        (None, None) => None,
        (None, Some(_)) => return Err(Defect::DataUnnamed),
        (Some(_), None) => return Err(Defect::DataMissing),
        (Some(signed), Some(bytes)) => Some(read_signed(event.kind(), signed, bytes)?),
    };
    if fill(event, data) { Ok(()) } else { Err(Defect::DataFields) }
}

fn read_signed(kind: EventKind, signed: Digest, bytes: &[u8]) -> Result<Data, Defect> {
    if bytes.len() > MAX_DATA {
        return Err(Defect::TooLarge { bytes: bytes.len(), most: MAX_DATA });
    }
    let found = digest(bytes);
    if found != signed {
        return Err(Defect::DataDigest { signed, found });
    }
    read(kind, bytes).map_err(|inner| Defect::DataGrammar { inner: Box::new(inner) })
}

/// Adds the data to the event; `false` if it does not match the body.
fn fill(event: &mut Event, data: Option<Data>) -> bool {
    match (event, data) {
        (Event::Propose { action: Action::Restored(lost), .. }, Some(Data::Lost(heads))) => {
            lost.leaves = heads.iter().map(|head| head.leaf).collect();
            lost.heads().eq(heads) && lost.heads().last() == Some(lost.ends.lost)
        }
        (_, None) => true,
        (_, Some(Data::Lost(_))) => false,
    }
}
