//! Who could approve a change.

use std::collections::BTreeSet;

use crate::domain::records::Unloaded;
use crate::domain::{
    Change, ConflictOfInterest, Duty, Governance, Group, KeyNeed, KeyState, Moment, Needs, Periods, Person, PersonId,
    Requirement, Role, Time, Void,
};

/// The approvers of a register, seen from one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Those who could approve it.
    pub able: Vec<PersonId>,
    /// Those who could not, each with the reason for which their approval would not count.
    pub barred: Vec<(PersonId, Void)>,
    /// The groups of each of those who could.
    groups: Vec<BTreeSet<Group>>,
    /// Those of them who share no team with anybody who takes part in the change.
    independent: BTreeSet<PersonId>,
}

impl Capacity {
    /// Those who could approve it as members of a group.
    pub fn able_in<'c>(&'c self, group: &'c Group) -> impl Iterator<Item = &'c PersonId> {
        self.able.iter().zip(&self.groups).filter(|(_, groups)| groups.contains(group)).map(|(person, _)| person)
    }

    /// The groups that too few of those who could approve are in, once for each slot that stays empty.
    pub fn unfilled<'n>(&self, needs: &'n Needs) -> Vec<&'n Group> {
        let filled = needs.slots.iter().zip(needs.fill(&self.groups));
        filled.filter(|(_, person)| person.is_none()).map(|(group, _)| group).collect()
    }

    /// Those who could approve it as independent approvers.
    pub fn independent(&self) -> impl Iterator<Item = &PersonId> {
        self.independent.iter()
    }

    /// The same without those who have no key as these requirements ask for. All people and keys must be loaded.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn with_keys(mut self, governance: &Governance, asked: &[&Requirement]) -> Result<Self, Unloaded> {
        let mut able = Vec::new();
        for (person, groups) in self.able.iter().zip(&self.groups) {
            let need = asked.iter().filter_map(|it| it.key_need(groups)).max();
            able.push(need.map_or(Ok(true), |need| governance.can_sign(person, need))?);
        }
        let mut left = able.iter().copied();
        self.able.retain(|_| left.next() == Some(true));
        let mut left = able.iter().copied();
        self.groups.retain(|_| left.next() == Some(true));
        self.independent.retain(|person| self.able.contains(person));
        Ok(self)
    }

    /// Whether those who could approve are enough.
    pub fn meets(&self, needs: &Needs) -> bool {
        let independent = !needs.independent || !self.independent.is_empty();
        self.able.len() >= needs.total && self.unfilled(needs).is_empty() && independent
    }

    /// Whether they would still be enough if any one of them were absent.
    pub fn has_spare(&self, needs: &Needs) -> bool {
        // The absence of somebody who fills no slot leaves every slot filled.
        let filling: BTreeSet<usize> = needs.fill(&self.groups).into_iter().flatten().collect();
        let without = |absent: usize| {
            let mut groups = self.groups.clone();
            groups.remove(absent);
            needs.fill(&groups).iter().all(Option::is_some)
        };
        let independent = !needs.independent || self.independent.len() > 1;
        self.meets(needs) && self.able.len() > needs.total && independent && filling.into_iter().all(without)
    }
}

impl Change {
    /// Who could approve the current revision while it can still start, by the grants and keys known at `now`. All people
    /// and keys must be loaded.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn capacity(&self, governance: &Governance, now: Moment) -> Result<Capacity, Unloaded> {
        let closes = self.current().facts.last_start().plus(1);
        let teams = governance.teams_of(&self.involved(governance)?, now)?;
        approvers(governance, now, (closes, &teams), |person| match self.conflict_of_interest(governance, person)? {
            Some(conflict) => Ok(Some(Void::ConflictOfInterest(conflict))),
            None => self.lacks_key(governance, person, now),
        })
    }

    /// What the policy asks of the key of an approver, if none of their live keys can sign so.
    fn lacks_key(&self, governance: &Governance, person: &PersonId, now: Moment) -> Result<Option<Void>, Unloaded> {
        let Some(need) = self.key_need(governance, person, now)? else { return Ok(None) };
        // Who has no live key at all is barred for that.
        let able = governance.can_sign(person, need)? || !governance.has_live_key(person)?;
        Ok(if able { None } else { Some(Void::Keys(need)) })
    }
}

impl Governance {
    /// Whether a live key of an account is of the kind that a policy asks for.
    fn can_sign(&self, person: &PersonId, need: KeyNeed) -> Result<bool, Unloaded> {
        for key in self.person(person)?.into_iter().flat_map(Person::keys) {
            let live = self.key(key)?.filter(|it| it.state == KeyState::Live);
            if live.is_some_and(|it| need.is_met(it.public.best_touch())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Who could approve, at `now`, a change that this engineer files, owns and implements alone; without an engineer, a
    /// change in which nobody else takes part. All people and keys must be loaded.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn capacity_for(&self, engineer: Option<&PersonId>, now: Moment) -> Result<Capacity, Unloaded> {
        let involved = engineer.map(|it| self.answer_for_account(it)).transpose()?.unwrap_or_default();
        let implements = Void::ConflictOfInterest(ConflictOfInterest::Implements);
        let conflict = |person: &PersonId| Ok(involved.contains(person).then_some(implements));
        let teams = self.teams_of(&involved, now)?;
        approvers(self, now, (now.claimed.plus(1), &teams), conflict)
    }
}

/// Everybody who has the role approver at some time from `now` until `closes`. `teams` are those of the people who take
/// part in the change.
fn approvers(
    governance: &Governance,
    now: Moment,
    (closes, teams): (Time, &BTreeSet<Group>),
    barred: impl Fn(&PersonId) -> Result<Option<Void>, Unloaded>,
) -> Result<Capacity, Unloaded> {
    let mut capacity =
        Capacity { able: Vec::new(), barred: Vec::new(), groups: Vec::new(), independent: BTreeSet::new() };
    for (person, its) in governance.loaded_people().filter(|(_, it)| is_in_time(it, now, closes)) {
        let barred = if let Some(why) = barred(person)? {
            Some(why)
        } else if governance.is_kept_from_approving(person, now)? {
            Some(Void::Separate(Duty::AdminApprover))
        } else if !governance.has_live_key(person)? {
            Some(Void::DeadKey)
        } else {
            None
        };
        match barred {
            None => {
                capacity.able.push(person.clone());
                let in_time = its.grants.groups.iter().filter(|(_, periods)| hold_before(periods, now, closes));
                if governance.teams_of([person], now)?.is_disjoint(teams) {
                    capacity.independent.insert(person.clone());
                }
                capacity.groups.push(in_time.map(|(group, _)| group.clone()).collect());
            }
            Some(why) => capacity.barred.push((person.clone(), why)),
        }
    }
    Ok(capacity)
}

fn is_in_time(person: &Person, now: Moment, closes: Time) -> bool {
    let approver = person.grants.roles.get(&Role::Approver);
    person.is_active() && approver.is_some_and(|periods| hold_before(periods, now, closes))
}

/// Whether one of the periods has not ended, and begins before `closes`.
fn hold_before(periods: &Periods, now: Moment, closes: Time) -> bool {
    periods.iter().any(|it| !it.ended(now.effective) && it.from().is_none_or(|from| from < closes))
}
