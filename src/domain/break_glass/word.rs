//! A break-glass that was signed without the register, and entered later.

use serde::{Deserialize, Serialize};

use crate::domain::{Digest, Fingerprint, PersonId, Time};

/// What an engineer signed while the register could not be reached, besides the opening itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// The leaf hash of entry 0 of the register.
    pub fingerprint: Digest,
    /// The time that the opener claims.
    pub time: Time,
    /// The opener.
    pub person: PersonId,
    /// The opener's key.
    pub key: Fingerprint,
    /// The SSHSIG blob by which that key signed.
    pub proof: Vec<u8>,
    /// The salt of the text part, whose digest was signed. An entry keeps it in its text part alone, so that a redacted
    /// text cannot be guessed; `None` if this was read from a body.
    #[serde(skip)]
    pub salt: Option<[u8; 16]>,
}
