//! Policies as sentences, for admins to read before they sign.

use std::collections::BTreeSet;
use std::fmt::Display;

use crate::domain::{BreakGlassLimits, Conditions, Duty, Policy, Requirement};

/// A policy in sentences, including the rules that no policy can change.
pub fn policy_sentences(policy: &Policy) -> Vec<String> {
    let mut sentences = vec![
        format!("Every revision needs the approvals of {} different people.", policy.approvals()),
        format!("An approval counts for {} days, and at most until its window ends.", policy.approval_days()),
    ];
    sentences.extend(policy.requirements().iter().map(requirement));
    sentences.extend(policy.separate().iter().map(|duty| duty_sentence(*duty).to_owned()));
    sentences.extend(break_glass(policy.break_glass()));
    sentences.push("Nobody approves a change that they ever filed, authored, owned or implemented.".to_owned());
    sentences.push("Every proposal needs a second admin.".to_owned());
    sentences
}

/// What the policy says about break-glass beyond the rules that always hold.
fn break_glass(limits: &BreakGlassLimits) -> Vec<String> {
    let mut sentences = Vec::new();
    if limits.minutes() != BreakGlassLimits::MOST_MINUTES {
        sentences.push(format!("A break-glass ends by itself after {} min.", limits.minutes()));
    }
    if let Some(groups) = any(limits.groups()) {
        sentences.push(format!("A break-glass can be ratified only if its opener is in group {groups}."));
    }
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
    let approvals = approvals(it);
    let must = (!it.needed.is_empty()).then(|| {
        let words: Vec<&str> = it.needed.iter().map(|it| it.as_str()).collect();
        format!("must have {}", words.join(", "))
    });
    let needs: Vec<String> = [approvals, must].into_iter().flatten().collect();
    format!("{} {} ({}).", which(&it.when), needs.join(" and "), it.name)
}

/// `need the approvals of 3 different people, 1 of them in group dba`.
fn approvals(it: &Requirement) -> Option<String> {
    let from = it.from.iter().map(|(group, count)| format!("{count} {}in group {group}", of_them(it.approvals)));
    let from = from.collect::<Vec<_>>().join(", ");
    match (it.approvals, from.as_str()) {
        (None, "") => None,
        (Some(n), "") => Some(format!("need the approvals of {n} different people")),
        (Some(n), from) => Some(format!("need the approvals of {n} different people, {from}")),
        (None, from) => Some(format!("need approvals of {from}")),
    }
}

fn of_them(approvals: Option<u64>) -> &'static str {
    if approvals.is_some() { "of them " } else { "" }
}

/// The changes that meet the conditions: `Changes of kind normal and high risk in environment prod`.
fn which(when: &Conditions) -> String {
    let Conditions { kinds, risks, tags, services, environments, targets } = when;
    let of = match (any(kinds), any(risks)) {
        (None, None) => None,
        (Some(kinds), None) => Some(format!("of kind {kinds}")),
        (None, Some(risks)) => Some(format!("of {risks} risk")),
        (Some(kinds), Some(risks)) => Some(format!("of kind {kinds} and {risks} risk")),
    };
    let clauses = [
        of,
        any(tags).map(|it| format!("tagged {it}")),
        any(services).map(|it| format!("to service {it}")),
        any(environments).map(|it| format!("in environment {it}")),
        targets.map(|fewest| format!("with {fewest} or more targets")),
    ];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    if clauses.is_empty() { "All changes".to_owned() } else { format!("Changes {}", clauses.join(" ")) }
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
            when: Conditions {
                kinds: ["normal".parse().unwrap()].into(),
                risks: ["high".parse().unwrap(), "critical".parse().unwrap()].into(),
                ..Conditions::default()
            },
            approvals: Some(3),
            needed: ["tests".parse().unwrap(), "evidence".parse().unwrap()].into(),
            ..Requirement::named("critical".parse().unwrap())
        };
        let policy = Policy::new(2, 7, [Duty::AdminApprover].into(), vec![requirement]).unwrap();
        let sentences = policy_sentences(&policy);
        let expected = "Changes of kind normal and high or critical risk need the approvals of 3 different people and \
                        must have tests, evidence (critical).";
        assert_eq!(sentences[1], "An approval counts for 7 days, and at most until its window ends.");
        assert_eq!(sentences[2..4], [expected, "Admins do not approve changes."]);
    }

    #[test]
    fn the_sentence_of_a_requirement_has_every_condition_and_every_group() {
        let requirement = Requirement {
            when: Conditions {
                tags: ["db".parse().unwrap()].into(),
                services: ["gateway".parse().unwrap(), "matching".parse().unwrap()].into(),
                environments: ["prod".parse().unwrap()].into(),
                targets: Some(10),
                ..Conditions::default()
            },
            from: [("dba".parse().unwrap(), 1), ("risk".parse().unwrap(), 2)].into(),
            ..Requirement::named("wide".parse().unwrap())
        };
        let sentence = super::requirement(&requirement);
        let expected = "Changes tagged db to service gateway or matching in environment prod with 10 or more targets \
                        need approvals of 1 in group dba, 2 in group risk (wide).";
        assert_eq!(sentence, expected);
        let counted = Requirement { approvals: Some(3), ..requirement };
        let needs = "need the approvals of 3 different people, 1 of them in group dba, 2 of them in group risk (wide).";
        assert!(super::requirement(&counted).ends_with(needs), "{}", super::requirement(&counted));
    }
}
