//! What admins read before they sign for people and policy.

use std::collections::BTreeMap;

use super::table;
use crate::domain::{Line, Member, PersonId, Policy};

/// Who, called what, with which roles, by which key.
pub fn member_table(members: &[Member], names: &BTreeMap<PersonId, Line>, width: Option<u16>) -> String {
    let row = |member: &Member| {
        let roles: Vec<&str> = member.roles.iter().map(|role| role.as_str()).collect();
        let name = names.get(&member.person).map_or(String::new(), Line::to_string);
        [member.person.to_string(), name, roles.join(", "), member.key.fingerprint().to_string()]
    };
    table(["PERSON", "NAME", "ROLES", "KEY"], members.iter().map(row).collect(), width)
}

/// A policy in sentences.
pub fn policy_sentences(policy: Policy) -> Vec<String> {
    vec![
        format!("Every revision needs the approvals of {} different people.", policy.approvals()),
        format!("An approval counts for {} days, and at most until its window ends.", policy.approval_days()),
        "Nobody approves what they filed, own or implement.".to_owned(),
        "Every act of governance is proposed by one admin and seconded by another.".to_owned(),
    ]
}
