//! The rules about freezes that one person begins alone.
//!
//! One signature is enough, because such a freeze only takes authority away. So that one person cannot keep everybody
//! from starting for longer than a day, whatever their clock says, all freezes of a person count together: see
//! [`LONGEST_NOW`] and [`WITHIN`]. The times that are compared are those that the freezes themselves are closed at,
//! because a start is judged by the same times.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::freeze::records::{BARRED, LEAST_COUNTED, LONGEST_NOW, WITHIN};
use crate::domain::records::{Denied, Unloaded};
use crate::domain::{
    ClosedPeriod, ClosedPeriods, Digest, Field, Freeze, FreezeName, FreezeOrigin, FreezeRef, Governance, Group, Known,
    LiftFreeze, Moment, PersonId, Refusal, Role, Scope, ServiceId, TOLERANCE, Terms, Time, Timed,
};

/// A freeze that somebody began alone, whether it ended or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct OpenedAlone {
    freeze: FreezeRef,
    from: Time,
    until: Time,
    /// The sequence number of the entry by which the same person ended it.
    ended: Option<u64>,
}

impl OpenedAlone {
    /// The seconds for which it counts, whether it was ended early or not: when it was ended is a claim.
    fn counted(&self) -> i64 {
        (self.until.unix() - self.from.unix()).max(LEAST_COUNTED)
    }

    /// Whether this freeze and another one begin so close to each other that they count together.
    fn counts_with(&self, other: &Self) -> bool {
        (self.from.unix() - other.from.unix()).abs() < WITHIN
    }
}

/// The freezes that one person began alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::domain) struct Alone {
    opened: Vec<OpenedAlone>,
    /// The person begins no other one until others have reached this time, because a proposal ended one.
    barred: Option<Time>,
}

/// The freezes that people began alone.
pub(in crate::domain) type AloneByPerson = BTreeMap<PersonId, Alone>;

/// The beginning of a freeze that somebody begins at this time: clocks that are tolerated may be that much behind.
fn now_from(claimed: Time) -> Time {
    claimed.plus(-TOLERANCE)
}

/// Judging.
impl Governance {
    /// Whether somebody may begin a freeze alone: an admin, or a person on duty.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn is_on_duty(&self, person: &PersonId, at: Moment) -> Result<bool, Unloaded> {
        if self.person(person)?.is_none_or(|it| it.grants.is_machine()) {
            return Ok(false);
        }
        Ok(self.groups(person, at)?.contains(&Group::duty()) || self.has_role(person, Role::Admin, at)?)
    }

    /// One person begins a freeze at once.
    pub(in crate::domain) fn judge_freeze_now(
        &self,
        header: &Timed<'_>,
        (until, services): (Time, &BTreeSet<ServiceId>),
    ) -> Result<(), Denied> {
        let person = header.actor.clone();
        if !self.is_on_duty(&person, header.moment)? {
            return Err(Refusal::NotOnDuty { person }.into());
        }
        if !header.fills(Field::Reason) {
            return Err(Refusal::ReasonMissing.into());
        }
        if until <= header.time || until > now_from(header.time).plus(LONGEST_NOW) {
            return Err(Refusal::FreezeTooLong { until }.into());
        }
        let Some(alone) = self.alone().get(&person) else { return Ok(()) };
        // By the times of others alone: a clock that is ahead would escape it at once.
        if let Some(barred) = alone.barred.filter(|barred| header.witnessed.is_none_or(|it| it < *barred)) {
            return Err(Refusal::FreezeBarred { person, until: barred }.into());
        }
        for it in alone.opened.iter().filter(|it| it.until > header.moment.latest && self.is_in_force(&it.freeze)) {
            if share_a_service(&self.freeze(&it.freeze.name)?.terms.scope.services, services) {
                return Err(Refusal::FrozenAlready { freeze: it.freeze.name.clone(), until: it.until }.into());
            }
        }
        let freeze = FreezeRef { name: FreezeName::now(header.seq), since: Digest::NONE };
        let opened = OpenedAlone { freeze, from: now_from(header.time), until, ended: None };
        let before: i64 = alone.opened.iter().filter(|it| it.counts_with(&opened)).map(OpenedAlone::counted).sum();
        match before + opened.counted() > LONGEST_NOW {
            true => Err(Refusal::FrozenTooOften { person, hours: before / 3600, minutes: before % 3600 / 60 }.into()),
            false => Ok(()),
        }
    }

    /// Whoever opened a freeze alone may end it alone.
    pub(in crate::domain) fn judge_freeze_end(&self, header: &Timed<'_>, it: &FreezeRef) -> Result<(), Denied> {
        if !self.is_in_force(it) {
            return Err(Refusal::NoFreeze { freeze: it.name.clone() }.into());
        }
        match &self.freeze(&it.name)?.origin {
            FreezeOrigin::Alone(by) if *by == header.actor => Ok(()),
            _ => Err(Refusal::FreezeNotTheirs { freeze: it.name.clone() }.into()),
        }
    }

    /// A proposal ends a freeze as it is in force. One that a person began alone may have been ended by that person
    /// since: otherwise they would end it whenever somebody proposes to, and begin the next one. `opened` is the sequence
    /// number of the entry that opens the proposal.
    pub(in crate::domain) fn judge_lift_freeze(
        &self,
        it: &LiftFreeze,
        (opened, at): (u64, Moment),
    ) -> Result<(), Refusal> {
        let freeze = FreezeRef { name: it.name.clone(), since: it.replaces };
        let alone = self.opened_alone(&freeze).map(|(_, alone)| alone);
        let ended_since = alone.and_then(|alone| alone.ended).is_some_and(|ended| ended > opened);
        if !self.is_in_force(&freeze) && !ended_since {
            return Err(Refusal::NotInForce);
        }
        // Nobody is barred from beginning another one by the end of what had ended by itself.
        let over = alone.is_some_and(|alone| alone.until <= at.effective);
        if over { Err(Refusal::NothingChanges) } else { Ok(()) }
    }

    /// If a proposal would end a freeze that somebody began alone: that person, and every freeze in force that it ends.
    pub fn lifted_with(&self, it: &LiftFreeze) -> Option<(&PersonId, Vec<&FreezeName>)> {
        let freeze = FreezeRef { name: it.name.clone(), since: it.replaces };
        let (person, _) = self.opened_alone(&freeze)?;
        let opened = self.alone().get(person)?.opened.iter().map(|opened| &opened.freeze);
        let ended = opened.filter(|opened| self.is_in_force(opened) && (!it.again || **opened == freeze));
        Some((person, ended.map(|opened| &opened.name).collect()))
    }

    /// The freeze as one that somebody began alone, with that person.
    fn opened_alone(&self, freeze: &FreezeRef) -> Option<(&PersonId, &OpenedAlone)> {
        let found =
            |(person, alone): (_, &'_ Alone)| Some((person, alone.opened.iter().position(|it| it.freeze == *freeze)?));
        let (person, at) = self.alone().iter().find_map(found)?;
        Some((person, self.alone().get(person)?.opened.get(at)?))
    }
}

/// Whether two freezes concern a common service; one without a service concerns every one.
fn share_a_service(one: &BTreeSet<ServiceId>, other: &BTreeSet<ServiceId>) -> bool {
    one.is_empty() || other.is_empty() || !one.is_disjoint(other)
}

/// Applying.
impl Governance {
    pub(in crate::domain) fn freeze_now(
        &mut self,
        header: &Timed<'_>,
        leaf: Digest,
        (until, services): (Time, &BTreeSet<ServiceId>),
    ) {
        let (from, name) = (now_from(header.time), FreezeName::now(header.seq));
        let terms = Terms {
            scope: Scope { services: services.clone(), ..Scope::default() },
            except_kinds: BTreeSet::new(),
            except_tags: BTreeSet::new(),
            group: Group::duty(),
            calendar: None,
            known: Known::Complete,
            periods: ClosedPeriods::one(ClosedPeriod::opened_alone(from, until)),
        };
        let freeze = FreezeRef { name: name.clone(), since: leaf };
        let alone = self.alone_mut().entry(header.actor.clone()).or_default();
        alone.opened.push(OpenedAlone { freeze, from, until, ended: None });
        let origin = FreezeOrigin::Alone(header.actor.clone());
        self.put_freeze(name, Freeze { origin, since: leaf, seq: header.seq, terms });
    }

    /// Ends a freeze that the same person began alone, by the entry with this sequence number.
    pub(in crate::domain) fn freeze_end(&mut self, it: &FreezeRef, seq: u64) {
        self.drop_freeze(&it.name);
        let opened = self.alone_mut().values_mut().flat_map(|alone| &mut alone.opened);
        opened.filter(|opened| opened.freeze == *it).for_each(|opened| opened.ended = Some(seq));
    }

    /// Ends a freeze by a proposal that took effect at this time. It is about whoever began the freeze alone: unless it
    /// lets that person begin another one, it ends every freeze that they began alone.
    pub(in crate::domain) fn lift_freeze(&mut self, it: &LiftFreeze, at: Time) {
        let freeze = FreezeRef { name: it.name.clone(), since: it.replaces };
        let lifted = self.lifted_with(it).map(|(person, names)| (person.clone(), names.into_iter().cloned().collect()));
        let Some((person, names)): Option<(PersonId, Vec<FreezeName>)> = lifted else {
            return self.drop_freeze(&it.name);
        };
        names.iter().for_each(|name| self.drop_freeze(name));
        let Some(alone) = self.alone_mut().get_mut(&person) else { return };
        let opened = alone.opened.iter_mut().filter(|opened| !it.again || opened.freeze == freeze);
        opened.for_each(|opened| opened.ended = None);
        if !it.again {
            alone.barred = Some(at.plus(BARRED));
        }
    }
}
