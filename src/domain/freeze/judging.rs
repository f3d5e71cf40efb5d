//! The rules about freezes: setting, opening and ending them, and what they stop.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::domain::freeze::records::{BARRED, DUTY, FreezeMark, LONGEST_NOW};
use crate::domain::records::{Denied, Unloaded};
use crate::domain::{
    Change, Closed, ClosedPeriod, ClosedPeriods, Digest, Facts, Field, Freeze, FreezeName, FreezeOrigin, FreezeRef,
    Governance, Group, Known, LiftFreeze, Moment, PersonId, Refusal, Role, Scope, ServiceId, SetFreeze, TOLERANCE,
    Terms, Time, Timed,
};

/// Who may except a change from a freeze: one of the approvers who are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excepting {
    /// A member of this group.
    Group(Group),
    /// An admin or somebody on duty, other than these people, who opened freezes alone.
    OnDuty(BTreeSet<PersonId>),
}

/// What a freeze that is closed means for a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It stops the change.
    Stops,
    /// The change is an emergency, which waives it.
    Waived,
    /// The revision names it as an exception.
    Excepted,
}

/// A freeze that is closed at some time of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// The freeze.
    pub freeze: FreezeRef,
    /// The first such time.
    pub closed: Closed,
    /// What it means for the change.
    pub effect: Effect,
    /// Who may except from it.
    pub excepting: Excepting,
}

/// Completes `an approval by …`.
impl fmt::Display for Excepting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => write!(f, "a member of group {group}"),
            Self::OnDuty(others) => {
                let others: Vec<&str> = others.iter().map(PersonId::as_str).collect();
                let others = others.join(", ");
                write!(f, "an approver who is an admin or a member of group {DUTY}, other than {others}")
            }
        }
    }
}

impl Freeze {
    /// Who may except a change from it.
    pub fn excepting(&self) -> Excepting {
        match &self.origin {
            FreezeOrigin::Proposal(_) => Excepting::Group(self.terms.group.clone()),
            FreezeOrigin::Alone(by) => Excepting::OnDuty(BTreeSet::from([by.clone()])),
        }
    }
}

/// Lookups.
impl Governance {
    /// The freezes in force, by name.
    pub fn freezes(&self) -> impl Iterator<Item = (&FreezeName, FreezeMark)> {
        self.freeze_marks().iter().map(|(name, mark)| (name, *mark))
    }

    /// The freeze in force with this name.
    ///
    /// # Errors
    /// [`Refusal::NoFreeze`], or [`Unloaded`].
    pub fn freeze(&self, name: &FreezeName) -> Result<&Freeze, Denied> {
        let missing = || Refusal::NoFreeze { freeze: name.clone() };
        if !self.freeze_marks().contains_key(name) {
            return Err(missing().into());
        }
        Ok(self.freeze_record(name)?.ok_or_else(missing)?)
    }

    /// Whether a freeze of this name was put in force by this entry, and still is.
    fn is_in_force(&self, freeze: &FreezeRef) -> bool {
        self.freeze_marks().get(&freeze.name).is_some_and(|mark| mark.since == freeze.since)
    }

    /// Whether somebody may open a freeze alone: an admin, or a person on duty.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn is_on_duty(&self, person: &PersonId, at: Moment) -> Result<bool, Unloaded> {
        if self.person(person)?.is_none_or(|it| it.grants.is_machine()) {
            return Ok(false);
        }
        Ok(self.groups(person, at)?.contains(&Group::duty()) || self.has_role(person, Role::Admin, at)?)
    }

    /// The freezes that are closed at some time between `from` and `until`, which is not included, and that concern a
    /// change with these facts, in the order of their names.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn freezes_met(&self, facts: &Facts, from: Time, until: Time) -> Result<Vec<Met>, Denied> {
        let mut met = Vec::new();
        for (name, mark) in self.freezes().filter(|(_, mark)| mark.end.is_none_or(|end| end > from)) {
            let freeze = self.freeze(name)?;
            let Some(closed) = freeze.terms.closed_in(from, until).filter(|_| freeze.terms.concerns(facts)) else {
                continue;
            };
            let reference = FreezeRef { name: name.clone(), since: mark.since };
            let effect = match freeze.terms.is_waived(facts) {
                true => Effect::Waived,
                false if facts.excepted.get(name) == Some(&mark.since) => Effect::Excepted,
                false => Effect::Stops,
            };
            met.push(Met { freeze: reference, closed, effect, excepting: freeze.excepting() });
        }
        Ok(met)
    }

    /// The freezes that stop a change with these facts at every time from `from` on at which it can be started and rolled
    /// back within its window, and those that it meets as an exception.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn freezes_in_the_way(&self, facts: &Facts, from: Time) -> Result<Vec<Met>, Denied> {
        let last = facts.last_start().max(from).max(facts.window.start());
        self.freezes_met(facts, last, facts.window.end())
    }

    /// Whether an approval by this person would except a change.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn may_except(&self, excepting: &Excepting, person: &PersonId, at: Moment) -> Result<bool, Unloaded> {
        match excepting {
            Excepting::Group(group) => Ok(self.groups(person, at)?.contains(group)),
            Excepting::OnDuty(others) => Ok(!others.contains(person) && self.is_on_duty(person, at)?),
        }
    }
}

impl Change {
    /// Checks that no freeze in force stops the change from now to the end of its window, and that everybody who must
    /// except it is among the approvers who are counted, each for one group.
    pub(in crate::domain) fn judge_frozen(&self, governance: &Governance, now: Moment) -> Result<(), Denied> {
        let facts = &self.current().facts;
        let met = governance.freezes_met(facts, now.claimed, facts.window.end())?;
        if let Some(it) = met.iter().find(|it| it.effect == Effect::Stops) {
            let (freeze, closed) = (it.freeze.name.clone(), it.closed.clone());
            return Err(Refusal::Frozen { change: self.id(), freeze, closed, last: facts.last_start() }.into());
        }
        self.not_excepted(governance, now, met)?.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// The freeze, among those that the change meets, from which the approvals that count do not except it.
    fn not_excepted(&self, governance: &Governance, now: Moment, met: Vec<Met>) -> Result<Option<Refusal>, Denied> {
        let slots = self.exception_slots(governance, now, (met, None))?;
        Ok(slots.open().map(|(freeze, excepting)| {
            let (freeze, by) = (freeze.clone(), excepting.to_string());
            Refusal::NotExcepted { change: self.id(), freeze, by }
        }))
    }

    /// The slots that approvers fill so that the change may start in spite of these freezes, and the approvers who are
    /// counted; `joining` too, if somebody is named.
    fn exception_slots<'a>(
        &'a self,
        governance: &Governance,
        now: Moment,
        (met, joining): (Vec<Met>, Option<&'a PersonId>),
    ) -> Result<ExceptionSlots<'a>, Denied> {
        let excepted: Vec<Met> = met.into_iter().filter(|it| it.effect == Effect::Excepted).collect();
        if excepted.is_empty() {
            return Ok(ExceptionSlots { slots: Vec::new(), able: Vec::new() });
        }
        let facts = &self.current().facts;
        let policy = governance.policy().map(|policy| policy.needs(facts).slots).unwrap_or_default();
        let (slots, tally) = (slots(policy, excepted), self.tally_for_start(governance, now)?);
        let people: BTreeSet<&PersonId> = tally.counted.iter().map(|vote| &vote.person).chain(joining).collect();
        let mut able = Vec::new();
        for (_, excepting) in &slots {
            let mut these = Vec::new();
            for person in &people {
                if governance.may_except(excepting, person, now)? {
                    these.push(*person);
                }
            }
            able.push(these);
        }
        Ok(ExceptionSlots { slots, able })
    }

    /// Whether an approval by this person would help to except the change from the freezes that it meets in its window or
    /// what is left of it.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn would_except(&self, governance: &Governance, person: &PersonId, now: Moment) -> Result<bool, Unloaded> {
        let now = self.in_window(now);
        let filled = |joining: Option<&PersonId>| -> Result<usize, Denied> {
            let met = governance.freezes_met(&self.current().facts, now.claimed, self.current().facts.window.end())?;
            Ok(self.exception_slots(governance, now, (met, joining))?.filled())
        };
        match filled(None).and_then(|without| Ok(filled(Some(person))? > without)) {
            Err(Denied::Unloaded(unloaded)) => Err(unloaded),
            Err(Denied::Refused(_)) => Ok(false),
            Ok(helps) => Ok(helps),
        }
    }

    /// The moment `now`, or the opening of the window if that is later.
    fn in_window(&self, now: Moment) -> Moment {
        Moment { claimed: now.claimed.max(self.current().facts.window.start()), ..now }
    }

    /// Why nobody can start the current revision in its window or what is left of it, however many more people approve
    /// it, unless they except it from a freeze; `None` if somebody can.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn cannot_start(&self, governance: &Governance, now: Moment) -> Result<Option<Refusal>, Unloaded> {
        if let Some(obstacle) = self.obstacle(governance)? {
            return Ok(Some(obstacle));
        }
        let frozen = || -> Result<Option<Refusal>, Denied> {
            let (facts, now) = (&self.current().facts, self.in_window(now));
            let met = governance.freezes_in_the_way(facts, now.claimed)?;
            if let Some(it) = met.into_iter().find(|it| it.effect == Effect::Stops) {
                let (freeze, closed, last) = (it.freeze.name, it.closed, facts.last_start());
                return Ok(Some(Refusal::Frozen { change: self.id(), freeze, closed, last }));
            }
            let met = governance.freezes_met(facts, now.claimed, facts.window.end())?;
            self.not_excepted(governance, now, met)
        };
        match frozen() {
            Err(Denied::Unloaded(unloaded)) => Err(unloaded),
            Err(Denied::Refused(refusal)) => Ok(Some(refusal)),
            Ok(refusal) => Ok(refusal),
        }
    }
}

/// Slots of the policy and of freezes, each with the people who could fill it.
struct ExceptionSlots<'a> {
    slots: Vec<(Option<FreezeName>, Excepting)>,
    able: Vec<Vec<&'a PersonId>>,
}

impl ExceptionSlots<'_> {
    /// The first slot of a freeze that nobody is left to fill, if one person fills one slot. A slot of the policy that
    /// nobody fills leaves those of the freezes open too.
    fn open(&self) -> Option<(&FreezeName, &Excepting)> {
        let mut holders = BTreeMap::new();
        let slot = (0..self.able.len()).find(|slot| !fill(&self.able, *slot, &mut holders, &mut BTreeSet::new()))?;
        self.slots.iter().skip(slot).find_map(|(freeze, excepting)| Some((freeze.as_ref()?, excepting)))
    }

    /// How many slots can be filled.
    fn filled(&self) -> usize {
        let mut holders = BTreeMap::new();
        (0..self.able.len()).filter(|slot| fill(&self.able, *slot, &mut holders, &mut BTreeSet::new())).count()
    }
}

/// The slots that the policy asks for, then those of freezes, each with the first freeze that asks for it: one person of
/// each group that the policy does not ask for, and one on duty for all freezes that were opened alone.
fn slots(policy: Vec<Group>, excepted: Vec<Met>) -> Vec<(Option<FreezeName>, Excepting)> {
    let mut slots: Vec<_> = policy.into_iter().map(|group| (None, Excepting::Group(group))).collect();
    for it in excepted {
        let same = slots.iter_mut().find_map(|(_, slot)| match (slot, &it.excepting) {
            (Excepting::OnDuty(others), Excepting::OnDuty(by)) => {
                others.extend(by.iter().cloned());
                Some(())
            }
            (slot, other) => (slot == other).then_some(()),
        });
        if same.is_none() {
            slots.push((Some(it.freeze.name), it.excepting));
        }
    }
    slots
}

/// Fills a slot, if need be by moving the people who fill others.
fn fill<'a>(
    slots: &[Vec<&'a PersonId>],
    slot: usize,
    holders: &mut BTreeMap<&'a PersonId, usize>,
    tried: &mut BTreeSet<&'a PersonId>,
) -> bool {
    for person in slots.get(slot).into_iter().flatten() {
        let untried = tried.insert(person);
        if untried && holders.get(person).copied().is_none_or(|other| fill(slots, other, holders, tried)) {
            holders.insert(person, slot);
            return true;
        }
    }
    false
}

/// Judging.
impl Governance {
    pub(in crate::domain) fn judge_set_freeze(&self, it: &SetFreeze) -> Result<(), Denied> {
        let since = self.freeze_marks().get(&it.name).map(|mark| mark.since);
        if since != it.replaces {
            return Err(Refusal::NotInForce.into());
        }
        let same = since.is_some() && self.freeze(&it.name)?.terms == it.terms;
        if same { Err(Refusal::NothingChanges.into()) } else { Ok(()) }
    }

    pub(in crate::domain) fn judge_lift_freeze(&self, it: &LiftFreeze, at: Moment) -> Result<(), Denied> {
        if !self.is_in_force(&FreezeRef { name: it.name.clone(), since: it.replaces }) {
            return Err(Refusal::NotInForce.into());
        }
        let freeze = self.freeze(&it.name)?;
        // Whoever opened it alone is not barred from opening another one by the end of what had ended.
        let over = freeze.terms.end().is_some_and(|end| end <= at.effective);
        match matches!(freeze.origin, FreezeOrigin::Alone(_)) && over {
            true => Err(Refusal::NothingChanges.into()),
            false => Ok(()),
        }
    }

    /// One person opens a freeze at once. It only takes authority away, so that one signature is enough.
    pub(in crate::domain) fn judge_freeze_now(&self, header: &Timed<'_>, until: Time) -> Result<(), Denied> {
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
        match self.barred().get(&person) {
            Some(barred) if header.moment.effective < *barred => {
                Err(Refusal::FreezeBarred { person, until: *barred }.into())
            }
            _ => Ok(()),
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

    /// A revision names as exceptions only freezes in force, and says why.
    pub(in crate::domain) fn judge_excepted(&self, facts: &Facts, reasoned: bool) -> Result<(), Refusal> {
        for (name, since) in &facts.excepted {
            if self.freeze_marks().get(name).is_none_or(|mark| mark.since != *since) {
                return Err(Refusal::NoFreeze { freeze: name.clone() });
            }
        }
        let needs = !facts.excepted.is_empty() && !reasoned;
        if needs { Err(Refusal::FieldMissing { field: Field::Exception }) } else { Ok(()) }
    }
}

/// The beginning of a freeze that somebody opens at this time: clocks that are tolerated may be that much behind.
fn now_from(claimed: Time) -> Time {
    claimed.plus(-TOLERANCE)
}

/// Applying.
impl Governance {
    pub(in crate::domain) fn set_freeze(&mut self, origin: FreezeOrigin, it: &SetFreeze, seq: u64, since: Digest) {
        let freeze = Freeze { origin, since, seq, terms: it.terms.clone() };
        self.put_freeze(it.name.clone(), freeze);
    }

    /// Ends a freeze by a proposal that took effect at this time.
    pub(in crate::domain) fn lift_freeze(&mut self, it: &LiftFreeze, at: Time) {
        if let Ok(Freeze { origin: FreezeOrigin::Alone(by), .. }) = self.freeze(&it.name)
            && !it.again
        {
            let by = by.clone();
            self.bar(by, at.plus(BARRED));
        }
        self.drop_freeze(&it.name);
    }

    pub(in crate::domain) fn freeze_now(
        &mut self,
        header: &Timed<'_>,
        leaf: Digest,
        (until, services): (Time, &BTreeSet<ServiceId>),
    ) {
        let closed = ClosedPeriod::opened_alone(now_from(header.time), until);
        let terms = Terms {
            scope: Scope { services: services.clone(), ..Scope::default() },
            except_kinds: BTreeSet::new(),
            except_tags: BTreeSet::new(),
            group: Group::duty(),
            known: Known::Complete,
            periods: ClosedPeriods::one(closed),
        };
        let origin = FreezeOrigin::Alone(header.actor.clone());
        self.put_freeze(FreezeName::now(header.seq), Freeze { origin, since: leaf, seq: header.seq, terms });
    }
}
