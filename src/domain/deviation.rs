//! Deviations: what was done outside the register, told afterwards. A deviation is unauthorised for good, and never counts
//! as an executed change. Two approvers review it: neither who told it, nor those who are named as having done it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::records::{Denied, Unloaded};
use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{
    Author, DeviationId, Digest, Duty, Event, Field, Moment, PersonId, Reference, Refusal, Register, Role, ServiceId,
    SignedAct, Time, Timed, judge_author,
};
use crate::tr;

closed_enum!(
    /// The status of a deviation. Always derived, never recorded.
    DeviationStatus, ["a status of a deviation", "偏差状态"], {
        /// Two approvers have not reviewed it yet.
        Unreviewed => "unreviewed", "待审阅";
        /// Two approvers reviewed it.
        Reviewed => "reviewed", "已审阅";
    }
);

/// What somebody tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// When it was done.
    pub done: Time,
    /// Who did it, as far as that is known.
    pub by: BTreeSet<Author>,
    /// The services that it touched, as far as they are known.
    pub services: BTreeSet<ServiceId>,
    /// The incident that it belongs to.
    pub incident: Option<Reference>,
}

/// The part that somebody had in a deviation, for which they cannot review it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartInDeviation {
    /// They told it.
    Told,
    /// They are named as having done it.
    Did,
    /// They answer for a machine account that told it or did it.
    Operates,
}

impl PartInDeviation {
    /// The part, behind "because you" or "因为您".
    pub(in crate::domain) fn phrase(self) -> &'static str {
        match self {
            Self::Told => tr!("told it", "是报告人"),
            Self::Did => tr!("are named as having done it", "被列为操作人"),
            Self::Operates => {
                tr!("answer for a machine account that told it or did it", "是报告或操作它的机器账号的操作责任人")
            }
        }
    }
}

/// A deviation, and the reviews of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deviation {
    id: DeviationId,
    last: Digest,
    told: Told,
    recorded: SignedAct,
    reviews: Vec<SignedAct>,
    /// The entries of the reviews that counted, once they were enough.
    reviewed: Option<Vec<u64>>,
}

impl Deviation {
    /// How many people must review it.
    pub const REVIEWERS: usize = 2;

    /// A deviation as an entry with this header and leaf hash tells it.
    fn new(id: DeviationId, told: &Told, header: &Timed<'_>, leaf: Digest) -> Self {
        let recorded = SignedAct::of(header, leaf);
        Self { id, last: leaf, told: told.clone(), recorded, reviews: Vec::new(), reviewed: None }
    }

    /// Its number.
    pub fn id(&self) -> DeviationId {
        self.id
    }

    /// The leaf hash of the latest entry about it.
    pub fn last(&self) -> Digest {
        self.last
    }

    /// What was told.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// Who told it.
    pub fn recorded(&self) -> &SignedAct {
        &self.recorded
    }

    /// Every review, in order.
    pub fn reviews(&self) -> &[SignedAct] {
        &self.reviews
    }

    /// Its status.
    pub fn status(&self) -> DeviationStatus {
        if self.reviewed.is_some() { DeviationStatus::Reviewed } else { DeviationStatus::Unreviewed }
    }
}

impl Register {
    /// Checks an act on a deviation against every rule; the caller has already checked the actor and the key.
    pub(in crate::domain) fn judge_deviation(&self, header: &Timed<'_>, event: &Event) -> Result<(), Denied> {
        match event {
            Event::DeviationRecord { id, told } => self.judge_told(header, *id, told),
            Event::DeviationReview { id, recorded } => {
                self.judge_deviation_review(header, self.deviation(*id)?, *recorded)
            }
            _ => Ok(()),
        }
    }

    /// Anybody tells what was done: nobody is to be kept from it.
    fn judge_told(&self, header: &Timed<'_>, id: DeviationId, told: &Told) -> Result<(), Denied> {
        if id != self.next_deviation() {
            return Err(Refusal::DeviationNumber { expected: self.next_deviation() }.into());
        }
        if told.done > header.time {
            return Err(Refusal::DeviationAhead { done: told.done }.into());
        }
        for author in &told.by {
            if let Author::Person(person) = author {
                judge_author(self.governance(), person)?;
            }
        }
        if header.fills(Field::Note) { Ok(()) } else { Err(Refusal::DeviationUntold.into()) }
    }

    /// An approver who had no part in it reviews what was told.
    fn judge_deviation_review(&self, header: &Timed<'_>, it: &Deviation, recorded: Digest) -> Result<(), Denied> {
        let (id, person) = (it.id(), header.actor.clone());
        self.governance().judge_role(header, Role::Approver)?;
        if self.governance().is_kept_from_approving(&person, header.moment)? {
            return Err(Refusal::DutiesSeparate { person, duty: Duty::AdminApprover }.into());
        }
        if let Some(part) = self.part_in_deviation(it, &person)? {
            return Err(Refusal::OwnDeviation { id, part }.into());
        }
        if it.recorded.leaf != recorded {
            return Err(Refusal::OtherDeviation { id, recorded: it.recorded.leaf }.into());
        }
        if it.reviewed.is_some() {
            return Err(Refusal::DeviationReviewed { id }.into());
        }
        if self.deviation_reviewers(it, header.moment)?.iter().any(|act| act.person == person) {
            return Err(Refusal::DeviationReviewedBefore { id, person }.into());
        }
        if self.is_told_redacted(it)? { Err(Refusal::DeviationRedacted { id }.into()) } else { Ok(()) }
    }

    /// Whether what was told was redacted.
    fn is_told_redacted(&self, it: &Deviation) -> Result<bool, Unloaded> {
        match &it.recorded.text {
            Some(text) => Ok(self.governance().redacted(it.recorded.seq, text.digest)?.is_some()),
            None => Ok(false),
        }
    }

    /// Whether an approver could review a deviation at a moment: it needs a review, and they had no part in it.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn could_review(&self, it: &Deviation, approver: &PersonId, now: Moment) -> Result<bool, Unloaded> {
        let needed = it.reviewed.is_none() && !self.is_told_redacted(it)?;
        let again = self.deviation_reviewers(it, now)?.iter().any(|act| act.person == *approver);
        Ok(needed && !again && self.part_in_deviation(it, approver)?.is_none())
    }

    /// The part that this person had in a deviation, if any.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn part_in_deviation(&self, it: &Deviation, person: &PersonId) -> Result<Option<PartInDeviation>, Unloaded> {
        let governance = self.governance();
        if it.recorded.person == *person {
            return Ok(Some(PartInDeviation::Told));
        }
        if it.told.by.contains(&Author::Person(person.clone())) {
            return Ok(Some(PartInDeviation::Did));
        }
        let mut behind = governance.answer_for_act(&it.recorded.person, it.recorded.key)?;
        for author in &it.told.by {
            if let Author::Person(account) = author {
                // As for authors: no key that is revoked later changes anything about what was done.
                behind.extend(governance.answer_for_author(account)?);
            }
        }
        Ok(behind.contains(person).then_some(PartInDeviation::Operates))
    }

    /// The reviews that count at a moment, at most one per person: the reviewer is still an approver with that key, and had
    /// no part in it.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn deviation_reviewers<'d>(&self, it: &'d Deviation, now: Moment) -> Result<Vec<&'d SignedAct>, Unloaded> {
        if let Some(reviewed) = &it.reviewed {
            return Ok(it.reviews.iter().filter(|act| reviewed.contains(&act.seq)).collect());
        }
        let governance = self.governance();
        let latest: BTreeMap<&PersonId, &SignedAct> = it.reviews.iter().map(|act| (&act.person, act)).collect();
        let mut counted = Vec::new();
        for act in latest.into_values() {
            let counts = governance.is_live(act.key, &act.person)?
                && governance.has_role(&act.person, Role::Approver, now)?
                && !governance.is_kept_from_approving(&act.person, now)?
                && self.part_in_deviation(it, &act.person)?.is_none();
            counted.extend(counts.then_some(act));
        }
        Ok(counted)
    }

    /// A deviation after a judged act on it.
    pub(in crate::domain) fn deviation_after(
        &self,
        header: &Timed<'_>,
        leaf: Digest,
        event: &Event,
    ) -> Result<Option<Deviation>, Denied> {
        match event {
            Event::DeviationRecord { id, told } => Ok(Some(Deviation::new(*id, told, header, leaf))),
            Event::DeviationReview { id, .. } => {
                let mut after = Deviation { last: leaf, ..self.deviation(*id)?.clone() };
                after.reviews.push(SignedAct::of(header, leaf));
                let counted = self.deviation_reviewers(&after, header.moment)?;
                let counted: Vec<u64> = counted.iter().map(|act| act.seq).collect();
                after.reviewed = (counted.len() >= Deviation::REVIEWERS).then_some(counted);
                Ok(Some(after))
            }
            _ => Ok(None),
        }
    }
}
