//! The rules about freezes: setting them, and what they stop.

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::freeze::records::{DUTY, FreezeMark};
use crate::domain::records::{Denied, Unloaded};
use crate::domain::{
    Change, Closed, Digest, Facts, Field, Freeze, FreezeName, FreezeOrigin, FreezeRef, Governance, Group, Moment,
    Opens, PersonId, Policy, Refusal, SetFreeze, Terms, Time, Touched, matching,
};
use crate::{tr, trf};

/// Who may except a change from a freeze: one of the approvers who are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Excepting {
    /// A member of this group.
    Group(Group),
    /// An admin or somebody on duty, other than these people, who began freezes alone.
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
    /// It is reserved for changes like this one.
    Admits,
}

/// A freeze that is closed at some time of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Met {
    /// The freeze.
    pub freeze: FreezeRef,
    /// The first such time.
    pub closed: Closed,
    /// The end of the last such time; `None` if it has no end.
    pub opens: Option<Time>,
    /// What it means for the change.
    pub effect: Effect,
    /// Who may except from it.
    pub excepting: Excepting,
}

impl Met {
    /// What a freeze means for a change with these facts between `from` and `until`; `None` if it does not concern the
    /// change, or is closed at no time then.
    fn of(
        (freeze, terms, excepting): (FreezeRef, &Terms, Excepting),
        facts: &Facts,
        from: Time,
        until: Time,
    ) -> Option<Self> {
        let closed = terms.closed_in(from, until).filter(|_| terms.concerns(facts))?;
        let stops = terms.stops_in(facts, from, until);
        let effect = match terms.is_waived(facts) {
            _ if stops.is_none() => Effect::Admits,
            true => Effect::Waived,
            false if facts.excepted.get(&freeze.name) == Some(&freeze.since) => Effect::Excepted,
            false => Effect::Stops,
        };
        let (closed, opens) = (stops.unwrap_or(closed), terms.opens_in(facts, from, until));
        Some(Self { freeze, closed, opens, effect, excepting })
    }
}

/// Completes `an approval by …`.
impl fmt::Display for Excepting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => f.write_str(&trf!("a member of group {group}", "{group} 组成员")),
            Self::OnDuty(others) => {
                let others: Vec<&str> = others.iter().map(PersonId::as_str).collect();
                let others = others.join(tr!(", ", "、"));
                f.write_str(&trf!(
                    "an approver who is an admin or a member of group {DUTY}, other than {others}",
                    "{others} 以外、身为管理员或 {DUTY} 组成员的审批人"
                ))
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

    /// Which entry put the freeze of this name in force; for the times outside the maintenance hours of a service, the
    /// entry that put their calendar in force. `None` if there is no such freeze.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn freeze_since(&self, name: &FreezeName) -> Result<Option<Digest>, Unloaded> {
        match name.service() {
            Some(service) => self.hours_since(&service),
            None => Ok(self.freeze_marks().get(name).map(|mark| mark.since)),
        }
    }

    /// Whether a freeze of this name was put in force by this entry, and still is.
    pub(in crate::domain) fn is_in_force(&self, freeze: &FreezeRef) -> bool {
        self.freeze_marks().get(&freeze.name).is_some_and(|mark| mark.since == freeze.since)
    }

    /// The freezes that are closed at some time between `from` and `until`, which is not included, and that concern a
    /// change with these facts, in the order of their names.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn freezes_met(&self, facts: &Facts, from: Time, until: Time) -> Result<Vec<Met>, Denied> {
        let mut met = Vec::new();
        for (name, mark) in self.freezes().filter(|(_, mark)| mark.end.is_none_or(|end| end > from)) {
            let (freeze, reference) = (self.freeze(name)?, FreezeRef { name: name.clone(), since: mark.since });
            met.extend(Met::of((reference, &freeze.terms, freeze.excepting()), facts, from, until));
        }
        for (freeze, terms) in self.outside_hours(&facts.services)? {
            let excepting = Excepting::Group(terms.group.clone());
            met.extend(Met::of((freeze, &terms, excepting), facts, from, until));
        }
        Ok(met)
    }

    /// The freezes that stop a change with these facts at every time from `from` on at which it can be started and rolled
    /// back within its window, and those that it meets as an exception.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn freezes_in_the_way(&self, facts: &Facts, from: Time) -> Result<Vec<Met>, Denied> {
        self.freezes_met(facts, facts.last_start_from(from), facts.window.end())
    }

    /// What a change with these facts touches, as far as a requirement of the policy asks.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn touched(&self, facts: &Facts) -> Result<Touched, Unloaded> {
        let asks = |reads: fn(&Policy) -> bool| self.policy().is_some_and(reads);
        let freezes = if asks(Policy::reads_freezes) { self.touched_freezes(facts)? } else { BTreeSet::new() };
        let tiers = if asks(Policy::reads_tiers) { self.tiers(&facts.services)? } else { BTreeSet::new() };
        Ok(Touched { freezes, tiers })
    }

    /// The freezes that are closed at some time of the window of a change with these facts, and that concern it.
    fn touched_freezes(&self, facts: &Facts) -> Result<BTreeSet<FreezeName>, Unloaded> {
        let mut touched = BTreeSet::new();
        let window = &facts.window;
        for (name, _) in self.freezes().filter(|(_, mark)| mark.end.is_none_or(|end| end > window.start())) {
            let terms = self.freeze_record(name)?.map(|it| &it.terms);
            // A freeze that cannot be read touches every window.
            if terms.is_none_or(|it| it.concerns(facts) && it.closed_in(window.start(), window.end()).is_some()) {
                touched.insert(name.clone());
            }
        }
        for (freeze, terms) in self.outside_hours(&facts.services)? {
            if terms.closed_in(window.start(), window.end()).is_some() {
                touched.insert(freeze.name);
            }
        }
        Ok(touched)
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
        if let Some(refusal) = self.stopped(&met) {
            return Err(refusal.into());
        }
        self.not_excepted(governance, now, met)?.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// The refusal by the first freeze, among those that the change meets, that stops it.
    fn stopped(&self, met: &[Met]) -> Option<Refusal> {
        let it = met.iter().find(|it| it.effect == Effect::Stops)?;
        let (change, freeze, closed) = (self.id(), it.freeze.name.clone(), it.closed.clone());
        let facts = &self.current().facts;
        let opens = opens(met, facts.last_start());
        let (reserved, closed) = (closed.reserved.clone(), Box::new(closed));
        Some(match reserved {
            None => Refusal::Frozen { change, freeze, closed, opens },
            Some(it) if facts.tags.contains(&it.tag) => {
                Refusal::RestoredLate { change, freeze, closed, opens, end: facts.window.end() }
            }
            Some(it) => Refusal::Reserved { change, freeze, tag: it.tag, closed, opens },
        })
    }

    /// The freeze, among those that the change meets, from which the approvals that count do not except it.
    fn not_excepted(&self, governance: &Governance, now: Moment, met: Vec<Met>) -> Result<Option<Refusal>, Denied> {
        let slots = self.exception_slots(governance, now, (met, None))?;
        Ok(slots.open().map(|(freeze, excepting)| {
            let (freeze, by) = (freeze.clone(), excepting.clone());
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
        let touched = governance.touched(&self.current().facts)?;
        let policy = governance.policy().map(|it| it.needs(self.about(&touched)).slots).unwrap_or_default();
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
        if let Some(obstacle) = self.obstacle(governance, now)? {
            return Ok(Some(obstacle));
        }
        let frozen = || -> Result<Option<Refusal>, Denied> {
            let (facts, now) = (&self.current().facts, self.in_window(now));
            let met = governance.freezes_in_the_way(facts, now.claimed)?;
            if let Some(refusal) = self.stopped(&met) {
                return Ok(Some(refusal));
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
        let slot = matching::fill(&self.able).iter().position(Option::is_none)?;
        self.slots.iter().skip(slot).find_map(|(freeze, excepting)| Some((freeze.as_ref()?, excepting)))
    }

    /// How many slots can be filled.
    fn filled(&self) -> usize {
        matching::fill(&self.able).iter().flatten().count()
    }
}

/// The slots that the policy asks for, then those of freezes, each with the first freeze that asks for it: one person of
/// each group that the policy does not ask for, and one on duty for all freezes that were begun alone.
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

/// What ends the freezes that stop a change whose last moment to start this is. Each is closed from its first closed time
/// in the window on, so the last of their ends counts.
fn opens(met: &[Met], last: Time) -> Opens {
    let stopping = || met.iter().filter(|it| it.effect == Effect::Stops);
    let is_late = |it: &&Met| it.opens.is_none_or(|opens| opens > last);
    // Whoever opened a freeze alone may end it at any time.
    match stopping().filter(is_late).any(|it| matches!(it.excepting, Excepting::Group(_))) {
        true => Opens::Never,
        false if stopping().any(|it| is_late(&it)) => Opens::ByAct,
        false => stopping().filter_map(|it| it.opens).max().map_or(Opens::ByAct, Opens::At),
    }
}

/// Judging.
impl Governance {
    pub(in crate::domain) fn judge_set_freeze(&self, it: &SetFreeze) -> Result<(), Denied> {
        let since = self.freeze_marks().get(&it.name).map(|mark| mark.since);
        if since != it.replaces {
            return Err(Refusal::NotInForce.into());
        }
        let terms = self.with_periods(&it.terms)?;
        let same = since.is_some() && self.freeze(&it.name)?.terms == terms;
        if same { Err(Refusal::NothingChanges.into()) } else { Ok(()) }
    }

    /// A revision names as exceptions only freezes in force, and says why.
    pub(in crate::domain) fn judge_excepted(&self, facts: &Facts, reasoned: bool) -> Result<(), Denied> {
        for (name, since) in &facts.excepted {
            if self.freeze_since(name)? != Some(*since) {
                return Err(Refusal::NoFreeze { freeze: name.clone() }.into());
            }
        }
        let needs = !facts.excepted.is_empty() && !reasoned;
        if needs { Err(Refusal::FieldMissing { field: Field::Exception }.into()) } else { Ok(()) }
    }
}

/// Applying.
impl Governance {
    pub(in crate::domain) fn set_freeze(&mut self, origin: FreezeOrigin, it: &SetFreeze, seq: u64, since: Digest) {
        // Its calendar was in force when it was judged, and is loaded.
        let terms = self.with_periods(&it.terms).unwrap_or_else(|_| it.terms.clone());
        let freeze = Freeze { origin, since, seq, terms };
        self.put_freeze(it.name.clone(), freeze);
    }
}
