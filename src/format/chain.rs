//! Checks an entry's register, number and links against the position that it would take in the log.

use super::Defect;
use crate::domain::{Digest, Header, Position, RegisterId};

/// Checks that a header fits a position. `register` is `None` for entry 0, which names a new register.
///
/// # Errors
/// The first mismatch, in this order: [`Defect::Register`], [`Defect::Seq`], [`Defect::Prev`],
/// [`Defect::GovernanceLink`], [`Defect::Last`].
pub fn check_position(register: Option<&RegisterId>, position: &Position, header: &Header) -> Result<(), Defect> {
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
    let or_none = |last: Option<Digest>| last.unwrap_or(Digest::NONE);
    let (found, expected) = (or_none(header.last), or_none(position.last));
    if found != expected {
        return Err(Defect::Last { found, expected });
    }
    Ok(())
}
