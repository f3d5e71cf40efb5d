//! Policies as sentences, for admins to read before they sign.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::list;
use crate::domain::{BreakGlassLimits, Conditions, Duty, Emergency, FreezeName, Phrase, Policy, Requirement};

/// A policy in sentences, including the rules that no policy can change.
pub fn policy_sentences(policy: &Policy) -> Vec<String> {
    let mut sentences = vec![
        format!("Every revision needs the approvals of {} different people.", policy.approvals()),
        format!("An approval counts for {} days, and at most until its window ends.", policy.approval_days()),
    ];
    sentences.extend(policy.requirements().iter().map(requirement));
    sentences.extend(teams(policy));
    sentences.extend(confirmation(policy));
    sentences.push(emergency(policy.emergency()));
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

/// What an independent approver is, if a requirement asks for one.
fn teams(policy: &Policy) -> Option<String> {
    let asked = policy.requirements().iter().any(|it| it.independent);
    let teams = list(policy.teams());
    asked.then(|| {
        format!(
            "An independent approver shares none of these teams with any requester, author, owner or implementer: {teams}."
        )
    })
}

/// Who confirms, if a requirement asks for a confirmation.
fn confirmation(policy: &Policy) -> Option<String> {
    let asked = policy.requirements().iter().any(|it| it.confirm);
    let by = "somebody who is no requester, author or implementer of it, and did not start or finish it";
    asked.then(|| format!("A change is confirmed by {by}."))
}

fn emergency(it: &Emergency) -> String {
    let review = format!("must be reviewed within {} days of its finish", it.review_days);
    let waives = list(&it.waives);
    match waives.as_str() {
        "" => format!("An emergency must meet the same requirements, and {review}."),
        waives => format!("An emergency can go without {waives}, and {review}."),
    }
}

fn requirement(it: &Requirement) -> String {
    let must = (!it.needed.is_empty()).then(|| format!("must have {}", list(&it.needed)));
    let needs = [
        approvals(it),
        it.independent.then(|| "need an independent approver".to_owned()),
        must,
        it.lead_minutes.map(|lead| format!("must be filed {} before their window", span(lead))),
        it.longest_minutes.map(|longest| format!("must have a window of at most {}", span(longest))),
        it.confirm.then(|| "must be confirmed after the finish".to_owned()),
    ];
    let needs: Vec<String> = needs.into_iter().flatten().collect();
    let exception =
        it.exception.as_ref().map_or(String::new(), |group| format!("; exceptions: signed by group {group}"));
    format!("{} {} ({}{exception}).", which(&it.when), needs.join(" and "), it.name)
}

/// A number of minutes in the largest unit that fits: `2 days`, `36 h`, `90 min`.
fn span(minutes: u64) -> String {
    match minutes {
        1440 => "1 day".to_owned(),
        it if it.is_multiple_of(1440) => format!("{} days", it / 1440),
        it if it.is_multiple_of(60) => format!("{} h", it / 60),
        it => format!("{it} min"),
    }
}

/// `need the approvals of 3 different people, 1 of them in group dba`.
fn approvals(it: &Requirement) -> Option<String> {
    let from =
        it.from.iter().map(|(group, count)| format!("{count} {} in group {group}", of_whom(it.approvals, *count)));
    let from = from.collect::<Vec<_>>().join(", ");
    match (it.approvals, from.as_str()) {
        (None, "") => None,
        (Some(n), "") => Some(format!("need the approvals of {n} different people")),
        (Some(n), from) => Some(format!("need the approvals of {n} different people, {from}")),
        (None, from) => Some(format!("need the approval of {from}")),
    }
}

fn of_whom(approvals: Option<u64>, count: u64) -> &'static str {
    match (approvals, count) {
        (Some(_), _) => "of them",
        (None, 1) => "person",
        (None, _) => "people",
    }
}

/// The changes that meet the conditions: `Changes of kind normal and high risk in environment prod`.
fn which(when: &Conditions) -> String {
    let Conditions { kinds, risks, tags, services, environments, targets, freezes, sensitive } = when;
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
        any_freeze(freezes),
        quoted(sensitive).map(|it| format!("with a command that has {it}")),
    ];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    if clauses.is_empty() { "All changes".to_owned() } else { format!("Changes {}", clauses.join(" ")) }
}

/// `in a window that touches a freeze`, or one of these freezes.
fn any_freeze(freezes: &BTreeSet<FreezeName>) -> Option<String> {
    match freezes.iter().any(FreezeName::is_any) {
        true => Some("in a window that touches a freeze".to_owned()),
        false => any(freezes).map(|it| format!("in a window that touches freeze {it}")),
    }
}

/// `"drop table" or "truncate"`; `None` if there is no condition.
fn quoted(phrases: &BTreeSet<Phrase>) -> Option<String> {
    any(&phrases.iter().map(|it| format!("\"{it}\"")).collect())
}

/// `high or critical`; `None` if there is no condition.
fn any<T: Display>(words: &BTreeSet<T>) -> Option<String> {
    let words: Vec<String> = words.iter().map(T::to_string).collect();
    (!words.is_empty()).then(|| words.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PolicyParts;

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
        let (approval_days, separate) = (7, [Duty::AdminApprover].into());
        let requirements = vec![requirement];
        let parts = PolicyParts { approval_days, separate, requirements, ..PolicyParts::default() };
        let policy = Policy::new(parts).unwrap();
        let sentences = policy_sentences(&policy);
        let expected = "Changes of kind normal and high or critical risk need the approvals of 3 different people and \
                        must have tests, evidence (critical).";
        assert_eq!(sentences[1], "An approval counts for 7 days, and at most until its window ends.");
        let emergency =
            "An emergency must meet the same requirements, and must be reviewed within 5 days of its finish.";
        assert_eq!(sentences[2..5], [expected, emergency, "Admins do not approve changes."]);
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
                        need the approval of 1 person in group dba, 2 people in group risk (wide).";
        assert_eq!(sentence, expected);
        let counted = Requirement { approvals: Some(3), ..requirement };
        let needs = "need the approvals of 3 different people, 1 of them in group dba, 2 of them in group risk (wide).";
        assert!(super::requirement(&counted).ends_with(needs), "{}", super::requirement(&counted));
    }

    #[test]
    fn the_sentence_of_a_requirement_has_its_times_and_who_signs_for_exceptions() {
        let requirement = Requirement {
            lead_minutes: Some(2880),
            longest_minutes: Some(90),
            independent: true,
            exception: Some("cab".parse().unwrap()),
            ..Requirement::named("notice".parse().unwrap())
        };
        let expected = "All changes need an independent approver and must be filed 2 days before their window and must \
                        have a window of at most 90 min (notice; exceptions: signed by group cab).";
        assert_eq!(super::requirement(&requirement), expected);
        let emergency = Emergency { waives: ["tests".parse().unwrap()].into(), review_days: 3 };
        let teams = ["trading".parse().unwrap()].into();
        let parts = PolicyParts { teams, emergency, requirements: vec![requirement], ..PolicyParts::default() };
        let sentences = policy_sentences(&Policy::new(parts).unwrap());
        let teams = "An independent approver shares none of these teams with any requester, author, owner or \
                     implementer: trading.";
        let emergency = "An emergency can go without tests, and must be reviewed within 3 days of its finish.";
        assert_eq!(sentences[3..5], [teams, emergency]);
    }
}
