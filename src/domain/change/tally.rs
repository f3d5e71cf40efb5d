//! Counting the approvals of a revision. No other code counts them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::change::detached;
use crate::domain::change::requirements::SettledLine;
use crate::domain::records::Unloaded;
use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    Change, ChangeKind, ConflictOfInterest, Detached, Digest, Duty, Facts, Fingerprint, Governance, Group, Header,
    KeyNeed, Moment, Needs, PersonId, Policy, RequirementLine, RevisionRef, Risk, Role, TOLERANCE, Time, Touch,
};

closed_enum!(
    /// An approver's verdict on a revision.
    Verdict, ["a verdict", "审批意见"], {
        /// The approver approves the revision.
        Approve => "approve", "批准";
        /// The approver rejects the revision.
        Reject => "reject", "驳回";
        /// The approver retracts their earlier approval.
        Retract => "retract", "收回批准";
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
    /// The key that signed the vote.
    pub key: Fingerprint,
    /// The time that the approver claimed.
    pub time: Time,
    /// The sequence number of the entry that records the vote.
    pub seq: u64,
    /// What the FIDO token says that signed it; `None` for other keys.
    pub touch: Option<Touch>,
    /// How it came into the log, if it was signed away from the register.
    pub detached: Option<Detached>,
}

impl Vote {
    /// The vote that an entry with this header records.
    pub(in crate::domain) fn cast(at: &RevisionRef, verdict: Verdict, header: &Header) -> Self {
        let (revision, person) = (at.filed, header.actor.clone());
        let Header { key, time, seq, touch, .. } = *header;
        Self { revision, verdict, person, key, time, seq, touch, detached: None }
    }
}

/// Why an approval of the current revision does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Void {
    /// It expired under the policy, at this time.
    Expired(Time),
    /// The signer no longer has the role approver.
    NoApprover,
    /// The key that signed it is suspended or revoked.
    DeadKey,
    /// The signer has a conflict of interest.
    ConflictOfInterest(ConflictOfInterest),
    /// It claims a time that is still ahead.
    Ahead(Time),
    /// The signer has a duty that the policy separates from approving.
    Separate(Duty),
    /// The policy asks for another kind of key.
    Keys(KeyNeed),
}

/// The approvals of the current revision at a given time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally<'a> {
    /// The approvals that count, at most one per person.
    pub counted: Vec<&'a Vote>,
    /// The approvals that do not count, each with the reason.
    pub void: Vec<(&'a Vote, Void)>,
    /// The number of approvals required.
    pub need: usize,
    /// The required approvers of groups, and who of the counted ones takes each place.
    pub slots: Vec<Slot>,
    /// The independent approver, if one is required.
    pub independence: Independence,
}

/// Whether somebody independent of the change is among those whose approvals count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Independence {
    /// No requirement that applies asks for it.
    NotRequired,
    /// A requirement asks for it, and nobody is.
    Missing,
    /// This approver is.
    By(PersonId),
}

/// A place among the approvers of a change that only a member of a group can take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The group.
    pub group: Group,
    /// The approver who takes it.
    pub person: Option<PersonId>,
}

/// The tally at the start of a change, which settles for good which approvals counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The entries of the approvals that counted.
    counted: Vec<u64>,
    /// The entries of those that did not, each with the reason.
    void: Vec<(u64, Void)>,
    need: usize,
    slots: Vec<Slot>,
    independence: Independence,
    /// What each requirement said.
    pub(in crate::domain) lines: Vec<SettledLine>,
    /// What the policy demands after the finish.
    pub(in crate::domain) duties: Duties,
}

/// What the policy at the start demands after the finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct Duties {
    /// The days within which a review is due.
    pub review_days: u64,
    /// Whether one is due after any outcome, and not only after a bad one.
    pub review: bool,
    /// Whether somebody who took no part must confirm the outcome.
    pub confirm: bool,
}

impl Settled {
    fn new(tally: Tally<'_>, lines: Vec<RequirementLine>, duties: Duties) -> Self {
        let counted = tally.counted.iter().map(|vote| vote.seq).collect();
        let void = tally.void.into_iter().map(|(vote, why)| (vote.seq, why)).collect();
        let lines = lines.into_iter().map(SettledLine::from).collect();
        let (need, slots, independence) = (tally.need, tally.slots, tally.independence);
        Self { counted, void, need, slots, independence, lines, duties }
    }
}

impl Tally<'_> {
    /// Whether enough approvals count, and every required approver of a group is among them.
    pub fn is_enough(&self) -> bool {
        self.missing() == 0
    }

    /// The groups of which an approver is missing, once for each.
    pub fn unfilled(&self) -> impl Iterator<Item = &Group> {
        self.slots.iter().filter(|slot| slot.person.is_none()).map(|slot| &slot.group)
    }

    /// The fewest further approvals with which it would be enough.
    pub fn missing(&self) -> usize {
        let independent = usize::from(self.independence == Independence::Missing);
        self.need.saturating_sub(self.counted.len()).max(self.unfilled().count()).max(independent)
    }

    /// The approval with which it was enough, in the order of the log: the last of the required number, of those in the
    /// places of groups, and of the independent one. `None` if it is not enough.
    pub fn reached(&self) -> Option<&Vote> {
        if !self.is_enough() {
            return None;
        }
        let mut by_entry: Vec<&Vote> = self.counted.clone();
        by_entry.sort_by_key(|vote| vote.seq);
        let independent = match &self.independence {
            Independence::By(person) => Some(person),
            Independence::NotRequired | Independence::Missing => None,
        };
        let placed = self.slots.iter().filter_map(|slot| slot.person.as_ref()).chain(independent);
        let placed = placed.filter_map(|person| by_entry.iter().find(|vote| vote.person == *person));
        placed.chain(by_entry.get(self.need.saturating_sub(1))).copied().max_by_key(|vote| vote.seq)
    }

    /// Fills the slots of groups with the people whose approvals count.
    fn fill(&mut self, needs: &Needs, governance: &Governance, now: Moment) -> Result<(), Unloaded> {
        let mut groups = Vec::new();
        for vote in self.counted.iter().filter(|_| !needs.slots.is_empty()) {
            groups.push(governance.groups(&vote.person, now)?);
        }
        let person = |at: usize| self.counted.get(at).map(|vote| vote.person.clone());
        let filled = needs.slots.iter().zip(needs.fill(&groups));
        self.slots = filled.map(|(group, at)| Slot { group: group.clone(), person: at.and_then(person) }).collect();
        Ok(())
    }
}

impl Change {
    /// Counts the approvals of the current revision: at the moment `now` before the change is started, and at its start
    /// afterwards. No other code counts approvals.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn tally(&self, governance: &Governance, now: Moment) -> Result<Tally<'_>, Unloaded> {
        if let Some(settled) = self.settled() {
            let vote = |seq: u64| self.votes().iter().find(|vote| vote.seq == seq);
            let void = settled.void.iter().filter_map(|(seq, why)| Some((vote(*seq)?, *why))).collect();
            let counted = settled.counted.iter().filter_map(|seq| vote(*seq)).collect();
            return Ok(Tally {
                counted,
                void,
                need: settled.need,
                slots: settled.slots.clone(),
                independence: settled.independence.clone(),
            });
        }
        self.tally_now(governance, now)
    }

    /// Counts the approvals on which a start at the moment `now` rests. Without targets that is [`Change::tally`]; with
    /// targets each start is judged by the approvals that count then.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn tally_for_start(&self, governance: &Governance, now: Moment) -> Result<Tally<'_>, Unloaded> {
        if self.current().targets.is_empty() { self.tally(governance, now) } else { self.tally_now(governance, now) }
    }

    fn tally_now(&self, governance: &Governance, now: Moment) -> Result<Tally<'_>, Unloaded> {
        // Without a policy, no number of approvals is enough.
        let denied = Needs { total: usize::MAX, slots: Vec::new(), independent: false };
        let touched = governance.touched(&self.current().facts)?;
        let needs = governance.policy().map_or(denied, |it| it.needs(self.about(&touched)));
        let (need, independence) = (needs.total, Independence::NotRequired);
        let mut tally = Tally { counted: Vec::new(), void: Vec::new(), need, slots: Vec::new(), independence };
        for vote in self.approvals() {
            match self.void_reason(vote, governance, now)? {
                None => tally.counted.push(vote),
                Some(why) => tally.void.push((vote, why)),
            }
        }
        // Void approvals are out by now, and fill no slot.
        tally.fill(&needs, governance, now)?;
        if needs.independent {
            tally.independence = self.independence(&tally.counted, governance, now)?;
        }
        Ok(tally)
    }

    /// The tally at the start, with what each requirement and the policy say then.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub(in crate::domain) fn settlement(&self, governance: &Governance, now: Moment) -> Result<Settled, Unloaded> {
        let tally = self.tally(governance, now)?;
        let lines = self.requirements_with(governance, &tally)?;
        let Facts { kind, risk, .. } = self.current().facts;
        let review = kind == ChangeKind::Emergency || risk == Risk::Critical;
        let review_days = governance.policy().map_or(Policy::REVIEW_DAYS, |it| it.review_days(kind));
        let touched = governance.touched(&self.current().facts)?;
        let mut applying = governance.policy().into_iter().flat_map(|it| it.applying(self.about(&touched)));
        let confirm = applying.any(|it| it.confirm);
        Ok(Settled::new(tally, lines, Duties { review_days, review, confirm }))
    }

    /// The first of these approvers who shares no team with anybody who takes part in the change.
    fn independence(&self, counted: &[&Vote], governance: &Governance, now: Moment) -> Result<Independence, Unloaded> {
        let people = self.involved(governance)?;
        for person in &people {
            // A suspension ends memberships, and must not make anybody independent.
            if !governance.person(person)?.is_some_and(|it| it.is_active()) {
                return Ok(Independence::Missing);
            }
        }
        let involved = governance.teams_of(&people, now)?;
        for vote in counted {
            if governance.teams_of([&vote.person], now)?.is_disjoint(&involved) {
                return Ok(Independence::By(vote.person.clone()));
            }
        }
        Ok(Independence::Missing)
    }

    /// The seconds from the filing of the current revision to the approval with which it was approved, as both entries
    /// claim their times; `None` if it has not enough approvals.
    pub fn seconds_to_approve(&self, tally: &Tally<'_>) -> Option<i64> {
        tally.reached().map(|vote| vote.time.unix() - self.current().time.unix())
    }

    /// The approvals of the current revision that were not retracted, one per person, whether they count or not.
    pub fn approvals(&self) -> impl Iterator<Item = &Vote> {
        self.latest_votes().filter(|vote| vote.verdict == Verdict::Approve)
    }

    /// Each person's latest approval or retraction of the current revision. A second approval by the same person
    /// replaces the first, so the tally counts people, not signatures.
    pub(in crate::domain) fn latest_votes(&self) -> impl Iterator<Item = &Vote> {
        let current = self.votes().iter().filter(|vote| vote.revision == self.current().id.filed);
        let latest: BTreeMap<&PersonId, &Vote> =
            current.filter(|vote| vote.verdict != Verdict::Reject).map(|vote| (&vote.person, vote)).collect();
        latest.into_values()
    }

    /// The approvals that count now, but expire before the window opens, each with the time when it expires.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn expiring(&self, governance: &Governance, now: Moment) -> Result<Vec<(&Vote, Time)>, Unloaded> {
        let opens = self.current().facts.window.start();
        if self.started().is_some() || opens <= now.claimed {
            return Ok(Vec::new());
        }
        let counted = self.tally(governance, now)?.counted.into_iter();
        Ok(counted.map(|vote| (vote, expires(vote, governance))).filter(|(_, expires)| *expires <= opens).collect())
    }

    fn void_reason(&self, vote: &Vote, governance: &Governance, now: Moment) -> Result<Option<Void>, Unloaded> {
        let expires = expires(vote, governance);
        Ok(if let Some(conflict) = self.conflict_of_interest(governance, &vote.person)? {
            Some(Void::ConflictOfInterest(conflict))
        } else if !governance.has_role(&vote.person, Role::Approver, now)? {
            Some(Void::NoApprover)
        } else if governance.is_kept_from_approving(&vote.person, now)? {
            Some(Void::Separate(Duty::AdminApprover))
        } else if !governance.is_live(vote.key, &vote.person)? {
            Some(Void::DeadKey)
        } else if now.claimed >= expires || vote.detached.as_ref().is_some_and(|it| now.effective > it.not_after) {
            Some(Void::Expired(expires))
        } else if vote.time > now.latest.plus(TOLERANCE) {
            Some(Void::Ahead(vote.time))
        } else {
            let need = self.key_need(governance, &vote.person, now)?;
            need.filter(|need| !need.is_met(vote.touch)).map(Void::Keys)
        })
    }
}

/// When an approval expires under the policy in force. Without a policy it does at once.
fn expires(vote: &Vote, governance: &Governance) -> Time {
    detached::expires(vote.time, vote.detached.as_ref().map(|it| it.not_after), governance.policy())
}
