//! Grants: roles and groups, each with an optional end, and the operators of a machine account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::records::{Denied, Unloaded};
use crate::domain::value::closed_enum::closed_enum;
use crate::domain::{Group, MOST_OPERATORS, Moment, PersonId, Refusal, Time};

closed_enum!(
    /// A role of a person.
    Role, "a role", {
        /// Proposes and seconds proposals.
        Admin => "admin",
        /// Files changes.
        Engineer => "engineer",
        /// Approves and rejects revisions.
        Approver => "approver",
        /// Reads and audits only.
        Auditor => "auditor",
    }
);

/// Granted items, each with an optional end.
pub type Granted<T> = BTreeMap<T, Option<Time>>;

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
    /// The grants of a person with these roles, without an end.
    pub fn of(roles: impl IntoIterator<Item = Role>) -> Self {
        Self { roles: roles.into_iter().map(|role| (role, None)).collect(), ..Self::default() }
    }

    /// Whether these are the grants of a machine account.
    pub fn is_machine(&self) -> bool {
        !self.operators.is_empty()
    }

    /// Whether the role is granted. A grant ends at effective time.
    pub fn has_role(&self, role: Role, at: Moment) -> bool {
        self.roles.get(&role).is_some_and(|until| until.is_none_or(|until| at.effective < until))
    }

    /// Whether the role is granted without an end.
    pub fn has_for_good(&self, role: Role) -> bool {
        self.roles.get(&role) == Some(&None)
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
        let ends = self.roles.values().chain(self.groups.values()).flatten();
        match ends.min().filter(|until| **until <= at.effective) {
            Some(until) => Err(Refusal::GrantOver { until: *until }.into()),
            None => Ok(()),
        }
    }
}
