//! What an enrolment request asks for, and the rules about requests.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::records::Denied;
use crate::domain::value::time::DAY;
use crate::domain::{Action, Digest, Governance, Grants, Invalid, Member, PersonId, Refusal, Role, Time, Timed};

/// What a request asks for besides the person and the key. The key to be enrolled signed all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    fingerprint: Option<Digest>,
    time: Time,
    expires: Time,
    roles: BTreeSet<Role>,
    operators: BTreeSet<PersonId>,
}

/// What grants add to the roles and operators that a request asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unasked {
    /// Granted roles that the request does not name.
    pub roles: Vec<Role>,
    /// Operators that the request does not name.
    pub operators: Vec<PersonId>,
}

impl Asked {
    /// The days after which a request expires unless it says otherwise.
    pub const DAYS: i64 = 30;

    /// A request made at `time` that asks for nothing but the key. `fingerprint` is the leaf hash of the register's
    /// entry 0, and `None` in a request to found a register.
    ///
    /// # Errors
    /// [`Invalid::RequestOrder`] unless it expires after it was made.
    pub fn new(fingerprint: Option<Digest>, time: Time, expires: Time) -> Result<Self, Invalid> {
        if expires <= time {
            return Err(Invalid::RequestOrder);
        }
        Ok(Self { fingerprint, time, expires, roles: BTreeSet::new(), operators: BTreeSet::new() })
    }

    /// The same request with these roles and, for a machine account, these operators.
    #[must_use]
    pub fn with(self, roles: BTreeSet<Role>, operators: BTreeSet<PersonId>) -> Self {
        Self { roles, operators, ..self }
    }

    /// When a request made at `time` expires unless it says otherwise.
    pub fn usual_end(time: Time) -> Time {
        time.plus(Self::DAYS * DAY)
    }

    /// The fingerprint of the register; `None` in a request to found one.
    pub fn fingerprint(&self) -> Option<Digest> {
        self.fingerprint
    }

    /// When the request was made, by the clock of whoever made it.
    pub fn time(&self) -> Time {
        self.time
    }

    /// The first moment at which it can no longer be used.
    pub fn expires(&self) -> Time {
        self.expires
    }

    /// The roles asked for.
    pub fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// The operators of the machine account; empty for a person.
    pub fn operators(&self) -> &BTreeSet<PersonId> {
        &self.operators
    }

    /// What these grants add to the request. It is shown to both admins and never refused.
    pub fn unasked(&self, grants: &Grants) -> Unasked {
        Unasked {
            roles: grants.roles.keys().filter(|role| !self.roles.contains(role)).copied().collect(),
            operators: grants.operators.iter().filter(|it| !self.operators.contains(*it)).cloned().collect(),
        }
    }
}

impl Unasked {
    /// Whether the grants add nothing.
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.operators.is_empty()
    }
}

impl Governance {
    /// Checks the requests in an entry that opens a proposal. They are judged there alone: a request that expires
    /// before the second has done its work.
    pub(in crate::domain) fn judge_requests(&self, header: &Timed<'_>, action: &Action) -> Result<(), Denied> {
        match action {
            Action::Enrol(members) => self.judge_members_asked(header, members),
            Action::AddKey { person, asked, .. } => self.judge_asked(header, person, asked),
            _ => Ok(()),
        }
    }

    /// As [`Governance::judge_requests`], for the founding members too.
    pub(in crate::domain) fn judge_members_asked(&self, header: &Timed<'_>, members: &[Member]) -> Result<(), Denied> {
        members.iter().try_for_each(|it| self.judge_asked(header, &it.person, &it.asked))
    }

    fn judge_asked(&self, header: &Timed<'_>, person: &PersonId, asked: &Asked) -> Result<(), Denied> {
        let person = person.clone();
        if asked.fingerprint != self.summary.fingerprint {
            return Err(Refusal::RequestElsewhere { person }.into());
        }
        if header.moment.effective >= asked.expires {
            return Err(Refusal::RequestExpired { person, since: asked.expires }.into());
        }
        Ok(())
    }
}
