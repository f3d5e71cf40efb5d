//! The freezes in force.

use serde::{Deserialize, Serialize};

use crate::domain::value::time::DAY;
use crate::domain::{Digest, PersonId, ProposalId, Terms, Time};

/// The longest freeze that one person can open alone, and the longest for which all those together can count that one
/// person opens alone within a week, in seconds.
pub const LONGEST_NOW: i64 = DAY;

/// The freezes of one person that begin less than this apart count together, in seconds.
pub const WITHIN: i64 = 7 * DAY;

/// What a freeze that one person opens alone counts for at least, in seconds. Many short ones would otherwise close
/// every window that is longer than what lies between them.
pub const LEAST_COUNTED: i64 = 4 * 3600;

/// How long a person whose freeze was ended by a proposal opens no other one, in seconds.
pub const BARRED: i64 = 7 * DAY;

/// The group whose members may begin a freeze alone, beside the admins.
pub const DUTY: &str = "duty";

/// Who put a freeze in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FreezeOrigin {
    /// Two admins, by this proposal.
    Proposal(ProposalId),
    /// One person, alone.
    Alone(PersonId),
}

/// A freeze in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Who put it in force.
    pub origin: FreezeOrigin,
    /// The leaf hash of the entry that put it in force.
    pub since: Digest,
    /// The sequence number of that entry.
    pub seq: u64,
    /// What it says.
    pub terms: Terms,
}

/// What is kept of each freeze in force beside its record, so that a start loads only those that can close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreezeMark {
    /// The leaf hash of the entry that put it in force.
    pub since: Digest,
    /// The end of its last closed time; `None` if it has no end.
    pub end: Option<Time>,
}
