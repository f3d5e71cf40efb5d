//! Approvals that were signed away from the register, and submitted by somebody else.

use serde::{Deserialize, Serialize};

use crate::domain::records::Denied;
use crate::domain::{
    Change, Digest, Fingerprint, Governance, Header, Moment, PersonId, Policy, Refusal, RevisionRef, Role, TOLERANCE,
    Time, Timed, Touch, Verdict, Vote,
};

/// What an approver signs away from the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The revision that is approved.
    pub revision: RevisionRef,
    /// The leaf hash of entry 0 of the register.
    pub fingerprint: Digest,
    /// The approver.
    pub approver: PersonId,
    /// The approver's key.
    pub key: Fingerprint,
    /// The leaf hash of the newest entry about the change when the statement was made.
    pub seen: Digest,
    /// When the statement was made, which is the time of the approval.
    pub time: Time,
    /// The last moment at which it counts.
    pub not_after: Time,
}

/// A signed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// What was signed.
    pub statement: Statement,
    /// The SSHSIG blob by which the approver's key signed it.
    pub proof: Vec<u8>,
    /// What the FIDO token says that signed it; `None` for other keys.
    pub touch: Option<Touch>,
}

/// How a detached approval came into the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detached {
    /// Who submitted it.
    pub by: PersonId,
    /// The newest entry about the change that its statement names.
    pub seen: Digest,
    /// The last moment at which it counts.
    pub not_after: Time,
}

impl Statement {
    /// The first moment at which the approval no longer counts, under this policy. Without a policy it never does.
    pub(super) fn expires(&self, policy: Option<&Policy>) -> Time {
        expires(self.time, Some(self.not_after), policy)
    }

    /// The vote of the approver, which an entry with this header carries into the log.
    pub(super) fn vote(&self, header: &Header, touch: Option<Touch>) -> Vote {
        Vote {
            revision: self.revision.filed,
            verdict: Verdict::Approve,
            person: self.approver.clone(),
            key: self.key,
            time: self.time,
            seq: header.seq,
            touch,
            detached: Some(Detached { by: header.actor.clone(), seen: self.seen, not_after: self.not_after }),
        }
    }

    /// Whether this vote is the one that the statement gave, when it was submitted before.
    fn gave(&self, vote: &Vote) -> bool {
        let same = |it: &Detached| (it.seen, it.not_after) == (self.seen, self.not_after);
        vote.detached.as_ref().is_some_and(same)
            && (&vote.person, vote.key, vote.time) == (&self.approver, self.key, self.time)
            && vote.revision == self.revision.filed
    }
}

/// When an approval given at `time` expires: by its age under the policy, or by what its statement says if that is
/// earlier.
pub(super) fn expires(time: Time, not_after: Option<Time>, policy: Option<&Policy>) -> Time {
    let aged = time.plus(policy.map_or(0, Policy::approval_seconds));
    not_after.map_or(aged, |it| aged.min(it.plus(1)))
}

impl Change {
    /// Anybody enrolled submits a statement; all that an approval needs must hold for the approver. `header` has the
    /// moment at which neither the claims of the submitter nor those of the approver count.
    pub(in crate::domain) fn judge_submit(
        &self,
        governance: &Governance,
        header: &Timed<'_>,
        Submission { statement, touch, .. }: &Submission,
    ) -> Result<(), Denied> {
        let (change, person) = (self.id(), statement.approver.clone());
        if governance.fingerprint() != Some(statement.fingerprint) {
            return Err(Refusal::StatementElsewhere { person }.into());
        }
        let approver = Header { actor: person.clone(), key: statement.key, touch: *touch, ..header.header.clone() };
        governance.judge_actor(&approver)?;
        let signing = Moment::unwitnessed(statement.time);
        governance.judge_role(&Timed { header: &approver, moment: signing, witnessed: None }, Role::Approver)?;
        let approver = Timed { header: &approver, ..*header };
        match self.judge_approve(governance, &approver, statement.revision) {
            Err(Denied::Refused(Refusal::OwnChange { conflict, .. })) => {
                return Err(Refusal::ApproverConflict { person, change, conflict }.into());
            }
            judged => judged?,
        }
        Ok(self.judge_statement(governance, header.moment, statement)?)
    }

    /// A statement counts once, in time, and only if its approver has not acted on the change since.
    fn judge_statement(&self, governance: &Governance, now: Moment, statement: &Statement) -> Result<(), Refusal> {
        let (change, person) = (self.id(), statement.approver.clone());
        if statement.time > now.latest.plus(TOLERANCE) {
            return Err(Refusal::StatementAhead { time: statement.time });
        }
        let expires = statement.expires(governance.policy());
        if now.claimed >= expires || now.effective > statement.not_after {
            return Err(Refusal::StatementExpired { change, person, expired: expires });
        }
        if let Some(vote) = self.votes().iter().find(|vote| statement.gave(vote)) {
            return Err(Refusal::SubmittedBefore { change, person, seq: vote.seq });
        }
        let Some(at) = self.stream().iter().position(|(leaf, _)| *leaf == statement.seen) else {
            return Err(Refusal::StatementUnseen { change, person, seen: statement.seen });
        };
        if self.stream().iter().skip(at + 1).any(|(_, whose)| *whose == statement.approver) {
            return Err(Refusal::StatementSuperseded { change, person });
        }
        Ok(())
    }
}
