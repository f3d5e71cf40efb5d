//! Approvals are counted here and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::state::Unloaded;
use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    Change, ConflictOfInterest, Digest, Duty, Fingerprint, Governance, Header, PersonId, Policy, RevisionRef, Role,
    Time,
};

closed_enum!(
    /// An approver's verdict on a revision.
    Verdict, "a verdict", {
        /// It may run.
        Approve => "approve",
        /// It may not.
        Reject => "reject",
        /// The earlier approval no longer counts.
        Retract => "retract",
    }
);

/// An approver's vote on a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// The leaf hash of the entry that filed the revision.
    pub revision: Digest,
    /// The verdict.
    pub verdict: Verdict,
    /// The approver.
    pub person: PersonId,
    /// With which key.
    pub key: Fingerprint,
    /// When they claim to have.
    pub time: Time,
    /// The entry that records the vote.
    pub seq: u64,
}

impl Vote {
    /// As said by an entry with this header.
    pub(in crate::domain) fn said(at: &RevisionRef, verdict: Verdict, header: &Header) -> Self {
        let (revision, person) = (at.filed, header.actor.clone());
        Self { revision, verdict, person, key: header.key, time: header.time, seq: header.seq }
    }
}

/// Why an approval of the current revision does not count at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Void {
    /// It is older than the policy lets it be.
    Expired(Time),
    /// Its signer is no approver any more.
    NoApprover,
    /// Its key may not be used any more.
    DeadKey,
    /// Its signer is tied to the change.
    ConflictOfInterest(ConflictOfInterest),
    /// Its signer has another duty that the policy keeps apart.
    Separate(Duty),
}

/// The approvals of the current revision, judged at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<'a> {
    /// Those that count: at most one of each person.
    pub counted: Vec<&'a Vote>,
    /// Those that do not, each with its reason.
    pub void: Vec<(&'a Vote, Void)>,
    /// How many are needed.
    pub need: usize,
}

impl Tally<'_> {
    /// Whether enough count.
    pub fn is_enough(&self) -> bool {
        self.counted.len() >= self.need
    }
}

impl Change {
    /// Judges the approvals of the current revision at a moment.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn tally(&self, governance: &Governance, now: Time) -> Result<Tally<'_>, Unloaded> {
        // Without a policy nothing is enough.
        let need = governance.policy().map_or(usize::MAX, |it| it.approvals_for(&self.current().facts));
        let mut tally = Tally { counted: Vec::new(), void: Vec::new(), need };
        for vote in self.approvals() {
            match self.why_void(vote, governance, now)? {
                None => tally.counted.push(vote),
                Some(why) => tally.void.push((vote, why)),
            }
        }
        Ok(tally)
    }

    /// The approvals of the current revision that were not taken back, whether they count or not: one of each person.
    pub fn approvals(&self) -> impl Iterator<Item = &Vote> {
        self.latest_votes().filter(|vote| vote.verdict == Verdict::Approve)
    }

    /// For each person, what they said last for the current revision. Approving again replaces one's own earlier
    /// approval, and a retraction takes it back: persons count, not signatures.
    pub(in crate::domain) fn latest_votes(&self) -> impl Iterator<Item = &Vote> {
        let about = self.votes().iter().filter(|vote| vote.revision == self.current().id.filed);
        let latest: BTreeMap<&PersonId, &Vote> =
            about.filter(|vote| vote.verdict != Verdict::Reject).map(|vote| (&vote.person, vote)).collect();
        latest.into_values()
    }

    fn why_void(&self, vote: &Vote, governance: &Governance, now: Time) -> Result<Option<Void>, Unloaded> {
        let expires = vote.time.plus(governance.policy().map_or(0, Policy::approval_seconds));
        Ok(if let Some(conflict) = self.conflict_of_interest(governance, &vote.person)? {
            Some(Void::ConflictOfInterest(conflict))
        } else if !governance.has_role(&vote.person, Role::Approver, now)? {
            Some(Void::NoApprover)
        } else if governance.is_kept_from_approving(&vote.person, now)? {
            Some(Void::Separate(Duty::AdminApprover))
        } else if !governance.is_live(vote.key, &vote.person)? {
            Some(Void::DeadKey)
        } else if now >= expires {
            Some(Void::Expired(expires))
        } else {
            None
        })
    }
}
