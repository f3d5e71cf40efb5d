//! Policies as sentences, for admins to read before they sign.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::list;
use crate::domain::{BreakGlassLimits, Conditions, Duty, Emergency, FreezeName, Policy, Requirement, RequirementName};
use crate::{tr, trf};

/// A policy in sentences, including the rules that no policy can change.
pub fn policy_sentences(policy: &Policy) -> Vec<String> {
    let mut sentences = vec![
        every_revision(policy),
        trf!(
            "An approval counts for {} days, and at most until its window ends.",
            "批准在 {} 天内有效，且最迟到窗口结束为止。",
            policy.approval_days()
        ),
    ];
    sentences.extend(policy.requirements().iter().map(requirement));
    sentences.extend(teams(policy));
    sentences.extend(confirmation(policy));
    sentences.push(emergency(policy.emergency()));
    sentences.push(reviews(policy));
    sentences.extend(policy.separate().iter().map(|duty| duty_sentence(*duty).to_owned()));
    sentences.extend(break_glass(policy.break_glass()));
    sentences.extend(checkpoints(policy));
    let conflicts = tr!(
        "Nobody approves a change that they ever filed, authored, owned or implemented.",
        "任何人不得审批自己曾提交、编写、负责或实施的变更。"
    );
    let second = tr!("Every proposal needs a second admin.", "每个提案都须由另一名管理员附议。");
    sentences.extend([conflicts, second].map(str::to_owned));
    sentences
}

/// The sentence about a requirement of the policy, or about the approvals that every revision needs; `None` if the policy
/// has no requirement of this name.
pub fn requirement_sentence(policy: &Policy, name: Option<&RequirementName>) -> Option<String> {
    let Some(name) = name else { return Some(every_revision(policy)) };
    policy.requirements().iter().find(|it| it.name == *name).map(requirement)
}

fn every_revision(policy: &Policy) -> String {
    let count = policy.approvals();
    trf!("Every revision needs the approvals of {count} different people.", "每个修订须由 {count} 名不同的人批准。")
}

/// What the policy says about break-glass beyond the rules that always hold.
fn break_glass(limits: &BreakGlassLimits) -> Vec<String> {
    let mut sentences = Vec::new();
    if limits.minutes() != BreakGlassLimits::MOST_MINUTES {
        sentences.push(trf!(
            "A break-glass ends by itself after {} min.",
            "紧急处置在 {} 分钟后自动到期。",
            limits.minutes()
        ));
    }
    if let Some(groups) = any(limits.groups()) {
        sentences.push(trf!(
            "A break-glass can be ratified only if its opener is in group {groups}.",
            "只有开启人属于{groups} 组的紧急处置才能追认。"
        ));
    }
    sentences
}

/// How old a checkpoint may be, unless it is as old as without a word about it.
fn checkpoints(policy: &Policy) -> Option<String> {
    let hours = Some(policy.checkpoint_hours()).filter(|it| *it != Policy::CHECKPOINT_HOURS)?;
    Some(trf!(
        "A checkpoint that is shown to the gate is at most {hours} h old.",
        "出示给门禁的检查点最多签署于 {hours} 小时前。"
    ))
}

/// Within how many days reviews are due.
fn reviews(policy: &Policy) -> String {
    trf!(
        "Another change that failed, was rolled back or is of critical risk must be reviewed within {} days of its finish.",
        "其他变更如失败、已回退或风险为极高，须在完成后 {} 天内评估。",
        policy.parts().review_days
    )
}

fn duty_sentence(duty: Duty) -> &'static str {
    match duty {
        Duty::RequesterImplementer => {
            tr!("Nobody starts a change that they filed or revised.", "任何人不得开始实施自己提交或修订的变更。")
        }
        Duty::OwnerImplementer => {
            tr!("Nobody owns a change that they implement.", "变更负责人不得兼任实施人。")
        }
        Duty::AdminApprover => tr!("Admins do not approve changes.", "管理员不审批变更。"),
    }
}

/// What an independent approver is, if a requirement asks for one.
fn teams(policy: &Policy) -> Option<String> {
    let asked = policy.requirements().iter().any(|it| it.independent);
    let teams = list(policy.teams());
    asked.then(|| {
        trf!(
            "An independent approver shares none of these teams with any requester, author, owner or implementer: {teams}.",
            "独立审批人不得与任何申请人、作者、变更负责人或实施人同属以下任一团队：{teams}。"
        )
    })
}

/// Who confirms, if a requirement asks for a confirmation.
fn confirmation(policy: &Policy) -> Option<String> {
    let asked = policy.requirements().iter().any(|it| it.confirm);
    let by = tr!(
        "A change is confirmed by somebody who is no requester, author or implementer of it, and did not start or \
         finish it.",
        "确认人不得是该变更的申请人、作者或实施人，也不得是开始或完成它的人。"
    );
    asked.then(|| by.to_owned())
}

fn emergency(it: &Emergency) -> String {
    let days = it.review_days;
    let waives = list(it.waives.iter().map(|it| tr!(it.as_str().to_owned(), it.phrase())));
    match waives.as_str() {
        "" => trf!(
            "An emergency must meet the same requirements, and must be reviewed within {days} days of its finish.",
            "紧急变更须满足同样的要求，并在完成后 {days} 天内评估。"
        ),
        waives => trf!(
            "An emergency can go without {waives}, and must be reviewed within {days} days of its finish.",
            "紧急变更可豁免{waives}，但须在完成后 {days} 天内评估。"
        ),
    }
}

fn requirement(it: &Requirement) -> String {
    let needed = list(it.needed.iter().map(|it| tr!(it.as_str().to_owned(), it.phrase())));
    let must = (!it.needed.is_empty()).then(|| trf!("must have {needed}", "必须有{needed}"));
    let needs = [
        approvals(it),
        it.independent.then(|| tr!("need an independent approver", "须有独立审批人").to_owned()),
        must,
        it.lead_minutes.map(|lead| trf!("must be filed {} before their window", "须在窗口前 {} 提交", span(lead))),
        it.longest_minutes.map(|it| trf!("must have a window of at most {}", "窗口不得超过 {}", span(it))),
        it.keys.map(|need| match (it.from.is_empty(), need.describe()) {
            (true, need) => trf!("must be approved with {need}", "须用{need}批准"),
            (false, need) => {
                trf!("must be approved by members of those groups with {need}", "上述组的成员须用{need}批准")
            }
        }),
        it.confirm.then(|| tr!("must be confirmed after the finish", "完成后须确认").to_owned()),
    ];
    let needs: Vec<String> = needs.into_iter().flatten().collect();
    let (which, needs) = (which(&it.when), needs.join(tr!(" and ", "，")));
    let signed = |group| trf!("; exceptions: signed by group {group}", "；例外由 {group} 组签署");
    let exception = it.exception.as_ref().map_or(String::new(), signed);
    trf!("{which} {needs} ({}{exception}).", "{which}：{needs}（{}{exception}）。", it.name)
}

/// A number of minutes in the largest unit that fits: `2 days`, `36 h`, `90 min`.
fn span(minutes: u64) -> String {
    match minutes {
        1440 => tr!("1 day", "1 天").to_owned(),
        it if it.is_multiple_of(1440) => trf!("{} days", "{} 天", it / 1440),
        it if it.is_multiple_of(60) => trf!("{} h", "{} 小时", it / 60),
        it => trf!("{it} min", "{it} 分钟"),
    }
}

/// `need the approvals of 3 different people, 1 of them in group dba`.
fn approvals(it: &Requirement) -> Option<String> {
    let from = it.from.iter().map(|(group, count)| match (it.approvals, count) {
        (Some(_), _) => trf!("{count} of them in group {group}", "{group} 组 {count} 人"),
        (None, 1) => trf!("{count} person in group {group}", "{group} 组 {count} 人"),
        (None, _) => trf!("{count} people in group {group}", "{group} 组 {count} 人"),
    });
    let from = list(from);
    match (it.approvals, from.as_str()) {
        (None, "") => None,
        (Some(n), "") => Some(trf!("need the approvals of {n} different people", "须由 {n} 名不同的人批准")),
        (Some(n), from) => {
            Some(trf!("need the approvals of {n} different people, {from}", "须由 {n} 名不同的人批准，其中 {from}"))
        }
        (None, from) => Some(trf!("need the approval of {from}", "须由 {from}批准")),
    }
}

/// The changes that meet the conditions: `Changes of kind normal and high risk in environment prod`.
fn which(when: &Conditions) -> String {
    let Conditions { kinds, risks, tags, services, tiers, environments, targets, freezes, sensitive } = when;
    let of = match (any(kinds.iter().map(|it| it.phrase())), any(risks.iter().map(|it| it.phrase()))) {
        (None, None) => None,
        (Some(kinds), None) => Some(trf!("of kind {kinds}", "类型为{kinds}")),
        (None, Some(risks)) => Some(trf!("of {risks} risk", "风险为{risks}")),
        (Some(kinds), Some(risks)) => Some(trf!("of kind {kinds} and {risks} risk", "类型为{kinds}，风险为{risks}")),
    };
    let clauses = [
        of,
        any(tags).map(|it| trf!("tagged {it}", "标签为{it}")),
        any(services).map(|it| trf!("to service {it}", "服务为{it}")),
        any(tiers).map(|it| trf!("to a service of tier {it}", "服务级别为{it}")),
        any(environments).map(|it| trf!("in environment {it}", "环境为{it}")),
        targets.map(|fewest| trf!("with {fewest} or more targets", "目标不少于 {fewest} 个")),
        any_freeze(freezes),
        any(sensitive.iter().map(|it| format!("\"{it}\"")))
            .map(|it| trf!("with a command that has {it}", "命令中含有{it}")),
    ];
    let clauses: Vec<String> = clauses.into_iter().flatten().collect();
    match clauses.as_slice() {
        [] => tr!("All changes", "所有变更").to_owned(),
        clauses => trf!("Changes {}", "{}的变更", clauses.join(tr!(" ", "，"))),
    }
}

/// `in a window that touches a freeze`, or one of these freezes.
fn any_freeze(freezes: &BTreeSet<FreezeName>) -> Option<String> {
    match freezes.iter().any(FreezeName::is_any) {
        true => Some(tr!("in a window that touches a freeze", "窗口遇到封网").to_owned()),
        false => any(freezes).map(|it| trf!("in a window that touches freeze {it}", "窗口遇到封网{it}")),
    }
}

/// `high or critical`; `None` if there is no condition.
fn any<T: Display>(words: impl IntoIterator<Item = T>) -> Option<String> {
    let words: Vec<String> = words.into_iter().map(|it| it.to_string()).collect();
    (!words.is_empty()).then(|| any_of(&words))
}

/// `high or critical`. In Chinese there is a space between an ideograph and a word of another script.
pub(super) fn any_of(words: &[String]) -> String {
    let gap = |word: &String| if word.is_ascii() { " " } else { "" };
    let mut any = String::new();
    for (n, word) in words.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|n| words.get(n)).map(gap);
        any += &match before {
            None => tr!(word.clone(), format!("{}{word}", gap(word))),
            Some(before) => tr!(format!(" or {word}"), format!("{before}或{}{word}", gap(word))),
        };
    }
    any
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
        let review = "Another change that failed, was rolled back or is of critical risk must be reviewed within 14 days of \
                      its finish.";
        assert_eq!(sentences[2..6], [expected, emergency, review, "Admins do not approve changes."]);
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
