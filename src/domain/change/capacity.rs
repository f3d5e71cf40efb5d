//! Who could approve a change.

use crate::domain::records::Unloaded;
use crate::domain::{Change, ConflictOfInterest, Duty, Governance, Moment, Person, PersonId, Role, Time, Void};

/// The approvers of a register, seen from one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// Those who could approve it.
    pub able: Vec<PersonId>,
    /// Those who could not, each with the reason for which their approval would not count.
    pub barred: Vec<(PersonId, Void)>,
}

impl Change {
    /// Who could approve the current revision before its window ends, by the grants and keys known at `now`. All people
    /// and keys must be loaded.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn capacity(&self, governance: &Governance, now: Moment) -> Result<Capacity, Unloaded> {
        let closes = self.current().facts.window.end();
        approvers(governance, now, closes, |person| self.conflict_of_interest(governance, person))
    }
}

impl Governance {
    /// Who could approve, at `now`, a change that this engineer files, owns and implements alone. All people and keys must
    /// be loaded.
    ///
    /// # Errors
    /// [`Unloaded`].
    pub fn capacity_for(&self, engineer: &PersonId, now: Moment) -> Result<Capacity, Unloaded> {
        let involved = self.answer_for_account(engineer)?;
        let conflict = |person: &PersonId| Ok(involved.contains(person).then_some(ConflictOfInterest::Implements));
        approvers(self, now, now.claimed.plus(1), conflict)
    }
}

/// Everybody who has the role approver at some time from `now` until `closes`.
fn approvers(
    governance: &Governance,
    now: Moment,
    closes: Time,
    conflict: impl Fn(&PersonId) -> Result<Option<ConflictOfInterest>, Unloaded>,
) -> Result<Capacity, Unloaded> {
    let mut capacity = Capacity { able: Vec::new(), barred: Vec::new() };
    for (person, _) in governance.loaded_people().filter(|(_, it)| is_in_time(it, now, closes)) {
        let barred = if let Some(conflict) = conflict(person)? {
            Some(Void::ConflictOfInterest(conflict))
        } else if governance.is_kept_from_approving(person, now)? {
            Some(Void::Separate(Duty::AdminApprover))
        } else if !governance.has_live_key(person)? {
            Some(Void::DeadKey)
        } else {
            None
        };
        match barred {
            None => capacity.able.push(person.clone()),
            Some(why) => capacity.barred.push((person.clone(), why)),
        }
    }
    Ok(capacity)
}

fn is_in_time(person: &Person, now: Moment, closes: Time) -> bool {
    let periods = person.grants.roles.get(&Role::Approver).into_iter().flat_map(|it| it.iter());
    let mut in_time = periods.filter(|it| !it.ended(now.effective) && it.from().is_none_or(|from| from < closes));
    person.is_active() && in_time.next().is_some()
}
