//! Errors of requests for enrolment.

use crate::domain::{Fingerprint, PersonId};
use crate::format::Defect;

/// Why a request cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// An enrolment request that is malformed or whose signature is invalid.
    #[error("{path} is not a valid enrolment request: {defect}")]
    Malformed {
        /// The file, as it was named.
        path: String,
        /// The reason.
        defect: Defect,
    },
    /// An enrolment request for another register.
    #[error("{path} is a request for {found}, not for {here}")]
    Elsewhere {
        /// The file, as it was named.
        path: String,
        /// The register that it names.
        found: String,
        /// This register.
        here: String,
    },
    /// A request for a register that is named by its id alone.
    #[error("a request for an existing register names its fingerprint: --fingerprint DIGEST is required")]
    NeedsFingerprint,
    /// An enrolment request by another person.
    #[error("{path} is a request by {found}, not by {given}")]
    OfOther {
        /// The file, as it was named.
        path: String,
        /// The person that it names.
        found: PersonId,
        /// The person named on the command line.
        given: PersonId,
    },
    /// The signing key belongs to none of the founding members.
    #[error("key {key} belongs to none of the members")]
    NotAmongMembers {
        /// The signing key.
        key: Fingerprint,
    },
}

impl RequestError {
    /// The next step.
    pub(super) fn hint(&self) -> String {
        let hint = match self {
            Self::Malformed { .. } => "ask the sender for a new one: `twinseal person request`",
            Self::Elsewhere { here, .. } => {
                return format!("ask the sender for a request made with --register '{here}'");
            }
            Self::NeedsFingerprint => {
                "get it from an admin out of band: `twinseal person list` prints the register's id and fingerprint"
            }
            Self::OfOther { .. } => "write NAME=FILE:ROLES with the name in the request",
            Self::NotAmongMembers { .. } => "choose with --key the key of an admin named in --member",
        };
        hint.to_owned()
    }
}
