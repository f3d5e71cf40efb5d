//! People, grants and policies as text, for admins to read before they sign.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::{Gutter, Page, Quoted};
use crate::domain::{Duty, Granted, Grants, Line, Member, Period, PersonId, Policy, Requirement};

/// Writes each member with name, grants, request and key. Nothing is cut off, however long another person's name is,
/// because an admin signs for all of it.
pub fn member_blocks(page: &mut Page, members: &[Member], names: &BTreeMap<PersonId, Line>) {
    for member in members {
        page.block(member.person.as_str());
        if let Some(name) = names.get(&member.person) {
            page.quote(&Quoted::new(Gutter::Prose, name).marked("name:"), 6);
        }
        page.text("roles:", grants(&member.grants));
        if let Some(more) = unasked(member) {
            page.text("not asked for:", more);
        }
        page.text("asked:", format_args!("{}, expires {}", member.asked.time(), member.asked.expires()));
        page.text("key:  ", member.key.fingerprint());
    }
}

/// Members in one line, each with what they get: `frank (approver), mallory (admin; not asked for: admin)`.
pub fn members_line(members: &[Member]) -> String {
    let line = |member: &Member| {
        let unasked = unasked(member).map_or(String::new(), |more| format!("; not asked for: {more}"));
        format!("{} ({}{unasked})", member.person, grants(&member.grants))
    };
    members.iter().map(line).collect::<Vec<_>>().join(", ")
}

/// What a member would get beyond their request.
fn unasked(member: &Member) -> Option<String> {
    let more = member.asked.unasked(&member.grants);
    let roles = more.roles.iter().map(ToString::to_string);
    let all: Vec<String> = roles.chain(more.operators.iter().map(|it| format!("operator {it}"))).collect();
    if all.is_empty() { None } else { Some(all.join(", ")) }
}

/// Grants in one line, each period by itself: `approver until 2026-12-31T00:00:00Z, engineer; group dba`.
pub fn grants(grants: &Grants) -> String {
    let mut parts = vec![granted(&grants.roles)];
    if !grants.groups.is_empty() {
        let word = if grants.groups.len() == 1 { "group" } else { "groups" };
        parts.push(format!("{word} {}", granted(&grants.groups)));
    }
    if grants.is_machine() {
        let operators: Vec<&str> = grants.operators.iter().map(PersonId::as_str).collect();
        parts.push(format!("machine account operated by {}", operators.join(", ")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

fn granted<T: Display>(grants: &Granted<T>) -> String {
    let periods = grants.iter().flat_map(|(what, periods)| periods.iter().map(move |period| (what, period)));
    let grant = |(what, period): (&T, Period)| format!("{what}{}", bounds(period));
    periods.map(grant).collect::<Vec<_>>().join(", ")
}

/// The beginning and end of a period, each with a space before it; empty for a permanent grant.
fn bounds(period: Period) -> String {
    let from = period.from().map_or(String::new(), |from| format!(" from {from}"));
    period.until().map_or(from.clone(), |until| format!("{from} until {until}"))
}

/// A policy in sentences, including the rules that no policy can change.
pub fn policy_sentences(policy: &Policy) -> Vec<String> {
    let mut sentences = vec![
        format!("Every revision needs the approvals of {} different people.", policy.approvals()),
        format!("An approval counts for {} days, and at most until its window ends.", policy.approval_days()),
    ];
    sentences.extend(policy.requirements().iter().map(requirement));
    sentences.extend(policy.separate().iter().map(|duty| duty_sentence(*duty).to_owned()));
    sentences.push("Nobody approves a change that they ever filed, authored, owned or implemented.".to_owned());
    sentences.push("Every proposal needs a second admin.".to_owned());
    sentences
}

fn duty_sentence(duty: Duty) -> &'static str {
    match duty {
        Duty::RequesterImplementer => "Nobody starts a change that they filed or revised.",
        Duty::OwnerImplementer => "Nobody owns a change that they implement.",
        Duty::AdminApprover => "Admins do not approve changes.",
    }
}

fn requirement(it: &Requirement) -> String {
    let which = match (any(&it.kinds), any(&it.risks)) {
        (None, None) => "All changes".to_owned(),
        (Some(kinds), None) => format!("Changes of kind {kinds}"),
        (None, Some(risks)) => format!("Changes of {risks} risk"),
        (Some(kinds), Some(risks)) => format!("Changes of kind {kinds} and {risks} risk"),
    };
    let approvals = it.approvals.map(|n| format!("need the approvals of {n} different people"));
    let must = (!it.needed.is_empty()).then(|| {
        let words: Vec<&str> = it.needed.iter().map(|it| it.as_str()).collect();
        format!("must have {}", words.join(", "))
    });
    let needs: Vec<String> = [approvals, must].into_iter().flatten().collect();
    format!("{which} {} ({}).", needs.join(" and "), it.name)
}

/// `high or critical`; `None` if there is no condition.
fn any<T: Display>(words: &BTreeSet<T>) -> Option<String> {
    let words: Vec<String> = words.iter().map(T::to_string).collect();
    (!words.is_empty()).then(|| words.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_written_in_sentences() {
        let requirement = Requirement {
            name: "critical".parse().unwrap(),
            kinds: ["normal".parse().unwrap()].into(),
            risks: ["high".parse().unwrap(), "critical".parse().unwrap()].into(),
            approvals: Some(3),
            needed: ["tests".parse().unwrap(), "evidence".parse().unwrap()].into(),
        };
        let policy = Policy::new(2, 7, [Duty::AdminApprover].into(), vec![requirement]).unwrap();
        let sentences = policy_sentences(&policy);
        let expected = "Changes of kind normal and high or critical risk need the approvals of 3 different people and \
                        must have tests, evidence (critical).";
        assert_eq!(sentences[1], "An approval counts for 7 days, and at most until its window ends.");
        assert_eq!(sentences[2..4], [expected, "Admins do not approve changes."]);
    }
}
