//! Reads a policy from TOML.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Fault;
use super::problem::Problem;
use super::tree::{Source, Table};
use crate::domain::{
    BreakGlassLimits, Conditions, Emergency, Group, Invalid, Phrase, Policy, PolicyParts, Requirement, RequirementName,
    Tier,
};

/// Reads a policy.
///
/// # Errors
/// Every fault of the file, in the order of lines. If there are syntax errors, only those.
pub fn read_policy(text: &str) -> Result<Policy, Vec<Fault>> {
    let source = Source::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let parsed = source.parse();
    let policy = read(Table::root(&source, parsed.get_ref()));
    match (source.finish(), policy) {
        (faults, Some(policy)) if faults.is_empty() => Ok(policy),
        (faults, _) => {
            // A syntax error hides fields, which would be reported as missing.
            let is_syntax = |it: &&Fault| it.problem.is_syntax();
            let broken: Vec<Fault> = faults.iter().filter(is_syntax).cloned().collect();
            Err(if broken.is_empty() { faults } else { broken })
        }
    }
}

fn read(root: Table<'_, '_>) -> Option<Policy> {
    let approvals = root.required("approvals").and_then(|_| checked(&root, "approvals", Policy::check_approvals));
    let days = root.required("approval_days").and_then(|_| checked(&root, "approval_days", Policy::check_days));
    let (separate, teams) = (root.words("separate"), root.words("teams"));
    let emergency = root.table("emergency").map_or_else(|| PolicyParts::default().emergency, read_emergency);
    let break_glass = root.table("break_glass").map_or_else(|| Some(BreakGlassLimits::default()), read_break_glass);
    let checkpoint_hours = match root.get("checkpoint_hours") {
        Some(_) => checked(&root, "checkpoint_hours", Policy::check_checkpoint_hours),
        None => Some(Policy::CHECKPOINT_HOURS),
    };
    let review_days = match root.get("review_days") {
        Some(_) => checked(&root, "review_days", Policy::check_days),
        None => Some(Policy::REVIEW_DAYS),
    };
    let mut requirements: Vec<Requirement> = Vec::new();
    for table in root.tables("require") {
        let name: Option<RequirementName> = table.required_word("name");
        if let Some(name) = name.filter(|name| requirements.iter().any(|it| it.name == *name)) {
            table.fault("name", Invalid::RequirementTwice { name });
        }
        if let Some(value) = table.get("independent").filter(|_| table.says("independent") && !root.says("teams")) {
            value.fault(Invalid::NoTeams);
        }
        requirements.extend(read_requirement(table));
    }
    root.finish();
    let (approvals, approval_days, break_glass) = (approvals?, days?, break_glass?);
    let (checkpoint_hours, review_days, default) = (checkpoint_hours?, review_days?, PolicyParts::default());
    let parts = PolicyParts { approvals, approval_days, separate, teams, emergency, ..default };
    let parts = PolicyParts { break_glass, checkpoint_hours, review_days, requirements, ..parts };
    Policy::new(parts).ok()
}

/// `[break_glass]`; a number of minutes that is left out is four hours.
fn read_break_glass(table: Table<'_, '_>) -> Option<BreakGlassLimits> {
    let minutes = match table.get("minutes") {
        Some(_) => checked(&table, "minutes", BreakGlassLimits::check_minutes),
        None => Some(BreakGlassLimits::MOST_MINUTES),
    };
    let groups: BTreeSet<Group> = table.words("groups");
    table.finish();
    BreakGlassLimits::new(minutes?, groups).ok()
}

fn read_emergency(table: Table<'_, '_>) -> Emergency {
    let waives = table.words("waives");
    let review_days = checked(&table, "review_days", Policy::check_days);
    table.finish();
    Emergency { waives, review_days: review_days.unwrap_or(PolicyParts::default().emergency.review_days) }
}

/// The keys of which a requirement has at least one.
const ASKS: [&str; 8] =
    ["approvals", "from", "fields", "lead_minutes", "longest_window_minutes", "independent", "keys", "confirm"];

fn read_requirement(table: Table<'_, '_>) -> Option<Requirement> {
    let name = table.word("name");
    let when = table.table("when").map_or_else(Conditions::default, read_conditions);
    let when = Conditions { sensitive: read_phrases(&table), ..when };
    let approvals = checked(&table, "approvals", Policy::check_approvals);
    let from = read_groups(&table);
    let needed: BTreeSet<_> = table.words("fields");
    let lead_minutes = checked(&table, "lead_minutes", Requirement::check_minutes);
    let longest_minutes = checked(&table, "longest_window_minutes", Requirement::check_minutes);
    let (independent, confirm) = (table.flag("independent"), table.flag("confirm"));
    let (keys, exception) = (table.word("keys"), table.word("exception_group"));
    if !ASKS.into_iter().any(|key| table.says(key)) {
        table.fault("name", Invalid::RequirementEmpty);
    }
    table.finish();
    let name = name?;
    let content = Requirement { when, approvals, from, needed, ..Requirement::named(name) };
    Some(Requirement { lead_minutes, longest_minutes, independent, keys, confirm, exception, ..content })
}

fn read_conditions(when: Table<'_, '_>) -> Conditions {
    let found = Conditions {
        kinds: when.words("kind"),
        risks: when.words("risk"),
        tags: when.words("tag"),
        services: when.words("service"),
        tiers: read_tiers(&when),
        environments: when.words("environment"),
        freezes: when.words("freeze"),
        targets: checked(&when, "min_targets", Conditions::check_targets),
        sensitive: BTreeSet::new(),
    };
    when.finish();
    found
}

/// The tiers of `tier = [1, 2]`.
fn read_tiers(table: &Table<'_, '_>) -> BTreeSet<Tier> {
    let mut tiers = BTreeSet::new();
    for value in table.get("tier").map(|value| value.items_or_single()).unwrap_or_default() {
        match value.number().map(Tier::new) {
            Some(Ok(tier)) if !tiers.insert(tier) => value.fault(Problem::Twice(tier.to_string())),
            Some(Err(invalid)) => value.fault(invalid),
            Some(Ok(_)) | None => {}
        }
    }
    tiers
}

/// The phrases of `sensitive = ["drop table"]`.
fn read_phrases(table: &Table<'_, '_>) -> BTreeSet<Phrase> {
    let mut phrases = BTreeSet::new();
    for value in table.get("sensitive").map(|value| value.items_or_single()).unwrap_or_default() {
        if let Some(phrase) = value.item(Phrase::from_typed)
            && !phrases.insert(phrase.clone())
        {
            value.fault(Problem::Twice(phrase.to_string()));
        }
    }
    phrases
}

/// The groups of `from = [{ group = "dba", count = 1 }]`; a count that is left out is 1.
fn read_groups(table: &Table<'_, '_>) -> BTreeMap<Group, u64> {
    let mut groups = BTreeMap::new();
    for item in table.tables("from") {
        let group: Option<Group> = item.required_word("group");
        let count = match item.get("count") {
            Some(_) => checked(&item, "count", Requirement::check_slots),
            None => Some(1),
        };
        if let (Some(group), Some(count)) = (group, count)
            && groups.insert(group.clone(), count).is_some()
        {
            item.fault("group", Problem::Twice(group.to_string()));
        }
        item.finish();
    }
    groups
}

fn checked(table: &Table<'_, '_>, key: &'static str, check: fn(u64) -> Result<(), Invalid>) -> Option<u64> {
    let number = table.number(key)?;
    if let (Err(invalid), Some(value)) = (check(number), table.get(key)) {
        value.fault(invalid);
        return None;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_policy_is_found_at_once() {
        let text = "approvals = 1\napproval_days = 400\nseperate = []\n[[require]]\nname = \"a\"\n\
                    [[require]]\nname = \"a\"\napprovals = 12\nwhen = { risk = [\"huge\"], tier = 5 }\nfields = [\"prayer\"]\n";
        let faults = read_policy(text).unwrap_err();
        let found: Vec<(usize, &str)> = faults.iter().map(|fault| (fault.line, fault.field.as_str())).collect();
        let expected = [
            (1, "approvals"),
            (2, "approval_days"),
            (3, "seperate"),
            (5, "require[1].name"),
            (7, "require[2].name"),
            (8, "require[2].approvals"),
            (9, "require[2].when.risk[1]"),
            (9, "require[2].when.tier"),
            (10, "require[2].fields[1]"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_policy_with_a_requirement_is_read() {
        let text = "approvals = 2\napproval_days = 7\nseparate = [\"admin-approver\"]\n\
                    [[require]]\nname = \"bad\"\nwhen = { kind = \"emergency\" }\nfields = [\"incident\", \"tests\"]\n";
        let policy = read_policy(text).unwrap();
        assert_eq!((policy.approvals(), policy.approval_days(), policy.requirements().len()), (2, 7, 1));
        assert_eq!(policy.requirements()[0].needed.len(), 2);
    }

    #[test]
    fn every_fault_of_conditions_and_groups_is_found_at_once() {
        let text = "approvals = 2\napproval_days = 7\n[[require]]\nname = \"db\"\n\
                    when = { tga = [\"db\"], service = [\"Not a service\"], min_targets = 0 }\n\
                    from = [{ group = \"dba\", count = 0 }, { count = 1 }, { gruop = \"dba\" },\n\
                    { group = \"risk\" }, { group = \"risk\", count = 10 }, { group = \"risk\", count = 2 }]\n";
        let faults: Vec<String> = read_policy(text).unwrap_err().iter().map(ToString::to_string).collect();
        let expected = [
            "5: require[1].when.service[1]: not a service: write",
            "5: require[1].when.min_targets: 0 is out of range: use 1 to 1000",
            "5: require[1].when.tga: unknown key; did you mean tag?",
            "6: require[1].from[1].count: 0 is out of range: use 1 to 9",
            "6: require[1].from[2].group: required, but missing or empty",
            "6: require[1].from[3].group: required, but missing or empty",
            "6: require[1].from[3].gruop: unknown key; did you mean group?",
            "7: require[1].from[5].count: 10 is out of range: use 1 to 9",
            "7: require[1].from[6].group: risk is listed twice",
        ];
        assert_eq!(faults.len(), expected.len(), "{faults:#?}");
        faults.iter().zip(expected).for_each(|(found, start)| assert!(found.starts_with(start), "{found}\n{start}"));
    }

    #[test]
    fn limits_of_break_glass_are_read_and_their_faults_found() {
        let text = |table: &str| format!("approvals = 2\napproval_days = 7\n{table}");
        let policy = read_policy(&text("[break_glass]\nminutes = 60\ngroups = [\"duty\"]\n")).unwrap();
        let limits = policy.break_glass();
        assert_eq!((limits.minutes(), limits.groups()), (60, &["duty".parse().unwrap()].into()));
        assert_eq!(read_policy(&text("")).unwrap().break_glass().minutes(), 240);
        for (table, fault) in [
            ("minutes = 0", "4: break_glass.minutes: 0 is out of range: use 1 to 240"),
            ("minutes = 241", "4: break_glass.minutes: 241 is out of range: use 1 to 240"),
            ("group = [\"duty\"]", "4: break_glass.group: unknown key; did you mean groups?"),
            ("groups = [\"Duty\"]", "4: break_glass.groups[1]: not a group: write"),
        ] {
            let faults = read_policy(&text(&format!("[break_glass]\n{table}\n"))).unwrap_err();
            assert!(faults.len() == 1 && faults[0].to_string().starts_with(fault), "{faults:#?}");
        }
    }

    #[test]
    fn a_group_without_a_count_is_asked_for_once() {
        let text = "approvals = 2\napproval_days = 7\n[[require]]\nname = \"db\"\nfrom = [{ group = \"dba\" }]\n";
        let policy = read_policy(text).unwrap();
        assert_eq!(policy.requirements()[0].from, [("dba".parse().unwrap(), 1)].into());
    }
}
