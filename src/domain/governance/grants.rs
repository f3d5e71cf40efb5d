//! Grants: roles and groups, each with its periods, and the operators of a machine account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::records::{Denied, Unloaded};
use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Group, MOST_OPERATORS, Moment, Period, Periods, PersonId, Refusal, Time};

closed_enum!(
    /// A role of a person.
    Role, ["a role", "角色"], {
        /// Proposes and seconds proposals.
        Admin => "admin", "管理员";
        /// Files changes.
        Engineer => "engineer", "工程师";
        /// Approves and rejects revisions.
        Approver => "approver", "审批人";
        /// Reads and audits only.
        Auditor => "auditor", "审计员";
    }
);

/// Granted items, each with its periods.
pub type Granted<T> = BTreeMap<T, Periods>;

/// All grants of an account. An account with operators is a machine account; its operators answer for its acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// Roles.
    pub roles: Granted<Role>,
    /// Groups.
    pub groups: Granted<Group>,
    /// The operators of a machine account; empty for a person.
    pub operators: BTreeSet<PersonId>,
}

impl Grants {
    /// The grants of a person with these roles, without beginning and end.
    pub fn of(roles: impl IntoIterator<Item = Role>) -> Self {
        Self { roles: roles.into_iter().map(|role| (role, Periods::permanent())).collect(), ..Self::default() }
    }

    /// Whether these are the grants of a machine account.
    pub fn is_machine(&self) -> bool {
        !self.operators.is_empty()
    }

    /// Whether the role is granted at a moment.
    pub fn has_role(&self, role: Role, at: Moment) -> bool {
        self.roles.get(&role).is_some_and(|periods| periods.hold(at))
    }

    /// Whether the role is granted without beginning and end.
    pub fn has_permanently(&self, role: Role) -> bool {
        self.roles.get(&role).is_some_and(Periods::is_permanent)
    }

    /// Adds other grants: their periods are joined with the present ones.
    pub fn add(&mut self, other: &Self) {
        add(&mut self.roles, &other.roles);
        add(&mut self.groups, &other.groups);
        self.operators.extend(other.operators.iter().cloned());
    }

    /// These grants without the periods that have ended at `time`.
    #[must_use]
    pub fn left(&self, time: Time) -> Self {
        Self { roles: left(&self.roles, time), groups: left(&self.groups, time), operators: self.operators.clone() }
    }

    /// Checks that the grants are consistent and have not ended at `at`; `can_operate` says who can be an operator.
    pub(in crate::domain) fn judge(
        &self,
        person: &PersonId,
        at: Moment,
        can_operate: impl Fn(&PersonId) -> Result<bool, Unloaded>,
    ) -> Result<(), Denied> {
        let person = person.clone();
        if self.is_machine() {
            if let Some(role) = self.roles.keys().find(|role| **role != Role::Engineer) {
                return Err(Refusal::MachineRole { person, role: *role }.into());
            }
            if self.operators.len() > MOST_OPERATORS {
                return Err(Refusal::TooManyOperators { machine: person }.into());
            }
            for operator in &self.operators {
                if *operator == person || !can_operate(operator)? {
                    return Err(Refusal::NotAnOperator { operator: operator.clone() }.into());
                }
            }
        } else if self.roles.is_empty() {
            return Err(Refusal::NoRoles { person }.into());
        }
        if self.roles.contains_key(&Role::Auditor) && self.roles.len() > 1 {
            return Err(Refusal::AuditorExcludes { person }.into());
        }
        let ends = self.roles.values().chain(self.groups.values()).filter_map(Periods::first_end);
        match ends.min().filter(|until| *until <= at.effective) {
            Some(until) => Err(Refusal::GrantOver { until }.into()),
            None => Ok(()),
        }
    }
}

fn add<T: Ord + Clone>(to: &mut Granted<T>, more: &Granted<T>) {
    for (what, periods) in more {
        let joined = to.get(what).map_or_else(|| periods.clone(), |present| present.with(periods));
        to.insert(what.clone(), joined);
    }
}

fn left<T: Ord + Clone>(granted: &Granted<T>, time: Time) -> Granted<T> {
    granted.iter().filter_map(|(what, periods)| Some((what.clone(), periods.left(time)?))).collect()
}

/// Takes a period of some granted items away. Returns the first item that is not granted at any time in it.
pub fn take_granted<T: Ord + Clone>(
    from: &mut Granted<T>,
    items: impl IntoIterator<Item = T>,
    cut: Period,
) -> Option<T> {
    for item in items {
        let Some(present) = from.remove(&item) else { return Some(item) };
        let left = present.without(cut);
        if left.as_ref() == Some(&present) {
            return Some(item);
        }
        from.extend(left.map(|left| (item, left)));
    }
    None
}
