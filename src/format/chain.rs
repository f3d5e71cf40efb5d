//! Whether an entry belongs at its place: chain and links.

use super::Defect;
use crate::domain::{Digest, Header, Position, RegisterId};

/// Holds an entry's header against the place where it stands; `register` is none for entry 0.
///
/// # Errors
/// [`Defect::Register`], [`Defect::Seq`], [`Defect::Prev`], [`Defect::GovernanceLink`], [`Defect::Last`].
pub fn follows(register: Option<&RegisterId>, position: &Position, header: &Header) -> Result<(), Defect> {
    if register.is_some_and(|id| *id != header.register) {
        return Err(Defect::Register { found: header.register.to_string() });
    }
    if header.seq != position.seq {
        return Err(Defect::Seq { found: header.seq, expected: position.seq });
    }
    let (found, expected) = (header.prev, position.prev);
    if found != expected {
        return Err(Defect::Prev { found, expected });
    }
    let (found, expected) = (header.governance, position.governance);
    if found != expected {
        return Err(Defect::GovernanceLink { found, expected });
    }
    let of = |last: Option<Digest>| last.unwrap_or(Digest::NONE);
    let (found, expected) = (of(header.last), of(position.last));
    if found != expected {
        return Err(Defect::Last { found, expected });
    }
    Ok(())
}
